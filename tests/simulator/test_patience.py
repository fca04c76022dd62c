"""Patience: what counts, how often, and when it is gone."""

from __future__ import annotations

from evalh.simulator.patience import AROUND, Patience


def test_each_kind_of_thing_counts_so_often() -> None:
    patience = Patience(2, {"answer": 2, "done": 1})
    assert [patience.brings("answer") for _ in range(4)] == [True, True, False, False]
    assert patience.brings("done")
    assert not patience.brings("song")


def test_it_is_gone_when_more_is_asked_of_it_than_is_borne() -> None:
    patience = Patience(2, {})
    patience.lose(2)
    assert not patience.gone
    patience.lose()
    assert patience.gone


def test_the_most_turns_follow_from_what_can_be_brought_and_borne() -> None:
    assert Patience(4, {"answer": 2, "done": 1}).most == 4 + 3 + AROUND
