"""Transcripts of other systems as conversations, streamed, with a sentence for everything that cannot be read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalh.errors import BadInput, NotFound
from evalh.importers.base import (
    Imported,
    Record,
    Rejected,
    SourceMapping,
    read_mapping,
    refusing_repeats,
    unknown_format,
    with_unique_ids,
)
from evalh.importers.dataset import PREFIX, dataset_records, is_dataset, transcripts_in
from evalh.importers.detect import FORMATS, RECORD_FORMATS, format_of
from evalh.importers.records import first_bytes, json_records, line_records
from evalh.importers.table import looks_like_table, read_table
from evalh.text.untrusted import split_lines

__all__ = ["FORMATS", "Imported", "Rejected", "SourceMapping", "open_lines", "open_source"]


def open_source(
    source: str | Path,
    format: str | None = None,  # noqa: A002 - the word of the command line
    mapping: Mapping[str, Any] | str | Path | SourceMapping | None = None,
) -> Iterator[Imported | Rejected]:
    """The conversations of a file, folder or ``hf:NAME[:SPLIT]``, one at a time, in order.

    The JSON, JSONL and CSV files of a folder are read one after the other. The format is found by content unless
    `format` names one of FORMATS; `mapping` is a dict or a YAML file that says which column holds what and who the
    speakers are. A record that cannot be read comes as Rejected, and the rest follows. Raises NotFound and BadConfig
    at once, before anything is read.
    """
    if format is not None and format not in FORMATS:
        raise unknown_format(format, list(FORMATS))
    columns = read_mapping(mapping)
    name = str(source)
    if not name.removeprefix(PREFIX) or (not name.startswith(PREFIX) and not _exists(name)):
        raise NotFound(f"{name[:500]!r}: no such file or folder; check the path")
    return _read(name, format, columns)


def open_lines(raw: bytes, file: str) -> Iterator[Imported | Rejected]:
    """The conversations in JSONL of evalh's own shape, as `open_source` gives those of a file; errors name `file`."""
    if not raw.strip():
        return iter([Rejected(_empty(file))])
    records = line_records(split_lines([raw], file), file)
    return refusing_repeats(_conversations(records, "native", SourceMapping()))


def _empty(file: str | Path) -> BadInput:
    return BadInput("is empty", file=file, remedy="put at least one conversation in it")


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def _read(name: str, wanted: str | None, mapping: SourceMapping) -> Iterator[Imported | Rejected]:
    try:
        if wanted != "dataset" and (inside := transcripts_in(name)):
            yield from refusing_repeats(item for path in inside for item in _read(path, wanted, mapping))
        elif wanted == "dataset" or is_dataset(name):
            chosen = None if wanted == "dataset" else wanted
            yield from _converted(dataset_records(name, mapping), chosen, mapping)
        elif wanted == "table" or _is_table(Path(name), wanted):
            yield from read_table(Path(name), mapping)
        else:
            yield from _converted(json_records(Path(name)), wanted, mapping)
    except BadInput as error:
        yield Rejected(error)


def _is_table(path: Path, wanted: str | None) -> bool:
    start = first_bytes(path)
    if not start:
        raise _empty(path)
    if wanted is not None or start[:1] in (b"{", b"["):
        return False
    if not looks_like_table(path):
        remedy = "give JSON, JSONL or CSV, or name its format"
        raise BadInput("is neither JSON nor a table", file=path, remedy=remedy)
    return True


def _converted(
    records: Iterator[Record | BadInput], wanted: str | None, mapping: SourceMapping
) -> Iterator[Imported | Rejected]:
    for record in records:
        name = wanted or _format_or_error(record, mapping)
        if isinstance(name, BadInput):
            yield Rejected(name)
            continue
        found = _conversations(itertools.chain([record], records), name, mapping)
        yield from refusing_repeats(found) if name == "native" else with_unique_ids(found)


def _format_or_error(record: Record | BadInput, mapping: SourceMapping) -> str | BadInput:
    if isinstance(record, BadInput):
        return record
    try:
        return format_of(record, mapping)
    except BadInput as error:
        return error


def _conversations(
    records: Iterator[Record | BadInput], name: str, mapping: SourceMapping
) -> Iterator[Imported | Rejected]:
    read = RECORD_FORMATS[name][1]
    for record in records:
        if isinstance(record, BadInput):
            yield Rejected(record)
            continue
        try:
            yield Imported(read(record, mapping), str(record.place))
        except BadInput as error:
            yield Rejected(error)
