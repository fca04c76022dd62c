"""The phrases of everything that answers no offer: there are enough for everyone, and they fit the words put in."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args

import pytest

from evalh.models.persona import SpeechStyle
from evalh.models.simulated import OFFER_ACTS, CustomerAct
from evalh.simulator.bank import Speaker, load_bank
from evalh.simulator.lines import Line

ACTS = [act for act in get_args(CustomerAct) if act not in OFFER_ACTS]
SLOTS = (
    "last4", "name", "date_of_birth", "email", "phone", "address", "postcode", "device", "since", "amount", "order",
    "which", "yes_no", "go_ahead",
)  # fmt: skip
OWN: dict[CustomerAct, tuple[str, ...]] = {"wait": ("hold",), "unsolved": ("cannot",), "question": ("stuck",)}
"""What has words of its own beside a fact that is asked for."""


@pytest.mark.parametrize("act", ACTS)
def test_everyone_has_something_to_say_in_every_mood_and_style(act: CustomerAct) -> None:
    slots = SLOTS if act in ("give", "cannot_give") else (None, *OWN.get(act, ()))
    for mood, style, channel, slot in product(range(-3, 4), get_args(SpeechStyle), ("chat", "voice"), slots):
        line = Line(act=act, mood=mood, slot=slot, value="8103", goal="pay the bill")
        fit = load_bank().fit(line, Speaker(style=style, channel=channel))
        assert len(fit) >= 4, (mood, style, channel, slot)
        assert all(_within(mood, phrase.entry.mood) for phrase in fit)


def _within(mood: int, span: tuple[int, int] | None) -> bool:
    return span is None or span[0] <= mood <= span[1]


def test_who_states_the_matter_says_what_it_is() -> None:
    assert [phrase.text for phrase in load_bank().phrases("state") if "{goal}" not in phrase.text] == []


def test_a_goal_comes_where_words_that_follow_to_fit() -> None:
    phrases = [phrase.text for act in ACTS for phrase in load_bank().phrases(act) if "{goal}" in phrase.text]
    assert [text for text in phrases if not re.search(r"\b(?:to|gotta|can|do I) \{goal\}", text)] == []


def test_a_fact_is_given_with_its_value() -> None:
    assert [phrase.text for phrase in load_bank().phrases("give") if "{value}" not in phrase.text] == []


def test_only_what_was_asked_for_is_given() -> None:
    for slot in SLOTS:
        fit = load_bank().fit(Line(act="give", slot=slot, value="x"), Speaker())
        assert {phrase.entry.slot for phrase in fit} == {slot}
