"""Makes the agent under test that a configuration names; imports only what that kind needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evalh.agents.protocol import Agent
from evalh.models import ChatAgent, FunctionAgent, LiveAgent, WebhookAgent

if TYPE_CHECKING:
    from evalh.llm import Budget


def load_agent(config: LiveAgent, *, root: Path, budget: Budget | None = None) -> Agent:
    """The agent of `config`, not yet ready: nothing of the user's is imported and nothing is asked.

    Args:
        config: What the run's configuration has under `agent`.
        root: The workspace, where `module:function` is looked for first.
        budget: Shared with the run's other endpoints; only a model behind an endpoint takes its calls from it itself.

    """
    if isinstance(config, ChatAgent):
        from evalh.agents.chat import ChatAgentRunner

        return ChatAgentRunner(config, root=root, budget=budget)
    if isinstance(config, FunctionAgent):
        from evalh.agents.function import FunctionAgentRunner

        return FunctionAgentRunner(config, root=root)
    if isinstance(config, WebhookAgent):
        from evalh.agents.webhook import WebhookAgentRunner

        return WebhookAgentRunner(config)
    from evalh.agents.livekit import LiveKitAgentRunner

    return LiveKitAgentRunner(config, root=root)
