"""Files of ours that a newer evalh wrote: refused by name, before they are read as something else."""

from __future__ import annotations

from pathlib import Path

from evalh.errors import BadInput
from evalh.models import Json

MAJOR = 1
"""The major version of every schema."""


def refuse_newer(value: Json, path: Path, line: int | None = None) -> None:
    """Raise BadInput when a file of ours has a greater major version of its schema than this evalh knows."""
    schema = value.get("schema") if isinstance(value, dict) else None
    name, _, major = schema.rpartition("/") if isinstance(schema, str) else ("", "", "")
    if name.startswith("evalh.") and major.isdecimal() and int(major) > MAJOR:
        problem = f"is {schema!r}, and this evalh reads {name}/{MAJOR}"
        remedy = "install the evalh that wrote it, or a newer one"
        raise BadInput(problem, file=path, line=line, field="schema", remedy=remedy)
