"""JSON replies, and checking them against the schema in a request.

fastjsonschema, which compiles schemas, fetches URLs and reads files named by `$ref`: so it only
gets schemas whose references all stay inside them.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import unquote

import orjson

from twolane.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Check = Callable[[str], str | None]

WHERE: Final = "output_config.format"
KEPT_CHECKS: Final = 256
# Keywords whose value is data, and those whose value is schemas under names of one's own.
_DATA: Final = frozenset({"const", "enum", "default", "examples"})
_NAMED: Final = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)
_IDS: Final = ("$id", "id", "$anchor")
# What nothing is checked against, and what is taken for a reference where it looks like one.
_UNCHECKED: Final = frozenset({"default", "examples"})
_OTHER_REFS: Final = ("$dynamicRef", "$recursiveRef")
# What a broken schema lets a compiled check stumble over; it must not harm the reply's run.
_STUMBLES: Final = (ArithmeticError, RecursionError, TypeError, ValueError, AttributeError)


def schema_json(params: Mapping[str, Any]) -> bytes | None:
    """Return the schema that replies to a request must match, as JSON; None if there is none.

    Raises InputError if the request asks for a schema but has none.
    """
    config = params.get("output_config")
    if config is None:
        return None
    wanted = config.get("format") if isinstance(config, dict) else config
    if isinstance(config, dict) and wanted is None:
        return None
    if not isinstance(wanted, dict):
        message = f"{WHERE} must be an object"
        raise InputError(message)
    if wanted.get("type") != "json_schema":
        return None
    if not isinstance(wanted.get("schema"), dict):
        message = f"{WHERE} is not a JSON schema that can be checked: it has no schema, an object"
        raise InputError(message)
    return orjson.dumps(wanted["schema"])


@lru_cache(KEPT_CHECKS)
def check_of(schema: bytes) -> Check:
    """Return a function that checks reply texts against a schema, a JSON object.

    The function returns what is wrong, None if nothing is; it never raises. Raises InputError if
    the schema itself cannot be used. Nothing is fetched, and no file is read.
    """
    import fastjsonschema  # noqa: PLC0415  # only runs with a schema pay for the import

    try:
        closed = _closed(orjson.loads(schema))
        validate = fastjsonschema.compile(closed, handlers=_Nowhere(), use_default=False)
        # What is wrong at its root shows at any value.
        some: tuple[Any, ...] = (None, True, 0, 1.5, "", [], {})
        for value in some:
            _problem(validate, value, fastjsonschema.JsonSchemaValueException)
    except InputError:
        raise
    except Exception as error:
        # Source is generated from a schema and compiled: all kinds of errors come of a broken one.
        message = f"{WHERE} is not a JSON schema that can be checked: {_told(error)}"
        raise InputError(message) from error

    def check(text: str) -> str | None:
        try:
            value = parse_reply(text)
        except ValueError:
            return f"the reply is not JSON: {text[:80]!r}"
        try:
            return _problem(validate, value, fastjsonschema.JsonSchemaValueException)
        except _STUMBLES as error:
            return f"the reply cannot be held against its schema: {_told(error)}"

    return check


def _problem(
    validate: Callable[[Any], Any],
    value: Any,  # noqa: ANN401
    mismatch: type[Exception],
) -> str | None:
    try:
        validate(value)
    except mismatch as error:
        return f"the reply does not meet its schema: {error}"
    return None


def _told(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


class _Nowhere(dict[str, "Callable[[str], NoReturn]"]):
    """What fetches a document, by the scheme of its address: for each, an error.

    Also for a member called $ref in the data of an enum or a const, which is taken for one.
    """

    def __contains__(self, scheme: object) -> bool:
        """Stand in for whatever would be fetched otherwise."""
        return True

    def __getitem__(self, scheme: str) -> Callable[[str], NoReturn]:
        """Return what refuses an address."""
        return _refuse_address


def _refuse_address(address: str) -> NoReturn:
    _refuse_schema(f"{address!r} names another document, and nothing is fetched")


# -- references ---------------------------------------------------------------------------------


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which every reference leads to a place of its own.

    Names for other documents to refer to it by are left out. Raises InputError for a reference
    that leads elsewhere, nowhere, or back to where it stands.
    """
    _follow(schema, schema, ("#",), set())
    closed: dict[str, Any] = _bare(schema)
    return closed


def _follow(node: object, root: dict[str, Any], active: tuple[str, ...], done: set[str]) -> None:
    """See that the references in and below a schema end somewhere."""
    if isinstance(node, dict):
        _check_keywords(node, root)
        if isinstance(ref := node.get("$ref"), str):
            _follow_ref(ref, root, active, done)
    for part in _parts(node):
        _follow(part, root, active, done)


def _parts(node: object) -> Iterator[object]:
    """Yield what stands one step below a schema and may be a schema itself."""
    if isinstance(node, list):
        yield from node
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in _NAMED and isinstance(value, dict):
                yield from value.values()
            elif key not in _DATA:
                yield value


def _check_keywords(node: dict[str, Any], root: dict[str, Any]) -> None:
    """Refuse what would be compiled into a check that means something else."""
    for name in _OTHER_REFS:
        if name in node:
            _refuse_schema(f"{name} is not supported; use $ref")
    for name in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(node.get(name), bool) and "draft-04" not in str(root.get("$schema")):
            _refuse_schema(f"{name} must be a number (true and false are of draft 4)")


def _follow_ref(ref: str, root: dict[str, Any], active: tuple[str, ...], done: set[str]) -> None:
    if not ref.startswith("#"):
        _refuse_schema(
            f"$ref {ref!r} names another document, and nothing is fetched; put it under $defs"
        )
    if ref in active:
        _refuse_schema(f"$ref {ref!r} leads back to itself; recursive schemas are not supported")
    if ref in done:
        return
    target: Any = root
    for part in unquote(ref).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            target = target[int(name)] if isinstance(target, list) else target[name]
        except (KeyError, IndexError, TypeError, ValueError):
            _refuse_schema(f"$ref {ref!r} leads nowhere")
    if target is root or not isinstance(target, dict | bool):
        _refuse_schema(f"$ref {ref!r} leads to no schema of its own; name one as in '#/$defs/name'")
    _follow(target, root, (*active, ref), done)
    done.add(ref)


def _bare(node: Any) -> Any:  # noqa: ANN401
    """Return a copy of a schema without ids, and without what checks nothing."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    bare = {}
    for key, value in node.items():
        if key in _UNCHECKED or (key in _IDS and isinstance(value, str)):
            continue
        if key in _NAMED and isinstance(value, dict):
            bare[key] = {name: _bare(one) for name, one in value.items()}
        else:
            bare[key] = value if key in _DATA else _bare(value)
    return bare


def _refuse_schema(why: str) -> NoReturn:
    message = f"{WHERE} is not a JSON schema that can be checked: {why}"
    raise InputError(message)


# -- replies ------------------------------------------------------------------------------------


def parse_reply(text: str) -> Any:  # noqa: ANN401
    """Return the JSON value of a reply. Raises ValueError if it is not JSON.

    Half an emoji, which a model may well write as an escape, does not justify paying for another.
    """
    try:
        return orjson.loads(text)  # which refuses that
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError(text[:80]) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
