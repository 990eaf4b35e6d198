"""Documents, each as a draft."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from notemill.sources.documents import pdf
from notemill.sources.documents.admitting import bytes_of, check_is_pdf
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
    check_is_pdf(data, path.name)
    keys = (DIGEST_KEY + hashlib.sha256(data).hexdigest(),)
    return pdf.read(data, path, keys)
