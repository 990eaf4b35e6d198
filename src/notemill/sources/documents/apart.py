"""Reads one document in a process of its own: bytes come in, JSON goes out.

    python -P -m notemill.sources.documents.apart MEDIA_TYPE <document >findings

The libraries are native code that reads what strangers wrote. Here such code can run too long, take
all memory or crash, and the process that asked goes on and says so.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Final

from notemill.sources.documents import office_apart, pdf_apart

_MOST_MEMORY: Final = 4 << 30
"""Bytes; a document of the largest size takes a quarter of them. What is reserved and not used, as
allocators do for each processor, is not counted."""


def main() -> None:
    """Read the document on standard input, of the media type that is named."""
    _bound_memory()
    kind, data = sys.argv[1], sys.stdin.buffer.read()
    found = pdf_apart.read(data) if kind == pdf_apart.PDF else office_apart.read(data, kind)
    sys.stdout.buffer.write(json.dumps(found).encode("ascii"))
    sys.stdout.buffer.flush()


def _bound_memory() -> None:
    """Bound what this process may take, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))


if __name__ == "__main__":
    main()
