"""Pairs of notes to link: which, how many, and why."""

# ruff: noqa: RUF001  # twenty languages have letters that look alike

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from notemill.linking.propose import propose
from tests.notemill.linking.notes import documents, pairs, proposed

GARDEN = {
    "Compost.md": "Kitchen scraps and leaves rot into compost that feeds tomato beds.",
    "Tomatoes.md": "Tomato beds want compost, sun and water at the roots.",
    "Taxes.md": "The invoice for the tax office is due in March.",
    "Invoices.md": "Every invoice goes to the tax office with its number.",
}


def test_notes_about_the_same_are_paired_and_others_are_not() -> None:
    """What shares telling words belongs together."""
    assert pairs(GARDEN) == {"Compost + Tomatoes", "Invoices + Taxes"}


def test_a_pair_says_why() -> None:
    """The words that weigh most, as people write them, and who names whom."""
    found = {one.a: one for one in proposed(GARDEN)}
    compost = found["Compost.md"]
    assert "compost" in [word.casefold() for word in compost.reason.words]
    assert compost.reason.mentions == ("Compost.md", "Tomatoes.md")
    assert 0 < compost.score < 1


@pytest.mark.parametrize(
    "link",
    [
        "[[Tomatoes]]",
        "[[tomatoes|red ones]]",
        "[red](Tomatoes.md)",
        "![[Tomatoes#Water]]",
    ],
)
def test_what_is_linked_already_in_either_direction_is_not_proposed(link: str) -> None:
    """A link anywhere in one of the two is enough."""
    linked = GARDEN | {"Compost.md": f"{GARDEN['Compost.md']} {link}"}
    assert pairs(linked) == {"Invoices + Taxes"}


def test_a_link_in_a_property_counts_as_well() -> None:
    """Properties hold links, too."""
    text = f'---\nrelated:\n  - "[[Compost]]"\n---\n{GARDEN["Tomatoes.md"]}'
    assert pairs(GARDEN | {"Tomatoes.md": text}) == {"Invoices + Taxes"}


def test_no_note_is_in_more_pairs_than_asked_for() -> None:
    """A long note that is a little like everything does not attract everything."""
    topics = [f"topic{number} word{number} thing{number}" for number in range(30)]
    notes = {f"n{number}.md": f"{text} {text} shared words" for number, text in enumerate(topics)}
    notes["Log.md"] = " ".join(topics)
    found = proposed(notes, top=3)
    uses = Counter(key for one in found for key in (one.a, one.b))
    assert 0 < uses["Log.md"] <= 3
    assert max(uses.values()) <= 3


def test_two_daily_notes_are_not_linked_for_their_dates() -> None:
    """A date is no subject; a daily note and another note may well be linked."""
    notes = {
        "2024-01-01.md": "January first, planted tomato seedlings in compost",
        "2024-01-02.md": "January second, planted tomato seedlings in compost",
        "Tomato seedlings.md": "How tomato seedlings are planted in compost in January",
    }
    found = pairs(notes)
    assert "2024-01-01 + 2024-01-02" not in found
    assert "2024-01-01 + Tomato seedlings" in found


def test_notes_that_the_like_of_link_to_come_first() -> None:
    """Where notes on a subject link to one note, another of them is offered it."""
    words = "sourdough starter hydration flour oven crust"
    notes = {f"Loaf {number}.md": f"{words} bake {number} [[Baking]]" for number in range(6)}
    notes["Baking.md"] = "An index."
    notes["Loaf 9.md"] = f"{words} bake nine and an index"
    notes["Rye.md"] = "rye berries soaked overnight with an index of grains"
    assert "Baking + Loaf 9" in pairs(notes, top=2)


def test_a_name_in_the_text_of_another_note_counts_by_how_rare_it_is() -> None:
    """A telling name leads to its note; one that every text has does not."""
    notes = {f"n{number}.md": f"note about subject{number}" for number in range(60)}
    notes["Zettelkasten.md"] = "slips in boxes"
    notes["n5.md"] += " and my zettelkasten"
    notes["note.md"] = "what everything here is"
    found = {(one.a, one.b): one for one in proposed(notes)}
    assert ("Zettelkasten.md", "n5.md") in found
    assert found["Zettelkasten.md", "n5.md"].reason.mentions == ("n5.md",)
    assert not any("note.md" in pair for pair in found)


def test_the_same_vault_gives_the_same_pairs() -> None:
    """Ties are broken by names, never by chance."""
    notes = {f"n{number:02}.md": "all of them say the same plain words" for number in range(40)}
    first, again = proposed(notes), proposed(notes)
    assert first == again != []


HOSTILE = {
    "nothing": {},
    "one note": {"a.md": "text"},
    "two empty notes": {"a.md": "", "b.md": ""},
    "one word each": {f"n{number}.md": "word" for number in range(500)},
    "all identical": {f"d/n{number}.md": "the very same text in every note" for number in range(300)},
    "titles that say nothing": dict.fromkeys(("A.md", "the.md", "2024-01-01.md", "1.md", "_.md", "....md", "🙂.md"), "some text about something or other"),
    "twenty languages": {
        f"{number}.md": text
        for number, text in enumerate(
            [
                "The cat sat on the mat", "Die Katze sitzt auf der Matte", "Le chat est assis",
                "El gato está sentado", "Il gatto è seduto", "O gato está sentado",
                "De kat zit op de mat", "Kot siedzi na macie", "Katten sitter på mattan",
                "Kedi paspasın üzerinde", "Кошка сидит на коврике", "Кіт сидить на килимку",
                "Η γάτα κάθεται", "القطة تجلس", "گربه نشسته است", "החתול יושב",
                "बिल्ली चटाई पर बैठी है", "고양이가 앉아 있다", "猫が座っている", "猫坐在垫子上",
            ]
        )
    },
    "links to nowhere and to itself": {
        "a.md": "[[a]] [[b]] [[a#x]] [[]] [[../../a]] text here",
        "c.md": "[[b]] text here",
    },
}  # fmt: skip


@pytest.mark.parametrize("notes", HOSTILE.values(), ids=HOSTILE.keys())
def test_strange_vaults_are_ranked_without_a_fault(notes: dict[str, str]) -> None:
    """Every pair is of two notes that are there, once, within the bounds."""
    found = proposed(notes, top=4)
    assert len({(one.a, one.b) for one in found}) == len(found)
    assert all(one.a < one.b and {one.a, one.b} <= notes.keys() for one in found)
    assert all(0 <= one.score <= 1 for one in found)
    uses = Counter(key for one in found for key in (one.a, one.b))
    assert max(uses.values(), default=0) <= 4


RARE = {
    "Areas/الجذر.md": "قال الكاتب إن الجذر في المكان طويل هذا الأسبوع وضحك",
    "Travel/القاهرة.md": "في القاهرة قال لي كاتب إن المكان طويل كل أسبوع وضحك",
}
ENGLISH = {f"{number}.md": f"{text} {number}" for number, text in enumerate(GARDEN.values())}


@pytest.mark.parametrize("name", ["Untitled", "Unbenannt 3", "未命名 1"])
def test_notes_without_a_name_are_not_paired_for_that(name: str) -> None:
    """What an editor calls a new note is no word that two notes share."""
    notes = {f"a/{name}.md": "on apples", f"b/{name}.md": "of pears", **GARDEN}
    assert pairs(notes) == {"Compost + Tomatoes", "Invoices + Taxes"}


def test_two_of_few_notes_in_a_language_are_not_paired_for_its_common_words() -> None:
    """Too few notes tell which words are common; one that names the other is a reason still."""
    assert not [one for one in proposed(RARE | ENGLISH) if "الجذر" in one.a]
    named = {key: f"{text} القاهرة" for key, text in RARE.items()}
    assert [one.b for one in proposed(named | ENGLISH) if "الجذر" in one.a] == ["Travel/القاهرة.md"]
    assert [one.b for one in proposed(RARE)] == ["Travel/القاهرة.md"]


@pytest.mark.long
def test_a_huge_note_is_read_as_far_as_it_says_something_new() -> None:
    """Twenty megabytes in one note neither stop the ranking nor drown the others."""
    notes = GARDEN | {"Dump.md": "invoice " * 2_600_000}
    found, _, _ = documents(notes)
    assert max(len(one.terms) for one in found) <= 20_000
    assert "Compost + Tomatoes" in pairs(notes)


def test_every_pair_of_a_small_family_is_a_candidate() -> None:
    """Notes that lie below one name are offered even where their words are few."""
    notes = {
        "cook.md": "cooking of pages",
        "cook.github.md": "pages cooking on a runner",
        "cook.vercel.md": "pages cooking elsewhere",
        **{f"z{number}.md": f"unlike {number} matter{number}" for number in range(20)},
    }
    family = [
        f"{a} + {b}" for a, b in combinations(sorted(["cook", "cook.github", "cook.vercel"]), 2)
    ]
    assert set(family) & pairs(notes)


def test_a_meaning_that_both_have_makes_a_pair_of_different_words() -> None:
    """Notes with near vectors are paired; one without a vector is ranked by its words."""
    notes = GARDEN | {
        "Compost.md": "Kitchen scraps and leaves rot in the shade.",
        "Tomatoes.md": "Red fruit wants sun at the roots.",
    }
    vectors = np.array([[1, 0], [0, 0], [0, 0], [0.9, 0.436]], np.float32)
    found = propose(*documents(notes), top=5, min_score=0.0, vectors=vectors)
    assert {(one.a, one.b) for one in found} == {
        ("Compost.md", "Tomatoes.md"),
        ("Invoices.md", "Taxes.md"),
    }
    assert "Compost + Tomatoes" not in pairs(notes)


def test_vectors_of_nothing_change_nothing() -> None:
    """Where no note has a vector, the pairs are those by words alone."""
    nothing = np.zeros((len(GARDEN), 2), np.float32)
    found = propose(*documents(GARDEN), top=5, min_score=0.0, vectors=nothing)
    assert found == proposed(GARDEN)
