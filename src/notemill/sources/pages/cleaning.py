"""What stands around an article and is none of it: taken out of the page before it is read.

By element, by name, and by what it says: consent banners are called as each vendor likes, and say
much the same. What holds the better part of the page is never taken out, whatever it is called.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.sources.pages.footnotes import REFERENCE
from notemill.sources.pages.maths import TEX
from notemill.sources.pages.parsing import elements, is_within, named, remove, words_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_NEVER_SHOWN: Final = ("script", "style", "link", "meta", "object", "embed", "applet", "datalist")
_AROUND: Final = ("nav", "menu")
_CONTAINERS: Final = (
    "sup",
    *(
        "div",
        "section",
        "aside",
        "ul",
        "ol",
        "dl",
        "form",
        "nav",
        "header",
        "footer",
        "dialog",
        "p",
    ),
    *(
        "span",
        "table",
        "article",
        "figure",
        "details",
        "iframe",
        "a",
        "amp-consent",
        "td",
        "center",
    ),
)
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")

CONSENT: Final = "consent"
COMMENTS: Final = "comments"
RELATED: Final = "related"
CHROME: Final = "chrome"
HIDDEN: Final = "hidden"

# Whole words of a class or id, as sites and the vendors of consent banners name them.
_NAMES: Final = (
    (
        CONSENT,
        re.compile(
            r"(?:^|[\s_-])(?:gdpr|ccpa|tcf|cmp|cmpbox|consent|onetrust|didomi|usercentrics|truste|trustarc"
            r"|cybot\w*|cookiebot|qc-cmp\d*|fc-consent|sp_message\w*|iubenda\w*|borlabs\w*|klaro|osano"
            r"|termly|cmplz|moove_gdpr\w*|quantcast|cookieconsent|cookiebanner|cookienotice|cc-(?:window|banner)"
            r"|cookie[s_-]*(?:banner|bar|box|consent|dialog|disclaimer|info|law|layer|message|modal|notice"
            r"|notification|overlay|policy|popup|wall|warning)"
            r"|privacy[_-]?(?:banner|bar|manager|modal|notice|popup|prompt))(?:[\s_-]|$)"
        ),
    ),
    (
        COMMENTS,
        re.compile(
            r"(?:^|\s)(?:#?comments?|comment-?(?:s|list|section|area|form|thread|wrapper|container|respond)"
            r"|comments-(?:area|section|list|wrapper|container|title)|disqus\S*|respond|reactions"
            r"|kommentare?|commentaires|fb-comments|livefyre\S*|post-comments|article-comments)(?=\s|$)"
        ),
    ),
    (
        RELATED,
        re.compile(
            r"(?:^|\s)(?:(?:js-|c-|l-|m-|o-)?(?:related|recommend(?:ed|ations?)|recirc(?:ulation)?|teaser-?(?:list|box|container|grid)s?"
            r"|outbrain|taboola|trc_related\w*|trending|most-?(?:read|popular|viewed)|popular-?posts"
            r"|read-?(?:more|next|also)|more-?(?:stories|articles|news|from|posts|links|like-this)"
            r"|you-?(?:may|might)-?(?:also-?)?like|also-?(?:read|like)|up-?next|next-?up|yarpp\S*"
            r"|jp-relatedposts|nav-?(?:links|below|above|previous|next)|post-?navigation|prev-?next)"
            r"(?:[_-](?:\w|-)+)?|(?:\w|-)+[_-]related(?:[_-](?:\w|-)+)?)(?=\s|$)"
        ),
    ),
    (
        CHROME,
        re.compile(
            r"(?:^|\s)(?:site-?(?:header|footer|nav|branding)|page-?footer|global-?(?:header|footer|nav)"
            r"|masthead|colophon|breadcrumbs?\S*|pagination|pager|paginator|sidebar\S*|widget-?area|skip-?(?:link|nav)\S*"
            r"|navbar\S*|nav|navigation|main-?nav\S*|topnav|bottomnav|sub-?nav|menu-\S*-?container|off-?canvas"
            r"|toc|table-of-contents|mw-editsection|mw-jump-link|navbox\S*|catlinks|printfooter|noprint|sitesub"
            r"|siteSub|contentsub|jump-to-nav|mw-indicators|vector-\S*(?:header|menu|toc|toolbar|page-tools)\S*"
            r"|share|sharing|shares?-?(?:bar|buttons?|links?|tools|widget|this)|social(?:-?(?:share|sharing|media|links?|icons?|buttons?|bar))?"
            r"|sharedaddy\S*|addtoany\S*|addthis\S*|a2a_kit\S*|sd-sharing\S*"
            r"|newsletter\S*|subscribe-?(?:box|form|widget|banner|prompt)|sign-?up-?(?:form|box|banner)|mailing-?list"
            r"|ads?|ad-?(?:slot|unit|container|wrapper|banner|box|placeholder)\S*|adsbygoogle|advert(?:isement|ising)?\S*"
            r"|sponsored?-?(?:content|links?)?|promo(?:tion)?s?(?:-\S+)?|dfp\S*|gpt-ad\S*"
            r"|screen-?reader-?(?:text|only)|sr-only|visually-?hidden|a11y-hidden"
            r"|login-?(?:form|box|modal)|modal(?:-\S+)?|popup(?:-\S+)?|lightbox|toolbar|print-only|back-to-top"
            r"|edit-?(?:link|this-page)|feedback(?:-\S+)?|votecell|vote-?(?:count|buttons?|controls?)|js-voting-container|tag-?links|post-?tags|entry-?footer-?meta)(?=\s|$)"
        ),
    ),
)
_HIDDEN_STYLE: Final = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)")
_MENU_ROLES: Final = frozenset({"navigation", "search", "menu", "menubar", "toolbar", "tablist"})
_DIALOGS: Final = frozenset({"dialog", "alertdialog"})
_SIDE_ROLES: Final = frozenset({"banner", "contentinfo", "alert", "complementary"})
_IN_PART: Final = ("article", "main")
_MOST_SHARE: Final = 0.5
_RUNNING_CHARS: Final = 80
_MENU_CHARS: Final = 40
_MENU_SHARE: Final = 0.9
_LEFT_CHARS: Final = 100
_MOST_BUTTONS: Final = 100
_LEVELS: Final = 12
# What is hidden until its heading is clicked belongs to the text.
_FOLDED: Final = re.compile(
    r"tab-?(?:pane|panel|content)|accordion|collaps|faq|answer|spoiler|toggle|panel"
)
_HIDDEN_CHARS: Final = 40

# What banners say, in the languages that are read most; two different ones and a button make one.
_CONSENT_WORDS: Final = re.compile(
    r"(?P<a>\b(?:we|this (?:site|website)|our (?:site|website)) (?:and our (?:\d+ )?partners )?uses? (?:\w+ )?cookies)"
    r"|(?P<b>\bour (?:\d[\d.,]* )?(?:trusted )?partners\b|\bnos (?:\d+ )?partenaires\b|\bunsere (?:\d+ )?partner\b|\bnuestros socios\b|\bi nostri partner\b)"
    r"|(?P<c>legitimate interest|berechtigte\w* interesse|intérêt légitime|interés legítimo|interesse legittimo)"
    r"|(?P<d>(?:store|access|read|process)\w*(?: and(?:/or)? \w+)? (?:\w+ )?(?:information|data) (?:on|from) (?:your|a|the) device|informationen auf (?:ihrem|einem) (?:gerät|endgerät))"
    r"|(?P<e>(?:value|respect|matters? to us|care about) (?:your )?privacy|your (?:privacy|choice) matters|(?:ihre|deine) privatsphäre|votre vie privée|tu privacidad)"
    r"|(?P<f>personali[sz]ed (?:ads|advertising|content)|personalisierte (?:werbung|anzeigen|inhalte)|publicités? personnalisée|anuncios personalizados)"
    r"|(?P<g>cookie (?:policy|settings|preferences|notice|declaration)|cookie-?(?:einstellungen|richtlinie)|datenschutz(?:erklärung|einstellungen))"
    r"|(?P<h>(?:wir|diese (?:website|seite)) (?:verwende[nt]|nutz(?:en|t)) cookies|nous utilisons des cookies|utilizamos cookies|utilizziamo i? ?cookie|wij gebruiken cookies|vi använder cookies|używamy plików cookie|мы используем (?:файлы )?cookie)"
    r"|(?P<i>withdraw (?:your )?consent|change your (?:mind|choices|preferences|settings) at any time|einwilligung (?:jederzeit )?widerrufen|strictly necessary|unbedingt erforderlich)"
    r"|(?P<k>before you continue to|if you choose to .{0,3}accept all|bevor (?:sie|du) zu \w+ weitergeh|avant d.accéder à|antes de continuar|prima di continuare)"
    r"|(?P<j>クッキーを使用|使用\s*cookie|使用cookies?|쿠키를 사용)",
    re.IGNORECASE,
)
_CONSENT_BUTTON: Final = re.compile(
    r"\s*(?:(?:i )?accept|(?:i )?agree|allow|reject|refuse|decline|deny|ok(?:ay)?\b|got it|manage|customi[sz]e"
    r"|cookie settings|only (?:necessary|essential)|alle? (?:akzeptieren|ablehnen|cookies)|akzeptieren|ablehnen|zustimmen"
    r"|einverstanden|nur notwendige|einstellungen|tout (?:accepter|refuser)|accepter|refuser|aceptar|rechazar"
    r"|accetta|rifiuta|aceitar|rejeitar|accepteren|weigeren|godkänn|akceptuj|zgadzam|принять|同意|接受|동의)",
    re.IGNORECASE,
)
_BANNER_CHARS: Final = 12_000
_BUTTON_CHARS: Final = 60


def clean(root: HtmlElement) -> Counter[str]:
    """Take out of a page what is no article; returns how many words of which kind.

    Pictures in `noscript` take the place of those that a script would have loaded.
    """
    _settle_pictures(root)
    for one in list(elements(root, *_NEVER_SHOWN)):
        remove(one)
    for button in list(elements(root, "button")):
        heading = next(button.iterancestors(*_HEADINGS), None)
        if heading is not None and words_in(heading) != words_in(button):
            remove(button)
    whole = _Whole(root)
    left_out: Counter[str] = Counter()
    gone: set[HtmlElement] = set()
    for one in [*_banners(root, whole), *_around(root, whole)]:
        element, kind = one
        if not any(above in gone for above in element.iterancestors()):
            left_out[kind] += _word_count(element)
            gone.add(element)
            remove(element)
    for one in list(_menus(root)):
        remove(one)
    for one in list(elements(root, "header", "footer", "aside")):
        if _is_around_article(one) and not whole.is_most(one):
            remove(one)
    return left_out


def _menus(root: HtmlElement) -> Iterator[HtmlElement]:
    """Yield the blocks above the first running text, and the cells beside it, of short links alone.

    Pages without names for their parts have such menus; a list of links in the text stays.
    """
    is_above = True
    for one in elements(root, "td", "div", "p", "ul", "center", "font", "table"):
        if is_within(one, *_IN_PART):
            continue
        chars = len("".join(one.text_content().split()))
        linked = [len("".join(link.text_content().split())) for link in one.iter("a")]
        if one.tag == "p" and chars - sum(linked) > _RUNNING_CHARS:
            is_above = False
        is_short = len(linked) > 2 and max(linked) <= _MENU_CHARS  # noqa: PLR2004
        if is_short and sum(linked) >= _MENU_SHARE * chars and (is_above or one.tag == "td"):
            yield one


def _around(root: HtmlElement, whole: _Whole) -> Iterator[tuple[HtmlElement, str]]:
    """Yield what is no part of the article by its element, role or name, and which kind it is."""
    for one in list(elements(root)):
        if one.tag not in _CONTAINERS and "-" not in one.tag:
            continue
        if (kind := _kind(one)) and not whole.is_most(one, kind) and not _is_safe(one):
            yield one, kind


class _Whole:
    """The text of a page, of which nothing may take most away."""

    def __init__(self, root: HtmlElement) -> None:
        self._body = next(root.iter("body"), root)
        self._chars = len(self._body.text_content())

    def is_most(self, element: HtmlElement, kind: str = CHROME) -> bool:
        """Tell whether the article would be gone with an element.

        Comments, banners and what stands beside the text are often longer than it, so that only
        what is left tells; any other name may also be that of a wrapper around everything.
        """
        if element.tag in ("html", "body", "main") or _holds_title(element):
            return True
        if next(element.iter("main"), None) is not None:
            return True
        chars = len(element.text_content())
        if kind in (COMMENTS, CONSENT, RELATED) or element.tag == "aside":
            return self._chars - chars < _LEFT_CHARS
        return chars > _MOST_SHARE * self._chars


def _holds_title(element: HtmlElement) -> bool:
    """Tell whether the title of the page's article is in an element."""
    return any(words_in(one) for one in element.iter("h1") if not is_within(one, "nav", "dialog"))


def _is_safe(element: HtmlElement) -> bool:
    """Tell whether a name says nothing: within code, in formulas and at notes."""
    if is_within(element, "pre", "code"):
        return True
    return element.tag == "span" and (
        element.get(TEX) is not None
        or any(one.get(TEX) or one.get(REFERENCE) for one in element.iter("span", "a"))
    )


def _kind(element: HtmlElement) -> str:
    """Return what of a page an element is, '' for its text."""
    role = (element.get("role") or "").lower()
    name = named(element)
    if kind := next((kind for kind, form in _NAMES if form.search(name)), "") if name else "":
        return kind
    if element.tag == "dialog" or role in _DIALOGS or element.get("aria-modal") == "true":
        return CONSENT
    if element.tag in _AROUND or role in _MENU_ROLES:
        return CHROME
    if role in _SIDE_ROLES and not is_within(element, *_IN_PART):
        return CHROME
    return HIDDEN if _is_hidden(element) else ""


def _is_hidden(element: HtmlElement) -> bool:
    if element.get("role") == "tabpanel" or _FOLDED.search(named(element)):
        return False
    style = element.get("style") or ""
    hidden = element.get("hidden") is not None or _HIDDEN_STYLE.search(style.lower())
    has_formula = hidden and any(one.get(TEX) for one in element.iter("span"))
    if hidden and not has_formula:
        return True
    # Dialogs hide the page behind them from readers' tools; icons are hidden for good.
    return element.get("aria-hidden") == "true" and len(words_in(element)) < _HIDDEN_CHARS


def _is_around_article(element: HtmlElement) -> bool:
    """Tell whether a header, footer or aside is the page's, not one within its text."""
    if is_within(element, "article", "blockquote"):
        return False
    if next(element.iter("main"), None) is not None:
        return False
    holds_article = next(element.iter("article"), None) is not None
    if is_within(element, "main"):
        # Beside the text: what it calls articles are others.
        return element.tag == "aside" and holds_article
    return element.tag == "aside" or not holds_article


def _banners(root: HtmlElement, whole: _Whole) -> Iterator[tuple[HtmlElement, str]]:
    """Yield what asks for consent, by what it says and the buttons beside it."""
    for button in islice(filter(_is_consent_button, list(elements(root))), _MOST_BUTTONS):
        banner = next((one for one in islice(button.iterancestors(), _LEVELS) if _asks(one)), None)
        if banner is None:
            continue
        while (above := banner.getparent()) is not None and words_in(above) == words_in(banner):
            banner = above
        if not whole.is_most(banner, CONSENT) and _is_apart(banner):
            yield banner, CONSENT


def asks_consent(part: HtmlElement) -> bool:
    """Tell whether all that a part of a page does is to ask for consent: its words and a button."""
    return _asks(part) and any(map(_is_consent_button, elements(part)))


def _is_consent_button(element: HtmlElement) -> bool:
    tag, label = element.tag, ""
    if tag == "input":
        label = element.get("value") or ""
    elif tag in ("button", "a") or element.get("role") == "button":
        label = element.text_content()[:_BUTTON_CHARS]
    return _CONSENT_BUTTON.match(label) is not None


def _asks(element: HtmlElement) -> bool:
    if len(element.text_content()) > _BANNER_CHARS:
        return False
    text = " ".join(element.itertext())
    said = {match.lastgroup for match in _CONSENT_WORDS.finditer(text)}
    return len(said) > 1


def _is_apart(banner: HtmlElement) -> bool:
    """Tell whether a banner is no part of the article, and holds none."""
    return banner.tag != "article" and next(banner.iter("article"), None) is None


def _word_count(element: HtmlElement) -> int:
    return len(element.text_content().split())


def _settle_pictures(root: HtmlElement) -> None:
    """Let a picture of `noscript` stand for the one that a script would have loaded."""
    for noscript in list(elements(root, "noscript")):
        image = next(noscript.iter("img"), None)
        if image is None:
            remove(noscript)
            continue
        before = noscript.getprevious()
        lazy = None
        if before is not None:
            lazy = before if before.tag == "img" else next(before.iter("img"), None)
        if lazy is None:
            noscript.drop_tag()
            continue
        if not lazy.get("data-src"):
            lazy.set("data-src", image.get("src") or "")
        remove(noscript)
