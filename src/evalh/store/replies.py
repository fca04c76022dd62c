"""Replies of a judge by the digest of what they depend on, each durable as it comes; what is asked is left to others.

They hold quotes of transcripts: the folder is closed to other users. A reply that is damaged is no reply, and what
failed is never kept.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from pathlib import Path

from pydantic import Field, ValidationError

from evalh.errors import UserError
from evalh.models.base import OpenModel
from evalh.store.cache import default_cache_dir
from evalh.store.database import opened, set_aside

FILE = "replies-1.sqlite"


class KeptReply(OpenModel):
    """A reply that could be read, with what it took."""

    text: str
    nonce: str = ""
    """The number of the request that it answers."""
    attempts: int = Field(default=1, ge=1)
    """HTTP requests, failed ones among them."""
    input_tokens: int = Field(default=0, ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)


class ReplyStore:
    """Replies in a folder, shared by threads and processes. A file that is no store is set aside as ``.bad``.

    Raises UserError when the folder cannot be made or written, also later: a run that cannot keep what it pays for
    stops.
    """

    def __init__(self, folder: Path | None = None, *, file: str = FILE) -> None:
        self.folder = folder or default_cache_dir()
        self._lock = threading.Lock()
        self._path = self.folder / file
        self._database = self._opened(self._path)

    def get(self, key: str) -> KeptReply | None:
        """The reply of that key; None when there is none, or what is there is damaged."""
        try:
            with self._lock:
                row = self._database.execute("SELECT body FROM replies WHERE key = ?", (key,)).fetchone()
            return KeptReply.model_validate_json(zlib.decompress(row[0])) if row else None
        except (sqlite3.Error, zlib.error, ValidationError, TypeError):
            return None

    def put(self, key: str, reply: KeptReply) -> None:
        """Keep `reply`: when this returns, the end of the process loses nothing. Raises UserError if it cannot."""
        body = zlib.compress(reply.model_dump_json().encode("utf-8", "replace"), 1)
        try:
            with self._lock:
                self._insert(key, body)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(str(error)) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _insert(self, key: str, body: bytes) -> None:
        """Write it; into a new file where the old one turns out to be damaged."""
        try:
            _write(self._database, key, body)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._database.close()
            set_aside(self._path)
            self._database = self._opened(self._path)
            _write(self._database, key, body)

    def _opened(self, path: Path) -> sqlite3.Connection:
        try:
            return opened(path, "replies", any_thread=True)
        except (OSError, sqlite3.OperationalError) as error:
            raise self._unusable(getattr(error, "strerror", None) or str(error)) from error

    def _unusable(self, why: str) -> UserError:
        remedy = "free some space, or set EVALH_CACHE to another folder"
        return UserError(f"replies of the judge cannot be kept in {self.folder} ({why}); {remedy}")


def _write(database: sqlite3.Connection, key: str, body: bytes) -> None:
    with database:
        database.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, body))


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
