"""Which addresses can be the root of the API."""

from __future__ import annotations

import pytest

from twolane.core.addresses import problem_of


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com",
        "http://127.0.0.1:8765",
        "http://[::1]:8765",
        "https://gateway.example/anthropic",
        "https://gateway.example/v1beta/",
        "https://user:word@gateway.example",
    ],
)
def test_a_root_is_taken(url: str) -> None:
    """Hosts, ports and the paths of gateways are all right."""
    assert problem_of(url) is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("api.anthropic.com", "must begin with https://"),
        ("localhost:8765", "must begin with https://"),
        ("ftp://api.anthropic.com", "must begin with https://"),
        ("https://", "names no host"),
        ("https://api.anthropic.com ", "a space"),
        ("https://api anthropic.com", "a space"),
        ("https://api.anthropic.com\n", "a space"),
        ("http://[::1", "cannot be read"),
        ("http://host:99999", "cannot be read"),
        ("http://host:port", "cannot be read"),
        ("https://api.anthropic.com/?key=1", "leave off what follows its path"),
        (
            "https://api.anthropic.com/v1",
            "leave /v1 off, it is added here: https://api.anthropic.com",
        ),
        ("https://gw.example/anthropic/v1/", "it is added here: https://gw.example/anthropic"),
        ("https://api.anthropic.com/v1/messages", "it is added here: https://api.anthropic.com"),
    ],
)
def test_what_is_no_root_is_told_with_what_to_do(url: str, told: str) -> None:
    """Each mistake has its own words, before anything is sent."""
    assert told in (problem_of(url) or "")
