import json
from pathlib import Path
from typing import Any

import pytest
from tests.agreement.labelled import LABELS, labelled_workspace, relabel, row

from evalh.errors import ManyErrors, UserError
from evalh.golden import staged
from evalh.golden.confirm import Change, Confirming, Wanted
from evalh.workspace import Workspace

READER = "reader:local-9@ab"


def open_(case: str, construct: str, label: str, **fields: Any) -> dict[str, Any]:
    return row(case, construct, label, **{"labeller": READER, "confirmed": False, **fields})


ROWS = (
    row("c-00", "mood", "frustrated", turn=1, labeller="bob", confirmed=True, note="é"),
    open_("c-00", "act", "pitch", turn=2, offer="FIBER-500"),
    open_("c-01", "mood", "calm", turn=3),
    open_("c-01", "mood", "frustrated", turn=1, labeller="kim"),
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    labelled_workspace(tmp_path)
    relabel(tmp_path, *ROWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda _: None)
    return tmp_path


def confirming(root: Path, by: str = "ann", **wanted: str) -> Confirming:
    return Confirming.of(Workspace(root), "few", Wanted(**wanted), by)


def raw(root: Path) -> bytes:
    return (root / LABELS).read_bytes()


def lines_of(one: Confirming) -> list[int]:
    return [line.number for line in one.open]


def test_unconfirmed_labels_are_chosen_by_case_construct_and_labeller(root: Path) -> None:
    assert lines_of(confirming(root)) == [2, 3, 4]
    assert lines_of(confirming(root, case="c-01")) == [3, 4]
    assert lines_of(confirming(root, construct="mood")) == [3, 4]
    assert lines_of(confirming(root, labeller="reader")) == lines_of(confirming(root, labeller=READER)) == [2, 3]
    assert lines_of(confirming(root, labeller="kim", case="c-00")) == []


def test_what_is_confirmed_is_the_persons_and_every_other_byte_stays(root: Path) -> None:
    odd = b'\xef\xbb\xbf{"case":"c-00",\t"prompt_version" : "v1", "construct": "mood","turn":1, "label":"calm" }\r\n\n'
    (root / LABELS).write_bytes(odd + raw(root).split(b"\n", 1)[1].removesuffix(b"\n"))
    before = raw(root)
    one = confirming(root)
    one.keep([Change(1, "frustrated"), Change(3, "pitch")])

    wanted = before.replace(b'"label":"calm" }', b'"label":"frustrated", "labeller": "ann", "confirmed": true }')
    own = b'"labeller": "%s", "confirmed": false, "turn": 2' % READER.encode()
    assert own in wanted
    assert raw(root) == wanted.replace(own, b'"labeller": "ann", "confirmed": true, "turn": 2')
    assert lines_of(one) == [4, 5]


def test_what_does_not_hold_is_taken_out_and_the_rest_can_still_be_answered(root: Path) -> None:
    one = confirming(root)
    one.keep([Change(2, None)])
    assert lines_of(one) == [2, 3]
    one.keep([Change(3, "frustrated")])

    labels = [json.loads(line) for line in raw(root).splitlines()]
    assert [(label["case"], label["label"], label["labeller"]) for label in labels] == [
        ("c-00", "frustrated", "bob"),
        ("c-01", "calm", READER),
        ("c-01", "frustrated", "ann"),
    ]


def test_answers_that_contradict_what_was_settled_change_nothing(root: Path) -> None:
    relabel(
        root, *ROWS, open_("c-00", "mood", "calm", turn=1), open_("c-00", "mood", "satisfied", turn=1, labeller="kim")
    )
    before = raw(root)
    one = confirming(root)
    with pytest.raises(UserError, match=r"'calm' contradicts 'frustrated' on line 1 .* and both are confirmed"):
        one.keep([Change(5, "calm")])
    with pytest.raises(ManyErrors):
        one.keep([Change(line.number, line.value.label) for line in one.open])
    assert raw(root) == before
    one.keep([Change(5, "frustrated")])
    assert lines_of(one) == [2, 3, 4, 6]


def test_what_an_addition_left_undone_is_finished_before_labels_are_shown(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, before = root / LABELS, raw(root)
    changes = {path: (before, before + before.splitlines(keepends=True)[-1])}
    with monkeypatch.context() as patched:
        patched.setattr(staged, "finish", lambda _: None)
        staged.replace_files(path.parent, changes)
    one = confirming(root)
    assert lines_of(one) == [2, 3, 4, 5]
    one.keep([Change(5, "frustrated")])


def test_a_file_that_changed_meanwhile_is_left(root: Path) -> None:
    one = confirming(root)
    (root / LABELS).write_bytes(raw(root) + b"\n")
    with pytest.raises(UserError, match="was changed meanwhile; give the command again"):
        one.keep([Change(2, "pitch")])


def test_only_labels_that_may_stand_there_are_offered(root: Path) -> None:
    relabel(root, open_("c-00", "progress", "solved", turn=3), open_("c-00", "groundedness", "grounded"))
    one = confirming(root)

    assert one.choices(one.open[0].value) == ["solved", "unsolved"]
    assert "wrong_price" in one.choices(one.open[1].value)


@pytest.mark.parametrize("by", ["", " ", "a\nb", "reader:x", "model-annotator-1", "x" * 101])
def test_only_a_person_confirms(root: Path, by: str) -> None:
    with pytest.raises(UserError, match="is no name of a person"):
        confirming(root, by)


def test_what_nothing_has_is_told(root: Path) -> None:
    with pytest.raises(UserError, match="there is no case 'c-99'"):
        confirming(root, case="c-99")
    with pytest.raises(UserError, match="there is no construct 'moods'; did you mean 'mood'"):
        confirming(root, construct="moods")
