"""A browser is opened where there is one with windows, and never in the terminal."""

from __future__ import annotations

import pytest

from notemill.web.browser import has_windows


@pytest.mark.parametrize(
    ("platform", "environment", "opens"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "firefox"}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
        ("linux", {"DISPLAY": ":0", "BROWSER": "firefox"}, True),
        ("linux", {"DISPLAY": ":0", "BROWSER": "lynx"}, False),
        ("linux", {"DISPLAY": ":0", "BROWSER": "firefox:/usr/bin/w3m %s"}, False),
        ("darwin", {"BROWSER": "/usr/local/bin/elinks"}, False),
        ("linux", {"DISPLAY": ":0", "BROWSER": "www-browser"}, False),
    ],
)
def test_a_text_browser_is_never_opened(
    platform: str, environment: dict[str, str], *, opens: bool
) -> None:
    """Without a display, or where a text browser is named, the link is only printed."""
    assert has_windows(platform, environment) is opens
