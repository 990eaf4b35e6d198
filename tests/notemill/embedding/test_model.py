"""How much of a text a model understands, and what a note's row is made of."""

from __future__ import annotations

import numpy as np
import pytest

from notemill.embedding.model import FITS, of_notes, pooled, readable, share_of, spoken

ENGLISH = "The notes of the garden say when each of the plants was put into the ground."
GERMAN = "Die Notizen über den Garten sagen, wann jede der Pflanzen in die Erde gesetzt wurde."
FRENCH = "Les notes du jardin disent quand chacune des plantes a été mise dans la terre."
CHINESE = "花园的笔记说明每种植物是什么时候种到地里的。"
JAPANESE = "庭のノートには、それぞれの植物がいつ植えられたかが書いてあります。"
RUSSIAN = "Заметки о саде говорят, когда каждое из растений было посажено в землю."  # noqa: RUF001  # it is Russian
ARABIC = "تقول ملاحظات الحديقة متى زرعت كل نبتة في الأرض."


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (ENGLISH, True),
        ("kubectl get pods --all-namespaces", True),
        (GERMAN, False),
        (FRENCH, False),
        (CHINESE, False),
        (JAPANESE, False),
        (RUSSIAN, False),
        (ARABIC, False),
        (f"{CHINESE} {ENGLISH}", False),
    ],
)
def test_an_english_model_takes_english_alone(text: str, *, fits: bool) -> None:
    """A text in another language or script does not fit a model that learned from English."""
    assert (share_of(text, {"en"}) >= FITS) is fits


@pytest.mark.parametrize("text", [ENGLISH, GERMAN, CHINESE, JAPANESE, RUSSIAN, ARABIC])
def test_a_model_of_many_languages_takes_each(text: str) -> None:
    """A text in any of a model's languages fits it."""
    assert share_of(text, {"en", "de", "zh", "ja", "ru", "ar"}) >= FITS


def test_english_among_letters_of_no_known_script_fits_by_its_share() -> None:
    """The more of a text is in letters that the model does not know, the less it fits."""
    assert 0 < share_of(ENGLISH + " ქართული ენა" * 6, {"en"}) < share_of(ENGLISH + " é", {"en"})


def test_a_long_chunk_weighs_more_than_a_short_one() -> None:
    """A text's row is the mean of its chunks by their length."""
    rows = np.array([[1, 0], [0, 1]], np.float32)
    assert pooled(rows, [3, 1]) == pytest.approx([0.75, 0.25])


def test_rows_of_notes() -> None:
    """The title adds to a text that fits, is nothing to one that does not, and speaks for none."""
    bodies = np.array([[1, 0], [0, 0], [0, 0]], np.float32)
    titles = np.array([[0, 1], [0, 1], [0, 1]], np.float32)
    rows = of_notes(bodies, titles, np.array([False, False, True]))
    assert rows[0] == pytest.approx([0.894, 0.447], abs=1e-3)
    assert rows[1:] == pytest.approx(np.array([[0, 0], [0, 1]]))


def test_a_name_is_spoken_as_words() -> None:
    """What joins the parts of a file's name is no part of what it says."""
    assert spoken("dendron.topic.vault-sync___notes") == "dendron topic vault sync notes"


def test_lone_surrogates_are_replaced() -> None:
    """A text from a name that is not UTF-8 can be read by a tokenizer."""
    assert readable("a\udcffé") == "a?é"
