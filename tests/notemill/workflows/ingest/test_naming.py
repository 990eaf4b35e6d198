"""File names of new notes: safe everywhere, readable, and never taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.workflows.ingest.naming import MAX_STEM_BYTES, UNNAMED, path_of, stem_of


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Firing: a first look", "Firing - a first look"),
        ('What is "slip"?', "What is 'slip'"),
        ("a/b\\c|d", "a-b-c-d"),
        ("[Live] #clay ^1", "(Live) clay 1"),
        ("..hidden", "hidden"),
        ("ends in a dot. ", "ends in a dot"),
        ("CON", "CON (note)"),
        ("nul.txt", "_nul.txt"),
        ("a\u202egnp.exe\u200b", "agnp.exe"),
        ("Cafe\u0301", "Café"),
        ("麻婆豆腐 🌶️", "麻婆豆腐 🌶️"),
        ("???", UNNAMED),
        ("", UNNAMED),
    ],
)
def test_a_title_becomes_a_name(title: str, stem: str) -> None:
    """What a system or a link cannot name is replaced; the rest stays as it is written."""
    assert stem_of(title) == stem


@given(st.text(max_size=400))
def test_any_title_becomes_a_safe_name(title: str) -> None:
    """No title leads out of its folder, hides its note, or makes a name that a system refuses."""
    stem = stem_of(title)
    assert stem
    assert not set(stem) & set('/\\:|#^[]*?"<>\0\n')
    assert stem == stem.strip(" .") or stem == UNNAMED
    assert len(stem.encode("utf-8", "surrogatepass")) <= MAX_STEM_BYTES + len(" (note)")


def test_a_taken_name_gets_a_number() -> None:
    """The first that is free; the folder is part of the path only where there is one."""
    taken = {"C/Q & A.md", "C/Q & A 2.md"}
    assert path_of("C", "Q & A", taken.__contains__) == "C/Q & A 3.md"
    assert path_of("", "Q & A", taken.__contains__) == "Q & A.md"
