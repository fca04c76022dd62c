from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from evalh.judge.transcript import CONTEXT, TOOL_CHARS, show
from evalh.llm.fence import mark
from evalh.models import Conversation
from evalh.redact.redactor import Redactor
from evalh.testing import make_conversation

CARD = "4111 1111 1111 1111"


def conversation(*turns: dict[str, Any]) -> Conversation:
    return Conversation.model_validate({"id": "c", "turns": turns})


def test_what_was_not_heard_or_not_said_is_not_shown() -> None:
    shown = show(
        conversation(
            {"role": "system", "text": "be kind"},
            {"role": "agent", "text": "It is $49 a month", "delivered": 9, "interrupted": True},
            {"role": "customer", "text": "mm-hm", "backchannel": True},
            {"role": "customer", "text": "  "},
            {"role": "agent", "text": "", "tool_calls": [{"name": "look", "arguments": {"a": 1}, "result": "ok"}]},
            {"role": "tool", "text": "found"},
        )
    )

    assert shown.items == [
        {"turn": 1, "who": "agent", "said": "It is $49", "cut_off": True},
        {"turn": 4, "who": "agent", "said": "", "tools": [{"name": "look", "arguments": '{"a":1}', "result": "ok"}]},
        {"turn": 5, "who": "tool", "said": "found"},
    ]
    assert shown.locate(1, "a month") is None
    assert shown.locate(2, "mm-hm") is None


def test_a_quote_is_found_with_marks_or_spaces_and_only_in_its_own_turn() -> None:
    shown = show(make_conversation("C: my bill ^is^ wrong\nA: let me look"))

    assert shown.locate(0, mark("bill ^is^ wrong")) == shown.locate(0, "bill ^is^ wrong")
    found = shown.locate(0, mark("bill ^is^ wrong"))
    assert found is not None
    assert (found.start, found.end, found.quote) == (3, 18, "bill ^is^ wrong")
    assert shown.locate(1, "my bill") is None
    assert shown.locate(7, "my bill") is None


def test_what_is_shown_has_tokens_and_what_is_found_is_the_original() -> None:
    talk = make_conversation(f"C: charge {CARD} please, not the other\nA: ok\n> pay card=4111111111111111")
    shown = show(talk, Redactor())

    assert CARD not in json.dumps(shown.items)
    assert "4111111111111111" not in json.dumps(shown.items)
    found = shown.locate(0, "charge <CARD_1> please")
    assert found is not None
    assert found.quote == f"charge {CARD} please"
    after = shown.locate(0, "not the other")
    assert after is not None
    assert talk.turns[0].text[after.start : after.end] == "not the other"
    assert shown.whole(0).quote == talk.turns[0].text


def test_what_is_redacted_where_a_turn_was_cut_off_is_what_was_heard() -> None:
    talk = conversation({"role": "customer", "text": f"it is {CARD} and the code is 99", "delivered": 20})

    shown = show(talk, Redactor())

    assert shown.items[0]["said"] == "it is <CARD_1>"
    assert shown.locate(0, "it is <CARD_1>") == shown.whole(0)


def test_what_a_tool_gave_is_bounded_and_says_where_it_was_cut() -> None:
    talk = conversation({"role": "agent", "text": "x", "tool_calls": [{"name": "t", "result": "y" * 9_000}]})

    result = show(talk).items[0]["tools"][0]["result"]

    assert result == "y" * TOOL_CHARS + f" [{9_000 - TOOL_CHARS} characters left out]"


@pytest.mark.parametrize("size", [None, 8, 9])
def test_a_short_conversation_is_shown_whole(size: int | None) -> None:
    shown = show(make_conversation("C: hi\nA: hello\n" * 4))

    assert shown.windows(size) == (shown,)


@pytest.mark.parametrize(("turns", "size"), [(9, 8), (20, 8), (21, 4), (100, 7)])
def test_windows_cover_each_turn_once_with_the_turns_before_as_context(turns: int, size: int) -> None:
    shown = show(make_conversation("C: hi\n" * turns))

    windows = shown.windows(size)

    assert [turn for window in windows for turn in window.turns] == list(range(turns))
    assert all(len(window.shown) <= size for window in windows)
    for before, window in pairwise(windows):
        assert window.shown[:CONTEXT] == before.turns[-CONTEXT:] or len(before.turns) < CONTEXT
        assert [item.get("context", False) for item in window.items][: CONTEXT + 1] == [True] * CONTEXT + [False]
