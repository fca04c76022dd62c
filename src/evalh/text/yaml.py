"""Strict YAML 1.2 of plain values, with the line of every value, and models checked against it.

Anchors, aliases, merge keys, tags, several documents, duplicate keys and numbers that are not finite are refused.
Dates stay text. What it leaves to others: what the values mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from evalh.errors import BadConfig, NotFound
from evalh.models import Json
from evalh.text.untrusted import explain_each, field_path, is_endless, mib, shorten

MAX_YAML_BYTES = 1024 * 1024
MAX_YAML_DEPTH = 64

AnyModel = TypeVar("AnyModel", bound=BaseModel)
KeyPath = tuple[str | int, ...]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]++(?:\.[0-9]*+)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data, and the line of every value in it; keys are always text."""

    data: Json
    file: str | None = None
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def line_of(self, path: KeyPath) -> int | None:
        """The line of the value at `path`, or of its nearest parent that is there."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


def load_yaml(source: Path | str, *, file: str | Path | None = None, first_line: int = 1) -> Document:
    """The document in a file (a Path) or in a text (a str) that begins at `first_line` of `file`.

    Raises BadConfig with file and line, NotFound when the file is not there.
    """
    if isinstance(source, Path):
        return load_yaml(read_text(source), file=source)
    if len(source) > MAX_YAML_BYTES:
        raise BadConfig(f"has {mib(len(source))}, at most {mib(MAX_YAML_BYTES)} are read", file=file, remedy="split it")
    builder = _Builder(str(file) if file is not None else None, first_line)
    for event in _events(source, builder):
        builder.add(event)
    return Document(builder.root, builder.file, builder.lines)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file of at most 1 MiB; raises NotFound or BadConfig."""
    if is_endless(path):
        raise BadConfig("is a pipe or a device, not a file", file=path, remedy="write it to a file first")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_YAML_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise BadConfig(f"cannot be read ({error.strerror})", file=path, remedy="check the path") from None
    return as_text(raw, file=path)


def as_text(raw: bytes, *, file: str | Path) -> str:
    """At most 1 MiB of UTF-8 as text; raises BadConfig."""
    if len(raw) > MAX_YAML_BYTES:
        raise BadConfig(f"has more than {mib(MAX_YAML_BYTES)}", file=file, remedy="split it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = f"invalid UTF-8 at byte {error.start} (0x{raw[error.start]:02x})"
        raise BadConfig(problem, file=file, line=line, remedy="save the file as UTF-8") from None


def validate(document: Document, model: type[AnyModel]) -> AnyModel:
    """The document as a `model`; raises BadConfig for the first thing that is wrong with it."""
    found = _checked(document, model)
    if isinstance(found, list):
        raise found[0]
    return found


def problems(document: Document, model: type[BaseModel]) -> list[BadConfig]:
    """Everything that keeps the document from being a `model`; empty when nothing does."""
    found = _checked(document, model)
    return found if isinstance(found, list) else []


def split_front_matter(text: str, *, file: str | Path | None = None) -> tuple[str, str, int]:
    """The YAML between the two ``---`` lines, the body after it, and the body's first line.

    The YAML begins at line 2. Without front matter the YAML is empty and the body is the whole text.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---":
        _refuse_late_front_matter(lines, file)
        return "", "\n".join(lines), 1
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:number]) + "\n", "\n".join(lines[number + 1 :]), number + 2
    raise BadConfig("the front matter has no end", file=file, line=1, remedy="close it with a line of ---")


def _refuse_late_front_matter(lines: list[str], file: str | Path | None) -> None:
    """Front matter that would be taken for text: after empty lines, or behind a rule of another length."""
    number, first = next(((number, line) for number, line in enumerate(lines, 1) if line.strip()), (1, ""))
    marks = first.strip()
    if len(marks) > 1 and set(marks) == {"-"} and "---" in (line.rstrip() for line in lines[number - 1 :]):
        remedy = "begin the file with a line of ---, or write *** for a rule"
        raise BadConfig("the front matter does not begin on line 1 with ---", file=file, line=number, remedy=remedy)


def _checked(document: Document, model: type[AnyModel]) -> AnyModel | list[BadConfig]:
    if document.data is None:
        return [BadConfig("is empty", file=document.file, remedy="write the keys of " + model.__name__)]
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        return [
            BadConfig(
                found.problem,
                file=document.file,
                line=document.line_of(found.path),
                field=found.field,
                remedy=found.remedy,
            )
            for found in explain_each(error, model)
        ]


def _events(text: str, builder: _Builder) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    try:
        yield from yaml.parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(error.problem or error.context or "it cannot be read").split())
        line = mark.line if mark is not None else 0
        raise builder.bad(f"this is not YAML: {said}", "correct the YAML there", line) from None
    except (YAMLError, ValueError, IndexError, TypeError, AttributeError, AssertionError, OverflowError) as error:
        said = getattr(error, "reason", None) or str(error).split("\n")[0]
        raise builder.bad(f"this is not YAML: {said}", "correct the YAML") from None


@dataclass(slots=True)
class _Frame:
    container: dict[str, Any] | list[Any]
    path: KeyPath
    key: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Turns the events of one document into plain data; `line` arguments count from 0 as YAML's marks do."""

    def __init__(self, file: str | None, first_line: int) -> None:
        self.file = file
        self.first_line = first_line
        self.root: Json = None
        self.lines: dict[KeyPath, int] = {}
        self.stack: list[_Frame] = []
        self.documents = 0

    def bad(self, problem: str, remedy: str, line: int | None = None) -> BadConfig:
        number = None if line is None else line + self.first_line
        where = field_path(self.stack[-1].path) if self.stack else ""
        return BadConfig(problem, file=self.file, line=number, field=where or None, remedy=remedy)

    def add(self, event: Any) -> None:
        line = event.start_mark.line
        self._refuse(event, line)
        if isinstance(event, CollectionEndEvent):
            self.stack.pop()
        elif isinstance(event, CollectionStartEvent):
            self._open(event, line)
        elif isinstance(event, ScalarEvent) and self._wants_key():
            self._name(event, line)
        elif isinstance(event, ScalarEvent):
            self._place(self._scalar(event, line), line)

    def _refuse(self, event: Any, line: int) -> None:
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.bad("there is a second document", "keep one document per file", line)
            if event.version or event.tags:
                raise self.bad("YAML directives are not read", "remove the % line", line)
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise self.bad(f"the anchor or alias {shorten(event.anchor)} is not read", "write the value out", line)
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            raise self.bad(f"the tag {shorten(str(event.tag))} is not read", "write a plain value", line)

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].container, dict) and self.stack[-1].key is None

    def _open(self, event: Any, line: int) -> None:
        if self._wants_key():
            raise self.bad("a key is a list or an object", "use a word as the key", line)
        if len(self.stack) >= MAX_YAML_DEPTH:
            self.stack.clear()
            raise self.bad(f"the YAML is nested more than {MAX_YAML_DEPTH} deep", "flatten it", line)
        container: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        self.stack.append(_Frame(container, self._place(container, line)))

    def _name(self, event: Any, line: int) -> None:
        frame, key = self.stack[-1], event.value
        if key == "<<" and event.implicit[0]:
            raise self.bad("the merge key '<<' is not read", "write the keys out", line)
        if key in frame.key_lines:
            first = frame.key_lines[key] + self.first_line
            problem = f"the key {shorten(key)} stands twice, first on line {first}"
            raise self.bad(problem, "keep one of the two", line)
        frame.key_lines[key] = line
        frame.key = key

    def _place(self, value: Any, line: int) -> KeyPath:
        path: KeyPath = ()
        if not self.stack:
            self.root = value
        else:
            frame = self.stack[-1]
            if isinstance(frame.container, list):
                path = (*frame.path, len(frame.container))
                frame.container.append(value)
            elif frame.key is not None:
                path = (*frame.path, frame.key)
                frame.container[frame.key] = value
                line, frame.key = frame.key_lines[frame.key], None
        self.lines[path] = line + self.first_line
        return path

    def _scalar(self, event: Any, line: int) -> Json:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        return self._number(text, line)

    def _number(self, text: str, line: int) -> Json:
        if _INT.fullmatch(text) or _BASED.fullmatch(text):
            return self._integer(text, line)
        if not _FLOAT.fullmatch(text) and not _NOT_FINITE.fullmatch(text):
            return text
        value = math.inf if _NOT_FINITE.fullmatch(text) else float(text)
        if not math.isfinite(value):
            raise self.bad(f"the number {shorten(text, 24)} is not finite", "write a finite number", line)
        return value

    def _integer(self, text: str, line: int) -> int:
        value = 2**63 if len(text) > 30 else int(text, 0) if _BASED.fullmatch(text) else int(text)
        if not -(2**63) <= value < 2**63:
            raise self.bad(f"the integer {shorten(text, 24)} does not fit 64 bits", "put it in quotes", line)
        return value
