"""The connection to one endpoint: only to its own host, no redirect, nothing compressed, nothing beyond a few MiB.

Imported with the first call, since it imports the HTTP client. What it leaves to others: deadlines, retries, and what
the bytes mean.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore2
import httpx2

import evalh
from evalh.llm.failures import Failed, Raw
from evalh.models.endpoint import EndpointConfig
from evalh.text.untrusted import mib

MAX_REPLY_BYTES = 2 * 1024 * 1024
CONNECT_SECONDS = 5.0

_SENT = frozenset({b"host", b"accept", b"content-type", b"content-length", b"transfer-encoding"})
"""The headers that leave this machine, beside our own; nothing that the environment adds."""
_TOLD = frozenset({b"content-type", b"content-length", b"date", b"retry-after", b"retry-after-ms"})
"""The headers of a reply that are passed on; a server may put anything into the others, the key included."""
_REFUSED = tuple(
    ip_network(block)
    for block in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32",
                  "0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8")
)  # fmt: skip
_NAT64 = ip_network("64:ff9b::/96")


def http_client(config: EndpointConfig, key: str | None) -> httpx2.AsyncClient:
    """A client that reaches the endpoint of `config` and nothing else, with `key` as its bearer token."""
    for name in ("httpcore2.http11", "httpcore2.http2"):
        logging.getLogger(name).addFilter(_without_headers)
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    return httpx2.AsyncClient(transport=Guarded(config, key), timeout=timeout, follow_redirects=False, trust_env=False)


def _without_headers(record: logging.LogRecord) -> bool:
    """Keeps the headers of replies, in which a server may send the key back, out of the debug log."""
    return "headers" not in record.getMessage().partition(" ")[0]


class Guarded(httpx2.AsyncBaseTransport):
    """Sends requests to the endpoint's host and refuses replies that are not plain, whole and short.

    Raises Failed for what it refuses, and the errors of httpcore2 for a connection that fails.
    """

    def __init__(self, config: EndpointConfig, key: str | None) -> None:
        parts = urlsplit(config.base_url)
        secure = parts.scheme == "https"
        self._origin = (parts.scheme, parts.hostname)
        self._headers = [
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", b"evalh/" + evalh.__version__.encode("ascii")),
            *([(b"Authorization", b"Bearer " + key.encode("ascii"))] if key else []),
        ]
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context() if secure else None,
            max_connections=config.concurrency,
            max_keepalive_connections=config.concurrency,
            keepalive_expiry=20.0,
            network_backend=Backend(loopback_only=not secure),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it and give the reply, whose body is read by whoever wants it."""
        url = request.url
        if (url.scheme, url.host) != self._origin:
            raise Failed("redirect", "the request left the endpoint's own host")
        headers = [(name, value) for name, value in request.headers.raw if name.lower() in _SENT]
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=headers + self._headers,
            content=request.stream,
            extensions=request.extensions,
        )
        reply = await self._pool.handle_async_request(sent)
        try:
            _check(reply)
        except Failed:
            await reply.aclose()
            raise
        told = [(name, value) for name, value in reply.headers if name.lower() in _TOLD]
        return httpx2.Response(reply.status, headers=told, stream=_Capped(reply.stream))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Capped(httpx2.AsyncByteStream):
    """A body that ends with Failed when it is too long."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            if size > MAX_REPLY_BYTES:
                raise Failed("too_large", f"the reply has more than {mib(MAX_REPLY_BYTES)}", billed=True)
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class Backend(httpcore2.AsyncNetworkBackend):
    """Connects by addresses that were looked at before, so that no name leads to where it must not."""

    def __init__(self, *, loopback_only: bool) -> None:
        self._loopback_only = loopback_only
        self._plain = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first address of `host` that takes one, within `timeout` seconds.

        Raises httpcore2.ConnectError or ConnectTimeout, and Failed for an address that is refused.
        """
        error: Exception = httpcore2.ConnectError("the name has no address")
        try:
            async with asyncio.timeout(timeout):
                for address in await self._addresses(host, port):
                    try:
                        return await self._plain.connect_tcp(address, port, None, local_address, socket_options)
                    except httpcore2.ConnectError as refused:
                        error = refused
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"no connection within {timeout:g} s") from None
        raise error

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError(error.strerror or "the name is not known") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            self._check(ip_address(address.partition("%")[0]), host)
        return addresses

    def _check(self, address: IPv4Address | IPv6Address, host: str) -> None:
        plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        meant = (plain, *_inside(plain))
        if any(one in block for one in meant for block in _REFUSED) or (self._loopback_only and not plain.is_loopback):
            problem = f"{host} stands for {address}, and transcripts never go there; correct base_url"
            raise Failed("connection", problem, fatal=True)


def _inside(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 address that a gateway makes of an IPv6 address (NAT64, 6to4)."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            yield IPv4Address(address.packed[-4:])
        if address.sixtofour is not None:
            yield address.sixtofour


def _check(reply: httpcore2.Response) -> None:
    raw = Raw(
        reply.status, {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reply.headers}, b""
    )
    if 300 <= reply.status < 400:
        problem = "the endpoint sends calls on to another address, which is never followed; correct base_url"
        raise Failed("redirect", f"{problem} (HTTP {reply.status})", raw=raw)
    encoding = raw.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Failed("too_large", "the reply is compressed, which was not asked for", raw=raw, billed=True)
    declared = raw.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) > MAX_REPLY_BYTES:
        raise Failed("too_large", f"the reply has more than {mib(MAX_REPLY_BYTES)}", raw=raw, billed=True)
