"""How often the gate blocks a candidate that is no worse, and how often it finds one that is: against other rules.

    python -m benchmarks.gate                               # every table of docs/gate.md
    python -m benchmarks.gate --only alarms power --runs 1000
    python -m benchmarks.gate --quick                       # a look at all tables, in a minute

The scores are invented by `gate_worlds.py`, so that what changed is known; the rules are in `gate_rules.py`. All rules
see the same data. A false alarm is a run blocked where no mean fell; power is the share of runs blocked for a cell that
did fall. Ranges are 95 % Wilson intervals.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from unittest import mock

import numpy as np
from benchmarks.gate_rules import ALPHA, CRITICAL, MIN_DROP, NAIVE, critical, flip_test, paired, worse
from benchmarks.gate_worlds import (
    AA,
    G9,
    GROUNDED,
    NAMES,
    PERSONAS,
    PRESETS,
    RATES,
    RESOLVED,
    WORLDS,
    Bools,
    Floats,
    Ints,
    Scores,
    World,
    dropping,
    mean_of_known,
    simulate,
)

from evalh.models import CaseSide, CaseTrials, EvaluatorInfo, GateConfig, SideInfo, StateCounts
from evalh.models.comparison import COMPOSITE
from evalh.regression.gate import Terms, compare
from evalh.regression.sides import Side
from evalh.stats import flips
from evalh.stats.flips import PRIOR_DF, Paired, Share, sign_flip_test
from evalh.stats.power import Losable, detectable
from evalh.stats.rates import wilson

SIZES = (200, 400)
DESIGNS = {"1v1": (1, 1), "3v3": (3, 3), "9v3": (9, 3)}
CELLS = "evalh, cells"
PIECE = 25
"""Runs a process does at a time."""
LOOKS = 3
ERRORED = (0.0, 0.005, 0.01, 0.015)
"""Shares of verdicts that errored."""
INFOS = tuple(EvaluatorInfo(name=name, version="1", sha256="", rollup="mean", threshold=0.7) for name in NAMES)
LARGEST = 0.5
"""Drops are not looked for beyond this."""
Key = tuple[int, str, str, str]
"""Cases, design, rule, and "blocked" or "found"."""


@dataclass(frozen=True)
class Setting:
    """What every part is run with."""

    runs: int
    flips: int
    jobs: int
    preset: str
    seed: int
    cases: tuple[int, ...] = SIZES


# --- false alarms and power ---


def count(setting: Setting, world: World, runs: range) -> Counter[Key]:
    """How often each rule blocks, and blocks for a cell that fell."""
    counts: Counter[Key] = Counter()
    for run in runs:
        whole = simulate(world, PRESETS[setting.preset], max(setting.cases), (9, 3), generator(setting, world, run))
        for size in setting.cases:
            for design, trials in DESIGNS.items():
                scores = whole.part(size, trials)
                blocked = {name: rule(scores) for name, rule in NAIVE.items()}
                blocked[CELLS] = worse(flip_test(scores, setting.flips, run))
                for rule, cells in blocked.items():
                    counts[size, design, rule, "blocked"] += bool(cells.any())
                    counts[size, design, rule, "found"] += bool((cells & world.affected).any())
                for name, also in criticals(scores).items():
                    counts[size, design, name, "blocked"] += also or bool(blocked[CELLS].any())
    return counts


def criticals(scores: Scores) -> dict[str, bool]:
    """Whether critical findings block, by the rate of critical faults and how they are judged."""
    told = {f"evalh, critical faults {rate:g}": critical(scores, rate) for rate in RATES if rate}
    zero = {f"zero tolerance, {rate:g}": critical(scores, rate, zero_tolerance=True) for rate in RATES if rate}
    return told | zero


def generator(setting: Setting, world: World, run: int) -> np.random.Generator:
    """The random numbers of a run; the same in every world, so that worlds differ by what is changed only."""
    return np.random.default_rng([setting.seed, run, int(world.silence_counts)])


def in_pieces(work: Callable[[range], Counter[Key]], runs: int, jobs: int) -> Counter[Key]:
    """The sum of `work` over all runs."""
    pieces = [range(start, min(start + PIECE, runs)) for start in range(0, runs, PIECE)]
    total: Counter[Key] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        for part in pool.map(work, pieces):
            total.update(part)
    return total


def share_of(hits: int, runs: int) -> str:
    """A share with its interval, in percent."""
    low, high = wilson(hits, runs) or (0.0, 1.0)
    return f"{100 * hits / runs:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def alarms(setting: Setting) -> Iterator[str]:
    """False alarms in the worlds where no mean falls."""
    for world in (one for one in WORLDS if not one.affected.any()):
        counts = in_pieces(partial(count, setting, world), setting.runs, setting.jobs)
        rules = list(dict.fromkeys(rule for _, _, rule, _ in counts))
        columns = [(size, design) for size in setting.cases for design in DESIGNS]
        told = f"{setting.runs} runs ({setting.preset}, {setting.flips} flips)"
        yield f"\n### False alarms in {world.name}, % of {told}\n"
        rows = [
            [rule, *(share_of(counts[*column, rule, "blocked"], setting.runs) for column in columns)] for rule in rules
        ]
        yield from table(["rule", *(f"n {size} {design}" for size, design in columns)], rows)


def power(setting: Setting) -> Iterator[str]:
    """Power in the worlds where some mean falls."""
    worlds = [one for one in WORLDS if one.affected.any()]
    found = {world.name: in_pieces(partial(count, setting, world), setting.runs, setting.jobs) for world in worlds}
    columns = [(size, design) for size in setting.cases for design in DESIGNS]
    yield f"\n### Power of evalh, % of {setting.runs} runs ({setting.preset}, {setting.flips} flips)\n"
    rows = [
        [name, *(share_of(counts[*column, CELLS, "found"], setting.runs) for column in columns)]
        for name, counts in found.items()
    ]
    yield from table(["world", *(f"n {size} {design}" for size, design in columns)], rows)
    for size, design in ((setting.cases[0], "9v3"), (setting.cases[0], "1v1")):
        yield f"\n### Power of each rule, % of {setting.runs} runs, n {size} {design} ({setting.preset})\n"
        rows = [
            [rule, *(share_of(counts[size, design, rule, "found"], setting.runs) for counts in found.values())]
            for rule in (*NAIVE, CELLS)
        ]
        yield from table(["rule", *found], rows)


# --- the smallest drop that is found ---


@dataclass(frozen=True)
class Search:
    """In which cell, and with how many cases and trials, the smallest drop that is found is looked for."""

    measure: int
    cases: int
    design: str


def smallest(setting: Setting) -> Iterator[str]:
    """The drop that evalh says it would find, and the one it does find, in 4 of 5 runs."""
    yield f"\n### Smallest drop in one persona found in 4 of 5 runs, points ({setting.preset})\n"
    designs = [(200, "1v1"), (200, "3v3"), (200, "9v3"), (400, "9v3")]
    searches = [Search(measure, *design) for measure in (GROUNDED, RESOLVED) for design in designs]
    with ProcessPoolExecutor(setting.jobs) as pool:
        found = list(pool.map(partial(_smallest, setting), searches))
    rows = [
        [
            f"{NAMES[search.measure]}, n {search.cases} {search.design}",
            f"{100 * told:.1f}",
            f"{100 * low:.1f}-{100 * high:.1f}",
            f"{100 * true:.1f}" if true < LARGEST else f"over {100 * LARGEST:.0f}",
        ]
        for search, (told, low, high, true) in zip(searches, found, strict=True)
    ]
    yield from table(["cell", "told (median)", "told (middle half)", "found"], rows)


def _smallest(setting: Setting, search: Search) -> tuple[float, float, float, float]:
    told = [told_drop(setting, search, run) for run in range(min(setting.runs, 100))]
    low, middle, high = np.nanquantile(told, [0.25, 0.5, 0.75])
    runs = range(min(setting.runs, 500))
    smaller, larger = 0.02, LARGEST
    while larger - smaller > 0.002:
        drop = (smaller + larger) / 2
        hits = sum(finds(setting, search, drop, run) for run in runs)
        smaller, larger = (drop, larger) if hits < 0.8 * len(runs) else (smaller, drop)
    return float(middle), float(low), float(high), larger


def told_drop(setting: Setting, search: Search, run: int) -> float:
    """What `detectable` says of a persona's cell where nothing changed."""
    trials = DESIGNS[search.design]
    scores = simulate(AA, PRESETS[setting.preset], search.cases, trials, generator(setting, AA, run))
    after = scores.means[1]
    losable = Losable(after, np.full(after.shape, trials[1]))
    test = flip_test(scores, setting.flips, run)
    asked = np.zeros_like(test.tested)
    asked[0, search.measure] = test.tested[0, search.measure]
    found = detectable(paired(scores), replace(test, tested=asked), losable, min_drop=MIN_DROP, seed=run)
    return float(found[0, search.measure])


def finds(setting: Setting, search: Search, drop: float, run: int) -> bool:
    """Whether a drop in the first persona is found in that cell."""
    world = World("drop", ((0, search.measure, -drop),))
    trials = DESIGNS[search.design]
    scores = simulate(world, PRESETS[setting.preset], search.cases, trials, generator(setting, world, run))
    return bool(worse(flip_test(scores, setting.flips, run))[0, search.measure])


# --- the prior of the variances ---


PRIORS = (4.0, 10.0, 20.0, 30.0, 40.0)
QUIET, MIDDLING, ERRATIC = 0, 2, 5
"""Personas of the preset "uneven"; trials of the first differ half as much as those of the second."""
PRIOR_WORLDS = {
    "unchanged": ("tau", (AA,)),
    "G9": ("tau", (G9,)),
    "G9, mid": ("mid", (G9,)),
    "unchanged, uneven": ("uneven", (AA,)),
    "quiet, 5 points": ("uneven", (dropping(QUIET, 5),)),
    "quiet, 9": ("uneven", (dropping(QUIET, 9),)),
    "middling, 9": ("uneven", (dropping(MIDDLING, 9),)),
    "erratic, 9": ("uneven", (dropping(ERRATIC, 9),)),
    "any, 4 to 15": (
        "uneven",
        tuple(dropping(persona, points) for persona in range(PERSONAS) for points in (4, 6, 8, 11, 15)),
    ),
}
"""Presets and worlds, by column. Of several worlds each is run a fifth as often."""


def prior(setting: Setting) -> Iterator[str]:
    """False alarms and power by the degrees of freedom of the prior variance, n 200 9v3, in all presets."""
    yield f"\n### Prior degrees of freedom: % of {setting.runs} runs, n 200, 9v3; {PRIOR_DF:g} is used\n"
    rows: dict[float, list[str]] = {value: [f"{value:g}"] for value in PRIORS}
    for preset, worlds in PRIOR_WORLDS.values():
        each = setting.runs if len(worlds) == 1 else max(1, setting.runs // 5)
        counts: Counter[Key] = Counter()
        for world in worlds:
            work = partial(count_priors, replace(setting, preset=preset), world)
            counts.update(in_pieces(work, each, setting.jobs))
        what = "found" if worlds[0].affected.any() else "blocked"
        for value, row in rows.items():
            row.append(share_of(counts[200, "9v3", f"{value:g}", what], each * len(worlds)))
    yield from table(["degrees of freedom", *PRIOR_WORLDS], rows.values())


def count_priors(setting: Setting, world: World, runs: range) -> Counter[Key]:
    """How often evalh blocks, and blocks for a cell that fell, with each prior."""
    counts: Counter[Key] = Counter()
    for run in runs:
        scores = simulate(world, PRESETS[setting.preset], 200, (9, 3), generator(setting, world, run))
        for value in PRIORS:
            with mock.patch.object(flips, "PRIOR_DF", value):
                cells = worse(flip_test(scores, setting.flips, run))
            counts[200, "9v3", f"{value:g}", "blocked"] += bool(cells.any())
            counts[200, "9v3", f"{value:g}", "found"] += bool((cells & world.affected).any())
    return counts


# --- errors ---


def errors(setting: Setting) -> Iterator[str]:
    """How often errors leave the gate unable to tell, by the share of verdicts that errored; nothing changed."""
    runs = min(setting.runs, 200)
    yield f"\n### Errors: verdicts of {runs} runs of AA, n 200, 9v3, % ({setting.preset}, {setting.flips} flips)\n"
    counts = in_pieces(partial(count_errors, setting), runs, setting.jobs)
    kinds = ("PASS", "REGRESSION", "bounds", "other")
    rows = [
        [f"{rate:.1%}", *(share_of(counts[200, "9v3", f"{rate:g}", kind], runs) for kind in kinds)] for rate in ERRORED
    ]
    yield from table(["errored", "PASS", "REGRESSION", "INCOMPLETE: they decide", "INCOMPLETE: too many"], rows)


def count_errors(setting: Setting, runs: range) -> Counter[Key]:
    """How often each verdict is given, and why INCOMPLETE is, by the share of verdicts that errored."""
    counts: Counter[Key] = Counter()
    terms = Terms(GateConfig(flips=max(setting.flips, 999)))
    for run in runs:
        scores = simulate(AA, PRESETS[setting.preset], 200, (9, 3), generator(setting, AA, run))
        lots = np.random.default_rng([setting.seed, run]).random((200, len(NAMES), 12))
        for rate in ERRORED:
            before = errored_side(scores.baseline, scores.cohorts, lots[..., :9] < rate)
            after = errored_side(scores.candidate, scores.cohorts, lots[..., 9:] < rate)
            found = compare(before, after, terms)
            why = "bounds" if any(reason.kind == "bounds" for reason in found.reasons) else "other"
            kind = why if found.verdict == "INCOMPLETE" else str(found.verdict)
            counts[200, "9v3", f"{rate:g}", kind] += 1
    return counts


def errored_side(values: Floats, cohorts: Ints, errored: Bools) -> Side:
    """The scores of a side as a comparison takes them; a trial with an error has no composite."""
    asked = ~np.isnan(values)
    lost = asked & errored
    whole = np.where(lost.any(axis=1), np.nan, mean_of_known(values, 1))
    kept = np.concatenate([np.where(lost, np.nan, values), whole[:, None]], axis=1)
    means, trials = mean_of_known(kept, 2), (~np.isnan(kept)).sum(axis=2)
    failed = np.concatenate([lost.sum(axis=2), np.zeros((len(values), 1), dtype=np.int64)], axis=1)
    size = values.shape[2]
    cases = []
    for case, cohort in enumerate(cohorts):
        told = {}
        for column, name in enumerate([*NAMES, COMPOSITE]):
            count, bad = int(trials[case, column]), int(failed[case, column])
            counts = StateCounts(scored=count, errored=bad, not_applicable=size - count - bad)
            mean = round(float(means[case, column]), 12) if count else None
            told[name] = CaseTrials(mean=mean, n=count, counts=counts)
        cases.append(CaseSide(case=f"{case:04}", persona=f"{cohort}", trials=size, read=size, evaluators=told))
    return Side(SideInfo(name="side", run_id="run", planned=len(cases)), {}, INFOS, tuple(cases))


# --- several looks ---


def looks(setting: Setting) -> Iterator[str]:
    """What re-running does: false alarms and power by strategy, n 200, 9 cached trials against 3, 6 and 9."""
    yield f"\n### Looks: % of {setting.runs} runs blocked, n 200, 9v3 and 3 more trials a look ({setting.preset})\n"
    counts = {
        world.name: in_pieces(partial(count_looks, setting, world), setting.runs, setting.jobs) for world in (AA, G9)
    }
    rules = list(dict.fromkeys(rule for _, _, rule, _ in counts[AA.name]))
    rows = [
        [
            rule,
            share_of(counts[AA.name][200, "9v3", rule, "blocked"], setting.runs),
            share_of(counts[G9.name][200, "9v3", rule, "found"], setting.runs),
        ]
        for rule in rules
    ]
    yield from table(["strategy", "false alarms (AA)", "power (G9)"], rows)


def count_looks(setting: Setting, world: World, runs: range) -> Counter[Key]:
    """How often each strategy ends blocked."""
    counts: Counter[Key] = Counter()
    for run in runs:
        for rule, cells in strategies(setting, world, run).items():
            counts[200, "9v3", rule, "blocked"] += bool(cells.any())
            counts[200, "9v3", rule, "found"] += bool((cells & world.affected).any())
    return counts


def strategies(setting: Setting, world: World, run: int) -> dict[str, Bools]:
    """The cells for which each strategy ends blocked, in one run."""
    whole = simulate(world, PRESETS[setting.preset], 200, (9, 3 * LOOKS), generator(setting, world, run))
    pooled = [whole.part(200, (9, 3 * look)) for look in range(1, LOOKS + 1)]
    fresh = [replace(whole, candidate=whole.candidate[:, :, 3 * look : 3 * look + 3]) for look in range(LOOKS)]
    level = ALPHA - CRITICAL
    tests = [flip_test(scores, setting.flips, run) for scores in pooled]
    seen = [worse(test, level / look) for look, test in enumerate(tests, 1)]
    kept = [worse(test, level) for test in tests]
    blocked = passed = seen[0]
    for look in range(1, LOOKS):
        if blocked.any():
            blocked = seen[look] | (blocked & kept[look])
        if not passed.any():
            passed = seen[look]
    alone = [seen[0], *(worse(flip_test(scores, setting.flips, run)) for scores in fresh[1:])]
    green = next((cells for cells in alone if not cells.any()), alone[-1])
    return {
        "one look": seen[0],
        "re-run when blocked, up to 3 looks": blocked,
        "re-run when passed, up to 3 looks": passed,
        "start over until green, up to 3 times (not offered)": green,
    }


# --- speed ---


def speed(setting: Setting) -> Iterator[str]:
    """How long the test takes on one core."""
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(kept)})
    scores = simulate(AA, PRESETS[setting.preset], 1000, (3, 3), np.random.default_rng(setting.seed))
    differences = paired(scores)
    seconds = [seconds_of(differences) for _ in range(5)]
    os.sched_setaffinity(0, kept)
    middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
    cells = differences.rows * differences.values.shape[1]
    yield f"\n1,000 cases, {cells} cells, 9,999 flips, one core: {middle:.2f} s (median of 5; {low:.2f} to {high:.2f})"


def seconds_of(differences: Paired) -> float:
    """The seconds that one test takes."""
    begun = time.perf_counter()
    sign_flip_test(differences, [Share(range(differences.values.shape[1]), ALPHA)], flips=9999)
    return time.perf_counter() - begun


PARTS: dict[str, Callable[[Setting], Iterator[str]]] = {
    "alarms": alarms,
    "power": power,
    "smallest": smallest,
    "prior": prior,
    "errors": errors,
    "looks": looks,
    "speed": speed,
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|--:" * (len(head) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def main(given: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=5000, help="simulated runs of each world")
    parser.add_argument("--flips", type=int, default=1999, help="sign flips of each test")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="tau", help="how the scores spread")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS), help="parts")
    parser.add_argument("--cases", nargs="+", type=int, default=SIZES, help="cases of alarms and power")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="20 runs, 499 flips")
    args = parser.parse_args(given)
    runs, flips = (20, 499) if args.quick else (args.runs, args.flips)
    setting = Setting(runs, flips, args.jobs, args.preset, args.seed, tuple(args.cases))
    for part in args.only:
        begun = time.perf_counter()
        for line in PARTS[part](setting):
            print(line, flush=True)
        print(f"\n({part}: {time.perf_counter() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
