"""What the agent's last question was about, which decides what a bare "no" or "yes" after it says."""

from __future__ import annotations

from collections.abc import Sequence

import re2

from evalh.reader.acts import Spoken
from evalh.reader.answers import QuestionAbout
from evalh.reader.rules import load_rules
from evalh.reader.view import TurnView

_ASKS = re2.compile(
    r"\?\W*$|^(?:and |so |ok |okay |alright |great |now |but |um |uh )*(?:would|do|does|did|are|is|was|can"
    r"|could|may|shall|"
    r"should|will|have|has|what|which|when|where|who|how|any)\s+(?:you|your|i|we|it|that|there|this|the|else|anything|"
    r"time|one|is|are|would|much|many|about|can|do|questions?)\b|"
    r"\b(?:let me know|tell me|confirm|anything else|what else)\b"
)

ELSE = re2.compile(
    r"\b(?:anything|something|what) else\b|\bany (?:other|more|further) (?:questions?|thing|concerns?|issues?)\b"
    r"|\belse (?:i|we) can\b"
)
"""Asking whether there is anything else, which is about no offer."""
_IT = re2.compile(
    r"\b(?:add|assign|book|get|give|hold|include|keep|order|place|pop|put|reserve|send|set|start|switch|take|throw|turn"
    r"|try|want|like|fancy|have|need)(?: (?:you|me|us|up))? (?:it|one|that|them|this|those|both)\b"
)
"""Taking what was just spoken of: "shall I send one?"."""
_CONFIRMS = re2.compile(
    r"\b(?:correct|right|confirm\w*|ok(?:ay)?|go ahead|yes/no|yes or no|proceed|place|happy|good to go|agree)\b"
)
"""Asking whether what was read back is what was wanted."""


def question_about(view: TurnView, acts: Sequence[Spoken]) -> QuestionAbout:
    """What the turn's last question is about: buying an offer, hearing of it, something else, or there is none."""
    last = next(((start, end) for start, end in reversed(view.sentences) if _asks(view.text[start:end])), None)
    if last is None:
        return "none"
    start, end = last
    if ELSE.search(view.text[start:end]):
        return "other"
    cues = {hit.label for hit in load_rules("acts").hits(view.text, start, end)}
    about = any(
        spoken.asks and spoken.act.act == "pitch" and spoken.start < end and start < spoken.end for spoken in acts
    )
    if about:
        return "hear" if "ask_hear" in cues and not cues & {"ask", "ask_reference"} else "offer"
    if not any(_close_by(view, spoken, start) for spoken in acts):
        return "other"
    if "ask_hear" in cues:
        return "hear"
    confirms = any(spoken.act.act == "read_back" for spoken in acts) and _CONFIRMS.search(view.text[start:end])
    taken = confirms or _IT.search(view.text[start:end]) or cues & {"go_ahead", "ask", "ask_reference"}
    return "offer" if taken else "other"


def _close_by(view: TurnView, spoken: Spoken, question: int) -> bool:
    """Whether the offer is spoken of in the question's sentence or in the one or two before it."""
    between = [start for start, _ in view.sentences if spoken.end <= start < question]
    return spoken.act.act != "mention" and len(between) <= 1


def _asks(sentence: str) -> bool:
    return bool(_ASKS.search(sentence))
