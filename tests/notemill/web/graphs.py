"""Vaults whose graph is shown, with links that are proposed, and what a page of it answers."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from notemill.config import EmbeddingSettings
from notemill.embedding_kind import EmbeddingKind
from notemill.workflows.links.finding import LinkSearch
from tests.notemill.cli.test_link import MULCH, NOTES

if TYPE_CHECKING:
    from tests.notemill.web.served import Served

GARDEN: dict[str, str | bytes] = NOTES | {
    MULCH: "---\ntags: [garden/soil]\ndescription: What keeps soil moist.\n---\n"
    f"{NOTES[MULCH]!s}\nSee [[Trains]] and [[Compost]].\n",
    "Trains.md": f"---\ntags: [rail]\n---\n{NOTES['Trains.md']!s}\n",
}
"""Notes with two links of their owner, from Mulch; more are proposed."""
IMAGE = "<img src=x onerror=alert(1)>"
SVG = '"><svg onload=alert(2)>'
HOSTILE: dict[str, str | bytes] = {
    f"{IMAGE}.md": f"---\ntags: [x]\ndescription: '{IMAGE}'\n---\n[[{SVG}]] and "
    "[a link](javascript:alert(3))\n",
    f"{SVG}.md": f"# {IMAGE}\n\n#tag<b>\n",
    "</script><script>alert(4)</script>.md".replace("/", "\u2215"): "Nothing.\n",
    "{{ 7 * 7 }} ${7*7}.md": "[[" + IMAGE + "]]\n",
}
"""Names and texts that are markup, for whoever takes them for it."""


def propose_links(served: Served) -> None:
    """Propose links between the vault's notes."""
    mill = served.desk.mill
    assert mill is not None
    off = EmbeddingSettings(EmbeddingKind.OFF)
    served.wait_for(mill.links.find(LinkSearch(5, 0.1), off))


def got(served: Served, path: str) -> tuple[int, str]:
    """Return the status and the text of an answer, as a page with a session gets it."""
    secret = served.sessions.enter(served.sessions.token())
    connection = HTTPConnection("127.0.0.1", served.port, timeout=30)
    try:
        headers = {"Cookie": f"{served.sessions.cookie}={secret}", "X-Notemill": "1"}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def asked_for(served: Served, path: str) -> Any:  # noqa: ANN401
    """Return what the API answers."""
    status, text = got(served, path)
    assert status == 200, text
    return json.loads(text)
