from __future__ import annotations

from typing import Any

import pytest

from evalh.judge.votes import FIELDS, NOT_FOUND, SURE, UNSURE, elect, joined, settled
from evalh.models import Fact, Issue, Mood, OfferAct, Pressure, Reading


def facts(**found: Any) -> dict[str, tuple[Fact, ...]]:
    return {name: tuple(found.get(name, ())) for name in FIELDS}


def pitch(confidence: float = SURE, act: Any = "pitch", turn: int = 1, **more: Any) -> OfferAct:
    return OfferAct(turn=turn, offer="A", act=act, confidence=confidence, source="judge", **more)


def acts(*votes: list[OfferAct]) -> list[tuple[str, float]]:
    merged = settled([facts(acts=vote) for vote in votes])["acts"]
    return [(fact.act, fact.confidence) for fact in merged if isinstance(fact, OfferAct)]


def test_every_field_is_one_of_a_reading() -> None:
    assert set(FIELDS) <= set(Reading.model_fields)


def test_one_vote_is_as_it_came() -> None:
    one = facts(acts=[pitch()])
    assert settled([one]) is one


def test_the_majority_counts_with_its_share_and_how_sure_it_is() -> None:
    assert acts([pitch()], [pitch()], [pitch(act="answer")]) == [("pitch", 0.6)]
    assert acts([pitch()], [pitch(UNSURE)], [pitch(act="answer")]) == [("pitch", round(2 / 3 * 0.65, 4))]
    assert acts([pitch()], [pitch()], [pitch()]) == [("pitch", SURE)]


def test_what_most_votes_do_not_have_is_not_there_and_a_tie_is_unsure() -> None:
    assert acts([pitch()], [], []) == []
    assert acts([pitch()], []) == [("pitch", NOT_FOUND)]
    assert acts([pitch()], [pitch(act="answer")]) == [("pitch", NOT_FOUND)]
    assert acts([pitch()], [pitch(act="answer")], []) == [("pitch", NOT_FOUND)]


def test_where_most_votes_read_something_but_each_another_thing_it_is_unsure_and_not_nothing() -> None:
    other = [pitch().model_copy(update={"offer": offer}) for offer in ("A", "B", None)]
    assert acts(*([act] for act in other)) == [("pitch", NOT_FOUND)]
    assert acts(other[:1], other[1:2], []) == [("pitch", NOT_FOUND)]
    assert acts(other[:1], other[1:2], [], [], []) == []
    assert acts(other, other[:1], other[:1]) == [("pitch", SURE)]


def test_issues_of_several_votes_have_a_number_each() -> None:
    early, late = (Issue(turn=turn, id=f"issue-{n}", intent="refund", status="open") for n, turn in ((1, 0), (2, 4)))
    alone = late.model_copy(update={"id": "issue-1"})
    merged = settled([facts(issues=[alone]), facts(issues=[early, late]), facts(issues=[early, late])])
    assert [fact.id for fact in merged["issues"]] == ["issue-1", "issue-2"]  # type: ignore[attr-defined]


def test_the_surest_vote_of_the_majority_gives_the_words() -> None:
    merged = settled([facts(acts=[pitch(NOT_FOUND, quote="gone")]), facts(acts=[pitch(SURE, quote="here")])])
    assert merged["acts"][0].quote == "here"


def test_kinds_in_one_turn_are_voted_on_apart_and_stay_in_order() -> None:
    press = [Pressure(turn=3, start=start, kind=kind, confidence=SURE) for start, kind in ((9, "fear"), (0, "guilt"))]
    merged = settled([facts(pressures=press), facts(pressures=press[:1]), facts(pressures=press)])
    assert [(fact.start, fact.confidence) for fact in merged["pressures"]] == [(0, 0.6), (9, SURE)]


@pytest.mark.parametrize("votes", [1, 2, 3, 9])
def test_votes_that_agree_are_as_sure_as_each(votes: int) -> None:
    won = elect([("x", "item", SURE)] * votes, votes)
    assert (won.item, won.confidence) == ("item", SURE)


def test_windows_follow_each_other_and_how_an_issue_ended_only_the_last_can_tell() -> None:
    def window(turn: int) -> dict[str, tuple[Fact, ...]]:
        one = Issue(turn=turn, id="issue-1", intent="refund", status="resolved", confidence=SURE)
        return facts(issues=[one], moods=[Mood(turn=turn, mood="calm")])

    merged = joined([window(0), window(8)])

    assert [fact.turn for fact in merged["moods"]] == [0, 8]
    assert [(fact.id, fact.confidence) for fact in merged["issues"]] == [("issue-1", NOT_FOUND), ("issue-2", SURE)]  # type: ignore[attr-defined]
