"""Settings: what is in force, changes of it, exclusions with their notes, where the key is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from notemill.app.properties import notes_with
from notemill.app.views import settings as views
from notemill.errors import NotemillError, VaultError
from notemill.properties import Property
from notemill.web.parts import TheDesk, TheMill, documented, page
from twolane import TwolaneError
from twolane.front.console import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.app.configuring import Configuration
    from notemill.app.excluding import Excluded
    from notemill.web.desk import Desk

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/settings", tags=["settings"])

PATHS: Final = ("/settings", "/api/settings")
"""Where settings are seen and changed, also those by which nothing else can be shown."""
MAX_PATTERN: Final = 1_000
MAX_VALUE: Final = 4_096
MOST_PATTERNS: Final = 1_000
MOST_NOTES: Final = 100
"""The most notes that are named for one exclusion."""
FIELDS: Final = (
    "provider", "model", "base_url", "run_budget", "month_budget", "confirm_usd", "proposals",
    "properties",
)  # fmt: skip
"""The settings that the page has a field for; the others are shown beside them."""
MEANINGS: Final = {
    Property.DESCRIPTION: "One or two sentences on what the note is about",
    Property.TAGS: "Tags of the vault's vocabulary",
    Property.TOPICS: "What the note is about, in the words of the vault",
    Property.RELATED: "Links to notes that belong with it",
}
"""What each property is for."""
SAVED: Final = (
    "Saved. Work that begins from now on goes by it; running work keeps what it began with."
)
EXCLUDED: Final = (
    "Saved. Nothing shows these notes any longer, and running work leaves them out of what it has "
    "not sent yet."
)

Pattern = Annotated[str, Field(min_length=1, max_length=MAX_PATTERN)]
Patterns = Annotated[list[Pattern], Field(max_length=MOST_PATTERNS)]
Value = Annotated[str, Field(max_length=MAX_VALUE)]


class SettingShown(BaseModel):
    """A setting: its value in force and source; what the file says, and what stands above it."""

    name: str
    value: str | None
    source: str
    filed: str | None
    overrides: str
    shown: str
    said: str
    warns: bool


class ExclusionShown(BaseModel):
    """An exclusion and the notes that it matches; `count` is None where there is no vault."""

    entry: str
    source: str
    count: int | None
    notes: list[str]
    nearest: str
    said: str
    hint: str


class SettingsShown(BaseModel):
    """All settings; `locked` says why the config file cannot be changed, '' if it can.

    `problem` says why no other screen can be shown by them, '' if they can.
    """

    settings: list[SettingShown]
    config: str
    locked: str
    key: str
    exclusions: list[ExclusionShown]
    problem: str
    said: str


class Changes(BaseModel):
    """Settings by name, None for those to remove from the file, and exclusions one by one."""

    model_config = ConfigDict(extra="forbid")

    values: Annotated[dict[str, Value | None], Field(max_length=50)] = {}
    exclude: Patterns = []
    include: Patterns = []


class Key(BaseModel):
    """An API key, which goes into the system's keyring and nowhere else."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    key: Annotated[SecretStr, Field(min_length=1, max_length=MAX_VALUE)]


@pages.get("/settings")
async def settings_page(request: Request, desk: TheDesk) -> HTMLResponse:
    """Show all settings."""
    shown = await _shown(desk)
    have = {} if desk.mill is None or shown.problem else await notes_with(desk.mill)
    return await page(
        request,
        "settings.html",
        title="Settings",
        active="settings",
        state=shown.model_dump(),
        by_name={one.name: one for one in shown.settings},
        others=[one for one in shown.settings if one.name not in (*FIELDS, *views.NOT_LISTED)],
        properties=[
            (one, f"{what}. {_having(have[one])}" if one in have else f"{what}.")
            for one, what in MEANINGS.items()
        ],
    )


@api.get("")
async def get_settings(desk: TheDesk) -> SettingsShown:
    """Return all settings in force, and exclusions with the notes that each matches."""
    return await _shown(desk)


@api.put("")
async def put_settings(desk: TheDesk, changes: Changes) -> SettingsShown:
    """Change settings in the config file: all that are named, or none."""

    def change() -> Configuration:
        if changes.values:
            desk.configuring.change(changes.values)
        return desk.configuring.exclude(changes.exclude, changes.include)

    await asyncio.to_thread(change)
    return await _shown(desk, EXCLUDED if changes.exclude else SAVED)


@api.get("/matches", responses=documented(404))
async def get_matches(
    mill: TheMill, pattern: Annotated[str, Query(min_length=1, max_length=MAX_PATTERN)]
) -> ExclusionShown:
    """Return the notes that a pattern would exclude, without excluding them."""
    (found,) = await mill.excluding.matches([pattern], most=MOST_NOTES)
    return ExclusionShown(**views.excluded(found))


@api.put("/key")
async def put_key(desk: TheDesk, key: Key) -> SettingsShown:
    """Put the API key into the system's keyring. It is in no answer."""
    await asyncio.to_thread(desk.configuring.keep_key, key.key.get_secret_value())
    return await _shown(desk, SAVED)


@api.delete("/key")
async def delete_key(desk: TheDesk) -> SettingsShown:
    """Remove the API key from the system's keyring."""
    await asyncio.to_thread(desk.configuring.forget_key)
    return await _shown(desk, SAVED)


def _having(count: int) -> str:
    return f"{counted(count, 'note')} {'has' if count == 1 else 'have'} it."


async def _shown(desk: Desk, said: str = "") -> SettingsShown:
    found = await asyncio.to_thread(desk.configuring.now)
    problem = ""
    try:
        await desk.take_up()
    except (NotemillError, TwolaneError) as error:
        problem = str(error)
    entries = [entry for entry, _ in found.exclusions]
    matched: Sequence[Excluded] = ()
    if desk.mill is not None:
        try:
            matched = await desk.mill.excluding.matches(entries, most=MOST_NOTES)
        except VaultError as error:  # the vault is away
            problem = problem or str(error)
    return SettingsShown(**views.configuration(found, matched), problem=problem, said=said)
