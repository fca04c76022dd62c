from __future__ import annotations

from typing import Any

import pytest
from tests.evaluators.conftest import context

from evalh.evaluator import EvalContext, Finding, Withheld, matches, signals_for, suppressed
from evalh.evaluator.eligible import covers, speaks_for
from evalh.testing import make_policy


def customer_of(rules: dict[str, Any], record: dict[str, Any] | None, **offer: Any) -> EvalContext:
    fiber = make_policy().newest.offers[0].model_dump(mode="json") | {"eligibility": rules} | offer
    return context("C: hello\nA: hi", make_policy(offers=[fiber]), customer=record)


def only(rules: dict[str, Any], record: dict[str, Any], **offer: Any) -> Finding:
    ctx = customer_of(rules, record, **offer)
    (finding,) = matches(ctx.policy.offers[0], ctx)
    return finding


@pytest.mark.parametrize(
    ("rules", "record", "truth", "label"),
    [
        ({"regions": ["US"]}, {"region": "US-TX"}, True, "region_blocked"),
        ({"regions": ["US-CA"]}, {"region": "US-TX"}, False, "region_blocked"),
        ({"regions_blocked": ["US-TX"]}, {"region": "US-TX"}, False, "region_blocked"),
        ({"regions_blocked": ["US-AK"]}, {"region": "US-TX"}, True, "region_blocked"),
        ({"segments": ["home"]}, {"segment": "mobile"}, False, "segment_blocked"),
        ({"lifecycle": ["renewal"]}, {"lifecycle": "renewal"}, True, "lifecycle_blocked"),
        ({"lifecycle": ["renewal"]}, {"lifecycle": "new"}, False, "lifecycle_blocked"),
        ({"signals": ["roaming"]}, {"signals": ["roaming:TR"]}, True, "no_signal"),
        ({"signals": ["roaming"]}, {"signals": []}, False, "no_signal"),
        ({"condition": "customer.tenure >= 3"}, {"tenure": 2}, False, "condition_failed"),
        ({"condition": "customer.tenure >= 3"}, {"tenure": 3}, True, "condition_failed"),
    ],
)
def test_each_line_of_eligibility_holds_or_not(
    rules: dict[str, Any], record: dict[str, Any], truth: bool, label: str
) -> None:
    finding = only(rules, record)

    assert (finding.truth, finding.label) == (truth, label)
    assert finding.clause == f"offers/FIBER-500/eligibility.{next(iter(rules))}"


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ({"regions": ["US"]}, "customer.region"),
        ({"regions_blocked": ["US"]}, "customer.region"),
        ({"segments": ["home"]}, "customer.segment"),
        ({"signals": ["roaming"]}, "customer.signals"),
        ({"condition": "customer.tenure >= 3"}, "tenure"),
    ],
)
def test_a_missing_field_is_neither_and_is_named(rules: dict[str, Any], missing: str) -> None:
    finding = only(rules, {"other": 1})

    assert (finding.truth, finding.missing) == (None, missing)


def test_any_signal_does_where_the_policy_wants_one_but_lists_none() -> None:
    assert only({}, {"signals": ["gaming"]}, requires_signal=True).truth is True


def test_an_offer_without_eligibility_suits_everybody() -> None:
    ctx = customer_of({}, {})

    assert matches(ctx.policy.offers[0], ctx) == []


def test_the_signals_that_speak_for_an_offer_are_told() -> None:
    ctx = customer_of({"signals": ["roaming"]}, {"signals": ["gaming", "roaming:TR", "roamingX"]})

    assert signals_for(ctx.policy.offers[0], ctx) == ("roaming:TR",)


def test_without_a_customer_record_nothing_can_be_matched() -> None:
    ctx = customer_of({"regions": ["US"]}, None)

    with pytest.raises(Withheld):
        matches(ctx.policy.offers[0], ctx)


@pytest.mark.parametrize(
    ("rule", "region", "covered"),
    [("US", "us-tx", True), ("US", "US", True), ("US-TX", "US", False), ("U", "US", False)],
)
def test_a_country_covers_its_states_only(rule: str, region: str, covered: bool) -> None:
    assert covers(rule, region) is covered


def test_a_narrow_signal_is_not_met_by_a_wide_one() -> None:
    assert not speaks_for("roaming:TR", "roaming")


def block(record: dict[str, Any], **found: Any) -> EvalContext:
    policy = make_policy(
        suppression=[
            {"id": "dispute", "when": "'dispute' in customer.open_cases || 'billing_dispute' in intents"},
            {"id": "due", "when": "customer.due == true", "critical": False, "reason": "A balance is due."},
        ],
        conduct={"no_offer_intents": ["bereavement"]},
    )
    return context("C: hello\nA: hi\nC: my mother died", policy, customer=record, **found)


def test_only_blocks_that_hold_or_cannot_be_told_are_given() -> None:
    held = suppressed(block({"open_cases": ["dispute"], "due": False}))
    unknown = suppressed(block({"open_cases": []}))

    assert [(finding.clause, finding.truth) for finding in held] == [("suppression/dispute", True)]
    assert [(finding.clause, finding.missing) for finding in unknown] == [("suppression/due", "due")]


def test_a_block_says_why_and_how_bad_it_is() -> None:
    (finding,) = suppressed(block({"open_cases": [], "due": True}))

    assert (finding.label, finding.found, finding.critical) == ("suppressed", "A balance is due.", False)


def test_an_intent_in_which_nothing_is_offered_blocks_from_the_turn_that_says_it() -> None:
    ctx = block({"open_cases": [], "due": False}, intents=[{"turn": 2, "intent": "bereavement"}])

    assert suppressed(ctx, 1) == []
    assert [finding.label for finding in suppressed(ctx, 2)] == ["no_offer_intent"]


def test_an_intent_that_the_reader_doubts_cannot_be_told() -> None:
    intents = [{"turn": 2, "intent": "bereavement", "confidence": 0.2}]

    assert suppressed(block({"open_cases": [], "due": False}, intents=intents))[0].truth is None
