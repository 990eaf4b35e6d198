"""Keys in texts: whole, cut or encoded, and what only looks like one."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolane.core.redaction import REMOVED, Redactor, passwords_in

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-ant-api03-AbCdEf0123456789_-xyzXYZ987654321qwertyuiopASDFGHJKL-AA"
ODD = 'a"b\\c/d+e=fé1234567'
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)),
    "JSON escapes": lambda key: "".join(f"\\u{ord(one):04X}" for one in key),
    "some escapes": lambda key: key[:5] + f"\\u{ord(key[5]):04x}" + key[6:],
    "URL": lambda key: quote(key, safe=""),
    "URL escapes": lambda key: "".join(f"%{byte:02x}" for byte in key.encode()),
    "URL in URL": lambda key: "".join(f"%25{byte:02x}" for byte in key.encode()),
    "HTML": lambda key: "".join(f"&#{ord(one)};" for one in key),
    "HTML in hex": lambda key: "".join(f"&#x{ord(one):02X};" for one in key),
}


@pytest.mark.parametrize("key", [KEY, ODD, "hunter2!", "a1b2c3d4e5f6g7h8"])
@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_taken_out_in_every_form(key: str, form: str) -> None:
    """Of the key nothing is left; what stands around it stays."""
    text = f"before {FORMS[form](key)} after"
    for found in (Redactor([key]).text(text), Redactor([key]).body(text.encode()).decode()):
        assert REMOVED in found
        assert found.startswith("before ")
        assert found.endswith(" after")
        assert len(found) <= len("before  after") + len(REMOVED) + 6  # quotes of JSON stay


@pytest.mark.parametrize("user", ["", "u", "us", "use", "Bearer "])
def test_a_key_is_taken_out_of_base64(user: str) -> None:
    """As `Basic` has it, however long the name before it is, and in the URL's alphabet."""
    packed = base64.b64encode(f"{user}:{KEY} and more".encode()).decode()
    for form in (packed, packed.translate(str.maketrans("+/", "-_"))):
        found = Redactor([KEY]).text(f"Basic {form}")
        assert found.count(REMOVED) == 1
        assert len(found) < len(f"Basic {form}") - len(KEY)


@pytest.mark.parametrize("cut", [KEY[:25], KEY[:40], KEY[-12:], KEY[20:], KEY[13:25]])
def test_a_key_that_is_cut_is_taken_out(cut: str) -> None:
    """Its beginning and its end give as much away."""
    assert Redactor([KEY]).text(f"key {cut}… is wrong") == f"key {REMOVED}… is wrong"


@pytest.mark.parametrize(
    "text",
    [
        "keys begin with sk-ant-api03-",
        "sk-ant-api03-AbCd…JKL-AA is wrong",
        "100 % of \\u00e9 &#233;",
    ],
)
def test_what_gives_nothing_away_stays(text: str) -> None:
    """The beginning that all keys have, the few characters that services show, other escapes."""
    assert Redactor([KEY]).text(text) == text


@pytest.mark.parametrize("word", ["ollama", "lm-studio", "Offline", "any", "", None])
def test_a_placeholder_is_no_key(word: str | None) -> None:
    """What is written where no key is checked may be a word of every answer."""
    assert not Redactor([word])
    assert Redactor([word]).text(f"{word} is a word") == f"{word} is a word"


def test_a_short_password_is_taken_out_as_a_word_alone() -> None:
    """Within a longer word it is something else."""
    redactor = Redactor(["hunter2"])
    assert redactor.text("//me:hunter2@proxy, shunter2x") == f"//me:{REMOVED}@proxy, shunter2x"


def test_the_passwords_of_an_address_are_known_as_basic_has_them() -> None:
    """A proxy gets both together, and unquoted."""
    found = passwords_in("http://me:p%40ssw0rd@proxy:3128")
    assert set(found) == {"p@ssw0rd", "p%40ssw0rd", base64.b64encode(b"me:p@ssw0rd").decode()}
    assert passwords_in("http://proxy") == passwords_in("http://[::") == passwords_in(None) == ()


@given(
    st.lists(
        st.one_of(
            st.sampled_from([form(KEY).encode() for form in FORMS.values()]),
            st.sampled_from(
                [KEY[:20].encode(), KEY[-15:].encode(), b"\\u00", b"%2", "é☂".encode()]
            ),
            st.binary(max_size=40),
        ),
        max_size=8,
    ),
    st.integers(1, 300),
)
def test_pieces_hold_no_more_than_the_whole(parts: list[bytes], size: int) -> None:
    """Wherever a body is cut, the same is taken out of it; all other bytes stay as they are."""
    redactor, raw = Redactor([KEY]), b"".join(parts)
    done, kept = b"", b""
    for at in range(0, len(raw), size):
        kept += raw[at : at + size]
        piece, kept = redactor.piece(kept, max(0, len(kept) - redactor.reach))
        done += piece
    assert done + redactor.body(kept) == redactor.body(raw)
    assert KEY.encode() not in redactor.body(raw)
    if not any(len(part) >= 12 and part in KEY.encode() for part in parts):
        assert REMOVED.encode() in redactor.body(raw) or redactor.body(raw) == raw


@pytest.mark.parametrize(
    "piece",
    [KEY[:-1], KEY[13:25], KEY[-12:], "\\", "\\u00", "%", "%2", "%25", "&", "&#", "&#0", "s"],
)
def test_time_grows_with_the_length(piece: str) -> None:
    """No text makes it slow: four times as much takes about four times as long."""

    def seconds(size: int) -> float:
        redactor, raw = Redactor([KEY]), (piece * (size // len(piece))).encode()
        began = time.process_time()
        redactor.body(raw)
        return time.process_time() - began

    # The least of three: another process may have had the core's caches.
    assert min(seconds(400_000) for _ in range(3)) < 12 * seconds(100_000) + 0.05
