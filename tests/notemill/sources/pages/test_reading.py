"""What a page becomes: the small differences between pages of the web, one by one."""

from __future__ import annotations

import pytest

from notemill.errors import SourceError, SourceRefusedError
from notemill.sources.draft import Draft, SourceKind
from notemill.sources.pages import read

FILLING = (
    "<p>The wheel stands by the window, and whoever sits there sees the river and the road to the "
    "mill; nobody has moved it since the flood, which took the other one.</p>"
)


def article(inner: str, *, head: str = "", address: str = "https://clay.example/a/page") -> Draft:
    """Read a page with a paragraph around what is tested."""
    page = (
        f"<!DOCTYPE html><html><head><meta charset=utf-8>{head}</head><body><article>"
        f"{FILLING}{inner}{FILLING}</article></body></html>"
    )
    return read(page.encode(), address=address)


def made(inner: str, *, head: str = "", address: str = "https://clay.example/a/page") -> str:
    """Return the Markdown of what stands between the two paragraphs."""
    blocks = [one.markdown for one in article(inner, head=head, address=address).blocks]
    assert blocks[0].startswith("The wheel") or blocks[-1].startswith("The wheel")
    return "\n\n".join(one for one in blocks if not one.startswith("The wheel stands"))


def test_draft_says_what_it_is() -> None:
    """A draft of a page is an article with its canonical address and its digest as keys."""
    draft = article("", head="<title>Wheels</title>")
    assert (draft.kind, draft.title) == (SourceKind.ARTICLE, "Wheels")
    assert draft.keys[0] == draft.source == "https://clay.example/a/page"
    assert draft.keys[1].startswith("sha256:")


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>Kilns <a class=headerlink href='#k'>¶</a></h2>", "## Kilns"),
        ("<h3><button>How hot?</button></h3>", "### How hot?"),
        ("<p>a <b>b</b> <i>c</i> <s>d</s> <mark>e</mark></p>", "a **b** *c* ~~d~~ ==e=="),
        ("<p>one<br>two<br><br>three</p>", "one  \ntwo\n\nthree"),
        ("<p>x<sup>2</sup> and H<sub>2</sub>O</p>", "x<sup>2</sup> and H<sub>2</sub>O"),
        ("<p>press <kbd>Ctrl</kbd>, type <code>a `b`</code></p>", "press `Ctrl`, type `` a `b` ``"),
        ("<div>bare words<p>and a paragraph</div>", "bare words\n\nand a paragraph"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"),
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b"),
        ("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a\n\n  b\n\n- c"),
        ("<ul><li><label><input type=checkbox checked> clay</label><li><input type=checkbox>x</ul>", "- [x] clay\n- [ ] x"),
        ("<ul><li>a</ul><ul><li>b</ul>", "- a\n\n* b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<dl><dt>Slip<dd>Clay and water.<dt>Grog<dd>Fired clay.</dl>", "- **Slip**\n  - Clay and water.\n- **Grog**\n  - Fired clay."),
        ("<details><summary>More</summary><p>Hidden no longer.</p></details>", "**More**\n\nHidden no longer."),
        ("<p>long<wbr>word<source>s</p>", "longwords"),
        ("<ruby>窯<rt>かま</rt></ruby>", "窯(かま)"),
        ("<p>a<hr><p>b", "a\n\n---\n\nb"),
        ("<p>soft&shy;ly and&nbsp;far</p>", "softly and far"),
        ("<pre><code class='hljs language-c++'>int a;</code></pre>", "```c++\nint a;\n```"),
        ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
        ("<iframe src='https://www.youtube-nocookie.com/embed/aB3dE5gH7jK?rel=0' title='At the wheel'></iframe>", "[At the wheel](https://www.youtube.com/watch?v=aB3dE5gH7jK)"),
        ("<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x^2</annotation></semantics></math>", "$x^2$"),
        ("<math><msup><mi>x</mi><mn>2</mn></msup></math>", "x^2"),
    ],
)  # fmt: skip
def test_elements(html: str, markdown: str) -> None:
    """Each element becomes what Obsidian shows alike."""
    assert made(html) == markdown


@pytest.mark.parametrize(
    ("link", "markdown"),
    [
        ("<a href='b.html?x=1&amp;y=2'>b</a>", "[b](https://clay.example/a/b.html?x=1&y=2)"),
        ("<a href='/c d(e'>c</a>", "[c](https://clay.example/c%20d%28e)"),
        ("<a href='//other.example/'>o</a>", "[o](https://other.example/)"),
        ("<a href=' java\nscript:alert(1)'>j</a>", "j"),
        ("<a href='data:text/html,x'>d</a>", "d"),
        ("<a href='#top'>t</a>", "[t](https://clay.example/a/page#top)"),
        ("<a href='http://[broken'>x</a>", "x"),
        ("<a href='mailto:a@clay.example'>write</a>", "[write](mailto:a@clay.example)"),
        ("<a href='b'><b>bold</b> [1]</a>", r"[**bold** \[1\]](https://clay.example/a/b)"),
        ("so!<a href=b>b</a>", r"so\![b](https://clay.example/a/b)"),
        ("<a href='https://x.example/_a_'>https://x.example/_a_</a>", "<https://x.example/_a_>"),
        ("<img src=p.png alt='a | b'>", "![a b](https://clay.example/a/p.png)"),
        ("<a href=b><img src=p.png></a>", "[![](https://clay.example/a/p.png)](https://clay.example/a/b)"),
        ("<img src=t.gif width=1 height=1>x", "x"),
        ("<img src='data:image/png;base64,AAAA' data-srcset='s.jpg 1x, l.jpg 2x' alt=k>", "![k](https://clay.example/a/l.jpg)"),
        ("<picture><source srcset='w.webp 900w'><img src='/placeholder.png' alt=k></picture>", "![k](https://clay.example/a/w.webp)"),
    ],
)  # fmt: skip
def test_links_and_pictures(link: str, markdown: str) -> None:
    """Links and pictures lead where they led in a browser, or are words alone."""
    assert made(f"<p>{link}</p>") == markdown


def test_page_without_address_has_no_relative_links() -> None:
    """Where nobody knows the page's address, a relative link would be one to a file of the vault."""
    html = "<p><a href='guide.html'>guide</a> and <a href='https://b.example/x'>b</a></p>"
    assert made(html, address="") == "guide and [b](https://b.example/x)"


@pytest.mark.parametrize(
    ("page", "kind", "says"),
    [
        (b"", SourceError, "empty"),
        (b"   ", SourceError, "empty"),
        (b"<html><body></body></html>", SourceError, "no text"),
        (b"<div id=root></div><script>app()</script>", SourceError, "builds its text with scripts"),
        (b"<div>You need to enable JavaScript to run this app.</div><script></script>", SourceError, "scripts"),
        (b"<h1>Just a moment...</h1><p>Verifying you are human. This may take a few seconds.", SourceRefusedError, "is human"),
        (b"<h1>Sign in</h1><form><input type=password></form><p>Please log in to read this.</p>", SourceRefusedError, "login"),
        (b"<frameset><frame src=a.html></frameset>", SourceError, "no text"),
    ],
)  # fmt: skip
def test_pages_without_article(page: bytes, kind: type[SourceError], says: str) -> None:
    """A page that holds no article is no note, and the sentence tells what to do."""
    with pytest.raises(SourceError, match=says) as told:
        read(page, file_name="x.html")
    assert type(told.value) is kind
