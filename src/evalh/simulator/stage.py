"""Many conversations at a time: trials in, how they went out, in the order of the trials.

A customer's mistake has the trial played again, so many times at most. When a limit is reached, or the run is
interrupted, nothing new begins, and what is in flight has a few seconds to be kept. What it leaves to others: which
trials there are, and what becomes of what was said.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice
from typing import Protocol

from evalh.agents.protocol import Agent
from evalh.errors import Stopped
from evalh.llm import Budget, Loop
from evalh.models import Lexicon, PolicySet, Simulation, SimulationConfig
from evalh.reader.protocol import Reader
from evalh.simulator.ask import Speaker
from evalh.simulator.brief import brief_of
from evalh.simulator.desk import Desk
from evalh.simulator.faults import Decides
from evalh.simulator.protocol import Customers, Played, Trial
from evalh.simulator.talk import Keeps, Room, Talk

GRACE_SECONDS = 10.0
"""How long what is in flight may take when the run is stopped."""
AHEAD = 4
"""Trials that are begun, or over and waiting for an earlier one, for each conversation at a time."""
_LOOK_SECONDS = 0.25
_CLOSE_SECONDS = 10.0
_STOPPED = "the run was stopped; give the same command again to go on"
Attempts = list[Played]


class Recordings(Keeps, Protocol):
    """Where replies are kept, and whole conversations when they are over."""

    def played(self, attempts: list[Played]) -> None:
        """A trial is over: these are its attempts."""


class Stage:
    """Holds conversations between an agent and simulated customers. It is used up after `close`.

    Args:
        agent: The agent under test.
        customers: Who talks to it.
        reader: Finds the facts that customers react to; it is used in a thread of its own.
        lexicon: Of the policy, for the reader.
        policies: The policy; the version in force on the case's day has the offers.
        config: How many conversations, turns and attempts.
        recordings: What was said before, and where what is said is kept; it is not closed here.
        budget: The limits of the run.
        greeting: The agent's first turn; None: the customer speaks first.
        reply_timeout: Seconds for a turn of the agent.
        first_timeout: Seconds in which the agent has to say anything at all; None: as long as for a turn.
        max_chars: The most characters of a turn of the agent.
        as_of: The day of cases without a date.

    """

    def __init__(  # noqa: PLR0913 - each is a part of the stage
        self,
        agent: Agent,
        customers: Customers,
        reader: Reader,
        lexicon: Lexicon,
        policies: PolicySet,
        config: SimulationConfig,
        recordings: Recordings,
        *,
        budget: Budget,
        greeting: str | None = None,
        reply_timeout: float = 60.0,
        first_timeout: float | None = None,
        max_chars: int = 4000,
        as_of: date | None = None,
    ) -> None:
        self._agent = agent
        self._customers = customers
        self._config = config
        self._recordings = recordings
        self._budget = budget
        self._stopping = False
        self._loop = Loop()
        self._places = asyncio.Semaphore(config.concurrency)
        self._readers = Desk("evalh-reads")
        self._books = Desk("evalh-books")
        self._room = Room(
            agent=agent,
            speaker=Speaker(agent, budget, reply_timeout, max_chars, first_timeout),
            customers=customers,
            decides=_decides(config),
            reader=reader,
            lexicon=lexicon,
            policies=policies,
            recordings=recordings,
            readers=self._readers,
            books=self._books,
            go_on=self._go_on,
            max_turns=config.max_turns,
            greeting=greeting,
            as_of=as_of,
        )

    def play(self, trials: Iterable[Trial]) -> Iterator[Played]:
        """How each trial went, in order; `trials` are taken as they are needed.

        Raises Stopped when a limit is reached, UserError where a recording or a setting is missing.
        """
        coming, begun = iter(trials), deque[Future[Attempts]]()
        most = AHEAD * self._config.concurrency
        try:
            while True:
                begun.extend(self._loop.submit(self._tried(trial)) for trial in islice(coming, most - len(begun)))
                if not begun:
                    return
                attempts = self._ended(begun[0])
                begun.popleft()
                self._over(attempts)
                yield attempts[-1]
        except BaseException:
            self._wind_down(begun)
            raise

    def simulation(self, trial: Trial) -> Simulation:
        """Whose conversation the trial's first attempt is, as it is recorded."""
        brief = brief_of(trial, self._room.policies, 0, self._room.as_of)
        return self._room.simulation(trial, 0, brief)

    def close(self) -> None:
        """Cancel what still goes on and let go of the agent and the customers."""
        self._stopping = True
        try:
            with suppress(TimeoutError):
                self._loop.submit(self._left()).result(timeout=_CLOSE_SECONDS)
        finally:
            self._loop.close()
            self._readers.close()
            self._books.close()

    async def _tried(self, trial: Trial) -> Attempts:
        """The trial, again as long as the customer makes mistakes and may."""
        attempts: Attempts = []
        async with self._places:
            while not attempts or (attempts[-1].simulation.faults and len(attempts) < self._config.attempts):
                self._go_on()
                played = await Talk(self._room, trial, len(attempts)).play()
                attempts.append(_with(attempts[-1:], played))
        return attempts

    def _go_on(self) -> None:
        if self._stopping:
            raise Stopped(_STOPPED)

    def _ended(self, future: Future[Attempts]) -> Attempts:
        """What comes of it. When the run is stopped meanwhile, it has some seconds more."""
        while not future.done():
            wait([future], timeout=_LOOK_SECONDS)
            if self._budget.stopped is not None and not future.done():
                wait([future], timeout=GRACE_SECONDS)
                if not future.done():
                    raise Stopped(self._budget.stopped)
        return future.result()

    def _over(self, attempts: Attempts) -> None:
        """Tell the recordings."""
        self._books.submit(partial(self._recordings.played, attempts)).result()

    def _wind_down(self, begun: Iterable[Future[Attempts]]) -> None:
        """Begin nothing more, give what is in flight its time, and keep what is over."""
        self._stopping = True
        try:
            wait(begun, timeout=GRACE_SECONDS)
            for future in begun:
                if future.done() and not future.cancelled() and future.exception() is None:
                    self._over(future.result())
        finally:
            for future in begun:
                future.cancel()

    async def _left(self) -> None:
        try:
            await self._agent.aclose()
        finally:
            await self._customers.aclose()


def _with(before: Attempts, played: Played) -> Played:
    """The attempt with what earlier ones took."""
    return replace(
        played,
        attempts=played.attempts + sum(one.attempts for one in before),
        asked=played.asked + sum(one.asked for one in before),
        input_tokens=played.input_tokens + sum(one.input_tokens for one in before),
        cached_tokens=played.cached_tokens + sum(one.cached_tokens for one in before),
        output_tokens=played.output_tokens + sum(one.output_tokens for one in before),
    )


def _decides(config: SimulationConfig) -> Decides:
    customer = config.customer
    return "script" if customer.kind == "scripted" else customer.decides
