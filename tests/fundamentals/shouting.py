"""What the tutorial's examples share: a provider that shouts back, and requests for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twolane import Request, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def shout(params: Mapping[str, Any]) -> str:
    """Answer with the question in capitals."""
    return str(params["messages"][0]["content"]).upper()


def question(key: str, text: str) -> Request:
    """Return a request; `params` is the provider's own body."""
    return Request(
        key=key,
        name=key,
        params={
            "model": "extractive",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": text}],
        },
    )


def settings(home: Path) -> Settings:
    """Return settings with the ledger in `home`, and batches looked at often."""
    return Settings(home=home, provider="offline", poll_s=0.001)
