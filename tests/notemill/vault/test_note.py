"""What a note says: its properties in every shape, its problems, its hashes."""

from __future__ import annotations

import pytest

from notemill.vault.note import (
    Note,
    bytes_hash,
    inline_tags,
    is_ignored,
    owned_spans,
    parse,
    source_hash,
    spans,
)

BOM = b"\xef\xbb\xbf"


def note_of(raw: bytes | str) -> Note:
    """Return the note in `raw`, which must have no problem."""
    note, problems = parse(raw.encode() if isinstance(raw, str) else raw)
    assert problems == ()
    return note


@pytest.mark.parametrize(
    ("block", "tags"),
    [
        ("tags:\n  - a\n  - b/c\n", ("a", "b/c")),
        ("tags:\n- a # why\n# between\n- 'b'\n", ("a", "b")),
        ("tags: [a, 'b c', \"d\"]\n", ("a", "b c", "d")),
        ("tags: [a,\n  b]\n", ("a", "b")),
        ("tags: single\n", ("single",)),
        ("tags: a, b,c\n", ("a", "b", "c")),
        ("tags: a b\n", ("a", "b")),
        ("tags: '#a, #b'\n", ("a", "b")),
        ('tags: ["#a", "#b/c"]\n', ("a", "b/c")),
        ("tag: old\n", ("old",)),
        ("tag: old\ntags: [new]\n", ("new",)),
        ("Tags: [Upper]\n", ("Upper",)),
        ("TAGS:\n  - x\n", ("x",)),
        ('"tags": [quoted-key]\n', ("quoted-key",)),
        ("tags:\n", ()),
        ("tags: null\n", ()),
        ("tags: ~\n", ()),
        ("tags: []\n", ()),
        ("tags: # nothing yet\n", ()),
        ("tags:\n  -\n  - a\n", ("a",)),
        ("tags: [2024, 007, 10:30, yes]\n", ("2024", "007", "10:30", "yes")),
        ("tags: 2024\n", ("2024",)),
        ("tags: |\n  a\n  b\n", ("a", "b")),
        ("title: x\n", ()),
    ],
)
def test_tags_are_read_in_every_shape(block: str, tags: tuple[str, ...]) -> None:
    """Tags are read as lists, flow lists, texts, under old and oddly cased keys, as written."""
    assert note_of(f"---\n{block}---\nbody").tags == tags


@pytest.mark.parametrize(
    ("block", "aliases"),
    [
        ("aliases: [One, Two words]\n", ("One", "Two words")),
        ("aliases:\n  - One\n  - '007'\n", ("One", "007")),
        ("alias: One, Two words\n", ("One", "Two words")),
        ("Aliases: One\n", ("One",)),
        ("aliases:\n", ()),
    ],
)
def test_aliases_are_read_in_every_shape(block: str, aliases: tuple[str, ...]) -> None:
    """Aliases are read as lists and as one text with commas, which keep their spaces."""
    assert note_of(f"---\n{block}---\n").aliases == aliases


@pytest.mark.parametrize("value", ["007", "10:30", "yes", "1e3", "2024-01-02", "0x1F", "1_000"])
def test_a_value_is_the_text_as_written(value: str) -> None:
    """No value is taken for a number, a time or a truth."""
    assert note_of(f"---\ndescription: {value}\n---\n").text_of("description") == value


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"", ""),
        (BOM, ""),
        (b"\x00", "\x00"),
        (b"text", "text"),
        (BOM + b"text", "text"),
        (b"---\n---\n", ""),
        (b"---\n---", ""),
        (b"---\na: b\n---", ""),
        (b"---  \na: b\n---\t\nbody\n", "body\n"),
        (b"---\r\na: b\r\n---\r\nbody\r\n", "body\r\n"),
        (b"---\ra: b\r---\rbody\r", "body\r"),
        (BOM + b"---\na: b\n---\nbody", "body"),
        (b"---\na: b\n---\n\n---\nc: d\n---\n", "\n---\nc: d\n---\n"),
        (b"---\na: b\n---\n---\nNo property.\n---\n", "---\nNo property.\n---\n"),
        (
            b"# Talk\n---\nDate: 3 May\nPlace: here\n---\n",
            "# Talk\n---\nDate: 3 May\nPlace: here\n---\n",
        ),
        (b"{not: json}\ntext\n", "{not: json}\ntext\n"),
        (b"+++ good\ntext\n+++\n", "+++ good\ntext\n+++\n"),
        (b"\n---\nSo: a rule.\n", "\n---\nSo: a rule.\n"),
        (b"---\n\nA rule, not a block.\n", "---\n\nA rule, not a block.\n"),
        (b"---", "---"),
        (b"----\na: b\n---\n", "----\na: b\n---\n"),
        (b" --- \ntext", " --- \ntext"),
    ],
)
def test_the_body_begins_behind_the_frontmatter(raw: bytes, body: str) -> None:
    """A block at the first byte, a BOM aside, that is closed by `---` is frontmatter."""
    note = note_of(raw)
    assert note.body == body
    assert note.writable


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"---\na: [b\n---\n", "broken-frontmatter"),
        (b"---\na: b: c\n---\n", "broken-frontmatter"),
        (b"---\njust a text\n---\n", "broken-frontmatter"),
        (b"---\n- a\n- list\n---\n", "broken-frontmatter"),
        (b"---\n{tags: [a]}\n---\n", "broken-frontmatter"),
        (b"---\ndate: {{day}}\n---\n", "broken-frontmatter"),
        (b"---\na: &x 1\nb: *x\n---\n", "broken-frontmatter"),
        (b"---\n? a\n: b\n---\n", "broken-frontmatter"),
        (b"---\na: b\n...\n---\n", "broken-frontmatter"),
        (b"---\na: b\n--- c\n---\n", "broken-frontmatter"),
        (b"---\na: b\x00\n---\n", "broken-frontmatter"),
        (b"---\na: b\rc: d\n---\n", "broken-frontmatter"),
        (b"---\na: \xff\n---\n", "broken-frontmatter"),
        (b"---\na: b\n" + b"# \n" * 100_000 + b"---\n", "broken-frontmatter"),
        (b"---\na: b\nbody without an end", "unclosed-frontmatter"),
        (b"---\na: b\n...\nbody", "unclosed-frontmatter"),
        (b"\n---\na: b\n---\n", "displaced-frontmatter"),
        (BOM + BOM + b"---\na: b\n---\n", "displaced-frontmatter"),
        (b"caf\xe9", "not-utf8"),
        (b"\xff\xfea\x00", "not-utf8"),
        (b"---\ntags: [a]\nTags: [b]\n---\n", "duplicate-key"),
        (b"---\ntags:\n  a: b\n---\n", "nested-property"),
        (b"---\nrelated: [[Note]]\n---\n", "nested-property"),
        (b"---\ndescription: !!binary aGk=\n---\n", "nested-property"),
        (b"---\ntags: [[a], b]\n---\n", "nested-property"),
        # In another language, which has to stay the file's first.
        (b'+++\ntitle = "Kites"\n+++\nText.\n', "other-metadata"),
        (BOM + b"+++\r\n# mine\r\n[taxonomies]\r\ntags = []\r\n+++\r\n", "other-metadata"),
        (b"+++\ntitle = 1\nnever closed\n", "other-metadata"),
        (b'{ "title": "Kites", "n": {"a": [1]} }\n\nText.\n', "other-metadata"),
        (b'{"title": "Kites", // not quite\n}\nText.\n', "other-metadata"),
        (b'---json\n{"tags": ["a"]}\n---\nText.\n', "other-metadata"),
        (b"--- toml\na = 1\n---\n", "other-metadata"),
        (b';;;\n"title": "Kites"\n;;;\nText.\n', "other-metadata"),
        (b'"title": "Kites",\n"n": 1\n;;;\nText.\n', "other-metadata"),
        (b"% Kites\n% A. Person\n\nText.\n", "other-metadata"),
        # In a wrong place, or with a wrong fence.
        (b"---\na: b\n---\n---\nc: d\n---\n", "second-frontmatter"),
        (b"---\na: b\n---\n\n\n---\ntags: [x]\n---\n", "second-frontmatter"),
        (b"---\n---\n---\ntags: [x]\n---\n", "second-frontmatter"),
        (b"# Kites\n\n---\ntags:\n- x\n---\nText.\n", "displaced-frontmatter"),
        (b"<!-- made by hand -->\n---\ntitle: x\n---\n", "displaced-frontmatter"),
        (b"title: x\ntags: y\n---\nText.\n", "displaced-frontmatter"),
        (b"----\ntags: [x]\n----\nText.\n", "displaced-frontmatter"),
        ("—-\ntags: [x]\n—-\nText.\n".encode(), "displaced-frontmatter"),
        # What YAML takes for a comment.
        (b"---\ntags: #kite #wind\n---\n", "commented-tags"),
        (b"---\nTag: kite #wind\n---\n", "commented-tags"),
        (b"---\ntags:\n- kite\n- #wind\n---\n", "commented-tags"),
        (b"---\ntags:\n#kite\n#wind\nz: 1\n---\n", "commented-tags"),
        (b"---\ntags: [kite] #wind, #sail\n---\n", "commented-tags"),
        ("---\ntags:\n  - #凧\n---\n".encode(), "commented-tags"),
        (b"---\ntopics:\n  - #wind\n---\n", "commented-tags"),
        (b"---\ndescription: #1 of the kites\n---\n", "commented-tags"),
    ],
)
def test_what_cannot_be_edited_safely_is_a_problem(raw: bytes, code: str) -> None:
    """A note that notemill must leave alone says so, with a code and a reason to act on."""
    note, problems = parse(raw)
    assert [problem.code for problem in problems] == [code]
    assert problems[0].blocks_writing
    assert not note.writable
    assert problems[0].message


@pytest.mark.parametrize(
    "value",
    [
        "tags: [a] # mine", "tags: # to sort", "tags: [a] #mine and yours", "tags: #----", "tags: a#b",
        "tags:\n- a # one\n# between\n#- b\n- c", "tags: |\n  #a\n  b", 'tags: "#a"', "title: #1",
        "tags: [a, '#b'] # '#c'",
    ],
)  # fmt: skip
def test_a_comment_that_is_one_is_no_problem(value: str) -> None:
    """Beside a value every word has to look like a tag; what is quoted or commented out is plain."""
    assert note_of(f"---\n{value}\n---\n").writable


@pytest.mark.parametrize(
    "block",
    [
        '+++\ntitle = "Kites #a"\n+++\n', '{"title": "Kites #a"}',
        '---json\n{"title": "Kites #a"}\n---\n', ';;;\n"title": "Kites #a"\n;;;\n',
    ],
)  # fmt: skip
def test_metadata_in_another_language_is_no_text(block: str) -> None:
    """Its words and what looks like a tag in it belong to nobody; the text begins behind it."""
    note, _ = parse(f"{block}\nText #b.\n".encode())
    assert note.body.strip() == "Text #b."
    assert [tag.name for tag in inline_tags(note)] == ["b"]


def test_a_broken_block_names_the_line_in_the_file() -> None:
    """The reason of a broken frontmatter names the line as an editor counts it."""
    _, problems = parse(b"---\ntitle: fine\nsecond: [\n---\n")
    assert "line 4" in problems[0].message
    _, problems = parse(b"---\ntitle: a: b\n---\n")
    assert "line 2" in problems[0].message


def test_a_mark_of_a_template_names_its_line() -> None:
    """Where it makes the frontmatter unreadable, the line is what to look for."""
    _, problems = parse(b"---\r\ntags: [a]\r\ncreated: {{date}}, {{time}}\r\n---\r\n")
    assert problems[0].message == "it is a template: it contains {{date}} in line 3"


def test_a_foreign_key_twice_is_reported_but_can_be_written_around() -> None:
    """A key that notemill does not own may stand twice: it is named, and the note is writable."""
    note, problems = parse(b"---\nx: 1\nx: 2\n---\n")
    assert [problem.code for problem in problems] == ["duplicate-key"]
    assert note.writable


def test_spans_count_bytes_behind_wide_characters() -> None:
    """Entries and items lie at their bytes behind emoji, CRLF and a BOM."""
    raw = BOM + '---\r\n🦊é: 「x」 # 字\r\ntags: ["ä🦊", b]\r\n# z\r\n---\r\nbody'.encode()
    note = note_of(raw)
    entry = note.entry("tags")
    assert entry is not None
    assert raw[slice(*entry.span)] == 'tags: ["ä🦊", b]\r\n'.encode()
    assert raw[slice(*entry.written)] == '["ä🦊", b]'.encode()
    assert [raw[slice(*item.span)].decode() for item in entry.items] == ['"ä🦊"', "b"]
    assert note.frontmatter is not None
    assert [one.key for one in note.frontmatter.entries] == ["🦊é", "tags"]


def test_comments_and_blanks_behind_a_property_are_not_its_own() -> None:
    """A property's lines end with its value; comments inside it, or set in below, belong to it."""
    raw = b"---\ntags:\n  - a\n  # inside\n  - b # own\n# behind\n\nx: |\n  text\n\n# end\n---\n"
    note = note_of(raw)
    found = [raw[slice(*entry.span)] for entry in note.frontmatter.entries]  # type: ignore[union-attr]
    assert found == [b"tags:\n  - a\n  # inside\n  - b # own\n", b"x: |\n  text\n"]
    raw = b"---\ntags: a # own\n\n  # below\n\n  # too\n# not\n  # any more\nx: y\n---\n"
    assert [raw[slice(*span)] for span in owned_spans(note_of(raw))] == [
        b"tags: a # own\n\n  # below\n\n  # too\n"
    ]


def test_odd_line_separators_stay_in_their_value() -> None:
    """NEL and the Unicode separators end no line, as in Obsidian."""
    note = note_of("---\ndescription: a\x85b c\u2028d\ntags: [x]\n---\n")
    assert note.text_of("description") == "a\x85b c\u2028d"
    assert note.tags == ("x",)


@pytest.mark.parametrize(
    ("raw", "newline"),
    [(b"a\r\nb\r\nc\n", "\r\n"), (b"a\nb\r\n", "\n"), (b"a\rb", "\r"), (b"", "\n")],
)
def test_the_newline_is_that_of_most_lines(raw: bytes, newline: str) -> None:
    """The newline is the one that most lines end with, a lone CR only where there is no LF."""
    assert note_of(raw).newline == newline


@pytest.mark.parametrize(
    "raw",
    [
        b"---\nnotemill: ignore\n---\n",
        b"---\nNotemill: 'Ignore'\n---\n",
        b"---\nnotemill: [ignore]\n---\n",
        b"---\nnotemill: ignore\nbroken: [\n---\n",
        b"---\nnotemill: ignore\nnever closed",
        b"\n---\nnotemill: ignore\n---\n",
        b"---\nnotemill: ignore\n---\n\xff",
        b"---\nnotemill: ignore\nother: *gone\n---\n",
    ],
)
def test_an_ignored_note_is_ignored_even_where_it_is_broken(raw: bytes) -> None:
    """`notemill: ignore` holds in any spelling, also in a frontmatter that cannot be read."""
    assert is_ignored(parse(raw)[0])


@pytest.mark.parametrize(
    "raw",
    [b"", b"notemill: ignore", b"---\nnotemill: run 7\n---\n", b"---\na: b\n---\nnotemill: ignore"],
)
def test_a_note_that_only_speaks_of_it_is_not_ignored(raw: bytes) -> None:
    """Without the property the note is not ignored."""
    assert not is_ignored(parse(raw)[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"body", b"---\ntags: [a]\n---\nbody"),
        (b"body", b"---\n---\nbody"),
        (BOM + b"body\r\n", BOM + b"---\r\ndescription: x\r\n---\r\nbody\r\n"),
        (b"---\na: b\n---\n", b"---\na: b\ntags:\n  - x\n---\n"),
        (b"---\ntags: [a]\na: b\n---\n", b"---\ntags:\n  - c # d\na: b\nRelated: x\n---\n"),
        (b"---\n---\nbody", b"---\nnotemill: run 7\n---\nbody"),
    ],
)
def test_the_source_hash_leaves_out_what_notemill_owns(one: bytes, other: bytes) -> None:
    """Owned properties, and a frontmatter of nothing else, do not change the source hash."""
    assert source_hash(parse(one)[0]) == source_hash(parse(other)[0])
    assert bytes_hash(one) != bytes_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"body", b"body "),
        (b"---\na: b\n---\n", b"---\na: c\n---\n"),
        (b"---\ntags: [a]\n# mine\n---\n", b"---\ntags: [a]\n---\n"),
        (b"---\na: [\n---\n", b"---\na: [[\n---\n"),
    ],
)
def test_the_source_hash_sees_every_byte_of_the_owner(one: bytes, other: bytes) -> None:
    """Any change outside owned properties changes the source hash."""
    assert source_hash(parse(one)[0]) != source_hash(parse(other)[0])


def test_spans_tile_the_file() -> None:
    """The spans of BOM, fences, properties, gaps and body follow each other without a hole."""
    raw = BOM + b"---\na: b\n# c\ntags: [d]\n---\nbody"
    note = note_of(raw)
    assert b"".join(raw[slice(*span)] for span in spans(note)) == raw
    assert [raw[slice(*span)] for span in owned_spans(note)] == [b"tags: [d]\n"]


def test_a_large_note_is_parsed_in_linear_time() -> None:
    """A note of 20 MB, its body full of fences of properties, parses like a small one."""
    raw = b"---\ntags: [a]\n---\n" + b"text --- and\n--- more: [[x]]\n" * 700_000
    assert note_of(raw).tags == ("a",)
    unclosed = b"---\n" + b"   ---\n" * 2_000_000
    assert note_of(unclosed).frontmatter is None
