"""The phrases that come with evalh are checked when they are read, and found for what is to be said."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from evalh.errors import InternalError
from evalh.models.persona import SpeechStyle
from evalh.models.simulated import OFFER_ACTS, CustomerAct
from evalh.simulator.bank import Bank, Entry, Speaker, bank_sha256, load_bank, weight
from evalh.simulator.lines import About, Line

PLAIN = Speaker()


def entry(act: CustomerAct | list[CustomerAct], *say: str, **fields: Any) -> Entry:
    return Entry.model_validate({"act": act, "say": list(say), **fields})


def texts(bank: Bank, line: Line, speaker: Speaker = PLAIN, part: Any = "core") -> list[str]:
    return [phrase.text for phrase in bank.fit(line, speaker, part)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("act", "shout"),
        ("styl", "hard"),
        ("style", "rude"),
        ("mood", [1, -1]),
        ("mood", [-4, 0]),
        ("speech", ["posh"]),
        ("say", []),
        ("say", [" "]),
        ("say", ["a line\nbreak"]),
        ("say", ["I'll pass on {product}."]),
        ("say", ["I'll pass on {offer.name}."]),
        ("say", ["{{offer}}"]),
    ],
)
def test_an_entry_that_is_wrong_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate({"act": "refuse", "say": ["no"], field: value})


def test_a_placeholder_needs_what_it_stands_for() -> None:
    bank = Bank((entry("refuse", "No {offer} for me.", "None of it."),))
    assert texts(bank, Line("refuse")) == ["None of it."]
    assert texts(bank, Line("refuse", offer_name=" ")) == ["None of it."]
    assert texts(bank, Line("refuse", offer_name="Fiber 500")) == ["No {offer} for me.", "None of it."]


def test_mood_style_and_channel_have_to_fit() -> None:
    bank = Bank(
        (
            entry("refuse", "furious", mood=[-3, -2]),
            entry("refuse", "hard", style="hard"),
            entry("refuse", "chatty", speech=["chatty"]),
            entry("refuse", "british", variety=["en-GB"]),
            entry("refuse", "spoken", channel="voice"),
            entry("refuse", "again", again=True),
            entry("refuse", "open", settled=False),
            entry("refuse", "settled", settled=True),
        )
    )
    assert texts(bank, Line("refuse")) == ["open"]
    assert texts(bank, Line("refuse", mood=-3, count=2)) == ["furious", "again", "open"]
    assert texts(bank, Line("refuse", style="hard", settled=True)) == ["hard", "settled"]
    assert texts(bank, Line("refuse"), Speaker("chatty", "en-GB", "voice")) == ["chatty", "british", "spoken", "open"]


def test_phrases_of_the_slot_come_before_those_for_any() -> None:
    bank = Bank((entry("give", "{value}"), entry("give", "it ends in {value}", slot="last4")))
    assert texts(bank, Line("give", slot="last4", value="4821")) == ["it ends in {value}"]
    assert texts(bank, Line("give", slot="order", value="A17")) == ["{value}"]
    assert texts(bank, Line("give", value="A17")) == ["{value}"]


def test_a_question_about_nothing_in_particular_may_be_about_anything() -> None:
    bank = Bank((entry("ask", "how much", about="price"), entry("ask", "tell me more")))
    assert texts(bank, Line("ask", about="price")) == ["how much"]
    assert texts(bank, Line("ask")) == ["how much", "tell me more"]
    assert texts(bank, Line("ask", about="term")) == ["tell me more"]


def test_where_nothing_suits_the_customer_the_act_still_has_words() -> None:
    bank = Bank((entry("wait", "hang on", speech=["chatty"]), entry(["wait"], "Hm,", part="opener")))
    assert texts(bank, Line("wait"), Speaker("terse")) == ["hang on"]
    assert texts(bank, Line("thank"), part="tail") == []
    with pytest.raises(InternalError, match="thank"):
        bank.fit(Line("thank"), PLAIN)


def test_what_is_made_for_this_mood_and_customer_is_likelier() -> None:
    bank = Bank((entry("refuse", "no"), entry("refuse", "no!", mood=[-3, -1]), entry("refuse", "nah", speech="terse")))
    line = Line("refuse", mood=-2)
    weights = {phrase.text: weight(phrase, line) for phrase in bank.phrases("refuse")}
    assert weights["no"] < weights["no!"] < weights["nah"]


LEAST = {"accept": 60, "defer": 60, "deflect": 60, "object": 60, "ask": 40, "reopen": 30, "ignore": 30}


def test_there_are_many_ways_to_answer_an_offer() -> None:
    bank = load_bank()
    assert {act: len(bank.phrases(act)) >= least for act, least in LEAST.items()} == dict.fromkeys(LEAST, True)  # type: ignore[arg-type]
    styles = Counter(phrase.entry.style for phrase in bank.phrases("refuse"))
    assert styles["hard"] >= 60
    assert styles["polite"] >= 60


@pytest.mark.parametrize("act", OFFER_ACTS)
def test_everyone_can_answer_an_offer_in_every_mood(act: CustomerAct) -> None:
    styles = ("hard", "polite") if act == "refuse" else (None,)
    abouts = get_args(About) if act == "ask" else (None,)
    every = product(range(-3, 4), get_args(SpeechStyle), ("chat", "voice"), (True, False), styles, abouts)
    for mood, speech, channel, settled, style, about in every:
        line = Line(act, mood=mood, settled=settled, style=style, about=about)  # type: ignore[arg-type]
        assert len(load_bank().fit(line, Speaker(speech, channel=channel))) >= 4, line


def test_who_comes_back_to_an_offer_or_deflects_says_neither_yes_nor_no() -> None:
    for act in ("deflect", "reopen", "ask", "ignore"):
        first = [phrase.text.lower().split()[0].strip(".,!") for phrase in load_bank().phrases(act)]
        assert not {"no", "nope", "nah"} & set(first), act


def test_the_digest_is_of_all_files() -> None:
    assert len(bank_sha256()) == 64
    assert {phrase.entry.act[0] for act in get_args(CustomerAct) for phrase in load_bank().phrases(act)}
