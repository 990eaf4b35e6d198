"""What `notemill link` shows: the vault's shape, pairs with their why, repairs, what was written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from notemill.cli.endings import names_of, show_hidden, trouble
from notemill.stores.pairs import Pair, PairState
from notemill.vault.resolve import title_of
from notemill.workflows.links.upkeep import Mend
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from notemill.privacy import Sight
    from notemill.stores.pairs import NewPair
    from notemill.vault.left_alone import LeftAlone
    from notemill.workflows.links.explaining import Explainer
    from notemill.workflows.links.finding import Findings
    from notemill.workflows.links.judging import Uniform
    from notemill.workflows.links.upkeep import Upkeep
    from notemill.workflows.links.writing import LinksWritten
    from twolane.front.console import Console

SHOWN_NOTES: Final = 12
SHOWN_LINES: Final = 8
_MENDS: Final = {
    Mend.ADD: "gets the link back",
    Mend.REMOVE: "loses the link",
    Mend.RETARGET: "gets its link pointed right",
}


def show_findings(findings: Findings, console: Console) -> None:
    """Show how the vault hangs together, as it is and with all that was found."""
    before, after = findings.before, findings.after
    console.print(
        f"{counted(before.notes, 'note')}; {counted(len(findings.pairs), 'pair')} to link"
    )
    console.print(f"  without any link: {before.orphans:,} → {after.orphans:,}")
    console.print(f"  parts that no link joins: {before.components:,} → {after.components:,}")


def show_left_out(findings: Findings, skipped: Iterable[LeftAlone], console: Console) -> None:
    """Show what is left alone, together where the reason is the same; hidden notes are counted."""
    left_out = findings.left_out
    left = [*left_out, *skipped]
    reasons = Counter(reason for _, reason in left)
    for reason, count in reasons.most_common(SHOWN_LINES):
        if count > 1:
            keys = [one.key for one in left_out if one.reason == reason]
            console.print(f"  {count:,} left alone{names_of(keys)}: {shown(reason)}")
    show_hidden(findings.hidden, console)
    named = [(key, reason) for key, reason in left if reasons[reason] == 1]
    for key, reason in named[:SHOWN_LINES]:
        console.print(f"  left alone: {shown(key)}: {shown(reason)}")
    _show_rest(len(named) - SHOWN_LINES, console)


def show_upkeep(upkeep: Upkeep, console: Console) -> None:
    """Show what became of links that were written before, and what has to be mended."""
    if upkeep.taken_over:
        taken = counted(upkeep.taken_over, "pair")
        console.print(f"taken over, as they stand in both notes already: {taken}")
    for old, new in list(upkeep.renamed.items())[:SHOWN_LINES]:
        console.print(f"  renamed: {shown(old)} → {shown(new)}")
    for note, other in upkeep.rejected[:SHOWN_LINES]:
        console.print(
            f"  you took the link to {shown(title_of(other))} out of {shown(note)}: it is not "
            "proposed again"
        )
    _show_rest(len(upkeep.rejected) - SHOWN_LINES, console)
    for why, count in Counter(upkeep.away.values()).most_common(SHOWN_LINES):
        keys = [key for key, one in upkeep.away.items() if one == why]
        what = shown(keys[0]) if count == 1 else f"{count:,} notes, {shown(keys[0])} among them,"
        verb, them = ("is", "it") if count == 1 else ("are", "them")
        console.print(f"  {what} {verb} not here now, and links to {them} stay: {shown(why)}")
    if upkeep.repairs:
        console.print(f"{counted(len(upkeep.repairs), 'link')} to mend with what is written next:")
    for one in upkeep.repairs[:SHOWN_LINES]:
        console.print(f"  {shown(one.note)} {_MENDS[one.mend]} {shown(one.text)}: {shown(one.why)}")
    _show_rest(len(upkeep.repairs) - SHOWN_LINES, console)


def show_pairs(
    pairs: Sequence[NewPair] | Sequence[Pair],
    explainer: Explainer,
    orphans: Collection[str],
    console: Console,
    *,
    limit: int | None = SHOWN_NOTES,
) -> None:
    """Show pairs note by note, each once: notes without any link first, then the likeliest."""
    groups = grouped(pairs, orphans)
    for key, group in groups[:limit]:
        aside = "  has no link yet" if key in orphans else ""
        console.print(shown(key), style="bold", aside=aside)
        for one in group:
            _show_pair(one, key, explainer, console)
    if limit is not None:
        _show_rest(len(groups) - limit, console, "notes with pairs")


def grouped(
    pairs: Sequence[NewPair] | Sequence[Pair], orphans: Collection[str]
) -> list[tuple[str, list[NewPair | Pair]]]:
    """Return pairs by note, each pair once, under the note that is shown first."""
    best: dict[str, float] = {}
    for one in pairs:
        for key in (one.a, one.b):
            best[key] = max(best.get(key, 0.0), one.score)
    order = sorted(best, key=lambda key: (key not in orphans, -best[key], key))
    place = {key: number for number, key in enumerate(order)}
    groups: dict[str, list[NewPair | Pair]] = {}
    for one in pairs:
        groups.setdefault(min(one.a, one.b, key=place.__getitem__), []).append(one)
    return [(key, groups[key]) for key in order if key in groups]


def _show_pair(pair: NewPair | Pair, key: str, explainer: Explainer, console: Console) -> None:
    other = pair.b if key == pair.a else pair.a
    why = explainer.why(pair.a, pair.b, pair.reason)
    console.print(f"  {pair.score:.2f}  {shown(other)}")
    if isinstance(pair, Pair) and pair.because:
        console.print(f"        judged: {shown(pair.because)}", style="dim")
    if line := why.as_line():
        console.print(f"        {shown(line)}", style="dim")
    for note, sentence in why.mentions:
        console.print(f"        {shown(title_of(note))} says: “{shown(sentence)}”", style="dim")


def show_undecided(
    pairs: Iterable[Pair], console: Console, *, limit: int | None = SHOWN_LINES
) -> None:
    """Show the pairs that a model's answers about their two notes do not agree on."""
    undecided = [one for one in pairs if one.state is PairState.UNDECIDED]
    if not undecided:
        return
    console.print(
        f"{counted(len(undecided), 'pair')} undecided, and not written: propose one with "
        "`notemill link allow NOTE NOTE`, or turn it down with `notemill link reject NOTE NOTE`"
    )
    for one in undecided[:limit]:
        console.print(f"  {shown(one.a)} and {shown(one.b)}: {shown(one.because)}")
    if limit is not None:
        _show_rest(len(undecided) - limit, console)


def show_uniform(notes: Sequence[Uniform], console: Console) -> None:
    """Show the notes about which all answers are the same: a text in one may have asked for it."""
    if notes:
        console.print(
            "the same answer about all pairs of a note; look whether its text asks for it:"
        )
    for one in notes[:SHOWN_LINES]:
        console.print(f"  {shown(one.note)}: {one.as_line()}")
    _show_rest(len(notes) - SHOWN_LINES, console)


def show_written(written: LinksWritten, run: str, sight: Sight, console: Console) -> None:
    """Show what was written, what was not, and what waits to be completed."""
    shows = sight.shows
    if written.notes:
        console.print(
            f"{counted(len(written.pairs), 'pair')} linked, {counted(len(written.notes), 'note')} "
            f"written; undo with: notemill undo {run}"
        )
    else:
        console.print("nothing was written")
    troubles = [
        *(f"{a} and {b}: {why}" for a, b, why in written.conflicts if shows(a) and shows(b)),
        *(trouble(key, why) for key, why in written.problems if shows(key)),
    ]
    for line in troubles[:SHOWN_LINES]:
        console.print(f"  {shown(line)}")
    _show_rest(len(troubles) - SHOWN_LINES, console)
    elsewhere = Counter(
        f"{key}: {why}" for key, other, why in written.elsewhere if shows(key) and shows(other)
    )
    for line, count in list(elsewhere.items())[:SHOWN_LINES]:
        links = f" ({count:,} links)" if count > 1 else ""
        console.print(f"  {shown(line)}{links}")
    _show_rest(len(elsewhere) - SHOWN_LINES, console)
    if written.halves:
        console.print(
            f"written on one side alone: {counted(len(written.halves), 'link')}; the next "
            "`notemill link --apply` mends that"
        )


def written_object(written: LinksWritten, sight: Sight) -> dict[str, Any]:
    """Return what was written as JSON has it, without what would name a hidden note."""
    shows = sight.shows
    return {
        "written": [key for key in written.notes if shows(key)],
        "linked": [
            {"a": one.a, "b": one.b} for one in written.pairs if shows(one.a) and shows(one.b)
        ],
        "halves": [
            {"item": note, "other": other}
            for note, other in written.halves
            if shows(note) and shows(other)
        ],
        "elsewhere": [
            {"item": key, "other": other, "message": why}
            for key, other, why in written.elsewhere
            if shows(key) and shows(other)
        ],
        "problems": [
            *({"item": key, "message": why} for key, why in written.problems if shows(key)),
            *(
                {"item": a, "other": b, "message": why}
                for a, b, why in written.conflicts
                if shows(a) and shows(b)
            ),
        ],
        "excluded": len(sight.hidden),
    }


def _show_rest(count: int, console: Console, what: str = "more") -> None:
    if count > 0:
        more = what if what == "more" else f"more {what}"
        console.print(f"  … and {count:,} {more}")
