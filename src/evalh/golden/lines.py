"""Lines of files that people review: a record as a line, one value of a line changed, a version counted up.

Whatever is not changed keeps its bytes. Which lines there are is left to others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from evalh.text.safe import visible_json

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_VERSION = re.compile(r"""^version:[ \t]*(?P<quote>["']?)(?P<value>[^\s"'#]+)(?P=quote)(?=[ \t]*(?:#.*)?\r?$)""", re.M)
_COUNTED = re.compile(r"[0-9]{1,9}$", re.ASCII)


def readable(record: BaseModel, *, whole: bool = False) -> str:
    r"""A record as one line of JSON; characters that hide come as ``\u202e``. `whole`: with what it leaves to defaults.

    Turns are not numbered: their order does it.
    """
    held = record.model_dump(mode="json", by_alias=True, exclude_defaults=not whole)
    for turn in held.get("turns", ()):
        turn.pop("index", None)
    return visible_json(json.dumps(held, ensure_ascii=False, allow_nan=False)) + "\n"


def edited(line: str, changes: Mapping[str, Any]) -> str:
    """An object's line with these values in place of those it had; one that it did not have comes last."""
    pieces: list[str] = []
    done, last, left = 0, 0, dict(changes)
    for key, start, stop in _values(line):
        last = stop
        if key in left:
            pieces += (line[done:start], json.dumps(left.pop(key), ensure_ascii=False))
            done = stop
    more = ", ".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in left.items())
    end = last or line.index("{") + 1
    pieces += (line[done:end], ", " if more and last else "", more, line[end:])
    return "".join(pieces)


def _values(line: str) -> Iterator[tuple[str, int, int]]:
    """The keys of an object that is known to be one, and where their values stand."""
    at = _after_space(line, line.index("{") + 1)
    while line[at] != "}":
        key, at = _DECODER.raw_decode(line, at)
        start = _after_space(line, line.index(":", at) + 1)
        _, stop = _DECODER.raw_decode(line, start)
        yield key, start, stop
        at = _after_space(line, stop)
        at = _after_space(line, at + 1) if line[at] == "," else at


def _after_space(line: str, at: int) -> int:
    found = _SPACE.match(line, at)
    return found.end() if found is not None else at


def counted_up(text: str) -> tuple[str, str, str] | None:
    """A ``set.yaml`` with the next version, the version it had, and that it has; None where neither can be told.

    A number at the end counts up by one: 1 is followed by 2, v9 by v10, 2026.3 by 2026.4.
    """
    found = _VERSION.search(text)
    if found is None:
        return None
    old = found["value"]
    number = _COUNTED.search(old)
    if number is None:
        return None
    new = old[: number.start()] + str(int(number[0]) + 1).zfill(len(number[0]))
    start, end = found.span("value")
    return text[:start] + new + text[end:], old, new
