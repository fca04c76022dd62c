"""A LiveKit agent that talks through a real model server: the way is real, the model is too small to be any good."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.llama.server import KEY, NAME

from evalh.agents import AgentReply, Brief
from evalh.agents.load import load_agent
from evalh.models import LiveKitAgent, Turn

needs_livekit = pytest.mark.skipif(find_spec("livekit") is None, reason="needs LiveKit: pip install 'evalh[livekit]'")
pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"]), needs_livekit]

BOT = """
from livekit.agents import Agent
from livekit.plugins import openai


def agent(contact):
    model = openai.LLM(
        model=contact.parameters["model"],
        base_url=contact.parameters["address"],
        api_key=contact.parameters["key"],
        temperature=0.0,
        max_completion_tokens=24,
        timeout=60,
    )
    return Agent(instructions=contact.system_prompt), {"llm": model}
"""


def test_two_turns_with_a_real_model(llama: str, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(BOT, "utf-8")
    config = LiveKitAgent.model_validate({"kind": "livekit", "function": "bot:agent"})
    runner = load_agent(config, root=tmp_path)
    runner.ready()
    parameters = {"model": NAME, "address": llama, "key": KEY}
    brief = Brief("case-1.v1", "case-1", 0, 7, "v1", "You are a care agent. Be brief.", parameters)

    async def held() -> list[AgentReply]:
        contact, turns, replies = runner.contact(brief), list[Turn](), []
        for text in ("Hello, my bill is wrong.", "Thank you."):
            turns.append(Turn(index=len(turns), role="customer", text=text))
            replies.append(await contact.reply(turns))
            turns.append(Turn(index=len(turns), role="agent", text=replies[-1].text))
        await contact.aclose()
        return replies

    first, second = asyncio.run(held())

    assert first.text.strip()
    assert second.text.strip()
    assert first.calls == second.calls == 1
    assert 0 < first.input_tokens < second.input_tokens
    assert 0 < first.output_tokens <= 24
