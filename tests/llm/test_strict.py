from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.llm import Unreadable
from evalh.llm.strict import read_reply
from evalh.models import FailureClass

NONCE = "0123456789abcdef" * 2
GOOD = json.dumps({"nonce": NONCE, "score": 1})


def problem(text: str) -> FailureClass:
    with pytest.raises(Unreadable) as caught:
        read_reply(text, NONCE)
    return caught.value.failure_class


@pytest.mark.parametrize("text", [GOOD, f" \n{GOOD}\n", f"\ufeff{GOOD}"])
def test_one_object_with_the_nonce_is_a_reply(text: str) -> None:
    assert read_reply(text, NONCE) == {"nonce": NONCE, "score": 1}


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "score: 1", "1/5", f"```json\n{GOOD}\n```", f"Here it is: {GOOD}", f"{GOOD} Thanks!", GOOD[:-1],
        f"{GOOD}{GOOD}", f"{GOOD}\n{GOOD}", f"{GOOD},", GOOD.replace('"', "'"), f"<think>5</think>{GOOD}",
        f'{{"nonce": "{NONCE}", "score": 1, "score": 5}}', f'{{"nonce": "x", "nonce": "{NONCE}"}}',
        '{"a":' * 70 + "1" + "}" * 70, "[" * 100_000,
        '{"NaN is not a JSON number": 1, "NaN is not a JSON number": 2}',
    ],
)  # fmt: skip
def test_anything_else_is_not_json(text: str) -> None:
    assert problem(text) == "invalid_json"


@pytest.mark.parametrize("value", [f"[{GOOD}]", '"text"', "1", "null", "true", "{}", '{"score": 1}'])
def test_another_value_is_not_of_the_schema(value: str) -> None:
    assert problem(value) == "schema"


@pytest.mark.parametrize("nonce", ['"0"', "1", "null", f'"{NONCE.upper()}"', f'"{NONCE} "', f'["{NONCE}"]', "true"])
def test_another_nonce_is_no_nonce(nonce: str) -> None:
    assert problem(f'{{"nonce": {nonce}, "score": 1}}') == "schema"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e400", "9" * 30, "9" * 5000])
def test_a_number_that_is_none_is_out_of_range(number: str) -> None:
    assert problem(f'{{"nonce": "{NONCE}", "score": {number}}}') == "out_of_range"


@given(st.text(max_size=200))
def test_only_a_reply_is_read_whatever_the_text(text: str) -> None:
    with pytest.raises(Unreadable):
        read_reply(text, NONCE)
