"""Whole pages as people save them, of many makes: each becomes its article, and all of it.

Beside each page of `saved` stands the Markdown that it becomes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import html

from notemill.errors import SourceError, SourceRefusedError
from notemill.markup.reading import Reading
from notemill.sources.pages import read

if TYPE_CHECKING:
    from notemill.sources.draft import Draft

SAVED = Path(__file__).with_name("saved")
# What of each page is no article, or is said by the draft's properties, by tag, class or id.
AROUND = {
    "amp": "head header amp-consent .most-read amp-analytics",
    "blog": "head .skip-link .site-header .entry-meta .sharedaddy .jp-relatedposts .entry-footer"
    " .navigation #comments #secondary #colophon noscript",
    "cjk": "head #menu #footer rp",
    "docs": "head .skip-link .sidebar-tree .headerlink .linenos button footer",
    "footnotes": "head .footnote-backref .mw-cite-backlink .reversefootnote .unused .notes-title",
    "forum": "head .top-bar #left-sidebar .votecell .comments .sidebar-related footer",
    "news": "head .x9 .site-header .breadcrumb .byline time .share-buttons .ad-slot .newsletter-box"
    " .related-articles #comments .site-footer",
    "old": "head a",
    "recipe": "head .site-nav #reactions .footer",
    "rtl": "head header footer",
    "singlefile": "head script style hidden",
    "tables": "head",
    "wall": "head header .byline .barrier footer",
    "wiki": "head .vector-header-container .noprint #toc .mw-editsection math .mw-cite-backlink"
    " .navbox #catlinks .mw-footer-container #References",
}
FACTS = {
    "amp": ("El torno que llegó en barco", ("Marta Souto", "Xan Pérez"), "2025-05-09", "es"),
    "blog": ("Three weeks without a wheel", ("Mo Ashdown",), "2025-06-17", "en"),
    "cjk": ("登り窯の火入れ", (), "2025-04-18", "ja"),
    "docs": ("Schedules", (), "", "en"),
    "footnotes": ("On the weight of bells", (), "", "en"),
    "forum": ("Why does celadon craze on stoneware?", (), "", "en"),
    "news": (
        "Das Wehr an der Alm wird im Herbst erneuert",
        ("Ida Moser", "Jakob Rainer"),
        "2026-03-02",
        "de",
    ),
    "old": ("The Mill at Ravensford – its history", (), "", ""),  # noqa: RUF001
    "recipe": ("Potter's flatbread", ("Nell Okafor",), "2023-02-11", "en"),
    "rtl": ("الفخّار في وادي الطين", ("ليلى حداد",), "2025-09-21", "ar"),
    "singlefile": ("Kiln opening", (), "", "en"),
    "tables": ("Clays of the northern pits", (), "", "en"),
    "wall": ("What the glaciers left behind", ("Tove Lind",), "2024-11-08", "en"),
    "wiki": ("Saggar", (), "", "en"),
}


def drafted(name: str) -> Draft:
    """Read a saved page."""
    return read((SAVED / f"{name}.html").read_bytes(), file_name=f"{name}.html")


def markdown_of(draft: Draft) -> str:
    """Return a draft's text."""
    return "\n\n".join(block.markdown for block in draft.blocks) + "\n"


def words_around(name: str, *, article: bool) -> set[str]:
    """Return the words of a page's article, or of what is around it, by a plain extraction."""
    data = (SAVED / f"{name}.html").read_bytes()
    encoding = {"cjk": "cp932", "old": "cp1252"}.get(name, "utf-8")
    text = re.sub(r"<wbr>|</?template[^>]*>", "", data.decode(encoding))
    root = html.document_fromstring(text.replace('encoding="', 'x="').encode(), parser=UTF_8)
    left: set[str] = set()
    for one in AROUND[name].split():
        where = {
            ".": f"//*[contains(concat(' ', @class, ' '), ' {one[1:]} ')]",
            "#": f"//*[@id='{one[1:]}']",
        }.get(one[0], f"//{one}" if one != "hidden" else "//*[@hidden]")
        found = root.xpath(where)
        assert found, one
        for element in found:
            left |= words(" ".join(element.itertext()))
            element.drop_tree()
    kept = words(" ".join(root.itertext()))
    return kept if article else left - kept


UTF_8 = html.HTMLParser(encoding="utf-8", remove_comments=True)


def words(text: str) -> set[str]:
    """Return the words of a text, without soft hyphens."""
    return set(re.findall(r"\w+", text.replace("\xad", "").casefold()))


@pytest.mark.parametrize("name", sorted(FACTS))
def test_page_becomes_its_article(name: str) -> None:
    """The Markdown of a page is exactly what stands beside it, and so is what is said of it."""
    draft = drafted(name)
    assert (draft.title, draft.authors, draft.published, draft.language) == FACTS[name]
    assert markdown_of(draft) == (SAVED / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(FACTS))
def test_no_word_of_the_article_is_lost(name: str) -> None:
    """Every word of the article by a plain extraction is in the note, and none of what is around."""
    draft = drafted(name)
    text = re.sub(r"\\(?=[!-/:-@\[-`{-~])|\*+", "", f"{draft.title}\n{markdown_of(draft)}")
    known = words(text)
    joined = "".join(re.findall(r"\w+", text.casefold()))
    lost = {word for word in words_around(name, article=True) - known if word not in joined}
    assert not lost
    addresses = words(" ".join(re.findall(r"\]\([^)\s]*\)?", text)))
    said = words(" ".join((*draft.authors, draft.title)))
    formulas = words(" ".join(re.findall(r"\$[^$]+\$", text)))
    taken = words_around(name, article=False) & (known - addresses - said - formulas)
    assert not {word for word in taken if not word.isdigit()}


@pytest.mark.parametrize("name", sorted(FACTS))
def test_nothing_of_a_page_means_something_in_the_vault(name: str) -> None:
    """No page brings a tag, a link into the vault or a hidden part."""
    reading = Reading(markdown_of(drafted(name)))
    assert not reading.tags
    assert not reading.links
    assert {region.kind for region in reading.regions} <= {"fence", "code", "html", "url", "math"}


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("login", SourceRefusedError, "shows only a login"),
        ("spa", SourceError, "builds its text with scripts"),
    ],
)
def test_pages_that_show_no_article(name: str, kind: type[SourceError], says: str) -> None:
    """A login and an empty shell are no notes."""
    with pytest.raises(SourceError, match=says) as told:
        drafted(name)
    assert type(told.value) is kind


def test_what_is_left_out_is_said() -> None:
    """A paywall and comments of some length are named; where nothing is missing, nothing is said."""
    assert "subscribe" in drafted("wall").notices[0]
    assert drafted("news").notices == ("the page's comments are not in the note (35 words)",)
    assert not drafted("wiki").notices
