"""What a gate did to a prompt that did not change, and which planted drops it found, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from evalh.models.power import FoundDrop, Frequency, PlantedDrop, PowerReport
from evalh.report import words
from evalh.report.plain import lines, safe, table

EXAMPLE = 0.09
"""The drop that is told in a sentence, or the nearest that was tried."""
_LEGEND = (
    'A drop is planted by turning conversations at random to the worst value. "4 in 5": the smallest drop found in 4 '
    'of 5 runs; "foretold": what a comparison says of itself.'
)
_SAME = (
    "All runs are made of the same conversations: the intervals tell of chance in splitting them, not of other cases."
)
_NOT_TRIED = '"-": not tried, a smaller drop was found nearly every time.'
_NOTHING_TO_LOSE = '"x": the conversations have not as much to lose.'


def render_power(report: PowerReport, console: Console) -> None:
    """How many unchanged runs were blocked, how many runs found a drop of each size, and how that was measured."""
    console.print(safe(_head(report), "bold"))
    lines(_unchanged(report), console)
    if report.planted:
        console.print(_table(report))
        lines(_found(report), console)
    lines(_notes(report), console, "dim")


def _head(report: PowerReport) -> str:
    side = report.run_id if report.prompt_version is None else f"{report.run_id}:{report.prompt_version}"
    cases = f"{words.count(report.cases, 'case')} in {words.count(report.cohorts, 'cohort')} ({report.cohort_key})"
    before, after = report.baseline_trials, report.candidate_trials
    return f"{side}, {cases}: {report.splits} runs of {before} baseline and {after} candidate trials, drawn at random"


def _unchanged(report: PowerReport) -> Iterator[str]:
    promised = f"it promises at most {_percent(report.alpha)}"
    blocked = report.blocked
    if blocked.low is not None and blocked.low > report.alpha:
        promised += ", so it cannot be trusted on these conversations"
    yield f"If nothing changed, this gate would have blocked {_share(blocked)} of runs{_interval(blocked)}; {promised}."
    if blocked.hits:
        cells, critical = _share(report.by_cells), _share(report.by_critical)
        yield f"Because a cell was called worse: {cells}; because of critical findings: {critical}."
    if report.undecided.hits:
        why = ", ".join(f"{kind.replace('_', ' ')} in {number}" for kind, number in report.undecided_why.items())
        yield f"Too little to tell, exit status 3: {report.undecided.hits} of {report.undecided.of} runs ({why})."


def _table(report: PowerReport) -> Table:
    sizes = list(dict.fromkeys(one.drop for planted in report.planted for one in planted.drops))
    sizes.sort()
    titles = [f"by {_points(size)}" for size in sizes]
    made = table("runs that found a drop, by its points", ["what fell"], [*titles, "4 in 5", "foretold"])
    for planted in report.planted:
        at = {one.drop: _told(one) for one in planted.drops}
        row = [*(at.get(size, "-") for size in sizes), _smallest(planted), _points(planted.predicted)]
        made.add_row(safe(_what(report, planted)), *(safe(text) for text in row))
    return made


def _told(one: FoundDrop) -> str:
    return "x" if one.found.share is None else words.percent(one.found.share)


def _what(report: PowerReport, planted: PlantedDrop) -> str:
    if planted.where == "overall":
        return "everything, everywhere"
    return f"{planted.evaluator or 'everything'} in one {report.cohort_key}"


def _smallest(planted: PlantedDrop) -> str:
    if planted.smallest is None:
        return "none"
    least = planted.smallest == planted.drops[0].drop
    return f"{'<= ' if least else ''}{_points(planted.smallest)}"


def _found(report: PowerReport) -> Iterator[str]:
    hardest = min((one for planted in report.planted for one in _examples(planted)), key=_rarity, default=None)
    if hardest is not None:
        planted, one = hardest
        drop = f"A drop of {words.points(one.drop)} of {_what(report, planted)}"
        yield f"{drop} would be found in {_share(one.found)} of runs{_interval(one.found)}."
    unseen = [planted for planted in report.planted if planted.smallest is None]
    if unseen:
        names = "; ".join(_what(report, planted) for planted in unseen)
        yield f"No drop that was tried is found in 4 of 5 runs: {names}."


def _examples(planted: PlantedDrop) -> Sequence[tuple[PlantedDrop, FoundDrop]]:
    known = [one for one in planted.drops if one.found.share is not None]
    nearest = sorted(known, key=lambda one: abs(one.drop - EXAMPLE))[:1]
    return [(planted, one) for one in nearest if planted.where == "evaluator"]


def _rarity(example: tuple[PlantedDrop, FoundDrop]) -> float:
    return example[1].found.share or 0.0


def _notes(report: PowerReport) -> Iterator[str]:
    told = [one for planted in report.planted for one in planted.drops]
    yield _LEGEND
    if len({len(planted.drops) for planted in report.planted}) > 1:
        yield _NOT_TRIED
    if any(one.found.share is None for one in told):
        yield _NOTHING_TO_LOSE
    before, after = report.baseline_trials, report.candidate_trials
    sides = f"The sides had {before} and {after} of a case's {words.count(report.trials, 'trial')}"
    yield f"{sides}: a gate with more trials sees smaller drops."
    yield f"Each run drew {report.flips} sign flips, to be quick."
    if report.left_out:
        yield f"Left out, because a single trial cannot be split: {words.count(report.left_out, 'case')}."
    yield _SAME


# --- numbers ---


def _percent(share: float) -> str:
    """``3.1%``, ``5%``."""
    return f"{100 * share:.1f}".removesuffix(".0") + "%"


def _share(found: Frequency) -> str:
    return "-" if found.share is None else _percent(found.share)


def _interval(found: Frequency) -> str:
    if found.low is None or found.high is None:
        return ""
    return f" (95%: {_percent(found.low)} to {_percent(found.high)})"


def _points(drop: float | None) -> str:
    """``9``, ``8.7``; "-" for none."""
    return "-" if drop is None else f"{100 * drop:.1f}".removesuffix(".0")
