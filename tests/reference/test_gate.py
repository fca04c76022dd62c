"""The gate on the telecom reference set: what its labels say got worse is found, and v1 passes against itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalh.cli.main import main
from evalh.models import Comparison

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the README's configuration."""
    folder = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("EVALH_CACHE", str(folder / "cache"))
        assert main(["run", "configs/telecom.yaml", "--encoder", "none", "--out", str(folder / "run")]) == 1
    return folder / "run"


def test_the_second_version_is_refused_for_what_it_does_worse(run: Path) -> None:
    comparison = Comparison.model_validate_json((run / "comparison.json").read_bytes())
    assert comparison.verdict == "REGRESSION"
    worse = {(cell.cohort, cell.evaluator) for cell in comparison.regressed}
    assert worse >= {("*", "resolution"), ("*", "objection_handling")}
    may = {"resolution", "objection_handling", "eligibility", "offer_quality", "tone", "conversation_quality"}
    assert {evaluator for _, evaluator in worse} <= may


def test_the_cases_that_flipped_are_quoted_on_both_sides(run: Path) -> None:
    comparison = Comparison.model_validate_json((run / "comparison.json").read_bytes())
    first = comparison.groups[0]
    assert (first.evaluator, first.label) == ("resolution", "offer_before_resolution")
    assert first.cases > 4 * first.gone
    assert all(one.candidate.evidence and one.baseline is not None for one in first.flipped)


def test_what_a_set_of_this_size_cannot_see_is_said(run: Path) -> None:
    comparison = Comparison.model_validate_json((run / "comparison.json").read_bytes())
    seen = [cell.detectable for cell in comparison.cells if cell.detectable is not None and cell.cohort == "*"]
    assert seen
    assert all(0.02 < drop < 1 for drop in seen)
    assert {cell.why for cell in comparison.cells if cell.state == "not_testable"}


def test_the_first_version_passes_against_itself(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{run}:v1", f"{run}:v1"]) == 0
    assert "evalh: PASS baseline=v1 candidate=v1" in capsys.readouterr().out


def test_the_better_version_after_the_worse_passes(run: Path) -> None:
    assert main(["compare", f"{run}:v2", f"{run}:v1"]) == 0
