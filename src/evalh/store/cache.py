"""Readings by the digests of what they depend on, so that a conversation is read once; who reads is left to others.

The cache holds quotes of transcripts: its folder is closed to other users. An entry that is damaged is no entry.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from evalh.errors import UserError
from evalh.models import Question, Reading, digest
from evalh.store.database import opened

FILE = "readings-1.sqlite"


def default_cache_dir() -> Path:
    """``$EVALH_CACHE``, else ``~/.cache/evalh``."""
    chosen = os.environ.get("EVALH_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "evalh"


def reading_key(
    conversation_sha256: str,
    *,
    reader: str,
    encoder: str | None,
    lexicon_sha256: str,
    questions: Iterable[Question] = (),
) -> str:
    """The key of a reading: 64 hex digits of all that it depends on; the order of questions does not matter."""
    asked = sorted({question.sha256 for question in questions})
    return digest([conversation_sha256, reader, encoder, lexicon_sha256, asked])


class ReadingCache:
    """Readings in a folder, shared by processes. A file that is no cache is set aside as ``.bad``.

    Raises UserError when the folder cannot be made or written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_cache_dir()
        self.hits = 0
        self.misses = 0
        self._database = _opened(self.folder)

    def __enter__(self) -> ReadingCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, key: str) -> Reading | None:
        """The reading of that key; None when there is none, or what is there is damaged."""
        reading = self._get(key)
        self.hits += reading is not None
        self.misses += reading is None
        return reading

    def put(self, key: str, reading: Reading) -> None:
        """Keep `reading`."""
        self.put_all([(key, reading)])

    def put_all(self, entries: Iterable[tuple[str, Reading]]) -> None:
        """Keep several readings at once. A cache that is full or busy keeps none, which costs time, not results."""
        rows = [(key, zlib.compress(_dumped(reading), 1)) for key, reading in entries]
        try:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?)", rows)
        except sqlite3.Error:
            return

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _get(self, key: str) -> Reading | None:
        try:
            row = self._database.execute("SELECT body FROM readings WHERE key = ?", (key,)).fetchone()
            return Reading.model_validate_json(zlib.decompress(row[0])) if row else None
        except (sqlite3.Error, zlib.error, ValidationError, TypeError):
            return None


def _dumped(reading: Reading) -> bytes:
    return reading.model_dump_json(by_alias=True).encode("utf-8")


def _opened(folder: Path) -> sqlite3.Connection:
    try:
        return opened(folder / FILE, "readings")
    except (OSError, sqlite3.OperationalError) as error:
        raise _unusable(folder, getattr(error, "strerror", None) or str(error)) from error


def _unusable(folder: Path, why: str) -> UserError:
    return UserError(f"the cache {folder} cannot be used ({why}); set EVALH_CACHE to a folder, or give --no-cache")
