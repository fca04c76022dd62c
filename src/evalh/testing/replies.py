"""Valid replies to a judge's requests, made from the schema that a request asks for; and what a request shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evalh.llm.fence import unmark

Choose = Callable[[str, Mapping[str, Any]], Any]
"""Takes the path of a value in the reply ("facts.acts.0.turn") and its schema; gives the value, or None to leave it."""
_NONCE = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_FENCED = re.compile(r"^===== TRANSCRIPT ([0-9a-f]{32}) =====\n(.*)\n===== END \1 =====$", re.MULTILINE | re.DOTALL)
_DEPTH = 40


def reply_for(request: Mapping[str, Any], choose: Choose | None = None, *, full: bool = False) -> str:
    """The least valid reply to a request: required keys, first choices, lowest numbers, lists as short as may be.

    `choose` puts other values in their place; `full` gives every list one item that may have one. Without a schema,
    in the request's `response_format` or in its messages, the reply is an empty object, with the nonce if there is one.
    """
    schema = schema_of(request) or {"type": "object", "properties": {}}
    builder = _Builder(schema, choose or _nothing, full)
    value = builder.value("", schema)
    nonce = nonce_of(request)
    if nonce is not None and isinstance(value, dict) and "const" not in schema.get("properties", {}).get("nonce", {}):
        value = {"nonce": nonce, **{key: inner for key, inner in value.items() if key != "nonce"}}
    return json.dumps(value)


def schema_of(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The JSON Schema of the reply that is asked for; None when there is none.

    One that the last message states is taken before that of `response_format`, which may lack its bounds.
    """
    stated = [found for text in _said(request)[-1:] for found in _objects(text) if _is_schema(found)]
    if stated:
        return stated[-1]
    asked = request.get("response_format") or {}
    named = asked.get("json_schema") if isinstance(asked, Mapping) else None
    return dict(named["schema"]) if named else None


def nonce_of(request: Mapping[str, Any]) -> str | None:
    """The nonce that the reply must repeat: the one around the transcript, else the last; None without one."""
    said = "\n".join(_said(request))
    fenced = _FENCED.search(said)
    if fenced is not None:
        return fenced[1]
    found = _NONCE.findall(said)
    return found[-1] if found else None


def transcript_of(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The turns that a request shows between its fences, as they were before they were marked; none without fences."""
    fenced = _FENCED.search("\n".join(_said(request)))
    turns: list[dict[str, Any]] = _unmarked(json.loads(fenced[2])) if fenced is not None else []
    return turns


class _Builder:
    """Builds the least value of a schema."""

    def __init__(self, root: Mapping[str, Any], choose: Choose, full: bool) -> None:
        self.root = root
        self.choose = choose
        self.full = full

    def value(self, path: str, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        chosen = self.choose(path, schema)
        if chosen is not None:
            return chosen
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for either in ("anyOf", "oneOf"):
            if either in schema:
                return self.value(path, schema[either][0])
        return self._of_type(path, schema)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_DEPTH):
            if "$ref" not in schema:
                break
            found: Any = self.root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _of_type(self, path: str, schema: Mapping[str, Any]) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "null")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            return self._object(path, schema)
        if kind == "array":
            return self._array(path, schema)
        if kind in ("integer", "number"):
            least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            return int(least) if kind == "integer" else float(least)
        if kind == "string":
            return "x" * schema.get("minLength", 0)
        return False if kind == "boolean" else None

    def _object(self, path: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = schema.get("required", properties)
        return {name: self.value(_joined(path, name), properties.get(name, {})) for name in names}

    def _array(self, path: str, schema: Mapping[str, Any]) -> list[Any]:
        items = schema.get("prefixItems", [])
        count = schema.get("minItems", 0)
        if self.full and not items:
            count = max(count, min(1, schema.get("maxItems", 1)))
        kinds = [*items, *[schema.get("items", {})] * (count - len(items))]
        return [self.value(_joined(path, str(index)), kind) for index, kind in enumerate(kinds)]


def _unmarked(value: Any) -> Any:
    if isinstance(value, str):
        return unmark(value)
    if isinstance(value, dict):
        return {unmark(name): _unmarked(inner) for name, inner in value.items()}
    return [_unmarked(inner) for inner in value] if isinstance(value, list) else value


def _nothing(_: str, __: Mapping[str, Any]) -> None:
    return None


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _said(request: Mapping[str, Any]) -> list[str]:
    """The texts of the request's messages, in order."""
    messages = request.get("messages") or []
    return [message["content"] for message in messages if isinstance(message.get("content"), str)]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, outermost only."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
        else:
            yield value


def _is_schema(value: Mapping[str, Any]) -> bool:
    return value.get("type") == "object" and isinstance(value.get("properties"), dict)
