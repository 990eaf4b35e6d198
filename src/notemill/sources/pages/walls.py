"""What stands between a reader and an article: logins, paywalls, checks for robots, scripts."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError, SourceRefusedError
from notemill.sources.pages.parsing import elements, is_within, remove, words_in

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_WALL: Final = re.compile(
    r"(?:subscribe|sign up|sign in|log ?in|register|join)(?: now| today| for free)? to (?:continue|keep|read|unlock|view|see|access)"
    r"|to (?:continue|keep) reading|continue reading (?:with|by)|already (?:a|have an?) (?:subscriber|member|subscription|account)"
    r"|(?:for|to) (?:our )?(?:paid |registered )?(?:subscribers|members) only|subscriber-only|members-only"
    r"|unlock (?:this|the (?:full|rest|whole))|create (?:a|your) free account|reached your (?:\w+ )?limit"
    r"|you (?:must|need to|have to) (?:be logged in|log ?in|sign in|register)|please (?:log ?in|sign in)"
    r"|um weiter ?zu ?lesen|weiterlesen mit|melden sie sich an|(?:jetzt|bitte) (?:anmelden|einloggen|abonnieren|registrieren)"
    r"|nur für (?:abonnenten|mitglieder|registrierte)|(?:schon|bereits) (?:abonnent|kunde|registriert)"
    r"|réservée? (?:aux|à nos) abonnés|pour lire la suite|connectez-vous|abonnez-vous|déjà abonné"
    r"|inicia sesión|suscr[ií]bete para|s[oó]lo para suscriptores|exclusivo para suscriptores"
    r"|riservato agli abbonati|abbonati per|accedi per|sei già abbonato|登录后|会員限定|続きを読むには",
    re.IGNORECASE,
)
_WAY_IN: Final = re.compile(
    r"subscri|sign|log ?in|register|join|account|trial|offer|member|anmeld|einlogg|abo|registrier|abonn|connect"
    r"|suscri|sesión|accedi|abbona|登录|会員|ログイン",
    re.IGNORECASE,
)
_CHECK: Final = re.compile(
    r"verify(?:ing)? (?:that )?you are (?:a )?human|checking (?:if the site connection is secure|your browser)"
    r"|are you a robot|unusual (?:traffic|activity)|complete the (?:captcha|security check)|access denied"
    r"|request (?:was )?blocked|just a moment",
    re.IGNORECASE,
)
_SCRIPTED: Final = re.compile(
    r"(?:enable|turn on|activate|requires?|needs?|without) javascript|javascript (?:is |to be |must be )?(?:disabled|required|enabled|aktivier\w+)"
    r"|javascript aktivieren|activer javascript|^\W*(?:loading|please wait|lade[nt]?|chargement)\W*$",
    re.IGNORECASE,
)
_GONE: Final = re.compile(
    r"(?:page|seite|article|artikel|post|site|url|file) (?:was |could |wurde |konnte )?(?:not|nicht|no longer) (?:be )?(?:found|gefunden|exists?|available)"
    r"|(?:page|post|article) you(?:\W?re| are| were) (?:looking for|trying to)|error 404|404 (?:error|not found|page)|fehler 404"
    r"|page (?:introuvable|non trouvée|no encontrada|non trovata)|página no encontrada|pagina non trovata|ページが見つかりません|页面不存在|страница не найдена",
    re.IGNORECASE,
)
_CONTAINERS: Final = ("div", "section", "aside", "form", "p", "footer", "ul")
_WALL_CHARS: Final = 800
_FORM_CHARS: Final = 600
_SHORT_CHARS: Final = 250
_CONSENT_CHARS: Final = 1_000
_LEAST_LETTERS: Final = 25
_LETTERS_BEHIND_WALL: Final = 200
_MOST_FORMS: Final = 20
_LETTER: Final = re.compile(r"\w")


def take_out(root: HtmlElement) -> bool:
    """Take the forms and appeals out of a page that stand in place of its text; tell if any did."""
    found = False
    for field in list(islice(_password_fields(root), _MOST_FORMS)):
        form = next(field.iterancestors("form", "div", "section", "table"), None)
        if form is not None and len(form.text_content()) <= _FORM_CHARS:
            remove(form)
            found = True
    body = next(root.iter("body"), root)
    most = len(body.text_content()) // 2
    for one in list(elements(body, *_CONTAINERS)):
        text = one.text_content()
        if len(text) <= min(_WALL_CHARS, most) and _is_wall(one, text):
            remove(one)
            found = True
    return found


def check(text: str, shown: str, *, is_walled: bool, asks_consent: bool, has_scripts: bool) -> None:
    """Raise for a text that is no article: SourceRefusedError if the host keeps it, SourceError else."""
    letters = len(_LETTER.findall(text))
    if letters <= _SHORT_CHARS and _CHECK.search(text):
        raise SourceRefusedError(
            f"{shown} asks whether its reader is human; open it in a browser, save the page and "
            "name the file"
        )
    if is_walled and letters < _LETTERS_BEHIND_WALL:
        raise SourceRefusedError(
            f"{shown} shows only a login or an offer to subscribe; log in with a browser, save the "
            "page and name the file"
        )
    if letters <= _SHORT_CHARS and _GONE.search(text):
        raise SourceError(
            f"{shown} only says that there is no such page; open its address in a browser to see "
            "where it is now"
        )
    if letters <= _CONSENT_CHARS and asks_consent:
        raise SourceRefusedError(
            f"{shown} shows only a request for consent to cookies; answer it in a browser, save the "
            "page and name the file"
        )
    if letters < _LEAST_LETTERS or (letters <= _SHORT_CHARS and _SCRIPTED.search(text)):
        reason = "builds its text with scripts" if has_scripts else "has no text that could be read"
        raise SourceError(
            f"{shown} {reason}; open it in a browser, save the complete page and name the file"
        )


def _password_fields(root: HtmlElement) -> filter[HtmlElement]:
    return filter(
        lambda one: (one.get("type") or "").lower() == "password", elements(root, "input")
    )


def _is_wall(element: HtmlElement, text: str) -> bool:
    """Tell whether a short part of a page asks to log in or subscribe, and offers a way to do so."""
    if not _WALL.search(text) or is_within(element, "pre", "code"):
        return False
    if next(element.iter("h1", "pre"), None) is not None:
        return False
    ways = (one for one in element.iter("a", "button", "input") if one.get("type") != "hidden")
    return any(_WAY_IN.search(words_in(one) or one.get("value") or "") for one in ways)
