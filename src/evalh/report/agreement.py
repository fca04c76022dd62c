"""How far verdicts and facts agree with labels, at a terminal: tables, the worst cohorts, places to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from evalh.agreement.store import Known
from evalh.models.agreement import Agreement, AgreementRow, Disagreement, Estimate
from evalh.report import words
from evalh.report.plain import indented, lines, quoted, safe, table

WORST = 10
FEW = 5
"""Cohorts with fewer labelled places say too little to be named."""
TOLD_LEFT_OUT = 5
UNBOUND = 10_000
"""Wider than any table."""
NONE_KNOWN = "none known"
TITLE = "agreement with labels"
NOTHING = f"{TITLE}: none known; evalh calibrate GOLDEN_SET measures it"
_LEGEND = (
    "n: conversations or turns compared; labelled: how many have the label; P, R: precision, recall; in brackets: 95 % "
    "by conversation. Unsure answers count as wrong. ECE: how far confidence is from the share that is right."
)
_UNCONFIRMED = (
    "These labels are unconfirmed: no person has settled them, so the numbers say how far two opinions agree."
)
_COLUMNS = ("n", "labelled", "found", "P", "R", "F1", "balanced acc.", "kappa", "unsure", "ECE")
_FIRST_TO_GO = ("ECE", "found", "balanced acc.", "kappa", "unsure", "labelled")
"""Columns that a screen has no room for are left out in this order, so that names and F1 stay whole."""


def render_agreement(agreement: Agreement, console: Console, *, most: int = 10, full: bool = False) -> None:
    """Everything that was compared, the worst cohorts, and up to `most` disagreements. `full`: no list is cut."""
    console.print(safe(_head(agreement), "bold"))
    lines(_notes(agreement, full), console, "yellow")
    shown, left_out = _fitting([table for table in _tables(agreement) if table[1]], console)
    for made in shown:
        console.print(made)
    lines([_LEGEND, *_told(left_out)], console, "dim")
    lines(_worst(agreement, None if full else WORST), console)
    _disagreements(agreement, None if full else most, console)


def _head(agreement: Agreement) -> str:
    versions = ", ".join(info.version or info.sha256[:12] for info in agreement.prompts)
    read = f"{words.count(agreement.conversations, 'conversation')} by {versions}"
    who = f" by {words.count(len(agreement.labellers), 'labeller')}" if agreement.labellers else ""
    kind = "confirmed" if agreement.confirmed else "unconfirmed"
    return f"{agreement.golden_set.id}: {words.count(agreement.labels, f'{kind} label')}{who}, {read}"


def _notes(agreement: Agreement, full: bool) -> Iterator[str]:
    if not agreement.confirmed:
        yield _UNCONFIRMED
    if agreement.not_compared:
        yield f"Labelled, but compared with nothing: {', '.join(agreement.not_compared)}."
    left_out = agreement.left_out
    if left_out:
        places = "places on which labellers differ do" if len(left_out) > 1 else "place on which labellers differ does"
        yield f"{len(left_out)} {places} not count:"
        shown = left_out if full else left_out[:TOLD_LEFT_OUT]
        yield from (f"  {told}" for told in shown)
        if len(shown) < len(left_out):
            yield f"  and {len(left_out) - len(shown)} more, see --full"


def _tables(agreement: Agreement) -> Iterator[tuple[str, list[AgreementRow]]]:
    rows = [row for row in agreement.rows if row.cohort_key is None]
    evaluators = [row for row in rows if row.kind == "evaluator"]
    yield "evaluators: has the conversation a fault?", [row for row in evaluators if row.level == "conversation"]
    yield "evaluators: has the turn a fault?", [row for row in evaluators if row.level == "turn"]
    yield "the reader's facts", [row for row in rows if row.kind == "reader"]


def _fitting(tables: Sequence[tuple[str, Sequence[AgreementRow]]], console: Console) -> tuple[list[Table], list[str]]:
    """The tables with as many columns as the screen has room for, and the columns that it has none for."""
    for gone in range(len(_FIRST_TO_GO) + 1):
        left_out = _FIRST_TO_GO[:gone]
        made = [_table(title, rows, [name for name in _COLUMNS if name not in left_out]) for title, rows in tables]
        if all(_width(one, console) <= console.width for one in made):
            break
    return made, [name for name in _COLUMNS if name in left_out]


def _width(made: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(width=UNBOUND), made).maximum


def _told(left_out: Sequence[str]) -> Iterator[str]:
    if left_out:
        yield f"A wider screen also shows: {', '.join(left_out)}. --json has everything."


def _table(title: str, rows: Sequence[AgreementRow], columns: Sequence[str]) -> Table:
    made = table(title, ("construct",), columns)
    for row in rows:
        cells = dict(zip(_COLUMNS, _cells(row), strict=True))
        made.add_row(safe(_name(row)), *(Text(cells[name]) for name in columns))
    return made


def _name(row: AgreementRow | Disagreement) -> str:
    return row.construct_ if row.kind == "evaluator" else f"{row.construct_}: {row.label}"


def _cells(row: AgreementRow) -> list[str]:
    return [
        str(row.places),
        f"{row.labelled} ({words.percent(row.labelled / row.places) if row.places else '-'})",
        str(row.tp + row.fp),
        _value(row.precision),
        _value(row.recall),
        interval(row.f1),
        _value(row.balanced_accuracy),
        _value(row.kappa),
        str(row.unsure) if row.unsure else "-",
        "-" if row.ece is None else f"{row.ece:.2f}",
    ]


def _value(rate: Estimate | None) -> str:
    return words.number(rate.value if rate is not None else None)


def interval(rate: Estimate | None) -> str:
    """``0.81 [0.74, 0.87]``; "-" where it is not defined."""
    return "-" if rate is None else f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


# --- where it is worst ---


def _worst(agreement: Agreement, most: int | None) -> Iterator[str]:
    overall = {
        (row.kind, row.construct_, row.label, row.level): row for row in agreement.rows if row.cohort_key is None
    }
    found: list[tuple[float, str]] = []
    for row in agreement.rows:
        whole = overall.get((row.kind, row.construct_, row.label, row.level))
        if row.cohort_key is None or row.labelled < FEW or row.f1 is None or whole is None or whole.f1 is None:
            continue
        told = f"{_name(row)} in {row.cohort_key} {row.cohort}: F1 {interval(row.f1)}, over all {whole.f1.value:.2f}"
        found.append((row.f1.value - whole.f1.value, told))
    fell = [told for below, told in sorted(found) if below < 0][:most]
    if fell:
        yield f"Cohorts in which it agrees less than over all conversations, of those with {FEW} labelled or more:"
        yield from (f"  {told}" for told in fell)


# --- what to look at ---


def _disagreements(agreement: Agreement, most: int | None, console: Console) -> None:
    chosen = _mixed(agreement.disagreements)
    shown = chosen[:most]
    for index, one in enumerate(shown):
        if index == 0:
            console.print(safe("where label and finding differ", "bold"))
        console.print(indented(_difference(one), below=1))
    if len(shown) < len(chosen):
        console.print(safe(f"and {len(chosen) - len(shown)} more places in the file"))


def _mixed(found: Sequence[Disagreement]) -> list[Disagreement]:
    """Each place once, of each construct one in turn, evaluators first."""
    places: dict[tuple[object, ...], Disagreement] = {}
    for one in found:
        if one.kind == "evaluator" and one.level == "turn":
            continue
        key = (one.construct_, one.case, one.prompt_version, one.trial, one.turn, one.offer)
        places.setdefault(key, one)
    by_construct: dict[tuple[str, str], list[Disagreement]] = defaultdict(list)
    for one in places.values():
        by_construct[one.kind, one.construct_].append(one)
    turns = zip_longest(*(by_construct[key] for key in sorted(by_construct)))
    return [one for turn in turns for one in turn if one is not None]


def _difference(one: Disagreement) -> Text:
    trial = f" trial {one.trial}" if one.trial else ""
    where = [f"{one.case} {one.prompt_version}{trial}", f"turn {one.turn}" if one.turn is not None else None, one.offer]
    text = safe(", ".join(part for part in where if part), "bold")
    unsaid = "nothing" if one.kind == "reader" else "no fault"
    sure = f" ({one.confidence:.2f})" if one.confidence is not None else ""
    text.append_text(safe(f": {one.construct_}: labelled {one.labelled or unsaid}, found {one.found or unsaid}{sure}"))
    if one.evidence is not None:
        text.append("\n")
        text.append_text(safe(f"[{one.evidence.turn}] {quoted(one.evidence.quote)}", "italic"))
    if one.reason:
        text.append("\n")
        text.append_text(safe(one.reason))
    return text


# --- beside a run ---


def known_words(known: Known) -> str:
    """What is known of an evaluator: ``F1 0.81 [0.74, 0.87], 120 labels, unconfirmed``; what it holds for instead."""
    if known.row is None:
        return NONE_KNOWN
    if known.why_not:
        return f"known for {known.why_not}"
    parts = [f"F1 {interval(known.row.f1)}" if known.row.f1 is not None else "no fault labelled or found"]
    parts.append(words.count(known.row.labels, "label") if known.row.labels else words.count(known.row.places, "place"))
    return ", ".join(parts if known.confirmed else [*parts, "unconfirmed"])


def nothing_known(known: Sequence[Known]) -> bool:
    """Whether nothing is known of any evaluator, which is told in one line."""
    return all(one.row is None for one in known)


def render_known(known: Sequence[Known], console: Console) -> None:
    """What is known of each evaluator; in one line where nothing is known of any."""
    if nothing_known(known):
        console.print(safe(NOTHING, "dim"))
        return
    made = table(TITLE, ("evaluator", "agreement"), ())
    for one in known:
        made.add_row(safe(one.evaluator), safe(known_words(one)))
    console.print(made)
