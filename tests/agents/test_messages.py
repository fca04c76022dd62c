from __future__ import annotations

import json
from typing import Any

from evalh.agents.messages import messages
from evalh.models import Conversation, ToolCall, Turn


def turns(*given: Turn) -> tuple[Turn, ...]:
    return Conversation(id="c", turns=given).turns


def customer(text: str, **more: Any) -> Turn:
    return Turn(role="customer", text=text, **more)


def agent(text: str, *calls: ToolCall, **more: Any) -> Turn:
    return Turn(role="agent", text=text, tool_calls=calls, **more)


def test_customers_are_users_and_agents_assistants_also_human_ones() -> None:
    said = turns(customer("Hi."), agent("Hello."), Turn(role="human_agent", text="Ann here."))

    assert messages(said) == [
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": "Hello."},
        {"role": "assistant", "content": "Ann here."},
    ]


def test_tool_calls_stand_before_the_words_one_after_the_other() -> None:
    found = ToolCall(name="find", arguments={"last4": "0042"}, result={"plan": "Müller"})
    pause = ToolCall(name="pause", result="done")
    said = messages(turns(customer("Pause it."), agent("It is paused.", found, pause)))

    assert [message["role"] for message in said] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    (call,) = said[1]["tool_calls"]
    assert call["function"] == {"name": "find", "arguments": '{"last4": "0042"}'}
    assert said[1]["content"] is None
    assert said[2] == {"role": "tool", "tool_call_id": call["id"], "content": '{"plan": "Müller"}'}
    assert said[4]["content"] == "done"
    assert said[5] == {"role": "assistant", "content": "It is paused."}


def test_ids_are_kept_and_made_where_they_are_missing_or_stand_twice() -> None:
    calls = [ToolCall(name="f", id=id_) for id_ in ("a", None, "a", "", "c00000001")]
    said = messages(turns(agent("", *calls)))

    ids = [message["tool_calls"][0]["id"] for message in said if message["role"] == "assistant"]
    assert ids[0] == "a"
    assert ids[4] == "c00000001"
    assert len(set(ids)) == 5
    assert [message["tool_call_id"] for message in said if message["role"] == "tool"] == ids


def test_made_ids_have_nine_letters_and_digits_which_every_server_takes() -> None:
    said = messages(turns(customer("x"), agent("", ToolCall(name="f"))))

    assert said[1]["tool_calls"][0]["id"] == "c00001000"


def test_arguments_that_are_no_object_are_sent_in_one() -> None:
    (called, _) = messages(turns(agent("", ToolCall(name="f", arguments='{"a": '))))

    assert json.loads(called["tool_calls"][0]["function"]["arguments"]) == {"arguments": '{"a": '}


def test_turns_that_say_nothing_are_left_out_and_so_are_those_of_nobody() -> None:
    said = turns(customer(" \n"), agent(""), Turn(role="system", text="x"), Turn(role="tool", text="y"), customer("Hi"))

    assert messages(said) == [{"role": "user", "content": "Hi"}]


def test_of_an_interrupted_turn_only_what_was_heard_is_there() -> None:
    assert messages(turns(agent("You may also like", interrupted=True, delivered=7)))[0]["content"] == "You may"


def test_a_result_is_text_as_it_is_or_json() -> None:
    calls = [ToolCall(name="f", result=result) for result in (None, True, 1.5, [1], "plain {{customer.plan}}")]
    said = [message["content"] for message in messages(turns(agent("", *calls))) if message["role"] == "tool"]

    assert said == ["null", "true", "1.5", "[1]", "plain {{customer.plan}}"]


def test_the_same_turns_give_the_same_messages() -> None:
    said = turns(customer("Hi."), agent("", ToolCall(name="f"), ToolCall(name="f")))

    assert messages(said) == messages(said)
