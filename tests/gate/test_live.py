"""Runs whose agent is talked to: planned, played, judged, gated, replayed, stopped and gone on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.live_workspace import asked, configure, live_workspace
from tests.repository import plain_git
from tests.small_workspace import change, write

from evalh.encoder.turns import TurnEncoder
from evalh.errors import BadConfig, BadInput, NotFound, Stopped, UserError
from evalh.gate.live import Live
from evalh.gate.readers import Limits
from evalh.gate.run import GatedRun, GateOptions, gated_run
from evalh.llm import Budget
from evalh.models.estimate import PlayEstimate
from evalh.report.markdown import markdown
from evalh.simulator.protocol import Played
from evalh.testing import StubEndpoint
from evalh.testing.faults import Fault
from evalh.workspace import Workspace

ROWS = ("scores.jsonl", "conversations.jsonl", "readings.jsonl", "aggregates.json", "comparison.json")
RECORDED = "golden_sets/few/recordings/small"


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The current folder, a workspace of four cases whose agent talks too much by prompt v2."""
    root = tmp_path / "space"
    made = live_workspace(root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    plain_git(monkeypatch)
    return made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "asked"


def ran(space: Workspace, out: str = "out", planned: list[PlayEstimate] | None = None, **options: Any) -> GatedRun:
    from evalh.gate.run import gated_plan, run_plan

    given = GateOptions(no_cache=options.pop("no_cache", False), **options)
    told = planned.append if planned is not None else None
    return run_plan(gated_plan(space, None, given), Path(out), given, planned=told)


def rows(out: str, name: str = "scores.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, name).read_text().splitlines()]


def same(one: str, other: str) -> None:
    for name in ROWS:
        assert Path(one, name).read_bytes() == Path(other, name).read_bytes(), name


# --- played and judged ---


def test_conversations_are_held_recorded_judged_and_compared(space: Workspace, log: Path) -> None:
    done = ran(space)
    manifest = done.result.manifest
    simulated = manifest.simulated

    assert [(row["prompt_version"], row["case"]) for row in rows("out", "conversations.jsonl")] == [
        (version, f"c-0{number}") for version in ("v1", "v2") for number in range(4)
    ]
    assert {row["pitches"] for row in rows("out", "conversations.jsonl")} == {0}
    assert simulated is not None
    assert (simulated.trials, simulated.recorded, simulated.failed, simulated.excluded) == (8, 0, 0, 0)
    assert simulated.calls == len(asked(log)) > 8
    assert manifest.agent is not None
    assert manifest.agent.id == "function:agents.helper:reply"
    assert manifest.source is None
    assert done.comparisons[0].cells[0].delta < 0  # type: ignore[operator]
    assert sorted(path.relative_to(RECORDED).as_posix() for path in Path(RECORDED).rglob("*.jsonl")) == [
        f"{version}/{persona}.jsonl" for version in ("v1", "v2") for persona in ("calm", "hurried")
    ]


def test_a_second_run_asks_nobody_and_gives_the_same_bytes(
    space: Workspace, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(space)
    before, planned = len(asked(log)), list[PlayEstimate]()
    monkeypatch.setenv("RAISES", "c-00,c-01")
    done = ran(space, "again", planned, recordings="replay_only", no_cache=True)

    assert len(asked(log)) == before
    same("out", "again")
    assert [(one.conversations, one.recorded, one.turns, one.calls) for one in planned] == [(8, 8, 0, 0)]
    assert done.result.manifest.run_id == rows("out")[0]["run_id"]
    assert done.result.manifest.simulated is not None
    assert (done.result.manifest.simulated.recorded, done.result.manifest.simulated.calls) == (8, 0)


def test_no_turn_is_encoded_twice(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run, encoded = TurnEncoder.encode, list[tuple[str, str]]()

    def counted(self: TurnEncoder, turns: Any) -> Any:
        encoded.extend(turns)
        return run(self, turns)

    monkeypatch.setattr(TurnEncoder, "encode", counted)
    ran(space, no_cache=True)

    assert len(encoded) == len(set(encoded)) > 8


def test_replaying_needs_no_agent_that_can_be_asked(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(space)
    monkeypatch.setattr("evalh.agents.function.FunctionAgentRunner.ready", pytest.fail)

    ran(space, "again", recordings="replay_only")
    same("out", "again")


def test_recordings_are_the_same_bytes_whatever_the_concurrency(space: Workspace, tmp_path: Path) -> None:
    ran(space)
    first = {path: path.read_bytes() for path in Path(RECORDED).rglob("*.jsonl")}
    configure(space.root, "simulation: {concurrency: 1}\n")
    ran(space, "again", recordings="record")

    assert {path: path.read_bytes() for path in Path(RECORDED).rglob("*.jsonl")} == first
    same("out", "again")


def test_recording_again_asks_for_everything(space: Workspace, log: Path) -> None:
    ran(space)
    before = len(asked(log))
    ran(space, recordings="record")

    assert len(asked(log)) == 2 * before


def test_a_changed_prompt_is_asked_again_and_the_other_is_not(space: Workspace, log: Path) -> None:
    ran(space)
    log.unlink()
    change(space.root, "configs/prompts/care/v2.md", "Explain everything.", "Explain everything twice.")
    planned: list[PlayEstimate] = []
    ran(space, "again", planned)

    assert planned[0].recorded == 4
    assert {line.partition(" ")[0].rpartition(".")[2] for line in asked(log)} == {"v2"}


def test_what_is_not_recorded_is_told_when_nobody_may_be_asked(space: Workspace) -> None:
    with pytest.raises(BadInput, match=r"v1/calm\.jsonl: this conversation was never recorded \(case 'c-00' played"):
        ran(space, recordings="replay_only")
    ran(space)
    change(space.root, "configs/prompts/care/v2.md", "Explain everything.", "Explain everything twice.")

    with pytest.raises(BadInput, match=r"v2/calm\.jsonl: it was recorded with another prompt \("):
        ran(space, "again", recordings="replay_only")
    change(space.root, "configs/prompts/care/v2.md", "Explain everything twice.", "Explain everything.")
    change(space.root, "agents/helper.py", "You're welcome.", "Anything else?")
    with pytest.raises(BadInput, match=r"v1/calm\.jsonl: it was recorded with another agent \("):
        ran(space, "again", recordings="replay_only")


def test_more_trials_are_the_same_run_and_ask_only_for_the_new(space: Workspace, log: Path) -> None:
    once = ran(space)
    before = len(asked(log))
    configure(space.root, "trials: 3\n")
    thrice = ran(space, "again")

    assert thrice.result.manifest.run_id == once.result.manifest.run_id
    assert {row["conversation_id"] for row in rows("again") if row["case"] == "c-00"} == {
        f"c-00.{version}{trial}" for version in ("v1", "v2") for trial in ("", ".t1", ".t2")
    }
    assert len(asked(log)) < 3 * before + 8
    assert not any(line.split()[0] in ("c-00.v1", "c-00.v2") for line in asked(log)[before:])
    whole = next(cell for cell in thrice.comparisons[0].cells if cell.cohort == "*")
    assert whole.before.pass_all == 1.0
    assert len({row["conversation_sha256"] for row in rows("again", "conversations.jsonl")}) == 24


def test_every_persona_meets_every_case_where_that_is_asked_for(space: Workspace) -> None:
    configure(space.root, "simulation: {cross: true}\n")
    done = ran(space)

    assert done.result.manifest.cases == 8
    found = rows("out", "conversations.jsonl")
    assert {(row["case"], row["persona"], row["template"]) for row in found if row["case"].startswith("c-00")} == {
        ("c-00+calm", "calm", "c-00"), ("c-00+hurried", "hurried", "c-00"),
    }  # fmt: skip


def test_the_prompts_may_be_of_another_agent_than_the_set(space: Workspace) -> None:
    for version in ("v1", "v2"):
        text = (space.root / f"configs/prompts/care/{version}.md").read_text().replace("agent: care", "agent: other")
        write(space.root, f"configs/prompts/other/{version}.md", text)
    change(space.root, "configs/small.yaml", "agent: care", "agent: other")

    assert ran(space).result.manifest.conversations == 8


def test_a_prompt_at_a_git_ref_is_played_too(space: Workspace, log: Path) -> None:
    git(space.root, "init", "-q")
    git(space.root, "add", ".")
    git(space.root, "commit", "-qm", "first")
    change(space.root, "configs/prompts/care/v1.md", "Nora.", "Nora. Explain.")
    configure(space.root)
    change(space.root, "configs/small.yaml", "[v1, v2]", "[v1]")
    done = ran(space, baseline="git:HEAD")

    names = {row["prompt_version"] for row in rows("out")}
    assert len(names) == 2
    assert done.comparisons[0].cells[0].delta < 0  # type: ignore[operator]
    assert {path.name.partition("-")[0] for path in Path(RECORDED).iterdir()} == {"at", "v1"}
    before = len(asked(log))
    ran(space, "again", baseline="git:HEAD", recordings="replay_only")
    assert len(asked(log)) == before
    same("out", "again")


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def test_an_agent_of_other_code_is_not_compared_with_a_finished_run(space: Workspace) -> None:
    ran(space, "results/done")
    change(space.root, "agents/helper.py", "You're welcome.", "Anything else?")

    with pytest.raises(UserError, match=r"differ in more than the prompt \(agent: "):
        ran(space, "other", baseline="results/done:v1")


# --- failures ---


def test_what_fails_is_errored_asked_again_and_no_transcript(
    space: Workspace, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAISES", "c-01,c-02")
    done = ran(space)
    failed = [row for row in rows("out") if row["case"] in ("c-01", "c-02")]

    assert {row["state"] for row in failed} == {"errored"}
    assert {row["error"]["class"] for row in failed} == {"raised"}
    assert all("the line is dead" in row["error"]["message"] for row in failed)
    assert "the line is dead" not in Path("out/readings.jsonl").read_text()
    assert done.verdict == "INCOMPLETE"
    assert done.exit_code == 3
    assert done.result.manifest.simulated is not None
    assert done.result.manifest.simulated.failed == 4
    assert not any("c-01" in path.read_text() for path in Path(RECORDED).rglob("*.jsonl"))
    (comparison,) = done.comparisons
    assert comparison.reasons[0].text.startswith("all evaluators / all conversations: 2 of 4 verdicts of the baseline")
    told = "2 raised (RuntimeError: the line is dead (agents/helper.py:"
    assert f"could not be evaluated: of the baseline {told}" in markdown([comparison])
    assert f"of the candidate {told}" in markdown([comparison])

    monkeypatch.delenv("RAISES")
    before = len(asked(log))
    again = ran(space)
    assert {line.partition(".")[0] for line in asked(log)[before:]} == {"c-01", "c-02"}
    assert again.result.manifest.counts.errored == 0


def test_customers_that_made_mistakes_are_left_out_and_told(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalh.models import Fault
    from evalh.simulator import talk

    def faulty(held: Any) -> tuple[Fault, ...]:
        return (Fault(fault="looped", turn=0),) if held.case.id == "c-03" and held.ended else ()

    monkeypatch.setattr(talk, "faults_of", faulty)
    done = ran(space)
    manifest = done.result.manifest

    assert {row["case"] for row in rows("out")} == {"c-00", "c-01", "c-02"}
    assert [(one.prompt_version, one.case, one.attempts, one.fault) for one in manifest.excluded] == [
        ("v1", "c-03", 3, "looped"), ("v2", "c-03", 3, "looped"),
    ]  # fmt: skip
    assert manifest.simulated is not None
    assert (manifest.simulated.excluded, manifest.simulated.again, manifest.simulated.trials) == (2, 6, 8)
    assert done.verdict == "INCOMPLETE"
    comparison = done.comparisons[0]
    assert (comparison.baseline.excluded, comparison.candidate.excluded) == (1, 1)  # type: ignore[union-attr]
    planned: list[PlayEstimate] = []
    ran(space, "again", planned, recordings="replay_only")
    assert planned[0].recorded == 8, "their attempts are recorded, so that a replay decides the same"
    same("out", "again")


# --- mistakes of the user, before anybody is asked ---


CIRCLE = "name: Calm\nagenda: [{id: a, say: [x], after: b}, {id: b, say: [y], after: a}]"


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("golden_sets/few/cases.jsonl", '"calm"', '"clam"', r"no persona 'clam'; did you mean 'calm'"),
        ("golden_sets/few/cases.jsonl", '"persona": "calm", ', "", r"cases\.jsonl: the case 'c-00' has no persona"),
        ("golden_sets/few/cases.jsonl", "2026-11-05", "2020-11-05", r"2020-11-05"),
        ("configs/prompts/care/v2.md", "Explain", "Your plan: {{customer.plann}}. Explain",
         r"v2\.md:8: \{\{customer\.plann\}\} cannot be filled"),
        ("configs/small.yaml", "agents.helper:reply", "agents.nowhere:reply", "agents.nowhere"),
        ("configs/small.yaml", "agents.helper:reply", "agents.helper:answer", "answer"),
        ("configs/small.yaml", ':reply"', ':reply", greeting: "Hi {{nam}}"', r"small\.yaml:.*nam"),
        ("personas/calm.yaml", "name: Calm", CIRCLE, r"personas/calm\.yaml:\d+: agenda"),
    ],
)  # fmt: skip
def test_mistakes_are_told_before_anybody_is_asked(
    space: Workspace, log: Path, file: str, old: str, new: str, told: str
) -> None:
    text = (space.root / file).read_text()
    assert old in text
    write(space.root, file, text.replace(old, new, 1))

    with pytest.raises(UserError, match=told):
        ran(space)
    assert asked(log) == []
    assert not Path(RECORDED).exists() or not list(Path(RECORDED).rglob("*.jsonl"))


def test_nobody_is_asked_whose_key_is_not_set(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (space.root / "configs/small.yaml").read_text()
    chat = 'agent: {kind: chat, model: m, base_url: "https://example.com/v1", api_key_env: NO_SUCH_KEY}'
    lines = [chat if line.startswith("agent:") else line for line in text.splitlines()]
    write(space.root, "configs/small.yaml", "\n".join(lines) + "\n")
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)

    with pytest.raises(UserError, match="NO_SUCH_KEY, which should hold the key, is not set"):
        ran(space)


def test_a_limit_of_cost_without_prices_is_a_mistake(space: Workspace) -> None:
    with pytest.raises(UserError, match="limit of cost"):
        ran(space, limits=Limits(max_cost=1.0))


def test_a_recording_that_was_changed_by_hand_ends_the_run(space: Workspace) -> None:
    ran(space)
    path = next(Path(RECORDED).rglob("calm.jsonl"))
    path.write_text(path.read_text().replace("last four digits", "last five digits", 1))

    with pytest.raises(BadInput, match=r"calm\.jsonl:\d+: was changed by hand"):
        ran(space, "again")


# --- stopped, killed and gone on ---


def test_a_limit_of_calls_stops_it_and_the_same_command_goes_on(space: Workspace, log: Path) -> None:
    with pytest.raises(Stopped, match="the limit of 9 calls is reached"):
        ran(space, limits=Limits(max_calls=9))
    assert len(asked(log)) == 9
    first = asked(log)

    ran(space)
    assert not set(asked(log)[9:]) & set(first)
    ran(space, "again", recordings="replay_only")
    same("out", "again")


def test_a_limit_of_time_stops_it(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOW", "0.2")
    configure(space.root, "simulation: {concurrency: 1}\n")

    with pytest.raises(Stopped, match=r"the limit of 0\.5s is reached; what was done is kept"):
        ran(space, limits=Limits(seconds=0.5))


def test_a_limit_of_time_stops_a_run_that_asks_nobody(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(space)
    monkeypatch.setattr("evalh.gate.timed.Timer", AtOnce)

    with pytest.raises(Stopped, match="the limit of 2m is reached"):
        ran(space, "again", limits=Limits(seconds=120), recordings="replay_only")


class AtOnce:
    """A timer whose time is over."""

    def __init__(self, _: float, call: Any) -> None:
        self.call = call
        self.daemon = False

    def start(self) -> None:
        self.call()

    def cancel(self) -> None:
        pass


def test_killed_again_and_again_it_repeats_at_most_what_was_in_flight(
    space: Workspace, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "0.05")
    configure(space.root, "simulation: {concurrency: 2}\n")
    kills = 0
    for _ in range(3):
        before = len(asked(log))
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from evalh.cli.main import main; sys.exit(main(['run', '--out', 'out']))",
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while len(asked(log)) < before + 4 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    ran(space)

    calls = asked(log)
    assert kills >= 2
    assert len(calls) - len(set(calls)) <= 2 * kills
    ran(space, "again", recordings="replay_only")
    same("out", "again")


def test_recording_again_that_ends_before_its_results_are_written_asks_nobody_twice(
    space: Workspace, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("evalh.runner.execute.write_results", ends)
        with pytest.raises(KeyboardInterrupt):
            ran(space, recordings="record")
    before = len(asked(log))
    ran(space, recordings="record")
    assert len(asked(log)) == before > 8

    ran(space, recordings="record")
    assert len(asked(log)) == 2 * before


# --- models on both sides ---


def models(root: Path, url: str, more: str = "") -> None:
    where = f'base_url: "{url}", api_key_env: null{more}'
    configure(root, f"simulation: {{max_turns: 3, customer: {{kind: model, model: c, {where}}}}}\n")
    chat = f"agent: {{kind: chat, model: a, {where}}}"
    path = root / "configs/small.yaml"
    lines = [chat if line.startswith("agent:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")


def said_by_models(body: dict[str, Any]) -> str:
    if body["model"] == "a":
        return "I have reset the line. It is fixed now. Anything else?"
    (nonce,) = re.findall(r'Its "nonce" is "(\w+)"', body["messages"][-1]["content"])
    return json.dumps({"nonce": nonce, "say": f"My wifi is slow; {len(str(body['messages']))} characters were said."})


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_models_play_both_sides_and_are_replayed_without_them(space: Workspace) -> None:
    with StubEndpoint(said_by_models) as stub:
        models(space.root, stub.base_url, ", prices: {input: 1.0, output: 1.0}")
        simulated = ran(space).result.manifest.simulated
        requests = len(stub.requests)
        with pytest.raises(Stopped, match="--max-cost"):
            ran(space, "dear", recordings="record", limits=Limits(max_cost=1e-9))
    before = {path: path.read_bytes() for path in Path(RECORDED).rglob("*.jsonl")}
    again = ran(space, "again", recordings="replay_only")

    assert simulated is not None
    assert simulated.calls == requests > 16
    assert simulated.cost is not None
    assert simulated.cost > 0
    assert simulated.failed == 0
    assert again.result.manifest.simulated is not None
    assert again.result.manifest.simulated.calls == 0
    assert {path: path.read_bytes() for path in Path(RECORDED).rglob("*.jsonl")} == before
    same("out", "again")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_endpoint_that_is_down_is_incomplete(space: Workspace) -> None:
    with StubEndpoint(faults=Fault.REFUSED) as stub:
        models(space.root, stub.base_url, ", timeout: 5")
        done = ran(space)

    assert done.verdict == "INCOMPLETE"
    assert done.exit_code == 3
    assert {row["state"] for row in rows("out")} == {"errored"}
    assert {row["error"]["class"] for row in rows("out")} <= {"connection", "circuit_open"}


# --- one at a time ---


def test_it_can_be_ended_in_the_middle(space: Workspace, tmp_path: Path) -> None:
    from evalh.gate.plan import plan_of

    live = Live(plan_of(space, space.config(None)), budget=Budget())
    live.open(tmp_path / "cache")
    playing: Iterator[Played] = live.played()
    next(playing)
    live.close()
    live.close()


def test_a_case_that_nobody_has_is_told(space: Workspace) -> None:
    from evalh.gate.simulate import SimulateOptions, chosen

    with pytest.raises(NotFound, match="no case 'c-09'; did you mean"):
        chosen(space, None, SimulateOptions(cases=("c-09",)))
    with pytest.raises(NotFound, match="no persona 'clam'; did you mean 'calm'"):
        chosen(space, None, SimulateOptions(personas=("clam",)))
    change(space.root, "configs/small.yaml", 'kind: function, function: "agents.helper:reply"', "kind: replay")
    with pytest.raises(BadConfig, match="there is nobody to talk to"):
        chosen(space, None, SimulateOptions())


def test_gated_run_takes_a_live_agent_as_any_other(space: Workspace) -> None:
    assert gated_run(space, "small", Path("out"), GateOptions()).result.manifest.conversations == 8


def test_too_many_left_out_are_told_with_the_reason(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalh.models import Fault
    from evalh.simulator import talk

    monkeypatch.setattr(talk, "faults_of", lambda held: (Fault(fault="looped"),) * (held.case.id == "c-03"))
    reasons = [reason.text for reason in ran(space).comparisons[0].reasons if reason.kind == "quorum"]

    assert any("1 trial was left out because the simulated customer made mistakes" in text for text in reasons)
