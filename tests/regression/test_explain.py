from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evalh.models import (
    CaseSide,
    CaseTrials,
    Cell,
    Comparison,
    CriticalFinding,
    EvaluatorInfo,
    Group,
    ScoreRow,
    SideInfo,
)
from evalh.models.score import Evidence
from evalh.regression.explain import explain
from evalh.regression.sides import Side

EVALUATORS = tuple(
    EvaluatorInfo(name=name, version="1", sha256="", rollup="any_fault", threshold=0.5, direction=direction)
    for name, direction in (
        ("grounded", "higher_is_better"),
        ("tone", "higher_is_better"),
        ("haste", "lower_is_better"),
    )
)


def row(version: str, case: str | None = "a", *, quote: str = "", **fields: Any) -> ScoreRow:
    """A failed verdict of a turn, unless said otherwise."""
    given = {
        "run_id": "r", "prompt_version": version, "case": case, "conversation_id": f"{case}.{version}",
        "evaluator": "grounded", "label": "wrong_price", "turn": 4, "value": 0.0, "passed": False,
        "severity": "major", "reason": "not the price", "evidence": (Evidence(turn=4, quote=quote),) if quote else (),
    }  # fmt: skip
    return ScoreRow(**given | fields)


def good(version: str, case: str = "a", **fields: Any) -> ScoreRow:
    """A passed verdict of a turn, unless said otherwise."""
    given: dict[str, Any] = {"value": 1.0, "passed": True, "label": "grounded", "severity": None, "reason": "right"}
    return row(version, case, **given | fields)


def rollup(version: str, case: str = "a", **fields: Any) -> ScoreRow:
    given = {"rollup": True, "turn": None, "level": "conversation", "state": "not_applicable", "value": None}
    return good(version, case, **given | {"passed": None, "label": None, "reason": "nothing to judge"} | fields)


def case_side(name: str, mean: float | None = 1.0, **fields: Any) -> CaseSide:
    trials = {one.name: CaseTrials(mean=mean, n=1) for one in EVALUATORS}
    return CaseSide(**{"case": name, "persona": "calm", "trials": 1, "evaluators": trials} | fields)


def a_side(name: str, rows: Sequence[ScoreRow] | None, cases: Sequence[CaseSide]) -> Side:
    read: list[int] = []

    def stream() -> Iterator[ScoreRow]:
        assert not read, "rows are streamed once"
        read.append(1)
        yield from rows or ()

    info = SideInfo(name=name, run_id="r", prompt_version=name)
    return Side(info, {}, EVALUATORS, tuple(cases), None if rows is None else stream)


def regressed(evaluator: str = "grounded", cohort: str = "*", **fields: Any) -> Cell:
    given = {"cohort_key": "persona", "regressed": True, "delta": -0.2, "p_adjusted": 0.001}
    return Cell(**given | {"cohort": cohort, "evaluator": evaluator} | fields)


def explained(
    before: Sequence[ScoreRow] | None,
    after: Sequence[ScoreRow],
    *cells: Cell,
    cases: Sequence[CaseSide] = (),
    was: Sequence[CaseSide] = (),
    critical: Sequence[CriticalFinding] = (),
    **fields: Any,
) -> tuple[Group, ...]:
    """The groups of a comparison whose cases, unless given, are those of the candidate's rows."""
    here = cases or [case_side(name, 0.0) for name in sorted({item.case or "" for item in after})]
    there = was or [case.model_copy(update={"evaluators": case_side("").evaluators}) for case in here]
    info = SideInfo(name="v1", run_id="r"), SideInfo(name="v2", run_id="r")
    comparison = Comparison(
        run_id="r", baseline=info[0], candidate=info[1], verdict="REGRESSION",
        cells=cells or (() if critical else (regressed(),)), critical=tuple(critical),
    )  # fmt: skip
    return explain(comparison, a_side("v1", before, there), a_side("v2", after, here), **fields)


def told(groups: Sequence[Group]) -> list[tuple[str | None, int, int]]:
    return [(group.label, group.cases, group.gone) for group in groups]


# --- which cases flip ---


def test_a_case_flips_when_no_trial_of_the_baseline_has_the_fault() -> None:
    before = [good("v1", "a"), good("v1", "b"), row("v1", "b", trial=1)]

    assert told(explained(before, [row("v2", "a"), row("v2", "b")])) == [("wrong_price", 1, 0)]


def test_the_same_label_at_another_turn_or_clause_is_not_new() -> None:
    assert explained([row("v1", turn=9, clause="x")], [row("v2", clause="y")], cases=[case_side("a", 1.0)]) == ()


def test_verdicts_without_a_label_are_told_apart_by_their_clause() -> None:
    groups = explained([row("v1", label=None, clause="x")], [row("v2", label=None, clause=clause) for clause in "xy"])

    assert [group.clause for group in groups] == ["y"]


def test_cases_that_only_one_side_has_are_passed_over() -> None:
    assert explained([], [row("v2", "new")], was=[case_side("old")], cases=[case_side("new", 0.0)]) == ()


def test_rows_of_other_versions_evaluators_and_cases_do_not_count() -> None:
    after = [row("v2"), row("v3", "b"), row("v2", "b", evaluator="other"), row("v2", case=None), rollup("v2", "b")]

    assert told(explained([], after, cases=[case_side("a", 0.0), case_side("b", 1.0)])) == [("wrong_price", 1, 0)]


def test_only_the_cohorts_of_regressed_cells_are_gone_through() -> None:
    cases = [case_side("a", 0.0, persona="angry"), case_side("b", 0.0), case_side("c", 0.0, persona=None)]
    after = [row("v2", name) for name in "abc"]

    assert [group.flipped[0].case for group in explained([], after, regressed(cohort="angry"), cases=cases)] == ["a"]
    assert [group.flipped[0].case for group in explained([], after, regressed(cohort="(none)"), cases=cases)] == ["c"]
    assert told(explained([], after, regressed(), cases=cases)) == [("wrong_price", 3, 0)]


def test_cohorts_may_be_values_of_a_facet() -> None:
    cases = [case_side("a", 0.0, facets={"plan": "big"}), case_side("b", 0.0)]
    comparison = Comparison(
        run_id="r", baseline=None, candidate=SideInfo(name="v2", run_id="r"), cohort_key="plan",
        cells=(regressed(cohort="big", cohort_key="plan"),),
    )  # fmt: skip
    sides = a_side("v1", [], cases), a_side("v2", [row("v2", "a"), row("v2", "b")], cases)

    assert [(item.case, item.cohort) for item in explain(comparison, *sides)[0].flipped] == [("a", "big")]


def test_a_blocking_critical_finding_is_told_in_its_case_only() -> None:
    finding = CriticalFinding(
        case="a", cohort="calm", evaluator="grounded", label="wrong_price", trials=1, of_trials=1, baseline_trials=1,
        blocks=True,
    )  # fmt: skip
    after = [row("v2", "a"), row("v2", "a", label="other"), row("v2", "b")]

    assert told(explained([], after, critical=[finding])) == [("wrong_price", 1, 0)]
    assert explained([], after, critical=[finding.model_copy(update={"blocks": False})]) == ()


def test_without_a_regression_nothing_is_read() -> None:
    side = Side(SideInfo(name="v", run_id="r"), {}, (), (), lambda: 1 / 0)  # type: ignore[arg-type, return-value]

    assert explain(Comparison(run_id="r", baseline=side.info, candidate=side.info), side, side) == ()


def test_a_fault_that_is_gone_is_counted_beside_the_new_ones() -> None:
    before = [row("v1", "b"), row("v1", "c"), row("v1", "c", clause="x"), row("v1", "d", label="other")]
    after = [row("v2", "a"), row("v2", "c"), good("v2", "b"), good("v2", "d")]

    assert told(explained(before, after)) == [("wrong_price", 1, 1)]


def test_a_fault_that_is_gone_from_another_cohort_does_not_count() -> None:
    cases = [case_side("a", 0.0, persona="angry"), case_side("b"), case_side("c", persona="angry")]
    before = [row("v1", "b"), row("v1", "c")]

    assert told(explained(before, [row("v2", "a")], regressed(cohort="angry"), cases=cases)) == [("wrong_price", 1, 1)]


def test_a_failed_summary_is_no_fault_of_its_own() -> None:
    summary: dict[str, Any] = {"state": "scored", "value": 0.0, "passed": False, "label": "summed up"}

    assert told(explained([], [rollup("v2", **summary), row("v2")])) == [("wrong_price", 1, 0)]
    before = rollup("v1", **summary | {"label": "wrong_price"})
    assert told(explained([before], [row("v2")], cases=[case_side("a")])) == [("wrong_price", 1, 0)]


# --- what is quoted ---


def test_all_cases_are_counted_and_only_some_quoted_the_worst_first() -> None:
    after = [row("v2", "a", severity="minor"), row("v2", "b", severity="critical"), row("v2", "c"), row("v2", "d")]
    cases = [case_side("a", 0.0), case_side("b", 0.0), case_side("c", 0.5), case_side("d", 0.0)]
    (group,) = explained([], after, cases=cases, quoted=2)

    assert group.cases == 4
    assert [item.case for item in group.flipped] == ["b", "d"]


def test_trials_are_counted_and_the_worst_row_is_quoted() -> None:
    after = [row("v2", trial=0, severity="minor"), row("v2", trial=2, quote="It is 9.99."), good("v2", trial=1)]
    (group,) = explained([], after, cases=[case_side("a", 0.0, trials=3)])
    (flip,) = group.flipped

    assert (flip.trials, flip.of_trials, flip.candidate.trial, flip.severity) == (2, 3, 2, "major")
    assert flip.candidate.evidence[0].quote == "It is 9.99."


def test_an_omission_cites_the_turn_where_it_was_due() -> None:
    (group,) = explained([], [row("v2", turn=7)])

    assert [evidence.turn for evidence in group.flipped[0].candidate.evidence] == [7]


def beside(*before: ScoreRow, **fields: Any) -> tuple[str | None, str] | None:
    """What stands beside a fault of offer X, clause p, turn 4."""
    (group,) = explained(before, [row("v2", offer="X", clause="p", **fields)])
    quoted = group.flipped[0].baseline
    return None if quoted is None else (quoted.label, quoted.reason)


def test_beside_a_fault_stands_the_verdict_on_the_same_offer_then_clause_then_the_nearest_turn() -> None:
    rows = [
        good("v1", turn=4, reason="another offer"),
        good("v1", offer="X", turn=4, reason="another clause"),
        good("v1", offer="X", clause="p", turn=20, reason="far"),
        good("v1", offer="X", clause="p", turn=6, reason="near"),
    ]

    assert beside(*rows) == ("grounded", "near")
    assert beside(*reversed(rows[:3])) == ("grounded", "far")
    assert beside(*rows[:2]) == ("grounded", "another clause")
    assert beside(rows[0]) == ("grounded", "another offer")


def test_a_verdict_with_a_value_stands_before_a_nearer_one_without() -> None:
    unsure = good("v1", offer="X", clause="p", state="unsure", value=None, passed=None)

    assert beside(unsure, good("v1", offer="X", clause="p", turn=9)) == ("grounded", "right")


def test_a_verdict_that_could_not_be_reached_says_so() -> None:
    unsure = good("v1", offer="X", state="unsure", value=None, passed=None, label=None, reason="may be fine")

    assert beside(unsure) == (None, "unsure: may be fine")


def test_without_a_verdict_the_summary_says_why_and_without_rows_nothing_is_made_up() -> None:
    skipped = good("v1", state="skipped", value=None, passed=None)

    assert beside(rollup("v1"), skipped) == (None, "nothing to judge")
    assert beside(good("v1", "b")) is None


def test_a_baseline_without_rows_flips_the_cases_of_which_no_trial_failed() -> None:
    was = [case_side("a"), case_side("b", evaluators={"grounded": CaseTrials(mean=0.5, n=2, passed=1, failed=1)})]
    (group,) = explained(None, [row("v2", "a"), row("v2", "b")], was=was)

    assert [item.case for item in group.flipped] == ["a"]
    assert group.flipped[0].baseline is None
    assert group.gone == 0


# --- means that sank ---


def test_a_mean_that_sank_without_a_fault_is_told_by_its_lowest_verdicts_where_cases_fell() -> None:
    def turns(version: str, case: str, *values: float) -> list[ScoreRow]:
        return [
            good(version, case, evaluator="tone", label="cool", value=value, turn=turn)
            for turn, value in enumerate(values)
        ]

    after = [*turns("v2", "a", 0.8, 0.5), *turns("v2", "b", 0.7), *turns("v2", "c", 0.1)]
    before = [*turns("v1", "a", 1.0, 0.9), *turns("v1", "b", 0.8)]
    cases = [case_side("a", 0.65), case_side("b", 0.7), case_side("c", 1.0)]
    (group,) = explained(before, after, regressed("tone"), cases=cases)

    assert (group.label, group.cases) == ("cool", 2)
    assert [(item.case, item.candidate.evidence[0].turn) for item in group.flipped] == [("a", 1), ("b", 0)]
    assert group.flipped[0].baseline is not None
    assert group.flipped[0].baseline.evidence[0].turn == 1


def test_a_mean_that_sank_is_told_in_its_cohort_with_the_trials_that_are_as_low() -> None:
    values = (0.3, 0.9, 0.3)
    after = [good("v2", "a", evaluator="tone", trial=trial, value=value) for trial, value in enumerate(values)]
    after += [good("v2", "b", evaluator="tone", value=0.1)]
    cases = [case_side("a", 0.5, persona="angry", trials=3), case_side("b", 0.1)]
    (group,) = explained([], after, regressed("tone", "angry"), cases=cases)

    assert [(item.case, item.trials, item.of_trials) for item in group.flipped] == [("a", 2, 3)]


def test_where_lower_is_better_the_highest_verdict_is_the_worst() -> None:
    after = [good("v2", evaluator="haste", label="slow", value=value, turn=int(value)) for value in (1, 9, 3)]
    (group,) = explained([], after, regressed("haste"), cases=[case_side("a", 9.0)])

    assert group.flipped[0].candidate.evidence[0].turn == 9


def test_an_evaluator_with_new_faults_needs_no_lowest_verdict() -> None:
    after = [row("v2", "a", evaluator="tone"), good("v2", "b", evaluator="tone", label="cool", value=0.2)]

    assert told(explained([], after, regressed("tone"))) == [("wrong_price", 1, 0)]


# --- order ---


def test_the_clearest_evaluator_comes_first_the_composite_last_and_what_most_cases_have_before_the_rest() -> None:
    after = [
        row("v2", "a", evaluator="conversation_quality", label=None, clause="scorecard/x"),
        row("v2", "a", evaluator="tone", label="pushy"),
        row("v2", "a", label="one", severity="critical"), row("v2", "a", label="two"), row("v2", "b", label="two"),
    ]  # fmt: skip
    cells = [
        regressed("conversation_quality", p_adjusted=0.0001), regressed("grounded", p_adjusted=0.02),
        regressed("tone", p_adjusted=0.001), regressed("grounded", "calm", p_adjusted=0.0005),
    ]  # fmt: skip

    assert [group.label for group in explained([], after, *cells)] == ["two", "one", "pushy", None]
