"""Documents, each as a draft: PDF, EPUB, Word, PowerPoint, Excel, OpenDocument and RTF."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from notemill.sources.documents import epub, office, pdf
from notemill.sources.documents.admitting import Format, bytes_of, format_of
from notemill.sources.draft import DIGEST_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from notemill.sources.draft import Draft


def read(path: Path) -> Draft:
    """Return what a document says; its blocks have the pages of a PDF.

    Raises SourceError with what is wrong and what to do: too large, damaged, locked with a
    password, without a text layer. Raises MissingExtraError if the libraries are not installed.
    """
    data = bytes_of(path)
    kind = format_of(data, path.name)
    keys = (DIGEST_KEY + hashlib.sha256(data).hexdigest(),)
    if kind is Format.PDF:
        return pdf.read(data, path, keys)
    if kind is Format.EPUB:
        return epub.read(data, path, keys)
    return office.read(data, kind, path, keys)
