"""A comparison of two sides in a terminal: the verdict, what it rests on, and what this run could not have seen.

Sentences that other reports say too are left to `evalh.report.words`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from rich.console import Console
from rich.text import Text

from evalh.models import Cell, Comparison, SideCell
from evalh.models.comparison import ALL
from evalh.report import critical, words
from evalh.report.flips import render_flips
from evalh.report.plain import indented, lines, safe, table

MAX_ROWS = 10
MAX_REASONS = 8
MAX_WHY = 2
MAX_FELL = 5
MAX_NAMES = 5
FEW = 6
"""Of fewer cases a drop that is not tested is not worth a look."""
BLIND = "even the largest drop could not be told from chance"
"""How the reason begins of a cell that was tested and could have found nothing."""
_STYLES = {"PASS": "bold green", "REGRESSION": "bold red", "INCOMPLETE": "bold yellow", "INCONCLUSIVE": "bold yellow"}
_EXITS = {
    "PASS": "exit status 0: the gate passed.",
    "REGRESSION": "exit status 1: the gate failed.",
    "INCOMPLETE": "exit status 3: too much is missing to tell. This is not a pass.",
    "INCONCLUSIVE": "exit status 3: not shown to be good enough. This is not a pass.",
}


def render_gate(comparison: Comparison, console: Console, *, full: bool = False) -> None:
    """The verdict in one line, then why, the cases, and what a run of this size cannot see; the machine line last.

    Without a verdict only the biggest drops, which are not tested. Long lists are cut, unless `full`.
    """
    if comparison.verdict is None:
        _untested_drops(comparison, console, full=full)
        lines(words.cautions(comparison), console)
        return
    console.print(safe(words.sides(comparison), "bold"))
    console.print(safe(words.verdict_line(comparison), _STYLES[comparison.verdict]))
    console.print()
    lines(filter(None, [words.left_out(comparison)]), console)
    _reasons(comparison, console, full=full)
    _regressed(comparison, console, full=full)
    _fell_most(comparison, console, full=full)
    _critical(comparison, console, full=full)
    render_flips(comparison, console, full=full)
    _shifts(comparison, console, full=full)
    _stability(comparison, console)
    _unseen(comparison, console, full=full)
    _not_testable(comparison, console, full=full)
    _others(comparison, console, full=full)
    _closing(comparison, console)


# --- the verdict ---


def _reasons(comparison: Comparison, console: Console, *, full: bool) -> None:
    """Those that the tables below do not tell."""
    told_below = {"regression", "critical"} if comparison.verdict == "REGRESSION" else set()
    told = [reason.text for reason in comparison.reasons if reason.kind not in told_below]
    lines(_cut(told, MAX_REASONS, "reason", full=full), console)


def _regressed(comparison: Comparison, console: Console, *, full: bool) -> None:
    if not comparison.regressed:
        return
    numbers = ("from", "to", "change", "at least", "cases", "1 in")
    made = table(_title(comparison), (comparison.cohort_key, "evaluator"), numbers)
    for cell in words.regressed(comparison):
        told = (words.at_least(cell) or "-", str(cell.pairs), _one_in(comparison, cell))
        made.add_row(safe(_cohort(cell)), *_moved(cell), *map(safe, told))
    console.print(made)
    note = "at least: the drop that is sure for all checks at once; 1 in: of so many unchanged runs one looks this bad"
    if any(words.is_earlier(comparison, cell) for cell in comparison.regressed):
        note += "; earlier look: it was called worse then, which is not cleared"
    console.print(indented(safe(note, "dim")))
    console.print(indented(safe(words.MEANS, "dim"), below=1))
    _where(comparison, console, full=full)
    _passed(comparison, console, full=full)


def _title(comparison: Comparison) -> str:
    """What the cells in the table of those that got worse have in common."""
    if comparison.verdict != "REGRESSION":
        sure = "looks worse, as far as can be told"
    elif all(words.is_earlier(comparison, cell) for cell in comparison.regressed):
        return f"{words.EARLIER}, not found again now"
    elif any(words.is_earlier(comparison, cell) for cell in comparison.regressed):
        sure = f"worse than chance explains, or {words.EARLIER}"
    else:
        sure = "worse than chance explains"
    return f"{sure}, of {words.count(len(words.tested(comparison)), 'check')}"


def _fell_most(comparison: Comparison, console: Console, *, full: bool) -> None:
    """The checks that a verdict without a finding must not hide."""
    fell = words.fell_most(comparison)
    _drops(fell, words.fell_title(comparison, fell if full else fell[:MAX_FELL]), console, MAX_FELL, full=full)


def _where(comparison: Comparison, console: Console, *, full: bool) -> None:
    told = [
        told for cell in words.regressed(comparison) if (told := words.where(comparison, cell, most=100 if full else 4))
    ]
    if told:
        console.print(safe("where it fell (to look at: one cohort alone is sure only if it is in the table)", "bold"))
        lines(told, console)


def _passed(comparison: Comparison, console: Console, *, full: bool) -> None:
    cells = [cell for cell in words.regressed(comparison) if cell.before.pass_rate is not None]
    told = [f"{words.place(cell)}: {words.pass_rate(cell.before)} -> {words.pass_rate(cell.after)}" for cell in cells]
    if told:
        console.print(safe("of the conversations judged, so many passed (95 % intervals)", "bold"))
    lines(_cut(told, MAX_ROWS, "check", full=full), console)


def _one_in(comparison: Comparison, cell: Cell) -> str:
    if words.is_earlier(comparison, cell):
        return "earlier look"
    if cell.p_adjusted is None:
        return "-"
    return f"{words.one_in(cell.p_adjusted)}{'+' if 'at most' in words.chance(comparison, cell.p_adjusted) else ''}"


def _cohort(cell: Cell) -> str:
    return "all" if cell.cohort == ALL else cell.cohort


def _moved(cell: Cell) -> tuple[Text, ...]:
    style = "red" if cell.delta is not None and cell.delta < 0 else ""
    return (
        safe(cell.evaluator),
        safe(words.number(cell.baseline)),
        safe(words.number(cell.candidate)),
        safe(words.signed(cell.delta), style),
    )


def _critical(comparison: Comparison, console: Console, *, full: bool) -> None:
    block = [words.finding_words(item) for item in comparison.critical if item.blocks]
    kinds = critical.kinds(item for item in comparison.critical if not item.blocks)
    if block:
        console.print(safe("critical findings that block by themselves: facts of rules, new in the candidate", "bold"))
        lines(_cut(block, MAX_ROWS, "finding", full=full), console, "red")
    if kinds:
        console.print(Text.assemble(safe("critical findings to look at", "bold"), safe(f": {critical.WHY_NOT}")))
        told = [kind.told(len(kind.findings) if full else MAX_NAMES) for kind in kinds]
        lines(_cut(told, MAX_ROWS, "kind", full=full), console)


# --- what is behind the means ---


def _shifts(comparison: Comparison, console: Console, *, full: bool) -> None:
    found = words.shifts(comparison)
    if not found:
        return
    everywhere = "all conversations"
    ordered = sorted(found, key=lambda item: (not item.place.endswith(everywhere), -abs(item.after - item.before)))
    console.print(safe("the means may stand for something else: shares of conversations that moved", "bold"))
    told = [
        f"{item.place}: {item.what} {words.percent(item.before)} -> {words.percent(item.after)}" for item in ordered
    ]
    lines(_cut(told, MAX_ROWS // 2, "shift", full=full), console)


def _stability(comparison: Comparison, console: Console) -> None:
    """pass^k (Yao et al. 2024, arXiv 2406.12045) and how often trials agree, over all conversations."""
    if max(comparison.candidate.trials, comparison.baseline.trials if comparison.baseline else 0) < 2:
        return
    cells = [
        cell for cell in comparison.cells if cell.cohort == ALL and (_repeated(cell.before) or _repeated(cell.after))
    ]
    if not cells:
        return
    k = words.pass_k(comparison)
    title = f"over the trials of a case: {k} is the share of cases all of whose trials pass"
    made = table(title, ("evaluator",), (k, "now", "all agree", "now"))
    for cell in cells:
        shares = (cell.before.pass_all, cell.after.pass_all, cell.before.stable, cell.after.stable)
        made.add_row(safe(cell.evaluator), *(safe(words.percent(share)) for share in shares))
    console.print(made)


def _repeated(side: SideCell) -> bool:
    return side.pass_all is not None


# --- what could not be seen ---


def _unseen(comparison: Comparison, console: Console, *, full: bool) -> None:
    by_cohort: dict[str, list[tuple[float, Cell]]] = {}
    for cell in words.tested(comparison):
        if cell.detectable is not None:
            by_cohort.setdefault(cell.cohort, []).append((cell.detectable, cell))
    if not by_cohort:
        return
    console.print(safe("what this run could not have seen", "bold"))
    told = [] if comparison.verdict == "PASS" else [words.seen(comparison)]
    told += _overall(by_cohort.pop(ALL, []))
    typical = {found[0][1]: median(value for value, _ in found) for found in by_cohort.values()}
    told += _by_cohort(typical, full=full)
    lines(told, console)


def _overall(found: Sequence[tuple[float, Cell]]) -> Iterator[str]:
    if not found:
        return
    ranked = sorted(found, key=lambda item: (item[0], item[1].evaluator))
    (least, first), (most, last) = ranked[0], ranked[-1]
    if first is last:
        yield f"Over all conversations, a smaller drop than {words.points(least)} of {first.evaluator} can hide."
    else:
        told = f"{words.points(least)} of {first.evaluator} to {words.points(most)} of {last.evaluator}"
        yield f"Over all conversations, drops smaller than {told} can hide."


def _by_cohort(typical: dict[Cell, float], *, full: bool) -> Iterator[str]:
    """The drop of a typical evaluator that can hide, in the cohorts where most and least can; in each if `full`."""
    ranked = sorted(typical.items(), key=lambda item: (item[1], item[0].cohort))
    each = [f"{words.points(value)} ({words.cohort_name(cell)})" for cell, value in ranked]
    told = ", ".join(each) if full or len(each) < 2 else f"{each[0]} to {each[-1]}"
    if each:
        yield f"In one cohort, a typical evaluator can lose less than {told} unseen."


def _not_testable(comparison: Comparison, console: Console, *, full: bool) -> None:
    cells = words.untested(comparison)
    if not cells:
        return
    head = f"{words.count(len(cells), 'check')} not possible: neither passed nor failed"
    console.print(safe(head, "bold"))
    whys = Counter(map(_why, cells))
    names = {why: [words.place(cell) for cell in cells if _why(cell) == why] for why in whys}
    ranked = sorted(whys, key=lambda why: (why != BLIND, -whys[why]))
    told = [f"{why}: {_some(names[why], full=full)}" for why in ranked]
    lines(_cut(told, MAX_WHY, "reason", full=full), console)


def _why(cell: Cell) -> str:
    """Why a cell was not testable; where no drop could have been found, whatever the number of its cases."""
    return BLIND if cell.why.startswith(BLIND) else cell.why or "no reason is given"


def _some(names: Sequence[str], *, full: bool) -> str:
    if full or len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


# --- what was not tested ---


def _others(comparison: Comparison, console: Console, *, full: bool) -> None:
    title = "not tested, shown to look at: biggest drops of other cohorts and evaluators"
    cells = [cell for cell in comparison.exploratory if full or cell.pairs >= FEW]
    _drops(cells, title, console, MAX_ROWS // 2, full=full)


def _untested_drops(comparison: Comparison, console: Console, *, full: bool) -> None:
    sides = words.sides(comparison).replace("->", "to")
    title = f"biggest drops, {sides} (differences of means, not tested)"
    cells = (*comparison.cells, *(cell for cell in comparison.exploratory if cell.cohort_key == comparison.cohort_key))
    if not _drops(cells, title, console, MAX_ROWS, full=full):
        console.print(safe(f"no drop, {sides}", "bold"), end="\n\n")
    apart = [cell.evaluator for cell in cells if cell.cohort == ALL and _is_one_sided(cell)]
    if apart:
        told = f"not compared, no case counts on both sides: {', '.join(apart)}"
        console.print(safe(told, "yellow"), end="\n\n")


def _drops(cells: Sequence[Cell], title: str, console: Console, most: int, *, full: bool) -> int:
    """How many cells fell; the biggest of them are printed."""
    fell = [cell for cell in cells if cell.delta is not None and cell.delta < 0]
    ranked = sorted(fell, key=lambda cell: (cell.delta or 0.0, -cell.pairs, cell.cohort, cell.evaluator))
    if not ranked:
        return 0
    keys = {cell.cohort_key for cell in ranked}
    first = next(iter(keys)) if len(keys) == 1 else "cohort"
    made = table(title, (first, "evaluator"), ("from", "to", "change", "cases", "pitched in"))
    for cell in ranked if full else ranked[:most]:
        pitched = f"{words.percent(cell.before.pitch_rate)} -> {words.percent(cell.after.pitch_rate)}"
        cohort = _cohort(cell) if len(keys) == 1 else words.cohort_name(cell)
        made.add_row(safe(cohort), *_moved(cell), safe(cell.pairs), safe(pitched))
    console.print(made)
    return len(fell)


def _is_one_sided(cell: Cell) -> bool:
    return not cell.pairs and bool(cell.before.counts.scored) != bool(cell.after.counts.scored)


# --- the end ---


def _closing(comparison: Comparison, console: Console) -> None:
    if comparison.allowed:
        console.print(safe(f"allowed to differ between the sides: {', '.join(comparison.allowed)}", "yellow"))
    if words.one_chance(comparison):
        console.print(safe(words.one_chance(comparison)))
    if comparison.verdict is not None:
        console.print(safe(_EXITS[comparison.verdict]))
    console.print(safe(words.machine_line(comparison)), soft_wrap=True)
    console.print()


def _cut(told: Sequence[str], most: int, noun: str, *, full: bool) -> list[str]:
    """At most so many, and a line that says how many more there are."""
    if full or len(told) <= most:
        return list(told)
    return [*told[:most], f"and {words.count(len(told) - most, f'more {noun}')} in comparison.json"]
