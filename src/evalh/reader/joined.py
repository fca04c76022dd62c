"""Numbers for the logistic models that join rules, turn model and ledger: of answers (answers.py), of acts (moves.py).

Each such model starts from what the turn model says and adds what the rest speaks for. It was fitted on conversations
that the turn model had not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evalh.reader.heads import LABELS, Numbers

_LEAST = 1e-4
"""The least probability: below it all are alike."""
_SCALE = 4.0
"""Brings logarithms near the size of the other numbers."""


def logs(shares: Any) -> Numbers:
    """Logarithms of probabilities, near the size of the other numbers, shape as given."""
    return np.log(np.maximum(np.asarray(shares, dtype=np.float64), _LEAST)) / _SCALE


def one_of(names: Sequence[str], name: str) -> list[float]:
    """1 at the place of `name`, 0 elsewhere."""
    return [float(each == name) for each in names]


def as_the_model_says(head: str, count: int) -> Numbers:
    """Weights that make of `count` numbers what the model says of the turn, shape (count, labels).

    The first of the numbers are the logarithms of the model's own probabilities, in the order of the head's labels.
    """
    return np.eye(count, len(LABELS[head])) * _SCALE
