"""A second reader of vaults, which shares nothing with the code: what links mean, by Obsidian's rules.

YAML is read by ruamel.yaml, links by patterns of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_REGION = re.compile(
    r"^<!-- notemill: related -->$(.*?)^<!-- notemill: end of related -->$",
    re.DOTALL | re.MULTILINE,
)
_WIKI = re.compile(r"\[\[([^\]|#]+)(?:#[^\]|]*)?(?:\|[^\]]*)?\]\]")
_MARKDOWN = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class RelatedLink:
    """A link in `related` or in the marked list: where it stands, as written, and what it means."""

    note: str
    text: str
    target: str | None


def related_links(root: Path) -> list[RelatedLink]:
    """Return the links of all notes' `related` properties and marked lists."""
    notes = {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*.md")
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    }
    found: list[RelatedLink] = []
    for name, path in notes.items():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [RelatedLink(name, one, _meant(one, name, notes)) for one in _texts(text)]
    return found


def _texts(text: str) -> list[str]:
    """Return the entries of a note that are one link each."""
    head = _HEAD.match(text)
    values: list[object] = []
    if head is not None:
        try:
            properties = YAML(typ="safe").load(head[1])
        except (YAMLError, ValueError):
            properties = None
        if isinstance(properties, dict):
            related = properties.get("related")
            values += related if isinstance(related, list) else [related]
    for region in _REGION.finditer(text.replace("\r\n", "\n")):
        values += [line[2:] for line in region[1].split("\n") if line.startswith("- ")]
    return [
        one
        for one in values
        if isinstance(one, str) and (_WIKI.fullmatch(one) or _MARKDOWN.fullmatch(one))
    ]


def _meant(text: str, source: str, notes: dict[str, Path]) -> str | None:
    """Return the note that a link means: whole path first, then the nearest of that name."""
    if (wiki := _WIKI.fullmatch(text)) is not None:
        wanted = f"{wiki[1].strip()}.md".lower()
    else:
        markdown = _MARKDOWN.fullmatch(text)
        assert markdown is not None
        wanted = unquote(markdown[1]).lower()
    lowered: dict[str, str] = {name.lower(): name for name in sorted(notes, reverse=True)}
    if wanted in lowered:
        return lowered[wanted]
    ends = [name for low, name in lowered.items() if low.endswith(f"/{wanted}")]
    if "/" in wanted or len(ends) < 2:
        return ends[0] if len(ends) == 1 else None
    folder = source.rpartition("/")[0]
    near = [name for name in ends if folder and name.startswith(f"{folder}/")]
    return min(near or ends, key=lambda name: (len(name), name))


def assert_linked_both_ways(root: Path, pairs: set[tuple[str, str]]) -> None:
    """See that every one of these pairs is linked from both its notes, and all links resolve."""
    links = related_links(root)
    meant = {(link.note, link.target) for link in links}
    for a, b in pairs:
        assert (a, b) in meant, f"{a} does not link to {b}"
        assert (b, a) in meant, f"{b} does not link to {a}"
