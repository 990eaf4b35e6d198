"""`--provider local` in both commands, against servers of every manner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from notemill.cli import main as notemill
from tests.local_server import MODEL, Manners, serving
from tests.notemill.workflows.notes import many, tree, write_notes
from twolane.cli import main as twolane
from twolane.core.addresses import is_here, root_of
from twolane.providers import discovery

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_server import LocalServer

pytestmark = pytest.mark.loopback

KEY = "sk-ant-api03-real"
NOTES: dict[str, str | bytes] = {
    **many(6),
    "Garden/soil.md": "# Soil\n\nThe compost heap feeds the garden soil. Worms do the work.\n",
}


class Shell:
    """Runs both commands in this process, with a real key in the environment."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: Any) -> None:  # noqa: ANN401
        """Take the commands away from every setting of this machine but a key."""
        for name in os.environ:
            if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
                patch.delenv(name)
        self.folder = folder
        self.vault = write_notes(folder / "vault", NOTES)
        config = folder / "config.toml"
        config.touch()
        for name, value in (
            ("TWOLANE_HOME", str(folder / "home")),
            ("TWOLANE_CONFIG", str(config)),
            ("ANTHROPIC_API_KEY", KEY),
        ):
            patch.setenv(name, value)
        self.patch, self._capture = patch, capture
        self.out = self.err = ""

    def _run(self, main: Callable[[], None], words: tuple[object, ...]) -> int:
        self.patch.setattr(sys, "argv", list(map(str, words)))
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        self.out, self.err = self._capture.readouterr()
        assert "Traceback" not in self.err
        return int(ended.value.code or 0)

    def notemill(self, *words: object) -> int:
        """Run notemill; return its exit code. A curation is of the notes alone."""
        if words[:1] == ("curate",):
            words = (*words, "--no-vocabulary")
        return self._run(notemill, ("notemill", *words))

    def twolane(self, *words: object) -> int:
        """Run twolane; return its exit code."""
        return self._run(twolane, ("twolane", *words))

    def curate(self, server: LocalServer, *words: object) -> int:
        """Curate the vault with the model of a server."""
        return self.notemill(
            "curate", self.vault, "--provider", "local", "--base-url", server.url, "--yes", *words
        )

    def lines(self, *params: dict[str, Any]) -> Path:
        """Return a file with one request for each of `params`."""
        path = self.folder / "in.jsonl"
        turns = [{"role": "user", "content": "hello"}]
        path.write_bytes(
            b"\n".join(
                orjson.dumps(
                    {"custom_id": f"c{at}", "params": {"max_tokens": 9, "messages": turns, **one}}
                )
                for at, one in enumerate(params)
            )
        )
        return path

    @property
    def report(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1
        value: dict[str, Any] = json.loads(self.out)
        return value


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A shell with a vault and a key."""
    return Shell(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    "manners",
    [Manners(), Manners(kind="Ollama", schemas="ignored"), Manners(kind="LM Studio", chat=False)],
)
def test_a_vault_is_curated_by_a_model_of_ones_own(shell: Shell, manners: Manners) -> None:
    """Every note gets its proposals for nothing, and the server is named with what it is."""
    with serving(manners) as server:
        assert shell.curate(server, "--json") == 0
        heads = str([dict(head) for head in server.heads])
    items = shell.report["items"]
    assert (items["succeeded"], items["failed"]) == (7, 0)
    assert shell.report["cost"]["actual_usd"] == "0"
    assert shell.report["lanes"]["batch"]["items"] == 0
    assert KEY not in heads
    assert f"{manners.kind} at {server.url}, model {MODEL}, context 4,096 tokens" in shell.err
    assert "nothing leaves this machine" in shell.err
    assert "7 items, free of charge" in shell.err
    for word in ("lane", "price", "cost", "$"):
        assert word not in shell.err


def test_the_plan_says_lane_and_price(shell: Shell) -> None:
    """A dry run names real time and no price, asks the model nothing, and needs no key."""
    shell.patch.delenv("ANTHROPIC_API_KEY")
    with serving() as server:
        assert shell.curate(server, "--dry-run", "--json") == 0
        assert not server.seen
    assert shell.report["lane"] == "realtime"
    assert shell.report["estimated_usd"] == "0"
    assert "a local server has no batch lane" in shell.report["reason"]


@pytest.mark.parametrize("command", ["notemill", "twolane"])
def test_the_batch_lane_is_an_error_of_usage(shell: Shell, command: str) -> None:
    """Forcing a lane that a local server lacks ends with 2 and the reason."""
    with serving() as server:
        if command == "notemill":
            assert shell.curate(server, "--lane", "batch") == 2
        else:
            words = ("run", shell.lines({}), "-o", shell.folder / "out.jsonl", "--lane", "batch")
            where = ("--provider", "local", "--base-url", server.url)
            assert shell.twolane(*words, *where) == 2
        assert not server.seen
    assert "no batch lane" in shell.err


def test_lines_are_answered_by_the_one_model_there_is(shell: Shell) -> None:
    """Lines that name no model are answered by the server's; its address may end in /v1."""
    out = shell.folder / "out.jsonl"
    with serving() as server:
        where = ("--provider", "local", "--base-url", f"{server.url}/v1")
        assert shell.twolane("run", shell.lines({}, {}), "-o", out, *where, "--json") == 0
        assert [body["model"] for body in server.asked] == [MODEL, MODEL]
    assert shell.report["items"]["succeeded"] == 2
    assert len(out.read_bytes().splitlines()) == 2


def test_a_line_for_another_model_is_an_error_of_usage(shell: Shell) -> None:
    """A line that asks for a model the server has not ends with 2 and names those it has."""
    out = shell.folder / "out.jsonl"
    lines = shell.lines({"model": "claude-haiku-4-5"})
    with serving() as server:
        where = ("--provider", "local", "--base-url", server.url)
        assert shell.twolane("run", lines, "-o", out, *where) == 2
        assert not server.seen
    assert f"it has: {MODEL}" in shell.err


def test_several_models_are_listed_to_choose_from(shell: Shell) -> None:
    """Without --model a server with two ends the command with 2 and their names."""
    with serving(Manners(models=("a-1b", "b-7b"))) as server:
        assert shell.curate(server) == 2
        assert "--model: a-1b, b-7b" in shell.err
        assert shell.curate(server, "--model", "b-7b") == 0
        assert {body["model"] for body in server.asked} == {"b-7b"}
        where = ("--provider", "local", "--base-url", server.url)
        run = ("run", shell.lines({}), "-o", shell.folder / "out.jsonl", *where)
        assert shell.twolane(*run) == 2
        assert "--model: a-1b, b-7b" in shell.err
        assert shell.twolane(*run, "--model", "a-1b") == 0


def test_the_usual_ports_are_tried(shell: Shell) -> None:
    """Without an address what answers at a usual port is used and named; nothing there is said."""
    with serving(Manners(kind="vLLM")) as server, serving(Manners(kind="Ollama")) as other:
        ports = {int(one.url.rpartition(":")[2]): "x" for one in (server, other)}
        shell.patch.setattr(discovery, "USUAL_PORTS", {1: "nobody", **ports})
        words = ("curate", shell.vault, "--provider", "local", "--yes")
        shell.patch.setenv("ANTHROPIC_AUTH_TOKEN", "token-1")
        assert shell.notemill(*words) == 0, shell.err
        assert f"vLLM at {server.url}" in shell.err
        assert not other.asked
        assert not any("authorization" in head for head in server.heads)
    assert shell.notemill(*words, "--again") == 2
    assert "start one, or give its address with --base-url" in shell.err


def test_environment_and_config_file_name_the_provider(shell: Shell) -> None:
    """Without flags and without a key, what the settings name is asked, not the offline one."""
    shell.patch.delenv("ANTHROPIC_API_KEY")
    with serving() as server:
        config = shell.folder / "config.toml"
        config.write_text(f'provider = "local"\nbase_url = "{server.url}"\n')
        assert shell.notemill("curate", shell.vault, "--yes") == 0
        assert len(server.asked) == 7
        config.write_text("")
        shell.patch.setenv("TWOLANE_PROVIDER", "local")
        shell.patch.setenv("ANTHROPIC_BASE_URL", server.url)
        assert shell.notemill("curate", shell.vault, "--yes", "--refresh") == 0
        assert len(server.asked) == 14


def test_an_address_of_anthropics_elsewhere_is_not_taken_for_a_local_one(shell: Shell) -> None:
    """Where ANTHROPIC_BASE_URL names a gateway, notes that are to stay here do not go there."""
    shell.patch.setenv("ANTHROPIC_BASE_URL", "https://gateway.example")
    with serving() as server:
        port = int(server.url.rpartition(":")[2])
        shell.patch.setattr(discovery, "USUAL_PORTS", {port: "x"})
        assert shell.notemill("curate", shell.vault, "--provider", "local", "--yes") == 0
        assert len(server.asked) == 7


def test_no_proxy_stands_between(shell: Shell) -> None:
    """What goes to this machine goes to no proxy that the environment names."""
    with serving(Manners(kind="x")) as proxy, serving() as server:
        shell.patch.setenv("HTTP_PROXY", proxy.url)
        shell.patch.setenv("http_proxy", proxy.url)
        assert shell.curate(server) == 0
        assert not proxy.heads


def test_a_note_is_cut_to_the_context_with_a_word(shell: Shell) -> None:
    """A note longer than the context goes as far as it fits, which plan and report say."""
    write_notes(shell.vault, {"long.md": "# Long\n\n" + "The words of a book go on. " * 2_000})
    with serving(Manners(context=4_000)) as server:
        assert shell.curate(server, "--dry-run", "--json") == 0
        assert shell.report["cut"] == 1
        assert shell.curate(server, "--json") == 0
        longest = max(len(str(body["messages"])) for body in server.asked)
    assert shell.report["items"]["failed"] == 0
    assert shell.report["cut"] == 1
    assert "1 note shortened to fit" in shell.err
    assert 5_000 < longest < 16_000


def test_a_context_without_room_is_said(shell: Shell) -> None:
    """A context that holds not even the prompt ends the command with 2 and what to do."""
    with serving(Manners(context=600)) as server:
        assert shell.curate(server) == 2
        assert not server.seen
    assert "start its server with a larger one" in shell.err


def test_a_run_goes_on_where_it_was_begun(shell: Shell) -> None:
    """A curation that waits at its first stage is resumed at the same server, by its id alone."""
    with serving() as server:
        words = ("--provider", "local", "--base-url", server.url)
        assert shell.notemill("curate", shell.vault, *words) == 8
        run = next(line.split()[1] for line in shell.err.splitlines() if line.startswith("run "))
        assert len(server.asked) == 2
        assert shell.notemill("resume", run, "--yes", "--provider", "local", "--json") == 0
        assert len(server.asked) == 7
    assert shell.report["items"]["succeeded"] == 7


def test_what_is_applied_can_be_undone(shell: Shell) -> None:
    """What a small model proposes is written and taken back as everything is."""
    before = tree(shell.vault)
    with serving() as server:
        assert shell.curate(server, "--json") == 0
    run = shell.report["run"]
    assert shell.notemill("apply", run) == 0
    assert tree(shell.vault) != before
    assert shell.notemill("undo", run, "--yes") == 0
    assert tree(shell.vault) == before


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("http://localhost:1234/v1", "http://localhost:1234"),
        ("http://localhost:1234/v1/", "http://localhost:1234"),
        ("localhost:8080", "http://localhost:8080"),
        ("http://x/v1/chat/completions", "http://x"),
        ("http://x:11434/api", "http://x:11434"),
        ("https://ollama.com", "https://ollama.com"),
    ],
)
def test_an_address_is_taken_as_other_programs_want_it(url: str, root: str) -> None:
    """An address with the path of an endpoint leads to the same server."""
    assert root_of(url) == root


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://LOCALHOST:1", True),
        ("http://[::1]:1", True),
        ("http://127.0.0.1.example.org", False),
        ("http://192.168.1.5:11434", False),
        ("https://localhost.example", False),
        ("http://[", False),
    ],
)
def test_only_loopback_is_this_machine(url: str, here: bool) -> None:  # noqa: FBT001
    """That nothing leaves the machine is said of loopback alone."""
    assert is_here(url) is here


def test_a_reply_is_held_to_a_length(shell: Shell) -> None:
    """A small model gets a form that ends, with room above what the prompt asks for."""
    with serving() as server:
        assert shell.curate(server) == 0
    sent = server.asked[0]["response_format"]["json_schema"]["schema"]["properties"]
    assert sent["description"]["maxLength"] > 300
    assert sent["tags"]["maxItems"] > 5
    assert sent["topics"]["items"]["maxLength"] > 0


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_killed_and_begun_again_nothing_is_lost(shell: Shell) -> None:
    """A curation that is killed goes on with the same command: each note answered, few anew."""
    with serving(Manners(latency_s=0.3)) as server:
        words = (
            "curate", str(shell.vault), "--provider", "local", "--base-url", server.url,
            "--stages", "none", "--yes", "--json",
        )  # fmt: skip
        command = (sys.executable, "-c", "from notemill.cli import main; main()", *words)
        with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL) as first:  # noqa: S603
            deadline = time.monotonic() + 60
            while len(server.asked) < 4 and time.monotonic() < deadline:
                time.sleep(0.02)
            first.kill()
        before = len(server.asked)
        assert 4 <= before < 7
        assert shell.notemill(*words) == 0
        in_flight = 4
        assert len(server.asked) <= 7 + in_flight
    items = shell.report["items"]
    assert (items["succeeded"], items["failed"], items["pending"]) == (7, 0, 0)
    assert "may have been paid" not in shell.err
