from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.simulator.playing import (
    FakeAgent,
    FakeContact,
    FakeCustomers,
    FakeRecordings,
    config,
    play,
    play_one,
    raising,
    stage,
    trial,
    trials,
)

from evalh.agents.protocol import AgentReply, Brief
from evalh.errors import Stopped, UserError
from evalh.llm import Budget
from evalh.models import Turn
from evalh.simulator import stage as staging
from evalh.simulator.ask import FEW, ROW
from evalh.simulator.protocol import Played, Trial
from evalh.simulator.recordings import Recordings

SILENT = ((" ", "state"), ("Hello?", "state"))


def classes(played: list[Played]) -> list[str]:
    return [one.simulation.failure.class_ if one.simulation.failure else "" for one in played]


def test_conversations_come_in_the_order_of_their_trials_whichever_is_over_first() -> None:
    def slow_at_first(turns: Sequence[Turn], brief: Brief) -> str:
        return f"Turn {len(turns)} of {brief.case}."

    class Uneven(FakeAgent):
        def contact(self, brief: Brief) -> object:  # type: ignore[override]
            self.latency = 0.2 if brief.case == "case-000" else 0.0
            return super().contact(brief)

    played = play(Uneven(slow_at_first), these=trials(20), config=config(concurrency=4))

    assert [one.trial.case.id for one in played] == [one.case.id for one in trials(20)]
    assert all(one.counts for one in played)


def test_many_conversations_are_held_at_a_time_and_no_more() -> None:
    agent = FakeAgent(latency=0.02)
    play(agent, these=trials(12), config=config(concurrency=5))
    assert agent.peak == 5


def test_an_agent_is_asked_for_no_more_turns_at_a_time_than_it_allows() -> None:
    agent = FakeAgent(latency=0.01, concurrency=2)
    play(agent, these=trials(8), config=config(concurrency=8))
    assert agent.peak == 2


def test_waiting_for_the_agents_turn_to_begin_is_no_time_of_the_turn() -> None:
    agent = FakeAgent(latency=0.1, concurrency=1)
    played = play(agent, these=trials(6), config=config(concurrency=6), reply_timeout=0.4)
    assert classes(played) == [""] * 6


def test_trials_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def endless() -> Iterator[Trial]:
        for number in itertools.count():
            taken.append(number)
            yield trial(number)

    on = stage(config=config(concurrency=2))
    coming = on.play(endless())
    first = [next(coming) for _ in range(5)]
    coming.close()  # type: ignore[attr-defined]
    on.close()

    assert [one.trial.trial for one in first] == [0, 1, 2, 3, 4]
    assert len(taken) <= 5 + 2 * staging.AHEAD


def test_the_same_trials_give_the_same_conversations() -> None:
    one, other = (play(these=trials(6), config=config(concurrency=given)) for given in (1, 6))
    assert [(a.conversation, a.simulation) for a in one] == [(b.conversation, b.simulation) for b in other]


def test_agent_and_customers_are_let_go_of() -> None:
    agent, customers = FakeAgent(), FakeCustomers()
    play(agent, customers)

    assert (agent.gone, customers.gone) == (True, True)
    assert agent.closed == ["bill-01.v1"]
    assert not [one for one in threading.enumerate() if one.name.startswith(("evalh-calls", "evalh-books"))]


# --- the customer's mistakes ---


def test_a_customers_mistake_has_the_trial_played_again_with_another_seed() -> None:
    agent, recordings = FakeAgent(), FakeRecordings()
    played = play_one(agent, FakeCustomers(attempts=[SILENT, SILENT]), recordings)
    (attempts,) = recordings.over

    assert played.counts
    assert (played.attempts, played.simulation.attempt) == (3, 2)
    assert [[fault.fault for fault in one.simulation.faults] for one in attempts] == [["said_nothing"]] * 2 + [[]]
    assert len({turn.key for one in attempts for turn in one.conversation.turns}) == 2 + 7


def test_what_all_attempts_took_is_counted() -> None:
    odd = FakeCustomers(attempts=[[("Let me tell you of my cat.", "tell")] * 4])
    played = play_one(FakeAgent(lambda turns, _: AgentReply(f"Step {len(turns)}.", input_tokens=10)), odd)

    assert played.attempts == 2
    assert played.simulation.attempt == 1
    assert (played.asked, played.input_tokens) == (5, 50)


def test_a_trial_is_played_so_often_at_most() -> None:
    recordings = FakeRecordings()
    played = play_one(None, FakeCustomers(SILENT), recordings, config=config(attempts=2))

    assert (played.attempts, played.counts) == (2, False)
    assert [fault.fault for fault in played.simulation.faults] == ["said_nothing"]
    assert len(recordings.over[0]) == 2


def test_a_failure_of_the_agent_is_not_tried_again() -> None:
    agent = FakeAgent(raising())
    played = play_one(agent)

    assert played.attempts == 1
    assert len(agent.asked) == 1


# --- agents that cannot be asked ---


@pytest.mark.parametrize("class_", ["raised", "connection", "server"])
def test_an_agent_that_always_fails_is_soon_asked_nothing_more(class_: str) -> None:
    agent = FakeAgent(raising(class_, "no"))
    played = play(agent, these=trials(60), config=config(concurrency=4))
    found = classes(played)

    assert len(agent.asked) <= ROW + 3
    assert found[:ROW] == [class_] * ROW
    assert set(found[ROW + 3 :]) == {"circuit_open"}
    last = played[-1].simulation.failure
    assert last is not None
    assert last.message == f"not asked, because the agent was given up: {class_}: no"


def test_an_agent_that_never_answers_is_given_up_sooner() -> None:
    agent = FakeAgent(latency=30)
    played = play(agent, these=trials(40), config=config(concurrency=2), reply_timeout=0.1)

    assert len(agent.asked) <= FEW + 1
    assert classes(played)[-1] == "circuit_open"


def test_an_agent_that_says_nothing_at_all_is_given_up_with_the_first_turn() -> None:
    agent = FakeAgent(latency=30, concurrency=1)
    began = time.monotonic()
    played = play(agent, these=trials(40), config=config(concurrency=8), reply_timeout=20, first_timeout=0.2)

    assert time.monotonic() - began < 5
    assert len(agent.asked) == 1
    assert classes(played) == ["timeout"] + ["circuit_open"] * 39
    first = played[0].simulation.failure
    assert first is not None
    assert first.message == (
        "no turn within 0.2 s, and none before; raise 'first_reply_timeout' of the agent if it may take longer to begin"
    )


def test_an_agent_that_said_something_may_be_slow() -> None:
    """Also in turns that began before it did."""
    agent = FakeAgent()

    class Uneven(FakeContact):
        async def reply(self, turns: Sequence[Turn]) -> AgentReply:
            agent.latency = 0.1 if self.brief.case == "case-000" else 0.6
            return await super().reply(turns)

    agent.contact = lambda brief: Uneven(agent, brief)  # type: ignore[method-assign]
    played = play(agent, these=trials(4), config=config(concurrency=4), reply_timeout=20, first_timeout=0.3)

    assert classes(played) == [""] * 4


def test_an_agent_that_fails_now_and_then_is_asked_on() -> None:
    def sometimes(turns: Sequence[Turn], brief: Brief) -> str:
        if int(brief.case[-3:]) % 2:
            raising()(turns, brief)
        return f"Step {len(turns)}."

    found = classes(play(FakeAgent(sometimes), these=trials(60), config=config(concurrency=1)))
    assert found == ["", "raised"] * 30


def test_conversations_that_are_too_long_say_nothing_of_others() -> None:
    found = classes(play(FakeAgent(lambda _, __: ""), these=trials(30)))
    assert found == ["empty"] * 30


# --- limits ---


def test_a_limit_of_calls_stops_the_run_and_what_was_said_is_kept() -> None:
    recordings = FakeRecordings()
    agent = FakeAgent()
    on = stage(agent, None, recordings, budget=Budget(max_calls=10), config=config(concurrency=2))
    done: list[Played] = []
    with pytest.raises(Stopped, match=r"limit of 10 calls .* --max-calls"):
        done.extend(on.play(trials(20)))
    on.close()

    assert len(agent.asked) == len(recordings.replies) == 10
    again = FakeAgent()
    assert all(one.counts for one in play(again, None, recordings, these=trials(20)))
    assert len(again.asked) == 60 - 10


def test_an_agent_behind_a_model_endpoint_counts_its_calls_itself() -> None:
    budget = Budget(max_calls=1)
    assert play_one(FakeAgent(id="chat:m"), budget=budget).counts
    assert budget.calls == 0


def test_when_the_budget_is_stopped_what_is_in_flight_may_end() -> None:
    budget, recordings = Budget(), FakeRecordings()
    agent = FakeAgent(latency=0.5)
    on = stage(agent, None, recordings, budget=budget, config=config(concurrency=3))
    threading.Timer(0.2, budget.stop, ["the time limit is reached"]).start()
    with pytest.raises(Stopped, match="the time limit is reached"):
        list(on.play(trials(9)))
    on.close()

    assert len(agent.asked) == len(recordings.replies) == 3


def test_what_does_not_end_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "GRACE_SECONDS", 0.3)
    budget, began = Budget(), time.monotonic()
    on = stage(FakeAgent(latency=30), budget=budget)
    threading.Timer(0.1, budget.stop, ["the time limit is reached"]).start()
    with pytest.raises(Stopped, match="the time limit is reached"):
        list(on.play(trials(3)))
    on.close()

    assert time.monotonic() - began < 8


def test_an_interrupt_begins_nothing_new_and_keeps_what_is_in_flight() -> None:
    recordings, agent = FakeRecordings(), FakeAgent(latency=0.3)
    on = stage(agent, None, recordings, config=config(concurrency=2))
    coming = on.play(trials(50))
    next(coming)
    before = len(agent.asked)
    with pytest.raises(KeyboardInterrupt):
        coming.throw(KeyboardInterrupt())  # type: ignore[attr-defined]
    on.close()

    assert len(agent.asked) <= before + 2
    assert len(recordings.replies) == len(agent.asked)


def test_trials_that_are_over_when_the_run_stops_are_handed_to_the_recordings() -> None:
    class Failing(FakeRecordings):
        def missing(self, one: Trial, turn: int, simulation: object = None) -> UserError:
            time.sleep(0.2)
            return super().missing(one, turn, simulation)

    whole = FakeRecordings()
    play(None, None, whole, these=trials(6))
    gone = str(whole.over[1][0].conversation.turns[1].key)
    recordings = Failing("replay_only", {key: reply for key, reply in whole.replies.items() if key != gone})
    with pytest.raises(UserError, match="turn 1 of case-001"):
        play(None, None, recordings, these=trials(6))

    assert [one[0].trial.case.id for one in recordings.over] == [f"case-00{number}" for number in (0, 2, 3, 4, 5)]


def test_conversations_are_recorded_and_replayed(tmp_path: Path) -> None:
    def recordings(mode: str = "normal") -> Recordings:
        return Recordings(tmp_path / "kept", pending=tmp_path / "pending", mode=mode)  # type: ignore[arg-type]

    kept, these = recordings(), trials(5)
    first = play(None, FakeCustomers(attempts=[SILENT]), kept, these=these, greeting="Hello!")
    kept.finished()
    kept.close()
    agent, replayed = FakeAgent(), recordings("replay_only")
    second = play(agent, FakeCustomers(attempts=[SILENT]), replayed, these=these, greeting="Hello!")
    replayed.close()

    assert agent.asked == []
    assert [one.conversation for one in second] == [one.conversation for one in first]
    assert [one.simulation for one in second] == [one.simulation for one in first]
    assert [one.attempts for one in second] == [2] * 5


def test_the_first_attempt_of_a_trial_is_found_in_the_recordings(tmp_path: Path) -> None:
    kept = Recordings(tmp_path / "kept", pending=tmp_path / "pending")
    on = stage(None, None, kept)
    assert not kept.has(on.simulation(trial()))
    list(on.play([trial()]))
    kept.finished()
    assert kept.has(on.simulation(trial()))
    on.close()
    kept.close()
