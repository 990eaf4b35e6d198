"""HTML that is no page of its own as blocks: notes of a feed, chapters of a book, office documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.sources.draft import Block
from notemill.sources.pages.converting import Converter
from notemill.sources.pages.footnotes import settle
from notemill.sources.pages.parsing import parsed
from notemill.sources.pages.places import Places

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def blocks_of(html: str, address: str = "") -> tuple[Block, ...]:
    """Return all of some HTML as blocks; addresses in it are relative to `address`.

    Without an address, links that are relative to nothing lose where they lead, not their words.
    """
    return blocks_of_tree(parsed(html), address) if html.strip() else ()


def blocks_of_tree(root: HtmlElement, address: str = "") -> tuple[Block, ...]:
    """Return all of an element as blocks, as `blocks_of` does."""
    places = Places(address=address, canonical="", base=address)
    notes = settle(root, places)
    return tuple(map(Block, Converter(places, notes).article(root)))
