"""What is found in a vault's tags: counts, variants, junk, synonyms, a hierarchy."""

from __future__ import annotations

import os
import subprocess
import sys
from string import ascii_lowercase

import pytest

from notemill.config import Exclusions
from notemill.index import facts_of
from notemill.privacy import Privacy
from notemill.tagging.arrange import arrange
from notemill.tagging.census import Census
from notemill.tagging.junk import Junk, find_junk
from notemill.tagging.synonyms import find_synonyms
from notemill.tagging.taglist import Entry
from notemill.tagging.variants import Variation, find_merges
from notemill.workflows.tags.arrangement import proposed_entries
from notemill.workflows.tags.findings import review_tags

LEFT = "as it is"


def census(*notes: str) -> Census:
    """Return the census of notes, each given as its tags with blanks between; `_` is a space."""
    return Census.of(
        (f"n{number}.md", [tag.replace("+", " ") for tag in tags.split()])
        for number, tags in enumerate(notes)
    )


def arranged(*notes: str) -> tuple[Entry, ...]:
    """Return how the tags of notes are arranged where there are enough of them to be."""
    many = [f"other-{letter}{letter}k" for letter in ascii_lowercase] + ["other-abk", "other-acd"]
    found = census(*notes, *many)
    entries = arrange(found, find_merges(found), find_junk(found))
    return tuple(one for one in entries if not one.tag.startswith("other-"))


def merges(*notes: str) -> set[tuple[str, str, Variation]]:
    """Return the merges found, without reasons."""
    return {(one.tag, one.into, one.kind) for one in find_merges(census(*notes))}


def test_a_parent_matches_the_notes_of_its_children() -> None:
    """Case is no difference, the most used spelling shows, a note counts once for each parent."""
    found = census("Food/Soup food/stew", "food", "x/y/z", "P2P", "p2p", "p2p")
    assert found.tags["food"].name == "food"
    assert found.tags["p2p"].name == "p2p"
    assert (len(found.tags["food"].notes), found.tags["food"].count) == (1, 2)
    assert found.tags["food/soup"].name == "Food/Soup"
    assert (len(found.tags["x/y"].notes), found.tags["x/y"].count) == (0, 1)
    assert found.notes == 6


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ("machine-learning machineLearning", Variation.STYLE),
        ("machine-learning machine_learning", Variation.STYLE),
        ("machine-learning Machine+learning", Variation.STYLE),
        ("café cafe", Variation.ACCENTS),
        ("recipe recipes", Variation.PLURAL),
        ("story stories", Variation.PLURAL),
        ("web-page web-pages", Variation.PLURAL),
        ("zeitung zeitungen", Variation.PLURAL),
        ("gâteau gâteaux", Variation.PLURAL),
        ("canción canciones", Variation.PLURAL),
        ("programming programing", Variation.SPELLING),
        ("javascript javascirpt", Variation.SPELLING),
    ],
)
def test_variants_merge_into_the_form_used_most(tags: str, kind: Variation) -> None:
    """Style, accents, plural and slips of long words, in several languages; each with its kind."""
    most, other = tags.split()
    assert merges(most, most, tags) == {(other.replace("+", " "), most, kind)}


@pytest.mark.parametrize(
    "tags",
    [
        "new news", "physic physics", "list listen", "cat cats", "class clas", "economic economics",
        "か が", "й и", "日本 日木", "adopted adapter", "historic prehistoric", "version1 version2",
        "a/recipe b/recipes", "process processing", "good goods",
    ],
)  # fmt: skip
def test_words_of_their_own_are_no_variants(tags: str) -> None:
    """What only looks alike stays apart: other words, scripts where marks tell words apart."""
    assert merges(tags) == set()


def test_children_are_not_named_where_their_parent_merges() -> None:
    """Children follow: one merge is enough."""
    assert merges("projects/a", "projects", "project/b") == {
        ("project", "projects", Variation.PLURAL)
    }


def test_a_merge_leads_to_a_tag_that_stays() -> None:
    """Chains end at the tag used most, and spaces never win."""
    found = merges("soft-forks", "soft-forks", "soft-fork", "soft+fork", "soft+fork", "soft+fork")
    assert {one[1] for one in found} == {"soft-forks"}
    assert merges("two+words") == {("two words", "two-words", Variation.STYLE)}


def test_spellings_in_another_case_are_named() -> None:
    """They are one tag in Obsidian; the spelling used most is the one to keep."""
    assert merges("PSBT", "psbt", "psbt") == {("PSBT", "psbt", Variation.CASE)}


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("2024", "only digits"),
        ("q", "too short"),
        ("G7", "too short"),
        ("8f14e45fceea167a", "identifier"),
        ("asdf", "placeholder"),
        ("stage(seed)", "characters"),
    ],
)
def test_junk_has_a_reason(tag: str, reason: str) -> None:
    """What says nothing is named, and why."""
    (found,) = find_junk(census(tag))
    assert found.tag == tag
    assert reason in found.reason


@pytest.mark.parametrize("tag", ["b2b", "2fa", "d20", "1a2b3c", "00FF00", "fff"])
def test_what_reads_as_a_colour_is_a_hint_and_never_proposed_to_go(tag: str) -> None:
    """Obsidian takes it for a tag, and a person may well have meant it as one."""
    found = census(tag)
    (hint,) = find_junk(found)
    assert hint == Junk(tag, "maybe a hex colour", 1, is_hint=True)
    facts = facts_of("n.md", f"#{tag}".encode(), size=1, mtime_ns=0)
    review = review_tags([facts], privacy=Privacy(Exclusions()))
    assert proposed_entries(review) == (Entry(tag),)


@pytest.mark.parametrize(
    "tag", ["bad", "facade", "AI", "日", "🦊", "cve-2018-17144", "web3", "2024/01"]
)
def test_short_and_odd_tags_with_a_meaning_are_no_junk(tag: str) -> None:
    """Words of letters up to f, abbreviations, single characters of other scripts, emoji."""
    assert find_junk(census(tag)) == ()


def pairs(*notes: str) -> set[frozenset[str]]:
    """Return the pairs that may mean the same."""
    return {frozenset((one.tag, one.other)) for one in find_synonyms(census(*notes))}


@pytest.mark.parametrize(
    "tags",
    [
        "evm blockchains/EVM",
        "soups food/Soup",
        "lang/python programming/python",
        "stage/seed stage-seed",
        "spaced-repetition-system srs",
        "false-positives falses-positive",
        "study/book-notes notes-book",
        "小说 写作/小说",
    ],
)
def test_one_name_in_two_places_or_forms_may_mean_the_same(tags: str) -> None:
    """Equal names in two places, initials, numeronyms, words in another order."""
    assert pairs(tags, "other", "more/other2") == {frozenset(tags.split())}


@pytest.mark.parametrize(
    "notes",
    [
        ("movies/genres music/genres", "games/genres"),
        ("genres movies/genres music/genres",),
        ("chat/work/group chat/home/group",),
        ("work/plan work/review home/plan home/review",),
        ("food food/soup",),
        ("ml machine-learning", "ml", "machine-learning"),
        ("p2c ptlc",),
        ("n8n numeracion",),
        ("640/PR pr",),
        ("docs/list work/list",),
        ("soup stew",) * 9,
        tuple(f"{name} garden soil worms" for name in ("beans", "peas") * 4),
        tuple(f"{name} garden soil worms" for name in ("bean", "beanstalk") * 2),
    ],
)
def test_siblings_and_facets_do_not_mean_the_same(notes: tuple[str, ...]) -> None:
    """Names in many places, levels of one tree, tags side by side or in the same company."""
    assert pairs(*notes) == set()


def test_a_name_that_could_be_short_for_another_needs_its_company() -> None:
    """`js` and `javascript` stand beside the same tags, and `ml` beside some of them."""
    company = "web css html"
    notes = [f"js {company}"] * 4 + [f"javascript {company}"] * 4 + ["java brewing cup"] * 4
    assert pairs(*notes, "web", "css", "html") == {frozenset(("js", "javascript"))}
    pods = [f"{name} cloud docker helm" for name in ("k8s", "kubernetes")]
    assert pairs(*pods, "other", "more") == {frozenset(("k8s", "kubernetes"))}
    both = ["ml maths vision", "ml maths data", "machine-learning maths vision", "other", "more"]
    assert pairs(*both) == {frozenset(("ml", "machine-learning"))}


def test_codes_that_come_in_series_are_no_junk() -> None:
    """A course is kept beside its sisters, and a single identifier is not."""
    found = find_junk(census("CPSC340", *["CPSC121"] * 3, "MATH200", "8f14e45fceea167a"))
    assert [one.tag for one in found] == ["8f14e45fceea167a"]


def test_a_state_that_notes_of_every_subject_have_is_no_parent() -> None:
    """`seed` contains one course by chance and half of everything else; `bitcoin` has its own."""
    subjects = ("maths", "garden", "history", "music")
    notes = [f"{subject} seed" for subject in subjects for _ in range(3)]
    notes += [f"{subject}" for subject in subjects for _ in range(3)]
    notes += ["cpsc340 seed"] * 3 + ["lightning bitcoin"] * 3 + ["bitcoin"] * 5
    tags = {one.tag for one in arranged(*notes)}
    assert {"cpsc340", "bitcoin/lightning"} <= tags
    states = ["todo"] * 6 + ["todo cpsc340"] * 3
    assert "cpsc340" in {one.tag for one in arranged(*states)}


def test_the_arrangement_follows_containment_and_the_prefixes_there_are() -> None:
    """A tag goes below one that nearly all its notes have; its old name stands beside it."""
    entries = arranged(
        *["bitcoin lightning"] * 3, *["bitcoin"] * 5, "food/soup", "food-stew", "asdf", "food",
        "Soup+bowls",
    )  # fmt: skip
    assert entries == (
        Entry("bitcoin"),
        Entry("bitcoin/lightning", ("lightning",)),
        Entry("food"),
        Entry("food/soup"),
        Entry("food/stew", ("food-stew",)),
        Entry("soup-bowls", ("Soup bowls",)),
        Entry("asdf", dropped=True, reason="used once, and a placeholder rather than a word"),
    )


def test_few_tags_get_no_new_places() -> None:
    """Who has fewer than thirty tags finds them all; spellings and junk are another matter."""
    found = census(*["bitcoin lightning"] * 3, *["bitcoin"] * 5, "Soup+bowls", "asdf")
    assert arrange(found, find_merges(found), find_junk(found)) == (
        Entry("bitcoin"),
        Entry("lightning"),
        Entry("soup-bowls", ("Soup bowls",)),
        Entry("asdf", dropped=True, reason="used once, and a placeholder rather than a word"),
    )


def test_the_arrangement_has_three_levels_and_no_circle() -> None:
    """However deep tags contain each other, no path is longer, and each tag stands once."""
    notes = [
        " ".join(f"t{n}x" for n in range(depth))
        for depth in range(1, 7)
        for _ in range(3 ** (7 - depth))
    ]
    entries = arranged(*notes)
    assert max(one.tag.count("/") for one in entries) == 2
    tags = [one.tag for one in entries]
    assert len(set(tags)) == len(tags) == 6
    assert all(tag.rpartition("/")[0] in {"", *tags[:place]} for place, tag in enumerate(tags))


@pytest.mark.parametrize(
    ("tags", "form"),
    [
        ("stage stage.seed", LEFT),
        ("stage/germ stage.seed", LEFT),
        ("deep work deep+work", LEFT),
        ("a/b work a/b+work", LEFT),
        ("node.js", "node-js"),
        ("deep+work", "deep-work"),
        ("a a.b.c.d", LEFT),
        ("deep deep+work", "deep-work"),
        ("Deep+Work low", "deep-work"),
        ("Deep+Work High Higher low", "Deep-Work"),
        ("key(value)", None),
        ("v..1", None),
    ],
)
def test_a_tag_that_is_none_is_to_be_renamed_where_a_form_is_plain(
    tags: str, form: str | None
) -> None:
    """A path with dots and several tags in one line are left; what has no plain form may be dropped."""
    found = census(tags)
    name = next(one for one in tags.split() if one == tags.rsplit(maxsplit=1)[-1] or "+" in one)
    name = name.replace("+", " ")
    into = [one.into for one in find_merges(found) if one.tag == name]
    assert into == ([form] if form and form != LEFT else [])
    assert (name in {one.tag for one in find_junk(found)}) == (form is None)


FINDINGS = """
from notemill.tagging.synonyms import find_synonyms
from notemill.tagging.variants import find_merges
from tests.notemill.tagging.test_findings import census
company = "web css html dom node"
slips = ["adoption", "adaption", "aduption", "adoptian"]
notes = [f"js {company}"] * 4 + [f"javascript {company}"] * 4 + slips
found = census(*notes, *company.split())
print(find_synonyms(found), find_merges(found))
"""


@pytest.mark.long
@pytest.mark.loopback
def test_the_same_tags_are_told_the_same_in_every_process() -> None:
    """No finding, and no reason for one, hangs on the order in which a process keeps its sets."""
    told = {
        subprocess.run(  # noqa: S603  # the text above
            [sys.executable, "-c", FINDINGS],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(told) == 1
