"""Notes and vaults that repeat something, of any size: what an attacker, or a broken tool, writes.

Each pattern is made by code and takes its size in bytes; none is a text that anybody would keep.
`bench/bench_hostile.py` draws the time of every command against it, `test_time.py` holds that no
work on a note grows faster than the note.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PROPERTIES_BYTES: Final = 262_000
"""A larger block is no frontmatter to notemill: it is left unread, which takes no time."""


def repeated(piece: str, size: int) -> str:
    """Return a piece as often as makes about `size` bytes, `{}` in it numbered."""
    width = len(piece.replace("{}", "00000").encode("utf-8", "surrogatepass"))
    count = max(1, size // max(1, width))
    if "{}" not in piece:
        return piece * count
    return "".join(piece.replace("{}", str(number)) for number in range(count))


def growing(piece: str, size: int, *, between: str = " ") -> str:
    """Return runs of a piece, each one longer than the last."""
    parts: list[str] = []
    total = 0
    while total < size:
        run = piece * (len(parts) + 1) + between
        parts.append(run)
        total += len(run.encode())
    return "".join(parts)


def nested(opening: str, closing: str, size: int) -> str:
    """Return as many openings as closings behind them."""
    count = max(1, size // len((opening + closing).encode()))
    return opening * count + closing * count


def stairs(mark: str, size: int) -> str:
    """Return lines, each set in deeper than the one above."""
    parts: list[str] = []
    total = 0
    while total < size:
        line = "  " * len(parts) + mark + "\n"
        parts.append(line)
        total += len(line)
    return "".join(parts)


def levels(size: int) -> str:
    """Return mappings of YAML, one within the other, each on a line of its own."""
    return "k:\n" + "".join(
        f"{' ' * (depth + 1)}k:\n" for depth in range(int((2 * size) ** 0.5) - 2)
    )


def styles(size: int) -> str:
    """Return tags that are one tag written in as many ways as there are."""
    count = max(1, size // 36)
    return "".join(
        f"#a{f'{number:017b}'.replace('0', '-a').replace('1', '_a')} " for number in range(count)
    )


def series(size: int) -> str:
    """Return tags of which many are one letter apart from each other."""
    count = max(1, size // 13)
    letters = (
        "".join(chr(97 + number // 26**place % 26) for place in range(4)) for number in range(count)
    )
    return "".join(f"#word{one}word " for one in letters)


# -- the text -------------------------------------------------------------------------------------

CHARACTERS: Final = (
    *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a", "A", "0", " ", "\t", "\n", "\r", "\r\n", "\x00", "\x0b",
    "\x0c", "\x1c", "\x85", "\xa0", "\xad", "\u0301", "\u0300\u0316", "\u05b0", "\u0645", "\u200b",
    "\u200d", "\u202e", "\u2028", "\u3000", "\ufeff", "\ufffd", "\u1100", "\u1161", "\uac00", "\u0e01",
    "中", "あ", "、", "。", "ﷺ", "ﬃ", "İ", "ß", "\U0001f600", "\U0001f468\u200d", "\U000e0041",
    "\U0001d400", "…", "「", "《", "•",
)  # fmt: skip
"""What is repeated alone, without anything between."""

PIECES: Final = (
    # links, embeds, footnotes, definitions
    "[[", "]]", "[[a", "[[a|", "[[a]]", "[[a|b]] ", "![[", "![[a]]", "[](", "![](", "[a](", "[a](b) ",
    "[a](<", '[a](b "', "](", "[a]: b\n", '[a]: b "c"\n', "[a][b]", "[a][", "[^1]", "[^1]: a\n",
    "[^", "^[", "^a\n", "^a ", "[!note] ", "> [!note] a\n", "[[#", "[[\\", "[[a\\|", "((", "[(", "([", "[]",
    "![a][", "![a](b", "[ ](",
    # emphasis, code, math, comments
    "**", "**a", "**a**", "_a", "_a_", "__a", "a_", "*a", "* a*", "~~a", "==a", "` ", "`a", "`` ` ", "```\n",
    "```a\n", "~~~\n", "~~~ ```\n", "> ```\n", "- ```\n", "$a", "$ ", "$$", "$$\n", "$1 ", "\\$a", "%%", "%% ",
    "%%\n", "%%a%%", "%a", "<!--", "-->", "<!-- -->", "<!-- a\n", "<!-", "`<!--` ",
    # HTML, templates, addresses, entities
    "<", "<a ", '<a href="', "<a b='", "<a>", "</a>", "<div>", "<div>\n", "</div>\n", "<div\n", "<p>", "<br>",
    "<table>", "<table><tr><td>", "<tr><td>a", "| <b>a\n", "<pre>", "<pre><code>", "<script>", "<style>",
    "<svg>", "<svg", "<!DOCTYPE", "<?a", "<![CDATA[", "<img src=", "<img alt=\"a\" src='b' ", "<h1>", "<li>",
    "{{", "}}", "{{a", "{{c1::a", "{{c1::a::b", "{{query a", "<%", "%>", "<% tp.a ", "<% a", "{%", "{", "}",
    "{a}", "http://", "http://a ", "https://a.b/?a=b&", "https://a?utm_a=b ", "www.", "mailto:", "a@b", "<a@b",
    "&amp;", "&#", "&#1", "&#x", "&nbsp;", "&amp", "\\\\", "\\a", "\\\n", "\\[",
    # tags and fields
    "#a ", "#a\n", "#a", "#a/", "#a#b", "#\u0300\u0316 ", "#{} ", "#a{} ", "# a", "#\n", "##", "## ", "# #", "|#a|", "|#a|\n|-|\n",
    "_#a_ ", "**#a** ", "(#a) ", "key:: v\n", "key:: ", "key::", "key{}:: v\n", "key::  \n", "a:: b:: ", "::",
    "(key:: v)", "[key:: v]", "(key:: ", "[key:: ", "tags:: a\n", "tags:: a, b\n", "id:: a\n", ":LOGBOOK:\n",
    ":PROPERTIES:\n", "#+BEGIN_QUERY\n", "#+BEGIN_A\n", "#+", "TODO ", "- TODO a\n", "a: b\n", "a:\n", ": ",
    "Key: Value. ",
    # lines: lists, quotes, tables, headings, rules
    "- ", "- \n", "- a\n", "- - ", "-\n", "- [ ] ", "- [ ] a\n", "* ", "+ a\n", "1. ", "1. a\n", "1) ", "> ", ">",
    "> a\n", "> > ", ">\n", "> - a\n", "| a ", "| a\n", "|a|b|\n", "|-|", "|-|\n", "|:-:", "a|b\n-|-\n", "---\n",
    "--- ", "- - -\n", "-- ", "***\n", "* * *\n", "===\n", "a\n===\n", "a\n---\n", "= =", "# a\n", "## a\n", "# a #\n",
    "    a\n", "\ta\n", "    a\n\n", " \n", "  a\n", " a", "a ", "a\n", "a\n\n", "a  \n", "a\r", "a\r\n", "\n ", "\n\n ",
    " \t", "\t\n", "+++\n", ";;;\n", "a\\\n", '"a":', "%%%", "% a\n", "---a\n", "—\n",
    # words, numbers, dates, sentences, other scripts
    "a.", "a. ", "A. ", "a.b.", "a-b-", "a_b_", "a'b", "a+", "a1", "1a", "1.", "1,", "1:", "1:1:", "2020-01-01 ",
    "2020/01/02\n", "12:30 ", "(a) ", "(a", "a)", '"a" ', "'a' ", "a, ", "a; ", "a: ", "a? ", "a! ", "a — ", "... ",
    ".. ", "!? ", "word{} ", "Word ", "WORD", "camelCase", "ab", "abc ", "a b\n", "A{}. ", "The a is b. ",
    "中文", "中,", "中。", "あア", "「中」", "《中", "e\u0301", "ä ", "ё ", "الع", "नि", "ก ", "한국 ", "\u1100\u1161",
    "\U0001f600 ", "\U0001f468\u200d\U0001f469\u200d", "\U0001f510", "\U0001f510\u03b1", "\u200ba", "\u202ea",
    "a\u0301\u0316", "\u2028a", "\x00a", "\x85a",
    # what plugins and ciphers write
    "data:a/b,", "data:image/png;base64,", "data:image/svg+xml,<svg", "-----BEGIN A-----\n", "-----BEGIN A",
    "-----BEGIN A-----\nA: b\n", "U2FsdGVkX1", "$ANSIBLE_VAULT;", "eyJ", "ENC[A,", '{"ct":"', "aB3", "Ab/",
    "aGVsbG8gd29ybGQ", "AAAA" * 12 + "\n", "%% Begin Waypoint %%", "<!-- toc -->", "**Complete**\n",
    "# Excalidraw Data\n", "## Text Elements\n", "%%\n# Drawing\n```compressed-json\n", "excalidraw: ", "abcd: ",
    # notemill's own marks
    "<!-- notemill: related -->\n", "<!-- notemill: end of related -->\n", "<!-- notemill: tags -->\n",
    "<!-- notemill: end of tags -->\n", "<!-- notemill: related -->\n<!-- notemill: end of related -->\n",
    "<!-- notemill: tags -->\n- a\n", "<!-- notemill:", "notemill: ignore\n",
)  # fmt: skip
"""What is repeated, `{}` in it numbered."""

RUNS: Final = (
    "`",
    "~",
    "*",
    "_",
    "$",
    "#",
    "=",
    "-",
    " ",
    "\t",
    "[",
    "(",
    "<",
    ">",
    "%",
    "a",
    "\\",
    "|",
    ":",
    "/",
)
"""What stands in runs, each longer than the last."""

PAIRS: Final = (
    ("[", "]"), ("[[", "]]"), ("(", ")"), ("[](", ")"), ("{", "}"), ("{{", "}}"), ("<", ">"), ("<div>", "</div>"),
    ("<b>", "</b>"), ("<table>", "</table>"), ("<pre>", "</pre>"), ("<svg>", "</svg>"), ("<script>", "</script>"),
    ("<!--", "-->"), ("<%", "%>"), ("**a", "b**"), ("*a ", " b*"), ("_a ", " b_"), ('"', '"'), ("“", "”"), ("「", "」"),
    ("[a](b", ")"), ("![a](", ")"), ("```\n", "~~~\n"), ("`", "``"), ("(a:: ", ")"), ("[!a", "]"), ('{"a":', "}"),
    ("<a href='", "'>"), ("> ", "\n"), ("- ", "\n"), ("%%a\n", "%%\n"), ("$a", " $"), ("~~~\n", "```\n"),
    ("<!-- notemill: related -->\n", "<!-- notemill: end of related -->\n"),
    ("<!-- notemill: tags -->\n", "<!-- notemill: end of tags -->\n"),
    (":LOGBOOK:\n", ":END:\n"), ("#+BEGIN_QUERY\n", "#+END_QUERY\n"), ("%% Begin Waypoint %%\n", "%% End Waypoint %%\n"),
    ("-----BEGIN A-----\n", "-----END A-----\n"), ("{{c1::", "}}"), ("<% tp.", " %>"),
)  # fmt: skip
"""What is opened as often as it is closed, all of it before the first closing."""

STAIRS: Final = ("- a", "> a", "1. a", "a", "key:: v", "#a", "- [ ] a", "```", "| a |")
"""Lines that are set in ever deeper."""

HEADS: Final = ("+++\n", "{", "---json\n", ";;;\n", "% a\n", "--\n", "a\n---\ntags: a\n")
"""Beginnings of metadata that is no frontmatter."""
DRAWING: Final = "---\nexcalidraw-plugin: parsed\n---\n\n# Excalidraw Data\n## Text Elements\n"

# -- the properties -------------------------------------------------------------------------------

PROPERTIES: Final = (
    "key{}: v\n", "Key{}: v\n", "key: v\n", "tags: [a]\n", "tags: a\n", "tags: a b\n", "tag: a\n", "Tag{}: [a]\n",
    "alias: a\n", "aliases: a, b\n", "cssclass: a\n", "# a\n", "#\n", "\n", " \n", "Date{}: 2020/01/02\n",
    "date{}: 01/02/2020\n", "x{}: [a, b]\n", "x{}: {a: b}\n", "x{}:\n  - a\n", "x{}:\n  y: z\n", "x{}: 'a'\n",
    'x{}: "a\\n"\n', "x{}: |\n  a\n", "x{}: >\n  a\n\n", "x{}:\n", "x{}: ~\n", "x{}: # a\n", "x{}: a # b\n",
    "x{}: 1:1:1\n", "x{}: 1e9\n", "x{}: !!str a\n", "x{}: !a b\n", "&a{} x{}: b\n", "x{}: &a b\n", "x{}: *a\n",
    "<<: {a: b}\n", "? x{}\n: y\n", "? a\n", "- a\n", "--- \n", "...\n", "%YAML 1.2\n", "{a: b}\n", "'x{}': y\n",
    '"x{}": y\n', "x{} : y\n", "notemill: ignore\n", "description: a\n", "topics: [a]\n", "related: '[[a]]'\n",
    "related: [ '[[a]]' ]\n", "x{}: '[[a]]'\n", "x{}: '[[a]], [[b]]'\n", "tags: #a\n", "x{}: http://a\n",
    "中{}: 中\n", "İ{}: a\n", "x{}: \u2028\n", "x{}: \x85\n", "x{}: {{date}}\n", "x{}: <% a %>\n", "x{}: a\r\n",
)  # fmt: skip
"""Lines of a frontmatter."""

VALUES: Final = (
    "a, ", "a{}, ", "'a', ", '"a", ', "'#a', ", ", ", "[a], ", "[a, b], ", "{a: b}, ", "a: b, ", "? a, ", "&a b, ", "*a, ",
    "!!str a, ", "a\n  ", "a,\n  ", "# a\n  ", "a # b\n  , ", "'[[a]]', ", "'[[a{}]]', ", "1:1, ", "a/b{}, ", "a b, ", "~, ",
    "'', ", "İ{}, ", "中{}, ", "\u0301{}, ",
)  # fmt: skip
"""Parts of one `[list]`, which is that of `tags`, `related` or any other property."""

SCALARS: Final = (
    "a", "a ", " ", "0", "1:", "1_", "a-", "\\", "\\\\", "'", '"', "''", "\\x41", "\\u0041", "\\N", "\\\n  ", "a\n  ", "a\n\n  ", "#", " #",
    "#a ", "a,", "[[", "[[a]] ", "[[a]], ", "[a](", "[a](b) ", ": ", "- ", "&", "*", "!", "%", "@", "`", "{{", "<%", "<", "\t", "\u0301",
    "\u2028", "中", "\U0001f600", "(", "]", "}", "[]", "{}",
)  # fmt: skip
"""What one value consists of: plain, in either quotes, and as a text of several lines."""

LINES: Final = (
    "- a\n", "- a{}\n", "- 'a'\n", "- #a\n", "-\n", "- \n", "- [[a]]\n", "- '[[a{}]]'\n", "- a # b\n", "# a\n", "\n", "- - a\n", "- a: b\n",
    "- |\n    a\n", "- ~\n", "- a/b/c{}\n", "- 中{}\n",
)  # fmt: skip
"""Lines of a list of one item a line, which is that of `tags`, `related` or any other property."""


STYLES: Final = {
    "plain": ("", ""),
    "single": ("'", "'"),
    "double": ('"', '"'),
    "block": ("|\n  ", ""),
    "folded": (">\n  ", ""),
    "comment": ("#", ""),
}
"""How a value is written: what opens and what closes it."""
NESTS: Final = (
    ("[", "]"), ("{a: ", "}"), ("{", "}"), ("[{a: ", "}]"), ("- ", ""), ("? ", ""), ("[a, ", "]"),
)  # fmt: skip
"""Collections within each other."""

Make: TypeAlias = "Callable[[int], str]"


def _note(make: Make, head: str = "", foot: str = "") -> Callable[[int], bytes]:
    """Return what makes a note of a size, in which something stands between two texts."""
    return lambda size: f"{head}{make(size)}{foot}".encode("utf-8", "surrogatepass")


def _block(make: Make, head: str = "", foot: str = "") -> Callable[[int], bytes]:
    """Return what makes a note whose frontmatter is of a size."""
    return lambda size: f"---\n{head}{make(size)}{foot}\n---\nA word.\n".encode(
        "utf-8", "surrogatepass"
    )


def _of_text() -> dict[str, Callable[[int], bytes]]:
    found: dict[str, Callable[[int], bytes]] = {}
    for piece in dict.fromkeys((*CHARACTERS, *PIECES)):
        found[f"text {piece!r}"] = _note(partial(repeated, piece))
        if line := piece.rstrip("\n"):
            found[f"line {piece!r}"] = _note(partial(repeated, line), "A word ", "\nanother.\n")
    for piece in RUNS:
        found[f"runs {piece!r}"] = _note(partial(growing, piece))
        found[f"rows {piece!r}"] = _note(partial(growing, piece, between="\n"))
    for opening, closing in PAIRS:
        found[f"nested {opening!r} {closing!r}"] = _note(partial(nested, opening, closing))
    for mark in STAIRS:
        found[f"stairs {mark!r}"] = _note(partial(stairs, mark))
    for piece in ("#a ", "key:: v\n", "[[a]] ", "- a\n", "中"):
        found[f"drawing {piece!r}"] = _note(partial(repeated, piece), DRAWING)
    for head in HEADS:
        for piece in ("a = 1\n", '"a": [', "[", "a: b\n", "\n", '{"a":', '"a": 1,\n', "1", "-"):
            found[f"head {head!r} {piece!r}"] = _note(partial(repeated, piece), head)
    found["vocabulary"] = _note(partial(repeated, "- a{}\n"), "<!-- notemill: tags -->\n")
    found["spaces within a field"] = _note(partial(repeated, " "), "key:: a", "b\n")
    found["spaces behind a field"] = _note(partial(repeated, " "), "key::", "\n")
    found["tags in many styles"] = _note(styles)
    found["tags in a series"] = _note(series)
    found["no UTF-8"] = lambda size: b"\xff" * size
    found["surrogates"] = lambda size: b"\xed\xa0\x80" * (size // 3)
    return found


def _of_properties() -> dict[str, Callable[[int], bytes]]:
    found: dict[str, Callable[[int], bytes]] = {}
    for piece in PROPERTIES:
        found[f"properties {piece!r}"] = _block(partial(repeated, piece))
    for key in ("tags", "related", "x"):
        for piece in VALUES:
            found[f"{key}: [{piece!r}]"] = _block(partial(repeated, piece), f"{key}: [", "z]")
        for piece in LINES:
            found[f"{key}: {piece!r}"] = _block(partial(repeated, piece), f"{key}:\n")
    for key in ("tags", "aliases", "description", "x"):
        for style, (head, foot) in STYLES.items():
            for piece in SCALARS:
                found[f"{key}: {style} {piece!r}"] = _block(
                    partial(repeated, piece), f"{key}: {head}", foot
                )
    for opening, closing in NESTS:
        inside = partial(nested, opening, closing)
        found[f"depth {opening!r}"] = _block(inside, "x: ")
        found[f"depth {opening!r}, open"] = _block(partial(repeated, opening), "x: ")
        # What counts brackets may count these, which are none to YAML.
        for name, head, foot in (("a comment", "# ", ""), ("quotes", "y: '", "'")):
            found[f"depth {opening!r} behind closed ones in {name}"] = _block(
                partial(_unfolded, opening, closing, head, foot)
            )
    found["depth by indentation"] = _block(levels)
    found["a long key"] = _block(partial(repeated, "a"), "", ": b")
    found["a long key in quotes"] = _block(partial(repeated, "a"), "'", "': b")
    return found


def _unfolded(opening: str, closing: str, head: str, foot: str, size: int) -> str:
    shut, opened = repeated(closing or "-", size // 2), repeated(opening, size // 2)
    return f"{head}{shut}{foot}\nx: {opened}"


TEXTS: Final = _of_text()
"""Notes without frontmatter, by what they repeat."""
FRONTMATTERS: Final = _of_properties()
"""Notes that are nearly nothing but frontmatter, of at most MAX_PROPERTIES_BYTES."""


def note(name: str, size: int) -> bytes:
    """Return the note of a pattern with about `size` bytes."""
    if name in TEXTS:
        return TEXTS[name](size)
    return FRONTMATTERS[name](min(size, MAX_PROPERTIES_BYTES))
