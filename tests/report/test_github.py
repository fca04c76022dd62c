from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.report.comparisons import (
    HOSTILE,
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

from evalh.report.github import (
    SUMMARY_LIMIT,
    PromptFile,
    annotation_lines,
    first_change,
    step_summary,
    worst_verdict,
    write_github,
)

PROMPTS = {"v2": PromptFile("prompts/care/v2.md", first_line=10)}
COMMAND = re.compile(r"::(error|warning) [^:\r\n]*::[^\r\n]*")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "output")}


# --- annotations ---


def test_a_regressed_cell_is_an_error_at_the_line_of_the_prompt_change() -> None:
    error = annotation_lines([regression()], prompts=PROMPTS)[0]

    assert error.startswith(
        "::error title=evalh%3A groundedness / persona price_sensitive,file=prompts/care/v2.md,line=11::"
        "REGRESSION groundedness / persona price_sensitive: 0.90 -> 0.81 (-0.09; at least -0.02"
    )


def test_of_several_changes_the_one_that_the_group_is_nearest_to_is_marked() -> None:
    hunks = ("@@ -1 +1 @@\n-a\n+b", "@@ -20,3 +30,4 @@ head\n same\n same\n+new")
    near = regression(prompt_diff=hunks, groups=(group(hunk=2),))

    assert "file=prompts/care/v2.md,line=41::" in annotation_lines([near], prompts=PROMPTS)[0]
    none_near = annotation_lines([regression(prompt_diff=hunks)], prompts=PROMPTS)[0]
    assert "file=prompts/care/v2.md::" in none_near


def test_without_the_prompts_file_no_file_is_named() -> None:
    assert "file=" not in "".join(annotation_lines([regression()], prompts={"v1": PromptFile("v1.md")}))


@pytest.mark.parametrize(
    ("hunk", "line"),
    [
        ("@@ -1,3 +1,3 @@\n a\n-b\n+c", 2),
        ("@@ -5 +7 @@\n+x", 7),
        ("@@ -1,2 +0,0 @@\n-a\n-b", 1),
        ("none", None),
        ("", None),
    ],
)
def test_a_hunk_says_where_it_first_changes(hunk: str, line: int | None) -> None:
    assert first_change(hunk) == line


def test_regressed_cells_come_first_worst_first_then_critical_findings_of_a_kind_in_one() -> None:
    held, why = earlier("held", state="not_testable", why="2 cases", p_adjusted=None, t=None)
    many = [finding(case=f"s-{n}") for n in range(9)]
    one = regression(held, worse(p_adjusted=0.04), critical=(*many, finding(label="region_blocked")), reasons=(why,))
    told = annotation_lines([one, regression(worse("tone"), candidate=side("v3"))])

    assert [re.sub("::error title=evalh%3A (.*?)::.*", r"\1", line) for line in told] == [
        "tone / persona price_sensitive",
        "groundedness / persona price_sensitive",
        "held / persona price_sensitive",
        "eligibility suppressed",
        "eligibility region_blocked",
    ]
    assert "held / persona price_sensitive: called worse at an earlier look; not testable now: 2 cases" in told[2]
    assert told[3].endswith(
        "::eligibility suppressed in 9 cases, in no trial of the baseline: s-0, s-1, s-2, s-3, s-4, s-5, s-6, s-7, s-8"
    )
    assert told[4].endswith(
        "::eligibility region_blocked in case case-9 (angry): 2 of 3 trials, none of 9 baseline trials"
    )


def test_a_critical_finding_of_an_earlier_look_is_an_error_although_no_cell_has_it() -> None:
    why = reason("earlier_look", "case c1: an earlier look found suppressed", evaluator="eligibility")

    assert annotation_lines([comparison(verdict="REGRESSION", reasons=(why,))]) == [
        "::error title=evalh%3A eligibility::case c1: an earlier look found suppressed"
    ]


def test_what_could_not_be_told_is_a_warning_and_what_was_not_testable_is_one_for_all() -> None:
    cells = [worse(), *(untestable("tone", f"p{index}") for index in range(7))]
    told = annotation_lines([comparison(*cells, verdict="INCOMPLETE", reasons=(reason("quorum", "Too few."),))])

    assert told[0] == "::warning title=evalh%3A INCOMPLETE v1 -> v2::Too few."
    assert told[1].endswith(
        "::7 cells not testable, neither passed nor failed: tone / persona p0, tone / persona p1, tone / persona p2, "
        "tone / persona p3, tone / persona p4 and 2 more"
    )
    assert len(told) == 2


def test_without_a_gate_nothing_is_annotated() -> None:
    assert annotation_lines([regression(verdict=None)]) == []


def test_at_most_ten_in_all_errors_first() -> None:
    worst = [worse(f"e{index}", p_adjusted=0.001 * index) for index in range(12)]
    doubts = tuple(reason("quorum", f"doubt {index}") for index in range(12))
    told = annotation_lines([comparison(*worst, untestable(), verdict="REGRESSION", reasons=doubts)])

    assert [line.split()[0] for line in told] == ["::error"] * 10
    assert "e8 /" in told[8]
    assert told[9] == "::error title=evalh::and 16 more, see the step summary"

    fewer = annotation_lines([comparison(*worst[:2], untestable(), verdict="REGRESSION", reasons=doubts)])
    assert [line.split()[0] for line in fewer] == ["::error"] * 2 + ["::warning"] * 8
    assert fewer[9] == "::warning title=evalh::and 6 more, see the step summary"


def test_ten_are_shown_as_they_are() -> None:
    told = annotation_lines([comparison(*(worse(f"e{index}") for index in range(10)), verdict="REGRESSION")])

    assert "more" not in told[-1]


def test_hostile_text_is_one_command_a_line() -> None:
    name = "a,line=1::x%0A" + HOSTILE
    told = annotation_lines(
        [
            comparison(
                worse(name, name), verdict="REGRESSION", reasons=(reason("quorum", f"{HOSTILE}\n::error::x" * 999),)
            )
        ],
        prompts={"v2": PromptFile("a,b:c\n%.md")},
    )

    assert len(told) == 2
    assert all(COMMAND.fullmatch(line) for line in told)
    assert all(line.isprintable() or "\ufffe" in line for line in told)
    assert "file=a%2Cb%3Ac %25.md::" in told[0]
    assert "x%250A" in told[0]
    assert max(map(len, told)) < 5000


# --- summary and outputs ---


def test_the_summary_and_the_outputs_are_added_to(env: dict[str, str]) -> None:
    summary, output = Path(env["GITHUB_STEP_SUMMARY"]), Path(env["GITHUB_OUTPUT"])
    summary.write_text("# before", encoding="utf-8")
    output.write_text("a=b", encoding="utf-8")

    told = write_github(env, [regression()], exit_code=1, prompts=PROMPTS)

    assert summary.read_text(encoding="utf-8").startswith("# before\n\n<!-- evalh:evalh -->\n## evalh: REGRESSION")
    assert output.read_text(encoding="utf-8") == "a=b\nverdict=REGRESSION\nexit-code=1\n"
    assert told == annotation_lines([regression()], prompts=PROMPTS)


def test_new_files_begin_with_the_report(env: dict[str, str]) -> None:
    write_github(env, [comparison()], exit_code=0, name="care")

    assert Path(env["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8").startswith("<!-- evalh:care -->")
    assert Path(env["GITHUB_OUTPUT"]).read_text(encoding="utf-8") == "verdict=PASS\nexit-code=0\n"


def test_outside_of_github_nothing_is_written(tmp_path: Path) -> None:
    assert write_github({"GITHUB_OUTPUT": ""}, [comparison()], exit_code=0) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing/summary", ".", "nul\0"])
def test_a_file_that_cannot_be_written_is_one_warning(tmp_path: Path, place: str) -> None:
    told = write_github({"GITHUB_STEP_SUMMARY": f"{tmp_path}/{place}"}, [comparison()], exit_code=0)

    assert len(told) == 1
    assert told[0].startswith("::warning title=evalh::the step summary ")
    assert "was not written: " in told[0]
    assert COMMAND.fullmatch(told[0])


def test_a_summary_never_grows_too_large(env: dict[str, str]) -> None:
    summary = Path(env["GITHUB_STEP_SUMMARY"])
    said = tuple(flipped(f"case-{i}", candidate=quoted("\U0001f600" * 299)) for i in range(1000))
    large = regression(groups=(group(flipped=said, cases=1000),))

    for held in (0, 1024 * 1024 - 700, 1024 * 1024 - 10, 1024 * 1024 + 5):
        summary.write_bytes(b"x" * held)
        write_github(env, [large], exit_code=1)
        assert summary.stat().st_size <= max(held, 1024 * 1024)


@pytest.mark.parametrize("room", range(30))
def test_where_there_is_hardly_room_the_summary_is_still_not_too_large(room: int) -> None:
    assert len(step_summary([regression()], SUMMARY_LIMIT - room)) <= room


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (["PASS", "INCOMPLETE", "REGRESSION"], "REGRESSION"),
        (["PASS", "INCONCLUSIVE", "INCOMPLETE"], "INCOMPLETE"),
        (["PASS", "INCONCLUSIVE"], "INCONCLUSIVE"),
        (["PASS", None], "PASS"),
        ([None], "NO_GATE"),
        ([], "NO_GATE"),
    ],
)
def test_the_worst_verdict_is_that_of_the_step(verdicts: list[Any], worst: str) -> None:
    assert worst_verdict([comparison(cell(), verdict=verdict, candidate=side("v2")) for verdict in verdicts]) == worst
