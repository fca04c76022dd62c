"""What came back from an endpoint, sorted into a completion or a class of failure.

Nothing is believed: a reply with status 200 may be a web page, an error or half of one. What it leaves to others:
whether to try again, and what the content means.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple

from evalh.errors import BadInput
from evalh.llm.budget import Spent
from evalh.llm.calls import Called, Spoken
from evalh.llm.scrub import scrubbed, sha256_of
from evalh.models import Failure, FailureClass
from evalh.models.base import canonical_json
from evalh.text.untrusted import parse_json

_RETRYABLE = frozenset({"connection", "timeout", "server", "rate_limited", "quota", "empty", "invalid_json", "schema"})
_FATAL = frozenset({"quota", "auth", "not_found"})
_FRESH = frozenset({"truncated", "empty", "refusal", "invalid_json", "schema", "out_of_range"})
_MOST_TOKENS = 10**9
_MOST_CALLS = 64
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

_BY_STATUS: dict[int, FailureClass] = {
    401: "auth", 402: "quota", 403: "auth", 404: "not_found", 408: "timeout", 413: "context_overflow",
    429: "rate_limited",
}  # fmt: skip
_BY_CODE: dict[str, FailureClass] = {
    "insufficient_quota": "quota", "billing_hard_limit_reached": "quota", "billing_not_active": "quota",
    "invalid_api_key": "auth", "authentication_error": "auth", "permission_denied": "auth",
    "model_not_found": "not_found", "context_length_exceeded": "context_overflow",
    "exceed_context_size_error": "context_overflow", "content_filter": "refusal",
    "content_policy_violation": "refusal", "rate_limit_exceeded": "rate_limited", "rate_limit_error": "rate_limited",
}  # fmt: skip
_WORDS: dict[FailureClass, str] = {
    "connection": "the connection failed",
    "timeout": "the endpoint took too long",
    "server": "the endpoint has an error of its own",
    "rate_limited": "the endpoint takes no more calls for now",
    "quota": "the account has no credit left",
    "auth": "the endpoint does not accept the key",
    "not_found": "the endpoint knows no such model or address",
    "bad_request": "the endpoint does not take the request",
    "context_overflow": "the conversation is longer than the model takes",
    "refusal": "the model refused to answer",
}
_TOO_LONG = re.compile(
    r"(?i)context.{0,20}(?:length|size|window)|maximum.{0,20}context|prompt is too long|too many tokens"
    r"|exceeds? .{0,30}context"
)
_FORMAT = re.compile(r"(?i)response_format|json_schema|json_object|structured.?output|guided|grammar|invalid schema")
_KEYWORD = re.compile(r"(?i)(?:max|min)Length|(?:max|min)Items|pattern|(?:max|min)imum|not permitted|keyword")
_FIELD = re.compile(r"max_completion_tokens")
_MODERATED = re.compile(r"(?i)\bflagged\b|\bmoderation\b")

Wants = Literal["weaker", "plainer", "other_field"]
"""What another form of the same request could mend: another reply format, a schema without bounds, the other name of
the limit of tokens."""


class Raw(NamedTuple):
    """A reply as it came: header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Failed(Exception):
    """One attempt that gave no usable reply."""

    def __init__(
        self,
        class_: FailureClass,
        problem: str,
        *,
        raw: Raw | None = None,
        content: str | None = None,
        retry_after: float | None = None,
        fatal: bool = False,
        billed: bool = False,
    ) -> None:
        self.class_: FailureClass = class_
        self.problem = problem
        self.raw = raw
        self.content = content
        self.retry_after = retry_after
        """Seconds that the endpoint asks to wait."""
        self.fatal = fatal or class_ in _FATAL
        """Whether no other call to the endpoint can do better."""
        self.billed = billed
        """Whether the tokens of an unknown reply may have been used."""
        self.fresh = class_ in _FRESH
        """Whether the request itself was answered, so that another try needs another request."""
        self.finish_reason: str | None = None
        self.wants: Wants | None = None
        super().__init__(problem)

    def failure(self, attempts: int, keys: Collection[str]) -> Failure:
        """The record of it, with keys and personal data hidden."""
        body = self.raw.body if self.raw is not None else b""
        said = self.content if self.content is not None else body[:4000].decode("utf-8", "replace")
        return Failure(
            class_=self.class_,
            message=scrubbed(" ".join(self.problem.split()), keys, most=300),
            attempts=attempts,
            http=self.raw.status if self.raw is not None else None,
            finish_reason=None if self.finish_reason is None else scrubbed(self.finish_reason, keys, most=40),
            retryable=self.class_ in _RETRYABLE,
            raw_sha256=sha256_of(body) if self.raw is not None else None,
            raw_excerpt=scrubbed(said, keys),
        )


@dataclass(frozen=True)
class Completion:
    """A well-formed chat completion; what it says may still be nothing."""

    raw: Raw
    choices: tuple[Mapping[str, Any], ...]
    spent: Spent | None
    """None: the endpoint does not say."""

    def text(self) -> str:
        """The assistant's words. Raises Failed where there are none, or not all."""
        return self._spoken(with_calls=False).text

    def spoken(self) -> Spoken:
        """The assistant's words and the tools that it calls. Raises Failed where there is neither, or not all."""
        return self._spoken(with_calls=True)

    def _spoken(self, *, with_calls: bool) -> Spoken:
        choice = self.choices[0] if self.choices else {}
        message = choice.get("message")
        message = message if isinstance(message, dict) else {}
        content = message.get("content")
        reason = choice.get("finish_reason")
        calls: tuple[Called, ...] = ()
        failed = self._cut(message.get("refusal"), reason)
        if failed is None and with_calls:
            calls, failed = self._calls(message.get("tool_calls"))
        silent = not isinstance(content, str) or not content.strip()
        if failed is None and silent and not calls:
            failed = Failed("empty", "the reply is empty", raw=self.raw)
        if failed is None:
            return Spoken(content if isinstance(content, str) else "", calls)
        failed.finish_reason = reason if isinstance(reason, str) else None
        failed.content = content if isinstance(content, str) else None
        raise failed

    def _cut(self, refusal: Any, reason: Any) -> Failed | None:
        if refusal or reason == "content_filter":
            by = "the endpoint's content filter cut the answer" if reason == "content_filter" else _WORDS["refusal"]
            return Failed("refusal", by, raw=self.raw)
        if reason == "length":
            return Failed("truncated", "the reply was cut at the limit of its tokens; raise max_tokens", raw=self.raw)
        if len(self.choices) > 1:
            return Failed("schema", f"the endpoint gave {len(self.choices)} choices for one", raw=self.raw)
        return None

    def _calls(self, value: Any) -> tuple[tuple[Called, ...], Failed | None]:
        """The tools that are called, or what is wrong with them."""
        listed = value if isinstance(value, list) else [] if value is None else [value]
        calls = [_called(item) for item in listed]
        if len(calls) > _MOST_CALLS:
            problem = f"the reply calls {len(calls)} tools at once, at most {_MOST_CALLS} are read"
            return (), Failed("schema", problem, raw=self.raw)
        if None in calls:
            problem = "the reply calls a tool without a name, or with arguments that are no text"
            return (), Failed("schema", problem, raw=self.raw)
        return tuple(call for call in calls if call is not None), None


def _called(value: Any) -> Called | None:
    """One call; None where it cannot be read. Arguments that came as an object are taken as its JSON."""
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(function, dict):
        return None
    name, arguments, id_ = function.get("name"), function.get("arguments"), value.get("id")
    if isinstance(arguments, dict):
        arguments = canonical_json(arguments)
    if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name) or not isinstance(arguments, str | None):
        return None
    return Called(id_ if isinstance(id_, str) else "", name, arguments or "{}")


def body_of(raw: Raw, now: float) -> Any:
    """The JSON value of a reply. `now` is the time of day in seconds, for dates in headers.

    Raises Failed for a status that is no success, and for a body that is not JSON.
    """
    if not 200 <= raw.status < 300:
        raise _of_status(raw, raw.status, _error(_parsed(raw.body)), now)
    if not raw.body.strip():
        raise Failed("empty", "the body of the reply is empty", raw=raw, billed=True)
    value = _parsed(raw.body)
    if value is None:
        raise _not_json(raw)
    return value


def completion_of(raw: Raw, now: float) -> Completion:
    """The completion that the reply holds; `now` as for `body_of`.

    Raises Failed for a status that is no success, and for a body that is no completion.
    """
    value = body_of(raw, now)
    error = _error(value)
    if error:
        raise _of_status(raw, _status_in(error), error, now)
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise Failed("schema", "the reply is no chat completion", raw=raw)
    return Completion(raw, tuple(choices), _spent(value.get("usage")))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the headers ask to wait, written in seconds, milliseconds or as a date; never negative."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    try:
        return max(parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now, 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _parsed(body: bytes) -> Any:
    """The JSON value of a body; None when it is none that is read."""
    try:
        return parse_json(body)
    except BadInput:
        return None


def _not_json(raw: Raw) -> Failed:
    html = "html" in raw.headers.get("content-type", "") or raw.body.lstrip()[:1] == b"<"
    if html:
        return Failed("server", "the endpoint answered with a web page", raw=raw)
    return Failed("invalid_json", "the body of the reply is not JSON", raw=raw, billed=True)


def _error(value: Any) -> dict[str, Any]:
    """The error object of a reply; empty without one."""
    if not isinstance(value, dict):
        return {}
    error = value.get("error") or (None if "choices" in value else value.get("detail"))
    if not error:
        return {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _status_in(error: Mapping[str, Any]) -> int:
    """The status that an error object claims; 500 without one."""
    code = error.get("code", error.get("status"))
    claimed = code if isinstance(code, int) and not isinstance(code, bool) else 500
    return claimed if 400 <= claimed < 600 else 500


def _of_status(raw: Raw, status: int, error: Mapping[str, Any], now: float) -> Failed:
    message = error.get("message")
    said = message if isinstance(message, str) else ""
    class_ = _class(status, error, said)
    problem = f"{_WORDS[class_]} (HTTP {raw.status})" + (f": {said[:300]}" if said else "")
    failed = Failed(class_, problem, raw=raw, retry_after=retry_after(raw.headers, now))
    if class_ in ("bad_request", "server"):
        failed.wants = _wants(said or raw.body[:4000].decode("utf-8", "replace"))
    return failed


def _class(status: int, error: Mapping[str, Any], said: str) -> FailureClass:
    for name in ("code", "type"):
        known = _BY_CODE.get(str(error.get(name)))
        if known is not None and not (known == "auth" and status >= 500):
            return known
    if status == 403 and _MODERATED.search(said):
        return "refusal"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "server"
    return "context_overflow" if _TOO_LONG.search(said) else "bad_request"


def _wants(said: str) -> Wants | None:
    if _FIELD.search(said):
        return "other_field"
    if not _FORMAT.search(said):
        return None
    return "plainer" if _KEYWORD.search(said) else "weaker"


def _spent(usage: Any) -> Spent | None:
    if not isinstance(usage, dict):
        return None
    read, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if read is None or written is None:
        return None
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    cached = cached if cached is not None else _count(usage.get("prompt_cache_hit_tokens"))
    return Spent(read, min(cached or 0, read), written)


def _count(value: Any) -> int | None:
    plain = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
    return value if plain else None
