"""How often the gate blocks an agent that did not change, and which planted drops it finds, measured on its own trials.

The trials of each case are split at random into two sides. As they are the two are the same agent; a drop is planted
by turning random trials of the candidate's side to the worst value there is. Cells and critical findings are decided
as the gate decides them; the whole gate, which also asks whether enough was judged, goes over the first splits only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

import numpy as np

from evalh.errors import TooLittle, UserError
from evalh.models import Comparison, ConversationRow, EvaluatorInfo, GateConfig, SideInfo, digest
from evalh.models.comparison import ALL, COMPOSITE
from evalh.models.power import FOUND, FoundDrop, Frequency, PlantedDrop, PowerReport, Where
from evalh.regression.critical import blocking, pooled
from evalh.regression.gate import Terms, compare
from evalh.regression.trials import Falling, Pool, Split
from evalh.stats.flips import Bools, Floats, Share, sign_flip_test
from evalh.stats.rates import wilson

DROPS = (0.03, 0.06, 0.09, 0.12, 0.15, 0.20)
SPLITS = 400
WHOLE = 20
"""Splits that go through the whole gate, which takes a hundred times as long."""
FLIPS = 999
ENOUGH = 0.99
"""Drops larger than one that is found this often are not tried."""
Told = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""


@dataclass(frozen=True)
class Trying:
    """How a gate is tried. `trials`: of baseline and candidate, by default half of a case's each.

    `drops`: as shares of an evaluator's scale, rising. `flips`: fewer than a comparison draws, for speed. `seed`: by
    default out of the run's id.
    """

    splits: int = SPLITS
    trials: tuple[int, int] | None = None
    drops: Sequence[float] = DROPS
    flips: int = FLIPS
    seed: int | None = None


def measure(
    info: SideInfo,
    rows: Iterable[ConversationRow],
    evaluators: tuple[EvaluatorInfo, ...],
    terms: Terms,
    trying: Trying | None = None,
    told: Told | None = None,
) -> PowerReport:
    """The gate of `terms` tried on the conversations of one prompt version.

    Raises TooLittle when no case has two trials, or as many as asked for, and UserError when no evaluator gates.
    """
    trying = trying or Trying()
    pool, left_out = pool_of(info, rows, evaluators, terms.cohort_key)
    trials = _trials(pool, trying.trials)
    seed = trying.seed if trying.seed is not None else int(digest([info.run_id, info.prompt_version])[:15], 16)
    measuring = Measuring(Deciding(pool, terms, trying.flips), trying, trials, seed, told or (lambda _: None))
    return measuring.report(left_out)


def pool_of(
    info: SideInfo, rows: Iterable[ConversationRow], evaluators: tuple[EvaluatorInfo, ...], cohort_key: str
) -> tuple[Pool, int]:
    """The cases with at least two trials, and how many have a single one. Raises TooLittle when there is none."""
    gathered: dict[str, list[ConversationRow]] = {}
    for row in rows:
        if row.case is not None:
            gathered.setdefault(row.case, []).append(row)
    cases = {name: tuple(sorted(held, key=lambda row: row.trial)) for name, held in sorted(gathered.items())}
    several = tuple(held for held in cases.values() if len(held) > 1)
    if not several:
        raise TooLittle(
            f"no case of {info.name} has two trials, so that nothing can be split; run it with trials: 2 or more"
        )
    pool = Pool(info, several, evaluators, cohort_key)
    if not pool.pairs.names:
        raise UserError(f"{info.name} has no verdict of an evaluator that may refuse a candidate, so there is no gate")
    return pool, len(cases) - len(several)


def _trials(pool: Pool, asked: tuple[int, int] | None) -> tuple[int, int]:
    most = int(pool.sizes.max())
    before, after = asked or (most - most // 2, most // 2)
    if before + after > most:
        raise TooLittle(
            f"{before} and {after} trials of a case are asked for and the most that {pool.info.name} has is {most}; "
            f"ask for fewer, such as {most - most // 2}x{most // 2}"
        )
    return before, after


# --- the gate's decision ---


@dataclass(frozen=True)
class Deciding:
    """What the gate says of a split, of its cells and its critical findings apart."""

    pool: Pool
    terms: Terms
    flips: int

    @cached_property
    def settings(self) -> GateConfig:
        """The gate's settings with the flips used here."""
        return self.terms.settings.model_copy(update={"flips": self.flips})

    def whole(self, split: Split) -> Comparison:
        """The comparison of the split's sides, with its verdict."""
        terms = Terms(self.settings, self.terms.cohort_key, settings_from=self.terms.settings_from)
        return compare(*split.sides(), terms)

    def worse(self, split: Split, lost: dict[int, Floats] | None = None) -> Bools:
        """The cells called worse, cohorts and last all by evaluators. `lost`: as in `Split.planted`."""
        config = self.settings
        test = sign_flip_test(
            split.planted(lost or {}),
            self._families,
            min_pairs=config.min_pairs,
            flips=config.flips,
            seed=split.seed,
            allowed=split.coverage >= config.min_coverage,
        )
        clear = np.nan_to_num(test.adjusted, nan=1.0) < self._alphas
        worse: Bools = test.tested & clear & (test.mean <= -self._least)
        return worse

    @cached_property
    def _families(self) -> list[Share]:
        names = self.pool.pairs.names
        first = [column for column, name in enumerate(names) if name in self.settings.first]
        rest = [column for column in range(len(names)) if column not in first]
        own = (self.settings.first_alpha or 0.0) if first else 0.0
        shares = [Share(first, own), Share(rest, self.terms.of_cells() - own)]
        return [share for share in shares if share.measures]

    @cached_property
    def _alphas(self) -> Floats:
        alphas = np.full(len(self.pool.pairs.names), -1.0)
        for share in self._families:
            alphas[list(share.measures)] = share.alpha
        return alphas

    @cached_property
    def _least(self) -> Floats:
        return self.settings.min_drop * self.widths

    @cached_property
    def widths(self) -> Floats:
        """How far each evaluator's best value is from its worst."""
        return np.array([self.pool.pairs.width(name) for name in self.pool.pairs.names])

    def critical(self, split: Split) -> bool:
        """Whether the critical findings of the split's candidate block it."""
        config = self.settings.critical
        marked = pooled(split.marked(marks) for marks in self._marks)
        return bool(blocking(marked, config.chance, zero_tolerance=config.zero_tolerance))

    @cached_property
    def _marks(self) -> list[Bools]:
        labels = self.settings.critical.labels
        return [self.pool.marks(evaluator, label) for evaluator, names in labels.items() for label in names]


# --- what is planted ---


@dataclass(frozen=True)
class Plant:
    """Which evaluators fall, by number, in one cohort drawn for each split or everywhere."""

    where: Where
    columns: tuple[int, ...]
    name: str | None = None

    def drawn(self, pool: Pool, generator: np.random.Generator) -> int:
        """The row of the cells that fall: a cohort in which one of the evaluators counts, or that of all."""
        paired = pool.paired
        counting = np.flatnonzero(paired.pairs[:-1, list(self.columns)].any(axis=1))
        if self.where == "overall" or not len(counting):
            return paired.cohort_count
        return int(generator.choice(counting))


def plants_of(names: Sequence[str]) -> list[Plant]:
    """Every evaluator by itself and all together in one cohort, and all together everywhere."""
    own = [Plant("evaluator", (column,), name) for column, name in enumerate(names) if name != COMPOSITE]
    every = tuple(range(len(names)))
    return [*own, Plant("cohort", every), Plant("overall", every)]


@dataclass
class _Count:
    hits: int = 0
    of: int = 0

    def add(self, hit: bool) -> None:
        self.hits += hit
        self.of += 1

    def frequency(self) -> Frequency:
        interval = wilson(self.hits, self.of)
        if interval is None:
            return Frequency(hits=0, of=0)
        low, high = (round(end, 6) for end in interval)
        return Frequency(hits=self.hits, of=self.of, share=round(self.hits / self.of, 6), low=low, high=high)


# --- measuring ---


@dataclass
class _Unchanged:
    blocked: _Count = field(default_factory=_Count)
    cells: _Count = field(default_factory=_Count)
    critical: _Count = field(default_factory=_Count)

    def add(self, cells: bool, critical: bool) -> None:
        self.blocked.add(cells or critical)
        self.cells.add(cells)
        self.critical.add(critical)


@dataclass(frozen=True)
class Measuring:
    """One measurement: which splits, tried how."""

    deciding: Deciding
    trying: Trying
    trials: tuple[int, int]
    seed: int
    told: Told

    def report(self, left_out: int) -> PowerReport:
        """Everything measured."""
        pool, terms = self.deciding.pool, self.deciding.terms
        unchanged = self._unchanged()
        whole = [self.deciding.whole(split) for split in self.splits[:WHOLE]]
        undecided = [one for one in whole if one.verdict in ("INCOMPLETE", "INCONCLUSIVE")]
        why = Counter(kind for one in undecided for kind in {reason.kind for reason in one.reasons})
        return PowerReport(
            run_id=pool.info.run_id,
            prompt_version=pool.info.prompt_version,
            cohort_key=terms.cohort_key,
            cohorts=len(pool.pairs.cohorts),
            cases=len(pool.cases),
            left_out=left_out,
            trials=int(pool.sizes.max()),
            baseline_trials=self.trials[0],
            candidate_trials=self.trials[1],
            splits=self.trying.splits,
            flips=self.trying.flips,
            seed=self.seed,
            alpha=terms.alpha,
            settings=self.deciding.settings.model_dump(mode="json"),
            settings_from=terms.settings_from,
            blocked=unchanged.blocked.frequency(),
            by_cells=unchanged.cells.frequency(),
            by_critical=unchanged.critical.frequency(),
            undecided=_Count(len(undecided), len(whole)).frequency(),
            undecided_why=dict(sorted(why.items())),
            planted=tuple(self._planted(whole)),
        )

    @cached_property
    def splits(self) -> list[Split]:
        """The splits, each drawn by its own number."""
        generators = (np.random.default_rng([self.seed, number]) for number in range(self.trying.splits))
        return [self.deciding.pool.split(self.trials, generator) for generator in generators]

    def _unchanged(self) -> _Unchanged:
        found = _Unchanged()
        for split in self.splits:
            found.add(bool(self.deciding.worse(split).any()), self.deciding.critical(split))
        return found

    def _planted(self, whole: Sequence[Comparison]) -> Iterator[PlantedDrop]:
        plants = plants_of(self.deciding.pool.pairs.names)
        for done, plant in enumerate(plants):
            self.told((done + 1) / (len(plants) + 1))
            drops = tuple(self._found(plant))
            yield PlantedDrop(
                where=plant.where,
                evaluator=plant.name,
                drops=drops,
                smallest=smallest(drops),
                predicted=predicted(plant, whole),
            )

    def _found(self, plant: Plant) -> Iterator[FoundDrop]:
        """How often each drop is found; past one that nearly always is, larger ones are not tried."""
        tried = [self._target(plant, split) for split in self.splits]
        for drop in self.trying.drops:
            found = [self._finds(target, drop) for target in tried]
            count = _Count(found.count(True), len(found) - found.count(None))
            yield FoundDrop(drop=drop, found=count.frequency())
            if count.hits >= ENOUGH * count.of:
                return

    def _target(self, plant: Plant, split: Split) -> _Target:
        generator = np.random.default_rng([split.seed, 1])
        order = generator.random(split.after.shape)
        row = plant.drawn(self.deciding.pool, generator)
        return _Target(plant, split, row, {column: split.falling(column, row, order) for column in plant.columns})

    def _finds(self, target: _Target, drop: float) -> bool | None:
        """Whether a cell that fell is called worse; None where none has as much to lose."""
        wanted = {column: drop * float(self.deciding.widths[column]) for column in target.falling}
        if not any(falling.can(wanted[column]) for column, falling in target.falling.items()):
            return None
        lost = {column: falling.lost(wanted[column]) for column, falling in target.falling.items()}
        worse = self.deciding.worse(target.split, lost)[:, list(lost)]
        affected = worse if target.plant.where == "overall" else worse[[target.row, -1]]
        return bool(affected.any())


@dataclass(frozen=True)
class _Target:
    """What falls in a split. Whatever falls, and however far, the same trials fall first."""

    plant: Plant
    split: Split
    row: int
    falling: Mapping[int, Falling]


def smallest(drops: Sequence[FoundDrop]) -> float | None:
    """The drop found 4 times in 5, on the line between the sizes around it; the first size where that is enough."""
    before: FoundDrop | None = None
    for one in drops:
        if one.found.share is None:
            return None
        if one.found.share >= FOUND:
            return one.drop if before is None else _between(before, one)
        before = one
    return None


def _between(below: FoundDrop, above: FoundDrop) -> float:
    low, high = below.found.share or 0.0, above.found.share or 0.0
    return round(below.drop + (FOUND - low) / (high - low) * (above.drop - below.drop), 6)


def predicted(plant: Plant, whole: Sequence[Comparison]) -> float | None:
    """The median of what comparisons call detectable in the cells of the plant; None where most say nothing is."""
    name = plant.name or COMPOSITE
    said = [
        cell.detectable if cell.detectable is not None else float("inf")
        for comparison in whole
        for cell in comparison.cells
        if cell.evaluator == name and (cell.cohort == ALL) == (plant.where == "overall") and cell.state == "tested"
    ]
    middle = median(said) if said else float("inf")
    return round(middle, 6) if np.isfinite(middle) else None
