"""What an embedding service may answer: vectors for each text, of a size that models have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notemill.embedding.endpoint import MAX_DIMENSIONS, TRIES, Endpoint
from notemill.errors import EmbeddingError
from tests.hostile.provider import (
    GZIP,
    Answer,
    Asked,
    Hostile,
    bomb,
    endless,
    members,
    said,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.loopback

MB = 1 << 20
TEXTS = ["one", "two"]
# What two texts may take, and what lies in buffers on the way.
MOST_TAKEN = 2 * MAX_DIMENSIONS * 32 + 4 * MB


@pytest.fixture
def service() -> Iterator[tuple[Hostile, Endpoint]]:
    """Serve a malicious provider, and ask it without waits."""
    provider = Hostile()
    with serving(provider) as url:
        yield provider, Endpoint("small", f"{url}/v1", "sk-1", first_wait_s=0)


def refused(service: tuple[Hostile, Endpoint], answer: Callable[[Asked], Answer]) -> str:
    """See that an answer is refused, and that no more of it is taken than may be; return why."""
    provider, endpoint = service
    provider.answer = answer
    with pytest.raises(EmbeddingError) as caught:
        endpoint.embed(TEXTS)
    assert len(str(caught.value)) < 1_000
    assert sum(provider.written.values()) < TRIES * MOST_TAKEN
    return str(caught.value)


WITHOUT_END: dict[str, Callable[[Asked], Answer]] = {
    "letters": lambda _: Answer(endless(b"a" * 1_000)),
    "numbers": lambda _: Answer(endless(b"0.1," * 1_000, b'{"data":[{"index":0,"embedding":[')),
    "brackets": lambda _: Answer(endless(b"[[]," * 1_000, b'{"data":')),
    "gzip": lambda _: Answer(bomb(256 * MB, b'{"data":['), headers=(GZIP,)),
    "parts": lambda _: Answer(members(b"0"), headers=(GZIP,)),
}


@pytest.mark.parametrize("name", WITHOUT_END)
def test_an_answer_without_end_is_no_vectors(service: tuple[Hostile, Endpoint], name: str) -> None:
    """It is read as far as vectors of its texts can reach, and refused once."""
    assert "one vector per text" in refused(service, WITHOUT_END[name])
    assert len(service[0].asked) == 1


@pytest.mark.parametrize("status", [400, 503])
def test_a_refusal_without_end_says_its_beginning(
    service: tuple[Hostile, Endpoint], status: int
) -> None:
    """Of a refusal its beginning is read, packed or not."""
    why = refused(service, lambda _: Answer(endless(b"no " * 1_000), status))
    assert f"{status} no no" in why
    why = refused(service, lambda _: Answer(bomb(256 * MB, b"no "), status, (GZIP,)))
    assert f"{status} no" in why


def one(index: object, embedding: object) -> dict[str, object]:
    """Return a vector as the API writes it."""
    return {"object": "embedding", "index": index, "embedding": embedding}


WIDE = [0.5] * (MAX_DIMENSIONS + 1)
NO_VECTORS: dict[str, Any] = {
    "nothing": b"",
    "no object": b"[]",
    "a list of none": {"data": []},
    "no list": {"data": {"0": [1.0]}},
    "too few": {"data": [one(0, [1.0])]},
    "too many": {"data": [one(0, [1.0]), one(1, [1.0]), one(2, [1.0])]},
    "the same twice": {"data": [one(0, [1.0]), one(0, [1.0])]},
    "another index": {"data": [one(0, [1.0]), one(-1, [1.0])]},
    "an index that is none": {"data": [one(0, [1.0]), one([1], [1.0])]},
    "an endless index": b'{"data":[{"index":0,"embedding":[1]},{"index":1e400,"embedding":[1]}]}',
    "a large index": b'{"data":[{"index":0,"embedding":[1]},{"index":1e308,"embedding":[1]}]}',
    "lengths that differ": {"data": [one(0, [1.0]), one(1, [1.0, 2.0])]},
    "no numbers": {"data": [one(0, []), one(1, [])]},
    "strings": {"data": [one(0, ["1.0"]), one(1, ["1.0"])]},
    "a string": {"data": [one(0, "AAAA"), one(1, "AAAA")]},
    "nulls": {"data": [one(0, [None]), one(1, [1.0])]},
    "truths": {"data": [one(0, [True]), one(1, [False])]},
    "lists": {"data": [one(0, [[1.0]]), one(1, [[1.0]])]},
    "not a number": b'{"data":[{"index":0,"embedding":[NaN]},{"index":1,"embedding":[1]}]}',
    "infinity": b'{"data":[{"index":0,"embedding":[1e999]},{"index":1,"embedding":[1]}]}',
    "beyond a float": {"data": [one(0, [1e300]), one(1, [1.0])]},
    "near the largest float": {"data": [one(0, [3e38, 3e38]), one(1, [1.0, 1.0])]},
    "a number of a million digits": b'{"data":[{"index":0,"embedding":[' + b"9" * 500_000 + b"]}]}",
    "brackets by the thousand": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "quotes by the thousand": b'{"data":[' + b'"",' * 100_000 + b'""]}',
    "wider than any model": {"data": [one(0, WIDE), one(1, WIDE)]},
    "half an emoji": rb'{"data":"\ud83d"}',
    "sixteen bits": '{"data":[]}'.encode("utf-16"),
}


@pytest.mark.parametrize("name", NO_VECTORS)
def test_what_is_no_vector_for_each_text_is_refused(
    service: tuple[Hostile, Endpoint], name: str
) -> None:
    """Whatever stands in the place of vectors is said to be none, and asked for once."""
    assert "one vector per text" in refused(service, lambda _: said(NO_VECTORS[name]))
    assert len(service[0].asked) == 1


def test_a_width_that_changes_is_refused(service: tuple[Hostile, Endpoint]) -> None:
    """Vectors of two models are not compared: the second width is named."""
    provider, endpoint = service
    assert endpoint.embed(TEXTS).shape == (2, 2)
    wider = {"data": [one(0, [1.0, 2.0, 3.0]), one(1, [1.0, 2.0, 3.0])]}
    provider.answer = lambda _: said(wider)
    with pytest.raises(EmbeddingError, match="vectors of 2 numbers, then of 3"):
        endpoint.embed(TEXTS)


def test_vectors_of_zeros_stay(service: tuple[Hostile, Endpoint]) -> None:
    """A vector without a direction is one that fits nothing, and no error."""
    provider, endpoint = service
    provider.answer = lambda _: said({"data": [one(0, [0.0, 0.0]), one(1, [0, 2])]})
    assert endpoint.embed(TEXTS).tolist() == [[0.0, 0.0], [0.0, 1.0]]
