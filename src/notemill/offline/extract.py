"""Extraction of a description, tags and topics from a note's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from notemill.offline.cjk import cjk_phrases
from notemill.offline.commonplace import Commonplace, apart_from
from notemill.offline.describe import describe
from notemill.offline.inline import clean
from notemill.offline.letters import without_salutation
from notemill.offline.marked import normalised
from notemill.offline.phrases import phrases
from notemill.offline.pieces import parse
from notemill.offline.tag_choice import choose
from notemill.offline.topics import topics
from notemill.offline.units import is_fact
from notemill.text.stopwords import SAMPLE_WORDS, combined, languages_of
from notemill.text.terms import language_of
from notemill.text.words import UNSPACED, fold, words

if TYPE_CHECKING:
    from collections.abc import Sequence

_DATE = re.compile(r"[\d\W_]+")
_DOTTED = re.compile(r"[\w-]*[^\W\d][\w-]*(?:\.[\w-]+)+")
_FILE_TYPE = re.compile(
    r"[\w-]+\.(?:css|js|ts|py|sh|md|json|ya?ml|toml|txt|html?|edn|conf|ini|rs|go)"
)
_SLUG = re.compile(r"\w+(?:[-_]+\w+)+")
NOTHING_COMMON = Commonplace()
NAMESPACE = "___"
"""How Logseq writes a slash in a file's name."""
PAIR = 2
SAMPLE_PIECES = 40
MAX_TITLE = 300
MAX_FOLDER = 500


@dataclass(frozen=True, slots=True)
class Extract:
    """A note's description (at most 300 characters), up to 3 tags and up to 5 topics.

    Topics are empty if title, folder and text name nothing; tags where none of
    the vocabulary fits: none is invented.
    """

    description: str
    tags: tuple[str, ...]
    topics: tuple[str, ...]


def extract(
    *,
    title: str,
    folder: str,
    text: str,
    vocabulary: Sequence[str],
    existing_tags: Sequence[str] = (),
    common: Commonplace = NOTHING_COMMON,
) -> Extract:
    """Describe a note in its own words; deterministic, without a model or the network.

    `text` is the Markdown body without frontmatter, of which the first 60,000 characters are read;
    `vocabulary` holds the vault's tags, best candidates first; `existing_tags` are never returned;
    what is `common` in the vault is no topic.
    Never raises, whatever the text.
    """
    given = " ".join(normalised(title[:MAX_TITLE]).split())
    title = readable(clean(given)) or given
    # Of a name in a namespace, as Logseq writes it, the last level is the note's own.
    name = title.rstrip("/ ").rpartition(" / ")[2] if NAMESPACE in given else title
    folder = " ".join(normalised(folder[:MAX_FOLDER]).split())
    page = without_salutation(parse(text))
    said = (fold(word) for piece in page.pieces for word in words(piece.text))
    body = list(islice(said, SAMPLE_WORDS))
    stop = combined(languages_of(body or [fold(word) for word in words(title)]))
    recurring = cjk_phrases((piece.text for piece in page.pieces if not is_fact(piece)), title)
    ranked = phrases(page, title, stop, recurring) if vocabulary else []
    return Extract(
        description=describe(apart_from(page, common), title, folder, stop),
        tags=choose(
            page,
            title=title,
            folder=folder,
            ranked=ranked,
            vocabulary=vocabulary,
            existing=existing_tags,
            stop=stop,
            common=common.words,
        ),
        topics=topics(
            page,
            name,
            folder,
            language=language_of("\n".join(piece.text for piece in page.pieces[:SAMPLE_PIECES])),
            stop=stop,
            recurring=recurring,
            common=common,
        ),
    )


def readable(title: str) -> str:
    """Return a title written like a file name ("block-anchors") as words."""
    title = title.replace(NAMESPACE, " / ")
    if " " in title or _DATE.fullmatch(title) or UNSPACED.search(title):
        return title
    if _DOTTED.fullmatch(title):
        leaf = title.rpartition(".")[2]
        if _FILE_TYPE.fullmatch(title):
            return title
        title = leaf if any(map(str.isalpha, leaf)) else title.replace(".", " ")
    parts = re.split(r"[-_]+", title) if _SLUG.fullmatch(title) else [title]
    # "p-Wert" and "e-mail" are words.
    word = len(parts) == PAIR and (not title.islower() or min(map(len, parts)) == 1)
    return title if word else " ".join(parts).strip()
