from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Ended, Evalh
from tests.small_workspace import SHORT, change, record, sign, write

CONFIG = "configs/small.yaml"
FILE = "configs/baselines/small.json"
V1, V2 = "done:v1", "done:v2"
ONCE = "each case has one trial; with several, a baseline varies less and smaller drops are found\n"
CASES = [f"c-{number:02}" for number in range(12)]


def held(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / FILE).read_text())
    return found


def run_id(root: Path) -> str:
    return str(json.loads((root / "results/done/manifest.json").read_text())["run_id"])


def is_one_sentence(done: Ended) -> bool:
    return (done.code, done.out, done.err.count("\n"), "Traceback" in done.err) == (2, "", 1, False)


def test_a_blessed_side_is_a_file_of_the_configuration(evalh: Evalh, finished: Path) -> None:
    done = evalh("bless", V1, "--note", "the first")
    told = f"{FILE}: v1 of {run_id(finished)}, 12 cases, 12 conversations\n"
    assert (done.code, done.out, done.err) == (0, told, ONCE)
    (entry,) = held(finished)["history"]
    assert (entry["note"], entry["prompt_version"], entry["run_id"]) == ("the first", "v1", run_id(finished))


def test_a_run_is_compared_with_it(evalh: Evalh, finished: Path) -> None:
    evalh("bless", V1)
    change(finished, CONFIG, "[v1, v2]", "[v2]")
    done = evalh("run", "--out", "new")
    assert (done.code, done.err) == (1, f"baseline: v1, from {FILE}\n")
    found = json.loads((finished / "new/comparison.json").read_text())
    assert (found["baseline"]["kind"], found["baseline"]["name"], found["candidate"]["name"]) == ("blessed", "v1", "v2")
    assert found["prompt_diff"] != []


def test_its_own_prompt_passes_it(evalh: Evalh, finished: Path) -> None:
    evalh("bless", V1)
    change(finished, CONFIG, "[v1, v2]", "[v1]")
    assert evalh("run", "--out", "new").code == 0


def test_the_run_may_be_gone(evalh: Evalh, finished: Path) -> None:
    evalh("bless", V1)
    for path in (finished / "results/done").iterdir():
        path.unlink()
    assert evalh("run", "--out", "new").code == 1


def test_the_same_side_again_changes_no_byte(evalh: Evalh, finished: Path) -> None:
    evalh("bless", V1)
    before = (finished / FILE).read_bytes()
    done = evalh("bless", V1, "--note", "again")
    assert done.code == 0
    assert ": unchanged, v1 of " in done.out
    assert (finished / FILE).read_bytes() == before


def test_another_side_takes_its_place_and_the_older_one_stays_in_the_history(evalh: Evalh, finished: Path) -> None:
    evalh("bless", V1, "--note", "one")
    refused = evalh("bless", V2, "--note", "two")
    said = "done:v2: the gate called it REGRESSION in its run; mend that first, or give --force\n"
    assert (refused.code, refused.err, held(finished)["side"]["name"]) == (2, said, "v1")
    evalh("bless", V2, "--note", "two", "--force")
    assert held(finished)["side"]["name"] == "v2"
    assert [entry["note"] for entry in held(finished)["history"]] == ["two", "one"]
    assert [entry.get("verdict") for entry in held(finished)["history"]] == ["REGRESSION", None]
    assert evalh("run", "--baseline", "v1", "--out", "new").code == 1
    assert evalh("run", "--out", "new").code == 0


def test_several_trials_are_no_notice(evalh: Evalh, finished: Path) -> None:
    write(finished, CONFIG, (finished / CONFIG).read_text() + "trials: 2\n")
    record(finished, "v1", dict.fromkeys(CASES, SHORT), range(2))
    evalh("run", "--out", "twice")
    done = evalh("bless", "twice:v1")
    assert (done.code, done.err, held(finished)["side"]["trials"]) == (0, "", 2)


def test_a_poor_baseline_is_refused_unless_forced(evalh: Evalh, finished: Path) -> None:
    change(
        finished,
        "evaluators/brevity.py",
        "        for turn",
        "        if ctx.conversation.case > 'c-08':\n            raise KeyError\n        for turn",
    )
    evalh("run", "--no-gate", "--out", "poor")
    done = evalh("bless", "poor:v1")
    assert is_one_sentence(done)
    assert done.err.startswith("poor:v1: brevity: 3 of 12 conversations could not be evaluated; ")
    assert done.err.endswith("; mend that first, or give --force\n")
    assert not (finished / FILE).exists()
    forced = evalh("bless", "poor:v1", "--force")
    assert (forced.code, "could not be evaluated" in forced.err) == (0, True)


def test_another_configuration_can_be_named(evalh: Evalh, finished: Path) -> None:
    write(finished, "configs/other.yaml", (finished / CONFIG).read_text().replace("name: small", "name: nightly"))
    assert evalh("bless", V1, "--config", "other").code == 0
    assert not (finished / FILE).exists()
    assert held_name(finished / "configs/baselines/nightly.json") == "nightly"
    assert evalh("run", "other", "--out", "new").err == "baseline: v1, from configs/baselines/nightly.json\n"


def held_name(path: Path) -> str:
    return str(json.loads(path.read_text())["config"])


def test_no_such_configuration_is_one_sentence(evalh: Evalh, finished: Path) -> None:
    done = evalh("bless", V1, "--config", "smal")
    assert (done.code, done.err) == (2, "there is no run configuration 'smal'; did you mean 'small'?\n")


@pytest.mark.parametrize("named", ["done", "done:v9", "done:", "nope:v1", "", "x" * 300])
def test_what_names_no_side_is_one_sentence(evalh: Evalh, finished: Path, named: str) -> None:
    assert is_one_sentence(evalh("bless", named))
    assert not (finished / FILE).exists()


def test_a_run_that_was_changed_is_not_blessed(evalh: Evalh, finished: Path) -> None:
    change(finished, "results/done/conversations.jsonl", '"value":0.5', '"value":1.0')
    done = evalh("bless", V2)
    assert is_one_sentence(done)
    assert "was changed or cut off after the run" in done.err


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "a/b", "", "a\\u0000b"])
def test_a_run_cannot_say_to_write_elsewhere(evalh: Evalh, finished: Path, name: str) -> None:
    manifest = finished / "results/done/manifest.json"
    manifest.write_text(manifest.read_text().replace('"id": "small"', f'"id": "{name}"'))
    sign(manifest)
    before = sorted(finished.rglob("*"))
    assert is_one_sentence(evalh("bless", V1))
    assert sorted(finished.rglob("*")) == before


# --- a baseline that cannot be used ---


def mean_of_another(text: str) -> str:
    return text.replace('"mean":1.0', '"mean":0.5', 1)


def cut(text: str) -> str:
    return text[:-100]


def empty(_: str) -> str:
    return ""


def merged(text: str) -> str:
    return text.replace('"config"', '<<<<<<< HEAD\n"config"')


def newer(text: str) -> str:
    return text.replace("evalh.baseline/1", "evalh.baseline/2")


@pytest.mark.parametrize("how", [mean_of_another, cut, empty, merged, newer])
def test_a_baseline_that_was_edited_is_one_sentence_and_no_pass(evalh: Evalh, finished: Path, how: Any) -> None:
    evalh("bless", V1)
    text = (finished / FILE).read_text()
    assert how(text) != text
    write(finished, FILE, how(text))
    for command in (
        ("run", "--out", "new"),
        ("run", "--out", "new", "--baseline", "blessed"),
        ("bless", V2, "--force"),
    ):
        done = evalh(*command)
        assert is_one_sentence(done)
        assert done.err.startswith(FILE)
    assert not (finished / "new").exists()
    assert (finished / FILE).read_text() == how(text)


def test_a_baseline_of_another_policy_version_is_refused_by_its_name(evalh: Evalh, finished: Path) -> None:
    evalh("bless", V1)
    change(finished, "configs/policies/home@2.yaml", 'version: "2"', 'version: "3"')
    (finished / "configs/policies/home@2.yaml").rename(finished / "configs/policies/home@3.yaml")
    done = evalh("run", "--out", "new")
    assert done.code == 2
    said = done.err.splitlines()[-1]
    assert said.startswith("v1 and this run differ in more than the prompt (policies.home@2: ")
    assert "; policies.home@3: none → " in said
    assert said.endswith("score both alike, or give --allow policies")
    assert evalh("run", "--out", "new", "--allow", "policies").code == 1


def test_a_folder_that_cannot_be_written_is_one_sentence(evalh: Evalh, finished: Path) -> None:
    write(finished, "configs/baselines", "a file\n")
    assert is_one_sentence(evalh("bless", V1))


def test_outside_a_workspace_nothing_is_blessed(
    evalh: Evalh, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = evalh("bless", f"{finished}/results/done:v1")
    assert is_one_sentence(done)
    assert "there is no workspace here" in done.err


def test_a_baseline_of_other_inputs_is_refused_before_anything_is_read(evalh: Evalh, finished: Path) -> None:
    assert evalh("bless", V1).code == 0
    change(finished, CONFIG, "max_words: 30", "max_words: 60")
    assert evalh("run", "--out", "fresh").code == 2
    assert not (finished / "fresh").exists()
