"""Two sides of a comparison, from rows; running anything is left to the runner."""

from evalh.regression.difference import biggest_drops, compare_sides, worst_turns

__all__ = ["biggest_drops", "compare_sides", "worst_turns"]
