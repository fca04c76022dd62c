"""Replies of conversations that are still going on, each durable as it comes, so that a killed run asks none twice.

They hold what people said: the folder is closed to other users. What is damaged is not there.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evalh.errors import UserError
from evalh.store.database import opened, set_aside

FILE = "played-1.sqlite"


class Pending:
    """Bodies by key in a folder, shared by threads and processes. Raises UserError where it cannot keep one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._database = self._opened()

    def get(self, key: str) -> Any:
        """What is kept under that key; None when there is nothing, or it is damaged."""
        try:
            with self._lock:
                row = self._database.execute("SELECT body FROM played WHERE key = ?", (key,)).fetchone()
            return json.loads(zlib.decompress(row[0])) if row else None
        except (sqlite3.Error, zlib.error, ValueError, TypeError):
            return None

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON value: when this returns, the end of the process loses nothing."""
        body = zlib.compress(json.dumps(value).encode("ascii"), 1)
        self._write("INSERT OR REPLACE INTO played VALUES (?, ?)", [(key, body)])

    def drop(self, keys: Iterable[str]) -> None:
        """Forget these keys."""
        self._write("DELETE FROM played WHERE key = ?", [(key,) for key in keys])

    def drop_all(self, prefix: str) -> None:
        """Forget every key that begins so; `prefix` is letters and digits."""
        self._write("DELETE FROM played WHERE key GLOB ?", [(f"{prefix}*",)])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        try:
            with self._lock:
                self._execute(statement, rows)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(str(error)) from error

    def _execute(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Do it; in a new file where the old one turns out to be damaged."""
        try:
            with self._database:
                self._database.executemany(statement, rows)
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code is None or code & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            self._database.close()
            set_aside(self.folder / FILE)
            self._database = self._opened()
            with self._database:
                self._database.executemany(statement, rows)

    def _opened(self) -> sqlite3.Connection:
        try:
            return opened(self.folder / FILE, "played", any_thread=True)
        except (OSError, sqlite3.OperationalError) as error:
            raise self._unusable(getattr(error, "strerror", None) or str(error)) from error

    def _unusable(self, why: str) -> UserError:
        remedy = "free some space, or set EVALH_CACHE to another folder"
        return UserError(f"replies cannot be kept in {self.folder} ({why}); {remedy}")
