"""Embeddings of texts: models on this machine, and services."""
