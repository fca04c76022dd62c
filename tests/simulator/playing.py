"""Fakes for conversations: an agent, customers and recordings that say what a test wants, and how they are put on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalh.agents.protocol import AgentFailed, AgentReply, Brief
from evalh.errors import UserError
from evalh.llm import Budget
from evalh.models import Case, Failure, Lexicon, Move, Persona, PolicySet, Prompt, Reading, SimulationConfig, Turn
from evalh.reader.local import LocalReader
from evalh.simulator.protocol import Played, Said, Trial
from evalh.simulator.stage import Stage
from evalh.testing import make_policy

POLICIES: PolicySet = make_policy()
LEXICON = Lexicon.of(POLICIES.versions)
READER = LocalReader(rules_only=True)
PERSONA = Persona.model_validate({"id": "plain", "name": "Plain", "goal": "get it fixed"})
CASE = Case.model_validate(
    {
        "id": "bill-01",
        "persona": "plain",
        "goal": "get the wrong charge off the bill",
        "facets": {"intent": "billing_dispute"},
        "customer": {"plan": "START"},
    }
)
PROMPT = Prompt.model_validate({"agent": "care", "version": "v1", "text": "You are Nora. The plan: {{customer.plan}}"})
SCRIPT = (
    ("There is a wrong charge on my bill.", "state"),
    ("The last four are 4409.", "give"),
    ("Great, that is sorted then.", "solved"),
    ("Thanks, goodbye.", "goodbye"),
)
Line = tuple[str, str]


def trial(number: int = 0, case: Case = CASE, persona: Persona = PERSONA, prompt: Prompt = PROMPT) -> Trial:
    return Trial(prompt, case, persona, number)


def trials(count: int) -> list[Trial]:
    return [trial(case=CASE.model_copy(update={"id": f"case-{number:03}"})) for number in range(count)]


def raising(class_: str = "raised", message: str = "ValueError: no") -> Callable[[Sequence[Turn], Brief], AgentReply]:
    def fail(_: Sequence[Turn], __: Brief) -> AgentReply:
        raise AgentFailed(Failure.model_validate({"class": class_, "message": message}))

    return fail


@dataclass
class FakeAgent:
    """Says `says(turns, brief)`, a text or a whole reply, after `latency` seconds."""

    says: Callable[[Sequence[Turn], Brief], str | AgentReply] = lambda turns, _: f"Let me look, step {len(turns)}."
    latency: float = 0.0
    concurrency: int = 256
    id: str = "function:fake"
    sha256: str = "a" * 64
    asked: list[tuple[str, int]] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0
    gone: bool = False

    def ready(self) -> None:
        pass

    def contact(self, brief: Brief) -> FakeContact:
        self.contacts.append(brief.conversation_id)
        return FakeContact(self, brief)

    async def aclose(self) -> None:
        self.gone = True


@dataclass
class FakeContact:
    agent: FakeAgent
    brief: Brief

    async def reply(self, turns: Sequence[Turn]) -> AgentReply:
        agent = self.agent
        agent.asked.append((self.brief.conversation_id, len(turns)))
        agent.in_flight += 1
        agent.peak = max(agent.peak, agent.in_flight)
        try:
            await asyncio.sleep(agent.latency)
            said = agent.says(turns, self.brief)
        finally:
            agent.in_flight -= 1
        return said if isinstance(said, AgentReply) else AgentReply(said)

    async def aclose(self) -> None:
        self.agent.closed.append(self.brief.conversation_id)


@dataclass
class FakeCustomers:
    """Say the lines of `script` in turn, and end with the last. `attempts`: other scripts for later attempts."""

    script: Sequence[Line] = SCRIPT
    attempts: Sequence[Sequence[Line]] = ()
    calls: int = 0
    sha256: str = "c" * 64
    readings: list[Reading] = field(default_factory=list)
    kept: list[Said | None] = field(default_factory=list)
    gone: bool = False

    def customer(self, one: Trial, attempt: int, brief: Brief) -> FakeCustomer:
        script = self.attempts[attempt] if attempt < len(self.attempts) else self.script
        return FakeCustomer(self, script)

    async def aclose(self) -> None:
        self.gone = True


@dataclass
class FakeCustomer:
    customers: FakeCustomers
    script: Sequence[Line]
    said: int = 0

    async def say(self, turns: Sequence[Turn], reading: Reading, kept: Said | None = None) -> Said:
        text, act = self.script[min(self.said, len(self.script) - 1)]
        self.said += 1
        self.customers.readings.append(reading)
        self.customers.kept.append(kept)
        if kept is not None:
            return kept
        move = Move.model_validate({"turn": 0, "act": act})
        return Said(text, (move,), self.said >= len(self.script), calls=self.customers.calls)


@dataclass
class FakeRecordings:
    mode: str = "normal"
    replies: dict[str, AgentReply] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)
    over: list[list[Played]] = field(default_factory=list)

    def agent(self, key: str) -> AgentReply | None:
        return self.replies.get(key)

    def customer(self, key: str) -> Said | None:
        return self.said.get(key)

    def keep_agent(self, key: str, reply: AgentReply) -> None:
        self.replies[key] = reply

    def keep_customer(self, key: str, said: Said) -> None:
        self.said[key] = said

    def missing(self, one: Trial, turn: int, simulation: Any = None) -> UserError:
        return UserError(f"turn {turn} of {one.case.id} is not recorded")

    def played(self, attempts: list[Played]) -> None:
        self.over.append(attempts)


def stage(
    agent: FakeAgent | None = None,
    customers: Any = None,
    recordings: Any = None,
    *,
    config: SimulationConfig | None = None,
    budget: Budget | None = None,
    **more: Any,
) -> Stage:
    return Stage(
        agent or FakeAgent(),
        customers or FakeCustomers(),
        READER,
        LEXICON,
        POLICIES,
        config or SimulationConfig(),
        recordings if recordings is not None else FakeRecordings(),
        budget=budget or Budget(),
        **more,
    )


def play(*given: Any, these: Iterable[Trial] | None = None, **more: Any) -> list[Played]:
    """All conversations of a stage that is put on so."""
    on = stage(*given, **more)
    try:
        return list(on.play(these if these is not None else [trial()]))
    finally:
        on.close()


def play_one(*given: Any, **more: Any) -> Played:
    (played,) = play(*given, **more)
    return played


def config(**fields: Any) -> SimulationConfig:
    return SimulationConfig.model_validate(fields)


def by_model(**fields: Any) -> SimulationConfig:
    customer = {"kind": "model", "model": "m", "base_url": "http://127.0.0.1:1/v1", "api_key_env": None}
    return config(customer={**customer, **fields})
