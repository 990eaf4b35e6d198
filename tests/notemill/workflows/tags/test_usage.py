"""Where a tag is meant beside the notes that have it, and which queries follow its change."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from notemill.workflows.tags.retagging import checked_changes, plan_retagging, write_retagging
from notemill.workflows.tags.usage import MAX_NAMED, changes_sought, find_usage, tags_sought
from tests.notemill.workflows.kept import Kept, kept

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.workflows.tags.retagging import Retagging

TAGGED = "---\ntags: [film, film/old]\n---\nText.\n"


def planned(one: Kept, changes: dict[str, str | None]) -> Retagging:
    """Plan changes over all notes."""
    facts = one.sight().facts
    return plan_retagging(one.vault, facts, checked_changes(changes), privacy=one.privacy)


def places(plan: Retagging, tag: str) -> list[tuple[str, str, int]]:
    """Return the kind, file and line of the places of a tag."""
    found = plan.usage.places.get(tag)
    return [(one.kind, one.file, one.line) for one in found.named] if found else []


def write(one: Kept, name: str, text: str) -> None:
    """Write a file beside the notes."""
    path = one.vault.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


QUERIES = {
    "Dataview.md": "```dataview\r\nLIST FROM #film OR #film/old\r\n```\r\n",
    "Inline.md": 'Ä `= contains(this.tags, "#film")` and `$= dv.pages("#film/old").length`\n',
    "Script.md": "```dataviewjs\ndv.list(dv.pages('#film and #b'))\n```\n",
    "Base.md": '```base\nfilters:\n  and:\n    - file.hasTag("film")\n```\n',
    "Table.md": '```yaml:dbfolder\nname: x\n  source_form_result: "#film"\n```\n',
    "Tasks.md": "> ```tasks\n> tags include #film\n> ```\n",
    "Search.md": "```query\ntag:film -tag:#other\n```\n",
}


def test_queries_in_notes_change_with_the_tag_and_back(tmp_path: Path) -> None:
    """Each language's, only the name's own bytes, in the tag's own run; nothing waits."""
    notes = {"a.md": TAGGED, **QUERIES}
    with kept(tmp_path, notes) as one:
        plan = planned(one, {"film": "art/movie"})
        assert (plan.waits, plan.usage.queried) == (frozenset(), frozenset(QUERIES))
        ended = write_retagging(one.vault, one.review, plan, privacy=one.privacy, run="tags-1")
        assert dict(ended) == dict.fromkeys(notes, "")
        for key, text in QUERIES.items():
            assert one.vault.read(key).decode() == text.replace("film", "art/movie")
        with one.vault.lock():
            one.vault.undo("tags-1")
        assert {key: one.vault.read(key).decode() for key in notes} == notes


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("LIST FROM #film", {"film": None}),
        ("LIST FROM #film AND -#movie", {"film": "movie"}),
        ("LIST FROM #film", {"film/old": "archive"}),
        ("LIST FROM #film", {"film/old": None}),
        ('LIST WHERE regexmatch("#film.*", tag)', {"film": "movie"}),
    ],
)
def test_a_query_that_would_find_other_notes_is_a_place(
    tmp_path: Path, query: str, changes: dict[str, str | None]
) -> None:
    """A tag that goes, meets its opposite, leaves its parent or may be more is left to a person."""
    with kept(tmp_path, {"a.md": TAGGED, "q.md": f"Words.\n```dataview\n{query}\n```\n"}) as one:
        plan = planned(one, changes)
        assert places(plan, next(iter(changes))) == [("query", "q.md", 3)]
        assert "q.md" not in plan.usage.queried


def test_a_move_below_the_parent_breaks_no_query_of_it(tmp_path: Path) -> None:
    """A parent finds its children by whatever name."""
    with kept(tmp_path, {"a.md": TAGGED, "q.md": "```query\ntag:#film\n```\n"}) as one:
        assert not planned(one, {"film/old": "film/classic"}).waits


def test_every_other_place_is_named_with_its_line(tmp_path: Path) -> None:
    """Templates, bases, canvases, settings, styles, sentences, aliases, links and classes."""
    notes = {
        "a.md": TAGGED,
        "Film.md": "A page.\n",
        "Alias.md": '---\ntitle: x\naliases: ["#film"]\ncssclasses: [wide, film]\n---\nWords.\n',
        "Says.md": "Words.\nThe #film query finds them.\nSee [[film]].\n",
        "Asks.md": "[x](obsidian://search?query=tag%3A%23film)\n",
        "Kept.md": '---\nof: "#film"\nsays: the #film\n---\n```chart\ntag: "#film"\n- #film\n```\n',
        "tags.film.md": "The page of a tag in Dendron.\n",
        "Made.md": '---\nmade: "{{date}}"\ntags: [film]\n---\nText.\n',
    }
    with kept(tmp_path, notes) as one:
        write(one, ".obsidian/templates.json", '{"folder": "T"}')
        write(one, "T/New.md", "---\ntags: film\n---\n<% tR += '#film/old' %>\n")
        write(one, "All.base", 'filters:\n  and:\n    - file.hasTag("film")\n')
        node = {"type": "text", "text": "Words\n#film"}
        write(one, "Board.canvas", json.dumps({"nodes": [node]}))
        write(one, ".obsidian/snippets/x.css", '\n.tag[href="#film"] { color: red }\n')
        write(one, ".obsidian/plugins/p/data.json", '{"tags": ["film"], "of": "tag:#film"}')
        plan = planned(one, {"film": "movie"})
    assert sorted(places(plan, "film")) == sorted([
        ("page of that name", "Film.md", 0),
        ("page of the tag", "Alias.md", 3),
        ("style", "Alias.md", 4),
        ("sentence", "Says.md", 2),
        ("link of that name", "Says.md", 3),
        ("sentence", "Asks.md", 1),
        ("property", "Kept.md", 2),
        ("code block", "Kept.md", 6),
        ("code block", "Kept.md", 7),
        ("page of that name", "tags.film.md", 0),
        ("template", "Made.md", 3),
        ("template", "T/New.md", 2),
        ("template", "T/New.md", 4),
        ("query", "All.base", 3),
        ("canvas", "Board.canvas", 0),
        ("style", ".obsidian/snippets/x.css", 2),
        ("plugin", ".obsidian/plugins/p/data.json", 0),
        ("plugin", ".obsidian/plugins/p/data.json", 0),
    ])  # fmt: skip
    lines = {one.text for one in plan.usage.places["film"].named}
    assert {"The #film query finds them.", "tags: film", '- file.hasTag("film")'} <= lines


def test_tags_that_only_tag_are_no_places(tmp_path: Path) -> None:
    """A list of tags behind the word, a tag in a sentence about its subject, code of another kind."""
    notes = {
        "a.md": "Tags #film #old\ntags: #film\nWe saw a #film yesterday. `#film`\n",
        "b.md": "```python\nx = '#film'  # tag film\n```\n",
        "c.md": "---\ndescription: On the #film of 1920\n---\nfilm films filming\n",
    }
    with kept(tmp_path, notes) as one:
        assert not planned(one, {"film": "movie"}).waits


def test_another_case_of_a_tag_leaves_its_places_right(tmp_path: Path) -> None:
    """Obsidian, its pages and its styles take both for the same."""
    notes = {
        "a.md": TAGGED,
        "Film.md": "The #film query.\n",
        "c.md": "---\ncssclasses: film\n---\n",
    }
    with kept(tmp_path, notes) as one:
        plan = planned(one, {"film": "Film"})
        assert not plan.waits
        assert {touched.key for touched in plan.touched} == {"a.md", "Film.md"}


@pytest.mark.parametrize(("new", "waits"), [("deck", True), ("card/mine", False), (None, True)])
def test_the_marks_of_plugins_stay(tmp_path: Path, new: str | None, waits: bool) -> None:  # noqa: FBT001
    """What flashcards are found by is no tag like others; below it there is room."""
    with kept(tmp_path, {"a.md": "---\ntags: [card]\n---\nText.\n"}) as one:
        assert bool(planned(one, {"card": new}).waits) is waits


def test_a_common_word_is_a_mark_only_where_its_plugin_is(tmp_path: Path) -> None:
    """`#todo` is anybody's word, until the plugin that lists it is installed."""
    with kept(tmp_path, {"a.md": "---\ntags: [todo]\n---\nText.\n"}) as one:
        assert not planned(one, {"todo": "later"}).waits
        write(one, ".obsidian/plugins/obsidian-checklist-plugin/main.js", "")
        assert planned(one, {"todo": "later"}).waits


def test_places_in_hidden_notes_count_and_are_not_named(tmp_path: Path) -> None:
    """The change waits, and nobody learns which note it waits for."""
    notes = {
        "a.md": TAGGED,
        "Private/q.md": "```dataview\nLIST FROM #film\n```\n",
        "Private/Film.md": "A page.\n",
        "mine.md": "---\nnotemill: ignore\n---\nThe #film query.\n",
    }
    with kept(tmp_path, notes, hidden=("Private",)) as one:
        write(one, "Private/x.base", 'filters: file.hasTag("film")\n')
        plan = planned(one, {"film": "movie"})
        found = plan.usage.places["film"]
        assert (found.named, found.count, found.hidden) == ((), 4, 4)
        assert [touched.key for touched in plan.touched] == ["a.md"]


def test_what_obsidian_excludes_or_cannot_be_written_keeps_its_queries(tmp_path: Path) -> None:
    """The first counts as hidden, the second is named; neither is changed."""
    notes = {
        "a.md": TAGGED,
        "Old/q.md": "```query\ntag:#film\n```\n",
        "Broken.md": "---\ntitle: [x\n---\n```query\ntag:#film\n```\n",
    }
    with kept(tmp_path, notes) as one:
        write(one, ".obsidian/app.json", '{"userIgnoreFilters": ["Old/"]}')
        plan = planned(one, {"film": "movie"})
        assert places(plan, "film") == [("query", "Broken.md", 5)]
        assert (plan.usage.places["film"].count, plan.usage.places["film"].hidden) == (2, 1)


@pytest.mark.parametrize(
    "part",
    ["obsidian://search?", "`#film` ", "#film tag ", "tag:#film", "[[film]]", "x: '#film'\n"],
)
def test_a_long_note_takes_linear_time(tmp_path: Path, part: str) -> None:
    """Four times the note takes far less than sixteen times the time."""

    def cost(count: int) -> float:
        with kept(tmp_path / str(count), {"a.md": part * count}) as one:
            facts = one.sight().facts
            wanted = changes_sought(checked_changes({"film": "movie"}))
            began = time.process_time()
            find_usage(one.vault, facts, wanted, privacy=one.privacy)
            return time.process_time() - began

    cost(100)
    assert cost(20_000) < max(0.4, 9 * cost(5_000))


def test_many_places_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    """Nobody reads a thousand lines; the count tells how many there are."""
    text = "".join(f"The #film query {number}.\n" for number in range(1_000))
    with kept(tmp_path, {"a.md": text}) as one:
        found = planned(one, {"film": "movie"}).usage.places["film"]
        assert (len(found.named), found.count) == (MAX_NAMED, 1_000)


def test_all_tags_are_looked_for_at_once(tmp_path: Path) -> None:
    """Without a change every query is a place of its tag."""
    notes = {"a.md": TAGGED, "q.md": "```query\ntag:#film OR tag:#b\n```\n", "B.md": "A page.\n"}
    with kept(tmp_path, notes) as one:
        found = find_usage(
            one.vault, one.sight().facts, tags_sought(["film", "b", "c"]), privacy=one.privacy
        )
    assert {key: [place.kind for place in some.named] for key, some in found.places.items()} == {
        "film": ["query"],
        "b": ["page of that name", "query"],
    }
