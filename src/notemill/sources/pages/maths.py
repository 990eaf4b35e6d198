"""Formulas: TeX where the page has it, readable words where it has not."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.parsing import elements, named, one_line, remove

if TYPE_CHECKING:
    from lxml.html import HtmlElement

TEX: Final = "data-notemill-tex"
"""The attribute that holds a formula's TeX once `settle` was here; with `$$` before it, a display."""
DISPLAY: Final = "$$"
# What MathJax, KaTeX and Wikipedia draw beside the formula itself.
_DRAWN: Final = re.compile(
    r"(?:^|\s)(?:katex-html|mathjax(?:_preview|_svg|_chtml|_display)?|mwe-math-fallback-image\S*)(?=\s|$)"
)
_WRAPPERS: Final = 3
_BETWEEN: Final = {"msup": "^", "msub": "_", "mfrac": "/", "msubsup": "_", "mroot": " root "}


def settle(root: HtmlElement) -> None:
    """Put one span in the place of each formula, however it is drawn."""
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
