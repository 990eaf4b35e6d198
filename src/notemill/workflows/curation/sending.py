"""A note on its way to a model: read again, and checked again that it may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.errors import ExternallyChangedError, VaultError
from notemill.index import NoteFacts, facts_and_text

if TYPE_CHECKING:
    from notemill.index import Index
    from notemill.privacy import Privacy
    from notemill.vault.files import Vault


def read_to_send(vault: Vault, index: Index, privacy: Privacy, key: str) -> tuple[NoteFacts, str]:
    """Return a note's current facts and text, consistent with each other.

    Raises ExternallyChangedError if it is gone or may no longer leave the machine.
    """
    try:
        raw = vault.read(key)
    except VaultError as error:
        raise ExternallyChangedError(f"{error}; nothing was sent; run the command again") from error
    facts, text = facts_and_text(key, raw, size=len(raw), mtime_ns=0)
    hidden = privacy.hides(facts)
    if facts.problem or hidden or not facts.words:
        # An edit that kept size and time: the index has to read the note again.
        index.forget(key)
        which = "a note" if hidden else key
        raise ExternallyChangedError(
            f"{which} was edited while the vault was scanned; nothing was sent; run the "
            "command again"
        )
    return facts, text
