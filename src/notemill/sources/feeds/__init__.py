"""Feeds: podcasts with their show notes and transcripts, and blogs with their articles.

`reading.read` reads a feed; `transcripts` puts what was fetched for an episode into its draft.
"""
