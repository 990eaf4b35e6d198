"""Formulas: TeX where the page has it, readable words where it has not."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.parsing import elements, is_within, named, one_line, remove

if TYPE_CHECKING:
    from lxml.html import HtmlElement

TEX: Final = "data-notemill-tex"
"""The attribute that holds a formula's TeX once `settle` was here; with `$$` before it, a display."""
DISPLAY: Final = "$$"
# What MathJax, KaTeX and Wikipedia draw beside the formula itself.
_DRAWN: Final = re.compile(
    r"(?:^|\s)(?:katex-html|mathjax(?:_preview|_svg|_chtml|_display)?|mwe-math-fallback-image\S*)(?=\s|$)"
)
_DRAWS: Final = re.compile(r"mathjax|katex|auto-render", re.IGNORECASE)
_DOLLARS: Final = re.compile(r"(?:inlineMath|delimiters)[^;]{0,200}?[\"']\$[\"']")
_TEX_CHARS: Final = 2_000
_SCRIPT_CHARS: Final = 10_000
_WRITTEN: Final = re.compile(
    rf"\$\$(?P<display>[^$]{{1,{_TEX_CHARS}}})\$\$|\\\[(?P<block>.{{1,{_TEX_CHARS}}}?)\\\]"
    rf"|\\\((?P<inline>.{{1,{_TEX_CHARS}}}?)\\\)",
    re.DOTALL,
)
_WRITTEN_IN_DOLLARS: Final = re.compile(
    rf"{_WRITTEN.pattern}|(?<![\\$\w])\$(?P<dollar>[^\s$](?:[^$\n]{{0,300}}[^\s$\\])?)\$(?![\w$])",
    re.DOTALL,
)
_NO_TEX: Final = ("pre", "code", "script", "style", "textarea", "kbd", "samp", "tt")
_WRAPPERS: Final = 3
_BETWEEN: Final = {"msup": "^", "msub": "_", "mfrac": "/", "msubsup": "_", "mroot": " root "}


def settle(root: HtmlElement) -> None:
    """Put one span in the place of each formula, however it is drawn."""
    _settle_written(root)
    for script in list(elements(root, "script")):
        kind = (script.get("type") or "").lower()
        if kind.startswith("math/tex"):
            _replace(script, script.text or "", is_display="mode=display" in kind.replace(" ", ""))
    for math in list(elements(root, "math")):
        tex = next(
            (
                one.text_content()
                for one in math.iter("annotation")
                if "tex" in (one.get("encoding") or "").lower()
            ),
            "",
        )
        if tex.strip():
            _replace(math, tex, is_display=math.get("display") == "block")
        else:
            math.text, said = _words(math), list(math)
            for child in said:
                math.remove(child)
            math.tag = "span"
    formulas = [one for one in elements(root, "span") if one.get(TEX)]
    # The drawing stands beside the formula, or beside what wraps it; else it is all there is.
    beside = {above for one in formulas for above in islice(one.iterancestors(), _WRAPPERS)}
    for one in list(elements(root, "span", "div", "img")):
        if _DRAWN.search(named(one)) and one not in beside and one.getparent() in beside:
            remove(one)


def _settle_written(root: HtmlElement) -> None:
    """Find the formulas that stand in the text as TeX, on pages whose scripts would draw them."""
    scripts = [
        f"{one.get('src') or ''} {one.get('type') or ''} {one.text or ''}"[:_SCRIPT_CHARS]
        for one in elements(root, "script")
    ]
    if not any(map(_DRAWS.search, scripts)):
        return
    form = _WRITTEN_IN_DOLLARS if any(map(_DOLLARS.search, scripts)) else _WRITTEN
    for one in list(elements(root)):
        if one.tag not in _NO_TEX and not is_within(one, *_NO_TEX):
            _split(one, form, one.text, None)
            for child in list(one):
                _split(one, form, child.tail, child)


def _split(
    parent: HtmlElement, form: re.Pattern[str], text: str | None, before: HtmlElement | None
) -> None:
    """Make spans of the formulas in a text of an element: its own, or what follows a child."""
    end, at = 0, 0 if before is None else parent.index(before) + 1
    for found in form.finditer(text or ""):
        span = parent.makeelement("span", {})
        is_display = found.lastgroup in ("display", "block")
        tex = one_line(found[found.lastgroup or 0])
        span.set(TEX, f"{DISPLAY if is_display else ''}{tex}")
        _follow(parent, before, (text or "")[end : found.start()])
        parent.insert(at, span)
        before, end, at = span, found.end(), at + 1
    if end:
        _follow(parent, before, (text or "")[end:])


def _follow(parent: HtmlElement, before: HtmlElement | None, text: str) -> None:
    """Set the text that follows a child of an element, or that begins it."""
    if before is None:
        parent.text = text
    else:
        before.tail = text


def _replace(element: HtmlElement, tex: str, *, is_display: bool) -> None:
    tex = one_line(tex)
    if tex.startswith("{\\displaystyle") and tex.endswith("}"):
        tex = tex[len("{\\displaystyle") : -1].strip()
    span = element.makeelement("span", {TEX: f"{DISPLAY if is_display else ''}{tex}"})
    span.tail = element.tail
    element.getparent().replace(element, span)


def _words(element: HtmlElement) -> str:
    """Return a formula without TeX as it is read on one line."""
    parts = [_words(one) for one in element if isinstance(one.tag, str)]
    tag = element.tag
    if tag in ("annotation", "annotation-xml"):
        return ""
    if tag in _BETWEEN and len(parts) > 1:
        return _BETWEEN[tag].join(_grouped(part) for part in parts)
    if tag == "msqrt":
        return f"√({''.join(parts)})"
    return one_line(element.text) + "".join(parts)


def _grouped(part: str) -> str:
    return part if len(part) == 1 or part.isalnum() else f"({part})"
