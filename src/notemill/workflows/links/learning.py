"""What the vault's own links teach ranking: kept, or learned from them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.linking.model import fingerprint, shipped
from notemill.linking.teaching import LEAST_LINKS, Lesson, lesson_of, taught

if TYPE_CHECKING:
    from notemill.index.lessons import Lessons
    from notemill.workflows.links.finding import Ranking


def learned(read: Ranking, lessons: Lessons) -> Lesson | None:
    """Return what the vault has taught, None if its links are to be studied first."""
    if read.links < LEAST_LINKS:
        return Lesson(read.links, None)
    kept = lesson_of(lessons.find(fingerprint()))
    return kept if kept is not None and kept.holds(read.links) else None


def learn(read: Ranking, lessons: Lessons) -> Lesson:
    """Study the vault's links, and keep what they teach. Raises VaultError."""
    weights = shipped(with_meaning=False).linked
    added = taught(read.documents, read.lexicon, read.scene.names, weights)
    lesson = Lesson(read.links, added)
    lessons.keep(fingerprint(), lesson.as_json())
    return lesson
