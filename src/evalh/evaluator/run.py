"""Runs evaluators on one conversation; the one place that catches what they raise.

What an evaluator raises becomes a row, never a missing one; the runner stores the rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from evalh.evaluator.base import MAX_MESSAGE, EvalContext, Evaluator, Withheld
from evalh.evaluator.rollup import passes, roll_up
from evalh.models import Failure, Question, Score


def evaluate_one(evaluator: Evaluator, ctx: EvalContext) -> list[Score]:
    """The evaluator's verdicts, each complete, and last the one roll-up row of the conversation.

    Verdicts given before the evaluator raised stay beside the row that tells what it raised.
    """
    scores = [_complete(evaluator, ctx, score) for score in _verdicts(evaluator, ctx)]
    return [*scores, roll_up(evaluator, scores)]


def evaluate_all(evaluators: Iterable[Evaluator], ctx: EvalContext) -> list[Score]:
    """The rows of every evaluator, in order."""
    return [score for evaluator in evaluators for score in evaluate_one(evaluator, ctx)]


def errored_all(evaluator: Evaluator, failure: Failure) -> list[Score]:
    """The rows of a conversation that could not be held: one verdict, errored by `failure`, and its roll-up."""
    reason = f"{failure.class_}: {failure.message}" if failure.message else failure.class_
    score = Score(evaluator=evaluator.name(), level="conversation", state="errored", reason=reason, error=failure)
    return [score, roll_up(evaluator, [score])]


def ask(evaluator: Evaluator, ctx: EvalContext) -> tuple[list[Question], list[Score]]:
    """What must be read for the evaluator; when it cannot say so, the rows that take the place of its verdicts."""
    try:
        return [_question(question) for question in evaluator.questions(ctx)], []
    except Withheld:
        return [], []
    except (Exception, SystemExit) as error:  # any failure of a user's evaluator is a row, not the end of the run
        score = _errored(Score(evaluator=evaluator.name(), state="errored"), f"questions: {_told(error)}")
        return [], [score, roll_up(evaluator, [score])]


def _question(value: object) -> Question:
    if not isinstance(value, Question):
        raise TypeError(f"questions() must give Question objects, not {type(value).__name__}")
    return value


def _verdicts(evaluator: Evaluator, ctx: EvalContext) -> list[Score]:
    found: list[Score] = []
    try:
        for score in evaluator.evaluate(ctx):
            found.append(_score(score))  # noqa: PERF401 - what was found before a failure is kept
    except Withheld as withheld:
        found.append(withheld.row)
    except (Exception, SystemExit) as error:  # any failure of a user's evaluator is a row, not the end of the run
        found.append(_errored(Score(level="conversation", state="errored"), _told(error)))
    return found


def _score(value: object) -> Score:
    if not isinstance(value, Score):
        raise TypeError(f"evaluate() must give Score objects, not {type(value).__name__}")
    return value


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:MAX_MESSAGE]}"


def _complete(evaluator: Evaluator, ctx: EvalContext, score: Score) -> Score:
    score = score.model_copy(update={"evaluator": evaluator.name(), "rollup": False})
    problem = _problem(evaluator, ctx, score)
    return _errored(score, problem) if problem else _with_evidence(ctx, _judged(evaluator, score))


def _problem(evaluator: Evaluator, ctx: EvalContext, score: Score) -> str | None:
    turns = len(ctx.conversation.turns)
    places = [score.turn, *(item.turn for item in score.evidence)]
    absent = next((place for place in places if place is not None and place >= turns), None)
    if absent is not None:
        return f"the conversation has no turn {absent}"
    low, high = evaluator.scale
    if score.value is not None and not low <= score.value <= high:
        return f"the value {score.value:g} is outside the scale {low:g} to {high:g}"
    return None


def _judged(evaluator: Evaluator, score: Score) -> Score:
    if score.value is None or score.passed is not None:
        return score
    return score.model_copy(update={"passed": passes(evaluator, score.value)})


def _with_evidence(ctx: EvalContext, score: Score) -> Score:
    if score.passed is not False or score.evidence:
        return score
    if score.turn is None:
        return _errored(score, "a failed score needs evidence")
    return score.model_copy(update={"evidence": (ctx.quote(score.turn),)})


def _errored(score: Score, reason: str) -> Score:
    """The row errored by a mistake of the evaluator itself."""
    error = Failure(class_="internal", message=reason)
    return score.model_copy(
        update={"state": "errored", "value": None, "passed": None, "reason": reason, "error": error}
    )
