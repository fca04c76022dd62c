"""A model endpoint as a configuration names it: any OpenAI-compatible server, and a judge that is asked there."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, field_validator

from evalh.models.base import Json, Model, Unit

OURS = (
    "messages", "model", "stream", "n", "response_format", "max_tokens", "max_completion_tokens", "tools",
    "tool_choice", "functions", "function_call",
)  # fmt: skip
"""Fields of a request that evalh sets itself."""
_LOOPBACK = re.compile(r"localhost|.*\.localhost")


def _key_name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,100}", value) is None:
        raise ValueError("is no name of an environment variable; the key itself never stands in a file")
    return value


KeyName = Annotated[str, AfterValidator(_key_name)]
"""The name of the environment variable that holds a key."""


class Prices(Model):
    """What tokens cost, per million, in any one currency."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    """For prompt tokens that the server had cached; default: as `input`."""
    currency: str = "USD"

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
        """The price of a call; `cached_tokens` are among `input_tokens`."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = max(input_tokens - cached_tokens, 0)
        return (fresh * self.input + cached_tokens * cached + output_tokens * self.output) / 1e6


class EndpointConfig(Model):
    """An OpenAI-compatible endpoint and the model that is asked there. A key is given by its variable's name only."""

    base_url: str = "https://api.openai.com/v1"
    model: str = Field(min_length=1)
    api_key_env: KeyName | None = "OPENAI_API_KEY"
    """The environment variable that holds the key; null: the endpoint needs none."""
    extra_body: dict[str, Json] = Field(default_factory=dict)
    """More fields of the request, as the server wants them."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    """null: the field is not sent."""
    seed: int | None = None
    max_tokens: int = Field(default=4096, ge=16)
    """The most tokens of a reply."""
    output: Literal["auto", "json_schema", "json_object", "text"] = "auto"
    """How structure is asked for; auto: the strictest that the endpoint takes."""
    timeout: float = Field(default=120.0, gt=0, le=3600)
    """Seconds for one answer, with all its retries."""
    concurrency: int = Field(default=8, ge=1, le=256)
    """The most calls at a time; it falls while the endpoint asks for patience."""
    prices: Prices | None = None

    @field_validator("base_url")
    @classmethod
    def _safe_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if not value.isprintable() or " " in value or "\\" in value or not _is_host(parts):
            raise ValueError("is no address; write the whole of it, such as https://api.example.com/v1")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write the whole address, such as https://api.example.com/v1")
        if parts.username is not None or parts.password is not None:
            raise ValueError("holds a user or password; name a variable with the key as 'api_key_env' instead")
        if parts.query or parts.fragment:
            raise ValueError("has a query or fragment; give more fields as 'extra_body' instead")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("transcripts only go over https, or to this machine; write https://")
        return value.rstrip("/")

    @field_validator("extra_body")
    @classmethod
    def _not_ours(cls, value: dict[str, Json]) -> dict[str, Json]:
        taken = next((name for name in OURS if name in value), None)
        if taken is not None:
            raise ValueError(f"sets {taken!r}, which evalh sets itself; remove it")
        return value


class JudgeConfig(EndpointConfig):
    """A language model that is asked for facts and rubrics."""

    votes: int = Field(default=1, ge=1, le=9)
    """How often each question is asked; the majority counts, and its share is the confidence."""
    window: int | None = Field(default=None, ge=4)
    """Turns a call: longer conversations are asked about in pieces, and marked. Null: always whole."""
    ask_below: Unit = 0.8
    """A cascade asks about facts of lower confidence."""
    redact: bool = True
    """Whether personal data is replaced before a conversation is sent."""


def _is_host(parts: SplitResult) -> bool:
    """Whether host and port can be those of an address."""
    try:
        known = bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        return False
    return known


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return _LOOPBACK.fullmatch(host.lower()) is not None
