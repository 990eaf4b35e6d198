"""What the prompts of all notes of a run share: the rules, the vault's tags, tagged examples; pure.

It is sent with every request, and the same in all of them, so that a provider can cache it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notemill.markup.lines import one_line
from notemill.markup.tags import tag_key
from notemill.prompts.material import DATA, Block, line_of, marked
from twolane import careful_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from notemill.workflows.curation.candidates import Candidates
    from notemill.workflows.curation.examples import TaggedNote

MAX_TOLD: Final = 300
"""The most tags that every prompt lists: some 1,000 tokens, about as much as a note."""
DESCRIBED_BYTES: Final = 1_100
"""The most bytes of a tree with descriptions: some 300 tokens, as it goes with every request."""
DESCRIPTION_CHARS: Final = (80, 60, 40, 25)
"""How much of a tag's description is told: the most of these with which the tree fits."""
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class SharedPart:
    """The system prompt of a run, and whether it lists every tag of the vault."""

    system: str
    whole: bool


@dataclass(slots=True)
class _Node:
    """A level of the tree: its name, the number of notes at and below it, and what is below."""

    tag: str
    name: str
    notes: int = 0
    below: dict[str, _Node] = field(default_factory=dict)


def shared_part(
    rules: str, candidates: Candidates, examples: Sequence[TaggedNote], *, tokens: int
) -> SharedPart:
    """Return the rules followed by the tags and the examples.

    `tokens` is the room for tags and examples: if they do not fit, examples and descriptions are
    left out, and then tags, the least used first and roots last.
    """
    told = most_useful(candidates.counts, MAX_TOLD)
    tree = tree_of(told, candidates.counts, candidates.descriptions)
    shown = "\n".join(f"{line_of(one.title)} | {', '.join(one.tags)}" for one in examples)
    if careful_tokens(tree) + careful_tokens(shown) > tokens:
        shown = ""
        told, tree = _fitting(told, candidates.counts, tokens)
    blocks = [Block(DATA, tree, "tags:")] if tree else []
    blocks += [Block(DATA, shown, "examples:")] if shown else []
    system = "\n".join((rules.rstrip("\n"), *(["", *marked(blocks)] if blocks else [])))
    return SharedPart(system, candidates.counts.keys() <= set(told))


def _fitting(told: Sequence[str], counts: Mapping[str, int], tokens: int) -> tuple[list[str], str]:
    """Return as many of the tags as fit without descriptions, and their tree."""
    kept = list(told)
    tree = tree_of(kept, counts, {})
    while kept and (size := careful_tokens(tree)) > tokens:
        # In proportion, and one more: a few steps lead from hundreds of tags to a handful.
        kept = kept[: min(len(kept) - 1, len(kept) * tokens // size)]
        tree = tree_of(kept, counts, {})
    return kept, tree


def most_useful(counts: Mapping[str, int], most: int) -> list[str]:
    """Return the tags to list if not all can be: roots first, the most used first among each."""
    roots: dict[str, str] = {}
    used: Counter[str] = Counter()
    for tag, count in counts.items():
        root = tag.partition("/")[0]
        # The vault's own spelling of a root, where it is a tag by itself.
        spelled = root if root in counts else roots.get(tag_key(root), root)
        roots[tag_key(root)] = spelled
        used[tag_key(root)] += count
    first = sorted(roots, key=lambda key: (-used[key], key))
    nested = sorted((tag for tag in counts if "/" in tag), key=lambda tag: (-counts[tag], tag))
    return [*(roots[key] for key in first), *nested][:most]


def tree_of(tags: Iterable[str], counts: Mapping[str, int], descriptions: Mapping[str, str]) -> str:
    """Return tags as an indented tree, one level a line, the most used first.

    Descriptions follow their tags, all of them cut alike, if the tree stays within DESCRIBED_BYTES;
    else those of the roots, which tell most; else none.
    """
    top = _Node("", "")
    for tag in tags:
        node, path = top, ""
        for level in tag.split("/"):
            path = f"{path}/{level}" if path else level
            node = node.below.setdefault(tag_key(level), _Node(path, level))
            node.notes += counts.get(tag, 0)
    every = {tag_key(tag): one_line(said) for tag, said in descriptions.items() if said}
    roots = {key: said for key, said in every.items() if "/" not in key}
    for told in (every, roots):
        for most in DESCRIPTION_CHARS if told else ():
            tree = "\n".join(_lines(top, 0, told, most))
            if len(tree.encode()) <= DESCRIBED_BYTES:
                return tree
    return "\n".join(_lines(top, 0, {}, 0))


def _lines(node: _Node, depth: int, told: Mapping[str, str], most: int) -> Iterator[str]:
    for one in sorted(node.below.values(), key=lambda one: (-one.notes, one.name)):
        said = _beginning(told.get(tag_key(one.tag), ""), most)
        yield f"{_INDENT * depth}{line_of(one.name)}{f': {said}' if said else ''}"
        yield from _lines(one, depth + 1, told, most)


def _beginning(text: str, most: int) -> str:
    """Return the beginning of a description, cut at a word where there is one."""
    if len(text) <= most:
        return text
    return text[: most + 1].rpartition(" ")[0].rstrip(" ,;:") or text[:most]
