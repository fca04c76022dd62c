"""Sentence encoders, found by the config's words."""

from __future__ import annotations

from evalh.encoder.base import Encoder, Vectors
from evalh.models import EncoderConfig

__all__ = ["Encoder", "Vectors", "load_encoder"]

DEFAULT_ST_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def load_encoder(config: EncoderConfig) -> Encoder | None:
    """The encoder of `config`; None for kind "none". Weights are loaded at the first call of `encode`."""
    if config.kind == "none":
        return None
    if config.kind == "sentence-transformers":
        from evalh.encoder.sentence_transformers import SentenceTransformersEncoder

        return SentenceTransformersEncoder(config.model or DEFAULT_ST_MODEL)
    from evalh.encoder.minilm import MiniLM

    return MiniLM()
