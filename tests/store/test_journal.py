from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalh.errors import UserError
from evalh.store.journal import Journal

RECORDS: list[dict[str, Any]] = [{"n": n, "text": f"line {n} \u2028 \u0085 \U0001f600 \udc00\n"} for n in range(5)]


def filled(path: Path) -> bytes:
    with Journal(path) as journal:
        for record in RECORDS:
            journal.append(record)
    return path.read_bytes()


def read(path: Path) -> list[dict[str, Any]]:
    with Journal(path) as journal:
        return list(journal.records())


def test_what_was_appended_is_read_back_line_separators_and_lone_surrogates_too(tmp_path: Path) -> None:
    written = filled(tmp_path / "journal")

    assert read(tmp_path / "journal") == RECORDS
    assert written.isascii()
    assert len(written.decode("ascii").splitlines()) == len(RECORDS)


def test_a_record_is_found_by_its_offset_also_when_it_is_long(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        first = journal.append({"text": "x" * 700_000})
        second = journal.append({"n": 2})

        assert journal.at(second) == {"n": 2}
        assert len(journal.at(first)["text"]) == 700_000
        assert [offset for offset, _ in journal.entries()] == [first, second]


def test_a_tail_torn_at_any_byte_is_cut_and_the_next_record_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = filled(path)
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(ends[1], len(whole)):
        path.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends)
        with Journal(path) as journal:
            assert list(journal.records()) == RECORDS[:kept]
            journal.append({"n": "after"})
        assert read(path) == [*RECORDS[:kept], {"n": "after"}]


def test_a_byte_garbled_anywhere_costs_at_most_the_two_records_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = filled(path)
    for place in range(len(whole)):
        garbled = bytearray(whole)
        garbled[place] ^= 0x15
        path.write_bytes(garbled)
        found = read(path)
        assert len(found) >= len(RECORDS) - 2
        assert all(record in RECORDS for record in found)


def test_damaged_inner_lines_are_set_aside_and_counted_once_however_often_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    lines = filled(path).splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"line", b"lime"), b"\x00\xff\n", b"\n", *lines[2:]]))
    for _ in range(2):
        with Journal(path) as journal:
            assert journal.damaged == 3
            assert list(journal.records()) == [RECORDS[0], *RECORDS[2:]]

    assert (tmp_path / "journal.bad").read_bytes().count(b"\n") == 3


def test_random_zeroed_pages_at_the_end_are_survived(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = filled(path)
    path.write_bytes(whole + b"\0" * 4096)

    assert read(path) == RECORDS
    assert path.read_bytes() == whole


def test_a_second_writer_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.append({"n": 1})
        with pytest.raises(UserError, match=r"another evalh is writing to .*; wait for it, or choose another folder"):
            Journal(path)
        journal.append({"n": 2})

    assert read(path) == [{"n": 1}, {"n": 2}]


def test_a_cleared_journal_forgets_what_was_there(tmp_path: Path) -> None:
    filled(tmp_path / "journal")
    with Journal(tmp_path / "journal") as journal:
        journal.clear()
        journal.append({"n": 1})

    assert read(tmp_path / "journal") == [{"n": 1}]


def test_a_removed_journal_is_gone_and_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append({"n": 1})
    journal.remove()
    journal.close()

    assert not (tmp_path / "journal").exists()


def test_a_number_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        with pytest.raises(ValueError, match="not JSON compliant"):
            journal.append({"value": float("nan")})
        assert len(journal) == 0


def test_a_folder_that_is_missing_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path / "gone" / "journal")


WRITER = """
import sys
from pathlib import Path
from evalh.store.journal import Journal
journal = Journal(Path(sys.argv[1]))
for n in range(100_000):
    journal.append({"n": n, "text": "x" * 300})
    print(n, flush=True)
"""


@pytest.mark.parametrize("after", [1, 40, 90])
def test_a_killed_process_loses_nothing_that_append_returned_for(tmp_path: Path, after: int) -> None:
    path = tmp_path / "journal"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(after)][-1]
    writer.send_signal(signal.SIGKILL)
    writer.stdout.close()
    writer.wait()

    found = [record["n"] for record in read(path)]
    assert found == list(range(len(found)))
    assert len(found) > acknowledged
