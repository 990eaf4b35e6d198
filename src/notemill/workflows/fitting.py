"""How much of a note fits into a request, for local models with a small context."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from notemill.errors import UsageError
from twolane import careful_tokens, fitting

# The marks of a chat template around three messages, and the line with the note's reference.
_FRAME_TOKENS: Final = 80
# Fewer tell nothing about a note.
_LEAST_TOKENS: Final = 64
MAX_SHARED_TOKENS: Final = 4_000
"""The most tokens of what every request tells of the vault: 300 tags of 20 characters or 5 Chinese
ones are some 2,500 to 3,500, carefully counted; longer names are left out rather than paid for."""
# Of many requests one part is the same: it is counted once.
_counted = lru_cache(maxsize=2)(careful_tokens)


class Room:
    """The context of a model: how much a reply may use, and how much is left for a note.

    `small` means that the model may need bounds on the length of a reply; `cut` names the notes of
    which only the beginning fits.
    """

    def __init__(self, context_tokens: int | None = None, *, small: bool = False) -> None:
        """Take the tokens for prompt and reply together, None for more than any request needs."""
        self.context_tokens = context_tokens
        self.small = small
        self.cut: set[str] = set()

    def for_reply(self, wanted: int) -> int:
        """Return the tokens a reply may use: at most a quarter of the context."""
        return wanted if self.context_tokens is None else min(wanted, self.context_tokens // 4)

    def for_shared(self, rules: str, *, reply_tokens: int) -> int:
        """Return the tokens for what every request tells of the vault, besides the `rules`.

        A third of what the rules and a reply leave in the context: the note needs the rest.
        """
        if self.context_tokens is None:
            return MAX_SHARED_TOKENS
        left = self.context_tokens - reply_tokens - _counted(rules) - _FRAME_TOKENS
        return max(0, min(left // 3, MAX_SHARED_TOKENS))

    def beside(self, shared: str, others: str = "", *, reply_tokens: int) -> int | None:
        """Return how many tokens a reply and the rest of a request leave, None for any number.

        `shared` is the part that many requests have, `others` the rest. Raises UsageError if that
        is too little to ask about a note at all.
        """
        if self.context_tokens is None:
            return None
        used = _counted(shared) + careful_tokens(others) + reply_tokens + _FRAME_TOKENS
        left = self.context_tokens - used
        if left < _LEAST_TOKENS:
            raise UsageError(
                f"the model's context of {self.context_tokens:,} tokens leaves no room for a note; "
                "start its server with a larger one (see docs/local-models.md)"
            )
        return left

    def fit(self, key: str, text: str, shared: str, others: str = "", *, reply_tokens: int) -> str:
        """Return as much of a note's text as fits beside the rest. Raises as `beside` does."""
        left = self.beside(shared, others, reply_tokens=reply_tokens)
        kept = text if left is None else fitting(text, left)
        if len(kept) < len(text):
            self.cut.add(key)
        return kept
