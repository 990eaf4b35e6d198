"""Pages that make it hard: words beside the text, other words than an article's, hostile markup."""

from __future__ import annotations

import time

import pytest

from notemill.errors import SourceError, SourceRefusedError
from notemill.sources.pages import read

SENTENCE = "The weir was mended in the week after the flood, and the miller paid for the stones. "
SHORT = "<div><h1>Weir mended</h1><p>Since Monday the weir holds again; the ford stays shut. Carts go by the upper bridge until the miller has paid for it.</p></div>"


def text_of(page: str, *, head: str = "", data: bytes = b"") -> str:
    """Return the Markdown of a page that was saved."""
    html = f"<!DOCTYPE html><html><head>{head}</head><body>{page}</body></html>"
    draft = read(data or html.encode(), file_name="page.html")
    return "\n\n".join(one.markdown for one in draft.blocks)


@pytest.mark.parametrize("beside", ["<aside>{}</aside>", "<div class='related-articles'>{}</div>"])
def test_an_article_shorter_than_what_stands_beside_it(beside: str) -> None:
    """Other headlines never win over the text, however many there are."""
    others = "".join(
        f"<h3><a href=/{at}>Council meets, part {at}</a></h3><p>{SENTENCE} Elsewhere {at}.</p>"
        for at in range(40)
    )
    text = text_of(SHORT + beside.format(others))
    assert "the ford stays shut" in text
    assert "Elsewhere" not in text


@pytest.mark.parametrize(
    ("page", "error", "said"),
    [
        ("<h1>404</h1><p>Sorry, this page could not be found. <a href=/>Home</a></p>", SourceError, "no such page"),
        ("<h1>Nichts da</h1><p>Die Seite wurde nicht gefunden.</p>", SourceError, "no such page"),
        ("<h1>Before you continue to Weirs</h1><p>We use cookies and data to see who visits.</p><button>Accept all</button>", SourceRefusedError, "consent"),
    ],
)  # fmt: skip
def test_pages_that_are_no_article(page: str, error: type[SourceError], said: str) -> None:
    """What only says that nothing is there, or asks for consent, is named and makes no note."""
    with pytest.raises(error, match=said):
        text_of(page)


def test_an_article_about_missing_pages_and_cookies_is_read() -> None:
    """The words of such pages within a longer text decide nothing."""
    page = f"<article><p>A page not found is error 404. We use cookies here. {SENTENCE * 6}</p></article>"
    assert "error 404" in text_of(page + "<button>Accept all</button>")


TEX = r"<p>With \(a_1*b\) and \[x^2_i\] for $5 or $6, $q_1$ and <code>\(no\)</code>.</p>"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<script src=/MathJax.js></script>", "With $a_1*b$ and\n\n$$\nx^2_i\n$$\n\nfor \\$5 or \\$6, \\$q_1\\$ and `\\(no\\)`."),
        ("<script src=/katex.js></script><script>r({delimiters: [{left: '$'}]})</script>", "With $a_1*b$ and\n\n$$\nx^2_i\n$$\n\nfor \\$5 or \\$6, $q_1$ and `\\(no\\)`."),
        ("", "With \\\\(a_1\\*b\\\\) and"),
    ],
)  # fmt: skip
def test_formulas_that_a_script_would_draw(head: str, expected: str) -> None:
    """TeX in the text is a formula where the page loads what draws it; prices and code never are."""
    assert expected in text_of(
        f"<article><p>{SENTENCE}</p>{TEX}<p>{SENTENCE}</p></article>", head=head
    )


def test_a_table_within_a_cell() -> None:
    """Its cells are read in the cell that holds them, without bars and dashes."""
    inner = "<table><tr><th>Sand<th>Lime<tr><td>3<td>1 | 2</table>"
    table = f"<table><tr><th>Mortar<th>Of<tr><td>{inner}<td>the weir</table>"
    text = text_of(f"<article><p>{SENTENCE}</p>{table}<p>{SENTENCE}</p></article>")
    assert r"| Sand, Lime<br>3, 1 \| 2 | the weir |" in text


@pytest.mark.parametrize(
    ("label", "letters", "shown"),
    [
        ("iso-8859-1", "Müller fährt früh", "Müller fährt früh"),
        ("gb2312", "水车在黎明前开动并一直转到傍晚没有人说话风从河上吹来", "水车在黎明前开动"),
    ],
)
def test_utf8_that_is_called_something_else(label: str, letters: str, shown: str) -> None:
    """What can be nothing but UTF-8 is read as that."""
    page = f"<meta charset={label}><article><h1>Weir</h1><p>{letters}. {SENTENCE}</p></article>"
    assert shown in text_of("", data=page.encode())


@pytest.mark.parametrize(("written", "day"), [("14.03.2025", "2025-03-14"), ("3/14/2025", "2025-03-14"), ("14/03/2025", "2025-03-14"), ("03/04/2025", ""), ("31.02.2025", "")])  # fmt: skip
def test_days_in_numbers(written: str, day: str) -> None:
    """A day in numbers counts where they can mean no other day."""
    page = f"<article><h1>Weir</h1><p class=date>{written}</p><p>{SENTENCE}</p></article>"
    assert read(page.encode(), file_name="page.html").published == day


def test_a_million_attributes() -> None:
    """They are dropped before the parser compares each with all others; long ones stay."""
    many = " ".join(f"a{at}=1" for at in range(1_000_000))
    start = time.perf_counter()
    assert "miller paid" in text_of(f"<article><p {many}>{SENTENCE}</p></article>")
    assert time.perf_counter() - start < 10
    picture = f"<img alt=weir src='https://x.example/w.jpg' data-said='{'word ' * 6000}'>"
    assert "![weir](https://x.example/w.jpg)" in text_of(
        f"<article><p>{SENTENCE}</p>{picture}</article>"
    )
