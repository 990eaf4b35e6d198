"""Whatever marks a stranger puts into one note, every other note ends as beside the note without."""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.app.mill import Mill
from notemill.app.terms import RunTerms
from notemill.cli.front import TerminalFront
from notemill.config import EmbeddingSettings, Exclusions
from notemill.embedding_kind import EmbeddingKind
from notemill.markup.reading import Reading
from notemill.vault.marks import RELATED_BEGIN, RELATED_END, TAGS_BEGIN, TAGS_END
from notemill.vault.region import owners_text
from notemill.vault.related import Form
from notemill.vault.tidy import TidyKind
from notemill.workflows.curation.survey import Selection
from notemill.workflows.links.finding import LinkSearch
from tests.notemill.workflows.notes import tree, write_notes
from twolane import Settings
from twolane.front.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTES = {
    "Soil.md": "---\ntags: [soup, garden]\n---\nGarden soil lives by worms, leaves and compost.\n",
    "Mulch.md": "Mulch of leaves protects garden soil and feeds worms. #bread\nstatus:: done\n",
    "Heap.md": "---\nTags: [garden, Soup]\n---\nCompost of leaves feeds garden soil with worms.\n",
}
MARKS = [
    spelled
    for mark in (TAGS_BEGIN, TAGS_END, RELATED_BEGIN, RELATED_END)
    for spelled in (mark, mark, mark, f"  {mark} ", f"    {mark}", f"> {mark}", mark.upper(),
                    mark.replace(" -->", ""), mark.replace(": ", ":"), f"{mark} {mark}")
]  # fmt: skip
LINES = [
    *MARKS, "- pwned (soup, bread)", "- ~~garden~~", "- [[Soil]]", "- [[Mulch]]", "* [[Heap|Soil]]",
    "## Related", "notemill: ignore", "```", "%%", "$$", "<!--", "-->", "<%", "", "\\",
]  # fmt: skip
WORDS = "A clipped page about sailing boats."


def defused(text: str) -> str:
    """Return a text whose marks are none: without its region, and the others of another program."""
    return (
        owners_text(Reading(text)).replace("notemill", "notebill").replace("NOTEMILL", "NOTEBILL")
    )


async def everything(root: Path, home: Path) -> None:
    """Curate, accept, link in both forms and tidy, as one who says yes to all."""
    console = Console(io.StringIO())
    front = TerminalFront(yes=True, console=console)
    settings = Settings(home=home, provider="offline")
    off = EmbeddingSettings(kind=EmbeddingKind.OFF)
    async with await Mill.open(root, settings, front, exclusions=Exclusions()) as mill:
        await mill.curating.curate(Selection(), RunTerms(stages="none"), apply=True)
        await mill.tags.accept(None)
        for top, form in ((1, Form.SECTION), (2, Form.PROPERTY)):
            await mill.links.find(LinkSearch(top, 0.1, form), off, apply=True)
        await mill.tidying.tidy(tuple(TidyKind))


def others(clipped: str) -> dict[str, bytes]:
    """Return all notes but the clipped one, after everything was done with both."""
    with tempfile.TemporaryDirectory() as folder:
        root = write_notes(Path(folder) / "vault", {**NOTES, "Clip.md": clipped})
        asyncio.run(everything(root, Path(folder) / "home"))
        found = tree(root)
    del found["Clip.md"]
    return found


def clip(lines: Iterable[str], ending: str) -> str:
    """Return a clipped page with lines of a stranger's below its words."""
    return ending.join([WORDS, "", *lines, ""])


@pytest.mark.long
@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), min_size=1, max_size=9),
    st.sampled_from(["\n", "\n", "\r\n", "\r"]),
)
def test_marks_in_one_note_change_no_other(lines: list[str], ending: str) -> None:
    """Opened, closed, nested, doubled, misspelled or hidden, by any line ending."""
    text = clip(lines, ending)
    assert others(text) == others(defused(text))
