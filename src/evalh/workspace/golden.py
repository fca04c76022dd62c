"""Golden sets: `set.yaml`, `cases.jsonl`, `labels.jsonl` and the recordings of each prompt version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from evalh.errors import BadConfig, BadInput, UserError
from evalh.importers import Imported, Rejected, open_source
from evalh.models import Case, Conversation, GoldenLabel, GoldenSet, GoldenSetInfo, Json, PolicySet, Prompt
from evalh.models.vocabulary import Role
from evalh.text.untrusted import explain, parse_json, read_lines
from evalh.workspace.files import Found, did_you_mean, files, raise_all, read_yaml
from evalh.workspace.find import shown
from evalh.workspace.sides import is_said, said_by, words

Recorded = Mapping[tuple[str, str, int], Sequence[Role]]
"""Who speaks in each turn of the recordings, by case, prompt version and trial."""
AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True)
class Line(Generic[AnyModel]):
    """A record and its line, from 1."""

    number: int
    value: AnyModel


@dataclass(frozen=True)
class FoundSet:
    """A golden set's folder as far as it can be read, and what is wrong with it."""

    folder: Path
    info: Found[GoldenSetInfo]
    cases: tuple[Line[Case], ...] = ()
    labels: tuple[Line[GoldenLabel], ...] = ()
    problems: tuple[UserError, ...] = ()
    by_id: Mapping[str, Case] = field(default_factory=dict)

    @property
    def cases_file(self) -> Path:
        """Where the cases are."""
        return self.folder / "cases.jsonl"

    @property
    def labels_file(self) -> Path:
        """Where the labels are, if there are any."""
        return self.folder / "labels.jsonl"

    def get(self) -> GoldenSet:
        """The set. Raises everything that is wrong with it."""
        raise_all(self.problems)
        cases = tuple(line.value for line in self.cases)
        return GoldenSet(info=self.info.get(), cases=cases, labels=tuple(line.value for line in self.labels))

    def recordings_file(self, prompt_version: str) -> Path:
        """Where the recordings of a prompt version are."""
        return self.folder / "recordings" / f"{prompt_version}.jsonl"

    def recorded_versions(self) -> list[str]:
        """The prompt versions there are recordings of."""
        return [path.stem for path in files(self.folder / "recordings", ".jsonl")]


def read_set(folder: Path) -> FoundSet:
    """The golden set in `folder`, without its recordings."""
    info = read_yaml(folder / "set.yaml", GoldenSetInfo)
    cases, bad_cases = _read_jsonl(folder / "cases.jsonl", Case)
    labels, bad_labels = _read_jsonl(folder / "labels.jsonl", GoldenLabel, needed=False)
    found = FoundSet(folder, info, cases, labels, by_id={line.value.id: line.value for line in cases})
    twice = _twice(found.cases_file, cases)
    wrong = (*info.problems, *_name_problems(info, folder), *bad_cases, *twice, *bad_labels)
    return FoundSet(folder, info, cases, labels, wrong, found.by_id)


def _name_problems(info: Found[GoldenSetInfo], folder: Path) -> list[UserError]:
    if info.value is None or info.value.id == folder.name:
        return []
    return [info.bad(f"the id is {info.value.id!r}, but the folder is {folder.name!r}", ("id",), "rename one of them")]


def _read_jsonl(
    path: Path, model: type[AnyModel], *, needed: bool = True
) -> tuple[tuple[Line[AnyModel], ...], list[UserError]]:
    if not needed and not path.exists():
        return (), []
    lines: list[Line[AnyModel]] = []
    wrong: list[UserError] = []
    try:
        for number, raw in read_lines(path):
            if raw.strip():
                _add_record(raw, number, path, model, lines, wrong)
    except UserError as error:
        wrong.append(error)
    if needed and not lines and not wrong:
        wrong.append(BadInput("is empty", file=shown(path), remedy="add a case to it"))
    return tuple(lines), wrong


def _add_record(
    raw: bytes, number: int, path: Path, model: type[AnyModel], lines: list[Line[AnyModel]], wrong: list[UserError]
) -> None:
    try:
        lines.append(Line(number, _record(raw, number, path, model)))
    except BadInput as error:
        wrong.append(error)


def _record(raw: bytes, number: int, path: Path, model: type[AnyModel]) -> AnyModel:
    value: Json = parse_json(raw, file=shown(path), line=number)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise explain(error, file=shown(path), line=number, model=model) from None


def _twice(path: Path, cases: Sequence[Line[Case]]) -> list[UserError]:
    first: dict[str, int] = {}
    for line in cases:
        first.setdefault(line.value.id, line.number)
    return [
        _bad(path, line.number, "id", f"the case {name!r} stands twice, first on line {first[name]}", "rename one")
        for line in cases
        if first[name := line.value.id] != line.number
    ]


def _bad(path: Path, line: int, where: str, problem: str, remedy: str) -> BadConfig:
    return BadConfig(problem, file=shown(path), line=line, field=where, remedy=remedy)


def persona_problems(found: FoundSet, personas: Sequence[str]) -> Iterator[UserError]:
    """Cases of personas that do not exist."""
    for line in found.cases:
        name = line.value.persona
        if name is not None and name not in personas:
            remedy = did_you_mean(name, personas, "add it to personas/")
            yield _bad(found.cases_file, line.number, "persona", f"there is no persona {name!r}", remedy)


def label_problems(found: FoundSet, policies: PolicySet | None, recorded: Recorded) -> Iterator[UserError]:
    """Labels of cases, recordings, turns or offers that do not exist, and those of what the other side says."""
    versions = {version for _, version, _ in recorded}
    yield from _unrecorded(found, versions)
    for line in found.labels:
        for where, problem, remedy in _label_faults(line.value, found, policies, recorded):
            if where != "prompt_version" or line.value.prompt_version in versions:
                yield _bad(found.labels_file, line.number, where, problem, remedy)


def _unrecorded(found: FoundSet, versions: Set[str]) -> Iterator[UserError]:
    """A prompt version without any recording, once for all labels of it."""
    lines: dict[str, list[int]] = {}
    for line in found.labels:
        if line.value.prompt_version not in versions:
            lines.setdefault(line.value.prompt_version, []).append(line.number)
    for version, numbers in lines.items():
        of_it = f"{len(numbers)} labels are" if len(numbers) > 1 else "1 label is"
        problem = f"there is no recording by {version!r}, and {of_it} of it"
        yield _bad(found.labels_file, numbers[0], "prompt_version", problem, "record it or remove its labels")


def _label_faults(
    label: GoldenLabel, found: FoundSet, policies: PolicySet | None, recorded: Recorded
) -> Iterator[tuple[str, str, str]]:
    if label.case not in found.by_id:
        remedy = did_you_mean(label.case, list(found.by_id), "add it to cases.jsonl")
        yield "case", f"there is no case {label.case!r}", remedy
        return
    roles = recorded.get((label.case, label.prompt_version, label.trial))
    if roles is None:
        which = f"{label.case!r} by {label.prompt_version!r}, trial {label.trial}"
        yield "prompt_version", f"there is no recording of {which}", "record it or remove the label"
    else:
        yield from _turn_faults(label, roles)
    known = [offer.id for policy in policies.versions for offer in policy.offers] if policies else []
    if policies is not None and label.offer is not None and label.offer not in known:
        remedy = did_you_mean(label.offer, list(dict.fromkeys(known)), "correct it")
        yield "offer", f"the policy {policies.id!r} has no offer {label.offer!r}", remedy


def _turn_faults(label: GoldenLabel, roles: Sequence[Role]) -> Iterator[tuple[str, str, str]]:
    if label.turn is None:
        if is_said(label.construct_):
            yield "turn", f"is missing, and {label.construct_!r} is labelled of a turn", "give the turn"
    elif label.turn >= len(roles):
        yield "turn", f"the recording has no turn {label.turn}, its last is {len(roles) - 1}", "correct the turn"
    elif is_said(label.construct_) and roles[label.turn] not in (meant := said_by(label.construct_, label.label)):
        what = f"{label.label!r} ({label.construct_}) is labelled of what {words(meant)} says"
        yield "turn", f"turn {label.turn} is of role {roles[label.turn]!r}, and {what}", "correct the turn"


def read_recordings(found: FoundSet, prompt: Prompt) -> Iterator[tuple[Conversation, str] | BadInput]:
    """The recordings of a prompt version with their places, streamed; one that does not fit comes as its error."""
    path = found.recordings_file(prompt.version)
    yield from fitting(open_source(shown(path), format="native"), found, prompt)


def fitting(
    items: Iterable[Imported | Rejected], found: FoundSet, prompt: Prompt
) -> Iterator[tuple[Conversation, str] | BadInput]:
    """The recordings that fit the set and the prompt, with their places; any other comes as its error."""
    seen: dict[tuple[str, int], str] = {}
    for item in items:
        if isinstance(item, Rejected):
            yield item.error
            continue
        wrong = _misfit(item, found, prompt, seen)
        yield BadInput(wrong[1], file=item.place, field=wrong[0], remedy=wrong[2]) if wrong else _filled(item, found)


def _misfit(
    item: Imported, found: FoundSet, prompt: Prompt, seen: dict[tuple[str, int], str]
) -> tuple[str, str, str] | None:
    held = item.conversation
    if held.case is None:
        return "case", "is missing", "name the case it is a recording of"
    if held.case not in found.by_id:
        known = list(found.by_id)
        return "case", f"there is no case {held.case!r}", did_you_mean(held.case, known, "add it to cases.jsonl")
    first = seen.setdefault((held.case, held.trial), item.place)
    if first != item.place:
        return "trial", f"case {held.case!r}, trial {held.trial} was recorded before, at {first}", "number the trials"
    return _wrong_prompt(held, prompt)


def _wrong_prompt(held: Conversation, prompt: Prompt) -> tuple[str, str, str] | None:
    version = held.agent.prompt_version
    if version is not None and version != prompt.version:
        return "agent.prompt_version", f"is {version!r}, but the file is of {prompt.version!r}", "move the recording"
    recorded = held.prompt_sha256 or held.agent.prompt_sha256
    if recorded not in (None, prompt.sha256):
        problem = (
            f"was recorded with another prompt ({str(recorded)[:12]}, and {prompt.version!r} is {prompt.sha256[:12]})"
        )
        return "prompt_sha256", problem, "record it again, or give the changed prompt a new version"
    return None


def _filled(item: Imported, found: FoundSet) -> tuple[Conversation, str]:
    """The recording with what its case knows and it does not say itself."""
    held = item.conversation
    case = found.by_id[held.case or ""]
    more = {
        "persona": held.persona or case.persona,
        "facets": {**case.facets, **held.facets},
        "customer": case.customer if held.customer is None else held.customer,
        "started_at": held.started_at or case.started_at,
    }
    return held.model_copy(update=more), item.place
