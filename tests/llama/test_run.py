"""`evalh run` with a real model as the agent and as the customer: the way is real, what is said on it is poor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.live_workspace import live_workspace
from tests.llama.server import KEY, NAME
from tests.small_workspace import write

from evalh.cli.main import main

pytestmark = [pytest.mark.extra, pytest.mark.allow_hosts(["127.0.0.1"])]
KEY_ENV = "EVALH_LLAMA_KEY"


def configure(space: Path, address: str) -> None:
    """The small workspace's configuration, with both sides played by the model."""
    place = space / "configs/small.yaml"
    lines = [line for line in place.read_text(encoding="utf-8").splitlines() if not line.startswith("agent:")]
    model = f'base_url: "{address}", model: {NAME}, api_key_env: {KEY_ENV}, concurrency: 2, timeout: 100'
    ends = 'max_tokens: 120, extra_body: {stop: [".", "\\n"]}'
    lines.insert(-1, f"agent: {{kind: chat, {model}, {ends}}}")
    customer = f"{{kind: model, {model}, max_tokens: 300}}"
    lines.insert(-1, f"simulation: {{customer: {customer}, max_turns: 2, attempts: 1, concurrency: 2}}")
    write(space, "configs/small.yaml", "\n".join(lines) + "\n")


def test_a_model_talks_to_a_model_and_is_judged_and_replayed(
    llama: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = tmp_path / "space"
    live_workspace(space, cases=2)
    configure(space, llama)
    monkeypatch.chdir(space)
    monkeypatch.setenv(KEY_ENV, KEY)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))

    main(["run", "--no-gate", "--out", "first"])

    told: dict[str, Any] = json.loads((space / "first/manifest.json").read_text(encoding="utf-8"))
    assert told["agent"]["id"].startswith("chat:")
    played = told["simulated"]
    assert played["trials"] == 4
    assert played["calls"] >= 4
    recorded = list((space / "golden_sets/few/recordings/small").rglob("*.jsonl"))
    assert bool(recorded) == (played["failed"] < played["trials"])

    if played["failed"] == 0:
        monkeypatch.delenv(KEY_ENV)
        main(["run", "--no-gate", "--replay-only", "--out", "again"])
        first, again = ((space / name / "scores.jsonl").read_bytes() for name in ("first", "again"))
        assert first == again
