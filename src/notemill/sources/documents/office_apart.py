"""The adapters of mammoth and kreuzberg: office documents as HTML. They run in a process of their own.

Nothing else imports the two. Kreuzberg 4.10 reads spreadsheets, OpenDocument and RTF; of Word it
loses footnotes where there are endnotes, levels of lists and line breaks, of PowerPoint the order of
slides and what the speaker notes. So Word is read by mammoth, and PowerPoint in `slides`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
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
            BytesIO(data),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
        )
    except Exception as error:  # noqa: BLE001  # it says nowhere what it raises at damaged files
        return {"fault": f"{type(error).__name__}: {error}"}
    return {"html": made.value}


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
