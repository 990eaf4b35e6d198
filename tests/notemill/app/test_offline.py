"""Curating offline: the provider knows what the vault's notes share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.terms import RunTerms
from notemill.workflows.curation.survey import Selection
from tests.notemill.fronts import offline_mill

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FORM = "We met in Oslo.\n\n## Open Loops\n\nThe Open Loops go on.\n"


async def test_what_many_notes_share_is_no_topic_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a form's heading nor a name that all notes have; only what is a note's own."""
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    notes = {f"Visit {number}.md": FORM for number in range(30)}
    own = "In Oslo I met Greta Thunberg.\n\n## Open Loops\n\nThe Open Loops go on.\n"
    async with offline_mill(tmp_path, {**notes, "Climate.md": own}) as mill:
        await mill.curating.curate(
            Selection(only="Climate.md"), RunTerms(stages="none"), apply=True
        )
        written = (mill.root / "Climate.md").read_text(encoding="utf-8")
    assert "Greta Thunberg" in written.partition(own)[0]
    assert "Open Loops" not in written.partition(own)[0].partition("topics")[2]
    assert "Oslo" not in written.partition(own)[0].partition("topics")[2]
