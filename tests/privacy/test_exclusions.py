"""What a person excludes never leaves the machine: not a note, not a tag of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app import Mill
from notemill.config import Exclusions, load_exclusions
from notemill.errors import UsageError
from notemill.workflows.survey import CurateOptions
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTES = {
    "open.md": "The pears are late this year, and #garden work waits.\n",
    "Private/diary.md": "---\ntags: [hidden-vice]\n---\nNobody may read the diary.\n",
    "therapy.md": "---\ntags: [health/mind]\n---\nNobody may read the therapy notes.\n",
    "ignored.md": "---\nnotemill: ignore\ntags: [own-secret]\n---\nNobody may read the ignored.\n",
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Return a vault with one open note and three that are somebody's own."""
    root = tmp_path / "vault"
    for name, text in NOTES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def sent(vault: Path, exclusions: Exclusions) -> Iterator[str]:
    """Yield every request's text for a vault, as it would leave the machine."""
    settings = Settings(home=vault.parent / "home", provider="offline")
    mill = Mill(vault, settings, exclusions)
    for request in mill.requests(mill.survey(CurateOptions())):
        yield f"{request.key} {request.params}"


def test_nothing_of_an_excluded_note_is_in_any_request(vault: Path) -> None:
    """Folders, tags with their children and ignored notes stay, and so do their tags."""
    everything = "\n".join(sent(vault, Exclusions(("Private",), ("health",))))
    assert "pears" in everything
    for secret in ("Nobody", "hidden-vice", "health/mind", "own-secret", "diary", "therapy"):
        assert secret not in everything


def test_without_exclusions_only_the_ignored_note_stays(vault: Path) -> None:
    """The property `notemill: ignore` holds without any configuration."""
    everything = "\n".join(sent(vault, Exclusions()))
    assert "Nobody may read the diary" in everything
    assert "Nobody may read the ignored" not in everything


@pytest.mark.parametrize(
    ("exclusions", "covered"),
    [
        (Exclusions(("Private",)), True),
        (Exclusions(("Private/",)), True),
        (Exclusions(("Private/**",)), True),
        (Exclusions(("*/diary.md",)), True),
        (Exclusions(("Priv",)), False),
        (Exclusions((), ("mood",)), True),
        (Exclusions((), ("mood/low",)), True),
        (Exclusions((), ("mo",)), False),
    ],
)
def test_a_pattern_covers_what_a_person_would_expect(
    exclusions: Exclusions,
    covered: bool,  # noqa: FBT001
) -> None:
    """A folder covers all below it, a glob what it fits, a tag itself and its children."""
    assert exclusions.covers("Private/diary.md", ["Mood/Low"]) is covered


def test_exclusions_of_all_places_add_up(tmp_path: Path) -> None:
    """File, environment and flags are one list: none of them lets another's notes out."""
    config = tmp_path / "config.toml"
    config.write_text('poll_s = 5\n[notemill]\nexclude = ["Private", "#Health"]\n', "utf-8")
    environment = {"TWOLANE_CONFIG": str(config), "NOTEMILL_EXCLUDE": "Work/**, #x"}
    found = load_exclusions(["Diary"], environment)
    assert found == Exclusions(("Private", "Work/**", "Diary"), ("health", "x"))


def test_a_config_that_cannot_be_read_stops_the_command(tmp_path: Path) -> None:
    """Exclusions that are written wrongly are never taken for none."""
    config = tmp_path / "config.toml"
    config.write_text('[notemill]\nexclude = "Private"\n', "utf-8")
    with pytest.raises(UsageError, match="has to be a list"):
        load_exclusions([], {"TWOLANE_CONFIG": str(config)})
