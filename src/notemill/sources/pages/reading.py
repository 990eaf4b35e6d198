"""A page's bytes become a draft: its article, and what is said of it."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError
from notemill.sources.address import canonical_address, clean_address
from notemill.sources.draft import DIGEST_KEY, Block, Draft, SourceKind
from notemill.sources.pages import footnotes, losses, maths, walls
from notemill.sources.pages.bylines import drop_bylines
from notemill.sources.pages.choosing import choose
from notemill.sources.pages.cleaning import COMMENTS, HIDDEN, asks_consent, clean
from notemill.sources.pages.converting import Converter
from notemill.sources.pages.decoding import text_of
from notemill.sources.pages.metadata import Spoken
from notemill.sources.pages.parsing import elements, parsed
from notemill.sources.pages.places import places_of
from twolane.bodies import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 64 << 20
"""The largest page that is read; one that was saved with its pictures has some ten million bytes."""
METHOD: Final = "page"
_DIFFERS: Final = 0.25
"""How much of the other reader's text may be missing before a notice says that the two differ."""
_NAMED_WORDS: Final = 12
_LEAST_NAMED: Final = 20
_RULE: Final = "---"
_DEFINITION: Final = "[^"
_HEADING: Final = re.compile(r"#{1,3} ")
_ANY_HEADING: Final = re.compile(r"#{1,6} ")
_TARGET: Final = re.compile(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")
_NO_LETTERS: Final = re.compile(r"[\W_]+")
_LETTERS: Final = "the page does not say truly how its letters are written; some may be wrong"
_WALLED: Final = (
    "the page asks its readers to log in or to subscribe; what it shows may be only the beginning"
)
_LEFT_OUT: Final = {
    COMMENTS: "the page's comments are not in the note",
    HIDDEN: "what the page hides is not in the note",
}


def read(data: bytes, *, address: str = "", file_name: str = "", content_type: str = "") -> Draft:
    """Return the article of a page that was fetched from `address` or saved as `file_name`.

    `content_type` is the header that a fetched page came with. Raises SourceError if the page holds
    no article, SourceRefusedError if all it shows is a login.
    """
    shown = file_name or address or "the page"
    if len(data) > MAX_BYTES:
        raise SourceError(f"{shown:.200} is larger than {in_words(MAX_BYTES)}; it is not read")
    text, is_certain = text_of(data, content_type)
    root = parsed(text)
    places = places_of(root, address)
    spoken = Spoken(root, places)
    has_scripts = next(elements(root, "script"), None) is not None
    maths.settle(root)
    notes = footnotes.settle(root, places)
    left_out = clean(root)
    is_walled = walls.take_out(root)
    body = next(root.iter("body"), root)
    choice = choose(root, places.address)
    said = spoken.of(choice.part, body)
    drop_bylines(choice.part, said)
    plain = losses.plain_text(choice.part)
    whole = Converter(places, notes).article(choice.part)
    blocks = _trimmed(whole, said.title)
    markdown = "\n\n".join(blocks)
    walls.check(
        markdown,
        f"{shown:.200}",
        is_walled=is_walled or said.is_restricted,
        asks_consent=asks_consent(body),
        has_scripts=has_scripts,
    )
    notices = [] if is_certain else [_LETTERS]
    if is_walled or said.is_restricted:
        notices.append(_WALLED)
    notices += (
        f"{what} ({left_out[kind]} words)"
        for kind, what in _LEFT_OUT.items()
        if left_out[kind] >= _LEAST_NAMED
    )
    notices += _measured(plain, choice.second, "\n".join([said.title, *whole]))
    source = clean_address(places.canonical or places.address) or file_name
    keys = [canonical_address(one) for one in (places.canonical, places.address)]
    keys.append(f"{DIGEST_KEY}{sha256(data).hexdigest()}")
    return Draft(
        kind=SourceKind.ARTICLE,
        keys=tuple(dict.fromkeys(filter(None, keys))),
        source=source,
        title=said.title or Path(file_name).stem or source,
        method=METHOD,
        authors=said.authors,
        channel=said.site,
        published=said.published,
        language=said.language,
        description=said.description,
        image=said.image,
        blocks=tuple(map(Block, blocks)),
        notices=tuple(notices),
    )


def _trimmed(blocks: list[str], title: str) -> list[str]:
    """Return blocks without the heading that is the title, and without what stands for nothing.

    That is rules at both ends, and the heading of notes, which Obsidian shows at the end by itself.
    """
    kept = blocks
    while kept and kept[0] == _RULE:
        kept = kept[1:]
    if kept and _HEADING.match(kept[0]) and _letters(_TARGET.sub("", kept[0])) == _letters(title):
        kept = kept[1:]
    text = sum(not one.startswith(_DEFINITION) for one in kept)
    end = text
    while end and (kept[end - 1] == _RULE or _ANY_HEADING.match(kept[end - 1])):
        end -= 1
    return [*kept[:end], *kept[text:]]


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text).casefold()


def _measured(plain: str, second: str, markdown: str) -> Iterator[str]:
    """Yield what is missing of the article, and of what another reader takes for it."""
    if absent := losses.missing(plain, markdown):
        yield f"left out of the article: {_some(absent)}"
    if losses.share_missing(second, markdown) > _DIFFERS:
        absent = losses.missing(second, markdown)
        yield (
            "it is not certain which part of the page is its article; "
            f"a second reader also took: {_some(absent)}"
        )


def _some(words: list[str]) -> str:
    """Return the first of some words, for a person to find them in the page."""
    rest = len(words) - _NAMED_WORDS
    named = ", ".join(f"“{word:.40}”" for word in words[:_NAMED_WORDS])
    return f"{named} and {rest} more words" if rest > 0 else named
