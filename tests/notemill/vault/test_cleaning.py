"""What of a note is its owner's words, and what is a plugin's, a picture's or a cipher's."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from notemill.markup.masks import FILLER
from notemill.vault.cleaning import owners_words
from notemill.vault.note import parse
from notemill.vault.resolve import title_of

if TYPE_CHECKING:
    from collections.abc import Iterable

BYTES = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(94))
LONG = base64.b64encode(BYTES).decode()
WRAPPED = "\n".join(LONG[at : at + 64] for at in range(0, len(LONG), 64))
HEX = BYTES[:64].hex()


def words_of(text: str, properties: str = "") -> str:
    """Return the owner's words of a note with this text."""
    head = f"---\n{properties}\n---\n" if properties else ""
    return owners_words(parse((head + text).encode())[0])


PICTURES = [
    f"Before ![a heron](data:image/png;base64,{LONG}) after.",
    f'Before ![a heron](<data:image/png;base64,{LONG}> "by the pond") after.',
    f"Before ![a heron](data:image/png;base64,{WRAPPED}) after.",
    f'Before <img alt="a heron" src="data:image/jpeg;base64,{LONG}" width="40"> after.',
    f"Before <IMG src='DATA:image/gif;base64,{LONG}'/> after.",
    f"Before ![a heron][pic] after.\n\n[pic]: data:image/webp;base64,{LONG}",
    "Before ![](data:image/svg+xml;utf8,<svg xmlns='x'><text>SECRET(1)</text></svg>) after.",
    "Before <img src=\"data:image/svg+xml;utf8,<svg><g id='a'>SECRET</g></svg>\"> after.",
    f"Before [sheet](data:application/pdf;base64,{LONG}) after.",
    f"<style>\n.a {{ background: url(data:image/png;base64,{LONG}) }}\n</style>\nBefore, after.",
    f"Before.\n\n```css\n.a {{ background: url(data:image/png;base64,{LONG}) }}\n```\n\nAfter: after.",
]


@pytest.mark.parametrize("text", PICTURES)
def test_of_a_picture_in_the_text_no_more_is_left_than_that_there_is_one(text: str) -> None:
    """Whatever form carries it, the bytes of a file are gone and the sentence around it stays."""
    left = words_of(text)
    assert "Before" in left
    assert "after" in left
    assert len(left) < 200
    assert LONG[:24] not in left
    assert WRAPPED[100:124] not in left
    assert "SECRET" not in left


ENCRYPTED = [
    f"-----BEGIN PGP MESSAGE-----\n\n{WRAPPED}\n=aB3d\n-----END PGP MESSAGE-----",
    f"> -----BEGIN PGP MESSAGE-----\n> Version: 2\n>\n> {LONG[:64]}\n> -----END PGP MESSAGE-----",
    f"```\n-----BEGIN AGE ENCRYPTED FILE-----\n{WRAPPED}\n-----END AGE ENCRYPTED FILE-----\n```",
    f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{WRAPPED}",
    f'"key": "-----BEGIN PRIVATE KEY-----\\n{LONG[:200]}\\n-----END PRIVATE KEY-----\\n"',
    f"```encrypt\n{LONG[:90]}\n```",
    f"```secret\n{LONG[:30]}\n```",
    "\U0001f510\u03b2 eyJ2IjoxLCJhbG= \U0001f510",
    f"%%\U0001f510\u03b1 \U0001f4a1my first cat\U0001f4a1{LONG[:50]} \U0001f510%%",
    f"`%%\U0001f510\u03b1 \U0001f4a11\U0001f4a1{LONG[:50]} \U0001f510%%`",
    f"\U0001f510 {LONG[:40]}\n\U0001f510",
    f"U2FsdGVkX1{LONG[:40]}",
    f"$ANSIBLE_VAULT;1.1;AES256\n{HEX[:80]}\n{HEX[10:60]}",
    f'{{"version": "2.0", "hint": "cat", "encodedData": "{LONG[:60]}"}}',
    f"ENC[AES256_GCM,data:{LONG[:20]},type:str]",
    WRAPPED,
    HEX,
]


def rest(left: str) -> Iterable[str]:
    """Yield what is left of a ciphertext, in pieces of twelve."""
    return (LONG[at : at + 12] for at in range(0, 600, 6) if LONG[at : at + 12] in left)


@pytest.mark.parametrize("text", ENCRYPTED)
def test_nothing_of_a_ciphertext_is_left(text: str) -> None:
    """Neither among other words nor alone; the hint of a password goes as well."""
    left = words_of(f"Opening words.\n\n{text}\n\nClosing words.\n")
    assert left.startswith("Opening words.")
    assert left.endswith("Closing words.")
    assert not list(rest(left))
    assert "cat" not in left
    assert HEX[:20] not in left


@pytest.mark.parametrize("text", [one for one in ENCRYPTED if not one.startswith('"key"')])
def test_a_note_of_ciphertext_alone_is_one_without_text(text: str) -> None:
    """Headings above it do not make it one that says something."""
    assert words_of(f"{text}\n") == ""
    assert words_of(f"# Accounts\n\n{text}\n") == ""


DRAWING = """\
==⚠  Switch to EXCALIDRAW VIEW in the MORE OPTIONS menu of this document. ⚠== You can decompress \
Drawing data with the command palette: 'Decompress current Excalidraw file'.

{back}
%%
# Excalidraw Data

## Text Elements
{texts}

## Element Links
8Rw2x0aB: [[Boiler room]]

## Embedded Files
d41d8cd98f00b204e9800998ecf8427e: [[scan.png]]

0cc175b9c0f1b6a831c399e269772661: $$E = mc^2$$

%%
## Drawing
```compressed-json
{data}
```
%%
"""


def test_of_a_drawing_its_texts_its_back_and_its_links_are_left() -> None:
    """Banner, headings, ids, files and the drawing itself are the plugin's."""
    text = DRAWING.format(
        back="The back of the card.\n",
        texts="Hot water\nfor two flats ^a1B2c3D4\n\nCold store ^e5F6g7H8",
        data=WRAPPED,
    )
    expected = (
        "The back of the card.\n\nHot water\nfor two flats\n\nCold store\n\n[[Boiler room]]\n\n"
        "$$E = mc^2$$"
    )
    for properties in ("excalidraw-plugin: parsed\ntags: [excalidraw]", ""):
        assert words_of(text, properties) == expected


def test_drawings_of_older_plugins_are_read_too() -> None:
    """Texts below a heading of the first level, and the drawing as JSON."""
    text = (
        "# Text Elements\nOne pump ^k1\n\n# Embedded files\nab12cd34: [[a.png]]\n\n%%\n# Drawing\n"
        '```json\n{"type": "excalidraw", "elements": []}\n```\n%%'
    )
    assert words_of(text, "excalidraw-plugin: raw") == "One pump"


def test_a_drawing_without_words_is_without_text() -> None:
    """Nothing that the plugin writes counts."""
    empty = "# Excalidraw Data\n\n## Text Elements\n%%\n## Drawing\n```json\n{}\n```\n%%"
    assert words_of(empty, "excalidraw-plugin: parsed") == ""


def test_a_drawing_is_called_by_its_name_alone() -> None:
    """What the plugin puts behind the name is no part of the title."""
    assert title_of("Plans/Kitchen.excalidraw.md") == "Kitchen"
    assert title_of("Plans/v1.2 notes.MD") == "v1.2 notes"
    assert title_of(".excalidraw.md") == ".excalidraw"


def test_of_a_board_its_lanes_and_cards_are_left() -> None:
    """The settings at its end and the mark of a finished lane are the plugin's."""
    settings = '%% kanban:settings\n```\n{"kanban-plugin":"board"}\n```\n%%'
    board = "kanban-plugin: board"
    full = f"## To do\n\n- [ ] Sow peas\n\n## Done\n\n**Complete**\n- [x] Dig\n\n{settings}\n"
    assert words_of(full, board) == "## To do\n\n- [ ] Sow peas\n\n## Done\n\n- [x] Dig"
    assert words_of(f"## To do\n\n## Done\n\n**Complete**\n\n{settings}\n", board) == ""


NOTHING = [
    "```dataview\nTABLE author FROM #books\n```",
    "# Reading list\n\n```dataviewjs\ndv.list()\n```\n\n## Later\n\n```base\nviews: []\n```",
    "Reading list\n============\n\n```query\ntag:#book\n```",
    "> [!todo]\n> ```tasks\n> not done\n> ```",
    "![[Books.base#Unread]]",
    "# Scans\n\n![[page 1.png|300]]\n![](photo.jpg)\n![[talk.pdf#page=2]]",
    "![](https://example.org/a.png)",
    "{{query (todo now)}}",
    "#+BEGIN_QUERY\n{:title [:h2 words]}\n#+END_QUERY",
    "%% only a comment %%",
    "<!-- only\na comment -->",
    "%% Begin Waypoint %%\n- [[Peas]]\n%% End Waypoint %%",
    "[![Build](https://img.shields.io/x.svg)](https://ci.example.org)",
    "#book #unread",
    "- [ ]\n- \n---\n",
    "`button-new`",
    "`= this.file.name`",
    "<script>\nlet words = 1;\n\nrun(words);\n</script>",
    "",
]


@pytest.mark.parametrize("text", NOTHING)
def test_a_note_without_a_word_of_its_owners_is_without_text(text: str) -> None:
    """Queries, pictures, comments, badges and buttons are nothing to describe."""
    assert words_of(f"\n{text}\n") == ""


KEPT = [
    "# Outline\n\n## Sowing\n\n## Reaping",
    "- [[Peas]]\n- [[Beans|Broad beans]]",
    "![[Peas]]",
    "```python\n# count\nprint(sum(rows))\n```",
    "Run `make -j2` first.",
    "    indented = code()",
    "$$\n\\int_0^1 x^2 dx\n$$",
    "It costs 3 $ or $x^2$.",
    "> Quoted words.\n> And more.",
    "> [!tip] A head\n> And its text.",
    "| Plant | Sow |\n| --- | --- |\n| Pea | March |",
    "- [x] Done\n- [ ] Open \U0001f4c5 2026-03-01",
    "rating:: 5\nauthor:: [[Le Guin]]",
    "```mermaid\ngraph TD; Boil --> Pour\n```",
    "A note[^1].\n\n[^1]: Its source.",
    "Words #with/tag and [link](https://example.org/a?id=3).",
    "Write `{{title}}`, <name>, List<String> and 3 < 4 > 2.",
    "The file begins with `-----BEGIN PGP MESSAGE-----`.",
    "\U0001f510 Keep the keys safe \U0001f510",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "src/notemill/workflows/link_writing_and_more/AbstractSingletonProxyFactoryBean.java",
    "https://example.org/how-to-grow-tomatoes-on-a-balcony-in-the-north-2026-edition-part-3",
    "5 %% of it.",
    "東京の夏は暑い。",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_the_owner_wrote_stays(text: str) -> None:
    """Code, math, quotes, tables, lists, links, tags and odd words are kept letter for letter."""
    assert words_of(text) == text


CLEANED = [
    (
        "<table><tr><th>Plant</th><th>Sow</th>\n<tr><td>Pea</td><td><b>May</b><br>or later</td></table>",
        "| Plant | Sow |\n| --- | --- |\n| Pea | May or later |",
    ),
    (
        "<table><tr><td>a|b</td><td>c</td></tr></table>",
        "|  |  |\n| --- | --- |\n| a\\|b | c |",
    ),
    ("<table><tr><td>One.</td></tr><tr><td>Two.</td></tr></table>", "One.\n\nTwo."),
    ("| a<br>b | <ul><li>c</li></ul> |\n|---|---|", "| a b | - c |\n|---|---|"),
    ("<div>\n    <h2>Head</h2>\n    Some text\n</div>", "## Head\n\nSome text"),
    ("Press <kbd>Ctrl</kbd>+<kbd>C</kbd>,&nbsp;then wait", "Press Ctrl+C, then wait"),
    ("<pre><code>a &lt; b</code></pre>", "```\na &lt; b\n```"),
    ("a <svg><text>no</text></svg>b<style>c</style>", "a b"),
    ('<img alt="A heron" src=a.png> flies', "![A heron](a.png) flies"),
    ("Text %%hidden%% goes on <!-- so\ndoes --> this", "Text  goes on  this"),
    ("Before\n\n%%\n```\ncode\n```\n%%\n\nAfter `%%`.", "Before\n\nAfter `%%`."),
    ("Before\n\n%%\nnever closed", "Before\n"),
    ("Said so. ^ab12\n\n^cd34\n\nMore", "Said so. \n\nMore"),
    ("You have `= length(x)` books, `=SUM(A1)`", "You have … books, `=SUM(A1)`"),
    ("{{c1::Ulm::a town}} lies {{query (todo)}}here", "Ulm lies here"),
    ("```ad-note\ntitle: Careful\ncollapse: open\nIt is hot.\n```", "Careful\nIt is hot."),
    ('```cardlink\nurl: https://a.b\ntitle: "Kilns"\nhost: a.b\n```', "Kilns"),
    ("```poetry\nRoses are red\n```", "Roses are red"),
    ("- a\n  id:: 66b1\n  :LOGBOOK:\n  CLOCK: [x]\n  :END:\n- b", "- a\n- b"),
    (
        "[l](https://a.org/p?utm_source=x&id=3&fbclid=y#h) or https://b.de/?gclid=1 really? Yes",
        "[l](https://a.org/p?id=3#h) or https://b.de/ really? Yes",
    ),
    (
        "[![npm][b]](https://npm.org) Counts words.\n\n[b]: https://badge.fury.io/js/x.svg\n",
        " Counts words.",
    ),
    (f"{FILLER}Words{FILLER}", "Words"),
    ("One\r\n\r\n\r\n\r\nTwo\rThree", "One\n\nTwo\nThree"),
    (
        f"See https://docs.example.com/document/d/{LONG[:44].replace('/', '_')}/edit",
        "See https://docs.example.com/document/d/…/edit",
    ),
]


@pytest.mark.parametrize(("text", "left"), CLEANED)
def test_machinery_leaves_and_words_stay(text: str, left: str) -> None:
    """HTML becomes Markdown; comments, ids, queries and tracking go without the words around."""
    assert words_of(text).strip() == left.strip()


def test_what_is_signed_is_read() -> None:
    """A signed message is its owner's words; the signature is none."""
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nI owe Ben five euros.\n"
        f"-----BEGIN PGP SIGNATURE-----\n\n{WRAPPED}\n=aB3d\n-----END PGP SIGNATURE-----\n"
    )
    assert words_of(text).strip() == "I owe Ben five euros."


def test_cleaning_again_changes_nothing() -> None:
    """What is left has nothing more to clean."""
    for text in (*PICTURES, *ENCRYPTED, *KEPT, *(one for one, _ in CLEANED)):
        once = words_of(f"Words.\n\n{text}")
        assert words_of(once) == once


@pytest.mark.long
@pytest.mark.parametrize(
    "unit",
    [
        "<", "<a ", '<img alt="', "<table>", "<svg>", "<pre>", "%%", "%% x\n", "<!--", "![", "![a](",
        "[![a](", "[a]: ", "```dataview\n", "{{", "{{c1::", "$$", "^a\n", ":LOGBOOK:\n",
        "#+BEGIN_QUERY\n", "data:image/png;base64,", "data:image/svg+xml,<svg ", "\U0001f510",
        "-----BEGIN X-----\n", "-----BEGIN X-----\nabcdefghijklmnopqrstu\n", "aB3", "eyJ", "<!-- toc -->",
        "https://a?b=", "a::", "\n\n",
    ],
)  # fmt: skip
def test_cleaning_is_linear_in_the_texts_length(unit: str) -> None:
    """No mark's end is looked for twice: eight times the text takes about eight times as long."""

    def seconds(count: int) -> float:
        text = unit * (count // len(unit))
        began = time.process_time()
        words_of(text)
        return time.process_time() - began

    # A busy machine may stretch one look, and not two: the shorter is the text's own.
    short = min(seconds(50_000) for _ in range(2))
    assert min(seconds(400_000) for _ in range(2)) < max(1.0, 24 * short)
