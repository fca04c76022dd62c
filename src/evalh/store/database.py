"""A file of bodies by key: how the caches open theirs; what a body holds is left to them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_WAIT_SECONDS = 10.0


def opened(path: Path, table: str, *, any_thread: bool = False) -> sqlite3.Connection:
    """The file with a `table` of key and body, its folder closed to others; one that is no database is set aside.

    Raises OSError when the folder cannot be made, sqlite3.OperationalError when the file cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    try:
        return _connected(path, table, any_thread)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        set_aside(path)
        return _connected(path, table, any_thread)


def set_aside(path: Path) -> None:
    """Rename a damaged file to ``.bad``."""
    path.replace(path.with_name(path.name + ".bad"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connected(path: Path, table: str, any_thread: bool) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=not any_thread)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"CREATE TABLE IF NOT EXISTS {table} (key TEXT PRIMARY KEY, body BLOB NOT NULL)")
        database.commit()
    except sqlite3.Error:
        database.close()
        raise
    return database
