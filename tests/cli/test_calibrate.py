import json
from pathlib import Path
from typing import Any

import pytest
from tests.agreement.labelled import GIVEN, LABELS, WRONG, labelled_workspace, relabel, row
from tests.cli.conftest import Evalh
from tests.small_workspace import SHORT, change, record, write

from evalh.models.agreement import Agreement
from evalh.testing import Fault, StubEndpoint


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, a workspace with confirmed labels; see `labelled_workspace`."""
    root = tmp_path / "space"
    labelled_workspace(root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    return root


def unconfirmed(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**one, "confirmed": False} for one in rows]


def kept(root: Path) -> Agreement:
    return Agreement.model_validate_json((root / "calibration/few.json").read_text(encoding="utf-8"))


def test_agreement_is_printed_and_kept(evalh: Evalh, labelled: Path) -> None:
    done = evalh("calibrate", "few")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]

    assert (done.code, done.err) == (0, "")
    assert lines[0] == "few: 6 confirmed labels by 1 labeller, 5 conversations by v1"
    (told,) = [line for line in lines if line.startswith("groundedness 5 ")]
    assert told.startswith("groundedness 5 3 (60%) 3 0.67 0.67 0.67 [")
    assert "c-02 v1: groundedness: labelled no fault, found wrong_price" in done.out
    assert "c-04 v1, turn 2: groundedness: labelled invented_fee (turn 2), found no fault" in done.out
    assert lines[-1] == "kept in calibration/few.json"
    assert kept(labelled).labels == 6
    assert "unconfirmed" not in done.out


def test_json_is_what_is_kept(evalh: Evalh, labelled: Path) -> None:
    done = evalh("calibrate", "few", "--json", "--out", "there.json")

    assert done.code == 0
    assert json.loads(done.out) == json.loads((labelled / "there.json").read_text(encoding="utf-8"))
    assert not (labelled / "calibration").exists()


def test_without_a_confirmed_label_it_says_what_to_do(evalh: Evalh, labelled: Path) -> None:
    relabel(labelled, *unconfirmed(*GIVEN))
    done = evalh("calibrate", "few")

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f'{LABELS}: no confirmed label exists: all 6 are unconfirmed; set "confirmed": true on those that people '
        "settled, or give --include-unconfirmed to compare all\n"
    )


def test_unconfirmed_labels_are_called_so_everywhere(evalh: Evalh, labelled: Path) -> None:
    relabel(labelled, *unconfirmed(*GIVEN))
    done = evalh("calibrate", "few", "--include-unconfirmed")

    assert done.code == 0
    assert "few: 6 unconfirmed labels by 1 labeller" in done.out
    assert "These labels are unconfirmed" in done.out
    assert kept(labelled).confirmed is False


def test_places_on_which_labellers_differ_are_told_and_left_out(evalh: Evalh, labelled: Path) -> None:
    other = row("c-00", "act", "answer", turn=2, offer="FIBER-500", labeller="bob")
    relabel(labelled, *unconfirmed(*GIVEN, other))
    done = evalh("calibrate", "few", "--include-unconfirmed")

    assert done.code == 0
    assert "1 place on which labellers differ does not count:" in done.out
    assert kept(labelled).left_out == (
        f"{LABELS}:7: bob says 'answer', and ann on line 6 says 'pitch' (act, turn 2, FIBER-500)",
    )


def test_only_the_versions_that_are_asked_for_count(evalh: Evalh, labelled: Path) -> None:
    relabel(labelled, *GIVEN, row("c-00", "groundedness", "grounded", prompt_version="v2"))

    assert evalh("calibrate", "few", "--prompt-version", "v2").code == 0
    assert (kept(labelled).labels, [info.version for info in kept(labelled).prompts]) == (1, ["v2"])
    assert evalh("calibrate", "few").code == 0
    assert (kept(labelled).labels, [info.version for info in kept(labelled).prompts]) == (7, ["v1", "v2"])


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "turn": (row("c-00", "act", "pitch", turn=9), "turn: the recording has no turn 9, its last is 3; correct the turn"),
    "case": (row("c-99", "act", "pitch", turn=2), "case: there is no case 'c-99'; there are c-00, c-01"),
    "version": (
        row("c-00", "act", "pitch", turn=2, prompt_version="v7"),
        "prompt_version: there is no recording by 'v7', and 1 label is of it; record it or remove its labels",
    ),
    "trial": (row("c-00", "act", "pitch", turn=2, trial=3), "there is no recording of 'c-00' by 'v1', trial 3"),
    "offer": (row("c-00", "act", "pitch", turn=2, offer="GOLD"), "offer: the policy 'home' has no offer 'GOLD'"),
    "label": (row("c-00", "act", "sell", turn=2), "'sell' is no label of 'act'; one of pitch, answer"),
    "construct": (row("c-00", "acts", "pitch", turn=2), "unknown construct 'acts'"),
    "side": (
        row("c-00", "reply", "refuse", turn=2),
        "turn: turn 2 is of role 'agent', and 'refuse' (reply) is labelled of what the customer says; correct the turn",
    ),
    "side of the label": (
        row("c-00", "progress", "solved", turn=2),
        "turn: turn 2 is of role 'agent', and 'solved' (progress) is labelled of what the customer says; correct",
    ),
    "no turn": (row("c-00", "mood", "calm"), "turn: is missing, and 'mood' is labelled of a turn; give the turn"),
    "twice": (
        row("c-00", "act", "answer", turn=2, offer="FIBER-500"),
        "label: 'answer' contradicts 'pitch' on line 6 (act, turn 2, FIBER-500), and both are confirmed; keep",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_label_is_one_sentence_with_its_line(evalh: Evalh, labelled: Path, name: str) -> None:
    bad, told = BAD[name]
    relabel(labelled, *GIVEN, bad)
    done = evalh("calibrate", "few")

    assert (done.code, done.out) == (2, "")
    (sentence,) = done.err.splitlines()
    assert sentence.startswith(f"{LABELS}:7: ")
    assert told in sentence
    assert not (labelled / "calibration").exists()


def test_two_labels_of_one_labeller_for_one_place_are_refused_also_unconfirmed(evalh: Evalh, labelled: Path) -> None:
    relabel(labelled, *unconfirmed(*GIVEN, row("c-00", "act", "answer", turn=2, offer="FIBER-500")))
    done = evalh("calibrate", "few", "--include-unconfirmed")

    assert done.code == 2
    assert (
        "'answer' contradicts 'pitch' on line 6 (act, turn 2, FIBER-500), and both are of ann; keep one of them"
        in done.err
    )


def test_all_mistakes_are_told_at_once(evalh: Evalh, labelled: Path) -> None:
    relabel(labelled, *GIVEN, *(BAD[name][0] for name in ("turn", "case", "side", "twice")))
    done = evalh("calibrate", "few")

    assert done.code == 2
    places = {line.split(": ")[0] for line in done.err.splitlines()}
    assert places == {f"{LABELS}:{number}" for number in range(7, 11)}


def test_what_is_not_there_is_told(evalh: Evalh, labelled: Path) -> None:
    assert "there is no golden set 'fwe'; did you mean 'few'?" in evalh("calibrate", "fwe").err
    told = evalh("calibrate", "few", "--prompt-version", "v3")
    assert (told.code, "there is no labelled prompt version 'v3'" in told.err) == (2, True)
    (labelled / LABELS).unlink()
    told = evalh("calibrate", "few")
    assert (told.code, f"{LABELS}: has no label; label recordings" in told.err) == (2, True)


def test_what_was_measured_is_told_also_where_it_cannot_be_kept(evalh: Evalh, labelled: Path) -> None:
    write(labelled, "calibration", "")
    done = evalh("calibrate", "few")

    assert done.code == 2
    assert done.out.startswith("few: 6 confirmed labels by 1 labeller")
    assert "kept in" not in done.out
    assert done.err == "calibration: cannot be made (File exists); choose another file with --out\n"


def test_full_cuts_no_list_of_what_differs(evalh: Evalh, labelled: Path) -> None:
    assert "more places in the file" in evalh("calibrate", "few", "--show", "1").out
    done = evalh("calibrate", "few", "--show", "1", "--full")

    assert "more places in the file" not in done.out
    assert "c-04 v1, turn 2: groundedness" in done.out


def test_a_configuration_of_another_golden_set_is_refused(evalh: Evalh, labelled: Path) -> None:
    write(labelled, "configs/other.yaml", (labelled / "configs/small.yaml").read_text("utf-8").replace("few", "many"))
    done = evalh("calibrate", "few", "--config", "other")

    assert done.code == 2
    assert "configs/other.yaml: golden_set: is of 'many', not of 'few'; name another configuration" in done.err


def test_text_of_transcripts_reaches_the_terminal_as_text(evalh: Evalh, labelled: Path) -> None:
    hostile = f"{SHORT} \u001b[2J[bold]x[/bold]\u202e"
    record(labelled, "v1", dict.fromkeys(("c-00", "c-01", "c-02", "c-03", "c-04"), hostile))
    done = evalh("calibrate", "few", "--full", "--show", "50")

    assert done.code == 0
    assert "\\x1b[2J[bold]x[/bold]\\u202e" in done.out
    assert "\u001b" not in done.out
    assert "\u202e" not in done.out


# --- beside a run ---


def beside(out: str, evaluator: str) -> str:
    """What stands in the summary table after the coverage of an evaluator."""
    (line, *_) = [line for line in out.splitlines() if line.split()[:1] == [evaluator]]
    return line.split("%", 1)[1].strip()


@pytest.fixture
def known(evalh: Evalh, labelled: Path) -> Path:
    """`labelled`, calibrated as its configuration runs."""
    change(labelled, "configs/small.yaml", "evaluators:\n  brevity: {max_words: 30}\n", "")
    assert evalh("calibrate", "few", "--config", "small").code == 0
    return labelled


def test_a_run_tells_what_is_known_of_each_evaluator(evalh: Evalh, known: Path) -> None:
    done = evalh("run", "--no-gate")

    assert beside(done.out, "groundedness").startswith("F1 0.67 [")
    assert beside(done.out, "groundedness").endswith("], 5 labels")
    assert beside(done.out, "brevity") == "none known"
    report = next((known / "results").glob("*/report.md")).read_text(encoding="utf-8")
    assert "Agreement of the evaluators with labels" in report


def test_results_do_not_depend_on_what_is_known_but_for_the_report(evalh: Evalh, known: Path) -> None:
    evalh("run", "--no-gate", "--out", "with")
    (known / "calibration/few.json").unlink()
    evalh("run", "--no-gate", "--out", "without")

    for path in (known / "with").iterdir():
        same = path.read_bytes() == (known / "without" / path.name).read_bytes()
        assert same is (path.name != "report.md"), path.name


def test_a_run_that_judges_otherwise_tells_for_what_it_is_known(evalh: Evalh, known: Path) -> None:
    change(known, "configs/small.yaml", "encoder: {kind: none}", "encoder: {kind: none}, unsure_below: 0.6")

    told = beside(evalh("run", "--no-gate").out, "groundedness")
    assert told == "known for another limit below which facts are unsure"


def test_without_a_calibration_one_line_says_that_none_is_known(evalh: Evalh, labelled: Path) -> None:
    done = evalh("run", "--no-gate")

    assert done.out.count("none known") == 1
    assert "agreement with labels: none known; evalh calibrate GOLDEN_SET measures it" in done.out


def test_score_tells_it_too(evalh: Evalh, known: Path) -> None:
    one = {"id": "a", "started_at": "2026-11-05T10:00:00Z", "turns": [{"role": "agent", "text": WRONG}]}
    write(known, "one.jsonl", json.dumps(one) + "\n")
    write(known, "two.jsonl", json.dumps(one) + "\n" + json.dumps({**one, "id": "b"}) + "\n")
    for file in ("one.jsonl", "two.jsonl"):
        done = evalh("score", file, "--policy", "home", "--encoder", "none")
        assert done.code == 0
        assert "F1 0.67 [" in done.out
    assert "known for another policy" in evalh("score", "one.jsonl", "--encoder", "none").out


def test_a_run_of_a_workspace_elsewhere_tells_it_too(
    evalh: Evalh, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(known.parent)
    done = evalh("run", "space/configs/small.yaml", "--no-gate", "--out", "out")

    assert beside(done.out, "groundedness").startswith("F1 0.67 [")


def test_validate_checks_what_is_kept_and_labels(evalh: Evalh, known: Path) -> None:
    assert evalh("validate").code == 0
    assert evalh("validate", "calibration/few.json").out == "ok: calibration with 'few'\n"

    write(known, "calibration/few.json", "{")
    relabel(known, *GIVEN, BAD["side"][0], BAD["twice"][0])
    done = evalh("validate")
    assert done.code == 2
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [
        f"{LABELS}:7",
        "calibration/few.json",
        f"{LABELS}:8",
    ]
    assert evalh("validate", "calibration/few.json").code == 2


def test_a_damaged_calibration_stops_a_run_before_it_begins(evalh: Evalh, known: Path) -> None:
    write(known, "calibration/few.json", "{")
    done = evalh("run", "--no-gate")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("calibration/few.json")
    assert "calibrate again, or delete the file" in done.err


# --- with a judge ---


def with_judge(root: Path, base_url: str) -> None:
    """The configuration `small` with a judge that reads."""
    judge = f'judge: {{model: stub, base_url: "{base_url}", api_key_env: null}}\nreader: {{kind: judge}}\n'
    path = root / "configs/small.yaml"
    lines = [line for line in path.read_text().splitlines(keepends=True) if not line.startswith("reader:")]
    path.write_text("".join(lines) + judge)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_judge_is_asked_only_when_it_is_named(evalh: Evalh, labelled: Path) -> None:
    with StubEndpoint() as stub:
        with_judge(labelled, stub.base_url)
        alone = evalh("calibrate", "few", "--config", "small")
        before = len(stub.requests)
        local = kept(labelled)
        asked = evalh("calibrate", "few", "--judge", "small")

    assert (alone.code, before, local.reader.startswith("local-")) == (0, 0, True)
    assert (asked.code, len(stub.requests)) == (0, 5)
    assert kept(labelled).reader.startswith("judge(stub@")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_what_a_judge_failed_to_say_is_no_disagreement(evalh: Evalh, labelled: Path) -> None:
    with StubEndpoint(faults=Fault.QUOTA) as stub:
        with_judge(labelled, stub.base_url)
        done = evalh("calibrate", "few", "--judge", "small")

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("the judge failed in 5 of 5 conversations (quota: ")
    assert not (labelled / "calibration").exists()
