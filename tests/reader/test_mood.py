"""The mood of a customer turn; and turns that only sound upset or pleased."""

from __future__ import annotations

import pytest

from evalh.models import Mood, Turn
from evalh.reader.mood import CARRIED, read_mood
from evalh.reader.view import TurnView


def mood(text: str, previous: Mood | None = None) -> Mood:
    fact = read_mood(TurnView(Turn(index=3, role="customer", text=text)), previous)
    assert fact is not None
    return fact


@pytest.mark.parametrize(
    "text",
    [
        "this is the third time i'm calling about the same charge",
        "uh i've called like four times already and nobody calls me back",
        "This is ridiculous.",
        "Are you kidding me?",
        "Great, just great.",
        "Oh wonderful, another offer.",
        "I've been on hold for an hour.",
        "nobody helps over there",
        "forget it",
        "WHY IS THIS STILL BROKEN!",
        "I already told you my account number.",
        "you're not listening",
        "just fix it",
        "i said no",
        "stop trying to sell me stuff",
        "I'm sick of this.",
        "what part of no don't you understand",
        "thanks for nothing",
        "You people are useless.",
        "i want to speak to a supervisor",
        "how many times do i have to explain this",
        "im so fed up with this bank",
        "I didn't call to buy anything, my flight got cancelled!",
        "this is bullshit",
        "You keep asking me the same thing.",
        "worst airline ever",
        "it's the fourth agent i've talked to today",
        "why is it so hard to get an answer",
    ],
)
def test_an_upset_customer_is_frustrated(text: str) -> None:
    assert mood(text).mood == "frustrated"


@pytest.mark.parametrize(
    "text",
    [
        "my bill looks high this month",
        "The wifi drops every evening around nine.",
        "that camera is crazy good",
        "no worries",
        "no thanks, i don't want it",
        "you guys charged me twice for the activation",
        "I'd like to cancel my subscription, please.",
        "the second time slot works for me",
        "i called twice yesterday to change the seat",
        "I'm not upset, just wondering.",
        "don't forget it needs a signature",
        "Give me just a minute.",
        "My card was stolen and someone spent $300.",
        "it still doesn't work after the restart",
        "whatever works for you",
        "I live on Grand Avenue, apartment 4B",
        "USB C OR HDMI",
        "um yeah the account number is four four seven one",
        "sorry that took me so long",
        "how long does shipping usually take?",
    ],
)
def test_a_problem_or_a_refusal_stated_calmly_is_calm(text: str) -> None:
    assert mood(text).mood == "calm"


@pytest.mark.parametrize(
    "text",
    [
        "That's perfect.",
        "awesome thanks so much",
        "You've been great.",
        "oh that works perfectly thank you so much",
        "I'm really happy with that.",
        "Wow, that was quick and easy!",
        "you're the best",
        "I was so annoyed this morning, but you've been amazing.",
    ],
)
def test_a_pleased_customer_is_satisfied(text: str) -> None:
    assert mood(text).mood == "satisfied"


@pytest.mark.parametrize("text", ["I'm not happy with that.", "It would be great if you could look.", "not perfect"])
def test_a_pleased_word_alone_does_not_satisfy(text: str) -> None:
    assert mood(text).mood != "satisfied"


def test_a_turn_that_shows_nothing_is_calm_with_moderate_confidence() -> None:
    assert mood("it's on Elm Street").confidence == 0.6


def test_the_upset_is_taken_over_once_and_unsurely() -> None:
    upset = mood("this is ridiculous")
    still = mood("ok", upset)
    assert (still.mood, still.confidence, still.reason) == ("frustrated", 0.4, CARRIED)
    assert mood("ok", still).mood == "calm"


def test_a_word_of_ease_ends_the_upset() -> None:
    assert mood("no worries, take your time", mood("this is ridiculous")).mood == "calm"


def test_the_reason_names_the_rule_and_the_quote_is_the_original_text() -> None:
    text = "Look… You’re NOT listening."
    fact = mood(text)
    assert fact.reason.startswith("not_heard")
    assert text[fact.start : fact.end] == fact.quote == "You’re NOT listening"


@pytest.mark.parametrize("turn", [Turn(role="customer", text="mm-hm", backchannel=True), Turn(role="customer")])
def test_a_turn_in_which_nothing_is_heard_has_no_mood(turn: Turn) -> None:
    assert read_mood(TurnView(turn), None) is None


def test_a_feed_in_capitals_is_no_shouting() -> None:
    assert mood("MY ACCOUNT NUMBER IS FOUR FOUR SEVEN ONE").mood == "calm"


def test_being_ignored_by_somebody_else_is_no_anger_at_the_agent() -> None:
    assert mood("i thought she was ignoring me ha").mood != "frustrated"
    assert mood("you keep ignoring me").mood == "frustrated"


def test_praise_of_the_service_as_always_is_no_joy() -> None:
    assert mood("amazing support as always, three hours on hold").mood != "satisfied"


def test_a_polite_wish_to_get_it_fixed_is_no_demand() -> None:
    assert mood("can we just fix my bill").mood == "calm"
    assert mood("could you just fix it please").mood == "calm"
    assert mood("just fix it already").mood == "frustrated"
    assert mood("great service, thank you").mood == "satisfied"
