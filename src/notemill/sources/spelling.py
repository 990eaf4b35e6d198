"""Web addresses in one spelling: what differs without meaning anything else is made equal.

Read as browsers read them (WHATWG URL), normalised as RFC 3986 section 6 allows, and without the
parameters that only tell who followed a link from where. Pure, linear, and without errors: what is
no web address is None.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

MOST_LETTERS: Final = 8_192
"""Servers refuse longer addresses, most of them much shorter ones."""
_MOST_HOST_LETTERS: Final = 253
_MOST_PORT: Final = 65_535
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}

_FORM: Final = re.compile(
    r"(?P<scheme>https?):[/\\]+(?P<host>[^/\\?#]+)(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?:\#(?P<fragment>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]{0,5}))?")
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
# An address that was copied out of a page's source has `&amp;` for `&`.
_OF_HTML: Final = re.compile(r"\A(?:amp;)+")
# Browsers drop these wherever they stand, and these with spaces at both ends.
_DROPPED: Final = str.maketrans("", "", "\t\n\r")
_AROUND: Final = "".join(map(chr, range(0x21)))

_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})?|[^%!$&'()*+,\-./0-9:;=?@A-Z_a-z~]+")
# Written plainly and as %XX alike: the unreserved of RFC 3986, and what no server tells apart.
_PLAIN: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!'()*,:@"
)

# What Firefox and Brave strip of addresses, and what the makers of newsletters and of statistics
# document as theirs. Names that sites use for something else (`ref`, `source`, `id`) are not here.
_TRACKING: Final = re.compile(
    r"(?:utm|mtm|pk|piwik|matomo|hsa)_.*|__hs(?:fp|sc|tc)|_hs(?:enc|mi)|hsctatracking|__s|_sp|_kx"
    r"|__twitter_impression|_branch_(?:match_id|referrer)|_ga|_gl|_openstat|bsft_(?:clkid|uid)|cmpid"
    r"|fb_(?:action_ids|action_types|ref|source)|(?:fb|g|d|tt|tw|y|ys)clid|msclkid"
    r"|irclickid|[gw]braid|gclsrc|gad_(?:campaignid|source)|guccounter|guce_referrer(?:_sig)?|igsh(?:id)?|li_fat_id|mc_[ce]id|mkt_tok"
    r"|ml_subscriber(?:_hash)?|oly_(?:anon|enc)_id|rb_clickid|s_cid|srsltid|vero_(?:conv|id)|wickedid"
)
# Of hosts that use a common name for it.
_TRACKING_AT: Final = {
    "medium.com": frozenset({"source"}),
    "open.spotify.com": frozenset({"si"}),
    "reddit.com": frozenset({"rdt", "ref", "ref_source", "share_id"}),
    "substack.com": frozenset({"r", "showwelcomeonshare", "triedredirect"}),
    "twitter.com": frozenset({"s", "t", "ref_src", "ref_url"}),
    "x.com": frozenset({"s", "t", "ref_src", "ref_url"}),
    "youtube.com": frozenset({"ab_channel", "app", "feature", "pp", "si"}),
}
# Hosts that are known to show the same pages.
_SAME_HOSTS: Final = {
    "mobile.twitter.com": "x.com",
    "twitter.com": "x.com",
    "www.twitter.com": "x.com",
    "www.x.com": "x.com",
    "m.facebook.com": "www.facebook.com",
    "facebook.com": "www.facebook.com",
    "new.reddit.com": "www.reddit.com",
    "np.reddit.com": "www.reddit.com",
    "old.reddit.com": "www.reddit.com",
    "reddit.com": "www.reddit.com",
}
_MOBILE: Final = re.compile(
    r"(?P<language>[a-z-]+)\.m\.(?P<site>wik(?:ibooks|inews|ipedia|iquote|isource|iversity|ivoyage"
    r"|tionary)\.org)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A web address, taken apart and normalised; `parameters` are `name=value`, still encoded."""

    scheme: str
    host: str
    port: str
    path: str
    parameters: tuple[str, ...]
    fragment: str

    def __str__(self) -> str:
        """Put the address together."""
        port = f":{self.port}" if self.port else ""
        query = f"?{'&'.join(self.parameters)}" if self.parameters else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.scheme}://{self.host}{port}{self.path}{query}{fragment}"

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of a parameter, decoded."""
        pairs = (one.partition("=") for one in self.parameters)
        return tuple(unquote(value) for key, _, value in pairs if key == name)


def read(text: str) -> Address | None:
    """Return a web address with its parts normalised, None if it is none.

    A name and password in it are left out; a fragment stays where it is a route (`#/…`, `#!…`).
    """
    text = text.strip(_AROUND).translate(_DROPPED)
    if len(text) > MOST_LETTERS or (found := _FORM.fullmatch(text)) is None:
        return None
    scheme = found["scheme"].lower()
    authority = _HOST_AND_PORT.fullmatch(found["host"].rpartition("@")[2])
    host = _host(authority["host"]) if authority else ""
    port = (authority["port"] or "").lstrip("0") if authority else ""
    if not host or int(port or 0) > _MOST_PORT:
        return None
    parameters = (_OF_HTML.sub("", _encoded(one)) for one in (found["query"] or "").split("&"))
    return Address(
        scheme,
        host,
        "" if port == _DEFAULT_PORTS[scheme] else port,
        _path(found["path"]),
        tuple(filter(None, parameters)),
        _route(found["fragment"] or ""),
    )


def without_tracking(address: Address) -> Address:
    """Return the same address without what tells who follows it from where."""
    site = ".".join(address.host.split(".")[-2:])
    theirs = _TRACKING_AT.get(address.host) or _TRACKING_AT.get(site) or frozenset()
    kept = (one for one in address.parameters if not _tracks(one, theirs))
    return replace(address, parameters=tuple(kept))


def for_comparing(address: Address) -> Address:
    """Return what is equal for two addresses of one page, and need not lead there.

    Nobody shows one page by http and another by https, or by another order of parameters, or with
    and without a slash at its end.
    """
    host = _SAME_HOSTS.get(address.host, address.host)
    if mobile := _MOBILE.fullmatch(host):
        host = f"{mobile['language']}.{mobile['site']}"
    return replace(
        address,
        scheme=address.scheme if address.port else "https",
        host=host,
        path=address.path.rstrip("/") or "/",
        parameters=tuple(sorted(address.parameters)),
    )


def _tracks(parameter: str, theirs: frozenset[str]) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in theirs or _TRACKING.fullmatch(name) is not None


def _host(text: str) -> str:
    """Return a host's one spelling, in ASCII, or '' if no host is called so."""
    if text.startswith("["):
        if "%" in text:  # a network of this machine's own
            return ""
        try:
            return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
        except ValueError:
            return ""
    text = unquote(text) if "%" in text else text
    if len(text) > _MOST_HOST_LETTERS:
        return ""
    text = (text.lower() if text.isascii() else _in_ascii(text)).removesuffix(".")
    return text if _HOST.fullmatch(text) and len(text) <= _MOST_HOST_LETTERS else ""


def _in_ascii(host: str) -> str:
    """Return an international host as it is asked for (UTS 46, as browsers do), or ''."""
    import idna  # noqa: PLC0415  # its tables take a while, and few addresses need them

    try:
        labels = idna.uts46_remap(host, std3_rules=False, transitional=False).split(".")
        return ".".join(
            one if one.isascii() else f"xn--{one.encode('punycode').decode()}" for one in labels
        )
    except (idna.IDNAError, UnicodeError):
        return ""


def _encoded(text: str) -> str:
    """Return text in one spelling: %XX where it must be so and nowhere else."""
    return _ESCAPE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    text, digits = found[0], found[1]
    if digits:
        letter = chr(int(digits, 16))
        return letter if letter in _PLAIN else f"%{digits.upper()}"
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


def _path(text: str) -> str:
    """Return a path without `.` and `..` (RFC 3986, 5.2.4), beginning with a slash."""
    segments = _encoded(text.replace("\\", "/")).split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            kept[-1:] = []
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _route(fragment: str) -> str:
    """Return a fragment that tells which page is shown; all others are places within one."""
    fragment = fragment.partition(":~:")[0]
    return _encoded(fragment) if fragment.startswith(("/", "!")) and len(fragment) > 1 else ""
