"""Reads one document in a process of its own: bytes come in, JSON goes out.

    python -P -m notemill.sources.documents.apart <document >findings

The libraries are native code that reads what strangers wrote. Here such code can run too long, take
all memory or crash, and the process that asked goes on and says so.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Final

from notemill.sources.documents import pdf_apart

_MOST_MEMORY: Final = 4 << 30
"""Bytes of address space; a document of the largest size takes a quarter of it."""


def main() -> None:
    """Read the PDF on standard input."""
    _bound_memory()
    found = pdf_apart.read(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(found).encode("ascii"))
    sys.stdout.buffer.flush()


def _bound_memory() -> None:
    """Bound what this process may take, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


if __name__ == "__main__":
    main()
