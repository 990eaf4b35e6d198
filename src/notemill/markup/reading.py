"""The one reader of Markdown: the elements of a text, found when first asked for; pure.

CommonMark's blocks and code spans (https://spec.commonmark.org/0.31.2), with what Obsidian adds:
wikilinks, tags, comments, math, callouts (https://help.obsidian.md/obsidian-flavored-markdown).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from notemill.markup.elements import find_headings, find_links, find_tags
from notemill.markup.masks import FILLER, masked, regions
from notemill.markup.plain import words_of

if TYPE_CHECKING:
    from notemill.markup.elements import Heading, InlineTag, Link
    from notemill.markup.masks import Region


class Reading:
    """One text and its elements. Each pass over the text is made at most once.

    Every position is an offset in characters of `text`.
    """

    def __init__(self, text: str) -> None:
        """Take a text without frontmatter; nothing is read yet."""
        self.text = text

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """Where nothing is prose: code, math, comments, HTML, templates, URLs; disjoint, ordered."""
        return tuple(regions(self.text))

    @cached_property
    def masked(self) -> str:
        """The text with everything in `regions` filled in; its length and lines stay the same."""
        return masked(self.text, self.regions) if self.regions else self.text

    @cached_property
    def tags(self) -> tuple[InlineTag, ...]:
        """The tags in the text, in order."""
        return find_tags(self.masked) if "#" in self.text else ()

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links into the vault, in order; not those to the web."""
        has_any = "[[" in self.text or "](" in self.text
        return find_links(self.text, self.masked) if has_any else ()

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """The headings, in order, both with `#` and underlined."""
        return find_headings(self.text, self.masked)

    @cached_property
    def words(self) -> str:
        """The plain words: links as their labels, code in spans, no code blocks, no comments."""
        text = self.text
        if "\r" in text or FILLER in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n").replace(FILLER, "")
            return words_of(text, regions(text))
        return words_of(text, self.regions)
