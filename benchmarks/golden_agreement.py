"""How far the local reader and the evaluators agree with the labels of a golden set: precision, recall and F1.

    python benchmarks/golden_agreement.py [GOLDEN_SET]

Below the table stands how far two labellers of the same conversations agree with each other on which have a fault.
The labels are those of the set, confirmed or not; it is what `evalh calibrate --include-unconfirmed` measures.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from evalh.agreement.labels import GOOD
from evalh.agreement.run import Options, calibrate
from evalh.models import GoldenLabel
from evalh.models.agreement import Agreement, AgreementRow
from evalh.stats.agreement import kappa
from evalh.workspace import Workspace

Key = tuple[str, str | None]


def main(set_id: str) -> None:
    """Print the table of one golden set."""
    workspace = Workspace.find(Path.cwd())
    agreement = calibrate(workspace, set_id, Options(unconfirmed=True))
    print_table(agreement)
    between_labellers(workspace.golden_set(set_id).labels)


def print_table(agreement: Agreement) -> None:
    """Print the rows over all conversations: the labels of facts, and faults by conversation."""
    versions = ", ".join(info.version or "?" for info in agreement.prompts)
    print(f"{agreement.conversations} labelled conversations of {agreement.golden_set.id}, versions {versions}")
    print(f"{'label':32}{'labelled':>9}{'found':>7}{'unsure':>7}{'precision':>11}{'recall':>8}{'F1':>6}")
    rows = [row for row in agreement.rows if row.cohort_key is None]
    for row in sorted(rows, key=_name):
        if row.kind == "reader" or row.level == "conversation":
            print(_line(row))


def _name(row: AgreementRow) -> str:
    return f"{row.construct_}: {row.label}" if row.kind == "reader" else f"fault: {row.construct_}"


def _line(row: AgreementRow) -> str:
    rates = [rate.value if rate is not None else 0.0 for rate in (row.precision, row.recall, row.f1)]
    counts = f"{row.labelled:>9}{row.tp + row.fp:>7}{row.unsure:>7}"
    return f"{_name(row):32}{counts}{rates[0]:>11.2f}{rates[1]:>8.2f}{rates[2]:>6.2f}"


def between_labellers(labels: Iterable[GoldenLabel]) -> None:
    """Print Cohen's kappa of the verdict "has a fault" on all conversations that two labellers have labelled.

    A conversation in which a labeller gives a construct no row has no fault of it for that labeller. Constructs that
    only one of the two labels anywhere are named: nothing is known about agreement on them.
    """
    seen: dict[Key, set[str]] = defaultdict(set)
    given: dict[str, set[str]] = defaultdict(set)
    faults: set[tuple[str, str, Key]] = set()
    for label in labels:
        place = (label.case, label.prompt_version)
        seen[place].add(label.labeller)
        given[label.construct_].add(label.labeller)
        if label.construct_ in GOOD and label.label not in GOOD[label.construct_]:
            faults.add((label.construct_, label.labeller, place))
    twice = [(place, pair) for place, who in seen.items() for pair in combinations(sorted(who), 2)]
    print(f"\n{'two labellers, fault or not':32}{'both':>9}{'faults':>9}{'kappa':>7}")
    for construct in GOOD:
        pairs = [
            ((construct, one, place) in faults, (construct, other, place) in faults)
            for place, (one, other) in twice
            if {one, other} <= given.get(construct, set())
        ]
        if pairs:
            either = sum(one or other for one, other in pairs)
            agreed = kappa([str(one) for one, _ in pairs], [str(other) for _, other in pairs])
            print(f"{construct:32}{len(pairs):>9}{either:>9}{agreed:>7.2f}")
    both = {construct for construct, who in given.items() if any(set(pair) <= who for _, pair in twice)}
    print(f"by one labeller only: {', '.join(sorted(given.keys() - both)) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "brightwater_care")
