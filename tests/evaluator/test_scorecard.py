"""Scorecards: weights, items that do not apply, critical items and verdicts that cannot be told."""

from typing import Any

import pytest

from evalh.evaluator.scorecard import score_card
from evalh.models import Evidence, Failure, Score, Scorecard

PLACE = (Evidence(turn=3, end=2, quote="no"),)


def card(*items: dict[str, Any], pass_at: float = 0.8, **second: Any) -> Scorecard:
    sections = [{"id": "first", "items": list(items)}]
    return Scorecard.model_validate({"id": "card", "pass_at": pass_at, "sections": sections + list(second.values())})


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{name}_item", "evaluator": name, **more}


def row(name: str, value: float | None = None, state: str = "scored", **more: Any) -> Score:
    passed = None if value is None else value >= 0.5
    fields = {
        "evaluator": name,
        "state": state,
        "value": value,
        "passed": passed,
        "rollup": True,
        "evidence": PLACE,
        **more,
    }
    return Score.model_validate(fields)


def verdict(form: Scorecard, *scores: Score) -> Score:
    return score_card(form, scores)[-1]


TWO = card(item("tone"), item("truth"))


def test_the_verdict_is_the_one_roll_up_row_of_conversation_quality() -> None:
    rows = score_card(TWO, [row("tone", 1.0), row("truth", 1.0)])
    assert [(line.evaluator, line.rollup) for line in rows[:-1]] == [("conversation_quality", False)] * 2
    assert (rows[-1].rollup, rows[-1].label, rows[-1].value) == (True, "pass", 1.0)


def test_items_and_sections_are_weighted() -> None:
    second = {"id": "second", "weight": 3, "items": [item("care")]}
    form = card(item("tone", weight=3), item("truth"), second=second)
    found = verdict(form, row("tone", 1.0), row("truth", 0.0), row("care", 1.0))
    assert found.value == pytest.approx((0.75 + 3 * 1.0) / 4)


@pytest.mark.parametrize("state", ["not_applicable", "skipped"])
def test_items_that_do_not_apply_count_in_neither_direction(state: str) -> None:
    found = verdict(TWO, row("tone", 1.0), row("truth", state=state))
    assert (found.value, found.label) == (1.0, "pass")


def test_an_evaluator_that_did_not_run_has_no_row_and_no_weight() -> None:
    rows = score_card(TWO, [row("tone", 1.0)])
    assert len(rows) == 2
    assert rows[-1].value == 1.0


def test_nothing_that_applies_is_not_applicable() -> None:
    assert verdict(TWO, row("tone", state="not_applicable")).state == "not_applicable"


def test_a_failing_verdict_cites_the_worst_item() -> None:
    found = verdict(TWO, row("tone", 1.0), row("truth", 0.0, clause="offers/X/price"))
    assert (found.label, found.passed, found.value) == ("fail", False, 0.5)
    assert (found.evidence, found.clause) == (PLACE, "offers/X/price")
    assert "truth_item" in found.reason


def test_a_critical_item_that_fails_fails_the_contact() -> None:
    form = card(item("tone"), item("politeness", critical=True, weight=0.01))
    found = verdict(form, row("tone", 1.0), row("politeness", 0.0, clause="floor", reason="an insult"))
    assert (found.label, found.value, found.severity, found.clause) == ("auto_fail", 0.0, "critical", "floor")
    assert found.evidence == PLACE


def test_a_critical_label_among_the_findings_fails_the_contact() -> None:
    form = card(item("tone"), item("truth", critical_labels=["prohibited_claim"]))
    finding = row("truth", 0.0, rollup=False, label="prohibited_claim", turn=3)
    found = verdict(form, row("tone", 1.0), row("truth", 0.0, label="wrong_price"), finding)
    assert found.label == "auto_fail"
    assert "prohibited_claim" in found.reason


def test_another_label_of_that_evaluator_only_costs_its_weight() -> None:
    form = card(item("tone", weight=9), item("truth", critical_labels=["prohibited_claim"]))
    found = verdict(form, row("tone", 1.0), row("truth", 0.0, label="wrong_price"))
    assert (found.label, found.value) == ("pass", 0.9)


@pytest.mark.parametrize("state", ["unsure", "errored"])
def test_an_open_item_that_would_decide_leaves_it_open_in_the_same_way(state: str) -> None:
    found = verdict(TWO, row("tone", 1.0), row("truth", state=state))
    assert (found.state, found.value) == (state, None)
    assert "truth_item" in found.reason


def test_what_errored_is_told_with_its_class_before_what_is_unsure() -> None:
    failure = Failure(class_="quota", message="no credit")
    errored = row("truth", state="errored", error=failure, reason="the judge failed")
    found = verdict(TWO, row("tone", state="unsure"), errored)
    assert (found.state, found.error) == ("errored", failure)
    assert found.reason == "not judged, and it would decide: tone_item, truth_item (the judge failed)"


def test_a_critical_finding_may_be_in_what_errored_beside_a_lesser_one() -> None:
    form = card(item("tone", weight=9), item("truth", critical_labels=["prohibited_claim"]))
    errored = row("truth", state="errored", rollup=False)
    failed = row("truth", 0.0, label="wrong_price")
    assert verdict(form, row("tone", 1.0), errored, failed).state == "errored"
    assert verdict(form, row("tone", 0.0), errored, failed).label == "fail"


def test_an_open_item_that_cannot_change_the_outcome_does_not() -> None:
    heavy = card(item("tone", weight=9), item("truth"))
    assert verdict(heavy, row("tone", 1.0), row("truth", state="unsure")).label == "pass"
    assert verdict(heavy, row("tone", 0.0), row("truth", state="errored")).label == "fail"


def test_an_open_critical_item_is_never_a_pass() -> None:
    form = card(item("tone", weight=99), item("politeness", critical=True))
    assert verdict(form, row("tone", 1.0), row("politeness", state="unsure")).state == "unsure"
    assert verdict(form, row("tone", 0.0), row("politeness", state="unsure")).label == "fail"


def test_a_critical_failure_is_not_hidden_by_an_open_item() -> None:
    form = card(item("tone"), item("politeness", critical=True))
    assert verdict(form, row("tone", state="errored"), row("politeness", 0.0)).label == "auto_fail"


def test_only_open_items_are_unsure() -> None:
    assert verdict(TWO, row("tone", state="unsure"), row("truth", state="unsure")).state == "unsure"


def test_the_shipped_card_names_only_evaluators_and_labels_that_exist() -> None:
    from pathlib import Path

    from ruamel.yaml import YAML

    from evalh.models import CONSTRUCTS

    path = Path(__file__).parents[2] / "configs" / "scorecards" / "care.yaml"
    form = Scorecard.model_validate(YAML(typ="safe").load(path.read_text()))
    for line in form.items():
        known = {*CONSTRUCTS[line.evaluator]}
        assert {*line.critical_labels} <= known
