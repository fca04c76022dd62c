from __future__ import annotations

from typing import Any

from evalh.models import ScoreRow
from evalh.regression import worst_turns


def fault(case: str | None, label: str = "repeat_pitch", **fields: Any) -> ScoreRow:
    given = {"evaluator": "objection_handling", "turn": 3, "value": 0.0, "passed": False, "severity": "major"}
    names = {"run_id": "r", "conversation_id": f"{case}.v1", "case": case, "label": label}
    return ScoreRow(**names | given | fields)


def worst(*rows: ScoreRow, n: int = 10) -> list[tuple[str | None, str | None]]:
    return [(row.case, row.label) for row in worst_turns(rows, n)]


def test_the_worst_severity_comes_first_and_only_so_many() -> None:
    rows = [fault("a", severity="minor"), fault("b", severity="critical"), fault("c")]

    assert [case for case, _ in worst(*rows, n=2)] == ["b", "c"]


def test_of_equal_severity_each_evaluator_has_its_turn() -> None:
    rows = [fault("a"), fault("b"), fault("c", evaluator="tone")]

    assert [case for case, _ in worst(*rows)] == ["a", "c", "b"]


def test_passed_verdicts_summaries_and_the_scorecard_are_not_quoted() -> None:
    rows = [
        fault("a", passed=True, value=1.0),
        fault("b", rollup=True, level="conversation", turn=None),
        fault("c", evaluator="conversation_quality"),
        fault("d", state="unsure", value=None, passed=None),
    ]

    assert worst(*rows) == []


def test_a_fault_of_two_trials_is_quoted_once_by_its_surest_verdict() -> None:
    rows = [fault("a", confidence=0.6), fault("a", trial=1, confidence=0.9), fault("a", "pressure")]

    assert [(row.label, row.trial) for row in worst_turns(rows, 10)] == [("pressure", 0), ("repeat_pitch", 1)]


def test_conversations_of_no_case_are_told_apart_by_their_name() -> None:
    rows = [fault(None, conversation_id="x"), fault(None, conversation_id="y")]

    assert len(worst_turns(rows, 10)) == 2
