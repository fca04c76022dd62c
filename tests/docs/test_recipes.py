"""Every agent that docs/agents.md shows as a file runs as it stands there, with the library it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from evalh.agents import AgentReply, Brief
from evalh.agents.code import function_at
from evalh.agents.function import contact_so_far
from evalh.agents.load import load_agent
from evalh.models import ToolCall, Turn
from evalh.models.agent import AgentConfig
from evalh.testing import Reply, StubEndpoint, tool_call

pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"])]
BRIEF = Brief("case-1.v1", "case-1", 0, 7, "v1", "You are a care agent.")
FIRST, SECOND = "What is my bill?", "Thank you."
PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
RUN_HERE = {"agents/care.py", "agents/care_voice.py", "agents/care_graph.py", "agents/care_sdk.py"}


def files() -> dict[str, str]:
    """The Python files of the page, by the name in their first line."""
    blocks = PAGE.read_text("utf-8").split("```python\n")[1:]
    texts = [block.partition("\n```")[0] for block in blocks]
    return {text.partition("\n")[0].removeprefix("# "): text for text in texts}


def needs(*packages: str) -> pytest.MarkDecorator:
    installed = {(found.name or "").lower() for found in distributions()}
    missing = sorted(set(packages) - installed)
    return pytest.mark.skipif(bool(missing), reason=f"needs pip install {' '.join(missing)}")


def write(root: Path, name: str) -> None:
    path = root / name
    path.parent.mkdir()
    path.write_text(files()[name], "utf-8")


def held(root: Path, name: str, function: str, kind: str = "function") -> list[AgentReply]:
    """The agent's two turns in a conversation about a bill."""
    write(root, name)
    module = name.removesuffix(".py").replace("/", ".")
    config: Any = TypeAdapter(AgentConfig).validate_python({"kind": kind, "function": f"{module}:{function}"})
    agent = load_agent(config, root=root)
    agent.ready()

    async def talk() -> list[AgentReply]:
        contact, turns, replies = agent.contact(BRIEF), list[Turn](), []
        for text in (FIRST, SECOND):
            turns.append(Turn(index=len(turns), role="customer", text=text))
            reply = await contact.reply(turns)
            turns.append(Turn(index=len(turns), role="agent", text=reply.text, tool_calls=reply.tool_calls))
            replies.append(reply)
        await contact.aclose()
        return replies

    return asyncio.run(talk())


def answer(request: dict[str, Any]) -> str | Reply:
    """What the model says: it looks the bill up first."""
    last = request["messages"][-1]
    if last["role"] == "tool":
        return f"It is {last['content']}."
    if last["content"] == FIRST:
        call = tool_call("look_up_bill", {"month": "May"})
        return Reply(content=None, tool_calls=[call], finish_reason="tool_calls")
    return "You are welcome."


def talked_through_model(root: Path, monkeypatch: pytest.MonkeyPatch, name: str, result: str) -> list[Any]:
    """Hold the conversation with a stub of a model; the messages of each request."""
    with StubEndpoint(answer) as stub:
        monkeypatch.setenv("CARE_MODEL", "stub")
        monkeypatch.setenv("CARE_URL", stub.base_url)
        monkeypatch.setenv("CARE_KEY", "sk-test")
        replies = held(root, name, "reply")
    called = ToolCall(name="look_up_bill", arguments={"month": "May"}, result=result)
    assert replies[0].text == f"It is {result}."
    assert [call.model_copy(update={"id": None}) for call in replies[0].tool_calls] == [called]
    assert (replies[1].text, replies[1].tool_calls) == ("You are welcome.", ())
    return [request.body["messages"] for request in stub.requests]


def roles(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [message["role"] for message in messages]


WHOLE = ["system", "user", "assistant", "tool", "assistant", "user"]
"""The second turn's request: the tool's result of the first is still there."""


def test_every_file_of_the_page_is_run_here() -> None:
    assert set(files()) == RUN_HERE


def test_a_function(tmp_path: Path) -> None:
    first, second = held(tmp_path, "agents/care.py", "reply")

    assert first.text == "Your bill is 42.50 dollars."
    assert first.tool_calls == (ToolCall(name="look_up_bill", arguments={}, result={"due": 42.5}),)
    assert second.text == "How can I help?"


@needs("langgraph", "langchain-openai")
def test_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = talked_through_model(tmp_path, monkeypatch, "agents/care_graph.py", '{"due": 42.5}')

    assert requests[0][0] == {"role": "system", "content": BRIEF.system_prompt}
    assert roles(requests[-1]) == WHOLE


@needs("openai-agents")
def test_the_agents_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = talked_through_model(tmp_path, monkeypatch, "agents/care_sdk.py", "42.50 dollars")

    assert requests[0][0]["role"] == "system"
    assert roles(requests[-1]) == WHOLE


@needs("livekit-agents")
def test_a_livekit_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That such an agent talks is shown in tests/llama; here nothing streams."""
    from livekit.agents import Agent
    from livekit.plugins import openai

    for name in ("MODEL", "KEY"):
        monkeypatch.setenv(f"CARE_{name}", "x")
    monkeypatch.setenv("CARE_URL", "http://127.0.0.1:1/v1")
    write(tmp_path, "agents/care_voice.py")

    async def made() -> tuple[Any, dict[str, Any]]:
        function = function_at("agents.care_voice:agent", tmp_path).call
        agent, settings = function(contact_so_far(BRIEF, ()))
        return agent, settings

    agent, settings = asyncio.run(made())

    assert isinstance(agent, Agent)
    assert agent.instructions == BRIEF.system_prompt
    assert [tool.id for tool in agent.tools] == ["look_up_bill"]
    assert isinstance(settings.pop("llm"), openai.LLM)
    assert settings == {}
