"""What two notes must have in common to be proposed, and what notes without links are offered."""

from __future__ import annotations

import numpy as np
import pytest

from notemill.linking.boilerplate import own_terms
from notemill.linking.evidence import Evidence, is_word
from notemill.linking.mentions import mentions_of
from notemill.linking.model import acceptance
from notemill.text.vectors import Matrix
from tests.notemill.linking.notes import documents, pairs

BREAD = ("sourdough", "starter", "flour", "yeast", "crust", "crumb")
BAKERY = {
    f"Loaf {number}.md": " ".join(f"{word}, then step{number}{word};" for word in BREAD)
    + "[[Oven]]"
    for number in range(20)
}
OTHERS = {f"z{number}.md": f"plain{number} matter{number} unlike{number}" for number in range(20)}


def test_a_note_without_links_is_offered_what_it_wants_most() -> None:
    """The linked notes have nearer ones than this, and would never choose it."""
    notes = (
        BAKERY
        | OTHERS
        | {
            "Oven.md": "where loaves bake",
            "Ferments.md": "a starter with wild yeast, then kimchi and miso and kefir and vinegar",
        }
    )
    assert [one for one in pairs(notes, top=1) if "Ferments" in one and "Loaf" in one]


def test_a_note_with_nothing_in_common_gets_nothing() -> None:
    """A place beside each other is no reason, nor is an empty note one."""
    notes = OTHERS | {
        "Clips/Hands.md": "A feeling of being looked after while somebody cooks dinner.",
        "Clips/Usage.md": "Numbers by quarter, region, channel.",
        "Clips/Empty.md": "",
    }
    assert not pairs(notes)


def test_a_note_that_names_another_gets_that_one() -> None:
    """One name is enough, however little else there is."""
    notes = OTHERS | {
        "Slip box.md": "Cards in drawers, numbered.",
        "Monday.md": "Ask about slip box",
    }
    assert pairs(notes) == {"Monday + Slip box"}


def test_a_name_within_a_longer_name_is_not_said() -> None:
    """Who writes of vector fields does not write of the field."""
    field, vector, text = np.array([1]), np.array([2, 1]), np.array([3, 2, 1, 4])
    said, meant = mentions_of([text, text[:0], text[:0]], [[], [field], [vector]])
    assert said[0, 1] > 0
    assert meant[0, 1] == 0
    assert meant[0, 2] > 0
    _, alone = mentions_of([np.array([2, 1, 3, 1]), text[:0], text[:0]], [[], [field], [vector]])
    assert alone[0, 1] > 0


def test_names_that_only_a_stem_joins_are_no_reason() -> None:
    """A bag is not a method of statistics, though both are cut to the same stem; plurals are one."""
    notes = OTHERS | {
        "Bag.md": "leather straps, a buckle, mended twice",
        "Bagging.md": "bagging averages models that were fitted to resampled data",
    }
    assert not pairs(notes)
    assert pairs(OTHERS | {"Bag.md": "leather straps", "Bags.md": "resampled data"}) == {
        "Bag + Bags"
    }


def test_a_kind_in_two_names_is_no_reason_by_itself() -> None:
    """A word at the end of both says what they are, unless it is all that one is called."""
    money, boots = "rebalance yearly, fresh money", "ferry tickets, tent, boots"
    assert not pairs(OTHERS | {"Fund notes.md": money, "Trip notes.md": boots})
    assert pairs(OTHERS | {"Notes.md": money, "Trip notes.md": boots})
    assert pairs(OTHERS | {"Falcon budget.md": money, "Falcon offsite.md": boots})


def test_what_many_notes_say_word_for_word_is_nobodys_own() -> None:
    """Five notes share a form; what each adds to it is its own, and a quotation by four stays."""
    form = np.arange(9, dtype=np.int32)
    texts = [np.append(form, 10 + number).astype(np.int32) for number in range(5)]
    rows = Matrix(np.ones((5, 20), np.float32))
    assert own_terms(rows, texts).toarray().sum(axis=1).tolist() == [1] * 5
    assert own_terms(rows[:4], texts[:4]).toarray().sum(axis=1).tolist() == [10] * 4


def test_a_form_that_both_are_written_in_is_no_reason() -> None:
    """Only the lines of a template are alike."""
    form = (
        "join our weekly calendar channel for general resources and recordings of earlier sessions"
    )
    kinds = ("apples", "trains", "violins", "glaciers", "invoices", "lanterns")
    notes = OTHERS | {
        f"{kind}.md": f"{form} {kind} {number}{kind}" for number, kind in enumerate(kinds)
    }
    assert not pairs(notes)


@pytest.mark.parametrize(("term", "expected"), [("2021", False), ("3f", False), ("mp3", True)])
def test_numbers_and_ids_are_no_words(term: str, *, expected: bool) -> None:
    """They tell nobody anything in common."""
    assert is_word(term) is expected


def test_what_notes_have_in_common_makes_a_pair_more_likely() -> None:
    """A shared name and a mention each add, and the bound for the quick check holds."""
    no, yes, odds = np.array([False]), np.array([True]), np.array([-2.5])
    bare, called, both = (
        acceptance().of(odds, Evidence(called=one, kind=no, named=other, meant=no))[0]
        for one, other in ((no, no), (yes, no), (yes, yes))
    )
    assert bare < called < both <= acceptance().at_most(odds)[0]


def test_documents_keep_the_words_of_their_names() -> None:
    """In the singular, as they are written."""
    found, _, _ = documents({"Night trains.md": "---\naliases: [Sleepers]\n---\ntext"})
    assert found[0].called == {"night", "train", "sleeper"}


def test_two_notes_of_one_name_in_a_rare_language_are_still_paired() -> None:
    """That both are called so is more than their language."""
    notes = {f"n{number}.md": f"Note {number} has words {number}." for number in range(6)} | {
        "Garden/soil.md": "# Soil\n\nThe compost heap feeds the garden soil. Worms do the work.\n",
        "other.md": "---\ntitle: Soil\n---\nGarden soil is fed by the compost heap and worms.\n",
    }
    assert "Garden/soil + other" in pairs(notes)
