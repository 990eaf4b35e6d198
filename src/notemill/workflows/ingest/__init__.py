"""Ingest: a draft becomes a request, its reply a note with proposals, found again by its source."""
