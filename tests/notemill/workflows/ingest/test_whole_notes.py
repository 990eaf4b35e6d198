"""From the source to the note itself: no word is lost on the way, and none is said to be there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from notemill.sources import documents
from notemill.sources.feeds.reading import read as read_feed
from notemill.workflows.ingest.rendering import Layout, note_of
from tests.notemill.sources.documents.packed_made import epub
from tests.notemill.sources.documents.pdf_made import PdfPage, pdf
from tests.notemill.sources.pages.test_saved import FACTS, drafted, words_around
from tests.notemill.workflows.ingest.drafts import answered, asked

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.sources.draft import Draft

HERE = Layout("2026-11-29", "Clippings/Weir.md", "Clippings/Weir.md")
SENTENCES = tuple(f"stone{at} lies below the weir, where water{at} is cold" for at in range(40))


def lost(words: set[str], draft: Draft) -> set[str]:
    """Return the words that are nowhere in the note of a draft, properties included."""
    note = note_of(asked(draft), answered(), HERE).decode()
    text = re.sub(r"\\(?=[!-/:-@\[-`{-~])|\*+", "", note).casefold()
    known = set(re.findall(r"\w+", text))
    joined = "".join(re.findall(r"\w+", text))
    return {word for word in words - known if word not in joined}


def words_of(text: str) -> set[str]:
    """Return the words of a text."""
    return set(re.findall(r"\w+", text.casefold()))


@pytest.mark.parametrize("name", sorted(FACTS))
def test_a_page(name: str) -> None:
    """Every word of a saved page's article, by a plain extraction, is in its note."""
    assert not lost(words_around(name, article=True), drafted(name))


@pytest.mark.loopback  # the document is read in a process of its own
def test_a_document_of_pages(tmp_path: Path) -> None:
    """Every word of every page is in the note, in columns too."""
    pages = [PdfPage(), PdfPage()]
    pages[0].lines(60, 100, list(SENTENCES[:20]))
    pages[1].lines(40, 100, [one[:30] for one in SENTENCES[20:]], size=8)
    pages[1].lines(320, 100, [one[30:] for one in SENTENCES[20:]], size=8)
    path = tmp_path / "weir.pdf"
    path.write_bytes(pdf(pages))
    said = " ".join((*SENTENCES[:20], *(f"{one[:30]} {one[30:]}" for one in SENTENCES[20:])))
    assert not lost(words_of(said), documents.read(path))


@pytest.mark.loopback
def test_a_book(tmp_path: Path) -> None:
    """Every word of every chapter is in the note: lists, tables, notes and quotes."""
    forms = ("<p>{}</p>", "<ul><li>{}</li></ul>", "<blockquote>{}</blockquote>", "<pre>{}</pre>",
             "<table><tr><th>a</th><th>b</th></tr><tr><td>{}</td><td/></tr></table>")  # fmt: skip
    chapters = {
        f"c{at}.xhtml": forms[at % len(forms)].format(one) for at, one in enumerate(SENTENCES)
    }
    path = tmp_path / "weir.epub"
    path.write_bytes(epub(chapters, list(chapters)))
    assert not lost(words_of(" ".join(SENTENCES)), documents.read(path))


def test_a_feed() -> None:
    """Every word of an entry's notes is in the note."""
    body = "".join(f"&lt;p&gt;{one}&lt;/p&gt;" for one in SENTENCES)
    data = f"<rss version='2.0'><channel><title>F</title><item><title>A</title><description>{body}</description></item></channel></rss>"
    (entry,) = read_feed(data.encode(), file_name="feed.xml").episodes
    assert not lost(words_of(" ".join(SENTENCES)), entry.draft)
