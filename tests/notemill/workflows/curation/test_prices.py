"""What telling every note the vault's tags may cost, where nothing is cached."""

from __future__ import annotations

import orjson
import pytest

from notemill.index import facts_of
from notemill.workflows.curation.asked import reply_tokens
from notemill.workflows.curation.candidates import MAX_HINTS, Candidates
from notemill.workflows.curation.curate import load_template, request_for
from notemill.workflows.curation.examples import TaggedNote
from notemill.workflows.curation.shared_part import shared_part
from twolane.core.tokens import estimate_input_tokens

OUTPUT_PRICE = 5
"""What a token of a reply costs, in tokens of a prompt: with all of Anthropic's models."""
BEFORE = 1_034 + OUTPUT_PRICE * 160
"""The price of the same note with 20 candidates in its own part and no list of tags, in tokens."""
TEXT = "Compost and worms feed the soil of the garden all winter. " * 20
ROOTS = [f"subject{letter}" for letter in "abcdefghijkl"]


@pytest.mark.parametrize(
    ("count", "times", "described"), [(60, 1.3, False), (60, 1.3, True), (300, 1.8, False)]
)
def test_a_short_note_costs_little_more_with_all_tags_told(
    count: int, times: float, *, described: bool
) -> None:
    """Descriptions of tags, where there is room for them, keep to the same bound."""
    below = [f"{ROOTS[n % len(ROOTS)]}/narrow-{n}" for n in range(count - len(ROOTS))]
    tags = [*ROOTS, *below]
    said = dict.fromkeys(tags, "notes about what grows, and how it is kept") if described else {}
    candidates = Candidates.of([[tag] for tag in tags], said)
    examples = [
        TaggedNote(f"{n}.md", "A title of some words", tuple(tags[n : n + 2])) for n in (1, 3, 5)
    ]
    rules = load_template("curate").text
    part = shared_part(rules, candidates, examples, tokens=4_000)
    assert part.whole
    facts = facts_of("Folder/Note.md", TEXT.encode(), size=len(TEXT), mtime_ns=0)
    params = request_for(facts, TEXT, tags[:MAX_HINTS], system=part.system, model="m")
    tokens = estimate_input_tokens(orjson.dumps(params)) + OUTPUT_PRICE * reply_tokens()
    assert tokens <= times * BEFORE
