"""A persona's conditions: what is missing is a no, and a mistake is one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from evalh.simulator.conditions import BadCondition, check_condition, holds

KNOWN: dict[str, Any] = {
    "solved": True, "pressed": False, "told_price": True, "told_term": False, "asked": True, "mood": 1, "pitches": 2,
    "questions": 1, "offer": {"id": "A", "kind": "upsell", "price": 9.0}, "customer": {"tenure_months": 30},
    "intents": ["travel"],
}  # fmt: skip


@pytest.mark.parametrize(
    "when",
    [
        "true", "solved && !pressed", "told_price && !told_term", "mood >= 0 && pitches == 2 && questions > 0",
        "offer.id in ['A', 'B']", "offer.price <= 10", "offer.price < 9.5", "'travel' in intents",
        "customer.tenure_months > 24 && asked",
    ],
)  # fmt: skip
def test_what_is_true_holds(when: str) -> None:
    check_condition(when)
    assert holds(when, **KNOWN)


@pytest.mark.parametrize("when", ["false", "mood > 1", "offer.kind == 'retention'", "customer.tenure_months < 24"])
def test_what_is_false_does_not(when: str) -> None:
    assert not holds(when, **KNOWN)


@pytest.mark.parametrize(
    "when", ["customer.age > 3", "offer.price < 5", "customer.tenure_months == 'x'", "mood", "1 / 0 == 1"]
)
def test_what_cannot_be_told_is_no_yes(when: str) -> None:
    assert not holds(when, **{**KNOWN, "offer": {"id": "A", "kind": "upsell"}, "customer": {}})


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ("mood >", "does not parse"),
        ("happy && solved", "names 'happy', which is none of solved, pressed"),
        ("offer.cost < 5", "names 'offer.cost', and an offer has id, kind, price"),
    ],
)
def test_mistakes_are_named(when: str, sentence: str) -> None:
    with pytest.raises(BadCondition, match=sentence):
        check_condition(when)
