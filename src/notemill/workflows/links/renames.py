"""Match notes that disappeared with notes that are new: renames."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from notemill.errors import NotemillError
from notemill.vault.note import parse
from notemill.vault.related import link_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notemill.index import NoteFacts
    from notemill.stores.links import LinkLedger
    from notemill.stores.pairs import Presence
    from notemill.vault.files import Vault
    from notemill.vault.presence import Presence as Here

# Evidence that two paths are one note, strongest first.
_SAME_LINKS: Final = 4  # all links that notemill wrote into the one are in the other
_SAME_TEXT: Final = 3
_SAME_NAME: Final = 2  # in another folder
_BOTH_EMPTY: Final = 1


def renamed(
    vault: Vault,
    facts: Mapping[str, NoteFacts],
    ledger: LinkLedger,
    here: Here,
) -> dict[str, str]:
    """Return old path → new path of the ledger's notes that were renamed.

    A note is recognised by the links notemill wrote into it, by its own content, or by its name; if
    two candidates are equally good, neither is taken. If another note has taken its path, only its
    links count. A candidate that existed beside it before is a different note, whatever it
    contains: anybody can copy links, words and a name. If its folder is missing, too, a name alone
    is no evidence, since the folder may be on a drive that is not mounted; it counts if other notes
    of that folder have moved to the same place.
    """
    known = ledger.notes()
    seen = ledger.look({*facts, *here.notes, *here.elsewhere})
    away = here.away(known)
    texts: dict[str, set[str]] = {}
    for side in ledger.sides():
        texts.setdefault(side.note, set()).add(side.text)
    missing = [
        key for key in known if not (key in facts or key in here.notes or key in here.elsewhere)
    ]
    changed = [
        key
        for key in known
        if key in facts and texts.get(key) and facts[key].source_hash != known[key]
    ]
    before = {known[key] for key in changed}
    # Notes that swap names may have links in common, so some of these are still in place.
    replaced = [
        key
        for key in changed
        if facts[key].source_hash in before or not texts[key] & _entries(vault, key)
    ]
    if not missing and not replaced:
        return {}
    news = {key: facts[key] for key in (*(one for one in facts if one not in known), *replaced)}
    entries = {key: _entries(vault, key) for key in news} if texts else {}
    alike = _Alike(news.values(), entries)
    found: dict[tuple[str, str], int] = {}
    for old in (*missing, *replaced):
        mine = texts.get(old, set())
        for new in alike.to(old, known[old], mine) - {old}:
            if new not in replaced and not seen.may_be(old, new):
                continue
            weight = _SAME_LINKS if mine and mine <= entries.get(new, set()) else 0
            if old in missing and new not in replaced:
                weight += _alike(known[old], old, facts[new])
            least = _SAME_LINKS if old in replaced else _SAME_TEXT if old in away else _SAME_NAME
            if weight >= least:
                found[old, new] = weight
    matched = _matched(found)
    followers = [one for one in missing if one in away]
    return matched | _come_along(matched, followers, news, seen)


def _come_along(
    matched: Mapping[str, str], away: Iterable[str], news: Iterable[str], seen: Presence
) -> dict[str, str]:
    """Return notes that have the same name in the folder that others of their folder moved to."""
    went: dict[str, set[str]] = {}
    for old, new in matched.items():
        went.setdefault(_folder(old), set()).add(_folder(new))
    free = {(_folder(one), _name(one)): one for one in set(news).difference(matched.values())}
    return {
        old: free[folder, _name(old)]
        for old in away
        if old not in matched and len(folders := went.get(_folder(old), set())) == 1
        for folder in folders
        if (folder, _name(old)) in free and seen.may_be(old, free[folder, _name(old)])
    }


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _name(key: str) -> str:
    """Return a note's name for comparison: a change of case alone is not a rename."""
    return key.rpartition("/")[2].casefold()


class _Alike:
    """New notes, indexed by the evidence that identifies a missing one."""

    def __init__(self, news: Iterable[NoteFacts], entries: Mapping[str, set[str]]) -> None:
        self._by_source: dict[str, set[str]] = {}
        self._by_name: dict[str, set[str]] = {}
        self._by_entry: dict[str, set[str]] = {}
        for one in news:
            self._by_source.setdefault(one.source_hash, set()).add(one.key)
            self._by_name.setdefault(_name(one.key), set()).add(one.key)
            for text in entries.get(one.key, ()):
                self._by_entry.setdefault(text, set()).add(one.key)

    def to(self, old: str, source_hash: str, texts: set[str]) -> set[str]:
        """Return the candidates for `old`."""
        rarest = min((self._by_entry.get(text, set()) for text in texts), key=len, default=set())
        named = self._by_name.get(_name(old), set())
        return rarest | named | self._by_source.get(source_hash, set())


def _alike(source_hash: str, old: str, new: NoteFacts) -> int:
    weight = 0
    if source_hash and new.source_hash == source_hash:
        weight += _SAME_TEXT if new.words else _BOTH_EMPTY
    if _name(old) == _name(new.key):
        weight += _SAME_NAME
    if old.casefold() == new.key.casefold():
        weight += _SAME_LINKS
    return weight


def _matched(found: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Match the strongest pairs first, each path once; ties match nothing."""
    matched: dict[str, str] = {}
    taken: set[str] = set()
    for weight in sorted(set(found.values()), reverse=True):
        level = [
            pair
            for pair, one in found.items()
            if one == weight and pair[0] not in matched and pair[1] not in taken
        ]
        olds, news = (Counter(one[place] for one in level) for place in (0, 1))
        matched |= {old: new for old, new in level if olds[old] == news[new] == 1}
        taken |= _all(level, 1)
        unclear = _all(level, 0) - matched.keys()
        found = {pair: one for pair, one in found.items() if pair[0] not in unclear}
    return matched


def _all(pairs: Iterable[tuple[str, str]], place: int) -> set[str]:
    return {pair[place] for pair in pairs}


def _entries(vault: Vault, key: str) -> set[str]:
    """Return a note's link entries, none if it cannot be read."""
    try:
        note, _ = parse(vault.read(key))
    except NotemillError:
        return set()
    return {one.text for one in link_entries(note)}
