from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.judge.quotes import find_quote


def found(text: str, quote: str) -> str | None:
    span = find_quote(text, quote)
    return None if span is None else text[span[0] : span[1]]


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("No thanks, just fix it.", "No thanks", "No thanks"),
        ("It's forty nine ninety nine a month.", "forty nine ninety nine a month", "forty nine ninety nine a month"),
        ("It’s  $49.99\na month", "it's $49.99 a month", "It’s  $49.99\na month"),
        ("n\u200bo th\u0430nks", "no thanks", "n\u200bo th\u0430nks"),
        ("ＮＯ　ＴＨＡＮＫＳ then", "no thanks", "ＮＯ　ＴＨＡＮＫＳ"),
        ('He said "no" to that', '"no"', "no"),
        ("I know, no", "no", "no"),
        ("maybe once the card is here", "maybe once the card's here", "maybe once the card is here"),
        ("uh we already have one at home", "we alredy have one at home", "we already have one at home"),
        ("Is it in the 24-month plan?", "24-month plan", "24-month plan"),
        ("and we um had it in may last year", "and we had it in may last year", "and we um had it in may last year"),
        ("sure \U0001f44d", "\U0001f44d", "\U0001f44d"),
        (" ??? ", "???", "???"),
        ("I\u0307stanbul is nice", "i\u0307stanbul", "I\u0307stanbul"),
    ],
)  # fmt: skip
def test_words_are_found_as_they_stand_in_the_turn(text: str, quote: str, expected: str) -> None:
    assert found(text, quote) == expected


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("No thanks", ""),
        ("No thanks", ' "" '),
        ("", "no"),
        ("I know", "no"),
        ("It's $49.99 a month", "$49"),
        ("It's $49.99 a month", "99 a month"),
        ("It's $149.99 a month", "49.99 a month"),
        ("forty nine ninety nine a month", "forty nine"),
        ("It's $49.99 a month with no contract", "It's $44.99 a month with no contract"),
        ("you would be bound for two years then", "you would be bound for three years then"),
        ("I do want to add it to my plan", "I don't want to add it to my plan"),
        ("I don't want to add it to my plan", "I do want to add it to my plan"),
        ("no", "no thanks I am good with what I have"),
        ("the tall brown fox jumped over it", "a dog slept under the warm table"),
        ("call me", "call you"),
        ("twenty percent off your renewal today", "twenty percent off your renewal today and forever more"),
        ("Order 123456 is on its way to you now", "Order 123457 is on its way to you now"),
        ("save 20 percent on it", "save 20"),
        ("You are ineligible for the premium savings plan", "You are eligible for the premium savings plan"),
        ("I'm happy with this company and its service", "I'm unhappy with this company and its service"),
        ("it is $49.99 per month after the promo", "it is $49.99 per month before the promo"),
        ("I want the Plan A for my family today please", "I want the Plan B for my family today please"),
        ("that is hardly ever what I wanted to hear from you", "that is ever what I wanted to hear from you"),
        ("It costs $5 and lasts $10 months in all", "It costs $10 and lasts $5 months in all"),
        ("Hello. How are you?", "."),
        ("what???", "???"),
    ],
)
def test_other_words_other_numbers_and_pieces_are_not_found(text: str, quote: str) -> None:
    assert found(text, quote) is None


@given(st.text(max_size=80), st.text(max_size=40))
def test_whatever_is_quoted_of_whatever_the_span_is_inside_the_text(text: str, quote: str) -> None:
    span = find_quote(text, quote)
    assert span is None or 0 <= span[0] < span[1] <= len(text)


@given(st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=12), st.data())
def test_every_run_of_words_is_found(words: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first + 1, len(words)))
    text, quote = " ".join(words), " ".join(words[first:last])
    if not any(len(word) > 2 and word in text for word in ("one", "two", "ten", "six", "may", "day", "eur", "usd")):
        assert find_quote(text, quote) is not None


@pytest.mark.parametrize("piece", ["1 ", "a", "a ", "$1.", "one ", "don't ", "\u200ba", "((", "9" * 50 + " "])
@pytest.mark.parametrize(
    "quote", ["1", "a", "a a a a a b a a a a a", "don't don't don't don", "$1.$1.$1.$1.$1.$2", "one one one one two"]
)
def test_long_turns_take_no_long_time(piece: str, quote: str) -> None:
    text = (piece * 65_536)[:65_536]
    began = time.process_time()
    find_quote(text, quote)
    assert time.process_time() - began < 3
