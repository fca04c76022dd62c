"""What every importer gives and takes: imported or rejected conversations, records with their place, a mapping.

What it leaves to others: the shape of each format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import Field, ValidationError

from evalh.errors import BadConfig, BadInput
from evalh.models import Conversation, Json, Model
from evalh.models.vocabulary import Role
from evalh.text.untrusted import explain
from evalh.text.yaml import Document, load_yaml, validate

MAX_CONVERSATION_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Imported:
    """A conversation, and the place it came from: ``file:line`` or ``file[index]``."""

    conversation: Conversation
    place: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read, with the sentence that says why."""

    error: BadInput


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: `line` counts from 1, `index` is its position in an array."""

    file: str
    line: int | None = None
    index: int | None = None

    def __str__(self) -> str:
        if self.index is not None:
            return f"{self.file}[{self.index}]"
        return f"{self.file}:{self.line}" if self.line is not None else self.file

    def bad(self, problem: str, *, remedy: str, field: str | None = None) -> BadInput:
        """The error of something wrong here."""
        if self.index is not None:
            return BadInput(problem, file=str(self), field=field, remedy=remedy)
        return BadInput(problem, file=self.file, line=self.line, field=field, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Record:
    """One value of a source, not yet a conversation."""

    value: Json
    place: Place


class SourceMapping(Model):
    """Which column of a table or data set holds what, and who the speakers are; None: guess by common names."""

    conversation_id: str | None = None
    speaker: str | None = None
    text: str | None = None
    turn_index: str | None = None
    timestamp: str | None = None
    start: str | None = None
    end: str | None = None
    channel: str | None = None
    language: str | None = None
    started_at: str | None = None
    messages: str | None = None
    """The chat column of a data set."""
    delimiter: str | None = None
    roles: dict[str, Role] = Field(default_factory=dict)
    """Speakers as the source writes them, in any case: ``{Agent: agent, Caller: customer}``."""

    def role(self, speaker: str) -> str | None:
        """The role of a speaker, by the user's map first and common names after it."""
        known = {name.strip().casefold(): role for name, role in self.roles.items()}
        word = speaker.strip().casefold()
        return known.get(word) or COMMON_ROLES.get(word.replace(" ", "_").replace("-", "_"))


COMMON_ROLES: dict[str, str] = {
    "customer": "customer", "user": "customer", "caller": "customer", "client": "customer", "human": "customer",
    "agent": "agent", "assistant": "agent", "bot": "agent", "ai": "agent", "gpt": "agent", "chatgpt": "agent",
    "model": "agent", "ai_agent": "agent", "virtual_agent": "agent", "custom_bot": "agent",
    "human_agent": "human_agent", "supervisor": "human_agent", "transfer_target": "human_agent",
    "system": "system", "developer": "system",
    "tool": "tool", "function": "tool", "observation": "tool", "function_response": "tool",
}  # fmt: skip

Read: TypeAlias = Callable[[Record, SourceMapping], Conversation]
"""Makes a conversation of a record; raises BadInput."""


def read_mapping(mapping: Mapping[str, Any] | str | Path | SourceMapping | None) -> SourceMapping:
    """The mapping in a dict or a YAML file; raises BadConfig."""
    if mapping is None:
        return SourceMapping()
    if isinstance(mapping, SourceMapping):
        return mapping
    document = Document(dict(mapping)) if isinstance(mapping, Mapping) else load_yaml(Path(mapping))
    return validate(document, SourceMapping)


def role_or_error(speaker: object, mapping: SourceMapping, place: Place, field: str) -> str:
    """The role of `speaker`; the error names it and says how to map it."""
    if not isinstance(speaker, str) or not speaker.strip():
        raise place.bad("says no speaker", field=field, remedy="name who speaks, such as customer or agent")
    role = mapping.role(speaker)
    if role is None:
        word = speaker.strip()[:60]
        remedy = f"map it to customer, agent, human_agent, system or tool with roles: {{{word!r}: agent}}"
        raise place.bad(f"unknown speaker {word!r}", field=field, remedy=remedy)
    return role


def build(fields: dict[str, Any], place: Place, *, turns_key: str = "turns") -> Conversation:
    """The conversation of `fields`; errors call its turns `turns_key`, as the source does."""
    try:
        return Conversation.model_validate(fields)
    except ValidationError as error:
        found = explain(error, model=Conversation)
        field = found.field
        if field is not None and field.startswith("turns"):
            field = turns_key + field.removeprefix("turns")
        raise place.bad(found.problem, field=field, remedy=found.remedy or "correct the value") from None


def with_unique_ids(found: Iterator[Imported | Rejected]) -> Iterator[Imported | Rejected]:
    """The same conversations; an id that was there before gets ``#2``, ``#3`` and so on."""
    seen: dict[str, int] = {}
    for item in found:
        yield item if isinstance(item, Rejected) else _renamed(item, seen)


def _renamed(item: Imported, seen: dict[str, int]) -> Imported:
    first = item.conversation.id
    name, count = first, seen.get(first, 0)
    while name in seen:
        count += 1
        name = f"{first[:480]}#{count}"
    seen[first] = max(count, 1)
    seen.setdefault(name, 1)
    if name == first:
        return item
    return Imported(item.conversation.model_copy(update={"id": name}), item.place)


def refusing_repeats(found: Iterator[Imported | Rejected]) -> Iterator[Imported | Rejected]:
    """The same conversations; one whose id was there before is rejected."""
    seen: dict[str, str] = {}
    for item in found:
        if isinstance(item, Rejected):
            yield item
            continue
        first = seen.setdefault(item.conversation.id, item.place)
        yield item if first == item.place else Rejected(_repeated(item, first))


def _repeated(item: Imported, first: str) -> BadInput:
    problem = f"the id {item.conversation.id[:60]!r} was used before, at {first}"
    return BadInput(problem, file=item.place, field="id", remedy="give each conversation an id of its own")


def unknown_format(name: str, known: list[str]) -> BadConfig:
    """The error of a format name that no importer has."""
    return BadConfig(f"unknown format {name!r}", field="format", remedy=f"use one of {', '.join(known)}")
