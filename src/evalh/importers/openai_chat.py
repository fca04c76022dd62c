"""OpenAI chat messages, and ShareGPT's from/value pairs, as conversations.

Every message becomes one turn. What it leaves to others: reading the file, and keeping ids unique.
"""

from __future__ import annotations

from typing import Any

from evalh.errors import BadInput
from evalh.importers.base import Place, Record, SourceMapping, build, role_or_error
from evalh.models import Conversation, Json
from evalh.text.untrusted import parse_json, shorten

KEYS = ("messages", "traj", "trajectory", "conversation", "conversations")
_IDS = ("id", "conversation_id", "conversationId", "call_id", "session_id", "chat_id")
_CHANNELS = ("voice", "chat", "email", "sms")


def is_chat(value: Json) -> bool:
    """Whether a record holds chat messages."""
    return isinstance(value, list) or messages_key(value) is not None


def messages_key(value: Json) -> str | None:
    """The key under which a record keeps its messages."""
    if not isinstance(value, dict):
        return None
    return next((key for key in KEYS if isinstance(value.get(key), list)), None)


def read_chat(record: Record, mapping: SourceMapping) -> Conversation:
    """The conversation in a record; tool results are in the call and in a turn of their own."""
    value, place = record.value, record.place
    rest: dict[str, Any] = dict(value) if isinstance(value, dict) else {}
    key = mapping.messages if mapping.messages in rest else messages_key(value)
    messages = rest.pop(key) if key else value
    if not isinstance(messages, list):
        remedy = f"put a list of messages under one of {', '.join(KEYS)}"
        raise place.bad("holds no list of messages", remedy=remedy)
    name = key or "messages"
    identifier = record_id(rest)
    reader = _Messages(place, name, mapping, identifier)
    turns = [reader.turn(message, index) for index, message in enumerate(messages)]
    return build({**_about(rest), "id": identifier, "turns": turns}, place, turns_key=name)


def record_id(record: dict[str, Any]) -> str | None:
    """The id a record gives itself, by its id or by its task and trial; None when it has none."""
    for key in _IDS:
        if isinstance(record.get(key), str | int) and str(record[key]).strip():
            return str(record[key])
    if isinstance(record.get("task_id"), str | int):
        trial = record.get("trial")
        return f"task-{record['task_id']}" + (f"-trial-{trial}" if isinstance(trial, str | int) else "")
    return None


def _about(rest: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    metadata = dict(rest)
    if metadata.get("channel") in _CHANNELS:
        fields["channel"] = metadata.pop("channel")
    if isinstance(metadata.get("language"), str) and 2 <= len(metadata["language"]) <= 35:
        fields["language"] = metadata.pop("language")
    if isinstance(metadata.get("customer"), dict):
        fields["customer"] = metadata.pop("customer")
    if isinstance(metadata.get("metadata"), dict):
        metadata = {**metadata.pop("metadata"), **metadata}
    return {**fields, "metadata": metadata}


class _Messages:
    """The messages of one conversation, with the calls that still wait for their result."""

    def __init__(self, place: Place, name: str, mapping: SourceMapping, identifier: str | None) -> None:
        self.place = place
        self.name = name
        self.mapping = mapping
        self.identifier = identifier
        self.waiting: list[dict[str, Any]] = []

    def bad(self, problem: str, field: str, remedy: str) -> BadInput:
        return self.place.bad(problem, field=f"{self.name}{field}", remedy=remedy)

    def turn(self, message: Any, index: int) -> dict[str, Any]:
        at = f"[{index}]"
        if not isinstance(message, dict):
            raise self.bad(f"should be an object, found {shorten(message)}", at, "write role and content")
        speaker = message.get("role", message.get("from"))
        calls = self._calls(message, at)
        if speaker == "function_call":
            speaker, calls = "assistant", [_sharegpt_call(message.get("value"))]
        role = role_or_error(speaker, self.mapping, self.place, f"{self.name}{at}.role")
        text = "" if message.get("from") == "function_call" else self._text(message, at)
        if role == "tool":
            self._settle(message, text)
        self.waiting += calls
        kind = "sharegpt" if "from" in message else "openai_chat"
        origin = {"format": kind, "id": self.identifier, "raw_index": index}
        return {"role": role, "text": text, "tool_calls": calls, "origin": origin}

    def _text(self, message: dict[str, Any], at: str) -> str:
        content = message.get("content", message.get("value"))
        if content is None:
            return _spoken(message)
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return "\n".join(filter(None, (self._part(part, f"{at}.content[{n}]") for n, part in enumerate(content))))
        problem = f"should be text, a list of parts or null, found {shorten(content)}"
        raise self.bad(problem, f"{at}.content", "put the words in quotes")

    def _part(self, part: Any, at: str) -> str:
        if isinstance(part, str):
            return part
        if not isinstance(part, dict):
            raise self.bad(f"should be an object, found {shorten(part)}", at, 'write {"type": "text", "text": ...}')
        audio = part.get("audio", part.get("input_audio"))
        heard = audio.get("transcript") if isinstance(audio, dict) else None
        said = next((part[key] for key in ("text", "refusal", "transcript") if isinstance(part.get(key), str)), heard)
        return said if isinstance(said, str) else ""

    def _calls(self, message: dict[str, Any], at: str) -> list[dict[str, Any]]:
        given = message.get("tool_calls")
        if given is not None and not isinstance(given, list):
            raise self.bad(f"should be a list, found {shorten(given)}", f"{at}.tool_calls", "write it as a list")
        calls = [self._call(call, f"{at}.tool_calls[{n}]") for n, call in enumerate(given or [])]
        if message.get("function_call") is not None:
            calls.append(self._call({"function": message["function_call"]}, f"{at}.function_call"))
        return calls

    def _call(self, call: Any, at: str) -> dict[str, Any]:
        function = call.get("function", call) if isinstance(call, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str) or not name:
            raise self.bad("names no function", at, 'write {"function": {"name": ..., "arguments": ...}}')
        identifier = call.get("id")
        fields = {"name": name, "arguments": arguments(function.get("arguments"))}
        return {**fields, "id": identifier if isinstance(identifier, str) else None}

    def _settle(self, message: dict[str, Any], text: str) -> None:
        identifier, name = message.get("tool_call_id"), message.get("name")
        matching = [call for call in self.waiting if identifier and call["id"] == identifier]
        if not matching and not identifier:
            matching = [call for call in self.waiting if name in (None, call["name"])]
        if matching:
            matching[0]["result"] = text
            self.waiting = [call for call in self.waiting if call is not matching[0]]


def arguments(given: Json) -> dict[str, Json] | str:
    """The arguments of a call; a string that is no JSON object stays as it came."""
    if given is None:
        return {}
    if isinstance(given, dict):
        return given
    if not isinstance(given, str):
        return str(given)
    try:
        value = parse_json(given)
    except BadInput:
        return given
    return value if isinstance(value, dict) else given


def _spoken(message: dict[str, Any]) -> str:
    audio = message.get("audio")
    heard = audio.get("transcript") if isinstance(audio, dict) else None
    said = message.get("refusal") or heard
    return said if isinstance(said, str) else ""


def _sharegpt_call(value: Json) -> dict[str, Any]:
    call = arguments(value)
    if isinstance(call, dict) and isinstance(call.get("name"), str) and call["name"]:
        return {"name": call["name"], "arguments": arguments(call.get("arguments")), "id": None}
    return {"name": "function_call", "arguments": call, "id": None}
