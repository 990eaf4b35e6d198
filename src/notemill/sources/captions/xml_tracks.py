"""Captions as XML: YouTube's srv1, srv2 and srv3, and TTML (https://www.w3.org/TR/ttml2/); pure.

Only what is said and when is read: no styles, regions or entities of the file's own.
"""

from __future__ import annotations

import re
from typing import Any, Final

from notemill.errors import SourceError
from notemill.sources.captions.inline import plain_entities
from notemill.sources.captions.numbers import seconds
from notemill.sources.captions.shown import Caption, Read, lines_of

_MS: Final = 1000
_TICKS: Final = 10_000_000
"""Ticks of a second where a file says nothing, as its writers in practice have them."""

_OFFSET: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(h|ms|m|s|f|t)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_FRAMES: Final = re.compile(r"([0-9:]{5,12}):([0-9]{1,3})")
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def read(text: str) -> Read:
    """Return the captions of a text in XML. Raises SourceError for what holds none."""
    from lxml import etree  # noqa: PLC0415  # takes 20 ms to import

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise SourceError("its XML is damaged")
    kind = _name(root)
    if kind not in {"transcript", "timedtext", "tt"}:
        raise SourceError("its XML is no transcript of a known form")
    elements = root.iter("{*}p", "{*}text", "p", "text")
    rates = _rates(root)
    captions = [one for element in elements if (one := _caption(element, kind, rates)) is not None]
    return Read(captions, root.get(_LANGUAGE) or "")


def _name(element: Any) -> str:  # noqa: ANN401
    """Return an element's name without its namespace, '' of a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _caption(element: Any, kind: str, rates: dict[str, float]) -> Caption | None:  # noqa: ANN401
    for line_break in element.iter("{*}br", "br"):
        line_break.tail = "\n" + (line_break.tail or "")
    text = "".join(element.itertext())
    if kind == "transcript":  # srv1, whose text is escaped twice
        text = plain_entities(text)
    if not text.strip():
        return None
    if kind == "tt":
        start = _of_clock(element.get("begin"), rates) or 0.0
        end = _of_clock(element.get("end"), rates)
        if end is None:
            end = start + (_of_clock(element.get("dur"), rates) or 0.0)
    else:
        per_second = 1 if element.get("start") is not None else _MS
        start = seconds(element.get("start") or element.get("t"), per_second) or 0.0
        end = start + (seconds(element.get("dur") or element.get("d"), per_second) or 0.0)
    word_times = any(_name(one) == "s" and one.get("t") for one in element)
    return Caption(start, max(start, end), lines_of(text), word_times)


def _rates(root: Any) -> dict[str, float]:  # noqa: ANN401
    """Return how many frames and ticks a TTML file has in a second."""
    rates = {"f": 30.0, "t": float(_TICKS)}
    for name, value in list(root.attrib.items())[:100]:
        number = seconds(value)
        if number and str(name).endswith("}frameRate"):
            rates["f"] = number
        elif number and str(name).endswith("}tickRate"):
            rates["t"] = number
    return rates


def _of_clock(written: str | None, rates: dict[str, float]) -> float | None:
    """Return a time of TTML in seconds: `00:01:02.5`, `00:01:02:12` with frames, `62.5s`."""
    if written is None:
        return None
    if found := _OFFSET.fullmatch(written):
        per_unit = _UNITS.get(found[2]) or 1 / rates[found[2]]
        return seconds(float(found[1]) * per_unit)
    if (found := _FRAMES.fullmatch(written)) and written.count(":") == len("::") + 1:
        whole = seconds(found[1])
        return None if whole is None else whole + int(found[2]) / rates["f"]
    return seconds(written)
