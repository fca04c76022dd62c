import json
from pathlib import Path

import pytest
from tests.cli.conftest import Evalh
from tests.small_workspace import change, small_workspace, write

CASES = "golden_sets/few/cases.jsonl"


def only(root: Path) -> Path:
    (folder,) = (root / "results").iterdir()
    return folder


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "scores.jsonl").read_text().splitlines()]


def test_a_run_prints_its_table_and_leaves_its_results(evalh: Evalh, root: Path) -> None:
    done = evalh("run", "--encoder", "none", "--no-gate")
    assert (done.code, done.err) == (0, "")
    assert "brevity" in done.out
    assert {row["persona"] for row in rows(only(root))} == {"calm"}
    assert json.loads((only(root) / "manifest.json").read_text())["status"] == "complete"


def test_the_same_run_has_the_same_folder_and_bytes(evalh: Evalh, root: Path) -> None:
    evalh("run", "--encoder", "none")
    before = (only(root) / "scores.jsonl").read_bytes()
    evalh("run", "--encoder", "none", "--no-cache", "--fresh")
    assert (only(root) / "scores.jsonl").read_bytes() == before


def test_only_the_configured_evaluators_and_the_scorecard_run(evalh: Evalh, root: Path) -> None:
    evalh("run", "--encoder", "none", "--out", "here")
    assert {row["evaluator"] for row in rows(root / "here")} == {"brevity", "conversation_quality"}


def test_the_workspace_is_found_from_a_folder_below(evalh: Evalh, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "golden_sets")
    assert evalh("run", "--encoder", "none", "--no-gate").code == 0
    assert only(root).name.startswith("r_")
    assert json.loads((only(root) / "manifest.json").read_text())["config"]["path"] == "configs/small.yaml"


def test_the_manifest_names_what_went_into_the_run(evalh: Evalh, root: Path) -> None:
    evalh("run", "--encoder", "none")
    manifest = json.loads((only(root) / "manifest.json").read_text())
    assert (manifest["golden_set"]["id"], manifest["config"]["path"]) == ("few", "configs/small.yaml")
    assert [one["id"] for one in manifest["personas"]] == ["calm"]
    assert [one["origin"] for one in manifest["evaluators"]] == ["user"]


def test_a_facet_can_be_the_cohort(evalh: Evalh, root: Path) -> None:
    change(root, CASES, '"persona"', '"facets": {"plan": "basic"}, "persona"')
    assert evalh("run", "--encoder", "none", "--no-gate", "--cohort", "plan").code == 0
    cells = json.loads((only(root) / "aggregates.json").read_text())
    assert {cell["cohort"] for cell in cells} == {"*", "basic"}


def test_an_unknown_cohort_gets_a_suggestion(evalh: Evalh, root: Path) -> None:
    done = evalh("run", "--cohort", "persna")
    assert (done.code, done.err) == (
        2,
        "cohort: no case has a facet 'persna' to group by; did you mean 'persona'?\n",
    )


def test_a_recording_of_another_prompt_ends_the_run(evalh: Evalh, root: Path) -> None:
    small_workspace(root, prompt_sha256="0" * 64)
    done = evalh("run", "--encoder", "none")
    assert done.code == 2
    assert done.err.startswith(
        "golden_sets/few/recordings/v1.jsonl:1: prompt_sha256: was recorded with another prompt (0"
    )


def test_skip_bad_leaves_such_a_recording_out(evalh: Evalh, root: Path) -> None:
    path = "golden_sets/few/recordings/v1.jsonl"
    write(root, path, (root / path).read_text() + '{"id": "r-2", "case": "c-9", "turns": []}\n')
    done = evalh("run", "--encoder", "none", "--skip-bad", "--no-gate")
    assert done.code == 0
    assert done.err == (
        "left out 1 record that could not be read:\n"
        "  golden_sets/few/recordings/v1.jsonl:2: case: there is no case 'c-9'\n"
    )


def test_bad_settings_are_one_sentence(evalh: Evalh, root: Path) -> None:
    change(root, "configs/small.yaml", "max_words", "max_word")
    done = evalh("run", "--encoder", "none")
    assert (done.code, done.err) == (
        2,
        "configs/small.yaml:6: evaluators.brevity: unknown key 'max_word'; did you mean 'max_words'?\n",
    )


def test_what_init_writes_runs_at_once(evalh: Evalh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    evalh("init", str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path / "mine")
    done = evalh("run", "--encoder", "none")
    assert (done.code, done.err) == (1, "")
    assert "REGRESSION" in done.out
    found = rows(only(tmp_path / "mine"))
    assert {row["prompt_version"] for row in found} == {"v1", "v2"}
    assert "errored" not in {row["state"] for row in found}


def test_a_workspace_without_a_run_configuration_says_what_runs_instead(evalh: Evalh, root: Path) -> None:
    (root / "configs/small.yaml").unlink()
    done = evalh("run", "--cohort", "nothing")
    assert done.err.startswith("configs has no run configuration; running the one that comes with evalh\n")
