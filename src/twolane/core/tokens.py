"""How many tokens a request holds: a typical estimate, and a bound that is never exceeded."""

from __future__ import annotations

from typing import Final

FRAMING_TOKENS: Final = 1_000
"""What a provider may add: role markers, tool and schema instructions."""

# UTF-8 lead bytes, by the length of the character they begin.
_LEADS_OF_2: Final = bytes(range(0xC2, 0xE0))
_LEADS_OF_3: Final = bytes(range(0xE0, 0xF0))
_LEADS_OF_4: Final = bytes(range(0xF0, 0xF5))


def estimate_input_tokens(body: bytes | str) -> int:
    r"""Return about how many input tokens a request's JSON body holds.

    Assumptions, by script: 3.5 ASCII characters a token (the figure Anthropic's glossary gives
    for English), 2 characters a token for those of two bytes in UTF-8 (accented Latin, Greek,
    Cyrillic, Hebrew, Arabic), 1 token for those of three (Chinese, Japanese, Korean, Indic
    scripts) and for a `\uXXXX` escape, 2 for those of four (emoji). Real counts vary by about a
    third around it with tokenizer and text; images, documents and tools are not counted.
    """
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    size = len(data)
    # One byte is found much faster than two: most texts are plain, and done here.
    escapes = data.count(b"\\u") if b"\\" in data else 0
    if data.isascii():
        if not escapes:
            return -(-2 * size // 7)
        of_2 = of_3 = of_4 = 0
    else:
        of_2 = size - len(data.translate(None, _LEADS_OF_2))
        of_3 = size - len(data.translate(None, _LEADS_OF_3))
        of_4 = size - len(data.translate(None, _LEADS_OF_4))
    ascii_chars = max(size - 2 * of_2 - 3 * of_3 - 4 * of_4 - 6 * escapes, 0)
    # In fourteenths of a token: 1/3.5 is 4/14, one half is 7/14.
    fourteenths = 4 * ascii_chars + 7 * of_2 + 14 * (of_3 + escapes) + 28 * of_4
    return -(-fourteenths // 14)


def careful_tokens(text: str) -> int:
    """Return a token count that a text rarely exceeds with a small model's vocabulary.

    With SmolLM2's tokenizer, whose 49,152 entries are mostly English, 17 of 213 notes in ten
    languages exceeded it, 3 of them by over 15 %.
    """
    return -(-sum(map(_weight, text)) // 100)


def fitting(text: str, tokens: int) -> str:
    """Return the longest beginning of `text` within so many careful tokens."""
    left = 100 * tokens
    for at, char in enumerate(text):
        left -= _weight(char)
        if left < 0:
            return text[:at]
    return text


def _weight(char: str) -> int:
    """Return what a character weighs, in hundredths of a token."""
    if char < "\x80":
        if char.isalpha() or char.isspace():
            return 33
        return 100 if char.isdigit() else 75
    if char < "\u0800":
        return 125
    return 220 if char < "\U00010000" else 300


def usual_input_tokens(size_bytes: int) -> int:
    """Return about how many input tokens requests of this size together hold: 3.5 bytes each."""
    return size_bytes * 2 // 7


def bound_input_tokens(body_size_bytes: int) -> int:
    """Return a number of input tokens that a text request of this size cannot exceed.

    A byte-level tokenizer never makes more tokens than there are bytes, and a JSON body is never
    shorter than the text in it; FRAMING_TOKENS covers what the provider adds. For unpublished
    tokenizers, including Claude's, this is an assumption; real text stays far below it. It holds
    for text in the body itself, not for content that is only named there (a URL, a file id),
    compressed (images, PDF), or fetched by a server-side tool.
    """
    return body_size_bytes + FRAMING_TOKENS
