"""`notemill demo`: the main job on a sample vault, with its undo, without a key or a network."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from notemill.app import events
from notemill.app.link_events import PairsProposed
from notemill.app.mill import Mill
from notemill.app.standing import standing_in
from notemill.app.terms import LINKS_A_NOTE, OFFLINE, RunTerms
from notemill.cli.diffs import print_diff
from notemill.cli.endings import show_endings
from notemill.cli.front import TerminalFront
from notemill.config import EmbeddingSettings, Exclusions, check_settings
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import UsageError
from notemill.properties import ALL
from notemill.workflows.curation.survey import Selection
from notemill.workflows.links.finding import LinkSearch
from notemill.workflows.tags.retagging import checked_changes, plan_retagging, write_retagging
from twolane import Settings, format_usd, load_settings
from twolane.front.command import hide_keys
from twolane.front.console import Table, counted, exit_code, result_console, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.app.events import Event
    from notemill.app.opened import OpenVault
    from notemill.app.standing import Standing
    from notemill.workflows.links.explaining import ExplainedPair
    from notemill.workflows.tags.findings import TagReport
    from twolane.front.console import Console

# Two in real time, unusual ones, several batches at once, then all: every kind of stage.
STAGES = "2,6,122"
# Plain English, another script, and frontmatter with every property.
SHOWN_NOTES = (
    "Areas/Software/Unicode normalisation, or why é is not é.md",
    "Kitchen/麻婆豆腐.md",
    "Projects/Meter pipeline/Notes.md",
)
SHOWN_MERGES = 6
SHOWN_PAIRS = 6
MIN_SCORE = 0.5
"""Less than the default of `notemill link`: a small vault of many subjects has little evidence."""


async def run_demo(*, folder: Path | None, home: Path | None, config: Path | None) -> int:
    """Copy the sample vault, curate and link it, show it, undo it; return the exit code."""
    console = result_console()
    base = Path(tempfile.mkdtemp(prefix="notemill-demo-"))
    target = folder or base / "vault"
    flags = {"home": home or base / "home", "config": config, "provider": OFFLINE}
    given = load_settings(flags)
    hide_keys(given, check_settings(given.config).api_key)
    # The demo needs no key and must not spend money where there is one.
    settings = replace(given, api_key=None, model=None, batch_size=None)
    _copy_sample(target)
    _heading(console, "A sample vault")
    console.print(f"copied to {shown(str(target))}")
    front = _DemoFront(console)
    async with await Mill.open(target, settings, front, exclusions=Exclusions(), used=ALL) as mill:
        originals = await mill.on(_texts)
        before = await mill.on(standing_in)
        tags = await _tidy_tags(mill, console)
        curation, code = await _curate(mill, console)
        linking = await _link(mill, console)
        _show_notes(originals, await mill.on(_texts), console)
        _show_standing(before, await mill.on(standing_in), console)
        await _show_price(target, settings, console)
        _heading(console, "And back again, to the byte")
        for run in (linking, curation, tags):
            restored = await mill.applying.undo(run)
            count = sum(one.restored for one in restored)
            console.print(f"notemill undo {run}: {counted(count, 'note')} restored")
        now = await mill.on(_texts)
        same = sum(now.get(key) == raw for key, raw in originals.items())
        console.print(f"{same:,} of {len(originals):,} are identical to the sample vault")
    _heading(console, "What to do next")
    console.print_lines(
        "notemill curate VAULT --dry-run   the price, and one request word for word\n"
        "notemill curate VAULT             proposals for your notes; nothing is written\n"
        "notemill review                   decide on them, one key each\n"
        "notemill apply                    write them; `notemill undo last` reverts them\n"
        "notemill link VAULT               pairs of notes to link, and why\n"
        "notemill tags VAULT               the vault's tags, and what is wrong with them\n"
        "notemill serve VAULT              all of this on a page in your browser"
    )
    return code if same == len(originals) else 1


class _DemoFront(TerminalFront):
    """Shows what the commands would show, except what means nothing in a vault nobody knows."""

    quiet = (events.ProviderChosen, events.Surveyed, events.Planned)

    def __init__(self, console: Console) -> None:
        super().__init__(yes=True, console=console)

    def tell(self, event: Event) -> None:
        if isinstance(event, PairsProposed):
            groups = [one for one in event.groups if all(map(_has_reason, one.pairs))]
            more = event.more + len(groups[SHOWN_PAIRS:])
            event = PairsProposed(tuple(groups[:SHOWN_PAIRS]), more)
        if not isinstance(event, self.quiet):
            super().tell(event)


def _texts(opened: OpenVault) -> dict[str, bytes]:
    return {file.key: opened.vault.read(file.key) for file in opened.vault.scan()}


async def _tidy_tags(mill: Mill, console: Console) -> str:
    """Merge the spellings of each tag, and drop meaningless tags; return the run."""
    _heading(console, "Tags: one spelling each")
    found = await mill.tags.report()
    for merge in found.merges[:SHOWN_MERGES]:
        console.print(f"#{shown(merge.tag)} → #{shown(merge.into)}  {shown(merge.reason)}")
    console.print(
        f"… {len(found.merges):,} in all, and {len(found.droppable):,} without a meaning are "
        "removed"
    )
    run = "tags-demo"
    written, failures = await mill.on(_retag, found, run)
    show_endings(written, run, failures, console)
    return run


def _retag(opened: OpenVault, found: TagReport, run: str) -> tuple[int, list[tuple[str, str]]]:
    """Make all changes that were found; return the number of notes written, and the failures."""
    changes: dict[str, str | None] = {one.tag: one.into for one in found.merges}
    changes |= {one.tag: None for one in found.droppable}
    privacy = opened.privacy
    facts = opened.look().facts
    plan = plan_retagging(opened.vault, facts, checked_changes(changes), privacy=privacy)
    endings = write_retagging(opened.vault, opened.review, plan, privacy=privacy, run=run)
    failures = [(key, problem) for key, problem in endings if problem]
    return len(plan.touched) - len(failures), failures


async def _curate(mill: Mill, console: Console) -> tuple[str, int]:
    """Curate all notes in stages, and write the proposals; return the run and its exit code."""
    _heading(console, "Curated through both lanes, in stages")
    # Its tags were tidied a moment ago, and are enough to go by.
    ended = await mill.curating.curate(
        Selection(), RunTerms(stages=STAGES), apply=True, vocabulary=False
    )
    return ended.report.run, exit_code(ended.report)


async def _link(mill: Mill, console: Console) -> str:
    """Find pairs, show some and write them; return the run."""
    _heading(console, "Notes that belong together, linked both ways")
    # Whatever is installed, the demo shows the same everywhere, at once, and sends nothing.
    off = EmbeddingSettings(EmbeddingKind.OFF)
    ended = await mill.links.find(LinkSearch(LINKS_A_NOTE, MIN_SCORE), off)
    for explained, _ in await mill.links.standing(ended):
        if not _has_reason(explained):
            await mill.links.reject(explained.pair.a, explained.pair.b)
    await mill.links.apply(ended.run)
    return ended.run


def _has_reason(explained: ExplainedPair) -> bool:
    """Return whether a pair has a reason to show: one without would convince nobody."""
    return bool(explained.why.as_line())


def _show_notes(before: Mapping[str, bytes], after: Mapping[str, bytes], console: Console) -> None:
    _heading(console, "Three notes, before and after")
    for key in SHOWN_NOTES:
        print_diff(console, before[key], after[key], key)


def _show_standing(before: Standing, after: Standing, console: Console) -> None:
    _heading(console, "The graph, before and after")
    table = Table(("", "before", "after"), frozenset(("before", "after")))
    for name, old, new in (
        ("notes with a description", before.described, after.described),
        ("notes with tags", before.tagged, after.tagged),
        ("tags that are variants or have no meaning", before.variants, after.variants),
        ("pairs of linked notes", before.links, after.links),
        ("notes that share neither link nor tag", before.alone, after.alone),
        ("parts not connected by links or tags", before.parts, after.parts),
    ):
        table.add(name, f"{old:,}", f"{new:,}")
    console.print_table(table)


async def _show_price(target: Path, settings: Settings, console: Console) -> None:
    """Show what a model would cost for all of it, in either lane; nothing is sent."""
    _heading(console, "What a model would cost")
    rehearsed = replace(settings, provider="anthropic", home=settings.home / "price")
    front = _DemoFront(console)
    async with await Mill.open(
        target, rehearsed, front, exclusions=Exclusions(), used=ALL, rehearsal=True
    ) as mill:
        plan = await mill.curating.plan(Selection(refresh=True), RunTerms(), vocabulary=False)
    if plan.offer is None:
        return
    quote = plan.offer.plan.quote
    console.print(
        f"{counted(quote.items, 'note')} with {quote.model}: {format_usd(quote.batch_nano)} in "
        f"batches, {format_usd(quote.realtime_nano)} in real time; this demo was free"
    )


def _copy_sample(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        message = f"{target} already exists and is not empty; name another folder"
        raise UsageError(message)
    with resources.as_file(resources.files("notemill") / "sample_vault") as sample:
        shutil.copytree(sample, target, dirs_exist_ok=True)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(text, style="bold")
