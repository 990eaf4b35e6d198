"""The sentences of a page that could describe it, each with evidence for and against."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notemill.offline.cues import cues
from notemill.offline.inline import ADDRESS
from notemill.offline.marked import HOLE
from notemill.offline.pieces import PieceKind
from notemill.offline.sentences import QUESTIONS, ideal, is_complete, split, stop_for
from notemill.text.words import fold, is_cjk, width, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from notemill.offline.pieces import NotePieces, Piece

MAX_UNITS = 100
MAX_LISTED = 12
LABEL_WIDTH = 70
MIN_LABELS = 2
MIN_INTRO_WORDS = 2
STATEMENT_WIDTH = 28
STATEMENT_WORDS = 6
ALL_LINKS = 0.85
PIECE_CHARS = 12_000
NAME_WIDTH = 36
DESCRIBED_WITHIN = 14

LISTS = frozenset({PieceKind.ITEM, PieceKind.STEP, PieceKind.TASK})
_KEYED = re.compile(
    r"([^\s:\uff1a][^:\uff1a.\u3002!?\uff01\uff1f,\uff0c]{0,28}?)\s?[:\uff1a]\s*(.+)$"
)
_SPEAKER = re.compile(r"[\w .,'\u2019-]{0,40}:?\s?[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?$")
# A time of a recording, or the number of a point written without list markup.
_LEADING = re.compile(
    r"[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?\s*[-\u2013\u2014:]?\s+"
    r"|[(\uff08]?\d{1,2}(?:[.)\uff09\u3001\uff0e]+(?!\d)\s*|\s+(?=[\u4e00-\u9fff]))|\[\s?\]\s*"
)
_LABEL_END = re.compile(
    r"\s[-\u2013\u2014~]\s|:\s|[\uff1a\u3002;\uff1b]|[.!?]\s|\s\(|\uff08|\u2014\u2014"
)
_LOOSE = " ,;:\uff0c\uff1b\uff1a\u3001\u3002"
COLONS = (":", "\uff1a")


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence with its position; `section` is 1 in a summary, -1 in an appendix, else 0.

    `links` and `code` are shares of the sentence's letters, 0 to 1; `described` marks the value of
    a line such as "Summary: …", `announced` an item of a list that a line with a colon introduces,
    `spoken` a line of dialogue, `keyed` one that begins with a key, `listed` one with
    the list it introduces, `answers` one after a question in its paragraph, `context` the short line
    above it in an outline.
    """

    text: str
    kind: PieceKind
    group: int
    depth: int
    section: int
    opens: bool
    described: bool = False
    announced: bool = False
    spoken: bool = False
    keyed: bool = False
    listed: bool = False
    answers: bool = False
    context: str = ""
    links: float = 0.0
    code: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether the text ends like a sentence."""
        return is_complete(self.text)


def section_value(heading: str) -> int:
    """Return 1 for a heading that announces a summary, -1 for one of an appendix, else 0."""
    name = fold(heading).strip(" :\uff1a#.?\uff1f!")
    name = re.sub(r"^[\d.\s\u3001]+", "", name)
    if name in cues()["summary_sections"]:
        return 1
    return -1 if name in cues()["other_sections"] else 0


def has_words(text: str) -> bool:
    """Say whether `text` holds at least one letter besides holes and addresses."""
    return any(map(str.isalpha, text))


def units(page: NotePieces, title: str) -> list[Unit]:
    """Return the candidate sentences of a page, in order."""
    found: list[Unit] = []
    section = 0
    levels: list[tuple[int, int]] = []
    announced = -1
    outline = Outline()
    speakers = _speakers(page)
    for index, piece in enumerate(page.pieces):
        if piece.kind is PieceKind.HEADING:
            # A section inside an appendix is part of the appendix.
            levels = [entry for entry in levels if entry[0] < piece.depth]
            inherited = levels[-1][1] if levels else 0
            section = section_value(piece.text) or min(inherited, 0)
            levels.append((piece.depth, section))
            outline.lines.clear()
            opening = len(levels) == 1 and piece.section == 0 and piece.depth == 1
            if is_statement(piece.text) and not opening and fold(piece.text) != fold(title):
                found.append(
                    Unit(piece.text, PieceKind.HEADING, piece.group, 0, section, opens=True)
                )
        elif piece.kind is not PieceKind.CELL:
            listed_here = piece.kind in LISTS
            announced = announced if listed_here else -1
            context = outline.context(piece)
            deep = announced >= 0 and not context
            found.extend(
                _of_piece(page.pieces, index, section, context, announced=deep, speakers=speakers)
            )
            if piece.text.endswith(COLONS):
                announced = piece.depth
        if len(found) > MAX_UNITS:
            break
    return found


@dataclass(slots=True)
class Outline:
    """The ancestors of the current line in a nested list."""

    lines: list[tuple[int, str]] = field(default_factory=list)

    def context(self, piece: Piece) -> str:
        """Return the line above `piece` in the outline if it is a mere name, and record `piece`."""
        if piece.kind not in LISTS:
            self.lines.clear()
            return ""
        while self.lines and self.lines[-1][0] >= piece.depth:
            self.lines.pop()
        name = self.lines[-1][1] if self.lines else ""
        text = (piece.key or piece.text).replace(ADDRESS, " ").replace(HOLE, " ").strip()
        names = bool(piece.key) or only_links(piece) or text.endswith(COLONS)
        self.lines.append((piece.depth, text.strip(" :\uff1a") if names else ""))
        return name if is_name(name) else ""


def only_links(piece: Piece) -> bool:
    """Say whether a line has no words besides its links."""
    rest = piece.text
    for name in piece.links:
        rest = rest.replace(name, " ", 1)
    return not has_words(rest)


def is_name(text: str) -> bool:
    """Say whether `text` is short and not a sentence, like a name for the lines under it."""
    return 0 < width(text) <= NAME_WIDTH and has_words(text) and not is_complete(text)


def is_statement(heading: str) -> bool:
    """Say whether a heading is long enough to be a sentence of its own."""
    return width(heading) >= STATEMENT_WIDTH and word_count(heading) >= STATEMENT_WORDS


def _of_piece(
    pieces: Sequence[Piece],
    index: int,
    section: int,
    context: str,
    *,
    announced: bool,
    speakers: AbstractSet[str],
) -> Iterator[Unit]:
    piece = pieces[index]
    key, text = keyed(piece)
    # Deep in a page "Purpose: …" describes one of many things.
    keys = cues()["summary_keys"]
    described = index < DESCRIBED_WITHIN and key in keys and piece.depth == 0
    if not described and (piece.kind is PieceKind.FIELD or key in cues()["fact_keys"]):
        return
    if not described:
        text = piece.text
        described = index < DESCRIBED_WITHIN and fold(context) in keys
    if key in cues()["other_sections"] and not described:
        section = -1
    letters = max(1, len(text))
    links = min(1.0, sum(map(len, piece.links)) / letters)
    if links > ALL_LINKS and not described:
        return
    leading = _LEADING.match(text)
    text = text[leading.end() :] if leading else text
    if _SPEAKER.fullmatch(text):
        return
    sentences = split(text[:PIECE_CHARS])
    for number, raw in enumerate(sentences):
        sentence = raw.lstrip(_LOOSE)
        whole = sentence
        if number == len(sentences) - 1 and sentence.endswith(COLONS):
            whole = with_list(sentence, pieces, index) or sentence
        if not has_words(whole) or (number and whole in piece.links):
            continue  # at the end of a line a link alone says what to do: "Open the board"
        yield Unit(
            text=whole,
            kind=piece.kind,
            group=piece.group,
            depth=piece.depth,
            section=section,
            opens=number == 0,
            described=described,
            announced=announced,
            spoken=key in speakers,
            keyed=bool(key) and number == 0,
            listed=whole != sentence,
            answers=number > 0 and sentences[number - 1].endswith(tuple(QUESTIONS)),
            context="" if described else context,
            links=links,
            code=min(1.0, piece.code_chars / letters),
        )


def _speakers(page: NotePieces) -> AbstractSet[str]:
    """Return the names before a colon of those who talk: one that begins two lines, and who answers."""
    keys = [
        "" if piece.kind is PieceKind.FIELD else keyed(piece)[0]
        for piece in page.pieces[:MAX_UNITS]
    ]
    counts = Counter(keys)
    near = ((key, *keys[max(0, place - 1) : place + 2]) for place, key in enumerate(keys))
    return {key for key, *others in near if key and any(one and counts[one] > 1 for one in others)}


def keyed(piece: Piece) -> tuple[str, str]:
    """Return the key and value of a "Key: value" line or field; an empty key for other lines."""
    if piece.key:
        return fold(piece.key), piece.text
    match = _KEYED.match(piece.text)
    return (fold(match[1]).strip(), match[2]) if match else ("", piece.text)


def is_fact(piece: Piece) -> bool:
    """Say whether a line is a mere fact about the note, such as "Author: …"."""
    return keyed(piece)[0] in cues()["fact_keys"]


def with_list(intro: str, pieces: Sequence[Piece], index: int) -> str:
    """Return "intro: a, b, c" for a line that introduces the list after it, or ""."""
    labels, all_named = list_labels(pieces, index + 1)
    if len(labels) < MIN_LABELS or word_count(intro) < MIN_INTRO_WORDS:
        return ""
    wide = is_cjk(intro)
    comma = "\u3001" if wide else ", "
    head = intro if wide else intro + " "
    if HOLE in intro or ADDRESS in intro:
        return ""
    return listed(head, labels, comma, ideal(intro), complete=all_named)


def listed(head: str, labels: Sequence[str], comma: str, limit: int, *, complete: bool) -> str:
    """Return `head` with as many labels as fit in `limit` characters, or "" if fewer than two do."""
    text = head
    count = 0
    for label in labels:
        longer = text + (comma if count else "") + label
        if len(longer) > limit:
            break
        text = longer
        count += 1
    if count < MIN_LABELS:
        return ""
    if count < len(labels) or not complete:
        return text + ("\u2026" if is_cjk(text) else f"{comma}\u2026")
    return text if is_complete(text) else text + stop_for(text)


def list_labels(pieces: Sequence[Piece], start: int) -> tuple[list[str], bool]:
    """Return the short names of the list that begins at `start`, and whether that is all of them."""
    labels: list[str] = []
    if start >= len(pieces) or pieces[start].kind not in LISTS - {PieceKind.STEP}:
        return labels, True
    depth = pieces[start].depth
    for piece in pieces[start:]:
        if piece.kind not in LISTS or piece.depth < depth:
            break
        if piece.depth > depth:
            continue
        text = label(piece.text)
        if not text or width(text) > LABEL_WIDTH or len(labels) >= MAX_LISTED:
            return labels, False
        if text not in labels:
            labels.append(text)
    return labels, True


def label(text: str) -> str:
    """Return the name of a list item: its text up to the first dash, colon or stop."""
    bare = text.replace(ADDRESS, " ").replace(HOLE, " ").strip()
    end = _LABEL_END.search(bare)
    head = bare[: end.start()] if end and end.start() else bare
    return head.strip(" -\u2013\u2014:,;.\uff0c\uff1a\u3002|\u00b7")


def word_count(text: str) -> int:
    """Return how many words a sentence has; two characters of Chinese count as one."""
    return max(len(words(text)), width(text) // 4 if is_cjk(text) else 0)
