"""The requests of a curation, each made from its note as it is when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from notemill.index import facts_and_text
from notemill.workflows.curation.candidates import Candidates
from notemill.workflows.curation.curate import load_template
from notemill.workflows.curation.needs import Need
from notemill.workflows.curation.requests import NoteRequests
from notemill.workflows.curation.surveying import survey_of
from notemill.workflows.fitting import Room
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.index import NoteFacts
    from tests.notemill.workflows.kept import Kept

NOTES = {"a.md": "Apples.\n", "b.md": "Pears.\n"}


def _never() -> NoReturn:
    raise AssertionError("nothing is learned where no note has tags")


def requests_of(one: Kept) -> NoteRequests:
    """Return the requests for all notes, with a tag that was turned down for one."""
    survey = survey_of(
        one.sight(),
        Candidates.of([]),
        need=lambda _: Need("no tags", 4),
        why_not_writable=lambda _: "",
        wanted=None,
        place="",
        limit=None,
        left_out=(),
    )

    def read(key: str) -> tuple[NoteFacts, str]:
        raw = one.vault.read(key)
        return facts_and_text(key, raw, size=len(raw), mtime_ns=0)

    return NoteRequests(
        survey,
        template=load_template("curate"),
        model="m",
        read=read,
        analysed=_never,
        rejected=lambda key: ["fruit"] if key == "a.md" else [],
        room=Room(),
    )


def test_there_is_one_request_a_note_in_the_vaults_order(tmp_path: Path) -> None:
    """Each is bound to its note, echoes, and says which tags were turned down for it alone."""
    with kept(tmp_path, NOTES) as one:
        first, second = requests_of(one)
        assert (first.key, second.key) == ("a.md", "b.md")
        assert first.echo
        assert first.need == 4
        assert first.content_hash == one.facts("a.md").source_hash
        asked = [str(request.params["messages"]) for request in (first, second)]
        assert "rejected_tags: fruit" in asked[0]
        assert "rejected_tags" not in asked[1]


def test_going_through_them_again_reads_the_notes_again(tmp_path: Path) -> None:
    """What is sent is the note as it is then, under the hash of that."""
    with kept(tmp_path, NOTES) as one:
        requests = requests_of(one)
        before = [request.content_hash for request in requests]
        one.edit("b.md", "Cherries.\n")
        again = list(requests)
        assert again[0].content_hash == before[0]
        assert again[1].content_hash != before[1]
        assert "Cherries." in str(again[1].params["messages"])
