"""The conversations of a run, which keeps rows and no text: found again where they were recorded, by their digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from evalh.errors import UserError
from evalh.gate.live import recordings_folder
from evalh.golden.spoken import Held, of_recordings
from evalh.models import Conversation
from evalh.runner.result import RunResult, load_run
from evalh.simulator.recordings import recording_files
from evalh.workspace import Workspace
from evalh.workspace.find import shown


def judged_in(space: Workspace, folder: Path, ids: Sequence[str]) -> Iterator[Held]:
    """The conversations of the run in `folder`, or those of these ids.

    Raises UserError for a run without a golden set, and for a conversation that is recorded otherwise by now.
    """
    run = load_run(folder)
    rows = {(row.prompt_version, row.case, row.trial): row for row in run.conversations()}
    for version, held in _recorded(space, run):
        one = held.conversation
        row = rows.get((version, one.case, one.trial))
        if row is None or (ids and row.conversation_id not in ids):
            continue
        if row.conversation_sha256 not in {other.sha256 for other in (one, *_ways(one))}:
            problem = f"{row.conversation_id!r} is recorded otherwise than it was in that run"
            raise UserError(f"{shown(folder)}: {problem}; run it again, then add it")
        agent = one.agent.model_copy(update={"prompt_version": version})
        yield Held(one.model_copy(update={"agent": agent}), held.place)


def _ways(one: Conversation) -> Iterator[Conversation]:
    """As the run had a live conversation: a greeting, which nobody was asked for, had no key."""
    first, *rest = one.turns or (None,)
    if first is not None and first.key is not None:
        yield one.model_copy(update={"turns": (first.model_copy(update={"key": None}), *rest)})


def _recorded(space: Workspace, run: RunResult) -> Iterable[tuple[str, Held]]:
    """What was recorded, with the prompt version's name in the run."""
    manifest = run.manifest
    if manifest.golden_set is None:
        problem = "the run keeps no text of its conversations"
        raise UserError(f"{shown(run.out_dir)}: {problem}; name the transcripts that it judged")
    set_id = manifest.golden_set.id
    if manifest.agent is not None and manifest.config is not None:
        return _live(space, set_id, manifest.config.id)
    versions = (info.version for info in manifest.prompts if info.version is not None)
    return (found for version in versions for found in _replayed(space, set_id, version))


def _live(space: Workspace, set_id: str, config: str) -> Iterator[tuple[str, Held]]:
    golden = space.golden_set(set_id)
    cases = {case.id: case for case in golden.cases}
    for path in recording_files(recordings_folder(space, set_id, config)):
        for held in of_recordings(path):
            one = held.conversation
            case = cases.get(one.case or "") or cases.get((one.case or "").rpartition("+")[0])
            named = {
                "customer": case.customer if case is not None else None,
                "agent": one.agent.model_copy(update={"name": golden.info.agent}),
            }
            yield one.agent.prompt_version or "", Held(one.model_copy(update=named), held.place)


def _replayed(space: Workspace, set_id: str, version: str) -> Iterator[tuple[str, Held]]:
    for item in space.read_recordings(set_id, version):
        if isinstance(item, tuple):
            yield version, Held(*item)
