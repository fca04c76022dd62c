"""Blessed baselines on disk: one small file per run configuration, a line per case, so that a change can be reviewed.

What it leaves to others: which side is blessed, and what it is compared with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from evalh.errors import BadInput, NotFound, UserError
from evalh.models import BlessedBaseline, Json, digest
from evalh.store.atomic import write_atomic
from evalh.text.untrusted import explain, is_endless, parse_json, shorten
from evalh.workspace.find import shown

MAX_FILE_BYTES = 64 * 1024 * 1024
SCHEMA = "evalh.baseline/1"
AGAIN = "restore it, or delete it and bless a side again: evalh bless RUN:VERSION"


def baselines_folder(root: Path) -> Path:
    """Where the baselines of the workspace at `root` are."""
    return root / "configs" / "baselines"


def baseline_path(root: Path, config: str) -> Path:
    """Where the baseline of a run configuration is, whether there is one or not."""
    return baselines_folder(root) / f"{config}.json"


def read_baseline(path: Path) -> BlessedBaseline:
    """The baseline in a file. Raises NotFound when there is none, BadInput when it cannot be trusted to be whole."""
    raw = _object(path)
    _check_schema(raw.get("schema"), path)
    said = raw.pop("sha256", None)
    if said != digest(raw):
        problem = "its content is not what its sha256 says; it was edited by hand, or merged"
        raise _bad(problem, path, field="sha256")
    try:
        baseline = BlessedBaseline.model_validate({**raw, "sha256": said})
    except ValidationError as error:
        found = explain(error, model=BlessedBaseline)
        raise _bad(found.problem, path, field=found.field) from None
    if baseline.config != path.stem:
        raise _bad(f"is the baseline of {baseline.config!r}, not of {path.stem!r}", path, field="config")
    return baseline


def write_baseline(path: Path, baseline: BlessedBaseline) -> None:
    """Put the baseline in a file, with the digest of its content. Raises UserError when it cannot be written."""
    content = {**baseline.content(), "sha256": baseline.content_sha256()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{shown(path.parent)}: cannot be made ({error.strerror}); check the folder") from None
    write_atomic(path, _text(content))


def _bad(problem: str, path: Path, *, line: int | None = None, field: str | None = None) -> BadInput:
    return BadInput(problem, file=shown(path), line=line, field=field, remedy=AGAIN)


def _object(path: Path) -> dict[str, Json]:
    try:
        value = parse_json(_read(path), line=1, max_bytes=MAX_FILE_BYTES)
    except BadInput as error:
        raise _bad(error.problem, path, line=error.line) from None
    if not isinstance(value, dict):
        raise _bad(f"should be an object, found {shorten(value)}", path)
    return value


def _read(path: Path) -> bytes:
    if is_endless(path):
        raise _bad("is a pipe or a device, not a file", path)
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"{shown(path)}: no such file; bless a side first: evalh bless RUN:VERSION") from None
    except OSError as error:
        raise _bad(f"cannot be read ({error.strerror})", path) from None


def _check_schema(schema: Json, path: Path) -> None:
    if schema == SCHEMA:
        return
    family, _, major = schema.partition("/") if isinstance(schema, str) else ("", "", "")
    if family == SCHEMA.partition("/")[0] and major.isdecimal():
        raise BadInput(
            f"is {schema!r}, and this evalh reads {SCHEMA!r}",
            file=shown(path), field="schema", remedy=f"install a newer evalh, or {AGAIN}",
        )  # fmt: skip
    raise _bad(f"should be {SCHEMA!r}, found {shorten(schema)}", path, field="schema")


def _text(content: Mapping[str, Json]) -> str:
    return "{\n" + ",\n".join(f"{_json(key)}:{_value(value)}" for key, value in content.items()) + "\n}\n"


def _value(value: Json) -> str:
    """What has parts has one part a line: a case, an evaluator, an input."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(_json, value)) + "\n]" if value else "[]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(_members(value)) + "\n}" if value else "{}"
    return _json(value)


def _members(value: Mapping[str, Json]) -> Iterator[str]:
    return (f"{_json(key)}:{_json(member)}" for key, member in value.items())


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
