"""Tokens, and the map between a redacted text and its original."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from tests.redact.samples import CARDS, card, grouped

from evalh.redact import Redactor

CARD = "4111 1111 1111 1111"


def test_a_value_has_one_token_however_it_is_written() -> None:
    redactor = Redactor()
    number = card(random.Random(1))
    assert {redactor.text(form(number)).text for form in CARDS.values()} == {"<CARD_1>"}
    assert redactor.text(CARD).text == "<CARD_2>"
    assert {redactor.text(f"call {n}").text for n in ("415-555-2671", "(415) 555-2671", "+1 415 555 2671")} == {
        "call <PHONE_1>"
    }
    assert redactor.text("Jane.Doe@Example.com, jane dot doe at example dot com").text == "<EMAIL_1>, <EMAIL_1>"
    assert redactor.text("GB29NWBK60161331926819 GB29 NWBK 6016 1331 9268 19").text == "<IBAN_1> <IBAN_1>"


def test_a_fresh_one_begins_to_count_anew() -> None:
    redactor = Redactor()
    redactor.text(CARD)
    assert redactor.fresh().text("5555555555554444").text == "<CARD_1>"


def test_threads_get_one_token_for_one_value() -> None:
    redactor = Redactor()
    numbers = [card(random.Random(seed)) for seed in range(20)] * 10
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda number: redactor.text(number).text, numbers))
    assert len(set(tokens)) == 20
    assert tokens[:20] * 10 == tokens


def test_a_span_that_touches_a_token_stands_for_the_whole_value() -> None:
    done = Redactor().text(f"pay {CARD} now")
    assert done.text == "pay <CARD_1> now"
    assert done.back(0, 3) == (0, 3)
    assert done.back(4, 12) == (4, 23)
    assert done.back(6, 7) == (4, 23)
    assert done.back(0, 5) == (0, 23)
    assert done.back(13, 16) == (24, 27)
    assert done.back(4, 4) == (4, 4)


def test_half_of_a_value_becomes_a_whole_token() -> None:
    done = Redactor().text(f"pay {CARD} now")
    assert done.slice(0, 13) == "pay <CARD_1>"
    assert done.slice(13, len(done.raw)) == "<CARD_1> now"
    assert done.slice(10, 11) == "<CARD_1>"
    assert done.slice(0, 4) == "pay "
    assert done.slice(23, 27) == " now"


def test_values_are_not_printed_with_the_objects_that_hold_them() -> None:
    done = Redactor().text(f"pay {CARD} now")
    assert "1111" not in repr(done)
    assert "1111" not in repr(Redactor())


PARTS = st.lists(st.sampled_from(["pay ", " and ", CARD, "5555555555554444", "é ", "\u200b", "a@b.com "]), max_size=8)


@given(PARTS, st.data())
def test_every_span_goes_over_and_back_without_losing_a_character(parts: list[str], data: st.DataObject) -> None:
    done = Redactor().text("".join(parts))
    end = data.draw(st.integers(0, len(done.raw)))
    start = data.draw(st.integers(0, end))
    first, last = done.forward(start, end)
    assert 0 <= first <= last <= len(done.text)
    again = done.back(first, last)
    assert again[0] <= start
    assert end <= again[1]
    if not done.marks:
        assert (first, last) == (start, end)


@given(st.integers(0, 10**6), st.data())
def test_no_cut_of_a_text_shows_half_a_card(seed: int, data: st.DataObject) -> None:
    number = card(random.Random(seed))
    done = Redactor().text(f"it is {grouped(number, ' ')}, ok")
    end = data.draw(st.integers(0, len(done.raw)))
    start = data.draw(st.integers(0, end))
    shown = "".join(char for char in done.slice(start, end).replace("<CARD_1>", "") if char.isdigit())
    assert shown == ""
