"""What every agent under test offers: a contact is opened for a case, and asked for one turn after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evalh.models import Act, Failure, Json, ToolCall, Turn


@dataclass(frozen=True)
class Brief:
    """What an agent is told of a contact before it begins."""

    conversation_id: str
    case: str
    trial: int
    seed: int
    """Of this case and trial, from 0 to 2**31 - 1; the same for every prompt version."""
    prompt_version: str
    system_prompt: str
    """The prompt's text with its placeholders filled."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """The `parameters` of the prompt's front matter."""
    customer: Mapping[str, Json] | None = None
    """The customer's record."""
    offers: Sequence[Mapping[str, Json]] = ()
    """The offers of the policy version in force, as the policy file has them."""
    tools: Mapping[str, Json] = field(default_factory=dict)
    """What the case says that tools return."""
    channel: str = "chat"
    language: str = "en"
    date: str | None = None
    """The day of the contact, such as 2026-11-05."""


@dataclass(frozen=True)
class Declared:
    """What an agent says that it does in its turn, for checking the reader; of no other use."""

    act: Act
    offer: str | None = None


@dataclass(frozen=True)
class AgentReply:
    """One turn of the agent. `tool_calls` hold their results; `ended`: the agent ends the contact with this turn."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    ended: bool = False
    declares: tuple[Declared, ...] = ()
    calls: int = 1
    """How often a model or an address was asked for it."""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class AgentFailed(Exception):
    """The agent gave no turn that can be used; its words are in `failure`, never in a transcript."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


class Contact(Protocol):
    """One conversation with the agent."""

    async def reply(self, turns: Sequence[Turn]) -> AgentReply:
        """The agent's next turn after `turns`, the whole conversation so far.

        What was recorded before may be in `turns` without the contact having said it. Raises AgentFailed; Stopped when
        a limit is reached.
        """

    async def aclose(self) -> None:
        """The conversation is over."""


class Agent(Protocol):
    """An agent under test. Used in one event loop; contacts go on side by side."""

    @property
    def id(self) -> str:
        """A short name, such as ``chat:MODEL``."""

    @property
    def sha256(self) -> str:
        """The digest of what its turns depend on beside prompt and case: model, address, tools, source code."""

    @property
    def concurrency(self) -> int:
        """How many turns may be asked for at a time."""

    def ready(self) -> None:
        """Raises UserError where it cannot be asked at all: a key that is not set, a function that is not there."""

    def contact(self, brief: Brief) -> Contact:
        """Open a contact; nothing is asked before its first turn."""

    async def aclose(self) -> None:
        """Let go of everything."""
