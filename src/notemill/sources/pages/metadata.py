"""What a page says of its article: title, authors, day, language, site, description, picture.

What it says by name is believed in the order of how particular it is; nothing is guessed, neither a
day from an address nor a name from a list of comments.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from notemill.sources.pages.parsing import elements, is_within, named, one_line, words_in
from notemill.sources.pages.structured import Structured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from notemill.sources.pages.places import Places

_TITLE_CHARS: Final = 300
_DESCRIPTION_CHARS: Final = 2_000
_NAME_CHARS: Final = 80
_MOST_NAMES: Final = 50
_SEPARATOR: Final = re.compile(r"\s+(?:[|·•»«›‹–—:]|-|::|\|\|)\s+")  # noqa: RUF001
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE)
_ISO: Final = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)|\s*(\d{4})/(\d{1,2})/(\d{1,2})(?!\d)|\s*(\d{4})(\d{2})(\d{2})(?!\d)")  # fmt: skip
_MONTHS: Final = {
    month: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero gennaio januari janeiro",
            "february feb februar février febrero febbraio februari fevereiro",
            "march mar märz mrz mars marzo maart março",
            "april apr avril abril aprile",
            "may mai mayo maggio mei maio",
            "june jun juni juin junio giugno junho",
            "july jul juli juillet julio luglio julho",
            "august aug août agosto augustus augusti",
            "september sep sept septembre septiembre settembre setembro",
            "october oct oktober okt octobre octubre ottobre outubro",
            "november nov novembre noviembre novembro",
            "december dec dezember dez décembre diciembre dicembre dezembro",
        ),
        1,
    )
    for month in names.split()
}
_DAY_MONTH: Final = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s+(?:de\s+)?([^\W\d_]{3,10})\.?,?\s+(?:de\s+)?(\d{4})\b")  # fmt: skip
_MONTH_DAY: Final = re.compile(r"\b([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_DOTTED_DAY: Final = re.compile(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b")
_SLASHED_DAY: Final = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_MONTHS_A_YEAR: Final = 12
_CJK_DAY: Final = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_MOST_TIMES: Final = 20
_DAY_CHARS: Final = 100
_FIRST_YEAR: Final = 1990
_LAST_YEAR: Final = 2100
_PUBLISHED: Final = (
    *("article:published_time", "og:published_time", "og:article:published_time", "citation_publication_date"),
    *("citation_date", "citation_online_date", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created"),
    *("dc.date", "dcterms.date", "parsely-pub-date", "sailthru.date", "article.published", "published-date"),
    *("publishdate", "publish_date", "publish-date", "publication_date", "pubdate", "datepublished", "date", "cxenseparse:recs:publishtime"),
)  # fmt: skip
_AUTHORS: Final = (
    *(
        "citation_author",
        "parsely-author",
        "sailthru.author",
        "article:author",
        "author",
        "byl",
        "dc.creator",
    ),
    *("dcterms.creator", "dc.contributor", "twitter:creator:name", "cxenseparse:author"),
)
_DATED: Final = re.compile(
    r"(?:^|[\s_-])(?:(?:pub(?:lish(?:ed)?)?|post|entry|article)?[_-]?date(?:line)?|posted-on|published)(?=[\s_-]|$)"
)
_CHANGED: Final = re.compile(r"updat|modif|edit|chang|aktuali|geänd|mis à jour|actuali")
_BYLINE: Final = re.compile(
    r"(?:^|\s)(?:(?:article|post|entry|story|c|meta)?[-_]*(?:author|byline|by-line)(?:[-_]*(?:name|link))?|p-author)(?=\s|$)"
)
_BY: Final = re.compile(r"^(?:(?:written|posted|reported|words|text|story)\s+)?(?:by|von|par|por|di|av|door|autore?|author|text)\b[:\s]+", re.IGNORECASE)  # fmt: skip
_AND: Final = re.compile(r"\s*;\s*|\s*\|\s*|\s+(?:and|und|et|y|e|och|en|&)\s+|\s*[、，·]\s*")  # noqa: RUF001
_NOBODY: Final = re.compile(
    r"(?:admin(?:istrator)?|webmaster|root|editors?|editorial(?: (?:team|staff|board))?|staff(?: (?:writer|reporter))?"
    r"|redaktion|redakteur|guest(?: (?:author|post))?|anonymous|unknown|user|author|team|n/?a|none|null|undefined"
    r"|wordpress|posted|news ?desk|press release|contributors?)",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"https?:|www\.|@|[<>{}\[\]]")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says of its article; '' where it says nothing."""

    title: str
    authors: tuple[str, ...]
    published: str
    language: str
    description: str
    image: str
    site: str
    is_restricted: bool


class Spoken:
    """What a page says in its head, read before anything is taken out of the page."""

    def __init__(self, root: HtmlElement, places: Places) -> None:
        """Read the head, and the JSON-LD wherever it is."""
        self._places = places
        self._structured = Structured(root)
        self._meta: defaultdict[str, list[str]] = defaultdict(list)
        for one in elements(root, "meta"):
            name = one.get("property") or one.get("name") or one.get("itemprop") or ""
            if not is_within(one, "article", "section", "li"):
                self._meta[name.strip().lower()].append(one_line(one.get("content")))
        titles = (one for one in elements(root, "title") if not is_within(one, "svg"))
        self._title = words_in(title) if (title := next(titles, None)) is not None else ""
        language = root.get("lang") or root.get("xml:lang")
        body = next(root.iter("body"), None)
        if not language and body is not None:
            language = body.get("lang")
        self._language = language or ""

    def of(self, part: HtmlElement, body: HtmlElement) -> Metadata:
        """Return what is said of the article that a part of a cleaned page is."""
        site = self._site()
        image = self._first(
            "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src"
        )
        return Metadata(
            title=self._best_title(part, body, site)[:_TITLE_CHARS],
            authors=self._authors(part, site),
            published=self._published(part),
            language=self._spoken_language(),
            description=(self._first("og:description", "description", "twitter:description", "dc.description") or self._structured.text("description"))[:_DESCRIPTION_CHARS],
            image=self._web(image or self._structured.link("image")),
            site=site,
            is_restricted=self._structured.is_restricted()
            or self._first("article:content_tier").lower() in ("locked", "metered"),
        )  # fmt: skip

    def _first(self, *names: str) -> str:
        return next((value for name in names for value in self._meta.get(name, ()) if value), "")

    def _web(self, address: str) -> str:
        found = self._places.led_to(address)
        return found if found.startswith("http") else ""

    def _site(self) -> str:
        said = self._first(
            "og:site_name", "application-name", "citation_journal_title", "dc.publisher"
        )
        named_by = self._structured.names("publisher")
        if said or named_by:
            return (said or named_by[0])[:_NAME_CHARS]
        host = urlsplit(self._places.address or self._places.canonical).hostname or ""
        return host.removeprefix("www.")

    def _best_title(self, part: HtmlElement, body: HtmlElement, site: str) -> str:
        """Return the title without the name of the site."""
        whole = self._title
        heads = [
            words_in(one).rstrip("¶#§ ") for one in (*part.iter("h1", "h2", "h3"), *body.iter("h1"))
        ]
        # A heading that is in the page's title, too, is its title as the article has it.
        for head in heads:
            if head.casefold() != site.casefold() and _is_titled(whole, head):
                return head
        said = (
            self._first("og:title", "twitter:title", "citation_title", "dc.title"),
            self._structured.text("headline") or self._structured.text("name"),
            next((words_in(one) for one in part.iter("h1") if words_in(one)), ""),
            whole,
        )
        titles = (one for one in said if one and one.casefold() != site.casefold())
        found = next(titles, "") or _heading_above(part)
        return _without_site(found, site, urlsplit(self._places.address).hostname or "")

    def _published(self, part: HtmlElement) -> str:
        structured = self._structured
        said: list[str] = [structured.text("datePublished"), structured.text("dateCreated")]
        said += [value for name in _PUBLISHED for value in self._meta.get(name, ())]
        said += _marked_days(part)
        page = structured.page.get("datePublished")
        said.append(page if isinstance(page, str) else "")
        return next(filter(None, map(day_of, said)), "")

    def _authors(self, part: HtmlElement, site: str) -> tuple[str, ...]:
        """Return the names of who wrote the article, by the first source that names anybody."""
        sources: tuple[Iterable[str], ...] = (
            self._structured.names("author") or self._structured.names("creator"),
            *((self._meta.get(name, ())) for name in _AUTHORS),
            _marked_names(part),
        )
        for source in sources:
            names = dict.fromkeys(
                name
                for said in source
                for name in names_in(said)
                if name.casefold() != site.casefold()
            )
            if names:
                return tuple(names)[:_MOST_NAMES]
        return ()

    def _spoken_language(self) -> str:
        said = (
            self._language,
            self._first(
                "og:locale", "content-language", "language", "dc.language", "citation_language"
            ),
            self._structured.text("inLanguage"),
        )
        matches = (_LANGUAGE.fullmatch(one.strip()) for one in said)
        return next((match[1].lower() for match in matches if match), "")


def day_of(text: str) -> str:
    """Return the day that a date names, YYYY-MM-DD as its author wrote it, '' for none.

    A time zone changes nothing: the day is the one that was current where it was written.
    """
    text = text[:_DAY_CHARS]
    if found := _ISO.match(text):
        return _day(*[int(one) for one in found.groups() if one])
    if found := _CJK_DAY.search(text):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED_DAY.search(text):
        return _day(int(found[3]), int(found[2]), int(found[1]))
    if found := _SLASHED_DAY.search(text):
        # Which of the two is the month is certain only where the other cannot be one.
        first, second = int(found[1]), int(found[2])
        if first > _MONTHS_A_YEAR or first == second:
            return _day(int(found[3]), second, first)
        return _day(int(found[3]), first, second) if second > _MONTHS_A_YEAR else ""
    for form, day, month in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        for found in form.finditer(text):
            number = _MONTHS.get(found[month].casefold())
            if number:
                return _day(int(found[3]), number, int(found[day]))
    return ""


def _day(year: int, month: int, day: int) -> str:
    try:
        date = dt.date(year, month, day)
    except ValueError:
        return ""
    return date.isoformat() if _FIRST_YEAR <= year <= _LAST_YEAR else ""


def _marked_days(part: HtmlElement) -> Iterator[str]:
    """Yield the days that the article's own elements call that of its publication."""
    for one in elements(part):
        if "datepublished" in (one.get("itemprop") or "").lower().split():
            yield one.get("content") or one.get("datetime") or words_in(one)
    for one in elements(part, "time"):
        if (
            one.get("pubdate") is not None
            or "dt-published" in named(one)
            or "published" in named(one)
        ):
            yield one.get("datetime") or words_in(one)
    for one in _above_text(part):
        name = named(one)
        if (
            _DATED.search(name)
            and not _CHANGED.search(name)
            and len(one.text_content()) <= _DAY_CHARS
        ):
            yield words_in(one)
    # A single time above the text is that of the text; of several nobody knows which.
    times = islice((one for one in _above_text(part) if one.tag == "time"), _MOST_TIMES)
    above = [
        one.get("datetime") or words_in(one)
        for one in times
        if not _CHANGED.search(f"{named(one)} {words_in(one.getparent())[:200]}".lower())
    ]
    if len(set(above)) == 1:
        yield above[0]


def _above_text(part: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the elements that stand above the article's second long paragraph."""
    paragraphs = 0
    for one in elements(part):
        if one.tag == "p" and len(one.text_content()) > _DAY_CHARS:
            paragraphs += 1
            if paragraphs > 1:
                return
        yield one


def _marked_names(part: HtmlElement) -> Iterator[str]:
    """Yield what the article's own elements call its authors."""
    for one in elements(part):
        if "author" in (one.get("itemprop") or "").lower().split():
            name = next((inner for inner in elements(one) if inner.get("itemprop") == "name"), None)
            yield words_in(one if name is None else name) or one_line(one.get("content"))
        elif "author" in (one.get("rel") or "").lower().split():
            yield words_in(one)
    # Further down such names are those of others: of books, of functions, of who commented.
    for one in _above_text(part):
        if _BYLINE.search(named(one)) and len(one.text_content()) <= 2 * _NAME_CHARS:
            yield words_in(one)


def names_in(text: str) -> list[str]:
    """Return the persons that a byline names; addresses, accounts and "admin" are none."""
    text = _BY.sub("", one_line(text)).strip(" ,.·|-–—")  # noqa: RUF001
    if len(text) > _MOST_NAMES * _NAME_CHARS or _ADDRESS.search(text):
        return []
    names: list[str] = []
    for one in _AND.split(text):
        parts = [part.strip() for part in one.split(",")]
        # "Ada Venn, Jo Linde" are two; "Venn, Ada" is one.
        is_list = len(parts) > 1 and all(len(part.split()) > 1 for part in parts if part)
        names += parts if is_list else [one.strip(" ,")]
    return [
        one
        for one in names
        if one
        and len(one) <= _NAME_CHARS
        and not _NOBODY.fullmatch(one)
        and _WORD.search(one)
        and day_of(one) == ""
    ]


def _heading_above(part: HtmlElement) -> str:
    """Return the heading with which the text begins, '' if it begins with none."""
    for one in elements(part, "h1", "h2", "h3", "p"):
        if words := words_in(one):
            return "" if one.tag == "p" else words
    return ""


def _letters(text: str) -> str:
    return "".join(_WORD.findall(text.casefold()))


def _is_titled(title: str, head: str) -> bool:
    """Tell whether a page's title is a heading of it, with or without the site's name."""
    letters = _letters(head)
    if not letters:
        return False
    first = _SEPARATOR.split(title)[0]
    return letters in (_letters(title), _letters(first)) or (
        letters in _letters(title) and len(letters) > len(_letters(title)) // 2
    )


def _without_site(title: str, site: str, host: str) -> str:
    """Return a title without the site's name at its beginning or end."""
    cuts = list(_SEPARATOR.finditer(title))
    if not cuts:
        return title
    names = {_letters(site), _letters(site).removeprefix("the"), _letters(host.removeprefix("www.")), _letters(host.removeprefix("www.").partition(".")[0])} - {""}  # fmt: skip
    if _letters(title[cuts[-1].end() :]).removeprefix("the") in names:
        return title[: cuts[-1].start()].strip()
    if _letters(title[: cuts[0].start()]).removeprefix("the") in names:
        return title[cuts[0].end() :].strip()
    return title
