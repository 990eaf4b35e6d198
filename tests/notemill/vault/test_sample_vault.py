"""The sample vault that ships with notemill holds what the demo promises, byte for byte."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
import yaml

VAULT = Path(__file__).resolve().parents[3] / "src" / "notemill" / "sample_vault"
BOM = b"\xef\xbb\xbf"
HEADER = re.compile(rb"\A---[ \t]*\r?\n((?:.*?\n)?)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
NOT_NOTES = frozenset({"plan-of-the-plot.png"})
"""The link targets that name no note: a picture that is not shipped."""
SKIPPED_FOLDERS = ("Private/", "Templates/")
BROKEN_HEADERS = ("Inbox/insurance call.md", "Inbox/router settings.md")


@dataclass(frozen=True, slots=True)
class Note:
    """A file of the vault: its path below the vault with `/`, as on disk, and its bytes."""

    path: str
    data: bytes

    @property
    def text(self) -> str:
        """The text with line feeds only and without the byte order mark."""
        body = self.data.removeprefix(BOM)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = body.decode("latin-1")
        return text.replace("\r\n", "\n")

    @property
    def header(self) -> bytes | None:
        """What stands between the fences of the frontmatter; None where there is none."""
        found = HEADER.match(self.data.removeprefix(BOM))
        return found[1] if found else None


def _read_vault() -> tuple[Note, ...]:
    files = sorted(VAULT.rglob("*.md"))
    return tuple(Note(file.relative_to(VAULT).as_posix(), file.read_bytes()) for file in files)


NOTES = _read_vault()


def _is_skipped(path: str) -> bool:
    return path.startswith(SKIPPED_FOLDERS) or "(Conflicted copy" in path


def _is_readable(note: Note) -> bool:
    try:
        note.data.decode()
    except UnicodeDecodeError:
        return False
    return note.path not in BROKEN_HEADERS and not _is_skipped(note.path)


def _body(note: Note) -> str:
    found = HEADER.match(note.data.removeprefix(BOM))
    header = found[0].decode().replace("\r\n", "\n") if found else ""
    return note.text.removeprefix(header)


def _sentences(text: str) -> list[str]:
    pieces = re.split(r"(?<=[.!?…])\s|[。!?।؟\n]", text)
    stripped = (re.sub(r"^[\s>*_#|\-]+|[\s*_|]+$", "", piece) for piece in pieces)
    plain = (re.sub(r"\s+", " ", piece).casefold() for piece in stripped)
    return [piece for piece in plain if len(piece) > 20]


def _scripts(text: str) -> Counter[str]:
    return Counter(unicodedata.name(char, "?").split()[0] for char in text if char.isalpha())


def _nfc(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def test_the_vault_has_its_size() -> None:
    """At least 150 notes lie outside the skipped places, and all files stay under 400 KB."""
    assert 160 <= len(NOTES) <= 170
    assert sum(not _is_skipped(note.path) for note in NOTES) >= 150
    size_bytes = sum(file.stat().st_size for file in VAULT.rglob("*") if file.is_file())
    assert size_bytes < 400_000


def test_every_skipped_place_has_a_file() -> None:
    """Two templates, one note of an ignored folder and one conflicted copy are there to skip."""
    app = json.loads((VAULT / ".obsidian/app.json").read_bytes())
    templates = json.loads((VAULT / ".obsidian/templates.json").read_bytes())
    assert app["userIgnoreFilters"] == ["Private/"]
    assert templates["folder"] == "Templates"
    places = Counter(PurePosixPath(note.path).parts[0] for note in NOTES)
    assert (places["Templates"], places["Private"]) == (2, 1)
    assert sum("(Conflicted copy" in note.path for note in NOTES) == 1


def test_no_sentence_stands_twice() -> None:
    """No sentence of more than 20 characters occurs a second time anywhere in the vault."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for note in NOTES:
        for sentence in _sentences(note.text):
            places[sentence].append(note.path)
    assert {sentence: paths for sentence, paths in places.items() if len(paths) > 1} == {}


@pytest.mark.parametrize(
    ("script", "notes"),
    [
        ("CJK", 2),
        ("HANGUL", 2),
        ("ARABIC", 2),
        ("HEBREW", 2),
        ("CYRILLIC", 2),
        ("GREEK", 2),
        ("DEVANAGARI", 2),
    ],
)
def test_scripts_other_than_latin_are_present(script: str, notes: int) -> None:
    """For each script there are notes of which it is the most frequent one."""
    most_frequent = [_scripts(_body(note)).most_common(1) for note in NOTES]
    assert sum(bool(top) and top[0][0] == script for top in most_frequent) >= notes


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("Japanese", ("は", "の", "だ")),
        ("German", (" und ", " nicht ", " die ")),
        ("French", (" la ", " les ", " et ")),
        ("Spanish", (" que ", " el ", " y ")),
        ("Polish", (" się ", " na ", " w ")),
    ],
)
def test_languages_are_told_by_their_small_words(language: str, words: tuple[str, ...]) -> None:
    """Each language has two notes with all the small words listed and at least five in all."""
    found = [
        note.path
        for note in NOTES
        if sum(_body(note).count(word) for word in words) >= 5
        and all(word in _body(note) for word in words)
    ]
    assert len(found) >= 2, f"{language}: {found}"


def test_twenty_notes_are_not_english() -> None:
    """At least 20 notes lack the commonest English words and yet have 100 letters."""
    english = re.compile(r"\b(?:the|and|of|with|that)\b", re.IGNORECASE)
    foreign = [
        note
        for note in NOTES
        if sum(_scripts(_body(note)).values()) >= 100 and not english.search(_body(note))
    ]
    assert len(foreign) >= 20


@pytest.mark.parametrize(
    ("form", "least"),
    [("crlf", 3), ("bom", 2), ("no final newline", 3), ("empty", 1), ("not UTF-8", 1)],
)
def test_special_byte_forms_are_present(form: str, least: int) -> None:
    """Files with CRLF throughout, a BOM, no final newline, no bytes or stray bytes are there."""
    forms: Counter[str] = Counter()
    for note in NOTES:
        lines = note.data.count(b"\n")
        forms["crlf"] += lines > 0 and note.data.count(b"\r\n") == lines
        forms["bom"] += note.data.startswith(BOM)
        forms["no final newline"] += bool(note.data) and not note.data.endswith(b"\n")
        forms["empty"] += not note.data
        forms["not UTF-8"] += b"\xfc" in note.data and not _is_readable(note)
    assert forms[form] >= least


def test_line_ends_are_never_mixed() -> None:
    """A file has CRLF on all of its lines or on none: a converted checkout shows here."""
    mixed = [
        note.path for note in NOTES if note.data.count(b"\r\n") not in (0, note.data.count(b"\n"))
    ]
    assert mixed == []


def test_names_in_decomposed_form_are_present() -> None:
    """At least two file names keep their accents decomposed."""
    assert sum(not unicodedata.is_normalized("NFC", note.path) for note in NOTES) >= 2


def test_broken_headers_are_broken_and_others_are_not() -> None:
    """Exactly the two notes meant to be skipped have frontmatter that is no YAML mapping."""
    broken = []
    for note in NOTES:
        if note.header is None or note.path.startswith("Templates/"):
            continue
        try:
            loaded = yaml.safe_load(note.header.decode())
        except yaml.YAMLError:
            broken.append(note.path)
        else:
            assert loaded is None or isinstance(loaded, dict), note.path
    assert tuple(sorted(broken)) == BROKEN_HEADERS


def test_a_rule_in_the_first_line_is_not_frontmatter() -> None:
    """One note begins with a horizontal rule that nothing closes."""
    ruled = [note for note in NOTES if note.data.startswith(b"---\n") and note.header is None]
    assert [note.path for note in ruled] == ["Inbox/half a thought about queues.md"]


def test_about_half_of_the_notes_have_no_frontmatter() -> None:
    """Between two and three fifths of the notes have no frontmatter."""
    without = sum(note.header is None for note in NOTES)
    assert 0.4 <= without / len(NOTES) <= 0.6


def test_a_dozen_notes_need_nothing() -> None:
    """Twelve notes have a description, topics, and tags that are all hierarchical."""
    curated = []
    for note in filter(_is_readable, NOTES):
        values = yaml.safe_load((note.header or b"").decode()) or {}
        tags = values.get("tags")
        if values.get("description") and values.get("topics") and isinstance(tags, list):
            curated.append((note.path, all("/" in tag for tag in tags)))
    assert len(curated) == 12
    assert [path for path, is_nested in curated if not is_nested] == []


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(rb"^tags: *\n  - \w", id="block list, indented"),
        pytest.param(rb"^tags:\n- \w", id="block list, flush"),
        pytest.param(rb"^tags: *\n *# ", id="comment inside a list"),
        pytest.param(rb"^tags: \[\w", id="flow list"),
        pytest.param(rb"^tags: \w+$", id="single string"),
        pytest.param(rb"^tags: [\w]+, [\w, ]+$", id="comma-separated string"),
        pytest.param(rb'^tags: "[^"]+,', id="quoted comma-separated string"),
        pytest.param(rb"^tag: \w", id="singular key"),
        pytest.param(rb'^"tags":', id="quoted key"),
        pytest.param(rb"^tags : ", id="space before the colon"),
        pytest.param(rb"^\{\"tags\":", id="JSON"),
        pytest.param(rb"^tags: ?$\n^\w", id="empty value"),
        pytest.param(rb"^tags: \[\]$", id="empty list"),
        pytest.param(rb'^description: ""$', id="empty string"),
        pytest.param(rb": (?:null|~)$", id="null"),
        pytest.param(rb"^\w+: '[^']*''", id="doubled single quote"),
        pytest.param(rb"^# ", id="comment line"),
        pytest.param(rb"^\w+: \w+ +# ", id="comment after a value"),
        pytest.param(rb"^\w+: \|\n", id="literal block"),
        pytest.param(rb"^\w+: \|[-+]\n", id="literal block with chomping"),
        pytest.param(rb"^\w+: >\n", id="folded block"),
        pytest.param(rb"^\w+: >-\n", id="folded block, stripped"),
        pytest.param(rb"^  ---$", id="fence inside a block"),
        pytest.param(rb"^\w+: \d{4}-\d\d-\d\d$", id="date"),
        pytest.param(rb"^\w+: \d{4}-\d\d-\d\dT\d\d:\d\d", id="date and time"),
        pytest.param(rb"^\w+: 10:30$", id="time that YAML 1.1 reads as 630"),
        pytest.param(rb"^\w+: 007$", id="octal"),
        pytest.param(rb"^\w+: \d+_\d+$", id="number with an underscore"),
        pytest.param(rb"^\w+: (?:yes|no)$", id="YAML 1.1 boolean"),
        pytest.param(rb"^ *\w+: \{\w+: ", id="flow map"),
        pytest.param(rb"^\w+:\n(?:  .*\n)*  \w+:\n    \w+: ", id="nested map"),
        pytest.param(rb"^ +- \{\w+: ", id="list of maps"),
        pytest.param(rb"\[\"\[\[.*\]\]\", '\[\[", id="quoted wikilinks"),
        pytest.param(rb"^\w+:   \S.*  $", id="spaces around a value"),
        pytest.param(rb"^\w+ \w+: ", id="key of two words"),
        pytest.param(rb"&v \[", id="anchor"),
        pytest.param(rb": !!str ", id="explicit type"),
        pytest.param(rb"^$", id="blank line"),
        pytest.param(
            "^(?:язык|标签|标题|od kogo|المعلم|생일)".encode(), id="key in another script"
        ),
        pytest.param("^(?:💡|🔧|⏱): ".encode(), id="emoji key"),
        pytest.param(": 🙂$".encode(), id="emoji value"),
        pytest.param(rb"\[2024, ", id="tag of digits"),
        pytest.param(rb"\bfff000\b", id="tag that is a colour"),
        pytest.param(rb"\bgarden, Garden\b", id="tag in two casings"),
        pytest.param(rb"meterPipeline.*meter-pipeline.*meter_pipeline", id="tag in three styles"),
        pytest.param(rb"\bai/agents\b", id="nested tag"),
        pytest.param(rb"\bhome repair\b", id="tag with a space"),
    ],
)
def test_each_header_form_is_present(form: bytes) -> None:
    """Every awkward but legal way to write a property stands in some readable note."""
    found = (note.header for note in NOTES if _is_readable(note))
    headers = [header.replace(b"\r\n", b"\n") for header in found if header is not None]
    assert any(re.search(form, header, re.MULTILINE) for header in headers)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(rb"---\n---\n", id="empty"),
        pytest.param(rb"--- +\n", id="spaces after the fence"),
        pytest.param(rb"---\n(?:(?!---).*\n)*\.\.\.\n", id="closed by dots"),
        pytest.param(BOM + rb"---\r\n", id="BOM and CRLF"),
    ],
)
def test_each_fence_form_is_present(start: bytes) -> None:
    """Frontmatter that is empty, or whose fences are written unusually, is there."""
    assert any(re.match(start, note.data) for note in NOTES)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(r"(?m)^```[a-z]+\n(?:(?!```).*\n)*.*#[a-z]", id="hash sign in a code fence"),
        pytest.param(r"(?<=\s)#[A-Za-z]+/[A-Za-z]+", id="nested tag in text"),
        pytest.param(r"!\[\[", id="embed"),
        pytest.param(r"(?m) \^[a-z-]+$", id="block id"),
        pytest.param(r"\[\[[^\]]+#\^", id="link to a block"),
        pytest.param(r"(?m)^> \[!\w+\]", id="callout"),
        pytest.param(r"(?m)^\w+:: ", id="field of Dataview"),
        pytest.param(r"\[\w+:: [^\]]+\]", id="inline field of Dataview"),
        pytest.param(r"%%[^%]+%%", id="comment"),
        pytest.param(r"\$[^$\n]+=[^$\n]+\$", id="math"),
        pytest.param(r"(?m)^\|---", id="table"),
        pytest.param(r"(?m)^- \[[ x]\] ", id="task"),
        pytest.param(r"\[\^1\]: ", id="footnote"),
        pytest.param(r"(?m)^\*\*\*$", id="rule"),
    ],
)
def test_each_body_form_is_present(form: str) -> None:
    """Every Markdown form that a parser has to tell from a tag or a link is there."""
    assert any(re.search(form, _body(note)) for note in NOTES)


def test_every_wikilink_resolves() -> None:
    """Each wikilink names exactly one note, by name or path, except the listed ones."""
    targets: defaultdict[str, set[str]] = defaultdict(set)
    for note in NOTES:
        path = PurePosixPath(_nfc(note.path).casefold()).with_suffix("").as_posix()
        targets[path].add(note.path)
        targets[PurePosixPath(path).name].add(note.path)
    links = {
        (link, note.path)
        for note in NOTES
        for link in re.findall(r"\[\[([^\]|#]+)", re.sub(r"(?s)```.*?```", "", note.text))
    }
    astray = [
        link
        for link in sorted(links)
        if link[0] not in NOT_NOTES and len(targets[_nfc(link[0]).casefold()]) != 1
    ]
    assert astray == []
    assert len(links) >= 80


def test_two_notes_share_a_name() -> None:
    """Some names occur in two folders, so that a bare link to them would be ambiguous."""
    names = Counter(PurePosixPath(note.path).name for note in NOTES)
    assert {name for name, count in names.items() if count > 1} == {"Overview.md", "Notes.md"}


def test_names_are_legal_on_every_system() -> None:
    """No part of a path is refused by Windows, and no two paths differ only in case or form."""
    device = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")
    paths = [file.relative_to(VAULT).as_posix() for file in VAULT.rglob("*")]
    for path in paths:
        assert len(path.encode()) < 200, path
        for part in path.split("/"):
            assert not re.search(r'[\\:*?"<>|\x00-\x1f]|[. ]$', part), path
            assert not device.match(part), path
    assert len({_nfc(path).casefold() for path in paths}) == len(paths)


@pytest.mark.parametrize(
    ("trait", "least"),
    [
        ("[\U0001f300-\U0001faff☕]", 6),
        ("[\U0001f1e6-\U0001f1ff]{2}", 1),
        ("[\u0590-\u06ff]", 3),
        (r"^\d", 3),
        ("^-", 2),
        ("[,&'()]", 8),
        (".{110}", 1),
    ],
)
def test_odd_names_are_present(trait: str, least: int) -> None:
    """Names with emoji, a flag, right-to-left text, odd first letters, length exist."""
    names = [PurePosixPath(note.path).name for note in NOTES]
    assert sum(bool(re.search(trait, name)) for name in names) >= least


def test_no_name_has_a_character_that_does_not_show() -> None:
    """Installers refuse a wheel with such a name: uv does for a zero-width joiner."""
    odd = {"Cc", "Cf", "Co", "Cs"}
    assert [one.path for one in NOTES if odd & set(map(unicodedata.category, one.path))] == []
