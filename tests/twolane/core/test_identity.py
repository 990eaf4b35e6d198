"""The ids that tie a result to its source."""

from __future__ import annotations

import copy
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.identity import (
    MAX_INDEX,
    Echo,
    check_echo,
    content_hash,
    make_custom_id,
    make_nonce,
    note_ref,
    parse_custom_id,
    with_note_ref,
)
from twolane.errors import InputError

PROVIDER_PATTERN = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ANY_TEXT = st.text(st.characters())  # lone surrogates included
INDEXES = st.integers(0, MAX_INDEX) | st.integers(0, 200_000)
NONCES = st.binary(min_size=8, max_size=16).map(make_nonce)
TOKEN = note_ref("run", 0, "hash")


def test_the_id_has_the_documented_form() -> None:
    """Index, name and nonce stand in the id in their fixed places."""
    assert (
        make_custom_id(42, "Building RAG Systems", "7f3k") == "file_00042_Building_RAG_Systems-7f3k"
    )


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Über", "Uber"),
        ("Straße nach Łódź", "Strasse_nach_Lodz"),
        ("e\u0301te\u0301", "ete"),
        ("ﬁnal ½", "final_1_2"),
        ("a/b\\c.md", "a_b_c_md"),
        ("--- draft ---", "draft"),
        ("__init__", "init"),
        ("state-of-the-art", "state-of-the-art"),
        ("\U0001d518\U0001d52b\U0001d526", "Uni"),
        ("日本語 notes", "notes"),
        ("机器学习", "note"),
        ("🚀🔥", "note"),
        ("مرحبا", "note"),
        ("\ud800", "note"),
        ("\x00\n", "note"),
        ("", "note"),
    ],
)
def test_a_name_is_folded_to_ascii(name: str, safe: str) -> None:
    """Accents fold, runs of other characters become one underscore, and nothing left is `note`."""
    assert make_custom_id(0, name, "abcd") == f"file_00000_{safe}-abcd"


def test_a_long_name_is_cut_and_the_rest_kept() -> None:
    """Only the name gives way to the limit of 64 characters."""
    made = make_custom_id(1_234_567, "long " * 500, "abcd")
    assert len(made) <= 64
    assert made.startswith("file_1234567_long_long_")
    assert made.endswith("_long_l-abcd")


def test_a_name_cut_at_a_gap_leaves_no_underscore_behind() -> None:
    """Where the limit falls just after a word, the id is still one that reads back."""
    made = make_custom_id(0, "x" * 47 + " rest", "abcd")
    assert made == f"file_00000_{'x' * 47}-abcd"
    assert parse_custom_id(made) == (0, "abcd")


@given(INDEXES, ANY_TEXT, NONCES)
def test_every_name_makes_an_id_the_provider_takes(index: int, name: str, nonce: str) -> None:
    """Whatever the name, the id fits the provider's pattern and reads back as index and nonce."""
    made = make_custom_id(index, name, nonce)
    assert PROVIDER_PATTERN.fullmatch(made)
    assert parse_custom_id(made) == (index, nonce)


@given(st.tuples(INDEXES, ANY_TEXT, NONCES), st.tuples(INDEXES, ANY_TEXT, NONCES))
def test_ids_are_equal_only_for_the_same_item_and_intent(
    one: tuple[int, str, str], other: tuple[int, str, str]
) -> None:
    """Two ids of different indexes or nonces differ, whatever the names are."""
    if (one[0], one[2]) != (other[0], other[2]):
        assert make_custom_id(*one) != make_custom_id(*other)


@pytest.mark.parametrize("index", [-1, MAX_INDEX + 1])
def test_an_index_out_of_bounds_is_refused(index: int) -> None:
    """An index that could push the nonce out of the id makes none."""
    with pytest.raises(ValueError, match="outside"):
        make_custom_id(index, "x", "abcd")


@pytest.mark.parametrize("nonce", ["", "abc", "abcde", "ABCD", "abc0", "ab-d", "abcl"])
def test_only_a_nonce_of_ours_is_taken(nonce: str) -> None:
    """A nonce of another length or alphabet makes no id."""
    with pytest.raises(ValueError, match="nonce"):
        make_custom_id(0, "x", nonce)


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "file_42_x-7f3k",
        "file_000042_x-7f3k",
        "file_00042__x-7f3k",
        "file_00042_x_-7f3k",
        "file_00042_-7f3k",
        "file_00042-7f3k",
        "file_00042_x-7f3K",
        "file_00042_x-7f3k\n",
        " file_00042_x-7f3k",
        "file_٠٠٠٤٢_x-7f3k",
        "file_00042_ü-7f3k",
        "request-1",
        "file_00042_" + "x" * 60 + "-7f3k",
        "file_9999999999999_x-7f3k",
    ],
)
def test_an_id_of_another_form_is_foreign(foreign: str) -> None:
    """What `make_custom_id` cannot have made reads back as None."""
    assert parse_custom_id(foreign) is None


@given(ANY_TEXT | st.from_regex(r"file_\d{5}_[a-z_-]{0,9}-[a-z2-9]{4}"))
def test_parsing_never_raises(text: str) -> None:
    """Any string is either an index and a nonce that make an id again, or None."""
    parsed = parse_custom_id(text)
    if parsed:
        index, nonce = parsed
        assert text.startswith(f"file_{index:05d}_")
        assert parse_custom_id(make_custom_id(index, "", nonce)) == parsed


def test_nonces_spread_over_their_bytes() -> None:
    """A thousand different seeds give almost as many nonces."""
    nonces = {
        make_nonce(bytes.fromhex(content_hash(bytes([n % 256, n // 256])))) for n in range(1000)
    }
    assert len(nonces) > 990


def test_a_nonce_needs_enough_randomness() -> None:
    """Fewer than eight bytes are refused."""
    with pytest.raises(ValueError, match="8"):
        make_nonce(b"1234567")


def test_the_content_hash_depends_on_every_byte() -> None:
    """One changed byte, a BOM or another line end changes the hash."""
    texts = [b"a\n", b"a\r\n", b"\xef\xbb\xbfa\n", b"b\n", b"a", b""]
    assert len({content_hash(text) for text in texts}) == len(texts)
    assert content_hash(b"a\n") == content_hash(b"a\n")


@given(
    st.tuples(ANY_TEXT, st.integers(0, MAX_INDEX), ANY_TEXT),
    st.tuples(ANY_TEXT, st.integers(0, MAX_INDEX), ANY_TEXT),
)
def test_a_token_belongs_to_one_run_item_and_content(
    one: tuple[str, int, str], other: tuple[str, int, str]
) -> None:
    """Tokens are short, stable, and equal only for the same run, index and content."""
    assert re.fullmatch(r"[a-z2-9]{12}", note_ref(*one))
    assert (note_ref(*one) == note_ref(*other)) == (one == other)


def test_a_token_keeps_its_parts_apart() -> None:
    """Moving a character from the run's id to the index makes another token."""
    assert note_ref("r1", 2, "h") != note_ref("r", 12, "h")
    assert note_ref("r:1", 2, "h") != note_ref("r", 1, "2:h")


def test_the_token_is_the_first_line_of_the_first_user_message() -> None:
    """A string content gets the line in front, and nothing else changes."""
    params = {
        "model": "m",
        "system": "s",
        "messages": [
            {"role": "assistant", "content": "a"},
            {"role": "user", "content": "text", "extra": 1},
            {"role": "user", "content": "second"},
        ],
    }
    before = copy.deepcopy(params)
    marked = with_note_ref(params, TOKEN)
    assert params == before
    assert marked["messages"][1].pop("content") == f"note_ref: {TOKEN}\ntext"
    assert marked["messages"][1] == {"role": "user", "extra": 1}
    assert marked["messages"][0] == before["messages"][0]
    assert marked["messages"][2] == before["messages"][2]
    assert {**marked, "messages": 0} == {**before, "messages": 0}


def test_the_token_goes_into_the_first_text_block() -> None:
    """Of a list of blocks only the first text changes, and its other keys stay."""
    image = {"type": "image", "source": {"type": "url", "url": "u"}}
    text = {"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}
    params = {
        "messages": [{"role": "user", "content": [image, text, {"type": "text", "text": "x"}]}]
    }
    before = copy.deepcopy(params)
    content = with_note_ref(params, TOKEN)["messages"][0]["content"]
    assert params == before
    assert content == [
        image,
        {**text, "text": f"note_ref: {TOKEN}\nhello"},
        {"type": "text", "text": "x"},
    ]


def test_a_message_without_text_gets_a_text_block() -> None:
    """An image alone is still marked."""
    image = {"type": "image"}
    params = {"messages": [{"role": "user", "content": [image]}]}
    content = with_note_ref(params, TOKEN)["messages"][0]["content"]
    assert content == [{"type": "text", "text": f"note_ref: {TOKEN}\n"}, image]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"messages": "text"},
        {"messages": []},
        {"messages": ["text"]},
        {"messages": [{"role": "assistant", "content": "a"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": 5}]},
    ],
)
def test_params_that_cannot_be_marked_are_an_input_error(params: dict[str, object]) -> None:
    """A body without a usable user message is refused, not sent unmarked."""
    with pytest.raises(InputError):
        with_note_ref(params, TOKEN)


def test_a_reply_that_repeats_the_token_is_ok() -> None:
    """The right token anywhere in the object passes, whatever stands beside it."""
    assert check_echo(json.dumps({"tags": ["a"], "note_ref": TOKEN}), TOKEN) is Echo.OK
    assert check_echo(f' {{"note_ref":"{TOKEN}"}}\n', TOKEN) is Echo.OK
    assert check_echo(f'{{"x": "\\ud800", "note_ref": "{TOKEN}"}}', TOKEN) is Echo.OK


@pytest.mark.parametrize("found", ["", "other", TOKEN.upper(), TOKEN + " ", TOKEN[:-1]])
def test_another_token_is_wrong(found: str) -> None:
    """A reply with any other token may belong to another source."""
    assert check_echo(json.dumps({"note_ref": found}), TOKEN) is Echo.WRONG


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        f'{{"note_ref": "{TOKEN}"',
        f'```json\n{{"note_ref": "{TOKEN}"}}\n```',
        f'[{{"note_ref": "{TOKEN}"}}]',
        f'"{TOKEN}"',
        "null",
        "{}",
        '{"note_ref": null}',
        '{"note_ref": 5}',
        f'{{"inner": {{"note_ref": "{TOKEN}"}}}}',
        "[" * 100_000,
        "\ud800",
    ],
)
def test_a_reply_without_a_token_is_unreadable(text: str) -> None:
    """No JSON object, or none with the string note_ref, is an invalid reply and not a mix-up."""
    assert check_echo(text, TOKEN) is Echo.UNREADABLE


@given(ANY_TEXT)
def test_checking_never_raises_and_never_passes_noise(text: str) -> None:
    """Arbitrary text is never taken for the item's own reply."""
    assert check_echo(text, TOKEN) is not Echo.OK
