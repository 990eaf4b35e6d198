"""The examples of the pages: found between their fences, and run in a world of their own."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from notemill.cli import main as notemill
from tests.notemill.workflows.notes import write_notes
from tests.twolane.cli.served import write_input
from twolane.cli import main as twolane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.local_server import LocalServer
    from tests.twolane.cli.served import Served

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GENERATED = "reference.md"
COMMANDS: Final[dict[str, Callable[[], None]]] = {"notemill": notemill, "twolane": twolane}
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STARTS = ("$ ", "make ", "notemill ", "twolane ", "pip ", "py ", ".venv")
# Behind a command stands what it does: after `#`, or in a second column.
_ASIDE = re.compile(r"\s+#\s.*|\s{3,}\S.*")
_CONTINUED = re.compile(r"\s*\\\n\s*")
_SET = re.compile(r"[A-Z_]+=\S*")

NOTES: dict[str, str | bytes] = {
    "Films.md": "---\ntags: [movie, movie/2024]\n---\nThe Third Man was shot in the sewers of "
    "Vienna. The zither plays on.\n",
    "Learning.md": "---\ntags: [ml, AI]\n---\nA model learns from examples. Fewer examples are "
    "enough for a smaller model.\n",
    "Agents.md": "---\ntags: [ai]\n---\nAn agent calls tools until the work is done. #asdf\n",
    "Leek.md": "---\ntags: [soup]\n---\nLeek soup wants potatoes and cream. Salt comes last.\n",
    "Ramen.md": "---\ntags: [soup]\n---\nThe broth of ramen cooks for a day. Eggs come last.\n",
    "Stock.md": "---\ntags: [soups, Soups]\n---\nBones and roots make stock. Skim it early.\n",
    "Garage.md": "---\ntags: [car]\nTags: [Car]\n---\nThe car needs winter tyres in November.\n",
    "Van.md": "---\ntags: [vehicle]\n---\nThe van has a bed and a stove. Diesel, alas.\n",
    "Garden/Compost.md": "Compost feeds garden soil with worms and leaves. Turn the heap; soil "
    "life warms it.\n",
    "Garden/Soil.md": "Garden soil lives by worms, leaves and compost. Mulch keeps it moist.\n",
    "Garden/Mulch.md": "Mulch of leaves protects garden soil and feeds worms, as compost does.\n",
}

TALK = "WEBVTT\n\n00:00.000 --> 00:05.000\nAsh makes a glaze that runs down the pot.\n"


@dataclass(frozen=True)
class Step:
    """A command of an example, and the lines that it is shown to print."""

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """What stands between two fences of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Return its place."""
        return f"{self.page}:{self.line}"

    @property
    def is_commands(self) -> bool:
        """Whether it is something to type."""
        return self.language in ("", "console") and self.text.startswith(_STARTS)

    @property
    def steps(self) -> list[Step]:
        """Its commands, one by one: those behind `$`, or each line where there is no `$`."""
        lines = _CONTINUED.sub(" ", self.text).splitlines()
        prompt = "$ " if lines[0].startswith("$ ") else ""
        steps: list[Step] = []
        for line in lines:
            if line.startswith(prompt):
                steps.append(Step(_ASIDE.sub("", line.removeprefix(prompt)).rstrip(), ()))
            else:
                steps[-1] = Step(steps[-1].command, (*steps[-1].shown, line))
        return steps


def examples() -> list[Example]:
    """Return what is written by hand between the fences of all pages."""
    found: list[Example] = []
    for page in PAGES:
        text = page.read_text("utf-8")
        found += [
            Example(page.name, text.count("\n", 0, one.start()) + 1, one[1], one[2])
            for one in _FENCED.finditer(text)
            if page.name != GENERATED
        ]
    return found


class Person(io.StringIO):
    """Somebody at a terminal who says yes."""

    def __init__(self) -> None:
        """Say it to every question."""
        super().__init__("y\n" * 30)

    def isatty(self) -> bool:
        """Say that it is a terminal."""
        return True


@dataclass
class World:
    """A vault and a file of prompts, with the simulator and a local model to ask."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: Any
    service: Served
    local: LocalServer
    prompts: int = 10
    background: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the files; take the commands away from every setting of this machine."""
        self.vault = write_notes(self.folder / "vault", NOTES)
        self.notes = iter(["Garden/Compost.md", "Garden/Soil.md", "Garden/Mulch.md"])
        self.url = self.service.url
        for name in os.environ:
            if name.startswith(("ANTHROPIC_", "TWOLANE_", "NOTEMILL_")):
                self.patch.delenv(name)
        for name, value in self.service.environment(self.folder / "home").items():
            self.patch.setenv(name, value)
        self.patch.delenv("ANTHROPIC_API_KEY")
        self.patch.setenv("NOTEMILL_EMBEDDING", "off")
        self.patch.chdir(self.vault)

    def run(self, command: str) -> str:
        """Run a command as it stands, but for names that stand for others; return what it printed."""
        words = [self._meant(word) for word in shlex.split(command)]
        with self.patch.context() as patch:
            while words and _SET.fullmatch(words[0]):
                patch.setenv(*words.pop(0).split("=", 1))
            match words:
                case ["cd", _]:
                    return ""
                case ["touch", name]:
                    Path(name).touch()
                    return ""
                case ["export", setting]:
                    self.patch.setenv(*setting.split("=", 1))
                    return ""
                case ["make", target]:
                    return self.run(recipe(target))
                case [*words, "&"]:
                    self._serve(words)
                    return ""
            return self._run(words, patch)

    def _meant(self, word: str) -> str:
        """Return what a word of an example stands for here."""
        if word == "NOTE":
            return next(self.notes)
        if word == "prompts.jsonl" and not Path(word).exists():
            write_input(Path(word), self.prompts)
        if word == "talk.en.vtt":
            Path(word).write_text(TALK)
        if word.startswith("~/"):
            return str(self.vault)
        known = {"RUN": "last", "VAULT": str(self.vault)}
        return known.get(word, word).replace("http://127.0.0.1:8765", self.url).replace("…", "any")

    def _run(self, words: Sequence[str], patch: pytest.MonkeyPatch) -> str:
        if words[0] == "twolane" and "ANTHROPIC_API_KEY" not in os.environ:
            patch.setenv("ANTHROPIC_API_KEY", "any")
        if "local" in words:
            patch.setenv("TWOLANE_BASE_URL", self.local.url)
            model = words[words.index("--model") + 1] if "--model" in words else "llama3.2:3b"
            self.local.manners.models = (model,)
            write_input(Path("prompts.jsonl"), self.prompts, model=model)
        patch.setattr(sys, "argv", list(words))
        patch.setattr(sys, "stdin", Person())
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            COMMANDS[words[0]]()
        out, err = self.capture.readouterr()
        assert not ended.value.code, f"{shlex.join(words)} ended with {ended.value.code}: {err}"
        return str(out) + str(err)

    def _serve(self, words: Sequence[str]) -> None:
        """Start a command that goes on, on any free port, and wait for its address."""
        program = f"from {words[0]}.cli import main; main()"
        process = subprocess.Popen(  # noqa: S603  # this page's own command
            [sys.executable, "-c", program, *words[1:], "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.background.append(process)
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()

    def close(self) -> None:
        """End what goes on."""
        for process in self.background:
            process.kill()
            process.communicate()


def recipe(target: str) -> str:
    """Return the command that a target of the Makefile runs, the last that is not only said."""
    text = (ROOT / "Makefile").read_text("utf-8")
    rule = text.partition(f"\n{target}: ")[2].partition("\n\n")[0]
    said = [line.strip().removeprefix("@").replace("$(BIN)/", "") for line in rule.splitlines()]
    return [line for line in said if not line.startswith("echo ")][-1]


_SAME: Final = (
    (re.compile(r"\b(curate|ingest|link|tags|tidy)-\d{8}-[\w-]+"), r"\1-ID"),
    (re.compile(r"\$[0-9.]+"), "$N"),
    # How many there are is for the ranking's weights to say.
    (re.compile(r"\d+ pairs linked, \d+ notes written"), "N pairs linked, N notes written"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://HERE"),
    (re.compile(r"\s+"), " "),
)


def plain(text: str) -> str:
    """Return a text without what differs from run to run: ids, prices, ports, line ends."""
    for pattern, same in _SAME:
        text = pattern.sub(same, text)
    return text.strip()


def absent(shown: Sequence[str], printed: str) -> list[str]:
    """Return which of the shown lines was not printed behind those above it; `…` is no line."""
    place, text, missing = 0, plain(printed), []
    for line in shown:
        found = text.find(wanted := plain(line), place)
        if line == "…":
            continue
        if found < 0:
            missing.append(line)
        else:
            place = found + len(wanted)
    return missing
