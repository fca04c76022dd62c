"""Conversations in evalh's own shape, one per line; unknown keys are errors.

What it leaves to others: reading the lines, and refusing an id that was used before.
"""

from __future__ import annotations

from typing import Any

from evalh.importers.base import Record, SourceMapping, build
from evalh.models import Conversation, Json


def is_native(value: Json) -> bool:
    """Whether a record has evalh's own shape."""
    return isinstance(value, dict) and "turns" in value


def read_native(record: Record, _mapping: SourceMapping) -> Conversation:
    """The conversation in a record; `messages` is read as `turns` and `content` as `text`."""
    value = record.value
    if not isinstance(value, dict):
        raise record.place.bad("should be an object", remedy='write {"id": ..., "turns": [...]}')
    fields: dict[str, Any] = dict(value)
    key = "turns"
    if "turns" not in fields and "messages" in fields:
        key, fields["turns"] = "messages", fields.pop("messages")
    if isinstance(fields.get("turns"), list):
        fields["turns"] = [_turn(turn, index, fields.get("id")) for index, turn in enumerate(fields["turns"])]
    return build(fields, record.place, turns_key=key)


def _turn(turn: Any, index: int, identifier: Any) -> Any:
    if not isinstance(turn, dict):
        return turn
    fields = dict(turn)
    if "content" in fields and "text" not in fields:
        fields["text"] = fields.pop("content")
    if fields.get("origin") is None:
        fields["origin"] = {
            "format": "native",
            "id": identifier if isinstance(identifier, str) else None,
            "raw_index": index,
        }
    return fields
