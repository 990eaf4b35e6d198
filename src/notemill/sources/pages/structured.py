"""What a page says of its article in JSON-LD (https://schema.org/Article), read leniently.

Only the article itself is asked: comments, other articles and the site have names and dates, too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from notemill.sources.pages.parsing import elements, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_SCRIPT_CHARS: Final = 2_000_000
_MOST_NODES: Final = 2_000
_ARTICLES: Final = frozenset(
    {"article", "newsarticle", "blogposting", "techarticle", "reportagenewsarticle", "report"}
    | {"scholarlyarticle", "analysisnewsarticle", "opinionnewsarticle", "reviewnewsarticle"}
    | {"backgroundnewsarticle", "liveblogposting", "socialmediaposting", "medicalscholarlyarticle"}
    | {"satiricalarticle", "advertisercontentarticle", "recipe", "howto", "review", "qapage"}
    | {"discussionforumposting", "apireference", "learningresource", "question", "faqpage"}
)
_PAGES: Final = frozenset({"webpage", "itempage", "aboutpage", "medicalwebpage"})
_NOT_ENTERED: Final = frozenset(
    {
        "comment",
        "hasPart",
        "isPartOf",
        "mentions",
        "relatedLink",
        "review",
        "itemListElement",
        "about",
    }
    | {"suggestedAnswer", "acceptedAnswer", "citation", "associatedMedia", "author", "publisher"}
)
_COMMENTED: Final = re.compile(r"^\s*(?://\s*)?(?:<!--|<!\[CDATA\[|/\*.*?\*/)|(?://\s*)?(?:-->|\]\]>)\s*;?\s*$", re.DOTALL)  # fmt: skip


class Structured:
    """The nodes of a page's JSON-LD: the article first, then the page that it is on."""

    def __init__(self, root: HtmlElement) -> None:
        """Read all of a page's JSON-LD; what is not JSON is passed over."""
        self._by_id: dict[str, dict[str, Any]] = {}
        nodes = list(self._nodes(root))
        articles = [one for one in nodes if _types(one) & _ARTICLES]
        self.article: dict[str, Any] = max(articles, key=len, default={})
        self.page: dict[str, Any] = next((one for one in nodes if _types(one) & _PAGES), {})

    def text(self, name: str) -> str:
        """Return a property of the article that is text, '' if it has none."""
        value = self.article.get(name)
        if isinstance(value, list):
            value = next((one for one in value if isinstance(one, str)), "")
        return one_line(value) if isinstance(value, str) else ""

    def link(self, name: str) -> str:
        """Return an address that a property of the article holds, of several the first."""
        value = self.article.get(name)
        value = value[0] if isinstance(value, list) and value else value
        value = value.get("url") if isinstance(value, dict) else value
        return one_line(value) if isinstance(value, str) else ""

    def names(self, name: str) -> list[str]:
        """Return the names that a property of the article holds: of one or several, by id or whole."""
        return [one for one in self._names(self.article.get(name), 0) if one]

    def is_restricted(self) -> bool:
        """Tell whether the article says that it is not free to read."""
        value = self.article.get("isAccessibleForFree", self.page.get("isAccessibleForFree"))
        return value is False or str(value).strip().lower() in ("false", "http://schema.org/false")

    def _names(self, value: object, depth: int) -> Iterator[str]:
        if isinstance(value, str):
            yield one_line(value)
        elif isinstance(value, list) and depth == 0:
            for one in value[:100]:
                yield from self._names(one, 1)
        elif isinstance(value, dict):
            known = self._by_id.get(str(value.get("@id")), value) if "name" not in value else value
            yield from self._names_of(known.get("name"))

    @staticmethod
    def _names_of(name: object) -> Iterator[str]:
        for one in name if isinstance(name, list) else [name]:
            if isinstance(one, str):
                yield one_line(one)

    def _nodes(self, root: HtmlElement) -> Iterator[dict[str, Any]]:
        """Yield every node but those within others that are about something else."""
        waiting: list[Any] = [
            _loaded(script.text or "")
            for script in elements(root, "script")
            if "ld+json" in (script.get("type") or "").lower()
        ]
        left = _MOST_NODES
        while waiting and left:
            left -= 1
            one = waiting.pop(0)
            if isinstance(one, list):
                waiting += one[:_MOST_NODES]
            elif isinstance(one, dict):
                if isinstance(one.get("@id"), str) and len(one) > 1:
                    self._by_id.setdefault(one["@id"], one)
                waiting += [value for name, value in one.items() if name not in _NOT_ENTERED]
                yield one


def _loaded(text: str) -> object:
    """Return a script's JSON, None for what is none."""
    if len(text) > _SCRIPT_CHARS:
        return None
    try:
        return orjson.loads(_COMMENTED.sub("", text))
    except orjson.JSONDecodeError:
        pass
    try:
        # Sites write line breaks into strings, which JSON does not allow.
        return orjson.loads(re.sub(r"[\x00-\x1f]+", " ", _COMMENTED.sub("", text)))
    except orjson.JSONDecodeError:
        return None


def _types(node: dict[str, Any]) -> set[str]:
    said = node.get("@type")
    types = said if isinstance(said, list) else [said]
    return {one.rpartition("/")[2].lower() for one in types if isinstance(one, str)}
