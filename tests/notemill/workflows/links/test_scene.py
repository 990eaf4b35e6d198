"""A vault as links see it: who is there, who is away, what a link is written as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.vault.related import Form
from notemill.workflows.links.scene import scene_of
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {"Soil.md": "Soil.\n", "Garden/Soil.md": "Other soil.\n", "a#b.md": "No link names it.\n"}


def test_a_link_means_its_note_from_where_it_stands(tmp_path: Path) -> None:
    """The whole path is written where a name is there twice; where no link can, there is none."""
    with kept(tmp_path, NOTES) as one:
        scene = scene_of(
            one.vault, one.sight(), one.links, privacy=one.privacy, why_not=lambda _: ""
        )
        found = scene.link_to("Garden/Soil.md", source="Soil.md", form=Form.PROPERTY)
        assert found is not None
        text, form = found
        assert form is Form.PROPERTY
        assert text.startswith("[[Garden/Soil")
        assert scene.names.resolve("Garden/Soil", source="Soil.md") == "Garden/Soil.md"


def test_a_closed_place_is_not_written_to(tmp_path: Path) -> None:
    """A link goes into the other place, and nowhere where both are closed."""
    with kept(tmp_path, NOTES) as one:
        scene = one.scene()
        closed = [Form.PROPERTY]
        found = scene.link_to("Soil.md", source="a#b.md", form=Form.PROPERTY, closed=closed)
        assert found is not None
        assert found[1] is Form.SECTION
        assert (
            scene.link_to("Soil.md", source="a#b.md", form=Form.PROPERTY, closed=list(Form)) is None
        )


def test_only_a_note_that_is_nowhere_is_gone(tmp_path: Path) -> None:
    """One that is left out, or that is there, is not."""
    with kept(tmp_path, NOTES, hidden=("Garden",)) as one:
        scene = one.scene()
        assert not scene.is_gone("Garden/Soil.md")
        assert scene.is_gone("Never.md")
