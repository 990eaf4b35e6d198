"""Requests with replies of a fixed form."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from notemill.workflows.forms import BOOLEAN, TEXT, list_of, object_of, params_of, text_of


def test_a_form_takes_what_it_says_and_nothing_else() -> None:
    """By a validator that is not ours: all members are there, no other, each within its bound."""
    form = object_of(name=text_of(5), tags=list_of(TEXT, 2), sure=BOOLEAN)
    Draft202012Validator.check_schema(form)
    fits = Draft202012Validator(form).is_valid
    good = {"name": "soil", "tags": ["a", "b"], "sure": True}
    assert fits(good)
    for bad in ({"name": "too long"}, {"tags": ["a", "b", "c"]}, {"sure": "yes"}, {"more": 1}):
        assert not fits(good | bad), bad
    assert not fits({"name": "soil", "tags": []})


def test_a_list_without_a_bound_takes_any_number() -> None:
    """Structured output takes no bounds everywhere, so none is made up."""
    assert list_of(TEXT) == {"type": "array", "items": TEXT}


def test_params_hold_the_lines_the_system_prompt_and_the_form() -> None:
    """One message of a person, and the form as structured output has it."""
    form = object_of(name=TEXT)
    params = params_of(["a", "b"], system="Be brief.", form=form, model="m", max_tokens=9)
    assert params["messages"] == [{"role": "user", "content": "a\nb"}]
    assert (params["model"], params["max_tokens"], params["system"]) == ("m", 9, "Be brief.")
    assert params["output_config"]["format"] == {"type": "json_schema", "schema": form}
