"""Facts of a customer: known first, made up else, and always the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.simulator.minding import case, persona

from evalh.simulator.facts import Facts
from evalh.simulator.heard import SLOTS, Slot


def fact(slot: Slot, seed: int = 3, question: str = "", who: dict[str, Any] | None = None, **about: Any) -> str | None:
    return Facts(persona(**(who or {})), case(**about), seed).of(slot, question)


@pytest.mark.parametrize(
    ("slot", "shape"),
    [
        ("last4", r"\d{4}"), ("name", r"[A-Z]\w+ [A-Z]\w+"), ("date_of_birth", r"[A-Z][a-z]+ \d{1,2}, 19\d\d"),
        ("email", r"[a-z]+\.[a-z]+\d\d@example\.com"), ("phone", r"555-01\d\d"), ("address", r"\d+ [A-Z][\w ]+"),
    ],
)  # fmt: skip
def test_what_is_made_up_is_plausible_and_nobody_s(slot: Slot, shape: str) -> None:
    made = [fact(slot, seed) for seed in range(30)]
    assert all(re.fullmatch(shape, str(one)) for one in made)
    assert len(set(made)) > 5
    assert made == [fact(slot, seed) for seed in range(30)]


@pytest.mark.parametrize("slot", ["device", "since", "order", "which", "amount", "postcode"])
def test_what_could_contradict_the_case_is_not_made_up(slot: Slot) -> None:
    assert fact(slot) is None


def test_a_zip_code_is_of_the_customer_s_state() -> None:
    assert str(fact("postcode", customer={"region": "US-TX"})).startswith("787")
    assert fact("postcode", customer={"region": "FR"}) is None


def test_an_email_address_is_of_the_name() -> None:
    assert str(fact("email")).startswith(str(fact("name")).lower().replace(" ", "."))


def test_a_name_is_of_the_first_language_and_a_birthday_of_the_age() -> None:
    spanish = {fact("name", seed, who={"facets": {"first_language": "es"}}) for seed in range(40)}
    assert any("Ibarra" in str(name) for name in spanish)
    assert spanish == {fact("name", seed, who={"speech": {"variety": "en-x-es"}}) for seed in range(40)}
    born = {str(fact("date_of_birth", seed, who={"facets": {"age_group": "senior"}}))[-4:] for seed in range(40)}
    assert all(1936 <= int(year) <= 1948 for year in born)


def test_the_case_knows_best_then_the_record() -> None:
    record = {"name": "Gary Vance", "account_number": 12344409, "account": {"zip": "78701"}, "email": True}
    assert fact("last4", customer=record, matter={"facts": {"last4": "1111"}}) == "1111"
    assert fact("last4", customer=record) == "4409"
    assert fact("name", customer=record) == "Gary Vance"
    assert fact("postcode", customer=record) == "78701"
    assert str(fact("email", customer=record)).endswith("@example.com")


def test_a_word_of_the_question_names_a_fact() -> None:
    matter = {"facts": {"gateway": "the white one"}}
    assert fact("device", question="which gateway is it?", matter=matter) == "the white one"
    assert fact("device", question="which phone is it?", matter=matter) is None


@pytest.mark.parametrize("customer", [None, {}, {"name": ""}, {"name": ["x"]}, {"account": "none"}, {"region": 5}])
def test_odd_records_are_borne(customer: Any) -> None:
    for slot in SLOTS:
        assert fact(slot, customer=customer) != ""
