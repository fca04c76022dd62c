"""A judge at a real server whose model is far too small: it is heard, it is rejected, and no run passes by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.judge.judged_run import KEY_ENV, Ran, judged_workspace
from tests.llama.server import KEY, NAME

from evalh.cli.main import main
from evalh.judge.probes import load_probes
from evalh.models import Conversation, JudgeConfig, Question, ReaderConfig, Reading
from evalh.reader.load import load_reader
from evalh.testing import make_conversation, make_policy

pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"])]
CONVERSATIONS = (
    make_conversation("C: my bill is too high\nA: Would you like Fiber 500 for $49.99 a month?\nC: no thanks"),
    make_conversation("C: I am going abroad\nA: The Travel Pass is $10 a day. Shall I add it?\nC: yes please"),
)
WARM = Question(kind="rubric", text="Give 1 when the agent is warm, else 0.", scale=(0.0, 1.0))
SETTINGS: dict[str, Any] = {"model": NAME, "timeout": 100, "max_tokens": 128, "concurrency": 1, "seed": 1}
QUICK = {**SETTINGS, "max_tokens": 32}
UNUSABLE = ("truncated", "schema", "invalid_json", "out_of_range")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "space"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setenv(KEY_ENV, KEY)
    return root


def read(
    base_url: str, kind: str, conversations: Sequence[Conversation], *questions: Question, **settings: Any
) -> list[Reading]:
    config = JudgeConfig(base_url=base_url, api_key_env=KEY_ENV, **{**SETTINGS, **settings})
    reader: Any = load_reader(ReaderConfig.model_validate({"kind": kind, "encoder": {"kind": "none"}}), config)
    try:
        found: list[Reading] = reader.read(conversations, make_policy().lexicon, [questions] * len(conversations))
    finally:
        reader.close()
    return found


@pytest.mark.usefixtures("root")
def test_a_rubric_is_answered_on_its_scale_or_not_at_all(llama: str) -> None:
    for reading in read(llama, "local", CONVERSATIONS, WARM):
        assert reading.calls >= 1
        if reading.unread is None:
            answer = reading.answers[WARM.sha256]
            assert 0 <= float(str(answer.value)) <= 1
            assert answer.source == "judge"
            assert reading.usage[0].part == WARM.sha256
            assert reading.usage[0].input_tokens > 100
        else:
            assert reading.unread.fields == ("answers",)
            assert reading.unread.failure.class_ in UNUSABLE


@pytest.mark.usefixtures("root")
def test_all_facts_can_be_asked_for_and_rest_on_quotes_or_are_not_there(llama: str) -> None:
    (conversation, *_) = CONVERSATIONS
    (reading,) = read(llama, "judge", [conversation], max_tokens=48)

    assert reading.calls >= 1
    if reading.unread is not None:
        assert {"acts", "replies", "ledger"} <= set(reading.unread.fields)
        assert reading.unread.failure.class_ in UNUSABLE
    for act in reading.acts:
        said = conversation.turns[act.turn].text
        assert act.confidence == 0 or said[act.start : act.end] == act.quote


def test_the_check_rejects_it(
    llama: str, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged_workspace(root, llama, kind="local", checked=False, **SETTINGS)
    probes = sorted(load_probes(), key=lambda probe: (probe.canary, sum(len(turn.text) for turn in probe.turns)))
    few = tuple(probe.model_copy(update={"rubrics": probe.rubrics[:1], "injections": ()}) for probe in probes[:2])
    monkeypatch.setattr("evalh.judge.check.load_probes", lambda: few)

    assert main(["judge", "check"]) == 1
    assert "rubric" in capsys.readouterr().out
    (written,) = (root / "calibration/judges").iterdir()
    check = json.loads(written.read_text())
    assert not check["passed"]
    assert {probe["kind"] for probe in check["probes"]} == {"rubric", "twin"}
    assert check["calls"] >= 2


def test_a_run_with_it_is_refused(llama: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged_workspace(root, llama, kind="local", checked=False, **SETTINGS)

    assert main(["run", "--out", "out"]) == 2
    assert "evalh judge check" in capsys.readouterr().err
    assert not (root / "out" / "comparison.json").exists()


def test_a_run_without_a_gate_is_judged_and_says_that_the_judge_is_not_trusted(llama: str, root: Path) -> None:
    judged_workspace(root, llama, kind="local", cases=1, evaluators=["warmth"], checked=False, **QUICK)

    assert main(["run", "--no-gate", "--out", "out"]) in (0, 3)
    ran = Ran(root / "out")
    assert ran.manifest["judge"]["check"] == "none"
    assert ran.manifest["calls"] >= 2
    assert ran.rollups()["warmth"] <= {"scored", "unsure", "errored"}
