"""The kinds of runs, and when one has ended; cheap to import, for listing runs."""

from __future__ import annotations

from typing import Final

from twolane import ItemState, RunState

KIND_CURATE: Final = "curate"
KIND_TAGS: Final = "vocabulary"
ENDED: Final = (RunState.DONE, RunState.CANCELED)
OPEN_ITEMS: Final = (ItemState.PENDING, ItemState.RUNNING, ItemState.SUBMITTED)
