from __future__ import annotations

import re
from typing import Any

import pytest
from tests.report.comparisons import (
    HOSTILE,
    blind,
    brings,
    cell,
    comparison,
    earlier,
    finding,
    reason,
    regression,
    side,
    untestable,
    worse,
)

from evalh.report import words


def test_a_regressed_cell_is_told_with_everything_that_is_known_of_it() -> None:
    cells = [worse(), *(cell(f"e{index}") for index in range(41))]

    assert words.sentence(comparison(*cells, verdict="REGRESSION"), cells[0]) == (
        "REGRESSION groundedness / persona price_sensitive: 0.90 -> 0.81 (-0.09; at least -0.02 after checking 42 "
        "cells; 33 cases x 3 trials; about 1 unchanged run in 200 looks this bad anywhere)"
    )


def test_a_drop_that_is_not_sure_to_be_one_has_no_least() -> None:
    assert "at least" not in words.sentence(comparison(), worse(high=0.001))


def test_lower_is_better_is_said_where_a_rise_is_worse() -> None:
    assert "0.10 -> 0.20 (-0.10, lower is better;" in words.sentence(
        comparison(), worse(baseline=0.1, candidate=0.2, delta=-0.1)
    )


def test_a_cell_that_was_not_testable_says_why_and_one_that_is_only_shown_that_it_was_not_tested() -> None:
    shown = cell("tone", state="not_testable", why="shown only, not tested", p_adjusted=None, delta=-0.1)
    compared = comparison(untestable(), exploratory=(shown,))

    assert words.sentence(compared, untestable()) == "NOT TESTABLE tone / persona angry: 4 paired cases, 6 needed"
    assert words.sentence(compared, shown) == (
        "NOT TESTED tone / all conversations: 0.90 -> 0.90 (-0.10; 33 cases x 3 trials)"
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [(1, 1, "33 cases"), (3, 3, "33 cases x 3 trials"), (9, 3, "33 cases x 9 and 3 trials")],
)
def test_trials_are_told_where_there_are_several(before: int, after: int, told: str) -> None:
    compared = comparison(baseline=side("v1", trials=before), candidate=side("v2", trials=after))

    assert words.cases(compared, cell()) == told


@pytest.mark.parametrize(
    ("p", "told"),
    [
        (0.005, "about 1 unchanged run in 200"),
        (0.0047, "about 1 unchanged run in 210"),
        (0.03, "about 1 unchanged run in 33"),
        (0.0001, "at most 1 unchanged run in 10000"),
        (0.9, "most unchanged runs"),
        (0.0, "at most 1 unchanged run in 1000000000"),
    ],
)
def test_a_p_is_told_as_one_run_in_so_many(p: float, told: str) -> None:
    assert words.chance(comparison(), p) == told


def test_the_least_p_of_all_flips_is_no_bound() -> None:
    assert words.chance(comparison(flips=255, exact=True), 1 / 256) == "about 1 unchanged run in 260"


@pytest.mark.parametrize(
    ("value", "told"),
    [(-0.09, "-0.09"), (-0.004, "-0.004"), (0.1, "+0.10"), (0.0, "0.00"), (-0.0, "0.00"), (None, "-")],
)
def test_a_change_keeps_its_sign_and_a_small_one_is_not_hidden(value: float | None, told: str) -> None:
    assert words.signed(value) == told


def test_a_pass_tells_what_it_could_not_have_seen() -> None:
    compared = comparison(
        cell("conversation_quality", detectable=0.02),
        cell("conversation_quality", "angry", detectable=0.05),
        cell("conversation_quality", "calm", detectable=0.07),
        cell(detectable=0.03),
        cell(cohort="angry", detectable=0.09),
        cell("tone", "angry", detectable=0.14),
        untestable(),
    )

    assert words.verdict_line(compared) == (
        "PASS 6 checks, no regression. This run would have caught (4 in 5 times) a drop of 2 points of overall "
        "quality, 6 points of quality in one persona or 9 to 14 points of a single evaluator in one persona. "
        "Smaller drops can hide, and 1 check could find nothing."
    )


def test_a_drop_on_another_scale_is_not_told_in_points() -> None:
    stars = cell("stars", "angry", baseline=4.5, candidate=4.4, detectable=0.35)

    assert words.drop(stars) == "0.35"
    assert words.seen(comparison(stars)) == "What it would have caught is not known."


def test_checks_that_could_find_nothing_are_counted_and_not_among_what_would_be_caught() -> None:
    compared = comparison(cell("tone", "calm", detectable=0.1), blind(), blind("tone", "shy"))

    assert words.seen(compared) == (
        "This run would have caught (4 in 5 times) a drop of 10 points of a single evaluator in one persona. "
        "Smaller drops can hide, and 2 checks could find nothing."
    )
    assert "a drop of 3 to 40 points of a single evaluator over all conversations." in words.seen(
        comparison(cell(detectable=0.03), cell("tone", detectable=0.4))
    )
    assert words.seen(comparison(blind())) == "What it would have caught is not known. 1 check could find nothing."


def test_of_identical_sides_it_is_said_that_there_was_nothing_to_find() -> None:
    alike = [cell(detectable=None), cell("tone", detectable=None)]

    assert words.seen(comparison(*alike, untestable())) == words.NOTHING_TO_FIND
    assert words.seen(comparison(*alike, cell("x", delta=-0.1, detectable=None))).startswith("What it would")
    assert words.seen(comparison(untestable())).startswith("What it would")


def test_what_an_earlier_look_called_worse_is_not_said_to_be_found_now() -> None:
    held, why = earlier("tone")
    compared = regression(held, cell(), reasons=(why,))

    told = "1 check called worse at an earlier look: tone / persona price_sensitive."
    assert words.verdict_line(compared) == f"REGRESSION {told}"
    assert words.sentence(compared, held) == (
        "REGRESSION tone / persona price_sensitive: called worse at an earlier look; now 0.90 -> 0.89 (-0.01; "
        "33 cases x 3 trials)"
    )
    assert "cells=2 untestable=0 regressed=1 earlier=1 worst=tone/price_sensitive" in words.machine_line(compared)
    assert words.only_earlier(compared)


def test_what_is_found_now_comes_before_what_an_earlier_look_found() -> None:
    lost, why = earlier("tone", state="not_testable", why="2 cases", p_adjusted=None)
    compared = regression(lost, worse(), reasons=(why,))

    assert words.failing(compared) == (worse(), lost)
    assert words.clearest(compared) == worse()
    assert words.verdict_line(compared) == (
        "REGRESSION 1 of 1 check got worse; clearest: groundedness / persona price_sensitive, 0.90 -> 0.81 (-0.09). "
        "1 check called worse at an earlier look: tone / persona price_sensitive."
    )
    assert words.sentence(compared, lost).endswith("called worse at an earlier look; not testable now: 2 cases")
    assert words.untested(compared) == ()
    assert not words.only_earlier(compared)
    assert words.is_earlier(regression(lost), lost)
    assert not words.only_earlier(regression(earlier()[0], reasons=(earlier()[1],), critical=(finding(),)))


def test_a_regression_names_the_clearest_cell_and_the_critical_findings() -> None:
    compared = comparison(
        cell(), worse(p_adjusted=0.04), worse("tone", "angry"), verdict="REGRESSION", critical=(finding(),)
    )

    assert words.verdict_line(compared) == (
        "REGRESSION 2 of 3 checks got worse; clearest: tone / persona angry, 0.90 -> 0.81 (-0.09). "
        "1 critical finding that the baseline does not have."
    )


def test_what_could_not_be_told_is_not_a_pass() -> None:
    compared = comparison(verdict="INCOMPLETE", reasons=(reason("quorum", "tone: 27 of 33 verdicts were reached"),))

    assert words.verdict_line(compared) == "INCOMPLETE tone: 27 of 33 verdicts were reached. Not a pass."


def test_without_a_gate_nothing_is_called_tested() -> None:
    assert words.verdict_line(comparison(verdict=None)) == "NO GATE v1 -> v2: differences of means, not tested."


def test_nothing_fails_where_too_much_is_missing_to_tell() -> None:
    assert words.failing(regression(verdict="INCOMPLETE")) == ()
    assert words.failing(regression()) == (worse(),)
    assert words.blocking(comparison(verdict=None, critical=(finding(),))) == ()
    assert words.blocking(comparison(critical=(finding(), finding(blocks=False)))) == (finding(),)


def test_a_finding_is_no_doubt_and_a_pass_has_none() -> None:
    reasons = (reason("regression"), reason("earlier_look"), reason("critical"), reason("quorum"))

    assert words.doubts(comparison(verdict="INCOMPLETE", reasons=reasons)) == (reason("quorum"),)
    assert words.doubts(comparison(verdict="PASS", reasons=reasons)) == ()


def test_one_chance_is_that_of_the_run_not_of_this_comparison() -> None:
    assert "1 run in 20:" in words.one_chance(comparison(alpha=0.0125, settings={"alpha": 0.05}))
    assert words.one_chance(comparison(alpha=None)) == ""


def test_the_promise_is_about_refusals_and_says_what_it_does_not_count() -> None:
    assert words.one_chance(comparison()) == (
        "An unchanged prompt is refused (REGRESSION) at most 1 run in 20: one chance for the whole run, not one a "
        "cell. INCOMPLETE is not counted in it."
    )


def test_what_was_allowed_and_earlier_looks_are_told() -> None:
    compared = comparison(allowed=("reader", "policy"), look=2, alpha=0.025, settings_from="git:main")

    assert words.notes(compared) == (
        "Compared although these differ between the sides: reader, policy.",
        "Look 2 at the same prompts: a false alarm may come of 1 such look in 40.",
        "Gate settings: git:main.",
    )


def test_differences_without_a_verdict_say_what_they_may_rest_on() -> None:
    failing = brings(counts={"scored": 5, "errored": 7})
    cells = (cell(before=failing, after=brings()), cell(cohort="angry", before=failing))
    untrusted = side("v2", judge_check="none")

    assert words.notes(comparison(*cells, verdict=None, candidate=untrusted)) == (
        "The judge was not checked: do not trust its verdicts.",
        "7 verdicts of the baseline and 0 of the candidate errored, and count for nothing.",
    )
    assert words.cautions(comparison(verdict=None, baseline=side(judge_check="passed"))) == ()
    assert words.cautions(comparison(*cells, verdict="INCOMPLETE", candidate=untrusted)) == ()


def test_trials_of_a_critical_finding_are_told_where_there_are_several() -> None:
    where = "eligibility suppressed in case case-9 (angry)"

    assert words.finding_words(finding()) == f"{where}: 2 of 3 trials, none of 9 baseline trials"
    assert words.finding_words(finding(trials=1, of_trials=1, baseline_trials=1)) == f"{where}, not in the baseline"


def test_shares_that_moved_by_ten_points_are_told_once_for_each_cohort() -> None:
    silent = brings(pitch_rate=0.1, counts={"scored": 10, "not_applicable": 90})
    pitching = brings(pitch_rate=0.9, counts={"scored": 95, "not_applicable": 5, "unsure": 9})
    moved: dict[str, Any] = {"before": silent, "after": pitching}
    compared = comparison(cell("tone", **moved), cell("pitching", **moved), cell("empty", before=brings(0)))

    told = [
        (shift.place, shift.what, round(shift.before, 2), round(shift.after, 2)) for shift in words.shifts(compared)
    ]

    assert told == [
        ("all conversations", "pitched in", 0.1, 0.9),
        ("tone / all conversations", "not applicable", 0.9, 0.05),
        ("pitching / all conversations", "not applicable", 0.9, 0.05),
    ]


def test_the_machine_line_has_the_clearest_cell_and_the_coverage() -> None:
    half = brings(counts={"scored": 43, "unsure": 5, "errored": 2})
    compared = regression(cell(before=half, after=half), worse("resolution", "*", delta=-0.33, p_adjusted=0.0002))

    assert words.machine_line(compared) == (
        "evalh: REGRESSION baseline=v1 candidate=v2 cells=2 untestable=0 regressed=1 worst=resolution/* delta=-0.33 "
        "p=0.0002 coverage=0.92"
    )


def test_without_a_baseline_or_cells_the_machine_line_is_shorter() -> None:
    compared = comparison(untestable(), verdict="INCOMPLETE", baseline=None)

    assert words.machine_line(compared) == (
        "evalh: INCOMPLETE baseline=none candidate=v2 cells=0 untestable=1 regressed=0"
    )


def test_no_name_breaks_the_machine_line() -> None:
    line = words.machine_line(comparison(worse(HOSTILE, HOSTILE), candidate=side("v 2=\n\x1b"), verdict="REGRESSION"))

    assert re.fullmatch(r"evalh: REGRESSION( [a-z]+=[^\s=\x00-\x1f\x7f-\x9f]+)+", line)
    assert "candidate=v_2___ " in line


def test_a_drop_over_all_conversations_is_told_by_cohort_the_deepest_first() -> None:
    overall = worse("tone", "*")
    cohorts = [cell("tone", name, delta=delta, pairs=8) for name, delta in (("a", -0.1), ("b", 0.2), ("c", -0.4))]
    found = regression(overall, *cohorts, cell("other", "c", delta=-0.9))

    told = "tone fell in 2 of 3 cohorts: persona c -0.40 in 8 cases, persona a -0.10 in 8 cases"
    assert words.where(found, overall) == told
    assert words.where(found, overall, most=1).endswith("persona c -0.40 in 8 cases, 1 more")
    assert words.where(found, cohorts[0]) == ""
    assert words.where(regression(overall), overall) == ""
