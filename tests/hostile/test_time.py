"""Time against length: whatever a note repeats, work on it grows as the note does.

A test cannot hold seconds, which are the machine's, but the exponent: CPU time at one size and at
many times that size. 1 is linear; sorting adds little, and what is quadratic has 2.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING, Final

import pytest

from notemill.errors import NotemillError
from notemill.index import facts_of
from notemill.linking.content import content_of
from notemill.offline import respond
from notemill.tagging.arrange import arrange
from notemill.tagging.census import Census
from notemill.tagging.gate import Gate
from notemill.tagging.junk import find_junk
from notemill.tagging.taglist import Entry, read_vocabulary, with_entries
from notemill.tagging.variants import find_merges
from notemill.vault.cleaning import owners_words
from notemill.vault.linediff import diff
from notemill.vault.note import parse
from notemill.vault.proposal import set_properties
from notemill.vault.related import Form, LinkChanges, edit_links
from notemill.vault.resolve import Names
from notemill.vault.retag import TagChanges, retag
from notemill.vault.tidy import TidyKind, tidy
from tests.hostile import patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = Callable[[bytes], object]

MOST: Final = 1.6
SMALL: Final = 2_000
LARGE: Final = 256_000
ENOUGH_S: Final = 0.03
"""So long should the work on the larger note take: less is noise."""
TRIES: Final = 4
TITLE: Final = "title: a\nfolder: \nexisting_tags: \ncandidate_tags: a, b\n"


def _tags(raw: bytes) -> None:
    facts = facts_of("n.md", raw, size=len(raw), mtime_ns=0)
    census = Census.of([(f"{copy}.md", facts.spellings) for copy in range(3)])
    arrange(census, find_merges(census), find_junk(census))


def _vocabulary(raw: bytes) -> None:
    text = raw.decode("utf-8", "replace")
    Gate(read_vocabulary(text)).of("a", "n.md")
    with_entries(text, [Entry(f"new{number}/child") for number in range(20)], frozenset())


def _offline(raw: bytes) -> None:
    words = owners_words(parse(raw)[0])
    content = f"{TITLE}<note>\n{words}\n</note>"
    respond({"messages": [{"role": "user", "content": content}]})


def _difference(raw: bytes) -> None:
    lines = raw.split(b"\n")
    diff(raw, b"\n".join(b"x" + one if at % 3 == 0 else one for at, one in enumerate(lines)), "n")


PASSES: Final[dict[str, Work]] = {
    "look": lambda raw: facts_of("n.md", raw, size=len(raw), mtime_ns=0),
    "compare": lambda raw: content_of(parse(raw)[0]),
    "describe": _offline,
    "tidy": lambda raw: tidy(raw, list(TidyKind)),
    "curate": lambda raw: set_properties(raw, {"description": "d", "tags": ["a", "z"]}),
    "link": lambda raw: edit_links(raw, LinkChanges(add=("[[Other]]",)), Form.SECTION),
    "retag": lambda raw: retag(raw, TagChanges({"a": None, "b": "c"})),
    "tags": _tags,
    "vocabulary": _vocabulary,
    "show": _difference,
}
"""What commands do with every note."""
EVERYWHERE: Final = (
    "[", "[[", "](", "![](", "[a](b) ", "[a]: b\n", "[^", "*", "_a", "**a", "`a", "`` ` ", "$a", "%%\n", "%a",
    "<", "<a ", "<div>\n", "<table>", "<svg", "<pre>", "<img src=", "{{", "<% tp.a ", "http://a ", "&#", "\\\\", "#",
    "#a#b", "key:: ", "::", "- ", "> ```\n", "~~~\n", "| a\n", "|-|", "a\n===\n", "    a\n", " ", "\n", "\r", "a", "a.",
    "\u0301", "\u0300\u0316", "\u200d", "中", "data:a/b,", "-----BEGIN A", "eyJ", "aB3", '{"ct":"', "\U0001f510",
    "#+BEGIN_QUERY\n", ":LOGBOOK:\n", "<!-- notemill: related -->\n",
)  # fmt: skip
TAGS: Final = ("#a ", "#a\n", "#a/", "#a{} ", "_#a_ ", "**#a** ", "|#a|\n|-|\n", "#\u0300\u0316 ")
FIELDS: Final = ("key:: v\n", "key::  \n", "key{}:: v\n", "tags:: a, b\n", "key:: ", "a:: b:: ")
LINES: Final = ("a\n", "\n", "- \n", "a\n\n", "a  \n")
BLOCKS: Final = (
    "properties 'Key{}: v\\n'", "properties 'key: v\\n'", "properties 'Tag{}: [a]\\n'", "properties 'tags: [a]\\n'",
    "properties 'x{}: # a\\n'", "properties '# a\\n'", "properties 'x{}: |\\n  a\\n'", "properties 'Date{}: 2020/01/02\\n'",
    "properties 'x{}: *a\\n'", "properties '? x{}\\n: y\\n'", "properties '中{}: 中\\n'", "tags: ['a, ']", "tags: ['a{}, ']",
    "tags: [', ']", "tags: ['# a\\n  ']", "tags: ['[a], ']", "tags: ['? a, ']", "tags: '- a\\n'", "tags: '- #a\\n'", "related: '- [[a]]\\n'",
    "tags: plain 'a '", "tags: plain '#a '", "tags: double '\\\\\\n  '", "tags: single ' '", "tags: block 'a\\n\\n  '",
    "description: plain '1:'", "description: folded ' '", "depth '['", "depth '{a: '", "depth '- '", "depth '? '",
    "depth '[' behind closed ones in quotes", "depth '[' behind closed ones in a comment", "depth by indentation",
    "a long key",
)  # fmt: skip


def _cells() -> Iterator[tuple[str, str]]:
    """Yield what is measured: a pass and a pattern."""
    for piece in EVERYWHERE:
        yield from ((one, f"text {piece!r}") for one in ("look", "compare"))
        yield "describe", f"line {piece!r}" if piece.strip() else f"text {piece!r}"
    for piece in TAGS:
        yield from ((one, f"text {piece!r}") for one in ("retag", "tags", "link"))
    yield from (("tidy", f"spaces {place} a field") for place in ("within", "behind"))
    yield from (("tags", name) for name in ("tags in many styles", "tags in a series"))
    yield from (("tidy", f"text {piece!r}") for piece in FIELDS)
    yield from (("show", f"text {piece!r}") for piece in LINES)
    for name in BLOCKS:
        yield from ((one, name) for one in ("look", "tidy", "curate"))
    for name in ("vocabulary", "text '<!-- notemill: tags -->\\n- a\\n'"):
        yield "vocabulary", name
    for name in patterns.TEXTS:
        if name.startswith(("nested", "runs")):
            yield "look", name


def cpu_s(work: Work, raw: bytes) -> float:
    """Return the CPU seconds of some work on a note."""
    start = time.thread_time()
    with contextlib.suppress(NotemillError):
        work(raw)
    return time.thread_time() - start


def growth(work: Work, note: Callable[[int], bytes]) -> float:
    """Return the exponent with which work grows from a small note to a large one.

    The larger note is as large as takes time enough to be told from noise.
    """
    small = note(SMALL)
    short = min(cpu_s(work, small) for _ in range(3))
    times = max(16, min(LARGE // SMALL, round(ENOUGH_S / max(short, 1e-6))))
    large = note(SMALL * times)
    grown = math.log(len(large) / len(small))
    if grown < 1:
        return 0.0  # it is as large as it can be
    return math.log(max(cpu_s(work, large), 1e-6) / max(short, 1e-6)) / grown


@pytest.mark.long
@pytest.mark.parametrize(("name", "pattern"), list(_cells()))
def test_no_work_on_a_note_is_quadratic(name: str, pattern: str) -> None:
    """Four times the note takes four times the time, whatever it repeats and whoever reads it."""
    work = PASSES[name]
    cpu_s(work, patterns.note(pattern, 100))  # what is imported and compiled on first use
    tries = (growth(work, lambda size: patterns.note(pattern, size)) for _ in range(TRIES))
    assert any(one < MOST for one in tries)


def test_notes_of_one_name_are_told_apart_once() -> None:
    """Where every note has the same name and links to it, a link costs as much as elsewhere."""

    def work(raw: bytes) -> None:
        keys = [f"{number % 100}/{number}/a.md" for number in range(len(raw) // 20)]
        names = Names(keys)
        for key in keys:
            assert names.resolve("a", source=key) == key
            assert names.resolve(f"{key[:-3]}", source="b.md") == key

    assert any(growth(work, lambda size: b"a" * size) < MOST for _ in range(TRIES))


def test_quadratic_work_is_told() -> None:
    """Work that looks at everything again for each part is not taken for linear."""
    passes: dict[str, Work] = {
        "in a list": lambda raw: [one for one in [*range(len(raw) // 8)] if one in [*range(one)]],
        "a tail each time": lambda raw: [raw[at:].count(b"b") for at in range(len(raw))],
    }
    for work in passes.values():
        assert growth(work, lambda size: b"a" * min(size, 24_000)) > MOST
