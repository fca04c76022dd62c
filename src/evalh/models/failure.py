"""Why something could not be judged: the class of the failure and what is known of it, never a score."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import OpenModel

FailureClass = Literal[
    "connection", "timeout", "server", "rate_limited", "quota", "auth", "not_found", "bad_request",
    "context_overflow", "truncated", "empty", "refusal", "invalid_json", "schema", "out_of_range", "redirect",
    "too_large", "circuit_open", "internal", "raised",
]  # fmt: skip


class Failure(OpenModel):
    """A call or an evaluator that failed."""

    class_: FailureClass = Field(alias="class")
    message: str = ""
    """One sentence; holds no key."""
    attempts: int = Field(default=1, ge=0)
    http: int | None = None
    """The HTTP status of the last attempt."""
    finish_reason: str | None = None
    retryable: bool = False
    """Whether the same call may succeed at another time."""
    raw_sha256: str | None = None
    """The digest of the last reply's body."""
    raw_excerpt: str = Field(default="", max_length=500)
    """The beginning of the last reply, keys and personal data replaced."""
