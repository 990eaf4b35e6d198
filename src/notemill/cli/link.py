"""`notemill link`: find related notes, show why, link them; reject and allow pairs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from notemill.app.views import links as views
from notemill.cli.curate import terms_of
from notemill.cli.front import TerminalFront
from notemill.cli.opening import open_vault
from notemill.cli.show.curation import print_change
from notemill.cli.show.links import (
    show_declined,
    show_embedded,
    show_next,
    show_pairs,
    show_undecided,
    show_uniform,
)
from notemill.config import load_embedding
from notemill.errors import EmbeddingError
from notemill.stores.pairs import PairState
from notemill.vault.related import Form
from notemill.workflows.links.finding import LinkSearch
from twolane.front.consent import plan_object, show_request
from twolane.front.console import (
    EXIT_FAILED,
    counted,
    exit_code,
    note_console,
    print_json,
    result_console,
    shown,
)

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.link_results import LinkingEnded, LinksResumed
    from notemill.app.mill import Mill
    from notemill.app.terms import RunTerms
    from notemill.config import EmbeddingSettings
    from twolane import Settings
    from twolane.front.console import Console


async def link_vault(
    settings: Settings,
    *,
    vault: Path,
    top: int,
    min_score: float,
    section: bool,
    only: str | None,
    exclude: tuple[str, ...],
    embedding: str | None,
    ask_model: bool,
    lane: str,
    max_cost: str | None,
    by: str | None,
    by_strict: bool,
    stages: str,
    again: bool,
    dry_run: bool,
    review: bool,
    yes: bool,
    allow_unmatched: bool,
    as_json: bool,
) -> int:
    """Find links in a vault; return the exit code. Raises NotemillError, TwolaneError."""
    terms = terms_of(lane, max_cost, by, by_strict=by_strict, stages=stages)
    search = LinkSearch(top, min_score, Form.SECTION if section else Form.PROPERTY, only)
    meaning = load_embedding(embedding, config=settings.config)
    asked = terms if ask_model else None
    front = TerminalFront(yes=yes)
    async with await open_vault(vault, settings, front, exclude, dry_run=dry_run) as mill:
        if dry_run:
            return await _rehearse(
                mill, search, meaning, asked, front.console,
                allow_unmatched=allow_unmatched, as_json=as_json,
            )  # fmt: skip
        return await find(
            mill, search, meaning, asked, front.console,
            again=again, apply=not review, allow_unmatched=allow_unmatched, as_json=as_json,
        )  # fmt: skip


async def find(
    mill: Mill,
    search: LinkSearch,
    embedding: EmbeddingSettings,
    terms: RunTerms | None,
    console: Console,
    *,
    again: bool,
    apply: bool,
    allow_unmatched: bool = False,
    as_json: bool,
) -> int:
    """Find links in an open vault; return the exit code. Raises NotemillError, TwolaneError."""
    ended = await mill.links.find(
        search, embedding, terms, again=again, apply=apply, allow_unmatched=allow_unmatched
    )
    if not ended.run:
        console.print("nothing to do: no new link is likely enough (see --min-score)")
    elif not apply:
        show_next(ended.run, console)
    if as_json:
        print_json(views.linking_ended(ended, await mill.links.standing(ended)))
    code = exit_code(ended.report) if ended.report else 0
    if ended.written is not None and not ended.written.is_whole:
        code = EXIT_FAILED
    return code or await _embed(mill, embedding, ended, console, as_json=as_json)


async def _embed(
    mill: Mill,
    embedding: EmbeddingSettings,
    ended: LinkingEnded,
    console: Console,
    *,
    as_json: bool,
) -> int:
    """Compute embeddings for the next search, once the results of this one are shown.

    Return the exit code. Raises EmbeddingError, unless the one JSON object is printed already.
    """
    try:
        show_embedded(await mill.links.embed(embedding, ended.found), console)
    except EmbeddingError as error:
        if not as_json:
            raise
        console.print(f"error: {error}")
        return error.exit_code
    return 0


async def _rehearse(
    mill: Mill,
    search: LinkSearch,
    embedding: EmbeddingSettings,
    terms: RunTerms | None,
    console: Console,
    *,
    allow_unmatched: bool,
    as_json: bool,
) -> int:
    """Show the pairs found, and with a model the request and its price; return 0."""
    ended, plan = await mill.links.rehearse(
        search, embedding, terms, allow_unmatched=allow_unmatched
    )
    if plan is None:
        if as_json:
            print_json(views.linking_ended(ended, await mill.links.standing(ended)))
        return 0
    if plan.preview is not None:
        show_request(plan.preview, console)
    if as_json:
        print_json(plan_object(plan.offer.plan, plan.preview))
    return 0


def conclude_resumed(resumed: LinksResumed, console: Console, *, as_json: bool) -> int:
    """Print the next steps for the pairs of a resumed run; return the exit code."""
    if resumed.written is None:
        show_next(resumed.report.run, console)
    if as_json:
        print_json(views.links_resumed(resumed))
    troubled = resumed.written is not None and not resumed.written.is_whole
    return exit_code(resumed.report) or (EXIT_FAILED if troubled else 0)


async def show_links(mill: Mill, run_id: str, *, item: str | None, as_json: bool) -> int:
    """Show a run's pairs with their reasons, and what writing them would change; return 0."""
    found = await mill.links.shown(run_id, item)
    if as_json:
        print_json(views.links_shown(found, await mill.links.explained(found.pairs)))
        return 0
    groups = await mill.links.grouped(found.waiting)
    change = await mill.links.change(run_id, found.waiting, item) if item else None
    with result_console().paged() as out:
        show_pairs(groups, out)
        show_undecided(found.undecided, out, limit=None)
        show_declined(found.declined, out)
        show_uniform(found.answers.uniform, out)
        if change is not None:
            print_change(change, out)
    states = Counter(one.state for one in found.pairs)
    for state in PairState:
        if states[state]:
            note_console().print(f"{states[state]:,} {shown(state)}")
    return 0


async def apply_links(mill: Mill, run_id: str, *, item: str | None, as_json: bool) -> int:
    """Write a run's links into both notes of each pair; return the exit code."""
    written, hidden = await mill.links.apply(run_id, item)
    if as_json:
        print_json(views.links_applied(run_id, written, hidden))
    return 0 if written.is_whole else EXIT_FAILED


async def reject_pair(
    settings: Settings, *, vault: Path, one: str, other: str, as_json: bool
) -> int:
    """Reject a pair of notes for good; return 0. Raises NotemillError."""
    front = TerminalFront()
    async with await open_vault(vault, settings, front) as mill:
        rejected = await mill.links.reject(one, other)
    front.console.print(f"{shown(rejected.a)} and {shown(rejected.b)} are not proposed again")
    if rejected.standing:
        front.console.print("to remove its links: notemill link --apply")
    if as_json:
        print_json(views.pair_rejected(rejected))
    return 0


async def allow_pairs(
    settings: Settings,
    *,
    vault: Path,
    one: str | None,
    other: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Allow rejected pairs again, and propose those a model did not accept; return 0.

    Raises NotemillError, WaitingForPersonError.
    """
    front = TerminalFront(yes=yes)
    async with await open_vault(vault, settings, front) as mill:
        allowed = await mill.links.allow(*filter(None, (one, other)))
    waiting = Counter(pair.run for pair in allowed if pair.state is PairState.PROPOSED)
    if (rest := len(allowed) - waiting.total()) or not allowed:
        front.console.print(f"{counted(rest, 'pair')} may be proposed again")
    for run, count in waiting.items():
        line = f"{counted(count, 'pair')} proposed; write them with: notemill apply {shown(run)}"
        front.console.print(line)
    if as_json:
        print_json(views.pairs_allowed(allowed))
    return 0
