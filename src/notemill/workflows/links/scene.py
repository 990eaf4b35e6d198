"""A vault as links see it: which notes there are, what they are called, how links are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.vault.related import Form, link_text
from notemill.vault.resolve import Names
from notemill.vault.select import link_style
from notemill.workflows.links.renames import renamed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from notemill.index import NoteFacts
    from notemill.privacy import Privacy, Sight
    from notemill.stores.links import LinkLedger
    from notemill.vault.files import Vault
    from notemill.vault.related import LinkStyle


@dataclass(frozen=True, slots=True)
class Scene:
    """A vault scanned for links.

    `facts` are of all notes there are, of which `sight` and `privacy` say which are hidden; `files`
    all that links may mean, those left out included; `away` the notes of the ledger that are not
    here now, and why; `renamed` those that have another path than before; `names` of all these;
    `style` says how links are written; `why_not` returns why a note is not to be written to, '' if
    it may be.
    """

    vault: Vault
    facts: Mapping[str, NoteFacts]
    sight: Sight
    privacy: Privacy
    files: Collection[str]
    away: Mapping[str, str]
    renamed: Mapping[str, str]
    names: Names
    style: LinkStyle
    why_not: Callable[[NoteFacts], str]

    def is_gone(self, key: str) -> bool:
        """Return whether a note was deleted: neither left out nor away."""
        return not (key in self.facts or key in self.files or key in self.away)

    def link_to(
        self, key: str, *, source: str, form: Form, closed: Collection[Form] = ()
    ) -> tuple[str, Form] | None:
        """Return a link to the note `key` as it is written in `source`, and where.

        That is in `form`, and elsewhere where it cannot be: `closed` or no link there can name the
        note. None if there is no place.
        """
        for one in sorted(Form, key=lambda one: one is not form):
            if one not in closed and (
                text := link_text(self.names, key, source=source, form=one, style=self.style)
            ):
                return text, one
        return None


def scene_of(
    vault: Vault,
    sight: Sight,
    ledger: LinkLedger,
    *,
    privacy: Privacy,
    why_not: Callable[[NoteFacts], str],
) -> Scene:
    """Look who is who in a vault; notes that were renamed are so in the ledger from here on.

    Raises VaultError.
    """
    by_key = {one.key: one for one in sight.facts}
    here = vault.presence()
    moved = renamed(vault, by_key, ledger, here)
    if moved:
        ledger.rename(moved)
    away = here.away(ledger.notes())
    return Scene(
        vault=vault,
        facts=by_key,
        sight=sight,
        privacy=privacy,
        files=here.notes,
        away=away,
        renamed=moved,
        # What is away keeps its name: a link to it means no other note in the meantime.
        names=Names([*here.notes, *here.elsewhere, *away]),
        style=link_style(vault.root),
        why_not=why_not,
    )
