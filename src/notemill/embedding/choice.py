"""The choice of the embedding model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notemill.embedding import minilm
from notemill.embedding_kind import EmbeddingKind
from notemill.errors import EmbeddingError
from twolane import check_network

if TYPE_CHECKING:
    from notemill.config import EmbeddingSettings
    from notemill.embedding.model import EmbeddingModel


def model_of(settings: EmbeddingSettings) -> EmbeddingModel | None:
    """Return the model that the settings name, None if it is off; it is loaded when first asked.

    `auto` is MiniLM if it is installed. Raises EmbeddingError if the named model is not available,
    ConfigError if the environment's proxy or certificates cannot be used.
    """
    match settings.kind:
        case EmbeddingKind.AUTO:
            return minilm.MiniLM() if minilm.is_installed() else None
        case EmbeddingKind.MINILM:
            return minilm.MiniLM()
        case EmbeddingKind.MULTILINGUAL:
            from notemill.embedding.multilingual import Multilingual  # noqa: PLC0415

            return Multilingual()
        case EmbeddingKind.OPENAI:
            return _endpoint(settings)
        case EmbeddingKind.OFF:
            return None


def _endpoint(settings: EmbeddingSettings) -> EmbeddingModel:
    from notemill.config import OPENAI_URL  # noqa: PLC0415

    if settings.api_key is None and settings.base_url == OPENAI_URL:
        raise EmbeddingError(
            "OpenAI's embeddings need a key: set OPENAI_API_KEY, or name your own service in "
            "embedding_url (OPENAI_BASE_URL)"
        )
    check_network(settings.base_url)
    from notemill.embedding.endpoint import Endpoint  # noqa: PLC0415  # it loads aiohttp

    return Endpoint(settings.model, settings.base_url, settings.api_key)
