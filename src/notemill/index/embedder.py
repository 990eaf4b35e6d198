"""Compute the vectors of a vault's notes in a thread of its own, beside other work."""

from __future__ import annotations

import hashlib
import threading
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from notemill.embedding.model import of_notes, spoken
from notemill.errors import NotemillError
from notemill.index.vectors import VectorCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from notemill.embedding.model import EmbeddingModel

    Floats = NDArray[np.float32]

LEAST_SHARE = 0.5
"""If fewer notes have a vector, none is used: the few would only attract each other."""
_NOTHING = np.empty(0, np.float32)


class WantedVector(NamedTuple):
    """A note to embed: the hash of its text's source, and its name without folder and extension.

    Notes with the same hash have the same text.
    """

    hash: str
    title: str

    @property
    def keys(self) -> tuple[str, str]:
        """The keys of its text and its title in the cache."""
        return _key_of_text(self.hash), _key_of_title(self.title)


class EmbeddingProgress(NamedTuple):
    """How many of the notes have their vectors."""

    done: int
    total: int


class Embedder:
    """Finds the vectors that are stored, and computes and stores the others.

    What is stored can be used at once; the rest is made in a thread, for as long as wanted::

        embedder = Embedder(state / DERIVED_FILE, model, wanted, text_of)
        vectors = embedder.kept()             # None while most are still to be made
        ...
        embedder.start()
        while not embedder.wait(0.2):
            show(embedder.progress)           # or embedder.stop(), and go on another time

    Vectors are stored as they are made: after a stop or a kill, the next one continues from there.
    """

    def __init__(
        self,
        path: Path,
        model: EmbeddingModel,
        wanted: Sequence[WantedVector],
        text_of: Callable[[int], str],
        *,
        order: Sequence[int] | None = None,
    ) -> None:
        """Embed `wanted` with `model`, in `order` (of their indexes), stored in the file at `path`.

        `text_of` returns the text of the note at an index of `wanted`; it is called in the thread,
        and only for notes with new text. It must leave out what must not leave the machine. A note
        for which it raises a NotemillError gets no vector this time, and its title is not embedded.
        """
        self._path = path
        self._model = model
        self._wanted = wanted
        self._text_of = text_of
        self._order = range(len(wanted)) if order is None else order
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedder", daemon=True)
        self._progress = EmbeddingProgress(0, 0)
        self._made: Floats | None = None
        self._fault: BaseException | None = None

    @property
    def progress(self) -> EmbeddingProgress:
        """The progress so far."""
        return self._progress

    def kept(self) -> Floats | None:
        """Return a row for every note from what is stored, without asking the model; see `vectors`.

        A note whose vector is still to be made has a row of zeros.
        """
        cache = VectorCache(self._path)
        try:
            known = self._known(cache)
        finally:
            cache.close()
        self._progress = EmbeddingProgress(
            len(self._order) - len(self._left(known)), len(self._order)
        )
        return self._rows(known)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop soon, without a result; vectors made so far are kept. Returns once it has ended."""
        self._stop.set()
        self._thread.join()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, or at most `timeout_s`; return whether it has ended."""
        return self._ended.wait(timeout_s)

    def vectors(self) -> Floats | None:
        """Wait for the end and return a row for every note.

        A row has unit length, or is zeros if the note does not fit the model. None if it was
        stopped, or if too few of the notes have a vector: then words alone rank better. Raises what
        the model raised: EmbeddingError if it cannot be used.
        """
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return self._made

    def _run(self) -> None:
        try:
            cache = VectorCache(self._path)
            try:
                self._made = self._work(cache)
            finally:
                cache.close()
        except BaseException as fault:  # noqa: BLE001  # the caller's thread raises it
            self._fault = fault
        finally:
            self._ended.set()

    def _work(self, cache: VectorCache) -> Floats | None:
        known = self._known(cache)
        left = self._left(known)
        total = len(self._order)
        before = total - len(left)
        self._progress = EmbeddingProgress(before, total)
        new = self._new(left, known)
        while some := list(islice(new, self._model.at_a_time)):
            made = self._made_of({key: text for _, key, text in some})
            cache.keep(self._model.name, made)
            known.update(made)
            if self._stop.is_set():
                return None
            self._progress = EmbeddingProgress(before + some[-1][0], total)
        self._progress = EmbeddingProgress(total, total)
        cache.prune({key for one in self._wanted for key in one.keys})
        return self._rows(known)

    def _known(self, cache: VectorCache) -> dict[str, Floats]:
        return cache.find(self._model.name, {key for one in self._wanted for key in one.keys})

    def _left(self, known: Mapping[str, Floats]) -> list[int]:
        """Return the notes without a vector of their text or title, in their order."""
        keys = [one.keys for one in self._wanted]
        return [place for place in self._order if not known.keys() >= set(keys[place])]

    def _new(
        self, left: Sequence[int], known: Mapping[str, Floats]
    ) -> Iterator[tuple[int, str, str]]:
        """Yield the texts and titles to embed: how many notes are whole with it, the key, the text."""
        seen = set(known)
        for before, place in enumerate(left):
            text_key, title_key = self._wanted[place].keys
            if text_key not in seen:
                try:
                    text = self._text_of(place)
                except NotemillError:
                    continue
                seen.add(text_key)
                yield before + (title_key in seen), text_key, text
            if title_key not in seen:
                seen.add(title_key)
                yield before + 1, title_key, spoken(self._wanted[place].title)

    def _made_of(self, asked: Mapping[str, str]) -> dict[str, Floats]:
        """Return the vectors of texts by key; fewer if stopped."""
        made = {key: _NOTHING for key, text in asked.items() if not text.strip()}
        full = [key for key in asked if key not in made]
        rows = self._model.embed([asked[key] for key in full], self._stop.is_set)
        # Not strict: a model that was stopped returns the rows it has.
        # In the precision in which they are stored, so that a later run ranks the same.
        made.update(zip(full, rows.astype(np.float16).astype(np.float32), strict=False))
        return made

    def _rows(self, known: Mapping[str, Floats]) -> Floats | None:
        width = max((len(one) for one in known.values()), default=0)
        bodies = np.zeros((len(self._wanted), width), np.float32)
        titles = np.zeros_like(bodies)
        empty = np.zeros(len(self._wanted), bool)
        for place, one in enumerate(self._wanted):
            body = known.get(_key_of_text(one.hash))
            title = known.get(_key_of_title(one.title), _NOTHING)
            if body is not None:
                empty[place] = not len(body)
                bodies[place, : len(body)] = body
            titles[place, : len(title)] = title
        rows = of_notes(bodies, titles, empty)
        return rows if rows.any(axis=1).sum() >= LEAST_SHARE * len(rows) else None


def _key_of_text(hashed: str) -> str:
    return f"text {hashed}"


def _key_of_title(title: str) -> str:
    # Hashed: names may contain what a text column cannot store.
    named = title.encode("utf-8", "surrogatepass")
    return f"title {hashlib.blake2b(named, digest_size=16).hexdigest()}"
