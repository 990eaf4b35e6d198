"""The API's description is true: whatever is sent, the answer is one that it names, and no fault."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from notemill.web.site import application
from notemill.workflows.links.network import note_id
from tests.notemill.web.served import Served
from tests.notemill.workflows.notes import write_notes
from twolane import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case


pytestmark = pytest.mark.loopback

NOTES = {
    f"Hives/{n}.md": f"---\ntags: [bees]\n---\n# Hive {n}\n\nBees of hive {n} collect honey in June.\n"
    for n in range(6)
}
# Nothing is opened for a description.
SCHEMA = schemathesis.openapi.from_dict(application().openapi(), config=SchemathesisConfig())
CONTRACT = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FEW, MANY = 8, 50
WAITS_S = 30


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server behind its guard, over a small vault and a config file of its own."""
    folder = tmp_path_factory.mktemp("contract")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
                patch.delenv(name)
        patch.setenv("NOTEMILL_EMBEDDING", "off")
        config = folder / "config.toml"
        config.write_text("")
        given = Settings(home=folder / "home", provider="offline", config=config)
        vault = write_notes(folder / "vault", NOTES)
        with Served(vault, folder / "home", settings=given) as running:
            options = {"stages": "none", "vocabulary": False}
            job = running.on_loop(lambda: running.desk.jobs.start("curate", options))
            assert job.task is not None
            running.wait_for(asyncio.wait_for(job.task, WAITS_S))
            yield running


@pytest.fixture(scope="module")
def headers(served: Served) -> dict[str, str]:
    """What a page of a session sends."""
    secret = served.sessions.enter(served.sessions.token())
    return {"Cookie": f"{served.sessions.cookie}={secret}", "X-Notemill": "1"}


@pytest.fixture(scope="module")
def there(served: Served) -> dict[str, str]:
    """What a parameter may be that names something which is there."""
    (run,) = served.wait_for(served.desk.ledger.runs())
    return {"run_id": run.id, "note": note_id("Hives/1.md")}


def holds(case: Case[Any], served: Served, headers: dict[str, str], there: dict[str, str]) -> None:
    """Send a request, also one about what is there, and check the answers by the description."""
    case.call_and_validate(base_url=served.url, headers=headers, checks=CONTRACT)
    named = [
        (place, name) for place in (case.path_parameters, case.query) for name in there
        if place and name in place
    ]  # fmt: skip
    for place, name in named:
        place[name] = there[name]
    if named:
        case.call_and_validate(base_url=served.url, headers=headers, checks=CONTRACT)


HASTY = settings(
    max_examples=FEW,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@SCHEMA.parametrize()
@HASTY
def test_every_answer_is_one_of_those_described(
    case: Case[Any], served: Served, headers: dict[str, str], there: dict[str, str]
) -> None:
    """No request makes the server fail, or answer in a form that the description does not name."""
    holds(case, served, headers, there)


@pytest.mark.long
@SCHEMA.parametrize()
@settings(HASTY, max_examples=MANY)
def test_many_answers_are_among_those_described(
    case: Case[Any], served: Served, headers: dict[str, str], there: dict[str, str]
) -> None:
    """As above, with many more requests."""
    holds(case, served, headers, there)
