from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Ended, Evalh
from tests.repository import committed
from tests.small_workspace import SHORT, change, record, sign, write

V1, V2 = "done:v1", "done:v2"
CONFIG = "configs/small.yaml"
MANIFEST = "results/done/manifest.json"


def is_one_sentence(done: Ended) -> bool:
    return (done.code, done.out, done.err.count("\n"), "Traceback" in done.err) == (2, "", 1, False)


def found(done: Ended) -> dict[str, Any]:
    (line,) = done.out.splitlines()
    loaded: dict[str, Any] = json.loads(line)
    return loaded


def edit(root: Path, name: str, how: Callable[[dict[str, Any]], object]) -> None:
    held = json.loads((root / name).read_text())
    how(held)
    write(root, name, json.dumps(held))


def test_the_second_side_is_judged_by_the_first(evalh: Evalh, finished: Path) -> None:
    done = evalh("compare", V1, V2)
    assert (done.code, done.err) == (1, "")
    assert "REGRESSION" in done.out
    assert evalh("compare", V2, V1).code == 0


def test_a_side_against_itself_passes(evalh: Evalh, finished: Path) -> None:
    done = evalh("compare", V2, V2)
    assert (done.code, done.err) == (0, "")
    assert "PASS" in done.out


@pytest.mark.parametrize("named", ["done:v2", "results/done:v2", "./results/done/:v2", "{root}/results/done:v2"])
def test_a_run_is_named_by_its_folder_or_by_its_id(evalh: Evalh, finished: Path, named: str) -> None:
    assert evalh("compare", V1, named.format(root=finished)).code == 1


def test_the_current_folder_can_be_the_run(evalh: Evalh, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished / "results/done")
    assert evalh("compare", ".:v1", ".:v2").code == 1
    assert evalh("compare", "done:v1", "done:v2").code == 1


def test_folders_and_versions_may_have_colons_and_spaces(evalh: Evalh, finished: Path) -> None:
    (finished / "results/done").rename(finished / "results/on: monday")
    assert evalh("compare", "on: monday:v1", "results/on: monday:v2").code == 1
    assert evalh("compare", "on: monday", "on: monday").err.endswith(
        "has the prompt versions v1, v2; name one: r_"
        + (json.loads((finished / "results/on: monday/manifest.json").read_text())["run_id"][2:] + ":v1\n")
    )


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("done", "has the prompt versions v1, v2; name one: "),
        ("done:v9", "has no prompt version 'v9'; it has v1, v2"),
        ("done:", "'done:' names no prompt version after the colon; leave the colon out or add one"),
        ("r_0:v1", "there is no run 'r_0'; give the folder of a run, or its id in "),
        ("", "there is no run ''"),
        (":v1", "there is no run ':v1'"),
        ("golden_sets:v1", "there is no run here (no manifest.json); name the folder of a run"),
        ("x" * 300 + ":v1", "there is no run 'xxx"),
        ("a\0b", "there is no run 'a"),
        (CONFIG, "there is no run 'configs/small.yaml'"),
    ],
    ids=[
        "no version",
        "unknown version",
        "colon",
        "no run",
        "empty",
        "only version",
        "no manifest",
        "long",
        "nul",
        "file",
    ],
)
def test_what_names_no_side_is_one_sentence(evalh: Evalh, finished: Path, named: str, said: str) -> None:
    for sides in ((named, V2), (V1, named)):
        done = evalh("compare", *sides)
        assert is_one_sentence(done)
        assert said in done.err


# --- what was printed and kept ---


def test_json_is_one_object_and_nothing_else(evalh: Evalh, finished: Path) -> None:
    done = evalh("compare", V1, V2, "--json")
    assert (done.code, done.err) == (1, "")
    assert (found(done)["schema"], found(done)["verdict"]) == ("evalh.comparison/1", "REGRESSION")


def test_the_same_sides_give_what_the_run_gave_wherever_the_command_is_given(
    evalh: Evalh, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("comparison.json", "junit.xml", "metrics.txt")
    first = [(finished / "results/done" / name).read_bytes() for name in names]
    evalh("compare", V1, V2, "--out", "one")
    monkeypatch.chdir(finished / "configs")
    evalh("compare", V1, V2, "--out", "../two")
    for folder in ("one", "two"):
        assert [(finished / folder / name).read_bytes() for name in names] == first
    assert (finished / "one/report.md").read_bytes() == (finished / "two/report.md").read_bytes()


def test_without_out_nothing_is_left_and_the_runs_are_not_touched(evalh: Evalh, finished: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    evalh("compare", V1, V2)
    evalh("compare", V1, V2, "--out", "../kept")
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


def test_an_out_that_is_a_file_is_one_sentence(evalh: Evalh, finished: Path) -> None:
    done = evalh("compare", V1, V2, "--out", CONFIG)
    assert is_one_sentence(done)
    assert done.err == f"{CONFIG}: is a file, not a folder; name another folder\n"


def test_without_a_gate_no_verdict_is_given(evalh: Evalh, finished: Path) -> None:
    done = evalh("compare", V1, V2, "--no-gate", "--json")
    assert (done.code, found(done)["verdict"]) == (0, None)


def test_another_facet_can_be_the_cohort_and_an_unknown_one_is_refused(evalh: Evalh, finished: Path) -> None:
    done = evalh("compare", V1, V2, "--cohort", "plan")
    assert (done.code, done.err) == (2, "--cohort: no case has a facet 'plan' to group by; there are persona\n")
    assert evalh("compare", V1, V2, "--cohort", "persona").code == 1


def test_github_is_told_the_outcome(evalh: Evalh, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(finished / "output.txt"))
    assert evalh("compare", V1, V2, "--github").code == 1
    assert (finished / "output.txt").read_text().splitlines() == ["verdict=REGRESSION", "exit-code=1"]


# --- by which settings ---


def test_the_settings_are_those_the_candidate_was_run_with(evalh: Evalh, finished: Path) -> None:
    write(finished, CONFIG, (finished / CONFIG).read_text() + "gate: {min_drop: 0.6}\n")
    done = evalh("compare", V1, V2, "--json")
    assert (done.code, found(done)["settings_from"], found(done)["settings"]["min_drop"]) == (1, CONFIG, 0.02)


def test_a_configuration_can_decide_instead(evalh: Evalh, finished: Path) -> None:
    write(finished, "configs/loose.yaml", (finished / CONFIG).read_text() + "gate: {min_drop: 0.6}\n")
    for named in ("loose", "configs/loose.yaml"):
        done = evalh("compare", V1, V2, "--gate-from", named, "--json")
        assert (done.code, found(done)["settings_from"]) == (3, named)


def test_the_configuration_at_a_git_ref_can_decide(
    evalh: Evalh, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(finished, CONFIG, (finished / CONFIG).read_text() + "gate: {min_drop: 0.6}\n")
    committed(finished)
    write(finished, CONFIG, "no longer: good\n")
    monkeypatch.chdir(finished / "golden_sets")
    done = evalh("compare", V1, V2, "--gate-from", "git:main", "--json")
    assert (done.code, found(done)["settings_from"]) == (3, "git:main")
    assert is_one_sentence(evalh("compare", V1, V2, "--gate-from", "git:nope"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"alpha": 5}, "gate.alpha: should be less than or equal to 0.5, found 5"),
        ({"alhpa": 0.1}, "gate: unknown key 'alhpa'"),
    ],
)
def test_settings_of_the_run_that_cannot_be_used_are_one_sentence(
    evalh: Evalh, finished: Path, settings: dict[str, float], said: str
) -> None:
    edit(finished, MANIFEST, lambda held: held["gate"].update(settings))
    sign(finished / MANIFEST)
    done = evalh("compare", V1, V2)
    assert is_one_sentence(done)
    assert said in done.err


# --- more than the prompt differs ---


def test_runs_with_other_evaluators_are_refused_unless_allowed(evalh: Evalh, finished: Path) -> None:
    change(finished, CONFIG, "max_words: 30", "max_words: 31")
    evalh("run", "--out", "other")
    done = evalh("compare", V1, "other:v2")
    assert is_one_sentence(done)
    assert "differ in more than the prompt (evaluators.brevity: " in done.err
    assert evalh("compare", V1, "other:v2", "--allow", "evaluators").code == 1
    assert evalh("compare", V1, "other:v2", "--allow", "evaluators.brevity").code == 1
    assert is_one_sentence(evalh("compare", V1, "other:v2", "--allow", "polcies"))


def test_runs_of_one_configuration_at_two_times_are_named_by_run(evalh: Evalh, finished: Path) -> None:
    change(finished, CONFIG, "[v1, v2]", "[v2]")
    evalh("run", "--no-gate", "--out", "later")
    done = evalh("compare", V1, "later", "--json")
    older, later = (
        json.loads((finished / name / "manifest.json").read_text())["run_id"] for name in ("results/done", "later")
    )
    assert done.code == 1
    assert (found(done)["baseline"]["name"], found(done)["candidate"]["name"]) == (f"{older}:v1", f"{later}:v2")


def test_no_common_case_is_no_pass(evalh: Evalh, finished: Path) -> None:
    record(finished, "v1", dict.fromkeys([f"c-{number:02}" for number in range(6)], SHORT))
    record(finished, "v2", dict.fromkeys([f"c-{number:02}" for number in range(6, 12)], SHORT))
    evalh("run", "--out", "apart")
    done = evalh("compare", "apart:v1", "apart:v2")
    assert done.code == 3
    assert "the two sides have no case in common" in done.out
    assert "PASS" not in done.out


# --- what was changed, cut off or left unfinished ---


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


FILES = ("scores.jsonl", "conversations.jsonl", "readings.jsonl", "aggregates.json")


@pytest.mark.parametrize("how", [cut, grow, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", FILES)
def test_rows_that_are_not_those_of_the_run_are_one_sentence(
    evalh: Evalh, finished: Path, name: str, how: Callable[[Path], object]
) -> None:
    how(finished / "results/done" / name)
    done = evalh("compare", V1, V1)
    assert is_one_sentence(done)
    assert done.err.endswith(("run it again with --fresh\n", "no such file; run it again\n"))
    assert name in done.err


def test_a_hand_edited_manifest_is_one_sentence(evalh: Evalh, finished: Path) -> None:
    change(finished, MANIFEST, '"gating": true', '"gating": false')
    done = evalh("compare", V1, V2)
    assert is_one_sentence(done)
    assert done.err.endswith("manifest.json: was changed or cut off after the run; run it again with --fresh\n")


def test_a_manifest_that_names_no_digests_is_one_sentence(evalh: Evalh, finished: Path) -> None:
    edit(finished, MANIFEST, lambda held: held.update(files={}))
    sign(finished / MANIFEST)
    assert is_one_sentence(evalh("compare", V1, V2))


def test_a_hand_edited_verdict_is_one_sentence(evalh: Evalh, finished: Path) -> None:
    change(finished, "results/done/conversations.jsonl", '"value":0.5', '"value":1.0')
    assert is_one_sentence(evalh("compare", V1, V2))


@pytest.mark.parametrize("held", [b"", b"{", b"[]", b"null", b'{"schema": "evalh.manifest/1"}', b"\xff", b"\0" * 50])
def test_a_manifest_that_cannot_be_read_is_one_sentence(evalh: Evalh, finished: Path, held: bytes) -> None:
    (finished / MANIFEST).write_bytes(held)
    done = evalh("compare", V1, V1)
    assert is_one_sentence(done)
    assert "manifest.json" in done.err


@pytest.mark.parametrize("name", ["manifest.json", "comparison.json", "looks.json"])
def test_a_newer_major_version_is_refused(evalh: Evalh, finished: Path, name: str) -> None:
    def newer(held: dict[str, Any]) -> None:
        held["schema"] = held["schema"].replace("/1", "/2")

    edit(finished, f"results/done/{name}", newer)
    done = evalh("compare", V1, V1)
    assert is_one_sentence(done)
    assert f"{name}: schema: is 'evalh." in done.err
    assert done.err.endswith("install the evalh that wrote it, or a newer one\n")


@pytest.mark.parametrize("status", ["running", "interrupted"])
def test_a_run_that_did_not_end_is_refused(evalh: Evalh, finished: Path, status: str) -> None:
    edit(finished, MANIFEST, lambda held: held.update(status=status))
    done = evalh("compare", V1, V1)
    assert is_one_sentence(done)
    assert done.err == f"results/done: the run is {status}; run it again to complete it\n" or status in done.err


def test_a_folder_without_a_manifest_is_one_sentence(evalh: Evalh, finished: Path) -> None:
    (finished / MANIFEST).unlink()
    assert is_one_sentence(evalh("compare", V1, V2))


def test_a_scoring_without_a_golden_set_has_nothing_to_pair(evalh: Evalh, finished: Path) -> None:
    write(finished, "t.jsonl", '{"id": "a", "turns": [{"role": "customer", "text": "hi"}]}\n')
    evalh("score", "t.jsonl", "--encoder", "none", "--out", "scored")
    done = evalh("compare", "scored", "scored")
    assert is_one_sentence(done)
    assert "has no conversation of a golden case, so nothing can be paired" in done.err


def test_a_run_can_be_compared_where_its_workspace_is_not(
    evalh: Evalh, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "elsewhere"
    shutil.copytree(finished / "results/done", there / "results/done")
    monkeypatch.chdir(there)
    done = evalh("compare", V1, V2, "--json")
    assert (done.code, found(done)["prompt_diff"]) == (1, [])


def test_with_json_stdout_has_one_object_whatever_github_is_told(
    evalh: Evalh, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(finished / "out.txt"))
    done = evalh("compare", V1, V2, "--json", "--github")
    assert json.loads(done.out)["verdict"] == "REGRESSION"
    assert "::error" in done.err
    assert "verdict=REGRESSION" in (finished / "out.txt").read_text()
