"""The scripted customer as it is used: words with their moves, the same from the same seed."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from tests.simulator.minding import LEXICON, POLICIES, case, persona

from evalh.agents.protocol import Brief
from evalh.models import Conversation, Prompt, Turn
from evalh.reader.local import LocalReader
from evalh.simulator.protocol import Said, Trial
from evalh.simulator.scripted import ScriptedCustomers, policy_on, source_sha256
from evalh.testing import make_policy

READER = LocalReader(rules_only=True)
AGENT = ("Could I have your name?", "Would you like me to add Fiber 500 for $49.99 a month?", "That's been removed.")


def prompt(version: str) -> Prompt:
    return Prompt.model_validate({"agent": "care", "version": version, "text": f"You are Nora, {version}."})


def brief(version: str, day: str | None = None) -> Brief:
    return Brief("c", "c-1", 0, 1, version, "You are Nora.", date=day)


def played(version: str = "v1", attempt: int = 0, trial: int = 0, seed: int = 0, **about: Any) -> list[Said]:
    customers = ScriptedCustomers(LEXICON, POLICIES)
    one = Trial(prompt(version), case(**about), persona(), trial, seed)
    customer = customers.customer(one, attempt, brief(version))
    session = READER.session(Conversation(id="c", turns=()), LEXICON)
    turns: list[Turn] = []
    said: list[Said] = []

    def add(role: Any, text: str) -> None:
        turns.append(Turn(index=len(turns), role=role, text=text))
        session.add(turns[-1])

    for number in range(30):
        said.append(asyncio.run(customer.say(turns, session.reading())))
        add("customer", said[-1].text)
        if said[-1].ended:
            break
        add("agent", AGENT[number % len(AGENT)])
    asyncio.run(customers.aclose())
    return said


def test_words_and_moves_come_together() -> None:
    said = played()
    assert said[-1].ended
    assert all(one.text.strip() and one.moves for one in said)
    assert [move.act for move in said[0].moves][:1] == ["state"]
    assert [(move.act, move.item) for move in said[1].moves][:1] == [("give", "name")]
    assert [(move.act, move.offer) for move in said[2].moves][:1] == [("refuse", "FIBER-500")]
    assert [move.turn for one in said for move in one.moves[:1]] == [2 * at for at in range(len(said))]
    assert all(one.calls == 0 for one in said)


def test_the_same_seed_says_the_same_to_every_prompt_version() -> None:
    assert played("v1") == played("v1") == played("v2")


def test_another_seed_trial_attempt_or_case_is_another_customer() -> None:
    first = [one.text for one in played()]
    others = [played(seed=1), played(trial=1), played(attempt=1), played(id="c-2")]
    assert all([one.text for one in other] != first for other in others)


def test_the_policy_of_the_day_is_the_one_that_is_known() -> None:
    policies = make_policy({"version": "1", "effective": {"from": "2026-01-01", "to": "2026-10-31"}})

    def version(day: str | None, as_of: date | None = None) -> str | None:
        found = policy_on(policies, day, as_of)
        return found.version if found is not None else None

    assert version("2026-03-01") == "1"
    assert version(None) == "2"
    assert version(None, date(2026, 3, 1)) == "1"
    assert version("2020-01-01") is None


def test_the_digest_is_of_everything_that_decides_or_speaks() -> None:
    assert ScriptedCustomers(LEXICON, POLICIES).sha256 == source_sha256()
    assert len(source_sha256()) == 64
