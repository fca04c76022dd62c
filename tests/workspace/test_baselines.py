from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalh.errors import BadInput, NotFound, UserError
from evalh.models import (
    BaselineEntry,
    BlessedBaseline,
    CaseSide,
    CaseTrials,
    EvaluatorInfo,
    SideInfo,
    StateCounts,
    digest,
)
from evalh.workspace.baselines import baseline_path, baselines_folder, read_baseline, write_baseline

AGAIN = "restore it, or delete it and bless a side again: evalh bless RUN:VERSION"


def case(number: int, evaluators: int = 2, trials: int = 9) -> CaseSide:
    kept = {
        f"evaluator_{index}": CaseTrials(
            mean=round((number % 9 + 1) / 9, 12),
            n=trials,
            passed=trials - 1,
            failed=1,
            counts=StateCounts(scored=trials),
        )
        for index in range(evaluators)
    }
    return CaseSide(
        case=f"case-{number:03}",
        persona="price_sensitive",
        facets={"channel": "chat"},
        trials=trials,
        read=trials,
        pitched=2,
        critical={"eligibility": {"suppressed": 1}} if number == 0 else {},
        evaluators=kept,
        conversations=tuple(f"{number * 100 + trial:064x}" for trial in range(trials)),
    )


def baseline(*cases: CaseSide, **changes: Any) -> BlessedBaseline:
    entry = BaselineEntry(run_id="r_1", prompt_version="v1", cases_sha256="0" * 64, blessed_at="2026-10-31T12:00:00Z")
    given: dict[str, Any] = {
        "config": "telecom",
        "side": SideInfo(name="v1", run_id="r_1", prompt_version="v1", cases=len(cases), trials=9),
        "inputs": {"evalh": "1.0", "as_of": None, "unsure_below": 0.5, "policies.home@1": "a" * 64},
        "evaluators": (EvaluatorInfo(name="tone", version="1", sha256="b" * 64, rollup="mean", threshold=1.0),),
        "prompt": "You are Nora.\nZürich \u202e\x1b[31m \U0001f600",
        "cases": cases or (case(0), case(1)),
        "history": (entry, entry),
    }
    made = BlessedBaseline(**given | changes)
    return made.model_copy(update={"sha256": made.content_sha256()})


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = baseline_path(tmp_path, "telecom")
    write_baseline(path, baseline())
    return path


def told(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_baseline(path)
    return str(caught.value)


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what the file says, with the digest put right."""
    value = json.loads(path.read_text())
    change(value)
    value.pop("sha256", None)
    path.write_text(json.dumps({**value, "sha256": digest(value)}))


def test_a_baseline_is_kept_under_the_name_of_its_configuration(tmp_path: Path) -> None:
    assert baseline_path(tmp_path, "telecom") == baselines_folder(tmp_path) / "telecom.json"
    assert baselines_folder(tmp_path) == tmp_path / "configs/baselines"


def test_what_is_read_is_what_was_written(path: Path) -> None:
    assert read_baseline(path) == baseline()


def test_the_digest_in_the_file_is_that_of_its_content_whatever_the_object_says(path: Path) -> None:
    write_baseline(path, baseline().model_copy(update={"sha256": "wrong"}))
    assert read_baseline(path) == baseline()


def test_the_same_baseline_gives_the_same_bytes(path: Path) -> None:
    before = path.read_bytes()
    write_baseline(path, read_baseline(path))
    assert path.read_bytes() == before
    assert before.isascii()


def test_each_case_evaluator_input_and_entry_has_a_line_of_its_own(path: Path) -> None:
    write_baseline(path, baseline(case(0), case(1), case(2)))
    before = path.read_text().splitlines()
    write_baseline(path, baseline(case(0), case(1, trials=3), case(2)))
    after = path.read_text().splitlines()

    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    assert [line.partition(":")[0] for line in changed] == ['{"case"', '"sha256"']
    assert '"unsure_below":0.5,' in before
    assert sum(line.startswith('{"name":"tone"') for line in before) == 1


def test_fields_that_say_nothing_are_left_out(path: Path) -> None:
    write_baseline(path, baseline(CaseSide(case="c", trials=1, evaluators={"tone": CaseTrials(mean=0.5, n=1)})))
    assert '\n{"case":"c","trials":1,"evaluators":{"tone":{"mean":0.5,"n":1}}}\n' in path.read_text()


def test_a_large_baseline_stays_small_enough_to_commit(path: Path) -> None:
    write_baseline(path, baseline(*(case(number, evaluators=11) for number in range(120))))
    assert path.stat().st_size < 250_000


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").touch()
    with pytest.raises(UserError, match=r"^configs/baselines: cannot be made \(.*\); check the folder$"):
        write_baseline(baseline_path(tmp_path, "telecom"), baseline())


def test_a_failed_write_leaves_the_old_baseline(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        write_baseline(path, baseline(case(7)))
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["telecom.json"]


# --- what cannot be trusted ---


def test_a_missing_baseline_says_how_to_make_one(path: Path) -> None:
    path.unlink()
    with pytest.raises(NotFound):
        read_baseline(path)
    assert told(path) == "configs/baselines/telecom.json: no such file; bless a side first: evalh bless RUN:VERSION"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"mean":0.111111111111', '"mean":1.0'),
        ('"pitched":2', '"pitched":3'),
        ('"name":"v1"', '"name":"v2"'),
        ('{"case":"case-000"', '{"note":"added","case":"case-000"'),
        ('"mean":0.111111111111', '"mean":"high"'),
        ('"sha256":"', '"sha256":"0'),
    ],
)
def test_a_file_that_was_edited_is_refused(path: Path, old: str, new: str) -> None:
    head, found, tail = path.read_text().rpartition(old)
    assert found
    path.write_text(head + new + tail)
    assert told(path) == (
        "configs/baselines/telecom.json: sha256: its content is not what its sha256 says; "
        f"it was edited by hand, or merged; {AGAIN}"
    )


def test_lines_of_another_baseline_are_refused_as_a_merge_would_leave_them(path: Path) -> None:
    kept = path.read_text().splitlines()
    del kept[next(index for index, line in enumerate(kept) if line.startswith('{"case":"case-000"'))]
    path.write_text("\n".join(kept))
    assert "or merged" in told(path)


def test_line_endings_and_spaces_do_not_matter(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4).replace("\n", "\r\n"))
    assert read_baseline(path) == baseline()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no JSON here, only white space"),
        ("[]", "should be an object, found an empty list"),
        ("{\n<<<<<<< HEAD\n", "this is not JSON: expecting property name enclosed in double quotes"),
        ('{"schema": NaN}', "NaN is not a JSON number"),
        ('{\n"config":1,\n"config":2}', "the key 'config' stands twice in one object"),
        ('{"inputs":' + "[" * 70 + "]" * 70 + "}", "the JSON is nested more than 64 deep"),
        ("{}", "schema: should be 'evalh.baseline/1', found null"),
        ('{"schema":"evalh.manifest/1"}', "schema: should be 'evalh.baseline/1', found 'evalh.manifest/1'"),
        ('{"schema":"evalh.baseline/1"}', "sha256: its content is not what its sha256 says"),
    ],
)
def test_what_is_no_baseline_is_one_sentence(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    found = told(path)
    assert said in found
    assert found.startswith("configs/baselines/telecom.json:")
    assert found.endswith(AGAIN)
    assert "\n" not in found


def test_a_file_cut_off_anywhere_is_refused_and_names_the_line(path: Path) -> None:
    text = path.read_text()
    for end in range(1, len(text) - 2, 97):
        path.write_text(text[:end])
        assert told(path).endswith(AGAIN)
    path.write_text(text[: text.index(',"persona"')])
    line = text[: text.index(',"persona"')].count("\n") + 1
    assert told(path).startswith(f"configs/baselines/telecom.json:{line}: the JSON stops in the middle")


def test_a_file_of_a_newer_evalh_is_told_from_a_damaged_one(path: Path) -> None:
    edit(path, lambda value: value.update(schema="evalh.baseline/2"))
    assert told(path) == (
        "configs/baselines/telecom.json: schema: is 'evalh.baseline/2', and this evalh reads 'evalh.baseline/1'; "
        f"install a newer evalh, or {AGAIN}"
    )


def test_fields_added_within_the_major_version_are_passed_over(path: Path) -> None:
    edit(path, lambda value: value["cases"][0].update(added_later=[1]))
    assert read_baseline(path).cases == baseline().cases


def test_values_that_fit_the_digest_and_not_the_schema_are_refused(path: Path) -> None:
    edit(path, lambda value: value["cases"][1].update(trials="many"))
    assert told(path).startswith("configs/baselines/telecom.json: cases[1].trials: ")
    assert told(path).endswith(AGAIN)


def test_the_baseline_of_another_configuration_is_refused(path: Path) -> None:
    other = path.rename(path.with_name("airline.json"))
    assert told(other) == (
        f"configs/baselines/airline.json: config: is the baseline of 'telecom', not of 'airline'; {AGAIN}"
    )


def test_bytes_that_are_no_text_are_refused(path: Path) -> None:
    path.write_bytes(b"{\n\xff")
    assert told(path).startswith("configs/baselines/telecom.json:2: invalid UTF-8")


def test_a_folder_or_a_pipe_is_refused(path: Path) -> None:
    path.unlink()
    path.mkdir()
    with pytest.raises(BadInput, match=r"cannot be read \(Is a directory\); restore it, or delete it"):
        read_baseline(path)
    pipe = path.with_name("pipe.json")
    os.mkfifo(pipe)
    with pytest.raises(BadInput, match="is a pipe or a device, not a file"):
        read_baseline(pipe)


def test_a_file_that_is_too_big_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalh.workspace.baselines.MAX_FILE_BYTES", 100)
    assert told(path).endswith(f"MiB are read; {AGAIN}")
