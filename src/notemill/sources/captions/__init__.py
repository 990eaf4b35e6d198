"""Transcript files become drafts: captions of any form, and texts with or without times.

`files.read` reads paths, `drafting.draft_of` bytes that somebody else fetched; `paragraphs` makes
readable text of what was said.
"""
