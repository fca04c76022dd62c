"""One side of a comparison, summed up case by case out of the rows of a run; comparing is left to others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from evalh.models import (
    CaseSide,
    CaseTrials,
    ConversationRow,
    EvaluatorInfo,
    Json,
    Rolled,
    ScoreRow,
    SideInfo,
    StateCounts,
)
from evalh.models.comparison import COMPOSITE
from evalh.stats.summary import Mean, compared_value

Rows = Callable[[], Iterator[ScoreRow]]


@dataclass(frozen=True)
class Side:
    """What one prompt version did on the cases, and everything its rows depend on.

    `inputs`: by a name a user knows, the digests and settings that must be the same on both sides. `rows` streams the
    score rows of the run it is in, all versions; None where they are not kept. `prompt` is the prompt's text, if known.
    """

    info: SideInfo
    inputs: Mapping[str, Json]
    evaluators: tuple[EvaluatorInfo, ...]
    cases: tuple[CaseSide, ...]
    rows: Rows | None = None
    prompt: str | None = None

    @property
    def names(self) -> list[str]:
        """The evaluators that gave a verdict, in their order, the scorecard's composite last."""
        listed = [info.name for info in self.evaluators]
        present = {name for case in self.cases for name in case.evaluators}
        return [*(name for name in listed if name in present), *([COMPOSITE] if COMPOSITE in present else [])]


def side_of(
    info: SideInfo,
    rows: Iterable[ConversationRow],
    *,
    inputs: Mapping[str, Json],
    evaluators: tuple[EvaluatorInfo, ...],
    scores: Rows | None = None,
    prompt: str | None = None,
) -> Side:
    """The side of `rows`, which are the conversations of one prompt version; those of no case are left out."""
    by_name = {one.name: one for one in evaluators}
    gathered: dict[str, _Case] = {}
    for row in rows:
        if row.case is not None:
            gathered.setdefault(row.case, _Case(row)).add(row, by_name)
    cases = tuple(gathered[name].done() for name in sorted(gathered))
    counts = {
        "cases": len(cases),
        "conversations": sum(case.trials for case in cases),
        "trials": max((case.trials for case in cases), default=0),
    }
    return Side(info.model_copy(update=counts), inputs, evaluators, cases, scores, prompt)


@dataclass
class _Trials:
    mean: Mean = field(default_factory=Mean)
    passed: int = 0
    failed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def add(self, rolled: Rolled, evaluator: EvaluatorInfo | None) -> None:
        self.counts[rolled.state] = self.counts.get(rolled.state, 0) + 1
        if rolled.error is not None:
            self.errors[rolled.error] = self.errors.get(rolled.error, 0) + 1
        self.mean.add(compared_value(rolled, evaluator))
        self.passed += rolled.passed is True
        self.failed += rolled.passed is False

    def done(self) -> CaseTrials:
        counts = StateCounts(**self.counts)
        errors = dict(sorted(self.errors.items()))
        return CaseTrials(
            mean=self.mean.value,
            n=self.mean.count,
            passed=self.passed,
            failed=self.failed,
            counts=counts,
            errors=errors,
        )


@dataclass
class _Case:
    first: ConversationRow
    trials: int = 0
    read: int = 0
    pitched: int = 0
    critical: dict[str, dict[str, int]] = field(default_factory=dict)
    evaluators: dict[str, _Trials] = field(default_factory=dict)
    conversations: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: ConversationRow, evaluators: Mapping[str, EvaluatorInfo]) -> None:
        self.trials += 1
        self.read += row.pitches is not None
        self.pitched += bool(row.pitches)
        self.conversations.append((row.trial, row.conversation_sha256))
        for name, rolled in row.rollups.items():
            self.evaluators.setdefault(name, _Trials()).add(rolled, evaluators.get(name))
        for name, labels in row.critical.items():
            counts = self.critical.setdefault(name, {})
            for label in labels:
                counts[label] = counts.get(label, 0) + 1

    def done(self) -> CaseSide:
        return CaseSide(
            case=self.first.case or "",
            persona=self.first.persona,
            facets=dict(sorted(self.first.facets.items())),
            template=self.first.template,
            trials=self.trials,
            read=self.read,
            pitched=self.pitched,
            critical={name: dict(sorted(counts.items())) for name, counts in sorted(self.critical.items())},
            evaluators={name: trials.done() for name, trials in sorted(self.evaluators.items())},
            conversations=tuple(sha256 for _, sha256 in sorted(self.conversations)),
        )
