"""What every test runs under: no network, and processes and servers only where marked.

The rules are kept by an audit hook, which sees what libraries do as well. A refused call raises
PermissionError at the place of the call.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost", "", None})
LOOKS_FURTHER = frozenset({"socket.connect", "socket.sendto"})
# Windows makes an event loop's own wake-up socket by binding on loopback.
NEEDS_MARK = {"subprocess.Popen"} | (set() if sys.platform == "win32" else {"socket.bind"})

# Time is not what properties are about: a busy machine is no failure.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

# Nobody's own keyring is read or changed.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

_unmarked: list[str] = []


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if event in LOOKS_FURTHER and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0].decode() if isinstance(args[0], bytes) else args[0]
    elif event in NEEDS_MARK and _unmarked and not _is_local_file(event, args):
        message = f"{event} in {_unmarked[-1]}: mark the test `loopback`"
        raise PermissionError(errno.EACCES, message)
    else:
        return
    if host not in LOOPBACK_HOSTS:
        raise PermissionError(errno.EACCES, f"a test may not reach {host}")


def _is_local_file(event: str, args: tuple[Any, ...]) -> bool:
    """Say whether a bind names a path, as a Unix socket's does, and not a host and a port."""
    return event == "socket.bind" and not isinstance(args[1], tuple)


sys.addaudithook(_guard)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while thousands of tests are collected, nor in them afterwards."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(autouse=True)
def _loopback_only_where_marked(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("loopback") is not None:
        yield
        return
    _unmarked.append(request.node.nodeid)
    try:
        yield
    finally:
        _unmarked.pop()
