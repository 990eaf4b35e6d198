"""Settings in a real browser: changed and saved, patterns while they are typed, the key."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.keyrings import MemoryKeyring, keyring_in_memory
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.notemill.web.conftest import Serve, Visit

pytestmark = pytest.mark.loopback

KEY = "sk-ant-typed-into-a-page-0123456789"
FILE = '# mine\nprovider = "offline"\n\n[notemill]\nexclude = ["Family"] # all\n'
NOTES = {
    "Private/<b>Diary</b>.md": "Dear diary.\n",
    "Family/Aunt.md": "Aunt has compost.\n",
    "Soil.md": "Garden soil and worms.\n",
}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config file, and nothing else that says anything."""
    for name in os.environ:
        if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
            monkeypatch.delenv(name)
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def page(config: Path, tmp_path: Path, serve: Serve, visit: Visit) -> Page:
    """The settings of a vault, open in a browser."""
    settings = Settings(home=tmp_path / "home", provider="offline", config=config)
    served = serve(write_notes(tmp_path / "vault", NOTES), settings=settings)
    return visit(served, "/settings")


def test_a_setting_is_changed_and_stays(page: Page, config: Path) -> None:
    """By keyboard: what is not saved yet is said, Enter saves it, a reload shows it."""
    budget = page.get_by_label("Per month, $")
    budget.fill("12.50")
    form = page.locator("form", has=budget)
    expect(form).to_contain_text("Not saved yet")
    budget.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved. Work that begins")).to_be_visible()
    expect(form).not_to_contain_text("Not saved yet")
    expect(form).to_contain_text("from the config file")
    assert config.read_text() == FILE.replace('"offline"\n', '"offline"\nmonth_budget = 12.50\n')
    page.reload()
    expect(budget).to_have_value("12.5")
    page.get_by_label("Additions are written at once").check()
    page.locator("form", has_text="What becomes of proposals").get_by_role("button").click()
    expect(page.get_by_role("status").filter(has_text="Saved.").last).to_be_visible()
    assert 'proposals = "apply"' in config.read_text()


def test_properties_are_ticked_by_keyboard_and_one_always_stays(page: Page, config: Path) -> None:
    """It says why the last one cannot be unticked; what a terminal changes is shown."""
    boxes = {
        name: page.get_by_role("checkbox", name=name) for name in ("tags", "topics", "related")
    }
    last = page.get_by_role("checkbox", name="description")
    form = page.locator("form", has=last)
    for one in boxes.values():
        one.press("Space")
        expect(one).not_to_be_checked()
    last.press("Space")
    expect(last).to_be_checked()
    expect(page.get_by_role("status").filter(has_text="description stays: at")).to_be_visible()
    expect(form).to_contain_text("Not saved yet")
    last.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(form).not_to_contain_text("Not saved yet")
    assert config.read_text() == f'{FILE}properties = "description"\n'
    page.reload()
    expect(last).to_be_checked()
    expect(boxes["tags"]).not_to_be_checked()
    config.write_text(f'{FILE}properties = "tags, related"\n')
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(boxes["tags"]).to_be_checked()
    expect(last).not_to_be_checked()
    expect(form).not_to_contain_text("Not saved yet")


def test_what_is_no_amount_is_not_sent(page: Page, config: Path) -> None:
    """The field says so, and keeps what was typed for its correction."""
    budget = page.get_by_label("Per run, $")
    budget.fill("a lot")
    budget.press("Enter")
    assert budget.evaluate("field => field.validity.patternMismatch")
    expect(budget).to_have_value("a lot")
    budget.fill(".5")
    budget.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert config.read_text() == FILE.replace('"offline"\n', '"offline"\nrun_budget = 0.5\n')


def test_a_file_that_is_locked_meanwhile_is_told(page: Page, config: Path) -> None:
    """Nothing looks saved that is not: the page says why, once it is looked at."""
    config.chmod(0o444)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-locked]")).to_contain_text("config.toml is read-only: settings")
    expect(page.get_by_label("Per run, $")).to_be_disabled()
    expect(page.get_by_role("button", name="Exclude", exact=True)).to_be_disabled()


def test_a_pattern_shows_its_notes_while_it_is_typed(page: Page, config: Path) -> None:
    """Then it is excluded with Enter, and let in again; each pattern shows its notes."""
    pattern, matches = page.locator("#pattern"), page.locator("#matches")
    pattern.press_sequentially("Privat")
    expect(matches).to_contain_text("did you mean Private?")
    pattern.press_sequentially("e")
    expect(matches).to_contain_text("Matches 1 note")
    expect(matches).to_contain_text("Private/<b>Diary</b>.md")
    pattern.fill("private")
    expect(matches).to_contain_text("written differently in the vault")
    pattern.press("Enter")
    row = page.locator("details", has_text="private")
    expect(row).to_contain_text("1 note")
    expect(pattern).to_have_value("")
    expect(matches).to_be_empty()
    assert config.read_text() == FILE.replace('"Family"', '"Family", "private"')
    row.locator("summary").press("Enter")
    expect(row.get_by_text("Private/<b>Diary</b>.md")).to_be_visible()
    page.get_by_role("button", name="Do not exclude private any longer").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)


def test_a_key_is_typed_and_shown_nowhere(
    page: Page, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The field is emptied; page and file say where the key is."""
    memory: MemoryKeyring = keyring_in_memory(monkeypatch)
    field = page.get_by_label("New key for the system keyring")
    assert field.get_attribute("type") == "password"
    field.fill(KEY)
    page.get_by_role("button", name="Keep in the keyring").click()
    expect(page.locator("[data-key-standing]")).to_have_text("in the keyring")
    expect(field).to_have_value("")
    assert list(memory.kept.values()) == [KEY]
    assert KEY not in page.content() + config.read_text()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.locator("[data-key-standing]")).to_have_text("not set")


def test_what_a_terminal_changes_is_shown_when_the_page_is_looked_at(
    page: Page, config: Path
) -> None:
    """Without a reload, and without taking away what is being typed."""
    page.get_by_label("Model", exact=True).fill("half-typed")
    config.write_text(FILE.replace('"Family"', '"Soil"') + 'proposals = "apply"\n')
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("details", has_text="Soil")).to_have_count(1)
    expect(page.get_by_label("Additions are written at once")).to_be_checked()
    expect(page.get_by_label("Model", exact=True)).to_have_value("half-typed")


def test_without_script_it_is_read_and_offers_no_button(
    config: Path, tmp_path: Path, serve: Serve, visit: Visit
) -> None:
    """It says how settings are changed in a terminal."""
    settings = Settings(home=tmp_path / "home", provider="offline", config=config)
    served = serve(write_notes(tmp_path / "vault", NOTES), settings=settings)
    page = visit(served, "/settings", java_script_enabled=False)
    expect(page.get_by_label("No model")).to_be_checked()
    page.locator("details", has_text="Family").locator("summary").click()
    expect(page.get_by_text("Family/Aunt.md")).to_be_visible()
    expect(page.get_by_text("notemill config set NAME VALUE").first).to_be_visible()
    for button in page.locator("main button").all():
        expect(button).to_be_hidden()


def test_nothing_is_cut_on_a_small_screen(
    config: Path, tmp_path: Path, serve: Serve, visit: Visit
) -> None:
    """At 400 px the page does not scroll sideways."""
    settings = Settings(home=tmp_path / "home", provider="offline", config=config)
    served = serve(write_notes(tmp_path / "vault", NOTES), settings=settings)
    page = visit(served, "/settings", viewport={"width": 400, "height": 800})
    expect(page.get_by_role("heading", name=re.compile("Excluded notes"))).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 400
