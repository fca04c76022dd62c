from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.agreement.test_labels import HERE, label, settled

from evalh.agreement.match import Compared, Judged, compared
from evalh.models import (
    Conversation,
    Evidence,
    GoldenLabel,
    IntentFact,
    Issue,
    Mood,
    OfferAct,
    OfferReply,
    Pressure,
    ProgressFact,
    Reading,
    Score,
)
from evalh.models.agreement import FAULT
from evalh.testing import make_conversation

TURNS = make_conversation("A: Hello.\nC: my wifi is slow\nA: Reset. Fiber 500?\nC: no\nA: Really not?\nC: no!")


def judged(
    *labels: GoldenLabel,
    scores: Sequence[Score] = (),
    conversation: Conversation = TURNS,
    unconfirmed: bool = True,
    **facts: Any,
) -> Judged:
    reading = Reading(conversation="x", conversation_sha256="0", reader="r", lexicon_sha256="0", **facts)
    return Judged(HERE, conversation, reading, scores, settled(*labels, unconfirmed=unconfirmed))


def places(of: Judged, construct: str, level: str | None = None) -> list[Compared]:
    return [one for one in compared(of, [construct]) if level is None or one.level == level]


def outcomes(of: Judged, construct: str, event: str, level: str | None = None) -> dict[int | None, tuple[bool, bool]]:
    return {one.turn: one.outcome(event) for one in places(of, construct, level) if event not in one.unknown}


def test_facts_are_compared_turn_by_turn_and_every_turn_of_that_side_counts() -> None:
    replies = (OfferReply(turn=3, offer="FIBER", reply="refuse"), OfferReply(turn=5, offer="FIBER", reply="ask"))
    of = judged(label("refuse", offer="FIBER"), label("refuse", turn=5, offer="FIBER"), replies=replies)

    assert outcomes(of, "reply", "refuse") == {1: (False, False), 3: (True, True), 5: (True, False)}
    assert outcomes(of, "reply", "ask") == {1: (False, False), 3: (False, False), 5: (False, True)}


def test_offers_of_one_turn_are_different_places() -> None:
    acts = (OfferAct(turn=2, offer="FIBER", act="pitch"), OfferAct(turn=2, offer="GOLD", act="pitch"))
    found = places(judged(label("pitch", "act", turn=2, offer="FIBER"), acts=acts), "act")

    assert [(one.turn, one.offer, one.outcome("pitch")) for one in found] == [
        (0, None, (False, False)),
        (2, "FIBER", (True, True)),
        (2, "GOLD", (False, True)),
        (4, None, (False, False)),
    ]


def test_an_unsure_fact_is_wrong_whichever_way_the_label_goes() -> None:
    moods = (Mood(turn=1, mood="frustrated", confidence=0.4), Mood(turn=5, mood="frustrated", confidence=0.4))
    of = judged(label("frustrated", "mood", turn=5), moods=moods)

    assert outcomes(of, "mood", "frustrated") == {1: (False, True), 3: (False, False), 5: (True, False)}


def test_what_is_usual_is_the_same_labelled_or_not() -> None:
    of = judged(label("calm", "mood", turn=1), moods=(Mood(turn=3, mood="calm"), Mood(turn=5, mood="satisfied")))

    assert {event for one in places(of, "mood") for event in one.events} == {"satisfied"}


def test_an_issue_that_is_read_as_unsure_is_an_answer_like_any_other() -> None:
    issue = Issue(turn=1, id="i", intent="access", status="unsure", confidence=0.4)
    of = judged(label("unsure", "issue", turn=1), issues=(issue,))

    assert outcomes(of, "issue", "unsure")[1] == (True, True)


def test_intents_are_compared_over_the_conversation_wherever_they_were_said() -> None:
    intents = (IntentFact(turn=5, intent="refund"), IntentFact(turn=5, intent="complaint"))
    of = judged(label("refund", "intent", turn=1), label("cancel", "intent", turn=1), intents=intents)
    (place,) = places(of, "intent")

    assert {event: place.outcome(event) for event in sorted(place.events)} == {
        "cancel": (True, False),
        "complaint": (False, True),
        "refund": (True, True),
    }


def test_both_sides_say_how_far_the_matter_is() -> None:
    of = judged(label("done", "progress", turn=2), progress=(ProgressFact(turn=3, says="solved"),))

    assert outcomes(of, "progress", "done") == {0: (False, False), 2: (True, False), 4: (False, False)}
    assert outcomes(of, "progress", "solved") == {1: (False, False), 3: (False, True), 5: (False, False)}


def test_what_was_found_on_the_wrong_side_is_wrong() -> None:
    of = judged(label("done", "progress", turn=2), progress=(ProgressFact(turn=4, says="solved"),))

    assert outcomes(of, "progress", "solved")[4] == (False, True)


def test_several_kinds_of_pressure_may_stand_at_one_turn() -> None:
    given = (label("guilt", "pressure", turn=4), label("fear", "pressure", turn=4))
    of = judged(*given, pressures=(Pressure(turn=4, kind="guilt"),))

    assert outcomes(of, "pressure", "guilt")[4] == (True, True)
    assert outcomes(of, "pressure", "fear")[4] == (True, False)


def test_a_place_whose_label_is_open_says_nothing_and_the_others_stay() -> None:
    given = (label("refuse", confirmed=True), label("ask", turn=5))
    replies = (OfferReply(turn=5, offer=None, reply="refuse"),)
    of = judged(*given, unconfirmed=False, replies=replies)

    assert set(outcomes(of, "reply", "refuse")) == {1, 3}
    assert set(outcomes(of, "reply", "ask")) == {1, 3}


def test_a_construct_that_is_not_covered_is_not_compared() -> None:
    assert not places(judged(label("calm", "mood", turn=1), pressures=(Pressure(turn=4, kind="guilt"),)), "pressure")


# --- evaluators ---


def verdict(*, passed: bool | None, turn: int | None = None, state: str = "scored", **fields: Any) -> Score:
    value = None if passed is None else float(passed)
    evidence = (Evidence(turn=turn or 0, quote="q"),)
    more = {"rollup": turn is None, "level": "conversation" if turn is None else "turn", "evidence": evidence}
    return Score.model_validate(
        {"evaluator": "eligibility", "state": state, "value": value, "passed": passed, "turn": turn, **more, **fields}
    )


@pytest.mark.parametrize(
    ("labels", "score", "outcome"),
    [
        (["suppressed"], verdict(passed=False, label="suppressed"), (True, True)),
        (["suppressed"], verdict(passed=False, label="no_signal"), (True, True)),
        (["suppressed"], verdict(passed=True), (True, False)),
        (["eligible"], verdict(passed=False, label="no_signal"), (False, True)),
        (["eligible"], verdict(passed=True), (False, False)),
        (["eligible"], verdict(passed=None, state="not_applicable"), (False, False)),
        (["suppressed"], verdict(passed=None, state="unsure"), (True, False)),
        (["eligible"], verdict(passed=None, state="unsure"), (False, True)),
        (["eligible"], verdict(passed=None, state="errored"), (False, True)),
    ],
)
def test_a_conversation_has_a_fault_or_not(labels: list[str], score: Score, outcome: tuple[bool, bool]) -> None:
    of = judged(*(label(one, "eligibility", turn=2) for one in labels), scores=[score])
    (place,) = places(of, "eligibility", "conversation")

    assert place.outcome(FAULT) == outcome


def test_a_conversation_that_was_not_judged_does_not_count() -> None:
    of = judged(label("eligible", "eligibility", turn=2), scores=[verdict(passed=None, state="skipped")])

    assert not places(of, "eligibility")


def test_faults_of_turns_are_compared_with_the_turns_that_failed() -> None:
    scores = [verdict(passed=False), verdict(passed=False, turn=4), verdict(passed=True, turn=2)]
    of = judged(label("suppressed", "eligibility", turn=2), scores=scores)

    assert outcomes(of, "eligibility", FAULT, "turn") == {0: (False, False), 2: (True, False), 4: (False, True)}


def test_a_fault_without_its_turn_is_compared_over_the_conversation_only() -> None:
    of = judged(label("suppressed", "eligibility", turn=None), scores=[verdict(passed=False)])

    assert [one.level for one in places(of, "eligibility")] == ["conversation"]


def test_a_fault_on_which_labellers_differ_leaves_its_place_open() -> None:
    given = (label("suppressed", "eligibility", turn=2), label("eligible", "eligibility", turn=2, labeller="bob"))
    settled_elsewhere = label("eligible", "eligibility", turn=4)
    of = judged(*given, settled_elsewhere, scores=[verdict(passed=False), verdict(passed=False, turn=2)])

    assert set(outcomes(of, "eligibility", FAULT)) == {0, 4}
    assert not places(of, "eligibility", "conversation")


def test_a_problem_labelled_as_unresolved_is_a_fault_of_resolution() -> None:
    of = judged(label("unresolved", "issue", turn=1), scores=[verdict(passed=True, evaluator="resolution")])
    (place,) = places(of, "resolution")

    assert place.outcome(FAULT) == (True, False)
    assert place.words == "unresolved (turn 1)"


def test_a_confirmed_verdict_without_a_fault_wins_over_faults_that_nobody_confirmed() -> None:
    """Ann's verdict was settled on; Bob's row, at another turn, is still in the file."""
    verdicts = [verdict(passed=True, evaluator="groundedness")]
    sure = label("grounded", "groundedness", turn=None, confirmed=True)
    other = label("wrong_price", "groundedness", turn=4, offer="GOLD", labeller="bob")
    for unconfirmed in (False, True):
        of = judged(sure, other, scores=verdicts, unconfirmed=unconfirmed)
        assert [one.outcome(FAULT) for one in places(of, "groundedness", "conversation")] == [(False, False)]


@pytest.mark.parametrize(
    ("sure", "other"),
    [
        (label("grounded", "groundedness", turn=2, offer="FIBER"), label("wrong_fee", "groundedness", offer="GOLD")),
        (label("good", "offer_quality", turn=2, offer="GOLD"), label("no_fit", "offer_quality", turn=4, offer="GOLD")),
        (label("resolved", "resolution", turn=5), label("offer_before_resolution", "resolution", turn=2)),
    ],
)
def test_it_wins_over_nothing_else(sure: GoldenLabel, other: GoldenLabel) -> None:
    sure, other = sure.model_copy(update={"confirmed": True}), other.model_copy(update={"labeller": "bob"})
    scores = [verdict(passed=True, evaluator=sure.construct_)]

    assert not places(judged(sure, other, scores=scores, unconfirmed=False), sure.construct_, "conversation")
