"""Pairs of notes linked as a run does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.stores.pairs import LinkRun, NewPair, PairState
from notemill.vault.related import Form
from notemill.workflows.links.writing import LinksWritten, LinkWriting
from tests.notemill.workflows.kept import NOW

if TYPE_CHECKING:
    from tests.notemill.workflows.kept import Kept

NOTES = {
    "Compost.md": "Compost feeds garden soil with worms and leaves.\n",
    "Mulch.md": "Mulch of leaves protects garden soil and feeds worms.\n",
    "Soil.md": "Garden soil lives by worms, leaves and compost.\n",
}


def proposed(one: Kept, *pairs: tuple[str, str], run: str = "link-1") -> list[int]:
    """Keep pairs as proposals; return their numbers."""
    new = [
        NewPair(a, b, 0.5, {}, one.facts(a).source_hash, one.facts(b).source_hash) for a, b in pairs
    ]
    return one.links.propose(LinkRun(run, NOW, {"form": str(Form.PROPERTY)}), new)


def write(one: Kept, *, run: str = "link-1") -> LinksWritten:
    """Write what a run proposed into both notes of each pair."""
    writing = LinkWriting(one.scene(), one.links, run, Form.PROPERTY, now=lambda: NOW)
    writing.plan(one.links.pairs(run=run, states=[PairState.PROPOSED]), [])
    assert all(map(one.vault.read, writing.write()))
    return writing.written
