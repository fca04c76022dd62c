"""What a function of the user's returned, as a turn of the agent, or as the failure that it is.

What it leaves to others: calling the function, and whether a turn is empty or too long.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn

from pydantic import ValidationError

from evalh.agents.protocol import AgentFailed, AgentReply, Declared
from evalh.errors import BadInput
from evalh.models import Act, Failure, FailureClass, Model, ToolCall
from evalh.text.untrusted import explain_each, shorten

_SECRET = re.compile(r"(?i)key|token|secret|passw|credential")
_MESSAGE = 400


def failed(failure_class: FailureClass, message: str) -> NoReturn:
    """Raise AgentFailed with one line that holds no key and no personal data."""
    from evalh.llm.scrub import scrubbed

    secrets = [value for name, value in os.environ.items() if _SECRET.search(name) and len(value) > 5]
    line = scrubbed(" ".join(message.split()), secrets, most=_MESSAGE)
    raise AgentFailed(Failure(class_=failure_class, message=line)) from None


class _Declares(Model):
    """What a dict says under `declares`."""

    act: Act
    offer: str | None = None


class _Returned(Model):
    """A dict that a function may return."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    ended: bool = False
    declares: tuple[_Declares, ...] = ()


def reply_of(value: object) -> AgentReply:
    """What a function returned, as a turn. Raises AgentFailed with `schema` for what is none, naming the key."""
    if isinstance(value, AgentReply):
        checked = _checked({name: getattr(value, name) for name in _Returned.model_fields})
        return AgentReply(**{**{f.name: getattr(value, f.name) for f in fields(value)}, **checked})
    if isinstance(value, str):
        return AgentReply(**_checked({"text": value}))
    if isinstance(value, Mapping):
        return AgentReply(**_checked(dict(value)))
    if isinstance(value, list):
        return _of_messages(value)
    failed("schema", f"the function returned {_kind(value)}; return text, a dict, a list of messages or an AgentReply")


def _of_messages(value: list[Any]) -> AgentReply:
    """The turn that chat messages in the shape of the OpenAI API make: words, and tool calls with their results.

    The ids of calls are left out, since a server makes another each time.
    """
    from evalh.importers.base import Place, Record, SourceMapping
    from evalh.importers.openai_chat import read_chat

    try:
        turns = read_chat(Record(value, Place("the function returned")), SourceMapping()).turns
    except BadInput as error:
        failed("schema", f"the function returned {error.field or 'messages'}: {error.problem}")
    other = next((turn for turn in turns if turn.role not in ("agent", "tool")), None)
    if other is not None:
        problem = f"messages[{other.index}]: a message of the {other.role}; return what the agent added alone"
        failed("schema", f"the function returned {problem}")
    spoken = [turn.text.strip() for turn in turns if turn.role == "agent"]
    calls = [call.model_copy(update={"id": None}) for turn in turns for call in turn.tool_calls]
    return AgentReply("\n".join(filter(None, spoken)), tuple(calls))


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _checked(given: dict[Any, Any]) -> dict[str, Any]:
    """The fields of a turn, each of its type."""
    unnamed = next((key for key in given if not isinstance(key, str)), None)
    if unnamed is not None:
        failed("schema", f"the function returned a dict with the key {shorten(unnamed)}; keys are text")
    declared = given.get("declares", ())
    if isinstance(declared, list | tuple):
        given = {**given, "declares": [_plain(one) for one in declared]}
    try:
        returned = _Returned.model_validate(given)
    except ValidationError as error:
        first = explain_each(error, _Returned)[0]
        field = f"{first.field[:120]}: " if first.field else ""
        remedy = f"; {first.remedy}" if first.problem.startswith("unknown key") else ""
        failed("schema", f"the function returned {field}{first.problem}{remedy}")
    calls = tuple(_as_object(call) for call in returned.tool_calls)
    declares = tuple(Declared(one.act, one.offer) for one in returned.declares)
    return {
        **{name: getattr(returned, name) for name in _Returned.model_fields},
        "tool_calls": calls,
        "declares": declares,
    }


def _as_object(call: ToolCall) -> ToolCall:
    """The call with arguments that are the text of a JSON object as that object."""
    from evalh.importers.openai_chat import arguments

    return call.model_copy(update={"arguments": arguments(call.arguments)})


def _plain(one: object) -> object:
    return {"act": one.act, "offer": one.offer} if isinstance(one, Declared) else one
