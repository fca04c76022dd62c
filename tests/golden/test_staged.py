import json
import os
from contextlib import suppress
from pathlib import Path

import pytest

from evalh.errors import BadInput, UserError
from evalh.golden import staged
from evalh.golden.staged import FOLDER, alone, finish, replace_files


class KilledError(BaseException):
    """What a kill is to the code that it hits."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").write_text("old a")
    (tmp_path / "b").write_text("old b")
    return tmp_path


def change(folder: Path) -> None:
    changes: dict[Path, tuple[bytes | None, bytes]] = {
        folder / "a": (b"old a", b"new a"),
        folder / "in" / "c": (None, b"new c"),
        folder / "b": (b"old b", b"new b"),
    }
    replace_files(folder, changes)


def held(folder: Path) -> list[str]:
    paths = [folder / "a", folder / "b", folder / "in" / "c"]
    return [path.read_text() if path.exists() else "-" for path in paths]


def test_all_files_are_replaced_and_nothing_is_left_over(folder: Path) -> None:
    change(folder)

    assert held(folder) == ["new a", "new b", "new c"]
    assert not (folder / FOLDER).exists()


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        change(folder)

    assert held(folder) == ["old a", "old b", "-"]
    assert not (folder / FOLDER).exists()


def test_who_may_read_a_file_stays(folder: Path) -> None:
    (folder / "a").chmod(0o640)
    change(folder)
    assert (folder / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("after", range(12))
def test_wherever_it_is_killed_all_or_nothing_is_there_in_the_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    calls, real = [0], os.fsync

    def fsync(handle: int) -> None:
        calls[0] += 1
        if calls[0] > after:
            raise KilledError
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with suppress(KilledError):
        change(folder)
    monkeypatch.setattr(os, "fsync", real)
    finish(folder)

    assert held(folder) in (["old a", "old b", "-"], ["new a", "new b", "new c"])
    assert not (folder / FOLDER).exists()
    if held(folder)[0] == "old a":
        change(folder)
        assert held(folder) == ["new a", "new b", "new c"]


def test_a_kill_between_two_files_is_finished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = staged._placed

    def once(base: Path, laid: Path, step: dict[str, str]) -> None:
        real(base, laid, step)
        raise KilledError

    monkeypatch.setattr(staged, "_placed", once)
    with pytest.raises(KilledError):
        change(folder)
    assert held(folder) == ["new a", "old b", "-"]
    monkeypatch.setattr(staged, "_placed", real)
    with alone(folder):
        assert held(folder) == ["new a", "new b", "new c"]


def test_a_file_that_was_edited_after_a_kill_is_not_overwritten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KilledError

    real = staged._placed
    monkeypatch.setattr(staged, "_placed", killed)
    with pytest.raises(KilledError):
        change(folder)
    monkeypatch.setattr(staged, "_placed", real)
    (folder / "b").write_text("mine")

    with pytest.raises(BadInput, match=r"b: was changed while an addition was interrupted; delete .*\.staged to leave"):
        finish(folder)
    assert (folder / "b").read_text() == "mine"


def test_what_changed_since_it_was_read_is_not_overwritten(folder: Path) -> None:
    (folder / "b").write_text("mine")

    with pytest.raises(BadInput, match="was changed meanwhile; give the command again"):
        change(folder)
    assert held(folder) == ["old a", "mine", "-"]


def test_a_link_stays_a_link(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    (folder / "a").rename(real)
    (folder / "a").symlink_to(real)
    change(folder)

    assert (folder / "a").is_symlink()
    assert real.read_text() == "new a"


def test_two_at_a_time_are_refused(folder: Path) -> None:
    with alone(folder), pytest.raises(UserError, match=r"another evalh is changing .*; wait for it"), alone(folder):
        pass
    with alone(folder):
        pass


@pytest.mark.parametrize("path", ["../out", "/out", "in/../../out"])
def test_a_list_that_names_a_file_outside_is_refused(folder: Path, path: str) -> None:
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "list.json").write_text(json.dumps([{"path": path, "before": None, "after": "x"}]))
    (folder / FOLDER / "0").touch()
    with pytest.raises(BadInput, match=r"list.json: is not as evalh wrote it; delete .*\.staged"):
        finish(folder)
    assert not (folder.parent / "out").exists()


@pytest.mark.parametrize("listed", ["[{", "1", "[1]", "[{}]", '[{"path": 1}]', '[{"path": "a"}]', "\xff"])
def test_a_list_that_is_none_is_told(folder: Path, listed: str) -> None:
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "list.json").write_bytes(listed.encode("latin-1"))
    with pytest.raises(BadInput, match="is not as evalh wrote it"):
        finish(folder)
