"""Print what the offline provider says of random notes of a vault, for reading."""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path

from notemill.offline import extract

FRONTMATTER = re.compile(r"\ufeff?---\r?\n.*?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)
LISTED_TAG = re.compile(r"^\s*- (?!\[)['\"]?#?([^\s'\":{}]+)['\"]?\s*$", re.MULTILINE)
INLINE_TAG = re.compile(r"(?<![\w/#&(])#([^\W\d][\w/-]*)")
TAGS_KEY = re.compile(r"^tags:[ \t]*(.*(?:\n[ \t]+- .*|\n- .*)*)", re.MULTILINE)


def tags_of(header: str) -> list[str]:
    """Return the tags of a frontmatter by a simple pattern, enough for a trial."""
    match = TAGS_KEY.search(header)
    if not match:
        return []
    if "\n" in match[1]:
        return LISTED_TAG.findall(match[1])
    return [tag.strip(" []'\"#") for tag in match[1].split(",") if tag.strip(" []'\"#")]


def read_vault(vault: Path) -> tuple[list[tuple[Path, str, list[str]]], list[str]]:
    """Return the notes with a body (path, body, own tags) and the vault's tags by frequency."""
    notes: list[tuple[Path, str, list[str]]] = []
    counts: Counter[str] = Counter()
    for path in sorted(vault.rglob("*.md")):
        text = path.read_text(encoding="utf-8", errors="replace")
        header = FRONTMATTER.match(text)
        own = tags_of(header[0]) if header else []
        body = text[header.end() :] if header else text
        counts.update([*own, *INLINE_TAG.findall(body)])
        if body.strip():
            notes.append((path.relative_to(vault), body, own))
    return notes, [tag for tag, _ in counts.most_common()]


def main() -> int:
    """Print path, description, tags and topics of a seeded sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--body", type=int, default=0, help="characters of each body to print")
    parser.add_argument("--tagless", action="store_true", help="offer no vocabulary")
    arguments = parser.parse_args()
    notes, vocabulary = read_vault(arguments.vault)
    draw = random.Random(arguments.seed)  # noqa: S311 - a sample to read, not a secret
    sample = draw.sample(notes, min(arguments.count, len(notes)))
    spent = 0.0
    for path, body, own in sample:
        started = time.perf_counter()
        found = extract(
            title=path.stem,
            folder=path.parent.as_posix() if path.parent != Path() else "",
            text=body,
            vocabulary=[] if arguments.tagless else vocabulary,
            existing_tags=own,
        )
        spent += time.perf_counter() - started
        sys.stdout.write(f"\n{path} ({len(body)} characters)\n")
        if arguments.body:
            sys.stdout.write(f"  {body.strip()[: arguments.body]!r}\n")
        sys.stdout.write(f"  D {found.description}\n")
        sys.stdout.write(f"  # {', '.join(found.tags)}\n  T {' | '.join(found.topics)}\n")
    sys.stdout.write(f"\n{len(sample)} notes, {1000 * spent / max(1, len(sample)):.1f} ms each\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
