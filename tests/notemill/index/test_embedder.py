"""Vectors made in the background: once for each text, shown as they come, stopped when asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from notemill.embedding.model import never
from notemill.errors import EmbeddingError, NoteNotFoundError
from notemill.index.embedder import Embedder, EmbeddingProgress, WantedVector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class Letters:
    """A model that counts letters; a text with `ß` does not fit it. It notes what it is asked."""

    at_a_time = 2

    def __init__(self, name: str = "letters", fault: Exception | None = None) -> None:
        """Be called `name`; raise `fault` where there is one."""
        self.name = name
        self.fault = fault
        self.asked: list[str] = []
        self.first = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def fits(self, text: str) -> float:
        """Return 0 for what it cannot read."""
        return 0.0 if "ß" in text else 1.0

    def embed(self, texts: Sequence[str], stopped: Callable[[], bool] = never) -> Floats:
        """Return a row of the counts of a, b and c."""
        if self.fault is not None:
            raise self.fault
        self.first.set()
        self.may_go_on.wait(10)
        rows = []
        for text in texts:
            if stopped():
                break
            self.asked.append(text)
            row = np.array([text.count(one) for one in "abc"], np.float32)
            rows.append(row / max(float(np.linalg.norm(row)), 1.0) if self.fits(text) else row * 0)
        return np.array(rows, np.float32).reshape(-1, 3)


NOTES = {"Aa": "aaa", "Bb": "bbb", "x": "", "Cß": "ßcc", "Ab": "ab"}


def embedder(path: Path, model: Letters, notes: dict[str, str] | None = None) -> Embedder:
    """Return an embedder of notes by title, their text standing for its hash."""
    known = NOTES if notes is None else notes
    texts = list(known.values())
    wanted = [WantedVector(text, title) for title, text in known.items()]
    return Embedder(path / "vectors.sqlite3", model, wanted, texts.__getitem__)


def made(path: Path, model: Letters, notes: dict[str, str] | None = None) -> Floats:
    """Embed notes and return their rows."""
    working = embedder(path, model, notes)
    working.start()
    found = working.vectors()
    assert found is not None
    return found


def test_a_note_is_its_text_and_its_title(tmp_path: Path) -> None:
    """Rows have unit length; a text weighs more than its title."""
    rows = made(tmp_path, Letters(), {"b": "a"})
    assert np.linalg.norm(rows[0]) == pytest.approx(1, abs=1e-3)
    assert rows[0, 0] > rows[0, 1] > 0


def test_what_does_not_fit_has_no_vector(tmp_path: Path) -> None:
    """A note in a language that the model does not know has a row of zeros, title or not."""
    rows = made(tmp_path, Letters())
    assert not rows[list(NOTES).index("Cß")].any()
    assert rows[list(NOTES).index("Aa")].any()


def test_a_vault_that_the_model_does_not_know_has_no_vectors(tmp_path: Path) -> None:
    """Where most notes are in other languages, the few that fit are not set apart by vectors."""
    working = embedder(tmp_path, Letters(), {"a": "ßa", "b": "ßb", "c": "cc"})
    working.start()
    assert working.vectors() is None


def test_of_an_empty_note_the_title_speaks(tmp_path: Path) -> None:
    """A note without any text is what its title says."""
    rows = made(tmp_path, Letters(), {"b": "", "c": "aa"})
    assert rows[0] == pytest.approx([0, 1, 0], abs=1e-3)


def test_nothing_is_embedded_twice(tmp_path: Path) -> None:
    """A second run asks the model nothing and returns the same rows."""
    first = made(tmp_path, Letters())
    model = Letters()
    assert (made(tmp_path, model) == first).all()
    assert model.asked == []


def test_a_renamed_note_is_embedded_by_its_title_alone(tmp_path: Path) -> None:
    """Of a note that has another name now, only the name is read again."""
    made(tmp_path, Letters(), {"b": "aaa"})
    model = Letters()
    made(tmp_path, model, {"c": "aaa"})
    assert model.asked == ["c"]


def test_another_model_starts_from_nothing(tmp_path: Path) -> None:
    """Vectors of different models are never mixed."""
    made(tmp_path, Letters())
    model = Letters("other")
    made(tmp_path, model)
    assert "aaa" in model.asked


def test_a_name_with_a_lone_surrogate_is_no_fault(tmp_path: Path) -> None:
    """A file name that is not UTF-8 has a vector like any other."""
    rows = made(tmp_path, Letters(), {"b\udcff": "a"})
    assert rows.any()


def test_a_note_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """A note that is gone or hidden by now costs its own vector alone: not even its title is asked."""

    def text_of(place: int) -> str:
        if place == 0:
            raise NoteNotFoundError
        return "a"

    wanted = [WantedVector("gone", "Gone"), WantedVector("there", "")]
    model = Letters()
    working = Embedder(tmp_path / "vectors.sqlite3", model, wanted, text_of)
    working.start()
    rows = working.vectors()
    assert rows is not None
    assert rows.any(axis=1).tolist() == [False, True]
    assert model.asked == ["a"]


def test_progress_counts_up_to_the_end(tmp_path: Path) -> None:
    """At the end every note is done; before the start nothing is."""
    working = embedder(tmp_path, Letters())
    assert working.progress == EmbeddingProgress(0, 0)
    assert not working.wait(0)
    working.start()
    working.vectors()
    assert working.wait(0)
    assert working.progress.done == working.progress.total == len(NOTES)


def test_what_is_stored_is_there_at_once(tmp_path: Path) -> None:
    """Without asking the model, and with the number of notes that are still to be made."""
    rows = made(tmp_path, Letters(), {"a": "aaa", "b": "bbb"})
    model = Letters()
    more = embedder(tmp_path, model, {"a": "aaa", "b": "bbb", "c": "ccc"})
    kept = more.kept()
    assert kept is not None
    assert kept[:2] == pytest.approx(rows)
    assert not kept[2].any()
    assert more.progress == EmbeddingProgress(2, 3)
    assert model.asked == []


def test_while_most_are_missing_none_is_used(tmp_path: Path) -> None:
    """The few that are there would only attract each other."""
    made(tmp_path, Letters(), {"a": "aaa"})
    assert embedder(tmp_path, Letters(), {"a": "aaa", "b": "b", "c": "c"}).kept() is None


def test_notes_are_embedded_whole_in_the_order_that_is_wanted(tmp_path: Path) -> None:
    """Each with its title: what is stopped early has finished notes, not texts without titles."""
    model = Letters()
    wanted = [WantedVector(text, title) for title, text in (("A", "a"), ("B", "b"), ("C", "c"))]
    texts = ["a", "b", "c"]
    path = tmp_path / "vectors.sqlite3"
    working = Embedder(path, model, wanted, texts.__getitem__, order=[2, 0, 1])
    working.start()
    rows = working.vectors()
    assert model.asked == ["c", "C", "a", "A", "b", "B"]
    assert rows is not None
    assert rows.argmax(axis=1).tolist() == [0, 1, 2]


def test_a_stop_ends_it_and_what_is_made_stays(tmp_path: Path) -> None:
    """Stopped, it returns no vectors; the next run goes on from what was kept."""
    model = Letters()
    model.may_go_on.clear()
    working = embedder(tmp_path, model)
    working.start()
    assert model.first.wait(10)
    threading.Timer(0.05, model.may_go_on.set).start()
    working.stop()
    assert working.vectors() is None
    assert len(model.asked) < 2 * len(NOTES)
    again = Letters()
    assert made(tmp_path, again).any()
    assert not set(model.asked) & set(again.asked)


def test_what_the_model_raises_comes_out_where_it_is_waited_for(tmp_path: Path) -> None:
    """A model that cannot be used is the caller's error, not the thread's."""
    working = embedder(tmp_path, Letters(fault=EmbeddingError("no key")))
    working.start()
    assert working.wait(10)
    with pytest.raises(EmbeddingError, match="no key"):
        working.vectors()
