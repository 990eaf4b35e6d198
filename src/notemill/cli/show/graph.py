"""How the graph of a vault looks at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.workflows.links.network import Standing
from twolane.front.console import Table, counted

if TYPE_CHECKING:
    from notemill.app.graph import GraphRow, GraphRows
    from twolane.front.console import Console

SHOWN_NOTES: Final = 40
_COLUMNS: Final = ("note", "tags", "links", "by notemill", "proposed")


def show_rows(found: GraphRows, console: Console) -> None:
    """Show notes with their links, and the links of the whole vault counted."""
    links = found.links
    proposed = links.get(Standing.PROPOSED, 0) + links.get(Standing.ACCEPTED, 0)
    parts = [counted(found.notes, "note"), counted(links.get(Standing.OWN, 0), "link")]
    if written := links.get(Standing.WRITTEN, 0):
        parts.append(f"{written:,} written by notemill")
    if proposed:
        parts.append(f"{proposed:,} proposed")
    console.print("; ".join(parts))
    if not links:
        console.print("no note links to another yet; to find links: notemill link")
    if not found.rows:
        return
    table = Table(_COLUMNS, frozenset(_COLUMNS[2:]))
    for row in found.rows:
        table.add(
            row.note.key,
            _tags(row),
            f"{row.links:,}" if row.links else "",
            f"{row.written:,}" if row.written else "",
            f"{row.proposed:,}" if row.proposed else "",
        )
    console.print_table(table)
    if (rest := found.total - len(found.rows)) > 0:
        console.print(f"… and {rest:,} more; --json has all")


def _tags(row: GraphRow) -> str:
    """Return a note's tags; a `?` marks those that are only proposed."""
    proposed = [f"#{one}?" for one in row.note.proposed_tags]
    return " ".join((*(f"#{one}" for one in row.note.tags), *proposed))
