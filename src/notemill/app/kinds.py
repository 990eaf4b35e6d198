"""What kinds of runs there are, and when one has ended; light, for whoever only lists them."""

from __future__ import annotations

from typing import Final

from twolane import ItemState, RunState

KIND_CURATE: Final = "curate"
KIND_TAGS: Final = "vocabulary"
ENDED: Final = (RunState.DONE, RunState.CANCELED)
OPEN_ITEMS: Final = (ItemState.PENDING, ItemState.RUNNING, ItemState.SUBMITTED)
