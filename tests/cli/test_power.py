import json
import random
from pathlib import Path

import pytest
from tests.cli.conftest import Evalh
from tests.runner.fakes import V1, V2, inputs
from tests.small_workspace import change

from evalh.cli.main import main
from evalh.models import Case, PowerReport
from evalh.runner import Source, run
from evalh.testing import make_conversation

QUICK = ("--splits", "20", "--drops", "5,50")


def held(number: int, trial: int, version: str, chance: random.Random) -> Source:
    """A recording of a case; the agent now and then pitches, or says too much."""
    case = Case(id=f"case-{number:02}", persona="odd" if number % 2 else "even")
    said = " ".join([chance.choice(["hello"] * 4 + ["fiber"]), *["word"] * chance.choice([3, 3, 3, 12])])
    return Source(version, make_conversation(f"C: hi\nA: {said}", id=f"{case.id}.{trial}", trial=trial), case)


def a_run(folder: Path, *, cases: int = 16, trials: int = 4) -> None:
    """A finished run of two prompt versions, the first one the baseline."""
    chance = random.Random(1)
    sources = [
        held(number, trial, version, chance)
        for version in ("v1", "v2")
        for number in range(cases)
        for trial in range(trials)
    ]
    given = inputs(sources, prompts={"v1": V1, "v2": V2}, trials=trials, baseline="v1")
    run(given, folder)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("power") / "r_1"
    a_run(folder)
    return folder


def test_it_says_how_often_nothing_is_blocked_and_what_is_found(evalh: Evalh, root: Path, finished: Path) -> None:
    done = evalh("power", str(finished), *QUICK, "--no-keep")
    assert (done.code, done.err) == (0, "")
    assert "16 cases in 2 cohorts (persona): 20 runs of 2 baseline and 2 candidate trials" in done.out
    assert "If nothing changed, this gate would have blocked " in done.out
    assert "brevity in one persona" in done.out
    assert not (finished / "power.json").exists()


def test_the_result_stays_in_the_folder_of_the_run(evalh: Evalh, root: Path) -> None:
    a_run(root / "results" / "here")
    assert evalh("power", "here", *QUICK).code == 0
    report = PowerReport.model_validate_json((root / "results/here/power.json").read_text())
    assert (report.prompt_version, report.splits, report.blocked.of) == ("v1", 20, 20)
    assert [one.drop for one in report.planted[0].drops] == [0.05, 0.5]
    assert evalh("power", "here:v1", *QUICK).code == 0, "a run with a power.json can still be read"


def test_json_is_the_same_report_on_one_line(evalh: Evalh, root: Path, finished: Path) -> None:
    options = (*QUICK, "--no-keep", "--json", "--trials", "3x1", "--seed", "5", "--flips", "1200")
    first, again = (evalh("power", f"{finished}:v2", *options) for _ in range(2))
    assert first == again
    report = json.loads(first.out)
    assert report["schema"] == "evalh.power/1"
    assert (report["prompt_version"], report["seed"], report["flips"]) == ("v2", 5, 1200)
    assert (report["baseline_trials"], report["candidate_trials"]) == (3, 1)


def test_the_gate_of_another_configuration_can_be_tried(evalh: Evalh, root: Path, finished: Path) -> None:
    change(root, "configs/small.yaml", "scorecard: card", "scorecard: card\ngate: {alpha: 0.01}")
    done = evalh("power", str(finished), *QUICK, "--no-keep", "--json", "--config", "small")
    report = json.loads(done.out)
    assert (report["alpha"], report["settings_from"]) == (0.01, "configs/small.yaml")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--trials", "9"), "--trials: '9' is no number of trials of each side; write it as 9x3, baseline first\n"),
        (("--trials", "0x3"), "--trials: '0x3' is no number of trials of each side; write it as 9x3, baseline first\n"),
        (("--drops", "3,-6"), "--drops: '3,-6' is no list of drops; write points above 0 and up to 100, as 3,6,9\n"),
        (("--drops", "0"), "--drops: '0' is no list of drops; write points above 0 and up to 100, as 3,6,9\n"),
        (("--drops", "nan"), "--drops: 'nan' is no list of drops; write points above 0 and up to 100, as 3,6,9\n"),
    ],
)  # fmt: skip
def test_malformed_options_are_one_sentence(
    evalh: Evalh, root: Path, finished: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = evalh("power", str(finished), *arguments)
    assert (done.code, done.out, done.err) == (2, "", said)


def test_a_run_that_does_not_exist_is_one_sentence(evalh: Evalh, root: Path) -> None:
    done = evalh("power", "r_nothing")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "there is no run 'r_nothing'" in done.err


def test_an_unknown_version_is_told_with_those_there_are(evalh: Evalh, root: Path, finished: Path) -> None:
    done = evalh("power", f"{finished}:v9")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "has no prompt version 'v9'; it has v1, v2" in done.err


def test_rows_that_were_changed_are_refused(evalh: Evalh, root: Path) -> None:
    a_run(root / "results" / "here", cases=2)
    rows = root / "results/here/conversations.jsonl"
    rows.write_bytes(rows.read_bytes()[:-9])
    done = evalh("power", "here")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "was changed or cut off after the run" in done.err


def test_an_unknown_configuration_gets_a_suggestion(evalh: Evalh, root: Path, finished: Path) -> None:
    done = evalh("power", str(finished), "--config", "smal")
    assert (done.code, done.err) == (2, "there is no run configuration 'smal'; did you mean 'small'?\n")


def test_one_trial_a_case_is_too_little_and_no_mistake(evalh: Evalh, root: Path) -> None:
    a_run(root / "results" / "once", trials=1)
    done = evalh("power", "once")
    assert (done.code, done.out) == (3, "")
    assert done.err == ("no case of v1 has two trials, so that nothing can be split; run it with trials: 2 or more\n")
    assert not (root / "results/once/power.json").exists()


def test_more_trials_than_there_are_is_too_little(evalh: Evalh, root: Path, finished: Path) -> None:
    done = evalh("power", str(finished), "--trials", "9x3")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "the most that v1 has is 4; ask for fewer, such as 2x2" in done.err


def test_help_tells_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "--help"]) == 0
    assert "Measure the gate on your own trials." in capsys.readouterr().out
