from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from math import log

import pytest
from tests.regression.sides import cases, row, side, verdict

from evalh.models import ConversationRow, CriticalConfig, CriticalFinding
from evalh.regression.cells import Pairs
from evalh.regression.critical import Marked, blocking, chance_of, critical_findings, pooled
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
    ways = [_ways(one) for one in found]
    telling = [max(1, round(-50 * log(sum(one) / len(one)))) if any(one) else 1 for one in ways]
    seen = sum(tells for one, tells in zip(found, telling, strict=True) if one.new)
    told = [sum(tells for new, tells in zip(way, telling, strict=True) if new) for way in product(*ways)]
    return sum(one >= seen for one in told) / len(told)


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
    assert blocking(many((2, 0)), 0.005) == set()


def test_all_of_three_trials_after_nine_without_block() -> None:
    assert chance_of(many((3, 0))) == pytest.approx(1 / 220)
    assert blocking(many((3, 0)), 0.005) == {"c0"}


def test_what_happens_now_and_then_in_other_cases_does_not_hide_it() -> None:
    assert chance_of(many((3, 0), *[(0, 1)] * 3)) == pytest.approx(1 / 220)
    assert blocking(many((3, 0), (0, 1), (0, 1), (0, 1)), 0.005) == {"c0"}


def test_with_one_trial_a_side_it_takes_eight_cases() -> None:
    def alone(cases: int) -> set[str]:
        return blocking(many(*[(1, 0)] * cases, trials=(1, 1)), 0.005)

    assert (len(alone(7)), len(alone(8))) == (0, 8)


def test_of_a_case_with_several_labels_the_commonest_stands_for_all() -> None:
    first, second = many((1, 0), (0, 2)), many((2, 0), (1, 0), (1, 1))
    assert pooled([first, second]) == many((2, 0), (1, 2), (1, 1))


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
    (found,) = findings(having({"a": [False] * 9}), having({"a": [True, True, True]}))

    assert (found.case, found.cohort, found.evaluator, found.label) == ("a", "calm", *LABEL)
    assert (found.trials, found.of_trials, found.baseline_trials, found.blocks) == (3, 3, 9, True)


def test_a_case_that_the_baseline_has_it_in_is_no_finding() -> None:
    assert findings(having({"a": [True, False]}), having({"a": [True, True]})) == []


def test_a_case_that_the_baseline_lacks_is_no_finding() -> None:
    before, after = having({"a": [False]}), having({"a": [False], "b": [True]})
    assert findings(before, after) == []


def test_a_mark_of_the_baseline_in_an_unpaired_case_is_not_counted() -> None:
    before, after = having({"a": [False] * 9, "gone": [True]}), having({"a": [True] * 3})
    assert [one.blocks for one in findings(before, after)] == [True]


def test_labels_that_are_not_configured_are_no_findings() -> None:
    other = ("eligibility", "too_young")
    assert findings(having({"a": [False]}), having({"a": [True]}, other)) == []
    assert findings(having({"a": [False]}), having({"a": [True]}), CriticalConfig(labels={})) == []


def test_labels_are_judged_together() -> None:
    names = [f"c{number}" for number in range(4)]
    before = having({name: [False] * 9 for name in names})
    after = having({name: [True, False, False] for name in names})
    others = having({name: [True, False, False] for name in names[:2]}, ("disclosure", "added_without_consent"))
    assert {one.blocks for one in findings(before, after)} == {True}

    two = CriticalConfig(labels={"eligibility": ("suppressed",), "disclosure": ("added_without_consent",)})
    found = findings(before, after, two)
    assert ([one.blocks for one in found], len(findings(before, others, two))) == ([True] * 4, 2)
    assert not any(one.blocks for one in findings(before, others, two))


def test_findings_of_a_case_that_the_baseline_has_another_label_in_do_not_block() -> None:
    two = CriticalConfig(labels={"eligibility": ("suppressed",), "disclosure": ("added_without_consent",)})
    before = having({"a": [True] + [False] * 8}, ("disclosure", "added_without_consent"))
    (found,) = findings(before, having({"a": [True] * 3}), two)
    assert not found.blocks


def test_findings_are_in_order_of_their_names() -> None:
    before = having({name: [False] * 3 for name in "abcd"})
    after = having({"d": [True] * 3, "b": [True, False, False], "a": [False, True, False], "c": [False] * 3})
    assert [one.case for one in findings(before, after)] == ["a", "b", "d"]


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
    assert verdict(calm(trials=9), calm({3: 3})) == "REGRESSION"
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
    assert verdict(calm(trials=9), after) == "PASS"
    assert verdict(calm(trials=9), marked_too) == "REGRESSION"


def test_switched_off_nothing_blocks() -> None:
    assert verdict(calm(), calm({3: 3}), critical=CriticalConfig(labels={})) == "PASS"
