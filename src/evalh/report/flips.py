"""The cases that flipped in a terminal: what each side said, side by side, and the prompt change that reads like it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from evalh.models import Comparison, Flipped, Group, Quoted
from evalh.report import words
from evalh.report.plain import indented, quoted, safe

WIDE = 100
"""From this width on the sides stand beside each other."""
MAX_GROUPS = 6
MAX_OF_EVALUATOR = 2
MAX_FLIPPED = 2
MAX_HUNKS = 2
MAX_LINES = 16
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def render_flips(comparison: Comparison, console: Console, *, full: bool) -> None:
    """Each group of flipped cases with quotes of some, then the prompt changes they are nearest to."""
    shown = comparison.groups if full else _first(comparison.groups)
    if shown:
        console.print(safe("what went wrong that the baseline did not do", "bold"))
    for group in shown:
        _group(group, comparison, console, full=full)
    if len(shown) < len(comparison.groups):
        more = words.count(len(comparison.groups) - len(shown), "more kind")
        console.print(indented(safe(f"and {more} of fault in comparison.json", "dim"), below=1))
    _hunks(comparison, shown, console, full=full)


def _first(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The first of each evaluator, so that one with many kinds of fault does not hide the others."""
    seen: Counter[str] = Counter()
    kept: list[Group] = []
    for group in groups:
        seen[group.evaluator] += 1
        if seen[group.evaluator] <= MAX_OF_EVALUATOR:
            kept.append(group)
    return tuple(kept[:MAX_GROUPS])


def _group(group: Group, comparison: Comparison, console: Console, *, full: bool) -> None:
    clause = f" ({group.clause})" if group.label and group.clause else ""
    head = safe(f"{group.evaluator}: {group.label or group.clause or 'fell'}{clause}", "bold red")
    told = f": new in {words.count(group.cases, 'case')}" + (f", gone in {group.gone}" if group.gone else "")
    if group.hunk is not None and group.hunk <= len(comparison.prompt_diff):
        told += f"; reads most like prompt change {group.hunk}"
    console.print(indented(Text.assemble(head, safe(told))))
    for item in group.flipped if full else group.flipped[:MAX_FLIPPED]:
        _flipped(item, comparison, console)
    console.print()


def _flipped(item: Flipped, comparison: Comparison, console: Console) -> None:
    seen = f"{item.trials} of {item.of_trials} trials" if item.of_trials > 1 else ""
    told = ", ".join(part for part in (item.cohort, item.severity or "", seen) if part)
    console.print(indented(Text.assemble(safe(item.case, "bold"), safe(f" ({told})")), 4))
    sides = (
        (words.side_name(comparison.baseline), item.baseline, "green"),
        (comparison.candidate.name, item.candidate, "red"),
    )
    texts = [_side(name, side, item, style) for name, side, style in sides]
    if console.width < WIDE:
        for text in texts:
            console.print(indented(text, 6))
        return
    grid = Table.grid(padding=(0, 2))
    grid.width = console.width - 6
    for _ in texts:
        grid.add_column(ratio=1, overflow="fold")
    grid.add_row(*texts)
    console.print(indented(grid, 6))


def _side(name: str, side: Quoted | None, item: Flipped, style: str) -> Text:
    text = safe(f"{name}: ", f"bold {style}")
    if side is None:
        return text.append_text(safe("no verdict to set beside it is kept", "dim"))
    text.append_text(safe(side.label or side.reason, style if side.label else ""))
    for evidence in side.evidence:
        text.append("\n")
        cited = quoted(evidence.quote) if evidence.quote or evidence.end else "(the whole turn)"
        text.append_text(safe(f"[{evidence.turn}] {cited}", "italic"))
    for line in _because(side, item):
        text.append("\n")
        text.append_text(safe(line))
    return text


def _because(side: Quoted, item: Flipped) -> Iterator[str]:
    if side.label and side.reason:
        yield side.reason
    facts = {"expected": item.expected, "found": item.found} if side is item.candidate else {}
    told = [f"{fact}: {value}" for fact, value in facts.items() if value]
    if told:
        yield "; ".join(told)


# --- prompt changes ---


def _hunks(comparison: Comparison, groups: Sequence[Group], console: Console, *, full: bool) -> None:
    hunks = comparison.prompt_diff
    near = dict.fromkeys(group.hunk for group in groups if group.hunk is not None and 1 <= group.hunk <= len(hunks))
    numbers = [number for number in near if number is not None]
    if full or (len(hunks) == 1 and groups):
        numbers = list(range(1, len(hunks) + 1))
    for number in numbers if full else numbers[:MAX_HUNKS]:
        what = f"prompt change {number} of {len(hunks)}" if len(hunks) > 1 else "the prompt change"
        like = [_name(group) for group in groups if group.hunk == number]
        told = f", nearest in wording to {', '.join(like[:3])} (an aid, no finding)" if like else ""
        console.print(indented(Text.assemble(safe(what, "bold"), safe(told))))
        _hunk(hunks[number - 1], console, full=full)


def _name(group: Group) -> str:
    return (group.label or group.clause or group.evaluator).replace("_", " ")


def _hunk(hunk: str, console: Console, *, full: bool) -> None:
    lines = hunk.splitlines()
    shown = lines if full else lines[:MAX_LINES]
    for line in shown:
        console.print(indented(safe(line, _DIFF_STYLES.get(line[:1], "dim")), 4))
    if len(shown) < len(lines):
        console.print(indented(safe(f"and {words.count(len(lines) - len(shown), 'more line')}", "dim"), 4))
    console.print()
