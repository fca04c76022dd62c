"""Where the agent's and the customer's turns come from, as a configuration says it."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from evalh.models.base import Json, Model
from evalh.models.conversation import ToolCall
from evalh.models.endpoint import EndpointConfig, KeyName

MODULE_FUNCTION = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"


def _module_function(value: str) -> str:
    if re.fullmatch(MODULE_FUNCTION, value) is None:
        raise ValueError(f"names no function: {value[:60]!r}; write module:function, such as agents.care:reply")
    return value


Function = Annotated[
    str, Field(max_length=300, json_schema_extra={"pattern": MODULE_FUNCTION}), AfterValidator(_module_function)
]
"""`module:function`; a module is looked for in the workspace first, by its file, then among what is installed."""


class Tool(Model):
    """A tool that the agent under test may call. What it returns is scripted, or a Python function says it.

    The case's own `tools` come first, then `result`, then `function`; a tool without any returns null.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str = ""
    parameters: dict[str, Json] = Field(default_factory=lambda: dict[str, Json](type="object", properties={}))
    """A JSON Schema of the arguments."""
    result: Json = None
    function: Function | None = None
    """Called with the arguments by name; its error is told to the agent as one, and kept."""


class _Spoken(Model):
    """What all agents that are talked to have in common."""

    greeting: str | None = Field(default=None, min_length=1)
    """The agent's first turn, said before the customer speaks; may hold placeholders of the prompt."""
    reply_timeout: float = Field(default=60.0, gt=0, le=3600)
    """Seconds for one turn of the agent, tools included."""
    max_chars: int = Field(default=4000, ge=1, le=65536)
    """A longer turn is an error of the agent."""


class _Begins(_Spoken):
    """What those have in common of which nobody can find out beforehand whether they are there."""

    first_reply_timeout: float = Field(default=15.0, gt=0, le=3600)
    """Seconds in which the agent has to say anything at all, in any conversation; then the run is given up."""


class ReplayAgent(Model):
    """The agent's turns are those of the golden set's recordings; nobody is talked to."""

    kind: Literal["replay"] = "replay"


class ChatAgent(EndpointConfig, _Spoken):
    """A model behind an OpenAI-compatible endpoint; its system prompt is the prompt version's file."""

    kind: Literal["chat"]
    max_tokens: int = Field(default=1024, ge=16)
    tools: tuple[Tool, ...] = ()
    max_tool_steps: int = Field(default=8, ge=1, le=64)
    """How often in one turn the model may call tools before it has to speak."""

    @model_validator(mode="after")
    def _tools_once(self) -> ChatAgent:
        names = [tool.name for tool in self.tools]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the tool {twice!r} is listed twice")
        return self


class FunctionAgent(_Begins):
    """A Python function, `def reply(contact) -> str | dict | list of messages | AgentReply`, sync or async."""

    kind: Literal["function"]
    function: Function
    concurrency: int = Field(default=8, ge=1, le=256)


class WebhookAgent(_Begins):
    """An HTTP endpoint that is posted the conversation so far and answers with the agent's turn."""

    kind: Literal["webhook"]
    url: str
    api_key_env: KeyName | None = None
    """The environment variable that holds a bearer token; null: none is sent."""
    concurrency: int = Field(default=8, ge=1, le=256)
    connect_retries: int = Field(default=2, ge=0, le=10)
    """How often a connection that could not be made is tried again; a request that was sent never is."""

    @field_validator("url")
    @classmethod
    def _safe_url(cls, value: str) -> str:
        base = value.partition("?")[0]
        try:
            EndpointConfig(model="x", base_url=base)
        except ValidationError as error:
            raise ValueError(str(error.errors()[0]["ctx"]["error"])) from None
        if urlsplit(value).fragment or not value.isprintable() or " " in value:
            raise ValueError("has a fragment or spaces; write the address alone")
        return value


class CalledFunction(Model):
    """The function that a message calls; `arguments` is the text of a JSON object."""

    name: str
    arguments: str


class MessageCall(Model):
    """A call of a tool in a message of the agent."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class AgentMessage(Model):
    """A message of the conversation so far, as the OpenAI API has it: "user" is the customer, "assistant" the agent."""

    role: Literal["user", "assistant", "tool"]
    content: str | None
    tool_calls: tuple[MessageCall, ...] = Field(default=(), exclude_if=lambda value: not value)
    tool_call_id: str | None = Field(default=None, exclude_if=lambda value: value is None)


class AgentRequest(Model):
    """What a webhook agent is posted: it answers with the agent's next turn, an AgentAnswer."""

    schema_: Literal["evalh.agent_request/1"] = Field(default="evalh.agent_request/1", alias="schema")
    conversation_id: str
    case: str
    trial: int = Field(ge=0)
    turn: int = Field(ge=0)
    """The number of the turn that is asked for, counted over both sides from 0."""
    seed: int = Field(ge=0)
    """Of this case and trial, the same for every prompt version."""
    prompt_version: str
    system_prompt: str
    """The prompt's text, filled for the case."""
    parameters: dict[str, Json] = Field(default_factory=dict)
    """The `parameters` of the prompt's front matter."""
    customer: dict[str, Json] | None = None
    """The customer's record."""
    offers: tuple[dict[str, Json], ...] = ()
    """The offers of the policy in force."""
    tools: dict[str, Json] = Field(default_factory=dict)
    """What the case says that tools return, by their names."""
    channel: str
    language: str
    date: str | None = None
    """The day of the contact, such as 2026-11-05."""
    messages: tuple[AgentMessage, ...]


class AgentAnswer(Model):
    """What a webhook agent answers with."""

    text: str
    """What the agent says."""
    tool_calls: tuple[ToolCall, ...] = ()
    """The tools that it called for this turn, with what they returned."""
    ended: bool = False
    """Whether the agent ends the contact with this turn."""


class LiveKitAgent(_Begins):
    """A LiveKit agent in text mode: `function(contact)` returns the `Agent`, and its session's keyword arguments."""

    kind: Literal["livekit"]
    function: Function
    concurrency: int = Field(default=8, ge=1, le=256)


AgentConfig = Annotated[
    ReplayAgent | ChatAgent | FunctionAgent | WebhookAgent | LiveKitAgent, Field(discriminator="kind")
]
"""Where the agent's turns come from."""
LiveAgent = ChatAgent | FunctionAgent | WebhookAgent | LiveKitAgent


class ScriptedCustomer(Model):
    """Plays the persona from its agenda: no model, no network, the same from the same seed."""

    kind: Literal["scripted"] = "scripted"


class ModelCustomer(EndpointConfig):
    """A model plays the persona."""

    kind: Literal["model"]
    decides: Literal["words", "both"] = "words"
    """`words`: the agenda decides what is done and the model how it is said; `both`: the model decides both."""
    temperature: float | None = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=256, ge=16)


CustomerConfig = Annotated[ScriptedCustomer | ModelCustomer, Field(discriminator="kind")]
"""Who plays the customer."""


class SimulationConfig(Model):
    """How conversations with a live agent are held."""

    customer: CustomerConfig = ScriptedCustomer()
    cross: bool = False
    """Whether every persona meets every case; else each case is played by its own persona."""
    max_turns: int = Field(default=16, ge=2, le=200)
    """Turns of the agent after which a conversation is ended."""
    concurrency: int = Field(default=8, ge=1, le=256)
    """Conversations at a time."""
    attempts: int = Field(default=3, ge=1, le=10)
    """How often a trial is played at most, where the customer made a mistake; then it is left out, and counted."""
