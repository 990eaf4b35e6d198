"""What is known of every note, derived and rebuildable: delete it and it costs time, never data."""

from notemill.index.facts import NoteFacts, description_of, facts_and_text, facts_of
from notemill.index.notes import Index

__all__ = ["Index", "NoteFacts", "description_of", "facts_and_text", "facts_of"]
