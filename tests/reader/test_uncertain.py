"""What a cascade asks about: doubtful facts that a verdict may rest on, and near misses of the turn model."""

from __future__ import annotations

from typing import Any

import numpy as np

from evalh.judge.picks import PicksSection
from evalh.models import Conversation, Reading
from evalh.reader.heads import LABELS, TurnScores
from evalh.reader.uncertain import MOST, Doubt, doubts
from evalh.testing import make_conversation

TALK = make_conversation(
    """
    C: my bill is wrong and i am fed up
    A: I have fixed it. Would you like Fiber 500 for $49.99 a month?
    C: maybe some day
    A: It would be faster for your calls.
    C: bye
    """
)


def reading(conversation: Conversation = TALK, **facts: Any) -> Reading:
    fields = {"conversation": conversation.id, "conversation_sha256": "0", "reader": "r", "lexicon_sha256": "0"}
    return Reading.model_validate({**fields, **facts})


def fact(turn: int, confidence: float = 0.6, **more: Any) -> dict[str, Any]:
    return {"turn": turn, "confidence": confidence, **more}


def scores(**chances: float) -> TurnScores:
    heads = {}
    for head, labels in LABELS.items():
        values = np.zeros(len(labels))
        for label, chance in chances.items():
            if label in labels:
                values[labels.index(label)] = chance
        heads[head] = values
    return TurnScores(heads)


def asked(found: tuple[Doubt, ...]) -> list[tuple[int, str, str | None]]:
    return [(doubt.query.turn, doubt.query.about, doubt.query.offer) for doubt in found]


def test_only_facts_below_the_confidence_are_asked_about() -> None:
    acts = [fact(1, 0.9, offer="A", act="pitch"), fact(3, 0.6, offer="B", act="mention")]
    replies = [fact(2, 0.79, offer="A", reply="defer"), fact(4, 0.8, offer="A", reply="ignore")]

    found = doubts(TALK, reading(acts=acts, replies=replies), {}, 0.8)

    assert asked(found) == [(2, "reply", "A"), (3, "act", "B")]
    assert [doubt.facts for doubt in found] == [(0,), (1,)]
    assert doubts(TALK, reading(acts=acts, replies=replies), {}, 0.0) == ()


def test_an_unread_conversation_raises_no_question() -> None:
    unread = reading(read=False, why_unread="another language", acts=[fact(1, 0.1, offer="A", act="pitch")])

    assert doubts(TALK, unread, {1: scores(pitch=0.9)}, 0.8) == ()


def test_of_moods_those_count_that_stand_before_a_pitch_and_the_last() -> None:
    talk = make_conversation("C: one\nC: two\nA: pitch\nC: three\nC: four")
    moods = [fact(turn, mood="calm") for turn in (0, 1, 3, 4)]

    found = doubts(talk, reading(talk, moods=moods, acts=[fact(2, 0.9, offer="A", act="pitch")]), {}, 0.8)

    assert asked(found) == [(1, "mood", None), (4, "mood", None)]


def test_an_issue_whose_end_is_open_is_asked_about_however_sure_it_is() -> None:
    issues = [
        fact(0, 0.95, id="issue-1", intent="refund", status="unsure"),
        fact(2, 0.95, id="issue-2", intent="refund", status="resolved"),
    ]

    (doubt,) = doubts(TALK, reading(issues=issues), {}, 0.8)

    assert doubt.query.choices == ("resolved", "promised", "unresolved")
    assert doubt.query.kind == "refund"
    assert doubt.facts == (0,)


def test_doubtful_claims_of_a_turn_are_one_question_about_their_offer() -> None:
    claims = [
        fact(1, 0.6, offer="A", kind="price", value="49.99"),
        fact(1, 0.7, offer="A", kind="term", value="24"),
        fact(3, 0.6, offer="A", kind="price", value="1"),
        fact(3, 0.9, offer="B", kind="price", value="2"),
    ]
    mentions = [fact(1, 1.0, offer="B"), fact(3, 1.0, offer="C")]

    (doubt,) = doubts(TALK, reading(claims=claims, mentions=mentions), {}, 0.8)

    assert (doubt.query.about, doubt.query.offer, doubt.facts) == ("claim", "A", (0, 1))
    assert doubt.query.choices == ("A", "B", "none")


def test_a_turn_that_nearly_pitches_is_asked_about_with_the_offer_last_named() -> None:
    mentions = [fact(1, 1.0, offer="A"), fact(3, 1.0, offer="B")]
    near = {1: scores(pitch=0.35), 3: scores(pitch=0.2)}

    (doubt,) = doubts(TALK, reading(mentions=mentions), near, 0.8)

    assert (doubt.query.turn, doubt.query.offer, doubt.facts) == (1, "A", ())
    assert "none" in doubt.query.choices
    assert doubts(TALK, reading(mentions=mentions, acts=[fact(1, 0.9, offer="A", act="mention")]), near, 0.8) == ()


def test_a_near_pitch_of_nothing_named_must_be_likelier() -> None:
    assert doubts(TALK, reading(), {1: scores(pitch=0.4)}, 0.8) == ()
    assert asked(doubts(TALK, reading(), {1: scores(pitch=0.6)}, 0.8)) == [(1, "act", None)]


def test_a_turn_that_nearly_answers_a_pitch_is_asked_about() -> None:
    pitched = [fact(1, 0.9, offer="A", act="pitch")]
    near = {0: scores(refuse=0.9), 2: scores(refuse=0.2, defer=0.15), 4: scores(ignore=0.9)}

    (doubt,) = doubts(TALK, reading(acts=pitched), near, 0.8)

    assert (doubt.query.turn, doubt.query.offer, doubt.to_turn) == (2, "A", 1)
    assert doubts(TALK, reading(), near, 0.8) == ()


def test_the_most_useful_questions_are_kept_and_put_in_order_of_turns() -> None:
    talk = make_conversation("\n".join(["A: pitch", "C: no"] * 40))
    registers = [fact(turn, 0.3, register="neutral") for turn in range(0, 80, 2)]
    replies = [fact(turn, 0.7, offer="A", reply="refuse") for turn in range(41, 81, 2)]

    found = doubts(talk, reading(talk, registers=registers, replies=replies), {}, 0.8)

    assert len(found) == MOST
    assert sum(doubt.field == "replies" for doubt in found) == 20
    assert [doubt.query.turn for doubt in found] == sorted(doubt.query.turn for doubt in found)


def test_every_question_can_be_put_to_a_judge() -> None:
    facts: dict[str, Any] = {
        "acts": [fact(1, offer="A", act="pitch")],
        "replies": [fact(2, offer=None, reply="defer")],
        "claims": [fact(1, offer="A", kind="price", value="1")],
        "issues": [fact(0, id="issue-1", intent="refund", status="open")],
        "moods": [fact(0, mood="calm")],
        "registers": [fact(1, register="neutral")],
        "courtesies": [fact(1, courtesy="polite")],
        "pressures": [fact(1, kind="guilt")],
        "identities": [fact(0, claim="asked_if_ai"), fact(1, claim="ai_disclosed")],
        "intents": [fact(0, intent="refund")],
        "progress": [fact(1, says="done")],
    }
    found = doubts(TALK, reading(**facts), {3: scores(pitch=0.9)}, 0.8)

    PicksSection([doubt.query for doubt in found])
    assert {doubt.field for doubt in found} == facts.keys() - {"intents", "progress"}
    assert len({doubt.query.id for doubt in found}) == len(found)
    (asks,) = [doubt for doubt in found if doubt.query.about == "identity" and doubt.query.turn == 0]
    assert asks.query.choices == ("asked_if_ai", "none")
