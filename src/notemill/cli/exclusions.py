"""Exclusions that fit no note: named by every command, and asked about before notes are sent."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from notemill.errors import WaitingForPersonError
from twolane.front.console import shown

if TYPE_CHECKING:
    from notemill.app.mill import Mill
    from notemill.privacy import Sight
    from twolane.front.console import Console


def see_exclusions(
    mill: Mill, sight: Sight, console: Console, *, sends: bool = False, allow: bool = False
) -> None:
    """Name the exclusions that fit no note; where the command `sends` notes, ask about them.

    What a person says yes to, or `allow`, is remembered for the vault, and not named again. Raises
    WaitingForPersonError where nobody can be asked, or says no.
    """
    mill.allowed.end(sight.matched)
    allowed = mill.allowed.entries()
    unmatched = [one for one in sight.unmatched if one.entry not in allowed]
    for one in unmatched:
        hint = f"; did you mean {one.nearest!r}?" if one.nearest else ""
        console.print(shown(f"the exclusion {one.entry!r} fits no note of this vault{hint}"))
    if not sends or not unmatched:
        return
    if not allow and not sys.stdin.isatty():
        raise WaitingForPersonError(
            f"an exclusion fits no note, and may be a slip: {', '.join(one.entry for one in unmatched)}. "
            "Nothing was sent; correct it, or run the command again with --allow-unmatched"
        )
    if not allow:
        console.print("send notes all the same? [y/N] ", end="")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise WaitingForPersonError("nothing was sent; correct the exclusion")
    mill.allowed.allow([one.entry for one in unmatched], now=time.time())
