"""`evalh simulate`, and `evalh run` and `evalh plan` with an agent that is talked to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from tests.live_workspace import asked, configure, live_workspace
from typer.testing import CliRunner

from evalh.cli.limits import seconds
from evalh.cli.main import outcome
from evalh.cli.plan import plan
from evalh.cli.run import run
from evalh.cli.simulate import simulate
from evalh.errors import BadConfig
from evalh.importers import open_source

APP = typer.Typer()
for _name, _command in (("plan", plan), ("run", run), ("simulate", simulate)):
    APP.command(_name)(_command)
RECORDED = Path("golden_sets/few/recordings/small")


class Ended:
    """What a person saw, and the exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = " ".join(out.split())
        self.err = err


@pytest.fixture(autouse=True)
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "space"
    live_workspace(root, cases=2)
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    return root


def evalh(*arguments: str) -> Ended:
    codes: list[int] = []

    def call() -> None:
        codes.append(outcome(lambda: typer.main.get_command(APP)(list(arguments), prog_name="evalh")))

    wrapped = typer.Typer()
    wrapped.command()(call)
    done = CliRunner().invoke(wrapped, [], catch_exceptions=False)
    return Ended(codes[0], done.stdout, done.stderr)


def calls() -> list[str]:
    return asked(Path(os.environ["ASKED"]))


def test_the_customers_talk_to_the_agent_and_the_plan_is_told_first() -> None:
    done = evalh("simulate")

    assert done.code == 0
    assert done.err.startswith(
        "4 conversations of scripted customers with function:agents.helper:reply, none recorded; 4 to hold: at most "
        "64 turns of the agent and, with what is played again, 192 calls\n"
    )
    assert "prompt persona held turns left closed cut off failed pitched accepted declined again out" in done.out
    assert "v1 calm 1 " in done.out
    assert f"recorded in {RECORDED}" in done.out
    assert len(list(RECORDED.rglob("*.jsonl"))) == 4


def test_what_is_chosen_is_played_and_shown() -> None:
    done = evalh("simulate", "small", "--case", "c-01", "--version", "v2", "--show")

    assert done.code == 0
    assert "c-01, hurried, prompt v2, trial 0: the customer ended it" in done.out
    assert "agent: I have reset the line, and now we wait" in done.out
    assert "[state" in done.out
    assert {line.partition(" ")[0] for line in calls()} == {"c-01.v2"}


def test_another_persona_may_play_a_case_and_is_not_recorded() -> None:
    done = evalh("simulate", "--case", "c-01", "--persona", "calm", "--version", "v1", "--show")

    assert "c-01+calm, calm, prompt v1, trial 0" in done.out
    assert "not recorded: a run of this configuration has no use for it" in done.out
    assert not RECORDED.exists()
    assert evalh("simulate", "--persona", "calm").code == 0
    assert {path.name for path in RECORDED.rglob("*.jsonl")} == {"calm.jsonl"}


def test_another_seed_is_another_customer_and_not_recorded() -> None:
    usual = evalh("simulate", "--case", "c-00", "--version", "v1", "--show")
    other = evalh("simulate", "--case", "c-00", "--version", "v1", "--show", "--seed", "12")

    assert other.code == 0
    assert "not recorded" in other.out
    assert usual.out != other.out
    assert len(list(RECORDED.rglob("*.jsonl"))) == 1


def test_conversations_are_written_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "held.jsonl"
    evalh("simulate", "--out", str(path), "--trials", "2")
    held = [item.conversation for item in open_source(str(path)) if hasattr(item, "conversation")]

    assert sorted((one.case, one.agent.prompt_version, one.trial) for one in held) == [
        (case, version, trial) for case in ("c-00", "c-01") for version in ("v1", "v2") for trial in (0, 1)
    ]
    told = held[0].metadata["simulation"]
    assert isinstance(told, dict)
    assert told["moves"]


def test_nobody_is_asked_twice_and_recording_again_asks_everybody() -> None:
    evalh("simulate")
    first = len(calls())
    again = evalh("simulate", "--replay-only")
    assert again.err == (
        "4 conversations of scripted customers with function:agents.helper:reply, all recorded: nobody is asked\n"
    )
    assert len(calls()) == first
    evalh("simulate", "--record")
    assert len(calls()) == 2 * first


def test_a_limit_ends_with_3_and_tells_what_was_held() -> None:
    done = evalh("simulate", "--max-calls", "5")

    assert done.code == 3
    assert "the limit of 5 calls is reached; what was done is kept: raise --max-calls" in done.err
    assert len(calls()) == 5


def test_more_failures_than_conversations_end_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAISES", "c-00,c-01")
    done = evalh("simulate")
    assert done.code == 3
    assert "4 of 4 conversations failed" in done.err
    assert "4 conversations failed, agent: raised: RuntimeError: the line is dead" in done.out
    assert "recorded in" not in done.out

    monkeypatch.setenv("RAISES", "c-00")
    assert evalh("simulate").code == 0, "half of them"


def test_what_an_agent_says_never_reaches_the_terminal_as_control(space: Path) -> None:
    path = space / "agents/helper.py"
    path.write_text(path.read_text().replace("You're welcome.", "\\x1b[2J[bold]You're\\u202e welcome."))
    done = evalh("simulate", "--show", "--case", "c-00")

    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert r"\x1b[2J[bold]You're\u202e welcome." in done.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--case", "c-09"], "there is no case 'c-09'; did you mean 'c-0"),
        (["--persona", "clam"], "there is no persona 'clam'; did you mean 'calm'?"),
        (["--version", "v3"], "called 'v3'"),
        (["--record", "--replay-only"], "--record asks for everything and --replay-only for nothing; give one of them"),
        (["--time-limit", "soon"], "--time-limit: 'soon' is no time; write it as 90s, 10m or 2h"),
        (["--replay-only"], "this conversation was never recorded"),
    ],
)
def test_mistakes_are_one_sentence(arguments: list[str], told: str) -> None:
    done = evalh("simulate", *arguments)

    assert done.code == 2
    assert told in done.err
    assert calls() == []


def test_recordings_of_a_golden_set_are_nobody_to_talk_to(space: Path) -> None:
    path = space / "configs/small.yaml"
    path.write_text(path.read_text().replace('kind: function, function: "agents.helper:reply"', "kind: replay"))
    done = evalh("simulate")

    assert done.code == 2
    assert "small.yaml: agent: replays recordings, so there is nobody to talk to; configure one" in done.err


@pytest.mark.parametrize(
    ("text", "wanted"), [("90s", 90.0), ("10m", 600.0), ("2h", 7200.0), ("0.5s", 0.5), (None, None)]
)
def test_times(text: str | None, wanted: float | None) -> None:
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "10", "-1s", "0s", "1d", "1 m", "1e3s", "９s", "9" * 7 + "s"])
def test_no_times(text: str) -> None:
    with pytest.raises(BadConfig, match="is no time"):
        seconds(text)


# --- run and plan ---


def test_a_run_tells_its_plan_how_it_was_played_and_how_often_trials_pass() -> None:
    configure(Path.cwd(), "trials: 2\ngate: {min_pairs: 2}\n")
    done = evalh("run", "--out", "out")

    assert "8 conversations of scripted customers" in done.err
    assert "agent function:agents.helper:reply" in done.out
    assert "played 8 played, 0 of them recorded before; " in done.out
    assert "pass^2 is the share of cases all of whose trials pass" in done.out
    assert "pass^2" in Path("out/report.md").read_text()
    again = evalh("run", "--out", "out", "--replay-only")
    assert "8 played, 8 of them recorded before; 0 calls" in again.out


def test_a_run_that_reaches_its_limit_ends_with_3() -> None:
    done = evalh("run", "--out", "out", "--max-calls", "3")

    assert done.code == 3
    assert "the limit of 3 calls is reached" in done.err
    assert json.loads(Path("out/manifest.json").read_text())["status"] == "interrupted"


def test_a_plan_asks_nobody_and_counts_what_is_recorded() -> None:
    told = evalh("plan")
    assert told.code == 0
    assert "4 conversations of scripted customers with function:agents.helper:reply, none recorded" in told.out
    assert calls() == []
    evalh("simulate", "--version", "v1")
    found = json.loads(evalh("plan", "--json").out)

    assert found["played"] == {
        "agent": "function:agents.helper:reply", "customers": "scripted", "conversations": 4, "recorded": 2,
        "turns": 32, "calls": 96,
    }  # fmt: skip
    ran = evalh("run", "--out", "out")
    assert ran.code in (0, 1, 3)
    assert json.loads(Path("out/manifest.json").read_text())["run_id"] == found["run_id"]
