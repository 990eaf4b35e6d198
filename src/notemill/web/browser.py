"""Opens the dashboard in a person's browser, where there is one with windows."""

from __future__ import annotations

import os
import subprocess
import sys
from html import escape
from typing import TYPE_CHECKING, Final

from twolane import private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "open.html"
TEXT_BROWSERS: Final = frozenset(
    ("browsh", "edbrowse", "elinks", "links", "links2", "lynx", "w3m", "www-browser")
)
"""Programs that would take the terminal: `BROWSER` may name one, and then none is opened."""

_OPEN: Final = "import sys, webbrowser; webbrowser.get().open(sys.argv[1])"
"""Not `webbrowser.open`: that starts the next browser as well where one hands over and ends."""


def has_windows(platform: str, environment: Mapping[str, str]) -> bool:
    """Return whether a browser with windows can be opened here."""
    named = environment.get("BROWSER", "").split(os.pathsep)
    words = [one.split() for one in named if one.strip()]
    if any(os.path.basename(one[0]) in TEXT_BROWSERS for one in words):  # noqa: PTH119  # no path
        return False
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_link(link: str, folder: Path) -> None:
    """Open a link in the browser, if there is one; a browser that cannot be started is no error.

    The command line of a process can be seen by everybody, so it names a file in `folder` that only
    its owner may read, which leads to the link. It has no terminal: no text browser can take one.
    """
    if not has_windows(sys.platform, os.environ):
        return
    try:
        file = leading_file(link, folder)
        # `-I`: a file of that name in the folder where the command was typed is not taken for it.
        subprocess.Popen(  # noqa: S603  # the interpreter itself, and a path of ours
            [sys.executable, "-I", "-c", _OPEN, file.as_uri()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return


def leading_file(link: str, folder: Path) -> Path:
    """Write the file that leads a browser to a link. Raises OSError."""
    file = folder / FILE
    text = (
        '<!doctype html><meta charset="utf-8"><title>notemill</title>'
        f'<meta http-equiv="refresh" content="0;url={escape(link)}">'
        f'<p><a href="{escape(link)}">Open the dashboard</a></p>'
    )
    private.write(file, text.encode())
    return file


def forget_link(folder: Path) -> None:
    """Remove the file that led to a link. Raises OSError."""
    (folder / FILE).unlink(missing_ok=True)
