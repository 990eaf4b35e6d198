"""The letters of pages: decided as browsers decide them."""

from __future__ import annotations

import codecs

import pytest

from notemill.sources.pages.decoding import encoding_of, text_of

TEXT = "Der Töpfer fährt „früh“ – für 3 €. "  # noqa: RUF001


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("ISO-8859-1", "cp1252"),
        (" latin1 ", "cp1252"),
        ("us-ascii", "cp1252"),
        ("iso-8859-9", "cp1254"),
        ("shift_jis", "cp932"),
        ("windows-31j", "cp932"),
        ("x-sjis", "cp932"),
        ("gb2312", "gb18030"),
        ("euc-kr", "cp949"),
        ("ks_c_5601-1987", "cp949"),
        ("big5", "big5hkscs"),
        ("tis-620", "cp874"),
        ("x-cp1251", "cp1251"),
        ("utf-7", ""),
        ("rot13", ""),
        ("idna", ""),
        ("\x00", ""),
        ("x" * 1_000, ""),
    ],
)
def test_labels(label: str, encoding: str) -> None:
    """A label means what it means on the web, and codecs that are no encodings are never used."""
    assert encoding_of(label) == encoding


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"<meta charset=iso-8859-1>" + TEXT.encode("cp1252"), ""),
        (b"<meta http-equiv=x content='text/html; charset=latin1'>" + TEXT.encode("cp1252"), ""),
        (b"<!-- <meta charset=koi8-r> --><meta charset=utf-8>" + TEXT.encode(), ""),
        (b"<meta charset=koi8-r>" + TEXT.encode(), "text/html; charset=UTF-8"),
        (codecs.BOM_UTF8 + b"<meta charset=koi8-r>" + TEXT.encode(), "text/html; charset=koi8-r"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "text/html; charset=utf-8"),
        (("<p>" + TEXT).encode("utf-16-be"), ""),
        (b"<meta charset=utf-16>" + TEXT.encode(), ""),
        (b"<meta charset=utf-8>" + f"the sign \ufffd {TEXT}".encode(), ""),
        (b"<meta charset=nonsense>" + TEXT.encode(), ""),
        (b"<?xml version='1.0' encoding='windows-1252'?>" + TEXT.encode("cp1252"), ""),
        (b"x" * 9_000 + b"<meta charset=windows-1252>" + TEXT.encode("cp1252"), ""),
    ],
)
def test_declared(data: bytes, content_type: str) -> None:
    """A mark of the byte order goes before the header, the header before the page's own words."""
    text, is_certain = text_of(data, content_type)
    assert text.endswith(TEXT)
    assert is_certain


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (TEXT * 5, "cp1252"),
        ("Печь стоит на холме у деревни, и зимой там тепло. " * 5, "cp1251"),  # noqa: RUF001
        ("陶芸の窯は山のふもとにあります。" * 5, "cp932"),
        ("窑在山脚下，冬天很暖和。" * 5, "gb18030"),  # noqa: RUF001
    ],
)
def test_undeclared(text: str, encoding: str) -> None:
    """Where nothing is declared, or UTF-8 is and cannot be, the letters are guessed, and it is said."""
    for head in (b"<p>", b"<meta charset=utf-8>"):
        read, is_certain = text_of(head + text.encode(encoding))
        assert read.endswith(text)
        assert not is_certain
