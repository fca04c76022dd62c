"""Conversations that may become part of a golden set: transcripts, recordings, the conversations of a run.

What becomes of them is left to `add`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from evalh.errors import NotFound, UserError
from evalh.golden.runs import judged_in
from evalh.golden.spoken import Held, of_recordings
from evalh.importers import Imported, open_source
from evalh.runner.finish import MANIFEST
from evalh.simulator.recordings import recording_files
from evalh.text.untrusted import read_lines
from evalh.workspace import Workspace
from evalh.workspace.files import unknown

SCHEMA = "evalh.recording/1"


def conversations_in(
    space: Workspace, source: str, *, ids: Sequence[str] = (), format_: str | None = None, mapping: Path | None = None
) -> list[Held]:
    """The conversations of `source`, in order, or those of these ids.

    `source`: transcripts as `open_source` takes them, a file or folder of recordings, or the folder of a run. Raises
    UserError for what cannot be read, NotFound for an id that is not there.
    """
    path = Path(source)
    if (path / MANIFEST).is_file():
        found = list(judged_in(space, path, ids))
    elif format_ is None and (files := _recordings_at(path)):
        found = [held for file in files for held in of_recordings(file)]
    else:
        found = list(_imported(source, format_, mapping))
    return _chosen(found, ids, source)


def _chosen(found: Sequence[Held], ids: Sequence[str], source: str) -> list[Held]:
    known = [held.conversation.id for held in found]
    for name in ids:
        if name not in known:
            raise unknown(f"conversation in {source}", name, known, "name another source")
    chosen = [held for held in found if not ids or held.conversation.id in ids]
    if not chosen:
        raise NotFound(f"{source}: there is no conversation in it; name another source")
    return chosen


def _imported(source: str, format_: str | None, mapping: Path | None) -> Iterator[Held]:
    for item in open_source(source, format_, mapping):
        if not isinstance(item, Imported):
            raise item.error
        yield Held(item.conversation, item.place)


# --- recordings ---


def _recordings_at(path: Path) -> list[Path]:
    """The files of recordings that `path` is, or holds."""
    if path.is_dir():
        inside = [*recording_files(path), *sorted(path.glob("*.jsonl"))]
        return [one for one in inside if _is_recording(one)]
    return [path] if path.suffix == ".jsonl" and path.is_file() and _is_recording(path) else []


def _is_recording(path: Path) -> bool:
    try:
        head = json.loads(next(read_lines(path), (1, b""))[1])
    except (UserError, ValueError, RecursionError):
        return False
    return isinstance(head, dict) and head.get("schema") == SCHEMA
