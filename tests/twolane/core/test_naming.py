"""What a person writes for a run is the run that is meant, or an error that says which there are."""

from __future__ import annotations

import pytest

from twolane.core.naming import nearest, pick_run
from twolane.errors import AmbiguousRunError, ConfigError, UnknownRunError

IDS = ["run-20261127-abc", "curate-20261127-abd", "run-20261126-xyz", "run-2026"]


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("run-20261126-xyz", "run-20261126-xyz"),
        ("run-2026", "run-2026"),
        ("cur", "curate-20261127-abd"),
        ("run-20261127", "run-20261127-abc"),
        ("last", "run-20261127-abc"),
    ],
)
def test_a_run_is_its_id_its_unique_beginning_or_the_last(named: str, meant: str) -> None:
    """An exact id goes before a beginning that several share; `last` is the newest."""
    assert pick_run(named, IDS) == meant


def test_a_run_may_itself_be_called_last() -> None:
    """An id that happens to be the word is found by it."""
    assert pick_run("last", ["new", "last"]) == "last"


def test_a_beginning_of_several_lists_them() -> None:
    """Nothing is guessed: the error is one of usage and names what the beginning fits."""
    with pytest.raises(AmbiguousRunError, match=r"3 runs begin with run-: run-20261127-abc, "):
        pick_run("run-", IDS)
    many = [f"run-{n}" for n in range(9)]
    with pytest.raises(AmbiguousRunError, match=r"run-4 and 4 more; give more of the id"):
        pick_run("run", many)


@pytest.mark.parametrize("named", ["run-20261127-abX", "curate-20261127-xyz"])
def test_an_unknown_run_is_answered_with_the_nearest(named: str) -> None:
    """A slip of the hand is met with what was probably meant."""
    with pytest.raises(UnknownRunError, match=r"the nearest is .*-20261127-ab"):
        pick_run(named, IDS)


@pytest.mark.parametrize("named", ["", "nonsense", "LAST"])
def test_what_is_like_nothing_is_answered_with_where_to_look(named: str) -> None:
    """An empty word is no beginning of everything, and every such end is one of usage."""
    with pytest.raises(ConfigError, match="`runs` lists"):
        pick_run(named, IDS)


def test_without_any_run_that_is_said() -> None:
    """`last` of nothing is no run."""
    with pytest.raises(UnknownRunError, match="there are no runs yet"):
        pick_run("last", [])


def test_the_nearest_of_names_come_likest_first() -> None:
    """What is like nothing has no nearest."""
    assert nearest("note 12", ["other", "note 9", "note 12x"]) == ["note 12x", "note 9"]
    assert nearest("qqq", ["row-1"]) == []
