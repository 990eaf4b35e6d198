"""A note's text is shown as a page's text, and nothing in it can act, ask or pretend."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notemill.web.markdown import CUT, MAX_CHARS, inert_html

ALLOWED = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "code",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
HOSTILE = (
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<svg><animate href=#x attributeName=href values=javascript:alert(1) /></svg>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=x></object><embed src=x><base href=//evil.example/>",
    "<form action=//evil.example/><input autofocus onfocus=alert(1)></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>*{background:url(//evil.example/)}</style><link rel=stylesheet href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<div id=data class=dialog popover>x</div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:x) [x](data:text/html,<script>alert(1)</script>) [x](file:///etc/passwd)",
    "[x](//evil.example/) [x](/api/undo) [x](?a=b) [x](#data) [x](../up.md)",
    "<javascript:alert(1)> <data:text/html,x>",
    '[x](http://a.example "a\\"onmouseover=alert(1)")',
    '[x](http://a.example/"onmouseover="alert`1`)',
    "[x]\n\n[x]: javascript:alert(1)",
    "![x](http://evil.example/seen.png) ![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    '![" onerror="alert(1)](x) ![<script>](x)',
    "![[seen.png]] [[<img src=x onerror=alert(1)>]] [[x|<svg onload=alert(1)>]]",
    "```<script>\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "| <script> | `<svg onload=x>` |\n|---|---|\n| ![x](//evil.example) | <img src=x onerror=x> |",
    "# <script>alert(1)</script> {#data}",
    "<!-- --><script>alert(1)</script>",
    "\ud800 \0 &#0; &lt;script&gt; &amp;lt;script&amp;gt;",
)


class _Elements(HTMLParser):
    """Collects what a browser would make of a text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _check(text: str) -> None:
    for tag, attributes in _Elements(inert_html(text)).found:
        if attributes == {"class": "muted"}:
            continue  # our own line below a text that is cut
        assert tag in ALLOWED
        assert set(attributes) <= {"href", "rel", "target", "start", "title"}
        assert tag == "a" or "href" not in attributes
        address = attributes.get("href") or "http:"
        assert address.startswith(("http:", "https:", "mailto:"))
        if tag == "a":
            assert (attributes["rel"], attributes["target"]) == ("noopener noreferrer", "_blank")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_note_acts(text: str) -> None:
    """Elements, handlers, schemes and ids that a note names are text, also inside of others."""
    for around in ("{}", "> - {}", "a {} b", "[{}](http://a.example)", "**{}**", "\\{}"):
        _check(around.format(text))


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)), max_size=6).map("".join))
def test_no_mixture_acts(text: str) -> None:
    """What comes of joining them is text as well."""
    _check(text)


def test_a_note_reads_as_its_owner_wrote_it() -> None:
    """Structure, emphasis, code, tables and links to the web are kept."""
    html = inert_html(
        "# Soil\n\nBread *and* **roses**, ~~no~~ `x[[y]]`.\n\n3. three\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n[web](https://a.example/?x=1&y=2)\n"
    )
    for part in (
        "<h1>Soil</h1>",
        "<em>and</em>",
        "<strong>roses</strong>",
        "<s>no</s>",
        "<code>x[[y]]</code>",
        '<ol start="3">',
        "<td>2</td>",
        'href="https://a.example/?x=1&amp;y=2"',
    ):
        assert part in html


def test_links_to_notes_and_images_are_words() -> None:
    """Nothing is fetched, and what a reader would see of them stays."""
    html = inert_html("[[Note]] [[Note#part|here]] ![[a.png]] ![a cat](http://x.example/cat.png)")
    assert html == "<p>Note here a.png [image: a cat]</p>\n"


def test_a_text_is_escaped_once() -> None:
    """A template shows the result as it is; words with `&` and `<` stay what they are."""
    assert inert_html("a < b & c &amp; `d<e`") == (
        "<p>a &lt; b &amp; c &amp; <code>d&lt;e</code></p>\n"
    )
    assert inert_html("").__html__() == ""


def test_a_long_note_is_cut_and_says_so() -> None:
    """A reader is told that there is more."""
    assert CUT not in inert_html("x" * MAX_CHARS)
    html = inert_html("x" * (MAX_CHARS + 1))
    assert CUT in html
    assert html.count("x") == MAX_CHARS


@pytest.mark.parametrize(
    "part", ["[", "![", "[[", "![[a|", "[a](", "*a ", "> ", "- ", "|a", "_a", "<a ", "`a``", "a\n"]
)
def test_no_text_takes_long(part: str) -> None:
    """Twice as much of the worst takes about twice as long."""

    def seconds(size: int) -> float:
        text = (part * size)[:size]
        begun = time.process_time()
        inert_html(text)
        return time.process_time() - begun

    small, large = (min(seconds(size) for _ in range(2)) for size in (3_000, 12_000))
    assert large < 9 * small + 0.05
