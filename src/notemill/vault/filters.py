"""Obsidian's excluded files: path prefixes, and regular expressions from the vault's settings.

A backtracking engine, which JavaScript's expressions need, can take exponential time even for a
name of thirty letters; so each match has a time limit, and so have all together. A filter that
cannot be read or evaluated stops the command and is named: it never lets in a note that its owner
excluded.
"""

from __future__ import annotations

import re
import time
import warnings
from typing import TYPE_CHECKING, Any, Final

from notemill.errors import VaultSettingsError
from notemill.text.normal import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FILE: Final = ".obsidian/app.json"
MAX_FILTERS: Final = 2_000
MAX_FILTER_CHARS: Final = 1_000
MAX_LOOK_S: Final = 0.1
"""Time for one match; an ordinary expression takes a few microseconds for a path."""
MAX_LOOKS_S: Final = 5.0
"""Time for all matches together, however many notes there are."""
MAX_REPEATS: Final = 10_000
"""Most copies of a part that nested `{…}` may make; a thousand million take gigabytes."""
_COUNTS: Final = re.compile(r"\{(\d*),?(\d*)\}", re.ASCII)
# JavaScript's way to name a group again, among the escapes.
_BACK: Final = re.compile(r"\\k<(\w+)>|\\.", re.DOTALL)
_MAX_DIGITS: Final = len(str(MAX_REPEATS))


class Filters:
    """A vault's list of excluded files."""

    def __init__(self, listed: object, *, clock: Callable[[], float] = time.perf_counter) -> None:
        """Compile the list from the settings; `clock` returns monotonic seconds.

        Raises VaultSettingsError.
        """
        self._clock = clock
        if listed is None:
            listed = []
        if not isinstance(listed, list) or len(listed) > MAX_FILTERS:
            raise _refused(f"it must be a list of at most {MAX_FILTERS:,} strings")
        prefixes: list[str] = []
        self._patterns: dict[str, Any] = {}
        for one in listed:
            if not isinstance(one, str) or len(one) > MAX_FILTER_CHARS:
                what = f"a string of at most {MAX_FILTER_CHARS:,} characters"
                raise _refused(f"{_shown(one)} is not {what}")
            if len(one) > 2 and one.startswith("/") and one.endswith("/"):  # noqa: PLR2004
                self._patterns[one] = _compiled(one)
            elif prefix := _nfc(one).lstrip("/"):
                prefixes.append(prefix)
        self._prefixes = tuple(prefixes)
        self._left_s = MAX_LOOKS_S

    def fit(self, path: str) -> bool:
        """Tell whether a note or folder (ending in `/`) is excluded.

        Raises VaultSettingsError if matching takes too long.
        """
        if path.startswith(self._prefixes):
            return True
        return bool(self._patterns) and self._match(path, self._patterns.items())

    def _match(self, path: str, patterns: Iterable[tuple[str, Any]]) -> bool:
        for one, pattern in patterns:
            began_s = self._clock()
            try:
                found = pattern.search(path, timeout=MAX_LOOK_S)
            except (TimeoutError, MemoryError, RecursionError):
                found, self._left_s = None, 0.0
            self._left_s -= self._clock() - began_s
            if found:
                return True
            if self._left_s < 0:
                raise _refused(f"{_shown(one)} takes too long for {_shown(path)}")
        return False


def _compiled(one: str) -> Any:  # noqa: ANN401  # the library has no types
    """Return a filter's expression. Raises VaultSettingsError."""
    import regex  # noqa: PLC0415  # only a vault with such a filter pays for the import

    copies = 1
    for counts in _COUNTS.findall(one):
        digits = max(counts, key=len)
        copies *= int(digits or 1) if len(digits) <= _MAX_DIGITS else MAX_REPEATS + 1
    if copies > MAX_REPEATS:
        raise _refused(f"{_shown(one)} repeats a part more than {MAX_REPEATS:,} times")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what will mean something else one day
            return regex.compile(_BACK.sub(_translated, _nfc(one[1:-1])), regex.ASCII)
    except (regex.error, ValueError, IndexError, KeyError, OverflowError, RecursionError) as error:
        raise _refused(f"{_shown(one)} is not a valid expression ({error})") from None


def _translated(escape: re.Match[str]) -> str:
    return f"(?P={escape[1]})" if escape[1] else escape[0]


def _refused(why: str) -> VaultSettingsError:
    return VaultSettingsError(
        f"{FILE} excludes files in a way that cannot be evaluated: {why}; correct it in Obsidian's settings "
        "(Files and links, Excluded files)"
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004  # a message is read


def _nfc(text: str) -> str:
    return normal("NFC", text)
