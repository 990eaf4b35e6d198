"""The vocabulary that is proposed for a vault without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.tagging.seeding import SeedNote, seeded
from notemill.text.terms import language_of, terms

if TYPE_CHECKING:
    from collections.abc import Iterable


def note(key: str, text: str = "", tags: Iterable[str] = ()) -> SeedNote:
    """Return a note as the index has it."""
    folder, _, title = key.rpartition("/")
    language = language_of(f"{title} {text}")
    return SeedNote(key, title, folder, tuple(tags), tuple(terms(text, language)), language)


def filler(count: int) -> list[SeedNote]:
    """Return notes that have nothing in common."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{a}{b}{a}{b}lorn" for a in letters for b in letters if a != b]
    return [note(name, f"{name} {name}a {name}b") for name in names[:count]]


def tags_of(notes: Iterable[SeedNote]) -> list[str]:
    """Return the tags that are proposed for the notes."""
    return [entry.tag for entry in seeded(notes)]


def test_tags_of_the_owner_come_first_as_they_are_spelled() -> None:
    """The vault's own tags lead the vocabulary in the owner's spelling, before new ones."""
    own = [note(f"Recipes/{name}", tags=["KitchenWork"]) for name in ("Stew", "Bread", "Jam")]
    assert tags_of([*own, *filler(20)]) == ["KitchenWork", "recipes"]


def test_a_term_that_two_notes_share_is_no_tag() -> None:
    """A term becomes a tag when three notes are about it, and not when two are."""
    two = [note("Pruning roses", "roses"), note("Roses in winter", "roses")]
    assert tags_of([*two, *filler(20)]) == []
    three = [*two, note("Visit", "roses roses roses roses and a wall")]
    assert tags_of([*three, *filler(20)]) == ["roses"]


def test_a_word_that_notes_mostly_mention_is_no_tag() -> None:
    """Of the notes that have a word, about half must be about it, or a third be named after it."""
    about = [note(f"Roses {one.key}", "roses " * 5) for one in filler(3)]
    passing = [note(one.key, f"{one.key} roses") for one in filler(12)[3:]]
    assert tags_of([*about, *passing[:4], *filler(150)[12:]]) == ["roses"]
    assert tags_of([*about, *passing, *filler(150)[12:]]) == []


def test_folders_of_dates_and_files_are_no_tags() -> None:
    """Folders for dates, archives, attachments and templates are left out, in any language."""
    places = ("2024", "2024-05", "Archive", "Attachments", "Templates", "日记", "归档", "Vorlagen")
    names = [one.key for one in filler(4 * len(places))]
    notes = [note(f"{places[at // 4]}/{name}") for at, name in enumerate(names)]
    assert tags_of(notes) == []


def test_words_of_a_twelfth_of_the_notes_are_no_tags() -> None:
    """A word that a twelfth of the vault's notes have says nothing about any of them."""
    common = [note(f"Garden {one.title}") for one in filler(12)]
    assert "garden" not in tags_of([*common, *filler(100)[12:]])
    assert "garden" in tags_of([*common, *filler(300)[12:]])


def test_case_and_plural_of_a_tag_are_that_tag() -> None:
    """A folder or a term is not proposed beside a tag that is its singular or another spelling."""
    notes = [
        note(f"Recipes/{name} Soup", tags=["recipe", "Soups"]) for name in ("A", "Bean", "Leek")
    ]
    assert tags_of([*notes, *filler(20)]) == ["recipe", "Soups"]


def test_variants_among_the_owners_tags_become_one_entry() -> None:
    """Singular and plural that notes have are one entry with the rarer as another spelling."""
    notes = [note(f"Note {number}", tags=["books"]) for number in range(3)]
    entries = seeded([*notes, note("Another", tags=["book"]), *filler(20)])
    assert [(one.tag, one.aliases) for one in entries] == [("books", ("book",))]


def test_chinese_terms_are_whole_words() -> None:
    """In names without spaces, the longest group of characters with varied neighbours is the tag."""
    names = ("数据库的索引", "学习数据库", "数据库与缓存", "如何选择数据库")
    assert tags_of([*(note(name) for name in names), *filler(20)]) == ["数据库"]


def test_japanese_terms_are_words_of_one_script() -> None:
    """Japanese names are parted where their script changes."""
    names = ("コーヒーの淹れ方", "朝のコーヒー", "コーヒーと紅茶", "コーヒー豆を選ぶ")
    assert tags_of([*(note(name) for name in names), *filler(20)]) == ["コーヒー"]


def test_a_term_of_one_folder_goes_below_its_tag() -> None:
    """A term of which nearly all notes lie in one folder is a child of that folder's tag."""
    cooking = [note(f"Cooking/{name} soup") for name in ("Bean", "Leek", "Onion")]
    others = [note(f"Cooking/{name}") for name in ("Fermenting", "Smoking", "Drying", "Baking")]
    found = tags_of([*cooking, *others, *filler(40)])
    assert found == ["cooking", "cooking/soup"]


def test_a_vault_with_tags_gets_ten_new_ones_at_most() -> None:
    """A vault with twenty tags is proposed ten new ones, however many its folders carry."""
    tags = [note(f"Tagged {number}", tags=[f"subject{chr(97 + number)}"]) for number in range(20)]
    names = [f"{one.title}s" for one in filler(30)]
    folders = [note(f"{name}/{name} {number}") for name in names for number in "xyz"]
    found = tags_of([*tags, *folders])
    assert len(found) == 30
    assert sum(tag.startswith("subject") for tag in found) == 20


def test_an_empty_vault_has_no_vocabulary() -> None:
    """Nothing is proposed where nothing is shared."""
    assert seeded([]) == ()
    assert tags_of(filler(30)) == []
