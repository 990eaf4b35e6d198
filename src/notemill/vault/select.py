"""Which files of a folder are notes, as Obsidian would see them; pure but for `read_settings`."""

from __future__ import annotations

import contextlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notemill.vault.related import LinkStyle
from notemill.vault.resolve import PathFormat

if TYPE_CHECKING:
    from pathlib import Path

# As Dropbox, Obsidian Sync and Syncthing name them.
_CONFLICT_COPY = re.compile(
    r"\([^()]*conflicted copy[^()]*\)|\.sync-conflict-\d{8}-\d{6}", re.IGNORECASE
)
_GLOB: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_TEMPLATE_FOLDERS: Final = (
    ("templates.json", "folder"),
    ("plugins/templater-obsidian/data.json", "templates_folder"),
)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that is left out, by its path in the vault, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """What the vault's own settings leave out; `problems` are the settings not understood."""

    template_folders: tuple[str, ...]
    prefixes: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    problems: tuple[Skipped, ...]

    def reason_for(self, path: str) -> str:
        """Return why a note or folder (with `/` at its end) is left out, '' where it is not."""
        if any(path.startswith(folder) for folder in self.template_folders):
            return "in the templates folder"
        if any(path.startswith(prefix) for prefix in self.prefixes):
            return "among Obsidian's excluded files"
        if any(pattern.search(path) for pattern in self.patterns):
            return "among Obsidian's excluded files"
        return ""


def is_conflict_copy(name: str) -> bool:
    """Tell whether a synchronising service named the file as the other half of a conflict."""
    return _CONFLICT_COPY.search(name) is not None


def read_settings(root: Path) -> VaultSettings:
    """Read what `.obsidian` says of templates and excluded files; absent is nothing."""
    folder = root / ".obsidian"
    templates: list[str] = []
    for file, name in _TEMPLATE_FOLDERS:
        value = _json(folder / file).get(name)
        if isinstance(value, str) and (bare := _nfc(value).strip().strip("/")):
            templates.append(bare + "/")
    prefixes: list[str] = []
    patterns: list[re.Pattern[str]] = []
    problems: list[Skipped] = []
    filters = _json(folder / "app.json").get("userIgnoreFilters")
    for one in filters if isinstance(filters, list) else []:
        if not isinstance(one, str) or not one:
            continue
        if len(one) < 3 or not (one.startswith("/") and one.endswith("/")):  # noqa: PLR2004
            prefixes.append(_nfc(one).lstrip("/"))
            continue
        try:
            patterns.append(re.compile(_nfc(one[1:-1])))
        except re.error as error:
            reason = f"its excluded files hold the pattern {one}, which cannot be read: {error}"
            problems.append(Skipped(".obsidian/app.json", reason))
    return VaultSettings(
        tuple(templates), tuple(filter(None, prefixes)), tuple(patterns), tuple(problems)
    )


def link_style(root: Path) -> LinkStyle:
    """Return how the vault is set to write links; what is not understood is Obsidian's default."""
    settings = _json(root / ".obsidian" / "app.json")
    paths = settings.get("newLinkFormat")
    return LinkStyle(
        markdown=settings.get("useMarkdownLinks") is True,
        paths=PathFormat(paths) if paths in list(PathFormat) else PathFormat.SHORTEST,
    )


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def key_pattern(glob: str) -> re.Pattern[str]:
    """Return a pattern for whole keys: `*` stays in a folder, `**` crosses folders.

    A pattern without `/` fits in every folder, one with `/` counts from the vault's; a folder's
    name stands for all in it.
    """
    text = _nfc(glob).removeprefix("./")
    anchored = "/" in text.rstrip("/")
    text = text.strip("/")
    parts = [_piece(match[0]) for match in _GLOB.finditer(text)]
    lead = "" if anchored else "(?:.*/)?"
    return re.compile(f"{lead}{''.join(parts)}(?:/.*)?", re.DOTALL)


def _piece(part: str) -> str:
    if part == "**/":
        return "(?:.*/)?"
    if part == "**":
        return ".*"
    if part == "*":
        return "[^/]*"
    if part == "?":
        return "[^/]"
    if len(part) > 1:
        inside = part[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        piece = f"[{'^' + inside[1:] if inside.startswith('!') else inside}]"
        with contextlib.suppress(re.error):
            re.compile(piece)
            return piece
    return re.escape(part)
