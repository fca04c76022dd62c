"""One conversation, from its first turn to its end: customer and agent in turns, each kept as it comes.

What was recorded is not asked for again. Facts are read in a thread beside, the customer's turn while the agent's is
awaited. What it leaves to others: which conversations are held, how many at a time, and trying again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Protocol, TypeVar

from evalh.agents.protocol import Agent, AgentFailed, AgentReply, Brief, Contact
from evalh.errors import UserError
from evalh.llm import CallFailed
from evalh.models import Fault, Lexicon, Move, PolicySet, Reading, Simulation, Turn, digest
from evalh.models.simulated import Ending
from evalh.models.vocabulary import Role
from evalh.reader.protocol import Reader, Session
from evalh.simulator.ask import Speaker
from evalh.simulator.brief import brief_of, greeting_of, header_of
from evalh.simulator.desk import Desk
from evalh.simulator.faults import Decides, Held, faults_of
from evalh.simulator.keys import BEGINNING, Side, extended, key_after, simulation_of
from evalh.simulator.protocol import Customer, Customers, Played, Said, Trial

Value = TypeVar("Value")
_GOODBYE_SECONDS = 5.0
"""How long an agent may take to close a contact that is over."""


class Keeps(Protocol):
    """Where replies are kept (evalh.simulator.recordings.Recordings); used from one thread."""

    mode: str

    def agent(self, key: str) -> AgentReply | None:
        """What the agent said."""

    def customer(self, key: str) -> Said | None:
        """What the customer said."""

    def keep_agent(self, key: str, reply: AgentReply) -> None:
        """Keep it; it is durable when this returns."""

    def keep_customer(self, key: str, said: Said) -> None:
        """The same for the customer's turn."""

    def missing(self, trial: Trial, turn: int, simulation: Simulation) -> UserError:
        """Says what is not recorded, and why."""


@dataclass(frozen=True)
class Room:
    """What all conversations have in common.

    `go_on` raises Stopped when nothing new is to begin.
    """

    agent: Agent
    speaker: Speaker
    customers: Customers
    decides: Decides
    reader: Reader
    lexicon: Lexicon
    policies: PolicySet
    recordings: Keeps
    readers: Desk
    books: Desk
    go_on: Callable[[], None]
    max_turns: int
    greeting: str | None = None
    as_of: date | None = None

    async def read(self, work: Callable[[], Value], *, urgent: bool = True) -> Value:
        """Do it in the thread of readings; `urgent`: somebody waits for it."""
        return await asyncio.wrap_future(self.readers.submit(work, urgent=urgent))

    async def book(self, work: Callable[[], Value]) -> Value:
        """Do it in the thread of recordings."""
        return await asyncio.wrap_future(self.books.submit(work))

    def simulation(self, trial: Trial, attempt: int, brief: Brief) -> Simulation:
        """Whose conversation it is; the customers react to what the reader finds with this lexicon."""
        customers = digest([self.customers.sha256, self.reader.id, self.lexicon.sha256])
        agent = self.agent.sha256
        return simulation_of(trial, attempt, brief, agent_sha256=agent, customer_sha256=customers)


class Talk:
    """One attempt at a trial; `play` is called once."""

    def __init__(self, room: Room, trial: Trial, attempt: int) -> None:
        self._room = room
        self._trial = trial
        self._brief = brief_of(trial, room.policies, attempt, room.as_of)
        self._simulation = room.simulation(trial, attempt, self._brief)
        self._header = header_of(trial)
        self._contact: Contact | None = None
        self._history = BEGINNING
        self._turns: list[Turn] = []
        self._moves: list[Move] = []
        self._asked: list[AgentReply | Said] = []
        self._ended: Ending | None = None
        self._faults: tuple[Fault, ...] = ()

    async def play(self) -> Played:
        """How it went. Raises Stopped when a limit is reached, UserError where something is missing."""
        try:
            await self._talk()
        except AgentFailed as failed:
            return self._played({"ended": "failed", "failure": failed.failure, "by": "agent"})
        except CallFailed as failed:
            return self._played({"ended": "failed", "failure": failed.failure, "by": "customer"})
        finally:
            await self._hang_up()
        return self._played({"ended": self._ended, "faults": self._faults})

    async def _talk(self) -> None:
        room = self._room
        customer = room.customers.customer(self._trial, self._simulation.attempt, self._brief)
        session = await room.read(partial(room.reader.session, self._header, room.lexicon))
        if room.greeting is not None:
            first = self._add("agent", greeting_of(room.greeting, self._trial, self._brief))
            await room.read(partial(session.add, first))
        reading = await room.read(session.reading)
        while self._ended is None:
            turn = await self._customers_turn(customer, reading)
            heard = asyncio.ensure_future(room.read(partial(session.add, turn), urgent=False))
            if self._ended is None:
                reading = await self._agents_turn(session, heard)
            await heard
        if room.decides != "script" and not self._faults:
            reading = await room.read(session.reading)
        self._faults = self._faults or self._found(reading)

    async def _customers_turn(self, customer: Customer, reading: Reading) -> Turn:
        """What the customer says next; where that shows a fault, the conversation is cut off."""
        key = self._key("customer")
        said = await self._said(customer, reading, key)
        at = len(self._turns)
        self._moves += [move.model_copy(update={"turn": at}) for move in said.moves]
        turn = self._add("customer", said.text, key=key)
        if said.ended:
            self._ended = "customer"
        else:
            self._faults = self._found(reading)
            self._ended = "max_turns" if self._faults else None
        return turn

    async def _said(self, customer: Customer, reading: Reading, key: str) -> Said:
        """From the recordings where it is known. A scripted customer works it out again, and must say the same."""
        room = self._room
        kept = await room.book(partial(room.recordings.customer, key))
        if room.decides == "script":
            said = await customer.say(self._turns, reading)
            if kept is not None and (kept.text, kept.ended) != (said.text, said.ended):
                raise self._changed()
            return said
        if kept is None:
            self._may_ask()
        said = await customer.say(self._turns, reading, kept)
        if kept is None:
            self._asked.append(said)
            await room.book(partial(room.recordings.keep_customer, key, said))
        return said

    async def _agents_turn(self, session: Session, heard: Awaitable[None]) -> Reading:
        """What the agent says next; the facts of the conversation with it."""
        room, key = self._room, self._key("agent")
        reply = await self._reply(key)
        turn = self._add("agent", reply.text, key=key, tool_calls=reply.tool_calls)
        self._moves += [Move(turn=turn.index, act=done.act, offer=done.offer) for done in reply.declares]
        if reply.ended:
            self._ended = "agent"
        elif sum(turn.role == "agent" for turn in self._turns) >= room.max_turns:
            self._ended = "max_turns"
        await heard
        return await room.read(partial(_read, session, turn))

    async def _reply(self, key: str) -> AgentReply:
        """From the recordings where it is known."""
        room = self._room
        kept = await room.book(partial(room.recordings.agent, key))
        if kept is not None:
            return room.speaker.checked(kept)
        self._may_ask()
        reply = await room.speaker.reply(self._opened, tuple(self._turns))
        self._asked.append(reply)
        await room.book(partial(room.recordings.keep_agent, key, reply))
        return reply

    def _may_ask(self) -> None:
        """Raises UserError where what is not recorded may not be asked for, Stopped where nothing new is to begin."""
        if self._room.recordings.mode == "replay_only":
            raise self._room.recordings.missing(self._trial, len(self._turns), self._simulation)
        self._room.go_on()

    def _changed(self) -> UserError:
        where = f"turn {len(self._turns)} of {self._header.id}"
        return UserError(
            f"the customer's words in {where} are recorded otherwise than they are said; restore the recording, or "
            "give --record to make it again"
        )

    def _opened(self) -> Contact:
        """The contact with the agent; a conversation that was recorded whole needs none."""
        if self._contact is None:
            self._room.agent.ready()
            self._contact = self._room.agent.contact(self._brief)
        return self._contact

    async def _hang_up(self) -> None:
        contact, self._contact = self._contact, None
        if contact is not None:
            with suppress(Exception):  # what is over cannot fail any more
                await asyncio.wait_for(contact.aclose(), _GOODBYE_SECONDS)

    def _key(self, side: Side) -> str:
        return key_after(side, self._simulation, len(self._turns), self._history)

    def _add(self, role: Role, text: str, **more: Any) -> Turn:
        turn = Turn(index=len(self._turns), role=role, text=text, **more)
        self._turns.append(turn)
        self._history = extended(self._history, turn)
        return turn

    def _found(self, reading: Reading) -> tuple[Fault, ...]:
        """The customer's mistakes so far."""
        one = self._trial
        held = Held(one.case, one.persona, self._turns, self._moves, reading, self._room.decides, self._ended)
        return faults_of(held)

    def _played(self, found: Mapping[str, Any]) -> Played:
        return Played(
            self._trial,
            self._header.model_copy(update={"turns": tuple(self._turns)}),
            self._simulation.model_copy(update={"moves": tuple(self._moves), **found}),
            asked=sum(one.calls for one in self._asked),
            input_tokens=sum(one.input_tokens for one in self._asked),
            cached_tokens=sum(one.cached_tokens for one in self._asked),
            output_tokens=sum(one.output_tokens for one in self._asked),
        )


def _read(session: Session, turn: Turn) -> Reading:
    session.add(turn)
    return session.reading()
