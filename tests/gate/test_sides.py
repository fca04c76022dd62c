from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.small_workspace import change

from evalh.errors import NotFound, UserError
from evalh.gate.run import GateOptions, gated_run
from evalh.gate.sides import (
    check_comparable,
    find_run,
    gate_inputs,
    names_run,
    results_folder,
    run_side,
    versions_of,
)
from evalh.models import SideInfo
from evalh.regression.sides import Side
from evalh.runner import load_run
from evalh.workspace import Workspace


def told(call: Any) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


# --- finding a run ---


def test_a_run_is_found_by_id_and_by_folder_with_a_version_or_without(space: Workspace) -> None:
    for text in ("done", "results/done", "./results/done/", str(space.root / "results/done")):
        result, version = find_run(space, text)
        assert (result.manifest.status, version) == ("complete", None)
        assert find_run(space, f"{text}:v2")[1] == "v2"


def test_a_folder_here_counts_before_one_in_the_results(space: Workspace) -> None:
    (space.root / "results/done").rename(space.root / "other")
    (space.root / "results/other").mkdir()
    assert find_run(space, "other")[0].out_dir == Path("other")


def test_the_longest_folder_counts_where_names_have_colons(space: Workspace) -> None:
    (space.root / "results/done").rename(space.root / "results/a:v1")
    (space.root / "results/a").mkdir()
    assert find_run(space, "a:v1")[1] is None
    assert find_run(space, "a:v1:v2")[1] == "v2"


@pytest.mark.parametrize("text", ["", ":", "v1", "r_0", "r_0:v1", "x" * 5000, "a\0", "configs/small.yaml", "no/where"])
def test_what_names_no_folder_is_no_run(space: Workspace, text: str) -> None:
    assert not names_run(space, text)
    assert told(lambda: find_run(space, text)).startswith("there is no run ")


def test_a_folder_is_named_whatever_is_in_it(space: Workspace) -> None:
    assert names_run(space, "golden_sets:v1")
    assert "there is no run here" in told(lambda: find_run(space, "golden_sets:v1"))


def test_results_are_those_of_the_workspace_from_inside_and_of_the_current_folder_from_outside(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(space.root / "golden_sets")
    assert results_folder(space) == space.root / "results"
    monkeypatch.chdir(tmp_path)
    assert results_folder(space) == Path("results")


# --- a side of it ---


def test_a_side_has_the_rows_of_its_version_and_the_inputs_of_its_run(space: Workspace) -> None:
    result = load_run(Path("results/done"))
    side = run_side(result, "v2", prompt="Hi.")
    assert (side.info.name, side.info.cases, side.info.conversations, side.info.trials) == ("v2", 12, 12, 1)
    assert side.info.prompt_sha256 == space.prompt("care", "v2").sha256
    assert {case.evaluators["brevity"].mean for case in side.cases} == {0.5}
    assert (side.inputs, side.prompt) == (gate_inputs(result.manifest), "Hi.")
    assert side.rows is not None
    assert {row.prompt_version for row in side.rows()} == {"v1", "v2"}


def test_a_side_of_another_run_is_called_by_its_run(space: Workspace) -> None:
    result = load_run(Path("results/done"))
    assert run_side(result, "v2", named=True).info.name == f"{result.manifest.run_id}:v2"


def test_prompts_and_where_the_recordings_are_may_differ_and_all_else_is_an_input(space: Workspace) -> None:
    manifest = load_run(Path("results/done")).manifest
    names = gate_inputs(manifest).keys()
    assert versions_of(manifest) == ["v1", "v2"]
    assert {name.partition(".")[0] for name in names} == {
        "evalh", "reader", "encoder", "seed", "as_of", "unsure_below", "policies", "personas", "golden_set",
        "evaluators",
    }  # fmt: skip


def test_a_run_of_several_versions_needs_one(space: Workspace) -> None:
    result = load_run(Path("results/done"))
    name = result.manifest.run_id
    assert told(lambda: run_side(result, None)) == (
        f"results/done has the prompt versions v1, v2; name one: {name}:v1"
    )  # fmt: skip


def test_a_version_of_which_nothing_was_recorded_has_nothing_to_pair(space: Workspace) -> None:
    change(space.root, "configs/small.yaml", "[v1, v2]", "[v2]")
    (space.root / "golden_sets/few/recordings/v2.jsonl").write_text("")
    with pytest.raises(UserError):
        gated_run(space, None, Path("none"), GateOptions())


# --- whether two sides may be compared ---


def side(name: str, **inputs: Any) -> Side:
    return Side(SideInfo(name=name, run_id="r_1"), inputs, (), ())


BEFORE = side("v1", reader="local-1", golden_set="a" * 64, **{"policies.home@1": "b" * 64})


def test_equal_inputs_are_comparable() -> None:
    assert check_comparable(BEFORE, BEFORE, ()) == ()


def test_every_difference_is_named_with_what_would_allow_it() -> None:
    after = side("v2", reader="local-2", golden_set="c" * 64, **{"policies.home@2": "b" * 64})
    assert told(lambda: check_comparable(BEFORE, after, ())) == (
        "v1 and v2 differ in more than the prompt (reader: local-1 → local-2; golden_set: aaaaaaaaaaaa → cccccccccccc; "
        "policies.home@1: bbbbbbbbbbbb → none; policies.home@2: none → bbbbbbbbbbbb), so a drop could come from that; "
        "score both alike, or give --allow reader --allow golden_set --allow policies"
    )


def test_what_was_allowed_is_told_and_what_was_not_is_refused() -> None:
    after = side("v2", reader="local-2", golden_set="c" * 64, **{"policies.home@1": "b" * 64})
    assert "(golden_set: " in told(lambda: check_comparable(BEFORE, after, ("reader",)))
    assert check_comparable(BEFORE, after, ("reader", "golden_set")) == (
        "reader: local-1 → local-2", "golden_set: aaaaaaaaaaaa → cccccccccccc",
    )  # fmt: skip


def test_one_of_a_kind_can_be_allowed_by_its_whole_name() -> None:
    after = side("v2", reader="local-1", golden_set="a" * 64, **{"policies.home@1": "c" * 64})
    assert len(check_comparable(BEFORE, after, ("policies.home@1",))) == 1
    assert len(check_comparable(BEFORE, after, ("policies",))) == 1


def test_what_only_one_side_knows_differs() -> None:
    assert "(seed: none → 7)" in told(lambda: check_comparable(side("v1"), side("v2", seed=7), ()))


def test_an_unknown_input_cannot_be_allowed_even_where_nothing_differs() -> None:
    with pytest.raises(UserError, match=r"^--allow polices: there is no such input; it is one of evaluators, "):
        check_comparable(BEFORE, BEFORE, ("polices",))


def test_a_version_that_is_not_in_the_run_is_not_found(space: Workspace) -> None:
    with pytest.raises(NotFound, match=r"^results/done: has no prompt version 'v9'; it has v1, v2$"):
        find_run(space, "results/done:v9")
