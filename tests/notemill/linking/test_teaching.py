"""What a vault's own links teach: how its notes are linked moves the shipped weights."""

from __future__ import annotations

import random
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from notemill.linking.features import NAMES, pairs_of
from notemill.linking.matrices import matrices_of
from notemill.linking.model import Weights, shipped
from notemill.linking.propose import propose
from notemill.linking.teaching import Lesson, lesson_of, taught
from notemill.linking.training import TrainingVault, moved
from tests.notemill.linking.notes import documents

if TYPE_CHECKING:
    from notemill.linking.corpus import Document, Lexicon
    from notemill.vault.resolve import Names

    Read = tuple[list[Document], Lexicon, Names]

GROUPS, MEMBERS = 56, 8
LINKED = MEMBERS - 1
"""The last note of each group has no link, nor is it linked to."""


def vault(*, by_name: bool) -> dict[str, str]:
    """Return notes that share a word of their names with their group, most words with others.

    A note links to those of its group if `by_name`, else to those it shares most words with.
    """
    draw = random.Random(5)  # noqa: S311  # a repeatable vault
    subjects = {
        (group, member): group // MEMBERS * MEMBERS + member
        for group in range(GROUPS)
        for member in range(MEMBERS)
    }
    names = {one: f"Group{one[0]:02d}x Note{one[0]:02d}y{one[1]}" for one in subjects}
    links: dict[tuple[int, int], list[str]] = {one: [] for one in subjects}
    for one, other in combinations(subjects, 2):
        if LINKED not in {one[1], other[1]} and (
            one[0] == other[0] if by_name else subjects[one] == subjects[other]
        ):
            links[one].append(f"[[{names[other]}]]")
    found = {}
    for one, subject in subjects.items():
        words = [f"subject{subject:02d}z{draw.randrange(25)}" for _ in range(15)]
        words += [f"any{draw.randrange(300)}" for _ in range(10)]
        found[f"{names[one]}.md"] = " ".join([*words, *links[one]])
    return found


@pytest.fixture(scope="module")
def by_name() -> Read:
    """Return notes that are linked by their names."""
    return documents(vault(by_name=True))


@pytest.fixture(scope="module")
def by_words() -> Read:
    """Return notes that are linked by their words."""
    return documents(vault(by_name=False))


def lesson(read: Read) -> Weights:
    """Return what the links of notes teach."""
    found = taught(*read, shipped(with_meaning=False).linked)
    assert found is not None
    return found


def test_how_notes_are_linked_teaches_what_counts(by_name: Read, by_words: Read) -> None:
    """The same notes teach the one or the contrary, as they are linked."""
    names, words = lesson(by_name).weights, lesson(by_words).weights
    assert names["names"] > 0 > names["alike"]
    assert words["names"] < 0
    assert words["alike"] > names["alike"]


def test_what_was_taught_is_proposed(by_name: Read) -> None:
    """A note without links is paired with more notes that it would be linked with."""
    within = []
    for added in (None, lesson(by_name)):
        found = propose(*by_name, top=5, min_score=0.0, taught=added)
        within.append(sum(one.a[:8] == one.b[:8] for one in found))
    assert within[1] > within[0] > 0


def test_a_link_is_no_mention_of_the_note_that_it_names(by_name: Read) -> None:
    """What a hidden link says leaves the text with it, and is not taken for a sign of the link."""
    assert lesson(by_name).weights["mentions"] <= 0


def test_log_odds_keep_their_mean_and_spread(by_name: Read) -> None:
    """A score means the same in every vault, so that the usual limit holds."""
    pairs = pairs_of(matrices_of(*by_name), None)
    weights = shipped(with_meaning=False).linked
    scene = TrainingVault(pairs, pairs.features[:, NAMES.index("names")] > 0)
    asked = np.isin(pairs.rows, pairs.rows[scene.hidden]) & pairs.linked[pairs.rows]
    one = weights.odds(pairs.features[asked])
    other = weights.plus(moved(scene, weights)).odds(pairs.features[asked])
    assert not np.allclose(one, other, atol=0.1)
    assert (other.mean(), other.std()) == pytest.approx((one.mean(), one.std()), rel=0.01)


def test_few_links_teach_nothing(by_name: Read) -> None:
    """What they would teach is chance."""
    read, lexicon, names = by_name
    assert taught(read[: len(read) // 2], lexicon, names, Weights({}, 0.0)) is None


def test_the_same_links_teach_the_same(by_name: Read) -> None:
    """Which links are hidden depends on nothing else, and the notes stay as they are."""
    before = [(one.terms.tolist(), one.links) for one in by_name[0]]
    assert lesson(by_name) == lesson(by_name)
    assert [(one.terms.tolist(), one.links) for one in by_name[0]] == before


@pytest.mark.parametrize("added", [None, Weights({"names": 0.5}, -0.25)])
def test_a_lesson_comes_back_from_json(added: Weights | None) -> None:
    """Also one that taught nothing."""
    assert lesson_of(Lesson(1_200, added).as_json()) == Lesson(1_200, added)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"links": 1_200},
        {"links": 1_200, "added": {"weights": {"names": "much"}, "bias": 0}},
        {"links": 1_200, "added": {"weights": {"names": float("nan")}, "bias": 0}},
        {"links": 1_200, "added": {"weights": [], "bias": 0}},
        {"links": "many", "added": None},
    ],
)
def test_anything_else_is_no_lesson(value: object) -> None:
    """The vault is studied again instead."""
    assert lesson_of(value) is None


@pytest.mark.parametrize(("links", "holds"), [(800, True), (799, False), (1_201, False)])
def test_a_lesson_holds_until_a_fifth_of_the_links_has_changed(links: int, *, holds: bool) -> None:
    """Fewer or more."""
    assert Lesson(1_000, None).holds(links) is holds
