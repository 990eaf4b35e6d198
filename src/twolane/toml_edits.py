"""Edits of a TOML text that leave every other byte as it is: comments, blanks, order, line ends.

A text is split into headers and statements; only where a value begins and ends matters here. What
an edit means is for `tomllib` to say: an edit that does not result in exactly the wanted values is
refused, such as one within an inline table.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Path = tuple[str, ...]

TomlValue = str | int | Decimal | list[str]

_PART: Final = r"""(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY: Final = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_BEGINS: Final = re.compile(
    rf"[ \t]*(?:\[\[?[ \t]*(?P<header>{_KEY})[ \t]*\]\]?|(?P<key>{_KEY})[ \t]*=[ \t]*)"
)
_TOKEN: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|'
    r"'''.*?'''(?!')"
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[{\]},\n]|[^"'#\[{\]},\n]+""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A header, or a value with its key: its lines are `begin` to `end` in the text.

    `path` are the names from the top; a header has `value` equal to `value_end`.
    """

    path: Path
    begin: int
    value: int
    value_end: int
    end: int
    is_header: bool


@dataclass(frozen=True, slots=True)
class _Element:
    """A string within a list: from `begin` to `end`, its comma not included."""

    begin: int
    end: int
    value: str


def edited(text: str, changes: Mapping[Path, TomlValue | None]) -> str:
    """Return a valid TOML text with some values changed, added, or removed where None.

    A path has the names of a value from the top: ("model",) or ("notemill", "exclude"). Raises
    ValueError if the text is written in a form that cannot be edited.
    """
    wanted = tomllib.loads(text, parse_float=Decimal)
    for path, value in changes.items():
        _put(wanted, path, value)
        text = _changed(text, path, value)
    try:
        found = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError:
        found = None
    if found != wanted:
        names = ", ".join(path[-1] for path in changes)
        raise ValueError(f"{names} cannot be changed in the way this file is written")
    return text


def _put(values: dict[str, Any], path: Path, value: TomlValue | None) -> None:
    *tables, name = path
    for one in tables:
        values = values.setdefault(one, {})
    if value is None:
        values.pop(name, None)
    else:
        values[name] = copy.copy(value)


def _changed(text: str, path: Path, value: TomlValue | None) -> str:
    found = list(_statements(text))
    here = next((one for one in found if one.path == path and not one.is_header), None)
    if here is None:
        return text if value is None else _added(text, found, path, value)
    if value is None:
        return text[: here.begin] + text[here.end :]
    if isinstance(value, list) and text[here.value : here.value + 1] == "[":
        new = _list_changed(text[here.value : here.value_end], value)
    else:
        new = _written(value)
    return text[: here.value] + new + text[here.value_end :]


def _written(value: TomlValue) -> str:
    """Return a value as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str):
        # JSON escapes what TOML does, DEL excepted.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


# -- statements -----------------------------------------------------------------------------------


def _statements(text: str) -> Iterator[_Statement]:
    """Yield the headers and values of a valid text, in order."""
    table: Path = ()
    at = 0
    while at < len(text):
        match = _BEGINS.match(text, at)
        if match is None:
            at = _line_end(text, at)
            continue
        if match["header"] is not None:
            table = _names(match["header"])
            end = _line_end(text, match.end())
            yield _Statement(table, at, match.end(), match.end(), end, is_header=True)
        else:
            value_end = _value_end(text, match.end())
            end = _line_end(text, value_end)
            path = (*table, *_names(match["key"]))
            yield _Statement(path, at, match.end(), value_end, end, is_header=False)
        at = end


def _names(key: str) -> Path:
    """Return the names of a key, which may be dotted and quoted."""
    found: list[str] = []
    value: Any = tomllib.loads(f"{key} = 0")
    while isinstance(value, dict):
        ((name, value),) = value.items()
        found.append(name)
    return tuple(found)


def _line_end(text: str, at: int) -> int:
    return text.find("\n", at) + 1 or len(text)


def _tokens(text: str, at: int) -> Iterator[re.Match[str]]:
    while match := _TOKEN.match(text, at):
        yield match
        at = match.end()


def _value_end(text: str, at: int) -> int:
    """Return where a value ends: before blanks, a comment or the end of the line."""
    depth = 0
    end = at
    for match in _tokens(text, at):
        part = match[0]
        if part in ("[", "{"):
            depth += 1
        elif part in ("]", "}"):
            depth -= 1
        elif not depth and (part == "\n" or part.startswith("#")):
            break
        if part.strip() and not part.startswith("#"):
            end = match.start() + len(part.rstrip())
    return end


def _added(text: str, found: Sequence[_Statement], path: Path, value: TomlValue) -> str:
    """Return the text with a new value, at the end of its table; the table is made if needed."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    line = f"{path[-1]} = {_written(value)}{line_end}"
    table = path[:-1]
    at, now = (0, ()) if table else (0, table)
    is_there = not table
    for one in found:
        if one.is_header:
            now = one.path
            is_there = is_there or now == table
        if now == table:
            at = one.end
    if is_there and (at or not found):
        before = text[:at] if at else text
        after = text[len(before) :]
    else:
        # At the top of all without a value there, comments would change places with it.
        before, after = (text, "") if table else ("", text)
        if table:
            blank = line_end if text.strip() else ""
            line = f"{blank}[{'.'.join(table)}]{line_end}{line}"
    if before and not before.endswith("\n"):
        before += line_end
    return before + line + after


# -- lists ----------------------------------------------------------------------------------------


def _elements(text: str) -> list[_Element]:
    """Return the strings of a list."""
    found: list[_Element] = []
    for match in _tokens(text, 0):
        token = match[0].strip()
        if token.startswith(('"', "'")):
            value = tomllib.loads(f"x = {token}")["x"]
            found.append(_Element(match.start(), match.end(), value))
    return found


def _list_changed(text: str, wanted: list[str]) -> str:
    """Return a list of strings with other elements; those that stay keep their lines and comments.

    One in another order is written anew.
    """
    left = list(wanted)
    gone: list[int] = []
    for index, one in enumerate(_elements(text)):
        if one.value in left:
            left.remove(one.value)
        else:
            gone.append(index)
    for index in reversed(gone):
        text = _without(text, _elements(text), index)
    for value in left:
        text = _with(text, _elements(text), _written(value))
    is_in_order = [one.value for one in _elements(text)] == wanted
    return text if is_in_order else _written(wanted)


def _without(text: str, elements: Sequence[_Element], index: int) -> str:
    one = elements[index]
    line = text.rfind("\n", 0, one.begin) + 1
    end = _line_end(text, one.end)
    rest = text[one.end : end].strip().removeprefix(",").strip()
    if line and not text[line : one.begin].strip() and (not rest or rest.startswith("#")):
        return text[:line] + text[end:]  # alone in its line
    if index + 1 < len(elements):
        return text[: one.begin] + text[elements[index + 1].begin :]
    if index:
        return text[: elements[index - 1].end] + text[one.end :]
    return text[: one.begin] + text[one.end :].lstrip().removeprefix(",").lstrip(" \t")


def _with(text: str, elements: Sequence[_Element], value: str) -> str:
    if not elements:
        return f"[{value}{text[1:].lstrip(' ')}"
    last = elements[-1]
    line = text.rfind("\n", 0, last.begin) + 1
    indent = text[line : last.begin]
    if not line or indent.strip():
        return f"{text[: last.end]}, {value}{text[last.end :]}"
    end = _line_end(text, last.end)
    rest = text[last.end : end]
    if not rest.endswith("\n"):
        return f"{text[: last.end]},\n{indent}{value}{rest}"
    if not rest.lstrip().startswith(","):
        rest = f",{rest}"
    line_end = "\r\n" if rest.endswith("\r\n") else "\n"
    return f"{text[: last.end]}{rest}{indent}{value},{line_end}{text[end:]}"
