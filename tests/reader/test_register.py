"""The register of an agent turn and the floor of courtesy."""

from __future__ import annotations

import pytest

from evalh.models import Mood, Register, Turn
from evalh.reader.register import read_courtesy, read_register
from evalh.reader.view import TurnView

UPSET = Mood(turn=1, mood="frustrated", confidence=0.9)


def view(text: str) -> TurnView:
    return TurnView(Turn(index=2, role="agent", text=text))


def register(text: str, mood: Mood | None = None, *before: str) -> Register:
    return read_register(view(text), mood, before)


@pytest.mark.parametrize(
    "text",
    [
        "I'm so sorry you've had to call three times about this.",
        "I can see why that's frustrating.",
        "That must be stressful with a baby in the house.",
        "You shouldn't have had to wait that long.",
        "I'm very sorry for your loss.",
        "I'd be upset too if that happened to me.",
        "oh that sounds really stressful let me fix it",
        "I completely understand how worrying this is.",
        "You're right, that's our mistake.",
    ],
)
def test_naming_the_trouble_is_empathetic(text: str) -> None:
    assert register(text).register_ == "empathetic"


@pytest.mark.parametrize(
    "text",
    [
        "Sorry for the inconvenience.",
        "Sorry, I didn't catch that.",
        "Your bill is $42.10 and it is due on Friday.",
        "It's hard to say when the part arrives.",
        "Could you confirm the last four digits?",
        "Let's get you signed back in to the app.",
        "Would you like to add the travel pass for $10 a day?",
        "You should definitely change your password.",
        "Press the reset button for ten seconds.",
    ],
)
def test_plain_service_talk_is_neutral(text: str) -> None:
    assert register(text).register_ == "neutral"


@pytest.mark.parametrize(
    "text",
    [
        "Trust me, you really should add it today.",
        "Why wouldn't you want to save?",
        "Come on, it's just ten dollars.",
        "I know you said no, but hear me out.",
        "This is your last chance, act now.",
        "I'm sorry about the trouble, but you'd be crazy not to take this.",
    ],
)
def test_pressing_is_pushy(text: str) -> None:
    assert register(text).register_ == "pushy"


@pytest.mark.parametrize(
    "text",
    [
        "Your request is important to us.",
        "As previously stated, a replacement takes five days.",
        "For billing, press one. For support, press two.",
        "I did not understand your request. Please rephrase your question.",
        "Please be advised that your case has been logged.",
    ],
)
def test_stock_phrases_are_robotic(text: str) -> None:
    assert register(text).register_ == "robotic"


def test_saying_an_earlier_sentence_again_is_robotic() -> None:
    said = "The charge comes from the plan change last month."
    fact = register(f"I see. {said}", None, "Let me look.", said)
    assert (fact.register_, fact.quote) == ("robotic", said)


def test_figures_may_be_read_back() -> None:
    said = "That is $49.99 a month for 12 months."
    assert register(said, None, said).register_ == "neutral"


@pytest.mark.parametrize(
    "text", ["Is there anything else I can help you with today?", "Please hold, this will take just a moment.", "Okay."]
)
def test_a_formula_may_be_said_twice(text: str) -> None:
    assert register(text, None, text).register_ == "neutral"


def test_a_stock_apology_is_robotic_the_second_time() -> None:
    said = "I apologize for the inconvenience."
    assert register(said).register_ == "neutral"
    assert register("Again, sorry for any inconvenience caused.", None, said).register_ == "robotic"


def test_procedure_for_an_upset_customer_is_robotic_but_unsure() -> None:
    fact = register("Please provide your account number.", UPSET)
    assert (fact.register_, fact.confidence) == ("robotic", 0.5)


@pytest.mark.parametrize("mood", [None, Mood(turn=1, mood="calm"), Mood(turn=1, mood="frustrated", confidence=0.4)])
def test_procedure_for_anybody_else_is_neutral(mood: Mood | None) -> None:
    assert register("Please provide your account number.", mood).register_ == "neutral"


def test_procedure_after_an_acknowledgement_is_not_robotic() -> None:
    assert register("I hear you. Please provide your account number.", UPSET).register_ == "empathetic"


@pytest.mark.parametrize(
    "text",
    [
        "You should have read the contract.",
        "That's your problem, not ours.",
        "Whatever.",
        "Like I said, it can't be done.",
        "Sir, calm down.",
        "Are you deaf?",
        "I don't care what the other agent told you.",
        "You people always complain.",
        "Just deal with it.",
        "Stop wasting my time.",
        "If you'd bothered to read the email you would know.",
        "That's bullshit.",
        "Watch your tone.",
        "Oh, poor you.",
        "what is wrong with you",
        "Not happening.",
        "You're being ridiculous.",
    ],
)
def test_a_breach_is_impolite(text: str) -> None:
    fact = read_courtesy(view(text))
    assert fact.courtesy == "impolite"
    assert fact.quote in text


@pytest.mark.parametrize(
    "text",
    [
        "I understand, and I'm glad you're calm about it.",
        'You said the last agent called this a "stupid question", and I\'m sorry.',
        "No problem at all.",
        "Unfortunately we can't refund that fare.",
        "You should have received an email from us.",
        "It's not your fault.",
        "There's no such thing as a dumb question.",
        "Whatever works for you.",
        "I'll deal with it for you.",
        "That's not too bad, only ten minutes.",
        "I'll make sure you get the refund.",
        "Is your internet slow at night too?",
        "What's wrong with your phone?",
        "As I mentioned, the fee is $25.",
        "Sit back and relax, I'll take it from here.",
        "No, there is no fee.",
        "You should have checked in by noon to keep the seat, but I can rebook you.",
    ],
)
def test_firm_or_quoting_words_are_polite(text: str) -> None:
    assert read_courtesy(view(text)).courtesy == "polite"


def test_the_quote_is_the_original_text() -> None:
    text = "Well… I can see why that’s FRUSTRATING."
    fact = register(text)
    assert text[fact.start : fact.end] == fact.quote
    assert fact.quote.endswith("FRUSTRATING")
