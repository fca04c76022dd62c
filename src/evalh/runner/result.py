"""A finished run as it lies on disk: small files whole, long ones as streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from evalh.errors import BadInput, NotFound
from evalh.models import Aggregate, Comparison, ConversationRow, Json, Manifest, Reading, ScoreRow, digest
from evalh.runner.finish import AGGREGATES, COMPARISON, CONVERSATIONS, MANIFEST, READINGS, ROWS, SCORES
from evalh.store.atomic import sha256_of
from evalh.store.newer import refuse_newer
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
    """The run in `folder`. Raises NotFound when there is none, BadInput when it is incomplete, changed or damaged."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise NotFound(f"{folder}: there is no run here (no {MANIFEST}); name the folder of a run")
    if manifest.status != "complete":
        raise BadInput(f"the run is {manifest.status}", file=folder, remedy="run it again to complete it")
    _check_whole(folder, manifest)
    aggregates = read_result(folder / AGGREGATES, TypeAdapter(tuple[Aggregate, ...]))
    paths = sorted(folder.glob("comparison*.json"), key=lambda path: (path.name != COMPARISON, path.name))
    comparisons = tuple(read_result(path, TypeAdapter(Comparison)) for path in paths)
    return RunResult(folder, manifest, aggregates, comparisons)


def _check_whole(folder: Path, manifest: Manifest) -> None:
    """Raise when the manifest or a file of rows is not as the run left it."""
    content = read_result(folder / MANIFEST, TypeAdapter(dict[str, Json]))
    if content.pop("sha256", None) != digest(content):
        raise _changed(folder / MANIFEST)
    for name in ROWS:
        if name not in manifest.files:
            raise _changed(folder / MANIFEST)
        _check_unchanged(folder / name, manifest.files[name])


def _changed(path: Path) -> BadInput:
    return BadInput("was changed or cut off after the run", file=path, remedy="run it again with --fresh")


def _check_unchanged(path: Path, sha256: str) -> None:
    try:
        same = sha256_of(path) == sha256
    except FileNotFoundError:
        raise NotFound(f"{path}: no such file; run it again") from None
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})", file=path, remedy="name another folder") from None
    if not same:
        raise _changed(path)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in `folder`, whatever its status; None when there is none."""
    path = folder / MANIFEST
    return read_result(path, TypeAdapter(Manifest)) if path.exists() else None


Value = TypeVar("Value")


def read_result(path: Path, adapter: TypeAdapter[Value]) -> Value:
    """A small file of results as what it should be. Raises NotFound or BadInput."""
    try:
        value = parse_json(path.read_bytes(), file=path, max_bytes=MAX_FILE_BYTES)
        refuse_newer(value, path)
        return adapter.validate_python(value)
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
