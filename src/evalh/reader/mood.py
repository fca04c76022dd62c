"""The mood of a customer turn, from wording, shouting and the mood before; what follows from it is left to others."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import re2

from evalh.models import Mood
from evalh.reader.rules import Hit, load_rules
from evalh.reader.view import TurnView
from evalh.text.sentences import sentences

CARRIED = "still upset from the turn before"
"""The reason of a mood that is taken over from the turn before; it is taken over once."""
UNMARKED = "shows no mood"
"""The reason of a mood of which no sign was found."""

_DEFAULT = 0.6
_CARRIED = 0.4
_LEAN = 0.1
_WORD = re.compile(r"\b[A-Za-z][A-Za-z']+\b")
_MANY_MARKS = re2.compile(r"!{2,}")
_BRIGHT = re2.compile(
    r"(?i)\b(?:thank|thanks|thx|great|awesome|yay|love|perfect|amazing|good|nice|wonderful|yes|hi|hello|hey|cool|please|"
    r"bye|excited|woohoo|sweet|wow|happy|congrat\w*|excellent|fantastic|brilliant)\b"
)


class _Sign(NamedTuple):
    mood: str
    start: int
    end: int
    confidence: float
    reason: str


def read_mood(view: TurnView, previous: Mood | None) -> Mood | None:
    """The mood a customer turn shows; None for a turn in which nothing but a backchannel is heard.

    A turn that shows nothing is calm (confidence 0.6), or right after a frustrated turn still frustrated
    (confidence 0.4), once. `previous` is the mood of the customer turn before. `reason` says which rule spoke.
    """
    if view.turn.backchannel or not view.text.strip():
        return None
    sign = _weigh([*_said(view.text), *_shouted(view)]) or _unmarked(view.text, previous)
    return Mood.model_validate(
        {
            **view.place(sign.start, sign.end).fields(),
            "mood": sign.mood,
            "confidence": sign.confidence,
            "reason": sign.reason,
        }
    )


def _unmarked(text: str, previous: Mood | None) -> _Sign:
    if previous is not None and previous.mood == "frustrated" and previous.reason != CARRIED:
        return _Sign("frustrated", 0, len(text), _CARRIED, CARRIED)
    return _Sign("calm", 0, len(text), _DEFAULT, UNMARKED)


def _weigh(signs: list[_Sign]) -> _Sign | None:
    """The surest sign; of signs that are about as sure, the last: people end on how they feel."""
    felt = [sign for sign in signs if sign.mood != "calm"] or signs
    top = max((sign.confidence for sign in felt), default=0.0)
    return max((sign for sign in felt if sign.confidence >= top - _LEAN), key=lambda sign: sign.start, default=None)


@lru_cache(maxsize=4_096)
def _said(text: str) -> tuple[_Sign, ...]:
    rules = load_rules("mood")
    return tuple(_sign(hit) for span in sentences(text) for hit in rules.hits(text, *span))


def _sign(hit: Hit) -> _Sign:
    rule = hit.rule
    return _Sign(rule.label, hit.start, hit.end, rule.confidence, f"{rule.id}: {rule.reason}")


def _shouted(view: TurnView) -> list[_Sign]:
    raw = view.turn.heard
    if _in_capitals(raw):
        return [_Sign("frustrated", 0, len(view.text), 0.75, "capitals: writes in capitals")]
    marks = _MANY_MARKS.search(raw)
    if marks and not _BRIGHT.search(raw):
        return [_Sign("frustrated", 0, len(view.text), 0.5, "exclamation: writes many exclamation marks")]
    return []


def _in_capitals(raw: str) -> bool:
    """Whether several words are in capitals in a text whose marks or small letters show that not every text is."""
    if not any(char.isupper() for char in raw) or _BRIGHT.search(raw):
        return False
    words = [word for word in _WORD.findall(raw) if len(word) > 1]
    loud = sum(word.isupper() and len(word) > 2 for word in words)
    share = 0.3 if any(word.islower() for word in words) else 0.5
    return loud >= 3 and loud >= len(words) * share and (share < 0.5 or "!" in raw)
