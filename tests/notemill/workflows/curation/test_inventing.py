"""Tags that a run invents: which are new, which are one, what an answer may make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.markup.tags import tag_key
from notemill.stores.proposals import InventedTag, Proposal, ProposalKind, ProposalState
from notemill.tagging.gate import OPEN, Gate
from notemill.tagging.taglist import Entry, Vocabulary
from notemill.workflows.curation.inventing import (
    NewTag,
    Said,
    alike,
    followed,
    new_tags,
    rewritten,
    seldom,
    settled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG, NEW = ProposalKind.TAG, ProposalKind.NEW_TAG


def proposed(*tags: tuple[str, str], kind: ProposalKind = TAG, **more: object) -> list[Proposal]:
    """Return pending proposals of tags, given as (note, tag)."""
    state = more.get("state", ProposalState.PENDING)
    assert isinstance(state, ProposalState)
    return [
        Proposal(number, "run", note, "hash", kind, tag, "", state)
        for number, (note, tag) in enumerate(tags, 1)
    ]


def new(**notes: int) -> list[NewTag]:
    """Return new tags with their numbers of notes; `__` stands for `/`."""
    return [
        NewTag(tag.replace("__", "/"), tuple(f"{tag}{at}.md" for at in range(count)))
        for tag, count in notes.items()
    ]


def became(found: tuple[InventedTag, ...]) -> dict[str, str]:
    """Return what tags became."""
    return {one.tag: one.becomes for one in found}


# -- which are new --------------------------------------------------------------------------------


def test_a_tag_is_new_if_neither_notes_nor_vocabulary_have_it() -> None:
    """Spellings that differ in case are one tag, the most frequent first."""
    rows = proposed(("a", "Soil"), ("b", "soil"), ("c", "soil"), ("a", "Garden"), ("b", "tea"))
    found = new_tags(rows, {tag_key("garden")})
    assert found == (NewTag("soil", ("a", "b", "c")), NewTag("tea", ("b",)))


@pytest.mark.parametrize("state", list(ProposalState))
def test_only_open_proposals_count(state: ProposalState) -> None:
    """What was written or turned down is no longer new; what was accepted stays as it is."""
    found = new_tags(proposed(("a", "soil"), state=state), ())
    is_open = state in (ProposalState.PENDING, ProposalState.ACCEPTED)
    assert found == (
        (NewTag("soil", ("a",), decided=state is ProposalState.ACCEPTED),) if is_open else ()
    )


# -- which are one --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "counts", "expected"),
    [
        # Below a root of the vault rather than by itself or elsewhere.
        (new(soil=5, garden__soil=1), {"garden": 3}, {"soil": "garden/soil"}),
        (new(nature__soil=2, garden__soil=1), {"garden": 3}, {"nature/soil": "garden/soil"}),
        # Else the most used.
        (new(nature__soil=2, garden__soil=1), {}, {"garden/soil": "nature/soil"}),
        # The vault's own, whatever the numbers; in another form, too.
        (new(nature__soil=9), {"garden/soil": 1}, {"nature/soil": "garden/soil"}),
        (new(plants=9), {"garden/plant": 1}, {"plants": "garden/plant"}),
        (
            new(machineLearning=2),
            {"ai/machine-learning": 1},
            {"machineLearning": "ai/machine-learning"},
        ),
        (new(café=2, cafe=1), {}, {"cafe": "café"}),
        # An aspect of three subjects is no tag of its own.
        (new(rome__history=1, music__history=1, chess__history=1), {}, {}),
        # One letter more or less may be another word.
        (new(adoption=3, adaption=2), {}, {}),
        (new(soil=3, soul=2), {}, {}),
    ],
)
def test_names_that_are_equal_but_for_parent_and_form_are_one(
    tags: list[NewTag], counts: Mapping[str, int], expected: Mapping[str, str]
) -> None:
    """What a program can see needs no question."""
    assert became(alike(tags, counts)) == expected


def test_names_that_one_note_has_both_of_are_two() -> None:
    """Whoever gave both meant two things."""
    both = [NewTag("bank/river", ("a", "b")), NewTag("trip/river", ("b",))]
    assert alike(both, {}) == ()


def test_what_a_person_accepted_stays() -> None:
    """Others become it, however few notes it has."""
    both = [NewTag("nature/soil", ("a", "b")), NewTag("garden/soil", ("c",), decided=True)]
    assert became(alike(both, {})) == {"nature/soil": "garden/soil"}


def test_offline_too_few_notes_make_no_tag() -> None:
    """Notes that other runs propose it for count, and so does what a person accepted."""
    tags = [*new(soil=3, tea=2, sun=1), NewTag("moon", ("a",), decided=True)]
    assert became(seldom(tags, more={"sun": 2})) == {"tea": ""}


# -- what an answer may decide --------------------------------------------------------------------


def decided(*said: tuple[str, str], known: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what three new tags become by an answer."""
    answers = [Said(tag, into, "why") for tag, into in said]
    found = settled(new(soil=2, earth=1, sun=1), answers, {tag_key(tag): tag for tag in known})
    return became(found)


STAY = {"soil": "soil", "earth": "earth", "sun": "sun"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("earth", "soil")], {"earth": "soil"}),
        ([("#Earth ", "SOIL")], {"earth": "soil"}),
        ([("earth", "garden")], {"earth": "Garden"}),
        ([("earth", "garden/earth"), ("sun", "")], {"earth": "garden/earth", "sun": ""}),
        # Through several steps, and never in a circle.
        ([("earth", "soil"), ("soil", "garden/soil")], {"earth": "garden/soil", "soil": "garden/soil"}),
        ([("earth", "soil"), ("soil", "earth")], {}),
        ([("earth", "soil"), ("soil", "sun"), ("sun", "earth")], {}),
        # What another tag becomes is not left out.
        ([("earth", "soil"), ("soil", "")], {"earth": "soil"}),
        # Nothing that is no tag, too deep, or was not asked about; the first answer counts.
        ([("earth", "two words")], {}),
        ([("earth", "a/b/c/d")], {}),
        ([("earth", "2024")], {}),
        ([("earth", "#")], {}),
        ([("earth", "so\u200bil")], {}),
        ([("moon", "sun")], {}),
        ([("earth", "soil"), ("earth", "sun")], {"earth": "soil"}),
        ([], {}),
    ],
)  # fmt: skip
def test_an_answer_decides_about_what_was_asked(
    said: list[tuple[str, str]], expected: dict[str, str]
) -> None:
    """Every tag that was asked about comes out once; whatever is unusable leaves it as it is."""
    assert decided(*said, known=("Garden",)) == STAY | expected


@pytest.mark.parametrize(
    ("becomes", "known", "expected"),
    [
        ({"sea/knots": "knots"}, {}, "sea/knots"),
        ({"sea/knots": "sea"}, {}, "sea/knots"),
        ({"sea/knots": "sea"}, {"sea": "sea"}, "sea"),
        ({"sea/knots": "sea", "sea/sails": "sea"}, {}, "sea"),
        ({"sea/knots": "boat/knots"}, {}, "boat/knots"),
    ],
)
def test_what_one_note_has_below_a_root_becomes_no_root(
    becomes: dict[str, str], known: dict[str, str], expected: str
) -> None:
    """That it loses its parent or itself makes it no wider; a root that is there is."""
    said = [Said(tag, into, "why") for tag, into in becomes.items()]
    found = settled(new(sea__knots=1, sea__sails=1), said, known)
    assert became(found)["sea/knots"] == expected


def test_what_a_person_turned_down_is_no_answer() -> None:
    """A tag becomes nothing that the gate refuses, and what was accepted is not changed."""
    tags = [NewTag("soil", ("a",)), NewTag("tea", ("b",), decided=True)]
    said = [Said("soil", "dirt", ""), Said("tea", "drinks/tea", "")]
    found = settled(tags, said, {}, allowed=lambda tag: tag != "dirt")
    assert became(found) == {"soil": "soil", "tea": "tea"}


_NAMES = st.sampled_from(
    ["soil", "earth", "sun", "garden", "garden/soil", "", "no tag", "Soil", "x/y"]
)


@given(st.lists(st.tuples(_NAMES, _NAMES), max_size=12))
def test_no_answer_loses_a_tag_unsaid(said: list[tuple[str, str]]) -> None:
    """Whatever is answered, each tag has one end, which stays where it is or was not asked about."""
    found = decided(*said, known=("Garden",))
    assert found.keys() == STAY.keys()
    for into in found.values():
        assert found.get(into, into) in (into, "")
        assert not into or into not in found or found[into] == into


# -- what changes in the queue --------------------------------------------------------------------


def after(
    rows: list[Proposal],
    changes: Mapping[str, str],
    gate: Gate = OPEN,
    have: Mapping[str, frozenset[str]] | None = None,
) -> list[tuple[str, str, str]]:
    """Return the changed rows: note, tag, what replaces it."""
    made = {key: InventedTag(key, into, "", ("a",)) for key, into in changes.items()}
    found = rewritten(rows, made, gate, have or {})
    return [(old.note, old.value, f"{new.kind}: {new.value}" if new else "") for old, new in found]


def test_pending_tags_follow_what_became_of_theirs() -> None:
    """Each note gets the other tag, once; one that it has is not proposed."""
    rows = proposed(("a", "soil"), ("a", "earth"), ("b", "earth"), ("c", "earth"), ("c", "sun"))
    found = after(rows, {"earth": "soil", "sun": ""}, have={"b": frozenset({"soil"})})
    assert found == [
        ("a", "earth", ""),
        ("b", "earth", ""),
        ("c", "earth", "tag: soil"),
        ("c", "sun", ""),
    ]


def test_decided_tags_never_change() -> None:
    """What a person accepted or rejected is theirs."""
    for state in set(ProposalState) - {ProposalState.PENDING}:
        assert after(proposed(("a", "earth"), state=state), {"earth": "soil"}) == []


def test_a_parent_beside_its_child_goes() -> None:
    """Also where the change makes it one: the child says it already."""
    rows = proposed(("a", "garden"), ("a", "soil"), ("b", "garden"))
    assert after(rows, {"soil": "garden/soil"}) == [
        ("a", "garden", ""),
        ("a", "soil", "tag: garden/soil"),
    ]


def test_the_vocabulary_decides_what_waits() -> None:
    """A tag of it passes in its spelling, another waits as a new tag, a refused one goes."""
    gate = Gate(Vocabulary((Entry("Garden"),)), rejected=["sun"], rejected_in={"c": ["garden"]})
    rows = proposed(("a", "earth"), ("b", "light"), ("c", "earth"), ("d", "ray"), kind=NEW)
    changes = {"earth": "garden", "light": "sky/light", "ray": "sun"}
    assert after(rows, changes, gate) == [
        ("a", "earth", "tag: Garden"),
        ("b", "light", "new tag: sky/light"),
        ("c", "earth", ""),
        ("d", "ray", ""),
    ]


def test_earlier_outcomes_are_followed_to_their_end() -> None:
    """A tag that came again becomes what it became before, through later changes of that one."""
    before = [
        InventedTag("earth", "soil", "", ("a",)),
        InventedTag("soil", "garden/soil", "", ("a", "b")),
        InventedTag("sun", "sun", "", ("a",)),
        InventedTag("tea", "", "", ("a",)),
    ]
    found = {key: one.becomes for key, one in followed(before).items()}
    assert found == {"earth": "garden/soil", "soil": "garden/soil", "tea": ""}
