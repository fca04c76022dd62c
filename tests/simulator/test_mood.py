"""The mood: what moves it, and how far."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.models.persona import MoodEvent
from evalh.simulator.mood import HIGHEST, LOWEST, MOST, MOVES, moved

EVENTS = st.lists(st.sampled_from(get_args(MoodEvent)))


def test_every_event_has_a_usual_move() -> None:
    assert set(MOVES) == set(get_args(MoodEvent))


@pytest.mark.parametrize(
    ("level", "events", "after"),
    [
        (0, [], 0), (-2, ["solved"], 0), (0, ["cannot"], -2), (0, ["pressure", "pressure"], -1), (3, ["solved"], 3),
        (-3, ["impolite"], -3), (0, ["empathy"], 1), (1, ["empathy", "answered"], 1), (-1, ["answered"], 0),
        (0, ["cannot", "impolite", "pressure"], -2), (0, ["solved", "promised", "answered"], 2),
    ],
)  # fmt: skip
def test_an_event_moves_it_once_and_kindness_only_to_content(level: int, events: list[MoodEvent], after: int) -> None:
    assert moved(level, events, {}) == after


def test_the_persona_s_own_moves_count() -> None:
    assert moved(0, ["pitch"], {"pitch": -1}) == -1
    assert moved(0, ["cannot"], {"cannot": 0}) == 0


@given(st.integers(LOWEST, HIGHEST), EVENTS, st.dictionaries(st.sampled_from(get_args(MoodEvent)), st.integers(-9, 9)))
def test_it_stays_in_its_range_and_moves_slowly(level: int, events: list[MoodEvent], own: dict[MoodEvent, int]) -> None:
    after = moved(level, events, own)
    assert LOWEST <= after <= HIGHEST
    assert abs(after - level) <= MOST


def test_who_came_in_a_bad_mood_is_not_delighted_in_the_end() -> None:
    assert moved(2, ["solved"], {}, start=-1) == 2
    assert moved(2, ["solved"], {}, start=0) == 3
