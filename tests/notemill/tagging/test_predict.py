"""Which tags fit a note, learned from the notes that have some."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from notemill.tagging.predict import MAX_EXAMPLES, MAX_INVERTED, Example, TagModel, spread
from notemill.text.terms import terms
from notemill.workflows.curation.candidates import tag_words

WORDS: dict[str, int] = {}
NONE = np.empty(0, np.int32)


def numbers(text: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return the numbers of a text's terms."""
    found = [WORDS.setdefault(one, len(WORDS)) for one in terms(text, "en")]
    return np.array(found, np.int32)


def example(title: str, text: str, *tags: str, folder: str = "") -> Example:
    """Return a note to learn from or to ask about."""
    return Example(numbers(title), numbers(text), folder, tags)


def learned(notes: list[Example]) -> TagModel:
    """Return what notes teach."""
    tags = {tag: numbers(" ".join(tag_words(tag))) for one in notes for tag in one.tags}
    return TagModel(notes, tags.__getitem__, len(WORDS))


COOKING = [
    example(f"Dish {n}", f"simmer onions in the pan with stock and salt {n}", "food/recipes")
    for n in range(8)
]
RUNNING = [
    example(f"Run {n}", f"ten kilometres along the river at a slow pace {n}", "sport/running")
    for n in range(8)
]


def test_a_note_gets_the_tags_of_notes_like_it() -> None:
    """What its words are about decides."""
    model = learned([*COOKING, *RUNNING])
    assert model.ranked([example("New", "onions and stock simmer")], 1)[0] == ["food/recipes"]
    assert model.ranked([example("New", "slow kilometres by the river")], 1)[0] == ["sport/running"]


def test_the_folder_speaks_where_the_words_say_nothing() -> None:
    """Notes filed together are tagged alike; folders lean on the ones above them."""
    notes = [
        example(f"n{n}", f"word{n} thing{n}", tag, folder=f"{tag}/{n % 3}")
        for tag in ("work", "home")
        for n in range(12)
    ]
    model = learned(notes)
    assert model.ranked([example("new", "nothing known", folder="home/1")], 1)[0] == ["home"]
    assert model.ranked([example("new", "nothing known", folder="work/new folder")], 1)[0] == [
        "work"
    ]


def test_a_tag_whose_words_stand_in_the_title_is_among_the_first() -> None:
    """A rare tag is found by its name."""
    notes = [*COOKING, *RUNNING, example("Old", "a jar on the sill", "food/sourdough")]
    model = learned(notes)
    assert "food/sourdough" in model.ranked([example("My sourdough", "it rises")], 2)[0]


@pytest.mark.parametrize("notes", [[], [example("only", "one note", "tag")]])
def test_a_vault_with_hardly_any_tags_teaches_little_and_breaks_nothing(
    notes: list[Example],
) -> None:
    """What there is can be ranked; the rest is an empty list."""
    model = learned(notes)
    assert model.ranked([example("new", "words never seen before")], 5)[0] == [
        tag for one in notes for tag in one.tags
    ]


def test_of_many_tagged_notes_the_rare_tags_stay() -> None:
    """More examples than are learned from never lose the tags that few notes have."""
    many = [example("x", "some text", "common") for _ in range(MAX_EXAMPLES + 100)]
    model = learned([*many, example("rare thing", "quite another matter", "rare")])
    assert model.tags == ["common", "rare"]


def test_each_tag_keeps_as_many_notes_as_there_is_room_for() -> None:
    """A rare tag keeps all its notes, and frequent ones an equal number, from all over the vault."""
    tags = ["a"] * 500 + ["b"] * 300 + ["rare"] * 10
    kept = spread([Example(NONE, NONE, "", (tag,)) for tag in tags], 110)
    assert Counter(tags[place] for place in kept) == {"a": 50, "b": 50, "rare": 10}
    gaps = np.diff([place for place in kept if tags[place] == "a"])
    assert max(gaps) <= 25


def test_frequent_tags_are_learned_beside_many_rare_ones() -> None:
    """Where rare tags alone fill the room for examples, the frequent ones are told apart all the same."""
    words = {"soup": "onion stock simmer pan", "run": "river pace kilometre shoe"}
    frequent = [
        example(f"{tag} {n}", f"{words[tag]} {n}", tag) for tag in words for n in range(400)
    ]
    rare = [
        example(f"thing {n}", f"matter{n} affair{n}", f"tag{n % 800}")
        for n in range(MAX_INVERTED + 400)
    ]
    model = learned([*rare, *frequent])
    asked = [example("new", text) for text in words.values()]
    assert [one[0] for one in model.ranked(asked, 1)] == list(words)


def test_examples_beyond_the_inverted_ones_are_learned_from() -> None:
    """The nearest notes and folders speak for all examples, not for those that are inverted."""
    many = [example(f"n{n}", f"word{n % 50}", f"t{n % 3}") for n in range(MAX_INVERTED)]
    late = [example("late", f"quartz feldspar granite {n}", "stone") for n in range(3)]
    model = learned([*many, *late, *many])
    assert model.ranked([example("new", "granite and quartz")], 1)[0] == ["stone"]
