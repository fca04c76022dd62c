"""A real model as the agent under test. It is far too small to be a good one: what is shown is that the way is real.

Its chat template knows no tools, so that it never calls one; calls are tested on a stub.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.llama.server import CONTEXT, KEY, NAME

from evalh.agents.chat import ChatAgentRunner
from evalh.agents.protocol import AgentFailed, AgentReply, Brief
from evalh.models import ChatAgent, Conversation, ToolCall, Turn

pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"])]
KEY_ENV = "EVALH_LLAMA_KEY"
PROMPT = "You are Nora, the assistant of Brightwater. Answer in one short sentence."
GREETING = Turn(role="agent", text="Hi, this is Nora.")
CUSTOMER = Turn(role="customer", text="My bill is too high. Can you help?")
FIND: dict[str, Any] = {
    "name": "find_bill",
    "description": "Finds the customer's bill.",
    "parameters": {"type": "object", "properties": {"month": {"type": "string"}}, "required": ["month"]},
    "result": {"amount": "59.00"},
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)


def said(base_url: str, turns: list[Turn], *, seed: int = 7, **config: Any) -> AgentReply:
    settings = {"model": NAME, "max_tokens": 48, "timeout": 100, "reply_timeout": 100, **config}
    agent = ChatAgentRunner(ChatAgent(kind="chat", base_url=base_url, api_key_env=KEY_ENV, **settings), root=Path())
    told = Brief("c-1.v1", "c-1", 0, seed, "v1", PROMPT)

    async def hold() -> AgentReply:
        try:
            return await agent.contact(told).reply(Conversation(id="c", turns=tuple(turns)).turns)
        finally:
            await agent.aclose()

    return asyncio.run(hold())


def long(base_url: str, turns: list[Turn], **config: Any) -> AgentReply:
    """A turn that may be as long as this model likes."""
    return said(base_url, turns, max_tokens=400, **config)


@pytest.mark.parametrize("before", [[], [GREETING], [CUSTOMER, GREETING]], ids=["customer", "greeting", "later"])
def test_a_real_model_takes_a_turn(llama: str, before: list[Turn]) -> None:
    reply = long(llama, [*before, CUSTOMER])

    assert reply.text.strip() == reply.text
    assert reply.text
    assert reply.calls >= 1
    assert reply.input_tokens > 20
    assert reply.output_tokens > 0


def test_the_same_seed_gives_the_same_turn(llama: str) -> None:
    first, second = (long(llama, [CUSTOMER], temperature=1.0).text for _ in range(2))

    assert first == second


def test_a_real_server_takes_tools_and_a_turn_that_called_one(llama: str) -> None:
    called = ToolCall(name="find_bill", arguments={"month": "May"}, result={"amount": "59.00"})
    before = [CUSTOMER, Turn(role="agent", text="It is 59.00.", tool_calls=(called,)), CUSTOMER]
    reply = long(llama, before, tools=[FIND], max_tool_steps=1)

    assert reply.text
    assert all(call.name for call in reply.tool_calls)


def test_a_conversation_that_is_too_long_is_the_agents_failure(llama: str) -> None:
    with pytest.raises(AgentFailed) as failed:
        said(llama, [Turn(role="customer", text="word " * (CONTEXT + 500))])

    assert failed.value.failure.class_ == "context_overflow"
