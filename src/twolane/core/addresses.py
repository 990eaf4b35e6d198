"""Addresses of services: which are local to this machine, and the root of each."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_ENDPOINT_PATHS: Final = ("/chat/completions", "/messages", "/v1", "/api")
_API_PATHS: Final = ("/v1/messages/batches", "/v1/messages", "/v1")
_LOOPBACK = re.compile(r"localhost|::1|0\.0\.0\.0|127(?:\.\d{1,3}){3}")


def root_of(url: str) -> str:
    """Return the base address of a local server's endpoints.

    Most programs ask for `…/v1`, some for the whole path; a bare `host:port` means http.
    """
    root = url.strip().rstrip("/")
    if "//" not in root:
        root = f"http://{root}"
    for path in _ENDPOINT_PATHS:
        root = root.removesuffix(path).rstrip("/")
    return root


def problem_of(url: str) -> str | None:
    """Return why an address cannot be the API's root, and what to do; None if it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"it cannot be read ({error}); write it as in https://api.anthropic.com"
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "it has a space in it; write it as in https://api.anthropic.com"
    if parts.scheme not in ("http", "https"):
        return "it must begin with https:// (or http://)"
    if not host:
        return "it names no host; write it as in https://api.anthropic.com"
    if parts.query or parts.fragment:
        return "leave off what follows its path"
    path = parts.path.rstrip("/")
    for end in _API_PATHS:
        if path.endswith(end):
            root = url.rstrip("/").removesuffix(end)
            return f"leave {end} off, it is added here: {root}"
    return None


def is_here(url: str) -> bool:
    """Tell whether an address is local, so that what is sent there stays on this machine."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return _LOOPBACK.fullmatch(host) is not None


def is_proxy(url: str) -> bool:
    """Tell whether an address can be a proxy's: http or https, a host, only visible characters."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    shows = url.isascii() and url.isprintable() and " " not in url
    return shows and parts.scheme in ("http", "https") and bool(host)
