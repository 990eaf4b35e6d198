"""Distribute work over processes with results in order, or do it in this process."""

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
"""Each takes 60 MB, and with more, the one process that reads and writes is the bottleneck."""
_AHEAD: Final = 2
"""Tasks per process handed out before the first result is taken; bounds the memory."""


def all_cores() -> int:
    """Return the number of usable cores, at most MOST_PROCESSES."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MOST_PROCESSES)


def mapped(
    work: Callable[[_Task], _Result], tasks: Iterable[_Task], *, processes: int
) -> Generator[_Result, None, None]:
    """Yield the result of `work` for each task, in the order of `tasks`; raises what `work` raises.

    With more than one process, `work`, its tasks and its results must be picklable, and the main
    module importable, as `multiprocessing` requires. Each process has a copy of `work`, which gets
    its tasks in order and may keep state between them. If processes cannot be started, or die, the
    work is done here. Close the iterator if it is left early, to end its processes.
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
                pass  # a process was killed: its tasks and those of the others are done here
        return work(task)

    for task in tasks:
        waiting.append((task, _submitted(pool, task)))
        if len(waiting) > ahead:
            yield first()
    while waiting:
        yield first()


def _submitted(pool: ProcessPoolExecutor, task: _Task) -> Future[_Result] | None:
    """Hand out a task; return None if no process can take it."""
    try:
        with _uninterrupted():
            return pool.submit(_do, task)
    except (BrokenProcessPool, OSError):
        return None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Make the processes started in this block ignore Ctrl-C from the start."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: `_begin` does, a moment later
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_work: Callable[[Any], Any] = id
"""The work of a process, set in it by `_begin`."""


def _begin(work: Callable[[Any], Any]) -> None:
    """Prepare a process: its parent handles Ctrl-C, and it ends when its parent does."""
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
