"""One turn as the rules see it: its original, its normalised copy, its sentences."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evalh.models import Candidate, Turn
from evalh.models.vocabulary import MentionForm
from evalh.text.normalise import Normalised, normalise
from evalh.text.sentences import sentences


@dataclass(frozen=True)
class TurnView:
    """A turn for matching. Offsets in `text` are turned into offsets of the original by `place`."""

    turn: Turn

    @cached_property
    def norm(self) -> Normalised:
        """The normalised copy of what was heard."""
        return normalise(self.turn.heard)

    @property
    def index(self) -> int:
        """The turn's index."""
        return self.turn.index

    @property
    def text(self) -> str:
        """The normalised text: lower case, plain quotes and dashes."""
        return self.norm.text

    @cached_property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """The sentences, as (start, end) in `text`."""
        return sentences(self.text)

    def sentence_at(self, offset: int) -> tuple[int, int]:
        """The sentence around `offset` of `text`."""
        return next(((start, end) for start, end in self.sentences if start <= offset < end), (0, len(self.text)))

    def place(self, start: int, end: int) -> Place:
        """Where `text[start:end]` stands in the original turn."""
        first, last = self.norm.span(start, end)
        return Place(self.index, first, last, self.norm.raw[first:last])

    def whole(self) -> Place:
        """The whole turn as a place."""
        return Place(self.index, 0, len(self.norm.raw), self.norm.raw)


@dataclass(frozen=True, slots=True)
class Place:
    """Characters `start` to `end` of a turn's original text."""

    turn: int
    start: int
    end: int
    quote: str

    def fields(self) -> dict[str, Any]:
        """As the keyword arguments that every fact takes."""
        return {"turn": self.turn, "start": self.start, "end": self.end, "quote": self.quote}


@dataclass(frozen=True, slots=True)
class Named:
    """An offer named at `start` to `end` of a turn's normalised text.

    `offer` is None while `candidates` tie, or when what is named is in no version of the policy (`known` False).
    """

    start: int
    end: int
    offer: str | None
    candidates: tuple[Candidate, ...] = ()
    form: MentionForm = "name"
    said: str = ""
    confidence: float = 1.0
    known: bool = True
