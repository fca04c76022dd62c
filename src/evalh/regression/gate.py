"""The verdict on two sides: every cell tested at once, what could not be judged told, and nothing passed unseen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import isfinite

import numpy as np

from evalh.models import (
    CaseSide,
    CaseTrials,
    Cell,
    Comparison,
    CriticalFinding,
    EvaluatorInfo,
    GateConfig,
    Reason,
    Verdict,
    digest,
)
from evalh.models.comparison import ALL, COMPOSITE, ReasonKind
from evalh.regression.cells import (
    NOTHING,
    Filled,
    Pairs,
    Planned,
    Share,
    error_classes,
    facets_of,
    is_lower_better,
    share_of,
    side_cell,
    tested_names,
)
from evalh.regression.critical import critical_findings
from evalh.regression.sides import Side
from evalh.stats import flips
from evalh.stats.flips import Bools, FlipTest, Floats, sign_flip_test
from evalh.stats.power import Losable, detectable
from evalh.stats.rates import as_many

ASYMMETRY = 0.01
"""How often an unchanged prompt may be called incomplete because one side lost more verdicts than the other."""
MAX_FACET_VALUES = 12
"""Facets of more values are not shown."""
LOST = ("errored", "unsure")
"""The states of a verdict that was asked for and does not count."""
CellName = tuple[str, str]
"""Cohort and evaluator."""


@dataclass(frozen=True)
class Terms:
    """Under which terms two sides are compared.

    `share`: of the run's alpha, what this comparison may spend; several candidates share it. `look`: the how-manieth
    look at the same prompts this is; `earlier` and `earlier_critical`: the cells that an earlier look called worse and
    the findings (case, evaluator, label) that blocked it; `stays`: they stay so whatever is found now, because the
    earlier conversations were replaced instead of added to.
    """

    settings: GateConfig = field(default_factory=GateConfig)
    cohort_key: str = "persona"
    share: float = 1.0
    look: int = 1
    earlier: frozenset[CellName] = frozenset()
    earlier_critical: frozenset[tuple[str, str, str]] = frozenset()
    stays: bool = False
    settings_from: str = ""
    allowed: tuple[str, ...] = ()

    @property
    def alpha(self) -> float:
        """What this comparison may spend at this look."""
        return self.settings.alpha * self.share / self.look

    def of_cells(self, look: int | None = None) -> float:
        """What is left of alpha for the cells, at this look or another."""
        spent = self.settings.critical.chance if self.settings.critical.labels else 0.0
        return (self.settings.alpha - spent) * self.share / (look or self.look)


def compare(baseline: Side, candidate: Side, terms: Terms | None = None, *, gate: bool = True) -> Comparison:
    """The comparison of two sides, with a verdict if `gate`; the same sides and terms give the same verdict."""
    terms = terms or Terms()
    pairs = Pairs(baseline, candidate, terms.cohort_key, tested_names(baseline, candidate))
    return _Comparing(pairs, terms).done(gate)


def without_baseline(candidate: Side, terms: Terms, text: str) -> Comparison:
    """The comparison that cannot be made because there is nothing to compare with."""
    return Comparison(
        run_id=candidate.info.run_id,
        baseline=None,
        candidate=candidate.info,
        verdict="INCOMPLETE",
        reasons=(Reason(kind="no_baseline", text=text),),
        settings=terms.settings.model_dump(mode="json"),
        settings_from=terms.settings_from,
        cohort_key=terms.cohort_key,
    )


@dataclass(frozen=True)
class _Comparing:
    pairs: Pairs
    terms: Terms

    @property
    def settings(self) -> GateConfig:
        return self.terms.settings

    def done(self, gate: bool) -> Comparison:
        comparison = Comparison(
            run_id=self.pairs.candidate.info.run_id,
            baseline=self.pairs.baseline.info,
            candidate=self.pairs.candidate.info,
            settings=self.settings.model_dump(mode="json"),
            settings_from=self.terms.settings_from,
            cohort_key=self.terms.cohort_key,
            alpha=self.terms.alpha,
            look=self.terms.look,
            flips=self.test.flips if self.any_tested else 0,
            exact=self.test.exact,
            cells=self.cells,
            exploratory=tuple(_exploratory(self.pairs)),
            critical=self.critical,
            allowed=self.terms.allowed,
        )
        if not gate:
            return comparison
        verdict, reasons = self._verdict()
        return comparison.model_copy(update={"verdict": verdict, "reasons": reasons})

    # --- the test ---

    @cached_property
    def test(self) -> FlipTest:
        return self._flipped(self.pairs.whole, self._alphas())

    def _tested(self, before: Filled, after: Filled, cases: Sequence[str]) -> FlipTest:
        return self._flipped(self.pairs.paired(cases, before, after), self._alphas())

    def _flipped(self, paired: flips.Paired, shares: Sequence[flips.Share]) -> FlipTest:
        return sign_flip_test(
            paired,
            shares,
            min_pairs=self.settings.min_pairs,
            flips=self.settings.flips,
            seed=self.seed,
            allowed=self._allowed,
        )

    @cached_property
    def _allowed(self) -> Bools:
        """The cells that may be tested: enough is sure, and each side was asked at all."""
        allowed = [[self._may_be_tested(cohort, name) for name in self.pairs.names] for cohort in self.rows]
        return np.array(allowed, dtype=np.bool_)

    def _may_be_tested(self, cohort: str, name: str) -> bool:
        shares = self.shares[cohort, name].values()
        both = sum(shares, Share(0, 0, 0))
        return all(share.asked for share in shares) and both.coverage >= self.settings.min_coverage

    def _alphas(self, look: int | None = None) -> list[flips.Share]:
        alpha = self.terms.of_cells(look)
        names = list(self.pairs.names)
        first = [names.index(name) for name in self.settings.first if name in names]
        rest = [column for column in range(len(names)) if column not in first]
        if not first:
            return [flips.Share(rest, alpha)]
        own = (self.settings.first_alpha or 0.0) * self.terms.share / (look or self.terms.look)
        return [flips.Share(first, own), flips.Share(rest, alpha - own)]

    @cached_property
    def seed(self) -> int:
        """Out of the conversations themselves: the same ones give the same verdict, in any folder."""
        sides = (self.pairs.before, self.pairs.after)
        held = [[side[name].conversations for name in sorted(side)] for side in sides]
        return int(digest(held)[:15], 16)

    @cached_property
    def rows(self) -> list[str]:
        return [*self.pairs.cohorts, ALL]

    @cached_property
    def untestable(self) -> list[list[str]]:
        """For each cell why it cannot be tested whatever its pairs say; empty where it can."""
        return [[self._why_not(cohort, name) for name in self.pairs.names] for cohort in self.rows]

    def _why_not(self, cohort: str, name: str) -> str:
        # Both sides together, so that which side is which does not matter.
        share = sum(self.shares[cohort, name].values(), Share(0, 0, 0))
        if share.coverage >= self.settings.min_coverage:
            return ""
        told = f"only {share.counted} of {share.asked} verdicts of both sides are sure enough to count"
        return f"{told}, {self.settings.min_coverage:.0%} are needed"

    @cached_property
    def shares(self) -> dict[CellName, dict[str, Share]]:
        sides = {"baseline": self.pairs.before, "candidate": self.pairs.after}
        used = {side: _with_verdicts(cases.values()) for side, cases in sides.items()}
        trials = self._planned
        return {
            (cohort, name): {
                side: share_of(cases, self.pairs.members(cohort), name, trials[side] if name in used[side] else None)
                for side, cases in sides.items()
            }
            for cohort in self.rows
            for name in self.pairs.names
        }

    @cached_property
    def _planned(self) -> dict[str, Planned]:
        """How many trials a case of each side was to have; where that is not known, how many it has as a rule."""
        sides = {"baseline": self.pairs.baseline, "candidate": self.pairs.candidate}
        known = {name: side.info.planned_trials for name, side in sides.items()}
        return {name: Planned(known[name] or _usual_trials(side.cases), known[name]) for name, side in sides.items()}

    @property
    def any_tested(self) -> bool:
        return bool(self.test.tested.any())

    @cached_property
    def regressed(self) -> Mapping[CellName, bool]:
        """The cells that are called worse; True where only because an earlier look called them so."""
        return self._called(self.test)

    def _called(self, test: FlipTest) -> Mapping[CellName, bool]:
        now = _worse(test, self._alphas(), self._least_drops())
        # An earlier look is not cleared by having spent alpha since, nor by a cell that can no longer be tested.
        kept = _worse(test, self._alphas(1), self._least_drops()) | ~test.tested | self.terms.stays
        names = {self._name(row, column): (row, column) for row, column in np.ndindex(*now.shape)}
        return {
            name: not now[place]
            for name, place in names.items()
            if now[place] or (kept[place] and name in self.terms.earlier)
        }

    def _least_drops(self) -> Floats:
        return np.array([self.settings.min_drop * self.pairs.width(name) for name in self.pairs.names])

    def _name(self, row: int, column: int) -> CellName:
        return self.rows[row], self.pairs.names[column]

    @cached_property
    def critical(self) -> tuple[CriticalFinding, ...]:
        chance = self.settings.critical.chance * self.terms.share / self.terms.look
        return critical_findings(self.pairs, self.settings.critical, chance)

    # --- cells ---

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        order = [len(self.rows) - 1, *range(len(self.rows) - 1)]
        return tuple(self._cell(row, column) for row in order for column in range(len(self.pairs.names)))

    @cached_property
    def _detectable(self) -> Floats:
        if not self.any_tested:
            return np.full(self.test.t.shape, np.nan)
        values, trials = self.pairs.losable()
        widths = np.array([self.pairs.width(name) for name in self.pairs.names])
        paired, losable = self.pairs.whole, Losable(values, trials, widths)
        return detectable(paired, self.test, losable, min_drop=self._least_drops(), seed=self.seed)

    def _cell(self, row: int, column: int) -> Cell:
        name, test = self._name(row, column), self.test
        why = self._not_tested(row, column)
        cell = _shown(self.pairs, name, int(test.pairs[row, column]), self._means(row, column))
        if why:
            standing = {"state": "not_testable", "why": why, "regressed": name in self.regressed}
            return cell.model_copy(update=standing)
        return cell.model_copy(
            update={
                "t": _number(test.t[row, column]),
                "p": _number(test.p[row, column]),
                "p_adjusted": _number(test.adjusted[row, column]),
                "low": _number(test.low[row, column]),
                "high": _number(test.high[row, column]),
                "regressed": name in self.regressed,
                "detectable": _number(self._detectable[row, column]),
            }
        )

    @cached_property
    def seeing(self) -> Bools:
        """The cells that could have been called worse; of measures in which no case differs, all that were tested."""
        alike = np.isnan(self.test.critical)[None, :]
        worse = np.zeros_like(self.test.tested)
        for row, column in np.ndindex(*worse.shape):
            worse[row, column] = self._name(row, column) in self.regressed
        seeing: Bools = self.test.tested & (alike | worse | np.isfinite(self._detectable))
        return seeing

    def _not_tested(self, row: int, column: int) -> str:
        if self.seeing[row, column]:
            return ""
        if self.test.tested[row, column]:
            return f"even the largest drop could not be told from chance with {self._held(row, column)}"
        cohort, name = self._name(row, column)
        why = self.untestable[row][column]
        if why:
            return why
        pairs = int(self.test.pairs[row, column])
        if not pairs and self._skipped(cohort, name):
            return "skipped: what it needs was not configured"
        return f"{self._held(row, column)} count on both sides, {self.settings.min_pairs} are needed"

    def _held(self, row: int, column: int) -> str:
        pairs = int(self.test.pairs[row, column])
        families = int(self.pairs.whole.independent[row, column])
        told = f"{pairs} {'case' if pairs == 1 else 'cases'}"
        return f"{told} of {families} {'family' if families == 1 else 'families'}" if families < pairs else told

    def _skipped(self, cohort: str, name: str) -> bool:
        for side in (self.pairs.before, self.pairs.after):
            counts = side_cell(side, self.pairs.members(cohort), name).counts
            if counts.skipped and counts.skipped == sum(counts.model_dump().values()):
                return True
        return False

    def _means(self, row: int, column: int) -> tuple[float | None, float | None, float | None]:
        return _means(self.pairs, self._weights, row, column)

    @cached_property
    def _weights(self) -> Floats:
        return self.pairs.whole.weights

    # --- the verdict ---

    def _verdict(self) -> tuple[Verdict, tuple[Reason, ...]]:
        if not self.pairs.cases:
            return "INCOMPLETE", (Reason(kind="no_pairs", text="the two sides have no case in common"),)
        worse, incomplete = list(self._why_worse()), list(self._why_incomplete())
        if self.blocked and self._stands(best=True):
            return "REGRESSION", (*worse, *incomplete)
        if self.blocked:
            text = "the conversations that could not be evaluated decide whether this is a regression"
            return "INCOMPLETE", (Reason(kind="bounds", text=text), *worse, *incomplete)
        if incomplete:
            return "INCOMPLETE", tuple(incomplete)
        if not self._stands(best=False):
            text = "if the conversations that could not be evaluated were as bad as can be, this would be a regression"
            return "INCOMPLETE", (Reason(kind="bounds", text=text),)
        unproven = list(self._why_unproven())
        return ("INCONCLUSIVE", tuple(unproven)) if unproven else ("PASS", ())

    @property
    def blocked(self) -> bool:
        return bool(self.regressed) or any(one.blocks for one in self.critical) or bool(self._replaced)

    @property
    def _replaced(self) -> list[tuple[str, str, str]]:
        """Critical findings that blocked, whose conversations were replaced so that they block no more."""
        now = {(one.case, one.evaluator, one.label) for one in self.critical if one.blocks}
        return sorted(self.terms.earlier_critical - now) if self.terms.stays else []

    def _why_worse(self) -> Iterator[Reason]:
        for cell in sorted((one for one in self.cells if one.regressed), key=_clearness):
            yield self._why_cell(cell)
        for one in self.critical:
            if one.blocks:
                before = f"in none of {one.baseline_trials} of the baseline"
                told = f"{one.label} in {one.trials} of {one.of_trials} trials, {before}"
                yield Reason(
                    kind="critical", text=f"case {one.case}: {told}", cohort=one.cohort, evaluator=one.evaluator
                )

        for case, evaluator, label in self._replaced:
            text = f"case {case}: an earlier look found {label}, and its conversations were replaced, not added to"
            yield Reason(kind="earlier_look", text=text, evaluator=evaluator)

    def _why_cell(self, cell: Cell) -> Reason:
        before = self.regressed[cell.cohort, cell.evaluator]
        kind: ReasonKind = "earlier_look" if before else "regression"
        text = f"{_words(cell.cohort)}: {cell.evaluator} fell from {_two(cell.baseline)} to {_two(cell.candidate)}"
        if before:
            done = (
                "its conversations were replaced, not added to" if self.terms.stays else "more trials do not clear it"
            )
            text = f"{_words(cell.cohort)}: an earlier look called {cell.evaluator} worse, and {done}"
        return Reason(kind=kind, text=text, cohort=cell.cohort, evaluator=cell.evaluator)

    def _why_incomplete(self) -> Iterator[Reason]:
        yield from sorted(self._quorum(), key=lambda reason: reason.evaluator is not None)
        if not self.seeing.any():
            yield Reason(kind="nothing_testable", text="no cell has enough cases to tell any drop from chance")
        yield from self._silent()
        yield from self._lopsided()

    @cached_property
    def _unseen(self) -> int:
        """The cases that were to be run and that neither side has."""
        planned = max(self.pairs.baseline.info.planned, self.pairs.candidate.info.planned)
        return max(0, planned - len(self.pairs.cohort_of))

    def _quorum(self) -> Iterator[Reason]:
        own = [name for name in self.pairs.names if name != COMPOSITE]
        for side in ("baseline", "candidate"):
            for cohort, name in self.shares:
                share = self.shares[cohort, name][side]
                if cohort != ALL and name != COMPOSITE and share.evaluated < self.settings.quorum:
                    yield self._too_few(share, side, self.settings.quorum, cohort, name)
            unseen = self._unseen * len(own)
            total = sum((self.shares[ALL, name][side] for name in own), Share(0, unseen, unseen))
            if total.evaluated < self.settings.quorum_overall:
                yield self._too_few(total, side, self.settings.quorum_overall, ALL, None)
            if total.coverage < self.settings.min_coverage_overall:
                told = f"{total.counted} of {total.asked} verdicts of the {side} are sure enough to count"
                text = f"{told}, {self.settings.min_coverage_overall:.0%} are needed"
                yield Reason(kind="coverage", text=text, cohort=ALL)

    def _silent(self) -> Iterator[Reason]:
        """Evaluators that were asked on both sides, and whose verdicts count on one only."""
        for name in self.pairs.names:
            counted = {side: share.counted for side, share in self.shares[ALL, name].items()}
            least, most = sorted(counted, key=lambda key: counted[key])
            if counted[most] and not counted[least] and self._asked(least, name):
                text = f"{name}: no verdict of the {least} counts, and {counted[most]} of the other side do"
                yield Reason(kind="coverage", text=text, cohort=ALL, evaluator=name)

    def _asked(self, side: str, name: str) -> bool:
        cases = self.pairs.before if side == "baseline" else self.pairs.after
        counts = side_cell(cases, self.pairs.members(ALL), name).counts
        return bool(sum(counts.model_dump().values()) > counts.skipped)

    def _too_few(self, share: Share, side: str, wanted: float, cohort: str, name: str | None) -> Reason:
        tried = share.counted + share.lost
        what = f"{name or 'all evaluators'} / {_words(cohort)}"
        cases = self.pairs.before if side == "baseline" else self.pairs.after
        names = [name] if name is not None else [one for one in self.pairs.names if one != COMPOSITE]
        classes = error_classes(cases, self.pairs.members(cohort), names)
        why = f" ({', '.join(f'{number} {kind}' for kind, number in classes.items())})" if classes else ""
        told = f"{share.counted} of {tried} verdicts of the {side} were reached, the others errored{why} or are missing"
        told += self._left_out(side)
        return Reason(kind="quorum", text=f"{what}: {told}; {wanted:.0%} are needed", cohort=cohort, evaluator=name)

    def _left_out(self, side: str) -> str:
        """Of the trials that are missing, those that say nothing of the agent."""
        number = (self.pairs.baseline if side == "baseline" else self.pairs.candidate).info.excluded
        were = f"{number} trials were" if number > 1 else "1 trial was"
        return f" ({were} left out because the simulated customer made mistakes)" if number else ""

    def _lopsided(self) -> Iterator[Reason]:
        names = [name for name in self.pairs.names if name != COMPOSITE]
        limit = ASYMMETRY * self.terms.share / (2 * len(LOST) * max(1, len(names)))
        sides = {"candidate": self.pairs.after, "baseline": self.pairs.before}
        for name, what in product(names, LOST):
            found = {side: self._lost(cases, name, what) for side, cases in sides.items()}
            for side, (own, trials) in found.items():
                other, others = found["baseline" if side == "candidate" else "candidate"]
                if as_many(zip(own, other, strict=True), zip(trials, others, strict=True)) >= limit:
                    continue
                told = f"{what} in {sum(own)} of {sum(trials)} conversations of the {side}"
                text = f"{name}: {told}, and in {sum(other)} of {sum(others)} of the other side"
                yield Reason(kind="asymmetry", text=text, cohort=ALL, evaluator=name)

    def _lost(self, side: Mapping[str, CaseSide], name: str, what: str) -> tuple[list[int], list[int]]:
        """Of each case that both sides have, the trials in this state and all trials."""
        held = [side[case] for case in self.pairs.cases]
        states = [case.evaluators.get(name, NOTHING).counts for case in held]
        return [getattr(counts, what) for counts in states], [case.trials for case in held]

    def _stands(self, *, best: bool) -> bool:
        """Whether the answer stays when what was lost went as well as can be for the candidate, or as badly."""
        if not any(share.lost for shares in self.shares.values() for share in shares.values()):
            return True
        if self._replaced or any(one.blocks for one in self.critical):
            return True
        cases = sorted(self.pairs.before.keys() | self.pairs.after.keys())
        before, after = self._planned["baseline"], self._planned["candidate"]
        test = self._tested(_filled(before, best=not best), _filled(after, best=best), cases)
        return bool(self._called(test)) == self.blocked

    def _why_unproven(self) -> Iterator[Reason]:
        margin = self.settings.noninferiority
        if margin is None:
            return
        shares = [flips.Share(range(len(self.pairs.names)), self.terms.alpha, overall=True)]
        test = self._flipped(self.pairs.whole, shares)
        # Where no case differs there is no critical t and nothing was lost.
        lows = np.where(test.tested[-1] & np.isnan(test.critical), test.mean[-1], test.low[-1])
        for column, name in enumerate(self.pairs.names):
            low, wanted = float(lows[column]), margin * self.pairs.width(name)
            if not isfinite(low) or low <= -wanted:
                told = f"may have lost up to {-low:.3f}" if isfinite(low) else "could not be tested"
                text = f"{name}: {told}; a loss of {wanted:g} is not ruled out"
                yield Reason(kind="noninferiority", text=text, cohort=ALL, evaluator=name)


# --- pieces ---


def _with_verdicts(cases: Iterable[CaseSide]) -> set[str]:
    return {name for case in cases for name, trials in case.evaluators.items() if trials.n or trials.counts.errored}


def _usual_trials(cases: Collection[CaseSide]) -> int:
    return round(sum(case.trials for case in cases) / len(cases)) if cases else 1


def _worse(test: FlipTest, shares: Sequence[flips.Share], least: Floats) -> Bools:
    alphas = np.full(test.t.shape[1], -1.0)
    for share in shares:
        alphas[list(share.measures)] = share.alpha
    worse: Bools = test.tested & (np.nan_to_num(test.adjusted, nan=1.0) < alphas) & (test.mean <= -least)
    return worse


def _filled(planned: Planned, *, best: bool) -> Filled:
    """The mean of a case with its errored and missing trials at the best or the worst value."""

    def value(trials: CaseTrials, info: EvaluatorInfo | None) -> float | None:
        scale = info.scale if info is not None else (0.0, 1.0)
        lost = planned.lost(trials)
        if scale is None or not lost:
            return trials.mean
        end = scale[1] if best != is_lower_better(info) else scale[0]
        return ((trials.mean or 0.0) * trials.n + end * lost) / (trials.n + lost)

    return value


def _means(pairs: Pairs, weights: Floats, row: int, column: int) -> tuple[float | None, float | None, float | None]:
    """Baseline, candidate and difference over the pairs of a cell; the row of all weighs cohorts as the set does."""
    before, after = pairs.values_before[:, column], pairs.values_after[:, column]
    numbers = pairs.cohort_numbers(pairs.cases)
    both = ~np.isnan(before) & ~np.isnan(after)
    rows = [row] if row < len(pairs.cohorts) else range(len(pairs.cohorts))
    sums = np.zeros(2)
    total = 0.0
    for cohort in rows:
        own = both & (numbers == cohort)
        if own.any():
            weight = weights[cohort, column] if row == len(pairs.cohorts) else 1.0
            sums += weight * np.array([before[own].mean(), after[own].mean()])
            total += weight
    if not total:
        return None, None, None
    sign = -1.0 if is_lower_better(pairs.infos.get(pairs.names[column])) else 1.0
    old, new = sums / total
    return _number(sign * old), _number(sign * new), _number(new - old)


def _shown(pairs: Pairs, name: CellName, count: int, means: tuple[float | None, float | None, float | None]) -> Cell:
    cohort, evaluator = name
    members = pairs.members(cohort)
    return Cell(
        cohort_key=pairs.cohort_key,
        cohort=cohort,
        evaluator=evaluator,
        pairs=count,
        baseline=means[0],
        candidate=means[1],
        delta=means[2],
        before=side_cell(pairs.before, members, evaluator),
        after=side_cell(pairs.after, members, evaluator),
    )


def _exploratory(tested: Pairs) -> Iterator[Cell]:
    """Cells that are only shown: evaluators that do not gate, and the other ways to group the cases."""
    gating = set(tested.names)
    others = [name for name in dict.fromkeys([*tested.candidate.names, *tested.baseline.names]) if name not in gating]
    yield from _untested(Pairs(tested.baseline, tested.candidate, tested.cohort_key, others), overall=True)
    for key in facets_of(tested.baseline, tested.candidate):
        grouped = Pairs(tested.baseline, tested.candidate, key, tested.names)
        if key != tested.cohort_key and 1 < len(grouped.cohorts) <= MAX_FACET_VALUES:
            yield from _untested(grouped, overall=False)


def _untested(pairs: Pairs, *, overall: bool) -> Iterator[Cell]:
    if not pairs.names or not pairs.cases:
        return
    paired = pairs.whole
    rows = [*([len(pairs.cohorts)] if overall else []), *range(len(pairs.cohorts))]
    for row in rows:
        for column, name in enumerate(pairs.names):
            cohort = pairs.cohorts[row] if row < len(pairs.cohorts) else ALL
            cell = _shown(
                pairs, (cohort, name), int(paired.pairs[row, column]), _means(pairs, paired.weights, row, column)
            )
            yield cell.model_copy(update={"state": "not_testable", "why": "shown only, not tested"})


def _number(value: float) -> float | None:
    """To 9 digits after the point; None for NaN and infinity."""
    return round(float(value), 9) + 0.0 if isfinite(value) else None


def _clearness(cell: Cell) -> tuple[float, float]:
    return (1.0 if cell.p_adjusted is None else cell.p_adjusted), cell.t or 0.0


def _two(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.2f}"


def _words(cohort: str) -> str:
    return "all conversations" if cohort == ALL else cohort
