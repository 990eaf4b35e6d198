"""Settings through the door: what is in force and why, and changes that hold from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notemill.app.configuring import Configuring
from notemill.app.views.settings import configuration
from notemill.config import check_settings, load_exclusions, load_properties
from notemill.errors import UsageError
from notemill.properties import ALL, Property
from tests.keyrings import MemoryKeyring, keyring_in_memory
from twolane import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = "sk-ant-secret-0123456789"
FILE = """\
# of mine
model = "small"  # cheap
[notemill]
exclude = [
    "Private", # family
    "#secret",
]
"""


@pytest.fixture
def memory_keyring(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """Return the keyring of this computer, in memory."""
    return keyring_in_memory(monkeypatch)


def configuring(
    tmp_path: Path, environment: Mapping[str, str] | None = None, **given: str
) -> Configuring:
    """Return the settings over a file of its own."""
    path = tmp_path / "config.toml"
    if not path.exists():
        path.write_text(FILE)
    return Configuring({"config": path, "home": tmp_path / "home", **given}, environment or {})


def text_of(tmp_path: Path) -> str:
    """Return what the file says."""
    return (tmp_path / "config.toml").read_text()


def test_each_setting_tells_what_the_file_says_and_what_stands_above_it(tmp_path: Path) -> None:
    """A variable or a flag wins, and is named; the file's own value is told beside it."""
    found = configuring(tmp_path, {"TWOLANE_MODEL": "named"}, month_budget="5").now()
    model, budget = found.settings["model"], found.settings["month_budget"]
    assert (model.value, model.source, model.filed) == ("named", "TWOLANE_MODEL", "small")
    assert model.overrides == "TWOLANE_MODEL"
    assert (budget.value, budget.overrides, budget.filed) == ("5", "--month-budget", None)
    assert found.settings["poll_s"].overrides == ""
    assert found.settings["provider"].value == "offline"
    assert found.exclusions == (("Private", "config file"), ("#secret", "config file"))
    assert (found.locked, found.key) == ("", "not set")


def test_a_change_is_in_force_and_touches_its_line_alone(tmp_path: Path) -> None:
    """Several at once; numbers are numbers in the file; None takes a line out."""
    settings = configuring(tmp_path)
    found = settings.change(
        {"model": "big", "run_budget": "2.50", "concurrency": "4", "proposals": "apply"}
    )
    assert found.settings["run_budget"].value == "2.5"
    assert settings.settings().run_cap_nano == 2_500_000_000
    lines = 'model = "big"  # cheap\nrun_budget = 2.50\nconcurrency = 4\n'
    expected = FILE.replace('model = "small"  # cheap\n', lines) + 'proposals = "apply"\n'
    assert text_of(tmp_path) == expected
    settings.change(dict.fromkeys(("run_budget", "concurrency", "proposals")))
    assert text_of(tmp_path) == FILE.replace("small", "big")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("provider", "nobody", "one of anthropic, local, offline"),
        ("month_budget", "-1", "an amount in dollars"),
        ("run_budget", "0", "above 0"),
        ("concurrency", "many", "a whole number"),
        ("proposals", "never", "review or apply"),
        ("properties", "", "one or more of description, tags, topics, related"),
        ("properties", "tags, summary", "separated by commas"),
        ("properties", "Tags", "separated by commas"),
        ("base_url", "https://me:pw@example.com", "cannot be that"),
        ("modle", "x", "did you mean model"),
        ("api_key", KEY, "config key set"),
        ("embedding_key", KEY, "its environment variable"),
        ("exclude", "Private", "config exclude"),
        ("key_from", "keyring", "config key set"),
        ("config", "x.toml", "there is no setting"),
    ],
)
def test_what_is_not_allowed_is_refused_and_nothing_is_changed(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    """Also not the other values of the same change; a key is not in the refusal."""
    with pytest.raises(UsageError, match=said) as refused:
        configuring(tmp_path).change({"model": "big", name: value})
    assert KEY not in str(refused.value)
    assert text_of(tmp_path) == FILE


def test_properties_are_chosen_by_the_file_and_above_it_by_the_environment(tmp_path: Path) -> None:
    """In one order, however they are listed; without either, all of them are used."""
    settings, path = configuring(tmp_path), tmp_path / "config.toml"
    found = settings.now().settings["properties"]
    assert (found.value, found.source) == ("description, tags, topics, related", "default")
    assert load_properties({}, config=path) == ALL
    found = settings.change({"properties": "tags,description , tags"}).settings["properties"]
    assert (found.value, found.filed) == ("description, tags", "description, tags")
    assert text_of(tmp_path) == f'{FILE}properties = "description, tags"\n'
    assert load_properties({}, config=path) == {Property.DESCRIPTION, Property.TAGS}
    above = {"NOTEMILL_PROPERTIES": "related"}
    found = configuring(tmp_path, above).now().settings["properties"]
    assert (found.value, found.overrides) == ("related", "NOTEMILL_PROPERTIES")
    assert load_properties(above, config=path) == {Property.RELATED}
    assert settings.change({"properties": None}).settings["properties"].source == "default"
    assert text_of(tmp_path) == FILE


@pytest.mark.parametrize("said", ['""', '"tags, tag"', '["tags"]', "4"])
def test_properties_that_cannot_be_stop_every_command(tmp_path: Path, said: str) -> None:
    """A slip must not make notemill write what it was told not to."""
    (tmp_path / "config.toml").write_text(f"[notemill]\nproperties = {said}\n")
    with pytest.raises(UsageError, match="a text with one or more of description, tags"):
        check_settings(tmp_path / "config.toml", {})


def test_a_file_that_cannot_be_used_is_told_first(tmp_path: Path) -> None:
    """What has to be mended is the file, whatever was to be changed."""
    (tmp_path / "config.toml").write_text("modle = 1\n")
    settings = configuring(tmp_path)
    with pytest.raises(ConfigError, match="did you mean 'model'"):
        settings.now()
    with pytest.raises(ConfigError, match="did you mean 'model'"):
        settings.change({"x": "y"})
    with pytest.raises(ConfigError, match="did you mean 'model'"):
        settings.exclude(["a"])


# -- exclusions -----------------------------------------------------------------------------------


def test_exclusions_are_added_and_removed_one_by_one(tmp_path: Path) -> None:
    """So nobody's page that is old takes away what another has added."""
    old, new = configuring(tmp_path), configuring(tmp_path)
    old.now()
    new.exclude(["Work/*"])
    found = old.exclude([" Diary "], ["Private"])
    assert [entry for entry, _ in found.exclusions] == ["#secret", "Work/*", "Diary"]
    assert '    "#secret",\n    "Work/*",\n    "Diary",\n' in text_of(tmp_path)
    assert load_exclusions((), {}, config=tmp_path / "config.toml").patterns == ("Work/*", "Diary")
    assert old.exclude(["Diary"]).exclusions == found.exclusions


def test_the_last_exclusion_leaves_no_empty_list(tmp_path: Path) -> None:
    """The rest of the file is as it was."""
    found = configuring(tmp_path).exclude((), ["Private", "#secret"])
    assert found.exclusions == ()
    assert text_of(tmp_path) == '# of mine\nmodel = "small"  # cheap\n[notemill]\n'


@pytest.mark.parametrize(
    ("add", "remove", "said"),
    [
        (["/"], [], "names nothing"),
        (["#\x1f"], [], "names nothing"),
        (["x" * 1_001], [], "shorten it"),
        (["a"] * 1 + [f"n{n}" for n in range(1_000)], [], "at most 1,000"),
        ([], ["private"], "did you mean 'Private'"),
        ([], ["Diary"], "excluded by NOTEMILL_EXCLUDE"),
    ],
)
def test_an_exclusion_that_cannot_be_is_refused(
    tmp_path: Path, add: list[str], remove: list[str], said: str
) -> None:
    """Nothing is excluded by half, and nothing is let in by a slip."""
    with pytest.raises(UsageError, match=said):
        configuring(tmp_path, {"NOTEMILL_EXCLUDE": "Diary"}).exclude(add, remove)
    assert text_of(tmp_path) == FILE


# -- the key --------------------------------------------------------------------------------------


def test_a_key_is_kept_in_the_keyring_and_used_from_there(
    tmp_path: Path, memory_keyring: MemoryKeyring
) -> None:
    """The file only says where it is; forgetting it leaves nothing of either."""
    settings = configuring(tmp_path)
    found = settings.keep_key(f" {KEY}\n")
    assert found.key == "in the keyring"
    assert found.settings["provider"].value == "anthropic"
    assert list(memory_keyring.kept.values()) == [KEY]
    assert 'key_from = "keyring"' in text_of(tmp_path)
    assert KEY not in text_of(tmp_path)
    assert KEY not in repr(found)
    assert settings.forget_key().key == "not set"
    assert memory_keyring.kept == {}
    assert text_of(tmp_path) == FILE


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_a_key_of_the_environment_is_named_by_its_variable(tmp_path: Path, name: str) -> None:
    """And by nothing else: no character of it is in what any front gets."""
    found = configuring(tmp_path, {name: KEY}).now()
    assert found.key == f"set in the environment {name}"
    assert "sk-" not in repr(found) + repr(configuration(found))


def test_a_key_in_the_file_is_not_shown(tmp_path: Path) -> None:
    """Neither as what is in force nor as what the file says."""
    (tmp_path / "config.toml").write_text(f'api_key = "{KEY}"\n')
    found = configuring(tmp_path).now()
    assert found.key == "set in the config file"
    assert "sk-" not in repr(found) + repr(configuration(found))


@pytest.mark.parametrize("key", ["", "a b", "x" * 5_000, "kéy"])
def test_what_is_no_key_is_not_kept(
    tmp_path: Path, memory_keyring: MemoryKeyring, key: str
) -> None:
    """And not repeated."""
    with pytest.raises(UsageError, match="no API key"):
        configuring(tmp_path).keep_key(key)
    assert memory_keyring.kept == {}


def test_a_key_that_nothing_would_use_is_not_kept(
    tmp_path: Path, memory_keyring: MemoryKeyring
) -> None:
    """A config file that cannot say where the key is leaves the keyring as it was."""
    settings = configuring(tmp_path)
    (tmp_path / "config.toml").chmod(0o444)
    with pytest.raises(ConfigError, match="read-only"):
        settings.keep_key(KEY)
    assert memory_keyring.kept == {}
