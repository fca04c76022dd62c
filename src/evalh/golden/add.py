"""Conversations that become part of a golden set: as recordings of a case it has, or as a case of their own.

Everything is worked out first, checked, and then written as one. What can be known of a case is left to `propose`,
what is personal data in a conversation to `clean`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from evalh.encoder import load_encoder
from evalh.errors import BadInput, UserError
from evalh.golden.clean import Clean, said_sha256
from evalh.golden.lines import counted_up, readable
from evalh.golden.propose import proposed, proposed_labels
from evalh.golden.sources import conversations_in
from evalh.golden.spoken import Held
from evalh.golden.staged import alone, content, replace_files
from evalh.models import AgentInfo, Case, Conversation, EncoderConfig, GoldenLabel, PolicySet, Prompt, Reading
from evalh.models.vocabulary import Role
from evalh.reader.local import LocalReader
from evalh.redact import Redactor
from evalh.workspace import Workspace, in_force
from evalh.workspace.files import raise_all, unknown
from evalh.workspace.golden import FoundSet

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)
_NO_ID = re.compile(r"[^A-Za-z0-9._@+-]+", re.ASCII)
_DIGEST = re.compile(r"c_[0-9a-f]{16}")
_NOBODY: frozenset[Role] = frozenset({"system", "tool"})
SOURCE = "source"
"""In the metadata of a case, the conversation that it was made of."""


@dataclass(frozen=True)
class AddOptions:
    """What a user may say of an addition.

    `ids`: only these conversations. `case_id`: the case they become, or one of the set that they are recordings of.
    `persona`, `version`: who the customer is and which prompt version was spoken to, where the source does not say.
    `case_only`: without the recording, so that the prompt may be any.
    """

    ids: tuple[str, ...] = ()
    format: str | None = None
    mapping: Path | None = None
    case_id: str | None = None
    persona: str | None = None
    version: str | None = None
    labels: bool = True
    case_only: bool = False


class Place(NamedTuple):
    """Where a recording stands in a golden set."""

    case: str
    version: str
    trial: int


@dataclass(frozen=True)
class Addition:
    """What is to be added; nothing of it is written yet."""

    found: FoundSet
    cases: tuple[Case, ...]
    recordings: tuple[Conversation, ...]
    labels: tuple[GoldenLabel, ...]
    versions: tuple[str, str] | None
    """The set's version, and the next; None where the file must be edited by hand."""
    changes: Mapping[Path, tuple[bytes | None, bytes]]
    """The files with what they hold, and what they are to hold."""


def add(space: Workspace, set_id: str, source: str, options: AddOptions, *, dry_run: bool = False) -> Addition:
    """Add the conversations of `source` to a golden set; with `dry_run` nothing is written.

    Raises UserError, all that is wrong at once: what is there already, a prompt version or persona that is not known,
    a conversation with another prompt than the version has now, a day that no version of the policy covers.
    """
    folder = space.found_set(set_id).folder
    if dry_run:
        return _worked_out(space, set_id, source, options)
    with alone(folder):
        addition = _worked_out(space, set_id, source, options)
        replace_files(folder, addition.changes)
    return addition


def _worked_out(space: Workspace, set_id: str, source: str, options: AddOptions) -> Addition:
    found = space.found_set(set_id)
    info = found.info.get()
    if (content(found.cases_file) or b"").strip():
        found.get()
    held = conversations_in(space, source, ids=options.ids, format_=options.format, mapping=options.mapping)
    known = _Known.of(space, found, info.agent, space.policies(info.policy))
    adding = _Adding(known, options)
    adding.take(held)
    raise_all(adding.problems)
    return adding.addition()


# --- what is there ---


@dataclass(frozen=True)
class _Known:
    """The golden set, and what may be named in it. `said`: where it was said first, by version and digest."""

    found: FoundSet
    agent: str
    policies: PolicySet
    prompts: Mapping[str, Prompt]
    personas: tuple[str, ...]
    places: Mapping[Place, str]
    said: Mapping[tuple[str, str], Place]
    digests: Mapping[Place, str]
    """What is said in each recording."""
    sources: Mapping[str, str]
    """The cases that were made of conversations, by the digest of what was said."""

    @staticmethod
    def of(space: Workspace, found: FoundSet, agent: str, policies: PolicySet) -> _Known:
        places: dict[Place, str] = {}
        digests: dict[Place, str] = {}
        for version in found.recorded_versions():
            for item in space.read_recordings(found.folder.name, version):
                if isinstance(item, BadInput):
                    raise item
                one, where = item
                place = Place(one.case or "", version, one.trial)
                places[place] = where
                digests[place] = said_sha256(one)
        prompts = {version: space.prompt(agent, version) for version in space.prompt_names().get(agent, [])}
        sources = {sha256: case.id for case in found.by_id.values() if (sha256 := _source(case)) is not None}
        said = {(place.version, sha256): place for place, sha256 in reversed(digests.items())}
        return _Known(found, agent, policies, prompts, tuple(space.personas()), places, said, digests, sources)

    @property
    def facets(self) -> dict[str, frozenset[str]]:
        """The facets that cases of the set have, and their values."""
        held: dict[str, set[str]] = {}
        for case in self.found.by_id.values():
            for name, value in case.facets.items():
                held.setdefault(name, set()).add(value)
        return {name: frozenset(values) for name, values in held.items()}


def _source(case: Case) -> str | None:
    """The digest of the conversation that a case was made of."""
    source = case.metadata.get(SOURCE)
    sha256 = source.get("sha256") if isinstance(source, dict) else None
    return sha256 if isinstance(sha256, str) else None


# --- one addition ---


@dataclass
class _Adding:
    """An addition as it is worked out."""

    known: _Known
    options: AddOptions
    problems: list[UserError] = field(default_factory=list)
    _cases: dict[str, Case] = field(default_factory=dict)
    _recordings: list[Conversation] = field(default_factory=list)
    _labels: list[GoldenLabel] = field(default_factory=list)
    _taken: dict[Place, str] = field(default_factory=dict)

    def take(self, held: Sequence[Held]) -> None:
        """Work out what becomes of each conversation; those of one case and persona go together."""
        groups: dict[tuple[str, str | None] | int, list[_Sound]] = {}
        for number, one in enumerate(held):
            try:
                sound = self._sound(one)
            except UserError as error:
                self.problems.append(error)
                continue
            case = sound.source.case
            groups.setdefault(number if case is None else (case, sound.persona), []).append(sound)
        if self.problems:
            return
        if self.options.case_id is not None and len(groups) > 1:
            remedy = "choose those of one with --id, or leave --case-id out"
            self.problems.append(UserError(f"the conversations are of {len(groups)} cases; {remedy}"))
            return
        for group in groups.values():
            self._add_group(group)

    # --- one conversation ---

    def _sound(self, held: Held) -> _Sound:
        """The conversation, checked as far as it stands alone."""
        one = held.conversation
        prompt = self._prompt(held) if not self.options.case_only else None
        clean = Clean(one)
        sound = _Sound(held, clean, clean.recording(), prompt, self._persona(held))
        in_force(self.known.policies, one, place=held.place)
        if not any(turn.text.strip() for turn in one.turns if turn.role not in _NOBODY):
            raise BadInput("nobody says anything", file=held.place, remedy="leave it out: choose others with --id")
        there = self._there(sound)
        if there:
            raise BadInput(
                f"is there already: {there}", file=held.place, remedy="leave it out: choose others with --id"
            )
        return sound

    def _there(self, sound: _Sound) -> str:
        """Where what was said stands in the set already; "" for nowhere."""
        source, version = sound.source, sound.version
        for said in dict.fromkeys((said_sha256(source), said_sha256(sound.recording))):
            if sound.prompt is None:
                if said in self.known.sources:
                    return f"the case {self.known.sources[said]!r}"
                continue
            own, first = Place(source.case or "", version, source.trial), self.known.said.get((version, said))
            place = own if self.known.digests.get(own) == said else first
            if place is not None and (place == own or place.case != source.case):
                return f"the recording of {place.case!r} by {version!r}, trial {place.trial}"
        return ""

    def _prompt(self, held: Held) -> Prompt:
        one, known = held.conversation, self.known.prompts
        said = one.agent.prompt_version
        name = self.options.version or said
        if name is None:
            remedy = f"name it with --version: there are {', '.join(known)}"
            raise BadInput("does not say by which prompt version it was held", file=held.place, remedy=remedy)
        if name not in known:
            what = f"version of the prompt of {self.known.agent!r} called"
            error = unknown(what, name, list(known), "add the prompt")
            raise BadInput(str(error), file=held.place, remedy="or name another with --version")
        if said in known and said != name:
            raise BadInput(f"was held by {said!r}, not by {name!r}", file=held.place, remedy="leave --version out")
        recorded = one.prompt_sha256 or one.agent.prompt_sha256
        if recorded not in (None, known[name].sha256):
            problem = f"was held with another prompt ({str(recorded)[:12]}, and {name!r} is {known[name].sha256[:12]})"
            remedy = "hold it again, give the changed prompt a new version, or add the case alone with --case-only"
            raise BadInput(problem, file=held.place, remedy=remedy)
        return known[name]

    def _persona(self, held: Held) -> str | None:
        name = self.options.persona or held.conversation.persona
        if name is not None and name not in self.known.personas:
            error = unknown("persona", name, self.known.personas, "add it to personas/")
            raise BadInput(str(error), file=held.place, remedy="or name another with --persona")
        return name

    # --- a case ---

    def _add_group(self, group: Sequence[_Sound]) -> None:
        if self.options.case_only:
            self._add_case(group[0])
            return
        existing = self._existing(group)
        case = existing or self._new_case(group[0])
        recordings = [sound.placed(case) for sound in group]
        if not self._free(group, recordings):
            return
        readings = self._read(recordings) if self.options.labels or existing is None else []
        if existing is None:
            self._cases[case.id] = proposed(case, recordings[0], readings[0], self.known.facets)
        self._recordings += recordings
        if self.options.labels:
            for recording, reading in zip(recordings, readings, strict=True):
                self._labels += proposed_labels(recording, reading)

    def _add_case(self, sound: _Sound) -> None:
        case = self._new_case(sound)
        if case.id in self.known.found.by_id:
            problem = f"there is a case {case.id!r} already"
            self.problems.append(BadInput(problem, field="--case-id", remedy="give another id"))
            return
        reading = self._read([sound.recording])[0]
        self._cases[case.id] = proposed(case, sound.recording, reading, self.known.facets)

    def _existing(self, group: Sequence[_Sound]) -> Case | None:
        """The set's case that these are recordings of: it is named, or theirs and lacks them."""
        by_id = self.known.found.by_id
        if self.options.case_id is not None:
            return self._named(by_id.get(self.options.case_id), group)
        made = self.known.sources.get(said_sha256(group[0].recording), "")
        case = by_id.get(group[0].source.case or made)
        if case is None or group[0].persona != case.persona:
            return None
        places = [Place(case.id, sound.version, sound.source.trial) for sound in group]
        return None if any(place in self.known.places for place in places) else case

    def _named(self, case: Case | None, group: Sequence[_Sound]) -> Case | None:
        """The set's case that was asked for. Raises BadInput where it is of another persona."""
        other = next((one for one in group if case is not None and one.persona not in (None, case.persona)), None)
        if case is not None and other is not None:
            problem = f"its customer is {other.persona!r}, and the case {case.id!r} is of {case.persona!r}"
            raise BadInput(problem, file=other.held.place, remedy="leave --case-id out to make a case of it")
        return case

    def _free(self, group: Sequence[_Sound], recordings: Sequence[Conversation]) -> bool:
        """Whether no recording stands where one of these is to stand."""
        free = True
        for sound, one in zip(group, recordings, strict=True):
            place = Place(one.case or "", sound.version, one.trial)
            there = self.known.places.get(place) or self._taken.get(place)
            self._taken[place] = sound.held.place
            if there is not None:
                problem = (
                    f"case {place.case!r} by {place.version!r}, trial {place.trial} is recorded already, at {there}"
                )
                remedy = "leave --case-id out to make a case of it" if self.options.case_id else "choose one with --id"
                self.problems.append(BadInput(problem, file=sound.held.place, remedy=remedy))
                free = False
        return free

    def _new_case(self, first: _Sound) -> Case:
        base = self._base(first.source.case)
        of = first.recording
        fields: dict[str, Any] = {
            "id": self._case_id(first),
            "persona": first.persona,
            "channel": of.channel,
            "language": of.language,
            "started_at": of.started_at,
            "facets": of.facets,
            "customer": of.customer,
            "metadata": {SOURCE: {**first.named, "sha256": said_sha256(of)}},
        }
        if base is not None:
            fields |= {
                "title": base.title,
                "template": base.template or base.id,
                "facets": {**base.facets, **of.facets},
                "customer": of.customer if of.customer is not None else base.customer,
                "goal": base.goal,
                "matter": base.matter,
                "tools": base.tools,
            }
        return Case(**fields)

    def _base(self, name: str | None) -> Case | None:
        """The set's case that the conversation's is made of: itself, or met by another persona."""
        by_id = self.known.found.by_id
        return by_id.get(name or "") or by_id.get((name or "").rpartition("+")[0])

    def _case_id(self, sound: _Sound) -> str:
        wanted = self.options.case_id
        if wanted is not None:
            if _ID.fullmatch(wanted) is None:
                problem = f"{wanted!r} cannot be the id of a case"
                raise BadInput(problem, field="--case-id", remedy="use letters, digits and ._@+-, at most 100")
            return wanted
        said = sound.source.case or (sound.source.id if sound.named else "")
        name = _NO_ID.sub("-", said).strip("-.")[:90]
        personal = sound.clean.value(said) != said or Redactor().text(name).marks
        if personal or _ID.fullmatch(name) is None:
            name = f"case-{said_sha256(sound.recording)[:10]}"
        return self._unused(name)

    def _unused(self, name: str) -> str:
        used = {*self.known.found.by_id, *self._cases}
        number, free = 1, name
        while free in used:
            number += 1
            free = f"{name}-{number}"
        return free

    def _read(self, recordings: Sequence[Conversation]) -> list[Reading]:
        return self._reader.read(recordings, self.known.policies.lexicon)

    @cached_property
    def _reader(self) -> LocalReader:
        return LocalReader(load_encoder(EncoderConfig(kind="none")))

    # --- files ---

    def addition(self) -> Addition:
        """What was worked out, with the files as they are to be."""
        found = self.known.found
        changes = dict(self._appended())
        path = found.folder / "set.yaml"
        before = content(path)
        text = before.decode("utf-8") if before is not None else ""
        counted = counted_up(text)
        if counted is not None:
            changes[path] = (before, counted[0].encode("utf-8"))
        versions = counted[1:] if counted is not None else None
        cases = tuple(self._cases.values())
        return Addition(found, cases, tuple(self._recordings), tuple(self._labels), versions, changes)

    def _appended(self) -> Iterator[tuple[Path, tuple[bytes | None, bytes]]]:
        found = self.known.found
        by_file: dict[Path, list[str]] = {}
        for case in self._cases.values():
            by_file.setdefault(found.cases_file, []).append(readable(case))
        for one in self._recordings:
            by_file.setdefault(found.recordings_file(one.agent.prompt_version or ""), []).append(readable(one))
        for label in self._labels:
            by_file.setdefault(found.labels_file, []).append(readable(label, whole=True))
        for path, lines in by_file.items():
            before = content(path)
            whole = (before or b"") + (b"" if not before or before.endswith(b"\n") else b"\n")
            yield path, (before, whole + "".join(lines).encode("utf-8"))


@dataclass(frozen=True)
class _Sound:
    """A conversation that may be added."""

    held: Held
    clean: Clean
    recording: Conversation
    prompt: Prompt | None
    persona: str | None

    @property
    def version(self) -> str:
        """The prompt version that it is a recording of."""
        return self.prompt.version if self.prompt is not None else ""

    @property
    def named(self) -> dict[str, str]:
        """What the conversation was called; nothing where that is a digest of what was replaced in it."""
        name = self.source.id
        if _DIGEST.fullmatch(name) and self.clean.replaced:
            return {}
        return {"conversation": self.clean.value(name)}

    @property
    def source(self) -> Conversation:
        """The conversation as it was found."""
        return self.held.conversation

    def placed(self, case: Case) -> Conversation:
        """The recording as that of a case."""
        trial, prompt = self.source.trial, self.prompt
        own = {
            "id": f"{case.id}.{self.version}" + (f".t{trial}" if trial else ""),
            "case": case.id,
            "trial": trial,
            "agent": AgentInfo(name=prompt.agent if prompt is not None else None, prompt_version=self.version),
            "prompt_sha256": prompt.sha256 if prompt is not None else None,
            "persona": self.persona or case.persona,
        }
        return self.recording.model_copy(update=own)
