"""Which notes need work: what needs nothing costs nothing, and our own writing is no reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.config import Exclusions
from notemill.index import facts_of
from notemill.properties import CURATED, Property, read_properties
from notemill.workflows.curation.needs import need_of
from tests.notemill.workflows.notes import Desk, curated, many
from twolane import Lane

if TYPE_CHECKING:
    from pathlib import Path

COMPLETE = "---\ndescription: It is here.\ntags: [a/b]\ntopics: [c]\n---\nWords.\n"


def note(*lines: str) -> str:
    """Return a note with these lines of properties."""
    return "\n".join(["---", *lines, "---", "Words of its own.", ""])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Words only.\n", "no description and no tags"),
        (note("tags: [a/b]", "topics: [c]"), "no description"),
        (note("description: ''", "tags: [a/b]", "topics: [c]"), "no description"),
        (note("description: It is here.", "topics: [c]"), "no tags"),
        (note("description: It is here.", "tags: []", "topics: [c]"), "no tags"),
        (
            note("description: It is here.", "tags: [a/b, '2024']", "topics: [c]"),
            "invalid tag 2024",
        ),
        (note("description: It is here.", "tags: ['a.b']", "topics: [c]"), "invalid tag a.b"),
        (note("description: It is here.", "tags: [00ff00, 2fa]", "topics: [c]"), "only flat tags"),
        (note("description: It is here.", "tags: [flat]", "topics: [c]"), "only flat tags"),
        (note("description: It is here.", "tags: [a/b]"), "no topics"),
        ("Words with #garden/soil in them.\n", "no description"),
        (note("description: It is here.", "topics: [c]") + "Filed under #garden/soil.\n", None),
        (COMPLETE, None),
        ("", None),
        (" \n\n", None),
        ("---\n---\n", None),
        (b"\xef\xbb\xbf", None),
    ],
)
def test_a_note_needs_work_for_one_reason_or_none(
    tmp_path: Path, text: str | bytes, reason: str | None
) -> None:
    """What is missing or invalid is named; what is complete, or empty, needs nothing."""
    desk = Desk(tmp_path, {"n.md": text})
    assert desk.needs().get("n.md") == reason


def test_refresh_asks_for_complete_notes_as_well(tmp_path: Path) -> None:
    """`--refresh` is the only thing that makes a note without any need be asked about."""
    desk = Desk(tmp_path, {"n.md": COMPLETE})
    assert desk.needs(refresh=True) == {"n.md": "requested again"}


def test_curate_after_curate_sends_nothing(tmp_path: Path) -> None:
    """What was curated and applied is not asked about again, whatever state it was in before."""
    desk = Desk(tmp_path, {**many(5), "flat.md": note("tags: [flat]"), "all.md": COMPLETE})
    assert desk.curate(apply=True).code == 0
    assert len(desk.asked) == 6
    again = desk.curate(apply=True)
    assert again.code == 0
    assert "no note needs work" in again.shown
    assert len(desk.asked) == 6


def test_reviewed_proposals_that_wait_or_are_applied_send_nothing_either(tmp_path: Path) -> None:
    """Neither proposals that wait nor their application make a note need work."""
    desk = Desk(tmp_path, many(4))
    desk.curate()
    assert desk.needs() == {}
    desk.apply()
    assert "All about n000" in desk.text("n000.md")
    assert desk.needs() == {}
    desk.curate()
    assert len(desk.asked) == 4


def test_an_edit_of_owned_properties_alone_makes_no_note_need_work(tmp_path: Path) -> None:
    """Whoever changes tags, topics or descriptions by hand is not asked to pay again."""
    desk = Desk(tmp_path, many(2))
    desk.curate(apply=True)
    path = desk.path("n000.md")
    path.write_text(path.read_text("utf-8").replace("area/tested", "mine/own"), "utf-8")
    desk.path("n001.md").write_text("Note 1 has words 1.\n", "utf-8")
    assert desk.needs() == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Note 0", "Note zero"),
        ("words 0.\n", "words 0.\n\nAnd more.\n"),
        ("---\nNote", "created: 2026-01-01\n---\nNote"),
        ("\n", "\r\n"),
    ],
)
def test_a_changed_note_needs_work_again(tmp_path: Path, old: str, new: str) -> None:
    """An edit of the text, or of a property that is the owner's, is a reason by itself."""
    desk = Desk(tmp_path, many(1))
    desk.curate(apply=True)
    path = desk.path("n000.md")
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    assert desk.needs() == {"n000.md": "changed since it was last curated"}


def test_a_note_needs_work_again_after_undo(tmp_path: Path) -> None:
    """What was taken out again is missing again, and stays so when the old run is applied again."""
    desk = Desk(tmp_path, many(3))
    run = desk.curate(apply=True).run
    desk.undo(run, note="n001.md")
    assert desk.needs() == {"n001.md": "no description and no tags"}
    assert desk.apply(run) == []
    assert desk.needs() == {"n001.md": "no description and no tags"}
    desk.curate(apply=True)
    assert "All about n001." in desk.text("n001.md")
    assert len(desk.asked) == 4


def test_undo_through_later_runs_makes_a_note_need_work(tmp_path: Path) -> None:
    """With the later runs' writing their having curated the note is undone as well."""
    desk = Desk(tmp_path, many(1))
    first = desk.curate(apply=True).run
    desk.provider.reply = lambda params: curated(params, tags=["other/tag"])
    desk.curate(apply=True, refresh=True)
    assert "other/tag" in desk.text("n000.md")
    assert [one.restored for one in desk.undo(first)] == [False]
    assert [one.restored for one in desk.undo(first, through=True)] == [True]
    assert desk.text("n000.md") == many(1)["n000.md"]
    assert desk.needs() == {"n000.md": "no description and no tags"}


def test_failed_notes_are_asked_about_again(tmp_path: Path) -> None:
    """A note whose answer failed does not count as curated."""
    desk = Desk(tmp_path, many(3))
    desk.provider.refuse = lambda params: (
        ("invalid_request_error", "no") if "title: n001" in str(params) else None
    )
    assert desk.curate().code == 3
    desk.provider.refuse = lambda _: None
    assert list(desk.needs()) == ["n001.md"]


def test_the_limit_takes_the_neediest_and_says_what_waits(tmp_path: Path) -> None:
    """`--limit` prefers notes that have nothing, and the rest comes with the next command."""
    desk = Desk(tmp_path, {"a.md": note("tags: [flat]", "description: d"), **many(2)})
    first = desk.curate(limit=2)
    assert desk.asked == ["n000", "n001"]
    assert "1 more need work" in first.shown
    assert "0 are up to date" in first.shown
    desk.curate(limit=2)
    assert desk.asked == ["a", "n000", "n001"]


def test_only_restricts_the_work_to_a_pattern(tmp_path: Path) -> None:
    """`--only` leaves every other note alone."""
    desk = Desk(tmp_path, {"Projects/a.md": "A b.\n", "Projects/x/b.md": "B c.\n", "c.md": "C.\n"})
    desk.curate(only="Projects/**")
    assert desk.asked == ["a", "b"]


PRIVATE = {
    "open.md": "The pears ripen. #garden\n",
    "Private/diary.md": "---\ntags: [hidden-vice]\n---\nNobody reads this.\n",
    "mine.md": "---\nnotemill: ignore\ntags: [own-secret]\n---\nNobody reads that.\n",
    "broken.md": "---\nnotemill: ignore\ntags: [unclosed-secret\n---\nNobody reads the broken.\n",
    ".trash/old.md": "Nobody reads the trash.\n",
    "Excluded/x.md": "Nobody reads the excluded.\n",
    ".obsidian/app.json": '{"userIgnoreFilters": ["Excluded/"]}',
}


@pytest.mark.parametrize("lane", list(Lane))
def test_nothing_private_reaches_the_provider(tmp_path: Path, lane: Lane) -> None:
    """Neither a word nor a tag of ignored and excluded notes is in what the provider received."""
    desk = Desk(tmp_path, PRIVATE, exclusions=Exclusions(("Private",)))
    before = {name: desk.path(name).read_bytes() for name in PRIVATE if name != "open.md"}
    ended = desk.curate(apply=True, lane=lane)
    assert desk.asked == ["open"]
    assert "3 more are excluded" in ended.shown
    assert "1 not read: among Obsidian's excluded files" in ended.shown
    assert "pears" in desk.everything_sent
    for secret in ("Nobody", "secret", "vice", "diary", "mine", "trash"):
        assert secret not in desk.everything_sent
    assert before == {name: desk.path(name).read_bytes() for name in before}


@pytest.mark.parametrize("how", ["property", "flag"])
def test_what_becomes_private_in_the_middle_of_a_run_is_not_sent_any_more(
    tmp_path: Path, how: str
) -> None:
    """A run that goes on leaves out the notes that were excluded since it began."""
    desk = Desk(tmp_path, many(8))
    assert desk.curate(stages="2", yes=False, lane=None).code == 8
    first = desk.asked
    left = next(f"n{i:03d}" for i in range(8) if f"n{i:03d}" not in first)
    if how == "property":
        path = desk.path(f"{left}.md")
        path.write_text("---\nnotemill: ignore\n---\n" + path.read_text("utf-8"), "utf-8")
    else:
        desk.exclusions = Exclusions((f"{left}.md",))
    desk.curate(stages="2", lane=None)
    assert left not in desk.asked
    assert len(desk.asked) == 7
    assert desk.report().items.canceled == 1


MALFORMED: dict[str, str | bytes] = {
    "open.md": "---\ntags: [a\nThe frontmatter never ends.\n",
    "tabs.md": "---\ntags:\n\t- a\n---\nText.\n",
    "latin.md": b"---\ntags: [caf\xe9]\n---\nText.\n",
    "nested.md": "---\ntags:\n  deep: {a: b}\n---\nText.\n",
}


def test_malformed_notes_are_named_and_stay_as_they_are(tmp_path: Path) -> None:
    """A note that cannot be edited safely is left alone to the byte, with a reason."""
    desk = Desk(tmp_path, {"fine.md": "Fine words.\n", **MALFORMED})
    before = {name: desk.path(name).read_bytes() for name in MALFORMED}
    ended = desk.curate(apply=True)
    assert ended.code == 0
    assert desk.asked == ["fine"]
    assert before == {name: desk.path(name).read_bytes() for name in MALFORMED}
    for name in MALFORMED:
        assert f"left alone: {name}: " in ended.shown


def test_what_was_curated_needs_nothing_until_its_words_change() -> None:
    """The hash under which it was curated decides; lacking most weighs most."""
    raw = b"Words only.\n"
    facts = facts_of("n.md", raw, size=len(raw), mtime_ns=0)
    assert need_of(facts, facts.source_hash, refresh=False) is None
    changed = need_of(facts, "another hash", refresh=False)
    new = need_of(facts, None, refresh=False)
    again = need_of(facts, facts.source_hash, refresh=True)
    assert changed is not None
    assert new is not None
    assert again is not None
    assert changed.reason == "changed since it was last curated"
    assert new.reason == again.reason == "no description and no tags"
    assert new.rank > changed.rank


DESCRIBED = note("description: It is here.")


@pytest.mark.parametrize(
    ("text", "used", "reason"),
    [
        (DESCRIBED, "description", None),
        (DESCRIBED, "description, topics", "no topics"),
        (DESCRIBED, "tags", "no tags"),
        ("Words only.\n", "description, related", "no description"),
        ("Words only.\n", "tags", "no tags"),
        ("Words only.\n", "topics", "no topics"),
        ("Words only.\n", "related", None),
        (note("description: It is here.", "tags: ['a.b']"), "description, topics", "no topics"),
        (note("description: It is here.", "tags: [flat]"), "description", None),
    ],
)
def test_a_property_that_is_not_used_is_no_reason(text: str, used: str, reason: str | None) -> None:
    """Neither that it is missing, nor that something is wrong with it."""
    facts = facts_of("n.md", text.encode(), size=len(text), mtime_ns=0)
    need = need_of(facts, None, refresh=False, used=read_properties(used))
    assert (need and need.reason) == reason


def test_a_property_that_is_used_again_is_a_reason_where_it_was_not_asked_for() -> None:
    """A note that was curated for it, and got nothing, is not asked about again and again."""
    raw = DESCRIBED.encode()
    facts = facts_of("n.md", raw, size=len(raw), mtime_ns=0)
    source = facts.source_hash
    topics = frozenset({Property.TOPICS})
    again = need_of(facts, source, refresh=False, without=topics)
    assert again is not None
    assert again.reason == "no topics"
    assert need_of(facts, source, refresh=False, used=CURATED - topics, without=topics) is None
    assert need_of(facts, source, refresh=False) is None
    assert need_of(facts, "another", refresh=False, used=frozenset({Property.RELATED})) is None
