"""Conversations that were not held to their end: errored, not read, judged again the next time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.runner.fakes import Brevity, FakeReader, Pitching, inputs, source

from evalh.models import Excluded, Failure, FileInfo, Scorecard, SimulatedCounts
from evalh.runner import EvaluatorInUse, RunFiles, RunInputs, Source, run, run_id_of
from evalh.runner.plan import Simulated

TIMEOUT = Failure(class_="timeout", message="no turn within 60 s; card 4111 1111 1111 1111")
CARD = Scorecard.model_validate(
    {"id": "card", "sections": [{"id": "manner", "items": [{"id": "short", "evaluator": "Brevity".lower()}]}]}
)


def given(*failed: int, **fields: Any) -> RunInputs:
    sources = [source(number, text="buy fiber") for number in range(4)]
    marked = [one._replace(failure=TIMEOUT) if at in failed else one for at, one in enumerate(sources)]
    return inputs(marked, **fields)


def rows(folder: Path, name: str = "scores.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_all_its_verdicts_are_errored_with_the_class_and_nothing_is_read(tmp_path: Path) -> None:
    reader = FakeReader()
    result = run(given(1, reader=reader, scorecard=CARD), tmp_path)
    own = [row for row in rows(tmp_path) if row["case"] == "case-0001"]

    assert "case-0001.v1" not in reader.read_ids
    assert {row["evaluator"] for row in own} == {"pitching", "brevity", "conversation_quality"}
    assert {row["state"] for row in own} == {"errored"}
    assert {row["error"]["class"] for row in own} == {"timeout"}
    assert sum(row["rollup"] for row in own) == 3
    (row,) = [row for row in rows(tmp_path, "conversations.jsonl") if row["case"] == "case-0001"]
    assert (row["pitches"], row["resolved"], row["accepted"]) == (None, None, None)
    assert row["rollups"]["brevity"] == {
        "state": "errored", "value": None, "passed": None, "label": None, "severity": None, "error": "timeout",
    }  # fmt: skip
    assert result.manifest.conversations == 4
    assert result.manifest.counts.errored == 3


def test_rows_are_sorted_among_the_others(tmp_path: Path) -> None:
    run(given(1, 3), tmp_path)

    assert [row["case"] for row in rows(tmp_path, "conversations.jsonl")] == [f"case-000{n}" for n in range(4)]


def test_an_interrupted_run_asks_for_it_again(tmp_path: Path) -> None:
    def broken() -> Any:
        yield from list(given(0).sources)[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(given().__class__(**{**vars(given()), "sources": broken()}), tmp_path)
    run(given(), tmp_path)

    assert {row["state"] for row in rows(tmp_path)} <= {"scored", "not_applicable"}


def test_how_they_came_about_is_asked_at_the_end(tmp_path: Path) -> None:
    taken: list[Source] = []

    def sources() -> Any:
        for one in given(2).sources:
            taken.append(one)  # type: ignore[arg-type]
            yield one

    left_out = Excluded(prompt_version="v1", case="case-0009", persona="odd", attempts=3, fault="looped")
    told = lambda: Simulated(SimulatedCounts(trials=len(taken) + 1, failed=1, excluded=1), (left_out,))  # noqa: E731
    result = run(inputs(sources(), simulated=told), tmp_path)

    assert result.manifest.simulated == SimulatedCounts(trials=5, failed=1, excluded=1)
    assert result.manifest.excluded == (left_out,)


def test_the_run_depends_on_agent_and_simulator() -> None:
    def of(agent: str = "", simulator: str = "") -> str:
        files = RunFiles(
            golden_set=FileInfo(id="g", sha256="0"),
            agent=FileInfo(id="a", sha256=agent) if agent else None,
            simulator=FileInfo(id="s", sha256=simulator) if simulator else None,
        )
        return run_id_of(inputs([], evaluators=[EvaluatorInUse(Pitching()), EvaluatorInUse(Brevity())], files=files))

    assert len({of(), of("1"), of("2"), of("1", "1"), of("1", "2")}) == 5
