"""The tags in queries: which strings and words mean one, in each language."""

from __future__ import annotations

import time

import pytest

from notemill.markup.queries import query_tags
from notemill.markup.reading import Reading


def names(text: str) -> list[tuple[str, bool]]:
    """Return the tags of a text's queries, each with whether it is sure."""
    return [(one.name, one.is_sure) for one in query_tags(Reading(text))]


@pytest.mark.parametrize(
    ("language", "line", "found"),
    [
        ("dataview", 'LIST FROM #a/b AND -#c OR "folder"', [("a/b", True), ("c", True)]),
        ("dataview", 'WHERE contains(file.tags, "MOC") and status = "done"', [("MOC", True)]),
        ("dataview", 'TABLE file.tags AS "kind" FROM "kind"', []),
        ("dataview", 'WHERE startswith(tag, "#old/") OR regexmatch("#re.*", tag)',
         [("old", True), ("re", False)]),
        ("dataview", "WHERE contains(tags, #a)", [("a", True)]),
        ("dataviewjs", "dv.pages('#a and -#b').map(p => p.file)", [("a", True), ("b", True)]),
        ("dataviewjs", 'x.tags.includes("#moc"); y.color = "#bad"', [("moc", True), ("bad", False)]),
        ("tasks", "tags include #home/garden", [("home/garden", True)]),
        ("tasks", "(tags do not include work) OR (description includes #x)",
         [("work", True), ("x", True)]),
        ("tasks", "tags regex matches /#re/", [("re", False)]),
        ("tasks", "#note to self", []),
        ("query", 'tag:#a -tag:b "#phrase" line:(#c)',
         [("a", True), ("b", True), ("phrase", True), ("c", True)]),
        ("base", '- file.hasTag("book", "film") && status == "x" # a #comment',
         [("book", True), ("film", True)]),
        ("base", "- '!file.tags.contains(\"daily\")'", [("daily", True)]),
        ("base", '- "file.hasTag(\\"esc\\")"', [("esc", True)]),
        ("yaml:dbfolder", '  source_form_result: "#films/old"', [("films/old", True)]),
        ("yaml:dbfolder", '    backgroundColor: "#fad" # "#no"', []),
        ("js", "'#no'", []),
    ],
)  # fmt: skip
def test_a_query_means_the_tags_it_finds_by(
    language: str, line: str, found: list[tuple[str, bool]]
) -> None:
    """Names of folders, properties and colours are none; what may be either is not sure."""
    assert names(f"Above.\n\n```{language}\n{line}\n```\n") == found
    assert names(f"> [!note]\n> ```{language}\n> {line}\n> ```\n") == found


def test_inline_queries_are_read_and_other_code_is_not() -> None:
    """Only code that begins as Dataview's does is a query."""
    text = (
        'So many: `= length(filter(x, (t) => contains(t.tags, "#a")))`, `$= dv.pages("#b")`, `#c`.'
    )
    assert names(text) == [("a", True), ("b", True)]


def test_positions_are_those_of_the_names() -> None:
    """What stands there is the name, without `#` and a slash behind it."""
    text = 'é\n```dataview\nLIST FROM #a AND startswith(tag, "#b/")\n```\n'
    assert [text[one.start : one.end] for one in query_tags(Reading(text))] == ["a", "b"]


@pytest.mark.parametrize("part", ['"#a" ', "#a", "tags ", 'hasTag("a",', "'\"", "tag:", "and "])
def test_a_long_line_takes_linear_time(part: str) -> None:
    """Four times the line takes far less than sixteen times the time."""

    def cost(count: int) -> float:
        text = f"```base\n{part * count}\n```\n```dataview\n{part * count}\n```\n"
        began = time.process_time()
        list(query_tags(Reading(text)))
        return time.process_time() - began

    cost(100)
    short = min(cost(8_000) for _ in range(3))
    assert cost(32_000) < max(0.3, 9 * short)
