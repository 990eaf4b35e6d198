"""Sentences in any script: where they end, and how to shorten a long one."""

from __future__ import annotations

import re

from notemill.offline.cues import cues
from notemill.text.words import fold, folded, is_cjk, width

# The length asked of a description, in Latin letters, and the length it never passes.
IDEAL_CHARS = 200
MOST_CHARS = 300
WHOLE_CHARS = 240
LEAST_CLAUSE = 60

# A sentence ends at one of these; the ASCII stops and the ellipsis need a space after them.
_STOP = re.compile(
    "(?:[\u3002\uff01\uff1f\uff61]+|[!?\u2026\u061f\u06d4\u0964\u0965\u0589\u1362\u17d4\u104b]+|\\.+)"
    "[\"'\u2019\u201d\u00bb\u300d\u300f\u3011)\\]\uff09\u300b]*"
)
_WIDE_STOPS = "\u3002\uff01\uff1f\uff61"
_CLOSERS = "\"'\u2019\u201d\u00bb\u300d\u300f\u3011)]\uff09\u300b"
ENDINGS = "!?\u2026\u061f\u06d4\u0964\u0965\u0589\u1362\u17d4\u104b." + _WIDE_STOPS
QUESTIONS = "?\uff1f\u061f\u037e"
_LAST_WORD = re.compile(r"[^\s(\[\"'\u201c\u201e\u00ab]*$")
_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2})?")
_PARENTHESES = re.compile(r"\s?\([^()]*\)|\uff08[^\uff08\uff09]*\uff09")
_STRONG_BREAK = re.compile(r"[;\uff1b](?=\s|[^\x00-\x7f])|\s[\u2014\u2013]\s|\s--?\s|\u2014\u2014")
_CONJUNCTIONS = "|".join(sorted(cues()["conjunctions"]))
_WEAK_BREAK = re.compile(rf"[,\u060c](?=\s(?:{_CONJUNCTIONS})\b)|\uff0c|\u060c\s", re.IGNORECASE)
_ANY_BREAK = re.compile(r"[,:](?=\s)|\uff0c|\uff1a|\u3001|\s(?=\()|\u060c")
_SUBORDINATING = tuple(sorted(cues()["subordinating"]))


def split(text: str) -> list[str]:
    """Return the sentences of one paragraph, stops and closing quotes included."""
    sentences: list[str] = []
    start = 0
    for match in _STOP.finditer(text):
        if match.end() < len(text) and not _ends(text, start, match):
            continue
        sentence = text[start : match.end()].strip()
        if sentence:
            sentences.append(sentence)
        start = match.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Say whether the stop that `match` found ends a sentence rather than an abbreviation."""
    stop = match[0]
    after = text[match.end() : match.end() + 2]
    if stop[0] in _WIDE_STOPS:
        # A quotation inside a sentence goes on after its closing quote.
        return not (stop[-1] in _CLOSERS and after[:1] in "\uff0c\u3001\uff1b\u7684\u3068")
    if not after[:1].isspace():
        return stop[0] not in ".\u2026" and not after[:1].isascii()
    following = after[1:2]
    if following.islower() or following in ",;)":
        return False
    if stop[0] != "." or len(stop) > 1:
        return True
    near = max(start, match.end() - MOST_CHARS)
    if text.count("(", near, match.end()) > text.count(")", near, match.end()):
        return False
    word = _last_word(text, start, match.start())
    if _NUMBER.fullmatch(word):
        # "3." is an ordinal in German, Polish or Swedish, and the number of an item elsewhere.
        return False
    initial = len(word) == 1 and word.isalpha() and word != "I"
    return not initial and fold(word) not in cues()["abbreviations"]


def _last_word(text: str, start: int, end: int) -> str:
    found = _LAST_WORD.search(text, max(start, end - 24), end)
    return found[0] if found else ""


def is_complete(text: str) -> bool:
    """Say whether `text` ends like a sentence."""
    return text.rstrip(_CLOSERS)[-1:] in ENDINGS if text else False


def shortened(sentence: str) -> str:
    """Return `sentence` within a description's limit, cut at the end of a clause.

    A sentence slightly over the ideal stays whole, since a whole thought reads better; if no clause
    ends in the right place, it is cut after a word, with "…".
    """
    limit = ideal(sentence)
    if len(sentence) <= limit:
        return sentence
    lean = _PARENTHESES.sub("", sentence)
    if len(lean) <= limit and len(lean) > LEAST_CLAUSE:
        return lean
    cut = _cut_at(_STRONG_BREAK, sentence, limit)
    if cut:
        return cut
    if len(sentence) <= limit * WHOLE_CHARS // IDEAL_CHARS:
        return sentence
    for breaks in (_WEAK_BREAK, _ANY_BREAK):
        cut = _cut_at(breaks, sentence, limit)
        if cut and not _is_subordinate(cut):
            return cut
    return _cut_at_word(sentence, limit)


def ideal(text: str) -> int:
    """Return the ideal length of a description in the script of `text`, in characters."""
    return IDEAL_CHARS * 3 // 5 if is_cjk(text) else IDEAL_CHARS


def _cut_at(breaks: re.Pattern[str], sentence: str, limit: int) -> str:
    """Return the longest start that ends at one of `breaks`, closed with a stop, or ""."""
    best = 0
    for match in breaks.finditer(sentence, 0, limit + 1):
        head = sentence[: match.start()]
        if width(head) >= LEAST_CLAUSE and _balanced(head):
            best = match.start()
    if not best:
        return ""
    head = sentence[:best].rstrip(" ,;:\uff0c\uff1b\u3001\uff1a")
    return head + ("" if is_complete(head) else stop_for(head))


def _is_subordinate(text: str) -> bool:
    head = folded(text)
    return any(
        head.startswith(word) and (is_cjk(word) or not head[len(word) : len(word) + 1].isalnum())
        for word in _SUBORDINATING
    )


def _balanced(text: str) -> bool:
    pairs = (
        "()",
        "\uff08\uff09",
        "\u300c\u300d",
        "\u201c\u201d",
        "\u300a\u300b",
        "[]",
        "\u00ab\u00bb",
    )
    even = text.count('"') % 2 == 0
    return even and all(text.count(pair[0]) <= text.count(pair[1]) for pair in pairs)


def _cut_at_word(sentence: str, limit: int) -> str:
    head = sentence[: limit - 1]
    if not is_cjk(sentence):
        head = head.rpartition(" ")[0] or head
    return head.rstrip(" ,;:.\uff0c\uff1b\u3001\uff1a(") + "\u2026"


def stop_for(text: str) -> str:
    """Return the full stop of the script in which `text` ends."""
    last = next((char for char in reversed(text) if char.isalpha()), "a")
    if is_cjk(last) or is_cjk(text):
        return "\u3002"
    if "\u0900" <= last <= "\u097f":
        return "\u0964"
    return "" if "\u0e00" <= last <= "\u0eff" else "."
