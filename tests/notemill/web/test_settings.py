"""Settings over HTTP: what is in force, changes that are taken up, and what is never shown."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from notemill.app.configuring import Configuring
from notemill.app.work_ended import WorkEnded
from notemill.properties import Property
from notemill.web.desk import Desk
from notemill.web.jobs import SilentFront
from notemill.web.site import application, create_site
from tests.keyrings import MemoryKeyring, keyring_in_memory
from tests.notemill.web.asking import Answer, asked
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from starlette.types import ASGIApp

    from notemill.app.mill import Mill
    from notemill.app.planning import WorkPlan
    from notemill.properties import Properties

KEY = "sk-ant-of-settings-0123456789"
FILE = 'provider = "offline" # mine\n\n[notemill]\nexclude = ["Family"]\n'
NOTES = {
    "Private/Diary.md": "---\ntags: [confidant]\n---\nDear diary, compost and worms.\n",
    "Family/Aunt.md": "---\ntags: [kin]\n---\nAunt has compost and worms.\n",
    "Soil.md": "---\ntags: [garden]\n---\nGarden soil, worms, leaves and compost.\n",
    "Compost.md": "---\ntags: [garden]\n---\nCompost of leaves makes worms and garden soil.\n",
}


def text_of(config: Path) -> str:
    """Return what the config file says."""
    return config.read_text()


def write(config: Path, text: str) -> None:
    """Let the config file say something else."""
    config.write_text(text)


def lock(config: Path) -> None:
    """Make the config file read-only."""
    config.chmod(0o444)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config file, and nothing else that says anything."""
    for name in os.environ:
        if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NOTEMILL_EMBEDDING", "off")
    path = tmp_path / "config.toml"
    write(path, FILE)
    return path


@pytest.fixture
def memory_keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """Return the keyring of this computer, in memory."""
    return keyring_in_memory(monkeypatch)


async def opened(config: Path, vault: Path | None) -> Desk:
    """Open a desk that goes by the config file."""
    configuring = Configuring({"config": config, "home": config.parent / "home"})
    return await Desk.open(vault, configuring.settings(), configuring=configuring)


@pytest.fixture
async def desk(config: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """The desk of a vault."""
    desk = await opened(config, write_notes(tmp_path / "vault", NOTES))
    yield desk
    await desk.aclose()


@pytest.fixture
def site(desk: Desk) -> ASGIApp:
    """Its site."""
    return create_site(desk)


@dataclass(frozen=True)
class Meanwhile:
    """Work in which something happens."""

    kind: ClassVar[str] = "meanwhile"

    act: Callable[[Mill], Awaitable[None]]

    async def run(self, mill: Mill) -> WorkEnded:
        """Let it happen."""
        await self.act(mill)
        return WorkEnded("", "")

    async def plan(self, mill: Mill) -> WorkPlan:
        """Cost nothing."""
        return mill.planning.here()


async def ask(site: ASGIApp, method: str, path: str, body: object = None) -> Answer:
    """Return the answer to a request of the page."""
    headers = [("Host", "127.0.0.1:8765"), ("Content-Type", "application/json")]
    parts = [b"" if body is None else json.dumps(body).encode()]
    return await asked(site, method, path, headers, parts)


async def told(site: ASGIApp, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Return what a request that has to succeed is answered."""
    answer = await ask(site, method, path, body)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def named(state: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a setting."""
    found: dict[str, Any] = next(one for one in state["settings"] if one["name"] == name)
    return found


# -- what is in force -----------------------------------------------------------------------------


async def test_all_is_told_with_its_source(site: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what stands above the file, and which notes are excluded."""
    monkeypatch.setenv("TWOLANE_MONTH_BUDGET", "7.5")
    state = await told(site, "GET", "/api/settings")
    budget, provider = named(state, "month_budget"), named(state, "provider")
    assert (budget["value"], budget["overrides"], budget["warns"]) == (
        "7.5",
        "TWOLANE_MONTH_BUDGET",
        True,
    )
    assert (provider["shown"], provider["said"]) == ("offline", "from the config file")
    (family,) = state["exclusions"]
    assert (family["entry"], family["source"]) == ("Family", "config file")
    assert family["notes"] == ["Family/Aunt.md"]
    assert (state["locked"], state["key"]) == ("", "not set")


async def test_the_page_can_be_read_without_script(
    site: ASGIApp, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every field has its value, excluded notes are listed, and the file is named from home."""
    monkeypatch.setenv("HOME", str(config.parent))
    page = (await ask(site, "GET", "/settings")).body.decode()
    assert 'value="offline" checked' in page
    assert "Family/Aunt.md" in page
    assert "notemill config set NAME VALUE" in page
    assert '<code class="break">~/config.toml</code>' in page
    ticked = re.findall(r'name="properties" value="(\w+)" checked', page)
    assert ticked == ["description", "tags", "topics", "related"]
    assert "Tags of the vault&#39;s vocabulary. 3 notes have it." in page


async def test_a_server_without_a_vault_has_settings(config: Path) -> None:
    """Exclusions are there; which notes they match cannot be said."""
    desk = await opened(config, None)
    try:
        site = create_site(desk)
        (family,) = (await told(site, "GET", "/api/settings"))["exclusions"]
        assert (family["entry"], family["count"]) == ("Family", None)
        page = (await ask(site, "GET", "/settings")).body.decode()
        assert "Links to notes that belong with it.<" in page
        assert (await ask(site, "GET", "/api/settings/matches?pattern=a")).status == 404
        state = await told(site, "PUT", "/api/settings", {"exclude": ["#secret"]})
        assert [one["entry"] for one in state["exclusions"]] == ["Family", "#secret"]
    finally:
        await desk.aclose()


# -- changes --------------------------------------------------------------------------------------


async def test_a_change_is_saved_and_taken_up(desk: Desk, site: ASGIApp, config: Path) -> None:
    """The file has one more line; work that begins now goes by it, and the answer says so."""
    state = await told(site, "PUT", "/api/settings", {"values": {"run_budget": "2.5"}})
    assert "Work that begins from now on goes by it" in state["said"]
    assert text_of(config) == FILE.replace("# mine\n", "# mine\nrun_budget = 2.5\n")
    caps: list[int | None] = []

    async def look(mill: Mill) -> None:
        caps.append(mill.settings.run_cap_nano)

    await desk.carry_out(Meanwhile(look), SilentFront())
    assert caps == [2_500_000_000]
    state = await told(site, "PUT", "/api/settings", {"values": {"run_budget": None}})
    assert named(state, "run_budget")["value"] is None
    assert text_of(config) == FILE


async def test_properties_are_chosen_for_work_that_begins_from_now_on(
    desk: Desk, site: ASGIApp, config: Path
) -> None:
    """Plans and work go by it at once, and say what is off."""
    link = {"kind": "link"}
    assert (await ask(site, "POST", "/api/plan", link)).status == 200
    state = await told(site, "PUT", "/api/settings", {"values": {"properties": "tags"}})
    assert named(state, "properties")["shown"] == "tags"
    assert text_of(config) == f'{FILE}properties = "tags"\n'
    answer = await ask(site, "POST", "/api/plan", link)
    assert answer.status == 400
    assert b"links are switched off" in answer.body
    page = (await ask(site, "GET", "/settings")).body.decode()
    assert re.findall(r'name="properties" value="(\w+)" checked', page) == ["tags"]
    used: list[Properties] = []

    async def look(mill: Mill) -> None:
        used.append(mill.used)

    await desk.carry_out(Meanwhile(look), SilentFront())
    assert used == [{Property.TAGS}]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"values": {"modle": "x", "run_budget": "1"}}, 400, "did you mean model"),
        ({"values": {"run_budget": "lots"}}, 400, "an amount in dollars"),
        ({"values": {"properties": ""}}, 400, "one or more of description"),
        ({"values": {"api_key": KEY}}, 400, "config key set"),
        (
            {"values": {"provider": "anthropic", "base_url": "ftp://x"}},
            400,
            "it must begin with https://",
        ),
        ({"exclude": ["/"]}, 400, "names nothing"),
        ({"include": ["nobody"]}, 400, "not among the exclusions"),
        ({"values": {"model": 7}}, 422, "string"),
        ({"values": {"model": "x" * 5_000}}, 422, "at most"),
        ({"exclude": [""]}, 422, "at least 1"),
        ({"colour": "red"}, 422, "not permitted"),
    ],
)
async def test_what_is_not_allowed_changes_nothing(
    site: ASGIApp, config: Path, body: dict[str, Any], status: int, said: str
) -> None:
    """It is said what is wrong, in the one form that errors have."""
    answer = await ask(site, "PUT", "/api/settings", body)
    assert answer.status == status
    error = json.loads(answer.body)["error"]
    assert said in error["message"]
    assert error["exit"] == 2
    assert KEY.encode() not in answer.body
    assert text_of(config) == FILE


async def test_a_file_that_cannot_be_changed_is_told(site: ASGIApp, config: Path) -> None:
    """Before anybody types, and where somebody tries all the same."""
    lock(config)
    state = await told(site, "GET", "/api/settings")
    assert "read-only" in state["locked"]
    assert (
        b"settings are shown here, but cannot be changed"
        in (await ask(site, "GET", "/settings")).body
    )
    answer = await ask(site, "PUT", "/api/settings", {"values": {"model": "x"}})
    assert answer.status == 400
    assert b"read-only" in answer.body


async def test_a_change_in_a_terminal_is_taken_up(desk: Desk, site: ASGIApp, config: Path) -> None:
    """The next answer goes by it, whichever it is."""
    write(config, FILE.replace("Family", "Soil") + 'proposals = "apply"\n')
    await told(site, "GET", "/api/session")
    assert desk.mill is not None
    sight = await desk.mill.on(lambda one: one.look())
    assert not sight.shows("Soil.md")
    assert sight.shows("Family/Aunt.md")


async def test_a_faulty_file_shows_nothing_by_old_exclusions(site: ASGIApp, config: Path) -> None:
    """Until it is mended every screen tells what is wrong, and no note."""
    write(config, "modle = 1\n")
    for path in ("/settings", "/api/settings", "/runs", "/api/runs"):
        answer = await ask(site, "GET", path)
        assert answer.status == 400
        assert b"did you mean" in answer.body
        assert b"Soil.md" not in answer.body
    write(config, FILE)
    assert (await ask(site, "GET", "/settings")).status == 200


async def test_settings_that_nothing_can_be_shown_by_are_mended_where_they_are(
    site: ASGIApp, config: Path
) -> None:
    """Other screens tell what is wrong; this one too, and takes the change that mends it."""
    write(config, f'prices = "/nowhere/prices.toml"\n{FILE}')
    assert (await ask(site, "GET", "/api/session")).status == 400
    state = await told(site, "GET", "/api/settings")
    assert "/nowhere/prices.toml" in state["problem"]
    assert b"/nowhere/prices.toml" in (await ask(site, "GET", "/settings")).body
    state = await told(site, "PUT", "/api/settings", {"values": {"prices": None}})
    assert state["problem"] == ""
    assert text_of(config) == FILE
    assert (await ask(site, "GET", "/api/session")).status == 200


# -- exclusions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "notes", "hint"),
    [
        ("Private", ["Private/Diary.md"], ""),
        ("#Confidant", ["Private/Diary.md"], "written differently"),
        ("Privat", [], "did you mean Private?"),
        ("<b>&\"' \u202e", [], "no note matches"),
    ],
)
async def test_a_pattern_is_matched_while_it_is_typed(
    site: ASGIApp, config: Path, pattern: str, notes: list[str], hint: str
) -> None:
    """Nothing is excluded by looking."""
    found = await told(site, "GET", f"/api/settings/matches?pattern={quote(pattern)}")
    assert found["notes"] == notes
    assert hint in found["hint"]
    assert text_of(config) == FILE


async def test_an_excluded_note_is_shown_by_settings_alone(
    desk: Desk, site: ASGIApp, config: Path
) -> None:
    """At once, on every screen and in every answer: neither its name, nor a word or tag of it."""

    async def exclude(working: Mill) -> None:
        state = await told(site, "PUT", "/api/settings", {"exclude": ["Private"]})
        assert [one["count"] for one in state["exclusions"]] == [1, 1]
        assert "running work leaves them out" in state["said"]
        sight = await working.on(lambda one: one.look())
        assert not sight.shows("Private/Diary.md")

    await desk.carry_out(Meanwhile(exclude), SilentFront())
    hidden = ("Private/Diary", "Diary.md", "confidant", "Dear diary", "Aunt", 'kin"')
    for route in application().routes:
        if (
            not isinstance(route, APIRoute)
            or "{" in route.path
            or "GET" not in (route.methods or ())
        ):
            continue
        if route.path.startswith(("/settings", "/api/settings")):
            continue
        body = (await ask(site, "GET", route.path)).body.decode()
        assert [one for one in hidden if one in body] == [], route.path
    assert b"Private/Diary.md" in (await ask(site, "GET", "/settings")).body
    state = await told(site, "PUT", "/api/settings", {"include": ["Private", "Family"]})
    assert state["exclusions"] == []
    assert text_of(config) == FILE.replace('exclude = ["Family"]\n', "")


# -- the key --------------------------------------------------------------------------------------


async def test_a_key_goes_into_the_keyring_and_into_no_answer(
    desk: Desk,
    site: ASGIApp,
    config: Path,
    memory_keyring: MemoryKeyring,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither as JSON, nor in the page, the config file or what the server prints."""
    answers = [await ask(site, "PUT", "/api/settings/key", {"key": KEY})]
    assert json.loads(answers[0].body)["key"] == "in the keyring"
    assert list(memory_keyring.kept.values()) == [KEY]
    answers += [await ask(site, "GET", path) for path in ("/settings", "/api/settings")]
    answers.append(await ask(site, "DELETE", "/api/settings/key"))
    assert json.loads(answers[-1].body)["key"] == "not set"
    assert memory_keyring.kept == {}
    assert all(one.status == 200 for one in answers)
    told_anywhere = b"".join(one.body for one in answers).decode() + text_of(config)
    assert KEY not in told_anywhere + "".join(capfd.readouterr()) + repr(desk.settings)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"key": f"{KEY} {KEY}"}, 400),
        ({"key": KEY * 200}, 422),
        ({"key": [KEY]}, 422),
        ({"key": KEY, "more": KEY}, 422),
        ([KEY], 422),
    ],
)
async def test_what_is_no_key_is_not_repeated(
    site: ASGIApp, memory_keyring: MemoryKeyring, body: object, status: int
) -> None:
    """A slip in the form or the value leaves no trace of it in the answer."""
    answer = await ask(site, "PUT", "/api/settings/key", body)
    assert answer.status == status
    assert KEY.encode() not in answer.body
    assert memory_keyring.kept == {}


async def test_a_locked_keyring_is_told(site: ASGIApp, memory_keyring: MemoryKeyring) -> None:
    """In words that say what to do."""
    memory_keyring.locked = True
    answer = await ask(site, "PUT", "/api/settings/key", {"key": KEY})
    assert answer.status == 400
    assert b"unlock it" in answer.body


async def test_a_key_of_the_environment_or_the_file_is_never_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where it comes from."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    write(config, f'{FILE}embedding_key = "{KEY}"\n')
    desk = await opened(config, None)
    try:
        site = create_site(desk)
        answers = [await ask(site, "GET", path) for path in ("/settings", "/api/settings")]
        assert json.loads(answers[1].body)["key"] == "set in the environment ANTHROPIC_API_KEY"
        assert not any(b"sk-ant" in one.body for one in answers)
    finally:
        await desk.aclose()


async def test_given_settings_stay_in_force_without_a_file_to_follow(
    tmp_path: Path, config: Path
) -> None:
    """A server that was given its settings keeps them; exclusions are taken up all the same."""
    vault = write_notes(tmp_path / "vault", NOTES)
    settings = Settings(home=tmp_path / "home", provider="offline", config=config)
    desk = await Desk.open(vault, settings)
    try:
        state = {"values": {"concurrency": "3"}, "exclude": ["Soil"]}
        await told(create_site(desk), "PUT", "/api/settings", state)
        assert desk.settings is settings
        assert desk.mill is not None
        assert not (await desk.mill.on(lambda one: one.look())).shows("Soil.md")
    finally:
        await desk.aclose()
