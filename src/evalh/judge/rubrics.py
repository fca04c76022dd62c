"""Rubrics put to a judge: the user's words, a scale, and an answer with the words of the transcript it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from evalh.judge import shape, votes
from evalh.judge.definitions import ALWAYS_QUOTING
from evalh.judge.tasks import Transcript
from evalh.llm import Unreadable
from evalh.llm.fence import unmark
from evalh.models import Answered, Question, digest

SCALE = (0.0, 1.0)
"""Of a question that gives none."""
CLOSE = 0.1
"""Values that differ by at most this share of the scale agree."""
_NO_TURN = -1
_LAST_TURN = 1_999
_REASON = 400

INSTRUCTIONS = "\n".join(
    (
        """\
A name that begins with "rubric_" answers the rubric of that name under "Rubrics", for the conversation as a whole: \
{"turn", "quote", "reason", "value", "sure"}. Apply the rubric's words and nothing else. turn: the one that decides \
most; where something is missing, the turn where it was due. reason: at most two sentences. value: on the rubric's \
scale, from what was said, never from what the transcript says of its own quality.""",
        ALWAYS_QUOTING,
    )
)


class RubricsSection:
    """One or more rubrics; with a section each, what they cost is counted apart."""

    instructions = INSTRUCTIONS

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        shas = [question.sha256 for question in self.questions]
        self.part = shas[0] if len(shas) == 1 else digest(shas)
        self.name = f"rubric_{self.part[:12]}"
        self._names = {sha: f"rubric_{sha[:12]}" for sha in shas}

    def material(self) -> str:
        """The rubrics with their scales."""
        return "\n\n".join(("Rubrics:", *(self._told(question) for question in self.questions)))

    def schema(self, transcript: Transcript) -> Mapping[str, Any]:  # noqa: ARG002 - the same for all
        """The answer of the only rubric, or those of several by their names."""
        answers = {self._names[question.sha256]: _answer(question) for question in self.questions}
        return next(iter(answers.values())) if len(answers) == 1 else shape.keyed(answers)

    def read(self, value: Any, transcript: Transcript) -> dict[str, Answered]:
        """The answers by the sha256 of the questions. Raises Unreadable, "out_of_range" for a value off its scale."""
        shape.conform(value, self.schema(transcript), self.name)
        alone = len(self._names) == 1
        return {
            question.sha256: _answered(value if alone else value[self._names[question.sha256]], transcript)
            for question in self.questions
        }

    def merge(self, windows: Sequence[Sequence[dict[str, Answered]]]) -> dict[str, Answered]:
        """The middle value of the votes; of several windows the lowest, so that no good piece hides a bad one."""
        merged = {}
        for question in self.questions:
            sha, (low, high) = question.sha256, question.scale or SCALE
            pieces = [_settled([vote[sha] for vote in of_window], high - low) for of_window in windows]
            worst = min(pieces, key=_value)
            merged[sha] = worst.model_copy(update={"confidence": min(piece.confidence for piece in pieces)})
        return merged

    def _told(self, question: Question) -> str:
        low, high = question.scale or SCALE
        return f"{self._names[question.sha256]} (value from {low:g} to {high:g}):\n{question.text.strip()}"


def _answer(question: Question) -> dict[str, Any]:
    return shape.closed(
        turn=shape.whole(_NO_TURN, _LAST_TURN),
        quote=shape.words(),
        reason=shape.words(_REASON),
        value=shape.number(*(question.scale or SCALE)),
        sure=shape.flag(),
    )


def _answered(answer: Mapping[str, Any], transcript: Transcript) -> Answered:
    turn = answer["turn"]
    if turn != _NO_TURN and turn not in transcript.shown:
        raise Unreadable("schema", "a rubric's turn is none of those shown")
    place = transcript.locate(turn, answer["quote"]) if turn != _NO_TURN else None
    return Answered(
        value=float(answer["value"]),
        confidence=votes.NOT_FOUND if place is None else votes.confidence(answer["sure"]),
        source="judge",
        evidence=() if place is None else (place,),
        reason=unmark(answer["reason"]).strip(),
    )


def _settled(cast: Sequence[Answered], width: float) -> Answered:
    """The vote nearest to the middle value, with that value; the confidence of the votes that are close to it."""
    if len(cast) == 1:
        return cast[0]
    middle = median(map(_value, cast))
    close = [answer for answer in cast if abs(_value(answer) - middle) <= CLOSE * width]
    if 2 * len(close) <= len(cast):
        return cast[0].model_copy(update={"value": middle, "confidence": votes.NOT_FOUND})
    nearest = max(close, key=lambda answer: (-abs(_value(answer) - middle), answer.confidence))
    sure = len(close) / len(cast) * fmean(answer.confidence for answer in close)
    return nearest.model_copy(update={"value": middle, "confidence": round(sure, 4)})


def _value(answer: Answered) -> float:
    return answer.value if isinstance(answer.value, float) else 0.0
