"""What is found, in which formats, and what is left alone."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.redact.samples import (
    CARD_TURNS,
    CARDS,
    EMAIL_TURNS,
    EMAILS,
    HOSTS,
    IBAN_FORMS,
    IBANS,
    NAMES,
    PHONE_TURNS,
    PHONES,
    card,
    clean_turns,
    phone,
)

from evalh.redact import Redactor
from evalh.redact.cards import is_card
from evalh.redact.find import find
from evalh.redact.labels import is_no_card
from evalh.redact.plain import plain

ROOT = Path(__file__).parents[2]


def redacted(text: str, before: str = "", language: str = "en") -> str:
    return Redactor(language).text(text, before).text


def found_share(kind: str, forms: Sequence[Callable[[], str]], turns: Sequence[str], count: int) -> float:
    """How many of `count` values are replaced, each alone and wholly."""
    found = 0
    for index in range(count):
        turn = turns[index % len(turns)]
        done = redacted(turn.replace("{}", forms[index % len(forms)]()))
        found += done == turn.replace("{}", f"<{kind}_1>")
    return found / count


# --- planted values ---


@pytest.mark.parametrize("form", CARDS)
def test_cards_are_found_in_every_format(form: str) -> None:
    rng = random.Random(form)
    share = found_share("CARD", [lambda: CARDS[form](card(rng))], CARD_TURNS, 100)
    assert share >= 0.99


@pytest.mark.parametrize("form", [form for form in EMAILS if form != "link"])
def test_addresses_are_found_in_every_format(form: str) -> None:
    rng = random.Random(form)
    share = found_share("EMAIL", [lambda: EMAILS[form](rng.choice(NAMES), rng.choice(HOSTS))], EMAIL_TURNS, 100)
    assert share >= 0.99


@pytest.mark.parametrize("form", IBAN_FORMS)
def test_ibans_are_found_in_every_format(form: str) -> None:
    rng = random.Random(form)
    turns = ["my IBAN is {}", "{}", "pay {} now thanks", "IBAN:{}."]
    assert found_share("IBAN", [lambda: IBAN_FORMS[form](rng.choice(IBANS))], turns, 60) == 1.0


@pytest.mark.parametrize("form", PHONES)
def test_phones_are_found_in_every_format(form: str) -> None:
    rng = random.Random(form)
    assert found_share("PHONE", [lambda: PHONES[form](phone(rng))], PHONE_TURNS, 100) >= 0.99


def test_a_link_to_an_address_keeps_its_brackets() -> None:
    assert "jane" not in redacted("write to <mailto:jane.doe@example.com>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("card four one one one, um, double one double one, one one one one, one one one one", "card <CARD_1>"),
        ("forty one eleven eleven eleven eleven eleven eleven eleven", "<CARD_1>"),
        ("4111 1111 1111 1111 12/27 123", "<CARD_1> 12/27 123"),
        ("41111111 11111111", "<CARD_1>"),
        ("order number 4111 1111 1111 1111", "order number <CARD_1>"),
        ("x4111111111111111y", "x<CARD_1>y"),
        ("7 4111-1111-1111-1111-9", "7 <CARD_1>-9"),
        ("4222222222222 5555555555554444", "<CARD_1> <CARD_2>"),
        ("call 07700 900123 or 020 7946 0958", "call <PHONE_1> or <PHONE_2>"),
        ("+44 7700 900123, 0044 1632 960 712", "<PHONE_1>, <PHONE_2>"),
        ("+49 151 23456789 is in Germany", "<PHONE_1> is in Germany"),
        ("07123456789", "<PHONE_1>"),
        ("plus four four seven seven double oh nine double oh one two three", "plus <PHONE_1>"),
        ("ring one eight hundred, five five five, oh one oh nine", "ring <PHONE_1>"),
        ("call 555-0123", "call <PHONE_1>"),
        ("area code 415-555-0123", "area code <PHONE_1>"),
        ("415-555-2671, my order number is 12345678", "<PHONE_1>, my order number is 12345678"),
        ("jane dot doe at example dot com", "<EMAIL_1>"),
        ("j a n e dot d o e at g mail dot com", "<EMAIL_1>"),
        ("it's bob four two at yahoo dot co dot uk, thanks", "it's <EMAIL_1>, thanks"),
        ("my email is jane doe at gmail dot com", "my email is <EMAIL_1>"),
        ("josé@example.com", "<EMAIL_1>"),
        ("4111 1111, hang on, 1111 1111", "<CARD_1>"),
        ("that's 4111 1111 and it's 1111 1111 thanks", "that's <CARD_1> thanks"),
        ("four one one one okay one one one one, got that? one one one one yes one one one one", "<CARD_1>"),
        ("my card: 4 1 1 1... 1 1 1 1... 1 1 1 1... 1 1 1 1", "my card: <CARD_1>"),
        ("**4111** **1111** **1111** **1111**", "**<CARD_1>**"),
        ("it's 3782, 8224, 6310, 005", "it's <CARD_1>"),
        ("call me on 312... 523... 1958", "call me on <PHONE_1>"),
        ("jane dot doe, at, gmail dot com", "<EMAIL_1>"),
        ("jane dot doe, that's at gmail dot com", "<EMAIL_1>"),
        ("https://example.test/?to:jane%40example.com", "https://example.test/?to:<EMAIL_1>"),
        ("write to jane&#64;example.com", "write to <EMAIL_1>"),
        ('it is "jane.doe"@example.com', "it is <EMAIL_1>"),
        ("IBANDE89370400440532013000", "IBAN<IBAN_1>"),
        ("DE89, 3704, 0044, 0532, 0130, 00", "<IBAN_1>"),
        ("de 89 37 04 00 44 05 32 01 30 00", "<IBAN_1>"),
        ("D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0", "<IBAN_1>"),
        ("GB29\nNWBK\n6016\n1331\n9268\n19", "<IBAN_1>"),
    ],
)
def test_harder_ones_are_found(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [
        ("What's the best phone number to reach you?", "4155552671", "<PHONE_1>"),
        ("And your mobile?", "four one five, five five five, two six seven one", "<PHONE_1>"),
        ("Can I have your order number?", "4155552671", "4155552671"),
        ("Your phone or order number?", "4155552671", "4155552671"),
        ("", "4155552671", "4155552671"),
        ("What is your email?", "jane at example dot com", "<EMAIL_1>"),
        ("Where did you see it?", "online at example dot com", "online at example dot com"),
    ],
)
def test_the_turn_before_says_what_a_bare_value_is(before: str, text: str, expected: str) -> None:
    assert redacted(text, before) == expected


def test_the_language_says_which_national_numbers_there_are() -> None:
    assert redacted("le 06 12 34 56 78 voilà", language="fr") == "le <PHONE_1> voilà"
    assert redacted("it is 06 12 34 56 78") == "it is 06 12 34 56 78"
    assert redacted("0412 345 678", language="en-AU") == "<PHONE_1>"


# --- what is left alone ---


def test_prices_and_order_numbers_are_left_alone_in_thousands_of_turns() -> None:
    turns = list(clean_turns(3_000))
    assert [turn for turn in turns if redacted(turn) != turn] == []


@pytest.mark.parametrize(
    "text",
    [
        "12345678 is my order number",
        "4111111111111111 is my order number",
        "my order is 112-3456789-1234567",
        "meet at noon. me too",
        "45.99, 12.50, 33.20, 18.75",
        "call me if it is over two thousand five hundred dollars",
        "call me on 11/30/2026 at 10:30",
        "4111 1111 1111 1112",
        "0000 0000 0000 0000",
        "GB29 NWBK 6016 1331 9268 18",
        "XX89370400440532013000",
        "slots at 18:00, 18:45, 10:45, 15:00, 11:45",
        "they charged 49.00, 59.00, 69.00 and 79.00",
        "I can call you at nine thirty, ten fifteen or eleven forty five",
        "that'd be one hundred and twenty thousand five hundred and sixty dollars over the phone",
        "my card was charged 24.20, 37.56, 659.56 and 904.57",
        "usage was 588, 475, 603, 858, 857, 213 kWh",
        "4111, okay, 111 yes 1111 and 11111",
        "jane@localhost and @jane",
        "look at skylark dot com",
        "",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert redacted(text) == text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def test_no_number_of_the_shipped_recordings_and_turns_is_taken_for_a_card_or_iban() -> None:
    files = [*ROOT.glob("golden_sets/*/recordings/*.jsonl"), *ROOT.glob("data/turns/*/*.jsonl")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    turns = [text for line in lines for text in _texts(json.loads(line))]
    found = Counter(one.kind for text in turns for one in find(text, ("US", "GB")))
    assert len(turns) > 10_000
    assert set(found) <= {"EMAIL", "PHONE"}
    assert found["PHONE"] <= 9  # all are


# --- properties ---


SEPARATORS = st.sampled_from(["", " ", "-", ".", "  ", "\u200b", "\u00a0", " - "])
AROUND = st.text(st.characters(exclude_categories=("Nd", "Nl", "No", "Cs")), max_size=30)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), SEPARATORS, AROUND, AROUND)
@example(0, "", "DEVICE", "")
@example(0, " ", "my card", "for the device")
def test_no_card_survives_whatever_stands_around_it(seed: int, gap: str, before: str, after: str) -> None:
    number = card(random.Random(seed))
    written = gap.join(number[at : at + 4] for at in range(0, len(number), 4))
    text = f"{before} {written} {after}"
    begins = len(before) + 1
    assume(not is_no_card(text.lower(), begins, begins + len(written)))  # "device 3660 ..." is the number of a thing
    done = Redactor().text(text)
    assert number not in "".join(char for char in plain(done.text)[1] if char.isdigit())
    assert written not in done.text


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("0123456789 .-+()@aeno\u200b１$<>_"), max_size=120))
def test_what_is_found_is_in_order_apart_and_true(text: str) -> None:
    found = find(text, ("US", "GB"))
    assert all(one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(is_card(one.value) for one in found if one.kind == "CARD")


@pytest.mark.parametrize(
    "piece",
    ["4 ", "4", "4-", "one ", "415-555-0123 ", "+1 ", "00 ", "07 ", "de89 ", "de89 3704 0044 0532 0130 01 ", "a@",
     "a@b.", "a at b dot com ", "dot ", "double ", "4111 1111 1111 1111 ", "my phone is 4155552671 ", "٤ ", "4, ",
     "+1 2 3 4 5 "],
)  # fmt: skip
def test_a_long_text_takes_time_by_its_length_only(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        begun = time.process_time()
        find(text, ("US", "GB"))
        return time.process_time() - begun

    seconds(1_000)
    assert min(seconds(50_000) for _ in range(2)) < max(0.25, 20 * min(seconds(5_000) for _ in range(3)))
