from __future__ import annotations

from typing import Any

import pytest
from evaluators.politeness import Politeness
from tests.evaluators.conftest import context, labels

from evalh.evaluator import evaluate_one

TALK = "C: hello\nA: what do you want now\nC: hm\nA: how can I help?"


def said(turn: int, courtesy: str, **fields: Any) -> dict[str, Any]:
    return {"turn": turn, "courtesy": courtesy, **fields}


def test_each_agent_turn_is_polite_or_not() -> None:
    ctx = context(TALK, courtesies=[said(1, "impolite", reason="a rude question"), said(3, "polite")])
    rude, polite, roll_up = evaluate_one(Politeness(), ctx)

    assert (rude.label, rude.value, rude.reason, rude.found) == (
        "impolite",
        0.0,
        "a rude question",
        "what do you want now",
    )
    assert (polite.label, polite.value) == ("polite", 1.0)
    assert (roll_up.passed, roll_up.evidence[0].turn) == (False, 1)


def test_a_polite_conversation_passes() -> None:
    assert evaluate_one(Politeness(), context(TALK, courtesies=[said(3, "polite")]))[-1].passed is True


@pytest.mark.parametrize("courtesy", ["polite", "impolite"])
def test_what_the_reader_doubts_is_unsure(courtesy: str) -> None:
    assert labels(Politeness(), context(TALK, courtesies=[said(1, courtesy, confidence=0.4)])) == ["unsure"]


def test_without_agent_turns_there_is_nothing_to_judge() -> None:
    assert evaluate_one(Politeness(), context("C: hello"))[-1].state == "not_applicable"
