"""What a person excludes never leaves the machine: not a note, not a tag of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.config import Exclusions, load_exclusions
from notemill.index import facts_of
from notemill.privacy import Privacy
from tests.notemill.workflows.notes import Desk

if TYPE_CHECKING:
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


def sent(vault: Path, exclusions: Exclusions) -> str:
    """Return all that leaves the machine for a vault."""
    desk = Desk(vault.parent, NOTES, exclusions=exclusions)
    assert desk.curate().code == 0
    return desk.everything_sent


def test_nothing_of_an_excluded_note_is_in_any_request(vault: Path) -> None:
    """Folders, tags with their children and ignored notes stay, and so do their tags."""
    everything = sent(vault, Exclusions(("Private",), ("health",)))
    assert "pears" in everything
    for secret in ("Nobody", "hidden-vice", "health/mind", "own-secret", "diary", "therapy"):
        assert secret not in everything


def test_without_exclusions_only_the_ignored_note_stays(vault: Path) -> None:
    """The property `notemill: ignore` holds without any configuration."""
    everything = sent(vault, Exclusions())
    assert "Nobody may read the diary" in everything
    assert "Nobody may read the ignored" not in everything


@pytest.mark.parametrize(
    ("exclusions", "hidden"),
    [
        (Exclusions(("Private",)), True),
        (Exclusions(("private",)), True),
        (Exclusions(("PRIVATE/",)), True),
        (Exclusions(("./Private",)), True),
        (Exclusions(("/Private",)), True),
        (Exclusions(("Private/**",)), True),
        (Exclusions(("Private\\Caf\u00e9",)), True),
        (Exclusions(("private/cafe\u0301",)), True),
        (Exclusions(("CAF\u00c9",)), True),
        (Exclusions(("*/DIARY.md",)), True),
        (Exclusions(("**/diary.md",)), True),
        (Exclusions(("diary",)), True),
        (Exclusions(("di?ry.*",)), True),
        (Exclusions(("[C-E]iary.md",)), True),
        (Exclusions(("Priv",)), False),
        (Exclusions(("Privates",)), False),
        (Exclusions(("Caf\u00e9/Private",)), False),
        (Exclusions(("Private/*.txt",)), False),
        (Exclusions((), ("mood",)), True),
        (Exclusions((), ("MOOD/",)), True),
        (Exclusions((), ("mood/*",)), True),
        (Exclusions((), ("mood/low",)), True),
        (Exclusions((), ("GEFU\u0308HL",)), True),
        (Exclusions((), ("mo",)), False),
    ],
)
def test_an_exclusion_hides_what_a_person_would_expect(
    exclusions: Exclusions,
    hidden: bool,  # noqa: FBT001
) -> None:
    """A folder hides all below it, a glob what it fits, a tag its children; in any case and form."""
    raw = "---\ntags: [Mood/Low, Gef\u00fchl]\n---\nNobody.\n".encode()
    facts = facts_of("Private/Caf\u00e9/diary.md", raw, size=len(raw), mtime_ns=0)
    assert Privacy(exclusions).hides(facts) is hidden


@pytest.mark.parametrize(
    "head",
    [
        "tags: #health #walks",
        "tags:\n  - a\n  - #health",
        "tags: [a]\ntag: health",
        "Tags: Health/Mind",
        "tags:\n  health: mind",
        "tags: a, HEALTH",
        "tags: [[health]]",
        "tags: [unclosed, health",
        "tags: [unclosed",
    ],
)
def test_a_tag_that_may_be_meant_hides_in_doubt(head: str) -> None:
    """What YAML takes for a comment or cannot read at all is no way out for a tagged note."""
    raw = f"---\n{head}\n---\nNobody.\n".encode()
    facts = facts_of("a.md", raw, size=len(raw), mtime_ns=0)
    assert Privacy(Exclusions((), ("health",))).hides(facts)


def test_exclusions_of_all_places_add_up(tmp_path: Path) -> None:
    """File, environment and flags are one list: none of them lets another's notes out."""
    config = tmp_path / "config.toml"
    config.write_text('poll_s = 5\n[notemill]\nexclude = ["Private", "#Health"]\n', "utf-8")
    environment = {"TWOLANE_CONFIG": str(config), "NOTEMILL_EXCLUDE": "Work/**, #x"}
    found = load_exclusions(["Diary"], environment)
    assert found == Exclusions(("Private", "Work/**", "Diary"), ("Health", "x"))
