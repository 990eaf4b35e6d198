"""The ids that tie a result to its source, created and checked in one place.

Two of the three independent checks live here: the `custom_id`, which names one attempt of one
item, and the `note_ref`, a token that a reply has to repeat. Randomness comes from the caller.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final

from twolane.core.schema import parse_reply
from twolane.errors import InputError

MAX_CUSTOM_ID_CHARS: Final = 64
"""The Message Batches API accepts `^[a-zA-Z0-9_-]{1,64}$`."""

MAX_INDEX: Final = 10**12 - 1
NONCE_CHARS: Final = 4
NOTE_REF_CHARS: Final = 12

# Without i, l, o, 0 and 1: a person reads these aloud or types them from a screen.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_NONCE: Final = re.compile(rf"[{_ALPHABET}]{{{NONCE_CHARS}}}")
_CUSTOM_ID: Final = re.compile(
    r"file_(\d{5}|[1-9]\d{5,11})_"
    rf"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?-([{_ALPHABET}]{{{NONCE_CHARS}}})",
    re.ASCII,
)
ECHO: Final = "note_ref"
"""The member of a reply that repeats its request's token."""
_NOTE_REF_LINE: Final = re.compile(rf"note_ref: ([{_ALPHABET}]{{{NOTE_REF_CHARS}}})\n")
# Names that `_safe_name` would leave as they are; some of those are not among them.
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*", re.ASCII)
_UNSAFE_RUN: Final = re.compile(r"[^A-Za-z0-9-]+")
# Letters that Unicode does not take apart into a base letter and a mark.
_FOLDED: Final = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "\u0131": "i",  # dotless i
    }
)
# More of a name than ever fits: bounds the work on a name that is a whole text.
_NAME_BOUND_CHARS: Final = 256
_NO_NAME: Final = "note"


def make_custom_id(index: int, name: str, nonce: str) -> str:
    """Return the id of one attempt, such as `file_00042_Building_RAG_Systems-7f3k`.

    `index` is the item's place in the whole run, `nonce` belongs to the intent the attempt is part
    of. The name is for people and is cut if the id would exceed 64 characters. Raises ValueError
    for an index outside 0…MAX_INDEX or a nonce not made by `make_nonce`.
    """
    if not 0 <= index <= MAX_INDEX:
        raise ValueError(f"index {index} is outside 0…{MAX_INDEX}")
    if not _is_nonce(nonce):
        raise ValueError(f"{nonce!r} is not a nonce")
    as_it_is = f"file_{index:05d}_{name}-{nonce}"
    if len(as_it_is) <= MAX_CUSTOM_ID_CHARS and _SAFE_NAME.fullmatch(name):
        return as_it_is
    head = f"file_{index:05d}_"
    room = MAX_CUSTOM_ID_CHARS - len(head) - 1 - NONCE_CHARS
    return f"{head}{_safe_name(name, room)}-{nonce}"


@functools.lru_cache(maxsize=16)
def _is_nonce(nonce: str) -> bool:
    """Tell whether `make_nonce` can have made it; kept, for a batch asks at every item."""
    return _NONCE.fullmatch(nonce) is not None


def _safe_name(name: str, room: int) -> str:
    """Return at most `room` characters of `name` that are letters, digits, `_` or `-`."""
    text = name[:_NAME_BOUND_CHARS]
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_FOLDED))
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _UNSAFE_RUN.sub("_", text).strip("_-")[:room].rstrip("_-") or _NO_NAME


def parse_custom_id(custom_id: str) -> tuple[int, str] | None:
    """Return (index, nonce) of an id that `make_custom_id` could have made, otherwise None."""
    if len(custom_id) > MAX_CUSTOM_ID_CHARS:
        return None
    match = _CUSTOM_ID.fullmatch(custom_id)
    return (int(match[1]), match[2]) if match else None


def make_nonce(random_bytes: bytes) -> str:
    """Return the nonce of an intent from at least 8 random bytes.

    There are 923,521 nonces: the caller draws again if the run already has this one. Raises
    ValueError for fewer bytes.
    """
    if len(random_bytes) < 8:  # noqa: PLR2004  # 64 bits keep the bias of the division below 1e-13
        raise ValueError("a nonce takes at least 8 random bytes")
    return _spell(random_bytes, NONCE_CHARS)


def _spell(data: bytes, length: int) -> str:
    """Spell the number in `data` with `length` characters of the alphabet."""
    number = int.from_bytes(data, "big")
    chars = []
    for _ in range(length):
        number, place = divmod(number, len(_ALPHABET))
        chars.append(_ALPHABET[place])
    return "".join(chars)


def content_hash(data: bytes) -> str:
    """Return the 128-bit BLAKE2b hash of a source's bytes as 32 hex digits."""
    return blake2b(data, digest_size=16).hexdigest()


def note_ref(run_id: str, index: int, content_hash: str) -> str:
    """Return the token that the reply to item `index` has to repeat: 12 characters, 59 bits."""
    source = f"{len(run_id)}:{run_id}:{index}:{content_hash}"
    digest = blake2b(
        source.encode("utf-8", "surrogatepass"), digest_size=16, person=b"twolane.note_ref"
    )
    return _spell(digest.digest(), NOTE_REF_CHARS)


def with_note_ref(params: Mapping[str, Any], token: str) -> dict[str, Any]:
    r"""Return a copy of `params` whose first user message begins with `note_ref: TOKEN\n`.

    The original is unchanged, and the copy shares everything else with it. A first user message
    without any text (an image alone) gets a text block in front. Raises InputError if there is no
    user message, or its content is neither a string nor a list of blocks.
    """
    messages = params.get("messages")
    if not isinstance(messages, list | tuple):
        raise InputError("`params` has no list `messages` to put the note_ref line in")
    line = f"note_ref: {token}\n"
    for place, message in enumerate(messages):
        if isinstance(message, Mapping) and message.get("role") == "user":
            marked = {**message, "content": _with_line(message.get("content"), line)}
            return {**params, "messages": [*messages[:place], marked, *messages[place + 1 :]]}
    raise InputError("`params.messages` has no user message to put the note_ref line in")


def _with_line(content: object, line: str) -> str | list[Any]:
    """Return message content with `line` before its first text."""
    if isinstance(content, str):
        return line + content
    if not isinstance(content, list | tuple):
        raise InputError("the first user message's content is neither a string nor a list")
    for place, block in enumerate(content):
        if isinstance(block, Mapping) and isinstance(block.get("text"), str):
            marked = {**block, "text": line + block["text"]}
            return [*content[:place], marked, *content[place + 1 :]]
    return [{"type": "text", "text": line}, *content]


def note_ref_of(params: Mapping[str, Any]) -> str | None:
    """Return the token that `with_note_ref` put into `params`, None if there is none."""
    for message in params.get("messages") or ():
        if message.get("role") == "user":
            content = message.get("content")
            texts = [content] if isinstance(content, str) else [_text_of(one) for one in content]
            match = _NOTE_REF_LINE.match(next(filter(None, texts), ""))
            return match[1] if match else None
    return None


def _text_of(block: object) -> str:
    text = block.get("text") if isinstance(block, Mapping) else None
    return text if isinstance(text, str) else ""


class Echo(StrEnum):
    """What a reply's `note_ref` proves."""

    OK = "ok"
    UNREADABLE = "unreadable"
    """Not a JSON object, or one without the string `note_ref`: the reply is invalid."""

    WRONG = "wrong"
    """It repeats another token: the reply may belong to another source."""


def check_echo(text: str, token: str) -> Echo:
    """Say whether `text` is a JSON object whose member ECHO is `token`."""
    try:
        reply = parse_reply(text)
    except ValueError:
        return Echo.UNREADABLE
    found = reply.get(ECHO) if isinstance(reply, dict) else None
    if not isinstance(found, str):
        return Echo.UNREADABLE
    return Echo.OK if found == token else Echo.WRONG
