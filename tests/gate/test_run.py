from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.repository import committed
from tests.small_workspace import LONG, PROMPT, SHORT, change, record, write

from evalh.errors import NotFound, UserError
from evalh.gate.baseline import find_baseline
from evalh.gate.blessing import bless_side
from evalh.gate.plan import Plan, place_in, plan_of
from evalh.gate.run import GatedRun, GateOptions, gated_plan, gated_run, write_comparisons
from evalh.models import Comparison, SideInfo, Verdict
from evalh.workspace import Workspace

CONFIG = "configs/small.yaml"
CASES = [f"c-{number:02}" for number in range(12)]


def plan(space: Workspace) -> Plan:
    return plan_of(space, space.config())


def wanted(space: Workspace, baseline: str | None = None) -> Any:
    return find_baseline(plan(space), baseline)


def given(**fields: Any) -> Comparison:
    name = fields.pop("name", "v2")
    return Comparison(run_id="r_1", baseline=None, candidate=SideInfo(name=name, run_id="r_1"), **fields)


# --- what the versions are compared with ---


def test_the_first_version_is_the_baseline_of_the_others(space: Workspace) -> None:
    found = wanted(space)
    assert (found.pairs, found.named, found.side) == ({"v2": "v1"}, "v1", None)


def test_the_configured_baseline_counts_before_the_first(space: Workspace) -> None:
    change(space.root, CONFIG, "versions: [v1, v2]", "versions: [v1, v2], baseline: v2")
    assert wanted(space).pairs == {"v1": "v2"}
    assert wanted(space, "v1").pairs == {"v2": "v1"}


@pytest.mark.parametrize("name", ["blessed", "git:main", "r_0:v1", "done"])
def test_a_configured_version_is_a_version_whatever_it_is_called(space: Workspace, name: str) -> None:
    write(space.root, f"configs/prompts/care/{name}.md", PROMPT.replace("version: v1", f'version: "{name}"'))
    change(space.root, CONFIG, "versions: [v1, v2]", f'versions: ["{name}", v2]')
    assert wanted(space).pairs == {"v2": name}


def test_one_version_has_nothing_to_be_compared_with(space: Workspace) -> None:
    change(space.root, CONFIG, "[v1, v2]", "[v2]")
    assert wanted(space).pairs == {}


def test_a_version_that_is_not_configured_is_run_too(space: Workspace) -> None:
    change(space.root, CONFIG, "[v1, v2]", "[v2]")
    found = wanted(space, "v1")
    assert (found.pairs, list(found.extra)) == ({"v2": "v1"}, ["v1"])
    planned = gated_plan(space, None, GateOptions(baseline="v1"))
    assert (list(planned.plan.prompts), planned.plan.conversations) == (["v1", "v2"], 24)


def test_a_blessed_side_counts_before_the_configuration(space: Workspace) -> None:
    bless_side(space, "done:v1", config=None, note="", force=False, now=datetime.now(UTC))
    found = wanted(space)
    assert (found.pairs, found.side.info.kind) == ({"v2": None}, "blessed")
    assert found.notice == "baseline: v1, from configs/baselines/small.json"
    assert wanted(space, "v1").side is None


def test_only_versions_of_another_prompt_are_candidates_beside_a_side_from_elsewhere(space: Workspace) -> None:
    assert wanted(space, "done:v1").pairs == {"v2": None}
    change(space.root, CONFIG, "[v1, v2]", "[v1]")
    assert wanted(space, "done:v1").pairs == {"v1": None}


def test_the_prompt_of_a_side_from_elsewhere_is_known_only_while_it_is_that_prompt(space: Workspace) -> None:
    assert wanted(space, "done:v1").side.prompt.endswith("You are Nora.\n")
    write(space.root, "configs/prompts/care/v1.md", PROMPT.replace("Nora", "Nina"))
    assert wanted(space, "done:v1").side.prompt is None


def test_a_prompt_at_a_ref_is_a_version_of_its_own_with_its_own_recordings(space: Workspace) -> None:
    commit = committed(space.root)
    change(space.root, "configs/prompts/care/v2.md", "everything", "all")
    record(space.root, "v2", dict.fromkeys(CASES, SHORT))
    found = wanted(space, "git:main")
    name = f"v2@{commit[:12]}"
    assert (found.pairs, list(found.at_ref)) == ({"v2": name}, [name])
    assert "Explain everything" in found.at_ref[name].source
    done = gated_run(space, None, Path("new"), GateOptions(baseline="git:main"))
    (comparison,) = done.comparisons
    assert comparison.baseline is not None
    assert (comparison.baseline.name, comparison.candidate.name, done.exit_code) == (name, "v2", 0)
    assert {row.prompt_version for row in done.result.conversations()} == {"v1", "v2", name}


def test_nothing_that_changed_since_a_ref_is_compared_with_itself(space: Workspace) -> None:
    committed(space.root)
    found = wanted(space, "git:main")
    assert (found.pairs, found.notice) == ({"v1": "v1", "v2": "v2"}, "no prompt of this run changed since main")


def test_a_version_that_is_new_since_a_ref_is_compared_with_the_baseline_there(space: Workspace) -> None:
    (space.root / "configs/prompts/care/v2.md").rename(space.root / "v2.md")
    committed(space.root)
    (space.root / "v2.md").rename(space.root / "configs/prompts/care/v2.md")
    assert wanted(space, "git:main").pairs == {"v2": "v1"}


@pytest.mark.parametrize("text", ["v9", "", "r_0:v1", "git:", "git:nope", "blessed"])
def test_an_unknown_baseline_is_the_users_mistake(space: Workspace, text: str) -> None:
    committed(space.root)
    with pytest.raises(UserError):
        wanted(space, text)


def test_what_is_neither_a_version_nor_a_run_is_told_as_both(space: Workspace) -> None:
    with pytest.raises(NotFound) as caught:
        wanted(space, "v9")
    assert str(caught.value) == (
        "--baseline 'v9' is neither a prompt version nor a run: the prompt versions are v1, v2, "
        "and there is no such run"
    )


# --- by which settings ---


def test_what_decides_comes_from_the_other_configuration_and_the_rest_does_not(space: Workspace) -> None:
    text = (space.root / CONFIG).read_text().replace("[v1, v2]", "[v2]").replace("max_words: 30", "max_words: 99")
    text = text.replace("reader: {", "reader: {unsure_below: 0.7, ")
    more = "gate: {alpha: 0.01}\npersonas: [calm]\nseed: 5\ntrials: 3\n"
    write(space.root, "configs/other.yaml", text + more)
    planned = gated_plan(space, "small", GateOptions(gate_from="other"))
    config = planned.plan.config
    assert (config.gate.alpha, config.personas, config.evaluators) == (0.01, ("calm",), {"brevity": {"max_words": 99}})
    assert (config.prompts.versions, config.seed, config.trials, config.name) == (("v1", "v2"), 0, 3, "small")
    assert (config.reader.unsure_below, config.reader.encoder.kind) == (0.7, "none")
    assert planned.terms.settings_from == "other"


@pytest.mark.parametrize(("mine", "decides"), [("friendly", "strict"), (None, "strict"), ("friendly", None)])
def test_a_change_cannot_bring_its_own_judge(space: Workspace, mine: str | None, decides: str | None) -> None:
    def by(judge: str | None) -> str:
        plain = (space.root / CONFIG).read_text()
        asked = f"judge: {{model: {judge}}}\nreader: {{kind: judge, "
        return plain.replace("reader: {", asked) if judge is not None else plain

    theirs = by(decides)
    write(space.root, CONFIG, by(mine))
    write(space.root, "configs/other.yaml", theirs)
    config = gated_plan(space, "small", GateOptions(gate_from="other")).plan.config

    assert (config.judge.model if config.judge is not None else None) == decides
    assert config.reader.kind == ("local" if decides is None else "judge")


def test_settings_are_told_by_their_place_in_the_workspace(space: Workspace, tmp_path: Path) -> None:
    assert place_in(space, Path(CONFIG)) == place_in(space, space.root / CONFIG) == CONFIG
    assert place_in(space, tmp_path / "x.yaml") == str(tmp_path / "x.yaml")


# --- the verdict ---


@pytest.mark.parametrize(
    ("verdicts", "worst", "exit_code"),
    [
        ((), None, 0),
        ((None,), None, 0),
        (("PASS", "PASS"), "PASS", 0),
        (("PASS", "INCONCLUSIVE"), "INCONCLUSIVE", 3),
        (("INCONCLUSIVE", "INCOMPLETE"), "INCOMPLETE", 3),
        (("INCOMPLETE", "REGRESSION", "PASS"), "REGRESSION", 1),
    ],
)
def test_the_worst_verdict_decides(verdicts: tuple[Verdict, ...], worst: str | None, exit_code: int) -> None:
    done = GatedRun(None, tuple(given(verdict=verdict) for verdict in verdicts))  # type: ignore[arg-type]
    assert (done.verdict, done.exit_code) == (worst, exit_code)


def test_comparisons_take_the_place_of_those_that_were_there(tmp_path: Path) -> None:
    for name in ("comparison.json", "comparison-v3.json", "report.md", "junit.xml", "metrics.txt"):
        write(tmp_path, name, "old")
    write(tmp_path, "looks.json", "kept")
    write_comparisons(tmp_path, [given()])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comparison.json", "looks.json"]


def test_a_candidate_of_any_name_has_a_file_inside_the_folder(tmp_path: Path) -> None:
    names = ["v2", "v3@0123456789ab", "../../evil", "con:aux", "é" * 300, "-rf", "v" * 200]
    (tmp_path / "out").mkdir()
    write_comparisons(tmp_path / "out", [given(name=name) for name in names])
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert (len(written), [path.name for path in tmp_path.iterdir()]) == (len(names), ["out"])
    assert {"comparison.json", "comparison-v3@0123456789ab.json"} <= set(written)
    held = {json.loads((tmp_path / "out" / name).read_text())["candidate"]["name"] for name in written}
    assert held == set(names)


def test_the_same_conversations_again_are_the_same_look(space: Workspace) -> None:
    for _ in range(2):
        (comparison,) = gated_run(space, None, Path("results/done"), GateOptions()).comparisons
        assert (comparison.look, comparison.verdict) == (1, "REGRESSION")
    looks = json.loads((space.root / "results/done/looks.json").read_text())
    assert [len(pair) for pair in looks["pairs"].values()] == [1]


def test_a_look_without_a_gate_is_none(space: Workspace) -> None:
    done = gated_run(space, None, Path("new"), GateOptions(gate=False))
    assert (done.verdict, done.exit_code, (space.root / "new/looks.json").exists()) == (None, 0, False)


def test_candidates_share_alpha(space: Workspace) -> None:
    write(space.root, "configs/prompts/care/v3.md", PROMPT.replace("version: v1", "version: v3"))
    record(space.root, "v3", dict.fromkeys(CASES, LONG))
    change(space.root, CONFIG, "[v1, v2]", "[v1, v2, v3]")
    done = gated_run(space, None, Path("new"), GateOptions())
    assert [one.alpha for one in done.comparisons] == [0.025, 0.025]
    assert [one.candidate.name for one in done.comparisons] == ["v2", "v3"]
