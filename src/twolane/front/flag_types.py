"""The types of flags: numbers and paths, checked before a command begins.

Nothing heavy is imported here before a value is read.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from click import Context, Parameter
    from click.shell_completion import CompletionItem


class PathName(click.Path):
    """A valid path of a file or folder."""

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> Any:  # noqa: ANN401
        """Return the path; an invalid one is a usage error."""
        from twolane.files import path_problem  # noqa: PLC0415

        text = os.fspath(value)
        if problem := path_problem(text) if text else "a path cannot be empty":
            self.fail(problem, param, ctx)
        return super().convert(value, param, ctx)

    def coerce_path_result(self, value: str | os.PathLike[str]) -> Path:
        """Return the path as the type that commands take."""
        from pathlib import Path  # noqa: PLC0415

        return Path(value)


class Whole(click.IntRange):
    """A whole number in plain digits, within 64 bits."""

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> int:  # noqa: ANN401
        """Return the number; signs, underscores, blanks and other scripts' digits are usage errors."""
        from twolane.core.outside import whole  # noqa: PLC0415
        from twolane.values import shortened  # noqa: PLC0415

        if (number := whole(value)) is None:
            said = shortened(repr(value))
            self.fail(f"{said} is not a whole number; use digits only", param, ctx)
        return int(super().convert(number, param, ctx))


class Number(click.FloatRange):
    """A finite number from 0 up."""

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> float:  # noqa: ANN401
        """Return the number; `nan`, `inf`, signs and blanks are usage errors."""
        from twolane.core.outside import MAX_WHOLE, amount  # noqa: PLC0415
        from twolane.values import shortened  # noqa: PLC0415

        if (number := amount(value, 0, MAX_WHOLE)) is None:
            said = shortened(repr(value))
            self.fail(f"{said} is not a number such as 0.5", param, ctx)
        return float(super().convert(float(number), param, ctx))


class Dollars(click.types.StringParamType):
    """An amount above 0, exactly as written, optionally after a `$`."""

    name = "usd"

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> str:  # noqa: ANN401
        """Return the amount's text."""
        from twolane.core.outside import amount  # noqa: PLC0415
        from twolane.values import LEAST_USD, MAX_USD, shortened  # noqa: PLC0415

        text = str(value).removeprefix("$")
        if amount(text, LEAST_USD, MAX_USD) is None:
            said = shortened(repr(str(value)))
            self.fail(
                f"{said} is not an amount in dollars above 0 and at most {MAX_USD:,}", param, ctx
            )
        return text


class RunName(click.types.StringParamType):
    """The name of a run, which a shell completes from the ledger."""

    def shell_complete(
        self, ctx: Context, param: Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the newest runs whose id begins like this; none if the ledger cannot be read."""
        from twolane.front.completing import runs_like  # noqa: PLC0415

        return super().shell_complete(ctx, param, incomplete) + runs_like(incomplete, ctx.params)


RUN = RunName()
FOLDER = PathName()
FILE = PathName(dir_okay=False)
USD = Dollars()
