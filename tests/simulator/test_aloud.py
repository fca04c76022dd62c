"""Numbers as they are spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.simulator.aloud import aloud, digits, number, ordinal, year

ONES = {"oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
        "eight": "8", "nine": "9"}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$49.99", "forty nine ninety nine"),
        ("$15", "fifteen dollars"),
        ("$1", "one dollar"),
        ("£1,250.00", "one thousand two hundred fifty pounds"),
        ("$9.05", "nine oh five"),
        ("15%", "fifteen percent"),
        ("Fiber 500", "Fiber five hundred"),
        ("10:30", "ten thirty"),
        ("9:05", "nine oh five"),
        ("8:00", "eight o'clock"),
        ("the 12th", "the twelfth"),
        ("1968-03-12", "march twelfth nineteen sixty eight"),
        ("2026", "twenty twenty six"),
        ("2.5", "two point five"),
        ("83012", "eight three oh one two"),
        ("07", "oh seven"),
        ("maria.lopez7@example.com", "maria dot lopez seven at example dot com"),
        ("no numbers here.", "no numbers here."),
        ("", ""),
    ],
)
def test_a_number_is_said_as_people_say_it(text: str, said: str) -> None:
    assert aloud(text) == said


def test_a_code_is_said_digit_by_digit() -> None:
    assert aloud("4821", code=True) == "four eight two one"
    assert aloud("555-0147,", code=True) == "five five five - oh one four seven,"


@given(st.text("0123456789", min_size=1, max_size=12))
def test_no_digit_of_a_code_is_lost(code: str) -> None:
    assert "".join(ONES[word] for word in digits(code).split()) == code
    assert aloud(code, code=True) == digits(code)


@given(st.integers(0, 999_999), st.integers(0, 999_999))
def test_two_numbers_are_never_said_alike(one: int, other: int) -> None:
    assert (number(one) == number(other)) == (one == other)


@pytest.mark.parametrize(
    ("value", "said"),
    [("1900", "nineteen hundred"), ("1907", "nineteen oh seven"), ("2004", "two thousand four")],
)
def test_years(value: str, said: str) -> None:
    assert year(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(1, "first"), (3, "third"), (20, "twentieth"), (22, "twenty second"), (14, "fourteenth")]
)
def test_ordinals(value: int, said: str) -> None:
    assert ordinal(value) == said
