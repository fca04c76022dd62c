"""What a policy says to a claim, without any evaluator around it."""

from datetime import date
from typing import Any

import pytest

from evalh.evaluator.grounds import (
    Ground,
    amount,
    around,
    beside_of,
    ground,
    is_of_the_plan,
    is_redacted,
    says_nothing,
    support,
)
from evalh.models import Claim, OfferPolicy, PolicySet
from evalh.testing import make_policy

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


def policy(**changes: Any) -> PolicySet:
    base = make_policy().newest.model_dump(mode="json", by_alias=True)
    fiber = {**base["offers"][0], "codes": ["FIB5"], **changes.pop("fiber", {})}
    pass_ = {**base["offers"][1], **changes.pop("travel", {})}
    sibling = {"id": "FIBER-900", "names": ["Fiber 900"], "category": "home_internet", "kind": "upsell",
               "price": {"amount": "79.99"}, "codes": ["FIB9"]}  # fmt: skip
    offers = [fiber, pass_, sibling]
    return PolicySet(versions=(OfferPolicy.model_validate({**base, "offers": offers, **changes}),))


def said(text: str, kind: str, value: str, offer: str | None = "FIBER-500", **more: Any) -> Ground:
    policies: PolicySet = more.pop("policies", None) or policy()
    day, beside = more.pop("day", None), more.pop("beside", None)
    claim = Claim(turn=0, end=len(text), quote=text, offer=offer, kind=kind, value=value, **more)
    return ground(claim, policies.newest, policies.before(policies.newest), text, day, beside=beside)


@pytest.mark.parametrize(
    ("text", "kind", "value", "more"),
    [
        ("it is 49.99 a month", "price", "49.99", {"period": "month"}),
        ("that is 49.99", "price", "49.99", {}),
        ("$1 less than fifty: 49.990", "price", "49.990", {}),
        ("that comes to 599.88 a year", "price", "599.88", {"period": "year"}),
        ("after that it is 64.99", "price", "64.99", {}),
        ("after that it is 64.99", "then_price", "64.99", {"period": "month"}),
        ("about fifty dollars a month", "price", "50", {"period": "month"}),
        ("10 a day", "price", "10", {"offer": "TRAVEL-PASS", "period": "day"}),
        ("for five days that is fifty", "price", "50", {"offer": "TRAVEL-PASS"}),
        ("70 a week", "price", "70", {"offer": "TRAVEL-PASS", "period": "week"}),
        ("a 25 dollar activation fee", "price", "25.00", {}),
        ("for the first 12 months", "promo_months", "12", {"unit": "month"}),
        ("for the first year", "promo_months", "1", {"unit": "year"}),
        ("a 24 month contract", "term", "24", {}),
        ("a two year contract", "term", "2", {"unit": "year"}),
        ("no contract", "term", "0", {"offer": "TRAVEL-PASS"}),
        ("120 if you leave early", "early_termination_fee", "120", {}),
        ("a fee of 120 if you leave early", "fee", "120.00", {}),
        ("the activation fee is 25", "fee", "25", {}),
        ("a charge of 10 a day", "fee", "10", {"offer": "TRAVEL-PASS", "period": "day"}),
        ("a 25 activation fee and 120 if you leave early", "early_termination_fee", "25", {}),
        ("no fees at all", "fee", "0", {"offer": "TRAVEL-PASS"}),
        ("you save fifteen dollars a month", "discount", "15.00", {"unit": "USD"}),
        ("23 percent off", "discount", "23", {"unit": "percent"}),
        ("up to 500 Mbps", "feature", "500", {"unit": "mbps"}),
        ("half a gig: 0.5 Gbps", "feature", "0.5", {"unit": "gbps"}),
        ("2 gigs of data a day", "feature", "2", {"unit": "gigs", "offer": "TRAVEL-PASS", "period": "day"}),
        ("smoother video calls", "feature", "smoother video calls", {}),
        ("code FIB5", "code", "fib5", {}),
        ("code fib-5", "code", "FIB-5", {"offer": None}),
    ],
)  # fmt: skip
def test_what_the_policy_says_is_grounded(text: str, kind: str, value: str, more: dict[str, Any]) -> None:
    found = said(text, kind, value, **more)
    assert found.truth is True, found


@pytest.mark.parametrize(
    ("text", "kind", "value", "label", "more"),
    [
        ("it is 39.99 a month", "price", "39.99", "wrong_price", {}),
        ("it is fifty a month", "price", "50", "wrong_price", {}),
        ("10 a month", "price", "10", "wrong_price", {"offer": "TRAVEL-PASS", "period": "month"}),
        ("49.99 for 6 months", "price", "49.99", "wrong_price", {"months": "6"}),
        ("it stays 49.99 after that", "then_price", "49.99", "wrong_price", {}),
        ("for the first 6 months", "promo_months", "6", "wrong_price", {}),
        ("a 12 month contract", "term", "12", "wrong_term", {}),
        ("no contract", "term", "0", "wrong_term", {}),
        ("99 if you leave early", "early_termination_fee", "99", "wrong_fee", {}),
        ("50 if you leave early", "early_termination_fee", "50", "invented_fee", {"offer": "TRAVEL-PASS"}),
        ("the activation fee is 35", "fee", "35", "wrong_fee", {}),
        ("we waive the activation fee", "fee", "0", "wrong_fee", {}),
        ("a shipping fee of 9", "fee", "9", "invented_fee", {}),
        ("a setup fee of 9", "fee", "9", "invented_fee", {"offer": "TRAVEL-PASS"}),
        ("10 percent off", "discount", "10", "invented_discount", {"unit": "percent"}),
        ("until the 3rd", "deadline", "november 3", "invented_deadline", {}),
        ("until friday", "deadline", "2026-11-13", "invented_deadline", {}),
        ("up to 900 Mbps", "feature", "900", "wrong_feature", {"unit": "mbps"}),
        ("40 channels", "feature", "40", "invented_feature", {"unit": "channels"}),
        ("2 GB a month", "feature", "2", "wrong_feature", {"unit": "gb", "offer": "TRAVEL-PASS", "period": "month"}),
        ("code FIB9", "code", "FIB9", "sku_mismatch", {}),
        ("code FIB7", "code", "FIB7", "code_typo", {}),
        ("code FIBRE-500", "code", "FIBRE-500", "code_typo", {"offer": None}),
        ("code XMAS2026", "code", "XMAS2026", "not_in_policy", {}),
    ],
)  # fmt: skip
def test_what_the_policy_contradicts_has_its_label(
    text: str, kind: str, value: str, label: str, more: dict[str, Any]
) -> None:
    found = said(text, kind, value, **more)
    assert (found.truth, found.label) == (False, label), found
    assert found.clause


@pytest.mark.parametrize(
    ("text", "kind", "value", "more"),
    [
        ("it is [AMOUNT] a month", "price", "[AMOUNT]", {}),
        ("it is cheap", "price", "cheap", {}),
        ("49.99", "price", "49.99", {"offer": None}),
        ("a 14 day contract", "term", "14", {"unit": "day"}),
        ("works underwater", "feature", "works underwater", {}),
        ("no smoother video calls", "feature", "no smoother video calls", {}),
        ("it is a 500", "feature", "500", {"unit": None}),
        ("it is in stock", "availability", "1", {}),
    ],
)
def test_what_cannot_be_told_is_neither(text: str, kind: str, value: str, more: dict[str, Any]) -> None:
    found = said(text, kind, value, **more)
    assert found.truth is None
    assert found.reason


def test_a_value_of_the_version_before_is_stale_and_names_both_versions() -> None:
    offers = make_policy().newest.model_dump(mode="json", by_alias=True)["offers"]
    old = {**offers[0], "price": {"amount": "39.99"}, "term": {"months": 6}, "fees": []}
    policies = make_policy({"version": "1", "effective": {"from": "2026-10-01", "to": "2026-10-31"}, "offers": [old]})
    found = said("it is 39.99 a month", "price", "39.99", policies=policies)
    assert (found.label, found.expected) == ("stale_price", "49.99 a month for 12 months, then 64.99")
    assert "version 1" in found.reason
    assert "not in 2" in found.reason
    assert said("6 months", "term", "6", policies=policies).label == "stale_term"
    assert said("no fees", "fee", "0", policies=policies).label == "stale_fee"


def test_a_value_in_neither_version_is_not_stale() -> None:
    policies = make_policy({"version": "1", "effective": {"from": "2026-10-01", "to": "2026-10-31"}})
    assert said("it is 19.99", "price", "19.99", policies=policies).label == "wrong_price"


def test_the_price_of_a_sibling_is_wrong_and_the_reason_says_whose_it_is() -> None:
    found = said("it is 79.99 a month", "price", "79.99")
    assert found.label == "wrong_price"
    assert "FIBER-900" in found.reason


def test_a_discount_of_the_policy_is_grounded_by_itself_and_in_the_price() -> None:
    discount = {"id": "autopay", "name": "autopay discount", "amount": "5.00", "months": 6}
    policies = policy(fiber={"discounts": [discount]})
    assert said("5 off with autopay", "discount", "5", unit="USD", policies=policies).truth
    assert said("44.99 with autopay", "price", "44.99", policies=policies).truth
    assert said("it is 44.99 a month", "price", "44.99", policies=policies).truth is False
    assert said("5 off for 12 months", "discount", "5", unit="USD", months="12", policies=policies).truth is False


@pytest.mark.parametrize(
    ("value", "day"),
    [("2026-11-30", None), ("today", date(2026, 11, 30)), ("november 30th", None), ("month", date(2026, 11, 3))],
)
def test_the_last_day_of_the_policy_is_a_grounded_deadline(value: str, day: date | None) -> None:
    assert said("until then", "deadline", value, day=day, policies=policy(effective=NOVEMBER)).truth is True


def test_a_price_per_line_is_not_a_price_per_household_but_a_price_per_phone() -> None:
    policies = policy(travel={"price": {"amount": "10", "period": "day", "per": "line"}})
    assert said("10", "price", "10", "TRAVEL-PASS", per="phones", policies=policies).truth is True
    assert said("10", "price", "10", "TRAVEL-PASS", per="household", policies=policies).truth is False


def test_several_numbers_of_one_unit_are_told_apart_by_their_words() -> None:
    features = [{"id": "d", "text": "100 GB of data a month"}, {"id": "h", "text": "30 GB of hotspot data a month"}]
    policies = policy(fiber={"features": features})
    assert said("30 gb of hotspot", "feature", "30", unit="gb", policies=policies).truth is True
    assert said("100 gb of hotspot", "feature", "100", unit="gb", policies=policies).truth is None
    assert said("60 gb of hotspot", "feature", "60", unit="gb", policies=policies).truth is False


def test_amounts_are_decimals_without_their_signs() -> None:
    assert str(amount("$1,049.99")) == "1049.99"
    assert amount("forty") is None
    assert amount("NaN") is None


def test_placeholders_are_redacted_values() -> None:
    assert is_redacted("[MONEY_1]")
    assert is_redacted("<amount>")
    assert not is_redacted("49.99")


def test_the_sentence_around_a_claim_is_what_counts() -> None:
    text = "Fiber is fast. It costs 49.99 a month. The fee is 25."
    at = text.index("49.99")
    assert around(text, at, at + 5) == "it costs 49.99 a month."


def test_support_is_the_share_of_content_words() -> None:
    assert support("smoother video calls", "smoother video calls for you") == 1.0
    assert support("free pizza", "smoother video calls") == 0.0


CREDIT = {
    "id": "CREDIT", "names": ["Loyalty Credit"], "kind": "retention", "category": "retention",
    "discounts": [{"id": "loyal", "name": "loyalty credit", "amount": "10.00", "months": 4}],
    "term": {"months": 12, "early_termination_fee": "60.00"},
}  # fmt: skip


def of_credit(text: str, kind: str, value: str, **more: Any) -> Ground:
    base = make_policy().newest.model_dump(mode="json", by_alias=True)
    policies = PolicySet(versions=(OfferPolicy.model_validate({**base, "offers": [*base["offers"], CREDIT]}),))
    return said(text, kind, value, "CREDIT", policies=policies, **more)


@pytest.mark.parametrize(
    ("text", "kind", "value", "truth"),
    [
        ("a credit of 10 a month", "price", "10", True),
        ("the 60 early fee", "price", "60", True),
        ("it is 33", "price", "33", None),
        ("for 4 months", "promo_months", "4", True),
        ("10 off for 6 months", "promo_months", "6", False),
        ("your first 12 months are over", "promo_months", "12", None),
    ],
)
def test_an_offer_without_a_price_is_held_against_what_it_takes_off(
    text: str, kind: str, value: str, truth: bool | None
) -> None:
    found = of_credit(text, kind, value)
    assert found.truth is truth, found


def test_an_amount_said_of_a_credit_may_be_the_price_of_the_plan_that_the_customer_has() -> None:
    base = make_policy().newest.model_dump(mode="json", by_alias=True)
    policies = OfferPolicy.model_validate({**base, "offers": [*base["offers"], CREDIT]})

    def plan(value: str, offer: str = "CREDIT", plans: tuple[str, ...] = ("FIBER-500",)) -> bool:
        return is_of_the_plan(Claim(turn=0, quote=value, offer=offer, kind="price", value=value), policies, plans)

    assert [plan("64.99"), plan("49.99"), plan("54.99"), plan("39.99"), plan("61.00")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert not plan("64.99", "FIBER-500"), "an offer with a price is held against it"
    assert not plan("64.99", plans=("TRAVEL-PASS",))


def test_what_is_true_of_another_offer_that_may_be_meant_cannot_be_told() -> None:
    assert said("it is 79.99 a month", "price", "79.99").truth is False
    found = said("it is 79.99 a month", "price", "79.99", beside=frozenset({"FIBER-900"}))
    assert (found.truth, "FIBER-500, or FIBER-900" in found.reason) == (None, True)
    assert said("it is 79.99 a month", "price", "79.99", beside=frozenset()).truth is False
    worked_out = said("it is 159.98 for two", "price", "159.98", beside=frozenset({"FIBER-900"}))
    assert worked_out.truth is False, "twice the price of the other one is not its price"


def beside(asked: str, *, kind: str = "price", **known: list[str]) -> frozenset[str]:
    claim = Claim(turn=1, quote="it is 79.99", offer="FIBER-500", kind=kind, value="79.99")
    named, owned = known.get("named", []), known.get("owned", [])
    return beside_of(claim, policy().newest, "it is 79.99", asked, named=named, owned=owned)


def test_which_other_offers_an_unnamed_claim_may_mean() -> None:
    assert beside("how much") == frozenset()
    assert beside("is the 900 dearer") == {"FIBER-900"}, "by a word of its name"
    assert beside("is there a bigger one") == {"FIBER-900"}, "by a word that points to another of the kind"
    assert beside("how much", named=["FIBER-900", "TRAVEL-PASS"]) == {"FIBER-900", "TRAVEL-PASS"}
    assert beside("no, the 500", named=["FIBER-900"]) == frozenset(), "the customer points at its own"
    assert beside("how much", owned=["FIBER-900", "TRAVEL-PASS"]) == {"FIBER-900"}, "what they have of the kind"
    assert beside("how long", kind="term", owned=["FIBER-900"]) == frozenset(), "as what they pay, no more"


def test_the_price_after_the_first_months_is_not_that_of_the_first_months() -> None:
    assert said("64.99 for the first 12 months", "price", "64.99", months="12").label == "wrong_price"
    assert said("64.99 after that", "price", "64.99").truth is True


def test_a_discount_may_be_told_by_its_name_alone() -> None:
    policies = policy(fiber={"discounts": [{"id": "autopay", "name": "autopay discount", "amount": "5.00"}]})
    assert said("49.99 a month and five dollars autopay", "price", "5.00", policies=policies).truth is True
    assert said("49.99 a month and five dollars", "price", "5.00", policies=policies).truth is False
    assert said("5 a month with autopay", "price", "5.00", period="month", policies=policies).truth is False
    assert said("it is 5 with the autopay discount", "price", "5.00", policies=policies).truth is False


def test_a_number_is_told_apart_by_the_words_right_after_it() -> None:
    features = [{"id": "d", "text": "20 GB of 5G data a month"}, {"id": "h", "text": "5 GB of hotspot data a month"}]
    policies = policy(fiber={"features": features})
    assert (
        said("twenty gigs, and five of those for hotspot", "feature", "20", unit="gb", policies=policies).truth is True
    )
    assert (
        said("five gigs of data and twenty gigs of hotspot", "feature", "20", unit="gb", policies=policies).truth
        is None
    )


def test_features_joined_by_and_may_stand_in_several_texts() -> None:
    features = [
        {"id": "a", "text": "loss and theft covered"},
        {"id": "b", "text": "cracked screens and accidental damage"},
    ]
    policies = policy(fiber={"features": features})
    assert said("x", "feature", "loss and theft and damage too", policies=policies).truth is True
    assert said("x", "feature", "loss and water damage", policies=policies).truth is None


def test_words_that_point_or_name_the_offer_say_nothing_of_it() -> None:
    def empty(value: str) -> bool:
        claim = Claim(turn=0, quote=value, offer="FIBER-500", kind="feature", value=value)
        return says_nothing(claim, policy().newest)

    assert [empty(value) for value in ("that too", "our Fiber 500", "them there")] == [True, True, True]
    assert [empty(value) for value in ("smoother video calls", "500")] == [False, False]


def test_charges_are_not_exchanged() -> None:
    fees = [
        {"id": "r", "name": "repair charge", "amount": "29"},
        {"id": "n", "name": "replacement charge", "amount": "99"},
    ]
    policies = policy(fiber={"fees": fees})
    text = "29 for a repair and 99 for a replacement"
    assert said(text, "fee", "29", policies=policies).truth is True
    assert said(text, "fee", "99", policies=policies).truth is True
    assert said("99 for a repair and 29 for a replacement", "fee", "99", policies=policies).truth is False


def test_what_is_paid_once_may_be_said_later_in_the_sentence() -> None:
    assert said("it is 25 once it is set up", "price", "25").truth is True
    assert said("it is 25 a month", "price", "25", period="month").truth is False
