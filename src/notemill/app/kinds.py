"""The kinds of runs, and when one has ended; cheap to import, for listing runs."""

from __future__ import annotations

from typing import Final

from twolane import ItemState, RunState

KIND_CURATE: Final = "curate"
KIND_INGEST: Final = "ingest"
KIND_TAGS: Final = "vocabulary"
KIND_PROPOSE: Final = "propose"
"""A vocabulary, asked for before a curation."""
KIND_CONSOLIDATE: Final = "consolidate"
"""What to make of the new tags of a curation's stage."""
KIND_PARTS: Final = "parts"
"""What the parts of long sources say, asked before an ingest."""
ASIDES: Final = (KIND_PROPOSE, KIND_CONSOLIDATE, KIND_PARTS)
"""Runs that belong to another, and show in its report."""
ENDED: Final = (RunState.DONE, RunState.CANCELED)
OPEN_ITEMS: Final = (ItemState.PENDING, ItemState.RUNNING, ItemState.SUBMITTED)
