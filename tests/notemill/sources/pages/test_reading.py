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
        ("<h2>Struct <code>Vec</code> <button>Copy path</button></h2>", "## Struct `Vec`"),
        ("<dl><dt><span><code>--yes\n  [no]</code></span></dt><dd>Says yes.</dd></dl>", "- **`--yes [no]`**\n  - Says yes."),
        ("<h2>a <code>b<br>c</code></h2>", "## a `b c`"),
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


@pytest.mark.parametrize(
    ("reference", "notes"),
    [
        ("<a href=#_ftn1 name=_ftnref1>[1]</a>", "<div id=ftn1><p><a href=#_ftnref1 name=_ftn1>[1]</a> A note.</p></div>"),
        ("<a class=footnote-anchor id=a1 href=#footnote-1>1</a>", "<div class=footnote><a id=footnote-1 href=#a1 class=footnote-number>1</a><div><p>A note.</p></div></div>"),
        ("<sup><a href=#n1 id=r1>1</a></sup>", "<p id=n1>1. A note. <a href=#r1>Return</a></p>"),
        ("<a href=#f1 id=b1><sup>1</sup></a>", "<dl class=footnote><dt><a href=#b1>[1]</a></dt><dd id=f1>A note.</dd></dl>"),
        ("<sup id=fnref:x><a href='https://clay.example/a/page#fn:x' role=doc-noteref>1</a></sup>", "<section role=doc-endnotes><ol><li id=fn:x><p>A note.&nbsp;<a href=#fnref:x role=doc-backlink>↩︎</a></p></li></ol></section>"),
        ("<label for=s class=sidenote-number></label><input type=checkbox id=s><span class=sidenote>A note.</span>", ""),
    ],
)  # fmt: skip
def test_makes_of_footnotes(reference: str, notes: str) -> None:
    """However a page makes its notes: a mark where the reference is, and the text once, at the end."""
    blocks = [
        one.markdown for one in article(f"<p>In 1847{reference} it rained.</p>{notes}").blocks
    ]
    assert blocks[1] == "In 1847[^1] it rained."
    assert blocks[-1] == "[^1]: A note."
    assert len(blocks) == 4


def test_links_that_are_no_references() -> None:
    """A number that leads to a part of the text leaves that part where it is."""
    inner = (
        f"<p>See <a href=#s2>2</a>.</p><div id=s2>{FILLING.replace('The wheel', 'A wheel')}</div>"
    )
    assert "[^" not in made(inner)
    assert "A wheel stands" in made(inner)


@pytest.mark.parametrize(
    ("head", "before", "keys"),
    [
        ("<link rel=canonical href=https://s.example/>", "", ()),
        ("<link rel=canonical href=https://s.example/en/index.html>", "", ()),
        ("<link rel=canonical href=https://s.example/><meta property=og:url content=https://s.example/p/1>", "", ("https://s.example/p/1",)),
        ("<link rel=canonical href=https://s.example/p/1?utm_source=x#c>", "", ("https://s.example/p/1",)),
        ("<link rel=canonical href=https://s.example/>", "<!-- saved from url=(0024)https://s.example/p/2 -->", ("https://s.example/p/2",)),
        ("<link rel=canonical href=/p/3>", "<!-- Page saved with SingleFile \n url: https://s.example/p/3?a=1 \n-->", ("https://s.example/p/3", "https://s.example/p/3?a=1")),
        ("<meta name=savepage-url content=https://s.example/p/4>", "", ("https://s.example/p/4",)),
    ],
)  # fmt: skip
def test_where_a_saved_page_was(head: str, before: str, keys: tuple[str, ...]) -> None:
    """A page is known by its own address, never by one that all pages of its site give themselves."""
    page = (
        f"<!DOCTYPE html>\n{before}\n<html><head><meta charset=utf-8>{head}</head><body>{FILLING}"
    )
    draft = read(page.encode(), file_name="saved.html")
    assert draft.keys[:-1] == keys
    assert draft.source == (draft.source if keys else "saved.html")


@pytest.mark.parametrize(
    ("head", "inner", "published", "authors"),
    [
        ("<meta name=date content=2025-03-14T23:40:00-08:00>", "", "2025-03-14", ()),
        ("<meta property=article:modified_time content=2025-11-20>", "<p>In 1911 it burned.</p>", "", ()),
        ("", "<p>Updated <time datetime=2025-11-20>20 Nov</time></p>", "", ()),
        ("<meta name=citation_publication_date content=2019/5/7>", "", "2019-05-07", ()),
        ("<meta name=pubdate content='Fri, 14 Mar 2025 09:00:00 GMT'>", "", "2025-03-14", ()),
        ("<meta name=date content=2025-02-31>", "", "", ()),
        ("<meta name=author content='Ada Venn, Jo Linde and Max Other'>", "", "", ("Ada Venn", "Jo Linde", "Max Other")),
        ("<meta name=citation_author content='Venn, Ada'><meta name=citation_author content='Linde, Jo'>", "", "", ("Venn, Ada", "Linde, Jo")),
        ("<meta name=author content=admin>", "<div class=byline>By Ada Venn</div>", "", ("Ada Venn",)),
        ("", f"{FILLING}{FILLING}<span class=author>Max Other</span> <h4 class=fn>push</h4>", "", ()),
        ("<meta property=article:author content=https://social.example/x>", "", "", ()),
        ("<script type=application/ld+json>{broken</script>", "", "", ()),
    ],
)  # fmt: skip
def test_whose_day_and_names(
    head: str, inner: str, published: str, authors: tuple[str, ...]
) -> None:
    """The day is the author's own, and the names are persons'; what nobody says stays empty."""
    draft = article(inner, head=head, address="https://clay.example/2024/01/02/page")
    assert (draft.published, draft.authors) == (published, authors)


@pytest.mark.parametrize(
    "banner",
    [
        "<div class=q><p>Nous utilisons des cookies et nos 120 partenaires aussi. {}</p><a href=#>Tout refuser</a></div>",
        "<div id=cookie-notice><p>{}</p></div>",
        "<dialog open><p>We use cookies. {}</p></dialog>",
        "<cookie-consent><p>{}</p></cookie-consent>",
        "<div><p>Wir verwenden Cookies. Unsere 12 Partner auch. {}</p><span role=button>Ablehnen</span></div>",
    ],
)  # fmt: skip
def test_banners_without_telling_names(banner: str) -> None:
    """A banner is no article, however long it is, and whatever it is called."""
    long = banner.format("Purposes of all kinds are listed in this place, one by one. " * 40)
    news = "<div><h3>The bridge</h3><div>It was reopened on Monday, two weeks early.</div><div>Lorries have to take the ford road until May, as the mayor says.</div></div>"
    for page in (long + news, news + long):
        blocks = [one.markdown for one in read(page.encode()).blocks]
        assert blocks[0].startswith("It was reopened")
        assert "Purposes" not in " ".join(blocks)


def test_several_articles_of_one_page() -> None:
    """Parts of some length that a page calls articles are read together; teasers are not."""
    parts = "".join(
        f"<article><h2>{name}</h2>{FILLING.replace('wheel', name)}</article>"
        for name in ("door", "roof", "stove")
    )
    teaser = "<aside><article><h3>An owl in the barn</h3><p>It was seen.</p></article></aside>"
    page = f"<main><h1>The house</h1>{parts}{teaser}</main>"
    text = "\n".join(one.markdown for one in read(page.encode()).blocks)
    assert all(name in text for name in ("door", "roof", "stove"))
    assert "owl" not in text


def test_words_of_a_sentence_may_be_a_button() -> None:
    """A button within a sentence is a word of it; one that stands alone is there to be pressed."""
    assert made("<p>Press <button>Start</button> twice.</p>") == "Press Start twice."
    assert made("<p>x</p><p><button>Copy</button></p>") == "x"
