"""What is said of a comparison, a sentence at a time; the terminal, Markdown and CI say the same.

Names of cohorts, evaluators and sides are given as they stand: whoever prints a sentence makes it safe for its medium.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from evalh.models.comparison import (
    ALL,
    COMPOSITE,
    NO_COHORT,
    Cell,
    Comparison,
    CriticalFinding,
    Reason,
    SideCell,
    SideInfo,
)

NO_GATE = "NO_GATE"
SHIFT = 0.10
_FINDINGS = ("regression", "critical", "earlier_look")
ONE_CHANCE = (
    "An unchanged prompt is refused (REGRESSION) at most 1 run in {runs}: one chance for the whole run, not one a "
    "cell. INCOMPLETE is not counted in it."
)
EARLIER = "called worse at an earlier look"
MEANS = (
    "from, to: means over the cases that count on both sides, trials averaged; a conversation without the act that is "
    "judged counts as free of fault, so they differ from means over the judged conversations"
)
NOTHING_TO_FIND = "The same conversations on both sides, or none scored differently: nothing could have been found."


# --- numbers ---


def number(value: float | None) -> str:
    """A mean, such as ``0.90``; "-" for none."""
    return "-" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def signed(value: float | None) -> str:
    """A change, such as ``-0.09``; one that two digits would hide has more."""
    if value is None:
        return "-"
    if abs(value) < 5e-7:
        return "0.00"
    digits = next((digits for digits in (2, 3, 4) if round(value, digits)), 6)
    return f"{value:+.{digits}f}"


def percent(value: float | None) -> str:
    """A share, such as ``93%``; "-" for none."""
    return "-" if value is None else f"{100 * value:.0f}%"


def points(value: float) -> str:
    """A drop in hundredths, such as ``9 points``."""
    told = f"{100 * value:.0f}" if value >= 0.0095 else f"{100 * value:.1g}"
    return f"{told} point{'' if told == '1' else 's'}"


def drop(cell: Cell) -> str:
    """The smallest drop a cell would have shown: in points, or on the scale of its evaluator; "-" for none."""
    if cell.detectable is None:
        return "-"
    return points(cell.detectable) if _of_unit_scale(cell) else number(cell.detectable)


def _of_unit_scale(cell: Cell) -> bool:
    return all(value is None or 0.0 <= value <= 1.0 for value in (cell.baseline, cell.candidate))


def count(number: int, noun: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def pass_k(comparison: Comparison) -> str:
    """``pass^3``, after the number of trials; ``pass^k`` where the sides have different numbers."""
    trials = {side.trials for side in (comparison.baseline, comparison.candidate) if side is not None}
    return f"pass^{trials.pop()}" if len(trials) == 1 else "pass^k"


def money(cost: float, currency: str | None) -> str:
    """``0.0217 USD``."""
    return f"{cost:.4f} {currency or ''}".rstrip()


def one_in(p: float) -> int:
    """The N of "about 1 in N", to two significant digits."""
    runs = 1 / max(p, 1e-9)
    return round(runs) if runs < 100 else int(float(f"{runs:.2g}"))


def chance(comparison: Comparison, p: float) -> str:
    """How rarely an unchanged run looks as bad: ``about 1 unchanged run in 200``."""
    if p >= 0.5:
        return "most unchanged runs"
    least = comparison.flips > 0 and not comparison.exact and p <= 1.001 / (comparison.flips + 1)
    return f"{'at most' if least else 'about'} 1 unchanged run in {one_in(p)}"


# --- names ---


def cohort_name(cell: Cell) -> str:
    """``all conversations``, ``persona angry``, ``no persona``."""
    if cell.cohort == ALL:
        return "all conversations"
    return f"no {cell.cohort_key}" if cell.cohort == NO_COHORT else f"{cell.cohort_key} {cell.cohort}"


def place(cell: Cell) -> str:
    """``groundedness / persona angry``."""
    return f"{cell.evaluator} / {cohort_name(cell)}"


def side_name(side: SideInfo | None) -> str:
    """As the side is printed; "none" where there is none."""
    return "none" if side is None else side.name


def sides(comparison: Comparison) -> str:
    """``v1 -> v2``."""
    return f"{side_name(comparison.baseline)} -> {comparison.candidate.name}"


# --- cells ---


def tested(comparison: Comparison) -> tuple[Cell, ...]:
    """The cells that were tested, in their order."""
    return tuple(cell for cell in comparison.cells if cell.state == "tested")


def untested(comparison: Comparison) -> tuple[Cell, ...]:
    """The cells that neither passed nor failed because they were not testable, in their order."""
    return tuple(cell for cell in comparison.cells if cell.state != "tested" and not cell.regressed)


def is_earlier(comparison: Comparison, cell: Cell) -> bool:
    """Whether a regressed cell is called worse only because an earlier look called it so."""
    named = {(reason.cohort, reason.evaluator) for reason in comparison.reasons if reason.kind == "earlier_look"}
    return cell.regressed and (cell.state != "tested" or (cell.cohort, cell.evaluator) in named)


def regressed(comparison: Comparison) -> tuple[Cell, ...]:
    """The cells that got worse, clearest first; those that only an earlier look called worse are last."""
    return tuple(sorted(comparison.regressed, key=lambda cell: is_earlier(comparison, cell)))


def only_earlier(comparison: Comparison) -> bool:
    """Whether the gate fails for nothing but what an earlier look found."""
    found = [cell for cell in comparison.regressed if not is_earlier(comparison, cell)]
    carried = any(reason.kind == "earlier_look" for reason in comparison.reasons)
    return comparison.verdict == "REGRESSION" and carried and not found and not blocking(comparison)


def fell_most(comparison: Comparison) -> tuple[Cell, ...]:
    """The tested cells that fell, most first, where none is called worse; none where the verdict stands against it."""
    if comparison.verdict not in ("PASS", "INCONCLUSIVE"):
        return ()
    fell = [cell for cell in tested(comparison) if (cell.delta or 0.0) < 0]
    return tuple(sorted(fell, key=lambda cell: (cell.delta or 0.0, -cell.pairs, cell.cohort, cell.evaluator)))


def fell_title(comparison: Comparison, cells: Iterable[Cell]) -> str:
    """The heading of `cells` that fell most: chance explains them, or they fell by too little to count."""
    level = comparison.alpha or 0.0
    clear = any(cell.p_adjusted is not None and cell.p_adjusted < level for cell in cells)
    return "fell most, no more than chance explains" + (" or by less than min_drop" if clear else "")


def clearest(comparison: Comparison) -> Cell | None:
    """The regressed cell that is clearest; of none, the tested cell that looks worst."""
    ranked = sorted(tested(comparison), key=lambda cell: (cell.p_adjusted or 0.0, cell.t or 0.0, cell.delta or 0.0))
    return next(iter((*regressed(comparison), *ranked)), None)


def coverage(comparison: Comparison) -> float | None:
    """Of what applied over all conversations, the share that was scored, both sides and all evaluators together."""
    own = [cell for cell in comparison.cells if cell.cohort == ALL and cell.evaluator != COMPOSITE]
    counts = [side.counts for cell in own for side in (cell.before, cell.after)]
    scored = sum(item.scored for item in counts)
    asked = scored + sum(item.unsure + item.errored for item in counts)
    return scored / asked if asked else None


def pass_rate(side: SideCell) -> str:
    """``93% (88% to 96%)``: the share that passed with its Wilson interval; "-" for none."""
    if side.pass_rate is None:
        return "-"
    if side.pass_low is None or side.pass_high is None:
        return percent(side.pass_rate)
    return f"{percent(side.pass_rate)} ({percent(side.pass_low)} to {percent(side.pass_high)})"


def where(comparison: Comparison, cell: Cell, most: int = 4) -> str:
    """The cohorts in which a cell of all conversations fell, most first; "" for another cell, or where none did.

    They tell where to look: only a cohort that is called worse itself is sure by itself.
    """
    own = [one for one in comparison.cells if one.evaluator == cell.evaluator and one.cohort != ALL]
    fell = sorted((one for one in own if (one.delta or 0.0) < 0), key=lambda one: (one.delta or 0.0, one.cohort))
    if cell.cohort != ALL or not fell:
        return ""
    told = [f"{cohort_name(one)} {signed(one.delta)} in {count(one.pairs, 'case')}" for one in fell[:most]]
    more = [f"{len(fell) - most} more"] if len(fell) > most else []
    compared = sum(one.delta is not None for one in own)
    return f"{cell.evaluator} fell in {len(fell)} of {count(compared, 'cohort')}: {', '.join([*told, *more])}"


def failing(comparison: Comparison) -> tuple[Cell, ...]:
    """The cells that the gate fails for, clearest first: none where too much is missing to tell."""
    return regressed(comparison) if comparison.verdict == "REGRESSION" else ()


def carried(comparison: Comparison) -> tuple[Reason, ...]:
    """The reasons of an earlier look that the gate fails for and that no cell tells."""
    if comparison.verdict != "REGRESSION":
        return ()
    told = {(cell.cohort, cell.evaluator) for cell in comparison.regressed}
    earlier = [reason for reason in comparison.reasons if reason.kind == "earlier_look"]
    return tuple(reason for reason in earlier if (reason.cohort, reason.evaluator) not in told)


def blocking(comparison: Comparison) -> tuple[CriticalFinding, ...]:
    """The critical findings that the gate fails for."""
    return tuple(finding for finding in comparison.critical if finding.blocks and comparison.verdict is not None)


def doubts(comparison: Comparison) -> tuple[Reason, ...]:
    """Why it could not be told: nothing where the verdict is PASS or no gate was asked for."""
    if comparison.verdict in (None, "PASS"):
        return ()
    return tuple(reason for reason in comparison.reasons if reason.kind not in _FINDINGS)


@dataclass(frozen=True, slots=True)
class Shift:
    """A share of conversations that moved: a hint that a mean stands for something else than before."""

    place: str
    what: str
    before: float
    after: float


def shifts(comparison: Comparison, least: float = SHIFT) -> tuple[Shift, ...]:
    """Where the share of pitches, of nothing to judge or of unsure verdicts moved by at least `least`, as cells go."""
    moved = (shift for cell in comparison.cells for shift in _shares(cell))
    found = (shift for shift in moved if abs(shift.after - shift.before) >= least - 1e-9)
    return tuple(dict.fromkeys(found))


def _shares(cell: Cell) -> Iterator[Shift]:
    before, after = cell.before, cell.after
    if before.pitch_rate is not None and after.pitch_rate is not None:
        yield Shift(cohort_name(cell), "pitched in", before.pitch_rate, after.pitch_rate)
    for what in ("not_applicable", "unsure"):
        sizes = [sum(side.counts.model_dump().values()) for side in (before, after)]
        if all(sizes):
            shares = [getattr(side.counts, what) / size for side, size in zip((before, after), sizes, strict=True)]
            yield Shift(place(cell), what.replace("_", " "), *shares)


def finding_words(finding: CriticalFinding) -> str:
    """A critical finding in one line."""
    where = f"{finding.evaluator} {finding.label} in case {finding.case} ({finding.cohort})"
    if finding.of_trials == finding.baseline_trials == 1:
        return f"{where}, not in the baseline"
    seen_in = f"{finding.trials} of {count(finding.of_trials, 'trial')}"
    return f"{where}: {seen_in}, none of {count(finding.baseline_trials, 'baseline trial')}"


# --- sentences ---


def sentence(comparison: Comparison, cell: Cell) -> str:
    """One cell in one line, with all that is known of it."""
    if is_earlier(comparison, cell):
        return f"REGRESSION {place(cell)}: {EARLIER}; {_now(comparison, cell)}"
    if cell.state != "tested" and cell not in comparison.exploratory:
        return f"NOT TESTABLE {place(cell)}: {cell.why or 'no reason is given'}"
    head = "REGRESSION" if cell.regressed else "NOT TESTED" if cell.p_adjusted is None else "NO REGRESSION"
    moved = f"{number(cell.baseline)} -> {number(cell.candidate)}"
    return f"{head} {place(cell)}: {moved} ({'; '.join(_told(comparison, cell))})"


def _now(comparison: Comparison, cell: Cell) -> str:
    """What is known now of a cell that an earlier look called worse."""
    if cell.state != "tested":
        return f"not testable now: {cell.why or 'no reason is given'}"
    moved = f"{number(cell.baseline)} -> {number(cell.candidate)}"
    return f"now {moved} ({_change(cell)}; {cases(comparison, cell)})"


def _change(cell: Cell) -> str:
    return signed(cell.delta) + (", lower is better" if _lower_is_better(cell) else "")


def _told(comparison: Comparison, cell: Cell) -> list[str]:
    told = [_change(cell)]
    if cell.p_adjusted is not None:
        least = f"at least {at_least(cell)} " if at_least(cell) else ""
        told.append(f"{least}after checking {count(len(tested(comparison)), 'cell')}")
    told.append(cases(comparison, cell))
    if cell.p_adjusted is not None:
        verb = "look" if cell.p_adjusted >= 0.5 else "looks"
        told.append(f"{chance(comparison, cell.p_adjusted)} {verb} this bad anywhere")
    return told


def _lower_is_better(cell: Cell) -> bool:
    if cell.baseline is None or cell.candidate is None or not cell.delta:
        return False
    return (cell.candidate - cell.baseline) * cell.delta < 0


def at_least(cell: Cell) -> str:
    """The drop that is sure for all cells at once, such as ``-0.02``; "" where none is."""
    return signed(cell.high) if cell.high is not None and cell.high < 0 else ""


def cases(comparison: Comparison, cell: Cell) -> str:
    """``33 cases x 3 trials``; trials that differ by side are told, one trial is not."""
    before = comparison.baseline.trials if comparison.baseline is not None else 0
    after = comparison.candidate.trials
    paired = count(cell.pairs, "case")
    if max(before, after) <= 1:
        return paired
    return f"{paired} x {after} trials" if before == after else f"{paired} x {before} and {after} trials"


def verdict_line(comparison: Comparison) -> str:
    """The verdict in a line or two: what it rests on, and what this run could not have seen."""
    if comparison.verdict is None:
        return f"NO GATE {sides(comparison)}: differences of means, not tested."
    said = {"PASS": _passed, "REGRESSION": _regressed}.get(comparison.verdict, _undecided)
    return f"{comparison.verdict} {said(comparison)}"


def _passed(comparison: Comparison) -> str:
    return f"{count(len(tested(comparison)), 'check')}, no regression. {seen(comparison)}"


def _regressed(comparison: Comparison) -> str:
    parts = []
    earlier = [cell for cell in comparison.regressed if is_earlier(comparison, cell)]
    if now := [cell for cell in comparison.regressed if cell not in earlier]:
        got = f"{len(now)} of {count(len(tested(comparison)), 'check')} got worse"
        moved = f"{number(now[0].baseline)} -> {number(now[0].candidate)}"
        parts.append(f"{got}; clearest: {place(now[0])}, {moved} ({signed(now[0].delta)}).")
    if earlier:
        more = f" and {len(earlier) - 3} more" if len(earlier) > 3 else ""
        parts.append(f"{count(len(earlier), 'check')} {EARLIER}: {', '.join(map(place, earlier[:3]))}{more}.")
    if found := blocking(comparison):
        parts.append(f"{count(len(found), 'critical finding')} that the baseline does not have.")
    return " ".join(parts) or first_reason(comparison)


def _undecided(comparison: Comparison) -> str:
    return f"{first_reason(comparison).rstrip('.')}. Not a pass."


def first_reason(comparison: Comparison) -> str:
    """The reason that stands first; a sentence that says so where there is none."""
    return comparison.reasons[0].text if comparison.reasons else "No reason is given."


def seen(comparison: Comparison) -> str:
    """The smallest drops that this run would have found 4 times in 5, and how many checks would have found none."""
    overall = [cell.detectable for cell in _detectable(comparison, all_conversations=True, composite=True)]
    inside = [cell.detectable for cell in _detectable(comparison, all_conversations=False, composite=True)]
    single = _known(cell.detectable for cell in _detectable(comparison, all_conversations=False, composite=False))
    key = comparison.cohort_key
    told = [f"{points(value)} of overall quality" for value in _typical(overall)]
    told += [f"{points(value)} of quality in one {key}" for value in _typical(inside)]
    if single:
        told.append(f"{_range(single)} of a single evaluator in one {key}")
    if not told and (
        whole := _known(cell.detectable for cell in _detectable(comparison, all_conversations=True, composite=False))
    ):
        told.append(f"{_range(whole)} of a single evaluator over all conversations")
    blind = len(untested(comparison))
    nothing = f"{count(blind, 'check')} could find nothing" if blind else ""
    if not told:
        known = NOTHING_TO_FIND if is_alike(comparison) else "What it would have caught is not known."
        return f"{known} {nothing}." if nothing and known != NOTHING_TO_FIND else known
    hide = f"Smaller drops can hide{f', and {nothing}' if nothing else ''}."
    return f"This run would have caught (4 in 5 times) a drop of {_or(told)}. {hide}"


def is_alike(comparison: Comparison) -> bool:
    """Whether no case is scored differently on the two sides, as when a side is compared with itself."""
    cells = tested(comparison)
    return bool(cells) and all(cell.delta == 0 and cell.detectable is None for cell in cells)


def _detectable(comparison: Comparison, *, all_conversations: bool, composite: bool) -> list[Cell]:
    return [
        cell
        for cell in tested(comparison)
        if (cell.cohort == ALL) == all_conversations
        and (cell.evaluator == COMPOSITE) == composite
        and _of_unit_scale(cell)
    ]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _typical(values: Iterable[float | None]) -> list[float]:
    known = _known(values)
    return [median(known)] if known else []


def _range(values: Sequence[float]) -> str:
    low, high = points(min(values)), points(max(values))
    return high if low == high else f"{low.split()[0]} to {high}"


def _or(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def one_chance(comparison: Comparison) -> str:
    """What the gate promises: how often an unchanged prompt is blocked."""
    alpha = comparison.settings.get("alpha", comparison.alpha)
    return ONE_CHANCE.format(runs=one_in(alpha)) if isinstance(alpha, float) and alpha > 0 else ""


def notes(comparison: Comparison) -> tuple[str, ...]:
    """What a reader must know to trust the verdict: differences that were allowed, earlier looks, whose settings."""
    told = list(filter(None, [failures(comparison), left_out(comparison)]))
    if comparison.allowed:
        told.append(f"Compared although these differ between the sides: {', '.join(comparison.allowed)}.")
    if comparison.look > 1 and comparison.alpha is not None:
        runs = one_in(comparison.alpha)
        told.append(f"Look {comparison.look} at the same prompts: a false alarm may come of 1 such look in {runs}.")
    if comparison.settings_from:
        told.append(f"Gate settings: {comparison.settings_from}.")
    return (*cautions(comparison), *told)


def failures(comparison: Comparison) -> str:
    """Why conversations of each side could not be evaluated, in the words of what failed; "" for none."""
    sides = {"baseline": comparison.baseline, "candidate": comparison.candidate}
    told = [f"of the {name} {', '.join(side.failures)}" for name, side in sides.items() if side and side.failures]
    return f"Conversations that could not be evaluated: {'; '.join(told)}." if told else ""


def left_out(comparison: Comparison) -> str:
    """How many trials say nothing of either side, because the simulated customer made mistakes; "" for none."""
    sides = {"baseline": comparison.baseline, "candidate": comparison.candidate}
    told = [f"{count(side.excluded, 'trial')} of the {name}" for name, side in sides.items() if side and side.excluded]
    return f"Left out because the simulated customer made mistakes: {' and '.join(told)}." if told else ""


def cautions(comparison: Comparison) -> tuple[str, ...]:
    """What differences without a verdict must not hide; where there is a verdict, its reasons say it."""
    if comparison.verdict is not None:
        return ()
    return tuple(filter(None, (_untrusted(comparison), _errored(comparison))))


def _untrusted(comparison: Comparison) -> str:
    states = [side.judge_check for side in (comparison.baseline, comparison.candidate) if side is not None]
    found = {"failed": "did not pass its check", "none": "was not checked"}
    what = next((found[state] for state in states if state in found), None)
    return f"The judge {what}: do not trust its verdicts." if what is not None else ""


def _errored(comparison: Comparison) -> str:
    whole = [cell for cell in comparison.cells if cell.cohort == ALL]
    sides = (sum(cell.before.counts.errored for cell in whole), sum(cell.after.counts.errored for cell in whole))
    if not any(sides):
        return ""
    return f"{sides[0]} verdicts of the baseline and {sides[1]} of the candidate errored, and count for nothing."


# --- for machines ---


def machine_line(comparison: Comparison) -> str:
    """The verdict as one line of ``name=value`` without spaces in values, for logs and greps."""
    told = {
        "baseline": side_name(comparison.baseline),
        "candidate": comparison.candidate.name,
        "cells": str(len(tested(comparison))),
        "untestable": str(len(comparison.cells) - len(tested(comparison))),
        "regressed": str(len(comparison.regressed)),
    }
    if earlier := sum(is_earlier(comparison, cell) for cell in comparison.regressed):
        told["earlier"] = str(earlier)
    told |= _worst(clearest(comparison))
    share = coverage(comparison)
    if share is not None:
        told["coverage"] = f"{share:.2f}"
    return " ".join([f"evalh: {comparison.verdict or NO_GATE}", *(f"{name}={_value(told[name])}" for name in told)])


def _worst(cell: Cell | None) -> dict[str, str]:
    if cell is None or cell.delta is None:
        return {}
    told = {"worst": f"{cell.evaluator}/{cell.cohort}", "delta": signed(cell.delta)}
    return told if cell.p_adjusted is None else told | {"p": f"{cell.p_adjusted:.4f}"}


def _value(text: str) -> str:
    return re.sub(r"[^\w.:/@*+,()-]", "_", text)
