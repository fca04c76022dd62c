"""What the customer hears: questions by rules of their own, everything else from the reading."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.simulator.minding import OFFER

from evalh.models import Conversation, LedgerEntry, Lexicon, ProgressFact, Reading, Turn
from evalh.reader.local import LocalReader
from evalh.simulator.heard import LONG_WRITTEN, Heard, Pitched, hear, rules
from evalh.testing import make_policy

LEXICON = Lexicon.of(make_policy().versions)
READER = LocalReader(rules_only=True)


def heard(*said: str, channel: str = "chat") -> Heard:
    """What is heard of the last turns; turns that start with "C:" are the customer's."""
    session = READER.session(Conversation(id="c", turns=()), LEXICON)
    turns = []
    for at, text in enumerate(said):
        customer = text.startswith("C:")
        turns.append(Turn(index=at, role="customer" if customer else "agent", text=text.removeprefix("C:").strip()))
        session.add(turns[-1])
    return hear(turns, session.reading(), channel)


@pytest.mark.parametrize(
    ("words", "slots"),
    [
        ("Could I have the last four digits of your account?", ["last4"]),
        ("The last four of your account number, please.", ["last4"]),
        ("May I have your full name and date of birth?", ["name", "date_of_birth"]),
        ("Who am I speaking with today?", ["name"]),
        ("What's the best number to reach you on?", ["phone"]),
        ("Which email should I send the receipt to?", ["email"]),
        ("What's your new street address, and the ZIP code?", ["address", "postcode"]),
        ("What model of router do you have?", ["device"]),
        ("When did it start?", ["since"]),
        ("How much was the charge?", ["amount"]),
        ("Do you have the order number?", ["order"]),
        ("Which one would you like?", ["which"]),
        ("Which device are you using?", ["device"]),
        ("please tell me your zip", ["postcode"]),
    ],
)
def test_facts_that_are_asked_for(words: str, slots: list[str]) -> None:
    assert list(heard(words).slots) == slots


@pytest.mark.parametrize(
    "words",
    [
        "Thank you for the last four digits.", "Shall I send it to you by email?", "I've sent it to your address.",
        "Your name is on it.", "The order was delayed.", "You are verified.",
    ],
)  # fmt: skip
def test_facts_that_are_only_spoken_of(words: str) -> None:
    assert heard(words).slots == ()


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("Does that solve it for you?", "is_solved"),
        ("Is it working now?", "is_solved"),
        ("Could you try it and tell me whether it works now?", "is_solved"),
        ("Give it a try and let me know if the line is back.", "is_solved"),
        ("Could you tell me whether Tuesday works for you?", "yes_no"),
        ("Does that answer your question about the bill?", "is_solved"),
        ("Is there anything else I can help with?", "anything_else"),
        ("Anything else?", "anything_else"),
        ("May I mention something that fits?", "may_mention"),
        ("Would you like to hear about it?", "may_mention"),
        ("Mind if I put you on hold for a moment?", "hold"),
        ("Shall I go ahead and book it?", "go_ahead"),
        ("Is that okay?", "go_ahead"),
        ("Have you restarted it?", "yes_no"),
        ("Can you tell me more about it?", "open"),
        ("How can I help you today?", "open"),
        ("What would you like help with?", "open"),
        ("What about the kitchen?", "open"),
        ("?", "open"),
        ("All done.", None),
        ("I see.", None),
    ],
)
def test_what_is_asked_last(words: str, question: str | None) -> None:
    assert heard("C: hello", words).question == (question if words != "?" else None)


def test_the_last_question_counts_and_facts_are_kept_beside_it() -> None:
    said = heard("Have you restarted it? Could I have your name? Does that solve it?")
    assert (said.slots, said.question) == (("name",), "is_solved")


def test_all_turns_since_the_customer_s_last_are_heard_and_no_others() -> None:
    said = heard("Could I have your email?", "C: no", "One moment.", "May I have your name?")
    assert (said.slots, said.working) == (("name",), True)


def test_a_pitch_is_counted_and_repeats_are_known() -> None:
    pitch = "Would you like me to add Fiber 500 for $49.99 a month?"
    first = heard("C: hello", pitch)
    assert first.pitches == (Pitched(OFFER, 1, False, True),)
    assert first.question == "add_it"
    again = heard("C: hello", pitch, "C: no thanks, I don't want that", pitch)
    assert again.pitches == (Pitched(OFFER, 2, True, True),)
    assert ("FIBER-500", "price") in again.told


def test_shall_i_add_it_without_an_offer_is_about_the_matter() -> None:
    assert heard("C: my bill is wrong", "I can see it. Shall I add a note to your file?").question == "go_ahead"


def test_progress_and_manner_are_the_reader_s() -> None:
    said = heard("C: there is a wrong charge on my bill", "I've removed the charge, it has been refunded.")
    assert said.progress == "done"
    assert not said.pressed
    assert heard("C: hello", "This is your last chance to get Fiber 500, you would be crazy not to take it.").pressed


@pytest.mark.parametrize(
    "words",
    [
        "Your request is important to us.",
        "Thank you for your patience, we appreciate your business.",
        "I understand your concern, and rest assured that we take this very seriously.",
        "I'm sorry, I didn't quite get what you said there.",
        "You've come to the right place, we'll get this sorted for you.",
    ],
)
def test_a_formula_of_politeness_tells_nothing(words: str) -> None:
    said = heard("C: there is a wrong charge on my bill", words)
    assert (said.informs, said.progress, said.settled) == (frozenset(), None, False)


@pytest.mark.parametrize(
    ("facts", "words", "progress"),
    [
        ({"source": "model", "confidence": 0.9}, "I have set an alert and a stop on that line.", "done"),
        ({"source": "model", "confidence": 0.5}, "I have set an alert and a stop on that line.", None),
        ({"source": "model", "confidence": 0.9}, "Your request is important to us.", None),
        ({"source": "rule", "confidence": 0.5}, "That's all taken care of.", "done"),
    ],
)
def test_progress_that_only_the_model_sees_has_to_be_sure(
    facts: dict[str, Any], words: str, progress: str | None
) -> None:
    turns = [Turn(index=0, role="customer", text="My bill is wrong."), Turn(index=1, role="agent", text=words)]
    reading = Reading(
        conversation="c", conversation_sha256="", reader="r", lexicon_sha256="",
        progress=(ProgressFact(turn=1, says="done", **facts),),
    )  # fmt: skip
    assert hear(turns, reading).progress == progress


def test_progress_counts_only_in_words_that_sell_nothing() -> None:
    pitch = "With Fiber 500 for $49.99 a month your trouble is all taken care of. Would you like to add it?"
    assert heard("C: my bill is wrong", pitch).progress is None
    assert heard("C: my bill is wrong", f"I've removed the charge for you. {pitch}").progress == "done"


@pytest.mark.parametrize(
    ("words", "supposed"),
    [
        ("You would like to change your ringtone, is that right?", "change your ringtone"),
        ("I see. You want to change your ringtone. Is that right?", "change your ringtone"),
        ("Are you calling about a new order?", "new order"),
        ("Is this about a new order?", "new order"),
        ("You would like to change your ringtone. I'll have a look.", ""),
        ("Would you like to hear it?", ""),
        ("Could you tell me what you are calling about?", ""),
        ("Could you tell me what this is about?", ""),
        ("What is this about?", ""),
    ],
)
def test_what_the_agent_takes_the_customer_to_want(words: str, supposed: str) -> None:
    said = heard("C: hello", words).supposed
    assert (supposed in said) if supposed else said == ""


def test_what_is_told_after_a_question_about_an_offer_is_of_that() -> None:
    pitch = "Would you like me to add Fiber 500 for $49.99 a month?"
    told = "What you get are films on four screens at once, in every room."
    assert heard("C: hello", pitch, "C: how much is it?", told).informs == frozenset()
    assert "films" in heard("C: hello", pitch, "C: no thanks, I don't want that", told).informs


def test_what_works_for_the_customer_is_no_offer_once_that_was_answered() -> None:
    visit = "A technician can be at your place on Tuesday at nine. Does that work for you?"
    said = ("There is something that fits.", "Is there?", visit)
    turns = [Turn(index=at, role="customer" if at == 1 else "agent", text=text) for at, text in enumerate(said)]
    for event, status, question in (("refused", "refused", "go_ahead"), ("asked", "pitched", "add_it")):
        entry = {"turn": 1, "offer": OFFER, "event": event, "status": status, "topic_closed": False, "pitches": 1}
        reading = Reading(
            conversation="c", conversation_sha256="", reader="r", lexicon_sha256="",
            ledger=(LedgerEntry.model_validate(entry),),
        )  # fmt: skip
        assert hear(turns, reading).question == question


def test_what_is_told_about_an_offer_is_no_answer_to_the_matter() -> None:
    said = heard(
        "C: why is my bill so high?", "Fiber 500 is $49.99 a month. It has download speeds up to 500 megabits."
    )
    assert (said.informs, said.settled) == (frozenset(), False)


def test_a_statement_before_the_pitch_is_one() -> None:
    said = heard("C: why is it high?", "The bill is higher because of calls abroad. Would you like to add Fiber 500?")
    assert {"bill", "calls", "abroad"} <= said.informs


@pytest.mark.parametrize(
    ("words", "farewell"),
    [
        ("Have a great day, goodbye!", True), ("Thanks for calling, bye now.", True), ("Good night.", True),
        ("Thanks for calling Brightwater. How can I help?", False), ("Bye! Oh, what is your name?", False),
    ],
)  # fmt: skip
def test_a_farewell_is_one_only_where_nothing_is_asked_after_it(words: str, farewell: bool) -> None:
    assert heard(words).farewell is farewell


@pytest.mark.parametrize("words", ["", "   ", "?!", "…", "\u200b\u200b"])
def test_nothing_is_understood_where_nothing_is_said(words: str) -> None:
    assert heard("C: hello", words).unread


def test_silence_before_any_turn() -> None:
    reading = Reading(conversation="c", conversation_sha256="", reader="r", lexicon_sha256="")
    assert hear([], reading) == Heard(unread=True)


def test_a_long_turn_is_long_sooner_on_the_phone() -> None:
    words = "word " * (LONG_WRITTEN - 1)
    assert not heard(words).long_turn
    assert heard(words, channel="voice").long_turn


def test_only_what_was_heard_before_a_barge_in() -> None:
    session = READER.session(Conversation(id="c", turns=()), LEXICON)
    turn = Turn(index=0, role="agent", text="I see. Could I have your name?", delivered=6)
    session.add(turn)
    assert hear([turn], session.reading()).slots == ()


@pytest.mark.parametrize(
    "words", ["can you " * 8000, "?" * 60_000, "a" * 60_000, "your last four " * 4000, "let me " * 9000]
)
def test_ten_thousands_of_characters_are_heard_in_no_time(words: str) -> None:
    turn = Turn(index=0, role="agent", text=words)
    reading = Reading(conversation="c", conversation_sha256="", reader="r", lexicon_sha256="")
    hear([Turn(index=0, role="agent", text="hello")], reading)
    start = time.perf_counter()
    hear([turn], reading)
    assert time.perf_counter() - start < 1


def test_every_rule_has_a_label_that_is_known() -> None:
    from evalh.simulator.heard import SLOTS

    labels = {rule.label for rule in rules().rules}
    beside = {
        "requests", "is_solved", "anything_else", "may_mention", "add_it", "working", "hold", "go_ahead", "open",
        "farewell", "apology", "transfer", "greeting", "formula", "supposes",
    }  # fmt: skip
    assert labels == {*SLOTS, *beside}


def test_an_agent_that_changes_its_language_is_not_understood() -> None:
    foreign = "Bonjour, je suis désolé, je ne parle pas anglais. Quel est votre numéro de compte, s'il vous plaît ?"
    start = ("Hello, how can I help you today?", "C: my bill is wrong", foreign)
    assert heard(*start).unread
    assert heard(*start, "C: what?", "Votre problème est résolu, merci beaucoup.").unread
    assert not heard(
        *start, "C: what?", "Sorry about that. I have your account open now, and the charge is gone."
    ).unread
