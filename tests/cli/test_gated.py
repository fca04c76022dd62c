"""`evalh run` as a gate: what it is compared with, by which settings, how it ends and what it leaves."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Ended, Evalh
from tests.repository import committed, git
from tests.small_workspace import LONG, SHORT, change, gated_workspace, record, small_workspace, write

CONFIG = "configs/small.yaml"
V1 = "configs/prompts/care/v1.md"
POLICY = "configs/policies/home@2.yaml"
REPORTS = ("comparison.json", "report.md", "junit.xml", "metrics.txt")
CASES = [f"c-{number:02}" for number in range(12)]


def only(root: Path) -> Path:
    (folder,) = (root / "results").iterdir()
    return folder


def comparison(folder: Path, name: str = "comparison.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


def sides(folder: Path, name: str = "comparison.json") -> tuple[str, str]:
    found = comparison(folder, name)
    return found["baseline"]["name"], found["candidate"]["name"]


def reports(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "manifest.json"}


def is_one_sentence(done: Ended) -> bool:
    return (done.code, done.err.count("\n"), "Traceback" in done.err) == (2, 1, False)


# --- the verdict, and what is left of it ---


def test_a_version_that_got_worse_ends_with_one_and_leaves_the_verdict_and_reports(evalh: Evalh, gated: Path) -> None:
    done = evalh("run")
    assert (done.code, done.err) == (1, "")
    assert "REGRESSION" in done.out
    folder = only(gated)
    found = comparison(folder)
    assert (found["verdict"], found["look"], found["alpha"]) == ("REGRESSION", 1, 0.05)
    assert sides(folder) == ("v1", "v2")
    assert {(cell["cohort"], cell["evaluator"]) for cell in found["cells"] if cell["regressed"]} >= {("*", "brevity")}
    assert "REGRESSION" in (folder / "report.md").read_text()
    assert int(ET.parse(folder / "junit.xml").getroot().get("failures", "0")) > 0
    assert "evalh" in (folder / "metrics.txt").read_text()


def test_versions_that_say_the_same_pass(evalh: Evalh, gated: Path) -> None:
    gated_workspace(gated, worse=0)
    done = evalh("run")
    assert (done.code, done.err) == (0, "")
    assert comparison(only(gated))["verdict"] == "PASS"


def test_one_version_without_a_baseline_is_no_pass(evalh: Evalh, root: Path) -> None:
    done = evalh("run", "--encoder", "none")
    assert done.code == 3
    said = "there is nothing to compare with; name a baseline with --baseline, or score alone with --no-gate"
    assert said in done.out
    found = comparison(only(root))
    assert (found["verdict"], found["baseline"]) == ("INCOMPLETE", None)
    assert [reason["text"] for reason in found["reasons"]] == [said]


def test_without_a_gate_nothing_fails_and_no_verdict_is_given(evalh: Evalh, gated: Path) -> None:
    assert evalh("run", "--no-gate").code == 0
    found = comparison(only(gated))
    assert (found["verdict"], found["reasons"]) == (None, [])
    assert not (only(gated) / "looks.json").exists()


def test_too_few_cases_are_no_pass(evalh: Evalh, gated: Path) -> None:
    gated_workspace(gated, cases=4)
    done = evalh("run")
    assert done.code == 3
    assert [reason["kind"] for reason in comparison(only(gated))["reasons"]] == ["nothing_testable"]


def test_every_further_candidate_has_a_comparison_of_its_own_and_shares_alpha(evalh: Evalh, gated: Path) -> None:
    change(gated, CONFIG, "[v1, v2]", "[v1, v3, v2]")
    write(gated, "configs/prompts/care/v3.md", (gated / V1).read_text().replace("v1", "v3"))
    record(gated, "v3", dict.fromkeys(CASES, SHORT))
    assert evalh("run").code == 1
    folder = only(gated)
    assert (sides(folder), sides(folder, "comparison-v2.json")) == (("v1", "v3"), ("v1", "v2"))
    verdicts = [comparison(folder, name)["verdict"] for name in ("comparison.json", "comparison-v2.json")]
    assert verdicts == ["PASS", "REGRESSION"]
    assert comparison(folder)["alpha"] == 0.025


def test_the_same_inputs_leave_the_same_bytes_wherever_the_command_is_given(
    evalh: Evalh, gated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evalh("run")
    first = reports(only(gated))
    assert {*REPORTS} <= first.keys()
    evalh("run")
    again = reports(only(gated))
    monkeypatch.chdir(gated / "golden_sets")
    evalh("run", "--fresh", "--no-cache")
    assert again == first
    assert reports(only(gated)) == first


def test_a_refused_comparison_leaves_no_earlier_verdict_behind(evalh: Evalh, gated: Path) -> None:
    evalh("run")
    (folder,) = (gated / "results").iterdir()
    evalh("bless", f"{folder.name}:v1")
    change(gated, CONFIG, "max_words: 30", "max_words: 60")
    assert evalh("run", "--baseline", "v1").code == 0
    other = next(path for path in (gated / "results").iterdir() if path != folder)
    assert comparison(other)["verdict"] == "PASS"
    assert evalh("run").code == 2
    assert {path.name for path in other.iterdir()}.isdisjoint(REPORTS)


# --- the baseline ---


def test_a_version_can_be_the_baseline_although_the_configuration_has_it_not(evalh: Evalh, gated: Path) -> None:
    change(gated, CONFIG, "[v1, v2]", "[v2]")
    assert evalh("run", "--baseline", "v1").code == 1
    assert sides(only(gated)) == ("v1", "v2")


def test_another_version_of_the_configuration_can_be_the_baseline(evalh: Evalh, gated: Path) -> None:
    assert evalh("run", "--baseline", "v2").code == 0
    assert sides(only(gated)) == ("v2", "v1")


def test_the_baseline_may_stand_in_the_configuration(evalh: Evalh, gated: Path) -> None:
    change(gated, CONFIG, "versions: [v1, v2]", "versions: [v1, v2], baseline: v2")
    assert evalh("run").code == 0
    assert sides(only(gated)) == ("v2", "v1")


def test_a_version_against_itself_passes(evalh: Evalh, gated: Path) -> None:
    change(gated, CONFIG, "[v1, v2]", "[v1]")
    assert evalh("run", "--baseline", "v1").code == 0
    assert sides(only(gated)) == ("v1", "v1")


@pytest.mark.parametrize("named", ["{id}:v1", "results/{id}:v1", "results/{id}/:v1", "{root}/results/{id}:v1"])
def test_a_side_of_another_run_can_be_the_baseline(evalh: Evalh, gated: Path, named: str) -> None:
    evalh("run")
    older = only(gated).name
    change(gated, CONFIG, "[v1, v2]", "[v2]")
    done = evalh("run", "--baseline", named.format(id=older, root=gated), "--out", "new")
    assert done.code == 1
    assert sides(gated / "new") == (f"{older}:v1", "v2")
    assert comparison(gated / "new")["prompt_diff"] != []


def test_a_run_of_one_version_needs_no_version(evalh: Evalh, gated: Path) -> None:
    change(gated, CONFIG, "[v1, v2]", "[v1]")
    evalh("run", "--no-gate", "--out", "old")
    change(gated, CONFIG, "[v1]", "[v2]")
    assert evalh("run", "--baseline", "old", "--out", "new").code == 1


def test_a_run_of_several_versions_needs_one(evalh: Evalh, gated: Path) -> None:
    evalh("run")
    name = only(gated).name
    done = evalh("run", "--baseline", name)
    assert (done.code, done.err) == (
        2, f"{only(gated)} has the prompt versions v1, v2; name one: {name}:v1\n",
    )  # fmt: skip


def test_a_version_called_like_a_folder_is_the_version(evalh: Evalh, gated: Path) -> None:
    (gated / "v1").mkdir()
    assert evalh("run", "--baseline", "v1").code == 1
    assert (
        evalh("run", "--baseline", "./v1").err
        == "v1: there is no run here (no manifest.json); name the folder of a run\n"
    )


@pytest.mark.parametrize("named", ["v9", "", ":", ":v1", "r_0:v1", "x" * 300, "a\0b", "no/such/run", "-"])
def test_an_unknown_baseline_is_one_sentence_before_anything_is_run(evalh: Evalh, gated: Path, named: str) -> None:
    done = evalh("run", "--baseline", named)
    assert is_one_sentence(done)
    assert done.err.endswith("the prompt versions are v1, v2, and there is no such run\n")
    assert not (gated / "results").exists()


def test_a_blessed_side_is_the_baseline_unless_another_is_named(evalh: Evalh, gated: Path) -> None:
    evalh("run")
    older = only(gated).name
    evalh("bless", f"{older}:v2", "--force")
    done = evalh("run")
    assert (done.code, done.err) == (0, "baseline: v2, from configs/baselines/small.json\n")
    assert comparison(only(gated))["baseline"]["kind"] == "blessed"
    assert evalh("run", "--baseline", "blessed").code == 0
    assert evalh("run", "--baseline", "v1").code == 1


def test_blessed_without_a_blessing_is_one_sentence(evalh: Evalh, gated: Path) -> None:
    done = evalh("run", "--baseline", "blessed")
    assert (done.code, done.err) == (
        2,
        "configs/baselines/small.json: nothing was blessed for 'small' yet; do it with: evalh bless RUN:VERSION\n",
    )


# --- the baseline in git ---


@pytest.fixture
def changed(gated: Path) -> Path:
    """A workspace whose only prompt, v1, was changed for the worse since the commit on main."""
    change(gated, CONFIG, "[v1, v2]", "[v1]")
    committed(gated)
    change(gated, V1, "You are Nora.", "You are Nora. Explain everything.")
    record(gated, "v1", dict.fromkeys(CASES, LONG))
    return gated


def test_a_prompt_is_compared_with_itself_at_a_git_ref(evalh: Evalh, changed: Path) -> None:
    done = evalh("run", "--baseline", "git:main")
    assert (done.code, done.err) == (1, "")
    head = git(changed, "rev-parse", "HEAD")
    assert sides(only(changed)) == (f"v1@{head[:12]}", "v1")
    assert any("+You are Nora. Explain everything." in hunk for hunk in comparison(only(changed))["prompt_diff"])


def test_the_working_tree_and_index_are_left_alone(evalh: Evalh, changed: Path) -> None:
    before = git(changed, "status", "--porcelain")
    evalh("run", "--baseline", "git:main", "--out", "../out")
    assert git(changed, "status", "--porcelain") == before


def test_a_prompt_that_did_not_change_since_the_ref_passes_with_a_notice(evalh: Evalh, gated: Path) -> None:
    committed(gated)
    done = evalh("run", "--baseline", "git:main")
    assert (done.code, done.err) == (0, "no prompt of this run changed since main\n")


@pytest.mark.parametrize("ref", ["", "nope", "-x", "main:configs"])
def test_a_ref_that_names_no_commit_is_one_sentence(evalh: Evalh, changed: Path, ref: str) -> None:
    assert is_one_sentence(evalh("run", "--baseline", f"git:{ref}"))
    assert is_one_sentence(evalh("run", "--gate-from", f"git:{ref}"))
    assert not (changed / "results").exists()


def test_without_a_repository_a_ref_is_one_sentence(evalh: Evalh, gated: Path) -> None:
    done = evalh("run", "--baseline", "git:main")
    assert is_one_sentence(done)
    assert "cannot be looked up in git" in done.err


def test_a_shallow_clone_says_what_to_fetch(
    evalh: Evalh, changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(changed, "checkout", "--quiet", "-b", "change")
    committed(changed)
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=change", f"file://{changed}", "clone")
    monkeypatch.chdir(tmp_path / "clone")
    git(tmp_path / "clone", "checkout", "--quiet", "--detach")
    done = evalh("run", "--baseline", "git:origin/main")
    assert is_one_sentence(done)
    assert "git fetch --depth=1 origin main:refs/remotes/origin/main" in done.err
    git(tmp_path / "clone", "fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    assert evalh("run", "--baseline", "git:origin/main").code == 1


def test_recordings_that_were_replaced_under_an_unchanged_prompt_are_compared_with_those_of_the_ref(
    evalh: Evalh, gated: Path
) -> None:
    change(gated, CONFIG, "[v1, v2]", "[v1]")
    head = committed(gated)
    record(gated, "v1", dict.fromkeys(CASES, LONG))
    assert evalh("run", "--baseline", "git:main").code == 1
    assert sides(only(gated)) == (f"v1@{head[:12]}", "v1")


def test_recordings_with_other_line_ends_did_not_change(evalh: Evalh, gated: Path) -> None:
    committed(gated)
    path = gated / "golden_sets/few/recordings/v1.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert evalh("run", "--baseline", "git:main").err == "no prompt of this run changed since main\n"


def test_a_version_whose_recordings_are_new_is_compared_with_the_baseline_of_the_ref(evalh: Evalh, gated: Path) -> None:
    held = (gated / "golden_sets/few/recordings/v2.jsonl").read_text()
    (gated / "golden_sets/few/recordings/v2.jsonl").unlink()
    committed(gated)
    write(gated, "golden_sets/few/recordings/v2.jsonl", held)
    assert evalh("run", "--baseline", "git:main").code == 1
    assert sides(only(gated)) == ("v1", "v2")


# --- what judges changed since the ref ---

CARD = "configs/scorecards/card.yaml"
CHANGED = {
    "golden_set": ("golden_sets/few/set.yaml", 'version: "1"', 'version: "2"'),
    "golden_set cases": ("golden_sets/few/cases.jsonl", "10:00", "11:00"),
    "policies": (POLICY, "49.99", "59.99"),
    "evaluators": ("evaluators/brevity.py", "<= self.max_words", "<= 999"),
    "personas": ("personas/calm.yaml", "name: Calm", "name: Calmer"),
    "scorecard": (CARD, "id: manner", "id: manners"),
}


@pytest.mark.parametrize(("kind", "edit"), CHANGED.items(), ids=list(CHANGED))
def test_what_judges_both_sides_must_not_change_since_the_ref_unless_allowed(
    evalh: Evalh, gated: Path, kind: str, edit: tuple[str, str, str]
) -> None:
    kind = kind.partition(" ")[0]
    change(gated, CONFIG, "scorecard: null", "scorecard: card")
    committed(gated)
    change(gated, *edit)
    done = evalh("run", "--baseline", "git:main")
    assert (done.code, done.err) == (
        2,
        f"more than the prompt changed ({kind}: {edit[0]} changed, since main), and both sides would be judged by the "
        f"new; change the prompt alone, or give --allow {kind}\n",
    )
    assert not (gated / "results").exists()
    assert evalh("run", "--baseline", "git:main", "--allow", kind).code == 0
    assert comparison(only(gated))["allowed"] == [f"{kind}: {edit[0]} changed, since main"]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("evaluators/kept.md", "deleted"),
        ("evaluators/more.md", "added"),
        ("evaluators/_helper.py", "added"),
        ("evaluators/words/list.txt", "added"),
        ("configs/policies/home@0.yaml", "added"),
    ],
)
def test_files_that_were_added_or_deleted_since_the_ref_count(evalh: Evalh, gated: Path, name: str, how: str) -> None:
    write(gated, "evaluators/kept.md", "---\nname: kept\n---\nGive 1.\n")
    committed(gated)
    if how == "deleted":
        (gated / name).unlink()
    else:
        policy = (gated / "configs/policies/home@1.yaml").read_text()
        older = policy.replace('"1"', '"0"').replace("10-01", "09-01").replace("10-31", "09-30")
        write(
            gated,
            name,
            older if name.endswith("yaml") else "---\nname: more\n---\nGive 1.\n" if name.endswith("md") else "",
        )
    done = evalh("run", "--baseline", "git:main")
    assert is_one_sentence(done)
    assert f": {name} {how}, since main)" in done.err


@pytest.mark.parametrize(
    "name",
    ["configs/policies/other@1.yaml.txt", "configs/scorecards/other.txt", "golden_sets/few/notes.md",
     "evaluators/__pycache__/brevity.pyc", "evaluators/.hidden"],
)  # fmt: skip
def test_files_that_the_run_does_not_use_may_change(evalh: Evalh, gated: Path, name: str) -> None:
    committed(gated)
    write(gated, name, "new")
    assert evalh("run", "--baseline", "git:main").code == 0


def test_a_link_is_never_what_it_was(evalh: Evalh, gated: Path) -> None:
    committed(gated)
    (gated / "evaluators/brevity.py").rename(gated / "brevity.py")
    (gated / "evaluators/brevity.py").symlink_to("../brevity.py")
    assert "evaluators/brevity.py changed, since main" in evalh("run", "--baseline", "git:main").err


def test_all_that_changed_is_told_at_once_and_some_may_be_allowed(evalh: Evalh, gated: Path) -> None:
    committed(gated)
    for kind in ("policies", "personas"):
        change(gated, *CHANGED[kind])
    done = evalh("run", "--baseline", "git:main")
    assert done.err.endswith("give --allow policies --allow personas\n")
    done = evalh("run", "--baseline", "git:main", "--allow", "policies")
    assert is_one_sentence(done)
    assert POLICY not in done.err


def test_recordings_of_cases_that_are_gone_are_left_out_where_the_golden_set_may_change(
    evalh: Evalh, gated: Path
) -> None:
    change(gated, CONFIG, "[v1, v2]", "[v1]")
    committed(gated)
    cases = gated / "golden_sets/few/cases.jsonl"
    cases.write_text("".join(cases.read_text().splitlines(True)[:10]))
    record(gated, "v1", dict.fromkeys(CASES[:10], SHORT))
    done = evalh("run", "--baseline", "git:main", "--allow", "golden_set")
    assert (done.code, done.err) == (0, "2 recordings at main left out: the golden set no longer has the case\n")
    assert comparison(only(gated))["baseline"]["cases"] == 10


def test_kinds_that_a_run_does_not_have_may_be_allowed_too(evalh: Evalh, gated: Path) -> None:
    gated_workspace(gated, worse=0)
    assert evalh("run", "--allow", "scorecard", "--allow", "policies").code == 0


# --- by which settings ---

LOOSE = "gate: {min_drop: 0.6}\n"
"""More than the candidate could lose: nothing is found, and nothing could be, which is no pass."""


def test_a_gate_that_was_loosened_does_not_help_under_that_of_the_base(evalh: Evalh, gated: Path) -> None:
    committed(gated)
    write(gated, CONFIG, (gated / CONFIG).read_text() + LOOSE)
    assert evalh("run").code == 3
    assert evalh("run", "--gate-from", "git:main").code == 1
    assert comparison(only(gated))["settings_from"] == "git:main"


@pytest.mark.parametrize(
    ("old", "new"),
    [("max_words: 30", "max_words: 300"), ("scorecard: null", "scorecard: null\npersonas: [calm]")],
    ids=["evaluators", "personas"],
)
def test_what_else_decides_is_that_of_the_base_too(evalh: Evalh, gated: Path, old: str, new: str) -> None:
    hurried = dict.fromkeys(CASES[1::2], LONG)
    record(gated, "v2", {name: hurried.get(name, SHORT) for name in CASES})
    committed(gated)
    change(gated, CONFIG, old, new)
    assert evalh("run").code == 0
    assert evalh("run", "--gate-from", "git:main").code == 1


def test_the_golden_set_and_the_day_are_those_of_the_base_too(evalh: Evalh, gated: Path) -> None:
    committed(gated)
    shutil.copytree(gated / "golden_sets/few", gated / "golden_sets/easy")
    change(gated, "golden_sets/easy/set.yaml", "id: few", "id: easy")
    change(gated, CONFIG, "golden_set: few", "golden_set: easy\nas_of: 2026-11-02")
    evalh("run", "--gate-from", "git:main", "--out", "based")
    manifest = json.loads((gated / "based/manifest.json").read_text())
    assert (manifest["golden_set"]["id"], manifest["as_of"]) == ("few", None)


def test_the_baseline_is_that_of_the_base_although_the_change_lists_it_no_more(evalh: Evalh, gated: Path) -> None:
    committed(gated)
    write(gated, "configs/prompts/care/v3.md", (gated / V1).read_text().replace("v1", "v3"))
    record(gated, "v3", dict.fromkeys(CASES, LONG))
    change(gated, CONFIG, "versions: [v1, v2]", "versions: [v2, v3], baseline: v2")
    assert evalh("run").code == 0
    assert evalh("run", "--gate-from", "git:main", "--out", "based").code == 1
    assert sides(gated / "based", "comparison-v3.json") == ("v1", "v3")
    (gated / V1).unlink()
    done = evalh("run", "--gate-from", "git:main", "--baseline", "git:main", "--out", "new")
    assert done.code == 1
    baseline, candidate = sides(gated / "new")
    assert (baseline.partition("@")[0], candidate) == ("v1", "v3")


def test_a_version_that_only_the_change_lists_is_compared_with_the_baseline_wherever_its_file_was(
    evalh: Evalh, gated: Path
) -> None:
    change(gated, CONFIG, "[v1, v2]", "[v1]")
    committed(gated)
    change(gated, CONFIG, "[v1]", "[v1, v2]")
    assert evalh("run", "--gate-from", "git:main", "--baseline", "git:main").code == 1
    assert sides(only(gated)) == ("v1", "v2")


def test_one_version_that_is_the_baseline_of_the_base_has_nothing_to_be_compared_with(
    evalh: Evalh, gated: Path
) -> None:
    committed(gated)
    change(gated, CONFIG, "[v1, v2]", "[v1]")
    assert evalh("run", "--gate-from", "git:main").code == 3


@pytest.mark.parametrize(("mine", "others"), [(1, 2), (2, 1)])
def test_the_more_trials_count(evalh: Evalh, gated: Path, mine: int, others: int) -> None:
    gated_workspace(gated, trials=2, worse=0)
    text = (gated / CONFIG).read_text()
    write(gated, "configs/other.yaml", text + f"trials: {others}\n")
    write(gated, CONFIG, text + f"trials: {mine}\n")
    assert evalh("run", "small", "--gate-from", "other").code == 0
    assert comparison(only(gated))["candidate"]["trials"] == 2


def test_settings_can_come_from_another_configuration(evalh: Evalh, gated: Path) -> None:
    write(gated, "configs/loose.yaml", (gated / CONFIG).read_text() + LOOSE)
    assert evalh("run", "small", "--gate-from", "loose").code == 3
    assert evalh("run", "small", "--gate-from", "configs/loose.yaml").code == 3
    assert evalh("run", "loose", "--gate-from", "small").code == 1


@pytest.mark.parametrize("text", ["gate: {alpha: 5}\n", "gate: {alhpa: 0.1}\n", "]", "evaluators: {brevty: {}}\n"])
def test_a_configuration_that_cannot_decide_is_one_sentence(evalh: Evalh, gated: Path, text: str) -> None:
    kept = "".join(line for line in (gated / CONFIG).read_text().splitlines(True) if "brevity" not in line)
    write(gated, "configs/other.yaml", kept.replace("evaluators:\n", "") + text)
    done = evalh("run", "small", "--gate-from", "configs/other.yaml")
    assert is_one_sentence(done)
    assert not (gated / "results").exists()


def test_a_setting_that_is_wrong_is_told_by_the_file_it_is_in(evalh: Evalh, gated: Path) -> None:
    text = (gated / CONFIG).read_text()
    write(gated, CONFIG, text.replace("max_words", "max_word"))
    committed(gated)
    write(gated, "configs/other.yaml", text.replace("brevity", "brevty"))
    write(gated, CONFIG, text)
    said = "configs/other.yaml:6: evaluators.brevty: there is no evaluator 'brevty'; did you mean 'brevity'?\n"
    assert evalh("run", "small", "--gate-from", "other").err == said
    said = f"git:main:{CONFIG}: evaluators.brevity: unknown key 'max_word'; did you mean 'max_words'?\n"
    assert evalh("run", "small", "--gate-from", "git:main").err == said


def test_no_such_configuration_to_decide_is_one_sentence(evalh: Evalh, gated: Path) -> None:
    done = evalh("run", "--gate-from", "strict")
    assert (done.code, done.err) == (2, "there is no run configuration 'strict'; there is small\n")


# --- more than the prompt differs ---

DIFFERENCES = {
    "golden_set": ("golden_sets/few/set.yaml", 'version: "1"', 'version: "2"'),
    "policies": (POLICY, "49.99", "59.99"),
    "evaluators": (CONFIG, "max_words: 30", "max_words: 31"),
    "personas": ("personas/calm.yaml", "name: Calm", "name: Calmer"),
    "unsure_below": (CONFIG, "reader: {", "reader: {unsure_below: 0.6, "),
}


@pytest.mark.parametrize(("kind", "edit"), DIFFERENCES.items(), ids=list(DIFFERENCES))
def test_what_changed_between_the_sides_is_refused_by_name_unless_allowed(
    evalh: Evalh, gated: Path, kind: str, edit: tuple[str, str, str]
) -> None:
    evalh("run", "--out", "old")
    change(gated, *edit)
    change(gated, CONFIG, "[v1, v2]", "[v2]")
    done = evalh("run", "--baseline", "old:v1", "--out", "new")
    assert is_one_sentence(done)
    assert f"differ in more than the prompt ({kind}" in done.err
    assert done.err.endswith(f"score both alike, or give --allow {kind}\n")
    assert not (gated / "new/comparison.json").exists()
    assert evalh("run", "--baseline", "old:v1", "--out", "new", "--allow", kind).code == 1
    assert comparison(gated / "new")["allowed"][0].startswith(kind)


def test_an_input_that_does_not_exist_cannot_be_allowed(evalh: Evalh, gated: Path) -> None:
    done = evalh("run", "--allow", "polices")
    assert is_one_sentence(done)
    assert done.err.startswith("--allow polices: there is no such input; it is one of as_of, ")


# --- looks ---


def test_a_run_again_is_the_same_look(evalh: Evalh, gated: Path) -> None:
    evalh("run")
    evalh("run")
    evalh("run", "--fresh")
    assert comparison(only(gated))["look"] == 1


def more_trials(root: Path, said: str, trials: int = 2) -> None:
    """Further trials of both versions beside the first, and a configuration that asks for them."""
    if "trials:" not in (root / CONFIG).read_text():
        write(root, CONFIG, (root / CONFIG).read_text() + f"trials: {trials}\n")
    path = root / "golden_sets/few/recordings/v2.jsonl"
    first = path.read_text()
    record(root, "v2", dict.fromkeys(CASES, said), range(1, trials))
    path.write_text(first + path.read_text())
    record(root, "v1", dict.fromkeys(CASES, SHORT), range(trials))


def test_added_trials_are_another_look_at_the_same_run_and_spend_alpha(evalh: Evalh, gated: Path) -> None:
    gated_workspace(gated, worse=0)
    assert evalh("run").code == 0
    more_trials(gated, SHORT)
    assert evalh("run").code == 0
    found = comparison(only(gated))
    assert (found["look"], found["alpha"], found["candidate"]["trials"]) == (2, 0.025, 2)


def test_trials_that_are_not_asked_for_are_not_looked_at(evalh: Evalh, gated: Path) -> None:
    gated_workspace(gated, worse=0, trials=2)
    assert evalh("run").code == 0
    assert comparison(only(gated))["candidate"]["trials"] == 1


def test_recordings_in_place_of_those_that_failed_clear_nothing(evalh: Evalh, gated: Path) -> None:
    assert evalh("run").code == 1
    record(gated, "v2", dict.fromkeys(CASES, SHORT))
    for again in ((), ("--fresh",)):
        assert evalh("run", *again).code == 1
        assert {reason["kind"] for reason in comparison(only(gated))["reasons"]} == {"earlier_look"}


def test_cases_that_are_left_out_later_clear_nothing(evalh: Evalh, gated: Path) -> None:
    gated_workspace(gated, cases=18, worse=9)
    assert evalh("run").code == 1
    record(gated, "v2", dict.fromkeys([f"c-{number:02}" for number in range(9, 18)], SHORT))
    assert evalh("run").code == 1


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ('{"schema": "evalh.looks/1", "pairs"', "the JSON stops in the middle"),
        ("[]", "looks.json"),
        ('{"schema": "evalh.looks/2", "pairs": {}}', "is 'evalh.looks/2', and this evalh reads evalh.looks/1"),
        ('{"pairs": {"a": [{}]}}', "conversations: is missing"),
        ('{"schema": "evalh.looks/1", "pairs": {}}', "its content is not what its sha256 says; it was edited"),
    ],
)
def test_damaged_looks_are_one_sentence_and_no_pass(evalh: Evalh, gated: Path, held: str, said: str) -> None:
    gated_workspace(gated, worse=0)
    evalh("run")
    write(only(gated), "looks.json", held)
    done = evalh("run")
    assert is_one_sentence(done)
    assert said in done.err
    assert not (only(gated) / "comparison.json").exists()


def test_another_cohort_key_is_another_look(evalh: Evalh, gated: Path) -> None:
    gated_workspace(gated, worse=0)
    cases = gated / "golden_sets/few/cases.jsonl"
    cases.write_text(cases.read_text().replace('"persona"', '"facets": {"plan": "basic"}, "persona"'))
    looks = []
    for key in ("persona", "plan", "persona"):
        assert evalh("run", "--cohort", key, "--out", "same", "--fresh").code == 0
        looks.append(comparison(gated / "same")["look"])
    assert looks == [1, 2, 1]


# --- GitHub ---


def test_github_is_told_in_the_files_it_names(evalh: Evalh, gated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, output = gated / "summary.md", gated / "output.txt"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(gated))
    done = evalh("run", "--github")
    assert done.code == 1
    assert "REGRESSION" in summary.read_text()
    assert output.read_text().splitlines() == ["verdict=REGRESSION", "exit-code=1"]
    assert "::error title=evalh" in done.out
    assert "file=configs/prompts/care/v2.md" in done.out


def test_without_github_nothing_is_told(evalh: Evalh, gated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(gated / "output.txt"))
    assert "::error" not in evalh("run").out
    assert not (gated / "output.txt").exists()


# --- folders, interrupts ---


def test_a_results_folder_that_is_a_file_is_one_sentence(evalh: Evalh, gated: Path) -> None:
    write(gated, "results", "")
    assert is_one_sentence(evalh("run"))
    assert is_one_sentence(evalh("run", "--out", CONFIG))


def test_an_interrupted_run_gives_no_verdict_and_goes_on(evalh: Evalh, gated: Path) -> None:
    name = "evaluators/brevity.py"
    change(gated, name, "        for turn", "        self.stop(ctx.conversation.case)\n        for turn")
    write(gated, name, (gated / name).read_text() + STOP)
    (gated / "stop").touch()
    done = evalh("run")
    assert (done.code, done.err) == (130, "interrupted; give the same command again to go on where it stopped\n")
    assert not (only(gated) / "comparison.json").exists()
    side = f"{only(gated).name}:v1"
    refused = evalh("compare", side, side)
    assert is_one_sentence(refused)
    assert "the run is interrupted; run it again to complete it" in refused.err
    (gated / "stop").unlink()
    assert evalh("run").code == 1


STOP = """
    def stop(self, case: str) -> None:
        from pathlib import Path

        if case == "c-07" and Path("stop").exists():
            raise KeyboardInterrupt
"""


def test_a_configuration_of_another_workspace_is_run_in_its_own_and_leaves_the_same_bytes_here(
    evalh: Evalh, gated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evalh("run")
    small_workspace(tmp_path / "other")
    monkeypatch.chdir(tmp_path / "other")
    assert evalh("run", "../space/configs/small.yaml").code == 1
    assert reports(only(tmp_path / "other")) == reports(only(gated))
