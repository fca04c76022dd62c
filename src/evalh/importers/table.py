"""CSV and TSV tables of one turn per row, with columns and speakers mapped by the user or guessed by name.

The rows of a conversation stand together. What it leaves to others: which file is a table.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalh.errors import BadInput
from evalh.importers.base import (
    MAX_CONVERSATION_BYTES,
    Imported,
    Place,
    Rejected,
    SourceMapping,
    build,
    role_or_error,
)
from evalh.models import Conversation
from evalh.models.conversation import MAX_TURNS
from evalh.text.untrusted import mib, nearest, scan_lines, shorten

_COMMON = {
    "conversation_id": ("conversation_id", "conversationid", "conversation", "call_id", "callid", "chat_id",
                        "contact_id", "session_id", "dialogue_id", "dialog_id", "ticket_id", "interaction_id",
                        "conv_id"),
    "speaker": ("speaker", "role", "participant", "participant_role", "author", "from", "sender", "who"),
    "text": ("text", "utterance", "message", "content", "transcript", "body", "sentence"),
    "turn_index": ("turn_index", "turn", "turn_id", "index", "utterance_index", "sequence", "seq"),
    "timestamp": ("timestamp", "time", "created_at", "sent_at", "datetime"),
    "start": ("start", "start_time", "start_seconds", "begin"),
    "end": ("end", "end_time", "end_seconds"),
    "channel": ("channel", "media_type"),
    "language": ("language", "lang", "locale"),
    "started_at": ("started_at", "conversation_start", "call_start"),
}  # fmt: skip
_NEEDED = ("conversation_id", "speaker", "text")
_CHANNELS = {
    "phone": "voice",
    "call": "voice",
    "telephony": "voice",
    "web": "chat",
    "webchat": "chat",
    "e-mail": "email",
}


@dataclass(frozen=True, slots=True)
class _Row:
    cells: dict[str, str]
    line: int


@dataclass(frozen=True, slots=True)
class _Table:
    """The file of a table, the column of each field, and the mapping for its speakers."""

    file: str
    columns: dict[str, str]
    mapping: SourceMapping

    def cell(self, row: _Row, name: str) -> str:
        return row.cells.get(self.columns[name], "").strip() if name in self.columns else ""

    def place(self, row: _Row) -> Place:
        return Place(self.file, row.line)


def read_table(path: Path, mapping: SourceMapping) -> Iterator[Imported | Rejected]:
    """The conversations of a table, one at a time; raises nothing for bad rows, which come as Rejected."""
    try:
        rows, header = _open(path, mapping)
        table = _Table(str(path), _columns(header, mapping, str(path)), mapping)
        yield from _conversations(rows, table)
    except BadInput as error:
        yield Rejected(error)


def looks_like_table(path: Path) -> bool:
    """Whether the first line has at least two columns."""
    first = next((line for _, line in scan_lines(path)), b"")
    return isinstance(first, bytes) and any(mark in first for mark in (b",", b"\t", b";", b"|"))


def _open(path: Path, mapping: SourceMapping) -> tuple[Iterator[_Row | BadInput], list[str]]:
    lines = _Lines(path)
    first = next(lines, "")
    delimiter = mapping.delimiter or max(",\t;|", key=first.count)
    if len(delimiter) != 1:
        raise BadInput(f"the delimiter {shorten(delimiter)} is not one character", file=path, remedy="use , or ;")
    reader = csv.reader(itertools.chain([first], lines), delimiter=delimiter, strict=True)
    header = [name.strip() for name in _next(reader, str(path), 1) or []]
    repeated = next((name for name in header if name and header.count(name) > 1), None)
    if repeated is not None:
        raise BadInput(
            f"the column {shorten(repeated)} stands twice", file=path, line=1, remedy="rename one of the two"
        )
    return _rows(reader, header, lines), header


class _Lines:
    """The lines of a file as text. One that is no text is raised, and the next call goes on after it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self._lines = scan_lines(path)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        if isinstance(line, BadInput):
            raise line
        try:
            return line.decode("utf-8") + "\n"
        except UnicodeDecodeError as error:
            problem = f"invalid UTF-8 at byte {error.start} (0x{line[error.start]:02x})"
            raise BadInput(problem, file=self.path, line=self.number, remedy="save the file as UTF-8") from None


def _next(reader: Any, file: str, line: int) -> list[str] | None:
    try:
        cells: list[str] | None = next(reader, None)
    except csv.Error as error:
        problem, remedy = _words(str(error))
        raise BadInput(problem, file=file, line=line, remedy=remedy) from None
    return cells


def _words(said: str) -> tuple[str, str]:
    if "field limit" in said:
        return f"a cell has more than {csv.field_size_limit():,} characters", "close its quotes or shorten it"
    if "end of data" in said:
        return "a quote that is opened here is never closed", "close it, or double the quotes that are part of the text"
    return f"this is not CSV: {said}", "correct the quotes there"


def _rows(reader: Any, header: list[str], lines: _Lines) -> Iterator[_Row | BadInput]:
    """The rows with text in them; one that cannot be read comes as its error, and the next follows."""
    more = True
    while more:
        line = lines.number + 1
        try:
            cells = _next(reader, str(lines.path), line)
            more = cells is not None
            if cells is not None and any(cell.strip() for cell in cells):
                yield _Row(_named(cells, header, str(lines.path), line), line)
        except BadInput as error:
            yield error


def _named(cells: list[str], header: list[str], file: str, line: int) -> dict[str, str]:
    if len(cells) > len(header):
        problem = f"has {len(cells)} cells, but the header has {len(header)}"
        raise BadInput(problem, file=file, line=line, remedy="put text that holds the delimiter in quotes")
    return dict(zip(header, cells, strict=False))


def _columns(header: list[str], mapping: SourceMapping, file: str) -> dict[str, str]:
    plain = {name.casefold().replace(" ", "_").replace("-", "_"): name for name in header}
    columns: dict[str, str] = {}
    for name, common in _COMMON.items():
        given = getattr(mapping, name)
        if given is not None and given not in header:
            raise BadInput(f"there is no column {given!r}", file=file, line=1, field=name, remedy=_offer(given, header))
        guessed = next((plain[word] for word in common if word in plain and plain[word] not in columns.values()), None)
        if given or guessed:
            columns[name] = given or guessed or ""
    missing = next((name for name in _NEEDED if name not in columns), None)
    if missing:
        problem = f"no column is known to hold the {missing.replace('_', ' ')}"
        raise BadInput(problem, file=file, line=1, field=missing, remedy=_map_it(missing, header))
    return columns


def _offer(given: str, header: list[str]) -> str:
    close = nearest(given, header)
    return f"did you mean {close!r}?" if close else f"columns are {shorten_all(header)}"


def _map_it(missing: str, header: list[str]) -> str:
    return f"name it in the mapping ({missing}: COLUMN); columns are {shorten_all(header)}"


def shorten_all(names: list[str]) -> str:
    """Up to twelve names, each cut to a readable length."""
    shown = ", ".join(shorten(name, 30) for name in names[:12])
    return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown or "none"


@dataclass(slots=True)
class _Group:
    """Rows that stand together, and why they cannot be used: a row among or beside them is lost, or they are many."""

    key: str
    lost: BadInput | None = None
    many: BadInput | None = None
    held: list[_Row] = field(default_factory=list)
    size: int = 0

    def add(self, row: _Row, table: _Table) -> None:
        """Add a row, unless there are too many."""
        self.size += sum(map(len, row.cells.values()))
        if len(self.held) == MAX_TURNS or (self.held and self.size > MAX_CONVERSATION_BYTES):
            cap = f"{MAX_TURNS:,} turns or {mib(MAX_CONVERSATION_BYTES)}"
            self.many = self.many or table.place(row).bad(f"the conversation has more than {cap}", remedy="split it")
        if self.many is None:
            self.held.append(row)


def _conversations(rows: Iterator[_Row | BadInput], table: _Table) -> Iterator[Imported | Rejected]:
    seen: set[str] = set()
    empty = True
    for item in _groups(rows, table):
        empty = False
        yield Rejected(item) if isinstance(item, BadInput) else _outcome(item, seen, table)
    if empty:
        raise BadInput("has a header and no rows", file=table.file, remedy="put at least one conversation in it")


def _groups(rows: Iterator[_Row | BadInput], table: _Table) -> Iterator[_Group | BadInput]:
    """The rows by conversation. A row that cannot be read may belong to either neighbour, so neither is whole."""
    group, lost = _Group(""), None
    for row in rows:
        if isinstance(row, BadInput):
            group.lost = lost = row
            yield row
            continue
        key = table.cell(row, "conversation_id")
        if group.held and group.key != key:
            yield group
        if not group.held or group.key != key:
            group = _Group(key, lost)
        group.add(row, table)
        lost = None
    if group.held:
        yield group


def _outcome(group: _Group, seen: set[str], table: _Table) -> Imported | Rejected:
    place = table.place(group.held[0])
    try:
        _check_id(group.key, seen, place)
        _check_whole(group, place)
        return Imported(_conversation(group.key, group.held, table), str(place))
    except BadInput as error:
        return Rejected(error)


def _check_whole(group: _Group, place: Place) -> None:
    if group.many is not None:
        raise group.many
    if group.lost is not None:
        problem = f"the conversation {shorten(group.key)} may lack the row at line {group.lost.line}"
        raise place.bad(problem, remedy="correct that row")


def _check_id(key: str, seen: set[str], place: Place) -> None:
    if not key:
        raise place.bad("the row has no conversation id", field="conversation_id", remedy="fill it in")
    if key in seen:
        problem = f"the conversation {shorten(key)} goes on after another one began"
        raise place.bad(problem, field="conversation_id", remedy="sort the rows by conversation")
    seen.add(key)


def _conversation(key: str, rows: list[_Row], table: _Table) -> Conversation:
    ordered = _ordered(rows, table)
    first = ordered[0]
    moments = [_moment(table.cell(row, "timestamp"), table.place(row)) for row in ordered]
    turns = [
        _turn(row, index, moment, moments[0], table)
        for index, (row, moment) in enumerate(zip(ordered, moments, strict=True))
    ]
    channel = table.cell(first, "channel").casefold()
    fields = {
        "id": key,
        "turns": turns,
        "started_at": table.cell(first, "started_at") or (moments[0] if _is_epoch(moments[0]) else None),
        "metadata": _extra(ordered, table),
        **({"channel": _CHANNELS.get(channel, channel)} if channel else {}),
        **({"language": table.cell(first, "language")} if table.cell(first, "language") else {}),
    }
    return build(fields, table.place(rows[0]))


def _is_epoch(moment: datetime | None) -> bool:
    return moment is not None and moment.year > 1980


def _ordered(rows: list[_Row], table: _Table) -> list[_Row]:
    if "turn_index" not in table.columns:
        return rows
    return sorted(rows, key=lambda row: _number(row, "turn_index", table) or 0.0)


def _turn(
    row: _Row, index: int, moment: datetime | None, first: datetime | None, table: _Table
) -> dict[str, Any]:  # fmt: skip
    start = _number(row, "start", table)
    if start is None and moment is not None and first is not None:
        start = max(0.0, (moment - first).total_seconds())
    return {
        "role": role_or_error(table.cell(row, "speaker"), table.mapping, table.place(row), table.columns["speaker"]),
        "text": table.cell(row, "text"),
        "start": start,
        "end": _number(row, "end", table),
        "origin": {"format": "table", "id": f"line {row.line}", "raw_index": index},
    }


def _number(row: _Row, name: str, table: _Table) -> float | None:
    cell = table.cell(row, name)
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not 0 <= value < 1e12:
        problem = f"should be a number from 0, found {shorten(cell)}"
        raise table.place(row).bad(problem, field=table.columns[name], remedy="correct it or leave the column out")
    return value


def _moment(cell: str, place: Place) -> datetime | None:
    if not cell:
        return None
    try:
        seconds = float(cell)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        read = datetime.fromisoformat(cell)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        problem = f"should be a time, found {shorten(cell)}"
        raise place.bad(problem, field="timestamp", remedy="write it as 2026-10-31T09:30:00") from None


def _extra(rows: list[_Row], table: _Table) -> dict[str, Any]:
    known = set(table.columns.values())
    names = [name for name in rows[0].cells if name and name not in known]
    columns = {name: [row.cells.get(name, "") for row in rows] for name in names}
    return {name: cells[0] if len(set(cells)) == 1 else cells for name, cells in columns.items() if any(cells)}
