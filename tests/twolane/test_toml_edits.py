"""Edits of a TOML text: the values that are meant, and not one byte beside them."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.toml_edits import edited

if TYPE_CHECKING:
    from twolane.toml_edits import TomlValue

FILE = """\
# what I use
model = "small"   # cheap
poll_s = 5

[notemill]  # mine
# never these
exclude = [
    "Private",   # family
    "Work/*",
    "#secret" # at all
]
embedding = 'off'

[twolane] # nothing yet
"""

CASES: list[tuple[str, dict[tuple[str, ...], TomlValue | None], str, str]] = [
    ("a value keeps its comment", {("model",): "big"}, '"small"', '"big"'),
    ("a number", {("poll_s",): Decimal("2.50")}, "poll_s = 5", "poll_s = 2.50"),
    ("a literal becomes a plain text", {("notemill", "embedding"): "auto"}, "'off'", '"auto"'),
    ("a removed value takes its line", {("poll_s",): None}, "poll_s = 5\n", ""),
    ("what is not there is removed already", {("batch_size",): None}, "model", "model"),
    (
        "an element goes with its comment",
        {("notemill", "exclude"): ["Work/*", "#secret"]},
        '    "Private",   # family\n',
        "",
    ),
    (
        "a new element has a line of its own",
        {("notemill", "exclude"): ["Private", "Work/*", "#secret", 'a "b"\\c']},
        '    "#secret" # at all\n',
        '    "#secret", # at all\n    "a \\"b\\"\\\\c",\n',
    ),
    (
        "a new value stands at the end of its table",
        {("notemill", "proposals"): "apply"},
        "embedding = 'off'\n",
        "embedding = 'off'\nproposals = \"apply\"\n",
    ),
    (
        "a table without values has its first one",
        {("twolane", "concurrency"): 3},
        "[twolane] # nothing yet\n",
        "[twolane] # nothing yet\nconcurrency = 3\n",
    ),
    (
        "a value above all tables stands behind the others there",
        {("run_budget",): 2},
        "poll_s = 5\n",
        "poll_s = 5\nrun_budget = 2\n",
    ),
]


@pytest.mark.parametrize(
    ("changes", "before", "after"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_nothing_else_changes(
    changes: dict[tuple[str, ...], TomlValue | None], before: str, after: str, line_end: str
) -> None:
    """An edit is this replacement and no other, with either kind of line ends."""
    assert FILE.count(before) >= 1
    expected = FILE.replace(before, after, 1)
    text, wanted = (one.replace("\n", line_end) for one in (FILE, expected))
    assert edited(text, changes) == wanted


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("", {("model",): "m"}, 'model = "m"\n'),
        ("", {("notemill", "embedding"): "off"}, '[notemill]\nembedding = "off"\n'),
        ("# mine\n", {("model",): "m"}, '# mine\nmodel = "m"\n'),
        ("a = 1", {("notemill", "b"): 2}, "a = 1\n\n[notemill]\nb = 2\n"),
        ("a = 1", {("b",): 2}, "a = 1\nb = 2\n"),
        ("[t]\nx = 1\n", {("model",): "m"}, 'model = "m"\n[t]\nx = 1\n'),
        ("x = ['a', 'b']", {("x",): ["b"]}, "x = ['b']"),
        ("x = ['a', 'b']", {("x",): ["a"]}, "x = ['a']"),
        ("x = ['a', 'b',]", {("x",): ["a", "b", "c"]}, "x = ['a', 'b', \"c\",]"),
        ("x = ['a']", {("x",): []}, "x = []"),
        ("x = ['a', 'b']", {("x",): ["b", "a"]}, 'x = ["b", "a"]'),
        ("x = [] # none", {("x",): ["a"]}, 'x = ["a"] # none'),
        ("x = 'a'", {("x",): ["a"]}, 'x = ["a"]'),
        ("t.x = ['a']\n", {("t", "x"): ["a", "b"]}, "t.x = ['a', \"b\"]\n"),
        ('["t"]\n"x" = """a\n[u]\n"""\n', {("t", "x"): "b"}, '["t"]\n"x" = "b"\n'),
        ("x = '''[t]\ny = 1'''\n[t]\n", {("t", "y"): 2}, "x = '''[t]\ny = 1'''\n[t]\ny = 2\n"),
    ],
)
def test_forms_in_which_people_write(
    text: str, changes: dict[tuple[str, ...], TomlValue | None], expected: str
) -> None:
    """Texts of several lines, dotted and quoted names, lists on one line, empty files."""
    assert edited(text, changes) == expected


@pytest.mark.parametrize("text", ["t = {x = 1}\n", "t.y = 1\n", "t = {}\n"])
def test_a_form_that_cannot_be_edited_is_refused(text: str) -> None:
    """Where a new value has no place, the text is left to its owner."""
    with pytest.raises(ValueError, match="cannot be changed in the way"):
        edited(text, {("t", "z"): 1})


NAMES = st.sampled_from(["exclude", "model", "poll_s"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)
VALUES = st.one_of(
    TEXTS, st.integers(0, 10**9), st.lists(TEXTS, max_size=4, unique=True),
    st.decimals(0, 1000, places=3),
)  # fmt: skip


@given(st.dictionaries(NAMES, VALUES), st.data())
def test_whatever_is_set_is_what_is_read(values: dict[str, TomlValue], data: st.DataObject) -> None:
    """Any values may be set, changed and removed in a file with other things in it."""
    text = FILE
    for table in ("notemill", "twolane"):
        for name, value in values.items():
            new = data.draw(st.none() | VALUES)
            text = edited(text, {(table, name): value})
            assert tomllib.loads(text, parse_float=Decimal)[table][name] == value
            text = edited(text, {(table, name): new})
            assert tomllib.loads(text, parse_float=Decimal)[table].get(name) == new
    assert text.startswith("# what I use\n")
    assert "[notemill]  # mine\n# never these\n" in text
