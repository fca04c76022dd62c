"""The vendored WordPiece tokenizer of the MiniLM family, pinned by sha256."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

from evalh.errors import InternalError

TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
CLS, SEP = 101, 102


def load_tokenizer() -> Any:
    """A `tokenizers.Tokenizer` that neither cuts nor pads. Raises InternalError for another file."""
    from tokenizers import Tokenizer

    data = files("evalh.encoder").joinpath("data", "minilm_tokenizer.json").read_bytes()
    if hashlib.sha256(data).hexdigest() != TOKENIZER_SHA256:
        raise InternalError("the vendored tokenizer is not the one the weights were made for")
    tokenizer = Tokenizer.from_str(data.decode("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
