"""A piece of personal data that was found in a text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["EMAIL", "IBAN", "CARD", "PHONE"]


@dataclass(frozen=True, slots=True)
class Found:
    """Characters `start` to `end` (exclusive). `value` is the data in one form, however it was written; never shown."""

    kind: Kind
    start: int
    end: int
    value: str = field(repr=False)
