"""Makers of small EPUBs and office documents, as their programs pack them."""

from __future__ import annotations

import io
import zipfile
from html import escape

_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def packed(parts: dict[str, str | bytes]) -> bytes:
    """Return a ZIP archive of parts; one named `mimetype` is stored as it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in parts.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            pack.writestr(name, data, how)
    return out.getvalue()


def epub(
    chapters: dict[str, str],
    spine: list[str],
    *,
    metadata: str = "",
    properties: dict[str, str] | None = None,
    others: dict[str, str | bytes] | None = None,
) -> bytes:
    """Return a book; `chapters` are bodies by file name, `spine` names them in order, `*` if apart."""
    items = "".join(
        f'<item id="i{at}" href="{name}" media-type="application/xhtml+xml" '
        f'properties="{(properties or {}).get(name, "")}"/>'
        for at, name in enumerate(chapters)
    )
    names = list(chapters)
    refs = "".join(
        f'<itemref idref="i{names.index(name.lstrip("*"))}" '
        f'linear="{"no" if name.startswith("*") else "yes"}"/>'
        for name in spine
    )
    pages = {
        f"OPS/{name}": f'{_HEAD}<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head><body>{body}</body></html>'
        for name, body in chapters.items()
    }
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": (
                '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
                '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
            ),
            "OPS/book.opf": (
                f'{_HEAD}<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
                '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
                f'xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>'
                f"<manifest>{items}</manifest><spine>{refs}</spine></package>"
            ),
            **pages,
            **(others or {}),
        }
    )


def run(text: str, style: str = "") -> str:
    """Return a run of Word's; `style` is `b`, `i` or empty."""
    properties = f"<w:rPr><w:{style}/></w:rPr>" if style else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def reference(kind: str, number: int) -> str:
    """Return the mark of a `footnote` or an `endnote`."""
    return f'<w:r><w:{kind}Reference w:id="{number}"/></w:r>'


def paragraph(*runs: str, style: str = "", level: int | None = None) -> str:
    """Return a paragraph of Word's; with a level it is an item of a numbered list."""
    listed = (
        "" if level is None else f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
    )
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{listed}</w:pPr>{"".join(runs)}</w:p>'


def docx(
    body: str, *, footnotes: dict[int, str], endnotes: dict[int, str], core: str = ""
) -> bytes:
    """Return a Word document; styles `H1`, `H2`, `Top` are headings and the title of other languages."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in {"H1": "heading 1", "H2": "heading 2", "Top": "Title"}.items()
    )
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:numFmt w:val="{kind}"/></w:lvl>'
        for at, kind in enumerate(("decimal", "bullet"))
    )
    parts = {
        "document": f"<w:body>{body}</w:body>",
        "styles": styles,
        "numbering": (
            f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
            '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        ),
        "footnotes": _notes("footnote", footnotes),
        "endnotes": _notes("endnote", endnotes),
    }
    return _office(
        "word/document.xml",
        {
            f"word/{name}.xml": f'{_HEAD}<w:{name} xmlns:w="{_WORD}">{inside}</w:{name}>'
            for name, inside in parts.items()
        },
        {name: f"{_TYPES}.wordprocessingml.{name}+xml" for name in parts},
        core,
    )


def _notes(kind: str, notes: dict[int, str]) -> str:
    return "".join(
        f'<w:{kind} w:id="{number}">{paragraph(run(text))}</w:{kind}>'
        for number, text in notes.items()
    )


def pptx(slides: dict[int, str], order: list[int], notes: dict[int, str]) -> bytes:
    """Return a presentation; `slides` are shapes by the numbers of their files."""
    spaces = (
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        f'xmlns:r="{_REL}"'
    )
    ids = "".join(f'<p:sldId id="{300 + at}" r:id="r{at}"/>' for at in order)
    parts: dict[str, str | bytes] = {
        "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relations(
            {f"r{at}": ("slide", f"slides/slide{at}.xml") for at in slides}
        ),
    }
    for at, shapes in slides.items():
        hidden = ' show="0"' if at not in order else ""
        parts[f"ppt/slides/slide{at}.xml"] = f"<p:sld {spaces}{hidden}>{shapes}</p:sld>"
    for at, text in notes.items():
        parts[f"ppt/slides/_rels/slide{at}.xml.rels"] = _relations(
            {"r1": ("notesSlide", f"../notesSlides/notesSlide{at}.xml")}
        )
        parts[f"ppt/notesSlides/notesSlide{at}.xml"] = (
            f"<p:notes {spaces}>{shape('body', (0, text))}{shape('sldNum', (0, str(at)))}</p:notes>"
        )
    return _office("ppt/presentation.xml", parts, {}, "")


def shape(kind: str, *paragraphs: tuple[int, str]) -> str:
    """Return a shape of a slide with paragraphs of some levels."""
    inside = "".join(
        f'<a:p><a:pPr lvl="{level}"/><a:r><a:t>{escape(text)}</a:t></a:r></a:p>'
        for level, text in paragraphs
    )
    return (
        f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>'
        f"<p:txBody>{inside}</p:txBody></p:sp>"
    )


def xlsx(sheets: dict[str, list[list[str]]]) -> bytes:
    """Return a workbook of texts."""
    space = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_REL}"'
    named = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" r:id="r{at}"/>'
        for at, name in enumerate(sheets, start=1)
    )
    parts: dict[str, str | bytes] = {
        "xl/workbook.xml": f"{_HEAD}<workbook {space}><sheets>{named}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            {
                f"r{at}": ("worksheet", f"worksheets/sheet{at}.xml")
                for at in range(1, len(sheets) + 1)
            }
        ),
    }
    for at, rows in enumerate(sheets.values(), start=1):
        cells = "".join(
            f'<row r="{down}">'
            + "".join(
                f'<c r="{chr(65 + across)}{down}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
                for across, text in enumerate(row)
            )
            + "</row>"
            for down, row in enumerate(rows, start=1)
        )
        parts[f"xl/worksheets/sheet{at}.xml"] = (
            f"{_HEAD}<worksheet {space}><sheetData>{cells}</sheetData></worksheet>"
        )
    return _office("xl/workbook.xml", parts, {}, "")


def odt(body: str, *, meta: str = "") -> bytes:
    """Return a text of OpenDocument's."""
    names = ("office", "text", "table", "meta")
    spaces = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in names
    )
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": (
                f"{_HEAD}<office:document-content {spaces}><office:body><office:text>{body}"
                "</office:text></office:body></office:document-content>"
            ),
            "meta.xml": (
                f"{_HEAD}<office:document-meta {spaces}><office:meta>{meta}</office:meta>"
                "</office:document-meta>"
            ),
        }
    )


def _office(
    main: str, parts: dict[str, str] | dict[str, str | bytes], types: dict[str, str], core: str
) -> bytes:
    folder = main.partition("/")[0]
    overrides = "".join(
        f'<Override PartName="/{folder}/{name}.xml" ContentType="{kind}"/>'
        for name, kind in types.items()
    )
    related = {
        f"r{at}": (name, f"{name}.xml") for at, name in enumerate(types) if name != "document"
    }
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
        ),
        "_rels/.rels": _relations({"r0": ("officeDocument", main)}),
        **parts,
    }
    if types:
        made[f"{folder}/_rels/document.xml.rels"] = _relations(related)
    if core:
        made["docProps/core.xml"] = (
            f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/">{core}</cp:coreProperties>'
        )
    return packed(made)


def _relations(related: dict[str, tuple[str, str]]) -> str:
    inside = "".join(
        f'<Relationship Id="{key}" Type="{_REL}/{kind}" Target="{target}"/>'
        for key, (kind, target) in related.items()
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'
