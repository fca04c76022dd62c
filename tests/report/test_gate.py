from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.report.comparisons import (
    HOSTILE,
    blind,
    brings,
    cell,
    comparison,
    earlier,
    finding,
    flipped,
    group,
    quoted,
    reason,
    regression,
    side,
    untestable,
    worse,
)

from evalh.models.comparison import Comparison
from evalh.report.gate import render_gate
from evalh.report.words import machine_line

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\ud800-\udfff]")


def shown(given: Comparison, width: int = 80, *, full: bool = False, **fields: Any) -> str:
    """What is printed, without the spaces at the ends of lines."""
    file = io.StringIO()
    render_gate(given, Console(file=file, width=width, **fields), full=full)
    return re.sub(r" +\n", "\n", file.getvalue())


def flowing(given: Comparison, width: int = 80, *, full: bool = False) -> str:
    """The same in one line, so that where lines are broken does not matter."""
    return " ".join(shown(given, width, full=full).split())


def placed(text: str, *pieces: str) -> list[int]:
    found = [text.find(piece) for piece in pieces]
    assert -1 not in found, dict(zip(pieces, found, strict=True))
    return found


# --- the whole ---


def test_the_verdict_comes_first_then_what_it_rests_on_and_the_machine_line_last() -> None:
    given = regression(
        worse(before=brings(pitch_rate=0.2), after=brings(pitch_rate=0.7)), cell(detectable=0.02), untestable(),
        critical=(finding(),), exploratory=(cell("politeness", delta=-0.2),),
    )  # fmt: skip
    text = flowing(given)
    places = placed(
        text, "v1 -> v2 REGRESSION", "worse than chance explains, of 2 checks", "critical findings that block",
        "what went wrong that the baseline did not do", "the prompt change", "pitched in 20% -> 70%",
        "what this run could not have seen", "1 check not possible: neither passed nor failed", "not tested, shown to",
        "at most 1 run in 20", "exit status 1: the gate failed.", machine_line(given),
    )  # fmt: skip

    assert places == sorted(places)
    assert text.endswith(machine_line(given))


def test_the_machine_line_is_one_line_in_a_narrow_terminal() -> None:
    given = regression()

    assert machine_line(given) in shown(given, 40).splitlines()


@pytest.mark.parametrize(
    ("verdict", "meaning", "colour"),
    [
        ("PASS", "exit status 0: the gate passed.", "32"),
        ("REGRESSION", "exit status 1: the gate failed.", "31"),
        ("INCOMPLETE", "exit status 3: too much is missing to tell. This is not a pass.", "33"),
        ("INCONCLUSIVE", "exit status 3: not shown to be good enough. This is not a pass.", "33"),
    ],
)
def test_every_verdict_has_its_colour_and_says_what_the_exit_status_means(
    verdict: str, meaning: str, colour: str
) -> None:
    given = comparison(verdict=verdict, reasons=(reason("quorum", "few"),))
    coloured = shown(given, force_terminal=True, color_system="standard")

    assert meaning in flowing(given)
    assert f"\x1b[1;{colour}m{verdict}" in coloured


def test_a_passed_gate_says_what_it_would_have_caught_once_and_quotes_nothing() -> None:
    text = flowing(comparison(cell("conversation_quality", detectable=0.02), cell(cohort="angry", detectable=0.14)))

    assert text.count("This run would have caught") == 1
    assert "what went wrong" not in text
    assert "worse than" not in text


def test_a_comparison_without_a_baseline_says_so() -> None:
    given = comparison(verdict="INCOMPLETE", reasons=(reason("no_baseline", "there is no baseline"),))
    text = flowing(given.model_copy(update={"baseline": None, "cells": (), "alpha": None}))

    assert text.startswith("none -> v2 INCOMPLETE there is no baseline. Not a pass.")
    assert "unchanged prompt" not in text


# --- why ---


def test_a_regressed_cell_stands_with_its_numbers_and_the_interval_of_its_rates() -> None:
    before, after = (brings(pass_rate=rate, pass_low=rate - 0.05, pass_high=rate + 0.04) for rate in (0.9, 0.8))
    text = flowing(regression(worse(before=before, after=after), worse(cohort="*", p_adjusted=0.0001)), 100)

    assert "price_sensitive groundedness 0.90 0.81 -0.09 -0.02 33 200" in text
    assert "all groundedness 0.90 0.81 -0.09 -0.02 33 10000+" in text
    assert "groundedness / persona price_sensitive: 90% (85% to 94%) -> 80% (75% to 84%)" in text


def test_a_drop_over_all_conversations_says_in_which_cohorts_it_fell() -> None:
    text = flowing(regression(worse(cohort="*"), cell(cohort="angry", delta=-0.3, pairs=9)), 100)

    assert "groundedness fell in 1 of 1 cohort: persona angry -0.30 in 9 cases" in text
    assert "where it fell" not in flowing(regression(worse()))


def test_what_looks_worse_in_an_incomplete_run_is_not_called_worse_than_chance() -> None:
    text = flowing(comparison(worse(), verdict="INCOMPLETE", reasons=(reason("quorum", "27 of 33 were reached"),)))

    assert "27 of 33 were reached" in text
    assert "looks worse, as far as can be told, of 1 check" in text
    assert "worse than chance explains" not in text


def test_reasons_that_the_tables_tell_are_not_told_twice_and_many_are_cut() -> None:
    reasons = [reason("regression", "it fell"), *(reason("quorum", f"reason {n} is this") for n in range(20))]
    given = regression(reasons=tuple(reasons))

    assert "it fell" not in flowing(given)
    assert "reason 7 is this and 12 more reasons in comparison.json" in flowing(given)
    assert "reason 19 is this" in flowing(given, full=True)


def test_critical_findings_that_do_not_block_are_to_look_at_and_say_why() -> None:
    text = flowing(regression(critical=(finding(blocks=False, case="case-8"), finding())))
    why = (
        "to look at: with so few trials, as many can fall on the candidate's side by chance: they do not block by "
        "themselves (gate.critical.zero_tolerance would)"
    )
    places = placed(text, "critical findings that block", "case-9", why, "case-8")

    assert text.count("case-9") == 1
    assert places == sorted(places)


def test_critical_findings_that_do_not_block_are_counted_by_kind_before_they_are_named() -> None:
    many = [finding(blocks=False, case=f"s-{n:02}") for n in range(15)]
    given = comparison(critical=(*many, finding(blocks=False, label="region_blocked", case="r-1")))
    text = flowing(given, 200)

    assert (
        "eligibility suppressed in 15 cases, in no trial of the baseline: s-00, s-01, s-02, s-03, s-04 and 10 more "
        "eligibility region_blocked in case r-1 (angry): 2 of 3 trials" in text
    )
    assert "s-13, s-14" in flowing(given, 200, full=True)


@pytest.mark.parametrize("verdict", ["PASS", "INCONCLUSIVE"])
def test_without_a_finding_the_cells_that_fell_most_are_shown_and_not_called_findings(verdict: str) -> None:
    cells = [cell(cohort=f"c{n}", delta=-0.01 * n, candidate=0.9 - 0.01 * n) for n in range(8)]
    given = comparison(*cells, blind(cohort="blind").model_copy(update={"delta": -0.9}), verdict=verdict)
    text = flowing(given, 100)
    places = placed(text, verdict, "fell most, no more than chance explains persona", *(f"c{n} " for n in (7, 6, 5, 4)))

    assert places == sorted(places)
    assert "c7 groundedness 0.90 0.83 -0.07 33" in text
    assert "c2 groundedness" not in text
    assert "blind tone" not in text
    assert "c1 groundedness" in flowing(given, 100, full=True)


def test_nothing_fell_most_where_nothing_fell_or_the_verdict_stands_against_it() -> None:
    assert "fell most" not in shown(comparison(cell(delta=0.2)))
    for verdict in ("REGRESSION", "INCOMPLETE"):
        assert "fell most" not in shown(comparison(cell(delta=-0.2), verdict=verdict))


def test_a_drop_that_is_clear_and_too_small_to_count_is_not_laid_to_chance() -> None:
    text = flowing(comparison(cell(delta=-0.01, p_adjusted=0.001)), 120)

    assert "fell most, no more than chance explains or by less than min_drop" in text


def test_a_cell_of_an_earlier_look_is_no_present_finding() -> None:
    held, why = earlier()
    text = flowing(regression(held, cell("tone"), reasons=(why,)), 120)

    assert "called worse at an earlier look, not found again now persona evaluator" in text
    assert "price_sensitive groundedness 0.90 0.89 -0.01 - 33 earlier look" in text
    assert "earlier look: it was called worse then, which is not cleared" in text
    assert "worse than chance explains" not in text


def test_a_cell_of_an_earlier_look_stands_below_those_that_are_found_now() -> None:
    held, why = earlier("tone", "*", state="not_testable", why="2 cases", p_adjusted=None, t=None)
    text = flowing(regression(held, worse(), reasons=(why,)), 120)

    assert "worse than chance explains, or called worse at an earlier look, of 1 check" in text
    assert placed(text, "33 200", "33 earlier look") == sorted(placed(text, "33 200", "33 earlier look"))
    assert "not possible" not in text


def test_what_from_and_to_are_is_said_below_the_table() -> None:
    said = "from, to: means over the cases that count on both sides, trials averaged; a conversation without the act"

    assert said in flowing(regression(), 120)
    assert said not in flowing(comparison(), 120)


# --- cases ---


def test_wide_terminals_have_both_sides_beside_each_other_narrow_ones_below() -> None:
    wide, narrow = shown(regression(), 120), shown(regression(), 80)

    assert re.search(r'v1: +v2: wrong_price\n +\[4\] "It is 49\.99\." +\[4\] "It is 29\.99\."', wide)
    assert re.search(r'v1:\n +\[4\] "It is 49\.99\."\n +v2: wrong_price\n +\[4\] "It is 29\.99\."', narrow)
    for text in (wide, narrow):
        assert "groundedness: wrong_price (care.price): new in 1 case" in text
        assert "case-0 (price_sensitive, major, 2 of 3 trials)" in text
        assert "expected: 49.99; found: 29.99" in text


def test_a_side_without_a_verdict_says_so_and_one_without_a_label_gives_its_reason() -> None:
    silent = flipped("b", baseline=quoted(label=None, reason="nothing to judge", evidence=()))
    given = regression(groups=(group(flipped=(flipped("a", baseline=None), silent), cases=2, gone=1),))

    assert "v1: no verdict to set beside it is kept" in flowing(given)
    assert "v1: nothing to judge v2: wrong_price" in flowing(given)
    assert "new in 2 cases, gone in 1" in flowing(given)


def test_a_turn_without_words_and_an_endless_one_are_quoted_all_the_same() -> None:
    given = regression(groups=(group(flipped=(flipped(candidate=quoted("")), flipped(candidate=quoted("x" * 9999)))),))

    assert "[4] (the whole turn)" in flowing(given)
    assert 290 < shown(given).count("x") < 400


def test_groups_and_cases_are_cut_by_evaluator_unless_all_are_asked_for() -> None:
    groups = [group(3, evaluator="resolution", label=f"kind-{n}") for n in range(9)]
    given = regression(groups=(*groups, group(evaluator="tone", label="pushy")))
    text = flowing(given)

    assert "kind-1" in text
    assert "kind-2" not in text
    assert "tone: pushy" in text
    assert "and 7 more kinds of fault in comparison.json" in text
    assert "case-1" in text
    assert "case-2" not in text
    assert "kind-8" in flowing(given, full=True)
    assert "case-2" in flowing(given, full=True)


HUNKS = ("@@ -1 +1 @@\n-Be kind.\n+Be quick.", "@@ -9 +9 @@\n-Ask once.\n+Ask twice.", "@@ -20 +20 @@\n-x\n+y")


def test_the_nearest_prompt_change_is_quoted_and_said_to_be_an_aid() -> None:
    text = flowing(regression(groups=(group(hunk=2),), prompt_diff=HUNKS))

    assert "reads most like prompt change 2" in text
    assert "prompt change 2 of 3, nearest in wording to wrong price (an aid, no finding)" in text
    assert "-Ask once. +Ask twice." in text
    assert "Be kind" not in text
    assert "Be kind" in flowing(regression(groups=(group(hunk=2),), prompt_diff=HUNKS), full=True)


def test_a_change_that_is_not_there_is_not_quoted_and_a_long_one_is_cut() -> None:
    long = "\n".join(["@@ -1 +1 @@", *(f"+line {n} of it" for n in range(40))])

    assert "prompt change" not in flowing(regression(groups=(group(hunk=9),), prompt_diff=HUNKS))
    text = flowing(regression(prompt_diff=(long,)))
    assert "the prompt change @@ -1 +1 @@" in text
    assert "+line 14 of it and 25 more lines" in text


# --- behind the means ---


def test_shares_that_moved_are_told_those_of_all_conversations_first() -> None:
    def moved(cohort: str, share: float) -> Any:
        return cell(cohort=cohort, before=brings(pitch_rate=0.1), after=brings(pitch_rate=0.1 + share))

    text = flowing(comparison(moved("angry", 0.8), moved("*", 0.1), moved("calm", 0.09)))

    assert "all conversations: pitched in 10% -> 20% persona angry: pitched in 10% -> 90%" in text
    assert "persona calm: pitched" not in text


def test_trials_tell_how_often_all_pass_and_agree() -> None:
    given = comparison(cell(before=brings(pass_all=0.61, stable=0.8), after=brings(pass_all=0.4, stable=0.75)))
    once = given.model_copy(update={"baseline": side(trials=1), "candidate": side("v2", trials=1)})

    assert re.search("groundedness 61% 40% 80% 75%", flowing(given))
    assert "over the trials of a case" not in flowing(once)


# --- what was not seen ---


def test_what_could_hide_is_told_overall_and_by_cohort_with_a_typical_evaluator() -> None:
    cells = [
        cell("tone", detectable=0.03), cell("resolution", detectable=0.12),
        *(cell(f"e{n}", "angry", detectable=value) for n, value in enumerate((0.1, 0.2, 0.9))),
        cell("tone", "calm", detectable=0.15), cell("tone", "shy", detectable=0.4),
    ]  # fmt: skip
    text = flowing(comparison(*cells, verdict="REGRESSION"))

    assert "drops smaller than 3 points of tone to 12 points of resolution can hide." in text
    assert "can lose less than 15 points (persona calm) to 40 points (persona shy) unseen." in text
    assert "20 points (persona angry)" in flowing(comparison(*cells), full=True)


def test_what_could_not_be_tested_is_summed_up_by_why_and_never_passed() -> None:
    cells = [untestable(cohort=f"c{n}") for n in range(5)] + [untestable(why=f"other {n}") for n in range(3)]
    text = flowing(comparison(cell(), *cells))

    assert "8 checks not possible: neither passed nor failed" in text
    assert "4 paired cases, 6 needed: tone / persona c0, tone / persona c1 and 3 more" in text
    assert "and 2 more reasons in comparison.json" in text


def test_checks_that_could_find_nothing_come_first_whatever_the_number_of_their_cases() -> None:
    cells = [blind(cohort=f"b{n}", cases=n) for n in (6, 7, 8)] + [untestable(cohort=f"c{n}") for n in range(5)]
    text = flowing(comparison(cell(), *cells, untestable(why="other")), 120)

    told = (
        "even the largest drop could not be told from chance: tone / persona b6, tone / persona b7, tone / persona b8"
    )
    assert "9 checks not possible: neither passed nor failed" in text
    assert placed(text, told, "4 paired cases, 6 needed:") == sorted(placed(text, told, "4 paired cases, 6 needed:"))


def test_identical_sides_say_that_nothing_could_have_been_found() -> None:
    text = flowing(comparison(cell(detectable=None), cell("tone", detectable=None)))

    assert "PASS 2 checks, no regression. The same conversations on both sides, or none scored differently" in text


def test_other_drops_are_said_not_to_be_tested_and_those_of_few_cases_left_out() -> None:
    others = [
        cell("politeness", delta=-0.2),
        cell("tone", delta=-0.9, pairs=2),
        cell("x", cohort_key="plan", cohort="big", delta=-0.3),
    ]
    text = flowing(comparison(exploratory=tuple(others)))

    assert "not tested, shown to look at: biggest drops of other cohorts and evaluators" in text
    assert "plan big x 0.90 0.90 -0.30 33 50% -> 50% all conversations politeness" in text
    assert "-0.90" not in text


def test_inputs_that_were_allowed_to_differ_are_named() -> None:
    assert "allowed to differ between the sides: golden_set, judge" in flowing(
        comparison(allowed=("golden_set", "judge"))
    )


# --- no gate ---


def test_without_a_gate_only_the_biggest_drops_are_shown_and_said_to_be_untested() -> None:
    drops = [worse(), cell("tone", delta=-0.3), cell("rising", delta=0.3)]
    text = flowing(comparison(*drops, verdict=None, critical=(finding(),), groups=(group(),)))

    assert text.startswith("biggest drops, v1 to v2 (differences of means, not tested) persona evaluator")
    assert re.search(r"all tone .* price_sensitive groundedness", text)
    for word in ("rising", "exit status", "critical", "evalh:", "wrong_price", "chance"):
        assert word not in text


def test_without_a_gate_a_judge_that_is_not_trusted_is_named() -> None:
    text = flowing(comparison(cell(), verdict=None, baseline=side("v1", judge_check="failed")))

    assert text == "no drop, v1 to v2 The judge did not pass its check: do not trust its verdicts."


def test_without_a_drop_or_a_pair_that_is_said() -> None:
    apart = cell("tone", pairs=0, delta=None, baseline=None, candidate=None, before=brings(9), after=brings(0))
    text = flowing(comparison(cell(), apart, verdict=None))

    assert text == "no drop, v1 to v2 not compared, no case counts on both sides: tone"


# --- hostile text and odd terminals ---


def hostile(text: str) -> Comparison:
    """A comparison in which `text` stands wherever text can stand."""
    side_text = quoted(text, reason=text, label=text, conversation_id=text)
    names = {"case": text, "cohort": text, "evaluator": text, "label": text}
    flip = flipped(text, clause=text, expected=text, found=text, candidate=side_text, baseline=side_text, cohort=text)
    low = worse(text, text, cohort_key=text, before=brings(pitch_rate=0.1))
    held, why = earlier(text, f"{text}2", cohort_key=text)
    return regression(
        low, held, untestable(text, text, text), cell(text, detectable=0.1), baseline=side(text), candidate=side(text),
        critical=(finding(**names), finding(**names, blocks=False)), exploratory=(low,), allowed=(text,),
        reasons=(reason("quorum", text), why), cohort_key=text, prompt_diff=(f"@@ {text}\n+{text}", f"@@\n-{text}"),
        groups=(group(evaluator=text, label=text, clause=text, hunk=1, flipped=(flip,)), group(clause=text)),
    )  # fmt: skip


@pytest.mark.parametrize("width", [30, 80, 140])
@pytest.mark.parametrize("full", [False, True])
def test_hostile_text_is_printed_as_visible_escapes_and_never_as_markup(width: int, full: bool) -> None:
    text = shown(hostile(HOSTILE), width, full=full)
    fell = comparison(cell(HOSTILE, HOSTILE, delta=-0.1), cohort_key=HOSTILE)
    plain = shown(hostile(HOSTILE).model_copy(update={"verdict": None}), width) + shown(fell, width, full=full)

    assert not CONTROL.search(text)
    assert not CONTROL.search(plain)
    assert "[/bold]" in "".join(text.split())
    assert r"\x1b[2J" in "".join(text.split())


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.characters(), max_size=40))
def test_no_text_whatever_prints_a_control_character(text: str) -> None:
    assert not CONTROL.search(shown(hostile(text)))


@pytest.mark.parametrize("width", [40, 80, 99, 100, 200])
@pytest.mark.parametrize("full", [False, True])
def test_no_line_but_the_machine_line_is_wider_than_the_terminal(width: int, full: bool) -> None:
    text = shown(regression(prompt_diff=HUNKS, groups=(group(3, hunk=1),)), width, full=full)
    lines = [*text.splitlines(), *shown(comparison(cell(delta=-0.3)), width, full=full).splitlines()]

    assert max(len(line) for line in lines if not line.startswith("evalh: ")) <= width


def test_an_ascii_terminal_gets_ascii() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    render_gate(regression(), Console(file=file, width=80))
    file.flush()

    assert b"REGRESSION" in file.buffer.getvalue()
