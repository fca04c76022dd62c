"""What `evalh validate` says of configurations whose agent is talked to, and of what was recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.live_workspace import configure, live_workspace
from tests.small_workspace import change, write

from evalh.gate.run import GateOptions, gated_run
from evalh.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    return live_workspace(tmp_path)


def problems(space: Workspace) -> list[str]:
    return [str(problem) for problem in space.problems()]


def test_a_good_workspace_needs_no_recordings(space: Workspace) -> None:
    assert problems(space) == []


def test_cases_that_nobody_plays(space: Workspace) -> None:
    change(space.root, "golden_sets/few/cases.jsonl", '"persona": "calm", ', "")
    told = "golden_sets/few/cases.jsonl: 'c-00' and others have no persona to talk to the agent; give each case one, or"
    assert any(problem.startswith(told) for problem in problems(space))

    configure(space.root, "simulation: {cross: true}\n")
    assert not any("no persona to talk" in problem for problem in problems(space))


def test_placeholders_that_no_case_fills(space: Workspace) -> None:
    change(space.root, "configs/prompts/care/v2.md", "Explain", "{{customer.plann}} Explain")
    configure(space.root, agent=', greeting: "Hi {{customer.name}}"')
    found = problems(space)

    assert any(one.startswith("configs/prompts/care/v2.md:8: {{customer.plann}} cannot be filled") for one in found)
    assert any(one.startswith("configs/small.yaml:5: greeting: {{customer.name}} cannot be filled") for one in found)


def test_code_that_is_not_there_and_nothing_of_it_is_run(space: Workspace) -> None:
    write(space.root, "agents/helper.py", "raise SystemExit('imported')\n")
    assert problems(space) == []
    (space.root / "agents/helper.py").unlink()

    assert [problem.partition(": agent.function")[0] for problem in problems(space)] == ["configs/small.yaml:5"]


def test_recordings_that_were_changed(space: Workspace) -> None:
    gated_run(space, None, Path("out"), GateOptions(gate=False))
    assert problems(space) == []
    path = "golden_sets/few/recordings/small/v1/calm.jsonl"
    text = Path(path).read_text()
    write(space.root, path, text.replace("It is fixed", "It was fixed", 1))

    assert [problem.partition(":")[0] for problem in problems(space)] == [path]
