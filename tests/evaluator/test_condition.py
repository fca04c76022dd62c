from __future__ import annotations

from typing import Any

import pytest

from evalh.evaluator.condition import BadCondition, check, compile_condition

RECORD: dict[str, Any] = {
    "tenure_months": 6,
    "open_cases": ["billing_dispute"],
    "signals": [],
    "account": {"due": True},
}


def verdict(expression: str, customer: dict[str, Any] | None = None) -> Any:
    return check(
        expression,
        customer=RECORD if customer is None else customer,
        intents=["travel"],
        channel="chat",
        language="en",
    )


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("customer.tenure_months >= 3", True),
        ("customer.tenure_months >= 12", False),
        ("'billing_dispute' in customer.open_cases", True),
        ("'travel' in intents && channel == 'chat'", True),
        ("size(customer.signals) > 0", False),
        ("customer.account.due == true", True),
        ("customer.open_cases.exists(c, c in ['outage', 'billing_dispute'])", True),
    ],
)
def test_a_condition_is_true_or_false_of_the_record(expression: str, truth: bool) -> None:
    assert verdict(expression).truth is truth


def test_a_missing_field_is_named() -> None:
    found = verdict("customer.tenure_months >= 3", {})

    assert found.truth is None
    assert found.missing == "tenure_months"


def test_a_missing_field_does_not_matter_where_the_rest_decides() -> None:
    assert verdict("'a' in customer.open_cases || 'travel' in intents", {}).truth is True


def test_a_value_of_the_wrong_kind_is_a_problem_not_a_verdict() -> None:
    found = verdict("customer.tenure_months >= 3", {"tenure_months": "long"})

    assert found.truth is None
    assert found.problem


def test_a_condition_that_is_no_yes_or_no_is_a_problem() -> None:
    assert verdict("customer.tenure_months").problem == "'customer.tenure_months' gives int, not true or false"


def test_a_condition_that_does_not_parse_says_so() -> None:
    with pytest.raises(BadCondition, match="does not parse"):
        compile_condition("customer.tenure >=")


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(BadCondition, match="'client'"):
        compile_condition("client.tenure >= 3")


def test_a_variable_bound_by_a_macro_is_no_unknown_one() -> None:
    assert verdict("customer.open_cases.all(item, item.startsWith('billing'))").truth is True
