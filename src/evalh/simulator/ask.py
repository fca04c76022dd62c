"""One turn asked of the agent under test, within all limits: time, length, calls, and how often it may fail in a row.

What it leaves to others: what was recorded, and what becomes of the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from evalh.agents.protocol import Agent, AgentFailed, AgentReply, Contact
from evalh.errors import EvalhError
from evalh.llm import Budget
from evalh.llm.budget import Spent
from evalh.llm.scrub import scrubbed
from evalh.models import Failure, FailureClass, Turn
from evalh.text.normalise import normalise

ROW = 10
"""Turns that fail in a row before the agent is asked nothing more."""
FEW = 3
"""The same for turns that run out of time, while the agent never said anything."""
_OF_THE_CONVERSATION: frozenset[FailureClass] = frozenset({"context_overflow", "refusal", "empty", "too_large"})
"""Says something about what was said, not about whether the agent can be asked."""
_BUSY_SECONDS = 0.02
_MESSAGE = 300


class Row:
    """Counts turns that fail in a row; when they are too many, the rest fails at once."""

    def __init__(self) -> None:
        self.cause: str | None = None
        self.spoken = False
        """Whether the agent ever said anything."""
        self._failed = 0

    def check(self) -> None:
        """Raises AgentFailed when the agent is not to be asked."""
        if self.cause is not None:
            message = f"not asked, because the agent was given up: {self.cause}"
            raise AgentFailed(Failure(class_="circuit_open", message=message[:_MESSAGE], attempts=0, retryable=True))

    def spoke(self) -> None:
        """A turn came."""
        self._failed, self.spoken = 0, True

    def failed(self, failure: Failure) -> None:
        """None came."""
        if failure.class_ in _OF_THE_CONVERSATION:
            return
        self._failed += 1
        if self._failed >= (FEW if failure.class_ == "timeout" and not self.spoken else ROW):
            self.stop(failure)

    def stop(self, failure: Failure) -> None:
        """Ask the agent nothing more."""
        self.cause = self.cause or f"{failure.class_}: {failure.message}"


class Speaker:
    """The agent's side of all conversations.

    Args:
        agent: Is asked; so many turns at a time as it allows.
        budget: The limits of the run. An agent behind a model endpoint counts its calls itself (its id begins with
            ``chat:``); of any other one call a turn is taken.
        reply_timeout: Seconds for a turn; waiting for its beginning does not count.
        max_chars: A longer turn is an error of the agent.
        first_timeout: Seconds in which the agent has to say anything at all; None: as long as for a turn.

    """

    def __init__(
        self, agent: Agent, budget: Budget, reply_timeout: float, max_chars: int, first_timeout: float | None = None
    ) -> None:
        self._agent = agent
        self._budget = budget
        self._timeout = reply_timeout
        self._max_chars = max_chars
        self._first = min(reply_timeout, first_timeout or reply_timeout)
        self._slots = asyncio.Semaphore(agent.concurrency)
        self._counts_itself = agent.id.partition(":")[0] == "chat"
        self._row = Row()

    async def reply(self, opened: Callable[[], Contact], turns: Sequence[Turn]) -> AgentReply:
        """The agent's turn after `turns`; `opened` gives the contact.

        Raises AgentFailed for a turn that did not come or cannot be used, Stopped when a limit is reached, UserError
        where the agent cannot be asked.
        """
        self._row.check()
        async with self._slots:
            self._row.check()
            await self._afford()
            try:
                reply = self.checked(await self._within(opened, turns))
            except AgentFailed as failed:
                self._row.failed(failed.failure)
                raise
            finally:
                self._settle()
            self._row.spoke()
            return reply

    def checked(self, reply: AgentReply) -> AgentReply:
        """The reply, if it can be a turn. Raises AgentFailed for one without words, or with too many."""
        if not normalise(reply.text).text.strip():
            raise _failed("empty", "the agent said nothing")
        if len(reply.text) > self._max_chars:
            said = f"the agent said {len(reply.text)} characters, at most {self._max_chars} are taken"
            raise _failed("too_large", f"{said}; raise 'max_chars' of the agent if it may")
        return reply

    async def _within(self, opened: Callable[[], Contact], turns: Sequence[Turn]) -> AgentReply:
        """The reply in time. An agent that does not let itself be cancelled is left alone, not waited for."""
        clock = asyncio.get_running_loop().time
        until, task = clock() + self._timeout, asyncio.ensure_future(self._said(opened, turns))
        try:
            await asyncio.wait({task}, timeout=self._timeout if self._row.spoken else self._first)
            if self._row.spoken and not task.done():  # it is there, and may be slow
                await asyncio.wait({task}, timeout=until - clock())
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_looked_at)
        if not task.done():
            raise self._late()
        if task.cancelled():
            raise _failed("internal", "the agent's turn was cancelled from within")
        return task.result()

    def _late(self) -> AgentFailed:
        """A turn that did not come; an agent that nobody heard anything of is given up with the first."""
        if self._row.spoken or self._first == self._timeout:
            return _failed("timeout", f"no turn within {self._timeout:g} s", retryable=True)
        said = f"no turn within {self._first:g} s, and none before"
        remedy = "raise 'first_reply_timeout' of the agent if it may take longer to begin"
        late = _failed("timeout", f"{said}; {remedy}", retryable=True)
        self._row.stop(late.failure)
        return late

    async def _said(self, opened: Callable[[], Contact], turns: Sequence[Turn]) -> AgentReply:
        try:
            return await opened().reply(turns)
        except (AgentFailed, EvalhError):
            raise
        except Exception as error:  # whatever an agent does, it ends one trial and not the run
            said = " ".join(f"{type(error).__name__}: {error}".split())
            failure = Failure(class_="internal", message=scrubbed(f"asking the agent raised {said}", most=_MESSAGE))
            raise AgentFailed(failure) from error

    async def _afford(self) -> None:
        while not (self._counts_itself or self._budget.take(0.0)):
            await asyncio.sleep(_BUSY_SECONDS)

    def _settle(self) -> None:
        if not self._counts_itself:
            self._budget.settle(0.0, Spent())


def _failed(class_: FailureClass, message: str, *, retryable: bool = False) -> AgentFailed:
    return AgentFailed(Failure(class_=class_, message=message, retryable=retryable))


def _looked_at(task: asyncio.Future[AgentReply]) -> None:
    """Take note of how a turn ended that nobody waits for, so that asyncio does not complain of it."""
    if not task.cancelled():
        task.exception()
