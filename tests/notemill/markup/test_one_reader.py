"""Whoever reads a text sees the same structure: facts, contents, descriptions and tags.

What a form is follows CommonMark 0.31.2 where it speaks of it (code, headings, HTML), and Obsidian
for what it adds: tags, wikilinks, comments, math, callouts.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from notemill.index import facts_of
from notemill.linking.content import content_of
from notemill.markup.reading import Reading
from notemill.offline.pieces import parse as pieces_of
from notemill.vault.cleaning import owners_words
from notemill.vault.note import inline_tags, links, parse


class Probe(NamedTuple):
    """A form, and what stands in it: headings, links (by what they show) and tags."""

    name: str
    text: str
    headings: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


PROBES = [
    Probe("a heading", "# One\ntext\n", ("One",)),
    Probe("closed by hashes", "## Two ##\ntext\n", ("Two",)),
    Probe("underlined", "One\n===\nTwo\n---\ntext\n", ("One", "Two")),
    Probe("a long one underlined", f"{'Long title ' * 9}\n===\n", (("Long title " * 9).strip(),)),
    Probe("seven hashes", "####### no\n"),
    Probe("a rule", "text\n\n---\nmore\n"),
    Probe("in a quote", "> # Quoted\n> text\n", ("Quoted",)),
    Probe("in an item", "- # Item\n  text\n", ("Item",)),
    Probe("indented code", "text\n\n    # no [[L]] #t\n\nmore [[M]]\n", (), ("M",)),
    Probe("indented by a tab", "text\n\n\t[[L]] #t\n\nmore #u\n", (), (), ("u",)),
    Probe("a nested list", "- a\n\t- b [[L]]\n\t\t- c #t\n", (), ("L",), ("t",)),
    Probe("a paragraph of an item", "- a\n\n    more [[L]] #t\n", (), ("L",), ("t",)),
    Probe("a fence", "```\n# no [[L]] #t\n```\n[[M]]\n", (), ("M",)),
    Probe("a fence of tildes", "~~~ md\n# no\n```\n[[L]]\n~~~\n#t\n", (), (), ("t",)),
    Probe("a fence in a quote", "> ```\n> [[L]] #t\n> ```\n> [[M]]\n", (), ("M",)),
    Probe("a fence that ends with its quote", "> ```\n> [[L]]\n\ntext #t [[M]]\n", (), ("M",), ("t",)),
    Probe("a fence in an item", "- a\n  ```\n  [[L]] #t\n  ```\n- [[M]]\n", (), ("M",)),
    Probe("an open fence", "text #t\n\n```\n# no\n[[L]]\n", (), (), ("t",)),
    Probe("a code span", "a `[[L]] #t` and `` `#u` `` [[M]]\n", (), ("M",)),
    Probe("a code span over two lines", "a `[[L]]\n#t` [[M]]\n", (), ("M",)),
    Probe("a code span ends at a blank line", "a `b\n\n[[L]] `c #t\n", (), ("L",), ("t",)),
    Probe("a code span ends at a heading", "a `b\n# H [[L]]\nc` #t\n", ("H L",), ("L",), ("t",)),
    Probe("a code span ends at an item", "a `b\n- [[L]] c` #t\n", (), ("L",), ("t",)),
    Probe("a code span ends at the next item", "1. a `b\n2. [[L]] c` #t\n", (), ("L",), ("t",)),
    Probe("a number alone ends no code span", "a `b\n2. [[L]]` #t\n", (), (), ("t",)),
    Probe("a code span ends at a quote", "a `b\n> [[L]] c` #t\n", (), ("L",), ("t",)),
    Probe("a code span within a quote", "> a `b\n> [[L]]` [[M]]\n", (), ("M",)),
    Probe("a code span ends at a fence", "a `b\n```\n[[L]]\n```\nc` [[M]]\n", (), ("M",)),
    Probe("a code span ends at a rule", "a `b\n***\n[[L]] c` #t\n", (), ("L",), ("t",)),
    Probe("a comment", "a %% [[L]] #t %% [[M]]\n", (), ("M",)),
    Probe("a comment of several lines", "%%\n# no\n[[L]]\n%%\n\ntext #t\n", (), (), ("t",)),
    Probe("an HTML comment", "a <!-- [[L]]\n#t --> [[M]]\n", (), ("M",)),
    Probe("an open comment", "text #t\n\n<!-- open\n# no\n[[L]]\n", (), (), ("t",)),
    Probe("a percent sign", "100%% sure of [[L]]\n", (), ("L",)),
    Probe("math", "$a#b [[L]]$ and #t\n", (), (), ("t",)),
    Probe("a block of math", "$$\n# no [[L]]\n$$\ntext #t\n", (), (), ("t",)),
    Probe("money", "$5 or $6 #t [[L]]\n", (), ("L",), ("t",)),
    Probe("a template", "<% tp.date #t [[L]] %> [[M]]\n", (), ("M",)),
    Probe("escaped", "\\# no \\#t \\[[L]] \\`[[M]]\\`\n", (), ("M",)),
    Probe("labels and places", "[[a|B]] [[c#D]] [[#E]]\n", (), ("B", "c", "E")),
    Probe("a Markdown link", "[Name](note.md) and [d](<e f.md>)\n", (), ("Name", "d")),
    Probe("tags in links", "[[x#y]] [a #t](b.md) http://x.org/#u\n", (), ("x", "a t"), ("t",)),
    Probe("tags at edges", "#a, a#b (#c) #d/e. #1 ##f #1a\n", (), (), ("a", "d/e", "1a")),
    Probe("a tag in a heading", "# One #t\ntext\n", ("One t",), (), ("t",)),
    Probe("a callout", "> [!note] Title\n> text [[L]] #t\n", ("Title",), ("L",), ("t",)),
    Probe("a row of a table", "|a|b|\n|-|-|\n|c #t|[[L]]|\n", (), ("L",), ("t",)),
    Probe("an address", "<https://a.org/#b> https://c.org/#d #t\n", (), (), ("t",)),
    Probe("a task", "- [ ] do [[L]] #t\n", (), ("L",), ("t",)),
]  # fmt: skip
CALLOUTS = {"a callout"}
"""Whose title heads the callout to a reader of descriptions, and is no heading of the note."""


@pytest.mark.parametrize("probe", PROBES, ids=lambda one: one.name)
def test_all_see_the_same_structure(probe: Probe) -> None:
    """A form is code, a heading, a link or a tag to all that read a note, or to none."""
    raw = probe.text.encode()
    note, _ = parse(raw)
    # What prompts carry and models, ranking and descriptions read.
    cleaned = Reading(owners_words(note))
    page = pieces_of(cleaned.text)
    assert [one.name for one in cleaned.tags] == list(probe.tags)
    assert [one.name for one in inline_tags(note)] == list(probe.tags)
    assert page.found.hashtags == list(probe.tags)
    assert list(facts_of("n.md", raw, size=len(raw), mtime_ns=0).inline_tags) == list(probe.tags)
    assert page.found.links == list(probe.links)
    count = len(links(note))
    assert len(cleaned.links) == count == len(probe.links)
    paths = [one for one in content_of(note).links if one[0]]
    assert paths == [(one.path, one.label) for one in cleaned.links if one.path]
    assert list(page.headings) == list(probe.headings)
    found = [Reading(one.text).words for one in cleaned.headings]
    assert found == ([] if probe.name in CALLOUTS else list(probe.headings))
