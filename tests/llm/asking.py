"""How the tests of this folder ask an endpoint: a small request with a nonce, and a clock that does not wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from evalh.llm import Answer, Budget, CallFailed, Endpoint, Message, Request, Unreadable
from evalh.llm.calls import Attempt
from evalh.llm.fence import RULE, fence
from evalh.llm.retry import Clock
from evalh.llm.strict import read_reply
from evalh.models import Failure
from evalh.models.endpoint import EndpointConfig
from evalh.testing.endpoint import StubEndpoint

SCHEMA = {
    "type": "object",
    "properties": {
        "nonce": {"type": "string", "maxLength": 40},
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["nonce", "score"],
    "additionalProperties": False,
}
TURNS = ({"turn": 0, "role": "customer", "text": "My card is declined, please help."},)


class Hurried(Clock):
    """Waits pass at once, and count."""

    def __init__(self, chance: float = 0.5) -> None:
        self.waited: list[float] = []
        super().__init__(now=self._now, rest=self._rest, random=lambda: chance)

    def _now(self) -> float:
        return time.monotonic() + sum(self.waited)

    async def _rest(self, event: asyncio.Event, seconds: float) -> None:
        self.waited.append(seconds)
        await asyncio.sleep(0)


def make(attempt: int) -> tuple[Request, Callable[[str], Any]]:
    """A request for a score."""
    shown = fence(TURNS)

    def read(text: str) -> Any:
        value = read_reply(text, shown.nonce)
        if value.keys() != {"nonce", "score"}:
            raise Unreadable("schema", "other keys")
        if not isinstance(value["score"], int) or isinstance(value["score"], bool) or not 1 <= value["score"] <= 5:
            raise Unreadable("out_of_range", "the score is not within 1 to 5")
        return value["score"]

    return Request((Message("system", f"Judge. {RULE}"), Message("user", shown.text)), SCHEMA), read


def config(base_url: str, **changes: Any) -> EndpointConfig:
    return EndpointConfig(base_url=base_url, **{"model": "stub", "api_key_env": None, "timeout": 20.0, **changes})


def endpoint(stub: StubEndpoint, budget: Budget | None = None, clock: Clock | None = None, **changes: Any) -> Endpoint:
    return Endpoint(config(stub.base_url, **changes), budget=budget, clock=clock or Hurried())


async def ask(asked: Endpoint, calls: int, make: Attempt = make) -> list[Answer[Any] | Failure]:
    """So many calls at the same time; a failure in the place of the answer that did not come."""

    async def one() -> Answer[Any] | Failure:
        try:
            return await asked.ask(make)
        except CallFailed as error:
            return error.failure

    try:
        return list(await asyncio.gather(*(one() for _ in range(calls))))
    finally:
        await asked.aclose()


def answers(asked: Endpoint, calls: int = 1) -> list[Answer[Any] | Failure]:
    found: list[Answer[Any] | Failure] = run(ask(asked, calls))
    return found


def failure(asked: Endpoint) -> Failure:
    (found,) = answers(asked)
    assert isinstance(found, Failure), found
    return found


def answer(asked: Endpoint) -> Answer[Any]:
    (found,) = answers(asked)
    assert isinstance(found, Answer), found
    return found


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def resident_bytes() -> int:
    """The memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
