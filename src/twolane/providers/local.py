"""A local model, on any server, in real time only and free of charge."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from twolane.core.addresses import root_of
from twolane.core.bounds import CONTROL_BYTES, DISCOVERY_BYTES
from twolane.core.cooldown import retry_after_s
from twolane.core.redaction import Redactor
from twolane.core.types import Limits, Reply, Usage
from twolane.errors import (
    ConfigError,
    ConnectionFailedError,
    ProviderError,
    RejectedError,
    ReplyTooLargeError,
    TransientError,
)
from twolane.providers import chat
from twolane.providers.anthropic import bearer
from twolane.providers.base import NoBatches, Served, Traits, listed, refusal_of
from twolane.providers.chat import Endpoint, Manner, Schemas
from twolane.providers.discovery import (
    USUAL_PORTS,
    ServerInfo,
    Told,
    answering,
    context_tokens,
    goes_to,
    look,
)
from twolane.providers.lenient import parse
from twolane.providers.local_faults import CONTEXT_EXCEEDED, fault, lesser
from twolane.providers.messages import shown
from twolane.providers.redacting import redacting
from twolane.providers.usual import ProviderBase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twolane.core.transport import Transport
    from twolane.providers.remembered import Remembered

NAME: Final = "local"
NO_BATCHES: Final = "a local server has no batch lane"
# A model on a processor takes minutes for a long note, more where others wait before it.
REPLY_TIMEOUT_S: Final = 1_800.0
LOOK_TIMEOUT_S: Final = 5.0
# A large model is read from a slow disk; until then its server answers 503.
LOADING_PATIENCE_S: Final = 900.0
LOADING_PAUSE_S: Final = 1.0
_NOWHERE: Final = -1
_PROBE_TOKEN: Final = "kq7zpm"  # noqa: S105  # in no prompt: only a schema that is obeyed yields it
_PROBE_SCHEMA: Final = {
    "type": "object",
    "properties": {"word": {"type": "string", "enum": [_PROBE_TOKEN]}},
    "required": ["word"],
    "additionalProperties": False,
}
_PROBE_TOKENS: Final = 64


class LocalProvider(NoBatches, ProviderBase):
    """The real-time lane of a local server."""

    limits = Limits(max_items=1, max_batch_bytes=1, max_request_bytes=32 * 1024 * 1024)
    traits = Traits(free=True, no_batches=NO_BATCHES, first_calls=2, full_is_load=True)
    name = NAME

    def __init__(
        self,
        open_transport: Callable[[str], Transport],
        *,
        base_url: str | None,
        auth_token: str = "",
        model: str | None = None,
        remembered: Remembered,
        secrets: Sequence[str] = (),
    ) -> None:
        """Use the server at `base_url`, or with None the one that answers at the usual ports.

        `auth_token` is sent only to a server that was named; `model` is the requested one. The
        token, and all other `secrets`, are redacted from answers.
        """
        self._wanted_url = root_of(base_url) if base_url else None
        self._wanted_model = model
        self._open_transport = open_transport
        self._transports: dict[str, Transport] = {}
        self._redactor = Redactor((auth_token, *secrets))
        self._remembered = remembered
        self._headers = {
            "content-type": "application/json",
            **(bearer(auth_token) if base_url else {}),
        }
        self.base_url = self._wanted_url or ""
        self.key_fingerprint = hashlib.blake2b(
            auth_token.encode() if base_url else b"", digest_size=8
        ).hexdigest()
        self._found: ServerInfo | None = None
        self._served: Served | None = None
        self._manners: dict[str, Manner] = {}
        self._probing = asyncio.Lock()

    # -- which server, which model ----------------------------------------------------------------

    async def connect(self, model: str | None = None, base_url: str = "") -> Served:
        """Find the server, and `model` on it. Raises ConfigError saying what to do."""
        if self._found is None:
            self._found = await self._find(self._wanted_url or base_url)
        wanted = model or self._wanted_model
        if self._served is None or (wanted and wanted != self._served.model):
            self._served = await self._serve(self._found, wanted)
        return self._served

    async def _find(self, base_url: str) -> ServerInfo:
        if base_url:
            self.base_url = base_url
            return await self._loaded(base_url)
        found = await answering(self._get_at)
        if not found:
            ports = ", ".join(f"{port} ({name})" for port, name in USUAL_PORTS.items())
            message = (
                f"no server of a model answers on 127.0.0.1 at the usual ports {ports}; start "
                "one, or give its address with --base-url"
            )
            raise ConfigError(message)
        self.base_url, first = found[0]
        return await self._loaded(self.base_url) if first.loading else first

    async def _loaded(self, base_url: str) -> ServerInfo:
        """Return what the server at `base_url` says of itself, once it has loaded its model."""
        for _ in range(int(LOADING_PATIENCE_S / LOADING_PAUSE_S)):
            unlisted = ServerInfo("", (), {})
            found = await look(self._get)
            if found is None:
                told = await self._get("/v1/models")
                if told.status == _NOWHERE:
                    message = f"no server answers at {base_url}; start it, or correct --base-url"
                    raise ConfigError(message)
                if told.status in (401, 403):
                    raise fault(told.status, b"{}", where=base_url)
                return unlisted
            if not found.loading:
                return found
            await asyncio.sleep(LOADING_PAUSE_S)
        message = f"the server at {base_url} is still loading its model; try again later"
        raise ConfigError(message)

    async def _serve(self, found: ServerInfo, wanted: str | None) -> Served:
        if wanted:
            # Ollama takes a name without its tag for the latest.
            named = next((one for one in (wanted, f"{wanted}:latest") if one in found.listed), "")
            if found.listed and not named:
                message = (
                    f"the server at {self.base_url} has no model {wanted}; it has: "
                    f"{listed(found.models)}"
                )
                raise ConfigError(message)
            wanted = named or wanted
        elif len(found.models) == 1:
            wanted = found.models[0]
        context = None
        if wanted:
            context = await context_tokens(found, wanted, self._get, self._post)
        return Served(
            server=found.server,
            base_url=self.base_url,
            model=wanted or "",
            models=found.models,
            context_tokens=context,
            goes_to=goes_to(self.base_url, found.server, wanted or ""),
        )

    async def _get(self, path: str) -> Told:
        return await self._get_at(self.base_url, path)

    async def _post(self, path: str, body: Mapping[str, Any]) -> Told:
        return await self._tell(self.base_url, "POST", path, orjson.dumps(body))

    async def _get_at(self, base_url: str, path: str) -> Told:
        return await self._tell(base_url, "GET", path, None)

    async def _tell(self, base_url: str, method: str, path: str, body: bytes | None) -> Told:
        """Ask a server about itself; whatever goes wrong is an answer, too."""
        try:
            async with self._transport(base_url).request(
                method, path, headers=self._headers, body=body, timeout_s=LOOK_TIMEOUT_S
            ) as response:
                return Told(response.status, _object(await response.read(DISCOVERY_BYTES)))
        except ReplyTooLargeError:
            return Told(response.status, None)
        except ProviderError:
            return Told(_NOWHERE, None)

    def _transport(self, base_url: str) -> Transport:
        if base_url not in self._transports:
            opened = self._open_transport(base_url)
            self._transports[base_url] = redacting(opened, self._redactor)
        return self._transports[base_url]

    # -- answers ----------------------------------------------------------------------------------

    def check(self, params: Mapping[str, Any]) -> None:
        """Check that `params` can be converted. Raises InputError, ConfigError listing the models."""
        if not params.get("model") and self._served is not None:
            self._served.the_model()
        chat.check(params)

    async def send(self, body: bytes, *, most_bytes: int, betas: Sequence[str] = ()) -> Reply:  # noqa: ARG002  # none here
        """Answer one request. Raises ProviderError.

        If a server refuses a manner of asking, a simpler one is used from then on.
        """
        params = orjson.loads(body)
        model = params["model"]
        manner = await self._manner(model)
        while True:
            try:
                return await self._ask(params, manner, most_bytes)
            except RejectedError as error:
                less = lesser(manner, error)
                if less is None:
                    raise
                self._manners[model] = manner = less

    async def _ask(self, params: Mapping[str, Any], manner: Manner, most_bytes: int) -> Reply:
        as_chat = manner.endpoint is Endpoint.CHAT
        asked = chat.to_chat(params, manner) if as_chat else chat.to_messages(params)
        raw, answer = await self._exchange(manner.endpoint, asked, most_bytes)
        message = (chat.from_chat if as_chat else chat.from_messages)(answer, params)
        if message is None:
            problem = f"the answer contains no message: {shown(raw)[:80]!r}"
            return Reply(raw, "", Usage(), None, "", problem=problem)
        usage = message["usage"]
        context = self._served.context_tokens if self._served else None
        prompt = usage["input_tokens"] + usage.get("cache_read_input_tokens", 0)
        if context is not None and prompt >= context:
            # Ollama cuts a prompt without a word; of LM Studio such a one gets an empty answer.
            text = f"the prompt fills the model's context of {context:,} tokens, and was cut to it"
            raise RejectedError(text, provider=NAME, kind=CONTEXT_EXCEEDED)
        return Reply(
            message=orjson.dumps(message),
            text=message["content"][-1]["text"],
            usage=Usage(
                usage["input_tokens"],
                usage["output_tokens"],
                cache_read_tokens=usage.get("cache_read_input_tokens", 0),
            ),
            stop_reason=message["stop_reason"],
            model=message["model"],
        )

    async def _exchange(
        self, path: str, asked: Mapping[str, Any], most_bytes: int
    ) -> tuple[bytes, dict[str, Any]]:
        try:
            async with self._transport(self.base_url).request(
                "POST",
                path,
                headers=self._headers,
                body=orjson.dumps(asked),
                timeout_s=REPLY_TIMEOUT_S,
            ) as response:
                status, pause_s = response.status, retry_after_s(response.headers, time.time())
                success = status == 200  # noqa: PLR2004
                raw = await (response.read(most_bytes) if success else refusal_of(response))
        except ConnectionFailedError as error:
            if error.sent and not isinstance(error.__cause__, TimeoutError):
                # Nothing is paid here: what broke off is sent again without further ado.
                raise TransientError(str(error), provider=NAME, kind="connection") from error
            raise
        answer = _object(raw)
        if success and answer is not None and not answer.get("error"):
            return raw, answer
        raise fault(status, raw, retry_after_s=pause_s, where=self.base_url)

    async def _manner(self, model: str) -> Manner:
        """Return how the server wants to be asked: found out once, and remembered."""
        async with self._probing:
            if model not in self._manners:
                await self.connect(model)
                found = self._found or ServerInfo("", (), {})
                place = f"{self.base_url} {model} {found.server} {found.version}"
                known = self._remembered.get(place)
                if known is None:
                    known = await self._probe(model)
                    self._remembered.keep(place, known)
                self._manners[model] = known
            return self._manners[model]

    async def _probe(self, model: str) -> Manner:
        """Find out which form the server speaks, and whether it obeys a schema.

        The schema leaves one answer only, which the prompt does not tell.
        """
        params = {
            "model": model,
            "max_tokens": _PROBE_TOKENS,
            "system": "Answer in one short sentence.",
            "messages": [{"role": "user", "content": "What is the sea like?"}],
            "output_config": {"format": {"type": "json_schema", "schema": _PROBE_SCHEMA}},
        }
        manner = Manner()
        while manner.endpoint is Endpoint.CHAT:
            try:
                asked = chat.to_chat(params, manner)
                _, answer = await self._exchange(manner.endpoint, asked, CONTROL_BYTES)
            except RejectedError as error:
                less = lesser(manner, error) or _blindly_lesser(manner)
                if less is None:
                    raise
                manner = less
                continue
            message = chat.from_chat(answer, params)
            obeyed = message is not None and _PROBE_TOKEN in message["content"][-1]["text"]
            if manner.schemas is Schemas.ENFORCED and not obeyed:
                manner = manner._replace(schemas=Schemas.IGNORED)
            break
        return manner

    async def aclose(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            await transport.aclose()


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value, _ = parse(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _blindly_lesser(manner: Manner) -> Manner | None:
    """Return what to give up next where a server's words do not say what it refuses."""
    if manner.schemas is not Schemas.REFUSED:
        return manner._replace(schemas=Schemas.REFUSED)
    return manner._replace(system=False) if manner.system else None
