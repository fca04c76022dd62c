"""What was labelled, what was found, and how far both agree; the arithmetic is that of evalh.stats.agreement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np

from evalh.stats.agreement import (
    Floats,
    Interval,
    accuracy,
    auc,
    balanced_accuracy,
    bootstrap,
    bootstrap_counts,
    confusion,
    f1,
)

MetricName = Literal["F1", "balanced accuracy", "accuracy", "macro-F1", "AUC"]
Labels = Sequence[str]
Scores = Sequence[float]
_COUNTED: dict[str, Callable[[Floats], Floats]] = {
    "F1": f1,
    "balanced accuracy": balanced_accuracy,
    "accuracy": accuracy,
}


@dataclass(frozen=True)
class Case:
    """One thing that is labelled.

    `group`: the conversation it stands in. `fold`: what a fitted baseline must not have seen of it, by default the
    conversation. `text` is what baselines are given, `shown` what a person needs to judge an error.
    """

    group: str
    gold: str
    text: str
    shown: str
    fold: str = ""

    @property
    def unseen(self) -> str:
        """What is left out when a baseline is fitted for this case."""
        return self.fold or self.group


@dataclass(frozen=True)
class Measure:
    """What is measured on which corpus, how, and what is aimed at; `labels` begins with the one that is looked for."""

    name: str
    corpus: str
    metric: MetricName
    labels: tuple[str, ...]
    target: float | None = None


@dataclass(frozen=True)
class Table:
    """More about a measure: a title, the heads of the columns, and rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Mistake:
    """A case with a wrong answer."""

    gold: str
    found: str
    shown: str


@dataclass(frozen=True)
class Row:
    """One measure: the reader's agreement, None with a `note` where it could not be had, and that of the baselines."""

    measure: Measure
    n: int
    groups: int
    evalh: Interval | None
    baselines: Mapping[str, Interval]
    tables: tuple[Table, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Found:
    """What was found for the cases, in their order: by the reader, and by each baseline that could be had."""

    evalh: Labels | Scores | None
    baselines: Mapping[str, Labels | Scores | None] = field(default_factory=dict)
    note: str = ""


def compare(measure: Measure, cases: Sequence[Case], found: Found, tables: Sequence[Table] = ()) -> Row:
    """The row of a measure. A label that is not among those of the measure, such as "unsure", is never right."""
    return Row(
        measure,
        len(cases),
        len({case.group for case in cases}),
        None if found.evalh is None else agreement(measure, cases, found.evalh),
        {name: agreement(measure, cases, said) for name, said in found.baselines.items() if said is not None},
        tuple(tables),
        () if found.evalh is None else tuple(_mistakes(measure, cases, found.evalh)),
        found.note,
    )


def agreement(measure: Measure, cases: Sequence[Case], found: Labels | Scores) -> Interval:
    """The measure with its 95 % interval by conversation."""
    if measure.metric == "AUC":
        return _ranked(measure, cases, cast("Scores", found))
    said = cast("Labels", found)
    groups = [case.group for case in cases]
    if measure.metric == "macro-F1":
        each = [
            confusion(groups, [case.gold == label for case in cases], [one == label for one in said])
            for label in measure.labels
        ]
        return bootstrap_counts(np.concatenate(each, axis=1), _macro)
    yes = [case.gold == measure.labels[0] for case in cases]
    return bootstrap_counts(confusion(groups, yes, _as_yes(measure, cases, said)), _COUNTED[measure.metric])


def _as_yes(measure: Measure, cases: Sequence[Case], said: Labels) -> list[bool]:
    """Whether the label that is looked for was found; for an accuracy what is neither label is the wrong one."""
    looked_for = measure.labels[0]
    if measure.metric == "F1":
        return [one == looked_for for one in said]
    return [(case.gold == looked_for) == (one == case.gold) for case, one in zip(cases, said, strict=True)]


def _macro(counts: Floats) -> Floats:
    mean: Floats = f1(counts.reshape(len(counts), -1, 4)).mean(axis=1)
    return mean


def _ranked(measure: Measure, cases: Sequence[Case], said: Scores) -> Interval:
    yes = np.array([case.gold == measure.labels[0] for case in cases])
    scores = np.array(said, dtype=np.float64)
    return bootstrap([case.group for case in cases], lambda rows: auc(yes[rows], scores[rows]))


def _mistakes(measure: Measure, cases: Sequence[Case], said: Labels | Scores) -> list[Mistake]:
    """The wrong labels in order; of scores those farthest on the wrong side, surest first."""
    if measure.metric != "AUC":
        pairs = zip(cases, cast("Labels", said), strict=True)
        return [Mistake(case.gold, one, case.shown) for case, one in pairs if one != case.gold]
    ranked = sorted(zip(cases, cast("Scores", said), strict=True), key=lambda pair: pair[1])
    yes = measure.labels[0]
    low = [(case, score) for case, score in ranked if case.gold == yes]
    high = [(case, score) for case, score in reversed(ranked) if case.gold != yes]
    return [
        Mistake(case.gold, f"{score:.3f}", case.shown) for pair in zip(low, high, strict=False) for case, score in pair
    ]


def split_by(name: str, keys: Sequence[str], measure: Measure, cases: Sequence[Case], found: Labels | Scores) -> Table:
    """The measure again for each of `keys`, which stand beside the cases."""
    rows = []
    for key in sorted(set(keys)):
        own = [place for place, one in enumerate(keys) if one == key]
        said = cast("Labels", [found[place] for place in own])
        value = agreement(measure, [cases[place] for place in own], said)
        rows.append((key, f"{len(own):,}", interval(value)))
    return Table(f"{measure.name} by {name}", (name, "n", measure.metric), tuple(rows))


def interval(value: Interval) -> str:
    """A number with its bounds, such as ".81 [.74, .87]"."""
    return f"{short(value.value)} [{short(value.low)}, {short(value.high)}]"


def short(value: float) -> str:
    """Three decimals without a leading zero."""
    text = f"{value:.3f}"
    return text[1:] if text.startswith("0.") else text
