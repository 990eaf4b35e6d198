"""The requests of a curation, each made from its note as it is when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.index import Index, facts_and_text
from notemill.workflows.curation.candidates import MAX_HINTS, Candidates
from notemill.workflows.curation.curate import load_template
from notemill.workflows.curation.needs import Need
from notemill.workflows.curation.requests import NoteRequests
from notemill.workflows.curation.shared_part import MAX_TOLD
from notemill.workflows.curation.surveying import survey_of
from notemill.workflows.fitting import Room
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from notemill.index import NoteFacts
    from notemill.linking.corpus import Document, Lexicon
    from tests.notemill.workflows.kept import Kept
    from twolane import Request

NOTES = {"a.md": "Apples.\n", "b.md": "Pears.\n"}


def _analysed(one: Kept, notes: Sequence[NoteFacts]) -> tuple[list[Document], Lexicon]:
    assert any(facts.all_tags for facts in notes), "nothing is learned where no note has tags"
    index = Index(one.home / "derived.sqlite3")
    try:
        return index.contents.documents(one.vault, notes)
    finally:
        index.close()


def requests_of(
    one: Kept, tags: Iterable[str] = (), *, room: Room | None = None, new_tags: Sequence[str] = ()
) -> NoteRequests:
    """Return the requests for all notes, with a tag that was turned down for one."""
    sight = one.sight()
    survey = survey_of(
        sight,
        Candidates.of([*(facts.all_tags for facts in sight.seen), tags]),
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
        analysed=lambda: _analysed(one, survey.taught),
        rejected=lambda key: ["fruit"] if key == "a.md" else [],
        room=room or Room(),
        new_tags=new_tags,
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


def line_of(request: Request, name: str) -> list[str]:
    """Return the tags in a line of a request's own part."""
    lines = str(request.params["messages"][0]["content"]).split("\n")
    found = next((line for line in lines if line.startswith(f"{name}: ")), "")
    return found.removeprefix(f"{name}: ").split(", ") if found else []


def test_a_page_is_not_pointed_to_the_tag_that_it_lists(tmp_path: Path) -> None:
    """Its query asks for that; a note that says the same without one is."""
    said = "Apples and pears of the orchard.\n"
    notes = {
        "old.md": "#apples #pears\n",
        "page.md": f"{said}\n~~~tasks\ntags include #apples\n~~~\n",
        "note.md": said,
    }
    with kept(tmp_path, notes) as one:
        told = {asked.key: line_of(asked, "candidate_tags") for asked in requests_of(one)}
    assert set(told["note.md"]) == {"apples", "pears"}
    assert told["page.md"] == ["pears"]


def test_all_requests_share_the_vaults_tags_and_tagged_notes(tmp_path: Path) -> None:
    """One object for all of them, so that a provider can cache it; the own part has a few tags."""
    text = "Compost and worms feed the soil of the garden all winter. " * 4
    notes = {
        **{f"s{n}.md": f"---\ntags: [garden/soil, year]\n---\n{text}\n" for n in range(20)},
        "rye.md": f"---\ntags: [bread]\n---\n{'Rye flour and water, in a warm place. ' * 4}\n",
        "new.md": "The soils of gardens, see [[s1]].\n",
    }
    with kept(tmp_path, notes) as one:
        asked = list(requests_of(one, [f"never/used{n}" for n in range(100)]))
        systems = {id(request.params["system"]) for request in asked}
        assert len(systems) == 1
        system = asked[0].params["system"]
        assert "\ngarden\n  soil\n" in system
        assert "\nnever\n  used0\n" in system
        assert "s0 | garden/soil, year" in system
        told = line_of(next(one for one in asked if one.key == "new.md"), "candidate_tags")
        assert {"garden/soil", "year"} == set(told)


def test_a_note_is_pointed_to_a_few_of_the_tags_that_all_are_told(tmp_path: Path) -> None:
    """However many it names."""
    tags = [f"word{n}" for n in range(50)]
    with kept(tmp_path, {"a.md": " ".join(tags)}) as one:
        (request,) = requests_of(one, tags)
        assert len(line_of(request, "candidate_tags")) == MAX_HINTS


def test_of_too_many_tags_a_note_is_told_those_that_fit_it(tmp_path: Path) -> None:
    """The shared part has every root, and the note's own what its words name."""
    tags = [*(f"root{n % 9}/leaf{n}" for n in range(MAX_TOLD)), "root8/zebra", "root8/zither"]
    with kept(tmp_path, {"a.md": "Of zebras and a zither.\n"}) as one:
        (request,) = requests_of(one, tags)
        assert all(f"\nroot{n}" in request.params["system"] for n in range(9))
        assert "zebra" not in request.params["system"]
        told = line_of(request, "candidate_tags")
        assert {"root8/zebra", "root8/zither"} == set(told)


def test_a_small_context_is_told_fewer_tags_and_the_note_all_the_same(tmp_path: Path) -> None:
    """What all notes are told never takes the room of the note itself."""
    tags = [f"root{n % 9}/some-longer-word{n}" for n in range(MAX_TOLD)]
    with kept(tmp_path, NOTES) as one:
        whole = next(iter(requests_of(one, tags)))
        small = next(iter(requests_of(one, tags, room=Room(4_096, small=True))))
        assert len(small.params["system"]) < len(whole.params["system"]) / 2
        assert "Apples." in str(small.params["messages"])


def test_what_earlier_stages_brought_is_told_with_the_note(tmp_path: Path) -> None:
    """Not in the shared part, which stays as it is over the run."""
    with kept(tmp_path, NOTES) as one:
        before, after = (next(iter(requests_of(one, new_tags=new))) for new in ((), ("fruit/pip",)))
        assert line_of(before, "new_tags") == []
        assert line_of(after, "new_tags") == ["fruit/pip"]
        assert before.params["system"] == after.params["system"]
