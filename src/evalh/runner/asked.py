"""What a judge was asked for the rows of a run: told of each conversation in the journal, summed up in the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalh.models import ConversationRow, Manifest, Reading, UsageRow
from evalh.stats.summary import cohort_of

READING = "reading"
"""Whose the usage is that all evaluators share."""
_COUNTED = ("calls", "input_tokens", "cached_tokens", "output_tokens")


def asked_of(reading: Reading, asked_by: Mapping[str, str], saved: int) -> dict[str, Any]:
    """What the journal keeps of the asking for one conversation; empty where no judge was asked.

    `asked_by`: the evaluator that asked a question, by the question's digest. `saved`: calls whose replies were kept
    from before, since the last conversation.
    """
    if reading.judge is None and not saved:
        return {}
    usage = [
        {**one.model_dump(mode="json", exclude={"part"}), "evaluator": asked_by.get(one.part, READING)}
        for one in reading.usage
    ]
    return {
        "asked": {
            "calls": reading.calls,
            "saved": saved,
            "windowed": reading.windowed,
            "disagreements": len(reading.disagreements),
            "usage": usage,
        }
    }


class Asked:
    """Sums what the journal tells of the conversations in the results."""

    def __init__(self, cohort_key: str) -> None:
        self._cohort_key = cohort_key
        self._calls = 0
        self._saved = 0
        self._windowed = 0
        self._disagreements = 0
        self._usage: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, row: ConversationRow, record: Mapping[str, Any]) -> None:
        """Take one conversation with its record."""
        told = record.get("asked")
        if told is None:
            return
        self._calls += told["calls"]
        self._saved += told["saved"]
        self._windowed += bool(told["windowed"])
        self._disagreements += told["disagreements"]
        cohort = cohort_of(row, self._cohort_key)
        for one in told["usage"]:
            self._add_usage((one["evaluator"], cohort), one)

    def _add_usage(self, key: tuple[str, str], one: Mapping[str, Any]) -> None:
        held = self._usage.setdefault(key, {**dict.fromkeys(_COUNTED, 0), "cost": None})
        for name in _COUNTED:
            held[name] += one[name]
        held["cost"] = _sum([held["cost"], one["cost"]])

    def told(self, manifest: Manifest) -> dict[str, Any]:
        """The fields of the manifest."""
        usage = tuple(
            UsageRow(evaluator=evaluator, cohort=cohort, **held)
            for (evaluator, cohort), held in sorted(self._usage.items())
        )
        fields = {
            "calls": self._calls,
            "calls_saved": min(self._saved, self._calls),
            "tokens": sum(row.input_tokens + row.output_tokens for row in usage),
            "cost": _sum(row.cost for row in usage),
            "usage": usage,
        }
        if manifest.judge is None:
            return fields
        seen = {"windowed": self._windowed, "disagreements": self._disagreements}
        return {**fields, "judge": manifest.judge.model_copy(update=seen)}


def _sum(costs: Iterable[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 9) if known else None
