"""Sentence encoders, found by the config's words."""

from __future__ import annotations

from importlib.util import find_spec

from evalh.encoder.base import Encoder, Vectors
from evalh.errors import UserError
from evalh.models import EncoderConfig

__all__ = ["Encoder", "Vectors", "load_encoder"]

DEFAULT_ST_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def load_encoder(config: EncoderConfig) -> Encoder | None:
    """The encoder of `config`; None for kind "none". Weights are loaded at the first call of `encode`.

    Raises UserError at once when sentence-transformers is wanted and not installed.
    """
    if config.kind == "none":
        return None
    if config.kind == "sentence-transformers":
        _need_sentence_transformers(config.model or DEFAULT_ST_MODEL)
        from evalh.encoder.sentence_transformers import SentenceTransformersEncoder

        return SentenceTransformersEncoder(config.model or DEFAULT_ST_MODEL)
    from evalh.encoder.minilm import MiniLM

    return MiniLM()


def _need_sentence_transformers(model: str) -> None:
    if find_spec("sentence_transformers") is None:
        raise UserError(
            f"the encoder {model!r} needs sentence-transformers, which is not installed; use 'minilm' or 'none', or "
            "install torch for your machine and then `pip install 'evalh[st]'`"
        )
