"""A recorded conversation with a live agent, as its lines in a file: one that says whose it is, then one a turn."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import OpenModel
from evalh.models.conversation import Moment, ToolCall
from evalh.models.failure import Failure
from evalh.models.simulated import CustomerAct, Ending, Fault, Simulation
from evalh.models.vocabulary import Act, Channel


class RecordedMove(OpenModel):
    """What was meant by something in the turn it stands in; see `Move`."""

    act: CustomerAct | Act
    offer: str | None = None
    item: str | None = None


class RecordedTurn(OpenModel):
    """One turn. `key` digests all that it depends on, the turns before it too."""

    role: Literal["agent", "customer"]
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    moves: tuple[RecordedMove, ...] = ()
    ended: bool = False
    """Whether its speaker ended the contact with it."""
    key: str


class RecordedHead(Simulation):
    """The first line of a recorded conversation: `turns` lines follow."""

    schema_: Literal["evalh.recording/1"] = Field(default="evalh.recording/1", alias="schema")
    id: str
    channel: Channel = "chat"
    language: str = "en"
    started_at: Moment | None = None
    facets: dict[str, str] = Field(default_factory=dict)
    ended: Ending = "customer"
    faults: tuple[Fault, ...] = ()
    failure: Failure | None = None
    turns: int = Field(ge=0)
    sha256: str
    """The digest of this line without it and of the turns, so that what was changed by hand is found."""
