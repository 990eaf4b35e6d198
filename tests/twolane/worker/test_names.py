"""A name never kills a run: every key and name goes through both lanes and comes back whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twolane.worker.scene import Scene, ask
from twolane import ItemOutcome, Lane, Request
from twolane.formats.jsonl import result_line

if TYPE_CHECKING:
    from pathlib import Path

    from twolane import Engine

NAMES = [
    "plain.md",
    "🚀 rocket 👩‍👩‍👧‍👦.md",
    "cafe\u0301 (NFD).md",
    "café (NFC).md",
    "שלום עולם.md",
    "\u202eright to left\u202c.md",
    "日本語のノート.md",
    "ß" * 125 + ".md",
    "a" * 251 + ".md",
    "stray \udcff\udc80 bytes.md",
    "\ud83d half an emoji.md",
    "tab\tnew\nline\x00null.md",
    "'; DROP TABLE items; --.md",
    '"quotes" and \\back\\slashes.md',
    "con.md",
    " ",
]


def _named(names: list[str]) -> list[Request]:
    return [
        Request(key=name, name=name, params=one.params, echo=True, content_hash="h")
        for name, one in zip(names, ask(len(names)), strict=True)
    ]


def _lines(outcomes: list[ItemOutcome]) -> list[str]:
    return [result_line(one).decode("ascii", "replace") for one in outcomes]


@pytest.mark.parametrize("lane", list(Lane))
def test_every_name_goes_through_and_comes_back(tmp_path: Path, lane: Lane) -> None:
    """Emoji, NFD, right-to-left, 255 bytes, stray bytes: all are answered under their own key."""
    scene = Scene(tmp_path)
    report = scene.finish(_named(NAMES), lane=lane)
    assert report.items.succeeded == len(NAMES)
    outcomes = scene.outcomes()
    assert [one.key for one in outcomes] == NAMES
    for outcome in outcomes:
        assert f'q{outcome.index}"' in outcome.text
        assert len(outcome.custom_id) <= 64
        assert orjson.loads(result_line(outcome).replace(b"\\ud", b"?"))["index"] == outcome.index


def test_an_item_is_found_by_whatever_name_it_has(tmp_path: Path) -> None:
    """Keys with stray bytes can be looked up and canceled like any other."""
    scene = Scene(tmp_path)

    async def work(engine: Engine) -> list[int | None]:
        run = await scene.begin(engine, _named(NAMES))
        for name in NAMES:
            assert await run.cancel(name)
        return [await run.index_of(name) for name in NAMES]

    assert scene.run(work) == list(range(len(NAMES)))


def test_labels_and_sources_with_stray_bytes_find_their_run(tmp_path: Path) -> None:
    """A vault in a folder whose name is no valid Unicode is recognised again."""
    scene = Scene(tmp_path)
    source = "run:/home/\udce9l\udce8ve/vault"

    async def work(engine: Engine) -> None:
        run = await engine.start(ask(1), source=source, label="\udce9l\udce8ve")
        found = await engine.latest(source)
        assert found is not None
        assert found.id == run.id
        assert found.row.label == "\udce9l\udce8ve"

    scene.run(work)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=()), max_size=80), unique=True, max_size=8
    )
)
def test_no_text_at_all_stops_a_run(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    """Any text at all, surrogates included, serves as a key and a name."""
    scene = Scene(tmp_path_factory.mktemp("names"))
    report = scene.finish(_named(names))
    assert report.items.succeeded == len(names)
    assert [one.key for one in scene.outcomes()] == names
