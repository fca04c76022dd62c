"""The conversation so far as chat messages in the shape of the OpenAI API; the same turns give the same messages.

What it leaves to others: the system message, and what a server wants beside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from evalh.models import Json, ToolCall, Turn


def messages(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """`turns` as messages: customers as "user", agents, also human ones, as "assistant".

    An agent's tool calls stand before its words, one after the other: an "assistant" message that calls and a "tool"
    message with the result. Turns that say nothing, and those of role system or tool, are left out; of an interrupted
    turn only what was heard is there.
    """
    made: list[dict[str, Any]] = []
    for turn in turns:
        if turn.role in ("agent", "human_agent"):
            made += called(turn.tool_calls, turn.index)
        role = {"customer": "user", "agent": "assistant", "human_agent": "assistant"}.get(turn.role)
        if role is not None and turn.heard.strip():
            made.append({"role": role, "content": turn.heard})
    return made


def called(calls: Sequence[ToolCall], turn: int) -> list[dict[str, Any]]:
    """The calls of turn number `turn`, each with what it returned."""
    made: list[dict[str, Any]] = []
    for id_, call in zip(_ids(calls, turn), calls, strict=True):
        function = {"name": call.name, "arguments": _arguments(call.arguments)}
        told = [{"id": id_, "type": "function", "function": function}]
        made.append({"role": "assistant", "content": None, "tool_calls": told})
        made.append({"role": "tool", "tool_call_id": id_, "content": result_text(call.result)})
    return made


def result_text(result: Json) -> str:
    """What a tool returned as a model reads it: text as it is, everything else as JSON."""
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, allow_nan=False)


def _ids(calls: Sequence[ToolCall], turn: int) -> Iterator[str]:
    """An id for each call; one that is missing or was given before is made, of nine letters and digits, which every
    server takes.
    """
    given = {call.id for call in calls}
    seen: set[str] = set()
    for place, call in enumerate(calls):
        id_ = call.id
        if not id_ or id_ in seen:
            id_ = f"c{turn:05d}{place:03d}"
            while id_ in given | seen:
                id_ += "0"
        seen.add(id_)
        yield id_


def _arguments(arguments: dict[str, Json] | str) -> str:
    """Arguments as the text of a JSON object; servers refuse any other in a message that they get."""
    held = {"arguments": arguments} if isinstance(arguments, str) else arguments
    return json.dumps(held, ensure_ascii=False, allow_nan=False)
