"""A vault with open and hidden notes, a model and a service that keep all they are sent."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from notemill.offline import respond
from tests.notemill.embedding.test_endpoint import Service, serving
from tests.notemill.workflows.notes import write_notes
from tests.notemill.workflows.tags.test_arranging import answer
from tests.twolane.cli.served import served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.notemill.cli.test_notemill import Shell

SOIL = "Compost feeds garden soil. Worms turn leaves into dark earth below the compost heap.\n"
OPEN: dict[str, str | bytes] = {
    "Garden/Compost.md": f"---\ntags: [garden, soil, compost]\n---\n{SOIL}#mulch\n",
    "Garden/Soil.md": f"---\ntags: [garden, soil]\n---\nGarden soil needs compost. {SOIL}",
    "Garden/Worms.md": f"---\ntags: [garden, Soil, worm]\n---\nWorms love leaves. {SOIL}",
}
HIDDEN: dict[str, str | bytes] = {
    "Private/Wyvern.md": (
        "---\ntags: [garden, griffin/inner]\naliases: [Manticore]\ndescription: A chimera.\n---\n"
        f"{SOIL} The basilisk writes to [[Garden/Compost|Minotaur]]. #hippogriff\n"
    ),
    "Wyrm.md": f"---\ntags: [garden, Health/Basilisk]\n---\n{SOIL} See [[Garden/Soil]], basilisk.\n",
    "Wyvern two.md": f"---\ntags: #health #griffin\n---\n{SOIL} A basilisk.\n",
    "Wyvern three.md": f"---\nnotemill: ignore\ntags: [garden, griffin]\n---\n{SOIL} A basilisk.\n",
    "Wyvern four.md": f"---\ntags: [garden, griffin\n---\n{SOIL} A basilisk in a broken note.\n",
}
SECRETS = (
    "wyvern", "wyrm", "griffin", "manticore", "chimera", "basilisk", "minotaur", "hippogriff",
)  # fmt: skip
EXCLUDE = ("private", "#HEALTH")


class Watched:
    """Commands on the vault with a model and a service that keep all they are sent."""

    def __init__(self, shell: Shell, service: Service, config: Path, sent: list[str]) -> None:
        """Keep the commands, what the service got, the config file, and what the model got."""
        self.shell, self.service, self.config, self.sent = shell, service, config, sent

    def __call__(self, *words: object, code: int | None = 0) -> dict[str, Any]:
        """Run a command; return its JSON object, where it prints one."""
        ended = self.shell(*words)
        assert code is None or ended == code, (words, self.shell.err)
        return self.shell.report if "--json" in words and self.shell.out.strip() else {}

    def hide(self, *entries: str) -> None:
        """Exclude from now on."""
        listed = json.dumps(entries or EXCLUDE)
        self.config.write_text(f"[notemill]\nexclude = {listed}\n", "utf-8")

    def leaked(self) -> dict[str, list[str]]:
        """Return the secrets in each way out since the last look."""
        ways = {
            "requests": "\n".join(self.sent),
            "vectors": json.dumps(self.service.asked),
            "standard output": self.shell.out,
            "standard error": self.shell.err,
        }
        return {
            way: found
            for way, text in ways.items()
            if (found := [one for one in SECRETS if one in text.casefold()])
        }


@contextlib.contextmanager
def watching(shell: Shell, folder: Path) -> Iterator[Watched]:
    """Serve a model and a service, nothing excluded yet, until the block ends."""
    shell.vault = write_notes(folder / "watched", OPEN | HIDDEN)
    config = folder / "config.toml"
    config.write_text("", "utf-8")
    sent: list[str] = []

    def reply(params: Mapping[str, Any]) -> str:
        sent.append(json.dumps(params, ensure_ascii=False))
        schema = json.dumps(params["output_config"])
        return answer(params) if "levels" in schema or "entries" in schema else respond(params)

    with served(responder=reply) as model, serving(Service()) as service:
        for name, value in model.environment(shell.home).items():
            if name.startswith(("ANTHROPIC_", "TWOLANE_")):
                shell.patch.setenv(name, value)
        shell.patch.setenv("TWOLANE_CONFIG", str(config))
        shell.patch.setenv("OPENAI_BASE_URL", service.url)
        shell.patch.setenv("OPENAI_API_KEY", "sk-any")
        yield Watched(shell, service, config, sent)
