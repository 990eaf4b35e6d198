"""The adapters of mammoth and kreuzberg: office documents as HTML. They run in a process of their own.

Nothing else imports the two. Kreuzberg 4.10 reads spreadsheets, OpenDocument and RTF; of Word it
loses footnotes where there are endnotes, levels of lists and line breaks, of PowerPoint the order of
slides and what the speaker notes. So Word is read by mammoth, and PowerPoint in `slides`.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Any, Final

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TEXT_PART: Final = re.compile(r"word/(?:document|footnotes|endnotes)\d*\.xml")
_UNKNOWN: Final = re.compile(rb"vanish|oMath")
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_STYLES: Final = """
p[style-name='Title'] => h1:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
"""


def read(data: bytes, kind: str) -> dict[str, Any]:
    """Return a document of some media type as `html`, with its metadata, or `fault`."""
    return _word(data) if kind == DOCX else _other(data, kind)


def _word(data: bytes) -> dict[str, Any]:
    import mammoth  # noqa: PLC0415

    try:
        made = mammoth.convert_to_html(
            BytesIO(_as_shown(data)),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
        )
    except Exception as error:  # noqa: BLE001  # it says nowhere what it raises at damaged files
        return {"fault": f"{type(error).__name__}: {error}"}
    return {"html": made.value}


def _as_shown(data: bytes) -> bytes:
    """Return a Word document without hidden text, and with formulas as text: mammoth knows neither."""
    shown = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as pack, zipfile.ZipFile(shown, "w") as changed:
        for entry in pack.infolist():
            part = pack.read(entry)
            if _TEXT_PART.fullmatch(entry.filename) and _UNKNOWN.search(part):
                part = _part_as_shown(part)
            changed.writestr(entry.filename, part)
    return shown.getvalue()


def _part_as_shown(part: bytes) -> bytes:
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(part, parser)
    for run in list(root.iter(f"{_W}r")):
        vanish = run.find(f"{_W}rPr/{_W}vanish")
        if vanish is not None and vanish.get(f"{_W}val") not in ("0", "false", "off"):
            run.getparent().remove(run)
    for formula in list(root.iter(f"{_M}oMath")):
        run = etree.Element(f"{_W}r")
        etree.SubElement(run, f"{_W}t").text = "".join(
            one.text or "" for one in formula.iter(f"{_M}t")
        )
        formula.getparent().replace(formula, run)
    for around in list(root.iter(f"{_M}oMathPara")):
        above = around.getparent()
        for run in list(around.iter(f"{_W}r")):
            around.addprevious(run)
        above.remove(around)
    return bytes(etree.tostring(root))


def _other(data: bytes, kind: str) -> dict[str, Any]:
    import kreuzberg  # noqa: PLC0415

    try:
        result = kreuzberg.extract_bytes_sync(
            data,
            kind,
            config=kreuzberg.ExtractionConfig(output_format="html", use_cache=False),
        )
    except kreuzberg.KreuzbergError as error:
        return {"fault": str(error)}
    told = result.metadata
    return {
        "html": result.content,
        "title": str(told.get("title") or ""),
        "authors": [str(one) for one in told.get("authors") or []],
        "language": str(told.get("language") or ""),
    }
