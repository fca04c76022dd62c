"""What every simulated customer offers, and what is played: trials, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from evalh.agents.protocol import Brief
from evalh.models import Case, Conversation, Move, Persona, Prompt, Reading, Simulation, Turn


@dataclass(frozen=True)
class Trial:
    """One conversation that is to be held. `seed` is of the run; what follows from it is dealt by `dealt`."""

    prompt: Prompt
    case: Case
    persona: Persona
    trial: int = 0
    seed: int = 0
    label: str = ""
    """The prompt version's name in the run; default: the prompt's own."""

    @property
    def version(self) -> str:
        """The prompt version's name in the run."""
        return self.label or self.prompt.version


@dataclass(frozen=True)
class Said:
    """A customer's turn: its text, what was meant, and whether the customer ends the contact with it."""

    text: str
    moves: tuple[Move, ...] = ()
    ended: bool = False
    calls: int = 0
    """How often a model was asked for it."""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class Customer(Protocol):
    """The customer of one conversation."""

    async def say(self, turns: Sequence[Turn], reading: Reading, kept: Said | None = None) -> Said:
        """The customer's next turn after `turns`, which end with the agent's or are none; `reading`: their facts.

        Called once for each of the customer's turns, in order, also for those that were recorded before: `kept` is then
        what was said, and no model is asked. A scripted customer works its words out again. Raises CallFailed where a
        model gave none, Stopped when a limit is reached.
        """


class Customers(Protocol):
    """Makes the customers of a run."""

    @property
    def sha256(self) -> str:
        """The digest of what customers say beside persona, case and seed: phrases and code, or model and prompts."""

    def customer(self, trial: Trial, attempt: int, brief: Brief) -> Customer:
        """The customer of a trial; another attempt is another seed."""

    async def aclose(self) -> None:
        """Let go of everything."""


@dataclass(frozen=True)
class Played:
    """How a trial went: the conversation, with `simulation` as it is kept. Only one without faults and failure counts.

    `attempts`: how often it was played. `asked`: calls of a model or address that were made now, not recorded before.
    """

    trial: Trial
    conversation: Conversation
    simulation: Simulation
    attempts: int = 1
    asked: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    @property
    def counts(self) -> bool:
        """Whether it says something of the agent."""
        return not self.simulation.faults and self.simulation.failure is None
