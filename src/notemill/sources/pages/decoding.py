"""The letters of a page, decided as browsers decide them; pure.

A byte order mark before the header, the header before the page's own words
(https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding), labels by
the table of https://encoding.spec.whatwg.org/#names-and-labels: `iso-8859-1` means windows-1252.
In one thing more is done than they do: what is UTF-8 throughout is read so, whatever it is called.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Where browsers look for `meta` first; what stands behind is found when the page is parsed, so a
# little more than the first 1,024 bytes is read at once.
_HEAD_BYTES: Final = 16 << 10
_SAMPLE_BYTES: Final = 64 << 10
_META: Final = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML: Final = re.compile(rb"<\?xml\b[^>]*?\bencoding\s*=\s*[\"']\s*([\w.:-]+)", re.IGNORECASE)
_COMMENT: Final = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADER: Final = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
# Python's name of a codec, and the one that browsers take instead of it: a superset.
_SUPERSETS: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-16-le",
    "utf-8-sig": "utf-8",
}
# Labels that Python does not know.
_LABELS: Final = {
    "ansi_x3.4-1968": "cp1252",
    "chinese": "gb18030",
    "cn-big5": "big5hkscs",
    "csisolatin1": "cp1252",
    "dos-874": "cp874",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "x-unicode20utf8": "utf-8",
    "unicodefffe": "utf-16-be",
    "unicodefeff": "utf-16-le",
    "x-euc-jp": "euc_jp",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "x-mac-ukrainian": "mac_cyrillic",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "x-user-defined": "cp1252",
    "x-x-big5": "big5hkscs",
    "csksc56011987": "cp949",
    "iso-ir-149": "cp949",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "windows-949": "cp949",
}
# All of the standard's, and three Asian ones of old mail that browsers gave up.
_ENCODINGS: Final = frozenset(
    {"utf-8", "utf-16-le", "utf-16-be", "cp866", "cp874", "koi8-r", "koi8-u", "gb18030", "hz"}
    | {"big5hkscs", "euc_jp", "iso2022_jp", "iso2022_kr", "cp932", "cp949", "mac-roman"}
    | {"mac_roman", "mac-cyrillic", "mac_cyrillic"}
    | {f"cp125{one}" for one in range(9)}
    | {f"iso8859-{one}" for one in range(2, 17)}
)
# What pages without a label were written in; its own guess may be an encoding of no page.
_GUESSES: Final = [
    *("cp1252", "cp1251", "cp1250", "cp932", "euc_jp", "gb18030", "big5hkscs", "cp949"),
    *("cp1253", "cp1254", "cp1255", "cp1256", "cp874", "koi8_r", "iso8859_2", "iso2022_jp"),
]
_REPLACED: Final = "\ufffd"
_SINGLE_BYTES: Final = re.compile(r"cp(?:125\d|866|874)|iso8859-\d+|koi8-[ru]|mac[-_]\w+")
_LEAST_UTF8: Final = 2
"""So many letters of UTF-8, and nothing else, are no chance in a text of one byte a letter."""
_LEAST_UTF8_OF_PAIRS: Final = 20
"""In one of two bytes a letter, a few pairs may be UTF-8 by chance, all of a text never."""


def encoding_of(label: str) -> str:
    """Return Python's codec for a label of the web, '' for one that is none."""
    label = label.strip().lower()
    if label in _LABELS:
        return _LABELS[label]
    try:
        name = codecs.lookup(label.removeprefix("x-")).name
    except (LookupError, ValueError):
        return ""
    name = _SUPERSETS.get(name, name)
    return name if name in _ENCODINGS else ""


def text_of(data: bytes, content_type: str = "") -> tuple[str, bool]:
    """Return the text of a page, and whether its letters are certain.

    `content_type` is the header of that name, if the page came with one.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace"), True
    if encoding := _declared(data, content_type):
        return _settled(data, data.decode(encoding, "replace"), encoding)
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        return _guessed(data), False


def _settled(data: bytes, text: str, encoding: str) -> tuple[str, bool]:
    """Return a text as it was declared, unless what it is declared to be cannot be."""
    if encoding != "utf-8" and not encoding.startswith("utf-16"):
        least = _LEAST_UTF8 if _SINGLE_BYTES.fullmatch(encoding) else _LEAST_UTF8_OF_PAIRS
        if (found := _as_utf8(data)) and sum(not char.isascii() for char in found) >= least:
            return found, True
    wrong = text.count(_REPLACED)
    # A page may show the sign itself.
    if wrong and encoding == "utf-8":
        wrong -= data.count(_REPLACED.encode())
    if encoding != "utf-8" or not wrong:
        return text, not wrong
    # Bytes of another encoding may look like UTF-8 here and there; most of them do not.
    right = sum(not char.isascii() for char in text) - wrong
    return (text if right >= wrong else _guessed(data)), False


def _as_utf8(data: bytes) -> str:
    """Return data as UTF-8, '' if it is not that, or has no letters that would tell."""
    try:
        return "" if data.isascii() else data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _declared(data: bytes, content_type: str) -> str:
    """Return the codec that the header or the page itself names, '' if neither does."""
    if (named := _HEADER.search(content_type)) and (encoding := encoding_of(named[1])):
        return encoding
    head = data[:_HEAD_BYTES]
    if head[:4:2] == b"\0\0" or head[1:4:2] == b"\0\0":
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    in_page = _COMMENT.sub(b"", head)
    for form in (_META, _XML):
        found = form.search(in_page)
        if found and (encoding := encoding_of(found[1].decode("ascii"))):
            # A page that could be read so far is not UTF-16.
            return "utf-8" if encoding.startswith("utf-16") else encoding
    return ""


def _guessed(data: bytes) -> str:
    """Return a text whose letters nothing names and that is no UTF-8."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  # slow to load, rarely needed

    best = from_bytes(data[:_SAMPLE_BYTES], cp_isolation=_GUESSES).best()
    encoding = encoding_of(best.encoding) if best else ""
    return data.decode(encoding or "cp1252", "replace")
