from __future__ import annotations

from typing import Any

import pytest
from evaluators.objection_handling import ObjectionHandling
from tests.evaluators.conftest import context, labels

from evalh.evaluator import EvalContext, evaluate_one
from evalh.models import PolicySet, Score
from evalh.testing import make_policy

TALK = "\n".join(f"{'A' if turn % 2 else 'C'}: turn {turn} says this" for turn in range(14))


def entry(turn: int, event: str, offer: str | None = "FIBER-500", **fields: Any) -> dict[str, Any]:
    closed = fields.pop("closed", event in ("refused", "deferred", "deflected"))
    status = "refused" if closed else "pitched"
    return {
        "turn": turn,
        "event": event,
        "offer": offer,
        "status": status,
        "topic_closed": closed,
        "pitches": 1,
    } | fields


def pitch(turn: int, offer: str | None = "FIBER-500", **fields: Any) -> dict[str, Any]:
    return entry(turn, "pitched", offer, **fields)


def again(turn: int, offer: str | None = "FIBER-500", of: str = "same", **fields: Any) -> dict[str, Any]:
    return pitch(turn, offer, **({"repeat_of": of, "closed": True, "pitches": 2} | fields))


def conduct(**fields: Any) -> PolicySet:
    return make_policy(conduct=fields)


def heard(*ledger: dict[str, Any], policy: PolicySet | None = None, **found: Any) -> EvalContext:
    return context(TALK, policy, ledger=ledger, **found)


def faults(ctx: EvalContext) -> list[Score]:
    return [row for row in evaluate_one(ObjectionHandling(), ctx) if row.passed is False and not row.rollup]


def roll_up(ctx: EvalContext) -> Score:
    return evaluate_one(ObjectionHandling(), ctx)[-1]


@pytest.mark.parametrize("event", ["refused", "deferred", "deflected"])
def test_leaving_it_at_a_no_is_graceful_however_the_no_was_said(event: str) -> None:
    ctx = heard(pitch(1), entry(2, event))

    assert labels(ObjectionHandling(), ctx) == ["graceful"]
    assert roll_up(ctx).passed is True


@pytest.mark.parametrize("event", ["refused", "deferred", "deflected"])
def test_pitching_the_same_offer_again_is_a_major_fault_with_both_quotes_and_its_clause(event: str) -> None:
    (fault,) = faults(heard(pitch(1), entry(2, event), again(3)))

    assert (fault.label, fault.turn, fault.offer, fault.level) == ("repeat_pitch_same", 3, "FIBER-500", "offer")
    assert (fault.severity, fault.clause) == ("major", "conduct/pitches_after_refusal")
    assert [item.quote for item in fault.evidence] == ["turn 2 says this", "turn 3 says this"]


def test_another_offer_after_a_no_is_a_repeat_pitch_too() -> None:
    ctx = heard(pitch(1), entry(2, "refused"), again(3, "TRAVEL-PASS", "other", pitches=1))

    assert labels(ObjectionHandling(), ctx) == ["repeat_pitch_other"]


def test_another_offer_does_not_count_where_the_policy_says_so() -> None:
    ctx = heard(
        pitch(1), entry(2, "refused"), again(3, "TRAVEL-PASS", "other"), policy=conduct(other_offer_counts=False)
    )

    assert labels(ObjectionHandling(), ctx) == ["graceful"]


def test_a_second_offer_that_was_itself_refused_is_the_same_offer_again() -> None:
    ctx = heard(
        pitch(1),
        entry(2, "refused"),
        again(3, "TRAVEL-PASS", "other"),
        entry(4, "refused", "TRAVEL-PASS"),
        again(5, "TRAVEL-PASS", "other"),
        policy=conduct(other_offer_counts=False),
    )

    assert [fault.label for fault in faults(ctx)] == ["repeat_pitch_same"]


def test_the_third_pitch_is_worse_than_the_second() -> None:
    ctx = heard(pitch(1), entry(2, "refused"), again(3), entry(4, "refused"), again(5), entry(6, "refused"))

    assert [(fault.turn, fault.severity) for fault in faults(ctx)] == [(3, "major"), (5, "critical")]
    assert labels(ObjectionHandling(), ctx)[-1] == "graceful"
    assert roll_up(ctx).severity == "critical"
    assert roll_up(ctx).reason.startswith("2 faults: ")


def test_a_tolerated_pitch_is_no_fault_and_the_one_after_it_is() -> None:
    policy = conduct(pitches_after_refusal=1)
    once = (pitch(1), entry(2, "refused"), again(3))

    assert faults(heard(*once, policy=policy)) == []
    assert [fault.turn for fault in faults(heard(*once, entry(4, "refused"), again(5), policy=policy))] == [5]


def test_a_topic_the_customer_reopens_is_a_clean_slate() -> None:
    ctx = heard(pitch(1), entry(2, "refused"), entry(4, "reopened"), pitch(5), entry(6, "refused"))

    assert labels(ObjectionHandling(), ctx) == ["graceful", "reopened", "graceful"]


def test_a_pitch_after_the_no_that_follows_a_reopening_is_the_second_again() -> None:
    ctx = heard(pitch(1), entry(2, "refused"), again(3), entry(4, "reopened"), pitch(5), entry(6, "refused"), again(7))

    assert [(fault.turn, fault.severity) for fault in faults(ctx)] == [(3, "major"), (7, "major")]


def test_taking_up_another_offer_does_not_take_back_the_first_no() -> None:
    ctx = heard(
        pitch(1),
        entry(2, "refused"),
        again(3),
        entry(4, "accepted", "TRAVEL-PASS", closed=True),
        pitch(5, "TRAVEL-PASS", closed=True),
        again(7),
    )

    assert [(fault.turn, fault.severity) for fault in faults(ctx)] == [(3, "major"), (7, "critical")]


def test_pressure_after_a_no_is_a_fault() -> None:
    pressures = [{"turn": 3, "kind": "guilt"}]
    (fault,) = faults(heard(pitch(1), entry(2, "deferred"), pressures=pressures))

    assert (fault.label, fault.turn, fault.found, fault.offer) == ("pressure", 3, "guilt", "FIBER-500")
    assert [item.turn for item in fault.evidence] == [2, 3]


def test_pressure_before_any_no_or_after_a_reopening_is_left_to_others() -> None:
    pressures = [{"turn": 1, "kind": "scarcity"}, {"turn": 5, "kind": "scarcity"}]

    assert faults(heard(pitch(1), entry(2, "refused"), entry(4, "reopened"), pressures=pressures)) == []


def test_one_answer_to_an_objection_is_allowed_and_the_second_is_too_much() -> None:
    ctx = heard(pitch(1), entry(2, "objected"), pitch(3), entry(4, "objected"), pitch(5))

    assert labels(ObjectionHandling(), ctx) == ["answered_objection", "over_answered"]
    assert faults(ctx)[0].clause == "conduct/answers_to_objection"


def test_no_answer_is_allowed_where_the_policy_says_none() -> None:
    ctx = heard(pitch(1), entry(2, "objected"), pitch(3), policy=conduct(answers_to_objection=0))

    assert labels(ObjectionHandling(), ctx) == ["over_answered"]


def test_leaving_an_objection_alone_is_graceful() -> None:
    assert labels(ObjectionHandling(), heard(pitch(1), entry(2, "objected"))) == ["graceful"]


def test_a_question_after_the_objection_lets_the_agent_speak_of_it_again() -> None:
    ctx = heard(pitch(1), entry(2, "objected"), pitch(3), entry(4, "asked"), pitch(5))

    assert labels(ObjectionHandling(), ctx) == ["answered_objection"]


def test_a_mandatory_question_is_not_a_repeat_pitch_of_what_was_refused_before() -> None:
    offers = [offer.model_dump(mode="json") for offer in make_policy().newest.offers]
    offers[1]["mandatory"] = True
    ctx = heard(
        pitch(1),
        entry(2, "refused"),
        again(3, "TRAVEL-PASS", "other", pitches=1),
        entry(4, "refused", "TRAVEL-PASS"),
        again(5, "TRAVEL-PASS", pitches=2),
        policy=make_policy(offers=offers),
        acts=[{"turn": 5, "offer": "TRAVEL-PASS", "act": "read_back"}],
    )

    assert faults(ctx) == []


@pytest.mark.parametrize("ledger", [(), (pitch(1),), (pitch(1), entry(2, "accepted")), (pitch(1), entry(2, "ignored"))])
def test_without_a_no_there_is_nothing_to_judge(ledger: tuple[dict[str, Any], ...]) -> None:
    assert roll_up(heard(*ledger)).state == "not_applicable"


@pytest.mark.parametrize(
    "ledger",
    [
        (pitch(1), entry(2, "refused", confidence=0.3)),
        (pitch(1), entry(2, "refused", confidence=0.3), again(3)),
        (pitch(1), entry(2, "refused"), again(3, confidence=0.3)),
        (pitch(1), entry(2, "objected", confidence=0.3), pitch(3)),
    ],
)
def test_what_the_reader_doubts_is_unsure(ledger: tuple[dict[str, Any], ...]) -> None:
    assert roll_up(heard(*ledger)).state == "unsure"


def test_doubtful_pressure_is_unsure() -> None:
    pressures = [{"turn": 3, "kind": "guilt", "confidence": 0.2}]

    assert roll_up(heard(pitch(1), entry(2, "refused"), pressures=pressures)).state == "unsure"


def test_without_a_policy_a_refusal_cannot_be_judged() -> None:
    assert roll_up(context(TALK, no_policy=True, ledger=[pitch(1), entry(2, "refused")])).state == "skipped"


def test_an_unread_conversation_is_unsure() -> None:
    assert roll_up(context(TALK, read=False, why_unread="language 'xx' is not read")).state == "unsure"


@pytest.mark.parametrize("event", ["reopened", "asked", "accepted"])
def test_a_pitch_after_what_may_be_an_opening_is_unsure_and_no_pass(event: str) -> None:
    opening = entry(4, event, closed=False, confidence=0.2)
    ctx = heard(pitch(1), entry(2, "refused"), opening, pitch(5, closed=False))

    rows = [row for row in evaluate_one(ObjectionHandling(), ctx) if not row.rollup and row.turn == 5]
    assert [row.state for row in rows] == ["unsure"]
    assert "turn 4" in rows[0].reason
    assert roll_up(ctx).passed is None


def test_a_pitch_after_a_sure_opening_or_before_any_no_is_none_of_that() -> None:
    sure = heard(pitch(1), entry(2, "refused"), entry(4, "reopened", closed=False), pitch(5, closed=False))
    never_closed = heard(pitch(1), entry(2, "asked", closed=False, confidence=0.2), pitch(3, closed=False))

    assert "unsure" not in [row.state for row in evaluate_one(ObjectionHandling(), sure)]
    assert "unsure" not in [row.state for row in evaluate_one(ObjectionHandling(), never_closed)]


DOUBTED: dict[str, Any] = {"confidence": 0.0}


@pytest.mark.parametrize(
    "between",
    [
        [entry(4, "asked", "TRAVEL-PASS", closed=True, **DOUBTED)],
        [entry(4, "asked", **DOUBTED)],
        [entry(4, "asked", **DOUBTED), entry(4, "reopened", None, **DOUBTED)],
        [entry(4, "asked", "TRAVEL-PASS", closed=True, **DOUBTED), entry(4, "deferred")],
    ],
)
def test_a_pitch_of_what_the_customer_may_not_have_taken_up_again_is_no_pass(between: list[dict[str, Any]]) -> None:
    said = (pitch(1), entry(2, "refused"), *between, pitch(5, "TRAVEL-PASS"))
    ctx = heard(*said)

    assert faults(ctx) == []
    assert roll_up(ctx).state == "unsure"
    assert roll_up(heard(*({**one, "confidence": 1.0} for one in said))).passed is True


@pytest.mark.parametrize("event", ["ignored", "asked", "accepted"])
def test_a_pitch_after_an_answer_that_a_judge_doubts_may_be_a_repeat(event: str) -> None:
    doubted = entry(2, event, source="judge", **DOUBTED)

    assert roll_up(heard(pitch(1), doubted, pitch(3))).state == "unsure"
    assert roll_up(heard(pitch(1), doubted | {"confidence": 0.9}, pitch(3))).state == "not_applicable"
    assert roll_up(heard(pitch(1), doubted)).state == "not_applicable"
