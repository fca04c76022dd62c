import json
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Evalh
from tests.golden.growing import conversation, files, growing_workspace, rows

from evalh.models.golden_check import GoldenCheck


class Terminal:
    """What a person types, a line at a time."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return f"{self.lines.pop(0)}\n" if self.lines else ""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "space"
    growing_workspace(root, conversation())
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    return root


def labels(root: Path) -> list[tuple[str, str, str, bool]]:
    held = rows(root, "labels.jsonl")
    return [(one["construct"], one["label"], one["labeller"].partition(":")[0], one["confirmed"]) for one in held]


def test_add_says_what_it_did_and_what_comes_next(evalh: Evalh, root: Path) -> None:
    done = evalh("golden", "add", "few", "calls.jsonl")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "added case call-1 by v1, persona calm: 6 turns, 11 labels proposed",
        "version of few: 1 -> 2",
        "proposed labels count once a person confirms them: evalh golden confirm few --by NAME",
        "names and postal addresses are not found: read what is added before you commit it",
    ]
    assert evalh("validate").code == 0
    again = evalh("golden", "add", "few", "calls.jsonl")
    assert (again.code, again.out) == (2, "")
    assert "is there already" in again.err


def test_a_dry_run_shows_everything_and_writes_nothing(evalh: Evalh, root: Path) -> None:
    before = files(root)
    done = evalh("golden", "add", "few", "calls.jsonl", "--dry-run")

    assert done.code == 0
    assert done.out.startswith("would add case call-1 by v1")
    assert '{"id": "call-1", "persona": "calm"' in done.out
    assert "  1 customer: My bill is wrong, you charged me twice! Call me on <PHONE_1>." in done.out
    assert "      act pitch FIBER-500 (proposed with confidence 0.90)" in done.out
    assert files(root) == before


def test_nothing_in_a_transcript_reaches_the_terminal_as_a_control(evalh: Evalh, root: Path) -> None:
    turns = [{"role": "customer", "text": "\x1b[31mred\u202e [bold]my bill is wrong"}]
    (root / "calls.jsonl").write_text(json.dumps(conversation("a\x1bb", turns=turns)))
    done = evalh("golden", "add", "few", "calls.jsonl", "--dry-run")

    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out
    assert "[bold]" in done.out


def test_the_workspace_that_comes_with_evalh_is_not_written(
    evalh: Evalh, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "empty"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    done = evalh("golden", "add", "skylark_booking", str(root / "calls.jsonl"))

    assert done.code == 2
    assert "there is no workspace here" in done.err


# --- confirm ---


def test_where_nobody_can_be_asked_labels_are_named(evalh: Evalh, root: Path) -> None:
    evalh("golden", "add", "few", "calls.jsonl")
    done = evalh("golden", "confirm", "few", "--by", "ann")
    assert (done.code, "nobody can be asked here; name labels with --case" in done.err) == (2, True)
    done = evalh("golden", "confirm", "few", "--by", "ann", "--construct", "mood")
    assert (done.code, done.out) == (0, "confirmed 3 labels by ann\n")
    assert [one for one in labels(root) if one[3]] == [
        ("mood", "frustrated", "ann", True), ("mood", "satisfied", "ann", True), ("mood", "calm", "ann", True),
    ]  # fmt: skip
    assert evalh("golden", "confirm", "few", "--by", "ann", "--all").out == "confirmed 8 labels by ann\n"
    assert evalh("golden", "confirm", "few", "--by", "ann", "--all").out == "there is no unconfirmed label\n"


def test_a_person_is_asked_about_each_label_in_its_place(
    evalh: Evalh, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evalh("golden", "add", "few", "calls.jsonl")
    monkeypatch.setattr(sys, "stdin", Terminal("y", "no", "what", "c", "nonsense", "promised", "s", "q"))
    done = evalh("golden", "confirm", "few", "--by", "ann")

    assert done.code == 0
    assert "[1/11] call-1 v1, turn 0: identity ai_disclosed (reader:local-" in done.out
    assert "> 1 customer: My bill is wrong, you charged me twice! Call me on <PHONE_1>." in done.out
    assert "which? open, promised, resolved, unresolved, unsure: " in done.out
    assert done.out.endswith("kept 3 answers, 8 labels left\n")
    assert labels(root)[:3] == [
        ("identity", "ai_disclosed", "ann", True),
        ("issue", "promised", "ann", True),
        ("progress", "unsolved", "reader", False),
    ]


def test_the_end_of_the_input_keeps_what_was_answered(
    evalh: Evalh, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evalh("golden", "add", "few", "calls.jsonl")
    monkeypatch.setattr(sys, "stdin", Terminal("y"))
    assert evalh("golden", "confirm", "few", "--by", "ann").out.endswith("kept 1 answer, 10 labels left\n")
    assert sum(one[3] for one in labels(root)) == 1


def test_proposals_count_for_nothing_until_they_are_confirmed(evalh: Evalh, root: Path) -> None:
    evalh("golden", "add", "few", "calls.jsonl")
    for more in ((), ("--include-unconfirmed",)):
        done = evalh("calibrate", "few", *more)
        assert done.code == 2
        assert "no person has confirmed a label: all 11 are proposals of a reader" in done.err
    evalh("golden", "confirm", "few", "--by", "ann", "--construct", "mood")
    done = evalh("calibrate", "few", "--include-unconfirmed")
    assert (done.code, "few: 3 confirmed labels by 1 labeller" in done.out) == (0, True)


# --- check ---


def test_a_check_ends_with_0_where_there_are_only_notes(evalh: Evalh, root: Path) -> None:
    done = evalh("golden", "check")

    assert (done.code, done.err) == (0, "")
    assert "few: 2 of 2 persona cohorts have fewer independent cases than the 6 that the gate needs" in done.out
    assert done.out.splitlines()[-1].startswith("few 1 (")
    assert "): ok, " in done.out.splitlines()[-1]


def test_a_check_ends_with_2_where_labels_conflict(evalh: Evalh, root: Path) -> None:
    evalh("golden", "add", "few", "calls.jsonl")
    evalh("golden", "confirm", "few", "--by", "ann", "--all")
    path = root / "golden_sets/few/labels.jsonl"
    path.write_text(
        path.read_text()
        + path.read_text().splitlines()[3].replace('"ann"', '"bob"').replace("unsolved", "solved")
        + "\n"
    )
    done = evalh("golden", "check", "few")

    assert done.code == 2
    assert done.err.startswith("golden_sets/few/labels.jsonl:12: label: 'solved' contradicts 'unsolved' on line 4")
    assert "not ok: 1 mistake" in done.out


def test_the_check_as_json(evalh: Evalh, root: Path) -> None:
    done = evalh("golden", "check", "few", "--json")
    found = GoldenCheck.model_validate_json(done.out)

    assert (done.code, found.golden_set.id, found.cases) == (0, "few", 3)
    assert {one.kind for one in found.findings} >= {"cohort_gap", "near_duplicate"}
    assert evalh("schema", "golden_check").code == 0
    assert evalh("golden", "check", "fwe").code == 2
