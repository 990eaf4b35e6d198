"""EPUBs as drafts: the order of the spine, people by their roles, notes at their marks."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from notemill.errors import SourceError
from notemill.sources.documents import read
from tests.notemill.sources.documents.packed_made import epub, packed

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.sources.draft import Draft

METADATA = (
    '<dc:title id="s">A story of tides</dc:title><dc:title id="m">The Causeway</dc:title>'
    '<meta refines="#m" property="title-type">main</meta>'
    '<dc:creator id="t">Ole Rist</dc:creator><meta refines="#t" property="role">trl</meta>'
    '<dc:creator id="a">Ida Fenn</dc:creator><meta refines="#a" property="role">aut</meta>'
    "<dc:language>en-GB</dc:language><dc:date>2019-05-06</dc:date>"
    '<meta property="dcterms:modified">2024-01-01T00:00:00Z</meta>'
)


def made(folder: Path, data: bytes, name: str = "book.epub") -> Draft:
    """Return the draft of a book of these bytes."""
    path = folder / name
    path.write_bytes(data)
    return read(path)


def without(data: bytes, part: str) -> bytes:
    """Return a book without one of its parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        return packed({name: pack.read(name) for name in pack.namelist() if name != part})


def markdown_of(draft: Draft) -> list[str]:
    """Return the Markdown of all blocks."""
    return [block.markdown for block in draft.blocks]


def test_chapters_come_in_the_order_of_the_spine(tmp_path: Path) -> None:
    """Neither the manifest's nor the archive's order counts; the contents are no text."""
    chapters = {
        "a.xhtml": "<h1>Two</h1><p>second</p>",
        "nav.xhtml": "<nav><ol><li><a href='z.xhtml'>contents</a></li></ol></nav>",
        "apart.xhtml": "<p>apart</p>",
        "z.xhtml": "<h1>One</h1><p>first</p>",
    }
    data = epub(
        chapters,
        ["nav.xhtml", "z.xhtml", "*apart.xhtml", "a.xhtml"],
        metadata=METADATA,
        properties={"nav.xhtml": "nav"},
    )
    draft = made(tmp_path, data)
    assert markdown_of(draft) == ["# One", "first", "# Two", "second", "apart"]
    assert (draft.title, draft.authors, draft.language, draft.published) == (
        "The Causeway", ("Ida Fenn",), "en", "2019-05-06",
    )  # fmt: skip


def test_people_as_epub_2_has_them(tmp_path: Path) -> None:
    """A role may be an attribute; where nobody has a role, all creators are authors."""
    page, spine = {"a.xhtml": "<p>a</p>"}, ["a.xhtml"]
    roles = (
        '<dc:creator opf:role="ill">Ole Rist</dc:creator><dc:creator opf:role="aut">Ida Fenn</dc:creator>'
        '<dc:date opf:event="modification">2020-01-01</dc:date><dc:date>0101-01-01T00:00:00+00:00</dc:date>'
    )
    draft = made(tmp_path, epub(page, spine, metadata=roles))
    assert (draft.authors, draft.published, draft.title) == (("Ida Fenn",), "", "book")
    none = "<dc:creator>Ole Rist</dc:creator><dc:creator>Ida Fenn</dc:creator>"
    assert made(tmp_path, epub(page, spine, metadata=none)).authors == ("Ole Rist", "Ida Fenn")


def test_notes_of_another_file_stand_at_their_marks(tmp_path: Path) -> None:
    """A note in a file of its own, with an id that others use too, gets one number in the book."""
    mark = '<sup><a epub:type="noteref" href="notes.xhtml#n1">1</a></sup>'
    here = '<sup><a epub:type="noteref" href="#n1">1</a></sup>'
    chapters = {
        "one.xhtml": f"<p>The sill{mark} was wet.</p>",
        "two.xhtml": f'<p>So was the floor{here}.</p><aside epub:type="footnote" id="n1"><p>Of oak.</p></aside>',
        "notes.xhtml": '<aside epub:type="footnote" id="n1"><p>Of stone.</p></aside>',
    }
    draft = made(tmp_path, epub(chapters, ["one.xhtml", "two.xhtml", "*notes.xhtml"]))
    assert markdown_of(draft) == [
        "The sill[^1] was wet.", "So was the floor[^2].", "[^1]: Of stone.", "[^2]: Of oak.",
    ]  # fmt: skip


def test_letters_and_tags_of_xhtml(tmp_path: Path) -> None:
    """Entities that XML does not know, empty elements, encodings and broken tags are read."""
    latin = "<html><body><p>caf\xe9</p></body></html>".encode("iso-8859-1")
    chapters = {
        "a.xhtml": '<p>a&nbsp;b &mdash; &lt;c&gt;<a id="x"/> d</p><p>open <b>bold</p><p>last</p>'
    }
    others: dict[str, str | bytes] = {
        "OPS/latin.xhtml": b'<?xml version="1.0" encoding="iso-8859-1"?>' + latin
    }
    data = epub({**chapters, "latin.xhtml": ""}, ["a.xhtml", "latin.xhtml"], others=others)
    text = "\n".join(markdown_of(made(tmp_path, data)))
    for words in ("— \\<c> d", "bold", "last", "café"):
        assert words in text


def test_chapters_that_are_no_xml_are_read_whole(tmp_path: Path) -> None:
    """Tags that never end, or lie a thousand deep, lose no word behind them."""
    for body in ("<p>a <b>b <i>c" * 3000, "<div>" * 1000 + "<p>deep</p>" + "</div>" * 1000):
        markdown = "\n".join(markdown_of(made(tmp_path, epub({"a.xhtml": body}, ["a.xhtml"]))))
        assert markdown.count("deep") == ("deep" in body)
        assert markdown.count("c") == body.count("c")
    strange = epub({"a.xhtml": '<a id="x"/><p x:y="1"><t:u:v>odd</t:u:v> end</p>'}, ["a.xhtml"])
    assert markdown_of(made(tmp_path, strange)) == ["odd end"]


def test_a_book_without_a_spine_is_read_and_said(tmp_path: Path) -> None:
    """Without an order of its own a book comes in that of its manifest; missing parts are named."""
    draft = made(tmp_path, epub({"b.xhtml": "<p>b</p>", "a.xhtml": "<p>a</p>"}, []))
    assert markdown_of(draft) == ["b", "a"]
    assert "order" in draft.notices[0]
    whole = epub({"a.xhtml": "<p>a</p>", "gone.xhtml": ""}, ["a.xhtml", "gone.xhtml"])
    assert not made(tmp_path, whole).notices
    named = made(tmp_path, without(whole, "OPS/gone.xhtml"))
    assert "gone.xhtml" in named.notices[0]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Locked, empty, damaged, outsized: each book has its sentence."""
    page, spine = {"a.xhtml": "<p>a</p>"}, ["a.xhtml"]
    locked = {"META-INF/encryption.xml": '<e><CipherReference URI="OPS/a.xhtml"/></e>'}
    with pytest.raises(SourceError, match="copy protection"):
        made(tmp_path, epub(page, spine, others=dict(locked)))
    fonts = {"META-INF/encryption.xml": '<e><CipherReference URI="OPS/font.otf"/></e>'}
    assert made(tmp_path, epub(page, spine, others=dict(fonts))).blocks
    with pytest.raises(SourceError, match="has no text"):
        made(tmp_path, epub({"a.xhtml": "<img src='x.png'/>"}, spine))
    whole = epub(page, spine)
    for cut in (10, len(whole) // 2, len(whole) - 5):
        with pytest.raises(SourceError, match=r"damaged|no document"):
            made(tmp_path, whole[:cut])
    with pytest.raises(SourceError, match="no document"):
        made(tmp_path, packed({"readme.txt": "nothing"}))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """What would unpack to more than the limit is refused by the sizes in its directory."""
    data = bytearray(epub({"a.xhtml": "<p>a</p>"}, ["a.xhtml"]))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (600_000_000).to_bytes(4, "little")
    with pytest.raises(SourceError, match="unpacks to 600 MB"):
        made(tmp_path, bytes(data))
