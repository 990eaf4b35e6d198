"""Inputs and outputs that are no files: `-`, redirections, pipes, process substitution."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.twolane.cli.served import PYTHON, Served, read_output, served, text_of, write_input

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BASH = shutil.which("bash") or ""
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(sys.platform == "win32" or not BASH, reason="needs bash"),
]
TWOLANE = shlex.join(PYTHON)
ANSWERS = ["answer to q0", "answer to q1", "answer to q2"]


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    """One simulator for the module."""
    with served() as one:
        yield one


class Bash:
    """Runs lines of bash in a folder with a ledger of its own."""

    def __init__(self, folder: Path, service: Served) -> None:
        """Run in `folder`."""
        self.folder, self.service = folder, service
        self.environment = service.environment(folder / "home")

    def __call__(self, line: str, *, code: int = 0) -> tuple[str, str]:
        """Run a line, `twolane` being the command; return what it wrote on both outputs."""
        ended = subprocess.run(  # noqa: S603  # the test's own line
            [BASH, "-c", f'set -o pipefail; twolane() {{ {TWOLANE} "$@"; }}; {line}'],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        out, err = ended.stdout.decode(), ended.stderr.decode()
        assert ended.returncode == code, err
        assert "Traceback" not in err
        return out, err

    def posts(self) -> int:
        """Return how many requests that cost money have reached the provider."""
        calls = self.service.sim.calls
        return calls["POST /v1/messages"] + calls["POST /v1/messages/batches"]


@pytest.fixture
def bash(tmp_path: Path, service: Served) -> Bash:
    """A folder with an input of three lines."""
    write_input(tmp_path / "in.jsonl", 3)
    return Bash(tmp_path, service)


def answers(out: str) -> list[str]:
    """Return the texts of output lines."""
    return [text_of(orjson.loads(line)) for line in out.splitlines()]


@pytest.mark.long
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_results_go_to_standard_output(bash: Bash, name: str) -> None:
    """However it is spelled, the results are all there is on it, and no file of that name is made."""
    out, err = bash(f"twolane run in.jsonl -o {name}")
    assert answers(out) == ANSWERS
    assert "3 lines in standard output" in err
    assert not (bash.folder / "-").exists()


def test_a_redirected_output_is_the_files_that_the_shell_opened(bash: Bash) -> None:
    """What the shell wrote in front stays: the file behind the name is not replaced."""
    bash("(echo first; twolane run in.jsonl -o /dev/stdout; echo last) > out.jsonl")
    lines = (bash.folder / "out.jsonl").read_text().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("first", "last", 5)
    bash("twolane run in.jsonl -o /dev/fd/3 3> three.jsonl")
    assert answers((bash.folder / "three.jsonl").read_text()) == ANSWERS


@pytest.mark.long
@pytest.mark.parametrize(
    "line",
    [
        "twolane run - -o out.jsonl < in.jsonl",
        "twolane run /dev/stdin -o out.jsonl < in.jsonl",
        "cat in.jsonl | twolane run - -o out.jsonl",
        "cat in.jsonl | twolane run /dev/stdin -o out.jsonl",
        "twolane run <(cat in.jsonl) -o out.jsonl",
        "mkfifo p; cat in.jsonl > p & twolane run p -o out.jsonl",
        "twolane run - -o - < in.jsonl | cat > out.jsonl",
        "twolane run in.jsonl -o >(cat > out.jsonl); sleep 0.5",
        "mkfifo q; cat q > out.jsonl & twolane run in.jsonl -o q && wait",
    ],
)
def test_pipes_are_inputs_and_outputs_like_files(bash: Bash, line: str) -> None:
    """What can be read only once is gone through as often as it takes; what is a pipe stays one."""
    bash(line)
    assert [text_of(one) for one in read_output(bash.folder / "out.jsonl")] == ANSWERS


@pytest.mark.long
def test_the_same_input_through_a_pipe_is_the_same_command(bash: Bash) -> None:
    """An input without a name of its own is known by its contents: it is paid for once."""
    bash("twolane run <(cat in.jsonl) -o out.jsonl")
    before = bash.posts()
    bash("cat in.jsonl | twolane run - -o out.jsonl")
    bash("twolane run - -o out.jsonl < in.jsonl")
    assert bash.posts() == before
    bash("head -2 in.jsonl | twolane run - -o out.jsonl")
    assert bash.posts() == before + 1
    assert len(read_output(bash.folder / "out.jsonl")) == 2


@pytest.mark.long
def test_json_and_results_do_not_share_standard_output(bash: Bash) -> None:
    """Two things on one output are refused before anything is sent."""
    before = bash.posts()
    for name in ("-", "/dev/stdout"):
        out, err = bash(f"twolane run in.jsonl -o {name} --json", code=2)
        assert "name a file with -o" in err
        assert json.loads(out)["error"]["exit"] == 2
    assert bash.posts() == before


@pytest.mark.long
@pytest.mark.parametrize(
    ("prepare", "output", "why"),
    [
        ("", "none/out.jsonl", "there is no folder"),
        ("mkdir folder", "folder", "is a directory"),
        ("", "in.jsonl/out.jsonl", "there is no folder"),
        ("ln -s loop loop", "loop", "symbolic links"),
        ("", "n" * 300, "File name too long"),
        ("", "/dev/full", "No space left"),
        ("exec 1> /dev/full", "-", "No space left"),
        ("", "/dev/fd/9", "Bad file descriptor"),
        ("exec 3< in.jsonl", "/dev/fd/3", "reading only"),
        ("exec 1>&-", "-", "it is closed"),
        ("", "in.jsonl", "overwrite the input"),
        ("ln in.jsonl same.jsonl", "same.jsonl", "overwrite the input"),
        ("touch kept; chmod 444 kept", "kept", "read-only"),
    ],
)
def test_an_output_that_cannot_be_written_is_known_before_a_cent_is_spent(
    bash: Bash, prepare: str, output: str, why: str
) -> None:
    """Exit 2 with the reason, nothing sent, and nothing left beside it."""
    if why == "read-only" and os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    before = bash.posts()
    _, err = bash(f"{prepare}\ntwolane run in.jsonl -o {output}", code=2)
    assert why in err
    assert bash.posts() == before
    assert not list(bash.folder.glob(".twolane*"))


@pytest.mark.long
def test_a_name_as_long_as_names_can_be_is_one(bash: Bash) -> None:
    """The copy that is written first has a short name of its own."""
    name = "n" * 255
    bash(f"twolane run in.jsonl -o {name}")
    assert len(read_output(bash.folder / name)) == 3


def test_a_reader_that_leaves_early_is_no_fault(bash: Bash) -> None:
    """No traceback, the run is done, and the results can be had whole."""
    write_input(bash.folder / "many.jsonl", 1_000)
    _, err = bash("twolane run many.jsonl -o - | head -1 > /dev/null")
    assert "closed before all was written" in err
    assert "export" in err
    bash("twolane export last -o all.jsonl")
    assert len(read_output(bash.folder / "all.jsonl")) == 1_000
    bash("twolane runs | true")
    bash("twolane show last --item id-7 | true")
    bash("twolane export last -o - | head -1 > /dev/null")


@pytest.mark.long
def test_an_export_goes_through_a_pipe(bash: Bash) -> None:
    """`export` writes where `run` does."""
    bash("twolane run in.jsonl -o out.jsonl")
    out, _ = bash("twolane export last -o - | cat")
    assert out == (bash.folder / "out.jsonl").read_text()
    _, err = bash("twolane export last -o none/out.jsonl", code=2)
    assert "there is no folder" in err


@pytest.mark.long
def test_an_input_that_cannot_be_read_is_named(bash: Bash) -> None:
    """A closed standard input, a line in a pipe that is none: exit 2, in words."""
    _, err = bash("echo oops | twolane run - -o out.jsonl", code=2)
    assert "standard input, line 1: this is not JSON" in err
    _, err = bash("twolane run - -o out.jsonl <&-", code=2)
    assert "standard input" in err


@pytest.mark.long
def test_a_resume_writes_where_its_run_was_to(bash: Bash) -> None:
    """What only the first command could reach is left to `export`, which is named."""
    bash.environment["ANTHROPIC_API_KEY"] = "sk-bad"
    bash("twolane run in.jsonl -o - | cat", code=6)
    bash("twolane run in.jsonl -o >(cat > /dev/null)", code=6)
    bash.environment["ANTHROPIC_API_KEY"] = "sk-any"
    _, err = bash("twolane resume last")
    assert "twolane export run-" in err
    first = json.loads(bash("twolane runs --json")[0])["runs"][-1]["run"]
    out, _ = bash(f"twolane resume {first}")
    assert answers(out) == ANSWERS


@pytest.mark.long
def test_two_at_once_through_one_pipe_each_pay_once(bash: Bash) -> None:
    """The same input at the same moment is one run: the other process is told, or finds it done."""
    before = bash.posts()
    ended: list[int] = []

    def go() -> None:
        line = f"cat in.jsonl | {TWOLANE} run - -o out.jsonl"
        done = subprocess.run(  # noqa: S603  # as above
            [BASH, "-c", line], cwd=bash.folder, env=bash.environment, capture_output=True,
            check=False,
        )  # fmt: skip
        ended.append(done.returncode)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(ended) <= {0, 7}
    assert 0 in ended
    assert bash.posts() == before + 1
