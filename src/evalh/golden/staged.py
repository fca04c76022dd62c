"""Several files of a golden set replaced as one: all of them, or none; what a kill interrupted is finished later.

The new files are laid down beside the old ones, then a list of them, then each takes its place. Without the list
nothing has happened; with it the rest is done by whoever comes next. What stands in the files is left to others.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalh.errors import BadInput, UserError
from evalh.store.atomic import sync_folder, write_atomic
from evalh.store.lock import lock_folder
from evalh.workspace.find import shown

FOLDER = ".staged"
_LIST = "list.json"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one who changes the golden set in `folder`, after finishing what was interrupted there.

    Raises UserError where another process does, or where it cannot be written.
    """
    handle = _locked(folder)
    try:
        finish(folder)
        yield
    finally:
        os.close(handle)


def _locked(folder: Path) -> int:
    try:
        return lock_folder(folder)
    except BlockingIOError:
        raise UserError(
            f"another evalh is changing {shown(folder)}; wait for it, then give the command again"
        ) from None
    except OSError as error:
        raise _unwritable(folder, error) from error


def replace_files(folder: Path, changes: Mapping[Path, tuple[bytes | None, bytes]]) -> None:
    """Put new content in place of what each file had (None: no file), below `folder`; all of it or nothing.

    Raises BadInput for a file that has other content by now, UserError where it cannot be written.
    """
    for path, (before, _) in changes.items():
        if content(path) != before:
            raise BadInput("was changed meanwhile", file=shown(path), remedy="give the command again")
    stage = folder / FOLDER
    try:
        stage.mkdir()
        steps = [_laid(folder, stage, number, path, *change) for number, (path, change) in enumerate(changes.items())]
        write_atomic(stage / _LIST, json.dumps(steps))
    except (OSError, UserError) as error:
        if not interrupted(folder):
            shutil.rmtree(stage, ignore_errors=True)
        raise (_unwritable(folder, error) if isinstance(error, OSError) else error) from error
    finish(folder)


def interrupted(folder: Path) -> bool:
    """Whether some of the files may be new and others old."""
    return (folder / FOLDER / _LIST).is_file()


def content(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none. Raises BadInput."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise BadInput(problem, file=shown(path), remedy="check the file and its permissions") from None


def _laid(
    folder: Path, stage: Path, number: int, path: Path, before: bytes | None, after: bytes
) -> dict[str, str | None]:
    write_atomic(stage / str(number), after)
    place = path.relative_to(folder).as_posix()
    return {"path": place, "before": _sha256(before), "after": _sha256(after)}


def _sha256(raw: bytes | None) -> str | None:
    return hashlib.sha256(raw).hexdigest() if raw is not None else None


def finish(folder: Path) -> None:
    """Do what is left of a replacement that was interrupted; one that had not begun is forgotten.

    Raises BadInput where a file was changed in between.
    """
    stage = folder / FOLDER
    if not stage.is_dir():
        return
    try:
        listed = content(stage / _LIST)
        if listed is not None:
            for number, step in enumerate(_steps(folder, listed)):
                _placed(folder, stage / str(number), step)
        (stage / _LIST).unlink(missing_ok=True)
        sync_folder(stage)
        shutil.rmtree(stage)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _steps(folder: Path, listed: bytes) -> list[Mapping[str, Any]]:
    """What the list says; raises BadInput where it is not as it was written, or names a file outside of the set."""
    try:
        steps: list[Mapping[str, Any]] = json.loads(listed)
        paths = [Path(step["path"]) for step in steps]
        known = all(not path.is_absolute() and ".." not in path.parts for path in paths)
        if known and all({"before", "after"} <= step.keys() for step in steps):
            return steps
    except (ValueError, TypeError, KeyError):
        pass
    remedy = f"delete {shown(folder / FOLDER)}"
    raise BadInput("is not as evalh wrote it", file=shown(folder / FOLDER / _LIST), remedy=remedy)


def _placed(folder: Path, laid: Path, step: Mapping[str, Any]) -> None:
    path = (folder / step["path"]).resolve()
    now = _sha256(content(path))
    if now == step["after"]:
        return
    if now != step["before"]:
        remedy = f"delete {shown(folder / FOLDER)} to leave it as it is"
        raise BadInput("was changed while an addition was interrupted", file=shown(path), remedy=remedy)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        shutil.copymode(path, laid)
    laid.replace(path)
    sync_folder(path.parent)


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(f"{shown(folder)} cannot be written ({error.strerror or error}); check its permissions")
