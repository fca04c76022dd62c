"""Every recording of a golden set looked at once: what is said, which offers are named, what personal data is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalh.agreement.labels import Recording
from evalh.errors import BadInput, UserError
from evalh.gate.plan import sha256_of
from evalh.golden.gaps import count, some
from evalh.models import Case, Conversation, Prompt, RunConfig, digest
from evalh.models.golden_check import GoldenFinding
from evalh.models.recording import RecordedHead
from evalh.models.vocabulary import Role
from evalh.reader.offers import OfferFinder
from evalh.reader.view import TurnView
from evalh.redact import RedactedConversation, Redactor
from evalh.simulator.recordings import path_part, recording_files
from evalh.simulator.transcripts import read_recordings as read_live
from evalh.workspace import Workspace
from evalh.workspace.find import shown
from evalh.workspace.golden import FoundSet, read_recordings

_HEARD: frozenset[Role] = frozenset({"agent", "human_agent", "customer"})


@dataclass
class Looked:
    """What was seen of the recordings, by case, prompt version and trial."""

    texts: dict[Recording, str] = field(default_factory=dict)
    """What the customer says."""
    roles: dict[tuple[str, str, int], tuple[Role, ...]] = field(default_factory=dict)
    named: dict[Recording, dict[str, int]] = field(default_factory=dict)
    """The offers that are named, and the turn of each that names it first."""
    versions: dict[str, set[str]] = field(default_factory=dict)
    """The cases of each version."""
    undated: dict[str, int] = field(default_factory=dict)
    """By version, how many recordings do not say by which prompt text they were held."""
    problems: list[UserError] = field(default_factory=list)
    findings: list[GoldenFinding] = field(default_factory=list)

    @property
    def recordings(self) -> dict[str, int]:
        """How many there are by version."""
        found = dict.fromkeys(self.versions, 0)
        for key in self.texts:
            found[key.prompt_version] += 1
        return found

    @property
    def offers(self) -> set[str]:
        """All offers that are named."""
        return {offer for held in self.named.values() for offer in held}


def look(space: Workspace, found: FoundSet, agent: str, finder: OfferFinder | None) -> Looked:
    """Look at all recordings of the set. What cannot be used is among the problems, and the rest follows."""
    looked = Looked()
    for version in found.recorded_versions():
        looked.versions[version] = set()
        try:
            prompt = space.prompt(agent, version)
        except UserError as error:
            looked.problems.append(error)
            continue
        for item in read_recordings(found, prompt):
            if isinstance(item, BadInput):
                looked.problems.append(item)
            else:
                _take(looked, *item, version, finder)
    return looked


def _take(looked: Looked, one: Conversation, place: str, version: str, finder: OfferFinder | None) -> None:
    key = Recording(one.case or "", version, one.trial)
    looked.versions[version].add(key.case)
    looked.texts[key] = " ".join(turn.heard for turn in one.customer_turns() if not turn.backchannel)
    looked.roles[key.case, version, key.trial] = tuple(turn.role for turn in one.turns)
    looked.named[key] = _named(one, finder) if finder is not None else {}
    if one.prompt_sha256 is None and one.agent.prompt_sha256 is None:
        looked.undated[version] = looked.undated.get(version, 0) + 1
    looked.findings += _personal(one, place)


def _named(one: Conversation, finder: OfferFinder) -> dict[str, int]:
    first: dict[str, int] = {}
    for turn in one.turns:
        if turn.role in _HEARD and turn.text:
            for named in finder.find(TurnView(turn)):
                for offer in (named.offer, *(candidate.offer for candidate in named.candidates)):
                    if offer is not None:
                        first.setdefault(offer, turn.index)
    return first


# --- personal data ---


def _personal(one: Conversation, place: str) -> Iterator[GoldenFinding]:
    redacted = RedactedConversation(one, Redactor())
    if not redacted.found:
        return
    where = [
        f"turn {index} ({', '.join(sorted({str(mark.kind) for mark in turn.marks}))})"
        for index, turn in enumerate(redacted.turns)
        if turn.marks
    ]
    told = some(where or ["a tool call or the customer's record"])
    yield _left(f"{one.id}: {told}", place, (one.case or one.id,))


def personal_in_case(case: Case, file: str, line: int) -> Iterator[GoldenFinding]:
    """Personal data that is left in a case, but for the facts that its customer is there to give."""
    held = case.model_dump(mode="json", exclude={"matter": {"facts"}})
    kinds = {str(mark.kind) for text in _texts(held) for mark in Redactor().text(text).marks}
    if kinds:
        yield _left(f"case {case.id}: {', '.join(sorted(kinds))}", f"{file}:{line}", (case.id,))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _left(what: str, place: str, items: tuple[str, ...]) -> GoldenFinding:
    file, _, line = place.rpartition(":")
    text = f"personal data, unless it is made up, in {what}"
    if not line.isdecimal():
        return GoldenFinding(kind="personal_data", text=text, file=place, items=items)
    return GoldenFinding(kind="personal_data", text=text, file=file, line=int(line), items=items)


# --- what was recorded of live agents ---


def stale(space: Workspace, found: FoundSet, configs: Iterable[RunConfig]) -> Iterator[GoldenFinding]:
    """Live recordings that no run uses any more: of a prompt that has changed, a case or a configuration that is gone.

    Raises BadInput at a file that is not as it was written.
    """
    why_unused = _Unused(space, found)
    agents = {path_part(config.name): config.prompts.agent for config in configs}
    recordings = found.folder / "recordings"
    for folder in sorted(path for path in recordings.iterdir() if path.is_dir()) if recordings.is_dir() else []:
        unused: dict[str, list[str]] = {}
        for path in recording_files(folder):
            for one in read_live(path):
                why = why_unused.of(one.head, agents.get(folder.name))
                if why:
                    unused.setdefault(why, []).append(one.head.id)
        for why, names in unused.items():
            text = f"{count(len(names), 'live recording')} of {why}, which no run uses: {some(names)}"
            yield GoldenFinding(kind="stale", text=text, file=shown(folder), items=tuple(names))


@dataclass
class _Unused:
    """Why a live recording is not used."""

    space: Workspace
    found: FoundSet
    _prompts: dict[tuple[str, str], Prompt | None] = field(default_factory=dict)

    def of(self, head: RecordedHead, agent: str | None) -> str:
        """What it is of that is not there any more; "" where it is used. `agent`: that of its configuration."""
        if agent is None:
            return "a configuration that is gone"
        if head.case not in self.found.by_id and head.case.rpartition("+")[0] not in self.found.by_id:
            return "a case that is gone"
        prompt = self._prompt(agent, head.prompt_version)
        return "a prompt that has changed" if prompt is None or prompt.sha256 != head.prompt_sha256 else ""

    def _prompt(self, agent: str, version: str) -> Prompt | None:
        if (agent, version) not in self._prompts:
            try:
                self._prompts[agent, version] = self.space.prompt(agent, version)
            except UserError:
                self._prompts[agent, version] = None
        return self._prompts[agent, version]


# --- content ---


def content_files(found: FoundSet) -> list[Path]:
    """The files that make out a set beside its name: cases, labels, recordings by version."""
    recordings = [found.recordings_file(version) for version in found.recorded_versions()]
    return [path for path in (found.cases_file, found.labels_file, *recordings) if path.is_file()]


def content_sha256(found: FoundSet) -> str:
    """The digest of what the set holds; another one as soon as a byte of it changes."""
    return digest([[path.relative_to(found.folder).as_posix(), sha256_of(path)] for path in content_files(found)])
