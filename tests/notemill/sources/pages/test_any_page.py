"""Any page at all: read or refused in a sentence, soon, and nothing of its article lost unsaid."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notemill.errors import SourceError
from notemill.markup.reading import Reading
from notemill.sources.pages import read

FILLING = "<p>The wheel stands by the window, and who sits there sees the river and the mill.</p>"
WORDS = st.sampled_from(
    [
        "clay",
        "kiln",
        "#tag",
        "[[link]]",
        "%%x%%",
        "a_b",
        "*so*",
        "1.",
        "-",
        "+",
        ">",
        "`c`",
        "$x$",
        "a|b",
        "key::v",
        "<!--",
        "==y==",
        "~~z~~",
        "^id",
    ]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(
    lambda words: " ".join(words).replace("&", "&amp;").replace("<", "&lt;")
)
TAGS = st.sampled_from(
    [
        "p",
        "div",
        "b",
        "i",
        "a",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "td",
        "th",
        "pre",
        "code",
        "blockquote",
        "h2",
        "dl",
        "dt",
        "dd",
        "span",
        "sup",
        "br",
        "s",
        "mark",
        "q",
        "section",
        "figure",
        "figcaption",
        "details",
        "summary",
    ]
)
PARTS = st.recursive(
    TEXTS,
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{' '.join(parts)}</{tag}>",
        TAGS,
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None)
@given(PARTS)
def test_no_nesting_loses_words_or_makes_marks(inner: str) -> None:
    """Whatever stands in whatever: all words are there, and none of them means something."""
    page = f"<article>{FILLING}<div>{inner}</div>{FILLING}</article>"
    draft = read(page.encode(), address="https://clay.example/a")
    markdown = "\n\n".join(block.markdown for block in draft.blocks)
    reading = Reading(markdown)
    assert not reading.tags
    assert not reading.links
    assert all(region.kind not in ("comment", "template") for region in reading.regions)
    text = re.sub(r"<[^>]*>", " ", inner).replace("&lt;", "<")
    plain = re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", markdown)
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", plain))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=utf-16", "charset=hz"]))
def test_bytes_of_any_kind(data: bytes, content_type: str) -> None:
    """Bytes that are no page are read or refused, never anything else."""
    page = FILLING.encode() + data + FILLING.encode()
    for one in (data, page, b"<table><tr><td>" + data, b"<!--" + data + b"-->" + page):
        with suppress(SourceError):
            assert read(one, content_type=content_type).blocks


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=600))
def test_page_that_ends_anywhere(end: int) -> None:
    """A page that was cut off is read as far as it goes."""
    page = f"<html><head><title>T</title><script>x</script></head><body>{FILLING}<table><tr><td>a</td><td><pre>b<div>c</div></pre>{FILLING}"
    try:
        draft = read(page.encode()[:end])
    except SourceError:
        return
    assert draft.blocks


HOSTILE = {
    "nested": "<div>" * 20_000,
    "terms in terms": "<dl><dd>" * 2_000,
    "lists in lists": "<ul><li>a" * 2_000,
    "tables in tables": "<table><tr><td>a</td><td>" * 1_000,
    "spans": "<table>" + "<tr><td rowspan=65000 colspan=1000>a</td></tr>" * 500 + "</table>",
    "cells": "<table><tr>" + "<td>a</td>" * 5_000 + "</tr></table>",
    "notes": "<p>" + "x<sup><a href=#n>1</a></sup>" * 5_000 + "</p><p id=n>1 note</p>",
    "emphasis": "<p>" + "<b>a<i>b</i></b> " * 5_000,
    "times": "<time>1 May 2020</time>" * 5_000,
    "signs": "<p>" + "*_`[~=" * 5_000,
    "banners": "<div><button>Accept</button>we use cookies our partners</div>" * 1_000,
    "formulas": "<p>" + "<span class=katex-html>x</span>" * 5_000,
    "code": "<pre>" + "<div>a</div>" * 5_000 + "</pre>",
    "JSON": '<script type="application/ld+json">' + "[" * 5_000 + "</script>",
    "names": f"<div class='{'related-' * 20_000}'>x</div>",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_pages_end_soon(name: str) -> None:
    """No page takes time beyond its size."""
    began = time.process_time()
    read(f"<article>{FILLING}{HOSTILE[name]}".encode())
    assert time.process_time() - began < 10


def test_page_that_is_too_large() -> None:
    """A page beyond the bound is refused unread."""
    with pytest.raises(SourceError, match="larger than 64 MB"):
        read(bytes((64 << 20) + 1))
