"""The examples of the pages: each is run and shows what is printed, or is named with a reason."""

from __future__ import annotations

import ast
import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from notemill.config import check_settings, load_exclusions
from notemill.tagging.taglist import read_vocabulary
from tests.docs.examples import Example, World, absent, examples
from tests.doubles import ScriptedProvider
from tests.local_server import Manners, serving
from tests.twolane.cli.served import answer, served
from twolane import Engine, Request, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.loopback

EXAMPLES = examples()
TYPED = [one for one in EXAMPLES if one.is_commands]
NOT_RUN = {
    "py -3.11": "Windows has this launcher",
    ".venv\\Scripts\\": "Windows has this folder",
    "pip install": "asks a package index",
    "notemill serve": "serves until Ctrl-C",
    ". .venv/bin/activate": "changes the shell that it is typed into",
}
"""What stands at the beginning of commands that no test can run, and why."""
FIRST = {
    "notemill show RUN --item NOTE": "notemill link --min-score 0.01",
}
"""What has to be done before an example's first command, where the page says so in words."""
PRINTED = {
    "provider: local": "notemill curate ~/notes --provider local",
}
"""What a page shows of a command's output, apart from the command."""


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[World]:
    """A world to run an example in."""
    manners = Manners(kind="Ollama", models=("llama3.2:3b",), context=8_192)
    with served() as service, serving(manners) as local:
        made = World(tmp_path, monkeypatch, capsys, service, local)
        try:
            yield made
        finally:
            made.close()


def _id(example: Example) -> str:
    return str(example)


def _marked(example: Example) -> Any:  # noqa: ANN401  # what pytest.param returns has no name
    """Return a parameter; what takes long is marked."""
    demo = any(one.command == "make demo" for one in example.steps)
    marks = [pytest.mark.long] if demo or example.page == "README.md" else []
    return pytest.param(example, marks=marks, id=str(example))


@pytest.mark.parametrize("example", [_marked(one) for one in TYPED])
def test_what_is_typed_runs_and_prints_what_is_shown(example: Example, world: World) -> None:
    """Every command of an example ends well, in their order, with the lines that the page shows."""
    world.prompts = 10_000 if example.page == "README.md" else 10
    steps = [one for one in example.steps if not one.command.startswith(tuple(NOT_RUN))]
    if steps and (before := FIRST.get(steps[0].command)):
        world.run(before)
    for step in steps:
        printed = world.run(step.command)
        assert absent(step.shown, printed) == [], printed


def _of(language: str) -> list[Example]:
    return [one for one in EXAMPLES if one.language == language]


@pytest.mark.parametrize("example", _of("toml"), ids=_id)
def test_a_shown_config_file_holds_known_settings(example: Example, tmp_path: Path) -> None:
    """Both programs read it, and each of its settings is one that they know."""
    config = tmp_path / "config.toml"
    config.write_text(example.text, "utf-8")
    load_settings({"config": config}, environment={})
    check_settings(config, {})
    shown = tomllib.loads(example.text).get("notemill", {}).get("exclude", [])
    read = load_exclusions((), {}, config=config)
    assert len(read.patterns) + len(read.tags) == len(shown)


@pytest.mark.parametrize("example", _of("yaml"), ids=_id)
def test_shown_properties_are_yaml(example: Example) -> None:
    """A shown property is a list of links, as another reader has it."""
    (values,) = yaml.safe_load(example.text).values()
    assert all(one.startswith("[[") for one in values)


@pytest.mark.parametrize("example", _of("markdown"), ids=_id)
def test_a_shown_vocabulary_is_one(example: Example) -> None:
    """A list of tags on a page is read without a line to mend."""
    vocabulary = read_vocabulary(example.text)
    assert vocabulary.problems == ()
    assert len(vocabulary.entries) == example.text.count("\n- ") + example.text.count("\n  - ")


@pytest.mark.parametrize("example", _of("json"), ids=_id)
def test_a_shown_line_of_output_has_the_members_of_one(example: Example, world: World) -> None:
    """Its members are those that a run writes."""
    world.run("twolane run prompts.jsonl -o answers.jsonl")
    written = (world.vault / "answers.jsonl").read_text("utf-8").splitlines()[0]
    assert list(json.loads(example.text)) == list(json.loads(written))
    assert list(json.loads(example.text)["result"]) == list(json.loads(written)["result"])


# The README's own script is run in test_docs.py.
@pytest.mark.parametrize("page", sorted({one.page for one in _of("python")} - {"README.md"}))
async def test_the_python_of_a_page_runs(page: str, world: World) -> None:
    """It runs over the requests that it speaks of, in its order; only the provider is ours."""
    really_open = Engine.open

    def opened(settings: Settings, provider: ScriptedProvider | None = None) -> Engine:
        return really_open(settings, provider=provider or ScriptedProvider(answer))

    world.patch.setattr(Engine, "open", opened)
    params = {"model": "claude-haiku-4-5", "max_tokens": 9}
    names: dict[str, Any] = {
        "Engine": Engine,
        "load_settings": load_settings,
        "MyProvider": lambda: ScriptedProvider(answer),
        "requests": [
            Request(f"q{n}", {**params, "messages": [{"role": "user", "content": f"q{n}"}]})
            for n in range(5)
        ],
    }
    told = 0
    for example in (one for one in _of("python") if one.page == page):
        code = compile(example.text, str(example), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        awaited = eval(code, names)  # noqa: S307  # our own page
        if awaited is not None:
            await awaited
        told += example.text.count("print(outcome.key, outcome.state")
    printed = world.capture.readouterr().out
    assert all(printed.count(f"q{n} succeeded") == told for n in range(5))


def test_shown_output_of_a_command_is_what_it_prints(world: World) -> None:
    """What stands by itself between fences is printed by the command that the page names."""
    for example in EXAMPLES:
        for start, command in PRINTED.items():
            if example.text.startswith(start):
                assert absent(example.text.splitlines(), world.run(command)) == []


def test_every_example_is_run_or_named() -> None:
    """There is no example that no test looks at, and no reason without an example."""
    looked_at = ("console", "toml", "yaml", "markdown", "json", "python")
    assert [
        f"{one}: {one.text}"
        for one in EXAMPLES
        if not one.is_commands
        and one.language not in looked_at
        and not one.text.startswith(tuple(PRINTED))
    ] == []
    typed = [step.command for one in TYPED for step in one.steps]
    for start in [*NOT_RUN, *FIRST]:
        assert any(one.startswith(start) for one in typed), start
    for start in PRINTED:
        assert any(one.text.startswith(start) for one in EXAMPLES), start


def test_a_line_that_is_not_printed_is_told() -> None:
    """The comparison fails for another word or another order, and for no other price or id."""
    printed = "run curate-20260101-aaaa\n3 notes\ncost $0.10\nend\n"
    assert absent(["run curate-20261123-h4c5qmvd", "…", "cost $9"], printed) == []
    assert absent(["run curate-20261123-h4c5qmvd", "4 notes"], printed) == ["4 notes"]
    assert absent(["end", "3 notes"], printed) == ["3 notes"]
