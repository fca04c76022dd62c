"""A finished run as it lies on disk: small files whole, long ones as streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from evalh.errors import BadInput, NotFound
from evalh.models import Aggregate, Comparison, ConversationRow, Manifest, Reading, ScoreRow
from evalh.runner.finish import AGGREGATES, COMPARISON, CONVERSATIONS, MANIFEST, READINGS, SCORES
from evalh.text.untrusted import explain, parse_json, read_lines

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024 * 1024
AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True)
class RunResult:
    """A complete run."""

    out_dir: Path
    manifest: Manifest
    aggregates: tuple[Aggregate, ...]
    comparisons: tuple[Comparison, ...] = ()

    def rows(self) -> Iterator[ScoreRow]:
        """The score rows, in their order, one at a time."""
        return _stream(self.out_dir / SCORES, ScoreRow)

    def conversations(self) -> Iterator[ConversationRow]:
        """The conversation rows, in their order, one at a time."""
        return _stream(self.out_dir / CONVERSATIONS, ConversationRow)

    def readings(self) -> Iterator[Reading]:
        """The readings, in the order of the conversation rows, one at a time."""
        return _stream(self.out_dir / READINGS, Reading)


def load_run(folder: Path) -> RunResult:
    """The run in `folder`. Raises NotFound when there is none, BadInput when it is incomplete or damaged."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise NotFound(f"{folder}: there is no run here (no {MANIFEST}); name the folder of a run")
    if manifest.status != "complete":
        raise BadInput(f"the run is {manifest.status}", file=folder, remedy="run it again to complete it")
    aggregates = _validated(folder / AGGREGATES, TypeAdapter(tuple[Aggregate, ...]))
    paths = sorted(folder.glob("comparison*.json"), key=lambda path: (path.name != COMPARISON, path.name))
    comparisons = tuple(_validated(path, TypeAdapter(Comparison)) for path in paths)
    return RunResult(folder, manifest, aggregates, comparisons)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in `folder`, whatever its status; None when there is none."""
    path = folder / MANIFEST
    return _validated(path, TypeAdapter(Manifest)) if path.exists() else None


Value = TypeVar("Value")


def _validated(path: Path, adapter: TypeAdapter[Value]) -> Value:
    try:
        text = path.read_bytes()
        return adapter.validate_python(parse_json(text, file=path, max_bytes=MAX_FILE_BYTES))
    except FileNotFoundError:
        raise NotFound(f"{path}: no such file; run it again") from None
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})", file=path, remedy="name another folder") from None
    except ValidationError as error:
        raise explain(error, file=path) from None


def _stream(path: Path, model: type[AnyModel]) -> Iterator[AnyModel]:
    for number, raw in read_lines(path, max_bytes=MAX_LINE_BYTES):
        value = parse_json(raw, file=path, line=number, max_bytes=MAX_LINE_BYTES)
        try:
            yield model.model_validate(value)
        except ValidationError as error:
            raise explain(error, file=path, line=number) from None
