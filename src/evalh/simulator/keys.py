"""The keys of replies: a digest of all that a reply depends on, so that a reply that is known is never asked for again.

What a prompt version is called is no part of it, only its digest: the same prompt at a git ref has the same keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal

from evalh.agents.protocol import Brief
from evalh.models import Simulation, Turn, canonical_json, digest
from evalh.simulator.protocol import Trial

Side = Literal["agent", "customer"]
BEGINNING = ""
"""The history before the first turn."""
_KEY_DIGITS = 32
_NAMES = ("conversation_id", "prompt_version")


def simulation_of(trial: Trial, attempt: int, brief: Brief, *, agent_sha256: str, customer_sha256: str) -> Simulation:
    """Whose conversation it is, before its first turn."""
    return Simulation(
        case=trial.case.id,
        persona=trial.persona.id,
        trial=trial.trial,
        attempt=attempt,
        seed=trial.seed,
        prompt_version=trial.version,
        prompt_sha256=trial.prompt.sha256,
        agent_sha256=agent_sha256,
        customer_sha256=customer_sha256,
        situation_sha256=situation_sha256(trial, brief),
    )


def situation_sha256(trial: Trial, brief: Brief) -> str:
    """The digest of what both sides know before they speak: case, persona, and what the agent is told."""
    told = {name: value for name, value in vars(brief).items() if name not in _NAMES}
    case = trial.case.model_dump(mode="json", exclude={"template", "metadata"})
    persona = trial.persona.model_dump(mode="json", by_alias=True)
    return digest([case, persona, {**told, "seed": None}])


def reply_key(side: Side, simulation: Simulation, turn: int, turns: Sequence[Turn]) -> str:
    """The key of what `side` says as turn number `turn`, after `turns`; 32 hex digits."""
    return key_after(side, simulation, turn, history(turns))


def key_after(side: Side, simulation: Simulation, turn: int, before: str) -> str:
    """As `reply_key`, for turns whose history is known."""
    who = simulation.agent_sha256 if side == "agent" else simulation.customer_sha256
    one = simulation
    depends = [one.prompt_sha256, who, one.situation_sha256, one.case, one.persona, one.seed, one.trial, one.attempt]
    return _digest([side, *depends, turn, before])[:_KEY_DIGITS]


def history(turns: Iterable[Turn]) -> str:
    """The digest of what was said and done so far."""
    found = BEGINNING
    for turn in turns:
        found = extended(found, turn)
    return found


def extended(before: str, turn: Turn) -> str:
    """The history with one more turn."""
    calls = [call.model_dump(mode="json") for call in turn.tool_calls]
    return _digest([before, turn.role, turn.text, calls])


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()
