"""Why two notes are proposed, looked up in the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.workflows.links.explaining import MAX_SENTENCE_CHARS, About, Explainer, Why
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {
    "Compost.md": "---\naliases: [the heap]\ndescription: How it rots.\n---\nTurn it in May.\n",
    "Soil.md": "Worms live here. The heap feeds it. Mulch keeps it moist.\n",
    "Private/x.md": "---\ntags: [secret]\n---\nNobody is to know.\n",
}


def test_a_sentence_that_names_the_other_note_is_found(tmp_path: Path) -> None:
    """By its title or another name of its own; what hidden notes alone have is not told."""
    with kept(tmp_path, NOTES, hidden=("Private",)) as one:
        why = Explainer(one.vault, one.sight()).why(
            "Compost.md",
            "Soil.md",
            {
                "words": ["worms", "worms", "mulch"],
                "mentions": ["Soil.md", "Private/x.md"],
                "neighbours": ["Private/x.md"],
                "tags": ["secret", "garden"],
            },
        )
    assert why.words == ("worms", "mulch")
    assert why.mentions == (("Soil.md", "The heap feeds it."),)
    assert why.neighbours == ()
    assert why.tags == ("garden",)
    assert why.as_line() == "both say worms, mulch · both tagged #garden"


def test_nothing_to_say_is_an_empty_line() -> None:
    """A pair without a reason has none made up."""
    assert Why((), (), (), ()).as_line() == ""


def test_a_note_that_is_gone_has_no_words(tmp_path: Path) -> None:
    """What is looked up in it is empty, and nothing fails."""
    with kept(tmp_path, NOTES) as one:
        explainer = Explainer(one.vault, one.sight())
        assert explainer.about("Compost.md").description == "How it rots."
        assert explainer.about("Soil.md").lines[0].startswith("Worms live here.")
        assert explainer.about("Gone.md") == About(("Gone",))


def test_a_long_sentence_is_cut(tmp_path: Path) -> None:
    """What is shown of a note has a bound."""
    notes = {"Compost.md": "Rot.\n", "Soil.md": f"Compost {'and more ' * 100}.\n"}
    with kept(tmp_path, notes) as one:
        why = Explainer(one.vault, one.sight()).why(
            "Compost.md", "Soil.md", {"mentions": ["Soil.md"]}
        )
    ((_, sentence),) = why.mentions
    assert len(sentence) == MAX_SENTENCE_CHARS
    assert sentence.endswith("…")


def test_a_long_sentence_is_cut_around_the_name(tmp_path: Path) -> None:
    """The words around the other note's name stay, wherever in the sentence they are."""
    text = f"{'First this and ' * 40}the compost is turned {'and then that ' * 40}.\n"
    with kept(tmp_path, {"Compost.md": "Rot.\n", "Soil.md": text}) as one:
        why = Explainer(one.vault, one.sight()).why(
            "Compost.md", "Soil.md", {"mentions": ["Soil.md"]}
        )
    ((_, sentence),) = why.mentions
    assert "the compost is turned" in sentence
    assert len(sentence) <= MAX_SENTENCE_CHARS
    assert sentence[0] == sentence[-1] == "…"


def test_a_note_is_told_apart_into_headings_links_and_lines(tmp_path: Path) -> None:
    """Each is listed once; a link to a hidden note, or into an excluded folder, is not named."""
    notes = {
        "Soil.md": "---\naliases: [earth]\nup: '[[Garden]]'\n---\n# Soil\n\nFed by [[the/Heap|it]], "
        "[[Diary|them]] and [[Private/y|those]].\n\n## Who [[Worms|lives]] here\n\nWorms.\n![[worm.png]]\n"
        "[heap]: the/Heap.md 'Heap'\n",
        "Private/x.md": "Nobody is to know.\n",
        "Private/Diary.md": "Nor this.\n",
    }
    with kept(tmp_path, notes, hidden=("Private",)) as one:
        about = Explainer(one.vault, one.sight()).about("Soil.md")
    assert about.names == ("Soil", "earth")
    assert about.headings == ("Soil", "Who lives here")
    assert about.links == ("Heap", "Worms", "Garden")
    assert about.lines == ("Fed by it, them and those.", "Worms.")
