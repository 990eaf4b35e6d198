"""Words that stay words: plain text as Markdown in which Obsidian finds no marks; pure.

What a sign may begin is CommonMark's (https://spec.commonmark.org/0.31.2) with what Obsidian adds:
tags, wikilinks, comments, math, highlights, block ids, footnotes, callouts
(https://help.obsidian.md/obsidian-flavored-markdown), Dataview's `key:: value`
(https://blacksmithgu.github.io/obsidian-dataview/annotation/add-metadata) and Templater's `<%`.
A sign that cannot begin anything where it stands is left as it is, so that text stays readable.
Every pass is linear.
"""

from __future__ import annotations

import re
import string
from typing import Final

from notemill.markup.tags import TAG_END, is_tag

_PUNCTUATION: Final = frozenset(string.punctuation)
_SIGN = re.compile(r"_+|~+|=+|[\\`*%\[\](#&<$^!:]")
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\[\]\"]+")
_BEHIND_ADDRESS: Final = ".,;:!?'\"*~`)(}{|\\"
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAG_BODY = re.compile(rf"[^{TAG_END}]+")
_BLOCK_ID = re.compile(r"\^[A-Za-z0-9-]+[ \t]*(?=\n|\Z)")
_FIELD_KEY = re.compile(r"[^\W\d_][\w -]{0,40}")
_TASK = re.compile(r"\[.\](?=[ \t]|$)")
# What makes a line more than text, and where the backslash goes that prevents it.
_LINE_START = re.compile(
    r"(?P<mark>#{1,6}(?=[ \t]|$)|>|[-+](?=[ \t]|$)|=[ \t]*$|\|"
    r"|-(?=[-: \t|]*$)|:(?=-[-: \t|]*$))"
    r"|(?P<number>\d{1,9})(?=[.)](?:[ \t]|$))"
)
_LINE_ENDS = re.compile(r"\r\n?|\n")
_TICKS = re.compile(r"`+")
# Behind a backslash readers do not agree whether the bar is escaped.
_BAR = re.compile(r"\\?\|")
_MOST_PARENTHESES: Final = 30
"""How deep CommonMark lets parentheses be nested in a link's address; readers take 32."""
_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f<>\"\\`|^{}]|&(?=#?\w+;)")


def escaped(text: str) -> str:
    """Return running text as Markdown; each of its lines may begin a block, so none does.

    Spaces at the beginning and end of a line are dropped: Markdown gives them a meaning.
    """
    return "\n".join(
        line_guarded(escaped_within(line.strip(" \t"))) for line in _LINE_ENDS.split(text)
    )


def escaped_within(text: str, *, before: str = "", after: str = "", in_label: bool = False) -> str:
    """Return text that stands within a line as Markdown.

    `before` and `after` are the Markdown on both sides: what a sign means depends on its neighbours.
    In the label of a link no address may become a link of its own.
    """
    parts: list[str] = []
    at = 0
    for match in () if in_label else _ADDRESS.finditer(text):
        address = match[0].rstrip(_BEHIND_ADDRESS)
        if len(address) <= len("https://"):
            continue
        shown = address if _Signs(address, " ", " ").escaped() == address else f"<{address}>"
        parts += (_Signs(text[at : match.start()], before, shown).escaped(), shown)
        before, at = shown, match.start() + len(address)
    parts.append(_Signs(text[at:], before, after, in_label=in_label).escaped())
    return "".join(parts)


def line_guarded(markdown: str) -> str:
    """Return a line that begins with escaped text so that it begins no list, quote, rule or heading."""
    found = _LINE_START.match(markdown)
    if found is None:
        return f"\\{markdown}" if _TASK.match(markdown) else markdown
    at = found.end() if found["number"] else 0
    return f"{markdown[:at]}\\{markdown[at:]}"


class _Signs:
    """The signs of a text, and which of them would mean something."""

    def __init__(self, text: str, before: str, after: str, *, in_label: bool = False) -> None:
        self._text = text
        self._before = before[-1:]
        self._after = after[:1]
        self._in_label = in_label
        self._dollars = text.count("$") > 1

    def escaped(self) -> str:
        """Return the text with a backslash before each such sign."""
        parts: list[str] = []
        at = 0
        for sign in _SIGN.finditer(self._text):
            if self._means_something(sign[0], sign.start()):
                # Some signs come in runs, of which all are escaped.
                parts += (self._text[at : sign.start()], "\\", "\\".join(sign[0]))
                at = sign.end()
        return "".join([*parts, self._text[at:]])

    def _means_something(self, sign: str, at: int) -> bool:
        text, end = self._text, at + len(sign)
        before = text[at - 1] if at else self._before
        behind = text[end] if end < len(text) else self._after
        match sign[0]:
            case "`":
                return True
            case "\\":
                return behind in _PUNCTUATION or behind in ("", "\n")
            case "*":
                return not (before.isspace() and behind.isspace())
            case "_":
                return not (before.isalnum() and behind.isalnum())
            case "~" | "=":
                is_run = len(sign) > 1 or sign in (before, behind)
                return is_run and not (before.isspace() and behind.isspace())
            case "%":
                # Templater looks for `<%` alone, and a backslash before it stops nothing.
                return sign in (before, behind) or before == "<"
            case "$":
                return self._dollars or "$" in (before, behind) or not before.isspace()
            case "[" | "]" | "(":
                return self._is_bracket_of_link(sign, before, behind)
            case _:
                return self._begins_something(sign, at, before, behind)

    def _is_bracket_of_link(self, sign: str, before: str, behind: str) -> bool:
        if sign == "(":
            return before == "]"
        if self._in_label:
            return True
        if sign == "]":
            return behind == ":"
        return before in ("[", "]", "!") or behind in ("[", "^", "!", "")

    def _begins_something(self, sign: str, at: int, before: str, behind: str) -> bool:
        text = self._text
        match sign:
            case "!":
                return at + 1 == len(text) and self._after == "["
            case "&":
                return _ENTITY.match(text, at) is not None
            case "<":
                return behind.isalpha() or behind in ("/", "!", "?") or at + 1 == len(text)
            case "^":
                return behind == "[" or (
                    not before.strip() and _BLOCK_ID.match(text, at) is not None
                )
            case "#":
                name = _TAG_BODY.match(text, at + 1)
                return name is not None and not before.isalnum() and is_tag(name[0].rstrip("/"))
            case _:
                # The second colon of `key:: value`: with the first alone nothing is a field.
                return before == ":" and (behind in ("", " ", "\t", "\n") or self._is_field(at))

    def _is_field(self, at: int) -> bool:
        return _FIELD_KEY.fullmatch(self._text, 0, at - 1) is not None


def link(label: str, address: str) -> str:
    """Return a link to the web; `label` is Markdown on one line without links of its own."""
    return f"[{label}]({link_target(address)})"


def link_target(address: str) -> str:
    """Return an address as it may stand in a link's parentheses, leading where it led."""
    quoted = _IN_ADDRESS.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), address
    )
    return quoted if _is_balanced(quoted) else quoted.replace("(", "%28").replace(")", "%29")


def _is_balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0 or depth > _MOST_PARENTHESES:
            return False
    return depth == 0


def code_span(text: str) -> str:
    """Return a code span; line breaks and blank space around the text are lost. '' if nothing is left."""
    text = " ".join(text.split("\n")).strip()
    if not text:
        return ""
    mark = "`" * (_longest_run(text) + 1)
    # A space beside a tick belongs to the mark; one is taken away on both sides.
    pad = " " if "`" in (text[0], text[-1]) else ""
    return f"{mark}{pad}{text}{pad}{mark}"


def fenced(code: str, language: str = "") -> str:
    """Return a block of code with exactly these lines; `language` is one word or ''."""
    mark = "`" * max(3, _longest_run(code) + 1)
    return f"{mark}{language}\n{code}\n{mark}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def in_cell(markdown: str) -> str:
    """Return Markdown on one line as it may stand in a table's cell.

    A table is cut into cells before anything else is read, so this holds within code, too.
    """
    return _BAR.sub(lambda found: "\\|" if found[0] == "|" else "\\&#124;", markdown)
