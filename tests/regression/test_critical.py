from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from math import prod

import pytest
from tests.regression.sides import cases, row, side, verdict

from evalh.models import ConversationRow, CriticalConfig, CriticalFinding
from evalh.regression.cells import Pairs
from evalh.regression.critical import Marked, blocking, chance_of, critical_findings
from evalh.regression.sides import Side

LABEL = ("eligibility", "suppressed")
ONE_LABEL = CriticalConfig(labels={"eligibility": ("suppressed",)})


def marked(candidate: int, baseline: int, trials: tuple[int, int] = (3, 9), case: str = "a") -> Marked:
    return Marked(case, candidate, trials[0], baseline, trials[1])


def many(*counts: tuple[int, int], trials: tuple[int, int] = (3, 9)) -> list[Marked]:
    """Cases of these marks in candidate and baseline."""
    return [marked(*one, trials=trials, case=f"c{number}") for number, one in enumerate(counts)]


# --- what chance alone does ---


def by_hand(found: Sequence[Marked]) -> float:
    """The same by going through all ways in which each case's marks could have fallen on its trials."""
    new = sum(one.new for one in found)
    ways = [_ways(one) for one in found]
    hits = sum(sum(all_new) >= new for all_new in product(*ways))
    return hits / prod(len(one) for one in ways)


def _ways(one: Marked) -> list[bool]:
    trials = range(one.candidate_trials + one.baseline_trials)
    ways = combinations(trials, one.candidate + one.baseline)
    return [all(place < one.candidate_trials for place in way) for way in ways]


@pytest.mark.parametrize(
    "found",
    [
        many((1, 0)),
        many((2, 0), (0, 1)),
        many((1, 0), (1, 0), (1, 2), trials=(2, 3)),
        many((3, 0), (0, 3), (1, 1), trials=(3, 3)),
        [marked(2, 0, (2, 2)), marked(1, 0, (1, 4)), marked(0, 2, (3, 2))],
        many((1, 0), (1, 0), trials=(1, 1)),
        many((0, 1), (0, 2)),
        [marked(1, 3, (1, 3))],
    ],
)
def test_the_chance_is_that_of_all_ways_the_marks_could_have_fallen(found: list[Marked]) -> None:
    assert chance_of(found) == pytest.approx(by_hand(found))


def test_no_new_case_is_what_chance_always_gives() -> None:
    assert chance_of(many((0, 1), (1, 1))) == 1.0
    assert chance_of([]) == 1.0


# --- what blocks ---


def test_new_means_that_no_baseline_trial_has_it() -> None:
    assert [one.new for one in many((1, 0), (3, 1), (0, 1))] == [True, False, False]


def test_a_single_trial_of_three_does_not_block() -> None:
    assert blocking(many((1, 0)), 0.005) == set()


def test_what_repeats_where_the_baseline_is_clean_blocks() -> None:
    assert blocking(many((2, 0), (1, 0)), 1e-9) == {"c0"}


def test_what_repeats_does_not_block_where_the_baseline_has_it_in_another_case() -> None:
    assert blocking(many((2, 0), (0, 1)), 1e-9) == set()


@pytest.mark.parametrize(
    ("counts", "trials", "repeats"),
    [((2, 0), (3, 9), True), ((3, 0), (6, 9), True), ((2, 0), (5, 9), False), ((4, 0), (9, 9), False)],
)
def test_it_repeats_in_half_of_the_trials(counts: tuple[int, int], trials: tuple[int, int], repeats: bool) -> None:
    assert marked(*counts, trials=trials).repeated is repeats


@pytest.mark.parametrize("trials", [(1, 9), (2, 2), (4, 9)])
def test_what_chance_would_often_do_is_not_called_repeated(trials: tuple[int, int]) -> None:
    candidate = max(1, trials[0] // 2)
    assert not marked(candidate, 0, trials=trials).repeated


def test_more_new_cases_than_chance_gives_block_all_of_them_and_only_them() -> None:
    found = many((1, 0), (1, 0), (1, 0), (1, 0), (1, 3))
    assert chance_of(found) == pytest.approx(0.25**4)

    assert blocking(found, 0.25**4 + 1e-12) == {"c0", "c1", "c2", "c3"}
    assert blocking(found, 0.25**4 - 1e-12) == set()


def test_with_zero_tolerance_any_new_one_blocks_and_still_no_old_one() -> None:
    assert blocking(many((1, 0), (3, 1), (0, 2)), 0.005, zero_tolerance=True) == {"c0"}


def test_nothing_new_blocks_nothing() -> None:
    assert blocking(many((3, 1), (0, 1)), 0.5, zero_tolerance=True) == set()
    assert blocking([], 0.5) == set()


# --- findings ---


def having(trials: dict[str, Sequence[bool]], label: tuple[str, str] = LABEL, persona: str = "calm") -> Side:
    """A side of these cases, and whether each trial has the label."""
    rows: list[ConversationRow] = []
    for case, marks in trials.items():
        for trial, mark in enumerate(marks):
            critical = {label[0]: (label[1],)} if mark else {}
            rows.append(row(case, trial, persona=persona, critical=critical, values={"tone": 1.0}))
    return side(rows)


def findings(before: Side, after: Side, config: CriticalConfig = ONE_LABEL) -> list[CriticalFinding]:
    return list(critical_findings(Pairs(before, after, "persona", ()), config, 0.005))


def test_a_finding_says_where_it_is_and_how_often() -> None:
    (found,) = findings(having({"a": [False] * 9}), having({"a": [True, True, False]}))

    assert (found.case, found.cohort, found.evaluator, found.label) == ("a", "calm", *LABEL)
    assert (found.trials, found.of_trials, found.baseline_trials, found.blocks) == (2, 3, 9, True)


def test_a_case_that_the_baseline_has_it_in_is_no_finding() -> None:
    assert findings(having({"a": [True, False]}), having({"a": [True, True]})) == []


def test_a_case_that_the_baseline_lacks_is_no_finding() -> None:
    before, after = having({"a": [False]}), having({"a": [False], "b": [True]})
    assert findings(before, after) == []


def test_a_mark_of_the_baseline_in_an_unpaired_case_is_not_counted() -> None:
    before, after = having({"a": [False] * 3, "gone": [True]}), having({"a": [True] * 3})
    assert [one.blocks for one in findings(before, after)] == [True]


def test_labels_that_are_not_configured_are_no_findings() -> None:
    other = ("eligibility", "too_young")
    assert findings(having({"a": [False]}), having({"a": [True]}, other)) == []
    assert findings(having({"a": [False]}), having({"a": [True]}), CriticalConfig(labels={})) == []


def test_labels_share_the_chance() -> None:
    names = ["a", "b", "c", "d", "e"]
    before = having({name: [name == "e"] * 3 + [False] * 6 for name in names})
    after = having({name: [True, False, False] for name in names})
    assert 0.001 < chance_of(many(*[(1, 0)] * 4, (1, 3))) < 0.005
    assert {one.blocks for one in findings(before, after)} == {True}

    shared = CriticalConfig(labels={"eligibility": ("suppressed", *(f"x{number}" for number in range(4)))})
    assert {one.blocks for one in findings(before, after, shared)} == {False}


def test_findings_that_block_come_first_then_by_name() -> None:
    before = having({name: [False] * 3 for name in "abcd"})
    after = having({"d": [True] * 3, "b": [True, False, False], "a": [False, True, False], "c": [False] * 3})

    assert [(one.case, one.blocks) for one in findings(before, after)] == [("d", True), ("a", False), ("b", False)]


# --- in the verdict ---


def calm(critical: dict[int, int] | None = None, trials: int = 3) -> Side:
    """Twenty good cases; of those numbered, so many trials are critical."""
    rows = cases(tone=[[1.0] * trials] * 20)
    held = {f"calm-{number:03}": count for number, count in (critical or {}).items()}
    marks: dict[str, tuple[str, ...]] = {LABEL[0]: (LABEL[1],)}
    return side([_marked(one, marks) if one.trial < held.get(one.case, 0) else one for one in rows])


def _marked(one: ConversationRow, marks: dict[str, tuple[str, ...]]) -> ConversationRow:
    return one.model_copy(update={"critical": marks})


def test_a_blocking_finding_is_a_regression_and_one_that_does_not_block_is_none() -> None:
    assert verdict(calm(), calm({3: 3})) == "REGRESSION"
    assert verdict(calm(), calm({3: 1})) == "PASS"
    assert verdict(calm(), calm({3: 1}), critical=CriticalConfig(zero_tolerance=True)) == "REGRESSION"


def test_several_candidates_or_looks_share_the_chance() -> None:
    after = calm(dict.fromkeys(range(8), 1))  # 2^-8 = 0.0039
    assert verdict(calm(), after, critical=ONE_LABEL) == "REGRESSION"
    assert verdict(calm(), after, critical=ONE_LABEL, share=0.5) == "PASS"
    assert verdict(calm(), after, critical=ONE_LABEL, look=2) == "PASS"


def test_a_blocking_finding_stands_whatever_errored() -> None:
    after = side(cases(tone=[["errored", 1.0, 1.0], *[[1.0] * 3] * 19]))
    marked_too = replace(after, cases=(*after.cases[:-1], calm({19: 3}).cases[-1]))
    assert verdict(calm(), after) == "PASS"
    assert verdict(calm(), marked_too) == "REGRESSION"


def test_switched_off_nothing_blocks() -> None:
    assert verdict(calm(), calm({3: 3}), critical=CriticalConfig(labels={})) == "PASS"
