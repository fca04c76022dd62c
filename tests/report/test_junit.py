from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
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

from evalh.models import Comparison
from evalh.report.junit import junit


def parsed(*comparisons: Comparison) -> ET.Element:
    return ET.fromstring(junit(comparisons).encode())


def outcomes(root: ET.Element) -> dict[str, str]:
    """What became of each test case: the tag and type of its outcome, or "passed"."""
    found = {}
    for case in root.iter("testcase"):
        child = next((child for child in case if child.tag != "properties"), None)
        told = "passed" if child is None else " ".join(filter(None, [child.tag, child.get("type")]))
        found[f"{case.get('classname', '').removeprefix('evalh.')}/{case.get('name')}"] = told
    return found


def properties(element: ET.Element | None) -> dict[str, str | None]:
    assert element is not None
    return {item.get("name", ""): item.get("value") for item in element.findall("properties/property")}


def test_a_suite_for_each_evaluator_and_a_case_for_each_cohort() -> None:
    assert outcomes(parsed(regression())) == {
        "v2.conversation_quality/all": "passed",
        "v2.conversation_quality/price_sensitive": "passed",
        "v2.groundedness/all": "passed",
        "v2.groundedness/price_sensitive": "failure regression",
        "v2.groundedness/angry": "passed",
        "v2.tone/angry": "skipped",
    }


def test_the_document_says_its_encoding_and_has_no_time_in_it() -> None:
    text = junit([regression()])

    assert text.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<testsuites ")
    assert "timestamp" not in text
    assert text == junit([regression()])


def test_suites_and_the_whole_are_counted() -> None:
    reasons = (reason("quorum", cohort="*", evaluator="tone"), reason("coverage"))
    root = parsed(regression(worse(), cell("tone"), untestable(), reasons=reasons))

    def counts(element: ET.Element) -> tuple[str | None, ...]:
        return tuple(element.get(name) for name in ("tests", "failures", "errors", "skipped"))

    assert counts(root) == ("4", "1", "2", "1")
    assert {suite.get("name"): counts(suite) for suite in root} == {
        "evalh.v2.groundedness": ("1", "1", "0", "0"),
        "evalh.v2.tone": ("2", "0", "1", "1"),
        "evalh.v2.gate": ("1", "0", "1", "0"),
    }


def test_a_failure_has_the_numbers_and_three_of_its_flipped_cases() -> None:
    other = group(evaluator="tone", flipped=(flipped("other", evaluator="tone"),))
    said = (other, group(label="late", flipped=(flipped("elsewhere", cohort="angry"),)), group(5))
    failure = parsed(regression(groups=said)).find(".//failure")

    assert failure is not None
    assert "0.90 -> 0.81 (-0.09; at least -0.02" in failure.get("message", "")
    body = failure.text or ""
    assert "passed, candidate: 90%" in body
    assert "wrong_price, clause care.price: 5 cases" in body
    assert 'candidate: [4] "It is 29.99."' in body
    assert 'baseline: [4] "It is 49.99."' in body
    assert "expected 49.99, found 29.99" in body
    assert [f"case {name}:" in body for name in ("case-0", "case-1", "case-2")] == [True] * 3
    assert not [name for name in ("case-3", "elsewhere", "other") if f"case {name}:" in body]


def test_a_baseline_that_is_not_kept_is_said_to_be_so() -> None:
    failure = parsed(regression(groups=(group(flipped=(flipped(baseline=None),)),))).find(".//failure")

    assert failure is not None
    assert "baseline: not kept" in (failure.text or "")


def test_numbers_and_what_was_compared_are_properties() -> None:
    root = parsed(regression(allowed=("reader",)))

    assert properties(root.find("testsuite")) == {
        "verdict": "REGRESSION", "run": "r_1", "baseline_prompt": "v1", "baseline_run": "r_1",
        "candidate_prompt": "v2", "candidate_run": "r_1", "allowed": "reader",
    }  # fmt: skip
    assert properties(root.find(".//testcase[@name='price_sensitive'][failure]")) == {
        "baseline": "0.9", "candidate": "0.81", "delta": "-0.09", "p_adjusted": "0.005", "pairs": "33",
        "detectable": "0.087",
    }  # fmt: skip


def test_critical_findings_that_block_fail_and_others_do_not() -> None:
    found = (finding(), finding(case="case-10", blocks=False))
    said = (group(evaluator="eligibility", label="suppressed", flipped=(flipped("case-9"),)),)
    root = parsed(comparison(verdict="REGRESSION", critical=found, groups=said))

    assert outcomes(root)["v2.critical/eligibility suppressed: case-9"] == "failure critical"
    assert not [name for name in outcomes(root) if "case-10" in name]
    assert '"It is 29.99."' in (root.findtext(".//failure") or "")


def test_what_could_not_be_evaluated_is_an_error_where_it_is_named_and_a_skip_elsewhere() -> None:
    lost = untestable("tone", "angry", "1 case counts on both sides, 6 are needed").model_copy(
        update={"after": brings(counts={"scored": 1, "errored": 9})}
    )
    reasons = (
        reason("quorum", "baseline: 1 of 10.", cohort="angry", evaluator="tone"),
        reason("quorum", "candidate: 2 of 10.", cohort="angry", evaluator="tone"),
        reason("coverage", "All in all too little.", cohort="*"),
    )
    root = parsed(comparison(cell("tone"), lost, untestable("tone", "calm"), verdict="INCOMPLETE", reasons=reasons))

    assert outcomes(root) == {
        "v2.tone/all": "passed",
        "v2.tone/angry": "error quorum",
        "v2.tone/calm": "skipped",
        "v2.gate/coverage *": "error coverage",
    }
    assert [error.get("message") for error in root.iter("error")] == [
        "baseline: 1 of 10.; candidate: 2 of 10.",
        "All in all too little.",
    ]


def test_a_check_that_could_find_nothing_is_skipped_with_the_reason() -> None:
    root = parsed(comparison(cell("tone"), blind()))

    assert outcomes(root) == {"v2.tone/all": "passed", "v2.tone/angry": "skipped"}
    assert [skipped.get("message") for skipped in root.iter("skipped")] == [blind().why]


@pytest.mark.parametrize("fields", [{}, {"state": "not_testable", "why": "2 cases", "p_adjusted": None}])
def test_what_an_earlier_look_called_worse_has_a_type_of_its_own(fields: dict[str, Any]) -> None:
    held, why = earlier(**fields)
    root = parsed(regression(held, worse("tone"), reasons=(why,)))
    message = next(item.get("message", "") for item in root.iter("failure") if item.get("type") == "earlier_look")

    assert outcomes(root) == {
        "v2.groundedness/price_sensitive": "failure earlier_look",
        "v2.tone/price_sensitive": "failure regression",
    }
    assert message.startswith("REGRESSION groundedness / persona price_sensitive: called worse at an earlier look; n")
    undecided = parsed(regression(held, verdict="INCOMPLETE", reasons=(why,)))
    assert outcomes(undecided) == {"v2.groundedness/price_sensitive": "error not_confirmed"}


def test_a_critical_finding_of_an_earlier_look_fails_although_no_cell_has_it() -> None:
    why = reason("earlier_look", "case c1: an earlier look found suppressed", evaluator="eligibility")

    assert outcomes(parsed(comparison(verdict="REGRESSION", reasons=(why,)))) == {
        "v2.groundedness/all": "passed",
        "v2.gate/earlier_look eligibility": "failure earlier_look",
    }


@pytest.mark.parametrize("verdict", ["INCOMPLETE", "INCONCLUSIVE"])
def test_what_could_not_be_told_is_never_a_failure(verdict: Any) -> None:
    root = parsed(regression(verdict=verdict, reasons=(reason("bounds"), reason("regression"))))

    assert root.get("failures") == "0"
    assert outcomes(root)["v2.groundedness/price_sensitive"] == "error not_confirmed"
    assert outcomes(root)["v2.gate/bounds"] == "error bounds"


def test_a_regressed_cell_fails_even_where_a_doubt_names_it_and_the_doubt_is_told_too() -> None:
    doubt = reason("quorum", cohort="price_sensitive", evaluator="groundedness")
    root = parsed(regression(worse(), reasons=(doubt,)))

    assert outcomes(root) == {
        "v2.groundedness/price_sensitive": "failure regression",
        "v2.gate/quorum groundedness price_sensitive": "error quorum",
    }


@pytest.mark.parametrize(("verdict", "told"), [(None, "no gate"), ("PASS", "PASS")])
def test_without_a_verdict_against_it_nothing_fails(verdict: Any, told: str) -> None:
    root = parsed(comparison(cell(), verdict=verdict, reasons=(reason("coverage"),)))

    assert outcomes(root) == {"v2.groundedness/all": "passed"}
    assert properties(root.find("testsuite"))["verdict"] == told


def test_without_a_gate_even_what_looks_worse_passes() -> None:
    told = outcomes(parsed(regression(verdict=None, critical=(finding(),), reasons=(reason("quorum"),))))

    assert set(told.values()) == {"passed", "skipped"}
    assert not [name for name in told if name.startswith(("v2.critical", "v2.gate"))]


def test_no_baseline_is_one_error() -> None:
    bare = Comparison(
        run_id="r", baseline=None, candidate=side("v2"), verdict="INCOMPLETE", reasons=(reason("no_baseline"),)
    )

    assert outcomes(parsed(bare)) == {"v2.gate/no_baseline": "error no_baseline"}


def test_candidates_have_suites_of_their_own_and_no_comparison_gives_an_empty_document() -> None:
    root = parsed(comparison(), comparison(candidate=side("v3.1 beta")))

    assert [suite.get("name") for suite in root] == ["evalh.v2.groundedness", "evalh.v3_1_beta.groundedness"]
    assert parsed().get("tests") == "0"


def test_hostile_text_is_text_and_long_text_is_cut() -> None:
    said = flipped(HOSTILE, cohort=HOSTILE, candidate=quoted(HOSTILE, reason="y" * 100_000), found="x" * 100_000)
    bad = comparison(
        worse(HOSTILE, HOSTILE), untestable("tone", "b", HOSTILE), verdict="REGRESSION", candidate=side(HOSTILE),
        groups=(group(evaluator=HOSTILE, label=HOSTILE, clause=HOSTILE, flipped=(said,)),),
        critical=(finding(case=HOSTILE, label=HOSTILE),), reasons=(reason("coverage", HOSTILE),),
    )  # fmt: skip
    text = junit([bad])
    root = ET.fromstring(text.encode())

    assert {element.tag for element in root.iter()} == {
        "testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped",
    }  # fmt: skip
    assert "]]> </failure>" in (root.findtext(".//failure") or "")
    assert not [char for char in text if char in "\x00\x1b\x9b\x7f\r\u202e\u200b\ufffe" or "\ud800" <= char <= "\udfff"]
    assert len(text) < 20_000
