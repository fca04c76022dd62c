"""What was said in the conversations of a configuration: found again by its key, kept as it comes, written when whole.

Replies of a conversation that goes on are durable in a pending store; a conversation that is over goes into the file
of its prompt version and persona, in place of what was recorded of that trial before. What a file looks like is left
to `transcripts`, what a key depends on to `keys`.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from evalh.agents.protocol import AgentReply
from evalh.errors import BadInput, UserError
from evalh.models import Simulation, digest
from evalh.models.recording import RecordedHead
from evalh.simulator.pending import Pending
from evalh.simulator.protocol import Played, Said, Trial
from evalh.simulator.transcripts import Recorded, read_recordings, recorded, reply_of, said_of
from evalh.store.atomic import write_atomic
from evalh.store.lock import lock_folder

Mode = Literal["normal", "replay_only", "record"]
FLUSH = 32
"""So many trials are over before the files are written; until then their replies are pending."""
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_REPLY = TypeAdapter(AgentReply)
_SAID = TypeAdapter(Said)


def path_part(name: str) -> str:
    """A name as part of a path; one that could lead elsewhere by its digest."""
    return name if _PART.fullmatch(name) else digest(name)[:16]


@dataclass
class _File:
    """The conversations in a file as they were read, and what is to take their place."""

    held: dict[tuple[str, int], list[Recorded]] = field(default_factory=dict)
    new: dict[tuple[str, int], list[Recorded]] = field(default_factory=dict)

    def of(self, case: str, trial: int) -> list[Recorded]:
        """The attempts of a trial."""
        return self.new.get((case, trial)) or self.held.get((case, trial)) or []


class Recordings:
    """The recordings of a run configuration below `folder`, one file for each prompt version and persona.

    `pending` is the folder for replies of conversations that go on. Mode `replay_only` writes nothing; `record` finds
    nothing but what this recording, killed or not, has asked for itself. Usable from several threads. Reading raises
    BadInput for a file that is not as it was written; what has to be written raises UserError where it cannot be, or
    where another process records there.
    """

    def __init__(self, folder: Path, *, pending: Path, mode: Mode = "normal") -> None:
        self.folder = folder
        self.mode: str = mode
        self._pending_folder = pending
        self._lock = threading.RLock()
        self._pending: Pending | None = None
        self._held: int | None = None
        self._generation = f"g{digest(str(folder.resolve()))[:16]}"
        self._files: dict[Path, _File] = {}
        self._replies: dict[str, AgentReply] = {}
        self._said: dict[str, Said] = {}
        self._over = 0
        self._failed = False
        self._read()

    # --- finding ---

    def agent(self, key: str) -> AgentReply | None:
        """What the agent said under that key; None: it has to be asked."""
        found = None if self.mode == "record" else self._replies.get(key)
        kept = self._kept(key) if found is None else None
        return _value(_REPLY, kept) if kept is not None else found

    def customer(self, key: str) -> Said | None:
        """What the customer said under that key."""
        found = None if self.mode == "record" else self._said.get(key)
        kept = self._kept(key) if found is None else None
        return _value(_SAID, kept) if kept is not None else found

    def has(self, simulation: Simulation, attempts: int = 1) -> bool:
        """Whether the trial was recorded whole under what `simulation` says of it; it is played so often at most."""
        if self.mode == "record":
            return False
        with self._lock:
            every = [one.head for file in self._files.values() for one in file.of(simulation.case, simulation.trial)]
        same = [head for head in every if head.persona == simulation.persona and _same(head, simulation)]
        return any(not head.faults or head.attempt + 1 >= attempts for head in same)

    def missing(self, trial: Trial, turn: int, simulation: Simulation | None = None) -> UserError:
        """Why that turn of the trial is not recorded, where only recordings may be used, and what to record.

        `simulation`: what it would be recorded under now.
        """
        why = self._why(trial, turn, simulation)
        who = f"case {trial.case.id!r} played by {trial.persona.id!r}, trial {trial.trial}, by prompt {trial.version!r}"
        remedy = "give the same command without --replay-only where the agent can be asked, and keep what is recorded"
        return BadInput(f"{why} ({who}, turn {turn})", file=self.path_of(trial), remedy=remedy)

    def _why(self, trial: Trial, turn: int, simulation: Simulation | None) -> str:
        with self._lock:
            own = self._files.get(self.path_of(trial), _File()).of(trial.case.id, trial.trial)
        if not own:
            return "this conversation was never recorded"
        head = own[0].head
        if head.prompt_sha256 != trial.prompt.sha256:
            now = trial.prompt.sha256[:12]
            return f"it was recorded with another prompt ({head.prompt_sha256[:12]}, and now it is {now})"
        if head.seed != trial.seed:
            return f"it was recorded with the seed {head.seed}, and now it is {trial.seed}"
        return _changed_since(head, simulation) or f"it was recorded, but now it goes another way before turn {turn}"

    def _kept(self, key: str) -> Any:
        """What is pending under the key; from here on somebody is going to be asked, and nobody else may record."""
        if self.mode == "replay_only":
            return None
        with self._lock:
            self._begin()
            return self._store().get(self._name(key))

    # --- keeping ---

    def keep_agent(self, key: str, reply: AgentReply) -> None:
        """Keep what the agent said: when this returns, it is not asked for again."""
        self._keep(key, _REPLY.dump_python(reply, mode="json"))

    def keep_customer(self, key: str, said: Said) -> None:
        """Keep what the customer said."""
        self._keep(key, _SAID.dump_python(said, mode="json"))

    def _keep(self, key: str, value: Any) -> None:
        if self.mode == "replay_only":
            return
        with self._lock:
            self._begin()
            self._store().put(self._name(key), value)

    def played(self, attempts: Sequence[Played]) -> None:
        """The trial is over: its attempts go into the files, unless one failed, whose replies stay pending."""
        if self.mode == "replay_only" or not attempts:
            return
        with self._lock:
            if any(one.simulation.failure is not None for one in attempts):
                self._failed = True
                return
            made = [recorded(one.conversation, one.simulation) for one in attempts]
            file = self._files.setdefault(self.path_of(attempts[0].trial), _File())
            if self.mode != "record" and file.held.get(made[0].trial) == made:
                return
            self._begin()
            file.new[made[0].trial] = made
            self._over += 1
            if self._over % FLUSH == 0:
                self.flush()

    def flush(self) -> None:
        """Write the conversations that are over. Raises UserError where a file cannot be written."""
        with self._lock:
            for path in sorted(path for path, file in self._files.items() if file.new):
                self._write(path, self._files[path])

    def finished(self) -> None:
        """Every trial was played: what was kept for going on is no longer needed, but for those that failed."""
        with self._lock:
            self.flush()
            if self._pending is not None and not (self.mode == "record" and self._failed):
                self._pending.drop_all(self._generation)

    def close(self) -> None:
        """Write what is over and let go of everything; again is harmless."""
        with self._lock:
            try:
                self.flush()
            finally:
                if self._pending is not None:
                    self._pending.close()
                if self._held is not None:
                    os.close(self._held)
                self._pending = self._held = None

    # --- files ---

    def path_of(self, trial: Trial) -> Path:
        """The file that the trial is recorded in; that of a prompt at a git ref is named by its digest."""
        at_ref = trial.version != trial.prompt.version
        version = f"at-{trial.prompt.sha256[:12]}" if at_ref else path_part(trial.version)
        return self.folder / version / f"{path_part(trial.persona.id)}.jsonl"

    def _read(self) -> None:
        for path in recording_files(self.folder):
            self._take(path, read_recordings(path))

    def _take(self, path: Path, found: Iterable[Recorded]) -> None:
        file = self._files.setdefault(path, _File())
        file.held.clear()
        for one in found:
            file.held.setdefault(one.trial, []).append(one)
            for number, turn in enumerate(one.turns):
                if turn.role == "agent":
                    self._replies[turn.key] = reply_of(turn)
                else:
                    self._said[turn.key] = said_of(turn, number)

    def _write(self, path: Path, file: _File) -> None:
        """Put the new conversations beside those that are in the file now."""
        self._begin()
        new = file.new
        now = read_recordings(path) if path.exists() else []
        kept = [one for one in now if one.trial not in new]
        every = sorted([*kept, *(one for many in new.values() for one in many)], key=lambda one: one.order)
        _make(path.parent)
        write_atomic(path, "".join(f"{line}\n" for one in every for line in one.lines()))
        self._take(path, every)
        file.new = {}
        if self.mode != "record" and self._pending is not None:
            self._pending.drop(turn.key for many in new.values() for one in many for turn in one.turns)

    # --- one process at a time ---

    def _begin(self) -> None:
        """Be the only one who records here, and know that it can be written, before anybody is asked."""
        if self._held is not None:
            return
        _make(self.folder)
        self._held = _locked(self.folder)
        try:
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        if self.mode == "record" and self._store().get(self._generation) is None:
            self._store().drop_all(self._generation)
            self._store().put(self._generation, "recording")

    def _store(self) -> Pending:
        if self._pending is None:
            self._pending = Pending(self._pending_folder)
        return self._pending

    def _name(self, key: str) -> str:
        return f"{self._generation}.{key}" if self.mode == "record" else key


def recording_files(folder: Path) -> list[Path]:
    """The files of recordings below the folder of a run configuration, by name."""
    try:
        return sorted(path for path in folder.glob("*/*.jsonl") if path.is_file()) if folder.is_dir() else []
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})", file=folder, remedy="check its permissions") from None


def _same(head: RecordedHead, simulation: Simulation) -> bool:
    names = ("seed", "prompt_sha256", "agent_sha256", "customer_sha256", "situation_sha256")
    return all(getattr(head, name) == getattr(simulation, name) for name in names)


def _changed_since(head: RecordedHead, now: Simulation | None) -> str:
    if now is None:
        return ""
    kinds = {
        "agent_sha256": "another agent",
        "situation_sha256": "another case, persona or policy",
        "customer_sha256": "other simulated customers",
    }
    changed = [
        f"{what} ({getattr(head, name)[:12]}, and now it is {getattr(now, name)[:12]})"
        for name, what in kinds.items()
        if getattr(head, name) != getattr(now, name)
    ]
    return f"it was recorded with {' and '.join(changed)}" if changed else ""


def _value(adapter: TypeAdapter[Any], kept: Any) -> Any:
    try:
        return adapter.validate_python(kept)
    except ValidationError:
        return None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _locked(folder: Path) -> int:
    """The folder's lock. Raises UserError where another process has it."""
    try:
        return lock_folder(folder)
    except BlockingIOError:
        raise UserError(f"another evalh is recording in {folder}; wait for it, then give the command again") from None
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> UserError:
    remedy = "make it writable, or replay what is recorded with --replay-only"
    return UserError(f"{folder}: nothing can be recorded there ({error.strerror or error}); {remedy}")
