"""Properties brought into form: what changes, what is left and why, and that no other byte does."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notemill.cli.vault_commands import TIDY_KINDS
from notemill.errors import MalformedNoteError
from notemill.vault.dates import AmbiguousDateError, iso_date
from notemill.vault.note import parse
from notemill.vault.tidy import TidyKind, tidy
from tests.notemill.vault import styles

BOM = b"\xef\xbb\xbf"
ALL = tuple(TidyKind)


def tidied(text: str | bytes, *kinds: TidyKind) -> str:
    """Return a note in form; see that doing it again changes nothing."""
    raw = text if isinstance(text, bytes) else text.encode()
    found = tidy(raw, kinds or ALL)
    new = raw if found.after is None else found.after
    again = tidy(new, kinds or ALL)
    assert again.after is None
    return new.decode()


def reasons(text: str, *kinds: TidyKind) -> str:
    """Return why parts of a note are left."""
    found = tidy(text.encode(), kinds or ALL)
    return "\n".join(one.reason for one in found.left)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (TidyKind.CASE, "Title: A # Title", "title: A # Title"),
        (TidyKind.CASE, "'Date Created' : x", "'date created' : x"),
        (TidyKind.CASE, "TAGS: [A]", "tags: [A]"),
        (TidyKind.CASE, "fileClass: A\nDOI: 1\nX: 2", "fileClass: A\nDOI: 1\nX: 2"),
        (TidyKind.CASE, "Title: A\ntitle: b", "Title: A\ntitle: b"),
        (TidyKind.PLURAL, "tag: a # tag", "tags: a # tag"),
        (TidyKind.PLURAL, "Alias: [x]", "Aliases: [x]"),
        (TidyKind.PLURAL, '"cssclass": wide', '"cssclasses": wide'),
        (TidyKind.PLURAL, "tag: a\ntags: [b]", "tag: a\ntags: [b]"),
        (TidyKind.LISTS, "tags: a, b # c", "tags: # c\n  - a\n  - b"),
        (TidyKind.LISTS, 'tags: "#a #b"', "tags:\n  - a\n  - b"),
        (TidyKind.LISTS, "x: [1]\ntags: a", "x: [1]\ntags: [a]"),
        (TidyKind.LISTS, "x:\n- 1\naliases: A b", "x:\n- 1\naliases:\n- A b"),
        (TidyKind.LISTS, "cssclasses: wide dark", "cssclasses:\n  - wide\n  - dark"),
        (TidyKind.LISTS, "aliases: Smith, John", "aliases: Smith, John"),
        (TidyKind.LISTS, "tags: two words, b", "tags: two words, b"),
        (TidyKind.LISTS, "tags:\ntitle: a, b", "tags:\ntitle: a, b"),
        (TidyKind.DUPLICATES, "tags: [a, B, 'A',b]", "tags: [a, B]"),
        (TidyKind.DUPLICATES, "tags:\n- a # 1\n# 2\n- b\n- A", "tags:\n- a # 1\n# 2\n- b"),
        (TidyKind.DUPLICATES, "tags:\n- a\n- a # mine", "tags:\n- a\n- a # mine"),
        (TidyKind.DUPLICATES, "aliases: [a, a]", "aliases: [a, a]"),
        (TidyKind.DATES, "date: 2021/3/4 # d", "date: 2021-03-04 # d"),
        (TidyKind.DATES, "Created: '2021-03-04 9:05'", "Created: '2021-03-04T09:05:00'"),
        (TidyKind.DATES, 'dateModified: "March 4th, 2021"', 'dateModified: "2021-03-04"'),
        (TidyKind.DATES, "due: 31.12.2021", "due: 2021-12-31"),
        (TidyKind.DATES, "date: 03/04/2021", "date: 03/04/2021"),
        (TidyKind.DATES, "date: 2021-03-04", "date: 2021-03-04"),
        (TidyKind.DATES, "date: |\n  2021/3/4", "date: |\n  2021/3/4"),
        (TidyKind.DATES, "version: 2021/3/4\ntitle: March 4, 2021", None),
        (TidyKind.DATES, "date: [2021/3/4]\nupdated: 1608518909864", None),
    ],
)
def test_one_kind_changes_what_it_names_alone(
    kind: TidyKind, before: str, after: str | None
) -> None:
    """Comments, quotes, order and style stay; for every kind of line end and a BOM."""
    for newline in ("\n", "\r\n"):
        for bom in (b"", BOM):
            parts = [
                bom + f"---\n{block}\nz: 1 # z\n---\nbody #a\n\n".replace("\n", newline).encode()
                for block in (before, before if after is None else after)
            ]
            assert tidied(parts[0], kind).encode() == parts[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("status:: done\ntext\n", "---\nstatus: done\n---\ntext\n"),
        ("---\na: 1\n---\nRating:: 5\n", "---\na: 1\nRating: 5\n---\n"),
        ("---\na: [1]\n---\n\ntags:: x, #w\n\nq\n", "---\na: [1]\ntags: [x, w]\n---\n\n\nq\n"),
        ("up:: [[A b|c]]\n", '---\nup: "[[A b|c]]"\n---\n'),
        ("x:: [[a]], [[b]]\n", '---\nx:\n  - "[[a]]"\n  - "[[b]]"\n---\n'),
        ("due:: 2021-03-04\nok:: yes: no\n", '---\ndue: 2021-03-04\nok: "yes: no"\n---\n'),
        ("日期:: 2021\n\nb:: c", "---\n日期: 2021\nb: c\n---\n\n"),
        # What stands further down, holds markup, says nothing or is there already is left.
        ("text\nstatus:: done\n", None),
        ("- status:: done\n", None),
        ("[status:: done]\n", None),
        ("a:: see [[b]]\n", None),
        ("a:: `b`\nc:: #d\ne::\nf:: g\nF:: h\n", None),
        ("---\nA: 1\ntag: x\n---\na:: 2\ntags:: y\n", None),
        ("aliases:: a, b\n", None),
        ("tags:: two words, c\n", None),
        # A day of no calendar is a text: some readers fail on all of a frontmatter that has one.
        (
            "a:: 2021-13-45\nb:: 2021-02-28T24:61\n",
            '---\na: "2021-13-45"\nb: "2021-02-28T24:61"\n---\n',
        ),
        # Of a heading only the line below would stay.
        ("a:: b\n---\ntext\n", None),
        ("a:: b\nc:: d\n===\n", "---\na: b\n---\nc:: d\n===\n"),
    ],
)
def test_fields_at_the_top_become_properties(before: str, after: str | None) -> None:
    """Only where a property can say the same; the rest of the text stays to the byte."""
    for newline in ("\n", "\r\n"):
        made = tidied(before.replace("\n", newline), TidyKind.INLINE)
        assert made == (after or before).replace("\n", newline)


def test_what_is_left_says_why() -> None:
    """Ambiguous dates, commas, two of a kind: each with its reason."""
    note = "---\nTag: a\ntags: [b]\ndate: 03/04/2021\nalias: a, b\n---\nup:: x [[y]]\n"
    said = reasons(note)
    assert "there is `tags` beside" in said
    assert "may be the 3. of month 4 or the 4. of month 3" in said
    assert "a comma in `aliases: a, b`" in said
    assert "it contains links" in said


def test_kinds_follow_each_other() -> None:
    """All at once come to the same as one after the other."""
    note = "---\nTag: a, B, b\nDate: 2021/03/04\n---\nCssclass:: wide\n"
    assert tidied(note) == (
        "---\ntags:\n  - a\n  - B\ndate: 2021-03-04\ncssclasses:\n  - wide\n---\n"
    )


@pytest.mark.parametrize(
    "note", ["---\ntags: [a\n---\n", "---\ntags: a\ntags: b\n---\n", "---\ntag: a\n", "\xff"]
)
def test_a_note_that_cannot_be_edited_is_refused(note: str) -> None:
    """Broken, unclosed or doubled frontmatter, and no UTF-8: nothing of it is touched."""
    with pytest.raises(MalformedNoteError):
        tidy(note.encode("latin-1"), ALL)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2021-3-4", "2021-03-04"),
        ("2021.03.04 10:30:15.123", "2021-03-04T10:30:15.123"),
        ("2021-03-04 10:30 +0200", "2021-03-04T10:30:00+02:00"),
        ("2021-03-04T10:30:00.123Z", "2021-03-04T10:30:00.123Z"),
        ("2021/03/04 10:30:00.5", "2021-03-04T10:30:00.5"),
        ("2021-03-04T10:30:00Z", "2021-03-04T10:30:00Z"),
        ("Thu, 4 March 2021", "2021-03-04"),
        ("4 Mar 2021, 12:05 am", "2021-03-04T00:05:00"),
        ("September 9, 2021 1:05 PM", "2021-09-09T13:05:00"),
        ("2021年3月4日", "2021-03-04"),
        ("13/04/2021", "2021-04-13"),
        ("04-13-2021", "2021-04-13"),
        ("05.05.2021", "2021-05-05"),
        ("2021-02-30", None),
        ("31.02.2021", None),
        ("13.13.2021", None),
        ("2021-03-04 25:00", None),
        ("Marvel 4, 2021", None),
        ("today", None),
        ("1.2.3", None),
        ("2021", None),
    ],
)
def test_a_date_has_one_meaning_or_none(text: str, iso: str | None) -> None:
    """What can be one day alone becomes ISO 8601; what is no day stays text."""
    assert iso_date(text) == iso


@pytest.mark.parametrize("text", ["3/4/2021", "03.04.2021 10:00", "3/4/21", "13-04-21"])
def test_an_ambiguous_date_is_refused(text: str) -> None:
    """Day and month could change places, or the century is open."""
    with pytest.raises(AmbiguousDateError):
        iso_date(text)


KEYS = ("tag", "Tags", "TAGS", "alias", "Aliases", "cssclass", "Title", "title", "Date", "Due By")
VALUES = (
    "a", "a, b", "[a, A, 'a' ]", "\n- a\n- b # c\n- A", "'x y'", '"#a #b"', "", "2021/3/4",
    "1/2/2021", "|\n  a\n  b", "{a: 1}", "[a,\n  a]", "~ # c", "'it''s'", "\n  - \n  - a", "é, ü",
)  # fmt: skip
FIELDS = ("a:: b", "tags:: x y", "up:: [[n]]", "x::", "", "  ", "z:: 1 # 2", "text #tag", "- q:: r")


@st.composite
def notes(draw: st.DrawFn) -> bytes:
    """Draw notes with properties and fields of every style."""
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = [
        f"{key}: {draw(st.sampled_from(VALUES))}"
        for key in draw(st.lists(st.sampled_from(KEYS), max_size=5, unique_by=str.lower))
    ]
    comment = draw(st.sampled_from(["", "# c\n", "  # in\n"]))
    head = "---\n" + "".join(f"{line}\n{comment}" for line in lines) + "---\n" if lines else ""
    body = "\n".join(draw(st.lists(st.sampled_from(FIELDS), max_size=6)))
    text = (head + body + draw(st.sampled_from(["", "\n"]))).replace("\n", newline)
    return draw(st.sampled_from([b"", BOM])) + text.encode()


@given(notes(), st.sets(st.sampled_from(ALL), min_size=1))
@example(b"---\nTag: |\n  a\n  b\n# c\nDate: 2021/3/4\n---\na:: b", set(ALL))
def test_nothing_is_lost_and_twice_is_once(raw: bytes, kinds: set[TidyKind]) -> None:
    """Every step keeps all it does not name, is readable, and finds nothing to do again."""
    try:
        found = tidy(raw, kinds)
    except MalformedNoteError:
        assert not parse(raw)[0].writable
        return
    for step in found.steps:
        old, new = parse(step.before)[0], parse(step.after)[0]
        assert new.writable
        assert new.has_bom == old.has_bom
        if step.kind is not TidyKind.INLINE:
            assert new.body == old.body
        for word in ("# c", "# in", "text #tag"):
            assert step.after.decode().count(word) == step.before.decode().count(word)
        assert {tag.casefold() for tag in old.tags} <= {tag.casefold() for tag in new.tags}
        assert set(old.aliases) <= set(new.aliases)
    if found.after is not None:
        assert tidy(found.after, kinds).after is None


@settings(max_examples=200)
@given(styles.notes(), st.sets(st.sampled_from(ALL), min_size=1))
def test_notes_of_every_style_keep_all_their_text(raw: bytes, kinds: set[TidyKind]) -> None:
    """Whatever the style, what is not named stays and doing it again changes nothing."""
    try:
        found = tidy(raw, kinds)
    except MalformedNoteError:
        return
    for step in found.steps:
        old, new = parse(step.before)[0], parse(step.after)[0]
        assert new.writable
        assert step.kind is TidyKind.INLINE or new.body == old.body
        assert step.after.count(b"# a comment") == step.before.count(b"# a comment")
        assert step.after.count(b"# mine") == step.before.count(b"# mine")
    if found.after is not None:
        assert tidy(found.after, kinds).after is None


def test_the_command_offers_every_kind() -> None:
    """The flag's choices, which are named without loading the work, are all kinds there are."""
    assert TIDY_KINDS == ALL
