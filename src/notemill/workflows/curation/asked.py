"""What a curation asks for: no more than the properties that are used; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from notemill.properties import CURATED, Property
from notemill.workflows.curation.reply_text import MAX_DESCRIPTION_CHARS
from notemill.workflows.forms import TEXT, list_of, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.properties import Properties

MAX_WORD_CHARS: Final = 40
MAX_TAGS: Final = 3
MAX_TOPICS: Final = 5
_TOKENS: Final = {Property.DESCRIPTION: 65, Property.TAGS: 20, Property.TOPICS: 40}
"""What of a reply is a description, three tags, and five topics."""
_AROUND: Final = 25
"""The tokens of its form and its `note_ref`."""
_FORMS: Final[Mapping[Property, Mapping[str, Any]]] = {
    Property.DESCRIPTION: TEXT,
    Property.TAGS: list_of(TEXT),
    Property.TOPICS: list_of(TEXT),
}
# Above what is asked for: these bounds keep a small model from writing on to its last token;
# Anthropic's structured output takes no such bounds.
_WORDS: Final = list_of(text_of(MAX_WORD_CHARS), MAX_TOPICS + 2)
_BOUNDED: Final[Mapping[Property, Mapping[str, Any]]] = {
    Property.DESCRIPTION: text_of(MAX_DESCRIPTION_CHARS + 100),
    Property.TAGS: _WORDS,
    Property.TOPICS: _WORDS,
}
_SAID: Final = {"type": "string", "pattern": r"\S"}
_WORDED: Final = {
    Property.DESCRIPTION: ("a description", "no description", _SAID),
    Property.TAGS: ("tags", "no tags", {"contains": _SAID}),
    Property.TOPICS: ("topics", "no topics", {"contains": _SAID}),
}
_OF: Final = re.compile(r"- \{(\w+)\}")
"""What a rule begins with that is about one property, and goes where that is not used."""


def rules_for(text: str, used: Properties = CURATED) -> str:
    """Return a template's rules with those about the properties used."""
    lines: list[str] = []
    for line in text.split("\n"):
        of = _OF.match(line)
        if of is None or of[1] not in _WORDED:
            lines.append(line)
        elif of[1] in used:
            lines.append(f"- {line.removeprefix(of[0])}")
    named = [_WORDED[one][0] for one in _WORDED if one in used]
    lists = [f"`{one}`" for one in _WORDED if one in used and one is not Property.DESCRIPTION]
    empty = f"{_joined(lists)} may be empty. " if lists else ""
    told = "\n".join(lines).replace("{lists}", empty)
    # Of a source more than properties is asked for, and of these there may be none.
    return told.replace("{wanted}", _joined(named)) if named else told.replace("{wanted}, ", "")


def reply_form(used: Properties = CURATED, *, bounded: bool = False) -> dict[str, Any]:
    """Return the form of a reply: with its echo, the properties used and nothing else."""
    forms = _BOUNDED if bounded else _FORMS
    return object_of(
        note_ref=TEXT, **{str(one): form for one, form in forms.items() if one in used}
    )


def reply_tokens(used: Properties = CURATED) -> int:
    """Return how many tokens a reply is expected to have."""
    return _AROUND + sum(tokens for one, tokens in _TOKENS.items() if one in used)


def usable(used: Properties = CURATED) -> dict[str, Any] | None:
    """Return what a usable reply meets besides its form: it says something.

    Without a description it need not: there may be no tag that fits, and no topic.
    """
    if Property.DESCRIPTION not in used:
        return None
    asked = [one for one in _WORDED if one in used]
    return {
        "description": f"it is empty: it has {_joined([_WORDED[one][1] for one in asked])}",
        "anyOf": [{"properties": {str(one): _WORDED[one][2]}} for one in asked],
    }


def _joined(words: Iterable[str]) -> str:
    *others, end = words
    return f"{', '.join(others)} and {end}" if others else end
