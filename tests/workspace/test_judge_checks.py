from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.judge.oracle import admit, judge_config
from tests.judge.test_check import yes_man
from tests.small_workspace import small_workspace

from evalh.errors import UserError
from evalh.judge.asking import Form
from evalh.judge.judge import Judge
from evalh.models import JudgeCheck
from evalh.workspace import Workspace
from evalh.workspace.judge_checks import admission_of, check_path, checks_folder, judge_check_of, write_judge_check

RUBRICS: tuple[Form, ...] = ("rubrics",)


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda _: None)
    return small_workspace(tmp_path)


@pytest.fixture
def kept(space: Workspace) -> JudgeCheck:
    return admit(space, judge_config(), RUBRICS)


def edit(space: Workspace, check: JudgeCheck, change: Callable[[dict[str, Any]], Any]) -> None:
    path = check_path(space, check.judge_sha256)
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


def test_a_check_is_one_small_file_that_can_be_reviewed(space: Workspace, kept: JudgeCheck) -> None:
    path = space.root / "calibration" / "judges" / f"{kept.judge_sha256[:12]}.json"
    assert check_path(space, kept.judge_sha256) == path
    text = path.read_text()
    assert json.loads(text)["schema"] == "evalh.judge_check/1"
    assert len(text) < 100_000
    assert text.count("\n") > 100
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_check_that_is_kept_is_found_by_the_digest_of_its_judge(space: Workspace, kept: JudgeCheck) -> None:
    assert judge_check_of(space, kept.judge_sha256) == kept
    assert admission_of(space, kept.judge_sha256, RUBRICS).state == "passed"
    other = Judge(judge_config(model="other")).sha256
    assert judge_check_of(space, other) is None
    assert admission_of(space, other, RUBRICS).state == "none"


@pytest.mark.parametrize(
    "change", [{"temperature": 0.5}, {"base_url": "http://127.0.0.1:8"}, {"votes": 3}, {"seed": 1}, {"redact": False}]
)
def test_whatever_a_judge_depends_on_asks_for_another_check(
    space: Workspace, kept: JudgeCheck, change: dict[str, Any]
) -> None:
    assert kept.passed
    found = admission_of(space, Judge(judge_config(**change)).sha256, RUBRICS)
    assert (found.state, found.check, found.why) == ("none", None, "was not checked")


@pytest.mark.parametrize("change", [{"concurrency": 2}, {"timeout": 5.0}, {"api_key_env": "KEY"}])
def test_how_it_is_reached_does_not(space: Workspace, kept: JudgeCheck, change: dict[str, Any]) -> None:
    assert kept.passed
    assert admission_of(space, Judge(judge_config(**change)).sha256, RUBRICS).state == "passed"


def test_a_judge_is_admitted_only_for_what_it_was_checked_on(space: Workspace, kept: JudgeCheck) -> None:
    found = admission_of(space, kept.judge_sha256, ("facts", "rubrics"))
    assert (found.state, found.why) == ("none", "was not checked on facts")


def test_a_judge_that_did_not_pass_is_not_admitted(space: Workspace) -> None:
    check = admit(space, judge_config(), RUBRICS, yes_man)
    found = admission_of(space, check.judge_sha256, RUBRICS)
    assert (found.state, found.check, found.why) == ("failed", check, "did not pass its check")


def test_a_check_by_other_conversations_is_none(space: Workspace, kept: JudgeCheck) -> None:
    edit(space, kept, lambda raw: raw.update(probes_sha256="0" * 64, evalh_version="0.0.1"))
    found = admission_of(space, kept.judge_sha256, RUBRICS)
    assert (found.state, found.why) == ("none", "was checked by evalh 0.0.1 with other conversations")


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.update(passed=True),
        lambda raw: raw.update(passed=True, rates=[], probes=[]),
        lambda raw: raw.update(passed=True, rates=[{**one, "enough": True} for one in raw["rates"]]),
        lambda raw: raw.update(passed=True, rates=[{**one, "needed": 0.0, "enough": True} for one in raw["rates"]]),
        lambda raw: raw.update(passed=True, probes=[one for one in raw["probes"] if one["passed"]]),
    ],
)
def test_a_pass_that_its_own_probes_do_not_bear_out_is_not_believed(
    space: Workspace, change: Callable[[dict[str, Any]], Any]
) -> None:
    check = admit(space, judge_config(), RUBRICS, yes_man)
    edit(space, check, change)
    found = admission_of(space, check.judge_sha256, RUBRICS)
    assert (found.state, found.check) == ("none", None)
    assert "was changed by hand" in found.why
    assert f"{check.judge_sha256[:12]}.json" in found.why


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"schema": "evalh.judge_check/2"}', b'{"a": 1, "a": 2}', b"[" * 99_999],
)
def test_a_file_that_is_damaged_is_no_check(space: Workspace, kept: JudgeCheck, content: bytes) -> None:
    check_path(space, kept.judge_sha256).write_bytes(content)
    found = admission_of(space, kept.judge_sha256, RUBRICS)
    assert (found.state, found.check) == ("none", None)
    assert found.why.startswith("has a check that cannot be read (calibration/judges/")
    assert judge_check_of(space, kept.judge_sha256) is None


def test_a_file_of_another_judge_is_no_check_of_this_one(space: Workspace, kept: JudgeCheck) -> None:
    other = Judge(judge_config(model="other")).sha256
    check_path(space, kept.judge_sha256).rename(check_path(space, other))
    assert "is of another judge" in admission_of(space, other, RUBRICS).why


def test_a_folder_in_its_place_is_told(space: Workspace, kept: JudgeCheck) -> None:
    path = check_path(space, kept.judge_sha256)
    path.unlink()
    path.mkdir()
    assert "cannot be read" in admission_of(space, kept.judge_sha256, RUBRICS).why


def test_unknown_fields_of_a_later_evalh_are_let_be(space: Workspace, kept: JudgeCheck) -> None:
    edit(space, kept, lambda raw: raw.update(more=1))
    assert admission_of(space, kept.judge_sha256, RUBRICS).state == "passed"


def test_the_newer_check_takes_the_place_of_the_older(space: Workspace, kept: JudgeCheck) -> None:
    admit(space, judge_config(), RUBRICS, yes_man)
    assert admission_of(space, kept.judge_sha256, RUBRICS).state == "failed"
    assert len(list(checks_folder(space).iterdir())) == 1


def test_checks_for_the_reference_are_kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert checks_folder(Workspace.reference()) == Path("calibration/judges")


def test_a_folder_that_cannot_be_made_is_told(space: Workspace, kept: JudgeCheck) -> None:
    check_path(space, kept.judge_sha256).unlink()
    checks_folder(space).rmdir()
    checks_folder(space).write_text("")
    with pytest.raises(UserError, match="cannot be made"):
        write_judge_check(space, kept)
