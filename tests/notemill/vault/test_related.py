"""Links written into notes and taken out again: only notemill's bytes, in every style of note."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.errors import MalformedNoteError
from notemill.markup.reading import Reading
from notemill.vault.note import links, parse, source_hash
from notemill.vault.region import END, START, find_region, owners_text
from notemill.vault.related import (
    Form,
    LinkChanges,
    LinkStyle,
    closed_forms,
    edit_links,
    link_entries,
    link_text,
)
from notemill.vault.resolve import Names, PathFormat
from tests.notemill.vault.styles import BOM

HEADS = (
    b"",
    BOM,
    b"---\n---\n",
    b"---\ntags: [a]\n---\n",
    b"---\r\nx: 1 # mine\r\n---\r\n",
    b"---\nrelated:\n  - '[[P]]' # by hand\n---\n",
    b'---\nrelated: "[[P]]"\n---\n',
    b"---\nRelated: []\n---\n",
    b"---\nx: 1\n---",
)
BODIES = (
    b"",
    b"text",
    b"text\n",
    b"text\r\n",
    b"text\r\nmore",
    b"text \n\n\n",
    b"- a\n  - b",
    b"<div>\nx",
    b"| a |\n|---|\n| b |",
    b"    code",
    b"A title\n",
    b"\xf0\x9f\xa6\x8a\n",
)
NOTES = [
    head + body
    for head, body in itertools.product(HEADS, BODIES)
    if not (head.endswith(b"---") and body)
]
TEXTS = ("[[A]]", "[[folder/B|B]]", "[C c](C%20c.md)")


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("raw", NOTES)
def test_links_come_and_go_and_leave_the_owners_bytes(raw: bytes, form: Form) -> None:
    """The source hash stays, twice is once, and what is taken out of a section leaves no trace."""
    new = edit_links(raw, LinkChanges(add=TEXTS), form)
    note = parse(new)[0]
    assert set(TEXTS) <= {one.text for one in link_entries(note)}
    assert source_hash(note) == source_hash(parse(raw)[0])
    assert edit_links(new, LinkChanges(add=TEXTS), form) == new
    moved = edit_links(new, LinkChanges(replace=(("[[A]]", "[[Z]]"),)), form)
    assert edit_links(moved, LinkChanges(replace=(("[[Z]]", "[[A]]"),)), form) == new
    less = edit_links(new, LinkChanges(remove=TEXTS[1:]), form)
    back = edit_links(less, LinkChanges(remove=TEXTS[:1]), form)
    assert source_hash(parse(back)[0]) == source_hash(parse(raw)[0])
    if form is Form.SECTION:
        assert back == raw
    else:
        assert {one.text for one in link_entries(parse(back)[0])} <= {"[[P]]"}


@given(
    body=st.text(st.sampled_from("ab \n\r\t-#`~<>!%$|[](){}\\:é🦊"), max_size=80),
    head=st.sampled_from(HEADS[:-1]),
    form=st.sampled_from(list(Form)),
)
@settings(max_examples=400, deadline=None)
def test_any_text_is_linked_byte_exactly_or_refused(body: str, head: bytes, form: Form) -> None:
    """Whatever is written, a note is refused, or all its own bytes stay in their order."""
    raw = head + body.encode()
    try:
        new = edit_links(raw, LinkChanges(add=TEXTS), form)
    except MalformedNoteError:
        return
    assert set(TEXTS) <= {one.text for one in link_entries(parse(new)[0])}
    assert source_hash(parse(new)[0]) == source_hash(parse(raw)[0])
    if form is Form.SECTION:
        assert new.startswith(raw)
        assert edit_links(new, LinkChanges(remove=TEXTS), form) == raw
    else:
        assert new.endswith(raw[parse(raw)[0].body_start :])


def test_a_persons_entries_stay_in_place_and_style() -> None:
    """Quotes, comments, order, and an entry that reads as one of ours are left alone."""
    raw = b"---\nrelated: # all\n    - '[[P]]'   # one\n    - [[Q]]x\n---\n"
    raw = raw.replace(b"- [[Q]]x", b'- "[[Q]]"')
    new = edit_links(raw, LinkChanges(add=("[[A]]",)), Form.PROPERTY)
    assert new == raw.replace(b'"[[Q]]"\n', b'"[[Q]]"\n    - "[[A]]"\n')
    assert edit_links(new, LinkChanges(remove=("[[A]]",)), Form.PROPERTY) == raw


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("related:\n  - \n  - '[[P]]'\n", "related:\n  - \n  - '[[P]]'\n  - \"[[A]]\"\n"),
        ("related:\n  - '[[P]]'\n  -\n", "related:\n  - '[[P]]'\n  -\n  - \"[[A]]\"\n"),
        ("related:\n  -\n", 'related:\n  -\n  - "[[A]]"\n'),
        ("related: [~, x, null]\n", 'related: [~, x, null, "[[A]]"]\n'),
        ("related: '[[P]]' # mine\n", "related: # mine\n  - '[[P]]'\n  - \"[[A]]\"\n"),
        ("related: 5\n", 'related:\n  - "5"\n  - "[[A]]"\n'),
        ("x: [a]\nrelated: '[[P]]'\n", "x: [a]\nrelated: ['[[P]]', \"[[A]]\"]\n"),
    ],
)
def test_what_its_owner_wrote_stays_as_written(before: str, after: str) -> None:
    """Empty items and quotes outlast a link that comes and goes."""
    raw = f"---\n{before}---\nx\n".encode()
    new = edit_links(raw, LinkChanges(add=("[[A]]",)), Form.PROPERTY)
    assert new == f"---\n{after}---\nx\n".encode()
    back = edit_links(new, LinkChanges(remove=("[[A]]",), keep_empty=True), Form.PROPERTY)
    assert back == new.replace(b'  - "[[A]]"\n', b"").replace(b', "[[A]]"', b"")


@pytest.mark.parametrize("text", ["|\n  [[P]]\n  [[Q]]", ">-\n  about\n  this", '"a\n  b"'])
def test_a_text_of_several_lines_is_left_to_its_owner(text: str) -> None:
    """As one entry of a list its lines would be lost: the note is refused."""
    raw = f"---\nrelated: {text}\n---\nx\n".encode()
    with pytest.raises(MalformedNoteError, match="several lines"):
        edit_links(raw, LinkChanges(add=("[[A]]",)), Form.PROPERTY)
    assert edit_links(raw, LinkChanges(add=("[[A]]",)), Form.SECTION).startswith(raw)


def test_an_empty_property_of_its_owner_is_kept() -> None:
    """What was there before the first link is there after the last."""
    raw = b"---\nrelated:\n---\nx\n"
    new = edit_links(raw, LinkChanges(add=("[[A]]",)), Form.PROPERTY)
    kept = edit_links(new, LinkChanges(remove=("[[A]]",), keep_empty=True), Form.PROPERTY)
    assert b"related:" in kept
    assert edit_links(new, LinkChanges(remove=("[[A]]",)), Form.PROPERTY) == b"---\n---\nx\n"


def test_the_section_is_a_list_between_two_comments_at_the_end() -> None:
    """It reads as Markdown, and what is written around and into it by hand stays."""
    raw = b"text\r\n"
    new = edit_links(raw, LinkChanges(add=("[[A]]",)), Form.SECTION)
    assert new == (
        b"text\r\n\r\n<!-- notemill: related -->\r\n\r\n## Related\r\n\r\n- [[A]]\r\n\r\n"
        b"<!-- notemill: end of related -->\r\n"
    )
    mine = new.replace(b"- [[A]]\r\n", b"- [[A]]\r\n- [[Mine]] by hand\r\n") + b"below\r\n"
    more = edit_links(mine, LinkChanges(add=("[[B]]",), remove=("[[A]]",)), Form.SECTION)
    assert more == mine.replace(b"- [[A]]\r\n", b"").replace(
        b"by hand\r\n", b"by hand\r\n- [[B]]\r\n"
    )
    assert b"below" in edit_links(more, LinkChanges(remove=("[[B]]",)), Form.SECTION)


@pytest.mark.parametrize(
    "raw",
    [
        b"```\nan open fence",
        b"<!-- an open comment",
        b"%%\nan open comment",
        f"{START}\nnever closed\n".encode(),
        f"{START}\na\n{END}\n{START}\nb\n{END}\n".encode(),
        f"{END}\n".encode(),
        b"---\nx: [\n---\n",
        b"\xff\xfe",
    ],
)
def test_a_section_is_refused_where_it_would_not_be_one(raw: bytes) -> None:
    """The note stays as it is, and the message says what to mend."""
    with pytest.raises(MalformedNoteError):
        edit_links(raw, LinkChanges(add=("[[A]]",)), Form.SECTION)


def test_the_comments_in_an_example_are_no_region() -> None:
    """A note about notemill may quote them."""
    body = f"```\n{START}\n- [[A]]\n{END}\n```\n"
    assert find_region(Reading(body)) is None
    assert owners_text(Reading(body)) == body
    new = edit_links(body.encode(), LinkChanges(add=("[[B]]",)), Form.SECTION)
    assert new.startswith(body.encode())
    assert owners_text(Reading(new.decode())) == body


NAMES = (
    "plain", "two words", "a#b", "a^b", "a|b", "[a]", "100%", "a%20b", "a:b", "a\\b", "日本 🦊",
    " lead", "trail ", "a.md", "étude", "$5 and $6", "`code`", "<b>", "a%%b%%", "(x)", "-", "a\nb",
    "'q'", '"q"', "http://x", "a.b.c", "!x", "~", "C#", "Q&A: what?", "*x*", "%%", "50% of $3 < 4:1",
)  # fmt: skip
IN_NO_WIKILINK = {"a#b", "a^b", "a|b", "[a]", "a\\b", "a%%b%%", "a\nb", "C#", "%%"}
IN_SOME_WIKILINKS = {" lead", "trail ", "a.md"}


@pytest.mark.parametrize("paths", PathFormat)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["", "f/", "f o/#x/"])
def test_every_name_gets_a_link_that_means_it_or_none(
    name: str, folder: str, paths: PathFormat
) -> None:
    """In both forms, from anywhere in the vault, read back from the written note."""
    key = f"{folder}{name}.md"
    names = Names([key, "other/source.md", f"other/deep/{name}.md", "source.md"])
    for source, form, markdown in itertools.product(
        ("other/source.md", "source.md", f"other/deep/{name}.md"), Form, (False, True)
    ):
        style = LinkStyle(markdown=markdown, paths=paths)
        text = link_text(names, key, source=source, form=form, style=style)
        if form is Form.PROPERTY:
            if name not in IN_SOME_WIKILINKS:
                assert (text is None) == (name in IN_NO_WIKILINK or "#" in folder), source
            if text is None:
                continue
            assert text.startswith("[[")
        assert text is not None, source
        note = parse(edit_links(b"x\n", LinkChanges(add=(text,)), form))[0]
        (entry,) = link_entries(note)
        assert entry.text == text
        assert names.resolve(entry.link.path, source=source) == key


def link(names: Names, key: str, source: str, *, markdown: bool = False) -> str | None:
    """Return a link below the text."""
    style = LinkStyle(markdown=markdown)
    return link_text(names, key, source=source, form=Form.SECTION, style=style)


def test_names_that_repeat_are_linked_by_their_path() -> None:
    """The wrong one of two notes with the same name is never linked; where none can be, none is."""
    names = Names(["a/Note.md", "b/Note.md", "Alone.md", "note.md"])
    assert link(names, "a/Note.md", "b/x.md") == "[[a/Note|Note]]"
    assert link(names, "Alone.md", "b/x.md") == "[[Alone]]"
    assert link(names, "note.md", "b/x.md") == "[[note]]"
    assert link(names, "b/Note.md", "x.md", markdown=True) == "[Note](b/Note.md)"
    clash = Names(["Note.md", "NOTE.md"])
    assert [link(clash, key, "x.md") for key in ("Note.md", "NOTE.md")].count(None) == 1


@pytest.mark.parametrize(
    "value",
    [
        '"[[P]], [[Q]]"',
        "'[[P]] and [[Q]]'",
        '"see [[P]]"',
        '"[[P]][[Q]]"',
        '"[[P|the first]]; [[Q#part]]"',
        '"[p](P.md), [q](folder/Q.md)"',
    ],
)
def test_a_text_with_several_links_is_left_to_its_owner(value: str) -> None:
    """As one entry of a list it would be no link: a list below the text is all there can be."""
    raw = f"---\nrelated: {value} # mine\n---\nx\n".encode()
    with pytest.raises(MalformedNoteError, match="make it one"):
        edit_links(raw, LinkChanges(add=("[[A]]",)), Form.PROPERTY)
    assert list(closed_forms(raw)) == [Form.PROPERTY]
    assert edit_links(raw, LinkChanges(add=("[[A]]",)), Form.SECTION).startswith(raw)


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ('"[[P]], [[Q]]"', ["P", "Q"]),
        ('["[[P]] [[Q]]", "[[R|r]]"]', ["P", "Q", "R"]),
        ('"[[P#a]] | ![[Q]]"', ["P", "Q"]),
        ('"[[P]], and [[Q]]"', []),
        ('"[p](P.md), [q](folder/Q.md)"', ["P", "folder/Q"]),
        ('"P, Q"', []),
    ],
)
def test_several_links_in_one_property_are_read_as_such(value: str, paths: list[str]) -> None:
    """Their owner has linked these notes, in one text or in many."""
    note = parse(f"---\nrelated: {value}\n---\nx\n".encode())[0]
    assert [one.path for one in links(note)] == paths
