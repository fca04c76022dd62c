from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from evalh.errors import UserError
from evalh.store.replies import FILE, KeptReply, ReplyStore

REPLY = KeptReply(text='{"nonce": "n", "caf\u00e9": "\u2028"}', nonce="n", attempts=2, input_tokens=9, output_tokens=4)


def damage(folder: Path, body: object) -> None:
    with closing(sqlite3.connect(folder / FILE)) as database, database:
        database.execute("UPDATE replies SET body = ?", (body,))


def test_a_reply_comes_back_equal_later(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path / "kept")
    store.put("k", REPLY)
    store.close()
    again = ReplyStore(tmp_path / "kept")

    assert again.get("k") == REPLY
    assert again.get("other") is None
    again.close()


@pytest.mark.parametrize("body", [b"", b"\x78\x9cgarbage", "text", 7, None])
def test_a_damaged_reply_is_none_and_can_be_kept_anew(tmp_path: Path, body: object) -> None:
    store = ReplyStore(tmp_path)
    store.put("k", REPLY)
    damage(tmp_path, body if body is not None else sqlite3.Binary(b"null"))
    assert store.get("k") is None
    store.put("k", REPLY)
    assert store.get("k") == REPLY
    store.close()


def test_a_file_that_is_no_store_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    store = ReplyStore(tmp_path)
    store.put("k", REPLY)
    store.close()

    assert (tmp_path / (FILE + ".bad")).read_bytes().startswith(b"no database")


def test_a_store_that_turns_out_to_be_damaged_is_set_aside(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path)
    for number in range(200):
        store.put(f"k{number}", REPLY)
    store.close()
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[:4096] + bytes(len(content) - 4096))
    store = ReplyStore(tmp_path)

    assert store.get("k7") is None
    store.put("k7", REPLY)
    assert store.get("k7") == REPLY
    store.close()
    assert (tmp_path / (FILE + ".bad")).exists()


def test_threads_and_stores_share_a_folder(tmp_path: Path) -> None:
    one, other = ReplyStore(tmp_path), ReplyStore(tmp_path)
    threads = [threading.Thread(target=one.put, args=(f"k{number}", REPLY)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(other.get(f"k{number}") == REPLY for number in range(20))
    one.close()
    other.close()


def test_only_the_owner_may_look_into_the_folder(tmp_path: Path) -> None:
    ReplyStore(tmp_path / "kept").close()
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="set EVALH_CACHE to another folder"):
        ReplyStore(tmp_path / "file" / "kept")


def test_a_reply_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
        database.execute("DROP TABLE replies")
    with pytest.raises(UserError, match="cannot be kept"):
        store.put("k", REPLY)
    assert store.get("k") is None
    store.close()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    script = (
        "import sys, itertools; from pathlib import Path; from evalh.store.replies import ReplyStore, KeptReply\n"
        "store = ReplyStore(Path(sys.argv[1]))\n"
        "for number in itertools.count():\n"
        "    store.put(f'k{number}', KeptReply(text='x' * 500))\n"
        "    print(number, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().split("\n") if line]
    process.stdout.close()
    process.wait()

    store = ReplyStore(tmp_path)
    assert all(store.get(f"k{number}") is not None for number in acknowledged)
    store.close()
