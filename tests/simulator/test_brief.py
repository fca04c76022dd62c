from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.simulator.playing import CASE, POLICIES, PROMPT, trial

from evalh.errors import BadConfig
from evalh.models import Case
from evalh.simulator.brief import brief_of, conversation_id, greeting_of, header_of, offers_on, seed_of
from evalh.testing import make_policy

OLD: dict[str, Any] = {
    "version": "1",
    "effective": {"from": "2026-10-01", "to": "2026-10-31"},
    "offers": [{"id": "OLD-ONE", "names": ["Old One"], "kind": "upsell"}],
}
BOTH = make_policy(OLD)


def dated(day: str | None) -> Case:
    started = f"{day}T10:00:00Z" if day else None
    return Case.model_validate({**CASE.model_dump(exclude_unset=True), "started_at": started})


@pytest.mark.parametrize(
    ("day", "as_of", "ids", "shown"),
    [
        ("2026-10-05", None, ["OLD-ONE"], "2026-10-05"),
        ("2026-10-05", date(2026, 11, 5), ["OLD-ONE"], "2026-10-05"),
        ("2026-11-05", None, ["FIBER-500", "TRAVEL-PASS"], "2026-11-05"),
        (None, date(2026, 10, 5), ["OLD-ONE"], "2026-10-05"),
        (None, None, ["FIBER-500", "TRAVEL-PASS"], None),
        ("2020-01-01", None, [], "2020-01-01"),
    ],
)
def test_the_offers_are_those_of_the_day(
    day: str | None, as_of: date | None, ids: list[str], shown: str | None
) -> None:
    brief = brief_of(trial(case=dated(day)), BOTH, 0, as_of)

    assert [offer["id"] for offer in brief.offers] == ids
    assert brief.date == shown


def test_an_offer_is_given_as_its_file_has_it() -> None:
    (offer,) = offers_on(make_policy(offers=[OLD["offers"][0]]), None)
    assert offer == {"id": "OLD-ONE", "names": ["Old One"], "kind": "upsell"}


def test_the_prompt_is_filled_from_the_case() -> None:
    brief = brief_of(trial(), POLICIES, 0, None)

    assert brief.system_prompt == "You are Nora. The plan: START"
    assert (brief.case, brief.customer, brief.channel, brief.language) == ("bill-01", {"plan": "START"}, "chat", "en")


def test_a_prompt_that_cannot_be_filled_is_an_error() -> None:
    one = trial(prompt=PROMPT.model_copy(update={"text": "{{customer.tariff}}"}))
    with pytest.raises(BadConfig, match=r"customer\.tariff"):
        brief_of(one, POLICIES, 0, None)


def test_a_greeting_is_filled_once_and_values_never_are() -> None:
    case = CASE.model_copy(update={"customer": {"plan": "{{offers}}"}})
    one = trial(case=case)
    assert greeting_of("Hello {{customer.plan}}!", one, brief_of(one, POLICIES, 0, None)) == "Hello {{offers}}!"


def test_the_seed_is_of_case_persona_trial_and_attempt_and_not_of_the_prompt() -> None:
    one = trial()
    other_prompt = replace(one, prompt=PROMPT.model_copy(update={"version": "v2", "text": "Other."}))
    others = [
        seed_of(replace(one, trial=1)),
        seed_of(replace(one, seed=1)),
        seed_of(replace(one, case=CASE.model_copy(update={"id": "bill-02"}))),
        seed_of(replace(one, persona=one.persona.model_copy(update={"id": "other"}))),
        seed_of(one, 1),
        seed_of(one, 2),
    ]

    assert seed_of(one) == seed_of(other_prompt) == brief_of(other_prompt, POLICIES, 0, None).seed
    assert len({seed_of(one), *others}) == 7
    assert all(0 <= seed < 2**31 for seed in others)


def test_conversations_are_called_by_case_version_and_later_trials_by_their_number() -> None:
    assert [conversation_id(trial(number)) for number in (0, 1, 12)] == [
        "bill-01.v1",
        "bill-01.v1.t1",
        "bill-01.v1.t12",
    ]
    assert conversation_id(replace(trial(), label="main")) == "bill-01.main"


def test_a_conversation_has_what_is_known_before_it() -> None:
    header = header_of(trial(1, case=dated("2026-11-05")))

    assert header.turns == ()
    assert header.started_at is not None
    assert header.started_at.date() == date(2026, 11, 5)
    assert (header.agent.name, header.agent.prompt_version) == ("care", "v1")
    assert header.prompt_sha256 == header.agent.prompt_sha256 == PROMPT.sha256
    assert (header.case, header.trial, header.persona) == ("bill-01", 1, "plain")
