from __future__ import annotations

from typing import Any

import pytest
from evaluators.missed_opportunity import MissedOpportunity
from tests.evaluators.conftest import context

from evalh.evaluator import EvalContext, evaluate_one
from evalh.models import PolicySet, Score
from evalh.testing import make_policy

TALK = "C: my calls freeze when I travel\nA: I have reset the line\nC: great, works\nA: have a good day"
SOLVED = {"turn": 0, "id": "i1", "intent": "service_fault", "status": "resolved", "resolved_turn": 2}
CUSTOMER: dict[str, Any] = {
    "region": "US-TX",
    "segment": "home_only",
    "products": ["FIBER-100"],
    "signals": ["works_from_home"],
    "open_cases": [],
}


def policy(change: dict[str, Any] | None = None, **fields: Any) -> PolicySet:
    """Fiber 500 for Texas home customers who work from home, and a Travel Pass for those who roam."""
    fiber, travel = (offer.model_dump(mode="json") for offer in make_policy().newest.offers)
    fiber["eligibility"] = {"signals": ["works_from_home", "heavy_data"], "regions": ["US"], "segments": ["home_only"]}
    travel["eligibility"] = {"signals": ["roaming"]}
    fiber |= change or {}
    return make_policy(**({"offers": [fiber, travel]} | fields))


def customer(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in (CUSTOMER | fields).items() if value is not ...}


def contact(rules: PolicySet | None = None, who: dict[str, Any] | None = None, **found: Any) -> EvalContext:
    return context(TALK, rules or policy(), customer=who or CUSTOMER, **({"issues": [SOLVED]} | found))


def verdict(ctx: EvalContext) -> Score:
    return evaluate_one(MissedOpportunity(), ctx)[0]


def test_an_eligible_calm_solved_customer_with_a_signal_was_missed() -> None:
    row = verdict(contact())

    assert (row.label, row.offer, row.severity, row.level) == ("missed", "FIBER-500", "minor", "conversation")
    assert (row.clause, row.expected) == ("offers/FIBER-500/eligibility", "an offer of Fiber 500")
    assert row.evidence[0].quote == "have a good day"


def test_the_offer_that_most_signals_speak_for_is_the_one_missed() -> None:
    both = {"eligibility": {"signals": ["works_from_home"]}}
    who = customer(signals=["works_from_home", "roaming:TR", "roaming:PT"])

    assert verdict(contact(policy(both), who)).offer == "TRAVEL-PASS"


def test_an_offer_made_is_no_missed_opportunity() -> None:
    row = verdict(contact(acts=[{"turn": 3, "offer": "TRAVEL-PASS", "act": "pitch"}]))

    assert (row.label, row.value) == ("offered", 1.0)


@pytest.mark.parametrize("signals", [[], ["gaming"]])
def test_without_a_signal_for_any_offer_there_is_nothing_to_judge(signals: list[str]) -> None:
    assert verdict(contact(who=customer(signals=signals))).state == "not_applicable"


DISPUTE = {"id": "dispute", "when": "size(customer.open_cases) > 0"}
FRAUD = {"turn": 0, "intent": "fraud"}


@pytest.mark.parametrize(
    ("rules", "who", "found", "clause"),
    [
        (policy(suppression=[DISPUTE]), customer(open_cases=["x"]), {}, "suppression/dispute"),
        (policy(conduct={"no_offer_intents": ["fraud"]}), CUSTOMER, {"intents": [FRAUD]}, "conduct/no_offer_intents"),
        (policy(), CUSTOMER, {"issues": [SOLVED | {"status": "unresolved"}]}, "conduct/resolution_first"),
        (policy(), CUSTOMER, {"issues": [SOLVED | {"status": "promised"}]}, "conduct/resolution_first"),
        (policy(), CUSTOMER, {"moods": [{"turn": 2, "mood": "frustrated"}]}, None),
        (policy(), customer(segment="business"), {}, "offers/FIBER-500/eligibility.segments"),
        (policy(), customer(region="CA-ON"), {}, "offers/FIBER-500/eligibility.regions"),
    ],
)  # fmt: skip
def test_holding_back_for_a_reason_is_right(
    rules: PolicySet, who: dict[str, Any], found: dict[str, Any], clause: str | None
) -> None:
    row = verdict(contact(rules, who, **found))

    assert (row.label, row.passed, row.clause) == ("rightly_held_back", True, clause)


def test_a_customer_who_closed_the_topic_unasked_is_rightly_left_alone() -> None:
    said = {"turn": 2, "event": "refused", "offer": None, "status": "refused", "topic_closed": True, "pitches": 0}

    assert verdict(contact(ledger=[said])).label == "rightly_held_back"


@pytest.mark.parametrize("has", [{"products": ["FIBER-500"]}, {"plan": "FIBER-500"}, {"products": ["Fiber 500"]}])
def test_what_the_customer_has_is_no_opportunity(has: dict[str, Any]) -> None:
    assert verdict(contact(who=customer(**has))).state == "not_applicable"


@pytest.mark.parametrize("change", [{"status": "discontinued"}, {"status": "upcoming"}, {"requires_signal": False}])
def test_an_offer_that_is_not_due_is_no_opportunity(change: dict[str, Any]) -> None:
    assert verdict(contact(policy(change))).state == "not_applicable"


def test_an_offer_the_customer_and_the_agent_talked_about_is_not_missed() -> None:
    entry = {"turn": 2, "offer": "FIBER-500", "status": "not_pitched", "topic_closed": False, "pitches": 0}

    assert verdict(contact(ledger=[entry | {"event": "asked"}])).state == "not_applicable"


@pytest.mark.parametrize(
    ("rules", "who", "found", "told"),
    [
        (policy(), customer(segment=...), {}, "'segment'"),
        (policy(), customer(signals=...), {}, "'signals'"),
        (policy(suppression=[{"id": "due", "when": "customer.past_due"}]), CUSTOMER, {}, "'past_due'"),
        (policy(), CUSTOMER, {"issues": [SOLVED | {"status": "unsure"}]}, "unsure"),
        (policy(), CUSTOMER, {"moods": [{"turn": 2, "mood": "frustrated", "confidence": 0.2}]}, "frustrated"),
        (policy(), CUSTOMER, {"acts": [{"turn": 3, "offer": None, "act": "pitch", "confidence": 0.2}]}, "may be"),
    ],
)
def test_what_cannot_be_told_is_unsure_and_says_why(
    rules: PolicySet, who: dict[str, Any], found: dict[str, Any], told: str
) -> None:
    row = verdict(contact(rules, who, **found))

    assert row.state == "unsure"
    assert told in row.reason


def test_a_certain_reason_to_hold_back_outweighs_what_cannot_be_told() -> None:
    moods = [{"turn": 2, "mood": "frustrated"}]

    assert verdict(contact(who=customer(segment=...), moods=moods)).label == "rightly_held_back"


@pytest.mark.parametrize("lacking", ["policy", "record"])
def test_without_a_policy_or_a_record_it_is_skipped(lacking: str) -> None:
    ctx = context(TALK, customer=CUSTOMER if lacking == "policy" else None, no_policy=lacking == "policy")

    assert verdict(ctx).state == "skipped"
