"""How links look at a terminal: a vault's cohesion, pairs with reasons, repairs, written links."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from notemill.app import link_events
from notemill.cli.endings import show_hidden, show_troubles, trouble
from notemill.stores.pairs import Pair
from notemill.vault.resolve import title_of
from notemill.workflows.links.upkeep import Mend
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from notemill.app.events import Event
    from notemill.app.link_events import Embeddings
    from notemill.index.embedder import EmbeddingProgress
    from notemill.vault.left_alone import LeftAlone
    from notemill.workflows.links.explaining import ExplainedPair, PairGroup
    from notemill.workflows.links.finding import Findings
    from notemill.workflows.links.judging import Uniform
    from notemill.workflows.links.upkeep import Upkeep
    from twolane.front.console import Console

SHOWN_LINES: Final = 8
_MENDS: Final = {
    Mend.ADD: "gets the link back",
    Mend.REMOVE: "loses the link",
    Mend.RETARGET: "has its link retargeted",
}


def show_findings(findings: Findings, console: Console) -> None:
    """Show the vault's cohesion, now and with all found pairs linked."""
    before, after = findings.before, findings.after
    console.print(
        f"{counted(before.notes, 'note')}; {counted(len(findings.pairs), 'pair')} to link"
    )
    console.print(f"  without any link: {before.orphans:,} → {after.orphans:,}")
    console.print(f"  parts not connected by links: {before.components:,} → {after.components:,}")


def show_compared(had: Embeddings | None, console: Console) -> None:
    """Show by what the notes were compared, if there is a model for their meaning."""
    if had is None:
        return
    if not had.used:
        line = (
            f"words and links alone: {had.made:,} of {counted(had.total, 'note')} embedded so far"
        )
    elif had.made < had.total:
        line = f"words, links and meaning ({had.made:,} of {counted(had.total, 'note')} embedded)"
    else:
        line = "words, links and meaning"
    console.print(f"compared by {line}")


def show_embedded(now: EmbeddingProgress | None, console: Console) -> None:
    """Show how many notes are embedded after a search, and how the rest is had."""
    if now is None:
        return
    if now.done == now.total:
        line = (
            f"all {now.total:,} notes are embedded now: the next `notemill link` compares meaning"
        )
    else:
        line = (
            f"{now.done:,} of {counted(now.total, 'note')} are embedded now; the next `notemill link` "
            "continues"
        )
    console.print(line)


def show_left_out(findings: Findings, skipped: Iterable[LeftAlone], console: Console) -> None:
    """Show what is left alone, grouped by reason; hidden notes are only counted."""
    show_troubles([*findings.left_out, *skipped], console, lead="left alone: ")
    show_hidden(findings.hidden, console)


def show_upkeep(upkeep: Upkeep, console: Console) -> None:
    """Show what happened to links that were written before, and the repairs."""
    if upkeep.taken_over:
        taken = counted(upkeep.taken_over, "pair")
        console.print(f"adopted, as both notes already have them: {taken}")
    for old, new in list(upkeep.renamed.items())[:SHOWN_LINES]:
        console.print(f"  renamed: {shown(old)} → {shown(new)}")
    for note, other in upkeep.rejected[:SHOWN_LINES]:
        console.print(
            f"  you removed the link to {shown(title_of(other))} from {shown(note)}: it is not "
            "proposed again"
        )
    _show_rest(len(upkeep.rejected) - SHOWN_LINES, console)
    for why, count in Counter(upkeep.away.values()).most_common(SHOWN_LINES):
        keys = [key for key, one in upkeep.away.items() if one == why]
        what = shown(keys[0]) if count == 1 else f"{count:,} notes, {shown(keys[0])} among them,"
        verb, them = ("is", "it") if count == 1 else ("are", "them")
        console.print(f"  {what} {verb} not here now, and links to {them} stay: {shown(why)}")
    if upkeep.repairs:
        console.print(f"{counted(len(upkeep.repairs), 'link')} to repair with the next write:")
    for one in upkeep.repairs[:SHOWN_LINES]:
        console.print(f"  {shown(one.note)} {_MENDS[one.mend]} {shown(one.text)}: {shown(one.why)}")
    _show_rest(len(upkeep.repairs) - SHOWN_LINES, console)


def show_uniform(notes: Sequence[Uniform], console: Console) -> None:
    """Show the notes about which all answers are the same: text in them may have asked for it."""
    if notes:
        console.print(
            "the same answer about all pairs of a note; check whether its text asks for it:"
        )
    for one in notes[:SHOWN_LINES]:
        console.print(f"  {shown(one.note)}: {one.as_line()}")
    _show_rest(len(notes) - SHOWN_LINES, console)


def show_pairs(groups: Iterable[PairGroup], console: Console) -> None:
    """Show pairs note by note."""
    for group in groups:
        aside = "  has no link yet" if group.alone else ""
        console.print(shown(group.note), style="bold", aside=aside)
        for one in group.pairs:
            _show_pair(one, group.note, console)


def _show_pair(explained: ExplainedPair, key: str, console: Console) -> None:
    pair, why = explained.pair, explained.why
    other = pair.b if key == pair.a else pair.a
    likely = "likely" if explained.is_likely else "maybe"
    console.print(f"  {likely:6} {pair.score:.2f}  {shown(other)}")
    if isinstance(pair, Pair) and pair.because:
        console.print(f"        judged: {shown(pair.because)}", style="dim")
    if line := why.as_line():
        console.print(f"        {shown(line)}", style="dim")
    for note, sentence in why.mentions:
        console.print(f"        {shown(title_of(note))} says: “{shown(sentence)}”", style="dim")


def show_undecided(
    undecided: Sequence[Pair], console: Console, *, limit: int | None = SHOWN_LINES
) -> None:
    """Show the pairs on which a model's two answers disagree, with both reasons."""
    if not undecided:
        return
    console.print(
        f"{counted(len(undecided), 'pair')} undecided, as the two answers disagree, and not written: "
        "decide with `notemill review --kind link`"
    )
    for one in undecided[:limit]:
        console.print(f"  {shown(one.a)} and {shown(one.b)}: {shown(one.because)}")
    if limit is not None:
        _show_rest(len(undecided) - limit, console)


def show_declined(declined: Sequence[Pair], console: Console) -> None:
    """Show the pairs that a model refused for both notes, and why."""
    if not declined:
        return
    console.print(
        f"{counted(len(declined), 'pair')} refused by the model; to propose one all the same: "
        "`notemill link allow NOTE NOTE`"
    )
    for one in declined:
        console.print(f"  {shown(one.a)} and {shown(one.b)}: {shown(one.because)}")


def show_next(run: str, console: Console) -> None:
    """Show the next steps for a run that waits for decisions."""
    console.print(f"nothing is written yet; review all pairs: notemill show {run}")
    console.print("reject a pair: notemill link reject NOTE NOTE")
    console.print(f"write them into both notes: notemill apply {run}")


def _looked_for(event: link_events.LinksLookedFor, console: Console) -> None:
    show_findings(event.findings, console)
    show_compared(event.embeddings, console)
    show_left_out(event.findings, event.skipped, console)
    show_upkeep(event.upkeep, console)


def _proposed(event: link_events.PairsProposed, console: Console) -> None:
    show_pairs(event.groups, console)
    _show_rest(event.more, console, "notes with pairs")


def _all_judged(_: link_events.AllPairsJudged, console: Console) -> None:
    console.print("all pairs found are already judged")


def _sampled(event: link_events.PairsSampled, console: Console) -> None:
    """Show the decisions on some pairs, and why."""
    for pair, verdicts in event.judged:
        for one in verdicts:
            said = "yes" if one.accept else "no"
            console.print(f"  {shown(pair.a)} and {shown(pair.b)}: {said}, {shown(one.reason)}")


def _answered(event: link_events.PairsAnswered, console: Console) -> None:
    show_undecided(event.undecided, console)
    if event.declined:
        refused = counted(event.declined, "pair")
        console.print(f"{refused} refused by the model; why: notemill show {shown(event.run)}")
    show_uniform(event.uniform, console)


def _to_write(event: link_events.LinksToWrite, console: Console) -> None:
    console.print(f"to be linked in both notes: {counted(event.pairs, 'pair')}")


def _written(event: link_events.LinksWereWritten, console: Console) -> None:
    """Show what was written, what was not, and what waits to be completed."""
    written, run = event.written, event.run
    if written.notes:
        console.print(
            f"{counted(len(written.pairs), 'pair')} linked, {counted(len(written.notes), 'note')} "
            f"written; undo with: notemill undo {run}"
        )
    else:
        console.print("nothing was written")
    troubles = [
        *(f"{a} and {b}: {why}" for a, b, why in written.conflicts),
        *(trouble(key, why) for key, why in written.problems),
    ]
    for line in troubles[:SHOWN_LINES]:
        console.print(f"  {shown(line)}")
    _show_rest(len(troubles) - SHOWN_LINES, console)
    elsewhere = Counter(f"{key}: {why}" for key, _, why in written.elsewhere)
    for line, count in list(elsewhere.items())[:SHOWN_LINES]:
        links = f" ({count:,} links)" if count > 1 else ""
        console.print(f"  {shown(line)}{links}")
    _show_rest(len(elsewhere) - SHOWN_LINES, console)
    if written.halves:
        console.print(
            f"written on one side alone: {counted(len(written.halves), 'link')}; the next "
            "`notemill link --apply` repairs that"
        )


def _new_proposed(event: link_events.NewLinksProposed, console: Console) -> None:
    console.print(
        f"{counted(event.pairs, 'link')} of the new notes proposed; decide on each: "
        f"notemill review {event.run}"
    )


def _turned_down(event: link_events.PairsTurnedDown, console: Console) -> None:
    for pair in event.pairs:
        line = f"  {shown(pair.a)} and {shown(pair.b)}: {pair.state}, {shown(pair.because)}"
        console.print(line)


def _show_rest(count: int, console: Console, what: str = "more") -> None:
    if count > 0:
        more = what if what == "more" else f"more {what}"
        console.print(f"  … and {count:,} {more}")


RENDERERS: Final[Mapping[type[Event], Callable[[Any, Console], None]]] = {
    link_events.LinksLookedFor: _looked_for,
    link_events.PairsProposed: _proposed,
    link_events.AllPairsJudged: _all_judged,
    link_events.PairsSampled: _sampled,
    link_events.PairsAnswered: _answered,
    link_events.LinksToWrite: _to_write,
    link_events.LinksWereWritten: _written,
    link_events.NewLinksProposed: _new_proposed,
    link_events.PairsTurnedDown: _turned_down,
}
