"""A draft and an answer as the text of a note, by a template that its owner may edit.

The template says what stands where. What goes into it is finished Markdown, the words of a source
escaped, so that no template makes anything else of them. Templates run in Jinja's sandbox.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import UsageError
from notemill.sources.address import video_id
from notemill.sources.draft import Captions
from notemill.sources.markdown_text import escaped
from notemill.vault.adding import lines_of
from notemill.workflows.ingest.chapters import sections_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jinja2 import Template

    from notemill.sources.draft import Draft
    from notemill.workflows.ingest.answer import Answer, Point, Quote
    from notemill.workflows.ingest.asking import Asked
    from notemill.workflows.ingest.pieces import Piece

BY_PROGRAM: Final = "Sentences of the source, chosen without a model."
FILLED_IN: Final = ("description", "tags")
"""Properties that stand empty in a new note, in their place, until a proposal fills them in."""
_UNLINKABLE: Final = re.compile(r"[|#^\[\]]")
_NO_NOTE: Final = re.compile(r'[|#^\[\]\\/:*?"<>]|\A\.')
"""What no note can be called: a link to one would lead into a folder, or nowhere."""
_APART: Final = re.compile(r"\s*(?:[-*+>|<$]|\d+[.)] |```|~~~|!\[|\[\^)")
"""Blocks whose id stands on a line of its own: https://help.obsidian.md/links."""
_HEADING: Final = re.compile(r"(#{1,6}) ")
_MOST_LEVELS: Final = 6
_TEXT_LEVEL: Final = 3
"""A source's own headings stand below the heading of its text, which has level 2."""
_IN_ADDRESS: Final = str.maketrans({"(": "%28", ")": "%29", " ": "%20", "<": "%3C", ">": "%3E"})


@dataclass(frozen=True, slots=True)
class Layout:
    """How a note is made: on which day, by which template, and where its transcript stands.

    `transcript` is the path of the note with the transcript, '' if that is left out; `label` says
    who chose the summary, '' if a model wrote it. `template` '' is notemill's own.
    """

    created: str
    path: str
    transcript: str
    label: str = ""
    template: str = ""

    @property
    def beside(self) -> bool:
        """Whether the transcript has a note of its own."""
        return bool(self.transcript) and self.transcript != self.path


def properties_of(draft: Draft, created: str) -> dict[str, str | Sequence[str]]:
    """Return a note's properties, named and ordered as Obsidian's Web Clipper does.

    https://github.com/obsidianmd/obsidian-clipper, template-manager.ts (1.7.1).
    """
    return {
        "title": draft.title,
        "source": draft.source,
        "author": [_linked(one) for one in draft.authors],
        "published": draft.published,
        "created": created,
        **dict.fromkeys(FILLED_IN, ""),
        "duration": clock(int(draft.duration_s)) if draft.duration_s else "",
        "language": draft.language,
        "captions": str(draft.captions),
        "channel": draft.channel,
    }


def note_of(asked: Asked, answer: Answer, layout: Layout) -> bytes:
    """Return the whole of a new note. Raises UsageError for a template that fails."""
    values = properties_of(asked.draft, layout.created)
    properties = lines_of(values, empty=FILLED_IN).rstrip("\n")
    return _filled(_Words(asked, answer, layout).context(properties), layout.template).encode()


def additions_of(asked: Asked, answer: Answer, layout: Layout) -> str:
    """Return what is put behind the text of a note that its owner made. Raises as `note_of` does."""
    text = _filled(_Words(asked, answer, layout).context(_MARK), layout.template)
    _, mark, rest = text.partition(f"{_MARK}\n---\n")
    return rest if mark else text.replace(_MARK, "")


def transcript_of(asked: Asked, answer: Answer, layout: Layout) -> bytes:
    """Return the note of a transcript that stands beside its note."""
    words = _Words(asked, answer, layout)
    head = f"[[{_name_of(layout.path)}]]"
    return f"{head}\n\n{words.transcript()}\n".encode()


_MARK: Final = "notemill: properties"


class _Words:
    """What a template may show of one draft, as Markdown."""

    def __init__(self, asked: Asked, answer: Answer, layout: Layout) -> None:
        self._draft = asked.draft
        self._pieces = {one.number: one for one in asked.pieces}
        self._answer = answer
        self._layout = layout
        self._sections = sections_of(asked, answer)
        cited = {number for one in answer.points for number in one.pieces}
        self._cited = cited | {one.piece for one in answer.quotes}
        self._deeper = _deeper(asked) if asked.draft.blocks else 0

    def context(self, properties: str) -> dict[str, Any]:
        draft, layout, answer = self._draft, self._layout, self._answer
        inside = bool(layout.transcript) and not layout.beside
        return {
            "properties": properties,
            "title": escaped(draft.title),
            "source": draft.source,
            "kind": str(draft.kind),
            "player": _player(draft),
            "notices": [*self._facts(), *map(escaped, draft.notices)],
            "label": layout.label if answer.points else "",
            "points": [self._point(one) for one in answer.points],
            "quotes": [self._quote(one) for one in answer.quotes],
            "chapters": [
                f"{self._time(one.second) or self.place(one.pieces[0])} {escaped(one.title)}"
                for one in self._sections
                if one.title and (one.second is not None or one.pieces)
            ],
            "heading": "Transcript" if draft.is_talk else "Text",
            "transcript": self.transcript() if inside else "",
        }

    def _facts(self) -> Iterator[str]:
        """Yield how the words of a talk were had, and where they stand."""
        draft = self._draft
        if draft.cues:
            what = {
                Captions.MANUAL: "Captions by hand",
                Captions.AUTOMATIC: "Automatic captions, which mishear",
                Captions.PUBLISHED: "Transcript of the publisher",
            }.get(draft.captions, "Transcript")
            language = f" ({draft.language})" if draft.language else ""
            yield f"{what}{language}, read from: {escaped(draft.method)}."
        if self._layout.beside:
            yield f"Transcript: [[{_name_of(self._layout.transcript)}]]"

    def transcript(self) -> str:
        """Return all pieces, below the titles of their chapters."""
        parts: list[str] = []
        page: int | None = None
        for section in self._sections:
            if section.title and section.pieces:
                parts.append(f"### {escaped(section.title)}")
            for one in section.pieces:
                if one.page is not None and one.page != page:
                    page = one.page
                    parts.append(f"*{self._page(page)}*")
                parts.append(self._paragraph(one))
        return "\n\n".join(parts)

    def _paragraph(self, one: Piece) -> str:
        if self._draft.blocks:
            if heading := _HEADING.match(one.text):
                level = min(_MOST_LEVELS, len(heading[1]) + self._deeper)
                return f"{'#' * level} {one.text[heading.end() :]}"
            if one.number not in self._cited:
                return one.text
            gap = "\n\n" if _APART.match(one.text) else " "
            return f"{one.text}{gap}^{one.block}"
        said = f"{escaped(one.speaker)}: {escaped(one.text)}" if one.speaker else escaped(one.text)
        # A paragraph that leads to itself says its time, and no more.
        time = self._time(one.second) if self._draft.video else clock(one.second or 0)
        return f"**{time}** · {said} ^{one.block}"

    def _point(self, one: Point) -> str:
        places = ", ".join(self.place(self._pieces[number]) for number in one.pieces)
        missing = f" *(not in the source: {escaped(', '.join(one.unsaid))})*" if one.unsaid else ""
        return f"{escaped(one.text)}{missing} ({places})"

    def _quote(self, one: Quote) -> Mapping[str, str]:
        piece = self._pieces[one.piece]
        text = one.text if self._draft.blocks and not one.paraphrase else escaped(one.text)
        automatic = self._draft.captions is Captions.AUTOMATIC
        return {
            "text": f"In other words: {text}" if one.paraphrase else f"“{text}”",
            "place": f"{self.place(piece)}{' *(automatic captions)*' if automatic else ''}",
        }

    def place(self, one: Piece) -> str:
        """Return a link to where a piece stands: the second, the page, or the paragraph."""
        if one.second is not None:
            return self._time(one.second)
        if one.page is not None:
            return self._page(one.page)
        return self._block(one, f"¶ {one.number}")

    def _time(self, second: int | None) -> str:
        """Return a time as a link into the video, or to its paragraph where there is none."""
        if second is None:
            return ""
        label = clock(second)
        if self._draft.video:
            return f"[{label}]({_address(self._draft.source)}&t={second}s#t={second})"
        found = next((one for one in self._pieces.values() if one.second == second), None)
        return self._block(found, label) if found else label

    def _block(self, one: Piece, label: str) -> str:
        layout = self._layout
        if not layout.transcript or (self._draft.blocks and _HEADING.match(one.text)):
            return label
        return f"[[{_name_of(layout.transcript) if layout.beside else ''}#^{one.block}|{label}]]"

    def _page(self, page: int) -> str:
        name = self._draft.source
        if _UNLINKABLE.search(name):
            return f"Page {page}"
        return f"[[{name}#page={page}|Page {page}]]"


def _player(draft: Draft) -> str:
    """Return what Obsidian shows a video's player for, '' if there is none."""
    if not draft.is_talk or video_id(draft.source) is None:
        return ""
    return f"![{escaped(draft.title)}]({_address(draft.source)})"


def _deeper(asked: Asked) -> int:
    """Return by how many levels a text's headings are lowered, all of them alike."""
    found = [len(one[1]) for piece in asked.pieces if (one := _HEADING.match(piece.text))]
    return max(0, _TEXT_LEVEL - min(found, default=_TEXT_LEVEL))


def clock(seconds: int) -> str:
    """Return a time as `1:30`, or `1:02:30` from an hour on."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _linked(name: str) -> str:
    """Return a name as a wikilink, as the Clipper writes authors, or as it is where none can be."""
    return name if _NO_NOTE.search(name) else f"[[{name}]]"


def _name_of(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")


def _address(source: str) -> str:
    return source.translate(_IN_ADDRESS)


def own_template() -> str:
    """Return the text of notemill's own template."""
    return resources.files(__package__).joinpath("note.md.jinja").read_text("utf-8")


@lru_cache(maxsize=2)
def _compiled(text: str) -> Template:
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  # heavy

    environment = ImmutableSandboxedEnvironment(
        autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(text)


def _filled(context: Mapping[str, Any], template: str) -> str:
    from jinja2 import TemplateError  # noqa: PLC0415  # heavy

    try:
        return _compiled(template or own_template()).render(context)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise UsageError(f"the template for ingested notes cannot be used: {error}") from error
