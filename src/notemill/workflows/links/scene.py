"""A vault as linking needs it: its notes, their names, and how its links are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notemill.vault.link_style import link_style
from notemill.vault.related import Form, link_text
from notemill.vault.resolve import Names
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

    `facts` are of all notes, of which `sight` and `privacy` say which are hidden; `files` are all
    files that links may refer to, excluded ones included; `away` are the ledger's notes that are
    not here now, and why; `renamed` those whose path has changed; `names` the names of all these;
    `style` is how links are written; `why_not` returns why a note must not be written to, '' if it
    may be.
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
        """Return whether a note was deleted: neither excluded nor away."""
        return not (key in self.facts or key in self.files or key in self.away)

    def link_to(
        self, key: str, *, source: str, form: Form, closed: Collection[Form] = ()
    ) -> tuple[str, Form] | None:
        """Return a link to the note `key` as written in `source`, and its form there.

        The form is `form`, or another if that is `closed` or no link in it can name the note. None
        if no form is possible.
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
    """Scan a vault for links, and record renamed notes in the ledger.

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
        # A note that is away keeps its name: meanwhile a link to it does not mean another note.
        names=Names([*here.notes, *here.elsewhere, *away]),
        style=link_style(vault.root),
        why_not=why_not,
    )
