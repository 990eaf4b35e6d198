"""The files beside a vault's notes in which tags are meant: templates, bases, canvases, settings."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from notemill.vault.keys import key_of
from notemill.vault.select import (
    MAX_ALL_BYTES,
    MAX_FILE_BYTES,
    is_conflict_copy,
    read_settings,
)
from twolane.files import read_small

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from notemill.vault.select import VaultSettings


class FileKind(StrEnum):
    """What a file beside the notes is."""

    TEMPLATE = "template"
    NOTE = "note"
    BASE = "base"
    CANVAS = "canvas"
    SETTINGS = "settings"
    STYLE = "style"


class FileBeside(NamedTuple):
    """A file beside the notes: its key and its bytes.

    Of the kind `NOTE` are those that Obsidian excludes.
    """

    key: str
    kind: FileKind
    raw: bytes


_KINDS: Final = {".base": FileKind.BASE, ".canvas": FileKind.CANVAS, ".md": FileKind.NOTE}
_SETTINGS: Final = (
    ".obsidian*/*.json",
    ".obsidian*/plugins/*/data.json",
    ".obsidian*/snippets/*.css",
)
_NO_SETTINGS: Final = ("types.json", "workspace.json", "workspace-mobile.json", "workspaces.json")
"""They name notes, and what is on the screen just now."""
_MAX_FILES: Final = 20_000
"""A vault has far fewer files beside its notes."""


def files_beside(root: Path, notes: Collection[str]) -> Iterator[FileBeside]:
    """Yield the files beside the vault's `notes` in which tags may be meant.

    `notes` are their keys. A file that cannot be read, or is larger than 4 MiB, is left
    out, and the settings beyond 8 MiB; links are not followed.
    """
    for count, (path, kind) in enumerate(_listed(root, notes)):
        if count == _MAX_FILES:
            return
        try:
            yield FileBeside(key_of(path), kind, read_small(root / path, most_bytes=MAX_FILE_BYTES))
        except OSError:
            continue
    left_bytes = MAX_ALL_BYTES
    for found in sorted(one for form in _SETTINGS for one in root.glob(form)):
        if found.name in _NO_SETTINGS:
            continue
        try:
            raw = read_small(found, most_bytes=min(MAX_FILE_BYTES, left_bytes))
        except OSError:
            continue
        left_bytes -= len(raw)
        kind = FileKind.STYLE if found.suffix == ".css" else FileKind.SETTINGS
        yield FileBeside(key_of(found.relative_to(root).as_posix()), kind, raw)


def _listed(root: Path, notes: Collection[str]) -> Iterator[tuple[str, FileKind]]:
    """Yield the paths of notes that are not among `notes`, of bases and canvases, by folder."""
    settings = read_settings(root)
    folders = [("", False)]
    while folders:
        folder, in_templates = folders.pop()
        try:
            with os.scandir(root / folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                folders.append((path, in_templates or _is_template(settings, f"{path}/")))
                continue
            kind = _KINDS.get(os.path.splitext(entry.name)[1].lower())  # noqa: PTH122
            if kind is FileKind.NOTE:
                if key_of(path) in notes or is_conflict_copy(entry.name):
                    continue
                kind = FileKind.TEMPLATE if in_templates or _is_template(settings, path) else kind
            if kind is not None:
                yield path, kind


def _is_template(settings: VaultSettings, path: str) -> bool:
    return bool(settings.templates.reason_for(key_of(path)))


def has_plugin(root: Path, name: str) -> bool:
    """Tell whether a plugin is installed in a vault."""
    return any((folder / "plugins" / name).is_dir() for folder in root.glob(".obsidian*"))
