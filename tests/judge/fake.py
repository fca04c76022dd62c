"""An endpoint without a network, which answers by the request, and the replies that it may give."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from evalh.llm import Answer, CallFailed, Request, Unreadable
from evalh.models import Failure
from evalh.testing.replies import nonce_of, reply_for

ATTEMPTS = 3


def as_body(request: Request) -> dict[str, Any]:
    """The request as an endpoint gets it."""
    return {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "response_format": {"json_schema": {"schema": request.schema}},
    }


def least(request: Request) -> dict[str, Any]:
    """The least valid reply."""
    return dict(json.loads(reply_for(as_body(request))))


class FakeEndpoint:
    """Gives what `answer` makes of a request, or raises it; asks again for what cannot be read, as the real one."""

    def __init__(self, answer: Callable[[Request], Any] = least, seconds: float = 0.0) -> None:
        self.answer = answer
        self.seconds = seconds
        self.requests: list[Request] = []
        self.closed = False

    async def ask(self, make: Callable[[int], tuple[Request, Callable[[str], Any]]]) -> Answer[Any]:
        problem = Unreadable("schema", "never asked")
        for attempt in range(ATTEMPTS):
            request, read = make(attempt)
            self.requests.append(request)
            await asyncio.sleep(self.seconds)
            told = self.answer(request)
            if isinstance(told, BaseException):
                raise told
            text = told if isinstance(told, str) else json.dumps(told)
            try:
                value = read(text)
            except Unreadable as error:
                problem = error
                continue
            return Answer(value, text, attempt + 1, 1000 * (attempt + 1), 600, 100 * (attempt + 1))
        failure = Failure(class_=problem.failure_class, message=problem.problem, attempts=ATTEMPTS)
        raise CallFailed(failure)

    async def aclose(self) -> None:
        self.closed = True


def nonce(request: Request) -> str:
    found = nonce_of(as_body(request))
    assert found is not None
    return found


def put(reply: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`reply` with `value` at a path such as "facts.turns.1.acts"."""
    *inner, last = path.split(".")
    place: Any = reply
    for name in inner:
        place = place[name]
    place[last] = value
    return reply


def puts(reply: dict[str, Any], values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[str, Any]:
    for path, value in dict(values).items():
        put(reply, path, value)
    return reply
