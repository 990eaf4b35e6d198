"""A vault's tags looked through: what is there, and what could be better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.workflows.tags.findings import review_tags
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from notemill.workflows.tags.findings import TagReport


def note(*tags: str) -> str:
    """Return a note with these tags."""
    return f"---\ntags: [{', '.join(tags)}]\n---\nText.\n"


NOTES = {
    "a.md": note("soup", "asdf"),
    "b.md": note("soup"),
    "c.md": note("Soup", "fff000"),
    "bad.md": "---\ntags: [soup\n---\nText.\n",
    "Private/x.md": note("SOUP", "secret"),
}


def reviewed(folder: Path, rejected: Collection[tuple[str, str]] = ()) -> TagReport:
    """Look through the tags; `Private` is excluded."""
    with kept(folder, NOTES, hidden=("Private",)) as one:
        facts = one.sight().facts
        return review_tags(facts, privacy=one.privacy, rejected=rejected)


def test_spellings_junk_and_what_cannot_be_read_are_found(tmp_path: Path) -> None:
    """A hint is no proposal to drop; a note that cannot be read is named with its reason."""
    found = reviewed(tmp_path)
    assert [(one.tag, one.into) for one in found.merges] == [("Soup", "soup")]
    assert [one.tag for one in found.droppable] == ["asdf"]
    assert {one.tag for one in found.junk if one.is_hint} == {"fff000"}
    assert [one.key for one in found.unread] == ["bad.md"]


def test_a_label_or_a_heading_is_no_tag_to_tidy(tmp_path: Path) -> None:
    """Neither a spelling nor an accident is found in what names a link, a line or a dotted name."""
    notes = {
        "a.md": "- #doc https://example.org\n  - #q [[b]]\n#Results of the year\n#x.name\n",
        "b.md": "- #docs [here](b)\n#Result and more\n- #todo call\n* #by\n  * [[a]]\n",
        "c.md": "- #doc https://example.net\n#film #films\n#todos\n",
        "todo.md": "A page of that name.\n",
    }
    with kept(tmp_path, notes) as one:
        found = review_tags(one.sight().facts, privacy=one.privacy)
    assert found.mentions.labels == {"doc", "docs", "q", "results", "result", "x", "by"}
    assert not found.mentions.quoted
    assert {merge.tag for merge in found.merges} & {"film", "films"}
    assert {merge.tag for merge in found.merges} <= {"film", "films"}
    assert not found.junk


def test_where_tags_are_in_properties_texts_only_quote_others(tmp_path: Path) -> None:
    """A channel, a colour and another's hashtag have no place; where text has tags, they are tags."""
    quoting = {"q.md": "Join #garden-chat, the hashtag is #gardens26.\nSo is #garden-chats\n"}
    quoting["r.md"] = "All is done. #pond\n"
    owned = {
        f"{word}{n}.md": f"---\ntags: [{word}]\n---\nAbout #{word}.\n"
        for word in ("garden", "soup", "film", "music")
        for n in range(6)
    }
    said = {key: text.replace("tags: ", "x: ") for key, text in owned.items()}
    for folder, notes, quoted in (
        ("properties", owned, {"garden-chat", "gardens26", "garden-chats"}),
        ("text", said, set()),
    ):
        with kept(tmp_path / folder, {**notes, **quoting}) as one:
            found = review_tags(one.sight().facts, privacy=one.privacy)
        assert found.mentions.quoted == quoted
        assert bool(found.merges) == (not quoted)


def test_of_hidden_notes_nothing_is_counted_but_their_number(tmp_path: Path) -> None:
    """Neither a tag nor a spelling of theirs is told."""
    found = reviewed(tmp_path)
    assert found.excluded == 1
    assert "secret" not in found.census.tags
    assert len(found.census.tags["soup"].notes) == 3


def test_what_was_turned_down_is_not_found_again(tmp_path: Path) -> None:
    """A merge and a drop, each by the keys of both tags."""
    found = reviewed(tmp_path, {("soup", "soup"), ("asdf", "")})
    assert found.merges == ()
    assert found.droppable == ()
