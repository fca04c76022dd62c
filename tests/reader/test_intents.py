"""The contact intents a customer states, and what only looks like one."""

from __future__ import annotations

import pytest

from evalh.models import Turn
from evalh.models.vocabulary import CONSTRUCTS
from evalh.reader.intents import asks_for_reason, read_intents
from evalh.reader.rules import load_rules
from evalh.reader.view import TurnView


def intents(text: str, asked: bool = False, role: str = "customer") -> list[str]:
    view = TurnView(Turn.model_validate({"role": role, "text": text}))
    return [fact.intent for fact in read_intents(view, asked)]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("This charge isn’t mine.", "billing_dispute"),
        ("you guys charged me twice for the same night", "billing_dispute"),
        ("I was told it would be forty but I got charged sixty", "billing_dispute"),
        ("there's a fee on my statement I never agreed to, a bogus charge", "billing_dispute"),
        ("why is my bill higher this month", "billing_question"),
        ("can you walk me through my invoice", "billing_question"),
        ("uh my premium went up and i dunno why", "billing_question"),
        ("I'd like to make a payment on my balance", "payment"),
        ("I want to return these shoes, they pinch", "refund"),
        ("where is my refund", "refund"),
        ("my internet is really slow", "service_fault"),
        ("the boiler is leaking again", "service_fault"),
        ("your API keeps timing out for our team", "service_fault"),
        ("the whole street has no power", "outage"),
        ("our internet is completely down since this morning", "outage"),
        ("I want to file a complaint", "complaint"),
        ("this is the third time i've called about it", "complaint"),
        ("I'd like to cancel my gym membership", "cancel"),
        ("please cancel my reservation for friday", "cancel"),
        ("i'm locked out of my account", "access"),
        ("I can't log in to the portal", "access"),
        ("i need to reset my password", "access"),
        ("my identity verification keeps failing", "identity_verification"),
        ("the app rejected my passport twice during the id check", "identity_verification"),
        ("somebody used my card to buy things", "fraud"),
        ("i think my account was hacked", "fraud"),
        ("my late husband had the policy with you", "bereavement"),
        ("my mom passed away in march", "bereavement"),
        ("i lost my job and can't pay the bill", "hardship"),
        ("do you offer a payment plan", "hardship"),
        ("i'm on dialysis machine at home, it's medical equipment", "vulnerability"),
        ("we're moving to a new apartment next month", "move"),
        ("I need to change my flight to Friday", "change"),
        ("can I add a driver to the policy", "change"),
        ("we are going to spain next week", "travel"),
        ("my order hasn't arrived", "order"),
        ("i'd like to book a table for two", "booking"),
        ("i'm looking to buy a new phone", "purchase"),
        ("can you tell me if breakfast is included", "information"),
        ("let me talk to a human please", "human_agent"),
    ],
)
def test_a_stated_intent_is_read(text: str, intent: str) -> None:
    assert intent in intents(text)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("my bill is fine", "billing_question"),
        ("no i wasn't overcharged, i just want the receipt", "billing_dispute"),
        ("I don't want to cancel", "cancel"),
        ("what is the cancellation fee", "cancel"),
        ("what happens if i cancel early", "cancel"),
        ("cancel my order of checked bag", "cancel"),
        ("the airline cancelled my flight", "cancel"),
        ("sorry i'm late", "bereavement"),
        ("my phone just died", "bereavement"),
        ("do you sell funeral insurance", "bereavement"),
        ("they fixed the outage last week", "outage"),
        ("i can't complain, it's been great", "complaint"),
        ("my date of birth is may second and the pin is 4471", "identity_verification"),
        ("does the card come with fraud protection", "fraud"),
        ("is this a scam", "fraud"),
        ("that time doesn't work for me", "service_fault"),
        ("everything's working fine now", "service_fault"),
        ("are you a robot or a real person", "human_agent"),
        ("we can't afford to miss the flight", "hardship"),
        ("moving on to the next thing", "move"),
        ("i locked in a good rate", "access"),
        ("when do you get here and return my call", "refund"),
    ],
)
def test_what_only_looks_like_an_intent_is_not_read(text: str, intent: str) -> None:
    assert intent not in intents(text, asked=True)


@pytest.mark.parametrize("text", ["uh no i'm i'm good", "yes please go ahead", "ok thank you bye", "hi there", ""])
def test_small_talk_and_bare_answers_state_nothing(text: str) -> None:
    assert intents(text, asked=True) == []


def test_a_dispute_is_not_a_question_as_well() -> None:
    assert intents("why is my bill so high, you charged me twice") == ["billing_dispute"]


def test_several_intents_come_in_the_order_they_are_said() -> None:
    assert intents("my mom passed away. I need to close her account.") == ["bereavement", "cancel"]


def test_something_unknown_is_other_only_when_the_customer_was_asked() -> None:
    text = "the fountain pen nib feels rather scratchy lately"
    assert (intents(text, asked=True), intents(text, asked=False)) == (["other"], [])


def test_a_plain_question_counts_only_when_the_customer_was_asked() -> None:
    assert (intents("how much is it", asked=True), intents("how much is it")) == (["information"], [])


@pytest.mark.parametrize("role", ["agent", "human_agent", "tool", "system"])
def test_only_the_customer_has_intents(role: str) -> None:
    assert intents("I want to cancel my membership", role=role) == []


def test_the_place_is_in_the_original_text() -> None:
    turn = Turn(role="customer", text="Hi\u200b — I’m  LOCKED OUT of it")
    (fact,) = read_intents(TurnView(turn), False)
    assert turn.text[fact.start : fact.end] == fact.quote == "LOCKED OUT"


@pytest.mark.parametrize("text", ["how can i help you today?", "is there anything else?", "what brings you in today"])
def test_an_agent_asks_for_the_reason(text: str) -> None:
    assert asks_for_reason(text)


@pytest.mark.parametrize("text", ["what date would you like to fly?", "your bill is 40 dollars"])
def test_an_agent_who_asks_for_a_detail_does_not_ask_for_the_reason(text: str) -> None:
    assert not asks_for_reason(text)


def test_every_label_of_the_rules_is_an_intent() -> None:
    assert {rule.label for rule in load_rules("intents").rules} <= set(CONSTRUCTS["intent"])


def test_scam_texts_are_no_fraud_and_what_it_is_not_like_is_no_wish_to_leave() -> None:
    assert "fraud" not in intents("i keep getting scam texts, how do i block them")
    assert "fraud" in intents("i've been scammed")
    assert "cancel" not in intents("it's not like i'm going to another company")
    assert "cancel" in intents("i'm going to another company")


@pytest.mark.parametrize(
    "text",
    [
        "my router's blinking red",
        "the light on the box is red",
        "wifi keeps dying on me",
        "my texts aren't sending",
        "it says the sim isn't recognized",
    ],
)
def test_faults_as_people_tell_them(text: str) -> None:
    assert intents(text) == ["service_fault"]
