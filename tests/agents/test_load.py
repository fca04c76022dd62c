"""The configuration says which agent is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from evalh.agents.load import load_agent
from evalh.llm import Budget
from evalh.models.agent import AgentConfig


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"kind": "chat", "model": "m", "base_url": "http://127.0.0.1:1/v1", "api_key_env": None}, "chat:m"),
        ({"kind": "function", "function": "bot:reply"}, "function:bot:reply"),
        ({"kind": "livekit", "function": "bot:reply"}, "livekit:bot:reply"),
        ({"kind": "webhook", "url": "http://127.0.0.1:1/turn"}, "webhook:"),
    ],
)
def test_each_kind(given: dict[str, Any], expected: str, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("raise RuntimeError('imported')\n", "utf-8")
    config: Any = TypeAdapter(AgentConfig).validate_python(given)

    agent = load_agent(config, root=tmp_path, budget=Budget())

    assert agent.id.startswith(expected)
    assert len(agent.sha256) == 64
    assert agent.concurrency >= 1
