"""Vectors of the notes of a vault for benchmarks and training, without what its links say.

Where every link is hidden, links leave the texts with their labels. The vectors are made by the
product's own code and kept beside each other in a folder, so that a second run makes none.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from notemill.index.embedder import Embedder, WantedVector
from notemill.linking.content import text_of
from notemill.vault.note import source_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from notemill.embedding.model import EmbeddingModel
    from notemill.vault.note import Note

FOLDER = Path(os.environ.get("NOTEMILL_BENCH_VECTORS", tempfile.gettempdir())) / "notemill-vectors"


def vectors_of(
    notes: Mapping[str, Note], keys: Sequence[str], model: EmbeddingModel, folder: Path = FOLDER
) -> NDArray[np.float32] | None:
    """Return a row for each of `keys`, of zeros where the note does not fit; see Embedder."""
    wanted = [WantedVector(source_hash(notes[key]), PurePosixPath(key).stem) for key in keys]
    path = folder / f"{source_hash(notes[keys[0]])[:12]}-{len(keys)}.sqlite3"
    embedder = Embedder(
        path, model, wanted, lambda place: text_of(notes[keys[place]], without_links=True)
    )
    embedder.start()
    return embedder.vectors()
