"""The run that a person means, in every command that takes one, and the vault it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.app.mill import Mill
from notemill.app.runs import known_runs, pick
from notemill.config import load_exclusions
from notemill.errors import UsageError
from notemill.vault.places import is_root
from twolane import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notemill.app.runs import KnownRun
    from twolane import Run, Settings


async def find_run(
    settings: Settings,
    named: str,
    *,
    suits: Callable[[KnownRun], bool],
    otherwise: str,
    newest: Callable[[KnownRun], float] = lambda run: run.at_s,
) -> KnownRun:
    """Return the run that a person means by its id, the beginning of one, or `last`.

    `last` is the `newest` that suits; `otherwise` says what is wrong with one that does not. Raises UsageError, UnknownRunError,
    AmbiguousRunError.
    """
    runs = sorted(await known_runs(settings), key=newest, reverse=True)
    run = pick(runs, named, settings.home, suits=suits)
    if not suits(run):
        raise UsageError(f"run {run.id} {otherwise}")
    if not is_root(run.vault):
        raise UsageError(
            f"run {run.id} was over {str(run.vault)!r:.200}, which is no folder of this computer"
        )
    return run


def asked_model(run: KnownRun) -> bool:
    """Tell whether a run is one of the engine's."""
    return run.state is not None


async def find_asked(settings: Settings, named: str) -> KnownRun:
    """Return a run of the engine. Raises as `find_run` does."""
    return await find_run(
        settings, named, suits=asked_model, otherwise="asked no model; see `notemill show` for it"
    )


async def open_asked(settings: Settings, found: KnownRun) -> tuple[Mill, Run]:
    """Open the vault of a run of the engine; what was excluded when it began stays so.

    Raises LedgerError, VaultError.
    """
    exclusions = load_exclusions(found.exclude, config=settings.config)
    mill = Mill(found.vault, settings, exclusions)
    try:
        return mill, await mill.engine.run(found.id)
    except BaseException:
        await mill.aclose()
        raise


def no_such_item(run: str, item: str, keys: Iterable[str]) -> UsageError:
    """Return the error for a note that a run has nothing of, with the nearest that it has."""
    near = nearest(item, dict.fromkeys(keys))
    hint = f"; the nearest are {', '.join(near)}" if len(near) > 1 else ""
    hint = f"; the nearest is {near[0]}" if len(near) == 1 else hint
    return UsageError(f"run {run} has nothing of {item!r}{hint}; `notemill show {run}` lists it")
