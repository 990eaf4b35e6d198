"""What a curation asks for: the rules, the form and the size of a reply, by the properties used."""

from __future__ import annotations

from importlib import resources
from itertools import chain, combinations

import pytest
from jsonschema import Draft7Validator

from notemill.properties import ALL, CURATED, Property, read_properties
from notemill.workflows.curation.asked import reply_form, reply_tokens, rules_for, usable
from notemill.workflows.curation.curate import load_template, read_reply

TEMPLATE = resources.files("notemill.prompts").joinpath("curate.md").read_text("utf-8")
SOME = [
    frozenset(some)
    for some in chain.from_iterable(combinations(sorted(CURATED), count) for count in (1, 2))
]


@pytest.mark.parametrize("used", [*SOME, CURATED])
def test_the_rules_are_about_the_properties_used_alone(used: frozenset[Property]) -> None:
    """No rule tells of another one, and no mark of the template is left."""
    rules = rules_for(TEMPLATE, used)
    for one in CURATED:
        assert (f"- `{one}`: " in rules) is (one in used)
    assert "{" not in rules
    told = {"existing_tags", "candidate_tags", "new_tags", "rejected_tags", "garden/soil"}
    assert any(word in rules for word in told) is (Property.TAGS in used)
    assert ("may be empty" in rules) is (used != {Property.DESCRIPTION})
    assert "`note_ref`: repeat" in rules


def test_two_are_joined_as_people_say_it() -> None:
    """A sentence stays a sentence."""
    rules = rules_for(TEMPLATE, read_properties("tags, topics"))
    assert "For each note you write tags and topics that its owner" in rules
    assert "- `tags` and `topics` may be empty. Plain words:" in rules
    assert "For each note you write a description that" in rules_for(
        TEMPLATE, read_properties("description")
    )


def test_links_change_nothing_of_a_prompt() -> None:
    """They are found by themselves; the prompt, its version and its prices stay the same."""
    assert load_template("curate", ALL) == load_template("curate", CURATED)


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("used", SOME)
def test_a_reply_has_what_is_used_and_nothing_else(
    used: frozenset[Property], *, bounded: bool
) -> None:
    """So nothing else is paid for."""
    whole = {"note_ref": "x", "description": "It is.", "tags": ["a"], "topics": ["b"]}
    form = Draft7Validator(reply_form(used, bounded=bounded))
    assert form.is_valid(
        {name: said for name, said in whole.items() if name in {"note_ref", *used}}
    )
    assert not form.is_valid(whole)
    assert reply_tokens(used) < reply_tokens()


def test_a_reply_without_a_description_may_be_empty() -> None:
    """There may be no tag that fits and no topic; with a description, something has to be said."""
    assert usable(read_properties("tags, topics")) is None
    form = usable(read_properties("description, topics"))
    assert form is not None
    assert form["description"] == "it is empty: it has no description and no topics"
    assert Draft7Validator(form).is_valid({"description": " ", "topics": ["Soil"]})
    assert not Draft7Validator(form).is_valid({"description": " ", "topics": []})


def test_of_a_reply_only_what_is_used_is_read() -> None:
    """Also of one that was asked for more, or for less, before the setting was changed."""
    whole = '{"note_ref": "x", "description": "It is.", "tags": ["a/b", "a b"], "topics": ["C"]}'
    found = read_reply(whole, used=read_properties("description, related"))
    assert (found.description, found.tags, found.topics) == ("It is.", (), ())
    assert found.losses == ()
    assert found.asked == {Property.DESCRIPTION}
    less = read_reply('{"note_ref": "x", "topics": ["C"]}')
    assert (less.description, less.tags, less.topics) == ("", (), ("C",))
    assert less.asked == {Property.TOPICS}
