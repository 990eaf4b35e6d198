"""The system's limit of open files bounds the calls, and is named where it is met."""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.twolane.worker.scene import Scene, ask
from twolane import Lane
from twolane.errors import LedgerFullError, TooManyFilesError
from twolane.open_files import FILES_A_CALL, RESERVED_FILES, calls_within_limit

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit on Windows")


class Limits:
    """Stands in for the system's limit: (soft, hard), and whether it may be raised."""

    def __init__(self, patch: pytest.MonkeyPatch, soft: int, hard: int, *, fixed: bool) -> None:
        """Have the system answer with these."""
        self.now = (soft, hard)
        self._fixed = fixed
        patch.setattr("resource.getrlimit", lambda _: self.now)
        patch.setattr("resource.setrlimit", self.set)

    def set(self, _: int, wanted: tuple[int, int]) -> None:
        """Take a new limit, where that is allowed."""
        if self._fixed:
            raise ValueError("not allowed to raise maximum limit")
        self.now = wanted


@pytest.mark.parametrize(
    ("soft", "hard", "fixed", "wanted", "calls"),
    [
        (1_024, 4_096, False, 32, 32),
        (128, 128, False, 300, (128 - RESERVED_FILES) // FILES_A_CALL),
        (128, 4_096, False, 300, 300),
        (128, 400, False, 300, (400 - RESERVED_FILES) // FILES_A_CALL),
        (128, 4_096, True, 300, (128 - RESERVED_FILES) // FILES_A_CALL),
        (16, 16, False, 32, 1),
    ],
)
def test_as_many_calls_are_out_as_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, *, fixed: bool, wanted: int, calls: int
) -> None:
    """The soft limit is raised where the hard one allows it; otherwise there are fewer calls."""
    limits = Limits(monkeypatch, soft, hard, fixed=fixed)
    assert calls_within_limit(wanted) == calls
    assert limits.now[1] == hard


def test_a_run_has_fewer_calls_under_a_small_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on with what there is: nothing fails."""
    Limits(monkeypatch, 80, 80, fixed=False)
    scene = Scene(tmp_path, concurrency=300)
    scene.scripted.latency_s = 1.0
    began = scene.clock.now()
    report = scene.finish(ask(40), lane=Lane.REALTIME)
    assert report.items.succeeded == 40
    assert scene.clock.now() - began >= 40 / ((80 - RESERVED_FILES) // FILES_A_CALL)


@pytest.mark.parametrize(
    ("number", "named", "code"),
    [
        (errno.EMFILE, TooManyFilesError, 2),
        (errno.ENFILE, TooManyFilesError, 2),
        (errno.ENOSPC, LedgerFullError, 7),
        (errno.EDQUOT, LedgerFullError, 7),
    ],
)
def test_a_file_that_cannot_be_opened_is_told_as_what_it_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    named: type[TooManyFilesError | LedgerFullError],
    code: int,
) -> None:
    """A limit of files is no fault of the ledger, a full disk or quota is."""

    def refuse(*_: object) -> NoReturn:
        raise OSError(number, "refused")

    scene = Scene(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("twolane.worker.batches.private", refuse)
        with pytest.raises(named) as caught:
            scene.finish(ask(4), lane=Lane.BATCH)
    assert caught.value.exit_code == code
    report = scene.finish(ask(4))
    assert (report.items.succeeded, report.items.uncertain) == (4, 0)
