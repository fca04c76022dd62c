"""Whole commands whose configuration has a judge, against a stub of its endpoint on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Evalh
from tests.small_workspace import GATED_CONFIG, RUBRIC_FILE, gated_workspace, write

from evalh.testing import Fault, StubEndpoint, reply_for, transcript_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CASES = 12
RESULTS = ("scores.jsonl", "conversations.jsonl", "readings.jsonl", "aggregates.json")
PRICES = ", prices: {input: 1.0, output: 2.0}"
COMMAND = [sys.executable, "-c", "import sys; from evalh.cli.main import main; sys.exit(main())"]
HEARS_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""A shell's background job ignores them, and so does what it starts."""


@pytest.fixture
def stub() -> Iterator[StubEndpoint]:
    with StubEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of a run of 24 conversations, the current folder; nothing is kept from elsewhere."""
    gated_workspace(tmp_path / "space", cases=CASES)
    monkeypatch.chdir(tmp_path / "space")
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "space"


def judged(space: Path, stub: StubEndpoint, more: str = "", kind: str = "judge") -> None:
    """The configuration `small` with a judge at the stub, and a rubric among the evaluators."""
    reader = f"reader: {{kind: {kind}, encoder: {{kind: none}}}}\n"
    judge = f'judge: {{model: stub, base_url: "{stub.base_url}", api_key_env: null, concurrency: 4{more}}}\n'
    text = GATED_CONFIG.replace("reader: {encoder: {kind: none}}\n", reader + judge)
    text = text.replace("  brevity: {max_words: 30}", "  brevity: {max_words: 30}\n  warmth: {}")
    write(space, "configs/small.yaml", text)
    write(space, "evaluators/warmth.md", RUBRIC_FILE)


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def rows(folder: Path, evaluator: str) -> list[dict[str, Any]]:
    lines = map(json.loads, (folder / "scores.jsonl").read_text().splitlines())
    return [row for row in lines if row["evaluator"] == evaluator and row["rollup"]]


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


# --- run ---


def test_a_rubric_is_judged_in_one_call_a_conversation(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub, PRICES)
    stub.answer = lambda body: reply_for(body, lambda path, _: 1 if path.endswith(".value") else None)
    ended = evalh("run", "--no-gate", "--out", "out")
    told = manifest(space / "out")

    assert ended.code == 0, ended.err
    assert len(stub.requests) == told["calls"] == 2 * CASES
    assert {row["state"] for row in rows(space / "out", "warmth")} <= {"scored", "unsure"}
    assert {row["evaluator"] for row in told["usage"]} == {"reading", "warmth"}
    assert told["judge"]["check"] == "none"
    assert told["cost"] > 0
    assert "judge stub, never checked: do not trust its verdicts" in " ".join(ended.out.split())


def test_a_second_run_asks_nothing(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub)
    evalh("run", "--no-gate", "--out", "out")
    asked = len(stub.requests)
    evalh("run", "--no-gate", "--out", "again")

    assert len(stub.requests) == asked
    assert contents(space / "out") == contents(space / "again")
    assert manifest(space / "again")["calls_saved"] == asked


def test_a_limit_of_calls_leaves_a_run_that_goes_on(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub)
    first = evalh("run", "--no-gate", "--out", "out", "--max-calls", "10")
    status = manifest(space / "out")["status"]
    second = evalh("run", "--no-gate", "--out", "out", "--max-calls", "30")

    assert (first.code, status) == (3, "interrupted")
    assert first.err.strip() == (
        "the limit of 10 calls is reached; what was done is kept: raise --max-calls and give the same command again "
        "to go on"
    )
    assert (second.code, manifest(space / "out")["status"]) == (0, "complete")
    assert len(stub.requests) == 2 * CASES


def test_a_limit_of_cost_needs_prices(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub)
    ended = evalh("run", "--no-gate", "--max-cost", "1")

    assert (ended.code, ended.err.strip()) == (
        2,
        "a limit of cost needs the prices of tokens; add 'prices' to the judge in the config",
    )
    assert not stub.requests


@pytest.mark.parametrize("fault", [Fault.QUOTA, Fault.REFUSAL, Fault.SERVER_500])
def test_a_judge_that_fails_is_errored_with_its_class_and_no_verdict(
    evalh: Evalh, space: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StubEndpoint(faults=fault) as stub:
        judged(space, stub, ", timeout: 2")
        ended = evalh("run", "--no-gate", "--out", "out")
    found = rows(space / "out", "warmth")

    assert {(row["state"], row["value"], row["passed"]) for row in found} == {("errored", None, None)}
    assert all(row["error"]["class"] for row in found)
    assert "errored: " in ended.out
    assert "it would decide" not in ended.out, "the message of the failure, not what rests on it"
    assert {row["state"] for row in rows(space / "out", "brevity")} == {"scored"}, "what needs no judge stands"


def test_without_the_cache_replies_live_in_the_runs_folder_while_it_goes_on(
    evalh: Evalh, space: Path, stub: StubEndpoint, tmp_path: Path
) -> None:
    judged(space, stub)
    evalh("run", "--no-gate", "--out", "out", "--no-cache", "--max-calls", "10")
    there = (space / "out" / "replies").is_dir()
    evalh("run", "--no-gate", "--out", "out", "--no-cache")

    assert there
    assert not (space / "out" / "replies").exists()
    assert len(stub.requests) == 2 * CASES
    assert not list((tmp_path / "cache").rglob("*.sqlite"))


def test_a_fresh_run_without_the_cache_asks_everything_anew(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub)
    evalh("run", "--no-gate", "--out", "out", "--no-cache", "--max-calls", "10")
    ended = evalh("run", "--no-gate", "--out", "out", "--no-cache", "--fresh")

    assert ended.code == 0, ended.err
    assert len(stub.requests) == 10 + 2 * CASES
    assert manifest(space / "out")["calls_saved"] == 0


# --- killed ---


@pytest.mark.parametrize("more", [(), ("--no-cache",)])
def test_kills_lose_no_reply_and_repeat_at_most_what_was_in_flight(
    evalh: Evalh, space: Path, stub: StubEndpoint, more: tuple[str, ...]
) -> None:
    judged(space, stub)
    whole = evalh("run", "--no-gate", "--out", "whole", "--no-cache")
    assert whole.code == 0, whole.err
    stub.requests.clear()
    stub.latency = 0.1
    kills = [_killed(space, stub, asked, more) for asked in (5, 14, 21)]
    stub.latency = 0.0
    ended = evalh("run", "--no-gate", "--out", "out", *more)

    asked = Counter(_conversation(body.body) for body in stub.requests)
    assert kills == [-signal.SIGKILL] * 3
    assert (ended.code, len(asked)) == (0, 2 * CASES)
    assert len(stub.requests) - len(asked) <= 4 * len(kills), "repeated: at most the concurrency for each kill"
    assert contents(space / "out") == contents(space / "whole")


def _killed(space: Path, stub: StubEndpoint, asked: int, more: tuple[str, ...]) -> int:
    """Run the command and kill it when so many requests have come in all; its exit status."""
    command = [*COMMAND, "run", "--no-gate", "--out", "out", *more]
    paths = os.pathsep.join(str(Path(part).resolve()) for part in sys.path if part)
    with subprocess.Popen(
        command, cwd=space, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        until = time.monotonic() + 60
        while len(stub.requests) < asked and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        return process.returncode


def _conversation(body: Mapping[str, Any]) -> str:
    return json.dumps(transcript_of(body))


def test_an_interrupt_ends_with_130_and_the_run_goes_on(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub)
    stub.latency = 0.2
    paths = os.pathsep.join(str(Path(part).resolve()) for part in sys.path if part)
    python, flag, program = COMMAND
    command = [python, flag, HEARS_INTERRUPTS + program, "run", "--no-gate", "--out", "out"]
    with subprocess.Popen(
        command, cwd=space, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        until = time.monotonic() + 60
        while len(stub.requests) < 6 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, told = process.communicate(timeout=30)
    asked = len(stub.requests)
    stub.latency = 0.0
    ended = evalh("run", "--no-gate", "--out", "out")

    assert process.returncode == 130, told
    assert b"interrupted; give the same command again to go on where it stopped" in told
    assert b"Traceback" not in told
    assert time.monotonic() - began < 25
    assert (ended.code, len(stub.requests)) == (0, 2 * CASES), f"{asked} before the interrupt, all of them kept"


# --- score ---


def test_score_asks_the_judge_of_a_configuration(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub)
    transcripts = "golden_sets/few/recordings/v1.jsonl"
    alone = evalh("score", transcripts, "--evaluator", "warmth", "--json")
    before = len(stub.requests)
    asked = evalh("score", transcripts, "--evaluator", "warmth", "--json", "--judge", "small", "--max-calls", "50")

    assert {json.loads(line)["state"] for line in alone.out.splitlines()} == {"skipped"}
    assert (before, len(stub.requests)) == (0, CASES)
    assert "skipped" not in {json.loads(line)["state"] for line in asked.out.splitlines()}


def test_a_limit_promises_nothing_where_nothing_is_kept(evalh: Evalh, space: Path, stub: StubEndpoint) -> None:
    judged(space, stub)
    transcripts = "golden_sets/few/recordings/v1.jsonl"
    ended = evalh("score", transcripts, "--judge", "small", "--max-calls", "1", "--no-cache")
    assert (ended.code, ended.err.strip()) == (
        3,
        "the limit of 1 call is reached; nothing is kept with --no-cache: leave it out, or raise the limit",
    )
    kept = evalh("score", transcripts, "--judge", "small", "--max-calls", "1", "--no-cache", "--out", "scored")
    assert "what was done is kept" in kept.err


def test_score_needs_a_configuration_with_a_judge(evalh: Evalh, space: Path) -> None:
    ended = evalh("score", "golden_sets/few/recordings/v1.jsonl", "--judge", "small")

    assert ended.code == 2
    assert "configs/small.yaml: has no judge; add 'judge: {model: NAME}' to it, or name another" in ended.err


# --- offline ---

OFFLINE = """
import asyncio, socket, sys

def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")

for name in ("socket", "create_connection", "create_server", "getaddrinfo", "socketpair", "fromfd"):
    setattr(socket, name, refuse)
from evalh.cli.main import main
code = main(sys.argv[1:])
heavy = [name for name in ("openai", "httpx2", "httpx", "evalh.llm.client") if name in sys.modules]
assert not heavy, heavy
sys.exit(code)
"""


@pytest.mark.parametrize(
    "command",
    [("run", "--no-gate", "--encoder", "minilm", "--out", "out"), ("score", "golden_sets/few/recordings/v1.jsonl")],
)
def test_without_a_judge_no_socket_is_opened_and_no_client_imported(space: Path, command: tuple[str, ...]) -> None:
    write(space, "evaluators/warmth.md", RUBRIC_FILE)
    paths = os.pathsep.join(str(Path(part).resolve()) for part in sys.path if part)
    ended = subprocess.run(
        [sys.executable, "-c", OFFLINE, *command],
        cwd=space, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
