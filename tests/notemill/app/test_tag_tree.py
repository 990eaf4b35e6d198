"""The tree of tags: what it shows, what a change would do before it is made, and other spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app.tag_events import ListWritten, VocabularyChanged
from notemill.config import Exclusions
from notemill.errors import ExternallyChangedError, UsageError
from tests.doubles import ScriptedProvider
from tests.notemill.app.test_first_vocabulary import NOTES as CURATED
from tests.notemill.app.test_first_vocabulary import TAGS, Model, curate, in_force
from tests.notemill.fronts import KeepingFront
from tests.notemill.workflows.notes import Desk, tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notemill.app.tag_changes import ChangePreview, TagsChanged
    from notemill.app.tag_tree import TagTree

NOTES: dict[str, str | bytes] = {
    "one.md": "---\ntags: [food/soup, bread]\n---\nWords.\n",
    "two.md": "---\ntags: [Food]\n---\nMore words.\n",
    "three.md": "A #food/soup in words.\n",
    "board.md": "```dataview\nLIST FROM #food/soup\n```\n\nAll notes with the tag `#bread` are about baking.\n",
    "Private/plan.md": "---\ntags: [zeppelin, bread]\n---\n```dataview\nLIST FROM #bread\n```\n",
}
PRIVATE = Exclusions(patterns=("Private/**",))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A vault of five notes, one of which is excluded."""
    return Desk(tmp_path, NOTES, exclusions=PRIVATE)


@pytest.fixture
def in_store(tmp_path: Path) -> Desk:
    """A vault whose vocabulary is in force without a note."""
    desk = Desk(tmp_path, CURATED, ScriptedProvider(Model(tags=("garden/soil",))))
    ended = curate(desk, KeepingFront())
    assert ended.run is not None
    desk.apply(ended.run.id)
    return desk


def tree_of(desk: Desk) -> TagTree:
    """Return the tree, as a process of its own."""
    return desk.through_the_door(lambda mill: mill.tags.tree())


def preview(
    desk: Desk,
    changes: Mapping[str, str | None],
    aliases: Mapping[str, str] | None = None,
    **page: int,
) -> ChangePreview:
    """Look at a change, as a process of its own."""
    return desk.through_the_door(
        lambda mill: mill.tags.preview(changes, aliases=aliases, **page), KeepingFront(answer=None)
    )


def change(
    desk: Desk,
    changes: Mapping[str, str | None],
    agreed: str,
    aliases: Mapping[str, str] | None = None,
) -> TagsChanged:
    """Make a change that was agreed to, where nobody can be asked anything."""
    return desk.through_the_door(
        lambda mill: mill.tags.change(changes, aliases=aliases, agreed=agreed),
        KeepingFront(answer=None),
    )


# -- what is shown --------------------------------------------------------------------------------


def test_the_tree_has_the_tags_of_visible_notes_only(desk: Desk) -> None:
    """A tag that only an excluded note has is not there, and such a note counts nowhere."""
    found = tree_of(desk)
    assert [(one.tag, one.notes, one.below) for one in found.nodes] == [
        ("bread", 1, 1), ("Food", 1, 3), ("food/soup", 2, 2),
    ]  # fmt: skip
    assert (found.notes, found.tagged, found.has_vocabulary) == (4, 3, False)


def test_a_vocabulary_shows_with_what_its_tags_are_for(in_store: Desk) -> None:
    """Its tags are marked, with a description; other tags of notes are there beside them."""
    found = tree_of(in_store)
    assert found.has_vocabulary
    assert [one.tag for one in found.nodes if one.listed] == list(TAGS)
    assert {one.description for one in found.nodes if one.listed} == {f"for {one}" for one in TAGS}
    assert [one.tag for one in found.nodes if not one.listed] == ["Baking"]


@pytest.mark.parametrize("tag", ["zeppelin", "garden"])
def test_a_vocabulary_tells_nothing_of_an_excluded_note(in_store: Desk, tag: str) -> None:
    """A tag that only such a note has is left out, and so is the list if its own note is one."""
    in_store.path("Secret/Plan.md").write_text("---\ntags: [zeppelin, tools]\n---\nWords.\n")
    in_store.path("Tags.md").write_text(
        "<!-- notemill: tags -->\n- zeppelin - flies\n- garden - mine\n- tools (kit) - iron\n"
    )
    in_store.adopt("Tags.md")
    hidden = {"zeppelin": "Secret/**", "garden": "Tags.md"}[tag]
    in_store.exclusions = Exclusions(patterns=(hidden,))
    found = tree_of(in_store)
    names = [one.tag for one in found.nodes]
    assert "zeppelin" not in names or tag == "garden"
    assert ("tools" in names) == (tag == "garden")
    if tag == "garden":
        assert found.note == ""
        assert not any(one.description or one.aliases for one in found.nodes)


def test_the_notes_of_a_tag_come_page_by_page_with_those_of_its_children(desk: Desk) -> None:
    """Ordered by path, each once; the last page has no next one."""
    first = desk.through_the_door(lambda mill: mill.tags.notes("#FOOD", limit=2))
    assert [(one.note, one.tags) for one in first.notes] == [
        ("one.md", ("food/soup",)), ("three.md", ("food/soup",)),
    ]  # fmt: skip
    assert (first.total, first.next) == (3, 2)
    last = desk.through_the_door(lambda mill: mill.tags.notes("food", start=2, limit=2))
    assert ([one.note for one in last.notes], last.next) == (["two.md"], None)
    hidden = desk.through_the_door(lambda mill: mill.tags.notes("zeppelin"))
    assert (hidden.notes, hidden.total) == ((), 0)


def test_the_places_of_a_tag_are_named_except_those_in_excluded_notes(desk: Desk) -> None:
    """A query, with its line; what stands in an excluded note is only counted."""
    found = desk.through_the_door(lambda mill: mill.tags.places("food"))
    (query,) = found["food/soup"].named
    assert (query.kind, query.file, query.line) == ("query", "board.md", 2)
    bread = desk.through_the_door(lambda mill: mill.tags.places("bread"))["bread"]
    assert bread.hidden == 1
    assert {one.file for one in bread.named} == {"board.md"}


# -- before a change ------------------------------------------------------------------------------


def test_a_preview_shows_every_note_and_place_and_writes_nothing(desk: Desk) -> None:
    """Notes come page by page, queries that follow among them; the rest of the places is named."""
    before = tree(desk.root)
    found = preview(desk, {"food/soup": "dish"}, limit=2)
    assert [one.key for one in found.plan.touched] == ["board.md", "one.md", "three.md"]
    assert [one.note for one in found.changes] == ["board.md", "one.md"]
    assert b"LIST FROM #dish" in found.changes[0].after
    rest = preview(desk, {"food/soup": "dish"}, start=2, limit=2)
    assert [(one.note, one.after) for one in rest.changes] == [("three.md", b"A #dish in words.\n")]
    assert rest.digest == found.digest
    assert tree(desk.root) == before


def test_an_agreed_change_is_made_whatever_place_keeps_the_old_name(desk: Desk) -> None:
    """Who agreed has seen its places, so nobody is asked; one undo restores everything."""
    before = tree(desk.root)
    looked = preview(desk, {"bread": "loaf"})
    assert looked.plan.waits == {"bread"}
    assert looked.plan.hidden == 1
    done = change(desk, {"bread": "loaf"}, looked.digest)
    assert (done.notes, dict(done.waiting)) == (("one.md",), {})
    assert "zeppelin, bread" in desk.text("Private/plan.md")
    desk.undo(done.run)
    assert tree(desk.root) == before


def test_a_change_is_refused_when_the_preview_is_no_longer_true(desk: Desk) -> None:
    """Another note with the tag, an edited one or another change: nothing is written."""
    looked = preview(desk, {"bread": "loaf"})
    desk.path("new.md").write_text("---\ntags: [bread]\n---\n")
    before = tree(desk.root)
    with pytest.raises(ExternallyChangedError, match="changed since the preview"):
        change(desk, {"bread": "loaf"}, looked.digest)
    again = preview(desk, {"bread": "loaf"})
    with pytest.raises(ExternallyChangedError, match="changed since the preview"):
        change(desk, {"bread": "cake"}, again.digest)
    assert tree(desk.root) == before
    assert len(change(desk, {"bread": "loaf"}, again.digest).notes) == 2


def test_a_tag_of_excluded_notes_alone_does_not_count_as_one_that_exists(desk: Desk) -> None:
    """A merge counts the visible notes of the new tag; that others have it is not told."""
    assert dict(preview(desk, {"bread": "zeppelin"}).plan.joined) == {}
    assert dict(preview(desk, {"bread": "food"}).plan.joined) == {"food": 1}


@pytest.mark.parametrize(
    ("changes", "aliases", "why"),
    [
        ({}, {}, "no tag is named"),
        ({"nowhere": "x"}, {}, "no note has #nowhere"),
        ({"bread": "two words"}, {}, "cannot be a tag"),
        ({"bread": "<img src=x onerror=alert(1)>"}, {}, "cannot be a tag"),
        ({}, {"loaf": "bread"}, "has no vocabulary"),
    ],
)
def test_a_preview_says_why_there_is_nothing_to_change(
    desk: Desk, changes: dict[str, str | None], aliases: dict[str, str], why: str
) -> None:
    """The reason is the one that the change itself would give."""
    with pytest.raises(UsageError, match=why):
        preview(desk, changes, aliases)


# -- other spellings ------------------------------------------------------------------------------


def aliases_of(desk: Desk, key: str) -> tuple[str, ...]:
    """Return the other spellings of a tag, as the tree shows them."""
    return next(one.aliases for one in tree_of(desk).nodes if one.key == key)


def test_another_spelling_is_kept_without_a_note_and_undone(in_store: Desk) -> None:
    """Notes get the tag, later proposals are filed under it, and one undo takes both back."""
    in_store.path("Garden/Mulch.md").write_text("---\ntags: [earth]\n---\nMulch.\n")
    before = tree(in_store.root)
    looked = preview(in_store, {}, {"earth": "Garden/Soil", "dirt": "garden/soil"})
    assert looked.plan.spellings == {"earth": "garden/soil", "dirt": "garden/soil"}
    done = change(
        in_store, {}, looked.digest, {"earth": "Garden/Soil", "dirt": "garden/soil"}
    )  # fmt: skip
    assert done.notes == ("Garden/Mulch.md",)
    assert aliases_of(in_store, "garden/soil") == ("earth", "dirt")
    ruling = in_store.on(lambda opened: opened.gate()).of("dirt", "")
    assert ruling is not None
    assert (ruling.tag, ruling.is_new) == ("garden/soil", False)
    in_store.through_the_door(lambda mill: mill.applying.undo(done.run))
    assert tree(in_store.root) == before
    assert aliases_of(in_store, "garden/soil") == ()


def test_a_tag_of_the_vocabulary_becomes_another_spelling(in_store: Desk) -> None:
    """It is merged; with a second new spelling in the same step, one undo brings it back."""
    front = KeepingFront()
    done = in_store.through_the_door(
        lambda mill: mill.tags.change({}, aliases={"tools": "kitchen", "pans": "kitchen"}), front
    )
    assert front.told(VocabularyChanged) == [VocabularyChanged(2, done.run)]
    assert aliases_of(in_store, "kitchen") == ("tools", "pans")
    assert "tools" not in in_force(in_store)
    in_store.through_the_door(lambda mill: mill.applying.undo(done.run))
    assert in_force(in_store) == list(TAGS)
    assert aliases_of(in_store, "kitchen") == ()


def test_another_spelling_is_written_into_the_list_of_a_note(desk: Desk) -> None:
    """The list's change is part of the preview and of the run; its owner has agreed to it."""
    listed = "<!-- notemill: tags -->\n- bread (rolls) - baked\n- food\n"
    desk.path("Tags.md").write_text(listed)
    desk.adopt("Tags.md")
    looked = preview(desk, {}, {"loaf": "bread"})
    assert looked.listing is not None
    assert b"- bread (rolls, loaf) - baked" in looked.listing.after
    front = KeepingFront(answer=None)
    done = desk.through_the_door(
        lambda mill: mill.tags.change({}, aliases={"loaf": "bread"}, agreed=looked.digest), front
    )
    assert front.told(ListWritten) == [ListWritten("Tags.md", done.run)]
    assert "- bread (rolls, loaf) - baked" in desk.text("Tags.md")
    desk.undo(done.run)
    assert desk.text("Tags.md") == listed


def test_a_preview_names_the_list_that_keeps_the_old_name(desk: Desk) -> None:
    """The list in a note is its owner's: a rename changes the other notes, and says so before."""
    desk.path("Tags.md").write_text("<!-- notemill: tags -->\n- bread\n- food\n")
    desk.adopt("Tags.md")
    assert preview(desk, {"bread": "loaf"}).stays_in == "Tags.md"
    assert preview(desk, {"food/soup": "dish"}).stays_in == ""


@pytest.mark.parametrize(
    ("aliases", "why"),
    [
        ({"mulch": "compost"}, "#compost is not in the vocabulary"),
        ({"Kitchen": "kitchen"}, "are the same tag"),
        ({"two words": "kitchen"}, "cannot be a tag"),
        ({"pan": "kitchen", "pot": "pan"}, "is to change, too"),
        ({"bakery": "garden"}, "is another spelling of #kitchen/baking already"),
    ],
)
def test_a_spelling_that_cannot_be_kept_is_refused_with_the_reason(
    in_store: Desk, aliases: dict[str, str], why: str
) -> None:
    """Nothing is written into the vocabulary or the notes."""
    in_store.through_the_door(
        lambda mill: mill.tags.change({}, aliases={"bakery": "kitchen/baking"}), KeepingFront()
    )
    with pytest.raises(UsageError, match=why):
        preview(in_store, {}, aliases)


def test_a_list_names_the_line_that_is_in_the_way_of_a_spelling(desk: Desk) -> None:
    """A tag with a line of its own stays its owner's; a list in an excluded note is not written."""
    desk.path("Tags.md").write_text("<!-- notemill: tags -->\n- bread\n- ~~loaf~~\n")
    desk.adopt("Tags.md")
    with pytest.raises(UsageError, match="#loaf has its own line in the vocabulary"):
        preview(desk, {}, {"loaf": "bread"})
    desk.exclusions = Exclusions(patterns=("Tags.md",))
    with pytest.raises(UsageError, match="excluded"):
        preview(desk, {}, {"rolls": "bread"})
