from __future__ import annotations

from pathlib import Path

import pytest
from tests.agreement.labelled import labelled_workspace, relabel, row
from tests.small_workspace import change

from evalh.agreement.run import Options, calibrate
from evalh.agreement.store import (
    Known,
    applies_to,
    calibration_folder,
    kept,
    known_for,
    overall,
    problems,
    read_agreement,
    why_not_for,
    write_agreement,
)
from evalh.errors import BadInput, UserError
from evalh.models import FileInfo, Manifest
from evalh.models.agreement import Agreement
from evalh.workspace import Workspace


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Agreement]:
    root = tmp_path_factory.mktemp("labelled")
    space = labelled_workspace(root)
    return space, calibrate(space, "few", Options())


@pytest.fixture
def space(found: tuple[Workspace, Agreement]) -> Workspace:
    return found[0]


@pytest.fixture
def agreement(found: tuple[Workspace, Agreement]) -> Agreement:
    return found[1]


def manifest(of: Agreement, **changed: object) -> Manifest:
    """The manifest of a run that judged as was judged then."""
    held = {name: getattr(of, name) for name in ("policies", "evaluators", "reader", "encoder", "scorecard")}
    return Manifest.model_validate(
        {"run_id": "r", "status": "complete", "evalh_version": "0", **held, "unsure_below": of.unsure_below, **changed}
    )


def test_the_evaluators_are_compared_with_the_labels(agreement: Agreement) -> None:
    row = overall(agreement, "groundedness")

    assert row is not None
    assert (row.tp, row.fp, row.fn, row.tn, row.labels) == (2, 1, 1, 1, 5)
    assert (agreement.labels, agreement.conversations, agreement.confirmed) == (6, 5, True)
    assert [(one.case, one.labelled, one.found) for one in agreement.disagreements if one.level == "conversation"] == [
        ("c-02", None, "wrong_price"),
        ("c-04", "invented_fee (turn 2)", None),
    ]


def test_what_is_labelled_and_compared_with_nothing_is_told(tmp_path: Path) -> None:
    space = labelled_workspace(tmp_path, row("c-00", "claim", "wrong_price", turn=2, offer="FIBER-500"))

    assert calibrate(space, "few", Options()).not_compared == ("claim",)


def test_the_same_labels_give_the_same_bytes(space: Workspace, agreement: Agreement) -> None:
    assert calibrate(space, "few", Options()) == agreement


def test_it_is_kept_and_read_back(agreement: Agreement, tmp_path: Path) -> None:
    write_agreement(tmp_path / "new" / "few.json", agreement)

    assert read_agreement(tmp_path / "new" / "few.json") == agreement


def test_a_damaged_file_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "few.json").write_text('{"schema": "evalh.agreement/1"}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"few\.json: .*calibrate again, or delete the file"):
        read_agreement(tmp_path / "few.json")


def test_a_file_that_is_not_there_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "few.json").symlink_to(tmp_path / "gone")
    with pytest.raises(BadInput, match=r"few\.json: no such file; calibrate again, or delete the file"):
        read_agreement(tmp_path / "few.json")


def test_a_folder_that_cannot_be_made_is_told(agreement: Agreement, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="choose another file with --out"):
        write_agreement(tmp_path / "file" / "few.json", agreement)


def test_it_holds_for_a_run_that_judges_the_same_way(agreement: Agreement) -> None:
    same = manifest(agreement)

    assert all(applies_to(agreement, same, info) for info in same.evaluators)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"reader": "local-9"}, "another reader version"),
        ({"encoder": "other"}, "another encoder"),
        ({"unsure_below": 0.7}, "another limit below which facts are unsure"),
        ({"policies": ()}, "another policy"),
        ({"policies": (FileInfo(id="home", version="2", sha256="0"),)}, "another policy"),
    ],
)
def test_it_holds_for_nothing_else(agreement: Agreement, changed: dict[str, object], told: str) -> None:
    other = manifest(agreement, **changed)

    assert why_not_for(agreement, other, other.evaluators[0]) == told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sha256": "0"}, "another version of the evaluator"),
        ({"version": "9"}, "another version of the evaluator"),
        ({"name": "new"}, "another version of the evaluator"),
        ({"settings": {"threshold": 0.9}}, "other settings of the evaluator"),
    ],
)
def test_a_changed_evaluator_is_another(agreement: Agreement, changed: dict[str, object], told: str) -> None:
    info = agreement.evaluators[0].model_copy(update=changed)

    assert why_not_for(agreement, manifest(agreement), info) == told


def test_whether_it_gates_makes_no_other_evaluator_of_it(agreement: Agreement) -> None:
    before = agreement.evaluators[0]
    info = before.model_copy(update={"gating": False, "settings": {**before.settings, "gating": False}})

    assert before.settings["gating"] is True
    assert applies_to(agreement, manifest(agreement), info)


def by_name(known: list[Known]) -> dict[str, Known]:
    return {one.evaluator: one for one in known}


def test_each_evaluator_of_a_run_is_told_of(space: Workspace, agreement: Agreement) -> None:
    known = by_name(known_for(space, [agreement], manifest(agreement)))

    assert list(known) == [info.name for info in agreement.evaluators] + ["conversation_quality"]
    assert (known["groundedness"].row, known["groundedness"].why_not) == (overall(agreement, "groundedness"), "")
    assert known["brevity"] == Known("brevity")
    assert known["conversation_quality"].row is None


def test_without_a_calibration_nothing_is_known(space: Workspace, agreement: Agreement) -> None:
    assert all(one.row is None for one in known_for(space, [], manifest(agreement)))


def test_what_holds_comes_before_what_does_not(space: Workspace, agreement: Agreement) -> None:
    older = agreement.model_copy(update={"reader": "older"})
    for order in ([older, agreement], [agreement, older]):
        assert by_name(known_for(space, order, manifest(agreement)))["groundedness"].why_not == ""
    assert by_name(known_for(space, [older], manifest(agreement)))["groundedness"].why_not == "another reader version"


def test_what_people_confirmed_comes_before_more_that_nobody_did(space: Workspace, agreement: Agreement) -> None:
    rows = tuple(row.model_copy(update={"labels": 99}) for row in agreement.rows)
    more = agreement.model_copy(update={"confirmed": False, "rows": rows})
    for order in ([more, agreement], [agreement, more]):
        assert by_name(known_for(space, order, manifest(agreement)))["groundedness"].confirmed


def test_the_golden_set_of_the_run_comes_before_others(space: Workspace, agreement: Agreement) -> None:
    info = agreement.golden_set
    elsewhere = agreement.model_copy(update={"golden_set": info.model_copy(update={"id": "elsewhere"})})
    ran = manifest(agreement, golden_set=info)
    for order in ([elsewhere, agreement], [agreement, elsewhere]):
        assert by_name(known_for(space, order, ran))["groundedness"].golden_set == "few"


def test_the_scorecard_holds_while_it_and_all_evaluators_are_the_same(space: Workspace, agreement: Agreement) -> None:
    row = overall(agreement, "groundedness")
    assert row is not None
    scored = agreement.model_copy(update={"rows": (row.model_copy(update={"construct_": "conversation_quality"}),)})
    changed = [info.model_copy(update={"sha256": "0"}) for info in agreement.evaluators]

    def told(**fields: object) -> str:
        return by_name(known_for(space, [scored], manifest(scored, **fields)))["conversation_quality"].why_not

    assert told() == ""
    assert told(scorecard=FileInfo(id="care", sha256="0")) == "another scorecard"
    assert told(evaluators=changed) == "another version of the evaluator"


def test_labels_that_were_changed_since_are_others(tmp_path: Path) -> None:
    space = labelled_workspace(tmp_path)
    agreement = calibrate(space, "few", Options())
    relabel(tmp_path, row("c-00", "groundedness", "grounded"))

    told = by_name(known_for(Workspace(tmp_path), [agreement], manifest(agreement)))
    assert told["groundedness"].why_not == "other labels or recordings"


def test_a_configuration_changes_what_is_compared(tmp_path: Path) -> None:
    space = labelled_workspace(tmp_path)
    change(tmp_path, "configs/small.yaml", "brevity: {max_words: 30}", "groundedness: {threshold: 0.9}")
    agreement = calibrate(space, "few", Options(config=space.config("small")))

    assert [info.name for info in agreement.evaluators] == ["groundedness"]
    assert agreement.evaluators[0].threshold == 0.9
    assert (agreement.encoder, agreement.scorecard) == (None, None)


def test_the_folder_is_the_workspaces_and_that_of_the_reference_one_here(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(space.root / "configs")
    assert calibration_folder(space) == space.root / "calibration"
    monkeypatch.chdir(tmp_path)
    assert calibration_folder(space) == space.root / "calibration"
    assert calibration_folder(Workspace.reference()) == Path("calibration")
    assert kept(Workspace.reference()) == []


def test_labels_that_are_all_confirmed_are_confirmed_however_they_were_asked_for(
    space: Workspace, agreement: Agreement
) -> None:
    assert calibrate(space, "few", Options(unconfirmed=True)) == agreement


def test_an_agreement_binds_to_versions_without_a_label_that_counts(tmp_path: Path) -> None:
    """The label of v2 is not confirmed: no recording of v2 is judged, yet all that is labelled is bound."""
    space = labelled_workspace(tmp_path, row("c-00", "groundedness", "grounded", prompt_version="v2", confirmed=False))
    agreement = calibrate(space, "few", Options())

    assert by_name(known_for(space, [agreement], manifest(agreement)))["groundedness"].why_not == ""


def test_problems_are_damaged_files_and_labels_that_contradict_each_other(tmp_path: Path) -> None:
    space = labelled_workspace(tmp_path)
    write_agreement(tmp_path / "calibration/good.json", calibrate(space, "few", Options()))
    assert not list(problems(space))

    (tmp_path / "calibration/bad.json").write_text('{"schema": "evalh.agreement/2"}', encoding="utf-8")
    relabel(tmp_path, row("c-00", "act", "pitch", turn=2), row("c-00", "act", "answer", turn=2))
    damaged, contradiction = map(str, problems(space))
    assert "bad.json: schema: is 'evalh.agreement/2', and this evalh reads evalh.agreement/1; calibrate" in damaged
    assert "labels.jsonl:2: label: 'answer' contradicts 'pitch' on line 1" in contradiction
