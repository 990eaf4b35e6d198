"""Other spellings of a tag that a person adds to the vocabulary; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.errors import UsageError
from notemill.markup.tags import is_legal_tag, tag_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notemill.tagging.taglist import Vocabulary


def new_spellings(
    aliases: Mapping[str, str], vocabulary: Vocabulary | None, *, in_note: bool
) -> dict[str, str]:
    """Return the spellings that the vocabulary does not have yet, with the tag of each.

    `aliases` maps them to their tags, `in_note` if the vocabulary is a note's list, where a tag has
    to lose its own line first. Raises UsageError saying why a spelling cannot be kept.
    """
    if vocabulary is None:
        raise UsageError(
            "this vault has no vocabulary in which another spelling could be kept; "
            "`notemill tags merge` changes the notes alone"
        )
    tags = {tag_key(one.tag): one.tag for one in vocabulary.entries if not one.dropped}
    listed = {tag_key(one.tag) for one in vocabulary.entries if in_note or one.dropped}
    owners = {tag_key(name): one.tag for one in vocabulary.entries for name in one.aliases}
    found: dict[str, str] = {}
    for name, said in aliases.items():
        key = tag_key(name)
        tag = tags.get(tag_key(said))
        if tag is None:
            raise UsageError(f"#{said} is not in the vocabulary, so it has no other spellings")
        if not is_legal_tag(name):
            raise UsageError(f"{name!r} cannot be a tag, so no tag is spelled like this")
        owner = owners.get(key)
        if owner is not None and tag_key(owner) != tag_key(said):
            raise UsageError(f"#{name} is another spelling of #{owner} already")
        if key in listed:
            raise UsageError(
                f"#{name} has its own line in the vocabulary; remove that line, then it can be "
                f"another spelling of #{tag}"
            )
        if owner is None:
            found[name] = tag
    return found
