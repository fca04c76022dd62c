from __future__ import annotations

from typing import Any

import pytest
from evaluators.resolution import Resolution
from tests.evaluators.conftest import context, labels

from evalh.evaluator import EvalContext, evaluate_one
from evalh.models import Score
from evalh.testing import make_policy

TALK = """
C: my bill is wrong
A: it is corrected, and Fiber 500 would suit you
C: thanks, that is fine
A: anything else?
C: no, it is wrong again
A: I see
"""


def issue(status: str, **fields: Any) -> dict[str, Any]:
    return {"turn": 0, "id": "i1", "intent": "billing_question", "status": status, **fields}


def solved(turn: int, **fields: Any) -> dict[str, Any]:
    return issue("resolved", resolved_turn=turn, word="agent", **fields)


def pitch(turn: int, offer: str | None = "FIBER-500", **fields: Any) -> dict[str, Any]:
    return {"turn": turn, "offer": offer, "act": "pitch", **fields}


def rows(ctx: EvalContext) -> list[Score]:
    return [row for row in evaluate_one(Resolution(), ctx) if not row.rollup]


def state(ctx: EvalContext) -> str:
    return evaluate_one(Resolution(), ctx)[-1].state


@pytest.mark.parametrize(
    ("status", "label", "passed"),
    [("resolved", "resolved", True), ("promised", "promised", True), ("unresolved", "unresolved", False)],
)
def test_each_problem_is_judged_by_what_became_of_it(status: str, label: str, passed: bool) -> None:
    (row,) = rows(context(TALK, issues=[issue(status)]))

    assert (row.label, row.passed, row.level) == (label, passed, "conversation")


def test_an_unsolved_problem_cites_where_it_was_raised_and_the_agents_last_words() -> None:
    (row,) = rows(context(TALK, issues=[issue("unresolved")]))

    assert [item.turn for item in row.evidence] == [0, 5]
    assert (row.expected, row.found, row.severity) == ("resolved", "unresolved", "major")


@pytest.mark.parametrize("unclear", [issue("unsure"), issue("open"), issue("resolved", confidence=0.2)])
def test_a_problem_whose_end_cannot_be_told_is_unsure(unclear: dict[str, Any]) -> None:
    assert state(context(TALK, issues=[unclear])) == "unsure"


def test_without_a_problem_or_an_offer_there_is_nothing_to_judge() -> None:
    assert state(context(TALK)) == "not_applicable"


def test_an_offer_after_the_problem_is_solved_is_well_timed() -> None:
    assert labels(Resolution(), context(TALK, issues=[solved(2)], acts=[pitch(3)])) == [
        "resolved",
        "resolved_before_offer",
    ]


def test_an_offer_before_the_problem_is_solved_is_a_fault_with_its_clause() -> None:
    row = rows(context(TALK, issues=[solved(4)], acts=[pitch(3)]))[-1]

    assert (row.label, row.clause, row.level) == ("offer_before_resolution", "conduct/resolution_first", "offer")
    assert [item.turn for item in row.evidence] == [0, 3]


@pytest.mark.parametrize(
    ("resolution", "label"),
    [("it is corrected", "resolved_before_offer"), ("suit you", "offer_before_resolution")],
)
def test_in_one_turn_the_solution_must_come_before_the_offer(resolution: str, label: str) -> None:
    start = "it is corrected, and Fiber 500 would suit you".index(resolution)
    place = {"turn": 1, "start": start, "end": start + len(resolution), "quote": resolution}
    ctx = context(TALK, issues=[solved(1, resolution=place)], acts=[pitch(1, quote="Fiber 500 would")])

    assert labels(Resolution(), ctx)[-1] == label


def test_a_problem_that_came_back_is_open_again() -> None:
    ctx = context(TALK, issues=[issue("unresolved", resolved_turn=1, reopened_turn=2)], acts=[pitch(3)])

    assert "offer_before_resolution" in labels(Resolution(), ctx)


def test_a_promise_is_enough_before_an_offer() -> None:
    ctx = context(TALK, issues=[issue("promised", resolved_turn=1)], acts=[pitch(3)])

    assert labels(Resolution(), ctx) == ["promised", "resolved_before_offer"]


def test_an_offer_before_the_customers_first_word_comes_before_any_problem() -> None:
    ctx = context(
        "A: hi, try Fiber 500\nC: my bill is wrong\nA: fixed",
        issues=[solved(2) | {"turn": 1}],
        acts=[pitch(0)],
    )

    assert "offer_before_resolution" in labels(Resolution(), ctx)


def test_a_problem_raised_after_the_offer_does_not_make_it_early() -> None:
    ctx = context(TALK, issues=[solved(5) | {"turn": 4}], acts=[pitch(3)])

    assert labels(Resolution(), ctx)[-1] == "resolved_before_offer"


def test_only_the_first_pitch_of_an_offer_is_timed() -> None:
    ctx = context(TALK, acts=[pitch(1), pitch(3), pitch(5, "TRAVEL-PASS")])

    assert [row.turn for row in rows(ctx)] == [1, 5]


def test_an_offer_to_a_frustrated_customer_is_a_fault_though_it_is_solved() -> None:
    ctx = context(TALK, issues=[solved(2)], acts=[pitch(3)], moods=[{"turn": 2, "mood": "frustrated"}])

    assert labels(Resolution(), ctx)[-1] == "offer_while_frustrated"


def test_a_customer_who_has_calmed_down_may_be_offered_something() -> None:
    moods = [{"turn": 0, "mood": "frustrated"}, {"turn": 2, "mood": "calm"}]

    assert labels(Resolution(), context(TALK, issues=[solved(2)], acts=[pitch(3)], moods=moods))[-1] == (
        "resolved_before_offer"
    )


@pytest.mark.parametrize("change", [{"timing": "during_task"}, {"mandatory": True}])
def test_an_offer_that_belongs_to_the_task_need_not_wait(change: dict[str, Any]) -> None:
    offers = [offer.model_dump(mode="json") | change for offer in make_policy().newest.offers]
    ctx = context(TALK, make_policy(offers=offers), issues=[solved(4)], acts=[pitch(3)])

    assert labels(Resolution(), ctx) == ["resolved"]


def test_nothing_waits_where_the_policy_does_not_want_it() -> None:
    ctx = context(TALK, make_policy(conduct={"resolution_first": False}), issues=[solved(4)], acts=[pitch(3)])

    assert labels(Resolution(), ctx) == ["resolved"]


def test_an_offer_that_no_policy_has_is_left_to_groundedness() -> None:
    assert labels(Resolution(), context(TALK, issues=[solved(4)], acts=[pitch(3, None, known=False)])) == ["resolved"]


@pytest.mark.parametrize("event", ["asked", "reopened"])
def test_a_customer_who_asks_for_the_product_need_not_wait(event: str) -> None:
    asked = {
        "turn": 2, "event": event, "offer": "FIBER-500", "status": "not_pitched", "topic_closed": False, "pitches": 0,
    }  # fmt: skip
    ctx = context(TALK, issues=[solved(4)], acts=[pitch(3)], ledger=[asked])

    assert labels(Resolution(), ctx)[-1] == "resolved_before_offer"


def test_a_customer_who_came_to_buy_that_product_need_not_wait() -> None:
    found: dict[str, Any] = {
        "issues": [solved(4)],
        "acts": [pitch(3)],
        "intents": [{"turn": 2, "intent": "purchase"}],
    }
    named = [{"turn": 2, "offer": "FIBER-500"}]

    assert "offer_before_resolution" in labels(Resolution(), context(TALK, **found))
    assert "offer_before_resolution" not in labels(Resolution(), context(TALK, mentions=named, **found))


def test_a_wish_to_buy_is_no_problem_an_offer_must_wait_for() -> None:
    wish = solved(4) | {"intent": "purchase"}

    assert labels(Resolution(), context(TALK, issues=[wish], acts=[pitch(3)]))[-1] == "resolved_before_offer"


def test_a_problem_that_comes_back_after_an_offer_is_a_lost_outcome() -> None:
    ctx = context(TALK, issues=[issue("unresolved", resolved_turn=2, reopened_turn=4)], acts=[pitch(3)])
    lost = next(row for row in rows(ctx) if row.label == "outcome_lost")

    assert labels(Resolution(), ctx) == ["unresolved", "outcome_lost", "resolved_before_offer"]
    assert [item.turn for item in lost.evidence] == [2, 4]


def test_when_a_problem_that_came_back_later_was_settled_first_cannot_be_told() -> None:
    ctx = context(TALK, issues=[issue("unresolved", reopened_turn=4)], acts=[pitch(3)])

    assert labels(Resolution(), ctx) == ["unresolved", "outcome_lost", "unsure"]


def test_a_problem_that_comes_back_and_is_settled_again_is_kept() -> None:
    ctx = context(TALK, issues=[issue("resolved", resolved_turn=5, reopened_turn=4)], acts=[pitch(3)])

    assert labels(Resolution(), ctx) == ["resolved", "outcome_kept", "unsure"]


@pytest.mark.parametrize(
    "found",
    [
        {"acts": [pitch(3, confidence=0.3)]},
        {"issues": [solved(4)], "acts": [pitch(3, confidence=0.3)]},
        {"acts": [pitch(3)], "moods": [{"turn": 2, "mood": "frustrated", "confidence": 0.3}]},
    ],
)
def test_what_the_reader_doubts_is_unsure(found: dict[str, Any]) -> None:
    assert state(context(TALK, **found)) == "unsure"


def test_without_a_policy_the_problem_is_judged_and_the_timing_skipped() -> None:
    ctx = context(TALK, no_policy=True, issues=[solved(2)], acts=[pitch(3)])

    assert [row.state for row in rows(ctx)] == ["scored", "skipped"]
    assert "no offer policy" in evaluate_one(Resolution(), ctx)[-1].reason


@pytest.mark.parametrize("mood", ["calm", "satisfied"])
def test_a_mood_that_a_judge_doubts_makes_no_offer_well_timed(mood: str) -> None:
    doubted = {"turn": 2, "mood": mood, "confidence": 0.0, "source": "judge"}
    found: dict[str, Any] = {"issues": [solved(1)], "acts": [pitch(3)]}

    assert state(context(TALK, moods=[doubted], **found)) == "unsure"
    assert state(context(TALK, moods=[doubted | {"confidence": 0.9}], **found)) == "scored"


@pytest.mark.parametrize("confidence", [0.0, 0.9])
def test_what_the_customer_may_have_asked_for_is_neither_early_nor_well_timed(confidence: float) -> None:
    asked = {
        "turn": 0, "event": "asked", "offer": "FIBER-500", "status": "pitched", "topic_closed": False, "pitches": 0,
        "confidence": confidence,
    }  # fmt: skip
    wants = {"turn": 0, "intent": "purchase", "confidence": confidence}
    names = {"turn": 0, "offer": "FIBER-500"}
    because: list[dict[str, Any]] = [{"ledger": [asked]}, {"intents": [wants], "mentions": [names]}]
    for found in because:
        (_, row) = rows(context(TALK, issues=[issue("unresolved")], acts=[pitch(1)], **found))
        assert (row.state, row.label) == (("unsure", None) if confidence == 0 else ("scored", "resolved_before_offer"))
