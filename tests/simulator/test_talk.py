from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.simulator.playing import (
    CASE,
    FakeAgent,
    FakeCustomers,
    FakeRecordings,
    by_model,
    config,
    play,
    play_one,
    raising,
    trial,
)

from evalh.agents.protocol import AgentReply, Brief, Declared
from evalh.errors import UserError
from evalh.llm import CallFailed
from evalh.models import Failure, ToolCall, Turn
from evalh.simulator.protocol import Played, Said, Trial

Says = Sequence[Turn]


def saying(said: str | AgentReply) -> FakeAgent:
    return FakeAgent(lambda _, __: said)


def test_customer_and_agent_take_turns_until_the_customer_ends_it() -> None:
    played = play_one()

    assert [(turn.role, turn.text) for turn in played.conversation.turns] == [
        ("customer", "There is a wrong charge on my bill."),
        ("agent", "Let me look, step 1."),
        ("customer", "The last four are 4409."),
        ("agent", "Let me look, step 3."),
        ("customer", "Great, that is sorted then."),
        ("agent", "Let me look, step 5."),
        ("customer", "Thanks, goodbye."),
    ]
    assert played.simulation.ended == "customer"
    assert played.counts
    assert played.asked == 3


def test_the_conversation_has_the_header_of_its_trial() -> None:
    played = play_one(these=[replace(trial(2), label="main")])
    conversation = played.conversation

    assert conversation.id == "bill-01.main.t2"
    assert (conversation.case, conversation.persona, conversation.trial) == ("bill-01", "plain", 2)
    assert (conversation.agent.prompt_version, conversation.prompt_sha256) == ("main", played.trial.prompt.sha256)
    assert (conversation.facets, conversation.customer) == (CASE.facets, CASE.customer)
    assert all(turn.key for turn in conversation.turns)
    assert len({turn.key for turn in conversation.turns}) == len(conversation.turns)


def test_a_greeting_is_said_first_with_its_placeholders_filled() -> None:
    agent = FakeAgent()
    played = play_one(agent, greeting="Hello, you are on {{customer.plan}}. How can I help?")

    assert played.conversation.turns[0].text == "Hello, you are on START. How can I help?"
    assert played.conversation.turns[1].role == "customer"
    assert agent.asked[0] == ("bill-01.v1", 2)


def test_the_agent_may_end_it() -> None:
    played = play_one(saying(AgentReply("Goodbye.", ended=True)))

    assert len(played.conversation.turns) == 2
    assert played.simulation.ended == "agent"
    assert played.counts


def test_a_conversation_is_cut_off_after_so_many_turns_of_the_agent() -> None:
    customers = FakeCustomers([(f"And what about number {number}, please?", "state") for number in range(99)])
    played = play_one(None, customers, config=config(max_turns=3))

    assert [turn.role for turn in played.conversation.turns] == ["customer", "agent"] * 3
    assert played.simulation.ended == "max_turns"
    assert played.counts


def test_what_the_agent_says_and_does_is_kept_as_it_is() -> None:
    text = "  Cafe\u0301 \u200b<b>{{customer.plan}}</b> {turns} %s "
    call = ToolCall(name="look_up", arguments={"last4": "4409"}, result={"ok": True})
    played = play_one(saying(AgentReply(text, (call,), declares=(Declared("pitch", "FIBER-500"),))))
    turn = played.conversation.turns[1]

    assert (turn.text, turn.tool_calls) == (text, (call,))
    assert [(move.turn, move.act, move.offer) for move in played.simulation.moves][:2] == [
        (0, "state", None),
        (1, "pitch", "FIBER-500"),
    ]


def test_the_customer_hears_what_the_reader_found_in_the_turns_before() -> None:
    customers = FakeCustomers()
    play_one(saying("I have removed the charge. Would you like Fiber 500 for $49.99 a month?"), customers)
    first, second = customers.readings[:2]

    assert first.acts == ()
    assert [(act.turn, act.offer) for act in second.pitches()] == [(1, "FIBER-500")]
    assert [fact.intent for fact in second.intents] == ["billing_dispute"]


# --- failures ---


@pytest.mark.parametrize(
    ("said", "class_"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("\u200b\u2060\x00\x1b", "empty"),
        ("x" * 4001, "too_large"),
    ],
)
def test_a_turn_without_words_or_with_too_many_fails_the_trial(said: str, class_: str) -> None:
    recordings = FakeRecordings()
    played = play_one(saying(said), None, recordings)

    assert played.simulation.failure is not None
    assert played.simulation.failure.class_ == class_
    assert (played.simulation.by, played.simulation.ended, played.counts) == ("agent", "failed", False)
    assert [turn.role for turn in played.conversation.turns] == ["customer"]
    assert recordings.replies == {}


def test_what_the_agent_raised_is_no_words_of_the_transcript() -> None:
    played = play_one(FakeAgent(raising("raised", "ValueError: secret words")))

    assert played.simulation.failure is not None
    assert played.simulation.failure.message == "ValueError: secret words"
    assert "secret words" not in played.conversation.model_dump_json()


def test_an_agent_that_raises_what_nobody_expects_fails_its_trial() -> None:
    def broken(_: Says, __: Brief) -> str:
        raise ZeroDivisionError("Authorization: Bearer abcdefghijkl")

    played = play_one(FakeAgent(broken))

    assert played.simulation.failure is not None
    assert played.simulation.failure.class_ == "internal"
    assert "ZeroDivisionError" in played.simulation.failure.message
    assert "abcdefghijkl" not in played.simulation.failure.message


def test_a_turn_that_takes_too_long_fails_the_trial() -> None:
    began = time.monotonic()
    agent = FakeAgent(latency=30)
    played = play_one(agent, reply_timeout=0.2)

    assert played.simulation.failure is not None
    assert played.simulation.failure.class_ == "timeout"
    assert played.simulation.failure.message == "no turn within 0.2 s"
    assert time.monotonic() - began < 5
    assert agent.closed == ["bill-01.v1"]


def test_an_agent_that_cannot_be_cancelled_is_not_waited_for() -> None:
    class Stubborn(FakeAgent):
        def contact(self, brief: Brief) -> Any:
            return self

        async def reply(self, _: Says) -> AgentReply:
            while True:
                try:
                    await asyncio.sleep(0.5)
                    return AgentReply("Late.")
                except asyncio.CancelledError:
                    continue

    began = time.monotonic()
    played = play_one(Stubborn(), reply_timeout=0.05)

    assert played.simulation.failure is not None
    assert played.simulation.failure.class_ == "timeout"
    assert time.monotonic() - began < 8


def test_an_agent_that_cancels_itself_fails_its_trial() -> None:
    def cancelled(_: Says, __: Brief) -> str:
        raise asyncio.CancelledError

    played = play_one(FakeAgent(cancelled))

    assert played.simulation.failure is not None
    assert played.simulation.failure.class_ == "internal"


def test_a_model_customer_that_fails_is_no_fault_of_the_agent() -> None:
    class Failing(FakeCustomers):
        def customer(self, one: Trial, attempt: int, brief: Brief) -> Any:
            return self

        async def say(self, *_: object) -> Said:
            raise CallFailed(Failure(class_="server", message="the endpoint has an error of its own"))

    played = play_one(None, Failing(), config=by_model())

    assert played.simulation.by == "customer"
    assert played.simulation.failure is not None
    assert played.simulation.failure.class_ == "server"


def test_an_agent_that_cannot_be_closed_spoils_nothing() -> None:
    class Clinging(FakeAgent):
        def contact(self, brief: Brief) -> Any:
            contact: Any = super().contact(brief)

            async def aclose() -> None:
                raise OSError("no")

            contact.aclose = aclose
            return contact

    assert play_one(Clinging()).counts


# --- recordings ---


def test_what_is_recorded_is_not_asked_for_again() -> None:
    recordings = FakeRecordings()
    first = play_one(FakeAgent(), None, recordings)
    agent = FakeAgent()
    second = play_one(agent, None, recordings)

    assert second.conversation == first.conversation
    assert second.simulation == first.simulation
    assert agent.asked == []
    assert agent.contacts == []
    assert (first.asked, second.asked) == (3, 0)


def test_a_conversation_goes_on_where_it_was_left() -> None:
    recordings = FakeRecordings()
    whole = play_one(FakeAgent(), None, recordings)
    last = [turn.key for turn in whole.conversation.turns if turn.role == "agent"][-1]
    del recordings.replies[str(last)]
    agent = FakeAgent()

    assert play_one(agent, None, recordings).conversation == whole.conversation
    assert agent.asked == [("bill-01.v1", 5)]


@pytest.mark.parametrize("change", ["sha256", "prompt", "seed"])
def test_another_agent_prompt_or_seed_is_asked_anew(change: str) -> None:
    recordings = FakeRecordings()
    play_one(FakeAgent(), None, recordings)
    one = trial()
    others = {
        "prompt": replace(one, prompt=one.prompt.model_copy(update={"text": "You are Nora."})),
        "seed": replace(one, seed=7),
    }
    agent = FakeAgent(sha256="b" * 64) if change == "sha256" else FakeAgent()
    play_one(agent, None, recordings, these=[others.get(change, one)])

    assert len(agent.asked) == 3


def test_the_same_prompt_under_another_name_is_not_asked_again() -> None:
    recordings = FakeRecordings()
    play_one(FakeAgent(), None, recordings)
    agent = FakeAgent()
    played = play_one(agent, None, recordings, these=[replace(trial(), label="main")])

    assert agent.asked == []
    assert played.conversation.id == "bill-01.main"


def test_replay_only_asks_nobody() -> None:
    agent = FakeAgent()
    with pytest.raises(UserError, match="turn 1 of bill-01 is not recorded"):
        play_one(agent, None, FakeRecordings("replay_only"))
    assert agent.asked == []


def test_a_model_customers_words_are_kept_and_given_back() -> None:
    recordings, customers = FakeRecordings(), FakeCustomers(calls=1)
    first = play_one(None, customers, recordings, config=by_model())
    again = FakeCustomers([("Something else entirely.", "state")] * 9, calls=1)
    second = play_one(None, again, recordings, config=by_model())

    assert (first.asked, second.asked) == (7, 0)
    assert second.conversation == first.conversation
    assert [kept is not None for kept in again.kept] == [True] * 4


def test_replay_only_asks_no_model_for_the_customers_words() -> None:
    customers = FakeCustomers()
    with pytest.raises(UserError, match="turn 0 of bill-01"):
        play_one(None, customers, FakeRecordings("replay_only"), config=by_model())
    assert customers.kept == []


def test_a_scripted_customers_words_that_were_edited_are_an_error() -> None:
    recordings = FakeRecordings()
    whole = play_one(None, None, recordings)
    key = str(whole.conversation.turns[2].key)
    recordings.said[key] = Said("The last four are 9999.")

    with pytest.raises(UserError, match=r"turn 2 of bill-01\.v1 are recorded otherwise .*--record"):
        play_one(None, None, recordings)


def test_a_recorded_reply_that_is_too_long_by_now_fails_the_trial() -> None:
    recordings = FakeRecordings()
    play_one(saying("A long reply, longer than ten."), None, recordings)
    played = play_one(saying("never asked"), None, recordings, max_chars=10)

    assert played.simulation.failure is not None
    assert played.simulation.failure.class_ == "too_large"


def test_a_reply_is_kept_before_the_customer_answers_it() -> None:
    recordings = FakeRecordings()

    class Watching(FakeCustomers):
        def customer(self, one: Trial, attempt: int, brief: Brief) -> Any:
            inner: Any = super().customer(one, attempt, brief)

            class One:
                async def say(self, turns: Says, *more: Any) -> Said:
                    assert len(recordings.replies) == sum(turn.role == "agent" for turn in turns)
                    said: Said = await inner.say(turns, *more)
                    return said

            return One()

    assert play_one(None, Watching(), recordings).counts


def test_recordings_are_used_from_one_thread_only() -> None:
    threads: set[str] = set()

    class Watched(FakeRecordings):
        def agent(self, key: str) -> AgentReply | None:
            threads.add(threading.current_thread().name)
            return super().agent(key)

        def keep_agent(self, key: str, reply: AgentReply) -> None:
            threads.add(threading.current_thread().name)
            super().keep_agent(key, reply)

        def played(self, attempts: list[Played]) -> None:
            threads.add(threading.current_thread().name)
            super().played(attempts)

    play(None, None, Watched())
    assert threads == {"evalh-books"}
