"""The judge: tasks in, outcomes out, as futures. One call a conversation, or one a vote and window.

A reply is kept before its outcome is known to anybody, and is read again in the same strict way when it is used again;
what failed, was cut off or could not be read is never kept. What is asked is left to the sections.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from evalh.errors import Stopped
from evalh.judge import prompts
from evalh.judge.prompts import Read
from evalh.judge.tasks import Outcome, Section, Task
from evalh.judge.transcript import Shown, show
from evalh.judge.usage import Took, least, usage
from evalh.llm import Answer, Budget, CallFailed, Endpoint, Loop, Request, Unreadable
from evalh.llm.tokens import estimate_tokens
from evalh.models import Failure, JudgeConfig, digest
from evalh.redact.redactor import Redactor
from evalh.store.replies import KeptReply, ReplyStore

_DEPENDS_ON = (
    "model",
    "base_url",
    "extra_body",
    "temperature",
    "seed",
    "max_tokens",
    "output",
    "votes",
    "window",
    "redact",
)
_BEYOND_LEAST = 1.5
"""How much longer a reply is, about, than the least that its schema allows."""
_CLOSE_SECONDS = 10.0


class Asks(Protocol):
    """What a judge asks (evalh.llm.client.Endpoint)."""

    async def ask(self, make: Callable[[int], tuple[Request, Callable[[str], Any]]]) -> Answer[Any]:
        """A reply that could be read. Raises CallFailed and Stopped."""

    async def aclose(self) -> None:
        """Let go of its connections."""


@dataclass(frozen=True)
class _Call:
    """One request: all sections, a window of the conversation, a vote."""

    sections: tuple[Section, ...]
    transcript: Shown
    part: bool
    seed: int | None
    key: str

    def make(self, _: int) -> tuple[Request, Callable[[str], Read]]:
        """The request, with a nonce of its own for every attempt, and the reader of its reply."""
        return prompts.ask(self.sections, self.transcript, part=self.part, seed=self.seed)


@dataclass(frozen=True)
class _Done:
    """What came of a call: a reply that was read, or the failure."""

    read: Read | None
    reply: KeptReply
    saved: bool = False
    failure: Failure | None = None


class Judge:
    """Asks a language model about conversations. Nothing is opened before the first task that is not kept.

    Args:
        config: The model, where it is asked, how often, and in which pieces.
        replies: Where replies are kept, and looked for first; it is not closed here.
        budget: The limits of the run, shared with whoever else asks.
        redactor: Replaces personal data where `config.redact` says so; a fresh one of its kind for each conversation,
            so that a conversation is shown alike in every run.
        endpoint: Asked instead of the endpoint of `config`.

    """

    def __init__(
        self,
        config: JudgeConfig,
        *,
        replies: ReplyStore | None = None,
        budget: Budget | None = None,
        redactor: Redactor | None = None,
        endpoint: Asks | None = None,
    ) -> None:
        self.config = config
        self.replies = replies
        self.budget = budget
        self.sha256 = digest([config.model_dump(mode="json", include=set(_DEPENDS_ON)), prompts.instructions_sha256()])
        """The digest of all that its answers depend on: model, address, parameters, instructions."""
        self.id = f"{config.model}@{self.sha256[:12]}"
        self._redactor = redactor or Redactor()
        self._endpoint = endpoint
        self._loop = Loop()
        self._running: set[Future[Outcome]] = set()
        self._lock = threading.Lock()

    def submit(self, task: Task) -> Future[Outcome]:
        """Start what is not kept of the task. The future never fails for an endpoint that does (Outcome.failure).

        It raises Stopped when the budget is spent, and UserError when replies cannot be kept or no key is there.
        """
        windows = self._windows(task)
        kept = [[self._kept(call) for call in of_window] for of_window in windows]
        if all(done is not None for of_window in kept for done in of_window):
            known: Future[Outcome] = Future()
            known.set_result(self._outcome(task, [[done for done in of if done is not None] for of in kept]))
            return known
        future = self._loop.submit(self._asked(task, windows, kept, self._asks()))
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def estimate(self, task: Task) -> tuple[int, int, int]:
        """About how many calls, tokens of input and of output the task takes; what is kept takes none."""
        calls, given, made = 0, 0, 0
        for of_window in self._windows(task):
            left = [call for call in of_window if self._kept(call) is None]
            if left:
                given_once, made_once = self._tokens(left[0])
                calls, given, made = calls + len(left), given + len(left) * given_once, made + len(left) * made_once
        return calls, given, made

    def close(self) -> None:
        """Cancel what still runs and let go of the endpoint."""
        endpoint, self._endpoint = self._endpoint, None
        for future in tuple(self._running):
            future.cancel()
        try:
            if endpoint is not None:
                self._loop.submit(endpoint.aclose()).result(timeout=_CLOSE_SECONDS)
        finally:
            self._loop.close()

    def _asks(self) -> Asks:
        with self._lock:
            if self._endpoint is None:
                self._endpoint = Endpoint(self.config, budget=self.budget)
            return self._endpoint

    def _windows(self, task: Task) -> list[list[_Call]]:
        """The calls of the task: for each window one for each vote."""
        redactor = self._redactor if self.config.redact else None
        windows = show(task.conversation, redactor).windows(self.config.window)
        about = [self.sha256, task.conversation.sha256, [_section_digest(section) for section in task.sections]]
        base, votes = self.config.seed or 0, self.config.votes
        calls = []
        for window in windows:
            shown = digest([window.items, prompts.schema(task.sections, window)])
            calls.append(
                [
                    _Call(
                        task.sections,
                        window,
                        len(windows) > 1,
                        base + vote if votes > 1 else None,
                        digest([*about, shown, len(windows) > 1, vote]),
                    )
                    for vote in range(votes)
                ]
            )
        return calls

    def _kept(self, call: _Call) -> _Done | None:
        """The reply from before; one that cannot be read is asked for again."""
        reply = self.replies.get(call.key) if self.replies is not None else None
        if reply is None:
            return None
        try:
            return _Done(prompts.read(reply.text, reply.nonce, call.sections, call.transcript), reply, saved=True)
        except Unreadable:
            return None

    async def _asked(
        self, task: Task, windows: Sequence[Sequence[_Call]], kept: Sequence[Sequence[_Done | None]], endpoint: Asks
    ) -> Outcome:
        """All calls to their end, also when one fails, so that what was paid for is kept; then the outcome."""
        pairs = [
            (index, call, done)
            for index, (of_window, known) in enumerate(zip(windows, kept, strict=True))
            for call, done in zip(of_window, known, strict=True)
        ]
        ended = await asyncio.gather(
            *(_ready(done) if done is not None else self._ask(call, endpoint) for _, call, done in pairs),
            return_exceptions=True,
        )
        for error in sorted(
            (item for item in ended if isinstance(item, BaseException)), key=lambda item: not isinstance(item, Stopped)
        ):
            raise error
        done_by_window: list[list[_Done]] = [[] for _ in windows]
        for (index, _, _), done in zip(pairs, ended, strict=True):
            if isinstance(done, _Done):
                done_by_window[index].append(done)
        return self._outcome(task, done_by_window)

    async def _ask(self, call: _Call, endpoint: Asks) -> _Done:
        try:
            answer = await endpoint.ask(call.make)
        except CallFailed as failed:
            return _Done(None, _unfit(failed), failure=failed.failure)
        read: Read = answer.value
        reply = KeptReply(
            text=answer.text.encode("utf-8", "replace").decode("utf-8"),
            nonce=read.nonce,
            attempts=answer.attempts,
            input_tokens=answer.input_tokens,
            cached_tokens=min(answer.cached_tokens, answer.input_tokens),
            output_tokens=answer.output_tokens,
        )
        if self.replies is not None:
            self.replies.put(call.key, reply)
        return _Done(read, reply)

    def _outcome(self, task: Task, windows: Sequence[Sequence[_Done]]) -> Outcome:
        ended = [done for of_window in windows for done in of_window]
        failure = next((done.failure for done in ended if done.failure is not None), None)
        return Outcome(
            values={} if failure is not None else _merged(task.sections, windows),
            failure=failure,
            windowed=len(windows) > 1,
            calls=sum(_attempts(done) for done in ended),
            calls_saved=sum(done.reply.attempts for done in ended if done.saved),
            usage=usage(task.sections, [_took(done) for done in ended], self.config.prices),
        )

    def _tokens(self, call: _Call) -> tuple[int, int]:
        request, _ = call.make(0)
        given = sum(_counted(message.content) for message in request.messages)
        made = int(estimate_tokens(least(request.schema or {})) * _BEYOND_LEAST)
        return given, min(made, self.config.max_tokens)


async def _ready(done: _Done) -> _Done:
    return done


def _unfit(failed: CallFailed) -> KeptReply:
    """What a failed call took, in the form of a reply, which is not kept."""
    spent = failed.spent
    return KeptReply(
        text="",
        attempts=max(failed.failure.attempts, 1),
        input_tokens=spent.input,
        cached_tokens=min(spent.cached, spent.input),
        output_tokens=spent.output,
    )


def _attempts(done: _Done) -> int:
    return done.failure.attempts if done.failure is not None else done.reply.attempts


def _took(done: _Done) -> Took:
    reply, lengths = done.reply, done.read.lengths if done.read is not None else None
    return Took(_attempts(done), reply.input_tokens, reply.cached_tokens, reply.output_tokens, lengths)


def _section_digest(section: Section) -> str:
    return digest([section.name, section.part, section.instructions, section.material()])


def _merged(sections: Sequence[Section], windows: Sequence[Sequence[_Done]]) -> dict[str, Any]:
    return {
        section.name: section.merge(
            [[done.read.values[section.name] for done in of_window if done.read is not None] for of_window in windows]
        )
        for section in sections
    }


@lru_cache(maxsize=32)
def _counted(text: str) -> int:
    return estimate_tokens(text)
