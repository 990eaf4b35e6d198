"""Work spread over processes, its results in order; in this one where that pays more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

MOST_PROCESSES: Final = 8
"""Each takes 60 MB, and above that the one process that reads and writes is what is waited for."""
_AHEAD: Final = 2
"""Tasks a process that are handed out before the first result is taken: what bounds the memory."""


def all_cores() -> int:
    """Return how many processes this machine has cores for, at most MOST_PROCESSES."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MOST_PROCESSES)


def mapped(
    work: Callable[[_Task], _Result], tasks: Iterable[_Task], *, processes: int
) -> Generator[_Result, None, None]:
    """Yield what `work` makes of each task, in the order of `tasks`; raises what it raises.

    With more than one process, `work` and what it takes and returns have to be picklable, and the
    program has to be importable, as `multiprocessing` asks for. Each process has a copy of `work`,
    which gets its tasks in order and may remember them. Where processes cannot be started,
    or die, the work is done here. Close the iterator when it is left early: its processes end then.
    """
    if processes < 2:  # noqa: PLR2004  # one is this one
        yield from map(work, tasks)
        return
    try:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
        pool = ProcessPoolExecutor(processes, context, _begin, (work,))
    except (ImportError, NotImplementedError, OSError):  # no semaphores on this system
        yield from map(work, tasks)
        return
    try:
        yield from _spread(pool, work, tasks, processes * _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _spread(
    pool: ProcessPoolExecutor,
    work: Callable[[_Task], _Result],
    tasks: Iterable[_Task],
    ahead: int,
) -> Iterator[_Result]:
    waiting: deque[tuple[_Task, Future[_Result] | None]] = deque()

    def first() -> _Result:
        task, future = waiting.popleft()
        if future is not None:
            try:
                return future.result()
            except BrokenProcessPool:
                pass  # a process was killed: all that it and the others had is done here
        return work(task)

    for task in tasks:
        waiting.append((task, _submitted(pool, task)))
        if len(waiting) > ahead:
            yield first()
    while waiting:
        yield first()


def _submitted(pool: ProcessPoolExecutor, task: _Task) -> Future[_Result] | None:
    """Hand out a task; None where there are no processes to take it."""
    try:
        with _uninterrupted():
            return pool.submit(_do, task)
    except (BrokenProcessPool, OSError):
        return None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Have the processes that are started here ignore Ctrl-C from their first moment."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: `_begin` does, a moment later
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_work: Callable[[Any], Any] = id
"""What a process was started for: set there by `_begin`."""


def _begin(work: Callable[[Any], Any]) -> None:
    """Prepare a process: Ctrl-C is its parent's to handle, and it ends when its parent does."""
    global _work  # noqa: PLW0603  # the one thing that a process is for
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _do(task: Any) -> Any:  # noqa: ANN401  # what `mapped` was given
    return _work(task)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
