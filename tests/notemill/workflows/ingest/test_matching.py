"""Which note has a source: by what its properties say, wherever it lies."""

from __future__ import annotations

import dataclasses

import pytest

from notemill.index import NoteFacts, facts_of
from notemill.sources.keeping import as_bytes, digest_of, draft_in
from notemill.stores.new_notes import IngestedSource
from notemill.workflows.ingest.matching import is_whole, known_of, stored_digest
from tests.notemill.workflows.ingest.drafts import VIDEO, article, talk


def note(key: str, **properties: str) -> NoteFacts:
    """Return the facts of a note with these properties."""
    lines = "".join(f"{name}: {value}\n" for name, value in properties.items())
    raw = f"---\n{lines}---\nText.\n".encode()
    return facts_of(key, raw, size=len(raw), mtime_ns=0)


def written(path: str) -> IngestedSource:
    """Return a source whose note was written to a path."""
    return IngestedSource(path, "digest", "", "", "run", 1.0)


@pytest.mark.parametrize(
    "source",
    [
        f"https://youtu.be/{VIDEO}?si=x",
        f"'https://m.youtube.com/watch?list=PL1&v={VIDEO}'",
        f'"[Talk](https://www.youtube.com/watch?v={VIDEO})"',
        f"[https://www.youtube.com/shorts/{VIDEO}]",
    ],
)
@pytest.mark.parametrize("name", ["source", "url", "Source"])
def test_a_video_is_found_by_any_of_its_addresses(source: str, name: str) -> None:
    """In the properties that clippers write, however they are spelled."""
    known = known_of([note("a.md"), note("My talk.md", **{name: source})], {})
    assert known.note_of(talk()) == "My talk.md"
    assert not known.note_of(article())


def test_a_note_that_only_mentions_an_address_is_not_its_note() -> None:
    """The text of a note may name any number of sources."""
    raw = f"See https://youtu.be/{VIDEO}.\n".encode()
    known = known_of([facts_of("list.md", raw, size=len(raw), mtime_ns=0)], {})
    assert not known.note_of(talk())


def test_a_file_is_found_where_its_note_was_written_or_by_its_name() -> None:
    """A file has no address: its note is where notemill put it, or where only one note names it."""
    draft = talk(keys=("sha256:1",), source="talk.srt")
    before = {"sha256:1": written("Clippings/Talk.md")}
    moved = note("Archive/Talk.md", source="talk.srt")
    assert known_of([note("Clippings/Talk.md")], before).note_of(draft) == "Clippings/Talk.md"
    assert known_of([moved], before).note_of(draft) == "Archive/Talk.md"
    assert not known_of([moved, note("b.md", source="talk.srt")], before).note_of(draft)
    assert not known_of([moved], {}).note_of(draft)


def test_a_source_that_was_added_to_a_note_is_told_from_one_that_made_it() -> None:
    """Only a note that is all of its source may be renewed."""
    assert is_whole(stored_digest("x", whole=True))
    assert not is_whole(stored_digest("x", whole=False))


def test_a_digest_is_of_what_a_note_takes() -> None:
    """Views and pictures change daily, and are no reason to make a note anew."""
    assert digest_of(talk(image="a", description="b", duration_s=1.0)) == digest_of(talk())
    assert digest_of(talk(cues=talk().cues[:-1])) != digest_of(talk())


@pytest.mark.parametrize("draft", [talk(), article()])
def test_a_draft_comes_back_as_it_was_kept(draft: object) -> None:
    """Between reading and answering, nothing of it changes."""
    assert dataclasses.is_dataclass(draft)
    assert draft_in(as_bytes(draft)) == draft  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"kind": "x"}', b"\xff"])
def test_bytes_that_are_no_draft_are_refused(body: bytes) -> None:
    """What was damaged in the store is read again, and never half of it used."""
    with pytest.raises(ValueError, match=r".+"):
        draft_in(body)


def test_of_several_notes_the_one_that_was_written_has_the_source() -> None:
    """A copy that its owner made comes first by name, and is not what is renewed."""
    source = f"https://youtu.be/{VIDEO}"
    copy, original = note("A copy.md", source=source), note("Z/Talk.md", source=source, rating="1")
    before = dataclasses.replace(written("Z/Talk.md"), source_hash="other")
    assert known_of([copy, original], {f"youtube:{VIDEO}": before}).note_of(talk()) == "Z/Talk.md"
    moved = dataclasses.replace(written("gone.md"), source_hash=original.source_hash)
    assert known_of([copy, original], {f"youtube:{VIDEO}": moved}).note_of(talk()) == "Z/Talk.md"
    assert known_of([copy, original], {}).note_of(talk()) == "A copy.md"


def test_a_moved_note_is_found_by_its_content_if_its_file_has_another_name_now() -> None:
    """The same bytes under another name are the same source."""
    moved = note("Archive/Talk.md", source="talk.srt")
    before = dataclasses.replace(written("Clippings/Talk.md"), source_hash=moved.source_hash)
    draft = talk(keys=("sha256:1",), source="copy.srt")
    assert known_of([note("b.md"), moved], {"sha256:1": before}).note_of(draft) == "Archive/Talk.md"
