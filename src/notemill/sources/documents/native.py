"""Has a document read in a process of its own, within a time."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import MissingExtraError, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SECONDS: Final = 240
"""A PDF of 3,000 full pages takes 60 seconds on an old machine."""
_LIBRARIES: Final = ("kreuzberg", "mammoth", "pypdfium2")


def read_apart(
    data: bytes, kind: str, name: str, *, most_seconds: float = MOST_SECONDS
) -> Mapping[str, Any]:
    """Return what the adapter finds in a document of a media type; `name` is for messages.

    Raises SourceError if it takes too long or crashes, MissingExtraError if the libraries are not
    installed.
    """
    if not all(map(find_spec, _LIBRARIES)):
        raise MissingExtraError(
            f"{name} is a document, and reading those is not installed; "
            "run: pip install 'notemill[documents]'"
        )
    # -P: a folder that happens to be current may hold a json.py of a stranger.
    command = [sys.executable, "-P", "-m", "notemill.sources.documents.apart", kind]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=data, capture_output=True, timeout=most_seconds, check=False
        )
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        raise SourceError(
            f"{name} could not be read within {most_seconds:g} seconds; it may be damaged. "
            "Split it, or print it to a new PDF."
        ) from None
    except OSError as error:
        raise SourceError(
            f"{name} could not be read: no process for it ({error.strerror})."
        ) from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SourceError(
            f"{name} could not be read: its reader broke down over it, so it may be damaged. "
            "Open it in its program and save it anew."
        )
    return found
