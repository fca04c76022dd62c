"""Two sides compared, with why: the verdict, the cases that flipped, the change of the prompt they are nearest to."""

from __future__ import annotations

from dataclasses import replace

from evalh.encoder import Encoder
from evalh.gate.admission import untrusted
from evalh.gate.sides import check_comparable
from evalh.models import Comparison, Reason
from evalh.models.comparison import WORST_FIRST
from evalh.regression.explain import explain
from evalh.regression.gate import Terms, compare
from evalh.regression.hunks import nearest_hunk, prompt_diff
from evalh.regression.sides import Side


def compare_sides(
    baseline: Side,
    candidate: Side,
    terms: Terms,
    *,
    gate: bool = True,
    allow: tuple[str, ...] = (),
    encoder: Encoder | None = None,
) -> Comparison:
    """The comparison with its explanation. Raises UserError when more than the prompt differs and is not allowed to."""
    allowed = (*terms.allowed, *check_comparable(baseline, candidate, allow))
    if any(change.startswith("golden_set") for change in allowed):
        baseline, candidate = _in_common(baseline, candidate), _in_common(candidate, baseline)
    comparison = compare(baseline, candidate, replace(terms, allowed=allowed), gate=gate)
    if gate:
        comparison = _believed(comparison, untrusted(baseline, candidate))
    hunks = _hunks(baseline, candidate)
    groups = explain(comparison, baseline, candidate)
    return comparison.model_copy(update={"groups": nearest_hunk(groups, hunks, encoder), "prompt_diff": hunks})


def _believed(comparison: Comparison, why_not: str) -> Comparison:
    """Without a verdict on the candidate where the judge is not trusted: neither a pass nor a refusal."""
    if not why_not:
        return comparison
    reasons = (Reason(kind="judge", text=why_not), *comparison.reasons)
    return comparison.model_copy(update={"verdict": "INCOMPLETE", "reasons": reasons})


def _in_common(side: Side, other: Side) -> Side:
    """The side without the cases that the other lacks: with other golden sets they are no loss of either."""
    names = {case.case for case in other.cases}
    cases = tuple(case for case in side.cases if case.case in names)
    return replace(side, cases=cases, info=side.info.model_copy(update={"planned": 0, "cases": len(cases)}))


def _hunks(baseline: Side, candidate: Side) -> tuple[str, ...]:
    if baseline.prompt is None or candidate.prompt is None:
        return ()
    return prompt_diff(baseline.prompt, candidate.prompt)


EXIT_CODES = {None: 0, "PASS": 0, "REGRESSION": 1, "INCOMPLETE": 3, "INCONCLUSIVE": 3}
"""The exit status of each verdict; None where no gate was asked for."""


def worst_of(comparisons: tuple[Comparison, ...]) -> Comparison | None:
    """The comparison that decides: of several the first of the worst verdict."""
    judged = [one for one in comparisons if one.verdict is not None]
    return min(judged, key=lambda one: WORST_FIRST.index(one.verdict or "PASS"), default=None)
