from __future__ import annotations

import time

import pytest

from evalh.models import Claim, Turn
from evalh.models.vocabulary import MentionForm
from evalh.reader.claims import read_claims
from evalh.reader.view import Named, TurnView
from evalh.testing import make_policy

LEXICON = make_policy().lexicon


def claims(text: str, *names: str, current: str | None = None, form: MentionForm = "name") -> list[Claim]:
    """The claims of an agent turn in which each of `names` stands for the offer of that name."""
    named = [
        Named(at, at + len(name), name.upper(), form=form) for name in names if (at := text.lower().find(name)) >= 0
    ]
    turn = TurnView(Turn(role="agent", text=text))
    return read_claims(turn, sorted(named, key=lambda name: name.start), LEXICON, current)


def said(found: list[Claim]) -> list[str]:
    return [" ".join([item.kind, item.value, *([item.unit] if item.unit else [])]) for item in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X1 is $49.99 a month.", ["price 49.99 USD"]),
        ("so x1 would be forty nine ninety nine a month", ["price 49.99"]),
        ("Would you like X1 for **$30 per passenger**?", ["price 30 USD"]),
        ("For just $10 a day you could add X1.", ["price 10 USD"]),
        ("X1 is $12 per user per month, billed annually.", ["price 12 USD"]),
        (
            "X1 is $49.99 a month for the first 12 months, then $64.99.",
            ["price 49.99 USD", "promo_months 12 month", "then_price 64.99 USD"],
        ),
        (
            "x1 is fifty a month and after twelve months it goes up to sixty four ninety nine",
            ["price 50", "promo_months 12 month", "then_price 64.99"],
        ),
        ("I can give you 15% off X1 for 6 months", ["discount 15 percent"]),
        ("you save ten dollars a month with x1", ["discount 10 USD"]),
        ("X1 is half price right now", ["discount 50 percent"]),
        ("x1 comes on a two year agreement", ["term 24 month"]),
        ("X1 has no annual contract", ["term 0 month"]),
        ("x1 is month to month", ["term 0 month"]),
        ("With X1 the early termination fee is $120", ["early_termination_fee 120 USD"]),
        ("X1 has a $25 activation fee", ["fee 25 USD"]),
        ("X1 comes with no joining fee", ["fee 0"]),
        ("we'll waive the activation fee on X1", ["fee 0"]),
        ("X1 has a $95 annual fee and 19.9% APR", ["fee 95 USD", "feature 19.9 percent"]),
        ("X1 has speeds up to 500 Mbps", ["feature 500 mbps"]),
        ("x1 works in 180 countries", ["feature 180 country"]),
        ("X1 covers up to $100,000 in medical expenses", ["feature 100000 USD"]),
        ("X1 enables a full refund for health reasons", ["feature a full refund for health reasons"]),
        ("X1 includes unlimited projects, SSO, and support", ["feature unlimited projects", "feature sso",
                                                              "feature support"]),
        ("X1 is yours, but the offer ends Friday", ["deadline offer ends friday"]),
        ("get X1 if you sign up by November 30", ["deadline --11-30"]),
        ("you qualify for X1", ["eligibility you qualify"]),
        ("we no longer sell X1", ["availability no longer sell"]),
        ("Your X1 trial: no cancellation fee", ["early_termination_fee 0"]),
    ],
)  # fmt: skip
def test_a_statement_about_a_named_offer_is_a_claim(text: str, expected: list[str]) -> None:
    assert said(claims(text, "x1")) == expected


@pytest.mark.parametrize(
    "text",
    [
        "You currently pay $45 for X1.",
        "X1 isn't $50.",
        "your current plan is X1 at $39.99",
        "Your new total with X1 comes to $315.",
        "With X1, you'll get a text when you land.",
        "Let me check if you qualify for X1.",
        "I see X1 on your bill was charged at $49.99.",
        "Feel free to try X1.",
    ],
)
def test_reported_negated_and_account_amounts_are_no_claims(text: str) -> None:
    assert claims(text, "x1") == []


@pytest.mark.parametrize(
    "text",
    [
        "I've issued a refund of $45.",
        "Your balance is $83.20 and the late fee is $10.",
        "is it $50?",
        "The total cost for the flight is $255.",
        "you have used 1.8 GB of data",
        "your refund of $49.99 takes 5-7 business days",
        "I've credited your account twenty dollars",
        "your appointment is at five thirty",
    ],
)
def test_account_talk_while_an_offer_is_open_is_no_claim(text: str) -> None:
    assert claims(text, current="X1") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's $49.99 a month", ["price 49.99 USD"]),
        ("forty nine ninety nine a month", ["price 49.99"]),
        ("uh it's um month to month so no commitment", ["term 0 month"]),
        ("$30 per passenger.", ["price 30 USD"]),
    ],
)
def test_an_answer_belongs_to_the_offer_being_talked_about(text: str, expected: list[str]) -> None:
    found = claims(text, current="X1")
    assert said(found) == expected
    assert {(item.offer, item.confidence) for item in found} == {("X1", 0.6)}


def test_without_any_offer_there_is_no_claim() -> None:
    assert claims("It's $49.99 a month") == []


def test_each_price_goes_to_its_own_offer() -> None:
    found = claims("X1 is $10 a day and Y2 is $49.99 a month.", "x1", "y2")
    assert [(item.offer, item.value, item.period) for item in found] == [("X1", "10", "day"), ("Y2", "49.99", "month")]


def test_a_discount_off_the_next_name_belongs_to_that_name() -> None:
    found = claims("Unlike X1, I can offer $10 off the Y2", "x1", "y2")
    assert [item.offer for item in found] == ["Y2"]


def test_a_later_sentence_is_about_the_last_offer_named_and_less_sure() -> None:
    (found,) = claims("I'd suggest X1. It is $49.99 a month.", "x1")
    assert (found.offer, found.confidence) == ("X1", 0.7)


def test_a_credit_beside_an_offer_is_not_its_price() -> None:
    assert said(claims("I've credited $20 to your account, and X1 is $5 a month", "x1")) == ["price 5 USD"]


def test_a_code_said_with_an_offer_is_a_claim() -> None:
    (found,) = claims("Use code fib5 today", "fib5", form="code")
    assert (found.kind, found.value, found.offer) == ("code", "FIB5", "FIB5")


def test_a_quote_is_the_original_text() -> None:
    text = "It’s X1 — only $30 per bag"
    (found,) = claims(text, "x1")
    assert found.quote == text[found.start : found.end] == "$30 per bag"
    assert (found.per, found.unit) == ("bag", "USD")


def test_a_discount_holds_for_the_months_said() -> None:
    (found,) = claims("15% off X1 for 6 months", "x1")
    assert found.months == "6"


def test_an_amount_in_a_list_line_of_its_own_belongs_to_no_offer_of_another_line() -> None:
    lines = ["Here is your booking:", "- **Price:** $159", "- **X1:** Yes", "- **Total:** $348 ($174 per passenger)"]
    text = "\n".join(lines)
    assert claims(text, "x1") == []


def test_a_price_and_what_follows_it_after_the_promotion() -> None:
    text = "X1 puts three services on one bill, $14.99 a month for 6 months and $22.99 after."
    assert said(claims(text, "x1")) == ["price 14.99 USD", "promo_months 6 month", "then_price 22.99 USD"]


def test_a_bare_number_paid_once_beside_a_price_is_money() -> None:
    found = claims("X1 is nine dollars a month and nineteen once.", "x1")
    assert [(item.kind, item.value, item.period) for item in found] == [
        ("price", "9", "month"),
        ("price", "19", "once"),
    ]


def test_a_turn_of_thousands_of_numbers_is_read_in_little_time() -> None:
    begun = time.process_time()
    claims("x1 is " + "4111 " * 13_000, "x1")
    assert time.process_time() - begun < 2.5


def test_what_is_said_ahead_of_the_first_name_is_of_the_matter_at_hand() -> None:
    text = "It's fifteen dollars of data this month. X1 would end that, 45 a month."
    assert said(claims(text, "x1")) == ["price 45"]
    assert [item.offer for item in claims("I see three megabits, a fault. X1 would be quicker.", "x1")] == []


def test_what_leads_up_to_a_name_is_of_the_offer_that_is_named() -> None:
    text = "You could have a second screen for just $9. It's called X1."
    assert [(item.offer, item.value) for item in claims(text, "x1")] == [("X1", "9")]
    assert said(claims("It's $9 a month. That's X1.", "x1")) == ["price 9 USD"]


def test_what_is_said_ahead_of_the_first_name_may_be_of_the_offer_talked_of_before() -> None:
    turn = TurnView(Turn(role="agent", text="Yes, it's $10. And Y2 is $49.99 a month."))
    at = turn.text.index("y2")
    found = read_claims(turn, [Named(at, at + 2, "Y2")], LEXICON, "Y2", "X1")
    assert [(item.offer, item.value) for item in found] == [("X1", "10"), ("Y2", "49.99")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's $7.00 a day, charged only for the days you use it.", ["price 7.00 USD"]),
        ("It's six dollars a day and you're charged only on days you use it.", ["price 6 USD"]),
        ("You were charged $7.00.", []),
    ],
)
def test_how_an_offer_is_charged_is_no_talk_of_the_account(text: str, expected: list[str]) -> None:
    assert said(claims(text, current="X1")) == expected


def test_the_exit_named_after_one_amount_is_not_that_of_the_next() -> None:
    found = claims("X1 is $60 a month, $90 to leave early, $10 once", "x1")
    assert said(found) == ["price 60 USD", "early_termination_fee 90 USD", "price 10 USD"]
    later = claims("X1 is $60 a month, and if you leave early, $90", "x1")
    assert said(later) == ["price 60 USD", "early_termination_fee 90 USD"]


@pytest.mark.parametrize(
    "text", ["X1 is $9 a month and $29 for the activation", "X1 is $9 a month, the activation is $29"]
)
def test_a_charge_of_the_policy_is_known_by_what_it_is_for(text: str) -> None:
    assert said(claims(text, "x1")) == ["price 9 USD", "fee 29 USD"]


def test_a_fee_with_a_price_is_no_sum_of_both() -> None:
    found = claims("X1 is $25.00 a month with an $80.00 setup fee, no contract", "x1")
    assert said(found) == ["price 25.00 USD", "fee 80.00 USD", "term 0 month"]


def test_no_extra_charge_is_a_price_only_where_the_offer_comes_at_it() -> None:
    assert "price 0" in said(claims("X1 comes at no extra cost", "x1"))
    assert "price 0" not in said(claims("X1 is a bigger plan, with no extra charge for those few gigabytes", "x1"))
    assert "price 0" not in said(claims("there's no extra charge that I can see", current="X1"))
