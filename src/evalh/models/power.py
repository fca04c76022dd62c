"""How often a gate blocks a prompt that did not change, and which drops it finds; written as `power.json`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import Json, OpenModel, Unit

Where = Literal["evaluator", "cohort", "overall"]
FOUND = 0.8
"""A drop that is found this often counts as found."""


class Frequency(OpenModel):
    """How often something happened, with the 95 % Wilson interval of its share; null of nothing."""

    hits: int
    of: int
    share: Unit | None = None
    low: Unit | None = None
    high: Unit | None = None


class FoundDrop(OpenModel):
    """A drop of one size, and in how many splits a cell that fell was called worse."""

    drop: float
    """Of the mean of the cells that fell, as a share of the evaluator's scale: 0.09 is 9 points."""
    found: Frequency
    """Of the splits in which the cells had as much to lose."""


class PlantedDrop(OpenModel):
    """What fell in the candidate, by how much, and how often it was found."""

    where: Where
    """One evaluator in one cohort, all evaluators in one cohort, or all of them everywhere."""
    evaluator: str | None = None
    """The one that fell; null where all did."""
    drops: tuple[FoundDrop, ...] = ()
    """By size; those larger than one that was found 99 times in 100 are left out."""
    smallest: float | None = None
    """The smallest drop found 4 times in 5, between two sizes read off the line; null where none was."""
    predicted: float | None = None
    """What comparisons say of themselves, `detectable`: the median of the cell, for all evaluators the composite's."""


class PowerReport(OpenModel):
    """`power.json`: the gate tried on the trials of one prompt version, split at random into two sides."""

    schema_: Literal["evalh.power/1"] = Field(default="evalh.power/1", alias="schema")
    run_id: str
    prompt_version: str | None = None
    cohort_key: str = "persona"
    cohorts: int
    cases: int
    left_out: int = 0
    """Cases with a single trial, which cannot be split."""
    trials: int
    """The most trials a case has."""
    baseline_trials: int
    candidate_trials: int
    """How many trials each side got; cases with fewer trials are split in the same proportion."""
    splits: int
    flips: int
    seed: int
    alpha: float
    settings: dict[str, Json] = Field(default_factory=dict)
    """The gate's settings, as in a run configuration, with the flips used here."""
    settings_from: str = ""
    blocked: Frequency
    """Splits blocked although nothing changed."""
    by_cells: Frequency
    """... because a cell was called worse."""
    by_critical: Frequency
    """... because of critical findings."""
    undecided: Frequency
    """Of the splits that went through the whole gate, those it called INCOMPLETE or INCONCLUSIVE."""
    undecided_why: dict[str, int] = Field(default_factory=dict)
    """Of these, how many gave each kind of reason."""
    planted: tuple[PlantedDrop, ...] = ()
