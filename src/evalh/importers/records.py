"""Records out of a JSON file of any size: lines, the elements of an array, or one object.

What it leaves to others: what a record means.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evalh.errors import BadInput
from evalh.importers.base import MAX_CONVERSATION_BYTES, Place, Record
from evalh.models import Json
from evalh.models.conversation import MAX_TURNS
from evalh.text.untrusted import mib, parse_json, read_chunks, scan_lines

_SPACE = b" \t\r\n"
_OUTSIDE = re.compile(rb'[\[\]{}",]')
_INSIDE = re.compile(rb'["\\]')


def json_records(path: Path) -> Iterator[Record | BadInput]:
    """The records of a JSON or JSONL file, each parsed on its own; a bad one comes as its error.

    A list of chat messages is one record. Memory is that of one record.
    """
    if is_lines(path):
        return line_records(scan_lines(path), str(path))
    return _array_records(path) if first_bytes(path)[:1] == b"[" else _whole(path)


def first_bytes(path: Path) -> bytes:
    """The start of the file without leading white space; empty when there is nothing else in it."""
    for chunk in read_chunks(path):
        if rest := chunk.lstrip(_SPACE):
            return rest
    return b""


def is_lines(path: Path) -> bool:
    """Whether the file is JSONL rather than one JSON document."""
    first, second = _first_two(path)
    if not second:
        return first[:1] == b"{"
    if first[:1] == b"[":
        return first[-1:] == b"]" and second[:1] == b"["
    return first[-1:] not in (b"{", b"[", b",", b":")


def _first_two(path: Path) -> tuple[bytes, bytes]:
    held = bytearray()
    shown: list[bytes] = []
    for chunk in read_chunks(path):
        held += chunk
        shown = [line for raw in held.split(b"\n") if (line := bytes(raw.strip(_SPACE)))]
        if len(shown) > 1 or len(held) > MAX_CONVERSATION_BYTES:
            break
    first, second, *_ = [*shown, b"", b""]
    return first, second


def line_records(lines: Iterable[tuple[int, bytes | BadInput]], file: str) -> Iterator[Record | BadInput]:
    """The records of numbered lines of `file`, one a line; empty lines are passed over."""
    for number, line in lines:
        if isinstance(line, BadInput):
            yield line
        elif line.strip(_SPACE):
            yield _record(line, Place(file, number))


def _record(raw: bytes, place: Place, line: int | None = None) -> Record | BadInput:
    try:
        return Record(parse_json(raw, file=place.file, line=line or place.line), place)
    except BadInput as error:
        return error


def _whole(path: Path) -> Iterator[Record | BadInput]:
    held = bytearray()
    for chunk in read_chunks(path):
        held += chunk
        if len(held) > MAX_CONVERSATION_BYTES:
            problem = f"one JSON object of more than {mib(MAX_CONVERSATION_BYTES)}"
            yield BadInput(problem, file=path, remedy="write one conversation per line (JSONL)")
            return
    yield _record(bytes(held), Place(str(path)), 1)


def _array_records(path: Path) -> Iterator[Record | BadInput]:
    pieces = array_elements(read_chunks(path), path)
    first = next(pieces, None)
    if first is None:
        yield BadInput("is an empty list", file=path, remedy="put at least one conversation in it")
        return
    record = _element(path, 0, first)
    if isinstance(record, Record) and _is_message(record.value):
        yield _one_conversation(path, itertools.chain([first], pieces))
        return
    yield record
    yield from (_element(path, index, piece) for index, piece in enumerate(pieces, start=1))


def _element(path: Path, index: int, piece: Piece | BadInput) -> Record | BadInput:
    if isinstance(piece, BadInput):
        return piece
    if piece.size > MAX_CONVERSATION_BYTES:
        problem = f"record too long ({mib(piece.size)}, at most {mib(MAX_CONVERSATION_BYTES)})"
        return BadInput(problem, file=f"{path}[{index}]", remedy="split the conversation or shorten its turns")
    return _record(bytes(piece.held), Place(str(path), index=index), piece.line)


def _is_message(value: Json) -> bool:
    if not isinstance(value, dict):
        return False
    return ("role" in value and "messages" not in value) or ("from" in value and "value" in value)


def _one_conversation(path: Path, pieces: Iterator[Piece | BadInput]) -> Record | BadInput:
    messages: list[Json] = []
    size = 0
    for index, piece in enumerate(pieces):
        size += 0 if isinstance(piece, BadInput) else piece.size
        if len(messages) == MAX_TURNS or size > MAX_CONVERSATION_BYTES:
            cap = f"{MAX_TURNS:,} messages or {mib(MAX_CONVERSATION_BYTES)}"
            return BadInput(f"has more than {cap}", file=path, remedy="split the conversation")
        item = _element(path, index, piece)
        if isinstance(item, BadInput):
            return item
        messages.append(item.value)
    return Record(messages, Place(str(path)))


@dataclass(slots=True)
class Piece:
    """The bytes of one element of an array, with its first line; bytes over the cap are counted, not kept."""

    line: int
    held: bytearray = field(default_factory=bytearray)
    size: int = 0

    def take(self, part: bytes) -> None:
        """Adds `part`."""
        if not self.size:
            stripped = part.lstrip(_SPACE)
            self.line += part[: len(part) - len(stripped)].count(b"\n")
            part = stripped
        self.size += len(part)
        if self.size <= MAX_CONVERSATION_BYTES:
            self.held += part


def array_elements(chunks: Iterator[bytes], path: Path) -> Iterator[Piece | BadInput]:
    """The elements of the JSON array in `chunks`, cut at its commas but not parsed.

    A broken array ends with the error of how it is broken.
    """
    scan = _Scan()
    for chunk in chunks:
        yield from scan.feed(chunk)
        if scan.broken:
            yield BadInput(scan.broken, file=path, line=scan.line, remedy="correct the JSON there")
            return
    if not scan.closed:
        problem = f"the list stops in the middle, after {scan.count} whole records"
        yield BadInput(problem, file=path, line=scan.line, remedy="write the file again; its closing ] is missing")


class _Scan:
    """A cursor over an array that knows strings, brackets and commas, and nothing else of JSON."""

    def __init__(self) -> None:
        self.line = 1
        self.depth = 0
        self.count = 0
        self.in_string = False
        self.escaped = False
        self.closed = False
        self.broken = ""
        self.piece = Piece(1)

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        start = position = 0
        if self.escaped:
            self.escaped, position = False, 1
        while match := (_INSIDE if self.in_string else _OUTSIDE).search(chunk, position):
            token, position = match.group(), match.end()
            if self.closed:
                break
            if self.in_string:
                position = self._in_string(token, position, len(chunk))
            elif token == b'"':
                self.in_string = True
            elif self._ends_element(token):
                yield from self._cut(chunk[start : position - 1], token)
                start = position
        self._keep(chunk[start:])

    def _in_string(self, token: bytes, position: int, length: int) -> int:
        if token == b'"':
            self.in_string = False
            return position
        self.escaped = position >= length
        return position if self.escaped else position + 1

    def _ends_element(self, token: bytes) -> bool:
        if token in b"[{":
            self.depth += 1
            return self.depth == 1
        if token in b"]}":
            self.depth -= 1
            return self.depth == 0
        return self.depth == 1

    def _cut(self, part: bytes, token: bytes) -> Iterator[Piece]:
        self.piece.take(part)
        self.line += part.count(b"\n")
        piece, self.piece = self.piece, Piece(self.line)
        if token == b"[":
            return
        self.closed = token != b","
        if token == b"}":
            self.broken = "a } stands where the list should go on or end"
        if not piece.size and not (self.closed and not self.count):
            self.broken = "a comma stands where a record was expected"
        elif piece.size:
            self.count += 1
            yield piece

    def _keep(self, part: bytes) -> None:
        if self.closed and part.strip(_SPACE):
            self.broken = self.broken or "there is more text after the list"
        if not self.closed:
            self.piece.take(part)
        self.line += part.count(b"\n")
