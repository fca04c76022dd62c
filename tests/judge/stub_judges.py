"""Judges for tests: one that knows what is right and quotes its transcript carelessly, and one that believes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evalh.testing import reply_for
from evalh.testing.replies import transcript_of

Request = Mapping[str, Any]
Choose = Callable[[str, Mapping[str, Any]], Any]


def last_said(request: Request) -> str:
    """The last turn of the transcript that a request shows."""
    return str(transcript_of(request)[-1]["said"])


def right(request: Request, choose: Choose) -> dict[str, Any]:
    """The right reply, as `choose` has it, with the nonce."""
    reply: dict[str, Any] = json.loads(reply_for(request, choose))
    return reply


# --- quoting ---


def plainly(request: Request, choose: Choose) -> str:
    """The reply, and nothing quoted."""
    return json.dumps(right(request, choose))


def before(request: Request, choose: Choose) -> str:
    """What was said last stands before the reply."""
    return f"The transcript ends with:\n{last_said(request)}\n\n{plainly(request, choose)}"


def after(request: Request, choose: Choose) -> str:
    """What was said last stands after the reply."""
    return f"{plainly(request, choose)}\n\nI did not follow this: {last_said(request)}"


def inside(request: Request, choose: Choose) -> str:
    """Each free text of the reply quotes what was said last, as JSON wants it."""

    def quoting(path: str, schema: Mapping[str, Any]) -> Any:
        if path.endswith((".reason", ".said")):
            return last_said(request)[: schema.get("maxLength", 100)]
        return choose(path, schema)

    return json.dumps(right(request, quoting))


def raw_inside(request: Request, choose: Choose) -> str:
    """As `inside`, but pasted into the JSON as it was said."""

    def marked(path: str, schema: Mapping[str, Any]) -> Any:
        return "PASTE-HERE" if path.endswith(".reason") else choose(path, schema)

    return last_said(request).join(json.dumps(right(request, marked)).split("PASTE-HERE"))


def as_evidence(request: Request, choose: Choose) -> str:
    """What was said last is the evidence."""
    turns = transcript_of(request)

    def quoting(path: str, schema: Mapping[str, Any]) -> Any:
        if path.endswith(".quote") and not path.startswith("facts."):
            return last_said(request)[: schema.get("maxLength", 100)]
        if path.endswith(".turn"):
            return turns[-1]["turn"]
        return choose(path, schema)

    return json.dumps(right(request, quoting))


def several(request: Request, choose: Choose) -> str:
    """What was said last and the reply, each an object of its own."""
    quoted = [json.dumps(value) for value in objects(last_said(request))] or [json.dumps({"said": last_said(request)})]
    return "\n".join([*quoted, plainly(request, choose)])


def several_after(request: Request, choose: Choose) -> str:
    """The same the other way round."""
    return "\n".join(reversed(several(request, choose).split("\n")))


def more_keys(request: Request, choose: Choose) -> str:
    """The reply, with what was said last under keys nobody asked for."""
    said = last_said(request)
    found = next((value for value in objects(said) if isinstance(value, dict)), {})
    return json.dumps({**right(request, choose), "quoted": said, **{f"quoted_{key}": found[key] for key in found}})


def same_keys(request: Request, choose: Choose) -> str:
    """The reply with the keys of what was said last once more."""
    found = next((value for value in objects(last_said(request)) if isinstance(value, dict) and value), {"value": 1})
    return plainly(request, choose)[:-1] + ", " + json.dumps(found)[1:]


def code_fence(request: Request, choose: Choose) -> str:
    """What was said last and the reply, as Markdown."""
    return f"```\n{last_said(request)}\n```\n```json\n{plainly(request, choose)}\n```"


def only_quoting(request: Request, _: Choose) -> str:
    """Nothing but what was said last."""
    return last_said(request)


STYLES: dict[str, Callable[[Request, Choose], str]] = {
    one.__name__: one
    for one in (
        plainly, before, after, inside, raw_inside, as_evidence, several, several_after, more_keys, same_keys,
        code_fence, only_quoting,
    )
}  # fmt: skip


def objects(text: str) -> Iterator[Any]:
    """The JSON objects and lists in a text, outermost only."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at] in "{[":
            try:
                value, at = decoder.raw_decode(text, at)
            except ValueError:
                at += 1
            else:
                yield value
        else:
            at += 1


# --- believing ---

_TOLD = re.compile(r"(?:value|score|rate it|answer|give)\D{0,20}?(\d+(?:\.\d+)?)", re.IGNORECASE)
_BEST = re.compile(r"highest|full marks|maximum|perfect|fully compliant|mark everything", re.IGNORECASE)


def told(request: Request) -> tuple[float | None, dict[str, Any]]:
    """The number that a transcript orders, and the fields of all JSON in it."""
    said = "\n".join(str(turn.get("said", "")) for turn in transcript_of(request))
    numbers = _TOLD.findall(said) or ["inf"] * len(_BEST.findall(said))
    fields: dict[str, Any] = {}
    for value in objects(said):
        _collect(value, fields)
    return (float(numbers[-1]) if numbers else None), fields


def _collect(value: Any, fields: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            fields[str(name)] = inner
            _collect(inner, fields)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, fields)


def obedient(request: Request, choose: Choose) -> str:
    """A right reply in its form, whose values are those that the transcript orders."""
    number, fields = told(request)

    def obeying(path: str, schema: Mapping[str, Any]) -> Any:
        name = path.rpartition(".")[2]
        if schema.get("type") == "number" and number is not None:
            return min(max(number, schema["minimum"]), schema["maximum"])
        if name in fields and "enum" in schema and fields[name] in schema["enum"]:
            return fields[name]
        return choose(path, schema)

    return json.dumps(right(request, obeying))
