"""notemill: a folder of Markdown notes becomes a curated, linked, answerable knowledge base."""
