"""notemill's own settings: what must never leave the machine, and what is proposed and how.

They are read from the table [notemill] of the config file, the environment and flags. Exclusions
add up: what one place excludes, no other can include again. For every other setting a flag
overrides the environment, which overrides the config file. An unknown name, or a value of the wrong
type, stops every command, so that a misspelled exclusion is never ignored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from notemill.embedding_kind import EmbeddingKind
from notemill.errors import UsageError
from notemill.properties import ALL, Property, listed, read_properties
from twolane import check_names, check_variables, read_config
from twolane.front.effects import BY_DEFAULT, FROM_FILE, NOT_SHOWN, Effect
from twolane.values import KEY, NAME, URL, Form, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from notemill.properties import Properties

VARIABLE = "NOTEMILL_EXCLUDE"
TABLE = "notemill"
MAX_EXCLUSIONS = 1_000
"""Each is held against every note."""
MAX_GLOB_CHARS = 1_000
"""Longer than any path that a person writes."""
EMBEDDING_VARIABLES: Mapping[str, str] = {
    "embedding": "NOTEMILL_EMBEDDING",
    "embedding_model": "NOTEMILL_EMBEDDING_MODEL",
    "embedding_url": "OPENAI_BASE_URL",
    "embedding_key": "OPENAI_API_KEY",
}
PROPOSALS_VARIABLE = "NOTEMILL_PROPOSALS"
PROPERTIES_VARIABLE = "NOTEMILL_PROPERTIES"
INGEST_VARIABLES: Mapping[str, str] = {
    "ingest_folder": "NOTEMILL_INGEST_FOLDER",
    "ingest_transcript": "NOTEMILL_INGEST_TRANSCRIPT",
    "ingest_template": "NOTEMILL_INGEST_TEMPLATE",
}
NIGHTLY_VARIABLE = "NOTEMILL_FOLLOW_NIGHTLY"
ON, OFF = "on", "off"
"""Whether a server looks at followed sources every night."""
CLIPPINGS = "Clippings"
"""Where Obsidian's Web Clipper puts its notes."""
IN_NOTE, BESIDE, LEFT_OUT = "note", "beside", "none"
TRANSCRIPTS = (IN_NOTE, BESIDE, LEFT_OUT)
"""Where the transcript of a talk goes: into its note, into one beside it, or nowhere."""
REVIEWED, APPLIED = "review", "apply"
"""What becomes of a run's proposals by default: they wait for review, or additions are written."""
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "text-embedding-3-small"


def _folder(value: str) -> str | None:
    """Return a folder of the vault as its path, `.` for the vault itself; None if it is none."""
    parts = value.strip().removesuffix("/").split("/")
    if parts in ([""], ["."]):
        return "."
    fits = all(one.strip() == one and one and one[0] != "." for one in parts)
    return "/".join(parts) if fits and not any(c in value for c in '\\:*?"<>|\0') else None


FORMS: Mapping[str, Form] = {
    "proposals": Form(
        f"{REVIEWED} or {APPLIED}",
        (str,),
        lambda value: value.strip() if value.strip() in (REVIEWED, APPLIED) else None,
    ),
    "properties": Form(
        f"a text with one or more of {', '.join(Property)}, separated by commas",
        (str,),
        lambda value: listed(read_properties(value)) or None,
    ),
    "ingest_folder": Form("a folder of the vault such as Clippings", (str,), _folder),
    "ingest_transcript": Form(
        f"one of {', '.join(TRANSCRIPTS)}",
        (str,),
        lambda value: value.strip() if value.strip() in TRANSCRIPTS else None,
    ),
    "ingest_template": NAME,
    "follow_nightly": Form(
        f"{ON} or {OFF}",
        (str,),
        lambda value: value.strip() if value.strip() in (ON, OFF) else None,
    ),
    "embedding": Form(
        f"one of {', '.join(EmbeddingKind)}",
        (str,),
        lambda value: value.strip() if value.strip() in {*EmbeddingKind} else None,
    ),
    "embedding_model": NAME,
    "embedding_url": URL,
    "embedding_key": KEY,
}


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """Which model embeds notes; the last three fields are used by a service only."""

    kind: EmbeddingKind = EmbeddingKind.AUTO
    model: str = OPENAI_MODEL
    base_url: str = OPENAI_URL
    api_key: str | None = field(default=None, repr=False)

    @property
    def leaves(self) -> bool:
        """Whether embedding sends the text of notes off the machine."""
        return self.kind is EmbeddingKind.OPENAI


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How notes are made of sources.

    `folder` is the vault's, `.` for the vault itself; `transcript` one of TRANSCRIPTS; `template` a
    file, '' for notemill's own.
    """

    folder: str = CLIPPINGS
    transcript: str = IN_NOTE
    template: str = ""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Folders, globs and tags that a person excludes, as they wrote them; tags without `#`."""

    patterns: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def check_settings(
    config: Path | None = None, environment: Mapping[str, str] = os.environ
) -> EmbeddingSettings:
    """Validate all of notemill's settings; return which model embeds notes.

    Raises UsageError, ConfigError.
    """
    load_exclusions((), environment, config=config)
    load_reviewed(None, environment, config=config)
    load_properties(environment, config=config)
    load_ingest({}, environment, config=config)
    load_nightly(environment, config=config)
    return load_embedding(None, environment, config=config)


def load_exclusions(
    flags: Iterable[str] = (),
    environment: Mapping[str, str] = os.environ,
    *,
    config: Path | None = None,
) -> Exclusions:
    """Return all exclusions.

    They come from `[notemill] exclude` of the config file, NOTEMILL_EXCLUDE (separated by commas)
    and `flags`. An entry that begins with `#` is a tag, any other a folder or a glob. Raises
    UsageError for an entry that names nothing, ConfigError if the file cannot be used.
    """
    return exclusions_of(entry for entry, _ in sourced_exclusions(flags, environment, config))


def exclusions_of(entries: Iterable[str]) -> Exclusions:
    """Return exclusions as they are told apart: `#` begins a tag. Raises UsageError."""
    listed = [exclusion(one, "the exclusions") for one in entries]
    return Exclusions(
        patterns=tuple(one for one in listed if not one.startswith("#")),
        tags=tuple(without_blanks(one)[1:] for one in listed if one.startswith("#")),
    )


def without_blanks(entry: str) -> str:
    """Return an exclusion without surrounding blanks, or those between a tag and its `#`."""
    entry = entry.strip()
    return f"#{entry.lstrip('# ')}" if entry.startswith("#") else entry


def sourced_exclusions(
    flags: Iterable[str] = (),
    environment: Mapping[str, str] = os.environ,
    config: Path | None = None,
) -> list[tuple[str, str]]:
    """Return every exclusion as it was written, each with its source. Raises like the others."""
    path, table = _table(environment, config)
    listed = table.get("exclude", [])
    where = f"[{TABLE}] exclude in {path}"
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise UsageError(f'{where} must be a list of strings such as ["Private", "#x"]')
    named = [one for one in environment.get(VARIABLE, "").split(",") if one.strip()]
    entries = [
        (exclusion(one, origin), source)
        for ones, origin, source in (
            (listed, where, FROM_FILE),
            (named, VARIABLE, VARIABLE),
            (flags, "--exclude", "--exclude"),
        )
        for one in ones
    ]
    if len(entries) > MAX_EXCLUSIONS:
        message = (
            f"there are {len(entries):,} exclusions, but at most {MAX_EXCLUSIONS:,} are allowed; "
            "name folders instead"
        )
        raise UsageError(message)
    return entries


def exclusion(said: str, origin: str) -> str:
    """Return an exclusion without surrounding space. Raises UsageError if it names nothing."""
    if all(one in "#/." or one.isspace() for one in said):
        raise UsageError(
            f"{origin} has an entry that names nothing: {shortened(repr(said))}; remove it"
        )
    if len(said) > MAX_GLOB_CHARS:
        what = f"longer than {MAX_GLOB_CHARS:,} characters: {shortened(repr(said))}; shorten it"
        raise UsageError(f"{origin} has an entry that is {what}")
    return said.strip()


def load_reviewed(
    flag: bool | None = None,  # noqa: FBT001  # a flag of a command
    environment: Mapping[str, str] = os.environ,
    *,
    config: Path | None = None,
) -> bool:
    """Return whether proposals wait for review; otherwise additions are written at once.

    `[notemill] proposals` of the config file or NOTEMILL_PROPOSALS says so, unless the flag does.
    Raises UsageError for any other value, ConfigError if the file cannot be used.
    """
    value, _ = _proposals(environment, config)
    return value == REVIEWED if flag is None else flag


def load_properties(
    environment: Mapping[str, str] = os.environ, *, config: Path | None = None
) -> Properties:
    """Return the properties that are used: notemill proposes and writes no others.

    `[notemill] properties` of the config file or NOTEMILL_PROPERTIES names them. Raises UsageError
    for none or an unknown one, ConfigError if the file cannot be used.
    """
    return read_properties(_properties(environment, config)[0])


def load_nightly(
    environment: Mapping[str, str] = os.environ, *, config: Path | None = None
) -> bool:
    """Return whether a server looks at followed sources every night.

    `[notemill] follow_nightly` of the config file or NOTEMILL_FOLLOW_NIGHTLY says so. Raises
    UsageError for any other value, ConfigError if the file cannot be used.
    """
    return _nightly(environment, config)[0] == ON


def load_ingest(
    flags: Mapping[str, str | None],
    environment: Mapping[str, str] = os.environ,
    *,
    config: Path | None = None,
) -> IngestSettings:
    """Return how notes are made of sources; a flag is named like its setting without `ingest_`.

    Raises UsageError for a value that is not allowed, ConfigError if the file cannot be used.
    """
    found = _ingest(environment, config)
    chosen = {name.removeprefix("ingest_"): value for name, (value, _) in found.items()}
    for name, said in flags.items():
        if said is not None:
            chosen[name] = _read(FORMS[f"ingest_{name}"], said, f"--{name}")
    return IngestSettings(**chosen)


def _ingest(environment: Mapping[str, str], config: Path | None) -> dict[str, tuple[str, str]]:
    """Return each setting of ingests, and its source."""
    usual = IngestSettings()
    return {
        name: _chosen(
            name, variable, getattr(usual, name.removeprefix("ingest_")), environment, config
        )
        for name, variable in INGEST_VARIABLES.items()
    }


def _proposals(environment: Mapping[str, str], config: Path | None) -> tuple[str, str]:
    """Return what becomes of proposals, and the source of that."""
    return _chosen("proposals", PROPOSALS_VARIABLE, REVIEWED, environment, config)


def _properties(environment: Mapping[str, str], config: Path | None) -> tuple[str, str]:
    """Return the properties that are used, as they are written, and the source of that."""
    return _chosen("properties", PROPERTIES_VARIABLE, listed(ALL), environment, config)


def _nightly(environment: Mapping[str, str], config: Path | None) -> tuple[str, str]:
    """Return whether there are nightly looks, and the source of that."""
    return _chosen("follow_nightly", NIGHTLY_VARIABLE, ON, environment, config)


def _chosen(
    name: str, variable: str, default: str, environment: Mapping[str, str], config: Path | None
) -> tuple[str, str]:
    """Return a setting that no flag has, and its source."""
    path, table = _table(environment, config)
    value, source = default, BY_DEFAULT
    if name in table:
        value, source = _read(FORMS[name], table[name], f"[{TABLE}] {name} in {path}"), FROM_FILE
    if environment.get(variable):
        value, source = _read(FORMS[name], environment[variable], variable), variable
    return value, source


def load_embedding(
    flag: str | None = None,
    environment: Mapping[str, str] = os.environ,
    *,
    config: Path | None = None,
) -> EmbeddingSettings:
    """Return which model embeds notes.

    `[notemill] embedding` of the config file, NOTEMILL_EMBEDDING or the flag names a kind; a
    service is configured by `embedding_model`, `embedding_url` and `embedding_key`, or their
    variables. Raises UsageError for any other value, ConfigError if the file cannot be used.
    """
    return _embedding(flag, environment, config)[0]


def _embedding(
    flag: str | None, environment: Mapping[str, str], config: Path | None
) -> tuple[EmbeddingSettings, dict[str, str]]:
    """Return which model embeds notes, and by setting the source of all but defaults."""
    path, table = _table(environment, config)
    found: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name, variable in EMBEDDING_VARIABLES.items():
        form = FORMS[name]
        if name in table:
            found[name] = _read(form, table[name], f"[{TABLE}] {name} in {path}")
            sources[name] = FROM_FILE
        if environment.get(variable):
            found[name] = _read(form, environment[variable], variable)
            sources[name] = variable
    if flag is not None:
        found["embedding"] = _read(FORMS["embedding"], flag, "--embedding")
        sources["embedding"] = "--embedding"
    settings = EmbeddingSettings(
        kind=EmbeddingKind(found.get("embedding", EmbeddingKind.AUTO)),
        model=found.get("embedding_model", OPENAI_MODEL),
        base_url=found.get("embedding_url", OPENAI_URL),
        api_key=found.get("embedding_key"),
    )
    return settings, sources


def effects(
    config: Path | None = None, environment: Mapping[str, str] = os.environ
) -> dict[str, Effect]:
    """Return each of notemill's settings in force, with its source. Raises UsageError, ConfigError."""
    entries = sourced_exclusions((), environment, config)
    proposals, says_so = _proposals(environment, config)
    embedding, sources = _embedding(None, environment, config)
    values = {
        "embedding": str(embedding.kind),
        "embedding_model": embedding.model,
        "embedding_url": embedding.base_url,
        "embedding_key": NOT_SHOWN if embedding.api_key else None,
    }
    origins = ", ".join(dict.fromkeys(source for _, source in entries))
    return {
        "exclude": Effect([entry for entry, _ in entries], origins or BY_DEFAULT),
        "proposals": Effect(proposals, says_so),
        "properties": Effect(*_properties(environment, config)),
        **{name: Effect(*found) for name, found in _ingest(environment, config).items()},
        "follow_nightly": Effect(*_nightly(environment, config)),
        **{name: Effect(value, sources.get(name, BY_DEFAULT)) for name, value in values.items()},
    }


def _read(form: Form, value: object, origin: str) -> str:
    """Return a setting's value. Raises UsageError with its origin and the values allowed."""
    try:
        return str(form.read(value))
    except ValueError as error:
        raise UsageError(f"{origin} cannot be {form.shown(value)}: {error}") from None


def _table(environment: Mapping[str, str], config: Path | None) -> tuple[Path, Mapping[str, Any]]:
    """Return the config file's path and its table, empty if there is none."""
    file = read_config(config, environment)
    table = file.tables.get(TABLE, {})
    known = ("exclude", *FORMS)
    check_names(table, known, where=f"[{TABLE}] of the config file {file.path}")
    known_here = (
        VARIABLE,
        PROPOSALS_VARIABLE,
        PROPERTIES_VARIABLE,
        *INGEST_VARIABLES.values(),
        NIGHTLY_VARIABLE,
        *EMBEDDING_VARIABLES.values(),
    )
    check_variables(environment, known_here)
    return file.path, table
