"""Vectors of what notes mean, made while a command waits and shows how far it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notemill.embedding.choice import model_of
from notemill.index.derived import DERIVED_FILE
from notemill.index.embedder import Embedder, Wanted
from notemill.linking.content import text_of
from notemill.vault.note import parse
from notemill.vault.resolve import title_of
from twolane.front.console import clock, time_left_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from notemill.app.mill import Mill
    from notemill.config import EmbeddingSettings
    from notemill.index import NoteFacts
    from twolane.front.console import Console

_LOOK_EVERY_S = 0.2


def vectors_of(
    mill: Mill, settings: EmbeddingSettings, facts: Sequence[NoteFacts], console: Console
) -> NDArray[np.float32] | None:
    """Return a row for each note, None where no model is installed or it fits too few of them.

    `facts` are of notes that may be sent: a service gets their texts. What is made is kept, also
    when the command is stopped. Who watches may go on without: Ctrl-C gives None as well. Raises
    EmbeddingError.
    """
    model = model_of(settings)
    if model is None or not facts:
        return None
    wanted = [Wanted(one.source_hash, title_of(one.key)) for one in facts]

    def text_at(place: int) -> str:
        key = facts[place].key
        raw = mill.vault.read(key)
        mill.privacy.check(key, raw)
        return text_of(parse(raw)[0])

    embedder = Embedder(mill.state / DERIVED_FILE, model, wanted, text_at)
    embedder.start()
    try:
        _wait(embedder, console)
    except KeyboardInterrupt:
        embedder.stop()
        if not console.is_terminal:
            raise
        console.print("going on with words alone; what was read is kept")
        return None
    except BaseException:
        embedder.stop()
        raise
    return embedder.vectors()


def _wait(embedder: Embedder, console: Console) -> None:
    if embedder.wait(_LOOK_EVERY_S):
        return
    began, kept = time.monotonic(), embedder.progress.done
    with console.status() as show:
        while not embedder.wait(_LOOK_EVERY_S):
            done, total = embedder.progress
            left_s = time_left_s(done - kept, total - kept, time.monotonic() - began)
            left = "" if left_s is None else f", about {clock(left_s)} left"
            show(
                f"reading what the notes mean, once for each text: {done:,} of {total:,}{left}; "
                "Ctrl-C goes on with words alone"
            )
