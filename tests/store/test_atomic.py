from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalh.errors import UserError
from evalh.models import Evidence
from evalh.store.atomic import line, replacing, write_atomic, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    write_atomic(path, "old")
    write_atomic(path, "né")

    assert path.read_bytes() == "né".encode()
    assert names(tmp_path) == ["scores.jsonl"]


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def records() -> Iterator[dict[str, Any]]:
        yield {"n": 1}
        raise ValueError("the source broke")

    path = tmp_path / "scores.jsonl"
    path.write_text("old")
    with pytest.raises(ValueError, match="the source broke"), replacing(path) as stream:
        stream.writelines(line(record) for record in records())

    assert path.read_text() == "old"
    assert names(tmp_path) == ["scores.jsonl"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_and_the_old_file_stays(tmp_path: Path, value: float) -> None:
    path = tmp_path / "aggregates.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"mean": value})

    assert path.read_text() == "old"


def test_a_folder_that_is_missing_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be written \(No such file or directory\); check the folder"):
        write_atomic(tmp_path / "gone" / "x.json", "{}")


def test_records_are_one_ascii_line_each_whatever_they_hold() -> None:
    written = line({"quote": "a\u2028b\u0085c\nd \ud800"})

    assert written.isascii()
    assert written.count(b"\n") == 1
    assert len(written.decode("ascii").splitlines()) == 1


def test_models_are_written_as_they_are_read() -> None:
    written = b"".join(line(record) for record in (Evidence(turn=1, quote="no"), {"turn": 2}))

    assert written == b'{"turn":1,"start":0,"end":0,"quote":"no"}\n{"turn":2}\n'
