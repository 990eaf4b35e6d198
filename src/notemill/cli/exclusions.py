"""`notemill config exclude`: exclusions, and the notes that each matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notemill.app.configuring import Configuring
from notemill.app.mill import Mill
from notemill.app.views import settings as views
from notemill.cli.flags import settings_of
from notemill.cli.front import TerminalFront
from notemill.config import load_exclusions
from notemill.index.pool import all_cores
from twolane.front.console import counted, note_console, print_json, result_console, shown

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.app.excluding import Excluded
    from twolane.front.console import Console

SHOWN_NOTES = 10
"""The most notes that are printed for one exclusion."""


async def exclude_notes(
    *,
    patterns: tuple[str, ...],
    remove: bool,
    dry_run: bool,
    vault: Path,
    as_json: bool,
    **flags: Any,  # noqa: ANN401
) -> int:
    """Exclude notes, or show what is excluded; return 0. Raises NotemillError, TwolaneError."""
    configuring = Configuring(dict(flags))
    settings = settings_of(flags)
    sources = dict(configuring.now().exclusions)
    entries = patterns or tuple(sources)
    async with await Mill.open(
        vault,
        settings,
        TerminalFront(),
        exclusions=load_exclusions(config=settings.config),
        rehearsal=True,
        processes=all_cores(),
    ) as mill:
        found = await mill.excluding.matches(entries)
    console = note_console()
    if patterns and not dry_run:
        change = {"remove": patterns} if remove else {"add": patterns}
        file = configuring.exclude(**change).file
        what = "no longer excluded" if remove else "excluded"
        console.print(f"{what}, in {shown(str(file))}: {shown(', '.join(patterns))}")
    if as_json:
        print_json(
            {"exclusions": [views.excluded(one, sources.get(one.entry, "")) for one in found]}
        )
        return 0
    if not found:
        console.print("nothing is excluded")
    out = result_console()
    for one in found:
        _show(one, sources.get(one.entry, ""), out)
    return 0


def _show(one: Excluded, source: str, out: Console) -> None:
    said = f"{shown(one.entry)}: {counted(one.count, 'note')}"
    out.print(f"{said} ({source})" if source else said)
    for note in one.notes[:SHOWN_NOTES]:
        out.print(f"  {shown(note)}")
    if one.count > SHOWN_NOTES:
        out.print(f"  and {one.count - SHOWN_NOTES:,} more")
    if hint := one.hint:
        out.print(f"  {shown(hint)}")
