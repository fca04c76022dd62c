from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console
from tests.report.comparisons import HOSTILE

from evalh.models import PowerReport
from evalh.models.power import FoundDrop, Frequency, PlantedDrop
from evalh.report.power import render_power

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029]")


def often(hits: int, of: int = 400, low: float = 0.0, high: float = 1.0) -> Frequency:
    return Frequency(hits=hits, of=of, share=hits / of if of else None, low=low, high=high)


def planted(evaluator: str | None = "groundedness", where: Any = "evaluator", **fields: Any) -> PlantedDrop:
    drops = (FoundDrop(drop=0.03, found=often(40)), FoundDrop(drop=0.09, found=often(248, low=0.571, high=0.666)))
    return PlantedDrop(**{"where": where, "evaluator": evaluator, "drops": drops, "predicted": 0.087} | fields)


def report(**fields: Any) -> PowerReport:
    given: dict[str, Any] = {
        "run_id": "r_1", "prompt_version": "v1", "cohorts": 6, "cases": 200, "trials": 12, "baseline_trials": 9,
        "candidate_trials": 3, "splits": 400, "flips": 999, "seed": 1, "alpha": 0.05,
        "blocked": often(12, low=0.0172, high=0.0517), "by_cells": often(11), "by_critical": often(1),
        "undecided": often(0, 20), "planted": (planted(smallest=0.117),),
    }  # fmt: skip
    return PowerReport(**given | fields)


def shown(found: PowerReport, width: int = 120) -> str:
    screen = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    render_power(found, screen)
    assert isinstance(screen.file, io.StringIO)
    return "\n".join(" ".join(line.split()) for line in screen.file.getvalue().splitlines())


def test_the_first_lines_say_what_was_tried_and_how_often_nothing_was_blocked() -> None:
    assert shown(report()).startswith(
        "r_1:v1, 200 cases in 6 cohorts (persona): 400 runs of 9 baseline and 3 candidate trials, drawn at random\n"
        "If nothing changed, this gate would have blocked 3% of runs (95%: 1.7% to 5.2%); it promises at most 5%.\n"
        "Because a cell was called worse: 2.8%; because of critical findings: 0.2%.\n"
    )


def test_a_gate_that_breaks_its_promise_is_called_so() -> None:
    text = shown(report(blocked=often(40, low=0.074, high=0.133)), 200)
    assert "10% of runs (95%: 7.4% to 13.3%); it promises at most 5%, so it cannot be trusted" in text


def test_a_gate_that_blocked_nothing_gives_no_causes() -> None:
    assert "Because" not in shown(report(blocked=often(0)))


def test_a_drop_is_told_in_a_sentence_and_each_in_the_table() -> None:
    text = shown(report())
    assert (
        "A drop of 9 points of groundedness in one persona would be found in 62% of runs (95%: 57.1% to 66.6%)." in text
    )
    assert "what fell by 3 by 9 4 in 5 foretold" in text
    assert "groundedness in one persona 10% 62% 11.7 8.7" in text


def test_the_evaluator_that_is_hardest_to_see_is_the_example() -> None:
    weak = planted("tone", drops=(FoundDrop(drop=0.1, found=often(80)),))
    text = shown(report(planted=(planted(), weak, planted(None, "cohort"))))
    assert "A drop of 10 points of tone in one persona would be found in 20% of runs" in text
    assert text.count("A drop of ") == 1


def test_all_evaluators_are_everything_and_a_drop_that_is_always_found_ends_its_row() -> None:
    always = (FoundDrop(drop=0.03, found=often(400)),)
    every = planted(None, "overall", drops=always, smallest=0.03, predicted=None)
    text = shown(report(planted=(planted(), planted(None, "cohort"), every)))
    assert "everything in one persona 10% 62% none 8.7" in text
    assert "everything, everywhere 100% - <= 3 -" in text
    assert '"-": not tried, a smaller drop was found nearly every time.' in text


def test_a_drop_that_is_never_found_often_enough_is_named() -> None:
    text = shown(report(planted=(planted(), planted("tone"))))
    assert (
        "No drop that was tried is found in 4 of 5 runs: groundedness in one persona; tone in one persona."
    ) in text.replace("\n", " ")


def test_what_cannot_be_lost_is_marked_and_explained() -> None:
    nothing = (FoundDrop(drop=0.03, found=often(1)), FoundDrop(drop=0.09, found=Frequency(hits=0, of=0)))
    text = shown(report(planted=(planted(drops=nothing),)))
    assert "groundedness in one persona 0% x none 8.7" in text
    assert '"x": the conversations have not as much to lose.' in text


def test_runs_that_could_not_be_decided_are_told_with_their_reasons() -> None:
    text = shown(report(undecided=often(5, 20), undecided_why={"nothing_testable": 4, "quorum": 1}))
    assert "Too little to tell, exit status 3: 5 of 20 runs (nothing testable in 4, quorum in 1)." in text


def test_the_limits_of_the_measurement_are_told() -> None:
    text = shown(report(left_out=2))
    assert "The sides had 9 and 3 of a case's 12 trials: a gate with more trials sees smaller drops." in text
    assert "Each run drew 999 sign flips, to be quick." in text
    assert "Left out, because a single trial cannot be split: 2 cases." in text
    assert "All runs are made of the same conversations" in text


def test_a_facet_and_a_run_without_versions_have_their_own_words() -> None:
    text = shown(report(cohort_key="plan", prompt_version=None))
    assert text.startswith("r_1, 200 cases in 6 cohorts (plan)")
    assert "groundedness in one plan" in text


def test_a_report_without_planted_drops_has_no_table() -> None:
    assert "what fell" not in shown(report(planted=()))


@pytest.mark.parametrize("width", [40, 120])
def test_names_from_files_are_printed_as_text(width: int) -> None:
    text = shown(report(run_id=HOSTILE, cohort_key=HOSTILE, planted=(planted(HOSTILE),)), width)
    assert not CONTROL.search(text)
    assert "\\x1b" in text
