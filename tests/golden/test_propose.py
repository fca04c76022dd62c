from typing import Any

import pytest
from tests.golden.growing import TURNS, conversation

from evalh.golden.propose import proposed, proposed_labels
from evalh.models import (
    Case,
    Conversation,
    CourtesyFact,
    Identity,
    IntentFact,
    Issue,
    Mood,
    OfferAct,
    OfferReply,
    Reading,
)

HELD = Conversation.model_validate({**conversation(), "case": "c", "agent": {"prompt_version": "v1"}})
CLEAN = HELD.model_copy(update={"turns": (HELD.turns[0], HELD.turns[3], *HELD.turns[2:])})


def reading(**facts: Any) -> Reading:
    return Reading(conversation="x", conversation_sha256="0", reader="local-9@ab+turns", lexicon_sha256="0", **facts)


def labelled(**facts: Any) -> list[tuple[int | None, str, str, str | None]]:
    return [(one.turn, one.construct_, one.label, one.offer) for one in proposed_labels(HELD, reading(**facts))]


def test_every_fact_is_a_label_at_its_turn_and_of_the_reader() -> None:
    found = reading(
        acts=(OfferAct(turn=4, offer="F", act="pitch", confidence=0.9),),
        replies=(OfferReply(turn=5, offer="F", reply="refuse"),),
        identities=(Identity(turn=0, claim="ai_disclosed"),),
        intents=(IntentFact(turn=1, intent="billing_dispute"),),
        issues=(Issue(turn=1, id="i", intent="billing_dispute", status="resolved"),),
    )
    labels = proposed_labels(HELD, found)

    assert [(one.turn, one.construct_, one.label, one.offer) for one in labels] == [
        (0, "identity", "ai_disclosed", None),
        (1, "intent", "billing_dispute", None),
        (1, "issue", "resolved", None),
        (4, "act", "pitch", "F"),
        (5, "reply", "refuse", "F"),
    ]
    assert {(one.labeller, one.confirmed, one.case, one.prompt_version) for one in labels} == {
        ("reader:local-9@ab", False, "c", "v1")
    }
    assert labels[3].note == "proposed with confidence 0.90"


def test_of_labels_that_exclude_each_other_the_surer_is_proposed() -> None:
    acts = (
        OfferAct(turn=4, offer="F", act="answer", confidence=0.6),
        OfferAct(turn=4, offer="F", act="pitch", confidence=0.8),
    )
    assert labelled(acts=acts) == [(4, "act", "pitch", "F")]


def test_what_is_doubtful_or_stands_at_the_wrong_side_is_not_proposed() -> None:
    acts = (
        OfferAct(turn=4, offer="F", act="pitch", confidence=0.4),
        OfferAct(turn=4, offer=None, act="pitch"),
        OfferAct(turn=2, offer=None, act="mention", known=False, said="Gold Plan"),
    )
    found = reading(acts=acts, moods=(Mood(turn=4, mood="frustrated"),))
    (only,) = proposed_labels(HELD, found)

    assert (only.turn, only.label, only.offer, only.note) == (
        2, "mention", None, "Gold Plan; proposed with confidence 1.00",
    )  # fmt: skip


def test_turns_that_are_as_usual_have_no_label_but_for_one_calm_one() -> None:
    moods = tuple(Mood(turn=turn, mood="calm") for turn in (1, 3, 5))
    courtesies = (CourtesyFact(turn=2, courtesy="polite"), CourtesyFact(turn=4, courtesy="impolite"))

    assert labelled(moods=moods, courtesies=courtesies) == [
        (1, "mood", "calm", None),
        (4, "courtesy", "impolite", None),
    ]


def test_a_case_gets_what_it_lacks_and_says_what_was_proposed() -> None:
    found = reading(intents=(IntentFact(turn=1, intent="refund"),))
    used = {"intent": frozenset({"refund"}), "region": frozenset({"US-NY"}), "other": frozenset({"x"})}
    case = proposed(Case(id="c", customer=HELD.customer), CLEAN, found, used)

    assert case.goal == "get money back"
    assert case.matter is not None
    assert case.matter.opening == ("Great, thanks, that solves it.",)
    assert case.facets == {"intent": "refund", "region": "US-NY"}
    assert case.tools == {"refund": ["done"]}
    assert case.metadata == {"proposed": ["goal", "matter", "facets", "tools"]}


def test_what_a_case_has_is_not_proposed_and_nothing_is_made_up() -> None:
    case = Case(id="c", goal="be heard", facets={"intent": "mine"}, tools={"refund": "ok"})
    used = {"intent": frozenset({"refund"})}
    found = proposed(case, CLEAN, reading(intents=(IntentFact(turn=1, intent="refund"),)), used)

    assert (found.goal, found.facets, found.tools) == ("be heard", {"intent": "mine"}, {"refund": "ok"})
    bare = proposed(Case(id="c"), CLEAN.model_copy(update={"turns": CLEAN.turns[:1]}), reading(), {})
    assert (bare.goal, bare.matter, bare.metadata) == ("", None, {})


@pytest.mark.parametrize("said", ["call me on <PHONE_1>", "I want {goal}", "word " * 80, "   "])
def test_words_that_nobody_can_say_again_are_no_opening(said: str) -> None:
    turns = [TURNS[0], {"role": "customer", "text": said}]
    held = Conversation.model_validate({**conversation(), "turns": turns})
    found = proposed(Case(id="c"), held, reading(intents=(IntentFact(turn=1, intent="refund"),)), {})

    assert found.matter is None
