"""Whatever names and words are like, no command's output acts on a console, hides or forges lines."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
import re
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import notemill
import twolane
from notemill.cli.main import cli as notemill_cli
from notemill.cli.main import main as notemill_main
from tests.hostile.provider import MODEL, Answer, Asked, Hostile, message, said, serving
from tests.thinning import thinned
from twolane.cli.main import cli as twolane_cli
from twolane.cli.main import main as twolane_main
from twolane.front.console import Console, Table
from twolane.front.streams import MAX_LINE_CHARS, Told, shown, shown_json, shown_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = (
    "[red]\x1b[35;5m\x1b]0;title\x07\x1b]8;;http://evil\x1b\\\x9b2J\u202e\u2066\u200b\u2028\U000e0041"
    "\ufeff\xad\u3164\x08\r\x0c\x85:smile:\nerror: forged\n"
)
NAME = WORDS.replace("/", "|")
TAG = "odd[red]:smile:\u3164"
OURS = re.compile(r"\x1b\[[0-9;]*m")
POSIX_NAMES = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")


def acts(text: str) -> list[str]:
    """Return the characters of a text that a console would obey, hide or hide behind."""
    return sorted(
        {
            char
            for char in text
            if char in "\u3164\u2800" or not (char.isprintable() or char in "\n\t")
            if unicodedata.category(char) != "Zs"
        }
    )


class Shell:
    """Runs commands of both tools in this process, and looks at all that they print."""

    def __init__(
        self,
        folder: Path,
        patch: pytest.MonkeyPatch,
        capture: pytest.CaptureFixture[str],
        *,
        colour: bool,
    ) -> None:
        """Keep state in a folder with a hostile name, and take every setting of this machine away."""
        for name in os.environ:
            if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_", "OPENAI_")):
                patch.delenv(name)
        patch.setenv("TWOLANE_HOME", str(folder / f"home{NAME}"))
        patch.setenv("TWOLANE_CONFIG", os.devnull)
        patch.setenv("TWOLANE_POLL_S", "0.05")
        if colour:
            patch.setenv("FORCE_COLOR", "1")
            patch.setenv("COLUMNS", "24")
        self._patch, self._capture, self._colour = patch, capture, colour
        self.used: set[tuple[str, ...]] = set()
        self.printed = ""

    def __call__(self, tool: str, *words: object) -> None:
        """Run a command; its output is harmless, and its ending one that is documented."""
        cli, main = {
            "twolane": (twolane_cli, twolane_main),
            "notemill": (notemill_cli, notemill_main),
        }[tool]
        self._patch.setattr(sys, "argv", [tool, *map(str, words)])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        self._note(tool, cli, [str(word) for word in words])
        for text in self._capture.readouterr():
            self._see(text, words)
        assert ended.value.code in (0, 2, 3, 4, 5, 6, 7, 8), words

    def _note(self, tool: str, cli: click.Group, words: list[str]) -> None:
        command: click.Command = cli
        path: tuple[str, ...] = (tool,)
        for word in words:
            if not isinstance(command, click.Group):
                break
            named = command.commands.get(word) or command.commands.get(
                getattr(command, "main_command", "")
            )
            if named is None:
                break
            command, path = named, (*path, str(named.name))
        self.used.add(path)

    def _see(self, text: str, words: tuple[object, ...]) -> None:
        assert "Traceback" not in text, (words, text[-2_000:])
        assert "\x1b[35;5m" not in text, words
        plain = OURS.sub("", text) if self._colour else text
        assert not acts(plain), (words, plain)
        assert "\N{GRINNING FACE}" not in text
        assert "\N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}" not in text
        assert not any(line.startswith("error: forged") for line in text.splitlines()), words
        self.printed += text


def leaves(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield every command below a group, by its words."""
    if not isinstance(command, click.Group):
        yield path
        return
    for name, one in command.commands.items():
        yield from leaves(one, *path, name)


def hostile_vault(folder: Path) -> Path:
    """Write a vault of which every name holds what acts on a console."""
    vault = folder / "v[" / f"x]{NAME}"
    (vault / f"sub{NAME}").mkdir(parents=True)
    words, tag = json.dumps(WORDS), json.dumps(TAG)
    head = (
        f"---\ntags: [{tag}, Ok/One, ok/one, {words}]\naliases: [{words}]\n{words}: {words}\n---\n"
    )
    for number in range(2):
        (vault / f"n{number}{NAME}.md").write_text(
            f"{head}# {WORDS}\n\nMeters report readings over the network."
            f" #ok/one #{TAG} [[n{1 - number}{NAME}]]\nkey:: {WORDS}\n",
            newline="",
        )
    (vault / f"sub{NAME}" / f"m{NAME}.md").write_text(
        f"# {WORDS}\n\nA gateway collects readings of meters over the network. #ok/one #{TAG}\n"
    )
    (vault / "plain.md").write_text(
        "# Readings\n\nMeters report readings over the network. #Ok/One\n"
    )
    (vault / f"bad{NAME}.md").write_text("---\nkey: [unclosed\n---\ntext\n")
    (vault / "list.md").write_text(f"- #ok\n  - #ok/one ({TAG})\n- ~~#one~~ {WORDS}\n")
    return vault


def answer(asked: Asked) -> Answer | None:
    """Answer with hostile words, and refuse what asks for it with the same."""
    error = {
        "type": "error",
        "error": {"type": f"invalid_request_error{WORDS}", "message": WORDS * 2},
    }
    if asked.path == "/v1/messages":
        if b"refuse" in asked.body:
            return said(error, 400)
        return said(message(WORDS, stop_reason=WORDS, model=WORDS))
    return said(error, 400) if asked.path == "/v1/messages/batches" else None


def use_twolane(shell: Shell, folder: Path) -> None:
    """Run every command of twolane, with names and words that are hostile."""
    source, out = folder / f"in{NAME}.jsonl", folder / f"out{NAME}.jsonl"
    with source.open("w") as lines:
        for number, word in enumerate(("hello", "refuse")):
            content = [{"role": "user", "content": f"{word} {WORDS}"}]
            params = {"model": MODEL, "max_tokens": 10, "messages": content}
            lines.write(json.dumps({"custom_id": f"c{number}{WORDS}", "params": params}) + "\n")
    tokens = ("--items", 2, "--input-tokens", 10, "--output-tokens", 10)
    for words in (
        ["run", source, "-o", out, "--dry-run"],
        ["run", source, "-o", out, "--lane", "realtime", "--yes"],
        ["run", source, "-o", "-", "--lane", "realtime", "--yes", "--again"],
        ["run", source, "-o", "-", "--lane", "batch", "--yes", "--again"],
        ["run", WORDS, "-o", out], ["run", source, "-o", folder / f"no{NAME}" / "out"],
        ["run", f"--{WORDS}"], ["resume", WORDS], ["resume", "last"], ["retry", "last", "--failed"],
        ["runs"], ["runs", "--json"], ["show", "last"], ["show", "last", "--json"], ["show", WORDS],
        ["show", "last", "--item", WORDS], ["show", "last", "--item", f"c1{WORDS}"],
        ["export", "last", "-o", "-"], ["export", "last", "-o", folder / f"e{NAME}"],
        ["cancel", "last", "--item", WORDS], ["cancel", "last"], ["check"], ["price", *tokens],
        ["price", *tokens, "--model", WORDS], ["price", "--items", WORDS], ["completion", "fish"], ["config"],
        ["config", "--json", "--model", WORDS],
        ["state", "export", folder / f"moved{NAME}"], ["state", "import", folder / f"moved{NAME}"],
        ["state", "import", WORDS], ["state", "take-back", "--yes"], ["state", WORDS],
        ["sim", "--faults", WORDS], ["sim", "--port", WORDS], ["forget", WORDS, "--yes"], [WORDS],
        ["runs", "--config", folder / NAME], ["run", source, "-o", "-", "--provider", WORDS],
    ):  # fmt: skip
        shell("twolane", *words)


def use_notemill(shell: Shell, vault: Path) -> None:
    """Run every command of notemill on a vault with hostile names."""
    near, far = f"n0{NAME}.md", "plain.md"
    here = ("--vault", vault)
    talk = vault.parent / f"t{NAME}.vtt"
    talk.write_text(f"WEBVTT\n\n00:00.000 --> 00:05.000\n{WORDS}\n", "utf-8", "replace")
    for words in (
        ["curate", vault, "--dry-run"], ["curate", vault, "--yes"], ["curate", WORDS],
        ["curate", vault, "--only", WORDS], ["curate", vault, "--exclude", f"x{WORDS}"],
        ["show", "last"], ["show", "last", "--json"], ["show", "last", "--item", WORDS],
        ["review", *here], ["review", *here, "--json"], ["review", WORDS],
        ["accept", WORDS, *here], ["accept", "p1", *here, "--value", WORDS], ["accept", "p2", *here],
        ["reject", "p1", "p2", WORDS, *here, "--json"], ["accept", "p2", *here],
        ["apply", "last", "--item", WORDS], ["apply", "last"], ["runs"], ["runs", "--json"],
        ["export", "last", "-o", "-"], ["resume", "last", "--yes"], ["retry", "last", "--failed"],
        ["cancel", "last"], ["cancel", "last", "--item", WORDS],
        ["undo", "last", "--item", WORDS, "--yes"], ["undo", "last", "--yes"], ["tags", vault],
        ["tags", "rename", TAG, "new", *here, "--dry-run"], ["tags", "rename", WORDS, WORDS, *here],
        ["tags", "merge", WORDS, "--into", "x", *here], ["tags", "drop", WORDS, *here],
        ["tags", "drop", "ok/one", *here, "--dry-run"], ["tags", "vocabulary", vault],
        ["tags", "vocabulary", vault, "--note", far, "--yes"],
        ["tags", "vocabulary", vault, "--note", WORDS, "--yes"], ["tags", "adopt", WORDS, *here],
        ["tags", "adopt", "list.md", *here], ["tags", "apply", "list.md", *here, "--dry-run"],
        ["tags", "review", vault], ["tags", "review", vault, "--tag", TAG],
        ["tags", "accept", WORDS, *here], ["tags", "reject", TAG, *here],
        ["tags", "reject", WORDS, *here],
        ["link", vault, "--embedding", "off", "--min-score", "0", "--yes"], ["show", "last"],
        ["link", "reject", near, far, *here], ["link", "reject", WORDS, WORDS, *here],
        ["link", "allow", near, far, *here, "--yes"], ["tidy", vault],
        ["graph", vault], ["graph", vault, "--note", near], ["graph", vault, "--note", WORDS],
        ["tags", "tree", vault], ["tags", "show", TAG, *here], ["tags", "show", WORDS, *here],
        ["tags", "move", TAG, "--top", *here, "--dry-run"], ["tags", "move", WORDS, "--under", "x", *here],
        ["tags", "alias", TAG, WORDS, *here, "--dry-run"], ["spending"], ["serve", WORDS], ["serve", vault, "--url"],
        ["tidy", vault, "--kind", "inline", "--dry-run"], ["demo", vault],
        ["ingest", WORDS, *here], ["ingest", talk, *here], ["follow", *here], ["follow", WORDS, *here],
        ["forget", WORDS, "--yes"], ["forget", "last", "--yes"], [WORDS], ["completion", "fish"], ["config"],
        ["config", "--json", "--model", WORDS], ["config", "set", WORDS, WORDS],
        ["config", "set", "model", WORDS], ["config", "unset", WORDS],
        ["config", "exclude", WORDS, *here], ["config", "exclude", WORDS, "--dry-run", *here, "--json"],
        ["config", "exclude", "*", "--dry-run", *here], ["config", "key", "set"],
        ["config", "key", "forget"],
    ):  # fmt: skip
        shell("notemill", *words)


@POSIX_NAMES
@pytest.mark.loopback
@pytest.mark.parametrize("colour", thinned([True, False], every=2))
def test_no_command_prints_what_acts_on_a_console(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    colour: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """Every command of both tools, with hostile names of all kinds, plain and in colours."""
    shell = Shell(tmp_path, monkeypatch, capsys, colour=colour)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(WORDS))
        use_notemill(shell, hostile_vault(tmp_path))
    with serving(Hostile(answer)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-hostile-names-0123456789")
        use_twolane(shell, tmp_path)
    every = {*leaves(twolane_cli, "twolane"), *leaves(notemill_cli, "notemill")}
    assert every <= shell.used, every - shell.used
    if not colour:
        assert "v[/x]" in shell.printed
        assert r"[red]\x1b[35;5m\x1b]0;title\x07" in shell.printed


# -- the one place --------------------------------------------------------------------------------


@given(st.text(), st.sampled_from([shown, shown_lines]))
def test_nothing_that_is_shown_acts(text: str, show: Any) -> None:  # noqa: ANN401
    """Of any text; joiners and selectors stay where honest text has them, and nowhere else."""
    assert not acts(
        re.sub("[\u200c\u200d\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]", "", show(text))
    )
    assert show is shown_lines or "\n" not in show(text)


@given(st.text())
def test_json_that_is_shown_means_the_same(text: str) -> None:
    """Its escapes are JSON's own."""
    line = json.dumps({"a": text}, ensure_ascii=False)
    assert json.loads(shown_json(line)) == {"a": text}
    assert not acts(re.sub("[\u200c\u200d\u0600-\u0605\u06dd\u070f]", "", shown_json(line)))


@pytest.mark.parametrize(
    "text",
    [
        "Zürich, e\u0301te\u0301, Straße", "👩\u200d👩\u200d👧 ❤\ufe0f 👍🏽", "\u0645\u06cc\u200c\u062e\u0648", "नन्\u200dद", "麻婆豆腐\u3000と",
        "prix\u202f: 5\xa0€", "葛\U000e0100城", "עברית", "C:\\notes [1] :smile: {x}",
    ],
)  # fmt: skip
def test_honest_text_stays_as_it_is(text: str) -> None:
    """Accents, emoji of several characters, scripts with joiners, spaces of other widths."""
    assert shown(text) == shown_lines(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a\u200db", r"a\u200db"), ("a\ufe0f\ufe0fb", "a\ufe0f\\ufe0fb"), ("a\U000e0101", r"a\U000e0101"),
        ("\u2800\uffa0\u115f", r"\u2800\uffa0\u115f"), ("a\nb", r"a\nb"), ("\ud800", r"\ud800"),
    ],
)  # fmt: skip
def test_what_hides_is_an_escape(text: str, escaped: str) -> None:
    """Joiners and selectors between other characters, fillers, line ends, halves of characters."""
    assert shown(text) == escaped


def test_what_is_very_long_is_cut() -> None:
    """A name of a million characters fills no screen; who asks for a text whole gets it."""
    out = io.StringIO()
    console = Console(out, width=80)
    console.print("x" * 1_000_000)
    assert len(out.getvalue()) < MAX_LINE_CHARS + 100
    assert "1,000,000 characters" in out.getvalue()
    console.print_lines("y" * 10_000)
    assert "y" * 10_000 in out.getvalue()


def test_tables_and_asides_are_plain_text() -> None:
    """Markup in a title, a column, a cell or an aside is shown as it is written."""
    out = io.StringIO()
    console = Console(out, width=200)
    table = Table(("[a]", "b"), frozenset({"b"}), title="[/t]", caption="[/c]")
    table.add("[/x]\x1b[2J", ":smile:\n")
    console.print_table(table)
    console.print("[/line]", style="bold", aside=" [/aside]")
    for text in ("[a]", "[/t]", "[/c]", r"[/x]\x1b[2J", r":smile:\n", "[/line] [/aside]"):
        assert text in out.getvalue()


def test_what_libraries_log_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Their words pass the same place."""
    handler = logging.StreamHandler(Told())
    handler.handle(logging.makeLogRecord({"msg": f"[/x] {WORDS}"}))
    told = capsys.readouterr().err
    assert told.startswith(r"[/x] [red]\x1b[35;5m")
    assert not acts(told)


def test_nothing_prints_beside_the_one_place() -> None:
    """Only twolane.front.terminal knows rich; standard streams are written to by few, with escapes."""
    writers = set()
    for package in (twolane, notemill):
        root = Path(str(package.__file__)).parent
        for path in root.rglob("*.py"):
            name = f"{root.name}/{path.relative_to(root).as_posix()}"
            text = path.read_text("utf-8")
            if not re.search(r"\brich\b|print|input\(|echo|prompt\(|confirm\(|write\(", text):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom | ast.Import):
                    named = [one.name for one in node.names] + [getattr(node, "module", None) or ""]
                    if any(one.split(".")[0] == "rich" for one in named):
                        writers.add(f"rich in {name}")
                elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
                    "print", "input", "click.echo", "click.secho", "click.prompt", "click.confirm",
                    "sys.stdout.write", "sys.stderr.write", "traceback.print_exc",
                ):  # fmt: skip
                    writers.add(f"{ast.unparse(node.func)} in {name}")
    assert writers == {
        "rich in twolane/front/terminal.py",
        "sys.stderr.write in twolane/front/streams.py",
        "sys.stdout.write in twolane/front/streams.py",
        "sys.stdout.write in twolane/cli/simulating.py",  # its own URL
    }
