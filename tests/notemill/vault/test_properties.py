"""What holds for any note and any edit of it, as two independent YAML readers see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from notemill.vault.frontmatter import locate
from notemill.vault.note import (
    bytes_hash,
    inline_tags,
    is_ignored,
    links,
    owned_spans,
    parse,
    plain_text,
    source_hash,
    spans,
)
from notemill.vault.proposal import set_properties
from tests.notemill.vault.styles import changes, notes

if TYPE_CHECKING:
    from notemill.vault.proposal import Change

_PIECES = st.lists(
    st.sampled_from(
        [b"---", b"\n", b"\r\n", b"\r", b"tags:", b" ", b"- ", b"[", b"]", b"#", b"a: b", b"\xef\xbb\xbf",
         b"\xff", b"\x00", b"|", b"&x", b"*x", b"{", b"}", b"'", b'"', b"\t", b"...", b"\xf0\x9f\xa6\x8a",
         b"`", b"```", b"$", b"%%", b"<!--", b"-->", b"<%", b"%>", b"[[", b"]](", b")", b"#tag", b"\\",
         b"<div>", b"~~~", b"> ", b"    ", b"\xc2\x85", b"\xe2\x80\xa8", b"::", b"^id", b"===", b"http://x"]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip


@given(st.binary(max_size=200) | _PIECES | _PIECES.map(lambda p: b"---\n" + p + b"\n---\n" + p))
@settings(max_examples=600)
def test_any_bytes_are_a_note(raw: bytes) -> None:
    """Parsing and reading never fail, and the spans tile the file."""
    note, _ = parse(raw)
    assert note.raw == raw
    assert b"".join(raw[slice(*span)] for span in spans(note)) == raw
    starts = [tag.start for tag in inline_tags(note)] + [link.start for link in note.reading.links]
    assert all(0 <= start < len(note.body) for start in starts)
    assert all(note.body[one.start :].lstrip(" ")[:1] != "" for one in note.reading.headings)
    assert len(plain_text(note)) <= 2 * len(note.body)
    assert all(link.property or link.start >= 0 for link in links(note))
    assert is_ignored(note) in (True, False)
    assert source_hash(note) == source_hash(parse(raw)[0])


def read_by_libyaml(raw: bytes) -> dict[str, Any]:
    """Return the properties as PyYAML's C parser reads them, where it is there: the fastest."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    return yaml.load(_block(raw), Loader=loader) or {}  # noqa: S506  # it makes texts only


def read_by_pyyaml(raw: bytes) -> dict[str, Any]:
    """Return the properties as PyYAML (YAML 1.1) reads them, as texts."""
    return yaml.load(_block(raw), Loader=yaml.BaseLoader) or {}  # noqa: S506  # it makes texts only


def read_by_ruamel(raw: bytes) -> dict[str, Any]:
    """Return the properties as ruamel.yaml (YAML 1.2) reads them, with its own types."""
    return YAML(typ="safe", pure=True).load(_block(raw)) or {}


def _block(raw: bytes) -> str:
    place = locate(raw)
    return raw[slice(*place.inner)].decode() if place else ""


def without_owned(raw: bytes) -> bytes:
    """Return the file without the lines of owned properties, and without an empty block."""
    note, _ = parse(raw)
    kept = bytearray(raw)
    for span in reversed(owned_spans(note)):
        del kept[slice(*span)]
    place = locate(bytes(kept))
    if place and not kept[slice(*place.inner)].strip():
        del kept[slice(*place.span)]
    return bytes(kept)


def key_in(values: dict[str, Any], name: str) -> str | None:
    """Return the key that stands for `name`, in its own case."""
    return next((key for key in values if str(key).casefold() == name), None)


@given(notes(), changes)
@settings(max_examples=100)
@example(b"---\ntags:\n- a\n# x\n---\n", {"tags": None})
@example(b"---\ntags:\n- a\n# x\n- b\n---\n", {"tags": ["a"]})
@example(b"---\ntags:\n- a\n# x\n- b\n---\n", {"tags": []})
@example(b"---\ndescription: |\n  alpha\ntags: alpha\n  # indented\n---\n", {"tags": None})
def test_an_edit_changes_nothing_but_what_it_says(raw: bytes, edit: dict[str, Change]) -> None:
    """All bytes outside owned properties stay; both readers see the new values and the old rest."""
    check_edit(raw, edit)


@pytest.mark.long
@given(notes(), changes)
@settings(max_examples=500)
def test_no_edit_of_many_changes_more_than_it_says(raw: bytes, edit: dict[str, Change]) -> None:
    """Five times as many notes and edits show the same."""
    check_edit(raw, edit)


def check_edit(raw: bytes, edit: dict[str, Change]) -> None:
    """Assert that an edit, where the note takes one, writes its values and nothing else."""
    if not parse(raw)[0].writable:
        return
    new = set_properties(raw, edit)
    assert without_owned(new) == without_owned(raw)
    assert source_hash(parse(new)[0]) == source_hash(parse(raw)[0])
    assert set_properties(new, edit) == new
    for read in (read_by_pyyaml, read_by_ruamel):
        before, after = read(raw), read(new)
        for name, change in edit.items():
            key = key_in(after, name)
            check_value(after[key] if key else None, change, name, is_absent=key is None)
        others = [key for key in before if str(key).casefold() not in edit]
        assert [key for key in after if str(key).casefold() not in edit] == others
        assert {key: after[key] for key in others} == {key: before[key] for key in others}


def check_value(value: Any, change: Change, name: str, *, is_absent: bool) -> None:  # noqa: ANN401
    """Assert that a reader's value is what was asked for."""
    if change is None:
        assert is_absent
    elif isinstance(change, str):
        assert str(value or "") == change or is_read_otherwise(value)
    else:
        listed = value if isinstance(value, list) else [] if value in (None, "") else [value]
        if name == "tags" and len(listed) == 1 and not isinstance(value, list):
            return  # one text with several tags in it: it said so before
        kept = [one for one in listed if one not in (None, "", "~", "null") or one in change]
        assert len(kept) == len(change)
        assert all(
            one == wanted or is_read_otherwise(one)
            for one, wanted in zip(kept, change, strict=True)
        )


def is_read_otherwise(value: Any) -> bool:  # noqa: ANN401
    """Say whether a value is one that the owner wrote without quotes, such as 007."""
    return not isinstance(value, str)


@given(notes(), changes)
@settings(max_examples=200)
def test_taking_new_properties_out_again_restores_the_source(
    raw: bytes, edit: dict[str, Change]
) -> None:
    """Setting and then removing properties leaves what is the owner's, to the byte."""
    note, _ = parse(raw)
    if not note.writable:
        return
    bare = set_properties(set_properties(raw, edit), dict.fromkeys(edit))
    assert without_owned(bare) == without_owned(raw)
    assert source_hash(parse(bare)[0]) == source_hash(note)
    assert bytes_hash(set_properties(raw, {})) == bytes_hash(raw)
