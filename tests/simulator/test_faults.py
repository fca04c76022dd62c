from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.simulator.playing import CASE, LEXICON, PERSONA, FakeAgent, FakeRecordings, config, trial

from evalh.agents.protocol import AgentReply, Brief
from evalh.llm import Budget
from evalh.models import Case, Fault, Lexicon, Move, Persona, Reading, Turn
from evalh.models.simulated import Ending
from evalh.reader.local import LocalReader
from evalh.simulator.faults import AS_AGENT, Decides, Held, faults_of
from evalh.simulator.protocol import Trial
from evalh.simulator.scripted import ScriptedCustomers
from evalh.simulator.stage import Stage
from evalh.testing import make_conversation
from evalh.text.normalise import normalise
from evalh.workspace import Workspace

ROOT = Path(__file__).parents[2]
READER = LocalReader()
OPENING = "C: There is a wrong charge on my bill.\n"


def persona(**fields: Any) -> Persona:
    return Persona.model_validate({"id": "plain", "name": "Plain", **fields})


def held(
    script: str,
    decides: Decides = "words",
    moves: Sequence[Sequence[Any]] = (),
    *,
    who: Persona = PERSONA,
    case: Case = CASE,
    ended: Ending | None = "customer",
) -> Held:
    conversation = make_conversation(script)
    (reading,) = READER.read([conversation], LEXICON)
    meant = [
        Move.model_validate({"turn": turn, "act": act, "offer": more[0] if more else None})
        for turn, act, *more in moves
    ]
    return Held(case, who, conversation.turns, meant, reading, decides, ended)


def found(given: Held) -> list[tuple[str, int | None]]:
    return [(fault.fault, fault.turn) for fault in faults_of(given)]


# --- by what was meant ---


def test_a_scripted_customer_that_never_states_the_matter() -> None:
    script = "C: Hello.\nA: How can I help?\nC: Nice weather.\nA: It is.\nC: Bye."
    moves = [(0, "chat"), (2, "chat"), (4, "goodbye")]

    assert found(held(script, "script", moves)) == [("off_agenda", 0)]
    assert found(held(script, "script", [(0, "state"), *moves[1:]])) == []


def test_a_scripted_customer_that_says_what_is_not_on_the_agenda() -> None:
    given = held(f"{OPENING}A: Yes?\nC: I have a cat.", "script", [(0, "state")], ended=None)
    cat = Move(turn=2, act="tell", item="cat")
    strange = Held(CASE, PERSONA, given.turns, [*given.moves, cat], given.reading, "script", None)
    known = Held(
        CASE,
        persona(agenda=[{"id": "cat", "say": "I have a cat."}]),
        given.turns,
        strange.moves,
        given.reading,
        "script",
        None,
    )

    assert found(strange) == [("off_agenda", 2)]
    assert found(known) == []


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({}, True),
        ({"refusal": {"then": "give_in"}}, False),
        ({"accepts": {"when": "true"}}, False),
        ({"accepts": {"offers": ["TRAVEL-PASS"]}}, True),
        ({"accepts": {"offers": ["FIBER-500"]}}, False),
    ],
)
@pytest.mark.parametrize("decides", ["script", "both"])
def test_a_customer_that_accepts_what_the_persona_must_refuse(
    fields: dict[str, Any], faulty: bool, decides: Decides
) -> None:
    script = f"{OPENING}A: It is off. Would you like Fiber 500 for $49.99 a month?\nC: Yes please, add Fiber 500."
    moves = [(0, "state", ""), (2, "accept", "FIBER-500")]
    given = held(script, decides, moves, who=persona(**fields), ended=None)
    assert found(given) == ([("accepted_unasked", 2)] if faulty else [])


def test_a_scripted_customer_that_says_the_same_item_again_and_again() -> None:
    who = persona(agenda=[{"id": "cat", "say": "I have a cat."}])
    turns = make_conversation(OPENING + "A: Yes?\nC: My cat.\n" * 3).turns
    moves = [Move(turn=0, act="state"), *(Move(turn=turn, act="tell", item="cat") for turn in (2, 4, 6))]
    given = held(OPENING)

    assert found(Held(CASE, who, turns, moves, given.reading, "script", None)) == [("looped", 6)]
    assert found(Held(CASE, who, turns, moves[:3], given.reading, "script", None)) == []


def test_a_customer_that_leaves_before_a_word_of_the_agent() -> None:
    for decides in ("script", "words", "both"):
        assert found(held(OPENING, decides, [(0, "state")])) == [("ended_early", 0)]
    assert found(held(f"A: Hello.\n{OPENING}", "script", [(1, "state")])) == []


@pytest.mark.parametrize("text", ["", "  ", "\u200b"])
@pytest.mark.parametrize("decides", ["script", "words", "both"])
def test_a_customer_with_nothing_to_say(text: str, decides: Decides) -> None:
    given = held(f"{OPENING}A: Yes?\nC: {text}", decides, [(0, "state")], ended=None)
    assert ("said_nothing", 2) in found(given)


# --- by what was said ---


@pytest.mark.parametrize(
    "text",
    [
        "How can I help you today?",
        "As an AI language model, I have no bill.",
        "Is there anything else I can help you with?",
        "Thank you for calling Brightwater care.",
        "May I have your account number, please?",
        "I can offer you Fiber 500.",
        "Would you like to hear about Fiber 500?",
        "I apologize for the inconvenience.",
        "I've gone ahead and credited your account.",
        "Agent: the charge is gone.",
        "I'm here to help.",
    ],
)
def test_a_model_that_speaks_as_the_agent(text: str) -> None:
    given = held(f"{OPENING}A: Let me look.\nC: {text}", moves=[(0, "state"), (2, "wait")], ended=None)
    assert found(given) == [("spoke_as_agent", 2)]


def test_what_is_said_of_the_agent_is_told_as_it_is() -> None:
    (fault,) = faults_of(held(f"{OPENING}A: Hm.\nC: How may I help you?", ended=None))
    assert fault == Fault(fault="spoke_as_agent", turn=2, why="the customer said 'how may i help'")


def test_no_customer_of_the_recordings_speaks_as_the_agent_and_many_agents_do() -> None:
    said: dict[str, list[str]] = defaultdict(list)
    for path in ROOT.glob("golden_sets/*/recordings/*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            for turn in json.loads(line)["turns"]:
                said[turn["role"]].append(normalise(turn.get("text", "")).text)
    hits = {who: sum(any(one.search(text) for one in AS_AGENT) for text in texts) for who, texts in said.items()}

    assert len(said["customer"]) > 1000
    assert hits["customer"] == 0
    assert hits["agent"] > 0.1 * len(said["agent"])


def test_a_model_that_says_the_same_again_and_again() -> None:
    steps = ("Let me look at that.", "I see two charges of October.", "One of them is from abroad.")
    again = "".join(f"A: {step}\nC: But there is a wrong charge on my bill!\n" for step in steps)
    moves = [(turn, "unsolved") for turn in (0, 2, 4, 6)]
    assert found(held("C: There is a wrong charge on my bill, help!\n" + again, moves=moves, ended=None)) == [
        ("looped", 6)
    ]


def test_an_agent_that_repeats_itself_may_be_answered_alike() -> None:
    again = "A: What is your account number, please?\nC: I told you that I do not have it.\n" * 4
    assert found(held(OPENING + again, ended=None)) == []


def test_every_pitch_may_be_refused_in_the_same_words() -> None:
    pitches = (
        "Would you like Fiber 500?",
        "Fiber 500 is only $49.99 a month, shall I add it?",
        "Then let me add the Travel Pass for you, it is $10 a day. Shall I?",
        "One more time, Fiber 500 would be so much faster. Yes?",
    )
    again = "".join(f"A: {pitch}\nC: No thank you, I am not interested in that.\n" for pitch in pitches)
    assert found(held(f"{OPENING}A: The charge is off.\nC: Thanks.\n{again}", ended=None)) == []


def test_short_turns_may_be_the_same() -> None:
    again = "".join(f"A: I am at step {word}.\nC: Okay, go on.\n" for word in ("one", "two", "three", "four", "five"))
    assert found(held(OPENING + again, ended=None)) == []


PITCHED = f"{OPENING}A: The charge is off. Would you like Fiber 500 for $49.99 a month?\n"


def test_words_that_accept_what_the_agenda_refuses() -> None:
    yes = f"{PITCHED}C: Yes please, add Fiber 500."

    assert found(held(yes, moves=[(0, "state"), (2, "refuse", "FIBER-500")])) == [("accepted_unasked", 2)]
    assert found(held(yes, moves=[(0, "state"), (2, "accept", "FIBER-500")])) == []


def test_words_that_deny_are_no_yes_however_they_are_read() -> None:
    no = f"{PITCHED}C: Please don't sell to me. No."
    assert found(held(no, moves=[(0, "state"), (2, "refuse", "FIBER-500")])) == []


@pytest.mark.parametrize(
    ("when", "faulty"),
    [
        ("told_price", False),
        ("told_term", True),
        ("solved && pitches < 2", False),
        ("offer.id == 'FIBER-500' && customer.plan == 'START'", False),
        ("mood > 2", True),
        ("questions > 0", True),
        ("pressed", True),
        ("customer.no_such_field", True),
    ],
)
def test_a_model_that_decides_itself_is_held_to_the_personas_condition(when: str, faulty: bool) -> None:
    script = f"{OPENING}A: I have taken the charge off, so it is fixed. Would you like Fiber 500 for $49.99 a month?\n"
    given = held(f"{script}C: Yes please, add Fiber 500.", "both", who=persona(accepts={"when": when}))
    assert found(given) == ([("accepted_unasked", 2)] if faulty else [])


def test_a_model_that_talks_of_another_matter() -> None:
    other = "C: I lost my suitcase.\nA: Oh?\nC: It is red, with wheels.\nA: I see.\nC: Find it, please.\nA: Hm.\n"
    case = Case.model_validate({"id": "x", "goal": "get the wrong charge off the bill", "facets": {"intent": "cancel"}})

    assert found(held(other, case=case, ended=None)) == [("off_agenda", 0)]
    assert found(held(f"{other}C: And the charge!", case=case, ended=None)) == []
    assert found(held(other, case=case.model_copy(update={"goal": ""}), ended=None)) == [("off_agenda", 0)]


def test_a_model_is_given_time_to_come_to_the_matter() -> None:
    assert found(held("C: Hello there.\nA: Hello, what is it?", ended=None)) == []
    assert found(held("C: Hello there.\nA: Goodbye.", ended="agent")) == []


def test_a_model_that_decides_itself_leaves_with_patience_left_and_nothing_done() -> None:
    script = f"{OPENING}A: I see, may I ask for your name?\nC: Goodbye."
    patient, short = persona(patience=3), persona(patience=1)

    assert found(held(script, "both", who=patient)) == [("ended_early", 2)]
    assert found(held(script, "both", who=short)) == []
    assert found(held(script, "words", [(0, "state"), (2, "goodbye")], who=patient)) == []
    assert found(held(f"{OPENING}A: I have taken the charge off.\nC: Great, bye.", "both", who=patient)) == []


# --- the customers that come with evalh ---


def sane(turns: Sequence[Turn], brief: Brief) -> AgentReply:
    offer = brief.offers[0]["names"]
    name = offer[0] if isinstance(offer, list) else offer
    said = (
        "Thanks for getting in touch. I can help with that. Could I have the last four digits of your account number?",
        "Thank you, you are verified. I have fixed it for you, it is done now. Does that solve it for you?",
        f"Great. By the way, would you like to hear about {name}? It would be a good fit for you.",
        *["Of course, I understand. Is there anything else I can help you with today?"] * 3,
    )
    at = sum(turn.role == "agent" for turn in turns)
    return AgentReply(said[at] if at < len(said) else "You're welcome. Have a good day, goodbye.")


def test_every_persona_is_without_fault_against_a_sane_agent() -> None:
    space = Workspace.find(ROOT)
    golden = space.golden_set("brightwater_care")
    policies = space.policies(golden.info.policy)
    lexicon = Lexicon.of(policies.versions)
    by_id = dict(space.personas())
    first: dict[str, Trial] = {}
    for case in golden.cases:
        if case.persona is not None:
            first.setdefault(case.persona, trial(case=case, persona=by_id[case.persona]))
    on = Stage(
        FakeAgent(sane),
        ScriptedCustomers(lexicon, policies),
        READER,
        lexicon,
        policies,
        config(),
        FakeRecordings(),
        budget=Budget(),
    )
    played = list(on.play(one_prompt(first.values())))
    on.close()

    assert len(played) == len(by_id)
    for one in played:
        turns, moves = one.conversation.turns, one.simulation.moves
        (reading,) = READER.read([one.conversation], lexicon)
        assert one.counts, one.simulation.faults
        assert one.simulation.ended == "customer"
        assert by_words(one.trial, turns, moves, reading) == ()


def one_prompt(trials: Any) -> list[Trial]:
    return [Trial(one.prompt.model_copy(update={"text": "You are Nora."}), one.case, one.persona) for one in trials]


def by_words(one: Trial, turns: Sequence[Turn], moves: Sequence[Move], reading: Reading) -> tuple[Fault, ...]:
    return faults_of(Held(one.case, one.persona, turns, moves, reading, "words", "customer"))
