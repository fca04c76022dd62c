"""The customer's mood, from -3 (furious) to 3 (delighted), and what an agent's turn does to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evalh.models.persona import MoodEvent

LOWEST, HIGHEST = -3, 3
MOVES: dict[MoodEvent, int] = {
    "solved": 2, "promised": 1, "cannot": -2, "answered": 1, "empathy": 1, "apology": 0, "courtesy": 0,
    "impolite": -2, "robotic": -1, "long_turn": 0, "asked_again": -1, "no_progress": -1, "pitch": 0, "pitch_early": -1,
    "repeat_pitch": -1, "pressure": -1, "transfer": -1,
}  # fmt: skip
"""The usual moves; a persona's `mood.moves` changes them."""
PLEASANT = frozenset[MoodEvent]({"answered", "empathy", "apology", "courtesy"})
"""What is only pleasant: it lifts a mood up to 1 and no further."""


MOST = 2
"""By so much a mood moves in a turn at most."""


def moved(level: int, events: Iterable[MoodEvent], own: Mapping[MoodEvent, int], start: int = 0) -> int:
    """The level after a turn of the agent that did `events`, each of which counts once; `own`: the persona's moves.

    Who came in a bad mood, `start`, is pleased in the end and not delighted.
    """
    after = level
    for event in dict.fromkeys(events):
        step = own.get(event, MOVES[event])
        if event in PLEASANT and step > 0:
            step = min(step, max(0, 1 - after))
        after += step
    highest = HIGHEST if start >= 0 else HIGHEST - 1
    return max(LOWEST, min(highest, max(level - MOST, min(level + MOST, after))))
