"""A service with OpenAI's embeddings API: POST {base}/embeddings.

https://platform.openai.com/docs/api-reference/embeddings; Ollama, vLLM, llama.cpp and LM Studio
have the same API. The texts leave the machine: the caller must not pass any from an excluded note.
The service bills the key's owner; notemill records no cost.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import numpy as np
import orjson

from notemill.embedding.model import never, readable, unit
from notemill.errors import EmbeddingError
from twolane import Redactor
from twolane.bodies import CutError, ReplyTooLargeError, Unpacker, unpacked, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notemill.embedding.model import Floats

MAX_CHARS: Final = 6_000
"""The most characters of a text to send: services refuse texts above about 8,000 tokens."""
TRIES: Final = 5
"""The most attempts at a request."""
MAX_WAIT_S: Final = 30.0
MAX_DIMENSIONS: Final = 8_192
"""The most dimensions of a vector; the largest published models have 4,096."""
_NUMBER_BYTES: Final = 32
"""The most bytes of one number in a vector: a double with its separator takes up to 25."""
_AROUND_BYTES: Final = 1 << 16
_REFUSAL_BYTES: Final = 1 << 16
# A text has one vector and a few names beside it, not thousands of brackets and quotes.
_MARKS_A_TEXT: Final = 100
_READ_BYTES: Final = 1 << 16
_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, connect=30)
_LOOK_S: Final = 0.05
_MAX_MESSAGE: Final = 300
_PASSING: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


class _PassingError(Exception):
    """The service cannot answer right now; `wait_s` is the pause it asked for, None if none."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Endpoint:
    """A model behind a service."""

    at_a_time = 32

    def __init__(
        self, model: str, base_url: str, api_key: str | None, *, first_wait_s: float = 0.5
    ) -> None:
        """Ask `model` at `base_url`; retry after `first_wait_s` seconds, doubled each time."""
        self.name = f"{base_url} {model}"
        self._model = model
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._redactor = Redactor((api_key,))
        self._first_wait_s = first_wait_s
        self._width: int | None = None

    def fits(self, text: str) -> float:
        """Return 1 for any text: such models are used for every language."""
        return 1.0 if text.strip() else 0.0

    def embed(self, texts: Sequence[str], stopped: Callable[[], bool] = never) -> Floats:
        """Return unit rows, none if `stopped` becomes true; see EmbeddingModel.embed."""
        try:
            return asyncio.run(self._unless(stopped, [readable(one[:MAX_CHARS]) for one in texts]))
        except EmbeddingError as error:
            # Without the cause, which contains the service's words, and these may repeat the key.
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
        async with aiohttp.ClientSession(
            trust_env=True,
            timeout=_TIMEOUT,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # unpacked here, within a bound
        ) as session:
            for left in reversed(range(TRIES)):
                try:
                    return await self._ask(session, texts)
                except _PassingError as error:
                    if not left:
                        raise EmbeddingError(
                            f"the embedding service {self._base_url} did not answer: {error}; "
                            "run the command again later, or continue with --embedding off"
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
                headers={"Accept-Encoding": "gzip", **self._headers},
                allow_redirects=False,
            ) as response:
                if response.status != 200:  # noqa: PLR2004
                    raise self._refused(response, await _beginning(response))
                numbers = len(texts) * MAX_DIMENSIONS
                answer = await _body(response, _AROUND_BYTES + numbers * _NUMBER_BYTES)
        except aiohttp.InvalidURL as error:
            raise EmbeddingError(
                f"{self._base_url} is not a URL; correct embedding_url (OPENAI_BASE_URL)"
            ) from error
        except ReplyTooLargeError as error:
            raise EmbeddingError(self._unread()) from error
        except (aiohttp.ClientError, CutError, TimeoutError, OSError) as error:
            raise _PassingError(f"{type(error).__name__} {error}".rstrip()) from error
        return self._read(answer, len(texts))

    def _refused(self, response: aiohttp.ClientResponse, answer: bytes) -> Exception:
        """Return the error for a refusal: one to retry, or one that says what a person can do."""
        status, message = response.status, _message(answer)
        if status in _PASSING and b"insufficient_quota" not in answer:
            wait_s = _seconds(response.headers.get("Retry-After"))
            return _PassingError(f"{status} {message}", wait_s)
        cure = {
            401: "set a valid key (OPENAI_API_KEY)",
            403: "set a key that may use this model (OPENAI_API_KEY)",
            404: "correct embedding_url (OPENAI_BASE_URL) or embedding_model",
            429: "add credit at the service",
        }.get(status, "correct embedding_url or embedding_model")
        return EmbeddingError(
            f"the embedding service {self._base_url} answered {status} {message}; {cure}"
        )

    def _read(self, answer: bytes, count: int) -> Floats:
        """Return the rows of an answer, each at its index."""
        try:
            found = _vectors(answer, count)
        except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
            raise EmbeddingError(self._unread()) from error
        width = found.shape[1]
        if self._width not in (None, width):
            raise EmbeddingError(
                f"the embedding service {self._base_url} gives vectors of {self._width} "
                f"numbers, then of {width}; it must always answer with the same model "
                "(embedding_model)"
            )
        self._width = width
        return unit(found)

    def _unread(self) -> str:
        return (
            f"the embedding service {self._base_url} did not answer with one vector per text; "
            "check that it is compatible with OpenAI's embeddings and correct embedding_url "
            "(OPENAI_BASE_URL)"
        )


def pause_s(own_s: float, asked_s: float | None) -> float:
    """Return the seconds to wait: what the service asks for, but at least our own pause."""
    return min(max(own_s, asked_s or 0.0), MAX_WAIT_S)


def _vectors(answer: bytes, count: int) -> Floats:
    """Return the vectors of an answer in the order of their indexes.

    Raises ValueError, TypeError, KeyError, IndexError or OverflowError unless it has a vector of
    finite numbers for each of `count` texts, all of the same length.
    """
    marks = answer.count(b"[") + answer.count(b"{") + answer.count(b'"')
    if marks > _MARKS_A_TEXT * (count + 1):
        raise ValueError("it contains more than vectors")
    data = orjson.loads(answer)["data"]
    rows = {one["index"]: one["embedding"] for one in data}
    found = np.array([rows[place] for place in range(count)])
    if len(data) != count or found.ndim != 2 or found.dtype.kind not in "fiu":  # noqa: PLR2004
        raise ValueError("it does not have one vector per text")
    if not 0 < found.shape[1] <= MAX_DIMENSIONS:
        raise ValueError("its vectors have an impossible width")
    with np.errstate(over="ignore"):
        found = found.astype(np.float32)
        # The length of a vector of numbers near the largest float overflows.
        if not np.isfinite(found).all() or not np.isfinite(np.linalg.norm(found, axis=1)).all():
            raise ValueError("it contains something that is not a number")
    return found


async def _body(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """Return an unpacked body. Raises ReplyTooLargeError, or CutError if it is incomplete."""
    unpacker = Unpacker(response.headers.get("Content-Encoding", ""))
    return await whole(unpacked(response.content.iter_chunked(_READ_BYTES), unpacker), most_bytes)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of a refusal, or enough of its beginning to say why."""
    try:
        return await _body(response, _REFUSAL_BYTES)
    except ReplyTooLargeError as error:
        return error.beginning


def _message(answer: bytes) -> str:
    """Return the message of an error response."""
    try:
        found: Any = orjson.loads(answer)["error"]
        said = found["message"] if isinstance(found, dict) else found
    except (ValueError, TypeError, KeyError):
        said = answer.decode("utf-8", "replace")
    return " ".join(str(said).split())[:_MAX_MESSAGE]


def _seconds(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header, None for a date or no header."""
    try:
        wait_s = float(header or "")
    except ValueError:
        return None
    return max(wait_s, 0.0) if wait_s < float("inf") else None
