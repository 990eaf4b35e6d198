"""Settings and exclusions as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notemill.app.configuring import Configuration
    from notemill.app.excluding import Excluded


def configuration(found: Configuration) -> dict[str, Any]:
    """Return all settings in force; of a key only where it comes from."""
    return {
        "settings": [
            {
                "name": one.name,
                "value": None if one.value is None else str(one.value),
                "source": one.source,
                "filed": one.filed,
                "overrides": one.overrides,
            }
            for one in found.settings.values()
            if not isinstance(one.value, list)
        ],
        "config": str(found.file),
        "locked": found.locked,
        "key": found.key,
        "exclusions": [{"entry": entry, "source": source} for entry, source in found.exclusions],
    }


def excluded(one: Excluded, source: str = "") -> dict[str, Any]:
    """Return an exclusion with the notes that it matches, for their owner alone."""
    return {
        "entry": one.entry,
        "source": source,
        "count": one.count,
        "notes": list(one.notes),
        "nearest": one.nearest,
        "hint": one.hint,
    }
