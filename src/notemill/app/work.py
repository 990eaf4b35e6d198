"""Work that is named by its kind and options, as a page or a program names it.

The one place that turns plain values into calls of services: `work_of` checks them, and the `Work`
it returns is carried out over an open vault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from notemill.app.options import Options
from notemill.app.work_asked import Curation, Ingest, LinkSearching, Resume
from notemill.app.work_followed import TakeNew
from notemill.app.work_here import Apply, ChangeTags, LookForTagChanges, Tidy, Undo
from notemill.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notemill.app.mill import Mill
    from notemill.app.planning import WorkPlan
    from notemill.app.work_ended import WorkEnded


class Work(Protocol):
    """Work with all its options, ready to be carried out."""

    kind: ClassVar[str]

    async def run(self, mill: Mill) -> WorkEnded:
        """Carry it out over an open vault, whose front is told and asked.

        Raises NotemillError, TwolaneError.
        """

    async def plan(self, mill: Mill) -> WorkPlan:
        """Return what it would cost and when it would end. Raises NotemillError, TwolaneError."""


def work_of(kind: str, options: Mapping[str, object]) -> Work:
    """Return the work of a kind with its options.

    Raises UsageError if there is no such kind, an option is unknown, or its value is not allowed.
    """
    make = _KINDS.get(kind)
    if make is None:
        raise UsageError(f"there is no work of this kind; there is {', '.join(_KINDS)}")
    given = Options(kind, options)
    work = make(given)
    given.end()
    return work


_KINDS: Final[Mapping[str, Callable[[Options], Work]]] = {
    Curation.kind: Curation.of,
    LinkSearching.kind: LinkSearching.of,
    LookForTagChanges.kind: LookForTagChanges.of,
    ChangeTags.kind: ChangeTags.of,
    Tidy.kind: Tidy.of,
    Apply.kind: Apply.of,
    Undo.kind: Undo.of,
    TakeNew.kind: TakeNew.of,
    Ingest.kind: Ingest.of,
    Resume.kind: Resume.of,
}
KINDS: Final = tuple(_KINDS)
"""All kinds of work."""
