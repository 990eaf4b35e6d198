"""Tags renamed, merged and dropped in a note: which bytes change, what is refused, the way back."""

from __future__ import annotations

import re
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from notemill.errors import ExternallyChangedError, MalformedNoteError
from notemill.markup.tags import tag_key
from notemill.vault.linediff import diff
from notemill.vault.note import Note, inline_tags, parse
from notemill.vault.retag import TagChanges, retag
from tests.notemill.vault import styles as styled

BOM = b"\xef\xbb\xbf"
RENAME = {"a": "c"}
MERGE = {"a": "c", "b": "c"}
DROP: dict[str, str | None] = {"a": None}


def changed(text: str | bytes, changes: dict[str, str | None] | dict[str, str]) -> str:
    """Return a note with tags changed; see that the edit replaces what is there."""
    raw = text if isinstance(text, bytes) else text.encode()
    edit = retag(raw, TagChanges(changes))
    if edit is None:
        return raw.decode()
    assert all(raw[one.span.start : one.span.end] == one.old for one in edit.splices)
    return edit.apply(raw).decode()


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("tags: [a, x]", RENAME, "tags: [c, x]"),
        ("tags: [ 'a' ,\"x\",  y ] # a", RENAME, "tags: [ 'c' ,\"x\",  y ] # a"),
        ("tags: ['#a', x]", RENAME, "tags: ['#c', x]"),
        ("tags: [A/B, ab, b/a]", RENAME, "tags: [c/B, ab, b/a]"),
        ("tags:\n- a # one\n# two\n-   'x'", RENAME, "tags:\n- c # one\n# two\n-   'x'"),
        ('tags:\n    - "a/x" # a', RENAME, 'tags:\n    - "c/x" # a'),
        ("tags: a", RENAME, "tags: c"),
        ("tags: a,x  y", RENAME, "tags: c,x  y"),
        ("tags: 'a, x'", RENAME, "tags: 'c, x'"),
        ('tags: "#a #x"', RENAME, 'tags: "#c #x"'),
        ("tags: |\n  a\n  x", RENAME, "tags: |\n  c\n  x"),
        ("tag: a", RENAME, "tag: c"),
        ("Tags: [a]", RENAME, "Tags: [c]"),
        ('"tags" : [a]', RENAME, '"tags" : [c]'),
        ("tag: a\ntags: [a]", RENAME, "tag: c\ntags: [c]"),
        ('tags: ["\\x61"]', RENAME, 'tags: ["c"]'),
        ('tags: "\\x61 x"', RENAME, 'tags: "c x"'),
        ("tags: [a]", {"a": "2024/a"}, "tags: [2024/a]"),
        ("tags: [a]", {"a": "no"}, 'tags: ["no"]'),
        ("tags: a", {"a": "yes"}, 'tags: "yes"'),
        ("tags:\n- two words", {"two words": "two-words"}, "tags:\n- two-words"),
        ("title: a\naliases: [a]\ntags: [x]", RENAME, "title: a\naliases: [a]\ntags: [x]"),
        # What would stand twice in a list stands there once.
        ("tags: [a, x, c]", RENAME, "tags: [x, c]"),
        ("tags: [x,a, b]", MERGE, "tags: [x,c]"),
        ("tags: [a,b, x]", MERGE, "tags: [c, x]"),
        ("tags:\n  - a # mine\n  # note\n  - C", RENAME, "tags:\n  # note\n  - C"),
        ("tags: a, b, c, b", MERGE, "tags: c"),
        ("tags: [x, x, a]", RENAME, "tags: [x, x, c]"),
        # A level taken away: what lies below follows, and joins what is there already.
        ("tags: [a/b, x]", {"a/b": "a"}, "tags: [a, x]"),
        ("tags:\n  - a/b\n  - a/d/e\n  - A", {"a/b": "a", "a/d": "a"}, "tags:\n  - a/e\n  - A"),
        ('tags: "#a/b, a"', {"a/b": "a"}, 'tags: "a"'),
        # Below itself: what is there stays.
        ("tags: [a, a/b, a/x]", {"a": "a/b"}, "tags: [a/b, a/b/x]"),
        ("tags: [b2b, 2fa]", {"b2b": "sales/b2b"}, "tags: [sales/b2b, 2fa]"),
        # Dropping takes the tag, its line or its comma, and nothing else.
        ("tags: [a, x,y]", DROP, "tags: [x,y]"),
        ("tags: [x,a/b, y]", DROP, "tags: [x, y]"),
        ("tags: [x, a]", DROP, "tags: [x]"),
        ("tags: [ a ] # m", DROP, "tags: [] # m"),
        ("tags: [\n  a,\n  x,\n]", DROP, "tags: [\n  x,\n]"),
        ("tags: # m\n  - a\n  -\n  - x", DROP, "tags: # m\n  -\n  - x"),
        ("tags: # m\n  - a", DROP, "tags: [] # m"),
        ("tags: a # m", DROP, "tags: [] # m"),
        ('tags: "a"', DROP, "tags: []"),
        ("tags: x, a y", DROP, "tags: x y"),
        ("tags: a x", DROP, "tags: x"),
        ("tags: |\n  a\n  x", DROP, "tags: |\n  x"),
    ],
)
def test_a_property_changes_in_its_own_style(
    before: str, changes: dict[str, str | None], after: str
) -> None:
    """Quotes, gaps, comments, order and the key stay; for every kind of line end and a BOM."""
    for newline in ("\n", "\r\n"):
        for bom in (b"", BOM):
            parts = [
                bom + f"---\n{block}\nz: 1\n---\nbody\n".replace("\n", newline).encode()
                for block in (before, after)
            ]
            assert changed(parts[0], changes).encode() == parts[1]


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("#a is #A/b, not #ab.\n", RENAME, "#c is #c/b, not #ab.\n"),
        ("`#a` $#a$ %%#a%% [[#a]] [x](#a) <b id='#a'> http://x/#a\n", RENAME, None),
        ("```\n#a\n```\n# a\n\\#a x#a\n<!-- #a -->\n[[n|#a]]\n", RENAME, None),
        ("## #a\n#a/\n", RENAME, "## #c\n#c/\n"),
        ("🦊 #a 日本 #日本/a\n", {"a": "狐", "日本": "jp"}, "🦊 #狐 日本 #jp/a\n"),
        ("#a/b in words #a/B, #a\n", {"a/b": "a"}, "#a in words #a, #a\n"),
        ("#B2B #b2b/x #F7CE46.\n", {"b2b": "sales", "f7ce46": None}, "#sales #sales/x F7CE46.\n"),
        # Dropped among the last tags of a line it goes, elsewhere it keeps its word.
        ("Buy milk #a\n", DROP, "Buy milk\n"),
        ("Buy milk #x #a ^id\n", DROP, "Buy milk #x ^id\n"),
        ("- #a #x\n", DROP, "- #x\n"),
        ("- [ ] #a\n", DROP, "- [ ] \n"),
        ("#a #a/b\n\n> #a\n", DROP, "\n\n> \n"),
        ("I like #a a lot, and #a.\n", DROP, "I like a a lot, and a.\n"),
        ("#x #a\r\n#a #x\r\n", DROP, "#x\r\n#x\r\n"),
        # Merged among the last tags of a line it stands there once; in a sentence twice.
        ("text #a #b #x\n", MERGE, "text #c #x\n"),
        ("#a and #b go\n", MERGE, "#c and #c go\n"),
    ],
)
def test_the_text_keeps_all_but_its_tags(
    before: str, changes: dict[str, str | None], after: str | None
) -> None:
    """Code, math, comments, links, URLs, HTML and headings are no tags, and stay."""
    assert changed(before, changes) == (before if after is None else after)


@pytest.mark.parametrize(
    ("tag", "changes", "new"),
    [
        ("A/x", {"a": "c/b"}, "c/b/x"),
        ("a/b/x", {"a": "c", "a/B": "d"}, "d/x"),
        ("a/b", {"a": "a/b"}, "a/b"),
        ("a", {"a": "a/b"}, "a/b"),
        ("A", {"a": "a"}, "a"),
        ("ab", {"a": "c"}, "ab"),
        ("a/b", {"a": None}, None),
        ("a", {"a": "b", "b": "c"}, "b"),
        (unicodedata.normalize("NFD", "é/x"), {"é": "e"}, "e/x"),
    ],
)
def test_children_follow_their_nearest_parent(
    tag: str, changes: dict[str, str | None], new: str | None
) -> None:
    """Tags compare in any case and Unicode form, change once, and stay where they are to be."""
    assert TagChanges(changes).of(tag) == new


@pytest.mark.parametrize(
    "text",
    ["---\ntags: [a\n---\n#a\n", "---\ntags: [[a]]\n---\n#a\n", "---\ntags: [a]\n#a\n"],
)
def test_a_note_that_cannot_be_edited_safely_is_refused(text: str) -> None:
    """Broken, nested and unclosed frontmatter: the note is left alone, and it says why."""
    with pytest.raises(MalformedNoteError, match=r"frontmatter|property"):
        changed(text, RENAME)


def test_an_edit_fits_only_the_bytes_it_was_made_for() -> None:
    """A note that was edited meanwhile is refused."""
    edit = retag(b"#a\n", TagChanges(RENAME))
    assert edit is not None
    with pytest.raises(ExternallyChangedError):
        edit.apply(b"#a more\n")


def test_a_change_shows_as_a_diff() -> None:
    """What a person is shown is the lines with the tags."""
    raw = b"one\ntwo #a\nthree\nfour\n"
    shown = diff(raw, changed(raw, RENAME).encode(), "n.md")
    assert "-two #a\n+two #c" in shown
    assert "four" not in shown


TAGS = ("a", "A", "a/b", "ab", "b", "c", "日本", "日本/語", "é", "e\u0301", "🦊", "x_y", "x-1")
lines = st.sampled_from(
    [*(f"#{tag}" for tag in TAGS), "word", "`#a`", "$#a$", "[[n#a|#a]]", "http://x/#a", "# a",
     "🦊🦊", "日本語", "é", "<b #a>", "%%#a%%", "\n", "\n", "\n```\n#a\n```\n", "- ", "> ", "\t#a",
     "#a,", "(#a)", "#a.", "^id", "e\u0301"]
)  # fmt: skip
styles = st.sampled_from(["[{}]", "['{}']", "block", "'{}'", "{}", "none"])
targets = st.sampled_from(["c", "new/one", "日本", "a/b", "é/x", "yes", None])


@st.composite
def notes(draw: st.DrawFn) -> bytes:
    """Return a note with tags in its properties and its text, in every style and line end."""
    body = " ".join(draw(st.lists(lines, max_size=14)))
    style = draw(styles)
    tags = draw(st.lists(st.sampled_from(TAGS[:10]), min_size=1, max_size=4))
    glue = {"['{}']": "', '", "block": "\n"}.get(style, ", ")
    if style == "block":
        block = "tags: # m\n" + "".join(f"  - {tag} # {tag}\n" for tag in tags)
    elif style == "none":
        return (draw(st.sampled_from([b"", BOM]))) + f".\n{body}".encode()
    else:
        block = f"tags: {style.format(glue.join(tags))} # m\n"
    text = f"---\nk: a # a\n{block}z: ' a'\n---\n{body}"
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return draw(st.sampled_from([b"", BOM])) + text.replace("\n", newline).encode()


@given(notes(), st.dictionaries(st.sampled_from(TAGS), targets, min_size=1, max_size=3))
def test_only_the_bytes_of_tags_change(raw: bytes, wanted: dict[str, str | None]) -> None:
    """Whatever the note: all splices lie in tags, and nothing else is lost."""
    edit = retag(raw, TagChanges(wanted))
    if edit is None:
        return
    new = edit.apply(raw)
    for start, old, fresh in edit.splices:
        assert raw[start : start + len(old)] == old
        # No line is joined with another; only the line of a list's item may go whole.
        assert not re.search(rb"[\r\n]", fresh)
        assert old.count(b"\n") <= 1 or parse(raw)[0].body_start > start
    before, after = parse(raw)[0], parse(new)[0]
    assert before.body.count("\n") == after.body.count("\n")
    assert others(before) == others(after)


def others(note: Note) -> list[tuple[str, object]]:
    """Return the properties that hold no tags."""
    entries = note.frontmatter.entries if note.frontmatter else ()
    return [(one.key, one.value) for one in entries if one.key != "tags"]


@given(notes(), targets.filter(bool))
def test_after_a_rename_no_old_tag_is_left(raw: bytes, new: str) -> None:
    """No tag is `é` or below it any more, and a second rename changes nothing."""
    changes = TagChanges({"é": new})
    edit = retag(raw, changes)
    after = raw if edit is None else edit.apply(raw)
    note, _ = parse(after)
    if not new.startswith("é"):
        left = (*note.tags, *(one.name for one in inline_tags(note)))
        assert "é" not in {tag_key(tag).split("/")[0] for tag in left}
    assert retag(after, changes) is None


@given(notes(), st.dictionaries(st.sampled_from(TAGS), targets, min_size=1, max_size=2))
def test_other_readers_read_what_was_meant(raw: bytes, wanted: dict[str, str | None]) -> None:
    """PyYAML and ruamel find the same texts in the properties, and no numbers or booleans."""
    changes = TagChanges(wanted)
    edit = retag(raw, changes)
    if edit is None or not (note := parse(edit.apply(raw))[0]).frontmatter:
        return
    inner = note.raw[slice(*note.frontmatter.inner)].decode()
    for value in (yaml.safe_load(inner), YAML(typ="safe").load(inner)):
        tags = value["tags"]
        texts = re.split(r"[,\s]+", tags) if isinstance(tags, str) else tags
        assert texts == list(note.tags)
        assert value["k"] == "a"
        assert value["z"] == " a"


WORDS = (
    "alpha",
    "b/c",
    "b",
    "über",
    "日本",
    "x-1",
    "007",
    "yes",
    "10:30",
    "two words",
    "den",
    "🦊 den",
)


@given(styled.notes(), st.dictionaries(st.sampled_from(WORDS), targets, min_size=1, max_size=3))
def test_every_style_of_yaml_survives(raw: bytes, wanted: dict[str, str | None]) -> None:
    """Lists over lines, block texts, comments between: edited as meant, or refused, never broken."""
    changes = TagChanges(wanted)
    try:
        edit = retag(raw, changes)
    except MalformedNoteError:
        return
    if edit is None:
        return
    new = edit.apply(raw)
    before, after = parse(raw)[0], parse(new)[0]
    comments = re.findall(rb"^ *# between|^# a comment|^  # indented", raw, re.MULTILINE)
    assert comments == re.findall(rb"^ *# between|^# a comment|^  # indented", new, re.MULTILINE)
    assert before.body.count("\n") == after.body.count("\n")
    assert retag(new, changes) is None or any(value in wanted for value in wanted.values())
