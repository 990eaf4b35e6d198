"""The whole site: screens, API and socket of one server, behind its guard."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from notemill.web.own_files import own_files, serve_file
from notemill.web.parts import (
    DESK,
    EXPECTED,
    TheDesk,
    answer_error,
    desk_of,
    documented,
    error_page,
    read_templates,
)
from notemill.web.routes import graph, home, ingest, notes, review, runs, settings, tags

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from notemill.web.desk import Desk


class Session(BaseModel):
    """A session that is in force: the name of its vault, '' without one."""

    vault: str


class Screen(Protocol):
    """A module of `routes`: its pages, and what they ask the API."""

    pages: APIRouter
    api: APIRouter


SCREENS: tuple[Screen, ...] = (home, ingest, runs, review, tags, graph, notes, settings)


def create_site(desk: Desk) -> ASGIApp:
    """Return the site of a desk. It has to stand behind the guard: it checks no one itself."""
    made = application()

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        scope[DESK] = desk
        await made(scope, receive, send)

    return site


@cache
def application() -> FastAPI:
    """Return all routes, without a desk: put together once, as that takes a fifth of a second."""
    read_templates()
    made = FastAPI(
        title="notemill",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(_settings_as_they_are)],
        responses=documented(400, 413, 422, 500, 503),
    )
    for screen in SCREENS:
        made.include_router(screen.pages, include_in_schema=False)
        made.include_router(screen.api)
    made.add_route(f"{own_files().address}/{{place:path}}", serve_file)
    for kind in EXPECTED:
        made.add_exception_handler(kind, answer_error)
    made.add_exception_handler(RequestValidationError, _invalid)
    made.add_exception_handler(HTTPException, _refused)

    @made.get("/api/session")
    async def session(desk: TheDesk) -> Session:
        """Answer a page that wants to know whether the server knows it."""
        return Session(vault=desk.root.name if desk.root else "")

    @made.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await desk_of(socket).hub.serve(socket)

    return made


async def _settings_as_they_are(connection: HTTPConnection) -> None:
    """Take up changed settings before anything is answered: what is excluded by now stays hidden.

    The screen on which they are mended tells of a fault by itself.
    """
    if not connection.url.path.startswith(settings.PATHS):
        await desk_of(connection).take_up()


async def _invalid(request: Request, error: Exception) -> JSONResponse | HTMLResponse:
    """Answer a request whose parts are not what they should be."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # what it is registered for
    first = error.errors()[0]
    where = ".".join(str(one) for one in first["loc"][1:])
    message = f"{where}: {first['msg']}" if where else str(first["msg"])
    if request.url.path.startswith("/api"):
        return JSONResponse({"error": {"kind": "Usage", "message": message, "exit": 2}}, 422)
    return error_page(request, 400, message)


async def _refused(request: Request, error: Exception) -> JSONResponse | HTMLResponse:
    """Answer an address that is not there, or a method that it has not."""
    assert isinstance(error, HTTPException)  # noqa: S101  # what it is registered for
    message = "there is no such page" if error.status_code == 404 else str(error.detail)  # noqa: PLR2004
    if request.url.path.startswith("/api"):
        body = {"error": {"kind": "Usage", "message": message, "exit": 2}}
        return JSONResponse(body, error.status_code, error.headers)
    return error_page(request, error.status_code, message)
