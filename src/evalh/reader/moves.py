"""What an agent turn does with an offer, by the rules and the turn model together.

The rules bring an act, where they heard one, and how sure they are; the model its probabilities; the ledger what is on
the table. A logistic model reads all of it as numbers and gives a probability for each label of the head "act".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import re2

from evalh.models.vocabulary import Act, OfferStatus
from evalh.reader.acts import RANK, Floor, Spoken
from evalh.reader.heads import BINARY, LABELS, NONE, Numbers, TurnScores
from evalh.reader.joined import logs, one_of
from evalh.reader.view import TurnView
from evalh.text.amounts import amounts

PRONOUN = re2.compile(r"\b(?:it|one|that|this|them|those)\b")
"""What may stand for an offer that was spoken of before."""
_ACTS: tuple[Act, ...] = get_args(Act)
_STATES: tuple[OfferStatus, ...] = get_args(OfferStatus)
_ASKS = BINARY.index("asks")
_SHORT = 3
_BY_RULE = 2 * len(_ACTS) + 5
_ON_TABLE = len(_STATES) + 6
_WORDS = 5
COUNT = len(LABELS["act"]) + 2 + _BY_RULE + _ON_TABLE + _WORDS
"""How many numbers there are."""
SAID = len(LABELS["act"]) + 2
"""Where the numbers begin that say which act a rule heard, if any."""
SURE = SAID + len(_ACTS) + 1
"""Where the numbers begin that say how sure a rule is of each act."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the rules heard in the turn: the acts, of which the first in rank is `top`, and how sure they are of it."""

    acts: Sequence[Spoken] = ()
    confidence: float = 0.0

    @property
    def top(self) -> Spoken | None:
        """The act that counts, if there is one."""
        return max(self.acts, key=lambda spoken: RANK[spoken.act.act], default=None)


def numbers(view: TurnView, scores: TurnScores, heard: Heard, floor: Floor) -> Numbers:
    """All of it as numbers, shape (COUNT,)."""
    asks = 0.0 if scores.binary is None else float(scores.binary[_ASKS])
    parts = (logs(scores.heads["act"]), [asks], logs([asks]), _by_rule(heard), _table(heard, floor), _words(view.text))
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


def _by_rule(heard: Heard) -> list[float]:
    top = heard.top
    said = one_of((*_ACTS, NONE), top.act.act if top is not None else NONE)
    sure = [each * heard.confidence for each in said[:-1]]
    named = top is not None and top.act.offer is not None
    marks = (any(spoken.asks for spoken in heard.acts), named, len(heard.acts) == 1, len(heard.acts) > 1)
    return [*said, *sure, *map(float, marks)]


def _table(heard: Heard, floor: Floor) -> list[float]:
    top = heard.top
    offer = top.act.offer if top is not None and top.act.offer is not None else floor.current
    marks = (
        offer is not None, offer in floor.asked, bool(floor.asked), floor.interested, floor.turned_down, floor.closed,
    )  # fmt: skip
    return [*one_of(_STATES, floor.status.get(offer or "", "")), *map(float, marks)]


def _words(text: str) -> list[float]:
    count = len(text.split())
    marks = ("?" in text, bool(amounts(text)), bool(PRONOUN.search(text)), np.log1p(count), count <= _SHORT)
    return [float(mark) for mark in marks]
