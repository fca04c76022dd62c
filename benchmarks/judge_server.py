"""A stub of a model endpoint in a process of its own, so that its work takes no time from what is measured.

    with Server(latency=1.0) as server:
        ...                                # ask at server.base_url
        server.counted()                   # what was asked since the last count

Its replies are valid, and all their lists have one item; what they say of a conversation is arbitrary.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from evalh.testing import StubEndpoint, reply_for
from evalh.testing.replies import transcript_of

QUOTE = 60
"""Characters of a quote, at most."""


@dataclass(frozen=True)
class Counted:
    """What an endpoint was asked: calls, the most at a time, and characters."""

    calls: int
    at_once: int
    prompt: int
    """Of the messages."""
    schema: int
    """Of the JSON Schemas sent beside them."""
    reply: int


class Server:
    """The process, as a context manager; `latency` in seconds before each reply. `module` is what is run."""

    def __init__(self, latency: float, module: str = __name__) -> None:
        self.latency = latency
        self._module = module
        self.base_url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        command = [sys.executable, "-m", self._module, str(self.latency)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.base_url = self._line()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._process is not None:
            self._process.communicate()

    def counted(self) -> Counted:
        """What came in since the last count."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the server is not running")
        self._process.stdin.write("count\n")
        self._process.stdin.flush()
        return Counted(**json.loads(self._line()))

    def _line(self) -> str:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("the server is not running")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server ended; its error is above")
        return line.strip()


def answer(request: Mapping[str, Any]) -> str:
    """A reply to a request of evalh or of DeepEval: sure, and quoting the turns it speaks of."""
    said = {str(turn["turn"]): str(turn["said"]) for turn in transcript_of(request)}
    first = next(iter(said), "0")

    def choose(path: str, _: Mapping[str, Any]) -> Any:
        steps = path.split(".")
        if steps[-1] == "quote":
            turn = next((step for step in steps if step in said), first)
            return said[turn][:QUOTE].rpartition(" ")[0] or said[turn]
        return {"sure": True, "data": {"fact": "as said"}}.get(steps[-1])

    return reply_for(request, choose, full=True)


def serve(latency: float, answers: Callable[[Mapping[str, Any]], str] = answer) -> None:
    """Answer until standard input ends; each line there is answered with what was counted."""
    said: list[int] = []

    def counting(request: dict[str, Any]) -> str:
        reply = answers(request)
        said.append(len(reply))
        return reply

    with StubEndpoint(counting, latency=latency) as stub:
        print(stub.base_url, flush=True)
        for _ in sys.stdin:
            print(json.dumps(vars(_count(stub, sum(said)))), flush=True)
            stub.requests.clear()
            said.clear()
            stub.in_flight_peak = 0


def _count(stub: StubEndpoint, replied: int) -> Counted:
    bodies = [request.body for request in stub.requests]
    prompt = sum(len(message["content"]) for body in bodies for message in body["messages"])
    schema = sum(len(json.dumps(body["response_format"])) for body in bodies if "response_format" in body)
    return Counted(len(bodies), stub.in_flight_peak, prompt, schema, replied)


if __name__ == "__main__":
    serve(float(sys.argv[1]))
