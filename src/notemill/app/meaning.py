"""Embeddings of notes: those that are stored are used at once, the others made in their own time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

from notemill.app.link_events import EmbeddingMade, Embeddings
from notemill.embedding.choice import model_of
from notemill.index.embedder import Embedder, WantedVector
from notemill.linking.content import text_of
from notemill.vault.note import parse
from notemill.vault.resolve import title_of
from notemill.vault.state_files import DERIVED_FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.config import EmbeddingSettings
    from notemill.embedding.model import EmbeddingModel
    from notemill.index import NoteFacts
    from notemill.index.embedder import EmbeddingProgress

BUDGET_S: Final = 30.0
"""Seconds that are spent on embeddings after a search: as long as a person reads what it found."""
LOOK_EVERY_S: Final = 0.2
"""Seconds between progress reports, and the longest until a skip takes effect."""


def kept_vectors(
    opened: OpenVault, settings: EmbeddingSettings, facts: Sequence[NoteFacts]
) -> tuple[NDArray[np.float32] | None, Embeddings | None]:
    """Return an embedding row per note from what is stored, and how many there are.

    No rows where too few are stored; neither without a model. Nothing is computed. Raises
    EmbeddingError if a model that was named is not installed.
    """
    model = model_of(settings)
    if model is None or not facts:
        return None, None
    embedder = _embedder(opened, model, facts)
    vectors = embedder.kept()
    return vectors, Embeddings(*embedder.progress, used=vectors is not None)


async def embed(
    bench: Workbench,
    settings: EmbeddingSettings,
    facts: Sequence[NoteFacts],
    *,
    first: Collection[str] = (),
) -> EmbeddingProgress | None:
    """Compute missing embeddings for at most `BUDGET_S`, or until the front skips the rest.

    `facts` are of notes that may be sent: a service gets their texts. The notes in `first` come
    first, then the newest. Finished vectors are kept, even if the task is canceled. Returns None
    without a model. Raises EmbeddingError.
    """
    model = model_of(settings)
    if model is None or not facts:
        return None
    order = sorted(
        range(len(facts)), key=lambda at: (facts[at].key not in first, -facts[at].mtime_ns)
    )
    embedder = await bench.on(_embedder, model, facts, order)
    left = threading.Event()
    kept: int | None = None
    until = asyncio.get_running_loop().time() + BUDGET_S

    def tell(*, ended: bool = False) -> None:
        done, total = embedder.progress
        skipped = ended and left.is_set()
        bench.front.tell(
            EmbeddingMade(done, total, kept or 0, left.set, ended=ended, skipped=skipped)
        )

    # Told before the start, so that it can be skipped from the first moment.
    tell()
    embedder.start()
    try:
        while not await asyncio.to_thread(embedder.wait, LOOK_EVERY_S):
            kept = embedder.progress.done if kept is None else kept
            if left.is_set() or asyncio.get_running_loop().time() >= until:
                break
            tell()
    finally:
        # Not awaited: a canceled task must not leave the thread behind.
        embedder.stop()
        tell(ended=True)
    embedder.vectors()  # it raises what the model raised
    return embedder.progress


def _embedder(
    opened: OpenVault,
    model: EmbeddingModel,
    facts: Sequence[NoteFacts],
    order: Sequence[int] | None = None,
) -> Embedder:
    """Return the embedder for notes; it reads their files in a thread of its own."""
    wanted = [WantedVector(one.source_hash, title_of(one.key)) for one in facts]

    def text_at(place: int) -> str:
        key = facts[place].key
        raw = opened.vault.read(key)
        opened.privacy.check(key, raw)
        return text_of(parse(raw)[0])

    return Embedder(opened.state / DERIVED_FILE, model, wanted, text_at, order=order)
