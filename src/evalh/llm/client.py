"""An endpoint that is asked: `Endpoint.ask`, the way that every call of a model takes.

One call is one slot, one deadline over all its attempts, and either an answer that was read or a failure with its
class. What it leaves to others: prompts, what replies mean, and which replies are kept.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from evalh.errors import UserError
from evalh.llm.breaker import Breaker
from evalh.llm.budget import Budget, Spent
from evalh.llm.calls import Answer, Attempt, Called, CallFailed, Message, Request, Spoken, Unreadable
from evalh.llm.failures import Completion, Failed, Raw, completion_of
from evalh.llm.limits import Limit
from evalh.llm.retry import Clock, Patience
from evalh.llm.scrub import scrubbed, without_keys
from evalh.llm.shape import Form, Shape, instruction, response_format
from evalh.llm.tokens import estimate_tokens
from evalh.models.base import canonical_json
from evalh.models.endpoint import EndpointConfig

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_PER_MESSAGE = 64
"""Tokens that a chat template adds to a message, at most."""
_BUSY_SECONDS = 0.02
KNOCKS = 2
KNOCK_SECONDS = 7.0
"""How often, and how long each time, an endpoint is given to say anything at all before the first call."""


@dataclass
class _Tally:
    """What one call used. `began` and `started` (the last attempt) are seconds on the clock."""

    began: float
    started: float
    patience: Patience
    deadline: asyncio.Timeout
    attempts: int = 0
    spent: Spent = field(default_factory=Spent)
    failed: Failed | None = None
    """The failure of the last attempt, while the call waits for the next."""
    longer: int = 1
    """How many times the configured tokens a reply may have."""

    def add(self, spent: Spent) -> None:
        old = self.spent
        self.spent = Spent(old.input + spent.input, old.cached + spent.cached, old.output + spent.output)

    def paused(self, seconds: float, until: float) -> None:
        """Leave so many seconds out of the call's time, which is then over at `until` on the loop's clock."""
        self.began += seconds
        self.patience.until += seconds
        self.deadline.reschedule(until)


class Endpoint:
    """A model at an address. Nothing is opened before the first call; use it in one event loop.

    `budget` is shared with other endpoints of a run.
    """

    def __init__(self, config: EndpointConfig, *, budget: Budget | None = None, clock: Clock | None = None) -> None:
        self.config = config
        self.id = f"{config.model}@{urlsplit(config.base_url).netloc}"
        """Model and host."""
        self.budget = budget or Budget(prices=config.prices)
        self._clock = clock or Clock()
        self._limit = Limit(config.concurrency, self._clock.now)
        self._breaker = Breaker(self.hide)
        self._shape = Shape(config.output)
        self._length_field = "max_tokens"
        self._keys: tuple[str, ...] = ()
        self._openai: AsyncOpenAI | None = None
        self._heard_of = False
        """Whether the endpoint said anything yet, or failed in a way that calls find out for themselves."""
        self._door = asyncio.Lock()

    def ready(self) -> None:
        """Raises UserError where the endpoint cannot be asked: its key is not set."""
        self._keys = key_of(self.config.api_key_env, self.id)

    def hide(self, text: str) -> str:
        """The beginning of `text`, with keys and personal data hidden."""
        return scrubbed(text, self._keys, most=300)

    async def ask(self, make: Attempt) -> Answer[Any]:
        """The answer to the request that `make` builds; it is called again for a fresh request where one was no use.

        Raises CallFailed when no usable reply came, Stopped when the budget allows no more calls, UserError as `ready`.
        """
        self.ready()
        self._breaker.check()
        async with self._limit.slot():
            await self._calm()
            await self._knock()
            self._breaker.check()
            now = self._clock.now()
            patience = Patience(self._clock, now + self.config.timeout)
            tally = _Tally(now, now, patience, asyncio.timeout(self.config.timeout))
            try:
                answer = await self._within(make, tally)
            except Failed as failed:
                self._breaker.failed(failed)
                raise CallFailed(failed.failure(tally.attempts, self._keys), tally.spent) from None
            self._breaker.succeeded()
            return answer

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._openai = self._openai, None
        if client is not None:
            await client.close()

    async def _knock(self) -> None:
        """Before the first call, see whether the endpoint answers anything: one that never does ends the run soon.

        A call may rightly take minutes, and says nothing before its end; the list of models comes at once, or an error.
        Where calls are given no longer than that, they tell as soon.
        """
        if self.config.timeout <= KNOCKS * KNOCK_SECONDS:
            return
        async with self._door:
            for _ in range(KNOCKS):
                if not self._heard_of and self._breaker.cause is None:
                    await self._listened()
            if self._heard_of or self._breaker.cause is not None:
                return
            silent = Failed("timeout", "the endpoint takes connections and answers nothing", fatal=True)
            now = self._clock.now()
            self._breaker.unanswered(silent, now, now)
            raise CallFailed(silent.failure(0, self._keys))

    async def _listened(self) -> None:
        """Hear what the endpoint says, if it says anything in time."""
        try:
            async with asyncio.timeout(KNOCK_SECONDS):
                await self._models()
        except TimeoutError:
            return
        except Exception:  # whatever is wrong, calls find out for themselves
            self._heard_of = True

    async def _models(self) -> None:
        """Ask for the list of models; whatever comes back is an answer, and nobody looks at it."""
        async with self._client().models.with_streaming_response.list() as reply:
            self._heard_of = True
            await reply.read()

    async def _within(self, make: Attempt, tally: _Tally) -> Answer[Any]:
        """The answer before the deadline."""
        try:
            async with tally.deadline:
                return await self._persist(make, tally)
        except TimeoutError:
            if not tally.deadline.expired():
                raise
            if tally.failed is not None:
                raise tally.failed from None
            late = Failed("timeout", f"no whole answer within {self.config.timeout:g} s", billed=True)
            self._breaker.unanswered(late, tally.started, self._clock.now())
            raise late from None

    async def _persist(self, make: Attempt, tally: _Tally) -> Answer[Any]:
        """The answer after as many attempts as the class of each failure allows."""
        fresh = 0
        request, read = make(fresh)
        while True:
            try:
                completion = await self._formed(request, tally)
                said = _without_keys(_said(request, completion), self._keys)
                value = _read(read, said, completion)
            except Failed as failed:
                busy = self._limit.answered_since(tally.started)
                await self._wait(failed, tally.patience.wait(failed, busy=busy), tally)
                if self._breaker.cause is not None:
                    raise
                if failed.fresh:
                    tally.longer = 2 if failed.class_ == "truncated" else tally.longer
                    fresh += 1
                    request, read = make(fresh)
                continue
            spent, seconds = tally.spent, self._clock.now() - tally.began
            return Answer(value, _words(said), tally.attempts, spent.input, spent.cached, spent.output, seconds)

    async def _formed(self, request: Request, tally: _Tally) -> Completion:
        """The completion, asked for in the strictest form that the endpoint takes."""
        form = self._shape.form
        while True:
            named = self._length_field
            try:
                completion = await self._counted(request, form, tally)
            except Failed as failed:
                if failed.wants == "other_field" and named == "max_tokens":
                    self._length_field = "max_completion_tokens"
                    continue
                weaker = self._shape.next(form, failed.wants) if request.schema is not None else None
                if weaker is None:
                    self._heard(failed, tally)
                    raise
                form = weaker
                continue
            if request.schema is not None:
                self._shape.worked(form)
            self._breaker.answered()
            self._limit.worked()
            return completion

    async def _wait(self, failed: Failed, seconds: float, tally: _Tally) -> None:
        """Wait before the next attempt; where the endpoint is busy, everybody does."""
        if failed.class_ == "rate_limited":
            self._limit.hold(seconds)
        tally.failed = failed
        await self._rest(seconds)
        await self._calm()
        tally.failed = None

    def _heard(self, failed: Failed, tally: _Tally) -> None:
        if failed.class_ == "rate_limited":
            self._limit.slower(tally.started)
        self._breaker.unanswered(failed, tally.started, self._clock.now())

    async def _counted(self, request: Request, form: Form, tally: _Tally) -> Completion:
        """The completion of one HTTP request, within the budget and counted."""
        fields = self._fields(request, form, tally.longer)
        prices = self.config.prices
        worst = self.budget.worst(_most_tokens(fields), fields[self._length_field], prices)
        if not self.budget.take(worst, prices):
            await self._afford(worst, tally)
        tally.attempts += 1
        tally.started = self._clock.now()
        spent: Spent | None = None
        try:
            completion = completion_of(await self._exchange(fields), self._clock.wall())
            spent = completion.spent or _estimated(fields, completion)
        except Failed as failed:
            spent = None if failed.billed else Spent()
            raise
        finally:
            self.budget.settle(worst, spent, prices)
            tally.add(spent or Spent())
        return completion

    async def _afford(self, worst: float, tally: _Tally) -> None:
        """Wait until other calls leave enough of the budget; the endpoint is not to blame for that time."""
        clock = asyncio.get_running_loop().time
        began, until = clock(), tally.deadline.when()
        tally.deadline.reschedule(None)
        while not self.budget.take(worst, self.config.prices):
            self._breaker.check()
            await asyncio.sleep(_BUSY_SECONDS)
        waited = clock() - began
        tally.paused(waited, (until or began) + waited)

    def _fields(self, request: Request, form: Form, longer: int) -> dict[str, Any]:
        messages = [_message(message) for message in request.messages]
        if request.schema is not None:
            messages[-1]["content"] += instruction(form, request)
        seed = self.config.seed if request.seed is None else request.seed
        optional = {
            "tools": list(request.tools) or None,
            "tool_choice": "none" if request.tools and not request.may_call else None,
            "response_format": response_format(form, request),
            "temperature": self.config.temperature,
            "seed": seed,
            "extra_body": self.config.extra_body or None,
        }
        return {
            "model": self.config.model,
            "messages": messages,
            self._length_field: (request.max_tokens or self.config.max_tokens) * longer,
            **{name: value for name, value in optional.items() if value is not None},
        }

    async def _exchange(self, fields: dict[str, Any]) -> Raw:
        """What the endpoint sent back. Raises Failed when nothing whole came."""
        import httpcore2
        from openai import APIConnectionError, APIStatusError

        create: Any = self._client().chat.completions.with_raw_response.create
        try:
            reply = (await create(**fields)).http_response
        except APIStatusError as error:
            reply = error.response
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise Failed("connection", f"no connection to the endpoint ({_reason(error)})") from None
        except httpcore2.TimeoutException as error:
            raise Failed("timeout", f"the endpoint took too long ({_reason(error)})", billed=True) from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, APIConnectionError, OSError) as error:
            raise Failed("connection", f"the connection broke ({_reason(error)})", billed=True) from None
        return Raw(reply.status_code, {name.lower(): value for name, value in reply.headers.items()}, reply.content)

    def _client(self) -> AsyncOpenAI:
        if self._openai is None:
            from openai import AsyncOpenAI

            from evalh.llm.transport import http_client

            key = self._keys[0] if self._keys else None
            self._openai = AsyncOpenAI(
                api_key="set by the transport",
                base_url=self.config.base_url,
                max_retries=0,
                http_client=http_client(self.config, key),
            )
        return self._openai

    async def _rest(self, seconds: float) -> None:
        """Wait, but no longer than until all calls are stopped."""
        if seconds > 0.0:
            await self._clock.rest(self._breaker.opened, seconds)

    async def _calm(self) -> None:
        """Wait for the turn of the next request."""
        while self._breaker.cause is None and (seconds := self._limit.turn()) > 0.0:
            await self._rest(seconds)


def key_of(name: str | None, asked: str) -> tuple[str, ...]:
    """The key in the environment variable `name`, of what is `asked`; none where no variable is named.

    Raises UserError where the variable is not set, or cannot be a key.
    """
    if name is None:
        return ()
    key = os.environ.get(name, "").strip()
    if not key:
        remedy = f"set it, or write 'api_key_env: null' where {asked} needs no key"
        raise UserError(f"the environment variable {name}, which should hold the key, is not set; {remedy}")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise UserError(f"the environment variable {name} holds spaces or strange characters; set it to the key alone")
    return (key,)


def _said(request: Request, completion: Completion) -> str | Spoken:
    """What the reader of the reply is given. Raises Failed where the reply says nothing."""
    return completion.spoken() if request.tools else completion.text()


def _words(said: str | Spoken) -> str:
    return said.text if isinstance(said, Spoken) else said


def _without_keys(said: str | Spoken, keys: Collection[str]) -> str | Spoken:
    """The same with each key hidden."""
    if isinstance(said, str):
        return without_keys(said, keys)
    calls = tuple(Called(*(without_keys(part, keys) for part in call)) for call in said.calls)
    return Spoken(without_keys(said.text, keys), calls)


def _read(read: Callable[[Any], Any], said: str | Spoken, completion: Completion) -> Any:
    """The value of a reply. Raises Failed for one that is not what was asked for."""
    try:
        return read(said)
    except Unreadable as error:
        raise Failed(error.failure_class, error.problem, raw=completion.raw, content=_words(said)) from None
    except Exception as error:
        problem = f"reading the reply raised {type(error).__name__}"
        raise Failed("internal", problem, raw=completion.raw, content=_words(said)) from error


def _message(message: Message) -> dict[str, Any]:
    """The message in the shape of the API; one that only calls tools has no content."""
    plain: dict[str, Any] = {"role": message.role, "content": _utf8(message.content)}
    if message.calls:
        plain["content"] = plain["content"] or None
        plain["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _utf8(call.arguments)}}
            for call in message.calls
        ]
    if message.answers is not None:
        plain["tool_call_id"] = message.answers
    return plain


def _texts(fields: dict[str, Any]) -> list[str]:
    """Everything in the request that a model reads, message by message, tools and formats last."""
    messages = [
        (message["content"] or "") + (canonical_json(message["tool_calls"]) if "tool_calls" in message else "")
        for message in fields["messages"]
    ]
    return [*messages, *(canonical_json(tool) for tool in fields.get("tools", ()))]


def _most_tokens(fields: dict[str, Any]) -> int:
    """What the request can be at most in tokens: each is at least a byte."""
    texts = _texts(fields)
    size = sum(len(text.encode()) for text in texts) + _PER_MESSAGE * len(texts)
    return size + len(canonical_json(fields.get("response_format")))


def _estimated(fields: dict[str, Any], completion: Completion) -> Spent:
    """What a completion used where the endpoint does not say."""
    read = sum(estimate_tokens(text) for text in _texts(fields))
    said = canonical_json([choice.get("message") for choice in completion.choices])
    return Spent(read, 0, estimate_tokens(said))


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _reason(error: Exception) -> str:
    cause = error.__cause__ if type(error).__name__ == "APIConnectionError" else error
    return str(cause) or type(cause).__name__
