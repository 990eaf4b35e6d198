"""How the tree of tags looks, and where a tag is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notemill.cli.show.tag_usage import SHOWN_PLACES, place_line
from twolane.front.console import counted, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.app.tag_tree import NotesOfTag, TagTree
    from notemill.tagging.tree import TagNode
    from notemill.workflows.tags.usage import Places
    from twolane.front.console import Console

SHOWN_NOTES: Final = 20
_INDENT: Final = "  "


def show_tree(tree: TagTree, console: Console) -> None:
    """Show all tags with the number of their notes, each below its parent."""
    held = f" in {shown(tree.note)}" if tree.note else ""
    listed = sum(one.listed for one in tree.nodes)
    vocabulary = f"vocabulary{held}: {counted(listed, 'tag')}"
    console.print(
        f"{counted(len(tree.nodes), 'tag')}, in {tree.tagged:,} of {counted(tree.notes, 'note')}; "
        + (vocabulary if tree.has_vocabulary else "no vocabulary")
    )
    for one in tree.nodes:
        console.print(_line(one, tree))


def _line(one: TagNode, tree: TagTree) -> str:
    aliases = f" ({', '.join(one.aliases)})" if one.aliases else ""
    outside = "  not in the vocabulary" if tree.has_vocabulary and not one.listed else ""
    says = f" - {one.description}" if one.description else ""
    return shown(f"{one.below:6,}  {_INDENT * (one.level - 1)}{one.leaf}{aliases}{says}{outside}")


def show_tag(notes: NotesOfTag, places: Mapping[str, Places], console: Console) -> None:
    """Show the notes of a tag, and where else it and its children are meant."""
    console.print(f"#{shown(notes.tag)} is in {counted(notes.total, 'note')}")
    for one in notes.notes:
        tags = ", ".join(f"#{tag}" for tag in one.tags)
        console.print(f"  {shown(f'{one.note}: {tags}')}")
    if (left := notes.total - len(notes.notes)) > 0:
        console.print(f"  … and {left:,} more; --json has all")
    for tag, found in places.items():
        console.print(f"#{shown(tag)} is used in {counted(found.count, 'other place')}:")
        for place in found.named[:SHOWN_PLACES]:
            console.print(f"  {place_line(place)}")
        if (left := len(found.named) - SHOWN_PLACES) > 0:
            console.print(f"  … and {left:,} more; --json names them")
        if found.hidden:
            console.print(f"  {found.hidden:,} of them in hidden notes")
