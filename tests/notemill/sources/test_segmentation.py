"""Where the chapters of a talk begin."""

# ruff: noqa: RUF001 - the texts are of many scripts

from __future__ import annotations

import math
import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.sources.segmentation import MOST_CHAPTERS, divide, segments

SUBJECTS = {
    "bread": "flour dough yeast oven crust loaf baker knead water salt crumb starter rise bake",
    "bees": "hive queen honey swarm comb nectar wax drone smoker frame brood pollen colony sting",
    "boats": "mast hull sail keel rudder harbour anchor tide rope deck wind tack captain mooring",
}
CHINESE = (
    "面粉酵母烤箱面团发酵面包师揉面烘焙",
    "蜂箱蜂后蜂蜜蜂群花粉蜂蜡采蜜养蜂",
    "桅杆船体船帆龙骨港口锚潮汐甲板绳索",
)
FILLER = "we then said that it would of course have been about so much more than they are"


def talk_of(subject: str, paragraphs: int, seed: int) -> list[str]:
    """Return paragraphs of some 60 words, a third of them the subject's."""
    draw = random.Random(seed)  # noqa: S311
    words, filler = subject.split(), FILLER.split()
    return [
        " ".join(draw.choice(words if number % 3 == 0 else filler) for number in range(60)) + "."
        for _ in range(paragraphs)
    ]


def three_subjects(paragraphs: int) -> list[str]:
    """Return a talk about three things in turn."""
    return [
        text
        for number, subject in enumerate(SUBJECTS.values())
        for text in talk_of(subject, paragraphs, number)
    ]


def test_chapters_begin_where_the_subject_changes() -> None:
    """A talk about three things has three chapters, found without their number."""
    assert segments(three_subjects(20)) == (0, 20, 40)


def test_chapters_are_found_in_a_script_without_spaces() -> None:
    """Chinese is compared by pairs of characters."""
    draw = random.Random(1)  # noqa: S311
    texts = [
        "，".join("".join(draw.sample(subject, 6)) + "我们说的是" for _ in range(8)) + "。"
        for subject in CHINESE
        for _ in range(25)
    ]
    assert segments(texts) == (0, 25, 50)


@pytest.mark.parametrize("size", [8, 25, 180])
def test_the_length_of_paragraphs_decides_nothing(size: int) -> None:
    """Captions of a few words and paragraphs of minutes are divided in the same places."""
    texts: list[str] = []
    true: list[int] = []
    for number, subject in enumerate(SUBJECTS.values()):
        true.append(len(texts))
        words = " ".join(talk_of(subject, 24, number)).split()
        texts += [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
    found = segments(texts)
    assert len(found) == len(true)
    assert all(abs(one - other) * size <= 60 for one, other in zip(found, true, strict=True))


def test_a_short_talk_has_no_chapters() -> None:
    """Ten minutes need no chapters, whatever they are about."""
    assert segments(three_subjects(7)) == ()
    assert segments(three_subjects(20), most=1) == ()


def test_a_talk_about_one_thing_has_no_chapters() -> None:
    """A long talk whose words are the same from beginning to end is not cut."""
    assert segments(["The same words again and again in every paragraph."] * 400) == ()
    assert segments(three_subjects(1) * 20) == ()


def test_paragraphs_in_random_order_are_hardly_cut() -> None:
    """Where nothing keeps to its place, chance makes less than half the cuts of the talk in order."""
    cuts = 0
    for seed in range(10):
        texts = three_subjects(20)
        random.Random(seed).shuffle(texts)  # noqa: S311
        cuts += max(0, len(segments(texts)) - 1)
    assert cuts <= 10


def test_no_more_chapters_than_asked_for() -> None:
    """`most` bounds the number, and the surest change of subject is kept."""
    texts = talk_of(SUBJECTS["bread"], 40, 1) + talk_of(SUBJECTS["bees"], 20, 2)
    assert segments(texts, most=2) == (0, 40)
    many = [
        text for turn in range(40) for text in talk_of(SUBJECTS[[*SUBJECTS][turn % 3]], 30, turn)
    ]
    assert 1 < len(segments(many)) <= MOST_CHAPTERS


def test_a_given_number_is_kept_to() -> None:
    """`divide` cuts into as many parts as there can be, in growing order, from the first on."""
    texts = three_subjects(6)
    for count in range(1, 5):
        found = divide(texts, count)
        assert len(found) == count
        assert found[0] == 0
        assert all(one < other for one, other in pairwise(found))
    assert divide([], 3) == ()
    assert divide(["One."], 3) == (0,)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text(max_size=400), max_size=60),
    st.integers(1, 9),
    st.sampled_from(["", "en", "zh", "tlh"]),
)
def test_any_text_is_divided_in_order(texts: list[str], times: int, language: str) -> None:
    """Whatever the paragraphs hold, chapters begin at 0 and grow."""
    for found in (segments(texts * times, language=language), divide(texts * times, times)):
        assert found == tuple(sorted(set(found)))
        assert not found or (found[0] == 0 and found[-1] < len(texts) * times)


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "#" * 5_000, "a" * 200_000, "中" * 9_000]
)
def test_hostile_paragraphs_are_read(text: str) -> None:
    """Empty, broken and endless paragraphs are divided, or not, without an error."""
    for texts in ([text], [text] * 30, [text, *three_subjects(20), text]):
        assert all(0 <= one < len(texts) for one in segments(texts))


@pytest.mark.long
def test_time_grows_as_a_talk_does() -> None:
    """Sixteen times the paragraphs take at most little more than sixteen times the time."""
    texts = three_subjects(300)

    def seconds(times: int) -> float:
        started = time.process_time()
        segments(texts * times)
        return time.process_time() - started

    seconds(2)
    few = min(seconds(2) for _ in range(3))
    many = min(seconds(32) for _ in range(3))
    assert math.log2(many / few) / 4 < 1.3
