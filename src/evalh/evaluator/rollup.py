"""One row for a conversation out of an evaluator's verdicts on it, failing closed.

A fault found is never hidden by what could not be judged, and what could not be judged is never a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from evalh.evaluator.base import Evaluator
from evalh.models import Score
from evalh.models.vocabulary import State

_BADNESS = {"critical": 3, "major": 2, "minor": 1, None: 0}


def roll_up(evaluator: Evaluator, scores: Sequence[Score]) -> Score:
    """The summary row: by the evaluator's `rollup`, with the evidence of the worst verdict when it fails.

    any_fault: a failed verdict fails it, else an errored or unsure one decides. min: the same, with the worst value.
    mean: of the scored verdicts; unsure when more than half could not be told; a critical fault fails it.
    """
    row = _mean(evaluator, scores) if evaluator.rollup == "mean" else _worst(evaluator, scores)
    return row.model_copy(update={"evaluator": evaluator.name(), "level": "conversation", "rollup": True})


def _worst(evaluator: Evaluator, scores: Sequence[Score]) -> Score:
    faults = _faults(scores)
    if faults:
        return _failed(faults, _least(evaluator, scores) if evaluator.rollup == "min" else _bad(evaluator))
    blocked = _first(scores, "errored") or _first(scores, "unsure")
    if blocked or not _scored(scores):
        return blocked or _nothing_scored(scores)
    value = _least(evaluator, scores) if evaluator.rollup == "min" else _good(evaluator)
    return Score(value=value, passed=True, reason=_checked(scores))


def _mean(evaluator: Evaluator, scores: Sequence[Score]) -> Score:
    values = _scored(scores)
    unsure = [score for score in scores if score.state == "unsure"]
    blocked = _first(scores, "errored") or (_first(scores, "unsure") if len(unsure) > len(values) else None)
    if blocked or not values:
        return blocked or _nothing_scored(scores)
    value = sum(values) / len(values)
    faults = _faults(scores)
    if faults and (not passes(evaluator, value) or _BADNESS[faults[0].severity] == 3):
        return _failed(faults, value)
    passed = passes(evaluator, value)
    evidence = () if passed else tuple(item for score in scores for item in score.evidence)[:1]
    return Score(value=value, passed=passed, evidence=evidence, reason=_checked(scores))


def passes(evaluator: Evaluator, value: float) -> bool:
    """Whether a value stands on the good side of the evaluator's threshold, or on it."""
    lower = evaluator.direction == "lower_is_better"
    return value <= evaluator.threshold if lower else value >= evaluator.threshold


def _faults(scores: Sequence[Score]) -> list[Score]:
    """The failed verdicts, worst first, the earliest of equals first."""
    failed = [score for score in scores if score.passed is False]
    return sorted(failed, key=lambda score: (-_BADNESS[score.severity], score.turn if score.turn is not None else -1))


def _failed(faults: Sequence[Score], value: float) -> Score:
    worst = faults[0]
    told = worst.reason or worst.label or "failed"
    return worst.model_copy(
        update={
            "turn": None,
            "offer": None,
            "value": value,
            "passed": False,
            "reason": f"{_count(len(faults), 'fault')}: {told}",
        }
    )


def _first(scores: Sequence[Score], state: State) -> Score | None:
    """A row of `state` with the reason and error of the first verdict of that state; None when there is none."""
    found = [score for score in scores if score.state == state]
    if not found:
        return None
    told = found[0].reason
    reason = told if len(scores) == 1 else f"{len(found)} of {len(scores)} {state}: {told}"
    return Score(state=state, reason=reason, error=found[0].error)


def _nothing_scored(scores: Sequence[Score]) -> Score:
    if not scores:
        return Score(state="not_applicable", reason="nothing to judge")
    return (
        _first(scores, "unsure")
        or _first(scores, "skipped")
        or Score(state="not_applicable", reason=scores[0].reason or "nothing to judge")
    )


def _checked(scores: Sequence[Score]) -> str:
    parts = [f"{len(_scored(scores))} checked"]
    for state in ("skipped", "unsure"):
        reasons = list(dict.fromkeys(score.reason for score in scores if score.state == state))
        if reasons:
            parts.append(f"{state}: {'; '.join(reasons)}")
    return ", ".join(parts)


def _scored(scores: Sequence[Score]) -> list[float]:
    return [score.value for score in scores if score.value is not None]


def _least(evaluator: Evaluator, scores: Sequence[Score]) -> float:
    values = _scored(scores)
    return max(values) if evaluator.direction == "lower_is_better" else min(values)


def _good(evaluator: Evaluator) -> float:
    low, high = _ends(evaluator)
    return low if evaluator.direction == "lower_is_better" else high


def _bad(evaluator: Evaluator) -> float:
    low, high = _ends(evaluator)
    return high if evaluator.direction == "lower_is_better" else low


def _ends(evaluator: Evaluator) -> tuple[float, float]:
    low, high = evaluator.scale
    return (low, high) if isfinite(low) and isfinite(high) else (0.0, 1.0)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
