"""Groundedness: pitches, claims, bookings and prohibited wordings against the policy in force."""

from typing import Any

import pytest
from evaluators.groundedness import Groundedness
from tests.evaluators.conftest import context, labels

from evalh.evaluator import EvalContext
from evalh.evaluator.run import evaluate_one
from evalh.models import PolicySet
from evalh.testing import make_policy

SCRIPT = """
C: my wifi is slow
A: Fiber 500 is 49.99 a month
C: ok add it
A: done
"""
BASE = make_policy().newest.model_dump(mode="json", by_alias=True)["offers"]


def pitch(offer: str | None = "FIBER-500", **more: Any) -> dict[str, Any]:
    return {"turn": 1, "offer": offer, "act": "pitch", **more}


def claim(kind: str, value: str, offer: str | None = "FIBER-500", **more: Any) -> dict[str, Any]:
    return {"turn": 1, "offer": offer, "kind": kind, "value": value, **more}


def entry(event: str, turn: int, offer: str = "FIBER-500") -> dict[str, Any]:
    return {"turn": turn, "offer": offer, "event": event, "status": "accepted", "topic_closed": False, "pitches": 1}


def booking(**more: Any) -> dict[str, Any]:
    return {"turn": 3, "tool": "add_offer", "call": 0, **more}


def changed(**fiber: Any) -> PolicySet:
    return make_policy(offers=[{**BASE[0], **fiber}, BASE[1]])


def judged(policy: PolicySet | None = None, **found: Any) -> list[str | None]:
    return labels(Groundedness(), context(SCRIPT, policy, **found))


def test_a_conversation_without_an_offer_has_nothing_to_judge() -> None:
    rows = evaluate_one(Groundedness(), context(SCRIPT))
    assert [row.state for row in rows] == ["not_applicable"]


@pytest.mark.parametrize(
    ("kind", "value", "label"),
    [
        ("price", "49.99", "grounded"),
        ("price", "39.99", "wrong_price"),
        ("term", "12", "wrong_term"),
        ("fee", "30.00", "wrong_fee"),
        ("discount", "10.00", "invented_discount"),
        ("deadline", "2026-11-30", "invented_deadline"),
        ("code", "TRAVEL-PASS", "sku_mismatch"),
        ("code", "FIBRE-500", "code_typo"),
    ],
)
def test_a_claim_is_held_against_the_policy(kind: str, value: str, label: str) -> None:
    assert judged(claims=[claim(kind, value)]) == [label]


def test_an_invented_fee_is_told_from_a_wrong_one() -> None:
    assert judged(claims=[claim("fee", "9.00", "TRAVEL-PASS")]) == ["invented_fee"]


@pytest.mark.parametrize(
    ("value", "unit", "label"), [("900", "mbps", "wrong_feature"), ("40", "channels", "invented_feature")]
)
def test_a_measured_feature_is_a_minor_fault(value: str, unit: str, label: str) -> None:
    rows = evaluate_one(Groundedness(), context(SCRIPT, claims=[claim("feature", value, unit=unit)]))
    assert (rows[0].label, rows[0].severity) == (label, "minor")


def test_features_are_left_alone_when_the_setting_says_so() -> None:
    ctx = context(SCRIPT, claims=[claim("feature", "900", unit="mbps")])
    assert labels(Groundedness(check_features=False), ctx) == []


def test_a_wrong_price_cites_turn_clause_expected_and_found() -> None:
    row = evaluate_one(
        Groundedness(), context(SCRIPT, claims=[claim("price", "39.99", period="month", quote="49.99")])
    )[0]
    assert (row.turn, row.offer, row.severity, row.source) == (1, "FIBER-500", "major", "rule")
    assert (row.clause, row.found) == ("offers/FIBER-500/price.amount", "39.99 per month")
    assert row.expected == "49.99 a month for 12 months, then 64.99"
    assert row.evidence[0].quote == "49.99"


def test_values_of_the_version_before_are_stale() -> None:
    old = {**BASE[0], "price": {"amount": "39.99"}, "term": {"months": 6}, "fees": []}
    policies = make_policy({"version": "1", "effective": {"from": "2026-10-01", "to": "2026-10-31"}, "offers": [old]})
    claims = [claim("price", "39.99"), claim("term", "6"), claim("fee", "0")]
    assert judged(policies, claims=claims) == ["stale_price", "stale_term", "stale_fee"]


def test_a_claim_read_with_little_confidence_is_unsure_and_no_fault() -> None:
    rows = evaluate_one(Groundedness(), context(SCRIPT, claims=[claim("price", "39.99", confidence=0.3)]))
    assert [row.state for row in rows] == ["unsure", "unsure"]
    assert "0.30" in rows[0].reason


def test_prose_that_the_policy_does_not_have_is_unsure_never_grounded() -> None:
    assert judged(claims=[claim("feature", "works under water")]) == ["unsure"]
    assert judged(claims=[claim("feature", "smoother video calls")]) == ["grounded"]


def test_a_redacted_value_compares_with_nothing() -> None:
    assert judged(claims=[claim("price", "[AMOUNT]")]) == ["unsure"]


def test_claims_about_an_offer_nobody_knows_are_left_to_its_pitch() -> None:
    unknown = pitch(None, known=False, said="Mega Plan")
    assert judged(acts=[unknown], claims=[claim("price", "9.99", None)]) == ["not_in_policy"]


def test_a_pitch_of_an_active_offer_is_grounded() -> None:
    assert judged(acts=[pitch()]) == ["grounded"]


def test_a_discontinued_offer_names_what_replaces_it() -> None:
    ctx = context(SCRIPT, changed(status="discontinued", replaced_by="TRAVEL-PASS"), acts=[pitch()])
    row = evaluate_one(Groundedness(), ctx)[0]
    assert (row.label, row.expected) == ("discontinued_offer", "Travel Pass (TRAVEL-PASS)")


def test_an_upcoming_offer_may_not_be_pitched_yet() -> None:
    assert judged(changed(status="upcoming"), acts=[pitch()]) == ["upcoming_offer"]


def test_an_offer_of_an_older_version_only_is_discontinued() -> None:
    older = {"version": "1", "effective": {"from": "2026-10-01", "to": "2026-10-31"}}
    assert judged(make_policy(older, offers=[BASE[1]]), acts=[pitch()]) == ["discontinued_offer"]


def test_an_ambiguous_pitch_is_unsure_and_names_the_candidates() -> None:
    candidates = [{"offer": "FIBER-500", "score": 0.6}, {"offer": "TRAVEL-PASS", "score": 0.6}]
    row = evaluate_one(Groundedness(), context(SCRIPT, acts=[pitch(None, candidates=candidates)]))[0]
    assert row.state == "unsure"
    assert "FIBER-500, TRAVEL-PASS" in row.reason


def test_a_mention_is_no_pitch() -> None:
    assert judged(changed(status="discontinued"), acts=[{**pitch(), "act": "mention"}]) == []


@pytest.mark.parametrize(
    ("booked", "expected"),
    [
        ({"offer": "FIBER-500", "sku": "FIBER-500"}, ["grounded"]),
        ({"offer": "FIBER-500", "sku": "FIBER-500", "price": "49.99"}, ["grounded", "grounded"]),
        ({"offer": "FIBER-500", "sku": "FIBER-500", "price": "19.99"}, ["grounded", "wrong_price"]),
        ({"offer": "TRAVEL-PASS", "sku": "TRAVEL-PASS"}, ["sku_mismatch"]),
        ({"sku": "FIBRE-500"}, ["code_typo"]),
        ({"sku": "BASIC-10"}, ["sku_mismatch"]),
        ({"offer": "TRAVEL-PASS", "succeeded": False}, []),
        ({}, []),
    ],
)
def test_a_booking_must_be_of_the_offer_agreed_on(booked: dict[str, Any], expected: list[str]) -> None:
    ledger = [entry("pitched", 1), entry("accepted", 2)]
    assert judged(ledger=ledger, bookings=[booking(**booked)]) == expected


def test_a_booking_at_last_months_price_is_stale() -> None:
    old = {**BASE[0], "price": {"amount": "39.99"}}
    policies = make_policy({"version": "1", "effective": {"from": "2026-10-01", "to": "2026-10-31"}, "offers": [old]})
    rows = judged(policies, bookings=[booking(offer="FIBER-500", price="39.99")])
    assert rows == ["grounded", "stale_price"]


def prohibiting(**fact: Any) -> EvalContext:
    rules = [{"id": "forever", "phrases": ["price for life"], "reason": "prices rise"}]
    prohibited = [{"turn": 1, "claim": "forever", **fact}]
    return context(SCRIPT, make_policy(claims_prohibited=rules), prohibited=prohibited)


def test_a_prohibited_claim_is_critical_and_says_why() -> None:
    row = evaluate_one(Groundedness(), prohibiting())[0]
    assert (row.label, row.severity, row.clause) == ("prohibited_claim", "critical", "claims_prohibited/forever")
    assert row.reason == "prices rise"


def test_a_doubtful_prohibited_claim_is_unsure() -> None:
    assert labels(Groundedness(), prohibiting(confidence=0.2)) == ["unsure"]


@pytest.mark.parametrize(
    ("region", "value", "expected"),
    [
        ("US-TX", "yes", ["grounded"]),
        ("US-AK", "yes", ["wrong_eligibility"]),
        ("US-AK", "no", ["grounded"]),
        ("US-AK", "you don't qualify", ["grounded"]),
        ("US-AK", "you qualify", ["wrong_eligibility"]),
        ("US-TX", "no", ["wrong_eligibility"]),
        (None, "yes", ["unsure"]),
    ],
)
def test_you_qualify_is_held_against_the_rules(region: str | None, value: str, expected: list[str]) -> None:
    policy = changed(eligibility={"regions": ["US"], "regions_blocked": ["US-AK"]})
    customer = {"region": region} if region else {}
    ctx = context(SCRIPT, policy, customer=customer, claims=[claim("eligibility", value)])
    assert labels(Groundedness(), ctx) == expected


def test_you_qualify_is_skipped_without_a_customer_record() -> None:
    assert judged(claims=[claim("eligibility", "yes")]) == ["skipped"]


def test_without_a_policy_it_is_skipped() -> None:
    ctx = context(SCRIPT, no_policy=True, acts=[pitch()])
    assert [row.state for row in evaluate_one(Groundedness(), ctx)] == ["skipped", "skipped"]


def test_an_unread_conversation_is_unsure() -> None:
    ctx = context(SCRIPT, read=False, why_unread="Tamil is not read")
    assert [row.state for row in evaluate_one(Groundedness(), ctx)] == ["unsure", "unsure"]


def test_an_unnamed_pitch_of_which_nothing_is_known_is_no_doubt() -> None:
    row = evaluate_one(Groundedness(), context(SCRIPT, acts=[pitch(None)]))[0]
    assert (row.state, row.turn) == ("not_applicable", 1)
    assert judged(acts=[pitch(None)], claims=[claim("price", "49.99")]) == ["not_applicable", "grounded"]


def test_an_offer_told_after_an_unnamed_pitch_must_be_one_that_can_be_had() -> None:
    gone = changed(status="discontinued", replaced_by="TRAVEL-PASS")
    told = {"turn": 3, "offer": "FIBER-500", "act": "answer"}
    assert judged(gone, acts=[pitch(None), told, told]) == ["not_applicable", "discontinued_offer"]
    assert judged(gone, acts=[told]) == [], "what nobody offered may be explained"
    assert judged(acts=[pitch(None), told]) == ["not_applicable"]
    owner = context(SCRIPT, gone, customer={"products": ["FIBER-500"]}, acts=[pitch(None), told])
    assert labels(Groundedness(), owner) == ["not_applicable"]


def test_an_unnamed_amount_that_is_true_of_an_offer_named_before_is_unsure() -> None:
    mentions = [{"turn": 1, "offer": "TRAVEL-PASS"}]
    wrong = claim("price", "10.00", turn=3)
    assert judged(claims=[wrong]) == ["wrong_price"]
    assert judged(claims=[wrong], mentions=mentions) == ["unsure"]
    named = [*mentions, {"turn": 3, "offer": "FIBER-500"}]
    assert judged(claims=[wrong], mentions=named) == ["wrong_price"]


def test_an_unnamed_amount_that_is_true_of_what_the_customer_asked_about_is_unsure() -> None:
    def verdict(asked: str) -> list[str | None]:
        script = f"C: hi\nA: Fiber 500?\nC: {asked}\nA: It's 10."
        return labels(Groundedness(), context(script, claims=[claim("price", "10.00", turn=3, quote="10")]))

    assert verdict("and the travel one?") == ["unsure"]
    assert verdict("how much is it?") == ["wrong_price"]


def test_free_is_of_the_offer_where_the_turn_begins_with_it() -> None:
    script = "C: hi\nA: I can set a stop at 5 GB. It's free.\nC: ok\nA: Good news! It's free. Shall I add it?\n"

    def state(turn: int) -> str | None:
        free = claim("price", "0", turn=turn, quote="It's free")
        return labels(Groundedness(), context(script, claims=[free]))[0]

    assert (state(1), state(3)) == ("unsure", "wrong_price")


def test_the_price_of_the_plan_that_a_credit_goes_with_is_no_claim_about_the_credit() -> None:
    credit = {
        "id": "CREDIT", "names": ["Loyalty Credit"], "kind": "retention",
        "discounts": [{"id": "loyal", "name": "loyalty credit", "amount": "10.00", "months": 4}],
    }  # fmt: skip
    policy = make_policy(offers=[*BASE, credit])
    said = [claim("price", "54.99", "CREDIT"), claim("then_price", "64.99", "CREDIT"), claim("price", "3", "CREDIT")]
    held = context(SCRIPT, policy, customer={"products": ["FIBER-500"]}, claims=said)
    assert labels(Groundedness(), held) == ["unsure"]
    assert judged(policy, claims=said) == ["unsure"] * 3, "nobody knows what the customer has"


def test_words_that_say_nothing_of_the_offer_are_not_judged() -> None:
    assert judged(claims=[claim("feature", "that too"), claim("feature", "our Fiber 500")]) == []
