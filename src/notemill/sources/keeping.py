"""Drafts as bytes, to be kept between reading a source and answering for it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from notemill.sources.draft import Block, Captions, Chapter, Cue, Draft, SourceKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGEST_BYTES = 16


def as_bytes(draft: Draft) -> bytes:
    """Return a draft as JSON."""
    return orjson.dumps(asdict(draft))


def draft_in(body: bytes) -> Draft:
    """Return the draft that `as_bytes` wrote. Raises ValueError for anything else."""
    try:
        value: dict[str, Any] = orjson.loads(body)
        return Draft(
            **{
                **value,
                "kind": SourceKind(value["kind"]),
                "captions": Captions(value["captions"]),
                "keys": tuple(value["keys"]),
                "authors": tuple(value["authors"]),
                "notices": tuple(value["notices"]),
                "chapters": _all(Chapter, value["chapters"]),
                "cues": _all(Cue, value["cues"]),
                "blocks": _all(Block, value["blocks"]),
            }
        )
    except (KeyError, TypeError) as error:
        raise ValueError("this is no draft") from error


def _all(kind: Any, values: list[Mapping[str, Any]]) -> tuple[Any, ...]:  # noqa: ANN401
    return tuple(kind(**one) for one in values)


def digest_of(draft: Draft) -> str:
    """Return the hash of what a note takes from a draft: its words, and where they stand.

    What changes from day to day (counts of views, the address of a thumbnail) is no part of it.
    """
    told = (
        draft.language,
        draft.captions,
        [(int(one.start_s), one.title) for one in draft.chapters],
        [(int(one.start_s), one.speaker, one.text) for one in draft.cues],
        [(one.page, one.markdown) for one in draft.blocks],
    )
    return hashlib.blake2b(orjson.dumps(told), digest_size=_DIGEST_BYTES).hexdigest()
