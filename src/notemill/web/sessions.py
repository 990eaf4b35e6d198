"""Who may see the dashboard: tokens that are valid once, and the sessions that they open.

Both are drawn from `secrets` and kept as digests only: a file for each, named by the digest, in a
folder of the served vault and port that only its owner may read. So a token can come from another
process of the same person (`notemill serve --url`), whoever removes its file has used it up, and a
session outlives a restart of the server.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from filelock import Timeout

from notemill.errors import UsageError
from notemill.vault.state_files import state_folder
from twolane import private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOOPBACK: Final = "127.0.0.1"
LOOPBACK_HOSTS: Final = frozenset({LOOPBACK, "localhost", "::1"})
MOST_SESSIONS: Final = 32
"""The most sessions of one server: the oldest one ends when another begins."""
MOST_TOKENS: Final = 32
SESSION_S: Final = 30 * 24 * 3_600
TOKEN_S: Final = 24 * 3_600
SECRET_BYTES: Final = 32
MAX_SECRET_CHARS: Final = 64
"""Longer than any secret of ours; longer ones are not even hashed."""

_DASHBOARDS: Final = "dashboard"
_RUNS_ALONE: Final = "runs"
"""In place of a vault's name, where a server shows the ledger's runs alone."""
_LOCK: Final = "lock"
"""Held by a server while it runs."""
_HOST: Final = "host"
"""Holds the address that the server listens at."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Sessions:
    """The sessions of one server, bound to its vault and port."""

    def __init__(
        self, folder: Path, port: int, hosts: frozenset[str], clock: Callable[[], float]
    ) -> None:
        """Take the folder that holds them; `open` is the usual way."""
        self.port = port
        self.hosts = hosts
        self.folder = folder
        self._clock = clock
        self._running = private.lock(folder / _LOCK, thread_local=False)
        self._began: dict[str, float] = {}  # sessions, by their digests

    @classmethod
    def open(
        cls,
        home: Path,
        vault: Path | None,
        port: int,
        *,
        host: str = LOOPBACK,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open the sessions of the server of a vault at a port; `vault` None shows runs alone.

        `host` is the address that the server listens at, and besides the loopback ones the only
        name that it answers to. Raises UsageError if such a server is running, StateFolderError,
        OSError.
        """
        hosts = LOOPBACK_HOSTS if host in LOOPBACK_HOSTS else frozenset({host})
        folder = home / _DASHBOARDS / _name(home, vault) / str(port)
        for part in (folder.parent.parent, folder.parent, folder, *_parts(folder)):
            private.folder(part)
        found = cls(folder, port, hosts, clock)
        try:
            found._running.acquire()
        except Timeout:
            raise UsageError(
                f"this is being served at port {port} already; `notemill serve --url` prints a link"
            ) from None
        private.write(folder / _HOST, host.encode("ascii"))
        for file in _aged(_tokens(folder)):
            file.unlink(missing_ok=True)
        found._look()
        return found

    def close(self) -> None:
        """End the server's claim to its port; sessions stay, tokens go. Raises OSError."""
        for file in _aged(_tokens(self.folder)):
            file.unlink(missing_ok=True)
        self._running.release()

    @property
    def cookie(self) -> str:
        """The name of the cookie, with the port: cookies are shared by all ports of a host."""
        return f"notemill_{self.port}"

    def token(self) -> str:
        """Return a new token that opens one session. Raises OSError."""
        return _drawn(_tokens(self.folder), MOST_TOKENS)

    def enter(self, token: str) -> str | None:
        """Use up a token, and return the secret of a new session; None if it is not valid.

        Raises OSError.
        """
        if not 0 < len(token) <= MAX_SECRET_CHARS:
            return None
        file = _tokens(self.folder) / _digest(token)
        try:
            made_at = file.stat().st_mtime
            file.unlink()  # of several who try, one succeeds
        except OSError:
            return None
        if self._clock() - made_at > TOKEN_S:
            return None
        secret = _drawn(_sessions(self.folder), MOST_SESSIONS)
        self._look()
        return secret

    def knows(self, secret: str) -> bool:
        """Return whether a secret is that of a session in force."""
        if not 0 < len(secret) <= MAX_SECRET_CHARS:
            return False
        digest, oldest = _digest(secret), self._clock() - SESSION_S
        # All are compared: how long it takes tells nothing of any.
        same = [
            hmac.compare_digest(digest, one) and began_at >= oldest
            for one, began_at in self._began.items()
        ]
        return any(same)

    def _look(self) -> None:
        """Read which sessions there are, and remove the files of old ones. Raises OSError."""
        oldest = self._clock() - SESSION_S
        self._began = {}
        for file in _aged(_sessions(self.folder)):
            if (began_at := file.stat().st_mtime) >= oldest:
                self._began[file.name] = began_at
            else:
                file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is running, in this process or in another one of the same person."""

    host: str
    port: int
    folder: Path

    def link(self) -> str:
        """Return a new link, which opens one session. Raises OSError."""
        return link(self.host, self.port, _drawn(_tokens(self.folder), MOST_TOKENS))


def link(host: str, port: int, token: str) -> str:
    """Return the link that opens a session with a token."""
    return f"{address(host, port)}/enter?token={token}"


def address(host: str, port: int) -> str:
    """Return the address of a server, without a `/` at its end."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def running(home: Path, vault: Path | None) -> tuple[Running, ...]:
    """Return the running servers of a vault, by port; `vault` None returns all. Raises OSError."""
    name = "*" if vault is None else _name(home, vault)
    found = []
    for file in (home / _DASHBOARDS).glob(f"{name}/*/{_HOST}"):
        folder = file.parent
        if folder.name.isdecimal() and _is_held(folder / _LOCK):
            found.append(Running(file.read_text("ascii"), int(folder.name), folder))
    return tuple(sorted(found, key=lambda one: one.port))


def _name(home: Path, vault: Path | None) -> str:
    """Return the name of the folder that holds the sessions of a vault's servers."""
    return _RUNS_ALONE if vault is None else state_folder(home, vault).name


def _tokens(folder: Path) -> Path:
    return folder / "tokens"


def _sessions(folder: Path) -> Path:
    return folder / "sessions"


def _parts(folder: Path) -> Iterator[Path]:
    yield _tokens(folder)
    yield _sessions(folder)


def _drawn(folder: Path, most: int) -> str:
    """Draw a secret and keep its digest in `folder`, in place of the oldest if there are `most`."""
    for file in _aged(folder)[: -(most - 1)]:
        file.unlink(missing_ok=True)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    private.new(folder / _digest(secret)).close()
    return secret


def _aged(folder: Path) -> list[Path]:
    """Return the files of digests in a folder, the oldest first."""
    found: list[tuple[float, Path]] = []
    for file in folder.glob("*"):  # of a folder that is gone there are none
        if _DIGEST.fullmatch(file.name):
            with suppress(FileNotFoundError):  # used by another process just now
                found.append((file.stat().st_mtime_ns, file))
    return [file for _, file in sorted(found)]


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _is_held(file: Path) -> bool:
    lock = private.lock(file)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False
