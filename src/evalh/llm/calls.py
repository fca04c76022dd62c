"""What is asked of an endpoint and what comes back, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from evalh.llm.budget import Spent
from evalh.models import Failure, FailureClass

Value = TypeVar("Value")
NOTHING = Spent()


class Called(NamedTuple):
    """A tool that a model calls; `arguments` as it wrote them, which need not be JSON."""

    id: str
    name: str
    arguments: str


class Message(NamedTuple):
    """One message of a request."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[Called, ...] = ()
    """Of an assistant's message: the tools that it called."""
    answers: str | None = None
    """Of a tool's message: the id of the call."""


@dataclass(frozen=True)
class Spoken:
    """What a model said: words, tools that it calls, or both."""

    text: str
    calls: tuple[Called, ...] = ()


@dataclass(frozen=True)
class Request:
    """One request. `schema` is the JSON Schema of the whole reply, every string and integer in it bounded.

    With `tools`, in the shape of the OpenAI API, the reply is read as Spoken and has no schema.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    schema_name: str = "reply"
    max_tokens: int | None = None
    """The most tokens of the reply; default: as configured."""
    seed: int | None = None
    """Default: as configured."""
    tools: tuple[Mapping[str, Any], ...] = ()
    may_call: bool = True
    """Whether the model may call tools in this reply; else it has to speak."""


class Unreadable(Exception):
    """A reply that is not what was asked for; raised by whoever reads it, and asked for again."""

    def __init__(self, failure_class: FailureClass, problem: str) -> None:
        self.failure_class = failure_class
        self.problem = problem
        super().__init__(problem)


class CallFailed(Exception):
    """No usable reply came, whatever was tried; `spent` are the tokens of what came."""

    def __init__(self, failure: Failure, spent: Spent = NOTHING) -> None:
        self.failure = failure
        self.spent = spent
        super().__init__(failure.message)


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """A reply that was read. Tokens are of all attempts; `attempts` counts HTTP requests."""

    value: Value
    text: str
    attempts: int = 1
    input_tokens: int = 0
    cached_tokens: int = 0
    """Of the input tokens, those that the server had cached."""
    output_tokens: int = 0
    seconds: float = 0.0


Attempt = Callable[[int], tuple[Request, Callable[[Any], Any]]]
"""Makes the request of attempt 0, 1, ... (with a nonce of its own) and the reader of its reply, which raises
Unreadable. The reader is given the text or, where the request has tools, a Spoken."""
