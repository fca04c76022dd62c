from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.repository import committed
from tests.small_workspace import PROMPT, change, sign, write

from evalh.errors import BadInput, NotFound, UserError
from evalh.gate.blessing import Blessed, bless_side
from evalh.gate.run import GateOptions, gated_run
from evalh.workspace import Workspace
from evalh.workspace.baselines import read_baseline

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MANIFEST = "results/done/manifest.json"


def bless(
    space: Workspace, side: str = "done:v1", *, config: str | None = None, note: str = "", force: bool = False
) -> Blessed:
    return bless_side(space, side, config=config, note=note, force=force, now=NOW)


def test_the_file_of_the_runs_configuration_has_the_side(space: Workspace) -> None:
    done = bless(space, note="first")
    assert (done.path, done.changed) == (space.root / "configs/baselines/small.json", True)
    assert read_baseline(done.path) == done.baseline
    assert (done.baseline.side.name, done.baseline.history[0].note) == ("v1", "first")
    assert (done.baseline.prompt or "").endswith("You are Nora.\n")


def test_a_prompt_that_was_changed_since_is_not_kept_as_the_sides(space: Workspace) -> None:
    write(space.root, "configs/prompts/care/v1.md", PROMPT.replace("Nora", "Nina"))
    assert bless(space).baseline.prompt is None


def test_the_same_again_changes_nothing(space: Workspace) -> None:
    first = bless(space)
    again = bless(space, note="again")
    assert (again.changed, again.baseline) == (False, first.baseline)


def test_the_commit_is_that_of_the_run(space: Workspace) -> None:
    commit = committed(space.root)
    gated_run(space, None, Path("results/later"), GateOptions(gate=False))
    assert bless(space, "later:v1").baseline.history[0].commit == commit


def test_a_configuration_counts_by_its_name_and_not_by_its_file(space: Workspace) -> None:
    text = (space.root / "configs/small.yaml").read_text()
    write(space.root, "configs/file.yaml", text.replace("name: small", "name: nightly"))
    assert bless(space, config="file").path.name == "nightly.json"


def test_a_run_without_a_configuration_needs_one(space: Workspace) -> None:
    text = (space.root / MANIFEST).read_text()
    start = text.index('"config": {')
    write(space.root, MANIFEST, text[:start] + '"config": null' + text[text.index("}", start) + 1 :])
    sign(space.root / MANIFEST)
    with pytest.raises(NotFound, match="the run was not made from a run configuration; name the one it is for"):
        bless(space)
    assert bless(space, config="small").changed


def test_a_name_from_a_run_never_leads_out_of_the_folder(space: Workspace) -> None:
    change(space.root, MANIFEST, '"id": "small"', '"id": "../../evil"')
    sign(space.root / MANIFEST)
    with pytest.raises(NotFound, match=r"no run configuration can be called '\.\./\.\./evil', as the run says its is"):
        bless(space)
    assert list(space.root.parent.rglob("evil*")) == []


def test_a_baseline_that_cannot_be_read_is_not_overwritten(space: Workspace) -> None:
    path = bless(space).path
    path.write_text("{")
    with pytest.raises(BadInput):
        bless(space, "done:v2", force=True)
    assert path.read_text() == "{"


def test_a_poor_side_is_blessed_only_by_force_and_says_what_is_wrong(space: Workspace) -> None:
    change(space.root, "evaluators/brevity.py", "for turn in", "for turn in 1 / 0 or")
    gated_run(space, None, Path("results/poor"), GateOptions(gate=False))
    with pytest.raises(UserError, match=r"^poor:v1: brevity: 12 of 12 conversations could not be evaluated; "):
        bless(space, "poor:v1")
    assert bless(space, "poor:v1", force=True).notices[0].startswith("brevity: 12 of 12 conversations")


def test_a_side_that_the_gate_refused_is_blessed_only_by_force_and_the_history_tells(space: Workspace) -> None:
    with pytest.raises(
        UserError, match=r"^done:v2: the gate called it REGRESSION in its run; mend that first, or give"
    ):
        bless(space, "done:v2")
    assert bless(space).baseline.history[0].verdict is None
    done = bless(space, "done:v2", force=True)
    assert done.notices[0] == "the gate called it REGRESSION in its run"
    assert [entry.verdict for entry in read_baseline(done.path).history] == ["REGRESSION", None]


@pytest.mark.parametrize(("verdict", "refused"), [("PASS", False), ("INCONCLUSIVE", False), ("INCOMPLETE", True)])
def test_only_what_was_refused_needs_force(space: Workspace, verdict: str, refused: bool) -> None:
    change(space.root, "results/done/comparison.json", '"verdict": "REGRESSION"', f'"verdict": "{verdict}"')
    if refused:
        with pytest.raises(UserError, match=f"the gate called it {verdict} in its run"):
            bless(space, "done:v2")
    else:
        assert bless(space, "done:v2").baseline.history[0].verdict == verdict


def test_the_first_side_of_all_had_nothing_to_be_compared_with(space: Workspace) -> None:
    change(space.root, "configs/small.yaml", "[v1, v2]", "[v1]")
    assert gated_run(space, None, Path("results/first"), GateOptions()).verdict == "INCOMPLETE"
    assert bless(space, "first:v1").baseline.history[0].verdict is None
