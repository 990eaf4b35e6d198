"""Tags that are the same tag in several spellings; pure.

Only forms that occur in the vault are compared, and only within one parent: nothing is stemmed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notemill.markup.tags import clean_tag, is_legal_tag, is_tag, tag_key
from notemill.text.normal import normal
from notemill.text.words import fold, stem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from notemill.tagging.census import Census, Tag

MIN_SPELLED: Final = 8
"""The fewest letters for a typo: too many shorter words are just one letter apart."""
MAX_SPELLED: Final = 60
"""The most letters compared for typos: each is left out in turn, and no word has more."""
MAX_ALIKE: Final = 50
"""The most tags one letter apart: more of them are a series, not typos."""
MIN_SINGULAR: Final = 4
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[-_\s]+")
# Plural → singular endings of English, French, Spanish, Portuguese and German that are safe by
# themselves; the singular has to occur, too.
_PLURALS: Final = (
    ("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("zes", "z"),
    ("oes", "o"), ("aux", "au"), ("eux", "eu"), ("ciones", "ción"), ("siones", "sión"),
    ("ções", "ção"), ("ões", "ão"), ("dades", "dad"), ("ores", "or"), ("ungen", "ung"),
    ("heiten", "heit"), ("keiten", "keit"), ("schaften", "schaft"), ("ionen", "ion"),
    ("täten", "tät"), ("s", ""),
)  # fmt: skip
# Words whose longer form is a different word.
_NO_PLURALS: Final = frozenset(
    ("acoustics", "analytics", "arms", "athletics", "classics", "communications", "customs",
     "dynamics", "economics", "electronics", "ethics", "genetics", "glasses", "goods", "graphics",
     "logistics", "mathematics", "means", "mechanics", "needs", "news", "optics", "organics",
     "physics", "politics", "savings", "series", "species", "statistics", "windows", "works")
)  # fmt: skip


class Variation(StrEnum):
    """How two spellings of a tag differ."""

    CASE = "case"
    STYLE = "style"
    ACCENTS = "accents"
    PLURAL = "plural"
    SPELLING = "spelling"


@dataclass(frozen=True, slots=True)
class Merge:
    """A tag that is a variant of another, by name; `reason` is for a person."""

    tag: str
    into: str
    kind: Variation
    reason: str
    notes: int


def find_merges(
    census: Census, *, kinds: Collection[Variation] = tuple(Variation)
) -> tuple[Merge, ...]:
    """Return the tags to merge into the most used form; children follow, and are not listed.

    Each tag is merged into one that stays itself; `kinds` are the differences that count.
    """
    pairs: list[tuple[Tag, Tag, Variation]] = []
    for siblings in _siblings(census):
        pairs += _alike(siblings, _style_form, Variation.STYLE)
        pairs += _alike(siblings, _accents_form, Variation.ACCENTS)
        pairs += _plurals(siblings)
        pairs += _slips(siblings)
    pairs = [pair for pair in pairs if pair[2] in kinds]
    merges = _spellings(census)
    into = _canonical(pairs)
    done: set[str] = set()
    for left, right, kind in pairs:
        for tag, other in ((left, right), (right, left)):
            target = into[tag.key]
            if target.key == tag.key or tag.key in done:
                continue
            done.add(tag.key)
            reason = _reason(other, kind)
            merges.append(Merge(tag.name, target.name, kind, reason, tag.count))
    return (*merges, *_illegal(census, done))


def _illegal(census: Census, done: set[str]) -> Iterator[Merge]:
    """Yield tags that Obsidian does not accept, with a legal form, in lower case where most are."""
    illegal = [tag for tag in census.used if not is_tag(tag.name)]
    is_low = illegal and _is_low(census)
    for tag in illegal:
        form = legal_form(census, tag.name)
        if form and tag.key not in done:
            form = form.lower() if is_low and tag_key(form) not in census.tags else form
            sign = "dot" if "." in tag.name else "space"
            reason = f"it contains {sign}, which Obsidian does not accept in a tag"
            yield Merge(tag.name, form, Variation.STYLE, reason, tag.count)


def _is_low(census: Census) -> bool:
    """Tell whether most tags whose script has cases are in lower case."""
    legal = [tag.name for tag in census.used if is_tag(tag.name)]
    low = sum(name.islower() for name in legal)
    return low * 2 > sum(name.islower() or name.lower() != name for name in legal)


def legal_form(census: Census, name: str) -> str:
    """Return the legal form of a tag with spaces or dots, '' if it has none, or means more."""
    clean = clean_tag(name)
    parts = clean.split(".")
    form = "-".join(parts)
    is_form = all(parts) and clean_tag(form) == form and is_legal_tag(form)
    return form if is_form and not means_more(census, name) else ""


def means_more(census: Census, name: str) -> bool:
    """Tell whether a tag that Obsidian does not accept means what no single legal tag does.

    Its dots separate levels, as in Dendron, if the part before the first dot is a tag; it is
    several tags in one line if all its words are tags.
    """
    first, dot, _ = name.partition(".")
    if dot and tag_key(first) in census.tags:
        return True
    words = name.replace(",", " ").split()
    return len(words) > 1 and all(tag_key(word.lstrip("#")) in census.tags for word in words)


def _siblings(census: Census) -> Iterator[list[Tag]]:
    groups: dict[str, list[Tag]] = {}
    for tag in census.tags.values():
        groups.setdefault(tag.parent, []).append(tag)
    yield from groups.values()


def _spellings(census: Census) -> list[Merge]:
    """Return spellings that differ only in case: one tag in Obsidian, but untidy in lists."""
    merges: list[Merge] = []
    for tag in census.tags.values():
        best = max(tag.spellings, key=lambda form: tag.spellings[form], default="")
        merges += [
            Merge(form, best, Variation.CASE, f"the same tag as #{best} in another case", count)
            for form, count in tag.spellings.items()
            if form != best
        ]
    return merges


def _canonical(pairs: Iterable[tuple[Tag, Tag, Variation]]) -> dict[str, Tag]:
    """Return for every tag of the pairs the most used one of its group, which all become."""
    groups: dict[str, list[Tag]] = {}
    for left, right, _ in pairs:
        group = groups.setdefault(left.key, [left])
        other = groups.setdefault(right.key, [right])
        if group is not other:
            # The smaller group joins the larger, so that no tag changes its group often.
            few, many = sorted((group, other), key=len)
            many += few
            groups |= dict.fromkeys((tag.key for tag in few), many)
    best = {
        id(group): max(
            group, key=lambda tag: (is_legal_tag(tag.name), tag.count, -len(tag.key), tag.key)
        )
        for group in {id(group): group for group in groups.values()}.values()
    }
    return {key: best[id(group)] for key, group in groups.items()}


def _alike(
    tags: list[Tag], form_of: Callable[[Tag], str], kind: Variation
) -> Iterator[tuple[Tag, Tag, Variation]]:
    known: dict[str, Tag] = {}
    for tag in tags:
        form = form_of(tag)
        if form in known:
            yield known[form], tag, kind
        elif form:
            known[form] = tag


def _style_form(tag: Tag) -> str:
    return level_form(tag.leaf)


def level_form(name: str) -> str:
    """Return the letters of a tag's level: `Machine-Learning` and `machineLearning` are equal."""
    return _SEPARATORS.sub("", name).casefold()


def _accents_form(tag: Tag) -> str:
    """Return a tag without accents on Latin letters; marks in other scripts distinguish words."""
    folded: list[str] = []
    for char in normal("NFD", _style_form(tag)):
        if not unicodedata.combining(char) or not (folded and folded[-1].isascii()):
            folded.append(char)
    return normal("NFC", "".join(folded))


def same_form(name: str) -> str:
    """Return what spellings of a name have in common: no case, separators, accents or plural."""
    bare = fold(_SEPARATORS.sub("", name))
    return bare if bare in _NO_PLURALS or len(bare) <= MIN_SINGULAR else stem(bare)


def words_of(name: str) -> list[str]:
    """Return the words of a tag's level: `machineLearning` and `machine-learning` have two."""
    return [word.casefold() for word in _SEPARATORS.split(_CAMEL.sub("-", name)) if word]


def _plurals(tags: list[Tag]) -> Iterator[tuple[Tag, Tag, Variation]]:
    forms = {_style_form(tag): tag for tag in tags}
    for tag in forms.values():
        found = (forms[one] for one in singulars(tag.leaf) if one in forms)
        if (other := next(found, None)) is not None:
            yield other, tag, Variation.PLURAL


def singulars(name: str) -> Iterator[str]:
    """Yield the forms of levels that `name` may be the plural of; each is one only if it is there."""
    last = (words_of(name) or [""])[-1]
    form = level_form(name)
    for ending, singular in _PLURALS if last not in _NO_PLURALS else ():
        bare = last.removesuffix(ending) + singular
        if last.endswith(ending) and len(bare) >= MIN_SINGULAR and not bare.endswith(("s", "i")):
            yield form[: len(form) - len(last)] + bare


def _slips(tags: list[Tag]) -> Iterator[tuple[Tag, Tag, Variation]]:
    """Yield long tags one typo apart, found by their forms without one letter."""
    seen: dict[str, list[Tag]] = {}
    for tag in tags:
        form = _style_form(tag)
        if not MIN_SPELLED <= len(form) <= MAX_SPELLED or not form.isalpha() or not _is_latin(form):
            continue
        others: dict[str, Tag] = {}
        for less in dict.fromkeys((form, *(form[:at] + form[at + 1 :] for at in range(len(form))))):
            alike = seen.setdefault(less, [])
            if len(alike) < MAX_ALIKE:
                others |= {other.key: other for other in alike}
                alike.append(tag)
        for other in others.values():
            if _is_slip(form, _style_form(other)):
                yield other, tag, Variation.SPELLING


def _is_slip(left: str, right: str) -> bool:
    """Return whether one inner letter is missing or different, or two are swapped.

    A different first or last letter makes a different word: `adoption` and `adaption` may be typos,
    `economic` and `economics`, `historic` and `prehistoric` are not.
    """
    if left == right or left[:1] != right[:1] or left[-1:] != right[-1:]:
        return False
    short, long = sorted((left, right), key=len)
    at = next((n for n, char in enumerate(short) if char != long[n]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    exchanged = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or exchanged


def _is_latin(text: str) -> bool:
    return all(char.isascii() or unicodedata.name(char, "").startswith("LATIN") for char in text)


def _reason(other: Tag, kind: Variation) -> str:
    match kind:
        case Variation.PLURAL:
            return f"singular and plural of one word, as #{other.name}"
        case Variation.SPELLING:
            return f"one letter apart from #{other.name}"
        case Variation.ACCENTS:
            return f"#{other.name} except for accents"
        case _:
            return f"the same letters as #{other.name}, joined differently"
