"""How work ended: its run, and in words what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notemill.app.reviewing import Wanted
from notemill.stores.proposals import ProposalState
from notemill.vault.left_alone import LeftAlone

if TYPE_CHECKING:
    from notemill.app.curating import CurationEnded
    from notemill.app.ingest_events import IngestEnded
    from notemill.app.link_results import LinkingEnded
    from notemill.app.mill import Mill
    from notemill.stores.proposals import ProposalKind
    from twolane import Report

MOST_LEFT: Final = 100
"""How many notes that were not written, or sources that were not read, are named."""


@dataclass(frozen=True, slots=True)
class WorkEnded:
    """How work ended: its run, '' if there is none; in words; and whether nothing failed.

    `found` is the number of proposals that it has for a person to decide; `left` are the first
    notes that were not written, or sources that were not read, and why.
    """

    run: str
    words: str
    whole: bool = True
    found: int = 0
    left: tuple[LeftAlone, ...] = ()


async def curation_ended(mill: Mill, ended: CurationEnded) -> WorkEnded:
    """Return how a curation ended."""
    if ended.run is None:
        return WorkEnded("", "Nothing to do: no note needs work.")
    whole = ended.complete and _is_whole(ended.report)
    found = await _pending(mill, run=ended.run.id)
    return WorkEnded(ended.run.id, _answered(ended.report, found), whole, found)


async def linking_ended(mill: Mill, ended: LinkingEnded) -> WorkEnded:
    """Return how a search for links ended."""
    if not ended.run:
        return WorkEnded("", "Nothing to do: no new link is likely enough.")
    whole = (ended.report is None or _is_whole(ended.report)) and (
        ended.written is None or ended.written.is_whole
    )
    if ended.written is not None:
        return WorkEnded(ended.run, written_words(len(ended.written.notes), 0), whole)
    found = await _pending(mill, run=ended.run)
    return WorkEnded(ended.run, f"{_proposals(found)} to review.", whole, found)


async def ingest_ended(mill: Mill, ended: IngestEnded) -> WorkEnded:
    """Return how an ingest ended, with the sources that became no note."""
    left = (
        *(LeftAlone(one.source, one.why) for one in ended.unread),
        *(LeftAlone(one.note, one.why) for one in ended.left),
    )
    counts = (
        (len(ended.notes), "made into notes"),
        (ended.report.items.total - ended.report.items.succeeded, "not answered"),
        (len(ended.unchanged), "known already"),
        (len(ended.left), "left as they are"),
        (len(ended.unread), "not read"),
    )
    words = ", ".join(f"{count:,} {words}" for count, words in counts if count)
    whole = ended.complete and not left and _is_whole(ended.report)
    run = "" if ended.run is None else ended.run.id
    found = await _pending(mill, run=run) if run else 0
    return WorkEnded(run, f"Sources: {words or 'none'}.", whole, found, left[:MOST_LEFT])


async def resumed(mill: Mill, run: str, report: Report) -> WorkEnded:
    """Return how a resumed run ended."""
    found = await _pending(mill, run=run)
    return WorkEnded(run, _answered(report, found), _is_whole(report), found)


async def looked_for(mill: Mill, *kinds: ProposalKind) -> WorkEnded:
    """Queue the changes of some kinds that a vault needs now; return how many wait."""
    await mill.reviewing.look_for(kinds)
    found = await _pending(mill, kinds=kinds)
    words = f"{_proposals(found)} to review." if found else "Nothing was found to change."
    return WorkEnded("", words, found=found)


async def _pending(
    mill: Mill, *, run: str | None = None, kinds: tuple[ProposalKind, ...] | None = None
) -> int:
    counts = await mill.reviewing.counts(Wanted(run=run, kinds=kinds))
    return counts[ProposalState.PENDING]


def _is_whole(report: Report) -> bool:
    items = report.items
    return items.succeeded == items.total


def _answered(report: Report, found: int) -> str:
    items = report.items
    words = f"{items.succeeded:,} of {notes_of(items.total)} answered"
    return f"{words}, {_proposals(found)} to review." if found else f"{words}."


def written_words(notes: int, failed: int) -> str:
    """Return how many notes were written, in words."""
    words = f"{notes_of(notes)} written"
    return f"{words}, {notes_of(failed)} could not be written." if failed else f"{words}."


def notes_of(count: int) -> str:
    """Return a number of notes, in words."""
    return f"{count:,} note{'' if count == 1 else 's'}"


def _proposals(count: int) -> str:
    return f"{count:,} proposal{'' if count == 1 else 's'}"
