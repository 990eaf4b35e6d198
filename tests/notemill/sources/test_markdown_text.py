"""Words that stay words: by notemill's own reader and by an independent one."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from notemill.markup.reading import Reading
from notemill.sources.markdown_text import (
    code_span,
    escaped,
    escaped_within,
    fenced,
    in_cell,
    link,
    link_target,
)

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
READER.normalizeLinkText = lambda link: link  # type: ignore[method-assign]  # as it is
SIGNS = st.text(
    st.sampled_from([*"#*_`~=%$[]()!<>&\\|^:+-.;/{}\"'", "1", "9", "a", "b", "é", "字", " ", " "]),
    max_size=30,
)
WORDS = st.sampled_from(
    [
        "#tag",
        "[[a]]",
        "key:: v",
        "1. x",
        "- y",
        "---",
        "~~~",
        "```",
        "$x$",
        "%%",
        "&amp;",
        "<b>",
        "https://clay.example/_a_*b*",
        "[^1]",
        "^t1",
        "[x](y)",
        "==m==",
        "a_b_c",
        "<!-- c",
        "![[p]]",
        "<%",
        "::",
        "\\",
        "> q",
        "[ ] t",
        "=",
        "**",
        "snake_case",
        "# h",
        "_",
        "\n",
    ]
)
TEXTS = st.lists(WORDS | SIGNS, max_size=6).map(" ".join) | st.lists(WORDS | SIGNS).map("".join)


def shown(markdown: str) -> str:
    """Return the text that CommonMark shows, and fail where it shows anything but text."""
    lines = []
    for token in READER.parse(markdown):
        assert token.type in ("paragraph_open", "inline", "paragraph_close"), token.type
        for child in token.children or ():
            is_address = child.type.startswith("link_") and child.info == "auto"
            assert is_address or child.type in ("text", "softbreak", "text_special"), child.type
        lines.append(
            "".join(
                "\n" if child.type == "softbreak" else child.content
                for child in token.children or ()
            )
        )
    return "\n".join(line for line in lines if line)


def blank_lines_apart(text: str) -> str:
    """Return a text as paragraphs show it: blank space around lines and between them is lost."""
    stripped = (line.strip(" \t") for line in text.replace("\r", "\n").split("\n"))
    return "\n".join(line for line in stripped if line)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("a\n=")
@example("\\\\https://clay.example/_a_")
@example("| a |\n|--|")
@example("x $1$ y")
@example("a#b #c\\#d")
@example("`a` [b][c] [c]: d")
def test_text_is_shown_as_it_is(text: str) -> None:
    """Any text, escaped and read by CommonMark, is that text and nothing else."""
    assert shown(escaped(text)) == blank_lines_apart(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_text_means_nothing_in_obsidian(text: str) -> None:
    """In any text, once escaped, the project's own reader finds no element and no hidden part."""
    reading = Reading(escaped(text))
    assert not reading.tags
    assert not reading.links
    assert not reading.headings
    hidden = [text[region.start : region.end] for region in reading.regions]
    assert all(kind.kind in ("url", "html") for kind in reading.regions), hidden


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        (
            "#lowfire is no tag, C# and issue #12 are none",
            r"\#lowfire is no tag, C# and issue #12 are none",
        ),
        ("snake_case_names and 2 * 3 = 6", "snake_case_names and 2 * 3 = 6"),
        ("a & b, AT&T, 1 < 2 > 0", "a & b, AT&T, 1 < 2 > 0"),
        ("Box<Clay>", r"Box\<Clay>"),
        ("40%% less %% or so", r"40\%\% less \%\% or so"),
        ("1986. A good year", r"1986\. A good year"),
        ("it was 1986. A good year", "it was 1986. A good year"),
        ("+ more and - less", r"\+ more and - less"),
        ("at the end ^t12", r"at the end \^t12"),
        ("it costs $5", "it costs $5"),
        ("$3 here, $5 there", r"\$3 here, \$5 there"),
        ("[sic] (so)", "[sic] (so)"),
        ("topic:: clay", r"topic:\: clay"),
        ("see https://clay.example/a_b/c?d=e&f=g, x", "see https://clay.example/a_b/c?d=e&f=g, x"),
        ("see https://clay.example/_a_.", "see <https://clay.example/_a_>."),
        (r"C:\kiln\log", r"C:\kiln\log"),
    ],
)
def test_as_little_as_possible_is_escaped(text: str, markdown: str) -> None:
    """Only what would mean something gets a backslash."""
    assert escaped(text) == markdown


def test_neighbours_count() -> None:
    """A sign at the edge of a text is judged with the Markdown beside it."""
    assert escaped_within("so!", after="[a](b)") == r"so\!"
    assert escaped_within("[", after="[6](x)") == r"\["
    assert escaped_within("_a", before="x") == "_a"
    assert escaped_within("[6]", in_label=True) == r"\[6\]"


@given(st.text(st.sampled_from('()[]<>"\\ ab&;|`{}^é'), max_size=20))
def test_addresses_lead_where_they_led(path: str) -> None:
    """A link has one address whatever is in it, and nothing beside the link is shown."""
    markdown = link("label", f"https://clay.example/{path}")
    children = READER.parse(markdown)[1].children or []
    assert [child.type for child in children] == ["link_open", "text", "link_close"]
    assert children[1].content == "label"


def test_balanced_parentheses_stay() -> None:
    """An address stays readable: only what would end it is encoded."""
    assert link_target("https://c.example/a_(b).html") == "https://c.example/a_(b).html"
    assert link_target("https://c.example/a_(b.html") == "https://c.example/a_%28b.html"
    assert link_target("https://c.example/a b?c=1&d=2") == "https://c.example/a%20b?c=1&d=2"


@given(st.text(st.sampled_from("`a *<\\|"), max_size=20))
def test_code_is_shown_exactly(code: str) -> None:
    """A code span and a block of code show exactly what is in them."""
    if code.strip():
        tokens = READER.parse(code_span(code))[1].children or []
        assert [(one.type, one.content) for one in tokens] == [("code_inline", code.strip())]
    (block,) = READER.parse(fenced(code, "python"))
    assert (block.content, block.info) == (f"{code}\n", "python")


@given(st.text(st.sampled_from("|\\ab`"), max_size=12))
def test_cell_stays_one_cell(text: str) -> None:
    """Whatever bars are in a cell's text, its row has as many cells as the head."""
    cell = in_cell(escaped_within(text))
    tokens = READER.parse(f"| h | i |\n| --- | --- |\n| {cell} | end |")
    cells = [tokens[at + 1] for at, token in enumerate(tokens) if token.type == "td_open"]
    assert cells[-1].content == "end"
    shown_text = "".join(child.content for child in cells[0].children or ())
    assert shown_text == text.strip()


def test_no_command_of_templater_is_left() -> None:
    """It looks for `<%` and nothing else in every new file, so that a backslash before it is none."""
    for text in ("<% tp.x %>", "a <%* b", "<<%", "\\<%", "<%%", "x <%"):
        assert "<%" not in escaped(text)
        assert shown(escaped(text)) == text
