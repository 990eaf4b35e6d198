"""Writes a page on which a person judges what `notemill link` proposes.

`python bench/links_page.py VAULT --count 30 --seed 1 -o page.html`: random pairs, both notes' first
lines, the why and the score, and two boxes to tick. The vault is only read; nothing is kept.
"""

from __future__ import annotations

import argparse
import html
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from notemill.app.opened import OpenVault
from notemill.config import load_exclusions
from notemill.index.derived import unseen
from notemill.privacy import Privacy
from notemill.vault.resolve import title_of
from notemill.workflows.links.explaining import Explainer
from notemill.workflows.links.finding import LinkSearch, find_pairs, read_notes
from notemill.workflows.links.upkeep import look_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notemill.stores.pairs import NewPair

FIRST_LINES = 12
LINE_CHARS = 240
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1.5rem 0; overflow: hidden; }
header, footer { padding: .6rem 1rem; background: var(--soft); }
header b { font-variant-numeric: tabular-nums; }
.notes { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1px; }
.notes > div { padding: .6rem 1rem; min-width: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .3rem; } small { opacity: .7; }
p { margin: .2rem 0; } label { margin-right: 1.5rem; }
"""


def main() -> None:
    """Read the command line, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--top", type=int, default=5)
    parser.add_argument("--min-score", type=float, default=0.65)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        page, shown, found = _page(Path(home), options)
    options.output.write_text(page, "utf-8")
    print(f"{shown} of {found:,} pairs in {options.output}")


def _page(home: Path, options: argparse.Namespace) -> tuple[str, int, int]:
    opened = OpenVault(
        options.vault, home=home, privacy=Privacy(load_exclusions()), clock=time.time,
        watch=unseen, processes=1,
    )  # fmt: skip
    try:
        scene = opened.scene()
        look_after(scene, opened.links, now=time.time())
        read = read_notes(scene, opened.links, opened.contents)
        found = find_pairs(read, opened.links, LinkSearch(options.top, options.min_score)).pairs
        drawn = random.Random(options.seed).sample(found, min(options.count, len(found)))  # noqa: S311
        return (
            _html(options.vault.name, drawn, Explainer(opened.vault, scene.sight)),
            len(drawn),
            len(found),
        )
    finally:
        opened.close()


def _html(vault: str, pairs: Sequence[NewPair], explainer: Explainer) -> str:
    title = html.escape(f"{len(pairs)} proposed links in {vault}")
    body = "\n".join(
        _article(number, pair, explainer) for number, pair in enumerate(pairs, start=1)
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style>\n<h1>{title}</h1>\n"
        f"<p>Would you put this link into both notes?</p>\n{body}\n</html>\n"
    )


def _article(number: int, pair: NewPair, explainer: Explainer) -> str:
    why = explainer.why(pair.a, pair.b, pair.reason)
    sentences = "".join(
        f"<p>{html.escape(title_of(key))}: “{html.escape(text)}”</p>" for key, text in why.mentions
    )
    return (
        f"<article>\n<header>{number}. <b>{pair.score:.2f}</b> "
        f"{html.escape(why.as_line()) or 'no word in common'}{sentences}</header>\n"
        f'<div class="notes">{_note(pair.a, explainer)}{_note(pair.b, explainer)}</div>\n'
        f'<footer><label><input type="checkbox"> accept</label>'
        f'<label><input type="checkbox"> reject</label></footer>\n</article>'
    )


def _note(key: str, explainer: Explainer) -> str:
    lines = "".join(
        f"<p>{html.escape(line[:LINE_CHARS])}</p>"
        for line in explainer.about(key).lines[:FIRST_LINES]
    )
    return (
        f"<div><h2>{html.escape(title_of(key))}</h2><small>{html.escape(key)}</small>{lines}</div>"
    )


if __name__ == "__main__":
    main()
