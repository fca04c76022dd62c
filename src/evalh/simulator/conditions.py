"""A persona's conditions: CEL over what the customer knows, in which whatever is missing is a no."""

from __future__ import annotations

from typing import Any

import re2

from evalh.evaluator.condition import BadCondition, compile_condition

__all__ = ["OFFER_FIELDS", "VARIABLES", "BadCondition", "check_condition", "holds"]

VARIABLES = (
    "solved", "pressed", "told_price", "told_term", "asked", "mood", "pitches", "questions", "offer", "customer",
    "intents",
)  # fmt: skip
OFFER_FIELDS = ("id", "kind", "price")
_OF_OFFER = re2.compile(r"\boffer\.([A-Za-z_]\w*)")


def check_condition(expression: str) -> None:
    """Raises BadCondition, one sentence, where `expression` does not parse or names what there is not."""
    compile_condition(expression, VARIABLES)
    unknown = [name for name in _OF_OFFER.findall(expression) if name not in OFFER_FIELDS]
    if unknown:
        raise BadCondition(
            f"the condition {expression!r} names 'offer.{unknown[0]}', and an offer has {', '.join(OFFER_FIELDS)}"
        )


def holds(expression: str, **values: Any) -> bool:
    """Whether `expression` is true of `values`, which are named as VARIABLES; a field that is missing makes it a no."""
    program = compile_condition(expression, VARIABLES)
    try:
        return program.execute(values) is True
    except Exception:  # cel has no exception type of its own; what cannot be told is no yes
        return False
