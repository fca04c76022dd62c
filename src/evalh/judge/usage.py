"""What calls took, shared out over the parts that they asked for, and how long a reply may be about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from evalh.judge.tasks import Section
from evalh.models import Prices, Usage


@dataclass(frozen=True)
class Took:
    """One call: how often it was tried, its tokens, and the length of each section's answer by name."""

    attempts: int
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    lengths: Mapping[str, int] | None = None


def usage(sections: Sequence[Section], calls: Sequence[Took], prices: Prices | None) -> tuple[Usage, ...]:
    """A row a part: every call counts in each, tokens by the length of what was asked and of what was answered."""
    parts = list(dict.fromkeys(section.part for section in sections))
    asked = [_length(section for section in sections if section.part == part) for part in parts]
    shares = [{"calls": 0, "input_tokens": 0, "cached_tokens": 0, "output_tokens": 0} for _ in parts]
    for call in calls:
        lengths = call.lengths or {}
        told = [sum(lengths.get(section.name, 0) for section in sections if section.part == part) for part in parts]
        split = zip(
            shared(call.input_tokens, asked),
            shared(call.cached_tokens, asked),
            shared(call.output_tokens, told),
            strict=True,
        )
        for share, (given, cached, made) in zip(shares, split, strict=True):
            share["calls"] += call.attempts
            share["input_tokens"] += given
            share["cached_tokens"] += cached
            share["output_tokens"] += made
    return tuple(_row(part, share, prices) for part, share in zip(parts, shares, strict=True))


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in whole numbers by weight, so that they add up to it; evenly where all weights are 0."""
    weights = weights if sum(weights) else [1] * len(weights)
    bounds = [0]
    for weight in weights:
        bounds.append(bounds[-1] + weight)
    return [total * high // bounds[-1] - total * low // bounds[-1] for low, high in pairwise(bounds)]


def least(schema: Mapping[str, Any]) -> str:
    """About the shortest JSON that a schema of ours allows."""
    return _shortest(schema, schema.get("$defs", {}))


def _length(sections: Iterable[Section]) -> int:
    return sum(len(section.instructions) + len(section.material()) for section in sections)


def _row(part: str, share: Mapping[str, int], prices: Prices | None) -> Usage:
    given, cached, made = share["input_tokens"], share["cached_tokens"], share["output_tokens"]
    cost = prices.cost(given, made, cached) if prices is not None else None
    return Usage(
        part=part, calls=share["calls"], input_tokens=given, cached_tokens=cached, output_tokens=made, cost=cost
    )


def _shortest(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "object":
        inner = (f'"{name}":{_shortest(value, defs)}' for name, value in schema["properties"].items())
        return "{" + ",".join(inner) + "}"
    if "enum" in schema:
        return f'"{schema["enum"][0]}"'
    return {"array": "[]", "string": '""', "boolean": "true"}.get(schema.get("type", ""), "0")
