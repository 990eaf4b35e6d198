"""How many calls can be in flight under the system's limit of open files."""

from __future__ import annotations

import sys
from typing import Final

# The ledger with its log, locks, bodies on their way, the event loop's own, and what a program
# around the engine has open.
RESERVED_FILES: Final = 64
# A connection, and one more while it is made: both families of addresses are tried.
FILES_A_CALL: Final = 2


def calls_within_limit(wanted: int) -> int:
    """Return how many of `wanted` calls may be in flight, raising the soft limit if that helps.

    At least 1; on systems without such a limit, `wanted`.
    """
    if sys.platform == "win32":
        return wanted
    import resource  # noqa: PLC0415  # there is none on Windows

    needed = RESERVED_FILES + FILES_A_CALL * wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    except (ValueError, OSError):
        pass  # macOS allows less than its hard limit says
    return max(1, min(wanted, (soft - RESERVED_FILES) // FILES_A_CALL))
