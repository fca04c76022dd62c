from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.agents.contacts import HELLO, brief, failure, held, turns

from evalh.agents.webhook import WebhookAgentRunner
from evalh.errors import UserError
from evalh.models import AgentRequest, ToolCall, Turn, WebhookAgent
from evalh.testing import Fault, Reply, StubEndpoint

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def agent(stub: StubEndpoint, **changes: Any) -> WebhookAgentRunner:
    return WebhookAgentRunner(WebhookAgent(kind="webhook", url=f"{stub.base_url}/chat/completions", **changes))


def answering(value: Any) -> Callable[[dict[str, Any]], Reply]:
    return lambda _: Reply(body=json.dumps(value).encode())


def test_the_whole_contact_is_posted_as_the_schema_says() -> None:
    told = brief(
        parameters={"pushy": 2},
        customer={"plan": "UNL"},
        offers=({"id": "PLUS"},),
        tools={"find": [1]},
        channel="voice",
        language="en",
        date="2026-11-05",
    )
    before = Turn(role="agent", text="Wait.", tool_calls=(ToolCall(name="find", result=1),))
    with StubEndpoint(answering({"text": "Hello."})) as stub:
        held(agent(stub), (HELLO, before, Turn(role="customer", text="{{customer.plan}}")), told)

    body = stub.requests[0].body
    AgentRequest.model_validate(body)
    messages = body.pop("messages")
    assert body == {
        "schema": "evalh.agent_request/1", "conversation_id": "c-1.v1", "case": "c-1", "trial": 0, "turn": 3, "seed": 7,
        "prompt_version": "v1", "system_prompt": "You are Nora.", "parameters": {"pushy": 2},
        "customer": {"plan": "UNL"}, "offers": [{"id": "PLUS"}], "tools": {"find": [1]}, "channel": "voice",
        "language": "en", "date": "2026-11-05",
    }  # fmt: skip
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant", "user"]
    assert messages[0] == {"role": "user", "content": "My card is declined."}
    assert messages[1]["tool_calls"][0]["function"] == {"name": "find", "arguments": "{}"}
    assert messages[2]["tool_call_id"] == messages[1]["tool_calls"][0]["id"]
    assert messages[4]["content"] == "{{customer.plan}}"


def test_the_first_turn_has_no_messages() -> None:
    with StubEndpoint(answering({"text": "Hello."})) as stub:
        held(agent(stub), ())

    assert (stub.requests[0].body["turn"], stub.requests[0].body["messages"]) == (0, [])
    assert stub.requests[0].body["customer"] is None


def test_the_answer_is_the_turn_with_its_calls_and_its_end() -> None:
    call = {"name": "find", "arguments": {"a": 1}, "result": {"plan": "UNL"}, "error": False}
    with StubEndpoint(answering({"text": " Bye. ", "tool_calls": [call], "ended": True})) as stub:
        reply = held(agent(stub))

    assert (reply.text, reply.ended, reply.calls) == ("Bye.", True, 1)
    assert reply.tool_calls == (ToolCall(name="find", arguments={"a": 1}, result={"plan": "UNL"}, error=False),)


@pytest.mark.parametrize(
    ("value", "class_", "told"),
    [
        ({"text": ""}, "empty", "the agent says nothing"),
        ({"text": " \n", "ended": True}, "empty", "the agent says nothing"),
        ({}, "schema", "not an agent_reply: text: is missing; add it"),
        ({"text": None}, "schema", "not an agent_reply: text: should be text, found null; put it in quotes"),
        ({"text": "x", "end": True}, "schema", "not an agent_reply: unknown key 'end'; did you mean 'ended'?"),
        ({"text": "x", "tool_calls": [{"name": ""}]}, "schema", "not an agent_reply: tool_calls[0].name"),
        (["text"], "schema", "not an agent_reply: should be an object"),
        ({"error": "out of order"}, "schema", "not an agent_reply"),
        ("text", "schema", "not an agent_reply"),
    ],
)
def test_another_answer_is_a_failure_and_never_speech(value: Any, class_: str, told: str) -> None:
    with StubEndpoint(answering(value)) as stub:
        found = failure(agent(stub))

    assert found.class_ == class_
    assert told in found.message
    assert len(stub.requests) == 1


@pytest.mark.parametrize("fault", [Fault.SERVER_500, Fault.HTML, Fault.RESET, Fault.REDIRECT, Fault.UNAUTHORIZED])
def test_what_goes_wrong_on_the_way_fails_the_turn_with_its_class(fault: Fault) -> None:
    with StubEndpoint(answering({"text": "Hello."}), faults=fault) as stub:
        assert failure(agent(stub)).class_ == fault.failure_class


def test_the_name_is_of_the_host_and_the_digest_of_the_address() -> None:
    def made(url: str, **changes: Any) -> WebhookAgentRunner:
        return WebhookAgentRunner(WebhookAgent(kind="webhook", url=url, **changes))

    assert made("https://bot.example.com/v1?a=1").id == "webhook:bot.example.com"
    assert made("https://bot.example.com/v1").sha256 != made("https://bot.example.com/v2").sha256
    assert made("https://a.example.com/", concurrency=3).sha256 == made("https://a.example.com/").sha256
    assert made("https://a.example.com/", concurrency=3).concurrency == 3


def test_a_key_that_is_not_set_is_told_before_anything_is_asked() -> None:
    with pytest.raises(UserError, match="EVALH_NO_KEY"):
        WebhookAgentRunner(
            WebhookAgent(kind="webhook", url="https://a.example.com/", api_key_env="EVALH_NO_KEY")
        ).ready()


def test_turns_are_numbered_over_both_sides() -> None:
    assert [turn.index for turn in turns(HELLO, HELLO)] == [0, 1]
