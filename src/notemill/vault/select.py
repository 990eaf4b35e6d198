"""Which files of a folder are notes, as Obsidian would see them; pure but for `read_settings`."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from notemill.normal import normal
from notemill.vault.related import LinkStyle
from notemill.vault.resolve import PathFormat
from notemill.vault.templates import NamedTemplates
from twolane.files import read_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# As Dropbox, Obsidian Sync and Syncthing name them.
_CONFLICT_COPY = re.compile(
    r"\([^()]*conflicted copy[^()]*\)|\.sync-conflict-\d{8}-\d{6}", re.IGNORECASE
)
_GLOB: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_MAX_SETTINGS_BYTES: Final = 16_777_216
_NO_PLUGIN: Final = ("app", "types", "workspace", "workspace-mobile", "workspaces")
"""Files of settings that speak of notes and are no plugin's."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that is left out, by its path in the vault, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """What the vault's own settings leave out; `problems` are the settings not understood."""

    templates: NamedTemplates
    prefixes: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    problems: tuple[Skipped, ...]

    def reason_for(self, path: str) -> str:
        """Return why a note or folder (with `/` at its end) is left out, '' where it is not."""
        if reason := self.templates.reason_for(path):
            return reason
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
        _templates(root), tuple(filter(None, prefixes)), tuple(patterns), tuple(problems)
    )


def _templates(root: Path) -> NamedTemplates:
    """Return what the settings of all plugins, Obsidian's own included, name as templates."""

    def exists(path: str) -> bool:
        return any((root / name).is_file() for name in (path, f"{path}.md"))

    found = NamedTemplates()
    # A second folder of settings (`.obsidian-phone`) is one that another device is set to.
    for folder in sorted(root.glob(".obsidian*")):
        for file in sorted(folder.glob("*.json")):
            if file.stem not in _NO_PLUGIN:
                found.add(file.stem, _json(file), exists)
        for file in sorted(folder.glob("plugins/*/data.json")):
            found.add(file.parent.name, _json(file), exists)
    return found


def link_style(root: Path) -> LinkStyle:
    """Return how the vault is set to write links; what is not understood is Obsidian's default."""
    settings = _json(root / ".obsidian" / "app.json")
    paths = settings.get("newLinkFormat")
    return LinkStyle(
        markdown=settings.get("useMarkdownLinks") is True,
        paths=PathFormat(paths) if paths in list(PathFormat) else PathFormat.SHORTEST,
    )


def _nfc(text: str) -> str:
    return normal("NFC", text)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path, most_bytes=_MAX_SETTINGS_BYTES)
    except OSError:
        return {}
    return value if isinstance(value, dict) else {}


def folded(path: str) -> str:
    """Return a path as paths are compared: in any case and Unicode form."""
    return _nfc(_nfc(path).casefold())


def matcher(glob: str, *, wide: bool = False) -> Callable[[str], bool]:
    """Return what tells whether a glob fits a folded key, in any case.

    `*` stays in a folder, `**` crosses folders. A glob without `/` fits in every folder, one with
    `/` counts from the vault's; a folder's name stands for all in it. `wide` takes in all that it
    may mean: `*` crosses folders, too, a note need not be named with its `.md`, and a
    backslash may be the `/` of Windows.
    """
    texts = dict.fromkeys((glob, glob.replace("\\", "/") if wide else glob))
    patterns = [_pattern(folded(text), wide=wide) for text in texts]
    return lambda key: any(pattern.fullmatch(key) for pattern in patterns)


@lru_cache(maxsize=64)
def _pattern(text: str, *, wide: bool) -> re.Pattern[str]:
    text = text.removeprefix("./")
    anchored = "/" in text.rstrip("/")
    text = text.strip("/")
    parts = [_piece(match[0], wide=wide) for match in _GLOB.finditer(text)]
    lead = "" if anchored else "(?:.*/)?"
    ending = r"(?:\.md)?" if wide else ""
    return re.compile(f"{lead}{''.join(parts)}{ending}(?:/.*)?", re.DOTALL)


def _piece(part: str, *, wide: bool) -> str:
    if part == "**/":
        return "(?:.*/)?"
    if part == "**" or (wide and part == "*"):
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
