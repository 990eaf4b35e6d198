"""The embedded default: descriptions, tags and topics without any model service.

`extract` reads one note and answers with its own words; `respond` does the same for the body
of a Messages request, so that a run without an API key takes the same path as any other; a `Responder`
knows the vault besides.
"""

from notemill.offline.extract import Extract, extract
from notemill.offline.respond import Responder, respond

__all__ = ["Extract", "Responder", "extract", "respond"]
