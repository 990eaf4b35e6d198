"""Documents that are packed folders (ZIP): their parts read within bounds, their XML without entities."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from notemill.errors import SourceError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from lxml.etree import _Element

_MOST_UNPACKED: Final = 500_000_000
"""Of all parts together, pictures and fonts included."""
_MOST_ENTRIES: Final = 20_000
MOST_PART_BYTES: Final = 50_000_000
"""Of one part that is read; the text of the longest novels is 10 MB of XML."""
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError,
)  # fmt: skip
"""What `zipfile` raises at damaged archives."""


_BEFORE_NAME: Final = re.compile("[}:]")


class Pack:
    """A packed document, open for reading; `name` is for messages."""

    def __init__(self, data: bytes, name: str) -> None:
        """Open it. Raises SourceError if it is damaged, or unpacks to too much."""
        self.name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except BROKEN:
            raise self.damaged() from None
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        unpacked = sum(entry.file_size for entry in self._entries.values())
        if unpacked > _MOST_UNPACKED or len(self._entries) > _MOST_ENTRIES:
            raise SourceError(
                f"{name} unpacks to {unpacked / 1e6:,.0f} MB in {len(self._entries):,} parts; the "
                f"limit is {_MOST_UNPACKED / 1e6:,.0f} MB in {_MOST_ENTRIES:,} parts."
            )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self._zip.close()

    def __contains__(self, part: object) -> bool:
        """Tell whether there is a part of this name."""
        return part in self._entries

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of all parts, in the order of the archive."""
        return tuple(self._entries)

    def damaged(self) -> SourceError:
        """Return the error for a document that cannot be unpacked."""
        return SourceError(
            f"{self.name} is damaged: it ends too early, or a part of it is broken. Get it again."
        )

    def read(self, part: str) -> bytes:
        """Return a part's bytes. Raises SourceError if there is none, or it is damaged or too large."""
        try:
            with self._zip.open(self._entries[part]) as file:
                data = file.read(MOST_PART_BYTES + 1)
        except (KeyError, *BROKEN):
            raise self.damaged() from None
        if len(data) > MOST_PART_BYTES:
            raise SourceError(
                f"{self.name} has a part of more than {MOST_PART_BYTES / 1e6:,.0f} MB ({part}), "
                "which is the limit. Split it."
            )
        return data

    def tree(self, part: str) -> _Element:
        """Return a part that is XML. Raises SourceError as `read` does, or if it is no XML."""
        from lxml import etree  # noqa: PLC0415

        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=True
        )
        try:
            root = etree.fromstring(self.read(part), parser)
        except etree.XMLSyntaxError:
            root = None
        if root is None:
            raise self.damaged()
        return root


def local_name(element: _Element) -> str:
    """Return an element's name without its namespace, '' for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: _Element, name: str) -> str:
    """Return an attribute by its name in any namespace, '' if there is none."""
    return next(
        (
            value
            for key, value in element.attrib.items()
            if _BEFORE_NAME.split(str(key))[-1] == name
        ),
        "",
    )
