"""What is known of a simulated conversation beside its turns: what each side meant, and what went wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import Id, OpenModel
from evalh.models.failure import Failure
from evalh.models.vocabulary import Act

CustomerAct = Literal[
    "state", "detail", "give", "cannot_give", "solved", "unsolved", "question", "tell", "chat", "complain", "wait",
    "repeat", "thank", "goodbye", "leave",
    "accept", "refuse", "defer", "deflect", "object", "ask", "reopen", "ignore",
]  # fmt: skip
"""What a customer does in a turn; those of the last line answer an offer, in the words of the ledger. `give` answers a
question, `question` asks about the matter, `ask` about the offer; `tell`, `chat` and `complain` are of the agenda;
`wait` says to go on, `repeat` asks the agent to say it again, `leave` ends the contact out of patience."""
OFFER_ACTS: tuple[CustomerAct, ...] = (
    "accept", "refuse", "defer", "deflect", "object", "ask", "reopen", "ignore",
)  # fmt: skip
CustomerFault = Literal["off_agenda", "accepted_unasked", "spoke_as_agent", "looped", "ended_early", "said_nothing"]
"""What the customer of a simulated conversation did wrong, so that it says nothing of the agent: never stated the
matter or talked of another; accepted what the persona must refuse; spoke as the agent, or as a language model; said the
same again and again; left before it was done and before patience ran out; had nothing to say."""
Ending = Literal["customer", "agent", "max_turns", "failed"]
"""Who ended it; `max_turns`: nobody, it was cut off."""


class Move(OpenModel):
    """Something one side meant to do in a turn: `act` in the customer's words or, for an agent's turn, as an Act."""

    turn: int = Field(ge=0)
    act: CustomerAct | Act
    offer: str | None = None
    item: str | None = None
    """The agenda item that was said, or the fact that was given."""


class Fault(OpenModel):
    """A customer's mistake, with the turn that shows it."""

    fault: CustomerFault
    turn: int | None = None
    why: str = ""


class Simulation(OpenModel):
    """How a simulated conversation came about; kept with its recording."""

    case: Id
    persona: Id
    trial: int = Field(default=0, ge=0)
    attempt: int = Field(default=0, ge=0)
    """The how-manieth time the trial was played, from 0."""
    seed: int = 0
    prompt_version: str
    prompt_sha256: str
    agent_sha256: str
    customer_sha256: str
    situation_sha256: str = ""
    """The digest of what both sides know before they speak: case, persona, and what the agent is told."""
    moves: tuple[Move, ...] = ()
    """What the customer meant, and what the agent declared to do, in order of turns."""
    ended: Ending = "customer"
    faults: tuple[Fault, ...] = ()
    failure: Failure | None = None
    """Why the agent, or a model that plays the customer, gave no turn; `by` says which of them."""
    by: Literal["agent", "customer"] | None = None


class Excluded(OpenModel):
    """A trial that was left out of a run because its customer made mistakes each time."""

    prompt_version: str
    case: str
    persona: str
    trial: int = 0
    attempts: int = Field(ge=1)
    fault: CustomerFault
    """Of the last attempt, the first."""
