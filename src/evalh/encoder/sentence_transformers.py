"""Any sentence-transformers model, by name or local folder; needs the extra `st`, and torch installed first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from evalh.encoder.base import Vectors, unit
from evalh.errors import UserError
from evalh.models import digest


class SentenceTransformersEncoder:
    """Vectors of the dimension of the model."""

    def __init__(self, model: str) -> None:
        self.model = model

    @cached_property
    def id(self) -> str:
        """The model's name, and for a local folder the digest of its weights."""
        folder = Path(self.model)
        if not folder.is_dir():
            return f"sentence-transformers:{self.model}"
        sizes = [[str(file.relative_to(folder)), _fingerprint(file)] for file in sorted(folder.rglob("*.safetensors"))]
        return f"sentence-transformers:{folder.name}@{digest(sizes)[:12]}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """An array of shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        vectors = self._loaded.encode(list(texts), convert_to_numpy=True, show_progress_bar=False)
        return unit(np.asarray(vectors))

    @cached_property
    def _loaded(self) -> Any:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise UserError(
                "the encoder 'sentence-transformers' is not installed; install torch for your machine, then "
                f"`pip install 'evalh[st]'` ({error})"
            ) from None
        try:
            return SentenceTransformer(self.model, device="cpu")
        except (OSError, ValueError) as error:
            raise UserError(
                f"the sentence-transformers model {self.model!r} cannot be loaded; give a name that can be fetched "
                f"or a local folder ({str(error).splitlines()[0]})"
            ) from None


def _fingerprint(file: Path) -> str:
    import hashlib

    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
