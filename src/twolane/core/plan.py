"""A run before it begins: one pass over its requests that checks, sizes and estimates them."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from twolane.core import params as asked
from twolane.core.outside import MAX_TOKENS, name, whole
from twolane.core.render import shareable, still_shared
from twolane.core.schema import check_of, schema_json
from twolane.core.tokens import bound_input_tokens, estimate_input_tokens
from twolane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twolane.core.types import Lane, Request

# What the line `note_ref: TOKEN` adds to a request.
ECHO_BYTES = 32
# What costs more than its bytes say: their tokens, or fees, are known only afterwards.
_UNBOUNDED = re.compile(
    rb'"type":"(?:image|document|file|web_search|web_fetch|code_execution)'
    rb'|"(?:speed|mcp_servers|inference_geo)":'
)
# One look for all that is seldom there.
_NOTABLE = re.compile(_UNBOUNDED.pattern + rb'|"cache_control"')
# Keys are looked through for twins by this many groups, so that only one is sorted out at a time.
_BUCKETS = 256


@dataclass(frozen=True, slots=True)
class RequestSurvey:
    """The findings of a pass over all requests of a run, with sums over all of them.

    `unbounded` names the first request whose cost cannot be bounded beforehand, '' if there is
    none; `no_batch` names the first request that batches do not accept, and why. `betas` are sent
    as a header. `own_schemas` says that replies have different schemas. `digest` is the same only
    for the same requests in the same order. `bound_tokens` are never exceeded by all prompts,
    `longest_tokens` by any one, `most_tokens` by all replies.
    """

    total: int
    model: str
    shared: Mapping[str, Any]
    input_tokens: int
    output_tokens: int
    caches: bool
    unbounded: str
    betas: tuple[str, ...] = ()
    own_schemas: bool = False
    no_batch: str = ""
    digest: str = ""
    bound_tokens: int = 0
    longest_tokens: int = 0
    most_tokens: int = 0

    def grown(self, total: int) -> RequestSurvey:
        """Return the survey that so many requests like these would have; it has no digest."""
        if not self.total:
            return self

        def scaled(tokens: int) -> int:
            return -(-tokens * total // self.total)

        return replace(
            self,
            total=total,
            input_tokens=scaled(self.input_tokens),
            output_tokens=scaled(self.output_tokens),
            bound_tokens=scaled(self.bound_tokens),
            most_tokens=scaled(self.most_tokens),
            digest="",
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a run that is finished, and can be reviewed, before the next part begins.

    `items` are indexes in the run; with `lane` None the run's decision applies.
    """

    items: frozenset[int]
    lane: Lane | None = None


def survey(requests: Iterable[Request], *, max_bytes: int, reply_tokens: int) -> RequestSurvey:
    """Survey all requests, in constant memory except for eight bytes per key.

    `reply_tokens` is the expected length of a reply, within max_tokens. Raises InputError naming
    the request if a key is used twice, a member is missing or not allowed, a schema cannot be
    checked, the models or betas differ, or the request is above the provider's limit.
    """
    hashes = [array("q") for _ in range(_BUCKETS)]
    shared: dict[str, Any] | None = None
    model, input_tokens, output_tokens, caches, unbounded = "", 0, 0, False, ""
    forms, betas, no_batch = _Forms(), None, ""
    total, digest = 0, blake2b(digest_size=16)
    bound_tokens, longest_tokens, most_tokens = 0, 0, 0
    for index, request in enumerate(requests):
        number = hash(request.key)
        hashes[number % _BUCKETS].append(number)
        model, max_tokens = _members(index, request, model)
        _check(index, request, forms)
        betas = _same_betas(index, request, betas)
        params = asked.body_of(request.params)
        body = _encoded(index, request, params)
        if len(body) + ECHO_BYTES > max_bytes:
            message = (
                f"{place(index, request)} is {len(body):,} bytes, the provider takes "
                f"{max_bytes:,} a request; shorten it or leave it out"
            )
            raise InputError(message)
        _feed(digest, request, body)
        if not no_batch and (why := asked.batch_problem(params)):
            no_batch = f"{place(index, request)}: {why}"
        shared = shareable(params) if shared is None else shared
        shared = still_shared(shared, params)
        input_tokens += estimate_input_tokens(body)
        output_tokens += min(max_tokens, reply_tokens)
        bound = bound_input_tokens(len(body) + ECHO_BYTES)
        bound_tokens, longest_tokens = bound_tokens + bound, max(longest_tokens, bound)
        most_tokens += max_tokens
        if _NOTABLE.search(body):
            caches = caches or b'"cache_control"' in body
            if not unbounded and _UNBOUNDED.search(body):
                unbounded = request.key
        total += 1
    _refuse_twins(requests, hashes)
    return RequestSurvey(
        total, model, shared or {}, input_tokens, output_tokens, caches, unbounded,
        betas or (), forms.differ, no_batch, digest.hexdigest(),
        bound_tokens, longest_tokens, most_tokens,
    )  # fmt: skip


def _feed(digest: blake2b, request: Request, body: bytes) -> None:
    """Add a request to a digest: what is asked, and what its answer is held against."""
    betas = request.params.get("betas")
    own = f"{request.key}\0{request.content_hash}\0{request.echo}\0{betas}"
    named = own.encode("utf-8", "surrogatepass")
    digest.update(b"%d:%d:%b%b" % (len(named), len(body), named, body))


def place(index: int, request: Request) -> str:
    """Return how messages name a request: by where it was read, else by its position in the run."""
    return f"{request.origin or f'item {index}'} ({request.key})"


class _Forms:
    """The schemas that replies have to meet: each is compiled once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._config: object = None
        self._schema: bytes | None = None
        self._known: set[bytes] = set()
        self._first: tuple[bytes | None] | None = None
        self.differ = False

    def look(self, params: Mapping[str, Any]) -> None:
        """Look at a request's. Raises InputError if it cannot be used."""
        config = params.get("output_config")
        # Mostly the one before: comparing takes less than writing it as JSON.
        if self._first is None or config != self._config:
            self._config, self._schema = config, schema_json(params)
            if self._schema is not None and (named := _digest(self._schema)) not in self._known:
                check_of(self._schema)
                self._known.add(named)
        self._first = self._first or (self._schema,)
        self.differ = self.differ or self._first != (self._schema,)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _check(index: int, request: Request, forms: _Forms) -> None:
    """Refuse a request that cannot be asked, or whose reply cannot be checked, naming it."""
    if why := asked.problem(request.params):
        message = f"{place(index, request)}: {why}"
        raise InputError(message)
    try:
        forms.look(request.params)
    except (InputError, TypeError) as error:
        message = f"{place(index, request)}: {error}"
        raise InputError(message) from error


def _same_betas(index: int, request: Request, before: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return a request's betas; a batch's header counts for all of it, so they have to agree."""
    betas = asked.betas_of(request.params)
    if before is not None and set(before) != set(betas):
        message = (
            f"{place(index, request)} asks for the betas {_listed(betas)}, the ones before for "
            f"{_listed(before)}; a run has one header anthropic-beta: split the input"
        )
        raise InputError(message)
    return betas if before is None else before


def _listed(betas: tuple[str, ...]) -> str:
    return ", ".join(betas) or "none"


def _refuse_twins(requests: Iterable[Request], hashes: Sequence[array[int]]) -> None:
    """Raise InputError if a key is used twice.

    Equal hashes only raise the suspicion: the requests are then gone through again.
    """
    suspects: set[int] = set()
    for bucket in hashes:
        if len(set(bucket)) < len(bucket):
            suspects.update(number for number, times in Counter(bucket).items() if times > 1)
    if not suspects:
        return
    seen: set[str] = set()
    for index, request in enumerate(requests):
        if hash(request.key) in suspects:
            if request.key in seen:
                message = f"{place(index, request)}: duplicate id; each id must be unique"
                raise InputError(message)
            seen.add(request.key)
    if not seen:
        raise InputError("duplicate id; each id must be unique")


def _members(index: int, request: Request, before: str) -> tuple[str, int]:
    """Return the model, which has to be the one `before` where there is one, and max_tokens."""
    model, max_tokens = request.params.get("model"), request.params.get("max_tokens")
    if not isinstance(model, str) or name(model) is None:
        message = f"{place(index, request)} names no model in its params"
        raise InputError(message)
    if not isinstance(max_tokens, int) or whole(max_tokens, 1, MAX_TOKENS) is None:
        message = (
            f"{place(index, request)} has no max_tokens from 1 to {MAX_TOKENS:,} in its params"
        )
        raise InputError(message)
    if before not in ("", model):
        message = (
            f"{place(index, request)} asks for model {model}, the ones before for {before}; a run "
            "has one model: split the input"
        )
        raise InputError(message)
    return model, max_tokens


def _encoded(index: int, request: Request, params: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(params)
    except (orjson.JSONEncodeError, TypeError) as error:
        message = f"{place(index, request)} cannot be written as JSON: {error}"
        raise InputError(message) from error
