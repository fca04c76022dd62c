from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.runner.fakes import V1, Brevity, FakeReader, Pitching, PolicyVersion

import evalh
from evalh.api import score, score_exchange
from evalh.errors import BadInput, NotFound, UserError
from evalh.evaluator import EvalContext, Evaluator, by_rubric, rubric_question
from evalh.models import Conversation, Question, Score, ToolCall, Turn
from evalh.testing import make_conversation, make_policy

SAID = "My bill is wrong.", "Would you like fiber?"
MESSAGES = [{"role": "user", "content": SAID[0]}, {"role": "assistant", "content": SAID[1]}]
TURNS = [{"role": "customer", "text": SAID[0]}, {"role": "agent", "text": SAID[1]}]


@pytest.mark.parametrize(
    "given",
    [
        MESSAGES,
        TURNS,
        [("customer", SAID[0]), ("agent", SAID[1])],
        [Turn(role="customer", text=SAID[0]), Turn(role="agent", text=SAID[1])],
        {"messages": MESSAGES},
        {"turns": TURNS},
        {"turns": MESSAGES, "channel": "voice"},
        Conversation(id="c", turns=(Turn(role="customer", text=SAID[0]), Turn(index=1, role="agent", text=SAID[1]))),
    ],
)
def test_a_conversation_may_come_as_messages_turns_or_a_conversation(given: Any) -> None:
    scored = score(given, evaluators=[Pitching()], reader=FakeReader())

    assert [(turn.role, turn.text) for turn in scored.conversation.turns] == [("customer", SAID[0]), ("agent", SAID[1])]
    assert [(item.turn, item.label) for item in scored.failed] == [(1, "pitched")]


def test_openai_tool_calls_are_understood() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "add_offer", "arguments": '{"offer_id": "X"}'}}
    given = [*MESSAGES, {"role": "assistant", "content": None, "tool_calls": [call]}]
    (found,) = score(given, evaluators=Pitching, reader=FakeReader()).conversation.turns[2].tool_calls

    assert isinstance(found, ToolCall)
    assert (found.name, found.arguments) == ("add_offer", {"offer_id": "X"})


def test_the_summary_has_one_score_for_each_evaluator() -> None:
    scored = score(MESSAGES, evaluators=[Pitching(), Brevity()], reader=FakeReader())

    assert {name: item.value for name, item in scored.summary.items()} == {"pitching": 0.0, "brevity": 1.0}
    assert not scored.passed
    assert not any(item.rollup for item in scored.scores)


def test_without_a_fault_nothing_failed() -> None:
    scored = score(make_conversation("C: hi\nA: hello"), evaluators=Brevity, reader=FakeReader())

    assert (scored.passed, scored.failed) == (True, ())


def test_what_was_only_skipped_has_not_passed() -> None:
    skipped = score(MESSAGES, evaluators=PolicyVersion, reader=FakeReader())
    partly = score(MESSAGES, evaluators=[PolicyVersion, Brevity], reader=FakeReader())

    assert (skipped.summary["policy_version"].state, skipped.passed, partly.passed) == ("skipped", False, True)


def test_a_policy_may_be_one_version_or_a_set() -> None:
    policies = make_policy()
    for policy in (policies, policies.newest):
        assert (
            score(MESSAGES, policy, [Pitching()], reader=FakeReader()).reading.lexicon_sha256 == policies.lexicon.sha256
        )


def test_a_prompt_is_known_to_the_evaluators_also_when_the_conversation_names_no_version() -> None:
    scored = score({"turns": TURNS, "prompt_sha256": V1.sha256}, evaluators=[Brevity()], prompt=V1, reader=FakeReader())

    assert scored.passed


def test_a_recording_of_another_prompt_is_refused() -> None:
    with pytest.raises(BadInput, match="was recorded with another version of prompt v1"):
        score({"turns": TURNS, "prompt_sha256": "0" * 64}, evaluators=[Brevity()], prompt=V1, reader=FakeReader())


def test_printing_shows_offers_and_faults_and_no_control_characters() -> None:
    said = str(score([("customer", "hi"), ("agent", "fiber \x1b[2J[/bold]")], evaluators=Pitching, reader=FakeReader()))

    assert "failed pitching" in said
    assert r"turn 1, FIBER-500: pitched (pitching)" in said
    assert r"\x1b[2J[/bold]" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hello", "a conversation cannot be a str; give a Conversation, a dict or a list of messages"),
        ({"id": "x"}, "has no turns"),
        ([{"role": "robot", "text": "hi"}], "role"),
        ([{"role": "robot", "content": "hi"}], "unknown speaker 'robot'"),
        ({"turns": MESSAGES, "chanel": "voice"}, "chanel"),
    ],
)
def test_what_is_no_conversation_is_told_in_a_sentence(given: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        score(given, evaluators=[Brevity()], reader=FakeReader())


def test_an_unknown_evaluator_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"no evaluator 'groundednes'; did you mean 'groundedness'\?"):
        score(MESSAGES, evaluators="groundednes", reader=FakeReader())


def test_an_exchange_is_judged_and_what_came_before_it_is_only_read() -> None:
    pitched_before = score_exchange("no", "all right", before=TURNS, evaluator=Pitching(), reader=FakeReader())
    pitched_now = score_exchange("no", "fiber?", before=[("agent", "hi")], evaluator=Pitching(), reader=FakeReader())

    assert (pitched_before.failed, pitched_before.summary["pitching"].state) == ((), "not_applicable")
    assert [item.turn for item in pitched_now.failed] == [2]
    assert len(pitched_before.conversation.turns) == 4


def test_the_evaluators_of_an_exchange_may_be_streamed() -> None:
    scored = score_exchange("no", "fiber?", evaluator=(one for one in [Pitching]), reader=FakeReader())

    assert (set(scored.summary), scored.passed) == ({"pitching"}, False)


def test_an_exchange_may_have_a_customer_record() -> None:
    scored = score_exchange("hi", "hello", evaluator=Brevity, reader=FakeReader(), customer_record={"region": "US-TX"})

    assert scored.conversation.customer == {"region": "US-TX"}


def test_three_lines_do_with_the_shipped_evaluators_and_reader() -> None:
    scored = evalh.score(MESSAGES)

    assert set(scored.summary) >= {"groundedness", "objection_handling", "tone"}
    assert scored.summary["prompt_conformance"].state == "skipped"
    assert scored.summary["politeness"].state == "scored"


@pytest.mark.parametrize("turn", [{"role": "agent", "text": object()}, {"role": "agent", "text": "hi", "start": 1j}])
def test_what_is_not_json_is_told_by_its_field(turn: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"^conversation: turns\[0\]"):
        score([turn], evaluators=[Pitching()], reader=FakeReader())


def test_what_is_no_evaluator_is_told_in_a_sentence() -> None:
    with pytest.raises(UserError, match="an evaluator cannot be 5; give a name"):
        score(MESSAGES, evaluators=[5], reader=FakeReader())  # type: ignore[list-item]


def test_what_came_before_an_exchange_may_hold_openai_tool_calls() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "add_offer", "arguments": "{}"}}
    called = {"role": "assistant", "content": "fiber?", "tool_calls": [call]}
    before = [*MESSAGES, called, {"role": "tool", "tool_call_id": "1", "content": "ok"}]
    scored = score_exchange("no", "Would you like fiber?", before=before, evaluator=Pitching(), reader=FakeReader())

    assert scored.conversation.turns[2].tool_calls[0].result == "ok"
    assert [item.turn for item in scored.failed] == [len(scored.conversation.turns) - 1]


# --- a judge ---


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_judge_is_asked_for_rubrics_and_let_go_of() -> None:
    from evalh.models import JudgeConfig
    from evalh.testing import Fault, StubEndpoint

    threads = threading.active_count()
    for faults, state, passed in (((), "unsure", False), (Fault.QUOTA, "errored", False)):
        with StubEndpoint(faults=faults) as stub:
            judge = JudgeConfig(model="stub", base_url=stub.base_url, api_key_env=None)
            scored = score(TURNS, evaluators=[Kindness()], judge=judge)
        assert (scored.summary["kindness"].state, scored.passed) == (state, passed)
        assert len(stub.requests) == 1

    assert threading.active_count() <= threads


class Kindness(Evaluator):
    """A rubric."""

    def questions(self, ctx: EvalContext) -> list[Question]:
        return [rubric_question("Is the agent kind?")]

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        yield by_rubric(self, ctx, rubric_question("Is the agent kind?"))


def test_without_a_judge_a_rubric_is_skipped() -> None:
    assert score(TURNS, evaluators=[Kindness()]).summary["kindness"].state == "skipped"


@pytest.mark.parametrize("given", [{"model": "m"}, "small"])
def test_a_judge_is_a_config(given: Any) -> None:
    with pytest.raises(UserError, match=r"a judge cannot be a (dict|str); give a JudgeConfig of evalh\.models"):
        score(TURNS, evaluators=[Pitching()], judge=given)


def test_a_reader_brings_its_own_judge() -> None:
    from evalh.models import JudgeConfig

    with pytest.raises(UserError, match="a reader and a judge are given; give the reader alone"):
        score(TURNS, evaluators=[Pitching()], reader=FakeReader(), judge=JudgeConfig(model="m"))
