"""Figures that rules and judge read differently are unsure, and neither reading is silently taken."""

from __future__ import annotations

import pytest

from evalh.models import Claim, Conversation
from evalh.reader.disagree import Compared, compare
from evalh.testing import make_conversation

TEXT = "Fiber 500 is $49.99 a month, then $64.99, with a $25 activation fee. Your bill is $85."
TALK = make_conversation(f"C: hi\nA: {TEXT}")


def claim(value: str, kind: str = "price", offer: str | None = "FIBER-500", **more: object) -> Claim:
    given = {"turn": 1, "start": 0, "end": len(TEXT), "quote": TEXT, "confidence": 0.9}
    return Claim.model_validate({**given, "offer": offer, "kind": kind, "value": value, **more})


def judged(value: str, kind: str = "price", offer: str | None = "FIBER-500", **more: object) -> Claim:
    return claim(value, kind, offer, **{"source": "judge", **more})


def told(found: Compared) -> list[tuple[str, str | None, str | None]]:
    return [(item.kind, item.rule, item.judge) for item in found.disagreements]


def of(rules: list[Claim], said: list[Claim], talk: Conversation = TALK) -> Compared:
    return compare(talk, rules, said)


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        (claim("49.99"), judged("49.990")),
        (claim("49.99"), judged("$49.99", offer=None)),
        (claim("49.99", period="month"), judged("49.99", period=None)),
        (claim("49.99", period="trip"), judged("49.99", period="once")),
        (claim("1049.99"), judged("1,049.99")),
        (claim("49.99"), judged("forty nine ninety nine dollars")),
        (claim("24", "term", unit="month"), judged("2", "term", unit="years")),
        (claim("2026-11-30", "deadline"), judged("--11-30", "deadline")),
        (claim("FIBER-500", "code"), judged("fiber 500", "code")),
        (claim("15", "discount", unit="percent"), judged("15", "discount", unit=None)),
    ],
)
def test_the_same_value_told_otherwise_agrees(rule: Claim, other: Claim) -> None:
    found = of([rule], [other])

    assert found.claims == (rule,)
    assert told(found) == []


@pytest.mark.parametrize(
    ("rule", "other", "said"),
    [
        (claim("49.99"), judged("59.99"), "59.99 (FIBER-500)"),
        (claim("49.99"), judged("59.99", offer=None), "59.99"),
        (claim("49.99", period="month"), judged("49.99", period="year"), "49.99 per year (FIBER-500)"),
        (claim("49.99"), judged("49.99", offer="TRAVEL-PASS"), "49.99 (TRAVEL-PASS)"),
        (claim("15", "discount", unit="percent"), judged("15", "discount", unit="USD"), "15 (FIBER-500)"),
        (claim("24", "term"), judged("12", "term"), "12 (FIBER-500)"),
        (claim("2026-11-30", "deadline"), judged("2026-12-30", "deadline"), "2026-12-30 (FIBER-500)"),
        (claim("49.99"), judged("59.99", confidence=0.0), "59.99 (FIBER-500)"),
    ],
)
def test_another_value_leaves_the_rules_claim_without_confidence(rule: Claim, other: Claim, said: str) -> None:
    found = of([rule], [other])

    assert [item.confidence for item in found.claims] == [0.0]
    assert [item.source for item in found.claims] == ["rule"]
    assert told(found) == [(rule.kind, rule.value, said)]


def test_what_the_judge_leaves_out_is_no_disagreement() -> None:
    rules = [claim("49.99"), claim("64.99", "then_price")]

    assert of(rules, []).claims == tuple(rules)
    assert told(of(rules, [judged("49.99")])) == []


def test_of_several_values_only_those_without_a_match_disagree() -> None:
    rules = [claim("49.99"), claim("49.99"), claim("10.00", offer="TRAVEL-PASS")]
    found = of(rules, [judged("49.99"), judged("12", offer="TRAVEL-PASS"), judged("49.99")])

    assert [item.confidence for item in found.claims] == [0.9, 0.9, 0.0]
    assert told(found) == [("price", "10.00", "12 (TRAVEL-PASS)")]


def test_two_kinds_of_other_offers_do_not_meet() -> None:
    found = of([claim("49.99")], [judged("10", offer="TRAVEL-PASS", confidence=0.0), judged("59.99", "fee")])

    assert [item.confidence for item in found.claims] == [0.9]
    assert told(found) == []


def test_a_price_that_no_rule_saw_and_that_is_really_there_is_added_without_confidence() -> None:
    found = of([claim("49.99")], [judged("49.99"), judged("85")])

    assert [(item.value, item.confidence, item.source) for item in found.claims] == [
        ("49.99", 0.9, "rule"),
        ("85", 0.0, "judge"),
    ]
    assert told(found) == [("price", None, "85")]


@pytest.mark.parametrize(
    "other",
    [
        judged("12.34"),
        judged("85", offer=None),
        judged("85", confidence=0.0),
        judged("64.99"),
        judged("85", start=0, end=28),
        judged("500", "feature"),
    ],
    ids=["not in the text", "of no offer", "quote not found", "seen by a rule", "outside its quote", "no sum"],
)
def test_a_price_that_rests_on_nothing_is_not_added(other: Claim) -> None:
    rules = [claim("49.99"), claim("64.99", "then_price")]
    found = of(rules, [judged("49.99"), other])

    assert found.claims == tuple(rules)
    assert told(found) == []


def test_features_in_other_words_are_not_compared() -> None:
    rules = [claim("speeds up to 500 Mbps", "feature")]

    assert of(rules, [judged("500 megabits", "feature")]).claims == tuple(rules)
