"""A service that speaks OpenAI's embeddings: POST {base}/embeddings.

https://platform.openai.com/docs/api-reference/embeddings; Ollama, vLLM, llama.cpp and LM Studio
answer alike. The texts leave the machine: whoever calls hands over none of an excluded note. What
the service takes for them is between it and the key's owner; notemill books nothing.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import numpy as np

from notemill.embedding.model import never, readable, unit
from notemill.errors import EmbeddingError
from twolane import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notemill.embedding.model import Floats

MAX_CHARS: Final = 6_000
"""Characters of a text that are sent: services refuse texts above about 8,000 tokens."""
TRIES: Final = 5
"""How often a request is sent before the service is given up."""
MAX_WAIT_S: Final = 30.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, connect=30)
_LOOK_S: Final = 0.05
_MAX_MESSAGE: Final = 300
_PASSING: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


class _PassingError(Exception):
    """The service could not answer just now; `wait_s` is what it asked for, None if nothing."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Endpoint:
    """A model behind a service."""

    at_a_time = 32

    def __init__(
        self, model: str, base_url: str, api_key: str | None, *, first_wait_s: float = 0.5
    ) -> None:
        """Ask `model` at `base_url`; a try that fails is repeated after `first_wait_s`, doubled."""
        self.name = f"{base_url} {model}"
        self._model = model
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._redactor = Redactor((api_key,))
        self._first_wait_s = first_wait_s

    def fits(self, text: str) -> float:
        """Return 1 for any text: what such models are used for is every language."""
        return 1.0 if text.strip() else 0.0

    def embed(self, texts: Sequence[str], stopped: Callable[[], bool] = never) -> Floats:
        """Return unit rows, none where `stopped` becomes true; see Model.embed."""
        try:
            return asyncio.run(self._unless(stopped, [readable(one[:MAX_CHARS]) for one in texts]))
        except EmbeddingError as error:
            # Not with its cause, in which a service's words stand that may repeat the key.
            raise EmbeddingError(self._redactor.text(str(error))) from None

    async def _unless(self, stopped: Callable[[], bool], texts: list[str]) -> Floats:
        work = asyncio.create_task(self._rows(texts))
        while not work.done():
            if stopped():
                work.cancel()
                await asyncio.wait({work})
                return np.zeros((0, 0), np.float32)
            await asyncio.wait({work}, timeout=_LOOK_S)
        return work.result()

    async def _rows(self, texts: list[str]) -> Floats:
        # A service refuses empty texts.
        asked = [place for place, text in enumerate(texts) if text.strip()]
        if not asked:
            return np.zeros((len(texts), 1), np.float32)
        answered = await self._answer([texts[place] for place in asked])
        rows = np.zeros((len(texts), answered.shape[1]), np.float32)
        rows[asked] = answered
        return rows

    async def _answer(self, texts: list[str]) -> Floats:
        wait_s = self._first_wait_s
        async with aiohttp.ClientSession(trust_env=True, timeout=_TIMEOUT) as session:
            for left in reversed(range(TRIES)):
                try:
                    return await self._ask(session, texts)
                except _PassingError as error:
                    if not left:
                        raise EmbeddingError(
                            f"the embedding service {self._base_url} did not answer: {error}; "
                            "run the command again later, or go on with --embedding off"
                        ) from error
                    await asyncio.sleep(pause_s(wait_s, error.wait_s))
                    wait_s *= 2
        raise AssertionError  # the last try raises

    async def _ask(self, session: aiohttp.ClientSession, texts: list[str]) -> Floats:
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        try:
            async with session.post(
                f"{self._base_url}/embeddings",
                json=body,
                headers=self._headers,
                allow_redirects=False,
            ) as response:
                text = await response.text()
                if response.status in _PASSING and "insufficient_quota" not in text:
                    raise _PassingError(
                        f"{response.status} {_message(text)}",
                        _seconds(response.headers.get("Retry-After")),
                    )
                if response.status != 200:  # noqa: PLR2004
                    raise EmbeddingError(self._refusal(response.status, _message(text)))
        except aiohttp.InvalidURL as error:
            raise EmbeddingError(
                f"{self._base_url} is no URL; correct embedding_url (OPENAI_BASE_URL)"
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _PassingError(f"{type(error).__name__} {error}".rstrip()) from error
        return self._read(text, len(texts))

    def _refusal(self, status: int, message: str) -> str:
        cure = {
            401: "set a valid key (OPENAI_API_KEY)",
            403: "set a key that may use this model (OPENAI_API_KEY)",
            404: "correct embedding_url (OPENAI_BASE_URL) or embedding_model",
            429: "add credit at the service",
        }.get(status, "correct embedding_url or embedding_model")
        return f"the embedding service {self._base_url} answered {status} {message}; {cure}"

    def _read(self, text: str, count: int) -> Floats:
        """Return the rows of an answer, each where its index says."""
        try:
            data = json.loads(text)["data"]
            rows = {int(one["index"]): one["embedding"] for one in data}
            found = np.array([rows[place] for place in range(count)], np.float32)
            usable = len(data) == count and found.ndim == 2 and np.isfinite(found).all()  # noqa: PLR2004
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise EmbeddingError(self._unread()) from error
        if not usable:
            raise EmbeddingError(self._unread())
        return unit(found)

    def _unread(self) -> str:
        return (
            f"the embedding service {self._base_url} answered with no vector for each text; "
            "does it speak OpenAI's embeddings? Correct embedding_url (OPENAI_BASE_URL)"
        )


def pause_s(own_s: float, asked_s: float | None) -> float:
    """Return how long to wait: what the service asks for, but no less than our own pause."""
    return min(max(own_s, asked_s or 0.0), MAX_WAIT_S)


def _message(text: str) -> str:
    """Return what an error's answer says."""
    try:
        found: Any = json.loads(text)["error"]
        said = found["message"] if isinstance(found, dict) else found
    except (ValueError, TypeError, KeyError):
        said = text
    return " ".join(str(said).split())[:_MAX_MESSAGE]


def _seconds(header: str | None) -> float | None:
    """Return the seconds of a Retry-After, None for a date or nothing."""
    try:
        wait_s = float(header or "")
    except ValueError:
        return None
    return max(wait_s, 0.0) if wait_s < float("inf") else None
