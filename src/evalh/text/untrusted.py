"""One strict reader of lines and JSON for everything that comes from outside, and plain words for what is wrong.

What it leaves to others: what the values mean, and how the sentences are printed.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import stat
import types
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process

from evalh.errors import BadInput, NotFound
from evalh.models import Json

MAX_DEPTH = 64
MAX_RECORD_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES = 4 * 1024**3
MAX_RATIO = 100

_CHUNK = 256 * 1024
_RATIO_FROM = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_INT64 = 2**63
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def mib(size: int) -> str:
    """`size` bytes as words, such as ``8.5 MiB``."""
    return f"{size / 1024**2:.1f} MiB"


# --- JSON ---


def parse_json(
    text: str | bytes,
    *,
    file: str | Path | None = None,
    line: int | None = None,
    field: str | None = None,
    max_bytes: int = MAX_RECORD_BYTES,
) -> Json:
    """The value of one JSON document; `line` is where it begins in `file`.

    Nesting is at most 64, numbers are finite, integers fit 64 bits, no key stands twice in an object, and a lone
    surrogate becomes U+FFFD. Raises BadInput for anything else.
    """

    def bad(problem: str, remedy: str, down: int = 0) -> BadInput:
        at = line + down if line is not None else None
        return BadInput(problem, file=file, line=at, field=field, remedy=remedy)

    if len(text) > max_bytes:
        raise bad(f"the record has {mib(len(text))}, at most {mib(max_bytes)} are read", "split it")
    try:
        return _parse(text)
    except UnicodeDecodeError as error:
        found = f"invalid UTF-8 at byte {error.start} (0x{error.object[error.start]:02x})"
        raise bad(found, "save the file as UTF-8", _newlines(text, error.start)) from None
    except json.JSONDecodeError as error:
        raise _bad_syntax(error, bad) from None
    except _RefusedError as error:
        raise bad(error.problem, error.remedy) from None


class _RefusedError(Exception):
    """Valid JSON that is not accepted."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)


def _newlines(text: str | bytes, end: int) -> int:
    return text[:end].count(b"\n") if isinstance(text, bytes) else 0


def _parse(raw: str | bytes) -> Json:
    text = (raw.decode("utf-8") if isinstance(raw, bytes) else raw).removeprefix("\ufeff")
    if not text.strip(" \t\r\n"):
        raise _RefusedError("there is no JSON here, only white space", "write one JSON value")
    _check_depth(text)
    value: Json = _DECODER.decode(text)
    suspect = _SURROGATE.search(text) or _SURROGATE_ESCAPE.search(text)
    return _without_surrogates(value) if suspect else value


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if match.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise _RefusedError(f"the JSON is nested more than {MAX_DEPTH} deep", "flatten it")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for raw, value in pairs:
        key = _scalar_text(raw)
        if key in built:
            raise _RefusedError(f"the key {shorten(key)} stands twice in one object", "keep one of the two")
        built[key] = value
    return built


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 20 else _INT64
    if not -_INT64 <= value < _INT64:
        raise _RefusedError(f"the integer {_cut(digits, 24)} does not fit 64 bits", "write it as a string")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _RefusedError(f"the number {_cut(digits, 24)} is not finite", "write a finite number, null or a string")
    return value


def _constant(name: str) -> Any:
    raise _RefusedError(f"{name} is not a JSON number", "write null where a value is unknown")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)  # fmt: skip


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return _scalar_text(value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_surrogates(item) for key, item in value.items()}
    return value


def _scalar_text(text: str) -> str:
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _bad_syntax(error: json.JSONDecodeError, bad: Callable[[str, str, int], BadInput]) -> BadInput:
    doc, column, down = error.doc.rstrip(), error.colno, error.lineno - 1
    if error.msg.startswith("Unterminated string") or error.pos >= len(doc):
        column = len(doc) - doc.rfind("\n") - 1
        problem = f"the JSON stops in the middle (after column {column})"
        return bad(problem, "write the whole record again", doc.count("\n"))
    if error.msg.startswith("Extra data"):
        problem = f"there is more text after the JSON value (at column {column})"
        return bad(problem, "write one value per line", down)
    what = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
    return bad(f"this is not JSON: {what} (at column {column})", "correct the JSON there", down)


# --- bytes and lines ---


def is_endless(path: Path) -> bool:
    """Whether reading `path` may wait for ever or never end: it is there, but neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def read_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of `path` in chunks, unpacked when it is gzip, without a byte order mark.

    Raises NotFound or BadInput, also for a gzip file that unpacks to more than 100 times its size.
    """
    if is_endless(path):
        raise BadInput("is a pipe or a device, not a file", file=path, remedy="write it to a file first")
    try:
        with path.open("rb") as raw:
            yield from _unmarked(_chunks(raw, path))
    except FileNotFoundError:
        raise NotFound(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise BadInput("is a folder, not a file", file=path, remedy="name a file in it") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"the gzip data is damaged ({error})", file=path, remedy="pack the file again") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise BadInput(problem, file=path, remedy="check the file and its permissions") from None


def _chunks(raw: IO[bytes], path: Path) -> Iterator[bytes]:
    magic = raw.read(2)
    raw.seek(0)
    if magic != b"\x1f\x8b":
        yield from iter(lambda: raw.read(_CHUNK), b"")
        return
    unpacked = 0
    with gzip.GzipFile(fileobj=raw) as stream:
        while chunk := stream.read(_CHUNK):
            unpacked += len(chunk)
            _check_unpacked(unpacked, raw.tell(), path)
            yield chunk


def _check_unpacked(unpacked: int, packed: int, path: Path) -> None:
    if unpacked > MAX_UNPACKED_BYTES:
        raise BadInput(f"unpacks to more than {mib(MAX_UNPACKED_BYTES)}", file=path, remedy="split the file")
    if unpacked > _RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1):
        problem = f"unpacks to more than {MAX_RATIO} times its size"
        raise BadInput(problem, file=path, remedy="unpack it yourself if you trust it")


def _unmarked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    if first := first.removeprefix(_BOM):
        yield first
    yield from chunks


def scan_lines(path: Path, *, max_bytes: int = MAX_RECORD_BYTES) -> Iterator[tuple[int, bytes | BadInput]]:
    """The lines of `path` as `split_lines` gives them."""
    return split_lines(read_chunks(path), path, max_bytes=max_bytes)


def split_lines(
    chunks: Iterable[bytes], file: str | Path, *, max_bytes: int = MAX_RECORD_BYTES
) -> Iterator[tuple[int, bytes | BadInput]]:
    """The lines of `chunks` with their numbers from 1; a line of more than `max_bytes` comes as the error it is.

    Lines end with a line feed only, so U+2028 and a lone carriage return stay inside a line. Errors name `file`.
    """
    number, held, size = 1, bytearray(), 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            yield number, _line(held + piece, size + len(piece), file, number, max_bytes)
            number, held, size = number + 1, bytearray(), 0
        size += len(rest)
        if size <= max_bytes:
            held += rest
    if size:
        yield number, _line(held, size, file, number, max_bytes)


def _line(held: bytearray, size: int, file: str | Path, number: int, cap: int) -> bytes | BadInput:
    if size > cap:
        problem = f"line too long ({mib(size)}, at most {mib(cap)})"
        return BadInput(problem, file=file, line=number, remedy="split the conversation or shorten its turns")
    return bytes(held).removesuffix(b"\r")


def read_lines(path: Path, *, max_bytes: int = MAX_RECORD_BYTES) -> Iterator[tuple[int, bytes]]:
    """The lines of `path` with their numbers from 1, as `scan_lines`; raises BadInput at a line that is too long."""
    for number, line in scan_lines(path, max_bytes=max_bytes):
        if isinstance(line, BadInput):
            raise line
        yield number, line


# --- what pydantic found, in words ---


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a value: where it stands, what is wrong, what to do."""

    path: tuple[str | int, ...]
    field: str | None
    problem: str
    remedy: str


def explain(
    error: ValidationError,
    *,
    file: str | Path | None = None,
    line: int | None = None,
    model: type[BaseModel] | None = None,
) -> BadInput:
    """The first thing pydantic found, as one sentence; with `model`, misspelt keys get a "did you mean"."""
    first, *more = explain_each(error, model)
    problem = f"{first.problem} (one of {len(more) + 1} problems here)" if more else first.problem
    return BadInput(problem, file=file, line=line, field=first.field, remedy=first.remedy)


def explain_each(error: ValidationError, model: type[BaseModel] | None = None) -> list[Problem]:
    """Everything pydantic found, in its order."""
    return [_problem(found, model) for found in error.errors(include_url=False)]


def field_path(path: Sequence[str | int]) -> str:
    """`path` as a user reads it, such as ``turns[3].role``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w-]{1,60}", part, re.ASCII):
            text += f".{part}" if text else part
        else:
            text += f"[{shorten(part)}]"
    return text


def shorten(value: object, limit: int = 60) -> str:
    """`value` as a short, printable description."""
    if isinstance(value, str):
        return repr(value) if len(value) <= limit else repr(value[: limit - 1] + "…")
    if isinstance(value, Mapping):
        return f"an object of {len(value)} keys" if value else "an empty object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _cut(repr(value), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The member of `known` that `word` is probably a misspelling of, if any."""
    found = process.extractOne(word[:100], known, scorer=fuzz.ratio, score_cutoff=65)
    return str(found[0]) if found else None


def _problem(found: Any, model: type[BaseModel] | None) -> Problem:
    kind: str = found["type"]
    loc = found["loc"]
    named = loc[-1:] if kind in ("extra_forbidden", "missing") else ()
    path, models = _located(loc[: len(loc) - len(named)], model)
    if kind == "extra_forbidden":
        key = str(loc[-1])
        return Problem((*path, key), field_path(path) or None, f"unknown key {shorten(key)}", _known(key, models))
    path = (*path, *named, *_discriminator(kind, found))
    problem, remedy = _words(kind, found)
    return Problem(path, field_path(path) or None, problem, remedy)


def _discriminator(kind: str, found: Any) -> tuple[str, ...]:
    """The key that says which kind of object it is, where it is that key that is wrong."""
    wrong = kind in ("union_tag_invalid", "union_tag_not_found")
    return (found["ctx"]["discriminator"].strip("'"),) if wrong else ()


def _known(key: str, models: list[type[BaseModel]]) -> str:
    known = [field.alias or name for model in models for name, field in model.model_fields.items()]
    if close := nearest(key, known):
        return f"did you mean {close!r}?"
    return f"known keys are {', '.join(known)}" if known else "remove it"


_SHAPES = {
    "string_type": ("should be text", "put it in quotes"),
    "dict_type": ("should be an object", "write it as key: value pairs"),
    "model_type": ("should be an object", "write it as key: value pairs"),
    "mapping_type": ("should be an object", "write it as key: value pairs"),
    "model_attributes_type": ("should be an object", "write it as key: value pairs"),
    "list_type": ("should be a list", "write it as a list"),
    "tuple_type": ("should be a list", "write it as a list"),
}


def _words(kind: str, found: Any) -> tuple[str, str]:
    value, context = found["input"], found.get("ctx", {})
    if kind in ("missing", "union_tag_not_found"):
        return "is missing", "add it"
    if kind in _SHAPES:
        return f"{_SHAPES[kind][0]}, found {shorten(value)}", _SHAPES[kind][1]
    if kind == "string_too_long":
        return f"has {len(value):,} characters, at most {context['max_length']:,} are read", "split or shorten it"
    if kind == "too_long":
        count = context.get("actual_length") or len(value)
        return f"has {count:,} items, at most {context['max_length']:,} are read", "split it"
    if kind in ("value_error", "assertion_error"):
        problem, _, remedy = str(context.get("error", found["msg"])).partition("; ")
        return problem, remedy or "correct the value"
    message = found["msg"].removeprefix("Input ")
    if kind == "union_tag_invalid":
        value, message = context["tag"], f"should be one of {context['expected_tags']}"
    return f"{message[:1].lower()}{message[1:]}, found {shorten(value)}", _choice(kind, value, context)


def _choice(kind: str, value: object, context: Mapping[str, Any]) -> str:
    expected = context.get("expected", context.get("expected_tags"))
    if kind not in ("literal_error", "enum", "union_tag_invalid") or not isinstance(value, str):
        return "correct the value"
    close = nearest(value, re.findall(r"'([^']+)'", str(expected)))
    return f"did you mean {close!r}?" if close else "use one of these"


_TYPE_NAME = re.compile(r"[\[(]|^(?:str|int|float|bool|decimal|none|date)$")


def _located(
    loc: tuple[str | int, ...], model: type[BaseModel] | None
) -> tuple[tuple[str | int, ...], list[type[BaseModel]]]:
    """`loc` without the type names pydantic adds to it, and the models it leads to."""
    path: list[str | int] = []
    here: list[Any] = [model] if model else []
    for part in loc:
        if isinstance(part, str) and part in {option.__name__ for option in _models(here)} | {"[key]"}:
            continue
        if tagged := _tagged(here, part):
            here = tagged
            continue
        below = _below(here, part)
        if not below and isinstance(part, str) and _TYPE_NAME.search(part):
            continue
        path.append(part)
        here = below
    return tuple(path), _models(here)


def _tagged(types_here: list[Any], part: str | int) -> list[Any]:
    """Of several models, the one that `part` is the kind of: pydantic names that too."""
    models = _models(types_here)
    if len(models) < 2:
        return []
    fields = [(model, field.annotation) for model in models for field in model.model_fields.values()]
    return [model for model, kind in fields if get_origin(kind) is Literal and part in get_args(kind)][:1]


def _models(types_here: list[Any]) -> list[type[BaseModel]]:
    return [kind for kind in types_here if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _below(types_here: list[Any], part: str | int) -> list[Any]:
    found: list[Any] = []
    for kind in types_here:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields.items()
            found += [field.annotation for name, field in fields if part in (name, field.alias)]
        elif get_origin(kind) in (list, tuple, set, frozenset) and isinstance(part, int):
            found += [option for option in get_args(kind) if option is not Ellipsis]
        elif get_origin(kind) in (dict, Mapping) and isinstance(part, str) and "[" not in part:
            found.append(get_args(kind)[1])
    return [option for kind in found for option in _options(kind)]


def _options(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [option for member in get_args(kind) for option in _options(member)]
    return [kind]
