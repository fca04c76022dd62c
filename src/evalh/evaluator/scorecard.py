"""One quality score of a conversation out of its evaluators' roll-ups, as a scorecard weighs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalh.models import Item, Score, Scorecard

EVALUATOR = "conversation_quality"


@dataclass(frozen=True, slots=True)
class Line:
    """An item of the form with the roll-up row that answers it; `row` None: its evaluator did not run."""

    item: Item
    row: Score | None
    culprit: Score | None = None
    """The finding that fails the whole contact, if there is one."""
    errored: Score | None = None
    """The first verdict of the evaluator that errored, if one did."""

    @property
    def value(self) -> float | None:
        """What the item scored; None when it does not count (yet)."""
        return self.row.value if self.row is not None and self.row.state == "scored" else None

    @property
    def open(self) -> bool:
        """Whether it counts but could not be judged, or what errored may hide a finding that fails the contact."""
        if self.row is None or self.row.state not in ("scored", "unsure", "errored"):
            return False
        return self.row.state != "scored" or (self.errored is not None and bool(self.item.critical_labels))


def score_card(card: Scorecard, scores: Sequence[Score]) -> list[Score]:
    """One row per item of the form that counts or is open, and last the roll-up row with the verdict.

    `scores`: all rows of one conversation. Items that do not apply or were skipped leave numerator and denominator.
    An item that could not be judged leaves the verdict unsure, or errored where it is, unless the verdict is the same
    whether the item is 0 or 1.
    """
    lines = {item.id: _line(item, scores) for item in card.items()}
    rows = [_item_row(line) for line in lines.values() if line.row is not None]
    return [*rows, _verdict(card, lines)]


def _line(item: Item, scores: Sequence[Score]) -> Line:
    own = [score for score in scores if score.evaluator == item.evaluator]
    row = next((score for score in own if score.rollup), None)
    named = [score for score in own if score.passed is False and score.label in item.critical_labels]
    culprits = sorted(named, key=lambda score: score.rollup)
    if not culprits and item.critical and row is not None and row.passed is False:
        culprits = [row]
    errored = next((score for score in own if score.state == "errored"), None)
    return Line(item, row, culprits[0] if culprits else None, errored)


def _item_row(line: Line) -> Score:
    row = line.row or Score(state="skipped")
    question = line.item.question or line.item.id
    reason = f"{question} ({row.reason})" if row.reason else question
    keep = {"evaluator": EVALUATOR, "rollup": False, "level": "conversation", "turn": None, "offer": None}
    return row.model_copy(update={**keep, "label": None, "reason": reason, "clause": f"scorecard/{line.item.id}"})


def _verdict(card: Scorecard, lines: dict[str, Line]) -> Score:
    culprit = next((line.culprit for line in lines.values() if line.culprit is not None), None)
    if culprit is not None:
        return _auto_fail(culprit)
    value = _weighed(card, lines, None)
    undecided = [line for line in lines.values() if line.open]
    if undecided and not _decided(card, lines):
        return _row(_undecided(undecided))
    if value is None:
        return _row(Score(state="not_applicable", reason="no item of the scorecard applies"))
    return _passed_or_failed(card, lines, value)


def _undecided(lines: Sequence[Line]) -> Score:
    names = ", ".join(line.item.id for line in lines)
    reason = f"not judged, and it would decide: {names}"
    errored = next((line.errored for line in lines if line.errored is not None), None)
    if errored is None:
        return Score(state="unsure", reason=reason)
    return Score(state="errored", reason=f"{reason} ({errored.reason})", error=errored.error)


def _decided(card: Scorecard, lines: dict[str, Line]) -> bool:
    if any(line.open and (line.item.critical or line.item.critical_labels) for line in lines.values()):
        return _fails_at_best(card, lines)
    worst, best = _weighed(card, lines, 0.0), _weighed(card, lines, 1.0)
    known = _weighed(card, lines, None)
    if worst is None or best is None or known is None:
        return False
    return (worst >= card.pass_at) == (best >= card.pass_at)


def _fails_at_best(card: Scorecard, lines: dict[str, Line]) -> bool:
    best = _weighed(card, lines, 1.0)
    known = _weighed(card, lines, None)
    return best is not None and known is not None and best < card.pass_at


def _weighed(card: Scorecard, lines: dict[str, Line], undecided: float | None) -> float | None:
    sections = []
    for section in card.sections:
        values = [(item.weight, _value(lines[item.id], undecided)) for item in section.items]
        mean = _mean([(weight, value) for weight, value in values if value is not None])
        if mean is not None:
            sections.append((section.weight, mean))
    return _mean(sections)


def _value(line: Line, undecided: float | None) -> float | None:
    return line.value if line.value is not None or not line.open else undecided


def _mean(weighed: Sequence[tuple[float, float]]) -> float | None:
    total = sum(weight for weight, _ in weighed)
    return sum(weight * value for weight, value in weighed) / total if total else None


def _passed_or_failed(card: Scorecard, lines: dict[str, Line], value: float) -> Score:
    passed = value >= card.pass_at
    reason = f"{value:.2f}, {card.pass_at:.2f} is wanted"
    row = Score(value=min(1.0, max(0.0, value)), passed=passed, label="pass" if passed else "fail", reason=reason)
    return _row(row) if passed else _row(_blamed(row, lines))


def _blamed(row: Score, lines: dict[str, Line]) -> Score:
    judged = [(line.value, -line.item.weight, line) for line in lines.values() if line.value is not None]
    value, _, worst = min(judged, key=lambda item: item[:2])
    blamed = worst.row or row
    return row.model_copy(
        update={
            "severity": "major",
            "evidence": blamed.evidence,
            "clause": blamed.clause or f"scorecard/{worst.item.id}",
            "reason": f"{row.reason}; worst: {worst.item.id} at {value:.2f}",
        }
    )


def _auto_fail(culprit: Score) -> Score:
    found = {"evidence": culprit.evidence, "clause": culprit.clause}
    told = {"expected": culprit.expected, "found": culprit.found, "source": culprit.source}
    reason = f"{culprit.evaluator}: {culprit.label or 'failed'}" + (f" - {culprit.reason}" if culprit.reason else "")
    verdict = Score(value=0.0, passed=False, label="auto_fail", severity="critical", reason=reason)
    return _row(verdict.model_copy(update={**found, **told, "confidence": culprit.confidence}))


def _row(score: Score) -> Score:
    return score.model_copy(update={"evaluator": EVALUATOR, "rollup": True, "level": "conversation"})
