from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.judge.oracle import admit, judge_config
from tests.judge.test_check import yes_man
from tests.small_workspace import change, gated_workspace

from evalh.errors import UserError
from evalh.gate.blessing import bless_side
from evalh.gate.compare import EXIT_CODES
from evalh.gate.finished import FinishedOptions, compare_finished
from evalh.gate.run import GateOptions, gated_plan, gated_run, run_plan
from evalh.gate.sides import find_run, run_side
from evalh.models import Comparison, JudgeConfig, digest
from evalh.report.terminal import render_run
from evalh.testing import StubEndpoint
from evalh.workspace import Workspace
from evalh.workspace.baselines import baseline_path, read_baseline

CONFIG = "configs/small.yaml"
NOWHERE = "http://127.0.0.1:9/v1"
SHA = "a" * 64


def with_judge(space: Workspace, base_url: str = NOWHERE, kind: str = "judge", **more: Any) -> JudgeConfig:
    """The configuration with that judge."""
    judge = {"model": "m", "base_url": base_url, "api_key_env": None, **more}
    reader = f"{{kind: {kind}, encoder: {{kind: none}}}}"
    change(space.root, CONFIG, "reader: {encoder: {kind: none}}", f"reader: {reader}\njudge: {json.dumps(judge)}")
    return judge_config(**judge)


def judged(folder: Path, state: str | None, sha256: str = SHA) -> None:
    """Let the run in `folder` say that a judge was asked whose check found that; None: none was asked."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    content.pop("sha256")
    judge = {"id": "m", "sha256": sha256, "base_url": NOWHERE, "check": state}
    content["judge"] = judge if state is not None else None
    path.write_text(json.dumps({**content, "sha256": digest(content)}))


def compared(space: Workspace, baseline: str = "done:v1", candidate: str = "done:v2", **options: Any) -> Comparison:
    return compare_finished(space, baseline, candidate, FinishedOptions(**options))


# --- a run ---


@pytest.mark.parametrize("kind", ["judge", "cascade", "local"])
def test_a_judge_that_was_not_checked_is_refused_before_anything_is_asked(space: Workspace, kind: str) -> None:
    config = with_judge(space, kind=kind)
    with pytest.raises(UserError) as told:
        gated_run(space, None, Path("new"), GateOptions())
    said = str(told.value)
    assert said.startswith(f"the judge {config.model}@")
    assert "was not checked, so its verdicts may not gate; " in said
    assert said.endswith("check it once: evalh judge check configs/small.yaml, or give --no-gate")
    assert not Path("new").exists()


def test_so_is_one_that_did_not_pass(space: Workspace) -> None:
    admit(space, with_judge(space), ("facts", "rubrics"), yes_man)
    with pytest.raises(UserError, match=r"did not pass its check, .* choose another judge, or give --no-gate"):
        gated_run(space, None, Path("new"), GateOptions())


def test_so_is_one_that_was_checked_on_something_else(space: Workspace) -> None:
    admit(space, with_judge(space), ("picks", "rubrics"))
    with pytest.raises(UserError, match="was not checked on facts"):
        gated_run(space, None, Path("new"), GateOptions())


def test_so_is_one_of_other_parameters_than_were_checked(space: Workspace) -> None:
    admit(space, with_judge(space, temperature=0.5).model_copy(update={"temperature": 0.0}))
    with pytest.raises(UserError, match="was not checked, "):
        gated_run(space, None, Path("new"), GateOptions())


def test_a_configuration_that_decides_brings_its_judge(space: Workspace) -> None:
    admit(space, with_judge(space))
    text = (space.root / CONFIG).read_text()
    (space.root / "configs/other.yaml").write_text(text.replace('"model": "m"', '"model": "stern"'))
    with pytest.raises(UserError, match=r"the judge stern@.*evalh judge check other, or"):
        gated_run(space, "small", Path("new"), GateOptions(gate_from="other"))


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_judge_that_passed_may_gate(space: Workspace) -> None:
    with StubEndpoint() as stub:
        admit(space, with_judge(space, stub.base_url), ("facts", "rubrics"))
        done = gated_run(space, None, Path("new"), GateOptions(no_cache=True))
    assert done.verdict is not None
    assert stub.requests
    assert done.result.manifest.judge is not None
    assert done.result.manifest.judge.check == "passed"
    assert not any(reason.kind == "judge" for one in done.comparisons for reason in one.reasons)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_without_a_gate_any_judge_may_be_asked_and_the_run_says_that_it_is_not_trusted(space: Workspace) -> None:
    with StubEndpoint() as stub:
        config = with_judge(space, stub.base_url)
        done = gated_run(space, None, Path("new"), GateOptions(no_cache=True, gate=False))
        assert (done.verdict, done.exit_code) == (None, 0)
        judge = done.result.manifest.judge
        assert judge is not None
        assert (judge.check, judge.base_url) == ("none", stub.base_url)
        told = io.StringIO()
        render_run(done.result, Console(file=told, width=200))
        assert "never checked: do not trust its verdicts" in told.getvalue()
        assert compared(space, "new:v1", "new:v2").verdict == "INCOMPLETE"

        admit(space, config, ("facts", "rubrics"))
        again = gated_run(space, None, Path("new"), GateOptions(no_cache=True))
    assert again.result.manifest.judge is not None
    assert again.result.manifest.judge.check == "passed"
    assert not any(reason.kind == "judge" for reason in compared(space, "new:v1", "new:v2").reasons)


def test_planning_refuses_nothing(space: Workspace) -> None:
    with_judge(space)
    planned = gated_plan(space, None, GateOptions())
    assert planned.inputs(GateOptions()).judge is not None
    with pytest.raises(UserError, match="was not checked"):
        run_plan(planned, Path("new"), GateOptions())


# --- finished runs ---


def test_a_run_without_a_judge_is_compared_as_ever(space: Workspace) -> None:
    judged(space.root / "results/done", None)
    assert compared(space).verdict == "REGRESSION"


def test_a_judge_that_passed_changes_nothing(space: Workspace) -> None:
    judged(space.root / "results/done", "passed")
    assert compared(space).verdict == "REGRESSION"


@pytest.mark.parametrize(("state", "told"), [("none", "was not checked"), ("failed", "did not pass its check")])
def test_of_an_untrusted_judge_nothing_follows_neither_a_pass_nor_a_refusal(
    space: Workspace, state: str, told: str
) -> None:
    judged(space.root / "results/done", state)
    for sides in (("done:v1", "done:v2"), ("done:v1", "done:v1")):
        found = compared(space, *sides)
        assert found.verdict == "INCOMPLETE"
        assert EXIT_CODES[found.verdict] == 3
        assert found.reasons[0].kind == "judge"
        assert f"the judge of v1 {told}, so its verdicts may not gate" in found.reasons[0].text


def test_without_a_gate_the_differences_are_shown_all_the_same(space: Workspace) -> None:
    judged(space.root / "results/done", "none")
    found = compared(space, gate=False)
    assert (found.verdict, found.reasons) == (None, ())


def test_one_untrusted_side_is_enough(space: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other"
    gated_run(space, None, other, GateOptions(no_cache=True))
    judged(space.root / "results/done", "passed")
    judged(other, "none")
    for sides in (("done:v1", f"{other}:v2"), (f"{other}:v1", "done:v2")):
        found = compared(space, *sides)
        assert (found.verdict, found.reasons[0].kind) == ("INCOMPLETE", "judge")
        assert "other" in found.reasons[0].text


@pytest.mark.parametrize("state", ["none", "failed"])
def test_a_side_of_an_untrusted_judge_is_blessed_by_force_only_and_stays_untrusted(
    space: Workspace, state: str
) -> None:
    judged(space.root / "results/done", state)
    now = datetime.now(UTC)
    with pytest.raises(UserError, match="its verdicts may not gate"):
        bless_side(space, "done:v1", config=None, note="", force=False, now=now)
    bless_side(space, "done:v1", config=None, note="", force=True, now=now)
    blessed = read_baseline(baseline_path(space.root, "small"))
    assert blessed.side.judge_check == state


def test_a_side_of_a_judge_that_passed_is_blessed(space: Workspace) -> None:
    judged(space.root / "results/done", "passed")
    done = bless_side(space, "done:v1", config=None, note="", force=False, now=datetime.now(UTC))
    assert done.baseline.side.judge_check == "passed"
    assert read_baseline(done.path) == done.baseline


def test_sides_of_different_judges_are_not_compared(space: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other"
    gated_run(space, None, other, GateOptions(no_cache=True))
    judged(space.root / "results/done", "passed")
    judged(other, "passed", "b" * 64)
    with pytest.raises(UserError, match=r"judge: a{12} → b{12}"):
        compared(space, "done:v1", f"{other}:v2")
    assert compared(space, "done:v1", f"{other}:v2", allow=("judge",)).verdict == "REGRESSION"


def test_sides_with_and_without_a_judge_are_not_compared(space: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other"
    gated_run(space, None, other, GateOptions(no_cache=True))
    judged(other, "passed")
    with pytest.raises(UserError, match=r"judge: none → a{12}"):
        compared(space, "done:v1", f"{other}:v2")


def test_a_side_says_what_the_check_of_its_judge_had_found(space: Workspace) -> None:
    for state in (None, "none", "failed", "passed"):
        judged(space.root / "results/done", state)
        assert run_side(*find_run(space, "done:v1")).info.judge_check == state


def test_without_a_judge_nothing_of_it_is_imported(tmp_path: Path) -> None:
    import subprocess
    import sys

    gated_workspace(tmp_path / "space")
    code = (
        "import sys; from evalh.gate.run import *; from evalh.workspace import Workspace; from pathlib import Path;"
        "gated_run(Workspace(Path('.')), None, Path('new'), GateOptions(no_cache=True));"
        "assert not [one for one in sys.modules if one.startswith(('evalh.judge', 'evalh.llm', 'openai'))]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "space", check=True, timeout=120)
