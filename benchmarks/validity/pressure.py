"""Pressure wording in texts of shops: dark patterns against ordinary texts (Yada et al. 2022, Mathur et al. 2019)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from benchmarks.validity import baselines
from benchmarks.validity.corpus import Source
from benchmarks.validity.reading import Desk
from benchmarks.validity.scoring import Case, Found, Measure, Row, Table, compare, short

from evalh.reader.pressure import pressure_kinds

_PRESSES = re.compile(
    r"(?i)\b(?:hurry|only \d+|last chance|limited|ends (?:in|soon|today|tonight)|left in stock|low (?:in )?stock"
    r"|selling fast|almost gone|sold|bought|purchased|viewing|people (?:are|have)|in (?:their|your) carts?|sale ends"
    r"|order (?:now|within)|don'?t miss|expires?|no,? thanks?|countdown|today only)\b"
)


def measure(source: Source, desk: Desk) -> Iterator[Row]:
    """One row, with the recall of each category."""
    lines = source.load("darkpattern", ("id", "text", "label", "category")).score
    cases = [
        Case(
            str(line.get("page", line["id"])),
            "yes" if int(line["label"]) else "no",
            line["text"],
            f"> [{line['category']}] {line['text']}",
        )
        for line in lines
    ]
    with desk.timed("dark patterns", len(lines)):
        kinds = [[kind for kind, _ in pressure_kinds(line["text"])] for line in lines]
    others = {
        "always": baselines.always("yes", cases),
        "words": baselines.by_words(cases, (("yes", _PRESSES),), "no"),
        "TF-IDF": baselines.labels_of(baselines.fitted((), cases)),
    }
    found = ["yes" if one else "no" for one in kinds]
    said = Measure("pressure wording", "dark patterns", "F1", ("yes", "no"), 0.90)
    yield compare(said, cases, Found(found, others), [_by_category([line["category"] for line in lines], kinds)])


def _by_category(categories: Sequence[str], kinds: Sequence[Sequence[str]]) -> Table:
    rows = []
    for category in sorted(set(categories)):
        own = [found for one, found in zip(categories, kinds, strict=True) if one == category]
        first = [found[0] for found in own if found]
        most = ", ".join(
            f"{kind} {first.count(kind)}" for kind in sorted(set(first), key=lambda k: (-first.count(k), k))
        )
        rows.append((category, f"{len(own):,}", short(len(first) / len(own)), most or "-"))
    return Table("found, by category", ("category", "n", "share found", "surest kind"), tuple(rows))
