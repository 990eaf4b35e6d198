"""PDFs as drafts: the order of reading, what is left out and what never is, and what cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import kreuzberg
import pytest

from notemill.errors import SourceError
from notemill.sources.documents import admitting, read
from tests.notemill.sources.documents.pdf_made import HEIGHT, WIDTH, PdfPage, pdf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notemill.sources.draft import Draft

pytestmark = pytest.mark.loopback  # each document is read in a process of its own

PROSE = (
    "The ferry crosses the estuary twice a day as long as the tide is high,",
    "and whoever comes late waits at the inn until the lamp is lit again on",
    "the other shore. The ferryman keeps a book of all who were late, and",
    "in winter the book is read aloud.",
)
ROWS = (
    "the tide came in at noon and",
    "wet the lower planks, so that",
    "nobody could cross until the",
    "ferryman had swept them dry.",
    "He swept for an hour or two.",
)


def made(folder: Path, data: bytes, name: str = "made.pdf") -> Draft:
    """Return the draft of a PDF of these bytes."""
    path = folder / name
    path.write_bytes(data)
    return read(path)


def text_of(draft: Draft) -> str:
    """Return all blocks as one text."""
    return "\n\n".join(block.markdown for block in draft.blocks)


def words_of(text: str) -> list[str]:
    """Return the words of a text, without the signs of Markdown."""
    return re.findall(r"\w+", text.replace("\\", ""))


def two_columns(*, by_line: bool) -> Iterator[PdfPage]:
    """Yield pages of two columns, drawn one after the other, or line by line across both."""
    for number in range(1, 4):
        page = PdfPage().text(60, 40, f"Estuary Papers {number + 70}", size=8)
        if number == 1:
            page.text(60, 80, "Of ferries and of bridges", size=20)
        left = [f"left{number}{at} {row}" for at, row in enumerate(ROWS)]
        right = [f"right{number}{at} {row}" for at, row in enumerate(ROWS)]
        if by_line:
            for at, (one, other) in enumerate(zip(left, right, strict=True)):
                page.text(60, 120 + 14 * at, one).text(320, 120 + 14 * at, other)
        else:
            page.lines(60, 120, left)
            page.lines(320, 120, right)
        yield page.text(290, HEIGHT - 30, str(number + 70), size=8)


@pytest.mark.parametrize("by_line", [True, False])
def test_columns_are_read_one_after_the_other(tmp_path: Path, *, by_line: bool) -> None:
    """The left column comes whole before the right one, however the program drew them."""
    draft = made(tmp_path, pdf(list(two_columns(by_line=by_line))))
    marks = re.findall(r"(?:left|right)\d\d", text_of(draft))
    assert marks == [
        f"{side}{page}{at}" for page in (1, 2, 3) for side in ("left", "right") for at in range(5)
    ]
    assert draft.title == "Of ferries and of bridges"
    assert [block.page for block in draft.blocks if "left20" in block.markdown] == [2]


def test_running_heads_are_left_out_and_named(tmp_path: Path) -> None:
    """A head that comes on every page with its number is named once, in a notice, and left out."""
    draft = made(tmp_path, pdf(list(two_columns(by_line=False))))
    assert "Estuary Papers" not in text_of(draft)
    assert not re.search(r"\b7[123]\b", text_of(draft))
    assert [notice.count("Estuary Papers") for notice in draft.notices] == [1]


def test_heads_of_chapters_differ_and_are_heads(tmp_path: Path) -> None:
    """A head whose words change with the chapter is known by its place and the page's number."""
    pages = []
    for number in range(1, 9):
        chapter = "Ebb" if number < 7 else "Flood"
        page = PdfPage().text(60, 40, f"{chapter} {number + 10}", size=9)
        page.lines(60, 100, list(PROSE))
        pages.append(page)
    draft = made(tmp_path, pdf(pages))
    assert "Flood 17" not in text_of(draft)
    assert "Ebb" not in text_of(draft)


def test_prose_at_the_edge_stays(tmp_path: Path) -> None:
    """Lines that fill the page from edge to edge are text, though they are alike on each page."""
    pages = []
    for number in range(3):
        page = PdfPage()
        page.text(
            30,
            22,
            f"quay{number}a is where this page begins, and it goes on for a whole line of text",
        )
        page.lines(30, 36, [f"row {number * 57 + at}: {PROSE[at % 3]}" for at in range(57)])
        page.text(30, HEIGHT - 12, f"quay{number}z is where the page ends, at the very foot of it.")
        pages.append(page)
    text = text_of(made(tmp_path, pdf(pages)))
    marks = re.findall(r"quay\d[az]", text)
    assert marks == ["quay0a", "quay0z", "quay1a", "quay1z", "quay2a", "quay2z"]


def test_prose_that_repeats_inside_of_a_head_stays(tmp_path: Path) -> None:
    """Beneath a head, a line of the text that is the same on every page is still text."""
    pages = [PdfPage().text(60, 40, f"Ferry Rules {at}", size=8) for at in range(1, 5)]
    for page in pages:
        page.lines(60, 60, list(PROSE))
    assert text_of(made(tmp_path, pdf(pages))).count("The ferry crosses the estuary") == 4


def test_a_page_of_its_own_keeps_all(tmp_path: Path) -> None:
    """In a single page nothing can repeat, so nothing is a head."""
    page = PdfPage().text(250, 30, "17").text(60, 50, "A heading at the edge")
    page.lines(60, 300, list(PROSE))
    text = text_of(made(tmp_path, pdf([page])))
    assert "17" in text
    assert "A heading at the edge" in text


def test_prose_is_no_table_and_a_table_is(tmp_path: Path) -> None:
    """Justified lines stay a paragraph; cells beneath one another become a table."""
    page = PdfPage()
    for at, line in enumerate(PROSE):
        x = 60.0
        for word in line.split():
            page.text(x, 100 + 14 * at, word)
            x += 5.7 * len(word) + 4 + 3 * ((at + len(word)) % 3)
    for at, cells in enumerate(
        (("Tide", "Hour"), ("ebb", "6"), ("flood | high", "12"), ("spring", "18"))
    ):
        page.text(60, 300 + 14 * at, cells[0]).text(220, 300 + 14 * at, cells[1])
    draft = made(tmp_path, pdf([page]))
    prose, table = draft.blocks
    assert words_of(prose.markdown) == words_of(" ".join(PROSE))
    assert "\n" not in prose.markdown
    assert table.markdown.splitlines() == [
        "| Tide | Hour |", "| --- | --- |", "| ebb | 6 |", "| flood \\| high | 12 |", "| spring | 18 |",
    ]  # fmt: skip


def test_parts_are_told_apart(tmp_path: Path) -> None:
    """Headings by size, items by their marks, paragraphs by indent, gap and a short last line."""
    page = PdfPage().text(60, 60, "The inn", size=18)
    y = page.lines(60, 90, list(PROSE)) + 14
    page.text(60, y, "Rooms", bold=True)
    y = page.lines(60, y + 16, list(PROSE))
    page.text(74, y, "An indented line begins a paragraph that is long enough for two lines, as")
    y = page.lines(60, y + 14, ["this one is."]) + 10
    page.lines(
        60, y, ["• a bed by the window, from which", "the lamp is seen", "• a bed by the door"]
    )
    blocks = [block.markdown for block in made(tmp_path, pdf([page])).blocks]
    assert blocks[0] == "# The inn"
    assert blocks[2] == "## Rooms"
    assert blocks[4].startswith("An indented line")
    assert blocks[5] == "- a bed by the window, from which the lamp is seen\n- a bed by the door"


def test_an_index_of_short_lines_is_read_by_columns(tmp_path: Path) -> None:
    """Lines too short for prose are columns if they were drawn so, and rows of a table if not."""
    left = ["anchor, 3", "barge, 9", "buoy, 12", "cable, 4", "chart, 5", "crane, 8"]
    right = ["dredger, 1", "ebb, 2", "ferry, 7", "fog, 11", "galley, 6", "gate, 10"]
    page = PdfPage()
    page.lines(60, 100, left)
    page.lines(320, 100, right)
    text = " ".join(text_of(made(tmp_path, pdf([page]))).split())
    assert words_of(text) == words_of(" ".join(left + right))


def test_no_word_of_another_extraction_is_missing(tmp_path: Path) -> None:
    """Each word that kreuzberg's plain text has is in the draft, but for the heads that are named."""
    path = tmp_path / "made.pdf"
    pages = list(two_columns(by_line=False))
    pages[1].text(20, 600, "stamp of the office", turn=90).text(60, 500, "Table").text(
        300, 500, "9"
    )
    path.write_bytes(pdf(pages))
    config = kreuzberg.ExtractionConfig(output_format="plain", use_cache=False)
    plain = Counter(words_of(kreuzberg.extract_file_sync(path, config=config).content))
    draft = read(path)
    left_out = Counter({"Estuary": 3, "Papers": 3, "71": 2, "72": 2, "73": 2})
    assert plain - Counter(words_of(text_of(draft))) == left_out
    assert not [notice for notice in draft.notices if "letters" in notice]


def test_a_paragraph_goes_on_over_pages(tmp_path: Path) -> None:
    """A sentence that the page's end cuts, even within a word, is one paragraph of the first page."""
    first, second = PdfPage(), PdfPage()
    first.lines(
        60, 700, ["Whoever comes late waits at the inn, which was built for those who were sur-"]
    )
    second.lines(
        60, 60, ["prised by the tide, and has been full ever since that winter of the flood."]
    )
    draft = made(tmp_path, pdf([first, second]))
    assert [block.page for block in draft.blocks] == [1]
    assert "who were surprised by the tide" in text_of(draft)


def test_words_stay_words(tmp_path: Path) -> None:
    """Signs that mean something in a note are escaped."""
    page = PdfPage().text(60, 100, "Write #ferry or [[Inn]] on the slip, never <b>or *stars*.")
    markdown = text_of(made(tmp_path, pdf([page])))
    assert "\\#ferry" in markdown
    assert "[[Inn" not in markdown
    assert words_of(markdown) == words_of("Write ferry or Inn on the slip, never b or stars.")


@pytest.mark.parametrize(("turn", "step"), [(90, (14, 0)), (180, (0, -14)), (270, (-14, 0))])
def test_pages_on_their_side_are_read(tmp_path: Path, turn: int, step: tuple[int, int]) -> None:
    """Text that is drawn at a right angle is read in its lines, from its top."""
    page = PdfPage(rotation=turn)
    for at, line in enumerate(PROSE):
        page.text(300 + step[0] * at, 420 + step[1] * at, line, turn=turn)
    assert words_of(text_of(made(tmp_path, pdf([page])))) == words_of(" ".join(PROSE))


def test_text_at_another_angle_is_not_lost(tmp_path: Path) -> None:
    """A stamp along the margin comes last and does not disturb the lines."""
    page = PdfPage().text(20, 600, "stamp of the harbour office", turn=90)
    page.lines(60, 100, list(PROSE))
    text = text_of(made(tmp_path, pdf([page])))
    assert words_of(text)[: len(words_of(" ".join(PROSE)))] == words_of(" ".join(PROSE))
    assert text.endswith("stamp of the harbour office")


def test_a_watermark_is_left_out(tmp_path: Path) -> None:
    """What stands across each page at an angle is left out as a head is, and named."""
    pages = [PdfPage().text(300, 500, "Draft of the harbour office", turn=90) for _ in range(3)]
    for page in pages:
        page.lines(60, 100, list(PROSE))
    draft = made(tmp_path, pdf(pages))
    assert "Draft of" not in text_of(draft)
    assert "Draft of" in draft.notices[0]


def test_scanned_pages_are_named(tmp_path: Path) -> None:
    """Pages that are pictures among pages of text are named; an empty page is not."""
    scan = PdfPage().picture(20, 20, WIDTH - 40, HEIGHT - 40)
    page = PdfPage()
    page.lines(60, 100, list(PROSE))
    draft = made(tmp_path, pdf([page, scan, scan, PdfPage(), scan]))
    assert [notice for notice in draft.notices if "Pages 2-3, 5 without a text layer" in notice]


def test_a_scan_is_no_source(tmp_path: Path) -> None:
    """A PDF of pictures alone is refused with what would help."""
    scan = PdfPage().picture(20, 20, WIDTH - 40, HEIGHT - 40)
    with pytest.raises(SourceError, match=r"made\.pdf has no text layer.*OCR"):
        made(tmp_path, pdf([scan, scan]))
    with pytest.raises(SourceError, match="has no text"):
        made(tmp_path, pdf([PdfPage()]))


def test_passwords(tmp_path: Path) -> None:
    """What only its owner may change is read; what asks for a password to be read is named so."""
    page = PdfPage().text(60, 100, "Nobody is told the depth of the harbour.")
    assert "depth of the harbour" in text_of(made(tmp_path, pdf([page], passwords=("", "owner"))))
    with pytest.raises(SourceError, match="locked with a password"):
        made(tmp_path, pdf([page], passwords=("reader", "owner")))


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """No traceback on what is cut, no PDF at all, or nothing; each has its own sentence."""
    page = PdfPage()
    page.lines(60, 100, list(PROSE))
    whole = pdf([page])
    with pytest.raises(SourceError, match="damaged or cut off"):
        made(tmp_path, whole[: len(whole) // 3])
    with pytest.raises(SourceError, match="damaged, or no PDF"):
        made(tmp_path, b"<html>404</html>")
    with pytest.raises(SourceError, match="is empty"):
        made(tmp_path, b"")
    with pytest.raises(SourceError, match="cannot be read"):
        read(tmp_path / "not there.pdf")


def test_a_file_without_its_end_is_said_to_be_cut(tmp_path: Path) -> None:
    """Where the reader can repair a file that lacks its end, the note says that it was cut."""
    page = PdfPage()
    page.lines(60, 100, list(PROSE))
    whole = pdf([page])
    draft = made(tmp_path, whole[: whole.rindex(b"startxref")])
    assert "cut off" in draft.notices[0]


def test_too_large_files_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """A file of 300 MB is refused by its size, and the message has the limit."""
    path = tmp_path / "atlas.pdf"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(SourceError, match=r"300 MB; the limit is 200 MB"):
        read(path)
    assert admitting.MOST_BYTES == 200_000_000


@pytest.mark.parametrize(
    "told",
    [
        "Microsoft Word - tides_final2.docx",
        "untitled",
        "Tides.indd",
        "PowerPoint Presentation",
        "",
        "-",
    ],
)
def test_titles_of_programs_are_no_titles(tmp_path: Path, told: str) -> None:
    """What a program wrote into the title is passed over for the largest heading."""
    page = PdfPage().text(60, 60, "Tide tables", size=18)
    page.lines(60, 100, list(PROSE))
    draft = made(tmp_path, pdf([page], title=told, author="Scanner 3"))
    assert draft.title == "Tide tables"
    assert draft.authors == ()


def test_metadata_that_can_be_believed(tmp_path: Path) -> None:
    """A title, authors and language that were written by people are taken; the date of the file is not."""
    page = PdfPage()
    page.lines(60, 100, list(PROSE))
    data = pdf([page], title="On tides", author="Ada Venn, Ole Rist and Ida Fenn", language="en-GB")
    draft = made(tmp_path, data)
    assert (draft.title, draft.language, draft.published) == ("On tides", "en", "")
    assert draft.authors == ("Ada Venn", "Ole Rist", "Ida Fenn")
    assert draft.source == "made.pdf"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", draft.keys[0])
    assert made(tmp_path, pdf([page]), "tide-tables.pdf").title == "tide-tables"


def test_pages_without_the_end_of_a_sentence_stay_pages(tmp_path: Path) -> None:
    """A paragraph goes on over edges, but a whole book is none, so that pages can be told."""
    pages = [PdfPage() for _ in range(12)]
    for page in pages:
        page.lines(60, 60, ["and the water went on and on between the stones of the weir and"] * 50)
    assert len({block.page for block in made(tmp_path, pdf(pages)).blocks}) > 1
