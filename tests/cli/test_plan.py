"""`evalh plan`: what a run would take, with nobody asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.small_workspace import GATED_CONFIG, RUBRIC_FILE, gated_workspace, write
from typer.testing import CliRunner, Result

from evalh.cli.plan import plan
from evalh.errors import BadInput
from evalh.gate.run import GateOptions, gated_run
from evalh.workspace import Workspace

APP = typer.Typer()
APP.command("plan")(plan)
JUDGE = 'judge: {model: stub, base_url: "https://judge.example/v1"%s}\n'


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of two prompt versions with six conversations each, the current folder."""
    gated_workspace(tmp_path / "space", cases=6)
    monkeypatch.chdir(tmp_path / "space")
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return tmp_path / "space"


def judged(space: Path, kind: str = "judge", more: str = "") -> None:
    text = GATED_CONFIG.replace("reader: {", JUDGE % more + f"reader: {{kind: {kind}, ")
    write(space, "configs/small.yaml", text)


def called(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments), catch_exceptions=False)


def planned(*arguments: str) -> Any:
    return json.loads(called("--json", *arguments).stdout)


def test_without_a_judge_there_are_no_calls(space: Path) -> None:
    found = planned()

    assert (found["judge"], found["total"]["calls"], found["total"]["cost"]) == (None, 0, None)
    assert [(row["prompt_version"], row["conversations"], row["turns"]) for row in found["rows"]] == [
        ("v1", 6, 24), ("v2", 6, 24),
    ]  # fmt: skip
    assert "0 calls: no judge is asked, everything is read on this machine" in called().stdout


def test_a_judge_is_one_call_a_conversation_and_needs_no_key_to_be_planned(space: Path) -> None:
    judged(space)
    total = planned()["total"]

    assert total["calls"] == total["conversations"] == 12
    assert total["input_tokens"] > 12 * 500
    assert total["output_tokens"] > 0
    assert total["cost"] is None


def test_votes_and_windows_count_and_prices_give_a_price(space: Path) -> None:
    judged(space)
    single = planned()["total"]
    judged(space, more=", votes: 3, prices: {input: 2.0, output: 4.0, currency: EUR}")
    found = planned()
    told = called().stdout

    assert found["total"]["calls"] == 36
    assert found["total"]["input_tokens"] == pytest.approx(3 * single["input_tokens"], rel=0.01)
    assert found["total"]["cost"] == pytest.approx(
        (2 * found["total"]["input_tokens"] + 4 * found["total"]["output_tokens"]) / 1e6
    )
    assert "EUR" in told
    assert "tokens are estimated" in told


def test_a_cascade_reads_to_find_out_what_it_would_ask(space: Path) -> None:
    judged(space, "cascade")
    doubtful = planned()["total"]["calls"]
    judged(space, "cascade", ", ask_below: 0")

    assert doubtful <= 12
    assert planned()["total"]["calls"] == 0, "nothing to doubt and no rubric that is asked"
    write(space, "evaluators/warmth.md", RUBRIC_FILE)
    text = (space / "configs/small.yaml").read_text()
    write(space, "configs/small.yaml", text.replace("evaluators:\n", "evaluators:\n  warmth: {}\n"))
    assert planned()["total"]["calls"] == 12


def test_readings_that_are_kept_are_told(space: Path) -> None:
    gated_run(Workspace(space), "small", space / "out", GateOptions(gate=False))

    assert planned()["total"]["cached"] == 12
    assert planned("--no-cache")["total"]["cached"] == 0


def test_a_recording_that_cannot_be_used_ends_it_or_is_left_out(space: Path) -> None:
    path = space / "golden_sets/few/recordings/v1.jsonl"
    path.write_text(path.read_text() + "no json\n")
    with pytest.raises(BadInput, match=r"v1\.jsonl:7"):
        called()

    found = planned("--skip-bad")
    assert (found["rejected"], found["total"]["conversations"]) == (1, 12)
    assert "left out: 1 that cannot be used" in called("--skip-bad").stdout


def test_the_run_id_is_that_of_the_run(space: Path) -> None:
    ran = gated_run(Workspace(space), "small", space / "out", GateOptions(gate=False))

    assert planned()["run_id"] == ran.result.manifest.run_id
