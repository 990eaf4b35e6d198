"""Files that pages drop: what names are, what fits, what is left after a day or a broken line."""

from __future__ import annotations

import stat
import time
from typing import TYPE_CHECKING

import pytest

from notemill.errors import UsageError
from notemill.stores import dropped
from notemill.stores.dropped import FOLDER, KEPT_S, MOST_FILE_BYTES, MOST_NAME_BYTES, Dropped

if TYPE_CHECKING:
    from pathlib import Path

BATCH, OTHER = "a" * 32, "0123456789abcdef" * 2
NOW = time.time()


@pytest.fixture
def kept(tmp_path: Path) -> Dropped:
    """A place for files, by a clock of the files' own system."""
    return Dropped(tmp_path / "state", lambda: NOW)


def put(kept: Dropped, name: str, data: bytes = b"text", batch: str = BATCH) -> None:
    """Drop a file, in two pieces."""
    coming = kept.begin(batch, name, len(data))
    try:
        coming.write(data[:1])
        coming.write(data[1:])
        coming.keep()
    finally:
        coming.close()


def names(kept: Dropped, batch: str = BATCH) -> list[str]:
    """Return the names of a batch's files."""
    return [one.name for one in kept.files(batch)]


def test_files_stand_side_by_side_under_their_names(kept: Dropped, tmp_path: Path) -> None:
    """Captions and what tells of their video keep belonging together; nobody else can read them."""
    put(kept, "A talk [x].en.vtt", b"first")
    put(kept, "A talk [x].info.json")
    put(kept, "A talk [x].en.vtt", b"second")
    put(kept, "other.pdf", batch=OTHER)
    assert names(kept) == ["A talk [x].en.vtt", "A talk [x].info.json"]
    first = kept.files(BATCH)[0]
    assert first.read_bytes() == b"second"
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state" / FOLDER).stat().st_mode) == 0o700
    kept.remove(BATCH, "A talk [x].en.vtt")
    kept.remove(BATCH, "never there")
    assert names(kept) == ["A talk [x].info.json"]
    kept.remove(BATCH)
    assert (names(kept), names(kept, OTHER)) == ([], ["other.pdf"])


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "../x", "a/b", "a\\b", "a\0b", "a\nb", "a\x7f", "\udcff", "é" * MOST_NAME_BYTES],
)  # fmt: skip
def test_a_name_names_a_file_of_its_batch_or_nothing(
    kept: Dropped, tmp_path: Path, name: str
) -> None:
    """Neither a file elsewhere is written, nor one deleted."""
    (tmp_path / "state" / FOLDER).mkdir(parents=True)
    outside = tmp_path / "state" / FOLDER / "x"
    outside.write_bytes(b"mine")
    with pytest.raises(UsageError, match="rename the file"):
        put(kept, name)
    kept.remove(BATCH, name)
    assert outside.read_bytes() == b"mine"
    assert names(kept) == []


@pytest.mark.parametrize("batch", ["", "..", "A" * 32, "a" * 31, f"{'a' * 32}\n", f"../{'a' * 29}"])
def test_a_batch_is_named_by_digits_alone(kept: Dropped, batch: str) -> None:
    """What else is said for it leads nowhere."""
    for ask in (kept.files, kept.remove, lambda one: kept.begin(one, "a.vtt", 1)):
        with pytest.raises(UsageError, match="32 hexadecimal digits"):
            ask(batch)


def test_what_does_not_come_whole_is_gone(kept: Dropped, tmp_path: Path) -> None:
    """Fewer bytes than told are no file, more are refused, and neither leaves a part behind."""
    short, long = kept.begin(BATCH, "a.vtt", 9), kept.begin(BATCH, "b.vtt", 4)
    short.write(b"1234")
    with pytest.raises(UsageError, match=r"a\.vtt did not come whole"):
        short.keep()
    with pytest.raises(UsageError, match=r"b\.vtt is larger"):
        long.write(b"123456789")
    for coming in (short, short, long):
        coming.close()
    assert list((tmp_path / "state" / FOLDER / BATCH).iterdir()) == []


def test_no_more_is_taken_than_fits(kept: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, all files, their number: what is still coming counts, and what has ended does not."""
    with pytest.raises(UsageError, match="the limit is 200 MB"):
        kept.begin(BATCH, "big.pdf", MOST_FILE_BYTES + 1)
    monkeypatch.setattr(dropped, "MOST_BYTES", 10)
    put(kept, "a.vtt", b"12345")
    coming = kept.begin(BATCH, "b.vtt", 5)
    with pytest.raises(UsageError, match="wait to be read"):
        kept.begin(OTHER, "c.vtt", 1)
    coming.close()
    put(kept, "c.vtt", b"12345", batch=OTHER)
    monkeypatch.setattr(dropped, "MOST_BYTES", 1_000)
    monkeypatch.setattr(dropped, "MOST_FILES", 2)
    with pytest.raises(UsageError, match="wait to be read"):
        put(kept, "d.vtt", b"")


def test_after_a_day_files_go(tmp_path: Path) -> None:
    """With the next one that comes: nobody waits for a price so long."""
    now = time.time()
    kept = Dropped(tmp_path / "state", lambda: now)
    put(kept, "old.vtt")
    now += KEPT_S - 60
    put(kept, "new.vtt", batch=OTHER)
    assert names(kept) == ["old.vtt"]
    now += 180
    put(kept, "newer.vtt", batch=OTHER)
    assert names(kept) == []
