"""The work that reading and editing a note takes, counted in calls: it grows as the note does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from notemill.errors import MalformedNoteError
from notemill.index import facts_of
from notemill.vault.note import parse
from notemill.vault.proposal import set_properties
from notemill.vault.related import Form, LinkChanges, edit_links
from notemill.vault.retag import TagChanges, retag
from notemill.vault.tidy import TidyKind, tidy

if TYPE_CHECKING:
    from collections.abc import Callable

LINK = LinkChanges(add=("[[Other]]",))
# What Mill does with every note, from its bytes.
PASSES: dict[str, Callable[[bytes], object]] = {
    "facts": lambda raw: facts_of("n.md", raw, size=len(raw), mtime_ns=0),
    "tidy": lambda raw: tidy(raw, list(TidyKind)),
    "rename": lambda raw: retag(raw, TagChanges({"a": "c"})),
    "drop": lambda raw: retag(raw, TagChanges({"a": None})),
    "curate": lambda raw: set_properties(raw, {"description": "d", "tags": ["a", "z"]}),
    "link": lambda raw: edit_links(raw, LINK, Form.PROPERTY),
    "section": lambda raw: edit_links(raw, LINK, Form.SECTION),
}
PROSE = [
    "key{}:: value\n", "key:: value\n", "Key{}:: [[a]]\n", "[[", "[[a|b", "](", "[a](", "` ", "``` ", "$a ", "%% ", "< ",
    "<a ", "<div>\n", "#a ", "#a\n", "#a#b", "_#a_ ", "**#a** ", "|#a|", "- ", "- x\n", "> ", "> #a\n", "---\n", "key: v\n",
    "    #a\n\n", "\\", "http://a ", "+++\n", "{", "\n", "<!-- notemill: related -->\n",
    "<!-- notemill: related -->\n<!-- notemill: end of related -->\n",
]  # fmt: skip
PROPERTIES = [
    "Key{}: v\n", "key: v\n", "tags: [a]\n", "Tag{}: [a]\n", "aliases: a\n", "# a\n", "Date{}: 2020/01/02\n", "x{}: [a, b]\n",
]  # fmt: skip
VALUES = ["a{}, ", "a, ", ", ", "'#a', "]


def calls(work: Callable[[bytes], object], raw: bytes) -> int:
    """Return how many calls, of functions in Python and in C, some work on a note takes."""
    count = 0

    def on_event(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(on_event)
    try:
        work(raw)
    except MalformedNoteError:
        pass
    finally:
        sys.setprofile(None)
    return count


def many(piece: str, count: int) -> str:
    """Return a piece that often, `{}` in it numbered."""
    return "".join(piece.replace("{}", str(number)) for number in range(count))


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize(
    "form",
    [
        *(pytest.param((f"x\n{piece}" if piece[:1] in "+{" else piece), id=f"text {piece!r}") for piece in PROSE),
        *(pytest.param(f"---\n\v{piece}\v---\n", id=f"properties {piece!r}") for piece in PROPERTIES),
        *(pytest.param(f"---\ntags: [\v{piece}\vz]\n---\n", id=f"tags {piece!r}") for piece in VALUES),
    ],
)  # fmt: skip
def test_four_times_the_note_takes_four_times_the_calls(name: str, form: str) -> None:
    """Whatever a note repeats, no pass over it looks at everything again for each part."""

    def note(count: int) -> bytes:
        head, piece, foot = form.split("\v") if "\v" in form else ("", form, "")
        return f"{head}{many(piece, count)}{foot}".encode()

    work = PASSES[name]
    calls(work, note(1))  # what is imported and compiled on first use
    work_of_nothing = calls(work, note(0)) + 500
    short, long = calls(work, note(75)), calls(work, note(300))
    assert long <= 4.5 * short + work_of_nothing


def test_brackets_are_not_read_to_any_depth() -> None:
    """A YAML parser takes seconds for thousands of open brackets; none of them reaches it."""
    note, problems = parse(b"---\ntags: " + b"[" * 100_000 + b"\n---\n")
    assert "nested more than 100 deep" in problems[0].message
    assert not note.writable
    assert (
        parse(b"---\ntags: " + b"[" * 20 + b"]" * 20 + b"\n---\n")[1][0].code == "nested-property"
    )
