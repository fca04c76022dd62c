"""Invented scores of two prompt versions, whose true difference is known; what a gate makes of them is left to others.

A logit model: what evaluator e gives trial k of case i under version v has the logit mu_e + theta_ie + u_iekv, and the
candidate's also shift_ce + gamma_ie. Half of each variance is shared by all evaluators of a case or trial. Shifts and
`mu` are solved for, so that means and drops are those asked for, in points of score, whatever the spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PERSONAS = 6
TURN_SD = 0.8
"""Of the logit between the turns of a trial, for evaluators that give each turn a number."""
RATES = (0.0, 1e-4, 1e-3, 1e-2)
"""How often an agent does something critical, per conversation and label."""
LABELS = 4
"""Critical labels at that rate, as many as the default configuration has."""
FAULT_SD = 2.5
"""Of the logit of a critical fault between cases: some cases provoke it, most never do."""


@dataclass(frozen=True)
class Preset:
    """The spread of logits between cases, and between the trials of a case.

    `erratic`: by persona, how many times as much the trials of a case differ there; a conversation of it has so many
    times fewer turns squared, so that the chance in its turns grows alike. `shaky`: the evaluator, if any, whose
    verdicts of the trials of a case differ twice as much as those of the others.
    """

    case: float
    trial: float
    erratic: tuple[float, ...] = (1.0,) * PERSONAS
    shaky: str = ""

    @property
    def trials(self) -> Floats:
        """The spread between the trials of a case, personas by evaluators."""
        by_measure = [self.trial * (2.0 if measure.name == self.shaky else 1.0) for measure in MEASURES]
        return np.outer(self.erratic, by_measure)


TAU = Preset(case=2.5, trial=0.6)
MID = Preset(case=1.0, trial=0.9)
UNEVEN = replace(TAU, erratic=(0.5, 0.7, 1.0, 1.0, 1.3, 1.6), shaky="tone")
PRESETS = {"tau": TAU, "mid": MID, "uneven": UNEVEN}


@dataclass(frozen=True)
class Measure:
    """An evaluator: its mean, its turns in a conversation, and the share of cases in which it applies."""

    name: str
    mean: float
    turns: int
    yes_or_no: bool
    applies: float = 1.0


MEASURES = (
    Measure("objection_handling", 0.75, 1, yes_or_no=False, applies=0.6),
    Measure("groundedness", 0.90, 4, yes_or_no=True),
    Measure("resolution", 0.85, 1, yes_or_no=True, applies=0.8),
    Measure("tone", 0.85, 6, yes_or_no=False),
    Measure("prompt_conformance", 0.92, 6, yes_or_no=True),
)
NAMES = tuple(measure.name for measure in MEASURES)
GROUNDED, RESOLVED = NAMES.index("groundedness"), NAMES.index("resolution")


FAULTY = 0.25
"""The share of pitches with a fault, in the world that begins to pitch."""


@dataclass(frozen=True)
class World:
    """What the candidate changes: `shifts` of mean scores (persona, evaluator, points; None: all), negative is worse.

    `harmless`: the spread of changes of single cases that leave every mean as it is. `pitching`: the baseline never
    pitches, the candidate in this share of conversations; where `silence_counts`, no pitch is no fault, else it is
    not applicable.
    """

    name: str
    shifts: tuple[tuple[int | None, int | None, float], ...] = ()
    harmless: float = 0.0
    pitching: float = 0.0
    silence_counts: bool = True

    @property
    def changes(self) -> Floats:
        """How each mean moves, personas by evaluators."""
        out = np.zeros((PERSONAS, len(MEASURES)))
        for persona, measure, change in self.shifts:
            rows = slice(None) if persona is None else persona
            out[rows, slice(None) if measure is None else measure] = change
        if self.pitching:
            out[:, GROUNDED] = -self.pitching * FAULTY
        return out

    @property
    def affected(self) -> Bools:
        """The cells whose mean falls: personas and last all, by evaluators and last the composite."""
        changes = self.changes
        weights = np.array([measure.applies for measure in MEASURES])
        whole = np.concatenate([changes, (changes @ weights)[:, None]], axis=1)
        out: Bools = np.concatenate([whole, whole.mean(axis=0, keepdims=True)]) < -1e-9
        return out


def dropping(persona: int, points: float) -> World:
    """Groundedness falls by so many points in one persona."""
    return World(f"groundedness -{points:g} in persona {persona}", ((persona, GROUNDED, -points / 100),))


AA = World("AA")
G9 = replace(dropping(0, 9), name="G9")
SILENT = World("BEGIN-PITCHING", pitching=0.75)
WORLDS = (
    AA,
    World("AA-harmless", harmless=0.6),
    G9,
    World("G9-masked", ((None, GROUNDED, 0.03), (0, GROUNDED, -0.09))),
    World("Q6-cohort", ((0, None, -0.06),)),
    World("Q6-all", ((None, None, -0.06),)),
    SILENT,
    replace(SILENT, name="BEGIN-PITCHING, silence not applicable", silence_counts=False),
)


@dataclass(frozen=True)
class Scores:
    """One simulated pair of versions: cases by evaluators by trials, NaN where an evaluator does not apply.

    `faults`: by rate, whether each trial has each critical fault, labels by cases by trials; baseline, candidate.
    """

    baseline: Floats
    candidate: Floats
    cohorts: Ints
    faults: Mapping[float, tuple[Bools, Bools]] = field(default_factory=dict)

    def part(self, cases: int, trials: tuple[int, int]) -> Scores:
        """Its first cases, and of each side the first trials."""
        before, after = trials
        return Scores(
            self.baseline[:cases, :, :before],
            self.candidate[:cases, :, :after],
            self.cohorts[:cases],
            {rate: (old[:, :cases, :before], new[:, :cases, :after]) for rate, (old, new) in self.faults.items()},
        )

    @cached_property
    def means(self) -> tuple[Floats, Floats]:
        """The mean of each case over its trials, last the composite (the mean of what applies); baseline, candidate."""
        return _case_means(self.baseline), _case_means(self.candidate)


def _case_means(scores: Floats) -> Floats:
    whole = np.concatenate([scores, mean_of_known(scores, 1)[:, None]], axis=1)
    return mean_of_known(whole, 2)


def mean_of_known(values: Floats, axis: int) -> Floats:
    """The mean along an axis of what is not NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    out: Floats = np.where(count > 0, np.where(known, values, 0.0).sum(axis=axis) / np.maximum(count, 1), np.nan)
    return out


def simulate(
    world: World, preset: Preset, cases: int, trials: tuple[int, int], generator: np.random.Generator
) -> Scores:
    """The scores of `cases` cases, in `trials` of the baseline and of the candidate."""
    count = len(MEASURES)
    cohorts = np.arange(cases) % PERSONAS
    theta = _half_shared(generator, preset.case, (cases, 1, count))
    gamma = _half_shared(generator, world.harmless, (cases, 1, count))
    applies = generator.random((cases, 1, count)) < [measure.applies for measure in MEASURES]
    before, after = levels(world, preset)
    spreads, longer = preset.trials[cohorts, None], 1.0 / np.square(preset.erratic)[cohorts, None]
    sides = []
    for level, size, new in (
        (theta + before[cohorts, None], trials[0], False),
        (theta + gamma + after[cohorts, None], trials[1], True),
    ):
        logits = level + spreads * _half_shared(generator, 1.0, (cases, size, count))
        scores = np.stack(
            [_scored(measure, logits[..., e], longer, generator) for e, measure in enumerate(MEASURES)], axis=-1
        )
        if world.pitching:
            spread = (logits - after[cohorts, None])[..., GROUNDED]
            scores[..., GROUNDED] = _acts(world, spread + _faulty(preset)[cohorts, None], new, generator)
        sides.append(np.where(applies, scores, np.nan).transpose(0, 2, 1))
    faults = {rate: _faults(rate, world.harmless, (cases, *trials), generator) for rate in RATES if rate}
    return Scores(sides[0], sides[1], cohorts, faults)


def _half_shared(generator: np.random.Generator, sd: float, shape: tuple[int, ...]) -> Floats:
    """Normal numbers of this spread; half of the variance is shared along the last axis."""
    own, shared = generator.standard_normal(shape), generator.standard_normal((*shape[:-1], 1))
    out: Floats = sd * np.sqrt(0.5) * (own + shared)
    return out


def _scored(measure: Measure, logits: Floats, longer: Floats, generator: np.random.Generator) -> Floats:
    """The score of each conversation: the mean of its turns. `longer`: how many times as many it has."""
    if measure.yes_or_no:
        turns = 1 + generator.poisson(np.maximum(measure.turns * longer - 1, 0.0), logits.shape)
        return generator.binomial(turns, chance(logits)) / turns
    noise = generator.standard_normal((measure.turns, *logits.shape))
    out: Floats = chance(logits + TURN_SD * noise).mean(axis=0)
    return out


def _acts(world: World, logits: Floats, new: bool, generator: np.random.Generator) -> Floats:
    """1 without and 0 with a fault in what a conversation pitches; what silence counts where nothing is pitched."""
    silence = 1.0 if world.silence_counts else np.nan
    pitched = (generator.random(logits.shape) < world.pitching) & new
    faulty = generator.random(logits.shape) < chance(logits)
    return np.where(pitched, np.where(faulty, 0.0, 1.0), silence)


def _faulty(preset: Preset) -> Floats:
    """The logit of a fault in a pitch, by persona."""
    return np.array([level(FAULTY, float(np.hypot(preset.case, own))) for own in preset.trials[:, GROUNDED]])


def _faults(
    rate: float, harmless: float, shape: tuple[int, int, int], generator: np.random.Generator
) -> tuple[Bools, Bools]:
    cases, before, after = shape
    theta = FAULT_SD * generator.standard_normal((LABELS, cases, 1))
    gamma = harmless * generator.standard_normal((LABELS, cases, 1))
    old = chance(theta + level(rate, FAULT_SD))
    new = chance(theta + gamma + level(rate, float(np.hypot(FAULT_SD, harmless))))
    return (
        generator.random((LABELS, cases, before)) < old,
        generator.random((LABELS, cases, after)) < new,
    )


@cache
def levels(world: World, preset: Preset) -> tuple[Floats, Floats]:
    """The logits that give the means asked for, of baseline and candidate, personas by evaluators."""
    spreads = [
        [_spread(measure, preset.case, own) for measure, own in zip(MEASURES, row, strict=True)]
        for row in preset.trials.tolist()
    ]
    changes = np.zeros_like(world.changes) if world.pitching else world.changes
    before = [[level(one.mean, own) for one, own in zip(MEASURES, row, strict=True)] for row in spreads]
    after = [
        [
            level(one.mean + change, float(np.hypot(own, world.harmless)))
            for one, own, change in zip(MEASURES, row, moved, strict=True)
        ]
        for row, moved in zip(spreads, changes.tolist(), strict=True)
    ]
    return np.array(before), np.array(after)


def _spread(measure: Measure, case: float, trial: float) -> float:
    own = 0.0 if measure.yes_or_no else TURN_SD
    return float(np.sqrt(case**2 + trial**2 + own**2))


@cache
def level(mean: float, spread: float) -> float:
    """The mean of normal logits of this spread whose chances have the mean `mean`; by bisection."""
    z = np.linspace(-9, 9, 4001)
    weights = np.exp(-(z**2) / 2)
    weights /= weights.sum()
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if weights @ chance(middle + spread * z) < mean else (low, middle)
    return low


def chance(logits: Floats) -> Floats:
    """The chances of these logits."""
    return 1.0 / (1.0 + np.exp(-logits))
