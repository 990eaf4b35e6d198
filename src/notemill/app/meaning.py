"""Embeddings of notes, computed while other work on the vault continues."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

from notemill.app.link_events import EmbeddingMade
from notemill.embedding.choice import model_of
from notemill.index.embedder import Embedder, WantedVector
from notemill.linking.content import text_of
from notemill.vault.note import parse
from notemill.vault.resolve import title_of
from notemill.vault.state_files import DERIVED_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.config import EmbeddingSettings
    from notemill.embedding.model import EmbeddingModel
    from notemill.index import NoteFacts

LOOK_EVERY_S: Final = 0.2
"""Seconds between progress reports, and the longest until a skip takes effect."""


async def vectors_of(
    bench: Workbench, settings: EmbeddingSettings, facts: Sequence[NoteFacts]
) -> NDArray[np.float32] | None:
    """Return an embedding row per note, None if no model is installed or it fits too few notes.

    `facts` are of notes that may be sent: a service gets their texts. Finished vectors are kept,
    even if the task is canceled. A front may continue without: `EmbeddingMade.skip` also makes this
    None. Raises EmbeddingError.
    """
    model = await asyncio.to_thread(model_of, settings)
    if model is None or not facts:
        return None
    embedder = await bench.on(_embedder, model, facts)
    return embedder.vectors() if await _made(bench, embedder) else None


async def _made(bench: Workbench, embedder: Embedder) -> bool:
    """Compute all vectors and report progress; return whether it was completed."""
    left = threading.Event()
    kept = 0

    def tell(*, ended: bool = False) -> None:
        done, total = embedder.progress
        skipped = ended and left.is_set()
        bench.front.tell(EmbeddingMade(done, total, kept, left.set, ended=ended, skipped=skipped))

    # Told before the start, so that it can be skipped from the first moment.
    tell()
    embedder.start()
    try:
        if await asyncio.to_thread(embedder.wait, LOOK_EVERY_S):
            return True
        kept = embedder.progress.done
        while not left.is_set():
            tell()
            if await asyncio.to_thread(embedder.wait, LOOK_EVERY_S):
                return True
    except BaseException:
        embedder.stop()
        raise
    else:
        await asyncio.to_thread(embedder.stop)
        return False
    finally:
        tell(ended=True)


def _embedder(opened: OpenVault, model: EmbeddingModel, facts: Sequence[NoteFacts]) -> Embedder:
    """Return the embedder for notes; it reads their files in a thread of its own."""
    wanted = [WantedVector(one.source_hash, title_of(one.key)) for one in facts]

    def text_at(place: int) -> str:
        key = facts[place].key
        raw = opened.vault.read(key)
        opened.privacy.check(key, raw)
        return text_of(parse(raw)[0])

    return Embedder(opened.state / DERIVED_FILE, model, wanted, text_at)
