"""The offline provider's reply to a request about links: only the search's own evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from notemill.prompts.material import BOTH_SAY, NAMED_BY_NOTE, NAMES_NOTE, SCORE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Likely by itself; or likely enough, and there is something a person can see.
_LIKELY: Final = 0.5
_POSSIBLE: Final = 0.2
_FEW_WORDS: Final = 3


def judge(note_ref: str, candidates: Iterable[str]) -> str:
    """Return the reply about a prompt's candidates, each a JSON object, as JSON text."""
    links = [_verdict(one) for text in candidates if (one := _object(text))]
    return json.dumps({"note_ref": note_ref, "links": links}, ensure_ascii=False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "id" in value else None


def _verdict(candidate: Mapping[str, Any]) -> dict[str, Any]:
    words = [str(word) for word in candidate.get(BOTH_SAY, ())]
    score = float(candidate.get(SCORE, 0))
    named = bool(candidate.get(NAMED_BY_NOTE) or candidate.get(NAMES_NOTE))
    accept = score >= _LIKELY or (score >= _POSSIBLE and (named or len(words) >= _FEW_WORDS))
    said = f"both say {', '.join(words[:_FEW_WORDS])}" if words else "no word in common"
    reason = f"no model was asked: score {score:.1f}, {said}"
    return {"id": str(candidate["id"]), "accept": accept, "reason": reason}
