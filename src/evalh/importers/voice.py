"""Voice transcripts of LiveKit Agents and of Amazon Connect Contact Lens or Transcribe Call Analytics.

What it leaves to others: reading the file, and keeping ids unique.
"""

from __future__ import annotations

from typing import Any

from evalh.importers.base import Place, Record, SourceMapping, build, role_or_error
from evalh.importers.openai_chat import arguments
from evalh.models import Conversation, Json
from evalh.text.untrusted import shorten


def is_livekit(value: Json) -> bool:
    """Whether a record is a LiveKit chat context or session report."""
    items = _items(value)
    return isinstance(items, list) and any(isinstance(item, dict) and "type" in item for item in items[:5])


def _items(value: Json) -> Json:
    if not isinstance(value, dict):
        return None
    history = value.get("chat_history")
    return history.get("items") if isinstance(history, dict) else value.get("items")


def read_livekit(record: Record, mapping: SourceMapping) -> Conversation:
    """The conversation of a chat context or session report; handoffs are left out, instructions are system turns."""
    place, items, value = record.place, _items(record.value), record.value
    if not isinstance(items, list) or not isinstance(value, dict):
        raise place.bad("holds no list of items", remedy="export the chat context with to_dict()")
    reader = _LiveKit(place, mapping, _start(items))
    for index, item in enumerate(items):
        reader.add(item, index)
    identifier = next((value[key] for key in ("id", "job_id", "room_id") if isinstance(value.get(key), str)), None)
    metadata = {key: item for key, item in value.items() if key not in ("items", "chat_history", "events")}
    fields = {"id": identifier, "channel": "voice", "turns": reader.turns, "metadata": metadata}
    return build(fields, place, turns_key="items")


def _start(items: list[Json]) -> float | None:
    times = [item.get("created_at") for item in items if isinstance(item, dict)]
    return min((float(time) for time in times if isinstance(time, int | float)), default=None)


class _LiveKit:
    def __init__(self, place: Place, mapping: SourceMapping, start: float | None) -> None:
        self.place = place
        self.mapping = mapping
        self.start = start
        self.turns: list[dict[str, Any]] = []
        self.calls: dict[str, dict[str, Any]] = {}

    def add(self, item: Any, index: int) -> None:
        if not isinstance(item, dict):
            remedy = "export the chat context with to_dict()"
            raise self.place.bad(f"should be an object, found {shorten(item)}", field=f"items[{index}]", remedy=remedy)
        kind = item.get("type")
        if kind == "message":
            role = role_or_error(item.get("role"), self.mapping, self.place, f"items[{index}].role")
            self._turn(role, _words(item.get("content")), item, index)
        elif kind == "agent_config_update" and isinstance(item.get("instructions"), str):
            self._turn("system", item["instructions"], item, index)
        elif kind == "function_call":
            self._call(item, index)
        elif kind == "function_call_output":
            self._result(item, index)

    def _turn(self, role: str, text: str, item: dict[str, Any], index: int, **more: Any) -> None:
        given = item.get("metrics")
        metrics: dict[str, Any] = given if isinstance(given, dict) else {}
        flag = item.get("interrupted")
        self.turns.append(
            {
                "role": role,
                "text": text,
                "start": self._seconds(metrics.get("started_speaking_at", item.get("created_at"))),
                "end": self._seconds(metrics.get("stopped_speaking_at")),
                "interrupted": flag if isinstance(flag, bool) and role in ("agent", "customer") else None,
                "origin": {"format": "livekit", "id": _text_or_none(item.get("id")), "raw_index": index},
                **more,
            }
        )

    def _seconds(self, moment: Any) -> float | None:
        if self.start is None or not isinstance(moment, int | float):
            return None
        return max(0.0, round(moment - self.start, 3))

    def _call(self, item: dict[str, Any], index: int) -> None:
        name = _text_or_none(item.get("name"))
        if not name:
            raise self.place.bad("names no function", field=f"items[{index}].name", remedy="add its name")
        identifier = _text_or_none(item.get("call_id"))
        call = {"name": name, "arguments": arguments(item.get("arguments")), "id": identifier}
        self.calls[identifier or name] = call
        self._turn("agent", "", item, index, tool_calls=[call])

    def _result(self, item: dict[str, Any], index: int) -> None:
        call = self.calls.get(str(item.get("call_id"))) or self.calls.get(str(item.get("name")))
        output, failed = item.get("output"), item.get("is_error")
        if call is not None:
            call["result"] = output
            call["error"] = failed if isinstance(failed, bool) else None
        self._turn("tool", output if isinstance(output, str) else "", item, index)


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (
        part if isinstance(part, str) else part.get("transcript") for part in parts if isinstance(part, str | dict)
    )
    return "\n".join(text for text in texts if isinstance(text, str) and text)


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def is_call_analytics(value: Json) -> bool:
    """Whether a record is a Contact Lens or Transcribe Call Analytics file."""
    return isinstance(value, dict) and isinstance(value.get("Transcript"), list)


def read_call_analytics(record: Record, mapping: SourceMapping) -> Conversation:
    """The conversation of an analytics file: segments in the order in which they begin, times in seconds."""
    value, place = record.value, record.place
    segments = value.get("Transcript") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(segments, list):
        raise place.bad("holds no Transcript list", remedy="use the analytics file, not the plain transcript")
    people = _participants(value.get("Participants"))
    turns = [_segment(segment, index, people, mapping, place) for index, segment in enumerate(segments)]
    turns.sort(key=lambda turn: turn["start"] or 0.0)
    contact = value.get("CustomerMetadata")
    identifier = (contact.get("ContactId") if isinstance(contact, dict) else None) or value.get("JobName")
    left_out = ("Transcript", "Participants", "ConversationCharacteristics")
    fields = {
        "id": _text_or_none(identifier),
        "channel": "chat" if value.get("Channel") == "CHAT" else "voice",
        "language": value.get("LanguageCode") or "en",
        "turns": turns,
        "metadata": {key: item for key, item in value.items() if key not in left_out},
    }
    return build(fields, place, turns_key="Transcript")


def _participants(people: Json) -> dict[str, str]:
    known = [one for one in people if isinstance(one, dict)] if isinstance(people, list) else []
    return {str(one.get("ParticipantId")): str(one.get("ParticipantRole")) for one in known}


def _segment(
    segment: Any, index: int, people: dict[str, str], mapping: SourceMapping, place: Place
) -> dict[str, Any]:  # fmt: skip
    at = f"Transcript[{index}]"
    if not isinstance(segment, dict):
        raise place.bad(f"should be an object, found {shorten(segment)}", field=at, remedy="export the file again")
    participant = str(segment.get("ParticipantId"))
    speaker = segment.get("ParticipantRole") or people.get(participant, participant)
    return {
        "role": role_or_error(speaker, mapping, place, f"{at}.ParticipantRole"),
        "text": segment.get("Content"),
        "start": _from_millis(segment.get("BeginOffsetMillis")),
        "end": _from_millis(segment.get("EndOffsetMillis")),
        "origin": {"format": "call_analytics", "id": _text_or_none(segment.get("Id")), "raw_index": index},
    }


def _from_millis(value: Any) -> float | None:
    return max(0.0, value / 1000) if isinstance(value, int | float) else None
