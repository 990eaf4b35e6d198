"""A model arranges the tags: what it is asked, what of its answers is taken, price and resume."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from notemill.app.terms import RunTerms
from notemill.cli.front import TerminalFront
from notemill.config import Exclusions
from notemill.errors import WaitingForPersonError
from notemill.workflows.tags.arrangement import with_proposed
from notemill.workflows.tags.arranging import (
    asking_about,
    chunk_requests,
    levels_request,
    read_filing,
    reply_tokens,
)
from notemill.workflows.tags.findings import review_tags
from tests.doubles import Crash
from tests.notemill.workflows.kept import kept
from tests.notemill.workflows.notes import Desk
from twolane import Lane
from twolane.front.console import Console, exit_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notemill.app.mill import Mill
    from notemill.app.vocabulary import Proposed

NOTES: dict[str, str | bytes] = {
    "Lentil soup.md": "---\ntags: [soup, dinner]\n---\n",
    "Pea soup.md": "---\ntags: [soups, dinner]\n---\n",
    "Bread | rye; dark.md": "---\ntags: [bread]\n---\n",
    "Car.md": "#car #asdf\n",
    "Old car.md": "#automobile\n",
    "Secret.md": "---\nnotemill: ignore\ntags: [hidden, soup]\n---\n",
}


MANY: dict[str, str | bytes] = {
    f"n{i}.md": f"#tag-{chr(120 + i // 26)}{chr(97 + i % 26)}q\n" for i in range(35)
}
"""As many tags as have an order of their own."""


def sections(params: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the lines of a request below each of its headings."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in str(params["messages"][0]["content"]).split("\n"):
        if re.fullmatch(r"[a-z]+:", line):
            lines = found.setdefault(line[:-1], [])
        elif not re.fullmatch(r"</?data [0-9a-f]+>", line):
            lines.append(line)
    return found


def asked_tags(params: Mapping[str, Any]) -> list[str]:
    """Return the tags that a request asks about."""
    return [line.split(" | ")[0] for line in sections(params)["tags"]]


def answer(params: Mapping[str, Any], **changed: object) -> str:
    """Answer as a model would: every tag below its first letter's heading."""
    content = str(params["messages"][0]["content"])
    reply: dict[str, object] = {"note_ref": content.partition("\n")[0].removeprefix("note_ref: ")}
    if "levels" in params["output_config"]["format"]["schema"]["properties"]:
        reply["levels"] = ["top", "top/deep"]
    else:
        levels = sections(params)["levels"]
        reply["entries"] = [
            {"tag": tag, "parent": levels[0] if levels else "", "aliases": []}
            for tag in asked_tags(params)
        ]
        reply["dropped"] = []
        reply["pairs"] = []
    return json.dumps(reply | changed)


class Table:
    """A vault whose tags are arranged by a scripted model."""

    def __init__(self, folder: Path, notes: dict[str, str | bytes] = NOTES, **more: Any) -> None:  # noqa: ANN401
        """Write the vault."""
        self.desk = Desk(folder, notes, **more)
        self.desk.provider.reply = answer
        self.said = ""

    def ask(
        self,
        *,
        chunk: int = 250,
        again: bool = False,
        dry_run: bool = False,
        yes: bool = True,
        **options: Any,  # noqa: ANN401
    ) -> Proposed:
        """Ask the model, as one process."""
        front = TerminalFront(yes=yes, console=Console(said := io.StringIO(), width=200))

        async def job(mill: Mill) -> Proposed:
            terms = RunTerms(**options)
            if dry_run:
                return await mill.vocabulary.plan(terms, chunk=chunk)
            return await mill.vocabulary.ask(terms, chunk=chunk, again=again)

        try:
            return self.desk.through_the_door(job, front)
        finally:
            self.said = said.getvalue()

    def reject(self, tag: str, into: str) -> None:
        """Turn a change down."""
        self.desk.through_the_door(
            lambda mill: mill.on(
                lambda opened: opened.decisions.reject([(tag, into or None)], now=1.0)
            )
        )

    @property
    def sent(self) -> list[dict[str, Any]]:
        """All requests that left, in either lane."""
        return self.desk.requests

    def list_of(self, asked: Proposed) -> str:
        """Return the list that an answer makes in an empty note."""
        assert asked.entries is not None
        return with_proposed(b"", asked.entries, frozenset()).decode()


def test_tags_go_with_what_they_mean_and_nothing_of_excluded_notes(tmp_path: Path) -> None:
    """Counts, variants, company and titles on one line each; excluded notes lend nothing."""
    table = Table(tmp_path)
    table.ask()
    (params,) = table.sent
    lines = sections(params)["tags"]
    assert "soup | 2 notes | also: soups | with: dinner 2 | in: Pea soup; Lentil soup" in lines
    assert "bread | 1 note | in: Bread rye dark" in lines
    assert "automobile | 1 note (1 in text) | in: Old car" in lines
    assert sorted(asked_tags(params)) == ["automobile", "bread", "car", "dinner", "soup"]
    assert "hidden" not in table.desk.everything_sent
    assert "Secret" not in table.desk.everything_sent


def test_what_a_model_files_becomes_the_list(tmp_path: Path) -> None:
    """Names, parents, aliases and drops are taken; offline variants and junk stand there, too."""
    table = Table(tmp_path, {**NOTES, **MANY})
    table.desk.provider.reply = lambda params: answer(
        params,
        entries=[
            {"tag": "soup", "parent": "food", "aliases": []},
            {"tag": "bread", "parent": "food", "aliases": []},
            {"tag": "cake", "parent": "food", "aliases": ["tag-xaq", "tag-xbq"]},
            {"tag": "vehicle", "parent": "", "aliases": ["car", "automobile"]},
            {"tag": "food", "parent": "", "aliases": []},
        ],
        dropped=[{"tag": "dinner", "reason": "says ~~little~~\nof a note"}],
    )
    asked = table.ask()
    assert "structure: keep" not in str(table.sent[0]["messages"])
    made = table.list_of(asked)
    assert made.startswith(
        "<!-- notemill: tags -->\n"
        "- food\n"
        "  - cake (tag-xaq, tag-xbq)\n"
        "  - soup (soup, soups)\n"
        "  - bread (bread)\n"
        "- car (automobile)\n"
    )
    assert made.endswith(
        "- ~~dinner~~ says little of a note\n"
        "- ~~asdf~~ used once, and a placeholder rather than a word\n"
        "<!-- notemill: end of tags -->\n"
    )
    assert exit_code(asked.reports[-1]) == 0


def test_few_tags_are_merged_and_dropped_and_get_no_new_places(tmp_path: Path) -> None:
    """Below thirty nobody needs headings: a model that makes some all the same is not followed."""
    table = Table(tmp_path)
    table.desk.provider.reply = lambda params: answer(
        params,
        entries=[
            {"tag": "soup", "parent": "food", "aliases": []},
            {"tag": "vehicle", "parent": "", "aliases": ["car", "automobile"]},
            {"tag": "bread", "parent": "dinner", "aliases": []},
        ],
        dropped=[{"tag": "dinner", "reason": "says little"}],
    )
    asked = table.ask()
    assert "structure: keep" in str(table.sent[0]["messages"])
    assert table.list_of(asked) == (
        "<!-- notemill: tags -->\n"
        "- car (automobile)\n"
        "- soup (soups)\n"
        "- bread\n"
        "- ~~dinner~~ says little\n"
        "- ~~asdf~~ used once, and a placeholder rather than a word\n"
        "<!-- notemill: end of tags -->\n"
    )


def test_rare_tags_are_told_with_their_folder_and_a_line(tmp_path: Path) -> None:
    """What stands beside the tag is told as the owner wrote it; labels are not asked about."""
    table = Table(tmp_path, {
        "Sea/Trip.md": f"Day one.\n{'x' * 60} saw a #boat at the | old pier. {'y' * 60}\n- #by [[Ann]]\n",
        "Town.md": "---\ntags: [car]\n---\n",
    })  # fmt: skip
    table.ask()
    around = f"{'x' * 43} saw a #boat at the old pier. {'y' * 30}"
    assert sections(table.sent[0])["tags"] == [
        f"boat | 1 note (1 in text) | with: by 1 | in: Trip | folders: Sea 1 | says: {around}",
        "car | 1 note | in: Town",
    ]


def test_a_model_is_told_where_else_a_tag_is_meant(tmp_path: Path) -> None:
    """One line of each place; nothing of hidden notes, and of settings only whose they are."""
    notes: dict[str, str | bytes] = {
        **NOTES,
        "Home.md": "```dataview\nLIST FROM #soup\n```\n",
        "Secret home.md": "---\nnotemill: ignore\n---\n```query\ntag:#bread\n```\n",
        ".obsidian/plugins/chef/data.json": '{"tag": "car", "token": "sk-1234 #car"}',
    }
    table = Table(tmp_path, notes)
    table.desk.provider.reply = lambda params: answer(
        params, entries=[], dropped=[{"tag": "soup", "reason": "x"}]
    )
    made = table.list_of(table.ask())
    lines = {line.split(" | ")[0]: line for line in sections(table.sent[0])["tags"]}
    assert lines["soup"].endswith(" | used: query in Home: LIST FROM #soup")
    assert lines["car"].endswith(" | used: page of that name; settings of chef")
    assert "used" not in lines["bread"]
    assert "sk-1234" not in table.desk.everything_sent
    assert "- soup" in made
    assert "soup" in table.said


def test_every_tag_is_accounted_for_once(tmp_path: Path) -> None:
    """What is left out keeps its place, what is invented is refused, what comes twice counts once."""
    table = Table(tmp_path)
    table.desk.provider.reply = lambda params: answer(
        params,
        entries=[
            {"tag": "car", "parent": "2024", "aliases": ["Wheels", "automobile"]},
            {"tag": "automobile", "parent": "", "aliases": ["car"]},
            {"tag": "spam", "parent": "", "aliases": ["eggs"]},
            {"tag": "2024", "parent": "", "aliases": ["bread"]},
        ],
        dropped=[{"tag": "car", "reason": "x"}, {"tag": "ham", "reason": "y"}],
    )
    asked = table.ask()
    assert "- car (automobile)\n" in table.list_of(asked)
    assert "- bread\n" in table.list_of(asked)
    assert "- soup (soups)\n" in table.list_of(asked)
    for name in ("spam", "eggs", "ham", "Wheels", "2024"):
        assert f"{name}" not in table.list_of(asked)
    assert "2 tags are missing from the answers" in table.said
    assert "Wheels" in table.said


def test_chunks_share_the_headings_of_a_first_round(tmp_path: Path) -> None:
    """Above one chunk the headings are asked for once, and every chunk files into the same ones."""
    notes = MANY
    table = Table(tmp_path, notes)
    asked = table.ask(chunk=10)
    first, *chunks = table.sent
    assert "levels" in first["output_config"]["format"]["schema"]["properties"]
    assert [sections(one)["levels"] for one in chunks] == [["top", "top/deep"]] * 4
    assert sorted(len(asked_tags(one)) for one in chunks) == [8, 9, 9, 9]
    assert asked.entries is not None
    assert sum(one.tag.startswith("top/tag-") for one in asked.entries) == 35
    before = len(table.sent)
    again = table.ask(chunk=10)
    assert len(table.sent) == before
    assert again.entries == asked.entries
    table.ask(chunk=10, again=True)
    assert len(table.sent) == 2 * before


def test_the_price_is_agreed_to_before_anything_is_sent(tmp_path: Path) -> None:
    """Above the limit nobody is asked without a yes; a dry run shows the request and sends none."""
    table = Table(tmp_path, changes={"confirm_usd": 0})
    with pytest.raises(WaitingForPersonError):
        table.ask(yes=False)
    assert table.sent == []
    planned = table.ask(dry_run=True)
    assert planned.entries is None
    assert planned.preview is not None
    assert "soup | 2 notes" in planned.preview.body.decode()
    assert "price: " in table.said
    assert table.sent == []


def test_a_killed_run_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    """Killed behind the headings or in the middle of the batch, the same command finishes it."""
    notes = MANY
    table = Table(tmp_path, notes)
    table.desk.provider.create_script.append("crash_after")
    with pytest.raises(Crash):
        table.ask(chunk=10, lane=Lane.BATCH)
    for _ in range(3):
        asked = table.ask(chunk=10, lane=Lane.BATCH)
        if asked.entries is not None:
            break
    assert asked.entries is not None
    assert max(table.desk.provider.billed.values()) == 1


def test_a_failed_chunk_is_asked_again_by_the_same_command(tmp_path: Path) -> None:
    """Its tags keep their places meanwhile, and the exit code says that something failed."""
    table = Table(tmp_path)
    table.desk.provider.refuse = lambda _: ("invalid_request_error", "no")
    asked = table.ask()
    assert exit_code(asked.reports[-1]) == 3
    assert "- soup (soups)\n" in table.list_of(asked)
    table.desk.provider.refuse = lambda _: None
    asked = table.ask()
    assert exit_code(asked.reports[-1]) == 0


def test_what_was_turned_down_is_told_and_never_taken(tmp_path: Path) -> None:
    """The prompt says so, and a model that does it all the same is not followed."""
    table = Table(tmp_path)
    table.reject("automobile", "car")
    table.reject("dinner", "")
    table.desk.provider.reply = lambda params: answer(
        params,
        entries=[{"tag": "car", "parent": "", "aliases": ["automobile"]}],
        dropped=[{"tag": "dinner", "reason": "no"}],
    )
    made = table.list_of(table.ask())
    assert sections(table.sent[0])["never"] == ["automobile into car", "drop dinner"] or sections(
        table.sent[0]
    )["never"] == ["drop dinner", "automobile into car"]
    assert "- car\n" in made
    assert "- automobile\n" in made
    assert "- dinner\n" in made


def test_what_the_list_has_is_not_asked_about_again(tmp_path: Path) -> None:
    """Only new tags go, with the list's headings and tags to file to; an alias joins its tag."""
    listed = "<!-- notemill: tags -->\n- food\n  - soup (soup, soups)\n  - bread (bread)\n- dinner\n- car\n"
    table = Table(tmp_path, {**NOTES, "Tags.md": listed})
    table.desk.adopt("Tags.md")
    table.desk.provider.reply = lambda params: answer(
        params, entries=[{"tag": "car", "parent": "", "aliases": ["automobile"]}]
    )
    asked = table.ask()
    (params,) = table.sent
    assert asked_tags(params) == ["automobile"]
    assert sections(params)["levels"] == ["food"]
    assert "car" in sections(params)["listed"]
    assert asked.entries is not None
    after = with_proposed(listed.encode(), asked.entries, frozenset()).decode()
    assert after.startswith(listed.replace("- car\n", "- car (automobile)\n"))


def test_nothing_of_an_excluded_list_is_told(tmp_path: Path) -> None:
    """Where the list's note is excluded only tags that other notes have leave the machine."""
    listed = "<!-- notemill: tags -->\n- food\n  - confidential\n- dinner\n"
    table = Table(tmp_path, {**NOTES, "Lists/Tags.md": listed}, exclusions=Exclusions(("Lists",)))
    table.desk.adopt("Lists/Tags.md")
    table.ask()
    assert "confidential" not in table.desk.everything_sent
    assert "dinner" in sections(table.sent[0])["listed"]


def test_pairs_that_mean_different_things_are_no_synonyms_any_more(tmp_path: Path) -> None:
    """A model's judgement of a pair is kept, and the report does not show it again."""
    notes: dict[str, str | bytes] = {f"n{i}.md": "#evm #chains/evm\n" for i in range(4)}
    table = Table(tmp_path, notes)

    async def pairs(mill: Mill) -> int:
        return len((await mill.tags.report()).synonyms)

    assert table.desk.through_the_door(pairs) == 1
    table.desk.provider.reply = lambda params: answer(
        params, pairs=[{"tag": "evm", "other": "chains/evm", "same": False}]
    )
    table.ask()
    assert sections(table.sent[0])["pairs"] == ["chains/evm = evm"]
    assert table.desk.through_the_door(pairs) == 0


def test_tags_are_asked_about_in_chunks_and_hidden_ones_never(tmp_path: Path) -> None:
    """Every tag is in one chunk; the identity is of the tags, and not of how they are told."""
    with kept(tmp_path, {**NOTES, **MANY}) as one:
        found = review_tags(one.sight().facts, privacy=one.privacy)
    asking = asking_about(found, None, never=(), chunk=2, only=None)
    assert asking.asks_levels
    requests = chunk_requests(asking, ["food"], model="m")
    told = [tag for request in requests for tag in asked_tags(request.params)]
    assert sorted(told) == sorted(card.name for card in asking.cards)
    assert {"soup", "dinner", "bread", "car", "automobile"} <= set(told)
    assert not {"hidden", "asdf"} & set(told)
    assert "food" in str(requests[0].params["messages"])
    assert levels_request(asking, model="m", chunk=2).params["max_tokens"] == 2_048
    assert reply_tokens(asking) > 0
    again = asking_about(found, None, never=(), chunk=2, only=None)
    assert again.identity == asking.identity
    assert asking_about(found, None, never=(), chunk=100, only=None).identity != asking.identity


def test_a_reply_is_read_into_what_it_files_drops_and_compares() -> None:
    """Each member has its place."""
    filing = read_filing(
        json.dumps(
            {
                "entries": [{"tag": "soup", "parent": "food", "aliases": ["soups"]}],
                "dropped": [{"tag": "asdf", "reason": "a placeholder"}],
                "pairs": [{"tag": "car", "other": "automobile", "same": True}],
            }
        )
    )
    (entry,) = filing.filed
    assert (entry.tag, entry.parent, entry.aliases) == ("soup", "food", ("soups",))
    assert filing.dropped == (("asdf", "a placeholder"),)
    assert filing.pairs == (("car", "automobile", True),)
