"""Sources as they are named, one draft after another: files, addresses, listings of many."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace
from mimetypes import guess_extension
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from notemill.app.ingest_events import SourceBegun, Unchanged, Unread
from notemill.app.listing import NO_FEED, feed_of, is_feed
from notemill.errors import MissingExtraError, SourceBlockedError, SourceError, UsageError
from notemill.sources.address import canonical_address, clean_address
from notemill.sources.arguments import Argument, ArgumentKind, what, what_file
from notemill.sources.draft import VIDEO_KEY
from notemill.sources.listed import listed_feed, listed_videos
from notemill.workflows.ingest.naming import stem_of

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Collection,
        Iterator,
        Sequence,
    )

    from notemill.sources.draft import Draft
    from notemill.sources.feeds.model import Episode, Feed
    from notemill.sources.fetching import Fetched, Fetcher
    from notemill.sources.listed import Listed
    from notemill.sources.youtube.reading import YouTube

    Read = Draft | Unread | Unchanged

MAX_FILE_BYTES: Final = 64 << 20
"""The largest page or feed that is read from a file."""
_PDF: Final = b"%PDF-"
_HEAD_BYTES: Final = 2_048
_UNREADABLE: Final = (SourceError, UsageError, MissingExtraError)


class SourceReading:
    """Reads sources one after another, so that hosts are asked politely."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        youtube: YouTube,
        kept: Callable[[str], Awaitable[Draft | Unchanged | None]],
        wanted: Callable[[Listed], Awaitable[Collection[str]]],
        is_read: Callable[[str], Awaitable[bool]],
        tell: Callable[[SourceBegun], None],
        limit: int | None = None,
        lists_only: bool = False,
    ) -> None:
        """Read pages through `fetcher` and videos through `youtube`.

        `wanted` returns the strongest keys of the entries that are wanted of a list; of these, the
        first `limit` are read. `kept` returns by its key what was read before and not asked about
        yet, or the note that has it: of a list, that is not read again. `is_read` says so of all
        that is read at once, by its name (see `step`). `tell` is called before each source. With `lists_only`, what is no list any more is an error: nobody asked for the page
        that stands in a feed's place.
        """
        self._fetcher = fetcher
        self._youtube = youtube
        self._kept = kept
        self._wanted = wanted
        self._is_read = is_read
        self._tell = tell
        self._limit = limit
        self._lists_only = lists_only
        self._number = 0
        self._of = 0
        self.step = ""
        """The name of what is being read at once: one source, or the captions of one video."""

    async def drafts(self, sources: Sequence[str | Path]) -> AsyncGenerator[Read, None]:
        """Yield what was read of each source, or why it could not be, in their order.

        A path is a file that came from elsewhere; see `what_file`.
        """
        arguments: list[Argument] = []
        for source in sources:
            try:
                if isinstance(source, Path):
                    found = await asyncio.to_thread(what_file, source)
                else:
                    found = await asyncio.to_thread(what, source)
            except UsageError as error:
                self.step = str(source)
                yield Unread(source.name if isinstance(source, Path) else source, str(error))
                continue
            arguments += found.entries or (found,)
        steps = list(_steps(arguments))
        self._of = len(steps)
        for step in steps:
            self.step = "\n".join(marked(one.path or one.text) for one in step)
            if await self._is_read(self.step):
                self._number += 1
                continue
            self._begin(step[0].text)
            async with aclosing(self._read(step)) as read:
                async for one in read:
                    yield one

    def _begin(self, name: str) -> None:
        self._number += 1
        self._tell(SourceBegun(self._number, max(self._of, self._number), name))

    async def _read(self, step: Sequence[Argument]) -> AsyncGenerator[Read, None]:
        first = step[0]
        try:
            match first.kind:
                case ArgumentKind.VIDEO:
                    yield await self._youtube.video(first.value)
                case ArgumentKind.PLAYLIST | ArgumentKind.CHANNEL:
                    async for one in self._listed(first):
                        yield one
                case ArgumentKind.ADDRESS:
                    async for one in self._at(first.value):
                        yield one
                case ArgumentKind.FEED:
                    feed = await asyncio.to_thread(_saved_feed, first)
                    async for one in self._episodes(feed, feed.address):
                        yield one
                case _:
                    yield await asyncio.to_thread(
                        _saved, first.kind, [one.path for one in step if one.path]
                    )
        except _UNREADABLE as error:
            yield _unread(first.text, error)

    async def _listed(self, argument: Argument) -> AsyncGenerator[Read, None]:
        """Yield the videos of a playlist or channel; once YouTube refuses, the others wait."""
        listing = await self._youtube.listing(argument.text)
        wanted = await self._wanted(listed_videos(listing, argument.text))
        keyed = ((f"{VIDEO_KEY}{one.id}", one) for one in listing.entries)
        entries = [one for one in keyed if one[0] in wanted][: self._limit]
        self._of += len(entries) - 1
        for key, entry in entries:
            name = entry.title or entry.id
            self._begin(name)
            if (known := await self._kept(key)) is not None:
                yield known
                continue
            try:
                yield await self._youtube.video(entry.id)
            except (SourceBlockedError, MissingExtraError) as error:
                yield replace(_unread(name, error), listed=argument.text)
                return
            except _UNREADABLE as error:
                yield replace(_unread(name, error), listed=argument.text, key=key)

    async def _at(self, address: str) -> AsyncGenerator[Read, None]:
        """Yield what an address gives: a page, a document, or the entries of a feed."""
        fetched = await self._fetcher.fetch(address)
        head = fetched.data[:_HEAD_BYTES].lstrip()
        if is_feed(fetched.data):
            async for one in self._episodes(await asyncio.to_thread(feed_of, fetched), address):
                yield one
        elif self._lists_only:
            raise SourceError(NO_FEED)
        elif head.startswith((_PDF, b"PK\x03\x04")):
            yield await asyncio.to_thread(_document, fetched)
        else:
            yield await asyncio.to_thread(_page, fetched)

    async def _episodes(self, feed: Feed, address: str) -> AsyncGenerator[Read, None]:
        wanted = await self._wanted(listed_feed(feed, address))
        keyed = ((one.outline.keys[0], one) for one in feed.episodes)
        episodes = [one for one in keyed if one[0] in wanted][: self._limit]
        self._of += max(0, len(episodes) - 1)
        for number, (key, episode) in enumerate(episodes):
            if number:
                self._begin(episode.outline.title)
            known = await self._kept(key)
            try:
                yield known if known is not None else await self._episode(episode)
            except _UNREADABLE as error:
                yield replace(_unread(episode.outline.title, error), listed=address, key=key)

    async def _episode(self, episode: Episode) -> Draft:
        """Return an episode with the transcript that its publisher offers, else its show notes."""
        from notemill.sources.feeds.transcripts import (  # noqa: PLC0415
            best_of,
            with_chapters,
            with_transcript,
        )

        draft = await asyncio.to_thread(lambda: episode.draft)
        for link in best_of(episode.transcripts, draft.language):
            try:
                fetched = await self._fetcher.fetch(link.address)
                draft = await asyncio.to_thread(with_transcript, episode, link, fetched.data)
                break
            except SourceError as error:
                notice = f"the published transcript could not be read: {error}"
                draft = replace(draft, notices=(*draft.notices, notice))
        if draft.cues and not draft.chapters and episode.chapters_address:
            with suppress(SourceError):
                fetched = await self._fetcher.fetch(episode.chapters_address)
                draft = with_chapters(draft, fetched.data)
        return draft


def marked(source: str | Path) -> str:
    """Return a source's name, a file's with what changes when it is another one."""
    if isinstance(source, str):
        return source
    try:
        found = source.stat()
    except OSError:
        return str(source)
    return f"{source} {found.st_size} {found.st_mtime_ns}"


def _steps(arguments: Sequence[Argument]) -> Iterator[tuple[Argument, ...]]:
    """Yield what is read at once: a source by itself, caption files of one video together."""
    from notemill.sources.captions.files import grouped  # noqa: PLC0415

    files = {one.path: one for one in arguments if one.kind is ArgumentKind.CAPTIONS and one.path}
    groups = {group[0]: group for group in grouped(list(files))} if files else {}
    later = {path for group in groups.values() for path in group[1:]}
    for one in arguments:
        if one.kind is not ArgumentKind.CAPTIONS or one.path is None:
            yield (one,)
        elif one.path not in later and one.path in groups:
            yield tuple(files[path] for path in groups.pop(one.path))


def _saved(kind: ArgumentKind, paths: Sequence[Path]) -> Draft:
    """Read a file, or the caption files of one video. Raises SourceError, MissingExtraError."""
    first = paths[0]
    match kind:
        case ArgumentKind.PAGE:
            from notemill.sources.pages.reading import read as read_page  # noqa: PLC0415

            return read_page(_bytes_of(first), file_name=first.name)
        case ArgumentKind.DOCUMENT:
            from notemill.sources.documents import read as read_document  # noqa: PLC0415

            return read_document(first)
        case _:
            from notemill.sources.captions.files import read as read_captions  # noqa: PLC0415

            return read_captions(paths)


def _saved_feed(argument: Argument) -> Feed:
    from notemill.sources.feeds.reading import read as read_feed  # noqa: PLC0415

    path = argument.path or Path(argument.text)
    return read_feed(_bytes_of(path), file_name=path.name)


def _bytes_of(path: Path) -> bytes:
    """Return a file's bytes. Raises SourceError if they cannot be read, or are too many."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise SourceError(f"{path.name} is larger than {MAX_FILE_BYTES >> 20} MB; it was not read")
    return data


def _page(fetched: Fetched) -> Draft:
    from notemill.sources.pages.reading import read as read_page  # noqa: PLC0415

    return read_page(fetched.data, address=fetched.address, content_type=fetched.content_type)


def _document(fetched: Fetched) -> Draft:
    """Read a document of the web; it is known by its address, too."""
    from notemill.sources.documents import read as read_document  # noqa: PLC0415

    named = unquote(PurePosixPath(urlsplit(fetched.address).path).name)
    ending = PurePosixPath(named).suffix or guess_extension(fetched.content_type.partition(";")[0])
    with TemporaryDirectory(prefix="notemill-") as folder:
        path = Path(folder) / f"{stem_of(PurePosixPath(named).stem)}{ending or '.pdf'}"
        path.write_bytes(fetched.data)
        draft = read_document(path)
    address = canonical_address(fetched.address)
    return replace(draft, keys=(address, *draft.keys), source=clean_address(fetched.address))


def _unread(name: str, error: Exception) -> Unread:
    why = str(error).removeprefix(f"{name}: ")  # it is told beside the name
    return Unread(name, why, waits=isinstance(error, SourceBlockedError))
