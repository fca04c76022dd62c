"""Sides of a comparison out of rows, small and whole, for the tests of the gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evalh.models import (
    Comparison,
    ConversationRow,
    CriticalConfig,
    EvaluatorInfo,
    GateConfig,
    Reason,
    Rolled,
    SideInfo,
    digest,
)
from evalh.models.comparison import Cell, Verdict
from evalh.regression.gate import Terms, compare
from evalh.regression.sides import Side, side_of

Value = float | str
"""A score, or a state without one."""
Trials = Value | Sequence[Value]
"""One trial, or several."""


def info(name: str, **fields: Any) -> EvaluatorInfo:
    return EvaluatorInfo(**{"name": name, "version": "1", "sha256": "", "rollup": "mean", "threshold": 0.5} | fields)


TONE, GROUNDED = info("tone"), info("grounded")
PITCH = info("pitch", acts=True)


def rolled(value: Value) -> Rolled:
    if isinstance(value, str):
        return Rolled(state=value)
    return Rolled(state="scored", value=value, passed=value >= 0.5)


def row(case: str | None, trial: int = 0, *, values: Mapping[str, Value] | None = None, **fields: Any) -> Any:
    """One conversation; `values` by evaluator. What was said depends on what it scored."""
    values = values or {}
    given: dict[str, Any] = {
        "run_id": "r", "case": case, "trial": trial, "persona": "calm", "pitches": 0,
        "conversation_id": f"{case}.{trial}", "conversation_sha256": digest([case, trial, dict(values)]),
        "rollups": {name: rolled(value) for name, value in values.items()},
    }  # fmt: skip
    return ConversationRow(**given | fields)


def cases(persona: str = "calm", *, start: int = 0, fields: Mapping[str, Any] | None = None, **values: Any) -> Any:
    """The rows of a cohort's cases, named by cohort and number; `values` of each evaluator are one item a case."""
    found = []
    for number, of_case in enumerate(zip(*values.values(), strict=True), start):
        trials = [[one] if isinstance(one, (float, str)) else one for one in of_case]
        for trial, of_trial in enumerate(zip(*trials, strict=True)):
            by_name = dict(zip(values, of_trial, strict=True))
            held = {"values": by_name, "persona": persona} | dict(fields or {})
            found.append(row(f"{persona}-{number:03}", trial, **held))
    return found


def side(*rows: Iterable[ConversationRow], infos: Sequence[EvaluatorInfo] = (TONE,), name: str = "v1") -> Side:
    """The side of all rows given."""
    every = [one for some in rows for one in some]
    return side_of(SideInfo(name=name, run_id="r"), every, inputs={}, evaluators=tuple(infos))


def terms(cohort_key: str = "persona", **fields: Any) -> Terms:
    """The terms with few flips; what is no term is a setting of the gate."""
    own = {
        name: fields.pop(name) for name in ("share", "look", "earlier", "earlier_critical", "stays") if name in fields
    }
    return Terms(GateConfig(**{"flips": 999} | fields), cohort_key, **own)


def judged(before: Side, after: Side, cohort_key: str = "persona", **fields: Any) -> Comparison:
    return compare(before, after, terms(cohort_key, **fields))


def verdict(before: Side, after: Side, **fields: Any) -> Verdict | None:
    return judged(before, after, **fields).verdict


def worse(comparison: Comparison) -> list[tuple[str, str]]:
    """Cohort and evaluator of the regressed cells, in order of names."""
    return sorted((cell.cohort, cell.evaluator) for cell in comparison.regressed)


def cell(comparison: Comparison, cohort: str = "*", evaluator: str = "tone") -> Cell:
    (found,) = (one for one in comparison.cells if (one.cohort, one.evaluator) == (cohort, evaluator))
    return found


def kinds(comparison: Comparison) -> list[str]:
    return [reason.kind for reason in comparison.reasons]


def reasons(comparison: Comparison, kind: str) -> list[Reason]:
    return [reason for reason in comparison.reasons if reason.kind == kind]


def spread(count: int, *values: Value) -> list[Value]:
    """`count` values, going round."""
    return [values[number % len(values)] for number in range(count)]


def noisy(count: int, mean: float = 0.8, seed: int = 1) -> Iterator[float]:
    """`count` scores around a mean in steps of a sixteenth, always the same ones; their mean is `mean` exactly."""
    steps = [1, -1, 2, -2, 0, 3, -3, 1, -1, 0]
    for number in range(count):
        yield mean + steps[(number + seed) % len(steps)] / 16


NO_LABELS = CriticalConfig(labels={})
