from __future__ import annotations

import numpy as np
import pytest

from evalh.models import Issue, Turn
from evalh.reader.heads import LABELS, SIDES, TurnScores
from evalh.reader.outcome import FEATURES, SETTLED, UNSETTLED, Heard, chance_of, features, settle
from evalh.reader.view import TurnView


def heard(index: int, speaker: str, text: str, **sure: str) -> Heard:
    heads = {}
    for head in SIDES[speaker]:  # type: ignore[index]
        labels = LABELS[head]
        label = sure.get(head, "calm" if head == "mood" else "neutral" if head == "register" else "none")
        heads[head] = np.array([0.96 if name == label else 0.04 / (len(labels) - 1) for name in labels])
    return speaker, TurnScores(heads), TurnView(Turn(index=index, role=speaker, text=text))  # type: ignore[return-value]


GOOD = [
    heard(0, "customer", "where is my parcel"),
    heard(1, "agent", "it is with your neighbour at number nine", issue="done"),
    heard(2, "customer", "ah there it is, you're a gem", word="solved", mood="satisfied"),
]
BAD = [
    heard(0, "customer", "where is my parcel", word="unsolved"),
    heard(1, "agent", "there is no way for me to see that", issue="cannot"),
    heard(2, "customer", "so nobody knows", word="unsolved", mood="frustrated"),
]


def issue(status: str, word: str | None = None) -> Issue:
    return Issue(turn=0, id="issue-1", intent="order", status=status, word=word, confidence=0.4)


def test_there_is_a_number_for_each_feature() -> None:
    assert len(features(GOOD, [issue("open")])) == len(FEATURES)
    assert len(features([], [])) == len(FEATURES)


def test_a_contact_that_ended_well_is_likelier_to_be_settled() -> None:
    assert chance_of(features(GOOD, [issue("unsure")])) >= SETTLED
    assert chance_of(features(BAD, [issue("unsure")])) <= UNSETTLED


def test_an_issue_left_open_is_settled_by_the_turn_that_says_so() -> None:
    found = settle(GOOD, (issue("unsure"),))[0]
    assert (found.status, found.word, found.source, found.resolved_turn) == ("resolved", "agent", "model", 1)
    assert found.resolution is not None
    assert found.resolution.quote == "it is with your neighbour at number nine"
    assert settle(BAD, (issue("unsure"),))[0].status == "unresolved"


def test_the_agents_word_alone_does_not_stand_where_all_else_speaks_against_it() -> None:
    doubted = settle(BAD, (issue("resolved", "agent"),))[0]
    assert (doubted.status, doubted.source) == ("unresolved", "model")
    assert (doubted.word, doubted.resolved_turn, doubted.resolution) == (None, None, None)
    assert settle(GOOD, (issue("resolved", "agent"),))[0].status == "resolved"


@pytest.mark.parametrize(
    ("status", "word"), [("resolved", "customer"), ("unresolved", "customer"), ("resolved", "tool")]
)
def test_the_word_of_customer_and_tool_stands(status: str, word: str) -> None:
    for turns in (GOOD, BAD):
        assert settle(turns, (issue(status, word),))[0].status == status


def test_without_turns_or_issues_nothing_changes() -> None:
    assert settle([], (issue("unsure"),))[0].status == "unsure"
    assert settle(GOOD, ()) == ()


@pytest.mark.parametrize("turns", [GOOD[:1], [*GOOD[:1], heard(1, "agent", " ", issue="done"), GOOD[2]]])
def test_where_no_agent_spoke_nothing_is_settled(turns: list[Heard]) -> None:
    assert settle(turns, (issue("unresolved"),))[0] == issue("unresolved")


def test_what_the_agent_is_still_at_work_on_stays_open() -> None:
    for turns in (GOOD, BAD):
        assert settle(turns, (issue("open"),))[0] == issue("open")


def test_a_no_that_sounds_like_a_thing_done_settles_nothing() -> None:
    no = heard(1, "agent", "that fee stays as it is, i sent you the tariff", issue="done")
    found = settle([GOOD[0], no, GOOD[2]], (issue("unsure"),))[0]
    assert (found.status, found.word) == ("unsure", None)


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("I'm sorry to hear that. I've refunded the second charge.", 1.0),
        ("I'm so sorry you had to wait, it's all booked.", 1.0),
        ("Sorry, but that room is gone.", -1.0),
        ("Sorry, we have nothing left.", -1.0),
        ("I'm afraid the booking hasn't been confirmed.", -1.0),
        ("The payment was not processed.", 0.0),
        ("I could not find it at first, now it's booked.", 1.0),
        ("I've booked the room, unfortunately without breakfast.", -1.0),
        ("Which day suits you?", 0.0),
    ],
)
def test_the_later_word_of_success_or_failure_counts_and_sympathy_is_neither(text: str, cue: float) -> None:
    numbers = dict(zip(FEATURES, features([heard(0, "agent", text)], []), strict=True))
    assert numbers["last_cue"] == cue
