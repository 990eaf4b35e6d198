"""What a reply may bring into properties: words that show, and no link that the note does not have."""

from __future__ import annotations

import json
import sqlite3
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.markup.invisible import is_visible
from notemill.markup.references import NOTHING, Own, is_foreign, references
from notemill.stores.proposals import ProposalKind, ProposalState
from notemill.tagging.cards import Card
from notemill.tagging.filing import Filed, Filing, levels_from, settle
from notemill.vault.note import parse
from notemill.workflows.curation.asked import MAX_TAGS, MAX_TOPICS
from notemill.workflows.curation.curate import Curated, read_reply
from notemill.workflows.curation.reply_text import (
    HIDDEN,
    LEADS,
    LONG,
    MANY,
    MAX_DESCRIPTION_CHARS,
    NO_TAG,
    PLAIN,
    may_be_written,
)
from notemill.workflows.curation.topic_names import MAX_TOPIC_CHARS
from notemill.workflows.links.judging import reason_of
from tests.doubles import ScriptedProvider
from tests.notemill.cli.test_notemill import Shell
from tests.notemill.workflows.notes import Desk, curated

if TYPE_CHECKING:
    from pathlib import Path


def wide(text: str) -> str:
    """Return ASCII in its full width."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


FOREIGN = [
    "![[Private/Secret]]", "[[Diary]]", "[[ Diary |this]]", "[[[Diary]]]", "[[Diary#^x]]", "![[x.png|300]]",
    "[x](http://evil.example)", "![i](x.png)", "[a](<http://e v>)", "[a](javascript:x)", "![](y)",
    "http://evil.example", "HTTPS://EVIL", "hxxp://evil", "http:\\\\evil.com", "http:evil", "//evil.com/x",
    "www.evil.com", "evil.com", "evil.com/path?q", "192.168.0.1:80/x", "\\\\server\\share", "a@evil.co",
    "javascript:alert(1)", "vbscript:x", "data:text/html,x", "data:;base64,eA==", "file:///etc/passwd",
    "obsidian://open?vault=x", "mailto:a@b.c", "tel:+491234", "magnet:?xt=1", "x-devonthink-item:abc",
    "view-source:x", "about:blank", "smb://host/x", "<img src=x>", "<img src=x onerror=y", "<script>",
    "</script>", "<svg/onload=a>", "<x-y onclick=1>", "<iframe\tsrc=x>", "<a href='http://x'>k</a>",
    "<% tp.user.x() %>", "<%* x", "{{evil}}", "%%hidden%%", "<!-- notemill: tags -->", "`= this.x`",
    "`$= dv.current()`", "((6523ab12-1234-1234-1234-123456789abc))",
]  # fmt: skip
SPELLED = [
    "h\u200bttp://evil", "[\u200b[Diary]]", "[[Di\u202eary]]", "j\xadavascript:alert(1)", wide("[[Diary]]"),
    "&#91;&#91;Diary&#93;&#93;", "&lbrack;[Diary]]", "%5B%5BDiary%5D%5D", "%6a%61vascript:alert(1)",
    wide("http://evil"), "&lt;img src=x&gt;", "&amp;lt;script&amp;gt;", "evil。com", "evil[.]com",
    "看http://evil", "访问evil.com吧", "见javascript:alert(1)", "\U0001d421\U0001d42d\U0001d42d\U0001d429://evil", wide("evil.com"), wide("<script>"),
]  # fmt: skip
HONEST = [
    "Compost and Soil", "C# and F#", "Re:Zero", "std::vector", "10:30", "Node.js", "ASP.NET", "AT&T", "100%",
    "foo.py", "Array<String>", "x < y > z", "TCP/IP", "v1.2.3", "U.S. law", "What [sic] it (is)", "a[0]",
    "{x}", "JavaScript: closures", "key::value", "数据\uff1a说明", "标题\uff1a内容", "他去了北京。然后回来", "C:\\Windows", "@home",
    "“quotes”", "👩‍💻 at work", "می‌خواهم", "\xc9cole", "R&D; costs", "50% off", "e-mail", "#1 of 3",
]  # fmt: skip


def reply(own: Own = NOTHING, **fields: object) -> Curated:
    """Read a reply with these fields."""
    empty = {"note_ref": "x", "description": "", "tags": [], "topics": []}
    return read_reply(json.dumps(empty | fields), own)


@pytest.mark.parametrize("value", FOREIGN + SPELLED)
def test_a_link_that_the_note_does_not_have_is_dropped_and_said(value: str) -> None:
    """A topic of it goes; a description keeps its words, or goes where none are left."""
    found = reply(topics=[value, "Soil"], description=f"About soil. {value}", tags=[value])
    assert found.topics == ("Soil",)
    assert not is_foreign(found.description, NOTHING)
    assert found.description in ("", "About soil.") or found.description.startswith("About soil. ")
    assert all(one.isprintable() and "[[" not in one for one in (found.description, *found.tags))
    assert {one.field for one in found.losses} >= {"topics", "description"}
    assert ("topics", LEADS) in {(one.field, one.reason) for one in found.losses}


@pytest.mark.parametrize("value", HONEST)
def test_words_are_taken_as_they_are(value: str) -> None:
    """What only looks like code or an address is a topic, and a description."""
    found = reply(topics=[value], description=value)
    shown = unicodedata.normalize("NFC", value)
    assert found.topics == (shown.lstrip("#"),)
    assert found.description == shown
    assert not found.losses
    assert may_be_written(shown, NOTHING)


def test_what_the_note_refers_to_itself_may_be_said_of_it() -> None:
    """Links and addresses of the note stay, also the site alone; one that only begins alike goes."""
    own = Own(
        lambda: (
            "See [[Compost|the heap]], https://example.org/a?b=1, [[data.example.net]], mail@a.org,"
            " [x](Notes/Rain.md), `<b>` and #garden/soil."
        )
    )
    for value in ("[[Compost]]", "[[compost|k]]", "https://example.org/a", "example.org", "mail@a.org",
                  "data.example.net", "[y](Notes/Rain.md)", "<b>"):  # fmt: skip
        assert reply(own, topics=[value]).topics == (value,)
        assert reply(own, description=f"On {value}").description == f"On {value}"
    for value in (
        "[[Compost2]]",
        "https://example.org.evil.net/a",
        "example.orgevil.net",
        "![[Rain]]",
    ):
        assert reply(own, topics=[value]).topics == ()
    found = reply(own, description="On #garden/soil and #pwned")
    assert found.description == "On #garden/soil and pwned"


def test_a_description_keeps_the_words_of_a_link_and_not_where_it_leads() -> None:
    """What shows of a link stays; of an embed, an address or a tag of HTML nothing does."""
    found = reply(
        description="How [[Diary|I]] made <b>soil</b> from ![[Secret]] [peat](http://e.x)."
    )
    assert found.description == "How I made soil from peat."
    (loss,) = found.losses
    assert (loss.field, loss.reason) == ("description", PLAIN)
    assert reply(description="![[Secret]] http://evil.example").description == ""


@pytest.mark.parametrize("char", ["\u200b", "\u202e", "\U000e0041", "\ufeff", "\ue000", "\ufe0f", "\x1b",
                                  "\u2028", "\xad", "\u2062", "\u3164", "\u0378", "\ufdd0", "\ud83d"])  # fmt: skip
def test_what_does_not_show_is_taken_out_and_said(char: str) -> None:
    """Of descriptions, tags and topics; where nothing else is left nothing is proposed."""
    found = reply(
        description=f"So{char}il.", tags=[f"so{char}il", char], topics=[f"So{char}il", char]
    )
    gap = " " if char in "\x1b\u2028" else ""
    assert found.description == f"So{gap}il."
    assert found.topics == (f"So{gap}il",)
    assert found.tags == (f"so{'-' if gap else ''}il",)
    assert {(one.field, one.reason) for one in found.losses} >= {
        ("description", HIDDEN), ("tags", HIDDEN), ("topics", HIDDEN),
    }  # fmt: skip


def test_lengths_and_numbers_are_bounded() -> None:
    """A reply of megabytes and a hundred thousand values is read in no time, and the rest said."""
    started = time.process_time()
    found = reply(
        description="word " * 2_000_000,
        topics=["x" * 10_000_000, *(f"topic {n}" for n in range(100_000))],
        tags=["y" * 101, "two,words", *(f"tag{n}" for n in range(100_000))],
    )
    assert time.process_time() - started < 5
    assert len(found.description) <= MAX_DESCRIPTION_CHARS
    assert (len(found.topics), len(found.tags)) == (MAX_TOPICS, MAX_TAGS)
    assert max(map(len, found.topics)) <= MAX_TOPIC_CHARS
    said = {(one.field, one.reason): one.count for one in found.losses}
    assert said["topics", LONG] == 1
    assert said["topics", MANY] == 100_000 - MAX_TOPICS
    assert said["tags", MANY] == 100_000 - MAX_TAGS
    assert said["tags", NO_TAG] == 2


@pytest.mark.parametrize(
    ("text", "kept"), [("evil.community", "evil.com"), ("a 👩\u200d💻", "a 👩\u200d")]
)
def test_a_cut_makes_no_address_and_leaves_nothing_hidden(text: str, kept: str) -> None:
    """What is beyond the longest description may be what made a name of a word."""
    words = "w" * (MAX_DESCRIPTION_CHARS - len(kept) - 1)
    found = reply(description=f"{words} {text}").description
    assert found.startswith(words)
    assert found != f"{words} {kept}"
    assert may_be_written(found, NOTHING)


PIECES = st.sampled_from(
    [*FOREIGN, *SPELLED, "soil", " ", "\u200b", "\U000e0041", "é", "e\u0301", "|", "]]"]
)
values = st.lists(PIECES | st.text(max_size=6), max_size=6).map("".join)


@settings(max_examples=150)
@given(values, st.lists(values, max_size=4), st.lists(values, max_size=4))
def test_no_reply_brings_in_what_does_not_show_or_leads_elsewhere(
    description: str, tags: list[str], topics: list[str]
) -> None:
    """Whatever is put together, what is proposed may be written, and reads the same again."""
    found = reply(description=description, tags=tags, topics=topics)
    for text in filter(None, (found.description, *found.topics)):
        assert may_be_written(text, NOTHING)
        assert is_visible(text)
        assert unicodedata.is_normalized("NFC", text) or len(text) == MAX_DESCRIPTION_CHARS
    again = reply(description=found.description, tags=list(found.tags), topics=list(found.topics))
    assert again == Curated(found.description, found.tags, found.topics)


@pytest.mark.parametrize("piece", ["[[", "[[a", "](", "[a](", "<!--", "<%", "{{", "%%", "`=", "<a b", "a.", "a@",
                                   "www.", "((", "%25", "#a", "\\\\", "1.1.1.1:", "[a]((", "a.com ", "&amp;"])  # fmt: skip
def test_a_text_of_beginnings_is_looked_through_in_linear_time(piece: str) -> None:
    """No pattern comes back to where it was, in a note of any kind."""
    started = time.process_time()
    assert sum(1 for _ in references(piece * (200_000 // len(piece)))) >= 0
    assert time.process_time() - started < 4


# -- from the reply to the note -------------------------------------------------------------------

OBEYED = {
    "description": "Soil \U000e0041is alive: [read](http://evil.example) ![[Private/Secret]]",
    "tags": ["garden/soil", "so\u202eil", "http://evil"],
    "topics": ["[[Diary]]", "Soil", "http://evil.example", "x" * 500],
}


def obedient(folder: Path, notes: dict[str, str | bytes]) -> Desk:
    """Return a desk whose model answers what a note ordered."""
    return Desk(folder, notes, ScriptedProvider(lambda params: curated(params, **OBEYED)))


def test_what_is_written_is_plain_and_what_went_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the report for people and in --json, and again in `show`."""
    desk = obedient(tmp_path, {"Clip.md": "Soil is alive.\n"})
    ended = desk.curate(apply=True, as_json=True)
    note, _ = parse(desk.path("Clip.md").read_bytes())
    assert note.text_of("description") == "Soil is alive: read"
    assert note.tags == ("garden/soil", "soil")
    assert note.list_of("topics") == ("Soil",)
    assert (
        "Clip.md: topics: left out: links, addresses or code that the note does not have (2)"
        in (ended.shown)
    )
    said = json.loads(capsys.readouterr().out)["dropped"]
    assert {"item": "Clip.md", "field": "topics", "reason": LONG, "count": 1} in said
    assert {(one["field"], one["reason"]) for one in said} == {
        ("description", HIDDEN), ("description", PLAIN), ("tags", HIDDEN), ("tags", NO_TAG),
        ("topics", LEADS), ("topics", LONG),
    }  # fmt: skip


def test_show_tells_what_was_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a run, and of the one note that is asked for."""
    desk = obedient(tmp_path, {"A.md": "Soil is alive.\n", "B.md": "Soil is alive.\n"})
    run = desk.curate().run
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("TWOLANE_HOME", str(desk.home))
    assert shell("show", run, "--json") == 0
    assert {one["item"] for one in shell.report["dropped"]} == {"A.md", "B.md"}
    assert shell("show", run, "--item", "A.md", "--json") == 0
    assert {one["item"] for one in shell.report["dropped"]} == {"A.md"}
    assert shell("show", run) == 0
    assert "topics: left out: too long" in shell.err


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((kind, value) for kind in (ProposalKind.DESCRIPTION, ProposalKind.TOPIC) for value in (
            "[[Diary]]", "![[Private/Secret]]", "http://evil.example", "so\u202eil", "a\nb", "x" * 301,
            "%5B%5BDiary%5D%5D", " blank ",
        )),
        *((ProposalKind.TAG, value) for value in ("so\u202eil", "a\nb", "[[x]]", "a,b", "so il", "\U000e0041")),
    ],
)  # fmt: skip
def test_a_row_of_another_hand_writes_nothing_of_that_kind(
    tmp_path: Path, kind: ProposalKind, value: str
) -> None:
    """The gate at writing looks again: an imported or edited queue brings in no more than a reply."""
    desk = Desk(tmp_path, {"A.md": "Soil is alive.\n"})
    run = desk.curate().run
    (review,) = desk.home.rglob("vault.sqlite3")
    with sqlite3.connect(review) as db:
        db.execute(
            "UPDATE proposals SET value = ?, kind = ? WHERE id ="
            " (SELECT max(id) FROM proposals WHERE kind = ?)",
            (value, str(kind), str(kind)),
        )
    db.close()
    (done,) = desk.apply(run)
    assert [(one.kind, one.value) for one in done.refused] == [(kind, value)]
    assert [one.value for one in desk.proposals(run) if one.state is ProposalState.CONFLICT] == [
        value
    ]
    text = desk.text("A.md")
    assert value.strip() not in text
    assert json.dumps(value)[1:-1] not in text
    assert done.written


def test_a_refused_row_is_named_by_apply_and_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The note's other proposals are written, and the command ends with 3."""
    desk = Desk(tmp_path, {"A.md": "Soil is alive.\n"})
    run = desk.curate().run
    (review,) = desk.home.rglob("vault.sqlite3")
    with sqlite3.connect(review) as db:
        db.execute("UPDATE proposals SET value = '[[Diary]]' WHERE kind = 'topic'")
    db.close()
    shell = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("TWOLANE_HOME", str(desk.home))
    assert shell("apply", run, "--json") == 3
    assert shell.report["refused"] == [{"item": "A.md", "kind": "topic"}]
    assert shell.report["written"] == ["A.md"]
    assert "A.md: topic" in shell.err


# -- tags and links judged by a model ---------------------------------------------------------------


def test_names_and_reasons_of_an_arrangement_are_plain() -> None:
    """A vocabulary is a note: no mark, link or address comes into it, nor what does not show."""
    cards = [Card("soil", "soil", 1, (), (), ()), Card("asdf", "asdf", 1, (), (), ())]
    reason = "see ![[Secret]] http://evil.example <!-- notemill: end of tags --> \u202eno"
    filing = Filing(
        (Filed("soi\u200bl", "\U000e0041", ()), Filed("[[Diary]]", "", ("soil",))),
        (("asdf", reason),),
        (),
    )
    made = settle([filing], cards, ())
    assert [(one.tag, one.reason) for one in made.entries] == [("soil", ""), ("asdf", "see no")]
    assert levels_from(["gar\u200bden", "[[x]]", "a" * 101, "http://x"]) == ("garden",)


def test_a_reason_for_a_link_is_plain() -> None:
    """It is shown to people and kept, and leads nowhere."""
    assert reason_of("both on [[Soil]], see http://evil.example \u202e!") == "both on Soil, see !"
    assert reason_of("![[Secret]]") == "without a word"
