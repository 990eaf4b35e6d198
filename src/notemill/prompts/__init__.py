"""Prompt templates, versioned by the hash of their text."""
