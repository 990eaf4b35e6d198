"""A note's Markdown as HTML that does nothing: no script, no form, no request to anywhere.

HTML in a note is shown as the text that it is; what the renderer makes is cleaned once more, down to
the elements that text needs. Images, embeds and links to notes become words, since nothing of them
can be fetched or opened here, and nothing has an id that could meet one of the page's.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

MAX_CHARS: Final = 50_000
"""The most of a note that is shown."""
CUT: Final = "The note goes on; open it in your editor to read the rest."

_TAGS: Final = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_ATTRIBUTES: Final = {"a": {"href"}, "ol": {"start"}}
_SCHEMES: Final = frozenset(("http", "https", "mailto"))
_WIKILINK: Final = re.compile(r"!?\[\[([^\[\]\n|]{1,500})(?:\|([^\[\]\n]{1,500}))?\]\]")


def inert_html(text: str) -> Markup:
    """Return a note's text, without its frontmatter, as HTML for a page; at most MAX_CHARS of it."""
    shown = text[:MAX_CHARS].encode("utf-8", "replace").decode()  # a lone surrogate is no text
    clean = _cleaner().clean(_reader().render(shown))
    cut = Markup('<p class="muted">{}</p>').format(CUT) if len(text) > MAX_CHARS else Markup()
    return Markup(clean) + cut  # noqa: S704  # cleaned


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


@cache
def _reader() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": False})
    made.enable(["table", "strikethrough"])
    made.inline.ruler.before("link", "wikilink", _wikilink)
    made.add_render_rule("image", _image)
    return made


def _wikilink(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # markdown-it's form
    """Read `[[Note|words]]` and `![[Note]]` as the words that a reader of the note would see."""
    if state.src[state.pos] not in "[!":
        return False
    found = _WIKILINK.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("text", "", 0).content = found[2] or found[1]
    state.pos = found.end()
    return True


def _image(
    reader: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """Return an image's words: an image from elsewhere would tell that the note is being read."""
    words = reader.renderInlineAsText(tokens[at].children, options, env)
    return f"[image: {escape(words)}]" if words else "[image]"
