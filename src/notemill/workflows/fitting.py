"""How much of a note a request holds, where a model on one's own machine has little context."""

from __future__ import annotations

from typing import Final

from notemill.errors import UsageError
from twolane import careful_tokens, fitting

# The marks of a chat template around three messages, and the line with the note's reference.
_FRAME_TOKENS: Final = 80
# Fewer say nothing of a note.
_LEAST_TOKENS: Final = 64


class Room:
    """The context of a model: what of it a reply may take, and what is left for a note.

    `small` says that the model may need to be held to the length of a reply; `cut` names the notes
    of which only the beginning fits.
    """

    def __init__(self, context_tokens: int | None = None, *, small: bool = False) -> None:
        """Take what prompt and reply may have together, None for more than any request needs."""
        self.context_tokens = context_tokens
        self.small = small
        self.cut: set[str] = set()

    def for_reply(self, wanted: int) -> int:
        """Return what a reply may take: a quarter of the context at most."""
        return wanted if self.context_tokens is None else min(wanted, self.context_tokens // 4)

    def beside(self, others: str, *, reply_tokens: int) -> int | None:
        """Return how many tokens are left beside `others` and a reply, None for any number.

        Raises UsageError if that is too little to ask about a note at all.
        """
        if self.context_tokens is None:
            return None
        left = self.context_tokens - reply_tokens - careful_tokens(others) - _FRAME_TOKENS
        if left < _LEAST_TOKENS:
            raise UsageError(
                f"the model's context of {self.context_tokens:,} tokens leaves no room for a note; "
                "start its server with a larger one (see docs/local-models.md)"
            )
        return left

    def fit(self, key: str, text: str, others: str, *, reply_tokens: int) -> str:
        """Return as much of a note's text as fits beside `others`. Raises UsageError."""
        left = self.beside(others, reply_tokens=reply_tokens)
        kept = text if left is None else fitting(text, left)
        if len(kept) < len(text):
            self.cut.add(key)
        return kept
