"""A conversation as it was held: turns, who spoke, what tools did, who the customer is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator

from evalh.models.base import Json, Model, digest
from evalh.models.vocabulary import Channel, Role

MAX_TURNS = 2_000
MAX_TURN_CHARS = 65_536

_ROLE_ALIASES = {"user": "customer", "assistant": "agent", "developer": "system", "bot": "agent", "function": "tool"}


def _as_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the date is out of range") from None


Moment = Annotated[datetime, AfterValidator(_as_utc)]
"""A moment in UTC; a time without a zone is taken as UTC."""


class Origin(Model):
    """Where a turn came from, so that evidence can be traced to the vendor's file."""

    format: str
    format_version: str | None = None
    id: str | None = None
    raw_index: int | None = Field(default=None, ge=0)


class ToolCall(Model):
    """One call the agent made, with what came back."""

    name: str = Field(min_length=1)
    arguments: dict[str, Json] | str = Field(default_factory=dict)
    """The arguments; a string that was not JSON is kept as it came."""
    id: str | None = None
    result: Json = None
    error: bool | None = None
    """Whether the call failed; None where the source does not say."""


class Turn(Model):
    """One turn. Times are seconds from the start of the conversation; None where the source does not know."""

    index: int = Field(default=0, ge=0)
    role: Role
    text: str = Field(default="", max_length=MAX_TURN_CHARS)
    start: float | None = Field(default=None, ge=0)
    end: float | None = Field(default=None, ge=0)
    interrupted: bool | None = None
    delivered: int | None = Field(default=None, ge=0)
    """Characters of `text` that were heard before a barge-in; None: all of it, as far as is known."""
    backchannel: bool = False
    confidence: float | None = Field(default=None, ge=0, le=1)
    tool_calls: tuple[ToolCall, ...] = ()
    origin: Origin | None = None
    key: str | None = None
    """The recording key of a turn that was recorded from an agent or a simulated customer."""

    @field_validator("role", mode="before")
    @classmethod
    def _role(cls, value: Any) -> Any:
        return _ROLE_ALIASES.get(value, value) if isinstance(value, str) else value

    @field_validator("text", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        if value is None:
            return ""
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    @property
    def heard(self) -> str:
        """The part of the text the other side heard."""
        return self.text if self.delivered is None else self.text[: self.delivered]


class AgentInfo(Model):
    """The agent under test, as far as the transcript tells."""

    name: str | None = None
    version: str | None = None
    prompt_version: str | None = None
    prompt_sha256: str | None = None


class Outcome(Model):
    """What the business recorded of the contact."""

    resolved: bool | None = None
    csat: float | None = None
    accepted: tuple[str, ...] = ()
    revenue: str | None = None
    complaint: bool | None = None
    repeat_contact: bool | None = None


class Conversation(Model):
    """One conversation. Without an `id` it gets a digest of its content; turns are numbered from 0."""

    id: str = Field(min_length=1, max_length=500)
    channel: Channel = "chat"
    language: str = Field(default="en", min_length=2, max_length=35)
    started_at: Moment | None = None
    agent: AgentInfo = AgentInfo()
    persona: str | None = None
    facets: dict[str, str] = Field(default_factory=dict)
    customer: dict[str, Json] | None = None
    """The customer's record; None where there is none, which is not the same as an empty one."""
    turns: tuple[Turn, ...] = Field(max_length=MAX_TURNS)
    outcome: Outcome | None = None
    metadata: dict[str, Json] = Field(default_factory=dict)
    case: str | None = None
    trial: int = Field(default=0, ge=0)
    prompt_sha256: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        data = dict(data)
        if "turns" in data and isinstance(data["turns"], list | tuple):
            data["turns"] = [_numbered(turn, index) for index, turn in enumerate(data["turns"])]
        if not data.get("id"):
            data["id"] = _content_id(data)
        return data

    def agent_turns(self) -> Iterator[Turn]:
        """The turns spoken by the AI agent, without those that say nothing."""
        return (turn for turn in self.turns if turn.role == "agent" and turn.text.strip())

    def customer_turns(self) -> Iterator[Turn]:
        """The turns spoken by the customer, without those that say nothing."""
        return (turn for turn in self.turns if turn.role == "customer" and turn.text.strip())

    @property
    def owned(self) -> frozenset[str]:
        """What the customer's record says that they have (`products`); nothing where it does not say."""
        products = (self.customer or {}).get("products")
        return (
            frozenset(item for item in products if isinstance(item, str)) if isinstance(products, list) else frozenset()
        )

    @cached_property
    def sha256(self) -> str:
        """The digest of everything in the conversation."""
        return digest(self)


def _numbered(turn: Any, index: int) -> Any:
    if isinstance(turn, Turn):
        return turn.model_copy(update={"index": index})
    if isinstance(turn, Mapping):
        return {**turn, "index": index}
    return turn


def _content_id(data: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in data.items() if key != "id"}
    return "c_" + digest(_plain(plain))[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    known = value is None or isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))
    return value if known else str(value)
