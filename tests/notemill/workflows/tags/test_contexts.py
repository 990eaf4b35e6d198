"""What a model is told of tags beside their notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.errors import UsageError
from notemill.workflows.tags.contexts import context_of
from notemill.workflows.tags.findings import review_tags
from notemill.workflows.tags.usage import find_usage, tags_sought
from tests.notemill.workflows.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

NOTES = {
    "a.md": "Filed with the others under #zither in a box.\n",
    "b.md": "Here is #harp\n",
    "Harp.md": "A page of that name.\n",
    "q.md": "```dataview\nLIST FROM #zither\n```\n",
    **{f"c{n}.md": f"Number {n} #drum\n" for n in range(4)},
}


def test_a_tag_is_told_with_its_places_and_a_line_of_what_is_rare(tmp_path: Path) -> None:
    """No line of a note that must not be sent, and none of what many notes have."""

    def text_of(key: str) -> str:
        if key == "b.md":
            raise UsageError("it is excluded")
        return NOTES[key]

    with kept(tmp_path, NOTES) as one:
        facts = one.sight().facts
        found = review_tags(facts, privacy=one.privacy)
        sought = tags_sought(found.census.tags)
        usage = find_usage(one.vault, facts, sought, privacy=one.privacy)
        context = context_of(found, usage, text_of)
    assert context.says == {"zither": "Filed with the others under #zither in a box."}
    assert context.used["zither"]
    assert "drum" not in context.used
    assert context.named == {"harp"}
