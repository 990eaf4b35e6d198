"""What of a reply may come into a note, and what is said of the rest."""

from __future__ import annotations

from notemill.markup.references import Own
from notemill.workflows.curation.reply_text import (
    HIDDEN,
    LEADS,
    LONG,
    MANY,
    MAX_DESCRIPTION_CHARS,
    MAX_READ_VALUES,
    NO_TAG,
    Loss,
    ReplyReading,
    may_be_written,
    topic_key,
)


def test_plain_words_are_taken_as_they_are() -> None:
    """A description is one line in composed form; nothing is lost of it."""
    reading = ReplyReading()
    assert reading.description("Compost\nfeeds cafe\u0301s.") == "Compost feeds cafés."
    assert list(reading.topics(["soil", "#worms"])) == ["soil", "worms"]
    assert list(reading.tags(["garden/soil"])) == ["garden/soil"]
    assert reading.losses == ()


def test_what_does_not_show_is_taken_out_and_counted() -> None:
    """Each field and reason is told once, with the number of values."""
    reading = ReplyReading()
    assert list(reading.topics(["so\u200bil", "wor\u202ems"])) == ["soil", "worms"]
    assert reading.losses == (Loss("topics", HIDDEN, 2),)
    assert reading.losses[0].as_line() == f"topics: {HIDDEN} (2)"


def test_a_link_that_the_note_does_not_have_is_left_out() -> None:
    """One that the note has itself stays."""
    reading = ReplyReading(Own(lambda: "See [[Compost]].\n"))
    assert list(reading.topics(["[[Compost]]", "[[Elsewhere]]"])) == ["[[Compost]]"]
    assert reading.losses == (Loss("topics", LEADS, 1),)


def test_what_is_too_long_too_many_or_no_tag_is_left_out() -> None:
    """The bounds of what is read hold for every field."""
    reading = ReplyReading()
    assert list(reading.topics(["x" * 101])) == []
    assert list(reading.tags(["1984"])) == []
    assert len(list(reading.topics([f"t{n}" for n in range(MAX_READ_VALUES + 3)]))) == 100
    assert reading.losses == (
        Loss("topics", LONG, 1),
        Loss("tags", NO_TAG, 1),
        Loss("topics", MANY, 3),
    )


def test_topics_are_compared_without_case_and_form() -> None:
    """Two spellings are one topic."""
    assert topic_key("CAFE\u0301") == topic_key("café")


def test_a_row_of_another_hand_is_held_to_the_same() -> None:
    """Only what a reply is read into may be written."""
    own = Own(str)
    assert may_be_written("Compost feeds the soil.", own)
    for bad in ("a\nb", "so\u200bil", "see [[Elsewhere]]", "x" * (MAX_DESCRIPTION_CHARS + 1)):
        assert not may_be_written(bad, own), bad
