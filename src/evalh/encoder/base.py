"""The one seam behind which sentence encoders stand: texts in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns sentences into vectors. The vector of a text does not depend on what else is in the batch."""

    @property
    def id(self) -> str:
        """Name and digest of the weights, or of what stands for them; part of a reading's cache key."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """An array of shape (len(texts), dimension), float32, each row of length 1."""


def unit(vectors: NDArray[Any]) -> Vectors:
    """The rows of `vectors`, each scaled to length 1; a row of zeros stays."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)
    return scaled
