"""Addresses of services: which are this machine's own, and what of one is its root."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_ENDPOINT_PATHS: Final = ("/chat/completions", "/messages", "/v1", "/api")
_LOOPBACK = re.compile(r"localhost|::1|0\.0\.0\.0|127(?:\.\d{1,3}){3}")


def root_of(url: str) -> str:
    """Return the address below which a local server's endpoints lie.

    Most programs want `…/v1` as its address, some the whole path; a bare `host:port` is http.
    """
    root = url.strip().rstrip("/")
    if "//" not in root:
        root = f"http://{root}"
    for path in _ENDPOINT_PATHS:
        root = root.removesuffix(path).rstrip("/")
    return root


def is_here(url: str) -> bool:
    """Tell whether an address is this machine's own: what is sent there does not leave it."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return _LOOPBACK.fullmatch(host) is not None
