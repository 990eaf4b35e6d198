"""Which notes are templates: by the vault's settings, or by template marks in the text; pure.

What is written into a template ends up in every note made from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from notemill.markup.masks import RegionKind
from notemill.text.normal import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notemill.markup.reading import Reading

# Where the note that a setting names is looked for by its name alone, too, as Obsidian looks for
# what a link means: the core plugins, and those whose templates people keep under a bare name.
_BY_NAME: Final = frozenset(
    {
        "calendar",
        "daily-notes",
        "note-composer",
        "periodic-notes",
        "quickadd",
        "templater-obsidian",
        "zk-prefixer",
    }
)
_FOLDER_WORDS: Final = ("folder", "dir", "path")
# What is made from a template goes there.
_RESULT_WORDS: Final = ("output", "target", "destination")
_MAX_PATH_CHARS: Final = 1_000
_MAX_VALUES: Final = 50_000

# The variables of the core plugins and of Periodic Notes, QuickAdd's, and Templater's commands.
# https://help.obsidian.md/plugins/templates, https://quickadd.obsidian.guide/docs/FormatSyntax,
# https://github.com/liamcain/obsidian-periodic-notes#template-tags,
# https://silentvoid13.github.io/Templater/syntax.html
_VARIABLE: Final = re.compile(
    r"\{\{(?:[ \t]*+(?i:title|(?:date|time|yesterday|tomorrow|(?:sun|mon|tues|wednes|thurs|fri|satur)day)"
    r"(?:[ \t]*+[+-]\d{1,4}[a-z])?"
    r"(?::[^{}\n]{0,60}+)?)[ \t]*+"
    r"|(?:VALUE|value|NAME|MVALUE|LINKCURRENT|FILENAMECURRENT|SELECTED|CLIPBOARD)"
    r"|(?i:value|vdate|field|macro|template|random|global_var):[^{}\n]{0,200}+)\}\}"
)
_COMMAND: Final = re.compile(r"\A[-_+]?\*|\btp\.|\w\(")
_COMMAND_CHARS: Final = 200
_BEGINNING: Final = re.compile(r"<%|\{\{")
# Where a mark is an example, or seen by nobody.
_EXAMPLES: Final = frozenset(
    (RegionKind.FENCE, RegionKind.CODE, RegionKind.MATH, RegionKind.COMMENT)
)
_SHOWN_CHARS: Final = 40


@dataclass(slots=True)
class NamedTemplates:
    """The folders and notes that settings name as templates, each with the plugin that names it.

    `anywhere` are notes that match below any folder, because nothing is at the exact path set.
    """

    folders: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    anywhere: dict[str, str] = field(default_factory=dict)

    def reason_for(self, path: str) -> str:
        """Return why a note or folder (ending in `/`) is a template, '' if it is not."""
        if not (self.folders or self.notes):
            return ""
        compared = _comparable(path)
        if compared.endswith("/"):
            return "in the templates folder" if compared[:-1] in self.folders else ""
        named = compared.removesuffix(".md")
        plugin = self.notes.get(named, "")
        while self.anywhere and not plugin and named:
            plugin = self.anywhere.get(named, "")
            named = named.partition("/")[2]
        return f"a template: the settings of {plugin} name it" if plugin else ""

    def add(self, plugin: str, settings: object, exists: Callable[[str], bool]) -> None:
        """Add the templates that a plugin's settings name, whether or not it is enabled.

        These are all texts, at any depth, whose key mentions templates: plugins nest them in lists
        of choices and folders. A text must look like the path of a note, or its key must mention a
        folder. `exists` tells whether there is a note at a path.
        """
        for key, value in _texts(settings):
            name = key.casefold()
            if plugin == "templates":
                is_named = name == "folder"
            else:
                is_named = "template" in name and not any(word in name for word in _RESULT_WORDS)
            path = _bare(value) if is_named else ""
            if not path:
                continue
            compared = _comparable(path)
            note = compared.removesuffix(".md")
            if plugin == "templates" or any(word in name for word in _FOLDER_WORDS):
                self.folders.setdefault(compared, plugin)
            if plugin in _BY_NAME or "/" in compared or note != compared:
                self.notes.setdefault(note, plugin)
            if plugin in _BY_NAME and not exists(path):
                self.anywhere.setdefault(note, plugin)


def _comparable(path: str) -> str:
    """Return a path as paths are compared: NFC, whatever its case."""
    return normal("NFC", normal("NFC", path).casefold())


def _bare(value: str) -> str:
    """Return a path as a setting holds it, without what else people write there."""
    bare = value.strip().removeprefix("[[").removesuffix("]]").partition("|")[0]
    return bare.replace("\\", "/").strip().removeprefix("./").strip("/")


def _texts(settings: object) -> Iterator[tuple[str, str]]:
    """Yield each text in a JSON value with its key; one in a list has the list's."""
    waiting: list[Iterator[tuple[str, Any]]] = [iter([("", settings)])]
    for _ in range(_MAX_VALUES):
        while waiting and (found := next(waiting[-1], None)) is None:
            waiting.pop()
        if not waiting or found is None:
            return
        key, value = found
        if isinstance(value, str):
            if len(value) <= _MAX_PATH_CHARS and "\n" not in value:
                yield key, value
        elif isinstance(value, dict):
            waiting.append(iter(value.items()))
        elif isinstance(value, list):
            waiting.append(zip(repeat(key), value, strict=False))


def template_mark(body: Reading, properties: str = "") -> str:
    """Return the first template mark in a note, shortened, '' if there is none.

    `properties` is the text of its frontmatter. A mark in code, math or comments is an example: a
    note about templates is not a template.
    """
    for _, mark in _marks(properties):
        return _shown(mark)
    if next(_marks(body.text), None) is None:
        return ""
    examples = [one for one in body.regions if one.kind in _EXAMPLES]
    at = 0
    for start, mark in _marks(body.text):
        while at < len(examples) and examples[at].end <= start:
            at += 1
        if at == len(examples) or start < examples[at].start:
            return _shown(mark)
    return ""


def _marks(text: str) -> Iterator[tuple[int, str]]:
    """Yield where the marks in a text begin, and the marks."""
    end = text.find("%>")
    for beginning in _BEGINNING.finditer(text) if end >= 0 or "}}" in text else ():
        start = beginning.start()
        if beginning[0] == "{{":
            if variable := _VARIABLE.match(text, start):
                yield start, variable[0]
        elif end >= 0:
            end = end if end > start else text.find("%>", start)
            most = min(end, start + _COMMAND_CHARS)
            again = text.find("<%", start + 2, most)
            inside = text[start + 2 : most if again < 0 else again]
            if end >= 0 and _COMMAND.search(inside):
                yield start, f"<%{inside}%>"


def _shown(mark: str) -> str:
    text = " ".join(mark.split())
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
