"""How the tests of this folder hold a contact with an agent: a brief, turns, and replies one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evalh.agents.chat import ChatAgentRunner
from evalh.agents.protocol import Agent, AgentFailed, AgentReply, Brief
from evalh.llm import Budget
from evalh.models import ChatAgent, Conversation, Failure, ToolCall, Turn

HELLO = Turn(role="customer", text="My card is declined.")


def brief(**changes: Any) -> Brief:
    settings: dict[str, Any] = {
        "conversation_id": "c-1.v1", "case": "c-1", "trial": 0, "seed": 7, "prompt_version": "v1",
        "system_prompt": "You are Nora.",
    }  # fmt: skip
    return Brief(**{**settings, **changes})


def turns(*given: Turn) -> tuple[Turn, ...]:
    return Conversation(id="c", turns=given).turns


def said(reply: AgentReply) -> Turn:
    return Turn(role="agent", text=reply.text, tool_calls=reply.tool_calls)


def chat(base_url: str, root: Path = Path(), budget: Budget | None = None, **changes: Any) -> ChatAgentRunner:
    settings = {"model": "stub", "api_key_env": None, "timeout": 20.0, **changes}
    return ChatAgentRunner(ChatAgent(kind="chat", base_url=base_url, **settings), root=root, budget=budget)


def held(agent: Agent, given: Sequence[Turn] = (HELLO,), to: Brief | None = None) -> AgentReply:
    """The agent's one turn after the given ones."""

    async def hold() -> AgentReply:
        contact = agent.contact(to or brief())
        try:
            return await contact.reply(turns(*given))
        finally:
            await contact.aclose()
            await agent.aclose()

    return asyncio.run(hold())


def failure(agent: Agent, given: Sequence[Turn] = (HELLO,)) -> Failure:
    try:
        reply = held(agent, given)
    except AgentFailed as failed:
        return failed.failure
    raise AssertionError(reply)


__all__ = ["HELLO", "ToolCall", "Turn", "brief", "chat", "failure", "held", "said", "turns"]
