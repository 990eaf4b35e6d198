"""What can make vectors of notes; apart, because the flags that name it load before any setting."""

from __future__ import annotations

from enum import StrEnum


class EmbeddingKind(StrEnum):
    """What makes vectors of notes: a model on the machine, a service, or nothing."""

    AUTO = "auto"
    MINILM = "minilm"
    MULTILINGUAL = "multilingual"
    OPENAI = "openai"
    OFF = "off"
