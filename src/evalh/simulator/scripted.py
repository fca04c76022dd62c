"""The scripted customer: the persona's mind with a voice of its own; no model, no network, the same from its seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files

from evalh.agents.protocol import Brief
from evalh.models import Case, Lexicon, Move, OfferPolicy, Persona, PolicySet, Reading, Turn
from evalh.simulator.decide import Decision, Mind
from evalh.simulator.lines import Line
from evalh.simulator.phrase import Voice
from evalh.simulator.protocol import Said, Trial
from evalh.simulator.seeds import dealt

VERSION = "1"
_ELSEWHERE = frozenset({
    "ask.py", "brief.py", "check.py", "desk.py", "faults.py", "keys.py", "model.py", "model_prompt.py", "pending.py",
    "protocol.py", "recordings.py", "stage.py", "talk.py", "transcripts.py",
})  # fmt: skip
"""The modules of this package on which a scripted customer's turns do not depend."""


class ScriptedCustomer:
    """The customer of one conversation."""

    def __init__(self, persona: Persona, case: Case, lexicon: Lexicon, policy: OfferPolicy | None, seed: int) -> None:
        self._mind = Mind(persona, case, lexicon, policy, seed)
        self._voice = Voice(persona, seed)
        self._channel = case.channel
        self._turn = 0

    async def say(self, turns: Sequence[Turn], reading: Reading, kept: Said | None = None) -> Said:  # noqa: ARG002 - of the protocol
        """The next turn; what was said before is worked out again."""
        decision = self._mind.next(turns, reading)
        text = self._voice.words(decision.lines, self._turn, self._channel)
        self._turn += 1
        return Said(text, moves_of(decision, len(turns)), decision.ended)


class ScriptedCustomers:
    """Makes the customers of a run from their personas; `policies` say what the offers are that they hear of."""

    def __init__(self, lexicon: Lexicon, policies: PolicySet, as_of: date | None = None) -> None:
        self._lexicon = lexicon
        self._policies = policies
        self._as_of = as_of

    @property
    def sha256(self) -> str:
        """The digest of code and phrases."""
        return source_sha256()

    def customer(self, trial: Trial, attempt: int, brief: Brief) -> ScriptedCustomer:
        """The customer of a trial; another attempt is another seed."""
        seed = customer_seed(trial, attempt)
        policy = policy_on(self._policies, brief.date, self._as_of)
        return ScriptedCustomer(trial.persona, trial.case, self._lexicon, policy, seed)

    async def aclose(self) -> None:
        """Nothing is held."""


def customer_seed(trial: Trial, attempt: int) -> int:
    """The seed of a customer: the same for every prompt version."""
    return dealt(trial.seed, "customer", trial.case.id, trial.persona.id, trial.trial, attempt)


def policy_on(policies: PolicySet, day: str | None, as_of: date | None) -> OfferPolicy | None:
    """The policy version of the contact's day; without one, of `as_of`, else the newest."""
    found = policies.in_force(date.fromisoformat(day) if day else as_of)
    return found.policy if found is not None else None


def moves_of(decision: Decision, turn: int) -> tuple[Move, ...]:
    """What was meant in the customer's turn of that index."""
    return tuple(_move(line, turn) for line in decision.lines)


def _move(line: Line, turn: int) -> Move:
    return Move(turn=turn, act=line.act, offer=line.offer, item=line.item or line.slot)


@cache
def source_sha256() -> str:
    """The digest of everything a scripted customer's turns depend on beside persona, case and seed."""
    from evalh.simulator.bank import bank_sha256

    package = files("evalh.simulator")
    places = [item for folder in (package, package.joinpath("lexicons")) for item in folder.iterdir()]
    content = hashlib.sha256(f"{VERSION}\0{bank_sha256()}".encode())
    for item in sorted(places, key=lambda item: item.name):
        if item.name.endswith((".py", ".yaml")) and item.name not in _ELSEWHERE:
            content.update(item.name.encode() + b"\0" + item.read_bytes().replace(b"\r\n", b"\n"))
    return content.hexdigest()
