"""Recorded runs: what a vault's notes ask of a model, what it answered, and what became of them.

A scenario is one JSON file of made-up notes. Its replies were written by hand from the prompts
alone. A test plays them back and compares, so that a changed prompt shows what it changes. To
record one: write its `notes` and `replies` (those of a relay's folder are printed by
`python -m tests.recorded FOLDER`), and run its test with NOTEMILL_RECORD=1, which writes the rest.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notemill.prompts.material import TEXT_BELOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Params = dict[str, Any]

_REF = re.compile(r"^note_ref: (.*)$", re.MULTILINE)
_TITLE = re.compile(r"^title: (.*)$", re.MULTILINE)
_MARK = re.compile(r"^(</?[a-z]+) [0-9a-f]{10}>$", re.MULTILINE)


@dataclass
class Scenario:
    """A recorded run, as its file has it.

    `says` is what it shows, `notes` the vault by path, `prompts` the system prompts as lines,
    `requests` what was asked (`about`, the number of its prompt, its lines) and `replies` what was
    answered (`about`, reply), both in their order; `after` is every file that the run changed.
    """

    path: Path
    says: str
    notes: dict[str, str]
    replies: list[dict[str, Any]]
    prompts: list[list[str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    after: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with the first reply about everything."""
        self._left: dict[str, Iterator[Any]] = {}

    def reply(self, params: Params) -> str:
        """Answer a request with the next reply about the same thing, with its `note_ref`."""
        about = about_of(params)
        mine = (one["reply"] for one in self.replies if one["about"] == about)
        reply = next(self._left.setdefault(about, mine), None)
        assert reply is not None, f"{self.path.name} has no further reply about {about!r}"
        if isinstance(reply, str):
            return reply
        found = _REF.search(_content(params))
        return json.dumps({"note_ref": found[1], **reply} if found else reply, ensure_ascii=False)

    def check(self, sent: Iterable[Params], after: Mapping[str, bytes]) -> None:
        """Compare what was asked, and the vault's files now, with what is recorded."""
        prompts: list[list[str]] = []
        requests = []
        for params in sent:
            prompt = _system(params).split("\n")
            if prompt not in prompts:
                prompts.append(prompt)
            lines = _normal(_content(params)).split("\n")
            asked = {"about": about_of(params), "prompt": prompts.index(prompt), "lines": lines}
            requests.append(asked)
        changed = {
            key: raw.decode()
            for key, raw in sorted(after.items())
            if raw.decode() != self.notes.get(key)
        }
        if os.environ.get("NOTEMILL_RECORD"):
            self.prompts, self.requests, self.after = prompts, requests, changed
            self._write()
        for what, before, now in (
            ("prompts", self.prompts, prompts),
            ("requests", self.requests, requests),
            ("notes after the run", self.after, changed),
        ):
            assert before == now, f"other {what} than recorded:\n{_difference(before, now)}"

    def _write(self) -> None:
        kept = {
            "says": self.says, "notes": self.notes, "prompts": self.prompts,
            "requests": self.requests, "replies": self.replies, "after": self.after,
        }  # fmt: skip
        text = json.dumps(kept, ensure_ascii=False, indent=1)
        self.path.write_text(f"{text}\n", "utf-8")


def scenario(path: Path) -> Scenario:
    """Read a scenario."""
    return Scenario(path, **json.loads(path.read_text("utf-8")))


def about_of(params: Params) -> str:
    """Return what a request asks about: its note's title, or what its reply consists of."""
    head = _content(params).partition(f"\n{TEXT_BELOW}\n")[0]
    if title := _TITLE.search(head):
        return title[1]
    form = params.get("output_config", {}).get("format", {}).get("schema", {})
    return ", ".join(one for one in form.get("properties", ()) if one != "note_ref")


def replies_of(relay: Path) -> list[dict[str, Any]]:
    """Return the replies written by hand in a relay's folder, as a scenario has them."""
    found = []
    for asked in sorted(relay.glob("*.requests.jsonl")):
        answers = asked.with_name(asked.name.replace("requests", "answers"))
        said = {one["custom_id"]: one["text"] for one in map(json.loads, _lines(answers))}
        posted = [json.loads(line) for line in _lines(asked)]
        found += [(about_of(one["params"]), said[one["custom_id"]]) for one in posted]
    for asked in sorted(relay.glob("*.request.json")):
        answer = asked.with_name(asked.name.replace("request", "answer"))
        params = json.loads(asked.read_text("utf-8"))
        found.append((about_of(params), json.loads(answer.read_text("utf-8"))["text"]))
    return [{"about": about, "reply": _bare(text)} for about, text in found]


def _difference(before: object, now: object) -> str:
    old, new = (json.dumps(one, ensure_ascii=False, indent=1).split("\n") for one in (before, now))
    return "\n".join(unified_diff(old, new, "recorded", "now", lineterm="", n=1))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()]


def _bare(text: str) -> object:
    """Return a reply without its `note_ref`; text that is no JSON object stays as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, dict):
        return text
    return {name: one for name, one in value.items() if name != "note_ref"}


def _content(params: Params) -> str:
    return _text(params["messages"][0]["content"])


def _system(params: Params) -> str:
    return _text(params.get("system", ""))


def _text(value: str | list[dict[str, Any]]) -> str:
    """Return a text that may be given in blocks, for caching."""
    return value if isinstance(value, str) else "\n".join(one["text"] for one in value)


def _normal(text: str) -> str:
    """Return a prompt without what differs from run to run: references and marks."""
    return _MARK.sub(r"\1>", _REF.sub("note_ref: …", text))


if __name__ == "__main__":
    print(json.dumps(replies_of(Path(sys.argv[1])), ensure_ascii=False, indent=1))  # noqa: T201
