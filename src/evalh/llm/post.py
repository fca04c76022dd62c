"""An address of the user's own that takes JSON and answers with JSON, asked as safely as a model: `Post.ask`.

One request is one slot and one deadline. Only a connection that could not be made is tried again: a request that was
sent may have done something. What it leaves to others: what is sent, and what the reply means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from evalh.llm.breaker import Breaker
from evalh.llm.calls import CallFailed, Unreadable
from evalh.llm.client import key_of
from evalh.llm.failures import Failed, Raw, body_of
from evalh.llm.limits import Limit
from evalh.llm.retry import FIRST_WAIT, Clock
from evalh.llm.scrub import scrubbed, without_keys
from evalh.models.agent import WebhookAgent
from evalh.models.base import canonical_json
from evalh.models.endpoint import EndpointConfig

if TYPE_CHECKING:
    import httpx2


class Post:
    """The address of a webhook. Nothing is opened before the first request; use it in one event loop."""

    def __init__(self, config: WebhookAgent, clock: Clock | None = None) -> None:
        self.config = config
        self.id = urlsplit(config.url).netloc
        """The host."""
        self._clock = clock or Clock()
        self._limit = Limit(config.concurrency, self._clock.now)
        self._breaker = Breaker(lambda said: scrubbed(said, self._keys, most=300))
        self._keys: tuple[str, ...] = ()
        self._http: httpx2.AsyncClient | None = None

    def ready(self) -> None:
        """Raises UserError where the address cannot be asked: its key is not set."""
        self._keys = key_of(self.config.api_key_env, self.id)

    async def ask(self, body: Mapping[str, Any], read: Callable[[Any], Any]) -> Any:
        """What `read` makes of the JSON value that came back; it raises Unreadable for one that is no use.

        Raises CallFailed, UserError as `ready`.
        """
        self.ready()
        self._breaker.check()
        async with self._limit.slot():
            self._breaker.check()
            attempts = [0]
            try:
                value = await self._within(body, read, attempts)
            except Failed as failed:
                self._breaker.failed(failed)
                raise CallFailed(failed.failure(attempts[0], self._keys)) from None
            self._breaker.succeeded()
            return value

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._http = self._http, None
        if client is not None:
            await client.aclose()

    async def _within(self, body: Mapping[str, Any], read: Callable[[Any], Any], attempts: list[int]) -> Any:
        """The value before the deadline. `attempts` counts the requests, also where it raises."""
        began = self._clock.now()
        deadline = asyncio.timeout(self.config.reply_timeout)
        try:
            async with deadline:
                raw = await self._connected(canonical_json(body).encode("ascii"), attempts)
                self._breaker.answered()
                value = body_of(raw, self._clock.wall())
                return _read(read, raw, _without_keys(value, self._keys))
        except Failed as failed:
            self._breaker.unanswered(failed, began, self._clock.now())
            raise
        except TimeoutError:
            if not deadline.expired():
                raise
            late = Failed("timeout", f"no whole answer within {self.config.reply_timeout:g} s")
            self._breaker.unanswered(late, began, self._clock.now())
            raise late from None

    async def _connected(self, content: bytes, attempts: list[int]) -> Raw:
        """The reply; a connection that cannot be made is tried again after a moment."""
        import httpcore2

        while True:
            began = self._clock.now()
            attempts[0] += 1
            try:
                return await self._exchange(content)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = Failed("connection", f"no connection to the address ({error or type(error).__name__})")
                if attempts[0] > self.config.connect_retries:
                    raise failed from None
                self._breaker.unanswered(failed, began, self._clock.now())
                if self._breaker.cause is not None:
                    raise failed from None
                await self._clock.rest(self._breaker.opened, FIRST_WAIT * 2.0 ** (attempts[0] - 1))

    async def _exchange(self, content: bytes) -> Raw:
        """One request. Raises Failed where nothing whole came back, and httpcore2's errors of connecting."""
        import httpcore2

        try:
            reply = await self._client().post(
                self.config.url, content=content, headers={"Content-Type": "application/json"}
            )
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
            raise
        except httpcore2.TimeoutException as error:
            raise Failed("timeout", f"the address took too long ({_reason(error)})") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise Failed("connection", f"the connection broke ({_reason(error)})") from None
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return Raw(reply.status_code, headers, reply.content)

    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            from evalh.llm.transport import http_client

            parts = urlsplit(self.config.url)
            host = EndpointConfig(
                model="webhook", base_url=f"{parts.scheme}://{parts.netloc}", concurrency=self.config.concurrency
            )
            self._http = http_client(host, self._keys[0] if self._keys else None)
        return self._http


def _read(read: Callable[[Any], Any], raw: Raw, value: Any) -> Any:
    """The value of a reply. Raises Failed for one that is not what was asked for."""
    try:
        return read(value)
    except Unreadable as error:
        raise Failed(error.failure_class, error.problem, raw=raw) from None


def _without_keys(value: Any, keys: Collection[str]) -> Any:
    """The JSON value with each key hidden, wherever it stands."""
    if not keys:
        return value
    if isinstance(value, str):
        return without_keys(value, keys)
    if isinstance(value, list):
        return [_without_keys(item, keys) for item in value]
    if isinstance(value, dict):
        return {without_keys(name, keys): _without_keys(item, keys) for name, item in value.items()}
    return value


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
