from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from evalh.errors import UserError
from evalh.models import Answered, Mood, Question, Reading, Register
from evalh.store.cache import FILE, ReadingCache, default_cache_dir, reading_key

READING = Reading(
    conversation="c-1",
    conversation_sha256="a" * 64,
    reader="fake",
    lexicon_sha256="b" * 64,
    moods=(Mood(turn=0, quote="caf\u00e9 \u2028", confidence=0.1 + 0.2, mood="calm"),),
    registers=(Register(turn=1, register_="neutral"),),
    answers={"q": Answered(values={3: 0.25})},
)


def damage(folder: Path, body: object) -> None:
    with closing(sqlite3.connect(folder / FILE)) as database, database:
        database.execute("UPDATE readings SET body = ?", (body,))


def key(**changes: object) -> str:
    given = {"conversation_sha256": "a", "reader": "r", "encoder": None, "lexicon_sha256": "l", **changes}
    return reading_key(given.pop("conversation_sha256"), **given)  # type: ignore[arg-type]


def test_a_reading_comes_back_equal_also_from_another_process_later(tmp_path: Path) -> None:
    with ReadingCache(tmp_path / "cache") as cache:
        cache.put("k", READING)
    with ReadingCache(tmp_path / "cache") as cache:
        assert cache.get("k") == READING
        assert cache.get("other") is None
        assert (cache.hits, cache.misses) == (1, 1)


@pytest.mark.parametrize(
    "body", [b"", b"\x78\x9cgarbage", "text", 7, b"x\x9c\xabV*\xcfH,Q\xb2R\xaa\x05\x00\x15\x8f\x03\xc5"]
)
def test_a_damaged_entry_is_a_miss_and_can_be_written_anew(tmp_path: Path, body: object) -> None:
    with ReadingCache(tmp_path) as cache:
        cache.put("k", READING)
        damage(tmp_path, body)
        assert cache.get("k") is None
        cache.put("k", READING)
        assert cache.get("k") == READING


def test_a_file_that_is_no_cache_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with ReadingCache(tmp_path) as cache:
        cache.put("k", READING)
        assert cache.get("k") == READING

    assert (tmp_path / (FILE + ".bad")).read_bytes().startswith(b"no database")


def test_two_caches_share_a_folder(tmp_path: Path) -> None:
    with ReadingCache(tmp_path) as one, ReadingCache(tmp_path) as other:
        one.put("k", READING)
        assert other.get("k") == READING


def test_only_the_owner_may_look_into_the_folder(tmp_path: Path) -> None:
    with ReadingCache(tmp_path / "cache"):
        assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="set EVALH_CACHE to a folder, or give --no-cache"):
        ReadingCache(tmp_path / "file" / "cache")


def test_the_folder_is_the_environments_or_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path
    monkeypatch.delenv("EVALH_CACHE")
    assert default_cache_dir() == Path.home() / ".cache" / "evalh"


def test_a_key_depends_on_all_that_a_reading_depends_on_but_not_on_the_order_of_questions() -> None:
    one, two = Question(kind="similar", text="one"), Question(kind="similar", text="two")
    changed = [
        key(conversation_sha256="x"),
        key(reader="x"),
        key(encoder="x"),
        key(lexicon_sha256="x"),
        key(questions=[one]),
        key(questions=[one, two]),
    ]

    assert len({key(), *changed}) == len(changed) + 1
    assert key(questions=[one, two]) == key(questions=[two, one, two])
