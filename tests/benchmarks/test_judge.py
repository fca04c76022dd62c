"""The benchmark of asking a judge: what it invents, counts and prints; its figures are left to the machine."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from benchmarks.judge import EXCHANGES, conversations, deepeval, deepeval_job, main
from benchmarks.judge_cascade import Asked, f1, questions_in
from benchmarks.judge_server import Counted, Server

from evalh.judge.picks import PicksSection, Query
from evalh.testing import make_conversation


def test_every_conversation_has_twelve_exchanges_and_is_another() -> None:
    held = list(conversations(12))
    assert len({one.sha256 for one in held}) == 12
    assert {sum(turn.role == "customer" for turn in one.turns) for one in held} == {EXCHANGES}
    assert {sum(turn.role == "agent" for turn in one.turns) for one in held} <= {EXCHANGES, EXCHANGES + 1}


def test_the_speed_is_told_with_its_bound(capfd: pytest.CaptureFixture[str]) -> None:
    main(["--only", "speed", "--conversations", "3", "--latency", "0.05", "--concurrency", "2"])
    printed = capfd.readouterr().out
    assert "3 conversations of 12 exchanges, 0.05 s a call, 2 calls at a time: at least 0.1 s" in printed
    (row,) = re.findall(r"^\| 3 \| .* \|$", printed, re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:2] == ["3", "2"]
    assert cells[-1] == "0"
    assert "11 evaluators" in printed


def test_without_deepeval_its_half_is_said_to_be_skipped(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = _without_packages(tmp_path)
    ours = {"evaluators": 11, "seconds": 1.0}, Counted(calls=1, at_once=1, prompt=2, schema=3, reply=4)
    monkeypatch.setattr("benchmarks.judge.child", lambda *_: ours)
    main(["--only", "deepeval", "--conversations", "1", "--latency", "0", "--deepeval-python", str(python)])
    printed = capfd.readouterr().out
    assert "| evalh, 11 evaluators | 1 | 1.0 | 2 | 3 | 4 | 1.0 |" in printed
    assert f"DeepEval: skipped: not installed in {python}" in printed


def test_deepeval_asks_at_the_same_endpoint(tmp_path: Path) -> None:
    pytest.importorskip("deepeval", reason="needs the extra: pip install 'evalh[deepeval]'")
    path = tmp_path / "one.jsonl"
    path.write_text(next(conversations(1)).model_dump_json(exclude_none=True, exclude_defaults=True))
    with Server(0.0) as server:
        found = deepeval(sys.executable, deepeval_job(path, server.base_url, 4))
        asked = server.counted()
    assert asked.calls == sum(one["calls"] for one in found["metrics"].values()) > 20
    assert not any(one["failed"] for one in found["metrics"].values())


def test_the_job_of_deepeval_has_what_the_policy_says_of_the_offers_a_turn_names(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    held = make_conversation("C: hi\nA: Would you like Fiber 500?\nC: no\nA: All right.")
    path.write_text(held.model_dump_json(exclude_none=True, exclude_defaults=True))
    (turns,) = deepeval_job(path, "http://127.0.0.1:1/v1", 1)["conversations"]
    assert [turn["role"] for turn in turns] == ["customer", "agent", "customer", "agent"]
    assert [len(turn["context"]) for turn in turns] == [0, 1, 0, 0]
    assert json.loads(turns[1]["context"][0])["id"] == "FIBER-500"


# --- the cascade ---

QUESTIONS = """\
Questions:
1. Turn 3: act: what does the agent do with the offer FIBER-500? (pitch | answer | none | unclear)
2. Turn 4: mood: which mood does the customer show? (calm | frustrated | satisfied | unclear)"""


def test_the_questions_of_a_prompt_are_read_back() -> None:
    first, second = questions_in({"messages": [{"content": QUESTIONS}]})
    assert first == Asked("1", 3, "act", "FIBER-500", ("pitch", "answer", "none", "unclear"))
    assert (second.turn, second.about, second.offer) == (4, "mood", None)


def test_a_judge_asks_in_the_form_that_is_read_back() -> None:
    queries = [
        Query("a", 1, "act", offer="FIBER-500", choices=("pitch", "none")),
        Query("b", 2, "consent", offer="FIBER-500", choices=("yes", "no")),
        Query("c", 2, "mood", choices=("calm", "frustrated")),
    ]
    material = PicksSection(queries).material()
    found = questions_in({"messages": [{"content": material}]})
    assert [(one.turn, one.about, one.offer) for one in found] == [(one.turn, one.about, one.offer) for one in queries]
    assert all(one.choices[:-1] == query.choices for one, query in zip(found, queries, strict=True))


def test_f1_counts_misses_and_false_alarms() -> None:
    assert f1([8, 2, 2, 5]) == pytest.approx(0.8)
    assert f1([0, 0, 0, 0]) == 0.0


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "sped"])
    assert "--only takes speed, deepeval, cascade, not sped" in capsys.readouterr().err


def _without_packages(folder: Path) -> Path:
    """A Python that sees nothing but its own library."""
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script
