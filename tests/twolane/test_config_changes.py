"""Changes of the config file: whole or not at all, private, and never another's undone."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from twolane import ConfigError, change_config, load_settings, why_not_changeable

MODEL = ("twolane", "model")
is_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


def changed(path: Path, text: str, value: str | None = "big") -> str:
    """Return what a file is after its model was changed."""
    path.write_bytes(text.encode())
    change_config({MODEL: value}, config=path, environment={})
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("poll_s = 5\n", 'poll_s = 5\nmodel = "big"\n'),
        ("model = 'small' # x\n", 'model = "big" # x\n'),
        ("[twolane]\npoll_s = 5\n", '[twolane]\npoll_s = 5\nmodel = "big"\n'),
        ("poll_s = 5\n[twolane]\n", 'poll_s = 5\n[twolane]\nmodel = "big"\n'),
        (
            "[notemill]\nexclude = ['x']",
            "[notemill]\nexclude = ['x']\n\n[twolane]\nmodel = \"big\"\n",
        ),
        ("\ufeffmodel = 'small'\r\n", '\ufeffmodel = "big"\r\n'),
    ],
)
def test_a_setting_goes_where_its_like_are(tmp_path: Path, before: str, after: str) -> None:
    """Above all sections or in the engine's own, as the file has it; a byte order mark stays."""
    path = tmp_path / "config.toml"
    assert changed(path, before) == after
    assert load_settings({"config": path}, {}).model == "big"


@is_posix
def test_a_file_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one, in a new folder, and one that others could read before."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = change_config({MODEL: "big"}, environment=os.environ)
    assert path.is_relative_to(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    change_config({MODEL: "small"}, environment=os.environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@is_posix
def test_a_link_stays_one(tmp_path: Path) -> None:
    """A file that is kept elsewhere, as with dotfiles, is changed there."""
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text("poll_s = 5\n")
    link.symlink_to(real)
    change_config({MODEL: "big"}, config=link, environment={})
    assert link.is_symlink()
    assert real.read_text() == 'poll_s = 5\nmodel = "big"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [("model = \n", "cannot be read"), ("modle = 'x'\n", "did you mean 'model'"), ("x\0", "read")],
)
def test_a_faulty_file_is_left_to_its_owner(tmp_path: Path, text: str, said: str) -> None:
    """What cannot be read is not rewritten."""
    path = tmp_path / "config.toml"
    with pytest.raises(ConfigError, match=said):
        changed(path, text)
    assert path.read_text() == text


@is_posix
def test_a_read_only_file_is_not_changed(tmp_path: Path) -> None:
    """Neither by replacing it, though its folder would allow that."""
    path = tmp_path / "config.toml"
    path.write_text("poll_s = 5\n")
    path.chmod(0o444)
    assert "read-only" in why_not_changeable(path)
    with pytest.raises(ConfigError, match="read-only"):
        change_config({MODEL: "big"}, config=path, environment={})
    assert path.read_text() == "poll_s = 5\n"


@is_posix
def test_the_null_device_is_not_replaced(tmp_path: Path) -> None:
    """It is named where nothing is to be configured; nothing is kept there."""
    link = tmp_path / "config.toml"
    link.symlink_to(os.devnull)
    with pytest.raises(ConfigError, match="no ordinary file"):
        change_config({MODEL: "big"}, config=link, environment={})
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_value_that_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    """Half a character would make the file unreadable."""
    path = tmp_path / "config.toml"
    with pytest.raises(ConfigError, match="half a character"):
        changed(path, "poll_s = 5\n", "a\ud800")
    assert path.read_text() == "poll_s = 5\n"


def test_what_a_stopped_command_left_is_named(tmp_path: Path) -> None:
    """Nobody waits for ever: the lock is named, and what to do about it."""
    path = tmp_path / "config.toml"
    path.write_text("poll_s = 5\n")
    (tmp_path / ".config.toml.lock").touch()
    with pytest.raises(ConfigError, match=r"delete .*\.config\.toml\.lock"):
        change_config({MODEL: "big"}, config=path, environment={}, wait_s=0)
    assert path.read_text() == "poll_s = 5\n"


def test_changes_at_once_are_all_kept(tmp_path: Path) -> None:
    """Each reads what the one before it has written."""
    path = tmp_path / "config.toml"
    path.write_text("")
    names = ["concurrency", "batch_size", "keep_days", "poll_s", "month_budget", "run_budget"]

    def change(name: str) -> None:
        change_config({("twolane", name): 7}, config=path, environment={})

    threads = [threading.Thread(target=change, args=(name,)) for name in names]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(path.read_text().split()[::3]) == sorted(names)
