from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.llm.failures import Completion, Failed, Raw, completion_of, retry_after

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 15 Jan 99999 07:00:00 GMT"}, None),
    ],
)
def test_a_wait_is_read_in_seconds_milliseconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def reply(value: Any, status: int = 200) -> Raw:
    return Raw(status, {}, json.dumps(value).encode())


@pytest.mark.parametrize(
    "value",
    [
        [], "text", 5, {"choices": None}, {"choices": {}}, {"choices": [5]}, {"choices": ["x"]}, {},
        {"choices": "stop"},
    ],
)  # fmt: skip
def test_json_that_is_no_completion_is_not_of_the_schema(value: Any) -> None:
    with pytest.raises(Failed) as caught:
        completion_of(reply(value), NOW)
    assert caught.value.class_ == "schema"


@pytest.mark.parametrize(
    ("choice", "class_"),
    [
        ({}, "empty"),
        ({"message": None}, "empty"),
        ({"message": {"content": 5}}, "empty"),
        ({"message": {"content": [{"text": "x"}]}}, "empty"),
        ({"message": {"content": None}, "finish_reason": "length"}, "truncated"),
        ({"message": {"content": "{}", "refusal": "no"}, "finish_reason": "length"}, "refusal"),
        ({"message": {"content": "{}"}, "finish_reason": "content_filter"}, "refusal"),
    ],
)
def test_a_completion_that_says_nothing_whole_is_no_answer(choice: Any, class_: str) -> None:
    with pytest.raises(Failed) as caught:
        completion_of(reply({"choices": [choice]}), NOW).text()
    assert caught.value.class_ == class_


def test_an_error_that_is_null_is_no_error() -> None:
    value = {"error": None, "choices": [{"message": {"content": "yes", "refusal": None}, "finish_reason": "stop"}]}
    assert completion_of(reply(value), NOW).text() == "yes"


def test_an_error_counts_even_beside_an_answer() -> None:
    with pytest.raises(Failed):
        completion_of(reply({"error": {"message": "no"}, "choices": [{"message": {"content": "yes"}}]}), NOW)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["error", "choices", "message", "content", "finish_reason", "usage", "prompt_tokens", "code",
                         "completion_tokens", "prompt_tokens_details", "detail", "refusal", "cached_tokens"]), inner),
    max_leaves=12,
)  # fmt: skip


@given(
    st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([200, 204, 400, 429, 500]),
)
def test_whatever_comes_back_is_a_completion_or_a_failure(body: bytes, status: int) -> None:
    raw = Raw(status, {"content-type": "application/json"}, body)
    try:
        found = completion_of(raw, NOW)
        assert isinstance(found, Completion)
        assert isinstance(found.text(), str)
    except Failed as failed:
        failure = failed.failure(1, ())
        assert failure.class_
        assert len(failure.raw_excerpt) <= 500
