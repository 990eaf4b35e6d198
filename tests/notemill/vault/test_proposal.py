"""Edits of owned properties: which bytes change, how values are written, what is refused."""

from __future__ import annotations

import pytest
import yaml

from notemill.errors import MalformedNoteError
from notemill.vault.linediff import diff
from notemill.vault.note import parse
from notemill.vault.proposal import Change, set_properties
from notemill.vault.scalars import scalar

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        # A block list keeps its quotes, comments, indents and order.
        ("tags:\n- a\n", {"tags": ["a", "b"]}, "tags:\n- a\n- b\n"),
        ("tags:\n    -   a\n", {"tags": ["a", "b"]}, "tags:\n    -   a\n    -   b\n"),
        (
            "tags: # mine\n  - 'a' # one\n  # two\n  - b\n# end\nz: 1\n",
            {"tags": ["b", "c", "a"]},
            "tags: # mine\n  # two\n  - b\n  - c\n  - 'a' # one\n# end\nz: 1\n",
        ),
        (
            "tags:\n  # why a\n  - a\n  - b\n",
            {"tags": ["b"]},
            "tags:\n  # why a\n  - b\n",
        ),
        ("tags:\n  - a\n  -\n", {"tags": ["a", "b"]}, "tags:\n  - a\n  -\n  - b\n"),
        ("tags:\n  - a\n", {"tags": []}, "tags: []\n"),
        ("tags:\n  - '#a'\n", {"tags": ["a", "b"]}, "tags:\n  - '#a'\n  - b\n"),
        ("tags:\n  - a\n  # below\nz: 1\n", {"tags": ["b"]}, "tags:\n  - b\n  # below\nz: 1\n"),
        ("tags:\n  - a\n  # below\n", {"tags": []}, "tags: []\n  # below\n"),
        ("z: |\n  a\ntags: x\n  # below\n", {"tags": None}, "z: |\n  a\n"),
        # A flow list keeps its gaps.
        ("tags: [a]\n", {"tags": ["a", "b"]}, "tags: [a, b]\n"),
        ("tags: [a,b]\n", {"tags": ["a", "c"]}, "tags: [a,c]\n"),
        ("tags: [ 'a' , b ] # c\n", {"tags": ["b", "a", "d"]}, "tags: [ b , 'a' , d ] # c\n"),
        ("tags: [\n  a,\n  b,\n]\n", {"tags": ["a", "b", "c"]}, "tags: [\n  a,\n  b,\n  c,\n]\n"),
        ("tags: []\n", {"tags": ["a/b"]}, "tags: [a/b]\n"),
        ("tags: [a]\n", {"tags": []}, "tags: []\n"),
        # A single text or nothing becomes a list, as Obsidian writes it.
        ("tags: a, b # c\n", {"tags": ["a", "b", "d"]}, "tags: # c\n  - a\n  - b\n  - d\n"),
        ("tags:\n", {"tags": ["a"]}, "tags:\n  - a\n"),
        ("tags: # c\nz: 1\n", {"tags": ["a"]}, "tags: # c\n  - a\nz: 1\n"),
        ("x: [1, 2]\ntags:\n", {"tags": ["a"]}, "x: [1, 2]\ntags: [a]\n"),
        ("x:\n- 1\n", {"tags": ["a"]}, "x:\n- 1\ntags:\n- a\n"),
        # The key stays as the owner wrote it; `tags` goes before the old `tag`.
        ("Tags: [a]\n", {"tags": ["b"]}, "Tags: [b]\n"),
        ('"tags" : [a]\n', {"tags": ["b"]}, '"tags" : [b]\n'),
        ("tag: a\n", {"tags": ["a", "b"]}, "tag:\n  - a\n  - b\n"),
        ("tag: a\ntags: [b]\n", {"tags": ["c"]}, "tag: a\ntags: [c]\n"),
        # A text keeps its kind of quotes and its comment, and stays on one line.
        ("description: old # c\n", {"description": "new"}, "description: new # c\n"),
        ("description: 'old'\n", {"description": "it's"}, "description: 'it''s'\n"),
        ('description: "old"\n', {"description": "new"}, 'description: "new"\n'),
        ("description:   old\n", {"description": "a: b"}, 'description:   "a: b"\n'),
        ("description:\n", {"description": "x"}, "description: x\n"),
        ("description: # c\n", {"description": "x"}, "description: x # c\n"),
        ("description: >-\n  a\n  b\n\nz: 1\n", {"description": "x"}, "description: x\n\nz: 1\n"),
        ("description:\n  a\n  b\n", {"description": "x"}, "description: x\n"),
        ("description: [a]\n", {"description": "x"}, "description: x\n"),
        ("description:\n  - a # c\n", {"description": "x"}, "description: x\n"),
        ("description: x\n", {"description": ""}, 'description: ""\n'),
        # New ones come last; None takes out; nothing else moves.
        ("z: 1\n# end\n", {"description": "x"}, "z: 1\n# end\ndescription: x\n"),
        ("  z: 1\n", {"tags": ["a"]}, "  z: 1\n  tags:\n    - a\n"),
        ("tags: [a]\nz: 1\n", {"tags": None}, "z: 1\n"),
        ("z: |+\n  a\n\n", {"topics": ["b c"]}, "z: |+\n  a\n\ntopics:\n  - b c\n"),
        ("z: 1\n", {"related": ["[[a|b]]"]}, 'z: 1\nrelated:\n  - "[[a|b]]"\n'),
        ("", {"notemill": "run 1"}, "notemill: run 1\n"),
        # What is so already stays as it is written.
        ("tags: a,b\n", {"tags": ["a", "b"]}, "tags: a,b\n"),
        ("tags: ['#a']\n", {"tags": ["a"]}, "tags: ['#a']\n"),
        ("topics: one\n", {"topics": ["one"]}, "topics: one\n"),
        ("tags:\n", {"tags": [], "topics": [], "description": None}, "tags:\n"),
        ("z: 1\n", {"tags": [], "description": ""}, "z: 1\n"),
        ("description: >\n  a\n  b\n", {"description": "a b\n"}, "description: >\n  a\n  b\n"),
    ],
)
def test_an_edit_changes_what_it_must_in_the_owners_style(
    before: str, changes: dict[str, Change], after: str
) -> None:
    """A changed property keeps its place, key, style, quotes and comments; the rest stays."""
    for bom, newline in ((b"", "\n"), (BOM, "\r\n"), (b"", "\r")):
        old, new = (
            bom + f"---\n{block}---\nbody\n".replace("\n", newline).encode()
            for block in (before, after)
        )
        # A text of several lines is the same in any newline style.
        assert set_properties(old, changes) == new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"---\ntags:\n  - a\n---\n"),
        (b"body", b"---\ntags:\n  - a\n---\nbody"),
        (BOM + b"body\r\n", BOM + b"---\r\ntags:\r\n  - a\r\n---\r\nbody\r\n"),
        (b"\rbody\r", b"---\rtags:\r  - a\r---\r\rbody\r"),
        (b"---\n\nrule\n", b"---\ntags:\n  - a\n---\n---\n\nrule\n"),
        (b"---\n---\nbody", b"---\ntags:\n  - a\n---\nbody"),
        (b"---\n# c\n---", b"---\n# c\ntags:\n  - a\n---"),
        (b"\x00\x00", b"---\ntags:\n  - a\n---\n\x00\x00"),
    ],
)
def test_a_frontmatter_is_made_only_where_there_is_none(before: bytes, after: bytes) -> None:
    """A new block comes behind a BOM, in the note's newlines; the body stays to the byte."""
    assert set_properties(before, {"tags": ["a"]}) == after


@pytest.mark.parametrize(
    "raw",
    [
        b"---\na: [\n---\n",
        b"---\ntags: [a]\nno end",
        b"\n---\na: b\n---\n",
        b"caf\xe9",
        b"---\ntags: {a: b}\n---\n",
        b"---\ntags: a\ntags: b\n---\n",
    ],
)
def test_a_malformed_note_is_refused_with_its_reason(raw: bytes) -> None:
    """What cannot be edited safely raises MalformedNoteError with the problem's own message."""
    with pytest.raises(MalformedNoteError) as caught:
        set_properties(raw, {"tags": ["a"]})
    assert str(caught.value) == parse(raw)[1][0].message


def test_a_property_of_the_owner_cannot_be_set() -> None:
    """Only the five owned names are taken."""
    with pytest.raises(ValueError, match="title"):
        set_properties(b"body", {"title": "x"})


@pytest.mark.parametrize(
    "text",
    [
        "yes", "No", "on", "null", "~", "y", "True", "NaN", ".inf", "007", "10:30", "1e3", "-1",
        "0x1f", "0o7", "1_000", "2024-01-02", "2024-01-02T03:04:05Z", "=", "<<", "- a", "? a",
        "a: b", "a:", ":a", "a #b", "#a", " a", "a ", "", " ", "[[note]]", "[a", "{a", "&a", "*a",
        "!a", "|", ">", "%a", "@a", "`a", "'a'", '"a"', 'say "x"', "it's", "back\\slash", "a\nb",
        "a\tb", "a\rb", "\x00", "\x07", "\x7f", "\x85", "\x9f", "\xa0a", "a\xa0b", "\u2028",
        "\u2029", "\ufeff", "a\u2028b", "a\u2029b", "a\ufeffb",
        "a\x85b", "a\u3000", "\ufffe", "\uffff", "🦊", "a🦊", "字", "é", "---", "...", "a" * 5_000,
        "word " * 2_000 + "end", "a,b", "a, b", "2024/01", "a/b", "x]", "x}", "\u200d", "שלום",
    ],
)  # fmt: skip
def test_every_text_is_read_back_as_it_is(text: str) -> None:
    """A YAML reader reads each text back, from a text, a block list and a flow list alike."""
    raw = set_properties(b"---\nx: [y]\nrelated:\n  - y\n---\n", {
        "description": text, "related": [text, "y"], "topics": [text],
    })  # fmt: skip
    block = raw.decode().split("---\n")[1] if "---" not in text else raw.decode()[4:-4]
    values = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506  # it makes texts only
    assert values["related"] == [text, "y"]
    assert values["topics"] == [text]
    if text:
        assert values["description"] == text
        assert yaml.safe_load(block)["description"] == text


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    """Text that UTF-8 cannot hold is written as far as it can be."""
    assert set_properties(b"", {"description": "a\ud800b"}) == (
        "---\ndescription: a\ufffdb\n---\n".encode()
    )


def test_plain_words_stay_without_quotes() -> None:
    """What needs no quotes gets none: words, hyphens, levels of tags, emoji, other scripts."""
    texts = ["plain", "two words", "a-b/c_d", "überall", "日本語", "it's fine", "2024/review"]
    raw = set_properties(b"", {"topics": texts})
    assert raw.decode() == "---\ntopics:\n" + "".join(f"  - {t}\n" for t in texts) + "---\n"


def test_a_diff_shows_what_changed_in_place() -> None:
    """A diff is unified, numbers lines as in the file and shows one line around a change."""
    old = "".join(f"line {n}\n" for n in range(20)).encode()
    new = old.replace(b"line 7\n", b"other\n").replace(b"line 15\n", b"")
    assert diff(old, new, "a.md").split("\n") == [
        "--- a.md", "+++ a.md",
        "@@ -7,3 +7,3 @@", " line 6", "-line 7", "+other", " line 8",
        "@@ -15,3 +15,2 @@", " line 14", "-line 15", " line 16",
    ]  # fmt: skip
    assert diff(old, old, "a.md") == ""
    assert diff(b"", b"a", "n.md").split("\n")[2:] == ["@@ -0,0 +1,1 @@", "+a"]
    assert "\ufffd" in diff(b"\xff", b"a", "n.md")


def test_no_property_holds_a_command_of_templater() -> None:
    """It runs what it finds in new files, properties included; a reader of YAML sees no difference."""
    title = "Firing <% tp.x %> <%* y"
    for quote in ("", "'", '"'):
        written = scalar(title, quote=quote)
        assert "<%" not in written
        assert yaml.safe_load(written) == title
