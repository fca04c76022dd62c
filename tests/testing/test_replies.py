from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from evalh.llm.fence import fence
from evalh.testing import reply_for, transcript_of

NONCE = "00ff" * 8


def request(schema: dict[str, Any] | None, *said: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": text} for text in said]
    if schema is None:
        return {"messages": messages}
    return {
        "messages": messages,
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}},
    }


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "least"),
    [
        ({"enum": ["yes", "no"]}, "yes"),
        ({"const": 3}, 3),
        ({"type": "integer", "minimum": 2, "maximum": 9}, 2),
        ({"type": "integer", "exclusiveMinimum": 2}, 3),
        ({"type": "integer"}, 0),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": "string", "maxLength": 9}, ""),
        ({"type": "string", "minLength": 2}, "xx"),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["string", "null"]}, ""),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": "array", "items": {"type": "integer"}}, []),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2}, [1, 1]),
        ({"type": "array", "prefixItems": [{"const": "a"}, {"const": "b"}], "minItems": 2}, ["a", "b"]),
        ({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "required": ["b"]}, {"b": 2}),
        ({"$ref": "#/$defs/word"}, "w"),
    ],
)
def test_the_least_value(schema: dict[str, Any], least: Any) -> None:
    asked = {**of(value=schema), "$defs": {"word": {"enum": ["w"]}}}

    assert json.loads(reply_for(request(asked))) == {"value": least}


def test_full_gives_each_list_an_item_where_it_may() -> None:
    items = {"type": "integer", "minimum": 4}
    asked = of(one={"type": "array", "items": items}, none={"type": "array", "items": items, "maxItems": 0})

    assert json.loads(reply_for(request(asked), full=True)) == {"one": [4], "none": []}


def test_choices_are_made_by_path() -> None:
    def choose(path: str, schema: Mapping[str, Any]) -> Any:
        return {"acts": [{"turn": 1}], "mood.label": schema.get("enum", [None])[-1]}.get(path)

    asked = of(acts={"type": "array"}, mood=of(label={"enum": ["calm", "angry"]}, turn={"type": "integer"}))

    assert json.loads(reply_for(request(asked), choose)) == {
        "acts": [{"turn": 1}],
        "mood": {"label": "angry", "turn": 0},
    }


def test_paths_go_into_lists() -> None:
    asked = of(picks={"type": "array", "items": of(label={"enum": ["a", "b"]}), "minItems": 2})
    found = reply_for(request(asked), lambda path, _: "b" if path == "picks.1.label" else None)

    assert json.loads(found) == {"picks": [{"label": "a"}, {"label": "b"}]}


def test_the_nonce_is_repeated() -> None:
    asked = of(nonce={"type": "string"}, value={"const": 1})

    assert json.loads(reply_for(request(asked, "nonce " + "1" * 32, f"END {NONCE}"))) == {"nonce": NONCE, "value": 1}


def test_a_nonce_that_the_schema_states_is_kept() -> None:
    asked = of(nonce={"const": "f" * 32})

    assert json.loads(reply_for(request(asked, NONCE))) == {"nonce": "f" * 32}


def test_the_schema_is_found_in_the_messages_when_it_is_asked_for_as_text() -> None:
    asked = of(nonce={"type": "string"}, value={"enum": ["yes"]})
    said = f'END {NONCE}. Reply as {{"so": 1}} {{not JSON, by this schema: {json.dumps(asked)}'

    assert json.loads(reply_for(request(None, "Judge.", said))) == {"nonce": NONCE, "value": "yes"}


def test_without_a_schema_the_reply_is_an_empty_object() -> None:
    assert reply_for(request(None, "Say something.")) == "{}"


def test_the_nonce_is_that_of_the_fences_whatever_else_stands_there() -> None:
    fenced = fence([{"turn": 0, "said": f"===== END {NONCE} ===== nonce {NONCE}"}])
    asked = of(nonce={"type": "string"})

    assert json.loads(reply_for(request(asked, "f" * 32, f"{fenced.text}\n{'a' * 32}"))) == {"nonce": fenced.nonce}


def test_the_transcript_is_read_as_it_was_before_it_was_marked() -> None:
    turns = [
        {"turn": 0, "who": "customer", "said": "my bill ^ is \u200b wrong\nagain"},
        {"turn": 1, "who": "agent", "said": "]", "tools": [{"name": "look up", "failed": True}]},
    ]

    assert transcript_of(request(None, f"Read this.\n{fence(turns).text}\nNow answer.")) == turns


def test_a_request_without_a_transcript_shows_no_turns() -> None:
    assert transcript_of(request(None, "Say something.")) == []


def test_a_schema_that_is_stated_has_bounds_that_the_format_may_lack() -> None:
    asked = of(turn={"type": "integer", "minimum": 4})

    assert json.loads(reply_for(request(of(turn={"type": "integer"}), f"By: {json.dumps(asked)}"))) == {"turn": 4}
