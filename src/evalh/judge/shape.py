"""Shapes of replies: small JSON Schemas that bound everything, and the strict check that a value has one.

What is sent to the endpoint and what is checked afterwards are the same schema, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from evalh.llm import Unreadable

Schema = Mapping[str, Any]
QUOTE = 240
"""The most characters of a quote."""


def closed(**properties: Schema) -> dict[str, Any]:
    """An object of exactly these keys."""
    return keyed(properties)


def keyed(properties: Mapping[str, Schema]) -> dict[str, Any]:
    """An object of exactly these keys, which need be no names."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def some(item: Schema, most: int) -> dict[str, Any]:
    """A list of at most `most` items."""
    return {"type": "array", "items": item, "minItems": 0, "maxItems": most}


def label(labels: Iterable[str]) -> dict[str, Any]:
    """One of these words."""
    return {"type": "string", "enum": list(labels)}


def words(most: int = QUOTE) -> dict[str, Any]:
    """A text of at most `most` characters."""
    return {"type": "string", "maxLength": most}


def whole(least: int, most: int) -> dict[str, Any]:
    """A whole number from `least` to `most`."""
    return {"type": "integer", "minimum": least, "maximum": most}


def number(least: float, most: float) -> dict[str, Any]:
    """A number from `least` to `most`."""
    return {"type": "number", "minimum": least, "maximum": most}


def flag() -> dict[str, Any]:
    """True or false."""
    return {"type": "boolean"}


def conform(value: Any, schema: Schema, place: str = "the reply", defs: Mapping[str, Schema] | None = None) -> None:
    """Check that `value` has the shape of `schema`, with the "$defs" of its root.

    Raises Unreadable: "out_of_range" for what should be a number and is none, or one outside its bounds, else "schema".
    """
    defs = schema.get("$defs", {}) if defs is None else defs
    if "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]]
    _CHECKS[schema["type"]](value, schema, place, defs)


def _object(value: Any, schema: Schema, place: str, defs: Mapping[str, Schema]) -> None:
    wanted = schema["properties"]
    if not isinstance(value, dict):
        raise Unreadable("schema", f"{place} is no object")
    if value.keys() != wanted.keys():
        missing, more = sorted(wanted.keys() - value.keys()), len(value.keys() - wanted.keys())
        told = f"lacks {', '.join(missing[:5])}" if missing else f"has {more} keys that were not asked for"
        raise Unreadable("schema", f"{place} {told}")
    for name, inner in wanted.items():
        conform(value[name], inner, f"{place}.{name}", defs)


def _array(value: Any, schema: Schema, place: str, defs: Mapping[str, Schema]) -> None:
    if not isinstance(value, list):
        raise Unreadable("schema", f"{place} is no list")
    if not schema["minItems"] <= len(value) <= schema["maxItems"]:
        raise Unreadable("schema", f"{place} has {len(value)} items")
    for index, item in enumerate(value):
        conform(item, schema["items"], f"{place}[{index}]", defs)


def _string(value: Any, schema: Schema, place: str, _: object) -> None:
    if not isinstance(value, str):
        raise Unreadable("schema", f"{place} is no text")
    if "enum" in schema and value not in schema["enum"]:
        raise Unreadable("schema", f"{place} is none of the labels")
    if len(value) > schema.get("maxLength", len(value)):
        raise Unreadable("schema", f"{place} has {len(value)} characters")


def _number(value: Any, schema: Schema, place: str, _: object) -> None:
    whole_only = schema["type"] == "integer"
    if isinstance(value, bool) or not isinstance(value, int if whole_only else int | float):
        raise Unreadable("out_of_range", f"{place} is no {'whole ' if whole_only else ''}number")
    if not isfinite(value) or not schema["minimum"] <= value <= schema["maximum"]:
        raise Unreadable("out_of_range", f"{place} is outside its bounds")


def _boolean(value: Any, _: Schema, place: str, __: object) -> None:
    if not isinstance(value, bool):
        raise Unreadable("schema", f"{place} is neither true nor false")


_CHECKS: dict[str, Callable[[Any, Schema, str, Mapping[str, Schema]], None]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
}
