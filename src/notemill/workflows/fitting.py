"""How much of a note fits into a request, for local models with a small context."""

from __future__ import annotations

from typing import Final

from notemill.errors import UsageError
from twolane import careful_tokens, fitting

# The marks of a chat template around three messages, and the line with the note's reference.
_FRAME_TOKENS: Final = 80
# Fewer tell nothing about a note.
_LEAST_TOKENS: Final = 64


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

    def beside(self, others: str, *, reply_tokens: int) -> int | None:
        """Return how many tokens `others` and a reply leave, None for any number.

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
        """Return as much of a note's text as fits beside `others`. Raises as `beside` does."""
        left = self.beside(others, reply_tokens=reply_tokens)
        kept = text if left is None else fitting(text, left)
        if len(kept) < len(text):
            self.cut.add(key)
        return kept
