"""A small workspace whose run asks a judge, and what such a run came to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.small_workspace import CONFIG, RUBRIC_FILE, gated_workspace, record, write

from evalh.judge.check import check_judge, forms_of
from evalh.judge.tasks import Outcome, Task
from evalh.models import Failure, JudgeConfig, ReaderConfig
from evalh.reader.load import load_reader
from evalh.workspace import Workspace
from evalh.workspace.judge_checks import write_judge_check

KEY_ENV = "EVALH_TEST_KEY"
KEY = "sk-canary-4f1c9d20"
UNJUDGED = "brevity"
"""The one evaluator of the workspace that needs no reading."""
PITCH = "I have reset the line. Would you like Fiber 500 for $49.99 a month? It would be faster."


def judged_workspace(
    root: Path,
    base_url: str,
    *,
    kind: str = "judge",
    cases: int = 2,
    evaluators: Sequence[str] | None = None,
    checked: bool = True,
    **judge: Any,
) -> Workspace:
    """Prompts v1 and v2 with the same recordings, all evaluators, a rubric, and a judge whose check has passed."""
    gated_workspace(root, cases=cases, worse=0)
    write(root, "evaluators/warmth.md", RUBRIC_FILE)
    settings = {
        "model": "stub",
        "base_url": base_url,
        "api_key_env": KEY_ENV,
        "timeout": 30,
        "max_tokens": 500,
        **judge,
    }
    reader = {"kind": kind, "encoder": {"kind": "none"}}
    head = CONFIG.split("evaluators:", maxsplit=1)[0].replace("[v1]", "[v1, v2]")
    chosen = "null" if evaluators is None else json.dumps({name: {} for name in evaluators})
    parts = {"scorecard": "null", "evaluators": chosen, "reader": json.dumps(reader), "judge": json.dumps(settings)}
    write(root, "configs/small.yaml", head + "".join(f"{name}: {value}\n" for name, value in parts.items()))
    for version in ("v1", "v2"):
        record(root, version, {f"c-{number:02}": PITCH for number in range(cases)})
    if checked:
        write_check(Workspace(root), JudgeConfig.model_validate(settings), ReaderConfig.model_validate(reader))
    return Workspace(root)


def write_check(space: Workspace, config: JudgeConfig, reader: ReaderConfig) -> None:
    """A check of the judge that has passed, in the workspace."""
    judged: Any = load_reader(reader, config)
    try:
        refused = check_judge(_Refusing(judged.judge), forms_of(reader.kind, config.ask_below))
    finally:
        judged.close()
    rates = tuple(rate.model_copy(update={"passed": rate.of, "enough": True}) for rate in refused.rates)
    probes = tuple(probe.model_copy(update={"passed": True, "problem": ""}) for probe in refused.probes)
    write_judge_check(space, refused.model_copy(update={"passed": True, "rates": rates, "probes": probes}))


@dataclass(frozen=True)
class _Refusing:
    """A judge that refuses every question."""

    judge: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.judge, name)

    def submit(self, _: Task) -> Future[Outcome]:
        refused: Future[Outcome] = Future()
        refused.set_result(Outcome(failure=Failure(class_="refusal")))
        return refused


@dataclass(frozen=True)
class Ran:
    """The folder of a run."""

    folder: Path

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The score rows."""
        return [json.loads(line) for line in (self.folder / "scores.jsonl").read_text().splitlines()]

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest."""
        found: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text())
        return found

    @property
    def verdict(self) -> str:
        """The gate's verdict."""
        return str(json.loads((self.folder / "comparison.json").read_text())["verdict"])

    @property
    def judged(self) -> list[dict[str, Any]]:
        """The rows that rest on the judge."""
        return [row for row in self.rows if row["evaluator"] != UNJUDGED]

    def rollups(self) -> dict[str, set[str]]:
        """The states of each evaluator's summaries."""
        found: dict[str, set[str]] = {}
        for row in self.rows:
            if row["rollup"]:
                found.setdefault(row["evaluator"], set()).add(row["state"])
        return found

    def classes(self) -> set[str]:
        """The classes of all failures in rows."""
        return {row["error"]["class"] for row in self.rows if row.get("error")}
