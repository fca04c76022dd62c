"""Policy conditions: CEL expressions over the customer's record, which may lack the field they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cel
import re2

_BOUND = re2.compile(r"\.(?:all|exists|exists_one|existsOne|filter|map|sortBy)\s*\(\s*([A-Za-z_]\w*)\s*,")

VARIABLES = ("customer", "intents", "channel", "language")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The truth of a condition: True, False, or None with the field that is missing or the reason."""

    truth: bool | None
    missing: str | None = None
    problem: str | None = None


class BadCondition(ValueError):
    """A condition that does not parse or names a variable that does not exist."""


@lru_cache(maxsize=4_096)
def compile_condition(expression: str, variables: tuple[str, ...] = VARIABLES) -> Any:
    """The compiled condition, which may name `variables`. Raises BadCondition with one sentence."""
    try:
        program = cel.compile(expression)
    except Exception as error:  # cel has no exception type of its own
        raise BadCondition(f"the condition {expression!r} does not parse: {_first_line(error)}") from None
    bound = {match.group(1) for match in _BOUND.finditer(expression)}
    unknown = sorted(set(program.variables()) - {*variables, *bound}) if callable(program.variables) else []
    if unknown:
        raise BadCondition(
            f"the condition {expression!r} names {unknown[0]!r}, which is none of {', '.join(variables)}"
        )
    return program


def check(expression: str, **values: Any) -> Verdict:
    """Evaluate `expression`; a field the record lacks gives truth None and names it."""
    program = compile_condition(expression)
    try:
        result = program.execute(values)
    except KeyError as error:
        return Verdict(None, missing=str(error.args[0]) if error.args else "a field")
    except Exception as error:  # cel has no exception type of its own; what cannot be told is told as such
        return Verdict(None, problem=_first_line(error))
    if not isinstance(result, bool):
        return Verdict(None, problem=f"{expression!r} gives {type(result).__name__}, not true or false")
    return Verdict(result)


def _first_line(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.split("ERROR: <input>:")[-1][:200]
