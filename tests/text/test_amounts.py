from __future__ import annotations

import pytest

from evalh.text.amounts import amounts
from evalh.text.normalise import normalise


def read(raw: str) -> list[str]:
    """Each amount as "kind value unit period per", with "-" for what was not said."""
    return [
        " ".join(
            [item.kind, format(item.value, "f"), *((part or "-") for part in (item.unit, item.period, item.per))]
        ).removesuffix(" -")
        for item in amounts(normalise(raw).text)
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("it's $49.99 a month", "money 49.99 USD month"),
        ("49.99 USD", "money 49.99 USD -"),
        ("£5 each", "money 5 GBP - each"),
        ("€1.234,56 once", "money 1234.56 EUR once"),
        ("5 bucks", "money 5 USD -"),
        ("99 cents", "money 0.99 USD -"),
        ("it is 49.99 a month", "money 49.99 - month"),
        ("$49.99/month/line", "money 49.99 USD month line"),
        ("**$30 per passenger**", "money 30 USD - passenger"),
        ("$12 per user per month, billed annually", "money 12 USD month user"),
        ("a one-time $25 activation fee", "money 25 USD once"),
        ("a one-time fee of $25", "money 25 USD once"),
        ("$95 annual fee", "money 95 USD year"),
        ("£10 pm", "money 10 GBP month"),
        ("it's $.99 a month", "money 0.99 USD month"),
        ("$1,234.56", "money 1234.56 USD -"),
        ("a 10-dollar discount", "money 10 USD -"),
        ("plan—$49.99/month—and", "money 49.99 USD month"),
        ("$5 extra per month", "money 5 USD month"),
    ],
)
def test_written_money_is_read_with_what_it_is_paid_for(said: str, expected: str) -> None:
    assert read(said) == [expected]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("forty nine ninety nine", "money 49.99 - -"),
        ("forty-nine dollars and ninety-nine cents a month", "money 49.99 USD month"),
        ("a hundred and twenty bucks", "money 120 USD -"),
        ("twelve ninety nine a month", "money 12.99 - month"),
        ("nineteen a month", "money 19 - month"),
        ("one nineteen ninety nine a month", "money 119.99 - month"),
        ("one twenty a month", "money 120 - month"),
        ("it's twenty five oh five", "money 25.05 - -"),
        ("ten dollars a day", "money 10 USD day"),
        ("thirty bucks each", "money 30 USD - each"),
        ("thirty dollars per person per trip", "money 30 USD trip person"),
        ("a dollar a day", "money 1 USD day"),
        ("49 99 a month", "money 49.99 - month"),
        ("one thousand two hundred dollars", "money 1200 USD -"),
    ],
)
def test_spoken_money_is_read_like_written_money(said: str, expected: str) -> None:
    assert read(said) == [expected]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("fifteen percent off", "percent 15 - -"),
        ("19.9% APR", "percent 19.9 - -"),
        ("nine point five percent", "percent 9.5 - -"),
        ("two years", "duration 24 month -"),
        ("a twenty four month contract", "duration 24 month -"),
        ("a 12-month term", "duration 12 month -"),
        ("five hundred megs", "data 500 mbps -"),
        ("500Mbps", "data 500 mbps -"),
        ("one gig", "data 1 gb -"),
        ("one gig internet", "data 1000 mbps -"),
        ("2 GB of data a day", "data 2 gb day"),
        ("in 180 countries", "count 180 countries -"),
        ("up to five devices", "count 5 devices -"),
    ],
)
def test_other_amounts_have_their_unit(said: str, expected: str) -> None:
    assert read(said) == [expected]


@pytest.mark.parametrize(
    "said",
    [
        "call 408-247-8880 or 1-800-555-0199 at 5:30",
        "no one called, one moment, one way, anyone there 24/7",
        "your account number is 12345678",
        "flight HAT170 and order #W123456",
        "[PII] {AMOUNT} <CARD_1> ****1234 $[AMOUNT] $**.**",
        "my number is four oh eight two four seven",
        "at five thirty pm",
        "you were born in nineteen ninety nine",
        "Fiber-500 and FIB5 and 5G",
        "a bag of up to 50 pounds in weight",
    ],
)
def test_numbers_that_measure_nothing_are_left_alone(said: str) -> None:
    assert read(said) == []


@pytest.mark.parametrize(
    ("said", "iso"),
    [
        ("the offer ends November 30", "--11-30"),
        ("30 november 2026", "2026-11-30"),
        ("2026-11-30", "2026-11-30"),
        ("by 11/30", "--11-30"),
        ("november thirtieth", "--11-30"),
    ],
)
def test_dates_are_iso(said: str, iso: str) -> None:
    assert [(item.kind, item.text) for item in amounts(said.lower())] == [("date", iso)]


def test_a_range_shares_its_unit() -> None:
    assert read("12-24 months") == ["duration 12 month -", "duration 24 month -"]


def test_offsets_point_at_the_words() -> None:
    text = "so thirty dollars per bag please"
    (item,) = amounts(text)
    assert (text[item.start : item.end], text[item.start : item.full_end]) == (
        "thirty dollars",
        "thirty dollars per bag",
    )


def test_a_long_run_of_number_words_is_read_in_linear_time() -> None:
    assert amounts("one " * 5_000) == ()


def test_an_amount_for_the_trip_is_paid_per_trip() -> None:
    (amount, *_) = amounts("it's $49.00 for the whole trip, up to thirty days")
    assert (amount.kind, amount.period) == ("money", "trip")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("74.99 for twelve months, 94.99 after", ["money 74.99 - -", "duration 12 month -", "money 94.99 - -"]),
        ("10.00 off each month", ["money 10.00 - -"]),
        ("take 2.10 of the app", ["count 2.10 - -"]),
        ("closer to $20, once the first year is over", ["money 20 USD -"]),
        ("$20, once", ["money 20 USD once"]),
    ],
)
def test_prices_without_a_sign_and_once_that_begins_a_clause(said: str, expected: list[str]) -> None:
    assert [item if item.count(" ") == 3 else f"{item} -" for item in read(said)] == expected
