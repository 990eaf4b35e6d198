"""A note on its way to a model: read anew, and seen once more to be one that may leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.errors import ExternallyChangedError, VaultError
from notemill.index import NoteFacts, facts_and_text

if TYPE_CHECKING:
    from notemill.index import Index
    from notemill.privacy import Privacy
    from notemill.vault.files import Vault


def read_to_send(vault: Vault, index: Index, privacy: Privacy, key: str) -> tuple[NoteFacts, str]:
    """Return a note's facts and text as they are now, so that one belongs to the other.

    Raises ExternallyChangedError if it is gone or may not leave the machine any more.
    """
    try:
        raw = vault.read(key)
    except VaultError as error:
        raise ExternallyChangedError(f"{error}; nothing was sent; run the command again") from error
    facts, text = facts_and_text(key, raw, size=len(raw), mtime_ns=0)
    hidden = privacy.hides(facts)
    if facts.problem or hidden or not facts.words:
        # An edit that left size and time as they were: the index has to look again.
        index.forget(key)
        which = "a note" if hidden else key
        raise ExternallyChangedError(
            f"{which} was edited while the vault was scanned; nothing was sent; run the "
            "command again"
        )
    return facts, text
