"""What a judge says by a rubric, as a score; asking it is left to the reader."""

from __future__ import annotations

from evalh.evaluator.base import EvalContext, Evaluator, Withheld
from evalh.evaluator.rollup import passes
from evalh.models import Answered, Question, Score

NO_JUDGE = "needs a judge, and none is configured"


def rubric_question(text: str, scale: tuple[float, float] = (0.0, 1.0)) -> Question:
    """Where on `scale` a conversation stands by the rubric `text`; a question for `Evaluator.questions`."""
    return Question(kind="rubric", text=text, scale=scale)


def by_rubric(evaluator: Evaluator, ctx: EvalContext, question: Question, *, no_judge: str = NO_JUDGE) -> Score:
    """The judge's answer as a score of the conversation; a doubtful one is unsure, and so is a fault without a quote.

    `no_judge`: the reason of the skipped score where no judge was asked. Raises Withheld when the judge failed.
    """
    answer = ctx.answer(question)
    if answer is None:
        return Score(state="skipped", reason=no_judge)
    value = _number(answer)
    doubt = _doubt(answer, ctx.unsure_below, failed=not passes(evaluator, value)) or _in_pieces(evaluator, ctx)
    shared = {"evidence": answer.evidence, "source": answer.source, "confidence": answer.confidence}
    if doubt is not None:
        told = "; ".join(filter(None, (doubt, answer.reason)))
        return Score(level="conversation", state="unsure", reason=told, **shared)
    return Score(level="conversation", value=value, reason=answer.reason, **shared)


def _number(answer: Answered) -> float:
    value = answer.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Withheld("errored", "the judge's answer to a rubric is no number")
    return float(value)


def _in_pieces(evaluator: Evaluator, ctx: EvalContext) -> str | None:
    """Of pieces the lowest value is given, which says nothing where lower is better."""
    if evaluator.direction == "higher_is_better" or ctx.facts is None or not ctx.facts.windowed:
        return None
    return "the judge saw the conversation in pieces, and the value of the worst is not known"


def _doubt(answer: Answered, unsure_below: float, *, failed: bool) -> str | None:
    if answer.confidence < unsure_below:
        why = "" if answer.confidence else ": its quote is not in the turn it cites, or its votes differ"
        return f"the judge's answer has confidence {answer.confidence:.2f} only{why}"
    return "the judge found a fault and quoted nothing" if failed and not answer.evidence else None
