"""The index of a vault's notes: derived data, which can be deleted and rebuilt.

Modules are imported on first use of one of their names: a file's path must not import numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notemill.index.facts import NoteFacts as NoteFacts
    from notemill.index.facts import description_of as description_of
    from notemill.index.facts import facts_and_text as facts_and_text
    from notemill.index.facts import facts_of as facts_of
    from notemill.index.notes import Index as Index

__all__ = ["Index", "NoteFacts", "description_of", "facts_and_text", "facts_of"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import the module that defines a public name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = "notes" if name == "Index" else "facts"
    return getattr(import_module(f"{__name__}.{place}"), name)
