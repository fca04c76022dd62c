"""Files that are either whole or as they were before; what stands in them is left to others."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel

from evalh.errors import UserError

MODE = 0o644


def write_atomic(path: Path, data: bytes | str) -> None:
    """Put `data` (text as UTF-8) in place of the file at `path`, durably, or leave the old file as it was.

    Raises UserError when the folder cannot be written.
    """
    with replacing(path) as stream:
        stream.write(data.encode("utf-8") if isinstance(data, str) else data)


def write_json(path: Path, value: BaseModel | Any) -> None:
    """Put `value` in `path` as indented ASCII JSON; raises ValueError for NaN and infinity."""
    text = json.dumps(plain(value), ensure_ascii=True, allow_nan=False, indent=2)
    write_atomic(path, text + "\n")


def line(record: BaseModel | dict[str, Any]) -> bytes:
    """`record` as one line of ASCII JSON; the same record gives the same bytes."""
    text = json.dumps(plain(record), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, as 64 hex digits; raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def plain(value: Any) -> Any:
    """Models, alone or in a list or tuple, as what JSON knows."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose content takes the place of the file at `path` at the end, durably, unless something is raised.

    Raises UserError when the folder cannot be written.
    """
    try:
        with _temporary(path) as stream:
            yield stream
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error}); check the folder") from error


@contextmanager
def _temporary(path: Path) -> Iterator[IO[bytes]]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(MODE & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
