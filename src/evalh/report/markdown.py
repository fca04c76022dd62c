"""Comparisons as Markdown for a comment on a change: the verdict, what got worse, who said what, and the rest folded.

Text of transcripts is shown as text (`evalh.report.markup`); the whole is cut to a size that a comment may have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evalh.agreement.store import Known
from evalh.models.comparison import ALL, Cell, Comparison, Flipped, Group, Quoted
from evalh.report import critical, words
from evalh.report.agreement import known_words, nothing_known
from evalh.report.markup import fenced, inline, name, quote

LIMIT = 60_000
"""A comment of GitHub may have 65,536 characters."""
QUOTED_TURNS = 3
MOST_DROPS = 20
MOST_FELL = 5
MOST_NAMES = 20
FEW = 6
"""Fewer cases say too little for a drop to be shown that is not tested."""

_HEADINGS = {
    "PASS": "no regression found",
    "REGRESSION": "worse than the baseline",
    "INCOMPLETE": "too much is missing to tell",
    "INCONCLUSIVE": "not shown to be good enough",
    None: "no gate, differences only",
}
_MEANINGS = {
    "PASS": "As far as this set of cases can tell, the candidate does no worse than the baseline.",
    "REGRESSION": "The candidate does worse than the baseline, by more than chance explains.",
    "INCOMPLETE": "This is not a pass, and it says nothing against the candidate either.",
    "INCONCLUSIVE": "No drop was found, but it was not shown either that less than the margin was lost.",
    None: "The differences below are not tested: some of them are chance.",
}


_ONLY_EARLIER = (
    "An earlier look at the candidate found it worse than the baseline; what is found now does not clear it."
)


def _columns(names: str, numbers: int) -> str:
    """The head of a table; its last `numbers` columns are aligned as numbers."""
    titles = names.split(", ")
    lines = ["---"] * (len(titles) - numbers) + ["---:"] * numbers
    return f"{_row(*titles)}\n{_row(*lines)}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


_WORSE = _columns("cohort, evaluator, from, to, change, at least, cases, unchanged runs as bad", 6)
_DROPS = _columns("cohort, evaluator, from, to, change, cases", 4)
_ALL = _columns(
    "cohort, evaluator, from, to, change, cases, baseline passed, candidate passed, smallest drop it would find", 7
)
_UNTESTED = _columns("why, cohort, evaluator, from, to, change, cases", 4)
_SHIFTS = _columns("where, conversations, from, to", 2)
_STABLE = _columns("evaluator, all trials passed: baseline, candidate, trials agree: baseline, candidate", 4)
_KNOWN = _columns("evaluator, agreement with labels", 0)


@dataclass(frozen=True, slots=True)
class _Section:
    """A piece that is left out as a whole, or from its last row up."""

    head: str
    rows: tuple[str, ...] = ()
    tail: str = ""
    noun: str = "section"
    rank: int = 1
    """What is kept first where not everything fits: 0, then 1 and so on."""

    def text(self, rows: int) -> str:
        return "".join(f"{part}\n" for part in (self.head, *self.rows[:rows], self.tail) if part) + "\n"


def markdown(
    comparisons: Sequence[Comparison], *, name: str = "evalh", limit: int = LIMIT, known: Sequence[Known] = ()
) -> str:
    """The report of `comparisons`, at most `limit` bytes of UTF-8; the worst is kept, a line tells what was left out.

    `known`: how far each evaluator agrees with labels; it is told where anything is known. Its first line is a comment
    that nobody sees, with `name`: by it the comment is found again to be replaced.
    """
    sections = [section for comparison in comparisons for section in _sections(comparison)]
    if sections and not nothing_known(known):
        rows = [_row(inline(one.evaluator), inline(known_words(one))) for one in known]
        sections += _folded("Agreement of the evaluators with labels", _KNOWN, rows, "evaluator's agreement")
    return _fitted(f"<!-- evalh:{_marker(name)} -->\n", sections, limit)


def _marker(name: str) -> str:
    kept = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-")
    return kept[:100] or "evalh"


# --- size ---


def _fitted(first: str, sections: Sequence[_Section], limit: int) -> str:
    whole = first + "".join(section.text(len(section.rows)) for section in sections)
    if _size(whole) <= limit:
        return whole.rstrip("\n") + "\n"
    most = Counter(
        {noun: max(1, sum(_rows(item) for item in sections if item.noun == noun)) for noun in _nouns(sections)}
    )
    left = limit - _size(first) - _size(_left_out(most))
    if left < 0:
        return first if _size(first) <= limit else ""
    kept: dict[int, str] = {}
    dropped: Counter[str] = Counter()
    for index, section in sorted(enumerate(sections), key=lambda item: item[1].rank):
        rows = _fitting(section, left)
        dropped[section.noun] += _rows(section) - (rows or 0) if section.rows else int(rows is None)
        if rows is not None:
            kept[index] = section.text(rows)
            left -= _size(kept[index])
    return first + "".join(kept[index] for index in sorted(kept)) + _left_out(dropped)


def _nouns(sections: Iterable[_Section]) -> list[str]:
    return list(dict.fromkeys(section.noun for section in sections))


def _rows(section: _Section) -> int:
    return len(section.rows) or 1


def _fitting(section: _Section, left: int) -> int | None:
    """How many rows fit in `left` bytes; None where not even one, or the head, does."""
    used = _size(section.text(0))
    if not section.rows:
        return 0 if used <= left else None
    for kept, row in enumerate(section.rows):
        used += _size(row) + 1
        if used > left:
            return kept or None
    return len(section.rows)


def _left_out(dropped: Counter[str]) -> str:
    told = [words.count(number, noun) for noun, number in dropped.items() if number]
    return f"Left out for length: {', '.join(told)}. The results of the run have them all.\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


# --- one comparison ---


def _sections(comparison: Comparison) -> Iterator[_Section]:
    yield _head(comparison)
    if comparison.reasons:
        rows = tuple(f"- {inline(reason.text, 500)}" for reason in comparison.reasons)
        yield _Section("**Why**\n", rows, noun="reason")
    if comparison.regressed and comparison.verdict is not None:
        yield from _regressed(comparison)
    if fell := words.fell_most(comparison)[:MOST_FELL]:
        yield from _drops(f"**{words.fell_title(comparison, fell).capitalize()}**\n", fell, "drop")
    if comparison.verdict is None:
        yield from _drops("**Biggest drops: differences of means, not tested**\n", comparison.cells)
    yield from _critical(comparison)
    yield from _flipped(comparison)
    yield from _hunks(comparison)
    yield from _details(comparison)


def _head(comparison: Comparison) -> _Section:
    earlier = words.only_earlier(comparison)
    heading = words.EARLIER if earlier else _HEADINGS[comparison.verdict]
    title = f"## evalh: {comparison.verdict or 'no gate'}: {heading} ({_sides(comparison)})"
    told = [_ONLY_EARLIER if earlier else _MEANINGS[comparison.verdict]]
    if comparison.verdict is not None:
        told.append(inline(words.verdict_line(comparison).removeprefix(f"{comparison.verdict} "), 1000))
    if comparison.verdict not in ("PASS", None):
        told.append(inline(words.seen(comparison), 1000))
    if comparison.verdict is not None:
        told.append(words.one_chance(comparison))
    told += [inline(note, 1000) for note in words.notes(comparison)]
    return _Section(f"{title}\n\n{' '.join(filter(None, told))}", rank=0)


def _sides(comparison: Comparison) -> str:
    return f"{name(words.side_name(comparison.baseline))} to {name(comparison.candidate.name)}"


def _regressed(comparison: Comparison) -> Iterator[_Section]:
    cells = words.regressed(comparison)
    title = (
        words.EARLIER.capitalize() if all(words.is_earlier(comparison, cell) for cell in cells) else "What got worse"
    )
    rows = tuple(_regressed_row(comparison, cell) for cell in cells)
    yield _Section(f"**{title}**\n\n{_WORSE}", rows, f"\n{inline(words.MEANS, 500)}.", noun="regressed cell")
    places = tuple(f"- {inline(told)}" for cell in cells if (told := words.where(comparison, cell)))
    if places:
        yield _Section("**Where it fell** (a cohort is sure by itself only if it is above)\n", places, noun="place")


def _regressed_row(comparison: Comparison, cell: Cell) -> str:
    rare = words.chance(comparison, cell.p_adjusted) if cell.p_adjusted is not None else "-"
    told = "earlier look" if words.is_earlier(comparison, cell) else rare.replace(" unchanged run", "")
    return _row(*_moved(cell), words.at_least(cell) or "-", str(cell.pairs), told)


def _moved(cell: Cell) -> list[str]:
    numbers = [words.number(cell.baseline), words.number(cell.candidate), words.signed(cell.delta)]
    return [name(words.cohort_name(cell)), name(cell.evaluator), *numbers]


# --- findings ---


def _critical(comparison: Comparison) -> Iterator[_Section]:
    rows = tuple(f"- {inline(words.finding_words(finding))}" for finding in words.blocking(comparison))
    if rows:
        yield _Section("**Critical findings: each of them blocks**\n", rows, noun="critical finding")


def _flipped(comparison: Comparison) -> Iterator[_Section]:
    for group in comparison.groups:
        header = _columns("case, baseline, candidate", 0)
        rows = tuple(_flipped_row(item) for item in group.flipped)
        head = _title(group, len(comparison.prompt_diff))
        if rows:
            yield _Section(f"{head}\n\n{header}", rows, noun="flipped case", rank=2)
        else:
            yield _Section(head, noun="group", rank=2)


def _title(group: Group, hunks: int) -> str:
    clause = f", clause {name(group.clause)}" if group.clause else ""
    gone = f", gone in {group.gone}" if group.gone else ""
    shown = f"; shown: {len(group.flipped)}" if 0 < len(group.flipped) < group.cases else ""
    title = (
        f"**{name(group.evaluator)}: {name(group.label or 'fell')}**{clause}: new in {words.count(group.cases, 'case')}"
    )
    near = f"; nearest in wording: prompt change {group.hunk}" if group.hunk in range(1, hunks + 1) else ""
    return f"{title}{gone}{shown}{near}"


def _flipped_row(item: Flipped) -> str:
    about = [name(item.case), name(item.cohort)]
    if item.of_trials > 1:
        about.append(f"{item.trials} of {item.of_trials} trials")
    facts = [f"{told} {inline(value)}" for told, value in (("expected", item.expected), ("found", item.found)) if value]
    candidate = [*_quoted(item.candidate), *([", ".join(facts)] if facts else [])]
    return _row("<br>".join(about), "<br>".join(_quoted(item.baseline)), "<br>".join(candidate))


def _quoted(side: Quoted | None) -> list[str]:
    if side is None:
        return ["(not kept)"]
    said = [f"turn {evidence.turn}: {quote(evidence.quote)}" for evidence in side.evidence[:QUOTED_TURNS]]
    return [*said, *([inline(side.reason)] if side.reason else [])] or ["-"]


def _hunks(comparison: Comparison) -> Iterator[_Section]:
    """The prompt changes that groups are nearest to, or the only one."""
    total = len(comparison.prompt_diff)
    near = [group.hunk for group in comparison.groups if group.hunk is not None and 1 <= group.hunk <= total]
    for number in dict.fromkeys(near or ([1] if total == 1 and comparison.groups else [])):
        told = " (nearest in wording to the turns above: an aid, no finding)" if near else ""
        head = f"**Prompt change {number} of {total}**{told}\n\n{fenced(comparison.prompt_diff[number - 1], 'diff')}"
        yield _Section(head, noun="prompt change", rank=2)


def _drops(head: str, cells: Iterable[Cell], noun: str = "drop not tested") -> Iterator[_Section]:
    """The cells that fell, most first."""
    fallen = sorted(
        (cell for cell in cells if cell.delta is not None and cell.delta < 0), key=lambda cell: cell.delta or 0
    )
    rows = tuple(_row(*_moved(cell), str(cell.pairs)) for cell in fallen[:MOST_DROPS])
    if rows:
        yield _Section(f"{head}\n{_DROPS}", rows, noun=noun)


# --- what is folded ---


def _details(comparison: Comparison) -> Iterator[_Section]:
    others = [finding for finding in comparison.critical if finding not in words.blocking(comparison)]
    title, why = f"{words.count(len(others), 'critical finding')} to look at", ""
    if comparison.verdict is not None:
        title, why = f"{title}: not enough to block", f"{inline(critical.WHY_NOT).capitalize()}.\n"
    kinds = [f"- {inline(kind.told(MOST_NAMES), 1000)}" for kind in critical.kinds(others)]
    yield from _folded(title, why, kinds, "kind of critical finding")
    compared = words.tested(comparison)
    title = f"All {words.count(len(compared), 'cell')} that could be compared"
    yield from _folded(title, _ALL, [_cell_row(cell) for cell in compared], "cell")
    untested = words.untested(comparison)
    title = f"{words.count(len(untested), 'cell')} not testable: neither passed nor failed"
    yield from _folded(title, _UNTESTED, [_untested_row(cell) for cell in untested], "not testable cell")
    shifts = [_shift_row(shift) for shift in words.shifts(comparison)]
    yield from _folded("Shifts: what the means stand for moved too", _SHIFTS, shifts, "shift")
    whole = [cell for cell in comparison.cells if cell.cohort == ALL and cell.after.pass_all is not None]
    stable = [_stable_row(cell) for cell in whole]
    title = f"{words.pass_k(comparison)}: cases all of whose trials pass, and cases whose trials agree"
    yield from _folded(title, _STABLE, stable, "evaluator")
    for section in _drops("", [cell for cell in comparison.exploratory if cell.pairs >= FEW]):
        yield from _folded("Other drops: shown, never tested", section.head.strip(), section.rows, "drop not tested")


def _folded(title: str, header: str, rows: Sequence[str], noun: str) -> Iterator[_Section]:
    if rows:
        head = f"<details>\n<summary>{title}</summary>\n" + (f"\n{header}" if header else "")
        yield _Section(head, tuple(rows), "\n</details>", noun, rank=3)


def _cell_row(cell: Cell) -> str:
    passed = (words.pass_rate(cell.before), words.pass_rate(cell.after))
    return _row(*_moved(cell), str(cell.pairs), *passed, words.drop(cell))


def _untested_row(cell: Cell) -> str:
    return _row(inline(cell.why) or "-", *_moved(cell), str(cell.pairs))


def _shift_row(shift: words.Shift) -> str:
    return _row(name(shift.place), shift.what, words.percent(shift.before), words.percent(shift.after))


def _stable_row(cell: Cell) -> str:
    sides = (cell.before, cell.after)
    shares = [*(side.pass_all for side in sides), *(side.stable for side in sides)]
    return _row(name(cell.evaluator), *(words.percent(share) for share in shares))
