"""Blocks of code: exactly the lines that a page shows, whatever it makes them of.

Highlighters wrap each line in a `div`, a list item, a table row or a span, end it with `<br>`, or do
several of these at once, and put numbers and buttons between.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.parsing import named

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LINE_TAGS: Final = frozenset({"div", "p", "li", "tr"})
_LINE_NAME: Final = re.compile(r"(?:^|\s)(?:code-?|view-|token-)?line(?:\s|$)")
_NOT_SHOWN: Final = frozenset({"button", "script", "style", "svg", "select", "input", "template"})
_GUTTER: Final = re.compile(
    r"(?:^|[\s_-])(?:gutter|linenos?|line-?num(?:ber)?s?|blob-num|ln-num(?:ber)?s?|lnt?)(?:[\s_-]|$)"
)
_COPY: Final = re.compile(r"(?:^|[\s_-])(?:copy|clipboard|copy-?(?:btn|button|code))(?:[\s_-]|$)")
_DIGITS: Final = re.compile(r"[\s\d.:|]*")
_LANGUAGES: Final = (
    re.compile(r"(?:^|\s)lang(?:uage)?-([\w+#.-]+)"),
    re.compile(r"(?:^|\s)brush:\s*([\w+#.-]+)"),
)
# Names that a language may stand in, and as well anything else.
_PERHAPS: Final = (
    re.compile(r"(?:^|\s)highlight-(?:source-|text-)?([\w+#.-]+)"),
    re.compile(r"(?:^|\s)(?:sourcecode|hljs|src|highlight)\s+(?:src-)?([\w+#.-]+)"),
)
_KNOWN: Final = re.compile(
    r"asm|bash|bat|c|c#|c\+\+|clojure|cmake|console|cpp|cs|csharp|css|dart|diff|docker|dockerfile|elixir"
    r"|emacs-lisp|erlang|fish|fortran|fsharp|gherkin|go|graphql|groovy|haskell|html|http|ini|ipython3?"
    r"|java|javascript|js|json|jsx|julia|kotlin|latex|less|lisp|lua|makefile|markdown|matlab|nginx|nix"
    r"|objective-c|ocaml|pascal|perl|php|powershell|prolog|proto|py|pycon|python3?|r|rb|rst|ruby|rust"
    r"|sass|scala|scheme|scss|sh|shell|sql|svelte|swift|tcl|terraform|toml|tsx?|typescript|vb|vim|vue"
    r"|wasm|xml|ya?ml|zig|zsh"
)
_LANGUAGE_ATTRIBUTES: Final = ("data-language", "data-lang", "data-code-language")
_NO_LANGUAGE: Final = frozenset(
    {"none", "text", "plain", "plaintext", "txt", "default", "auto", "undefined", "notranslate"}
    | {"nohighlight", "no-highlight", "highlight", "wrapper", "numbersource", "shiki"}
)
_LANGUAGE: Final = re.compile(r"[a-z0-9+#.-]{1,20}")
_SAME_LANGUAGE: Final = {
    "ipython3": "python",
    "ipython": "python",
    "python3": "python",
    "py": "python",
}
_FRAMES: Final = frozenset({"div", "figure", "td", "section", "article"})
_WRAPPERS: Final = 7
_SPACES: Final = dict.fromkeys([0xA0, 0x202F, 0x2007], " ")
_INVISIBLE: Final = dict.fromkeys([0x200B, 0xFEFF], "")
_SHOWN: Final = str.maketrans({**_SPACES, **_INVISIBLE})


def code_of(element: HtmlElement) -> str:
    """Return the lines of an element that shows code, without blank ones at both ends."""
    writer = _Writer(element)
    writer.write(element)
    lines = "".join(writer.parts).translate(_SHOWN).replace("\r\n", "\n").replace("\r", "\n")
    kept = [line.rstrip() for line in lines.split("\n")]
    while kept and not kept[0]:
        kept.pop(0)
    while kept and not kept[-1]:
        kept.pop()
    return "\n".join(kept)


def language_of(element: HtmlElement) -> str:
    """Return the language that a block of code says it is in, '' if it says none."""
    tried = [element, *element.iter("code")][:2]
    around = element.getparent()
    for _ in range(_WRAPPERS):
        if around is None or around.tag not in (
            "div",
            "figure",
            "pre",
            "td",
            "tr",
            "tbody",
            "table",
        ):
            break
        tried.append(around)
        around = around.getparent()
    for one in tried:
        said = [one.get(name) or "" for name in _LANGUAGE_ATTRIBUTES]
        said += [match[1] for form in _LANGUAGES for match in form.finditer(named(one))]
        perhaps = [match[1] for form in _PERHAPS for match in form.finditer(named(one))]
        said += [language for language in perhaps if _KNOWN.fullmatch(language)]
        for language in said:
            name = language.strip().lower()
            if _LANGUAGE.fullmatch(name) and name not in _NO_LANGUAGE:
                return _SAME_LANGUAGE.get(name, name)
    return ""


def is_code_table(table: HtmlElement) -> bool:
    """Tell whether a table is there to put numbers beside lines of code."""
    cells = list(islice(table.iter("td", "th"), 6))
    if not any(is_gutter(one) for one in cells):
        return False
    return next(table.iter("pre", "code"), None) is not None or any(
        "blob-code" in named(one) for one in cells
    )


def is_numbers(element: HtmlElement) -> bool:
    """Tell whether an element shows nothing but the numbers of lines."""
    return _DIGITS.fullmatch(element.text_content()) is not None


def is_block(code: HtmlElement) -> bool:
    """Tell whether a `code` element shows more than one line."""
    text = code.text_content().strip()
    parent = code.getparent()
    alone = parent.tag in _FRAMES and text == parent.text_content().strip()
    return next(code.iter("br"), None) is not None or (alone and "\n" in text)


def is_gutter(element: HtmlElement) -> bool:
    """Tell whether an element shows numbers or buttons beside code."""
    if element.tag in ("pre", "code"):
        return False
    name = named(element)
    if _COPY.search(name):
        return True
    says_so = _GUTTER.search(name) or element.get("aria-hidden") == "true"
    says_so = says_so or element.get("data-line-number")
    return bool(says_so) and _DIGITS.fullmatch(element.text_content()) is not None


class _Writer:
    """Collects what code shows. A line that ended may still meet its own line break: it is one."""

    def __init__(self, root: HtmlElement) -> None:
        self.parts: list[str] = []
        self._ended = False
        lines = [one for one in root.iter() if one is not root and _is_line(one)]
        if len(lines) == 1 and lines[0].tag not in _LINE_TAGS:
            lines = []
        self._lines = set(lines)
        # What holds lines is none itself.
        self._holding = {above for one in lines for above in one.iterancestors()}

    def write(self, element: HtmlElement) -> None:
        """Write what an element holds."""
        self._text(element.text, element[0] if len(element) else None, None)
        for child in element:
            if isinstance(child.tag, str):
                self._child(child)
            self._text(child.tail, child.getnext(), child)

    def _child(self, child: HtmlElement) -> None:
        if child.tag in _NOT_SHOWN or is_gutter(child):
            return
        if child.tag == "br":
            self._put("\n")
        elif child in self._lines and child not in self._holding:
            self._end_line()
            if self.parts and not self.parts[-1].endswith("\n"):
                self.parts.append("\n")
            mark = len(self.parts)
            self.write(child)
            self._ended = True
            inner = "".join(self.parts[mark:])
            self.parts[mark:] = [inner.removesuffix("\n")]
        else:
            self.write(child)

    def _text(
        self, text: str | None, following: HtmlElement | None, before: HtmlElement | None
    ) -> None:
        if not text:
            return
        if not text.strip() and "\n" in text:
            beside = [one for one in (following, before) if one is not None]
            blocks = [one for one in beside if one.tag in _LINE_TAGS]
            if any(one in self._lines or one in self._holding for one in blocks):
                return  # the page's own indentation
            if any(one in self._lines for one in beside):
                text = "\n" * text.count("\n")
        self._put(text)

    def _put(self, text: str) -> None:
        if self._ended and text.startswith("\n"):
            text = text[1:]
            self._ended = False
            self.parts.append("\n")
        self._end_line()
        if text:
            self.parts.append(text)

    def _end_line(self) -> None:
        if self._ended:
            self.parts.append("\n")
            self._ended = False


def _is_line(element: HtmlElement) -> bool:
    if element.tag in _LINE_TAGS:
        return not is_gutter(element)
    if element.tag not in ("span", "code"):
        return False
    return element.get("data-line") is not None or _LINE_NAME.search(named(element)) is not None
