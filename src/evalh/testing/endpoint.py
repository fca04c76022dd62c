"""A stub of an OpenAI-compatible endpoint on this machine, in a thread of its own: scripted answers and every fault.

Nothing is faked on the client's side: requests go over a real connection to 127.0.0.1, so that deadlines, retries,
limits and caps are those of a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from evalh.errors import InternalError
from evalh.testing.faults import Fault, Reply, completion, reply_with
from evalh.testing.replies import reply_for

Answer = Callable[[dict[str, Any]], "str | Fault | Reply"]
_START_SECONDS = 30
_BEGIN_SECONDS = 0.01
_END_SECONDS = 3.0
_DRIP_SECONDS = 0.05
_CHUNK = 2**16
_MOST_HEADERS = 2**16


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By name in lower case."""
    body: Any
    """The parsed JSON; None without any."""
    at: float
    """`time.monotonic()` when it had come in."""


class StubEndpoint:
    """An endpoint for tests, as a context manager.

    `answer` takes the body of a request and gives what the assistant says, a `Reply` or a `Fault`; by default every
    reply is the least valid one of the schema that was asked for (`reply_for`). It is called in another thread than
    the test's. `faults`: one for every request, or one a request, in order, with None for none; after the last there
    are none. `latency`: seconds before each reply; many requests are answered at a time.
    """

    def __init__(
        self,
        answer: Answer | None = None,
        latency: float = 0.0,
        faults: Fault | Iterable[Fault | None] = (),
    ) -> None:
        self.answer: Answer = answer or reply_for
        self.latency = latency
        self.requests: list[Received] = []
        """Every request for a completion, in the order of their coming."""
        self.strayed: list[Received] = []
        """Requests that followed a redirect to the second server."""
        self.in_flight = 0
        self.in_flight_peak = 0
        self.base_url = ""
        self._always = faults if isinstance(faults, Fault) else None
        self._faults: Iterator[Fault | None] = iter(() if isinstance(faults, Fault) else faults)
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._server: asyncio.Server | None = None
        self._elsewhere = ""
        self._open: set[asyncio.StreamWriter] = set()
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._raised: Exception | None = None

    def __enter__(self) -> Self:
        """Start to listen."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.base_url = _url(self._socket)
        if self._always != Fault.REFUSED:  # a port that is held and not listened on refuses connections
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._serve()), name="stub-endpoint", daemon=True
            )
            self._thread.start()
            if not self._ready.wait(_START_SECONDS):
                raise InternalError("the stub endpoint did not start")
        return self

    def __exit__(self, *_: object) -> None:
        """Break all connections and stop; what `answer` raised is raised here."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
        if self._raised is not None:
            raise self._raised

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._server = await asyncio.start_server(self._connected, sock=self._socket, limit=_MOST_HEADERS)
        second = await asyncio.start_server(self._strayed, "127.0.0.1", 0, limit=_MOST_HEADERS)
        self._elsewhere = f"{_url(second.sockets[0])}/chat/completions"
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            self._server.close()
            second.close()
            await self._break()

    async def _break(self) -> None:
        """Let connections begin that were taken, as one that has not would never be closed; then break them all."""
        ends = asyncio.get_running_loop().time() + _END_SECONDS
        await asyncio.sleep(_BEGIN_SECONDS)
        while any(map(_begins, asyncio.all_tasks())) and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(_BEGIN_SECONDS)
        for writer in tuple(self._open):
            writer.transport.abort()
        while self._open and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(_BEGIN_SECONDS)
        await asyncio.sleep(_BEGIN_SECONDS)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._serves(reader, writer)
        finally:
            self._open.discard(writer)

    async def _serves(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._answered(await _received(reader), reader, writer):
                pass
            writer.close()
            return
        writer.transport.abort()

    async def _answered(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; whether the connection can take another."""
        if self._always == Fault.HANG and request.method == "GET":
            await reader.read()
            return False
        if request.path.rpartition("/v1/")[2] != "chat/completions" or not isinstance(request.body, dict):
            await _send(writer, Reply(status=404), b'{"error": {"message": "no such path"}}')
            return True
        self.requests.append(request)
        self.in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self.in_flight)
        try:
            reply = self._reply(request.body)
            await asyncio.sleep(self.latency if reply.after is None else reply.after)
            return await self._sent(reply, request, reader, writer)
        finally:
            self.in_flight -= 1

    def _reply(self, body: dict[str, Any]) -> Reply:
        fault = self._always or next(self._faults, None)
        try:
            answer = self.answer(body)
        except Exception as raised:
            self._raised = self._raised or raised
            answer = Fault.SERVER_500
        if isinstance(answer, Fault):
            fault, answer = fault or answer, reply_for(body)
        if fault is None:
            return answer if isinstance(answer, Reply) else Reply(answer)
        content = answer.content or "" if isinstance(answer, Reply) else answer
        return reply_with(fault, content, lambda: reply_for(body, full=True))

    async def _sent(
        self, reply: Reply, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if reply.manner == "hang":
            await reader.read()
            return False
        if reply.manner in ("reset", "refuse"):
            if reply.manner == "refuse" and self._server is not None:
                self._server.close()
            _reset(writer)
            return False
        headers = {"Location": self._elsewhere} if reply.manner == "redirect" else {}
        said = json.dumps(request.body.get("messages"))
        body = reply.body if reply.body is not None else completion(reply, str(request.body.get("model")), len(said))
        await _send(writer, reply, body, headers)
        return reply.manner != "cut"

    async def _strayed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As the second server, answer well, one request a connection, and keep what came."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await _received(reader)
            self.strayed.append(request)
            content = reply_for(request.body) if isinstance(request.body, dict) else ""
            await _send(writer, Reply(), completion(Reply(content), "elsewhere", 0), {"Connection": "close"})
        writer.close()


def _begins(task: asyncio.Task[Any]) -> bool:
    """Whether a task is asyncio's own, at taking a connection."""
    return "accept_connection" in getattr(task.get_coro(), "__qualname__", "")


def _url(listening: Any) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


async def _received(reader: asyncio.StreamReader) -> Received:
    """The next request of a connection. Raises IncompleteReadError when the client is done with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    fields = [line.partition(":") for line in lines]
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    return Received(method, path, headers, body, time.monotonic())


async def _send(
    writer: asyncio.StreamWriter, reply: Reply, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    phrase = HTTPStatus(reply.status).phrase
    fields = {"Content-Type": "application/json", **reply.headers, **(headers or {})}
    if reply.manner == "chunked":
        fields["Transfer-Encoding"] = "chunked"
    else:
        fields["Content-Length"] = str(len(body))
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    for piece in _pieces(reply, body):
        writer.write(piece)
        await writer.drain()
        if reply.manner == "drip":
            await asyncio.sleep(_DRIP_SECONDS)


def _pieces(reply: Reply, body: bytes) -> Iterator[bytes]:
    """The body as it is written, piece by piece."""
    if reply.manner == "cut":
        body = body[: len(body) // 2]
    size = 1 if reply.manner == "drip" else _CHUNK
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        yield b"%x\r\n%b\r\n" % (len(piece), piece) if reply.manner == "chunked" else piece
    if reply.manner == "chunked":
        yield b"0\r\n\r\n"


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection with a reset rather than an end."""
    held = writer.get_extra_info("socket")
    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
