"""A web page, fetched or saved, becomes a draft: the article alone, whole, as Markdown."""

from notemill.sources.pages.reading import read

__all__ = ["read"]
