"""What a customer turn answers, by the rules and the turn model together.

The rules bring a label, where they heard one, and how sure they are; the model its probabilities, for this turn and
for what the agent's last words did; the ledger what is on the table. A logistic model reads all of it as numbers and
gives a probability for each label. It was fitted on conversations that the turn model had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import re2

from evalh.models.vocabulary import OfferStatus, Reply
from evalh.reader.heads import LABELS, NONE, TURNS_DOWN, Numbers, TurnScores
from evalh.reader.joined import logs, one_of
from evalh.reader.view import TurnView
from evalh.text.amounts import amounts

QuestionAbout = Literal["offer", "hear", "other", "none"]
"""Whether to buy an offer, whether to hear of it, something else, or no question."""
Focus = Literal["pitch", "read_back", "answer", "talked", "spoken", "none"]
"""What the agent's last words did with the offer, or that it was spoken of lately, or before, or that none was."""
_FOCI: tuple[Focus, ...] = get_args(Focus)
_QUESTIONS: tuple[QuestionAbout, ...] = get_args(QuestionAbout)
_STATES: tuple[OfferStatus, ...] = get_args(OfferStatus)
_REPLIES = LABELS["reply"]
SILENT = (0.0,) * (len(LABELS["act"]) + 1)
"""What the model hears of an agent who says nothing."""
_SHORT = 3
"""Words of a short answer."""
_WORDS = 5
"""How many numbers say what the words are like."""
SURE = 2 * len(_REPLIES) + 1
"""Where the numbers begin that say how sure a rule is of each label."""
COUNT = 3 * len(_REPLIES) + 1 + _WORDS + len(_FOCI) + 4 + len(_STATES) + len(_QUESTIONS) + len(LABELS["act"]) + 2
"""How many numbers there are."""
_NOD = re2.compile(
    r"^\W*(?:(?:uh|um|oh|ah|well|so|and|right|alright|all right|ok|okay|k|kk|fine|good|great|cool|nice|perfect|thanks"
    r"|thank you|thx|got it|gotcha|understood|i see|i understand|noted|good to know|makes sense)\W*)+$"
)


@dataclass(frozen=True, slots=True)
class ByRule:
    """What the rules heard of the offer, if anything."""

    reply: Reply | None = None
    confidence: float = 0.0
    beside: bool = False
    """Whether it answers another question, so that its yes or no says nothing of the offer."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a customer turn finds on the table."""

    focus: Focus
    by_rule: bool
    """Whether a rule found what the agent's last words did with the offer."""
    named: bool
    """Whether that offer was named."""
    status: OfferStatus
    """The ledger's status of the offer."""
    question: QuestionAbout
    topic_closed: bool
    names_offer: bool
    """Whether the customer names an offer."""
    acts: tuple[float, ...] = SILENT
    """The model's probability of each label of the head "act" for the agent's last words, and that they ask."""


def numbers(view: TurnView, scores: TurnScores, rule: ByRule, at: Situation) -> Numbers:
    """All of it as numbers, shape (COUNT,)."""
    model = scores.heads["reply"]
    down = sum(scores.of("reply", label) for label in TURNS_DOWN)
    said = one_of(_REPLIES, rule.reply or NONE)
    sure = [each * rule.confidence for each in said[:-1]]
    table = [float(each) for each in (at.by_rule, at.named, at.topic_closed, at.names_offer)]
    parts = (
        logs(model), logs([down]), said, sure, [float(rule.beside)], _words(view.text), one_of(_FOCI, at.focus),
        table, one_of(_STATES, at.status), one_of(_QUESTIONS, at.question), at.acts, logs(at.acts[:1]),
    )  # fmt: skip
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


def _words(text: str) -> list[float]:
    count = len(text.split())
    marks = (is_nod(text), "?" in text, bool(amounts(text)), np.log1p(count), count <= _SHORT)
    return [float(mark) for mark in marks]


def is_nod(text: str) -> bool:
    """Whether the words take note of anything, and do no more."""
    return bool(_NOD.search(text))
