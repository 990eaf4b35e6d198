"""Tags that name something where they stand: labels, headings, the beginnings of dotted names."""

from __future__ import annotations

import time

import pytest

from notemill.markup.labels import Naming, named_at_tags
from notemill.markup.reading import Reading


@pytest.mark.parametrize(
    ("text", "naming"),
    [
        ("- #x https://example.org", Naming.LABEL),
        ("- #x: <https://example.org>", Naming.LABEL),
        ("  * [ ] #x [[page]] and more", Naming.LABEL),
        ("> 1. **#x** [page](page.md)", Naming.LABEL),
        ("#x[[page]]", Naming.LABEL),
        ("- #x mailto:ann@example.org", Naming.LABEL),
        ("- #x @ann@example.org", Naming.LABEL),
        ("- #x\n  - [[page]]", Naming.LABEL),
        ("We use #x.seed for it.", Naming.LABEL),
        ("#Xs of the year", Naming.HEADING),
        ("#Vector-based outputs", Naming.HEADING),
        ("- #x call Ann", None),
        ("- #x\n- #y", None),
        ("- see #x [[page]]", Naming.QUOTE),
        ("#x call Ann", None),
        ("#X #y and more", None),
        ("#X, and more", None),
        ("- #X of the year", None),
        ("The end of #x.\n", Naming.QUOTE),
        ("#x\n\nText.", None),
    ],
)
def test_a_tag_names_something_by_its_place(text: str, naming: Naming | None) -> None:
    """What follows it, and what stands before it, make it a label, a heading or a quote."""
    found = named_at_tags(Reading(text))
    assert next((one for one, names in found.items() if names), None) == naming


@pytest.mark.parametrize(
    ("text", "is_quoted"),
    [
        ("The hashtag is #x", True),
        ("Channel: #x #y\n", True),
        ("Ask in #x. Then go on.", True),
        ("https://example.org @ann #x", True),
        ("All is done. #x", False),
        ("All is done! #y, #x \nText.", False),
        ("[[page]]#x", False),
        ("#x call Ann", False),
        ("The hashtag is #x.\n\n#x\n", False),
    ],
)
def test_a_tag_within_a_sentence_is_quoted(text: str, *, is_quoted: bool) -> None:
    """Where a line begins, and at its end behind a sentence, it is meant."""
    assert ("x" in named_at_tags(Reading(text))[Naming.QUOTE]) == is_quoted


def test_a_tag_that_also_tags_is_no_label() -> None:
    """One place in which it says nothing of a link is enough for the note."""
    found = named_at_tags(Reading("- #x [[page]]\n- #x and #y\n- #z [[page]]\n"))
    assert found[Naming.LABEL] == ("z",)


@pytest.mark.parametrize("part", ["#x ", "  ", "> ", "#x[[", "- #x [", "#X ", "#x.a "])
def test_a_long_line_takes_linear_time(part: str) -> None:
    """Four times the line takes far less than sixteen times the time."""

    def cost(count: int) -> float:
        reading = Reading(part * count + "#x")
        assert isinstance(reading.tags, tuple)
        began = time.process_time()
        named_at_tags(reading)
        return time.process_time() - began

    cost(100)
    short = min(cost(4_000) for _ in range(3))
    assert cost(16_000) < max(0.3, 9 * short)
