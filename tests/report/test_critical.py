from __future__ import annotations

from tests.report.comparisons import finding

from evalh.report.critical import kinds


def test_findings_stand_together_by_evaluator_and_label_in_the_order_of_the_first() -> None:
    found = [finding(case="b"), finding(label="region_blocked"), finding(case="a"), finding(evaluator="disclosure")]

    assert [(kind.evaluator, kind.label, len(kind.findings)) for kind in kinds(found)] == [
        ("eligibility", "suppressed", 2),
        ("eligibility", "region_blocked", 1),
        ("disclosure", "suppressed", 1),
    ]
    assert kinds([]) == []


def test_the_number_of_cases_comes_before_their_names_and_a_single_one_has_its_trials() -> None:
    several, single = kinds([*(finding(case=f"c{n}") for n in range(4)), finding(label="region_blocked")])

    assert several.told(4).endswith("suppressed in 4 cases, in no trial of the baseline: c0, c1, c2, c3")
    assert several.told(2).endswith(": c0, c1 and 2 more")
    assert single.told(0) == (
        "eligibility region_blocked in case case-9 (angry): 2 of 3 trials, none of 9 baseline trials"
    )
