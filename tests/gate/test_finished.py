from __future__ import annotations

from pathlib import Path

import pytest
from tests.small_workspace import PROMPT, change, sign, write

from evalh.errors import BadInput, NotFound, UserError
from evalh.gate.finished import FinishedOptions, compare_finished, prompt_of
from evalh.gate.run import GateOptions, gated_run
from evalh.gate.sides import run_side
from evalh.models import Comparison
from evalh.runner import load_run
from evalh.workspace import Workspace

CONFIG = "configs/small.yaml"


def compared(space: Workspace, baseline: str = "done:v1", candidate: str = "done:v2", **options: object) -> Comparison:
    return compare_finished(space, baseline, candidate, FinishedOptions(**options))  # type: ignore[arg-type]


def test_finished_sides_come_to_what_their_run_came_to(space: Workspace) -> None:
    (kept,) = load_run(Path("results/done")).comparisons
    assert compared(space) == kept


def test_a_side_against_itself_passes(space: Workspace) -> None:
    assert (compared(space, "done:v2").verdict, compared(space, "done:v2").groups) == ("PASS", ())


def test_sides_of_two_runs_are_called_by_their_runs(space: Workspace) -> None:
    change(space.root, CONFIG, "[v1, v2]", "[v2]")
    done = gated_run(space, None, Path("results/later"), GateOptions(gate=False))
    found = compared(space, "done:v1", "later")
    assert found.baseline is not None
    older = load_run(Path("results/done")).manifest.run_id
    assert (found.baseline.name, found.candidate.name) == (f"{older}:v1", f"{done.result.manifest.run_id}:v2")
    assert found.run_id == done.result.manifest.run_id


def test_it_stands_where_the_looks_of_the_candidates_run_say(space: Workspace) -> None:
    text = (space.root / "results/done/looks.json").read_text()
    looks = text.replace('"conversations": [', '"conversations": [\n"' + "f" * 64 + '",')
    write(space.root, "results/done/looks.json", looks)
    sign(space.root / "results/done/looks.json")
    looks = (space.root / "results/done/looks.json").read_text()
    found = compared(space)
    assert (found.look, found.alpha) == (2, 0.025)
    assert (space.root / "results/done/looks.json").read_text() == looks


def test_the_prompt_is_known_only_where_the_workspace_still_has_it(space: Workspace) -> None:
    result = load_run(Path("results/done"))
    side = run_side(result, "v1")
    assert (prompt_of(space, result.manifest, side) or "").endswith("You are Nora.\n")
    write(space.root, "configs/prompts/care/v1.md", PROMPT.replace("Nora", "Nina"))
    assert prompt_of(space, result.manifest, side) is None
    (space.root / "configs/prompts/care/v1.md").unlink()
    assert prompt_of(space, result.manifest, side) is None
    assert compared(space).prompt_diff == ()


def test_settings_come_from_the_candidates_run_and_say_so(space: Workspace) -> None:
    write(space.root, CONFIG, (space.root / CONFIG).read_text() + "gate: {alpha: 0.2}\n")
    assert (compared(space).settings["alpha"], compared(space).settings_from) == (0.05, CONFIG)
    assert (compared(space, gate_from="small").settings["alpha"]) == 0.2


def test_a_run_without_a_configuration_needs_settings_by_name_where_git_is_asked(space: Workspace) -> None:
    path = space.root / "results/done/manifest.json"
    path.write_text(path.read_text().replace(f'"path": "{CONFIG}"', '"path": null'))
    sign(path)
    with pytest.raises(NotFound, match="the candidate was not run from a configuration file; give --gate-from FILE"):
        compared(space, gate_from="git:main")
    assert compared(space, gate_from="small").verdict == "REGRESSION"


def test_settings_of_the_run_that_cannot_be_used_name_the_manifest(space: Workspace) -> None:
    path = space.root / "results/done/manifest.json"
    path.write_text(path.read_text().replace('"min_pairs": 6', '"min_pairs": 0'))
    sign(path)
    with pytest.raises(BadInput, match=r"results/done/manifest\.json: gate\.min_pairs: "):
        compared(space)


def test_an_unknown_cohort_is_the_users_mistake(space: Workspace) -> None:
    with pytest.raises(UserError, match="--cohort: no case has a facet 'plan' to group by; there are persona"):
        compared(space, cohort="plan")


def test_without_a_gate_there_is_no_verdict(space: Workspace) -> None:
    found = compared(space, gate=False)
    assert (found.verdict, found.reasons) == (None, ())
    assert found.regressed


def test_two_folders_of_the_same_run_are_called_by_their_folders(space: Workspace) -> None:
    gated_run(space, None, Path("results/again"), GateOptions(gate=False))
    found = compared(space, "done:v1", "again:v1")
    assert found.baseline is not None
    assert (found.baseline.name, found.candidate.name) == ("results/done:v1", "results/again:v1")
    same = compared(space, "done:v1", "./results/done:v2")
    assert same.baseline is not None
    assert (same.baseline.name, same.candidate.name) == ("v1", "v2")
