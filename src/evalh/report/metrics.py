"""Comparisons as OpenMetrics text, which GitLab shows beside the target branch's and Prometheus reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from evalh.models.comparison import Cell, Comparison
from evalh.report import words
from evalh.text.safe import safe_text

_FAMILIES = {
    "evalh_mean": "Mean over the paired cases.",
    "evalh_pass_rate": "Share of scored conversations that passed.",
    "evalh_delta": "Change of the mean; negative is worse.",
    "evalh_p_adjusted": "How often an unchanged run looks as bad in any cell.",
    "evalh_pairs": "Cases that count on both sides.",
    "evalh_detectable_drop": "The smallest drop that would have been found 4 times in 5.",
    "evalh_verdict": "The verdict of the gate.",
}

Labels = dict[str, str]
Sample = tuple[str, Labels, float | None]


def metrics(comparisons: Sequence[Comparison]) -> str:
    """Every tested or untested cell of `comparisons`, family by family; what is not known is left out.

    Where several comparisons are given, each sample also has the labels `baseline` and `candidate`.
    """
    several = len(comparisons) > 1
    samples = [sample for comparison in comparisons for sample in _samples(comparison, several)]
    lines: list[str] = []
    for family, help_text in _FAMILIES.items():
        told = dict.fromkeys(_line(sample) for sample in samples if sample[0] == family)
        found = [line for line in told if line]
        lines += [f"# TYPE {family} gauge", f"# HELP {family} {help_text}", *found] if found else []
    return "\n".join([*lines, "# EOF"]) + "\n"


def _samples(comparison: Comparison, several: bool) -> Iterator[Sample]:
    names = {"baseline": words.side_name(comparison.baseline), "candidate": comparison.candidate.name}
    common = names if several else {}
    for cell in comparison.cells:
        where = {"evaluator": cell.evaluator, "cohort": cell.cohort} | common
        yield from _of_sides(cell, where, names)
        yield "evalh_delta", where, cell.delta
        yield "evalh_p_adjusted", where, cell.p_adjusted
        yield "evalh_pairs", where, cell.pairs
        yield "evalh_detectable_drop", where, cell.detectable
    yield "evalh_verdict", {"verdict": comparison.verdict or words.NO_GATE} | common, 1.0


def _of_sides(cell: Cell, where: Labels, names: Labels) -> Iterator[Sample]:
    before, after = ({"side": side, "prompt": prompt} for side, prompt in names.items())
    yield "evalh_mean", where | before, cell.baseline
    yield "evalh_mean", where | after, cell.candidate
    yield "evalh_pass_rate", where | before, cell.before.pass_rate
    yield "evalh_pass_rate", where | after, cell.after.pass_rate


def _line(sample: Sample) -> str:
    family, labels, value = sample
    if value is None or not math.isfinite(value):
        return ""
    told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"{family}{{{told}}} {value:.12g}"


def _escaped(text: str) -> str:
    """A label's value. GitLab takes a number sign for a comment wherever it stands: a wide one takes its place."""
    safe = safe_text(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return safe.replace("#", "\uff03")
