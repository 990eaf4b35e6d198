"""The sentences of a long text that say most of it, and those worth quoting."""

# ruff: noqa: RUF001 - the texts are of many scripts

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.offline.central import MOST_POINTS, central, quotable

GREETINGS = [
    "Hello and welcome to another episode of our garden show, where we talk about compost and worms.",
    "Before the compost begins, hit the bell and subscribe, so that no worm in the garden is missed.",
    "Thanks to our sponsor for the compost, and use the promo code WORMS for your own garden today.",
    "Thank you so much for watching the garden and the compost, and see you next week with the worms.",
]
COMPOST = [
    "Compost turns the leaves of autumn into soil for the beds of spring. It smells of the forest.",
    "They like it wet. The worms in the compost need air, so turn the heap every second week in summer.",
    "And how hot does the compost get in the middle of the heap? Sixty degrees, if it is large enough.",
    "A heap of compost that smells bad has too much grass and too little straw in the middle.",
]
BEANS = [
    "Beans take nitrogen from the air, and their roots leave it in the soil for the cabbage.",
    "Sow the beans in the middle of May, when the soil is warm and the last frost is over.",
    "This is what we did. The poles for the beans should stand firm before the first storm of summer.",
    "Pick the beans young, because an old bean is tough and the plant stops making new ones.",
]
WATER = [
    "A garden in the heat needs one deep watering a week, not a little water every evening.",
    "Water in the morning keeps the slugs away, since the surface of the beds is dry at night.",
    "Rain from the roof is better than water from the tap, because it is soft and warm.",
    "Never water the leaves of tomatoes, or the blight comes within days of the first rain.",
]
TALK = [GREETINGS[0], *COMPOST * 1, GREETINGS[1], *BEANS, GREETINGS[2], *WATER, GREETINGS[3]]


def long_talk(times: int = 12) -> list[str]:
    """Return a talk of three parts, each of which goes over its subject again and again."""
    return [
        f"{text} {number_word} times."
        for part in (COMPOST, BEANS, WATER)
        for number_word in [f"Count {number}" for number in range(times)]
        for text in part
    ]


def test_sentences_stand_in_their_piece_word_for_word() -> None:
    """What is returned is a part of the piece that it names, unchanged."""
    for one in (*central(TALK), *quotable(TALK)):
        assert one.text in TALK[one.piece]


def test_sentences_are_in_order() -> None:
    """Pieces never go back."""
    pieces = [one.piece for one in central(long_talk())]
    assert pieces == sorted(pieces)
    assert len(pieces) > 1


def test_all_parts_of_a_talk_are_heard() -> None:
    """A talk about three things gives key points of all of them."""
    talk = long_talk(30)
    found = central(talk, most=6)
    third = len(talk) / 3
    assert {int(one.piece / third) for one in found} == {0, 1, 2}


@pytest.mark.parametrize("most", [0, 1, 3, 50])
def test_no_more_are_returned_than_asked_for(most: int) -> None:
    """`most` bounds the number, and so does the length of the text."""
    assert len(central(long_talk(), most=most)) <= most
    assert len(quotable(long_talk(), most=most)) <= most
    assert len(central(TALK, most=most)) <= 1
    assert len(central(long_talk(100))) <= MOST_POINTS


def test_greetings_and_advertisements_say_nothing() -> None:
    """Greetings, thanks, sponsors and calls to subscribe are no key points, also where nothing else is said."""
    assert central(GREETINGS) == ()
    assert quotable(GREETINGS) == ()
    assert all(one.text not in GREETINGS for one in central(GREETINGS * 40 + TALK, most=50))


@pytest.mark.parametrize(
    "text",
    [
        "It turns the leaves of the whole garden into soil within a single year.",
        "They turn the leaves of the whole garden into soil within a single year.",
        "They're in the leaves of the whole garden and make soil within a year.",
        "This turns the leaves of the whole garden into soil within a single year.",
        "The other one turns the leaves of the garden into soil within a single year.",
        "Does the heap turn the leaves of the garden into soil within a single year?",
        "Yes, the heap turns the leaves of the garden into soil within a single year.",
        "the heap turns the leaves of the garden into soil within a single year.",
        "The heap turns the leaves of the garden into soil within a single year",
        "The heap turns the leaves of the garden [laughter] into soil in a year.",
        "The heap turns the leaves of the garden into soil, and so on and...",
        "The heap turns leaves into soil.",
        "See also the chapter about the compost and the leaves of the garden in winter.",
        "他们把秋天的落叶变成春天花坛里的好土，需要整整一年的时间和足够的空气。",
        "Anna Hill 12:03 The heap turns the leaves of the garden into soil within a year.",
        "Compost.",
        "The heap, " + "and the heap, " * 40 + "makes soil.",
    ],
)
def test_what_does_not_stand_alone_is_left(text: str) -> None:
    """No sentence that leans on the one before, asks, answers, breaks off, or is too short or long."""
    whole = "The heap turns the leaves of the garden into soil within a single year."
    assert [one.text for one in central([whole, "Short one.", "Short two."])] == [whole]
    assert central([text, "Short one.", "Short two."]) == ()


def test_an_answer_is_not_taken_without_its_question() -> None:
    """What follows a question in its paragraph is left with it."""
    text = (
        "How hot does it get? Sixty degrees in the middle of a heap that is large enough for worms."
    )
    assert central([text]) == ()


def test_neighbours_are_not_both_key_points() -> None:
    """Of two sentences side by side one is taken, of two far apart both."""
    rest = ["Short one."] * 800
    assert len(central([BEANS[0], WATER[1], *rest, *rest])) == 1
    assert len(central([BEANS[0], *rest, WATER[1], *rest])) == 2


def test_what_is_said_at_parting_counts_less() -> None:
    """Of two sentences, the one in the middle of a talk is the key point, not the one at its end."""
    for middle, last in ((BEANS[0], WATER[1]), (WATER[1], BEANS[0])):
        talk = [*["Short one."] * 300, middle, *["Short one."] * 300, last]
        assert [one.text for one in central(talk, most=1)] == [middle]


def test_quotes_are_not_the_key_points_again() -> None:
    """What is among the key points is not quoted beside them."""
    points = central(long_talk(), most=3)
    assert {one.text for one in points}.isdisjoint(
        one.text for one in quotable(long_talk(), besides=points)
    )


def test_a_quote_is_said_with_emphasis() -> None:
    """Of sentences that say as much, the pointed one is quoted."""
    pointed = "Nobody needs a hose, because only deep water ever reaches the roots of tomatoes."
    assert [one.text for one in quotable([WATER[1], pointed, WATER[2]], most=1)] == [pointed]


def test_the_same_is_said_once() -> None:
    """A sentence that comes again and again is one key point."""
    found = [one.text for one in central([COMPOST[3]] * 300)]
    assert found == [COMPOST[3]]


def test_a_transcript_without_stops_gives_clauses() -> None:
    """Where captions have no stops, clauses between conjunctions are taken as they stand."""
    words = " ".join(
        "".join(char for char in text if char.isalpha() or char == " ") for text in COMPOST + BEANS
    )
    pieces = [words.lower()] * 2
    found = central(pieces, most=3)
    assert found
    assert all(one.text in pieces[one.piece] for one in found)
    assert all(45 <= len(one.text) <= 260 for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "堆肥把秋天的落叶变成春天花坛里的好土，需要整整一年的时间和足够的空气。",
        "堆肥は秋の落ち葉を春の花壇の土に変えるので、一年の時間と十分な空気が必要になる。",
        "Компост превращает осенние листья в хорошую почву для весенних грядок за один год.",
        "السماد يحول أوراق الخريف إلى تربة جيدة لأحواض الربيع خلال سنة واحدة من الزمن.",
        "खाद पतझड़ के पत्तों को एक साल में वसंत की क्यारियों के लिए अच्छी मिट्टी बना देती है।",
        "Der Kompost macht aus dem Laub des Herbstes in einem Jahr gute Erde für die Beete.",
    ],
)
def test_sentences_are_found_in_any_script(text: str) -> None:
    """A plain sentence is a key point in Chinese, Japanese, Cyrillic, Arabic, Hindi and German."""
    assert [one.text for one in central([text])] == [text]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=300), max_size=30), st.integers(0, 9))
def test_any_text_is_read(pieces: list[str], most: int) -> None:
    """Whatever the pieces hold, the result is in order, within bounds, and of the pieces."""
    for found in (central(pieces, most=most), quotable(pieces, most=most)):
        assert len(found) <= most
        assert all(one.text in " ".join(pieces[one.piece].split()) for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 300_000,
        "中" * 100_000,
        "a. " * 60_000,
        "and " * 60_000,
        "\x00\ud800.",
        "?" * 90_000,
    ],
)
def test_hostile_pieces_are_read(text: str) -> None:
    """Endless words and stops, broken characters and nothing at all give few sentences or none."""
    assert len(central([text, *TALK, text])) <= MOST_POINTS
    assert len(quotable([text] * 3)) <= MOST_POINTS


@pytest.mark.long
def test_time_grows_as_a_text_does() -> None:
    """Eight times the text takes little more than eight times the time."""

    def seconds(times: int) -> float:
        talk = long_talk(times)
        started = time.process_time()
        central(talk, most=20)
        return time.process_time() - started

    seconds(400)
    few = min(seconds(400) for _ in range(3))
    many = min(seconds(3_200) for _ in range(3))
    assert math.log2(many / few) / 3 < 1.3
