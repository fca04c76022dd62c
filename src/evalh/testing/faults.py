"""Everything that can go wrong between a client and a model endpoint, each by name, as replies of a stub.

What a fault damages is a reply that was right, so that nothing but the fault stands between a client and a verdict.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from evalh.models import FailureClass

Manner = Literal["whole", "chunked", "cut", "drip", "hang", "reset", "refuse", "redirect"]
_BOMB_MEGABYTES = 400
_OVERSIZED_MEGABYTES = 16
_DEPTH = 200_000


class Fault(StrEnum):
    """One way in which an endpoint fails."""

    RATE_LIMITED = "429"
    RATE_LIMITED_RETRY_AFTER = "429 with Retry-After"
    QUOTA = "429 insufficient_quota"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NO_MODEL = "404 model_not_found"
    REQUEST_TIMEOUT = "408"
    BAD_REQUEST = "400"
    CONTEXT_OVERFLOW = "400 context_length_exceeded"
    NO_FORMAT_400 = "400 about response_format"
    NO_FORMAT_500 = "500 about response_format"
    SERVER_500 = "500"
    SERVER_502 = "502"
    SERVER_503 = "503"
    HTML = "HTML with 200"
    ERROR_JSON = "error JSON with 200"
    EMPTY_BODY = "empty body"
    NO_CHOICES = "no choices"
    TWO_CHOICES = "two choices"
    NULL_CONTENT = "content null"
    EMPTY_CONTENT = "empty content"
    REFUSAL = "refusal"
    CONTENT_FILTER = "content_filter"
    LENGTH = "finish_reason length"
    CUT_BODY = "body shorter than declared"
    NOT_JSON = "no JSON"
    UNFINISHED = "JSON cut off"
    TWO_OBJECTS = "two objects"
    DUPLICATE_KEYS = "duplicate keys"
    PROSE_AROUND = "prose around the object"
    CODE_FENCE = "object in a code fence"
    WRONG_NONCE = "wrong nonce"
    NO_NONCE = "no nonce"
    MISSING_KEY = "key missing"
    EXTRA_KEY = "key too many"
    NOT_AN_OBJECT = "list of the object"
    NAN = "NaN"
    INFINITY = "Infinity"
    OVERFLOWING = "number that overflows"
    OUT_OF_RANGE = "number out of range"
    NUMBER_AS_TEXT = "number as text"
    NUMBER_AS_BOOL = "number as true"
    DEEP_CONTENT = "content nested deeply"
    DEEP_BODY = "body nested deeply"
    BAD_BYTES = "body that is no UTF-8"
    DRIP = "one byte at a time"
    HANG = "no answer"
    RESET = "connection reset"
    REFUSED = "connection refused"
    REDIRECT = "307 to another server"
    GZIP_BOMB = "gzip bomb"
    OVERSIZED = "body without end"

    @property
    def failure_class(self) -> FailureClass:
        """What a call is reported as that meets this fault in every attempt."""
        return _CLASSES[self]


@dataclass(frozen=True)
class Reply:
    """One answer of a stub endpoint."""

    content: str | None = ""
    """What the assistant says."""
    finish_reason: str = "stop"
    refusal: str | None = None
    tool_calls: Any = None
    """The tools that the assistant calls, as the API has them (`tool_call` makes one); None: the key is left out."""
    usage: Mapping[str, Any] | None = None
    """As the API has it; None: estimated from the lengths of prompt and content."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """The whole body, in place of the completion that holds `content`."""
    manner: Manner = "whole"
    """How it is sent: "cut" ends before the declared length, "drip" sends byte by byte, "hang" never answers, "reset"
    breaks the connection, "refuse" breaks it and accepts no other, "redirect" points to a second server of the stub."""
    after: float | None = None
    """Seconds until it is sent; None: the stub's latency."""


def reply_with(fault: Fault, content: str, full: Callable[[], str]) -> Reply:
    """The reply that has the fault, where `content` would be right.

    `full` gives a right reply that holds a number, for faults that spoil a number.
    """
    if fault in _REPLIES:
        return _REPLIES[fault]
    if fault in _ROUNDABOUT:
        return _ROUNDABOUT[fault](content)
    if fault in _NUMBERS:
        return Reply(_respelled(content, _NUMBERS[fault]) or _respelled(full(), _NUMBERS[fault]) or _NUMBERS[fault])
    return Reply(_DAMAGES[fault](content))


def completion(reply: Reply, model: str, prompt_characters: int) -> bytes:
    """The body of a chat completion with the reply's content."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    if reply.tool_calls is not None:
        message["tool_calls"] = reply.tool_calls
    prompt, said = prompt_characters // 4 + 1, len(reply.content or "") // 4 + 1
    usage = reply.usage
    if usage is None:
        usage = {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}
    value = {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}],
        "usage": usage,
    }
    return json.dumps(value).encode()


def tool_call(name: str, arguments: Mapping[str, Any] | str | None = None, id_: str = "call_1") -> dict[str, Any]:
    """A call of a tool as the API has it; `arguments` that are text stand as they are."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": text}}


def gzip_bomb(start: bytes, megabytes: int) -> bytes:
    """A gzip body that holds `start` and then `megabytes` of spaces; about a thousandth of that long."""
    press = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    spaces = b" " * 2**20
    head = press.compress(start) + press.flush(zlib.Z_FULL_FLUSH)
    block = press.compress(spaces) + press.flush(zlib.Z_FULL_FLUSH)
    check = zlib.crc32(start)
    for _ in range(megabytes):
        check = zlib.crc32(spaces, check)
    length = (len(start) + megabytes * len(spaces)) % 2**32
    tail = check.to_bytes(4, "little") + length.to_bytes(4, "little")
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + head + block * megabytes + press.flush() + tail


def _error(status: int, kind: str, code: str | None, message: str, **headers: str) -> Reply:
    error = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(error).encode(), headers=named)


def _bad_format(status: int) -> Reply:
    return _error(status, "invalid_request_error", None, "'response_format.type' must be 'text'")


def _html(content: str) -> Reply:
    page = f"<!DOCTYPE html><html><body><h1>Welcome to nginx!</h1><pre>{content}</pre></body></html>"
    return Reply(body=page.encode(), headers={"Content-Type": "text/html"})


def _error_json(content: str) -> Reply:
    return Reply(body=json.dumps({"error": {"message": content, "type": "server_error", "code": None}}).encode())


def _choices(content: str, count: int) -> Reply:
    value = json.loads(completion(Reply(content), "stub", 0))
    return Reply(body=json.dumps({**value, "choices": value["choices"] * count}).encode())


def _bomb(content: str) -> Reply:
    body = gzip_bomb(completion(Reply(content), "stub", 0), _BOMB_MEGABYTES)
    return Reply(body=body, headers={"Content-Encoding": "gzip"})


def _oversized(content: str) -> Reply:
    return Reply(body=completion(Reply(content), "stub", 0) + b" " * _OVERSIZED_MEGABYTES * 2**20, manner="chunked")


def _bad_bytes(content: str) -> Reply:
    return Reply(body=completion(Reply(content), "stub", 0).replace(b"assistant", b"\xff\xfe\x80"))


def _object(content: str) -> dict[str, Any]:
    """The reply as a value; one that is no object, as the only field of one."""
    try:
        value = json.loads(content)
    except ValueError:
        value = content
    return value if isinstance(value, dict) else {"value": value}


def _without_last_key(content: str) -> str:
    value = _object(content)
    value.pop(next(reversed(value)), None)
    return json.dumps(value)


def _other_nonce(content: str) -> str:
    return json.dumps({**_object(content), "nonce": "0" * 32})


def _no_nonce(content: str) -> str:
    return json.dumps({key: value for key, value in _object(content).items() if key != "nonce"})


def _duplicated(content: str) -> str:
    """The object with its last key twice, the first time with null."""
    value = _object(content)
    return "{" + json.dumps(next(reversed(value))) + ": null, " + json.dumps(value)[1:]


def _respelled(content: str, spelling: str) -> str | None:
    """The reply with its last number spelt so; None when it holds no number."""
    mark = "\x00number\x00"
    value, found = _marked(_object(content), mark)
    return json.dumps(value).replace(json.dumps(mark), spelling) if found else None


def _marked(value: Any, mark: str) -> tuple[Any, bool]:
    """The value with its last number replaced, and whether there was one."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return mark, True
    if isinstance(value, (dict, list)):
        for key in reversed(list(value) if isinstance(value, dict) else range(len(value))):
            inner, found = _marked(value[key], mark)
            if found:
                value[key] = inner
                return value, True
    return value, False


_REPLIES: dict[Fault, Reply] = {
    Fault.RATE_LIMITED: _error(429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached"),
    Fault.RATE_LIMITED_RETRY_AFTER: _error(
        429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached", Retry_After="1"
    ),
    Fault.QUOTA: _error(429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota"),
    Fault.UNAUTHORIZED: _error(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided"),
    Fault.FORBIDDEN: _error(403, "invalid_request_error", None, "Country not supported"),
    Fault.NO_MODEL: _error(404, "invalid_request_error", "model_not_found", "The model does not exist"),
    Fault.REQUEST_TIMEOUT: _error(408, "server_error", None, "Request timeout"),
    Fault.BAD_REQUEST: _error(400, "invalid_request_error", None, "Unknown parameter: 'seed'"),
    Fault.CONTEXT_OVERFLOW: _error(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens",
    ),
    Fault.NO_FORMAT_400: _bad_format(400),
    Fault.NO_FORMAT_500: _bad_format(500),
    Fault.SERVER_500: _error(500, "server_error", None, "The server had an error"),
    Fault.SERVER_502: Reply(status=502, body=b"<html>502 Bad Gateway</html>", headers={"Content-Type": "text/html"}),
    Fault.SERVER_503: _error(503, "server_error", None, "The engine is currently overloaded"),
    Fault.EMPTY_BODY: Reply(body=b""),
    Fault.NULL_CONTENT: Reply(None),
    Fault.EMPTY_CONTENT: Reply(" \n"),
    Fault.REFUSAL: Reply(None, refusal="I'm sorry, I can't help with that."),
    Fault.DEEP_CONTENT: Reply("[" * _DEPTH + "]" * _DEPTH),
    Fault.DEEP_BODY: Reply(body=b'{"choices":' + b"[" * _DEPTH + b"]" * _DEPTH + b"}"),
    Fault.HANG: Reply(manner="hang"),
    Fault.RESET: Reply(manner="reset"),
    Fault.REFUSED: Reply(manner="refuse"),
}
_ROUNDABOUT: dict[Fault, Callable[[str], Reply]] = {
    Fault.HTML: _html,
    Fault.ERROR_JSON: _error_json,
    Fault.NO_CHOICES: lambda content: _choices(content, 0),
    Fault.TWO_CHOICES: lambda content: _choices(content, 2),
    Fault.CONTENT_FILTER: lambda content: Reply(content, finish_reason="content_filter"),
    Fault.LENGTH: lambda content: Reply(content, finish_reason="length"),
    Fault.CUT_BODY: lambda content: Reply(content, manner="cut"),
    Fault.BAD_BYTES: _bad_bytes,
    Fault.DRIP: lambda content: Reply(content, manner="drip"),
    Fault.REDIRECT: lambda content: Reply(content, status=307, manner="redirect"),
    Fault.GZIP_BOMB: _bomb,
    Fault.OVERSIZED: _oversized,
}
_DAMAGES: dict[Fault, Callable[[str], str]] = {
    Fault.NOT_JSON: lambda _: "I would say that the agent did well: 1/1.",
    Fault.UNFINISHED: lambda content: content[:-1],
    Fault.TWO_OBJECTS: lambda content: f"{content}\n{content}",
    Fault.DUPLICATE_KEYS: _duplicated,
    Fault.PROSE_AROUND: lambda content: f"Here is my verdict:\n{content}\nI hope this helps!",
    Fault.CODE_FENCE: lambda content: f"```json\n{content}\n```",
    Fault.WRONG_NONCE: _other_nonce,
    Fault.NO_NONCE: _no_nonce,
    Fault.MISSING_KEY: _without_last_key,
    Fault.EXTRA_KEY: lambda content: json.dumps({**_object(content), "verdict": 1}),
    Fault.NOT_AN_OBJECT: lambda content: f"[{content}]",
}
_NUMBERS: dict[Fault, str] = {
    Fault.NAN: "NaN",
    Fault.INFINITY: "Infinity",
    Fault.OVERFLOWING: "1e999",
    Fault.OUT_OF_RANGE: "1000000000000000",
    Fault.NUMBER_AS_TEXT: '"1"',
    Fault.NUMBER_AS_BOOL: "true",
}
_CLASSES: dict[Fault, FailureClass] = {
    Fault.RATE_LIMITED: "rate_limited",
    Fault.RATE_LIMITED_RETRY_AFTER: "rate_limited",
    Fault.QUOTA: "quota",
    Fault.UNAUTHORIZED: "auth",
    Fault.FORBIDDEN: "auth",
    Fault.NO_MODEL: "not_found",
    Fault.REQUEST_TIMEOUT: "timeout",
    Fault.BAD_REQUEST: "bad_request",
    Fault.CONTEXT_OVERFLOW: "context_overflow",
    Fault.NO_FORMAT_400: "bad_request",
    Fault.NO_FORMAT_500: "server",
    Fault.SERVER_500: "server",
    Fault.SERVER_502: "server",
    Fault.SERVER_503: "server",
    Fault.HTML: "server",
    Fault.ERROR_JSON: "server",
    Fault.EMPTY_BODY: "empty",
    Fault.NO_CHOICES: "empty",
    Fault.TWO_CHOICES: "schema",
    Fault.NULL_CONTENT: "empty",
    Fault.EMPTY_CONTENT: "empty",
    Fault.REFUSAL: "refusal",
    Fault.CONTENT_FILTER: "refusal",
    Fault.LENGTH: "truncated",
    Fault.CUT_BODY: "connection",
    Fault.NOT_JSON: "invalid_json",
    Fault.UNFINISHED: "invalid_json",
    Fault.TWO_OBJECTS: "invalid_json",
    Fault.DUPLICATE_KEYS: "invalid_json",
    Fault.PROSE_AROUND: "invalid_json",
    Fault.CODE_FENCE: "invalid_json",
    Fault.WRONG_NONCE: "schema",
    Fault.NO_NONCE: "schema",
    Fault.MISSING_KEY: "schema",
    Fault.EXTRA_KEY: "schema",
    Fault.NOT_AN_OBJECT: "schema",
    Fault.NAN: "out_of_range",
    Fault.INFINITY: "out_of_range",
    Fault.OVERFLOWING: "out_of_range",
    Fault.OUT_OF_RANGE: "out_of_range",
    Fault.NUMBER_AS_TEXT: "out_of_range",
    Fault.NUMBER_AS_BOOL: "out_of_range",
    Fault.DEEP_CONTENT: "invalid_json",
    Fault.DEEP_BODY: "invalid_json",
    Fault.BAD_BYTES: "invalid_json",
    Fault.DRIP: "timeout",
    Fault.HANG: "timeout",
    Fault.RESET: "connection",
    Fault.REFUSED: "connection",
    Fault.REDIRECT: "redirect",
    Fault.GZIP_BOMB: "too_large",
    Fault.OVERSIZED: "too_large",
}
