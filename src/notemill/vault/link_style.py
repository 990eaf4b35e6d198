"""How a vault writes links; apart from `select`, so that listing notes does not import links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.vault.related import LinkStyle
from notemill.vault.resolve import PathFormat
from notemill.vault.select import own_settings

if TYPE_CHECKING:
    from pathlib import Path


def link_style(root: Path) -> LinkStyle:
    """Return how the vault writes links; a setting not understood means Obsidian's default.

    Raises VaultSettingsError if the settings cannot be read.
    """
    settings = own_settings(root)
    paths = settings.get("newLinkFormat")
    return LinkStyle(
        markdown=settings.get("useMarkdownLinks") is True,
        paths=PathFormat(paths) if paths in list(PathFormat) else PathFormat.SHORTEST,
    )
