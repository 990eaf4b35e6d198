"""Episodes stay apart, and the same one is the same a week later, whatever its feed leaves out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.sources.feeds.reading import read

HEAD = '<rss version="2.0"><channel><title>{title}</title><link>{page}</link>'


@dataclass(frozen=True)
class Item:
    """An entry as its publisher has it; the words of its notes tell it in a test."""

    word: str
    title: str = "Bonus"
    day: int = 1
    path: str = ""
    guid: str = ""
    link: str = ""


def feed(
    *items: Item, signed: str = "a", title: str = "Tides", page: str = "https://t.example/"
) -> bytes:
    """Return a feed; every address of a recording has the token of the day."""
    written = "".join(
        f"<item><title>{one.title}</title><description>{one.word}</description>"
        f"<pubDate>Mon, {one.day:02} Jun 2025 06:00:00 GMT</pubDate>"
        + (f"<guid>{one.guid}</guid>" if one.guid else "")
        + (f"<link>{one.link}</link>" if one.link else "")
        + f'<enclosure url="https://cdn.example/{one.path or one.word}.mp3?sig={signed}{one.word}" '
        'type="audio/mpeg"/></item>'
        for one in items
    )
    return f"{HEAD.format(title=title, page=page)}{written}</channel></rss>".encode()


def sources(*feeds: bytes) -> list[set[str]]:
    """Return the words of the entries that are one source, for entries of all feeds."""
    groups: list[tuple[set[str], set[str]]] = []
    for data in feeds:
        for one in read(data).episodes:
            keys, words = set(one.outline.keys), {one.notes}
            for group in [group for group in groups if group[0] & keys]:
                groups.remove(group)
                keys |= group[0]
                words |= group[1]
            groups.append((keys, words))
    return [words for _, words in groups]


BASE = (
    Item("ebb", day=1),
    Item("flood", day=2),
    Item("slack", title="Slack &amp; still", day=3),
    Item("neap", title="First of two", day=4, guid="tide-1"),
    Item("spring", title="Second of two", day=5, guid="tide-1"),
)


def test_entries_of_one_feed_are_never_one() -> None:
    """Equal titles, shared guids and missing ones keep their episodes apart."""
    assert sources(feed(*BASE)) == [{"spring"}, {"neap"}, {"slack"}, {"flood"}, {"ebb"}]


def test_a_week_later_only_the_new_one_is_new() -> None:
    """With all tokens changed and an episode more, the others are the same."""
    later = feed(Item("surge", day=9), *BASE, signed="z")
    assert len(sources(feed(*BASE), later)) == 6


@pytest.mark.parametrize(
    "changed",
    [
        replace(BASE[2], title="Slack and still"),
        replace(BASE[2], day=17),
        replace(BASE[2], path="moved/slack"),
        replace(BASE[2], guid="new-guid"),
        replace(BASE[2], link="https://t.example/slack"),
    ],
)
def test_one_correction_makes_no_second_episode(changed: Item) -> None:
    """A title, day, address or guid that its publisher changes leaves the episode the same."""
    later = feed(*BASE[:2], changed, *BASE[3:], signed="z")
    assert len(sources(feed(*BASE), later)) == 5


def test_a_shared_guid_counts_for_nothing_when_the_other_is_gone() -> None:
    """Of two episodes with one guid, the one that is left in a later feed is itself."""
    assert sorted(map(sorted, sources(feed(*BASE[3:]), feed(BASE[4], signed="z")))) == [
        ["neap"], ["spring"],
    ]  # fmt: skip


def test_pages_that_all_entries_share_tell_nothing() -> None:
    """A link to the show's home page on each entry makes no two of them one."""
    home = "https://t.example/"
    items = [replace(one, link=home) for one in BASE]
    assert len(sources(feed(*items))) == 5
    assert all(one.outline.source != home for one in read(feed(*items)).episodes)


def test_a_feed_that_moves_or_is_renamed_is_the_same() -> None:
    """A feed with another title, or on another site, has the same episodes."""
    renamed = feed(*BASE, title="Tides and Times")
    moved = feed(*BASE, page="https://new.example/tides")
    assert len(sources(feed(*BASE), renamed, moved)) == 5


def test_other_feeds_have_other_episodes() -> None:
    """The same title at the same time in another feed is another episode."""
    other = feed(Item("other", day=1), title="Winds", page="https://w.example/")
    assert len(sources(feed(BASE[0]), other)) == 2


def test_an_entry_that_is_listed_twice_is_one() -> None:
    """The same entry twice in a feed comes once."""
    assert len(read(feed(BASE[0], BASE[0], BASE[1])).episodes) == 2


@given(
    items=st.lists(
        st.builds(
            Item,
            word=st.uuids().map(str),
            title=st.sampled_from(["Bonus", "Trailer", "Tide"]),
            day=st.integers(1, 3),
            path=st.sampled_from(["", "play"]),
            guid=st.sampled_from(["", "g1", "g2"]),
            link=st.sampled_from(["", "https://t.example/", "https://t.example/x"]),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda one: one.word,
    )
)
@settings(max_examples=60)
def test_no_two_entries_of_a_feed_share_a_key(items: list[Item]) -> None:
    """However alike the entries of a feed are, none is taken for another."""
    assert len(sources(feed(*items))) == len(items)


def test_sources_of_entries_differ() -> None:
    """A recording that two entries share is the source of neither; parameters stay where they tell."""
    same = [Item("ebb", path="all", day=1), Item("ebb", path="all", day=2, title="Other")]
    played = [Item("ebb", path="play", day=1), Item("flood", path="play", day=2)]
    assert len({one.outline.source for one in read(feed(*same)).episodes}) == 2
    assert {one.outline.source for one in read(feed(*played)).episodes} == {
        "https://cdn.example/play.mp3?sig=aebb", "https://cdn.example/play.mp3?sig=aflood",
    }  # fmt: skip
