from __future__ import annotations

from typing import Any

import pytest
from evaluators.tone import Tone
from tests.evaluators.conftest import context, labels

from evalh.evaluator import EvalContext, evaluate_one
from evalh.models import Score

TALK = "C: this is the third time\nA: only today, half off\nC: hm\nA: I see"


def turn_one(ctx: EvalContext, **settings: Any) -> Score:
    return next(row for row in evaluate_one(Tone(**settings), ctx) if row.turn == 1)


def spoken(register: str, **fields: Any) -> dict[str, Any]:
    return {"turn": 1, "register": register, **fields}


@pytest.mark.parametrize(
    ("register", "value", "passed"),
    [("empathetic", 1.0, True), ("neutral", 0.8, True), ("robotic", 0.3, False), ("pushy", 0.0, False)],
)
def test_each_agent_turn_is_judged_by_its_register(register: str, value: float, passed: bool) -> None:
    row = turn_one(context(TALK, registers=[spoken(register, reason="so it sounds")]))

    assert (row.value, row.passed, row.label, row.reason) == (value, passed, register, "so it sounds")
    assert row.evidence[0].quote == "only today, half off"


def test_the_value_of_a_register_is_a_setting() -> None:
    assert turn_one(context(TALK, registers=[spoken("neutral")]), neutral=0.9).value == 0.9


@pytest.mark.parametrize("kind", ["false_urgency", "scarcity", "fear", "guilt"])
def test_pressing_a_frustrated_customer_is_exploitative_however_it_sounds(kind: str) -> None:
    ctx = context(
        TALK,
        registers=[spoken("empathetic")],
        moods=[{"turn": 0, "mood": "frustrated"}],
        pressures=[{"turn": 1, "kind": kind}],
    )
    row = turn_one(ctx)

    assert (row.label, row.value, row.severity, row.found) == ("exploitative", 0.0, "critical", kind)
    assert [item.turn for item in row.evidence] == [0, 1]


@pytest.mark.parametrize("kind", ["social_proof", "presumption"])
def test_other_wordings_are_not_exploitative(kind: str) -> None:
    ctx = context(
        TALK,
        registers=[spoken("neutral")],
        moods=[{"turn": 0, "mood": "frustrated"}],
        pressures=[{"turn": 1, "kind": kind}],
    )

    assert turn_one(ctx).label == "neutral"


@pytest.mark.parametrize("moods", [[], [{"turn": 0, "mood": "calm"}], [{"turn": 2, "mood": "frustrated"}]])
def test_a_deadline_for_a_calm_customer_is_judged_by_its_register(moods: list[dict[str, Any]]) -> None:
    ctx = context(TALK, registers=[spoken("pushy")], moods=moods, pressures=[{"turn": 1, "kind": "false_urgency"}])

    assert turn_one(ctx).label == "pushy"


def test_one_exploitative_turn_fails_a_friendly_conversation() -> None:
    ctx = context(
        "C: no\n" + "A: I see\n" * 9,
        registers=[{"turn": turn, "register": "empathetic"} for turn in range(1, 10)],
        moods=[{"turn": 0, "mood": "frustrated"}],
        pressures=[{"turn": 5, "kind": "fear"}],
    )
    row = evaluate_one(Tone(), ctx)[-1]

    assert (row.passed, row.label) == (False, "exploitative")
    assert row.value == pytest.approx(8 / 9)


@pytest.mark.parametrize(
    "found",
    [
        {"registers": [spoken("pushy", confidence=0.3)]},
        {
            "moods": [{"turn": 0, "mood": "frustrated", "confidence": 0.2}],
            "pressures": [{"turn": 1, "kind": "fear"}],
        },
    ],
)
def test_what_the_reader_doubts_is_unsure(found: dict[str, Any]) -> None:
    assert labels(Tone(), context(TALK, **found)) == ["unsure"]


def test_a_conversation_of_robotic_turns_fails_with_its_evidence() -> None:
    row = evaluate_one(Tone(), context(TALK, registers=[spoken("robotic"), {"turn": 3, "register": "neutral"}]))[-1]

    assert (row.passed, row.evidence[0].turn) == (False, 1)
    assert row.value == pytest.approx(0.55)


def test_without_agent_turns_there_is_nothing_to_judge() -> None:
    assert evaluate_one(Tone(), context("C: hello"))[-1].state == "not_applicable"


def test_pressure_in_a_mood_that_a_judge_doubts_is_unsure() -> None:
    mood = {"turn": 0, "mood": "satisfied", "confidence": 0.0, "source": "judge"}
    pressed: dict[str, Any] = {"registers": [spoken("neutral")], "pressures": [{"turn": 1, "kind": "fear"}]}

    assert turn_one(context(TALK, moods=[mood], **pressed)).state == "unsure"
    assert turn_one(context(TALK, moods=[mood | {"confidence": 0.9}], **pressed)).passed is True
