"""Settings and exclusions as JSON, with the words that a page shows beside each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notemill.app.terms import OFFLINE
from twolane.front.console import counted
from twolane.front.effects import BY_DEFAULT, FROM_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notemill.app.configuring import Configuration, Setting
    from notemill.app.excluding import Excluded

NOT_LISTED: Final = ("api_key", "auth_token", "embedding_key", "key_from", "config")
"""Settings that are told in words, not by their value."""
_BY_CHOICE: Final = ("provider", "proposals", "properties")
"""Settings of which something of few values is in force, never none."""


def configuration(found: Configuration, matched: Iterable[Excluded] = ()) -> dict[str, Any]:
    """Return all settings in force, and what exclusions match where a vault was looked at.

    Of a key there is only where it comes from.
    """
    by_entry = {one.entry: one for one in matched}
    return {
        "settings": [
            _setting(one) for one in found.settings.values() if not isinstance(one.value, list)
        ],
        "config": str(found.file),
        "locked": found.locked,
        "key": found.key,
        "exclusions": [
            excluded(by_entry[entry], source) if entry in by_entry else _unmatched(entry, source)
            for entry, source in found.exclusions
        ],
    }


def _setting(one: Setting) -> dict[str, Any]:
    """Return a setting: also what a field for it shows, and what is said beside it."""
    value = None if one.value is None else _plain(one.value)
    shown = value if one.overrides or one.filed is not None else ""
    keyless = one.name == "provider" and value == OFFLINE and one.filed not in (None, OFFLINE)
    if one.name in _BY_CHOICE:
        shown = one.filed if keyless else value
    said = "from the config file" if one.source == FROM_FILE else ""
    if one.overrides:
        said = f"set by {one.overrides}, which takes precedence over the config file"
    elif keyless:
        said = "no API key is set: until there is one, no model is asked"
    elif one.name == "provider" and one.source not in (BY_DEFAULT, FROM_FILE):
        said = "because no API key is set"
    return {
        "name": one.name,
        "value": value,
        "source": one.source,
        "filed": one.filed,
        "overrides": one.overrides,
        "shown": shown or "",
        "said": said,
        "warns": bool(one.overrides or keyless),
    }


def _plain(value: object) -> str:
    """Return a value as people write it: 30, not 30.0."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def excluded(one: Excluded, source: str = "") -> dict[str, Any]:
    """Return an exclusion with the notes that it matches, for their owner alone."""
    return {
        "entry": one.entry,
        "source": source,
        "count": one.count,
        "notes": list(one.notes),
        "nearest": one.nearest,
        "said": counted(one.count, "note") if one.count else "no note",
        "hint": one.hint,
    }


def _unmatched(entry: str, source: str) -> dict[str, Any]:
    """Return an exclusion for which no vault was looked at."""
    return {
        "entry": entry, "source": source, "count": None, "notes": [], "nearest": "", "said": "",
        "hint": "",
    }  # fmt: skip
