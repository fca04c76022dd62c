"""A journal: records that are durable as they come, one checksummed line each; their meaning is left to others.

A line is ``crc32 json`` in ASCII, written by a single write() of the one process that holds the file's lock. What a
crash left half written is cut off when the journal is opened; a line that was damaged later is copied to
``<name>.bad`` and passed over.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from evalh.errors import UserError
from evalh.store.atomic import line, sync_folder

SYNC_RECORDS = 64
SYNC_SECONDS = 1.0
_CHUNK = 1024 * 1024
_PIECE = 128 * 1024


class Journal:
    """The records of one file. Raises UserError when another process writes it, or its folder cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _locked(path)
        self._offsets: list[int] = []
        self._unsynced = 0
        self._synced_at = time.monotonic()
        self.damaged = 0
        """How many lines were passed over because their checksum is wrong."""
        try:
            self._end = self._scan()
            os.ftruncate(self._file, self._end)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def append(self, record: dict[str, Any]) -> int:
        """Add `record`, and give the offset at which `at` finds it. It survives the death of the process at once."""
        body = line(record)
        written = b"%08x %b" % (zlib.crc32(body[:-1]), body)
        offset = self._end
        _write(self._file, written, offset, self.path)
        self._end += len(written)
        self._offsets.append(offset)
        self._unsynced += 1
        self._sync_when_due()
        return offset

    def records(self) -> Iterator[dict[str, Any]]:
        """The records that are whole, in the order they came."""
        return (record for _, record in self.entries())

    def entries(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The records with their offsets."""
        return ((offset, self.at(offset)) for offset in list(self._offsets))

    def at(self, offset: int) -> dict[str, Any]:
        """The record at an offset that `append` or `entries` gave."""
        held = bytearray()
        while chunk := os.pread(self._file, _PIECE, offset + len(held)):
            held += chunk
            if b"\n" in chunk:
                break
        record: dict[str, Any] = json.loads(held.partition(b"\n")[0][9:])
        return record

    def clear(self) -> None:
        """Forget all records."""
        os.ftruncate(self._file, 0)
        self._end, self._offsets = 0, []

    def sync(self) -> None:
        """Make all records survive a power cut."""
        os.fsync(self._file)
        self._unsynced, self._synced_at = 0, time.monotonic()

    def close(self) -> None:
        """Sync and let go of the file; closing twice is fine."""
        if self._file < 0:
            return
        try:
            self.sync()
        finally:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Delete the file: what it holds has been written elsewhere."""
        self.path.unlink(missing_ok=True)
        self.close()

    def _sync_when_due(self) -> None:
        if self._unsynced >= SYNC_RECORDS or time.monotonic() - self._synced_at >= SYNC_SECONDS:
            self.sync()

    def _scan(self) -> int:
        bad = self.path.with_name(self.path.name + ".bad")
        bad.unlink(missing_ok=True)
        end = 0
        for offset, raw in _lines(self._file):
            end = offset + len(raw)
            if _whole(raw):
                self._offsets.append(offset)
            else:
                self.damaged += 1
                with bad.open("ab") as stream:
                    stream.write(raw)
        return end


def _locked(path: Path) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror}); check the folder") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            message = f"another evalh is writing to {path.parent}; wait for it, or choose another folder with --out"
            raise UserError(message) from None
        if _is_at(handle, path):
            sync_folder(path.parent)
            return handle
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _write(handle: int, data: bytes, offset: int, path: Path) -> None:
    try:
        written = os.pwrite(handle, data, offset)
        while written < len(data):
            written += os.pwrite(handle, data[written:], offset + written)
    except OSError as error:
        os.ftruncate(handle, offset)
        raise UserError(f"{path}: cannot be written ({error.strerror}); make room and run again") from error


def _lines(handle: int) -> Iterator[tuple[int, bytes]]:
    """The lines that end with a line feed, each with its offset."""
    start, held = 0, bytearray()
    while chunk := os.pread(handle, _CHUNK, start + len(held)):
        searched = len(held)
        held += chunk
        if b"\n" not in chunk:
            continue
        done = 0
        while (stop := held.find(b"\n", max(done, searched))) >= 0:
            yield start + done, bytes(held[done : stop + 1])
            done = stop + 1
        start, held = start + done, held[done:]


def _whole(raw: bytes) -> bool:
    if len(raw) < 11 or raw[8:9] != b" ":
        return False
    try:
        return int(raw[:8], 16) == zlib.crc32(raw[9:-1])
    except ValueError:
        return False
