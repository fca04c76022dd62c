from __future__ import annotations

import io
from typing import Any

from rich.console import Console
from tests.report.comparisons import regression

from evalh.agreement.store import Known
from evalh.models import Evidence, FileInfo
from evalh.models.agreement import Agreement, AgreementRow, Disagreement, Estimate
from evalh.report.agreement import known_words, render_agreement, render_known
from evalh.report.markdown import markdown


def row(**fields: Any) -> AgreementRow:
    rate = Estimate(value=0.811, low=0.74, high=0.874)
    held = {"kind": "evaluator", "construct": "tone", "labels": 120, "conversations": 9, "tp": 5, "fn": 1, "tn": 14}
    return AgreementRow.model_validate({**held, "f1": rate, **fields})


def disagreement(**fields: Any) -> Disagreement:
    held = {"kind": "evaluator", "construct": "tone", "case": "c-1", "prompt_version": "v1", "labelled": "pushy"}
    return Disagreement.model_validate({**held, **fields})


def agreement(*rows: AgreementRow, **fields: Any) -> Agreement:
    held = {
        "golden_set": FileInfo(id="few", sha256="0"),
        "prompts": (FileInfo(id="care", version="v1", sha256="0"),),
        "policies": (),
        "evaluators": (),
        "reader": "r",
        "confirmed": True,
        "labels": 120,
        "labellers": ("ann", "bob"),
        "conversations": 9,
    }
    return Agreement.model_validate({**held, "rows": rows, **fields})


def shown(of: Agreement, width: int = 120, **how: Any) -> list[str]:
    screen = Console(file=io.StringIO(), width=width, markup=False)
    render_agreement(of, screen, **how)
    assert isinstance(screen.file, io.StringIO)
    return [" ".join(line.split()) for line in screen.file.getvalue().splitlines()]


def test_a_row_has_what_was_labelled_what_was_found_and_the_rates() -> None:
    told = shown(agreement(row(unsure=2, ece=0.125)))

    assert told[0] == "few: 120 confirmed labels by 2 labellers, 9 conversations by v1"
    assert "tone 20 6 (30%) 5 - - 0.81 [0.74, 0.87] - - 2 0.12" in told


def test_verdicts_of_conversations_and_turns_and_facts_have_tables_of_their_own() -> None:
    reader = {"kind": "reader", "level": "turn", "construct": "act", "label": "pitch"}
    told = shown(agreement(row(), row(level="turn"), row(**reader), row(cohort_key="persona", cohort="odd")))

    assert [line for line in told if line.startswith(("evaluators:", "the reader"))] == [
        "evaluators: has the conversation a fault?",
        "evaluators: has the turn a fault?",
        "the reader's facts",
    ]
    assert len([line for line in told if line.startswith("tone 20")]) == 2
    assert len([line for line in told if line.startswith("act: pitch 20")]) == 1


def test_cohorts_that_fell_are_told_the_worst_first_but_not_of_few_labels() -> None:
    low, lower = (Estimate(value=value, low=0.1, high=0.7) for value in (0.5, 0.3))
    rows = [
        row(),
        row(cohort_key="persona", cohort="low", f1=low),
        row(cohort_key="persona", cohort="lower", f1=lower),
        row(cohort_key="persona", cohort="few", f1=lower, tp=3),
        row(cohort_key="persona", cohort="better", f1=Estimate(value=0.9, low=0.8, high=1)),
    ]
    told = [line for line in shown(agreement(*rows)) if "over all" in line and line.startswith("tone")]

    assert told == [
        "tone in persona lower: F1 0.30 [0.10, 0.70], over all 0.81",
        "tone in persona low: F1 0.50 [0.10, 0.70], over all 0.81",
    ]


def test_what_differs_is_told_of_each_construct_in_turn_and_each_place_once() -> None:
    reader = {"kind": "reader", "construct": "act", "level": "turn", "turn": 2, "labelled": "answer"}
    found = [
        *(disagreement(case=f"c-{n}") for n in range(3)),
        disagreement(level="turn", turn=2),
        disagreement(**reader, label="pitch", found="pitch", confidence=0.9, evidence=Evidence(turn=2, quote="Gold?")),
        disagreement(**reader, label="answer", found="pitch"),
    ]
    told = shown(agreement(row(), disagreements=found), most=2)

    assert [line for line in told if line.startswith("c-")] == [
        "c-0 v1: tone: labelled pushy, found no fault",
        "c-1 v1, turn 2: act: labelled answer, found pitch (0.90)",
    ]
    assert '[2] "Gold?"' in told
    assert told[-1] == "and 2 more places in the file"


def test_unconfirmed_labels_and_places_left_out_are_told_first() -> None:
    told = shown(agreement(row(), confirmed=False, left_out=[f"line {n}" for n in range(7)]))

    assert told[0].startswith("few: 120 unconfirmed labels")
    assert told[1].startswith("These labels are unconfirmed")
    assert told[2:9] == [
        "7 places on which labellers differ do not count:",
        *(f"line {n}" for n in range(5)),
        "and 2 more, see --full",
    ]
    assert "line 6" in shown(agreement(row(), left_out=[f"line {n}" for n in range(7)]), full=True)


def test_labels_that_nothing_is_compared_with_are_told() -> None:
    assert "Labelled, but compared with nothing: claim, tone." in shown(agreement(not_compared=("claim", "tone")))


def test_what_is_known_of_an_evaluator_in_a_few_words() -> None:
    assert known_words(Known("tone", row(), "few", True)) == "F1 0.81 [0.74, 0.87], 120 labels"
    assert known_words(Known("tone", row(labels=1), "few", False)) == "F1 0.81 [0.74, 0.87], 1 label, unconfirmed"
    assert known_words(Known("tone", row(f1=None), "few", True)) == "no fault labelled or found, 120 labels"
    assert known_words(Known("tone", row(labels=0), "few", True)) == "F1 0.81 [0.74, 0.87], 20 places"
    assert known_words(Known("tone", row(), "few", True, "another policy")) == "known for another policy"
    assert known_words(Known("tone")) == "none known"


def test_where_nothing_is_known_one_line_says_so() -> None:
    screen = Console(file=io.StringIO(), width=120)
    render_known([Known("tone"), Known("act")], screen)
    assert isinstance(screen.file, io.StringIO)

    assert screen.file.getvalue() == ("agreement with labels: none known; evalh calibrate GOLDEN_SET measures it\n")


def test_the_markdown_report_tells_what_is_known_and_is_silent_else() -> None:
    told = markdown([regression()], known=[Known("tone", row(), "few", True), Known("brevity")])

    assert "<summary>Agreement of the evaluators with labels</summary>" in told
    assert "| tone | F1 0.81 \\[0.74, 0.87\\], 120 labels |" in told
    assert "| brevity | none known |" in told
    assert markdown([regression()], known=[Known("tone")]) == markdown([regression()])


def test_on_a_narrow_screen_columns_are_left_out_and_what_is_there_is_whole() -> None:
    wide = row(construct="objection_handling", tp=500, tn=1500, unsure=30, ece=0.2)
    told = shown(agreement(wide), width=80)

    (head,) = [line for line in told if line.startswith("construct")]
    assert head == "construct n labelled P R F1 kappa unsure"
    assert "objection_handling 2001 501 (25%) - - 0.81 [0.74, 0.87] - 30" in told
    assert "A wider screen also shows: found, balanced acc., ECE." in " ".join(told)
    assert not any("wider screen" in line for line in shown(agreement(wide)))


def test_labels_without_a_labeller_are_of_nobody() -> None:
    assert shown(agreement(row(), labellers=()))[0] == "few: 120 confirmed labels, 9 conversations by v1"
