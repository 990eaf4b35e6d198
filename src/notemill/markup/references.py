"""Links, addresses and code in text that should be plain words, and which a note has itself; pure.

A model that obeys instructions in a note could make its owner open what the note names: an embed of
a private note, an address, a template that runs. Everything found here has such a meaning in
Obsidian, in one of its common plugins, or in a browser. All patterns are bounded, and every pass is
linear.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from notemill.markup.invisible import visible, without_unknown
from notemill.markup.lines import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ELEMENTS: Final = (
    "a|abbr|applet|area|audio|b|base|blockquote|body|br|button|canvas|code|div|dl|embed|font|form"
    "|frame|frameset|h[1-6]|head|hr|html|i|iframe|img|input|kbd|li|link|map|mark|marquee|math|meta"
    "|noscript|object|ol|option|p|param|pre|s|script|select|source|span|strong|style|sub|sup|svg"
    "|table|td|template|textarea|th|title|tr|track|u|ul|video|xml"
)
# The ends of names that are addresses without anything before them; no ends of files' names.
_DOMAINS: Final = (
    "app|biz|click|club|cn|com|de|dev|edu|eu|fr|gov|icu|info|io|link|live|net|nl|online|onion|org"
    "|pw|ru|shop|site|store|tech|tk|top|uk|xyz"
)
_ASCII: Final = "[a-z0-9_]"
_REST: Final = r"[^\s<>\"'`|^{}\[\]\\\u3000-\u303f\uff01-\uff0f\uff1a-\uff1f]"
# What a browser, a mail program or Obsidian acts on without `//` behind it.
_ALONE: Final = (
    r"javascript|vbscript|mailto|obsidian|https?|ftp|view-source|blob|magnet|(?:ms|x)-[a-z-]{1,30}+"
    r"|file(?=:[\\/.~%])|data(?=:(?:[\w.+-]{1,40}/|[;,]))|about(?=:(?:blank|config|srcdoc))"
    r"|(?:tel|sms)(?=:[+\d])"
)
_KINDS: Final = (
    r"(?P<embed>!?)\[\[(?P<wiki>[^\[\]\n]{1,1000}+)\]\]",
    (
        r"(?P<image>!?)\[(?P<label>[^\[\]\n]{0,1000}+)\]"
        r"\((?P<goal>[^()\n]{0,1000}+(?:\([^()\n]{0,500}+\)[^()\n]{0,500}+){0,3}+)\)"
    ),
    r"<(?:!--|%)[^>\n]{0,500}+>?",  # comments, Templater
    r"\{\{(?:[^{}\n]{0,500}+\}\})?",  # templates
    r"%%(?:[^%\n]{0,500}+%%)?",  # Obsidian's comments
    r"`\$?=(?:[^`\n]{0,500}+`)?",  # Dataview's inline queries
    r"\(\([0-9a-f-]{36}\)\)",  # Logseq's blocks
    rf"</?(?:{_ELEMENTS})(?:[\s/][^<>\n]{{0,500}}+)?>",
    r"<[a-z][\w:-]{0,30}+[\s/][^<>\n=]{0,500}+=[^<>\n]{0,500}+>?",  # any element that can act
    rf"(?<!{_ASCII})[a-z][a-z0-9+.-]{{1,30}}+:[/\\]{{2}}{_REST}{{0,2000}}+",
    rf"(?<!{_ASCII})(?<!-)(?:{_ALONE}):(?=\S){_REST}{{0,2000}}+",
    rf"(?<!{_ASCII})(?<![.-])www\d?\.[\w-]{_REST}{{0,2000}}+",
    r"(?<![\w.+-])[\w.+-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    (
        rf"(?<!{_ASCII})(?<![.@-])(?:[a-z0-9_-]{{1,63}}+\.){{1,8}}(?:{_DOMAINS})(?!{_ASCII}|-)"
        rf"(?:[/:?#]{_REST}{{0,2000}}+)?"
    ),
    rf"(?<!{_ASCII})(?<!\.)\d{{1,3}}(?:\.\d{{1,3}}){{3}}[:/]{_REST}{{0,2000}}+",
    r"\\\\[\w.-]{1,63}\\",  # a share on a server
    r"(?P<hash>(?<![\w/#&;])#(?=[^\W\d_])[\w/-]{1,100}+)",
)


@cache
def _kinds() -> re.Pattern[str]:
    """Return all kinds as one pattern: made when first needed, as that takes 30 ms."""
    return re.compile("|".join(_KINDS), re.IGNORECASE)


# Every reference has one of these with something right behind it: most texts end here.
_MAYBE: Final = re.compile(r"[\[<{`#@\\%:.(](?=\S)")
_CODED: Final = re.compile(r"%[0-9a-f]{2}|&#?\w{1,10};|\[[.:]\]|\([.]\)", re.IGNORECASE)
_DEFANGED: Final = re.compile(r"[\[(]([.:])[\])]")
_STOPS: Final = str.maketrans("。｡", "..")
_TRAILING: Final = ".,;:!?)'\"*_"
# Such a name is a product's.
_DOT_NET: Final = re.compile(r"[A-Z]{2,5}\.NET")
_SCHEME: Final = re.compile(r"(?:https?|ftp):[/\\]*(?:www\d?\.)?|www\d?\.|[/\\]{2}")
_ROUNDS: Final = 4
MAX_READ_CHARS: Final = 4_000
"""How much of a model's value is read; the rest is ignored."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that leads somewhere or runs: its span, its comparison key, its visible text."""

    start: int
    end: int
    key: str
    label: str
    is_tag: bool = False


def references(text: str) -> Iterator[Reference]:
    """Yield the links, embeds, addresses, HTML, templates, queries and tags of a text."""
    if not _MAYBE.search(text):
        return
    for found in _kinds().finditer(text):
        if not _DOT_NET.fullmatch(found[0]):
            yield _reference(found)


def _reference(found: re.Match[str]) -> Reference:
    start, end = found.span()
    if (wiki := found["wiki"]) is not None:
        target, _, label = wiki.partition("|")
        page = target.strip().removesuffix(".md")
        shows = "" if found["embed"] else (label or target).strip()
        return Reference(start, end, f"[[{page.casefold()}", shows)
    if (goal := found["goal"]) is not None:
        shows = "" if found["image"] else found["label"].strip()
        address = goal.strip().strip("<>").partition(" ")[0]
        return Reference(start, end, _key(address), shows)
    if found["hash"] is not None:
        return Reference(start, end, found[0].casefold(), found[0][1:], is_tag=True)
    return Reference(start, end, _key(found[0]), "")


def _key(address: str) -> str:
    """Return what an address is compared by: without what is the same to a browser."""
    return _SCHEME.sub("", address.rstrip(_TRAILING).casefold(), count=1).rstrip("/\\")


def decoded(text: str) -> str:
    """Return a text as a reader might decode it: full-width forms, entities, percent escapes."""
    import html  # noqa: PLC0415  # with the next 10 ms, and few texts need them
    from urllib.parse import unquote  # noqa: PLC0415

    for _ in range(_ROUNDS):
        if text.isascii() and not _CODED.search(text):
            return text
        before = text
        text = visible(unicodedata.normalize("NFKC", unquote(html.unescape(text))))
        text = _DEFANGED.sub(r"\1", text.translate(_STOPS))
        if text == before:
            break
    return text


class Own:
    """The references of one note, found when the first is asked about."""

    def __init__(self, read: Callable[[], str]) -> None:
        """Take a function that reads the note's whole text, including its properties."""
        self._read = read

    @cached_property
    def _keys(self) -> frozenset[str]:
        text = visible(self._read())
        found = [*references(text), *references(decoded(text))]
        # A link may have an address for its name.
        named = (one.key for label in found for one in references(label.label))
        return frozenset((*(one.key for one in found), *named))

    def has(self, reference: Reference) -> bool:
        """Tell whether the note has the reference, or an address that it is the beginning of."""
        key = reference.key
        if key in self._keys:
            return True
        return not key.startswith(("[[", "#", "<")) and any(
            own.startswith(key) and own[len(key)] in "/?#&:" for own in self._keys if key
        )


NOTHING: Final = Own(str)
"""The references of no note: every reference is foreign."""


def foreign(text: str, own: Own) -> list[Reference]:
    """Return the references in a text that a note does not have, in order."""
    return [one for one in references(text) if not own.has(one)]


def is_foreign(text: str, own: Own) -> bool:
    """Tell whether a text refers to something that a note does not, in any spelling."""
    if any(not one.is_tag for one in foreign(text, own)):
        return True
    plain = decoded(text)
    return plain != text and any(not one.is_tag for one in foreign(plain, own))


def without_foreign(text: str, own: Own) -> str:
    """Return a text with foreign references reduced to their words.

    Empty if the words cannot be separated, as when the spelling hides the reference.
    """
    for _ in range(_ROUNDS):
        found = foreign(text, own)
        if not found:
            return "" if is_foreign(text, own) else text
        parts: list[str] = []
        at = 0
        for one in found:
            parts += (text[at : one.start], one.label)
            at = one.end
        text = " ".join("".join([*parts, text[at:]]).split())
    return ""


def shortened(text: str, most: int, own: Own) -> str:
    """Return at most so many characters of a text, without an address created by the cut."""
    if len(text) <= most:
        return text
    return without_foreign(visible(text[:most]).rstrip(), own)


def plain_words(said: str, most: int) -> str:
    """Return a model's reason as one line of plain words, of at most so many characters."""
    line = one_line(without_unknown(said[:MAX_READ_CHARS]))
    return shortened(without_foreign(line, NOTHING), most, NOTHING)
