"""What both sides know before a conversation begins: the agent's brief, and the header of the conversation.

Everything here follows from the trial, the attempt and the policy; filling the prompt is left to the agents.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from evalh.agents.prompt import filled
from evalh.agents.protocol import Brief
from evalh.models import AgentInfo, Conversation, Json, PolicySet
from evalh.simulator.protocol import Trial
from evalh.simulator.seeds import dealt


def brief_of(trial: Trial, policies: PolicySet, attempt: int, as_of: date | None) -> Brief:
    """What the agent is told. `as_of` is the day of a case without a date; without both the newest offers are given.

    On a day that no version of the policy covers there is nothing to offer.
    """
    case, day = trial.case, day_of(trial, as_of)
    offers, shown = offers_on(policies, day), day.isoformat() if day is not None else None
    return Brief(
        conversation_id=conversation_id(trial),
        case=case.id,
        trial=trial.trial,
        seed=seed_of(trial, attempt),
        prompt_version=trial.version,
        system_prompt=filled(trial.prompt, case, offers, conversation_day=shown),
        parameters=trial.prompt.parameters,
        customer=case.customer,
        offers=offers,
        tools=case.tools,
        channel=case.channel,
        language=case.language,
        date=shown,
    )


def greeting_of(greeting: str, trial: Trial, brief: Brief) -> str:
    """The agent's first turn with its placeholders filled, as those of the prompt are."""
    said = trial.prompt.model_copy(update={"text": greeting})
    return filled(said, trial.case, brief.offers, conversation_day=brief.date)


def header_of(trial: Trial) -> Conversation:
    """The conversation before its first turn."""
    case, prompt = trial.case, trial.prompt
    return Conversation(
        id=conversation_id(trial),
        channel=case.channel,
        language=case.language,
        started_at=case.started_at,
        agent=AgentInfo(name=prompt.agent, prompt_version=trial.version, prompt_sha256=prompt.sha256),
        persona=trial.persona.id,
        facets=case.facets,
        customer=case.customer,
        turns=(),
        case=case.id,
        trial=trial.trial,
        prompt_sha256=prompt.sha256,
    )


def seed_of(trial: Trial, attempt: int = 0) -> int:
    """The seed of case, persona and trial, the same for every prompt version; each attempt has another."""
    again = (attempt,) if attempt else ()
    return dealt(trial.seed, trial.case.id, trial.persona.id, trial.trial, *again)


def conversation_id(trial: Trial) -> str:
    """The name of case and prompt version, and of the trial after the first: ``CASE.VERSION.t2``."""
    base = f"{trial.case.id}.{trial.version}"
    return f"{base}.t{trial.trial}" if trial.trial else base


def day_of(trial: Trial, as_of: date | None) -> date | None:
    """The day of the contact; None: any."""
    started = trial.case.started_at
    return started.date() if started is not None else as_of


def offers_on(policies: PolicySet, day: date | None) -> tuple[Mapping[str, Json], ...]:
    """The offers of the version in force, as its file has them; none where no version is."""
    found = policies.in_force(day)
    if found is None:
        return ()
    return tuple(offer.model_dump(mode="json", by_alias=True, exclude_unset=True) for offer in found.policy.offers)
