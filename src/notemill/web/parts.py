"""What screens are made of: the desk and the vault for a route, pages from templates, errors."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from notemill.app.mill import Mill
from notemill.errors import EmptyVaultError, NotemillError, VaultError
from notemill.web.desk import Desk, NoVaultError
from notemill.web.figures import span
from notemill.web.own_files import own_files
from twolane import TwolaneError, UnknownRunError, failure_words, format_usd

DESK: Final = "desk"
"""Where a request's scope has the desk."""
SCREENS: Final = (
    ("home", "Home", "/"),
    ("ingest", "Ingest", "/ingest"),
    ("runs", "Runs", "/runs"),
    ("review", "Review", "/review"),
    ("tags", "Tags", "/tags"),
    ("graph", "Graph", "/graph"),
    ("settings", "Settings", "/settings"),
)
"""The screens in the order of the navigation: name, title, address."""
WITHOUT_VAULT: Final = ("runs", "settings")
"""The screens that a server without a vault has."""
_UNAVAILABLE: Final = 503
_LEDGER_EXIT: Final = 7


def desk_of(connection: HTTPConnection) -> Desk:
    """Return what the routes of this server share."""
    desk: Desk = connection.scope[DESK]
    return desk


async def mill_of(connection: HTTPConnection) -> Mill:
    """Return the open vault. Raises NoVaultError if the server has none, EmptyVaultError."""
    desk = desk_of(connection)
    await desk.look_again()
    if desk.mill is not None:
        return desk.mill
    if desk.empty is not None:
        raise EmptyVaultError(f"there are no notes in {desk.empty} yet; this opens with the first")
    raise NoVaultError


TheDesk = Annotated[Desk, Depends(desk_of)]
TheMill = Annotated[Mill, Depends(mill_of)]


def read_templates() -> None:
    """Read the templates of the pages that are opened first, which then need not be waited for."""
    for name in ("base.html", "parts.html", "home.html", "start.html", "review.html"):
        _templates().get_template(name)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("notemill.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = own_files().address
    made.filters["json"] = _json
    made.filters["span"] = span
    made.filters["usd"] = format_usd
    made.filters["failure"] = failure_words
    made.filters["at_home"] = _at_home
    made.filters["instant"] = lambda at: datetime.fromtimestamp(at, UTC).isoformat()
    made.filters["utc"] = lambda at: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return made


def _json(value: object) -> Markup:
    """Return a value as JSON that cannot end the script element it stands in."""
    raw = orjson.dumps(value, default=str).decode()
    for bad, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        raw = raw.replace(bad, escaped)
    return Markup(raw)  # noqa: S704  # nothing of it can be read as markup any more


async def page(
    request: Request,
    template: str,
    *,
    title: str,
    active: str,
    status: int = 200,
    waiting: int | None = None,
    **context: object,
) -> HTMLResponse:
    """Return a screen from its template; `active` is its name in the navigation.

    `waiting` is the number of open proposals; they are counted if it is None.
    """
    desk = desk_of(request)
    await desk.look_again()
    if waiting is None:
        with suppress(VaultError):  # runs and settings are there also while the vault is away
            waiting = await desk.hub.waiting()
    html = (
        _templates()
        .get_template(template)
        .render(
            title=title,
            active=active,
            screens=_screens(desk),
            vault=desk.root.name if desk.root else "",
            waiting=waiting,
            **context,
        )
    )
    return HTMLResponse(html, status)


# -- errors ---------------------------------------------------------------------------------------


class Fault(BaseModel):
    """An error: its kind, a sentence that says what to do, the exit code of the same command."""

    kind: str
    message: str
    exit: int


class Problem(BaseModel):
    """The answer to a request that failed."""

    error: Fault


def _status_of(error: Exception) -> int:
    """Return the HTTP status of an error's answer."""
    if isinstance(error, NotemillError):
        return error.http_status
    if isinstance(error, UnknownRunError):
        return 404
    if isinstance(error, OSError):
        return _UNAVAILABLE
    code = getattr(error, "exit_code", 1)
    return {2: 400, 8: 409, _LEDGER_EXIT: _UNAVAILABLE}.get(code, 500)


def _body_of(error: Exception) -> dict[str, Any]:
    kind = type(error).__name__.removesuffix("Error")
    return {
        "error": {
            "kind": kind,
            "message": str(error) or kind,
            "exit": getattr(error, "exit_code", 1),
        }
    }


async def answer_error(request: Request, error: Exception) -> HTMLResponse | JSONResponse:
    """Answer an expected error: as JSON under /api, else as a page that says what to do."""
    status = _status_of(error)
    if request.url.path.startswith("/api"):
        return JSONResponse(_body_of(error), status)
    return error_page(request, status, str(error))


def error_page(request: Request, status: int, message: str) -> HTMLResponse:
    """Return a page about an error. It reads nothing, so that it works where the vault does not."""
    desk = desk_of(request)
    html = (
        _templates()
        .get_template("error.html")
        .render(
            title="Not found" if status == 404 else "This did not work",  # noqa: PLR2004
            active="",
            screens=_screens(desk),
            vault=desk.root.name if desk.root else "",
            waiting=0,
            message=message,
        )
    )
    return HTMLResponse(html, status)


def _at_home(path: str) -> str:
    """Return a path as people write it, with `~` for their own folder."""
    own = f"{Path.home()}{os.sep}"
    return f"~{os.sep}{path.removeprefix(own)}" if path.startswith(own) else path


def _screens(desk: Desk) -> list[tuple[str, str, str]]:
    """Return the screens that there are now; Home also tells of a vault without notes."""
    has = (*WITHOUT_VAULT, *(["home"] if desk.root else []))
    return [one for one in SCREENS if desk.mill is not None or one[0] in has]


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the errors of a route for its OpenAPI description."""
    return {
        one: {"description": "What went wrong, and what to do.", "model": Problem}
        for one in statuses
    }


EXPECTED: Final = (NotemillError, TwolaneError, OSError)
