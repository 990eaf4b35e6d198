"""Office documents as drafts: nothing lost, notes at their marks, slides as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.errors import SourceError
from notemill.sources.documents import read
from tests.notemill.sources.documents.packed_made import (
    docx,
    odt,
    packed,
    paragraph,
    pptx,
    reference,
    run,
    shape,
    xlsx,
)

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.sources.draft import Draft

pytestmark = pytest.mark.loopback  # each document is read in a process of its own


def made(folder: Path, data: bytes, name: str) -> Draft:
    """Return the draft of a document of these bytes."""
    path = folder / name
    path.write_bytes(data)
    return read(path)


def markdown_of(draft: Draft) -> list[str]:
    """Return the Markdown of all blocks."""
    return [block.markdown for block in draft.blocks]


def test_word(tmp_path: Path) -> None:
    """Headings of any language, levels, footnotes and endnotes of equal ids: all is there."""
    body = (
        paragraph(run("The weir"), style="Top")
        + paragraph(run("Stones"), style="H1")
        + paragraph(
            run("Laid "), run("dry", "b"), run("ly"), reference("footnote", 2), run(" by #hand"),
            reference("endnote", 2), run("."),
        )
        + paragraph(run("first"), level=0) + paragraph(run("below"), level=1)
        + paragraph(run("one"), "<w:r><w:br/></w:r>", run("two"))
        + paragraph("<w:del><w:r><w:delText>taken back</w:delText></w:r></w:del>", run("kept"))
    )  # fmt: skip
    core = "<dc:title>The weir at Fenn</dc:title><dc:creator>Ida Fenn;Ole Rist</dc:creator>"
    data = docx(body, footnotes={2: "By the miller."}, endnotes={2: "In a week."}, core=core)
    draft = made(tmp_path, data, "weir.docx")
    assert markdown_of(draft) == [
        "# The weir", "# Stones", "Laid **dry**ly[^1] by \\#hand[^2].", "1. first\n   - below",
        "one  \ntwo", "kept", "[^1]: By the miller.", "[^2]: In a week.",
    ]  # fmt: skip
    assert (draft.title, draft.authors, draft.notices) == (
        "The weir at Fenn", ("Ida Fenn", "Ole Rist"), (),
    )  # fmt: skip
    assert draft.keys[0].startswith("sha256:")


def test_words_that_are_left_out_are_named(tmp_path: Path) -> None:
    """A note without a mark is in no block, and the draft says which words are missing."""
    body = paragraph(run("Nothing here leads to it."))
    draft = made(tmp_path, docx(body, footnotes={2: "Unseen eel."}, endnotes={}), "eel.docx")
    assert draft.notices == (
        "2 of 7 words of the document are not in the text, among them: unseen, eel.",
    )


def test_slides_come_as_they_are_shown(tmp_path: Path) -> None:
    """The presentation's order counts, not the files'; notes are kept, hidden slides are not."""
    slides = {
        1: shape("title", (0, "Flood")) + shape("body", (0, "high"), (1, "higher"), (0, "dry")),
        2: shape("ctrTitle", (0, "Ebb & all")) + shape("sldNum", (0, "7")),
        3: shape("title", (0, "Hidden")),
        10: shape("body", (0, "#untitled")),
    }
    draft = made(tmp_path, pptx(slides, [10, 2, 1], {2: "Say it slowly."}), "tides.pptx")
    assert markdown_of(draft) == [
        "## Slide 1", "- \\#untitled", "## Ebb & all", "> **Notes**\n>\n> Say it slowly.",
        "## Flood", "- high\n  - higher\n- dry",
    ]  # fmt: skip


def test_spreadsheets_are_tables(tmp_path: Path) -> None:
    """Each sheet is a heading and a table, and a bar in a cell parts no cells."""
    data = xlsx(
        {"Pots & pans": [["name", "heat"], ["a|b", "90"]], "Kilns": [["x", "y"], ["1", "2"]]}
    )
    assert markdown_of(made(tmp_path, data, "pots.xlsx")) == [
        "## Pots & pans", "| name | heat |\n| --- | --- |\n| a\\|b | 90 |",
        "## Kilns", "| x | y |\n| --- | --- |\n| 1 | 2 |",
    ]  # fmt: skip


def test_open_document_notes_agree(tmp_path: Path) -> None:
    """Each mark of a note has its definition, and the other way round."""
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>{0}</text:note-citation>'
        "<text:note-body><text:p>{1}</text:p></text:note-body></text:note>"
    )
    body = (
        '<text:h text:outline-level="1">Weir</text:h>'
        f"<text:p>Of stone{note.format(1, 'From Fenn.')} and oak{note.format(2, 'From Rist.')}.</text:p>"
        f"<text:p>And of clay{note.format(3, 'From here.')}.</text:p>"
    )
    meta = "<dc:title>Weirs</dc:title><meta:initial-creator>Ida Fenn</meta:initial-creator>"
    draft = made(tmp_path, odt(body, meta=meta), "weir.odt")
    text = "\n".join(markdown_of(draft))
    for number, said in enumerate(("From Fenn.", "From Rist.", "From here."), start=1):
        assert f"[^{number}]: {said}" in text
        assert text.count(f"[^{number}]") == 2
    assert "\\[^" not in text
    assert (draft.title, draft.authors, draft.notices) == ("Weirs", ("Ida Fenn",), ())


def test_rich_text(tmp_path: Path) -> None:
    """RTF is read with its letters and its metadata."""
    data = rb"{\rtf1\ansi\ansicpg1252{\info{\title Weirs}{\author Ida Fenn}}Caf\'e9 by the \b weir\b0 .\par}"
    draft = made(tmp_path, data, "weir.rtf")
    assert markdown_of(draft) == ["Café by the **weir**."]
    assert (draft.title, draft.authors) == ("Weirs", ("Ida Fenn",))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Locked, old, cut, empty, and what is no document: each has its sentence."""
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    with pytest.raises(SourceError, match="old Office program"):
        made(tmp_path, old, "weir.doc")
    with pytest.raises(SourceError, match="locked with a password"):
        made(tmp_path, old + "EncryptedPackage".encode("utf-16-le"), "weir.docx")
    whole = docx(paragraph(run("Stones")), footnotes={}, endnotes={})
    with pytest.raises(SourceError, match="damaged"):
        made(tmp_path, whole[: len(whole) // 2], "weir.docx")
    with pytest.raises(SourceError, match="has no text"):
        made(tmp_path, docx(paragraph(), footnotes={}, endnotes={}), "weir.docx")
    with pytest.raises(SourceError, match="damaged, or locked"):
        made(tmp_path, packed({"word/document.xml": "<w:document"}), "weir.docx")
    with pytest.raises(SourceError, match="no document"):
        made(tmp_path, b"plain words", "weir.odt")


def test_word_hides_and_reckons(tmp_path: Path) -> None:
    """Hidden text is left out and named, and the letters of formulas are in the text."""
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>kept from readers </w:t></w:r>"
    shown = '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>told to all </w:t></w:r>'
    space = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    formula = f"<m:oMathPara {space}><m:oMath><m:r><m:t>head=2</m:t></m:r></m:oMath></m:oMathPara>"
    draft = made(
        tmp_path,
        docx(paragraph(hidden, shown, formula), footnotes={}, endnotes={}),
        "weir.docx",
    )
    assert markdown_of(draft) == ["told to all head=2"]
    assert "among them: kept, from, readers" in draft.notices[0]
