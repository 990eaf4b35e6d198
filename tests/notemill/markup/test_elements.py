"""Tags, links, headings and plain words of a note's text, by Obsidian's rules."""

from __future__ import annotations

import time

import pytest

from notemill.markup.elements import LinkKind
from notemill.markup.reading import Reading
from notemill.vault.note import links as links_of
from notemill.vault.note import parse


def tags(body: str) -> list[str]:
    """Return the names of the tags in a text."""
    return [tag.name for tag in Reading(body).tags]


def paths(body: str) -> list[str]:
    """Return the paths of the links in a text."""
    return [link.path for link in Reading(body).links]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("#one and #two", ["one", "two"]),
        (
            "#nested/tag-a_b #Über #日本語 #🦊 #a🦊b",
            ["nested/tag-a_b", "Über", "日本語", "🦊", "a🦊b"],
        ),
        ("#👩‍👩‍👧 #❤️", ["👩‍👩‍👧", "❤️"]),
        ("#tag, #dot. #bang! (#paren)", ["tag", "dot", "bang"]),
        ("#1984 #y1984 #1990s", ["y1984", "1990s"]),
        # Any sign beside the digits makes a tag.
        ("#12-3 #2024/01 #7_ #7️⃣", ["12-3", "2024/01", "7_", "7️⃣"]),
        ("#k9 #3D #ace #C0FFEE #00b3ff", ["k9", "3D", "ace", "C0FFEE", "00b3ff"]),
        ("#a//b #/ #٣٤", ["a//b", "٣٤"]),
        ("# heading\n## #tag-in-heading", ["tag-in-heading"]),
        ("a#b x/#y http://x.y/#frag", []),
        ("#end/ ##double", ["end"]),
        ("- [ ] task #todo\n> #quoted\n| #cell |", ["todo", "quoted", "cell"]),
        # Punctuation of full width is part of a tag, and a sign of full width begins none.
        ("#标签，后文 #标签 后文", ["标签，后文", "标签"]),  # noqa: RUF001  # a comma of full width
        ("＃标签", []),  # noqa: RUF001  # a sign of full width
        ("\\#escaped", []),
        ("status:: #field", ["field"]),
    ],
)
def test_tags_are_found_as_obsidian_finds_them(body: str, found: list[str]) -> None:
    """A tag follows space or a line's beginning, has a letter or emoji, and ends at punctuation."""
    assert tags(body) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        # All punctuation blocks a tag, blank space of any kind does not.
        ('(#no) "#no" .#no -#no —#no [#no] 5*#no {#no}', []),
        ("x\t#tab \u00a0#nbsp \u3000#wide [x #bracket]", ["tab", "nbsp", "wide", "bracket"]),
        # Behind what Obsidian reads as something of its own it is free again.
        ("#one#two #three/#four #1#no", ["one", "two", "three", "four"]),
        (
            "[[Note]]#todo `code`#a $x$#b <b>#c</b> %%x%%#d ![[e]]#e",
            ["todo", "a", "b", "c", "d", "e"],
        ),
        ("\\|#pipe \\#no", ["pipe"]),
        ("[see #label](x.md#no) [#first](u) ![#no](u) [[n#no|#no]]", ["label", "first"]),
        ("**#a** *#b* ***#c*** ==#d== ~~#e~~ **x**#f", ["a", "b", "c", "d", "e", "f"]),
        ("_#a_ __#b__ snake_case_#c _see #d_, #e_f_", ["a", "b", "c", "d", "e_f_"]),
        ("2 *#no and 3 * #yes", ["yes"]),
        # Quotes, callouts, tables.
        (">#a\n> #b\n> >#c\n> [!note] Title #d\n", ["a", "b", "c", "d"]),
        ("|#a|b|\n|-|:-:|\n|#c| #d|\n\n|#no|\n", ["a", "c", "d"]),
        ("x|#no\n", []),
        ("#one\r#two\r\n#three", ["one", "two", "three"]),
    ],
)
def test_what_stands_before_a_tag_is_what_obsidian_takes(body: str, found: list[str]) -> None:
    """The start of a line, a cell or a quote, blank space, and the end of another piece of markup."""
    assert tags(body) == found
    for tag in Reading(body).tags:
        assert body[tag.start : tag.end] == f"#{tag.name}"


@pytest.mark.parametrize(
    "body",
    [
        "```\nx\n```\n    #no\n\n#yes", "~~~\nx\n~~~\n\t#no\n\t#no\n#yes", "# Head\n    #no\n#yes",
        "    #no\n\n#yes", "***\n    #no\n\n#yes", "text #yes\n\n    #no\n", "- item\n\n      #no\n\n#yes",
        "1. item\n\n       #no\n\n#yes", "```\na\n```\n    #no\n```\n#no\n```\n#yes",
        "```\r\nx\r\n```\r\n    #no\r\n\r\n#yes\r\n",
        # What is set in there belongs to the paragraph or the list above it.
        "text\n    #yes", "- item\n\n    #yes", "1. item\n\n     #yes", "- ```\n  x\n  ```\n    #yes",
        "```\nx\n```\n    - #yes", "```\nx\n```\n#yes",
    ],
)  # fmt: skip
def test_a_tag_in_indented_code_is_none(body: str) -> None:
    """Four blanks make code below a fence, a heading or a blank line, and four more within a list."""
    assert tags(body) == ["yes"]


@pytest.mark.parametrize(
    "hidden",
    [
        "```\n{}\n```", "~~~~ js\n{}\n~~~\n{}\n~~~~", "```\n{}", "> ```\n> {}\n> ```", "- ```\n  {}\n  ```",
        "```dataview\nlist from {}\n```", "`{}`", "`` ` {} ``", "a `{}\nnext line` b", "$$\n{}\n$$",
        "$a {} b$", "<!-- {} -->", "<!-- \n\n{}\n", "%% {} %%", "%%\n\n{}\n\n%%", "%%\n{}\n",
        "<% {} %>", "<%*\n{}\n%>", "<div>\n{}\n</div>", '<span title=" {} ">', "<pre>\n\n{}\n</pre>",
        "text\n\n    {}\n", "text\n\n\n\t{}\n\n    {}\n", "<https://x.y/{}>",
    ],
)  # fmt: skip
def test_what_is_no_prose_holds_no_tags_and_no_links(hidden: str) -> None:
    """Code, math, HTML, comments, Templater and URLs hide tags and links; the text around does not."""
    body = f"#before [[Before]]\n\n{hidden.format('x #no [[No]]', '#no [[No]]')}"
    assert tags(body) == ["before"]
    assert paths(body) == ["Before"]
    closed = body + "\n\n#after [[After]]\n"
    if hidden not in ("```\n{}", "<!-- \n\n{}\n", "%%\n{}\n"):
        assert tags(closed) == ["before", "after"]
        assert paths(closed) == ["Before", "After"]


@pytest.mark.parametrize(
    "body",
    [
        "a ` b #yes [[Yes]]", "100%% #yes [[Yes]]", "5 $ and 6 $ #yes [[Yes]]", "a $5 #yes [[Yes]] $6",
        "a < b #yes [[Yes]] > c", "- item\n\n    #yes [[Yes]]", "\t- #yes [[Yes]]", "\\`x #yes [[Yes]]`",
        "``` not `a` fence #yes [[Yes]]", "`open\n\n#yes [[Yes]]`", "<% open #yes [[Yes]]",
        "> ```\nout #yes [[Yes]]", "<br> #yes [[Yes]]", "$$ open #yes [[Yes]]",
    ],
)  # fmt: skip
def test_what_only_looks_like_code_hides_nothing(body: str) -> None:
    """A mark without its partner is text."""
    assert tags(body) == ["yes"]
    assert paths(body) == ["Yes"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("[[Note]]", ("Note", "", "", False)),
        ("[[folder/Note.md|label]]", ("folder/Note", "", "label", False)),
        ("[[Note#Heading one#Sub]]", ("Note", "Heading one#Sub", "", False)),
        ("[[Note#^block-1|x]]", ("Note", "^block-1", "x", False)),
        ("[[#Here]]", ("", "Here", "", False)),
        ("![[Note]]", ("Note", "", "", True)),
        ("| [[Note\\|label]] |", ("Note", "", "label", False)),
        ("[[ Note ]]", ("Note", "", "", False)),
        ("[[Note|a `code` b]]", ("Note", "", "a `code` b", False)),
        ("[label](Note.md)", ("Note", "", "label", False)),
        (
            "[label](folder/My%20Note%20%C3%A9.md#A%20b)",
            ("folder/My Note é", "A b", "label", False),
        ),
        ('[label](<My Note.md> "title")', ("My Note", "", "label", False)),
        ("[label](a(b).md)", ("a(b)", "", "label", False)),
        ("![alt](Note.md)", ("Note", "", "alt", True)),
        ("[label](#Here)", ("", "Here", "label", False)),
        ("[label](100%.md)", ("100%", "", "label", False)),
        ("[label](%FF.md)", ("%FF", "", "label", False)),
    ],
)
def test_links_are_read_in_every_form(body: str, found: tuple[str, str, str, bool]) -> None:
    """Wikilinks and Markdown links give path, subpath, label and whether they embed."""
    (link,) = Reading(body).links
    assert (link.path, link.subpath, link.label, link.embed) == found
    written = body[link.start : link.end]
    assert body.strip("| ") == written
    assert (link.kind is LinkKind.WIKILINK) == ("[[" in body)


@pytest.mark.parametrize(
    "body",
    [
        "[x](https://a.b/c.md)", "[x](mailto:a@b)", "[x](//host/a.md)", "[x]()", "[[]]", "[[|x]]", "[[a\nb]]",
        "[x] (a.md)", "[x](a b.md)", "\\`[[a]`", "[x](obsidian://open?vault=a)",
    ],
)  # fmt: skip
def test_what_leads_out_of_the_vault_is_no_link(body: str) -> None:
    """Links to the web, empty and broken ones are not found."""
    assert Reading(body).links == ()


def test_links_of_properties_are_found_behind_those_of_the_text() -> None:
    """A property that is a link as a whole, alone or in a list, is one; its property is named."""
    raw = b'---\nup: "[[A|a]]"\nrelated:\n  - "[[B]]"\n  - no [[C]]\nsite: "[x](D.md)"\n---\n[[E]]'
    found = [(link.path, link.label, link.property, link.start) for link in links_of(parse(raw)[0])]
    assert found == [
        ("E", "", "", 0), ("A", "a", "up", -1), ("B", "", "related", -1), ("D", "x", "site", -1)
    ]  # fmt: skip


def test_headings_have_level_text_and_place() -> None:
    """Headings with `#` and underlined ones are found in order; those in code are not."""
    body = "# One #\n\n```\n# no\n```\nTwo\n===\n###### Six `code` ^id\n####### seven\n#tag\n##\nThree\n--\n"
    assert [(one.level, one.text, body[one.start :][:3]) for one in Reading(body).headings] == [
        (1, "One", "# O"), (1, "Two", "Two"), (6, "Six `code`", "###"), (2, "", "##\n"), (2, "Three", "Thr")
    ]  # fmt: skip
    assert [one.text for one in Reading("a\r\n# B\r\n").headings] == ["B"]
    assert [one.text for one in Reading("a\r# B\r").headings] == ["B"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "# Title\n\nSome **bold**, *it*, ==hl==, ~~x~~ and `code`.",
            "Title\n\nSome bold, it, hl, x and code.",
        ),
        ("[[folder/Note#H|label]] [[a/Note]] [[#Here]] ![[img.png]]", "label Note Here"),
        ("[label](a.md) [web](https://a.b/c_(d)) ![alt](i.png) https://x.y", "label web alt"),
        ("> [!note]- Head\n> said\n>> deeper", "Head\nsaid\ndeeper"),
        ("- [x] done\n  1. one\n* two", "done\none\ntwo"),
        ("a\n```py\nno\n```\nb", "a\n\nb"),
        ("a <!-- no --> b %%no%% c <b>d</b> <% no %> e", "a  b  c d  e"),
        ("key:: value [in:: side] text ^block-id", "value side text"),
        ("| a | b |\n|---|:-:|\n| c | d |", "a   b\n\nc   d"),
        ("text[^1]\n\n[^1]: note", "text\n\nnote"),
        ("a\n\n---\n\n***\n\nb", "a\n\nb"),
        ("snake_case _it_ #tag 2*3 \\* star", "snake_case it tag 23 * star"),
        ("a\r\nb\rc\x00d", "a\nb\ncd"),
        ("$$\nx\n$$ and $y$ and $5", "and  and $5"),
    ],
)
def test_plain_text_is_what_a_reader_reads(body: str, text: str) -> None:
    """Markup, code blocks, comments and targets go; labels, code spans and words stay."""
    assert Reading(body).words == text


@pytest.mark.long
@pytest.mark.parametrize(
    "piece",
    [
        "`a ``b ", "[", "[[", "[a](", "![[a", "$x ", "$$ ", "%% ", "<!-- ", "<% ", "<a ", "</div>\n", "<pre>\n",
        "\n```\n", "\n> ```\n", "\n    x\n\n", "- ", "> ", "* * ", "#", "# ", "a:: ", "[a:: ", "\\", "^a ", "_a ",
        "|", "|-", "http://", "a@", "<a@", "](", "((", "[^a", "=\n", "\n\n", "%20", "x\n---\n", "~~~\n`\n", "<pre>\n```\n```\n",
        "<div>\n```\n```\n", "#a#b", "_#a", "_#a_ ", "**#a", "*#a** ", "|#a", "|#a|\n|-|\n", "\\#", "==#", "```\n```\n    x\n", "# h\n    x\n", ">#","\n\n    x\n    ```\n    ```\n",
    ],
)  # fmt: skip
def test_reading_is_linear_in_the_texts_length(piece: str) -> None:
    """No repetition of marks makes reading slow: eight times the text takes about eight times as long."""

    def seconds(count: int) -> float:
        body = piece * (count // len(piece))
        began = time.process_time()
        reading = Reading(body)
        for found in ("tags", "links", "headings", "words"):
            getattr(reading, found)
        return time.process_time() - began

    # A busy machine may stretch one look, and not three: the shortest is the text's own.
    short = min(seconds(12_500) for _ in range(3))
    assert min(seconds(100_000) for _ in range(3)) < max(0.5, 24 * short)
