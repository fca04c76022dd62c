"""A customer's voice: the same to every agent, never twice the same words while there are others."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalh.models import Persona
from evalh.models.persona import RefusalStyle, SpeechStyle
from evalh.models.simulated import OFFER_ACTS, CustomerAct
from evalh.simulator.bank import Speaker, load_bank
from evalh.simulator.lines import Line
from evalh.simulator.phrase import Voice

QUIET = {"disfluency": "none", "asr_noise": "none"}


def persona(**speech: str) -> Persona:
    return Persona.model_validate(
        {"schema": "evalh.persona/1", "id": "p", "name": "P", "speech": {**QUIET, "style": "formal", **speech}}
    )


def voice(seed: int = 1, **speech: str) -> Voice:
    return Voice(persona(**speech), seed)


def refusal(count: int, **fields: Any) -> Line:
    return Line("refuse", style="polite", count=count, **fields)


def test_the_same_seed_says_the_same_whatever_was_said_between() -> None:
    one, other = voice(style="chatty"), voice(style="chatty")
    first = [one.words([refusal(1)], 3), one.words([refusal(2)], 5)]
    other_first = other.words([refusal(1)], 7)
    other.words([Line("ask", about="price")], 9)
    other.words([Line("unsolved")], 11)
    assert first == [other_first, other.words([refusal(2)], 13)]


def test_other_seeds_and_other_personas_speak_otherwise() -> None:
    said = {voice(seed, style="plain").words([refusal(1)], 1) for seed in range(40)}
    assert len(said) >= 15
    twin = persona(style="plain").model_copy(update={"id": "q"})
    assert any(
        voice(seed, style="plain").words([refusal(1)], 1) != Voice(twin, seed).words([refusal(1)], 1)
        for seed in range(5)
    )


def test_a_customer_turns_things_down_sixty_times_in_other_words() -> None:
    one = voice(style="plain")
    said = [one.words([Line("refuse", style="hard", count=1, mood=-1)], turn) for turn in range(50)]
    assert len(set(said)) == 50


def test_when_all_is_said_it_begins_again() -> None:
    one = voice(style="plain")
    say = ("first way", "second way")
    said = [one.words([Line("tell", say=say, item="a")], turn).lower().rstrip(".") for turn in range(4)]
    assert sorted(said[:2]) == sorted(said[2:]) == list(say)


def test_words_of_persona_or_case_are_said_as_they_are() -> None:
    assert voice(style="formal").words([Line("tell", say=("This is my second call about {goal}.",), goal="x")], 2) == (
        "This is my second call about x."
    )


def test_words_that_lack_what_they_need_are_left_for_those_of_the_bank() -> None:
    words = voice().words([Line("complain", say=("I want {value}!",))], 2)
    assert "{" not in words
    assert words


def test_what_is_put_in_is_not_looked_at_again() -> None:
    own = ("I have {offer}, I need {value}, I want to {goal}.",)
    line = Line("tell", say=own, offer_name="{value}", value="{goal}", goal="{offer}")
    assert voice().words([line], 2) == "I have {value}, I need {goal}, I want to {offer}."


@pytest.mark.parametrize("name", ["the {0} plan", "{0.__class__}", "%s", "\\1", "$1", "[red]x[/red]"])
def test_a_name_is_never_a_template(name: str) -> None:
    said = voice().words([Line("tell", say=("I took {offer} once.",), offer_name=name)], 2)
    assert said == f"I took {name.removeprefix('the ')} once."


@pytest.mark.parametrize(
    ("name", "said"), [("the gig plan", "gig plan"), ("an extra line", "extra line"), ("The", "The")]
)
def test_an_offer_is_named_without_its_article(name: str, said: str) -> None:
    assert voice().words([Line("tell", say=("No {offer} for me.",), offer_name=name)], 2) == f"No {said} for me."


def test_a_fact_is_in_the_words_as_it_is() -> None:
    for seed in range(30):
        for value in ("4821", "maria@example.com", "12 Elm Street, Apt 4B"):
            said = voice(seed, style="chatty", variety="en-x-pl").words([Line("give", slot="other", value=value)], 2)
            assert value in said


def test_who_has_nothing_to_give_says_so_and_a_case_without_a_goal_is_stated() -> None:
    assert voice().words([Line("give", slot="last4", value=" ")], 2)
    assert "help" in voice().words([Line("state")], 0).lower()


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("how long will it take", "How long will it take?"),
        ("so what's the status", "So what's the status?"),
        ("what a day", "What a day."),
        ("that is all", "That is all."),
        ("really?!", "Really?!"),
    ],
)
def test_a_phrase_without_a_mark_gets_one(own: str, said: str) -> None:
    assert voice().words([Line("chat", say=(own,))], 2) == said.replace("what's", "what is")


def test_several_lines_are_sentences_one_after_the_other() -> None:
    for seed in range(60):
        said = voice(seed, style="plain").words([refusal(1), Line("question")], 3)
        assert said[-1] in ".?!" or said == said.lower()
        assert " ." not in said
        assert ".." not in said.replace("...", "")
        assert "{" not in said
    assert voice().words([], 3) == ""


def test_terse_customers_say_less_than_rambling_ones() -> None:
    def length(style: str) -> int:
        return sum(len(voice(seed, style=style).words([refusal(1)], 1).split()) for seed in range(60))

    assert length("terse") < length("plain") < length("rambling")


def test_openers_and_tails_do_not_repeat_the_words_of_the_core() -> None:
    for seed in range(200):
        said = voice(seed, style="rambling").words([refusal(1)], 1).lower()
        assert said.count("thank") <= 2
        assert not said.startswith(("well, well", "oh, oh", "um, um"))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(get_args(CustomerAct)),
    st.sampled_from(get_args(SpeechStyle)),
    st.tuples(st.integers(-3, 3), st.integers(1, 3), st.sampled_from([None, "Fiber 500"]), st.booleans()),
    st.sampled_from(["chat", "voice", "email", "sms"]),
    st.integers(0, 2**31 - 1),
)
def test_everything_can_be_said(
    act: CustomerAct, style: str, line: tuple[int, int, str | None, bool], channel: str, seed: int
) -> None:
    mood, count, name, settled = line
    said_of = Line(act, mood=mood, count=count, offer_name=name, settled=settled, value="4821", goal="pay the bill")
    said = voice(seed, style=style, disfluency="high", asr_noise="high").words([said_of], count, channel)
    assert said.strip() == said
    assert said
    assert "{" not in said


def test_two_customers_seldom_sound_alike() -> None:
    """Over many customers the words of an answer are spread over the bank, and no phrase is everybody's."""
    for act in OFFER_ACTS:
        cores = len(load_bank().phrases(act))
        said = [
            voice(seed, style="plain").words([Line(act, offer_name="Fiber 500", goal="pay the bill")], 1)
            for seed in range(100)
        ]
        assert len(set(said)) >= min(20, cores // 3), act
        assert max(said.count(one) for one in said) <= 20, act


def test_a_question_mark_follows_the_last_sentence() -> None:
    own = "Do you not have this in front of you? I want to pay the bill"
    assert voice().words([Line("detail", say=(own,))], 0).endswith("I want to pay the bill.")


def test_yes_and_no_begin_sentences_as_other_words_do() -> None:
    for seed in range(30):
        said = voice(seed).words([Line("give", slot="yes_no", value="yes")], 0)
        assert said[0].isupper(), said


@pytest.mark.parametrize("variety", ["en-US", "en-GB", "en-IE", "en-AU"])
def test_a_variety_has_no_words_of_another(variety: str) -> None:
    others = {
        "en-US": "hiya ta-ra sod hooroo g'day ripper grand aye cheers brilliant",
        "en-GB": "howdy hooroo g'day ripper",
        "en-IE": "howdy hooroo g'day ripper ta-ra",
        "en-AU": "howdy aye ta-ra",
    }[variety].split()
    speaker = Speaker("plain", variety)
    for act in get_args(CustomerAct):
        for mood in range(-3, 4):
            style: RefusalStyle | None = "polite" if act == "refuse" else None
            line = Line(act, mood=mood, offer_name="Plan", value="x", goal="pay", style=style)
            for phrase in load_bank().fit(line, speaker):
                assert not set(others) & set(re.findall(r"[\w'-]+", phrase.text.lower())), phrase.text


@pytest.mark.parametrize("style", ["plain", "terse", "brisk", "chatty"])
def test_lines_that_are_typed_do_not_run_together(style: str) -> None:
    who = Persona.model_validate({"id": "p", "name": "P", "speech": {"style": style, "disfluency": "none"}})
    fact = Line("give", slot="last4", value="3477", goal="get it fixed")
    for seed in range(60):
        text = Voice(who, seed).words([fact, Line("tell", say=("Quincy is here.",))], 1)
        assert text.lower().partition(" quincy")[0][-1:] in ".!?", text
