"""Conversations out of a Hugging Face data set, a folder it was saved to, or a parquet or arrow file.

What it leaves to others: the shape of a record, which is that of a JSON record.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from evalh.errors import BadInput
from evalh.importers.base import Place, Record, SourceMapping
from evalh.importers.openai_chat import KEYS
from evalh.models import Json

PREFIX = "hf:"
_SPLITS = ("train", "test", "validation")
_TRANSCRIPTS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
_SAVED = ("dataset_dict.json", "state.json")


def is_dataset(source: str) -> bool:
    """Whether `source` is ``hf:NAME[:SPLIT]``, a folder, or a parquet or arrow file."""
    path = Path(source)
    return source.startswith(PREFIX) or path.is_dir() or (path.is_file() and _kind(path) is not None)


def transcripts_in(source: str) -> list[str]:
    """The JSON, JSONL, CSV and TSV files of a folder and the folders in it, by name; none when it is a data set."""
    folder = Path(source)
    if source.startswith(PREFIX) or not folder.is_dir():
        return []
    inside = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_shown(path.relative_to(folder))]
    if any(path.name in _SAVED or path.suffix in (".parquet", ".arrow") for path in inside):
        return []
    found = [str(path) for path in inside if path.name.removesuffix(".gz").endswith(_TRANSCRIPTS)]
    if not found:
        remedy = f"put {', '.join(_TRANSCRIPTS)} or .parquet files in it"
        raise BadInput("there are no transcripts in this folder", file=source, remedy=remedy)
    return found


def _is_shown(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def dataset_records(source: str, mapping: SourceMapping) -> Iterator[Record | BadInput]:
    """The rows of a data set as records, streamed; what keeps it from being read comes as one error."""
    name, split = _parts(source)
    try:
        for index, row in enumerate(_rows(name, split)):
            yield Record(_record(row, mapping), Place(name, index=index))
    except BadInput as error:
        yield error
    except (OSError, ValueError, RuntimeError, ImportError, LookupError, TypeError) as error:
        yield _unreadable(name, error)


def _parts(source: str) -> tuple[str, str | None]:
    name = source.removeprefix(PREFIX)
    if Path(name).exists() or ":" not in name:
        return name, None
    name, split = name.rsplit(":", 1)
    return name, split or None


def _kind(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            magic = stream.read(6)
    except OSError:
        return None
    if magic.startswith(b"PAR1"):
        return "parquet"
    return "arrow" if magic == b"ARROW1" or magic.startswith(b"\xff\xff\xff\xff") else None


def _rows(name: str, split: str | None) -> Iterable[Mapping[str, Any]]:
    import datasets

    path = Path(name)
    if path.is_file():
        kind = _kind(path) or "parquet"
        return _one(datasets.load_dataset(kind, data_files=str(path), streaming=True), name, None)
    if any((path / saved).is_file() for saved in _SAVED):
        return _one(datasets.load_from_disk(name), name, split)
    return _one(datasets.load_dataset(name, split=split, streaming=True), name, split)


def _one(loaded: Any, name: str, split: str | None) -> Iterable[Mapping[str, Any]]:
    if not isinstance(loaded, Mapping):
        return loaded  # type: ignore[no-any-return]  # datasets has no types
    known = [str(key) for key in loaded]
    chosen = split or next((key for key in _SPLITS if key in known), known[0] if len(known) == 1 else None)
    if chosen not in known:
        problem = f"has no split {chosen!r}" if chosen else "has several splits"
        raise BadInput(problem, file=name, remedy=f"name one of {', '.join(known)}, as in hf:{name}:{known[0]}")
    return loaded[chosen]  # type: ignore[no-any-return]  # datasets has no types


def _record(row: Mapping[str, Any], mapping: SourceMapping) -> Json:
    plain = {str(key): _plain(value) for key, value in row.items() if value is not None}
    column = mapping.messages if mapping.messages in plain else next((key for key in KEYS if key in plain), None)
    if column is None:
        return plain
    return {**plain, column: _messages(plain[column])}


def _messages(value: Json) -> Json:
    if isinstance(value, dict) and value and all(isinstance(item, list) for item in value.values()):
        names = list(value)
        return [dict(zip(names, items, strict=False)) for items in zip(*value.values(), strict=False)]
    return value


def _plain(value: Any) -> Json:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else str(value)[:1000]


def _unreadable(name: str, error: Exception) -> BadInput:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, ConnectionError) or "offline" in said.lower() or "socket" in said.lower():
        remedy = "check the network, or download it and name the folder"
        return BadInput("the data set cannot be reached", file=name, remedy=remedy)
    return BadInput(f"the data set cannot be read: {said}", file=name, remedy="check its name, split and files")
