"""The measures as Markdown tables, as JSON, and as files of typical errors; numbers come from elsewhere."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.validity.reading import Speed
from benchmarks.validity.scoring import Mistake, Row, Table, interval, short

from evalh.stats.agreement import Interval
from evalh.text.safe import safe_text

COLUMNS = ("always", "words", "VADER", "TF-IDF")
SCHEMA = "evalh.validity/1"


def lines(rows: Sequence[Row], speeds: Sequence[Speed], skipped: Sequence[str]) -> Iterator[str]:
    """All tables: the measures, more about each, how fast the corpora were read, and what was skipped."""
    head = ("measure", "corpus", "by", "n", "conversations", "evalh [95 %]", "target", *COLUMNS)
    yield from _table(Table("Agreement with labels", head, tuple(map(_cells, rows))))
    for row in rows:
        for table in row.tables:
            yield from _table(table)
    yield from _table(Table("Speed", ("read", "conversations", "turns", "seconds", "a second"), _speeds(speeds)))
    yield from (f"skipped: {_plain(reason)}" for reason in skipped)


def as_json(rows: Sequence[Row], speeds: Sequence[Speed], skipped: Sequence[str], reader: str) -> dict[str, Any]:
    """Everything but the errors, which quote the corpora, as a JSON object."""
    return {
        "schema": SCHEMA,
        "reader": reader,
        "measures": [_row(row) for row in rows],
        "speed": [vars(speed) for speed in speeds],
        "skipped": list(skipped),
    }


def write_errors(rows: Sequence[Row], folder: Path, size: int = 60) -> None:
    """A file for each measure with up to `size` errors: as many of each kind as can be, drawn by lot but always alike.

    They quote the corpora: the folder is no place of the project.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        if row.mistakes:
            name = re.sub(r"[^a-z0-9]+", "_", f"{row.measure.corpus} {row.measure.name} {row.measure.metric}".lower())
            text = "\n\n".join(_error(mistake) for mistake in _typical(row, size))
            total = f"{len(row.mistakes)} of {row.n} are wrong" if row.measure.metric != "AUC" else "farthest first"
            (folder / f"{name.strip('_')}.txt").write_text(f"{total}\n\n{text}\n", encoding="utf-8")


def _cells(row: Row) -> tuple[str, ...]:
    said = row.measure
    found = interval(row.evalh) if row.evalh is not None else row.note or "-"
    baselines = (short(row.baselines[name].value) if name in row.baselines else "-" for name in COLUMNS)
    return said.name, said.corpus, said.metric, f"{row.n:,}", f"{row.groups:,}", found, _target(row), *baselines


def _target(row: Row) -> str:
    target = row.measure.target
    if target is None:
        return "-"
    return short(target) if row.evalh is None else f"{short(target)} {'met' if row.evalh.value >= target else 'missed'}"


def _speeds(speeds: Sequence[Speed]) -> tuple[tuple[str, ...], ...]:
    together: dict[str, list[Speed]] = defaultdict(list)
    for speed in speeds:
        together[speed.corpus].append(speed)
    rows = []
    for corpus, own in together.items():
        size, turns, seconds = (
            sum(speed.conversations for speed in own),
            sum(speed.turns for speed in own),
            sum(speed.seconds for speed in own),
        )
        rows.append((corpus, f"{size:,}", f"{turns:,}", f"{seconds:.1f}", f"{size / max(seconds, 1e-9):,.0f}"))
    return tuple(rows)


def _row(row: Row) -> dict[str, Any]:
    return {
        "measure": row.measure.name,
        "corpus": row.measure.corpus,
        "metric": row.measure.metric,
        "n": row.n,
        "conversations": row.groups,
        "target": row.measure.target,
        "evalh": _bounds(row.evalh),
        "baselines": {name: _bounds(value) for name, value in row.baselines.items()},
        "tables": [{"title": table.title, "head": table.head, "rows": table.rows} for table in row.tables],
        "note": row.note,
    }


def _bounds(value: Interval | None) -> dict[str, float] | None:
    return None if value is None else {"value": value.value, "low": value.low, "high": value.high}


def _table(table: Table) -> Iterator[str]:
    yield f"\n### {_plain(table.title)}\n"
    yield "| " + " | ".join(map(_plain, table.head)) + " |"
    yield "|---" * len(table.head) + "|"
    for row in table.rows:
        yield "| " + " | ".join(map(_plain, row)) + " |"


def _plain(text: str) -> str:
    return safe_text(text).replace("\n", " ").replace("|", "\\|")


def _typical(row: Row, size: int) -> list[Mistake]:
    if row.measure.metric == "AUC":
        return list(row.mistakes[:size])
    kinds: dict[tuple[str, str], list[Mistake]] = defaultdict(list)
    for mistake in row.mistakes:
        kinds[mistake.gold, mistake.found].append(mistake)
    drawn = random.Random(7)
    queues = [drawn.sample(own, len(own)) for _, own in sorted(kinds.items())]
    chosen: list[Mistake] = []
    for place in range(size):
        chosen += [queue[place] for queue in queues if place < len(queue)]
    return sorted(chosen[:size], key=lambda mistake: (mistake.gold, mistake.found))


def _error(mistake: Mistake) -> str:
    return f"label {mistake.gold}, found {mistake.found}\n{safe_text(mistake.shown)}"
