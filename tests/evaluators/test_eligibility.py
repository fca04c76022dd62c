"""Eligibility: rules and blocks of the policy against the customer's record and what was said."""

from typing import Any

import pytest
from evaluators.eligibility import Eligibility
from tests.evaluators.conftest import context, labels

from evalh.evaluator.run import evaluate_one
from evalh.models import PolicySet
from evalh.testing import make_policy

SCRIPT = """
C: my bill is wrong
A: Fiber 500 may help
C: hm
A: or the Travel Pass, or Fiber 500
"""
BASE = make_policy().newest.model_dump(mode="json", by_alias=True)["offers"]
RULES = {
    "regions": ["US"],
    "regions_blocked": ["US-AK"],
    "segments": ["home"],
    "lifecycle": ["renewal"],
    "signals": ["heavy_data"],
    "condition": "customer.tenure_months >= 3",
}
GOOD = {
    "region": "US-TX", "segment": "home", "lifecycle": "renewal", "signals": ["heavy_data:9"], "tenure_months": 4,
    "open_cases": [],
}  # fmt: skip
BLOCK = {"id": "dispute", "when": "'billing_dispute' in customer.open_cases || 'billing_dispute' in intents"}


def policy(**changes: Any) -> PolicySet:
    fiber = {**BASE[0], "eligibility": RULES, **changes.pop("fiber", {})}
    return make_policy(offers=[fiber, BASE[1]], **changes)


def pitch(turn: int = 1, offer: str | None = "FIBER-500", **more: Any) -> dict[str, Any]:
    return {"turn": turn, "offer": offer, "act": "pitch", **more}


def judged(customer: dict[str, Any] | None, policies: PolicySet | None = None, **found: Any) -> list[str | None]:
    found.setdefault("acts", [pitch()])
    return labels(Eligibility(), context(SCRIPT, policies or policy(), customer=customer, **found))


def test_a_customer_whom_every_rule_fits_is_eligible() -> None:
    assert judged(GOOD) == ["eligible"]


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"region": "US-AK"}, "region_blocked"),
        ({"segment": "mobile"}, "segment_blocked"),
        ({"lifecycle": "new"}, "lifecycle_blocked"),
        ({"tenure_months": 1}, "condition_failed"),
        ({"signals": ["roaming"]}, "no_signal"),
        ({"signals": []}, "no_signal"),
    ],
)
def test_each_broken_rule_has_its_label(change: dict[str, Any], label: str) -> None:
    assert judged({**GOOD, **change}) == [label]


@pytest.mark.parametrize("field", ["region", "segment", "lifecycle", "tenure_months", "signals"])
def test_a_missing_field_is_unsure_and_named(field: str) -> None:
    customer = {key: value for key, value in GOOD.items() if key != field}
    rows = evaluate_one(Eligibility(), context(SCRIPT, policy(), customer=customer, acts=[pitch()]))
    assert {row.state for row in rows} == {"unsure"}
    assert field in rows[0].reason


def test_a_block_is_critical_when_the_rule_is_and_cites_its_clause() -> None:
    customer = {**GOOD, "open_cases": ["billing_dispute"]}
    ctx = context(
        SCRIPT, policy(suppression=[{**BLOCK, "reason": "nothing is sold"}]), customer=customer, acts=[pitch()]
    )
    row = evaluate_one(Eligibility(), ctx)[0]
    assert (row.label, row.severity, row.clause) == ("suppressed", "critical", "suppression/dispute")
    assert (row.reason, row.evidence[0].turn, row.source) == ("nothing is sold", 1, "rule")


def test_a_block_that_is_not_critical_is_major() -> None:
    rules = [{**BLOCK, "critical": False}]
    ctx = context(
        SCRIPT, policy(suppression=rules), customer={**GOOD, "open_cases": ["billing_dispute"]}, acts=[pitch()]
    )
    assert evaluate_one(Eligibility(), ctx)[0].severity == "major"


def test_what_was_said_blocks_too_but_not_what_is_said_later() -> None:
    said = policy(suppression=[BLOCK])
    assert judged(GOOD, said, intents=[{"turn": 0, "intent": "billing_dispute"}]) == ["suppressed"]
    assert judged(GOOD, said, intents=[{"turn": 2, "intent": "billing_dispute"}]) == ["eligible"]


def test_a_block_by_an_intent_read_with_little_confidence_is_unsure() -> None:
    doubtful = [{"turn": 0, "intent": "billing_dispute", "confidence": 0.3}]
    ctx = context(SCRIPT, policy(suppression=[BLOCK]), customer=GOOD, acts=[pitch()], intents=doubtful)
    rows = evaluate_one(Eligibility(), ctx)
    assert [row.state for row in rows] == ["unsure", "unsure"]
    assert "little confidence" in rows[0].reason


def test_a_later_pitch_is_judged_again_only_by_a_new_block() -> None:
    again = [pitch(1), pitch(3)]
    late = [{"turn": 2, "intent": "billing_dispute"}]
    early = [{"turn": 0, "intent": "billing_dispute"}]
    assert judged(GOOD, policy(suppression=[BLOCK]), acts=again, intents=late) == ["eligible", "suppressed"]
    assert judged(GOOD, policy(suppression=[BLOCK]), acts=again, intents=early) == ["suppressed"]


def test_intents_that_bar_offers_need_no_customer_record() -> None:
    mourning = [{"turn": 0, "intent": "bereavement"}]
    bars = policy(conduct={"no_offer_intents": ["bereavement"]})
    assert judged(None, bars, intents=mourning) == ["no_offer_intent", "skipped"]
    assert judged(GOOD, bars, intents=mourning) == ["no_offer_intent"]
    blocks = policy(conduct={"no_offer_intents": ["bereavement"]}, suppression=[BLOCK])
    assert judged(None, blocks, intents=mourning) == ["no_offer_intent", "skipped"]


def test_without_a_record_the_rest_is_skipped_and_never_a_pass() -> None:
    rows = evaluate_one(Eligibility(), context(SCRIPT, policy(), acts=[pitch()]))
    assert [row.state for row in rows] == ["skipped", "skipped"]


def test_a_mandatory_offer_needs_no_signal() -> None:
    assert judged({**GOOD, "signals": []}, policy(fiber={"mandatory": True})) == ["eligible"]


def test_asking_for_the_offer_is_a_signal_unless_the_setting_says_no() -> None:
    asked = {
        "turn": 0,
        "offer": "FIBER-500",
        "event": "asked",
        "status": "not_pitched",
        "topic_closed": False,
        "pitches": 0,
    }
    ctx = context(SCRIPT, policy(), customer={**GOOD, "signals": []}, acts=[pitch()], ledger=[asked])
    assert labels(Eligibility(), ctx) == ["eligible"]
    assert labels(Eligibility(asking_is_a_signal=False), ctx) == ["no_signal"]
    asked["confidence"] = 0.0
    ctx = context(SCRIPT, policy(), customer={**GOOD, "signals": []}, acts=[pitch()], ledger=[asked])
    (row, _) = evaluate_one(Eligibility(), ctx)
    assert (row.state, row.label) == ("unsure", "no_signal")


def test_more_different_offers_than_allowed_are_too_many() -> None:
    acts = [pitch(1), pitch(3, "TRAVEL-PASS"), pitch(3)]
    row = labels(Eligibility(), context(SCRIPT, policy(conduct={"max_offers": 1}), customer=GOOD, acts=acts))
    assert row == ["eligible", "eligible", "too_many_offers"]
    assert judged(GOOD, policy(conduct={"max_offers": 1}), acts=[pitch(1), pitch(3)]) == ["eligible"]


def test_a_pitch_read_with_little_confidence_is_unsure() -> None:
    assert judged({**GOOD, "region": "US-AK"}, acts=[pitch(confidence=0.2)]) == ["region_blocked"]
    ctx = context(SCRIPT, policy(), customer={**GOOD, "region": "US-AK"}, acts=[pitch(confidence=0.2)])
    assert {row.state for row in evaluate_one(Eligibility(), ctx)} == {"unsure"}


def test_a_mention_or_an_unknown_offer_is_not_judged_here() -> None:
    assert judged(GOOD, acts=[{**pitch(), "act": "mention"}, pitch(1, None, known=False)]) == []


def test_without_a_policy_it_is_skipped() -> None:
    ctx = context(SCRIPT, no_policy=True, customer=GOOD, acts=[pitch()])
    assert {row.state for row in evaluate_one(Eligibility(), ctx)} == {"skipped"}


def test_a_block_holds_also_for_an_offer_that_the_policy_does_not_have() -> None:
    nameless = pitch(offer=None, said="Gold Shield Plan", known=False)

    blocked = {**GOOD, "open_cases": ["billing_dispute"]}

    assert judged(blocked, policy(suppression=[BLOCK]), acts=[nameless]) == ["suppressed"]
    assert judged(GOOD, policy(suppression=[BLOCK]), acts=[nameless]) == []
