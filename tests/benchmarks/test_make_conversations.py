"""The invented conversations: alike by seed, different from each other, of the promised shape."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.make_conversations import (
    COURSES,
    CUSTOMER_SIDE,
    GRAMMAR,
    LONGEST,
    SHORTEST,
    in_words,
    make_conversations,
    reference_policies,
    variety,
    write,
)

from evalh.models import Conversation

SOME = tuple(make_conversations(200, seed=3))


def test_the_same_seed_makes_the_same_conversations() -> None:
    assert [one.sha256 for one in make_conversations(5, seed=3)] == [one.sha256 for one in SOME[:5]]


def test_another_seed_makes_others() -> None:
    assert {one.sha256 for one in make_conversations(5, seed=4)}.isdisjoint(one.sha256 for one in SOME[:5])


def test_a_longer_stream_begins_like_a_shorter_one() -> None:
    assert [one.id for one in make_conversations(8, seed=3)] == [one.id for one in SOME[:8]]


def test_every_conversation_has_a_promised_number_of_turns() -> None:
    assert all(SHORTEST <= len(one.turns) <= LONGEST for one in SOME)


def test_nearly_every_turn_is_said_once() -> None:
    found = variety(SOME)
    assert found.distinct_turns / found.turns > 0.98


def test_both_channels_occur() -> None:
    assert {one.channel for one in SOME} == {"voice", "chat"}


def test_every_conversation_has_a_customer_record_and_a_day_with_a_policy() -> None:
    policies = reference_policies()
    assert all(one.customer and one.started_at for one in SOME)
    assert all(policies.in_force(one.started_at.date()) for one in SOME if one.started_at)


def test_times_of_a_call_go_forward() -> None:
    starts = [[turn.start or 0.0 for turn in one.turns] for one in SOME if one.channel == "voice"]
    assert all(times == sorted(times) for times in starts)


def test_no_slot_is_left_open() -> None:
    assert not [turn.text for one in SOME for turn in one.turns if set("{}[]|") & set(turn.text)]


def test_offers_are_added_in_some_conversations_and_refused_in_others() -> None:
    added = [any(call.name == "add_offer" for turn in one.turns for call in turn.tool_calls) for one in SOME]
    assert 20 < sum(added) < 180


def test_every_course_is_in_the_grammar_and_begins_with_the_agent() -> None:
    courses = [turns for _, turns in COURSES.values()]
    assert all(symbol in GRAMMAR for turns in courses for symbol in turns)
    assert all(turns[0] not in CUSTOMER_SIDE for turns in courses)


@pytest.mark.parametrize(("number", "spoken"), [(0, "zero"), (17, "seventeen"), (305, "three hundred five")])
def test_numbers_are_spoken(number: int, spoken: str) -> None:
    assert in_words(number) == spoken


def test_what_is_written_is_read_back_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    write(path, 3, seed=3)
    back = [Conversation.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert back == list(SOME[:3])
