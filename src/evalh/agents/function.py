"""An agent that is a Python function of the user's: it is given the contact so far and returns the next turn.

A class is made once a contact, and its ``reply`` is asked for the turns. What it leaves to others: in which thread it
runs, time limits, the length of a turn, and what is recorded.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from evalh.agents.call import Raised, returned
from evalh.agents.code import Loaded, Source, function_at, last_place, source_of, told
from evalh.agents.messages import messages
from evalh.agents.protocol import AgentFailed, AgentReply, Brief, Contact
from evalh.agents.returned import failed, reply_of
from evalh.errors import BadConfig, Stopped
from evalh.models import FunctionAgent, Turn


@dataclass(frozen=True)
class ContactSoFar(Brief):
    """What a function is given for a turn: everything of the Brief, and the conversation so far."""

    turns: tuple[Turn, ...] = ()
    """All turns until now; the last is the customer's, or there are none and the agent speaks first."""

    @property
    def heard(self) -> str:
        """What the customer said last; nothing where the agent speaks first."""
        last = self.turns[-1] if self.turns else None
        return last.text if last is not None and last.role == "customer" else ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The turns as OpenAI chat messages, tool calls and their results among them, without a system message."""
        return messages(self.turns)


def contact_so_far(brief: Brief, turns: Sequence[Turn]) -> ContactSoFar:
    """A copy that a function may change without another conversation noticing."""
    told_before = {field.name: copy.deepcopy(getattr(brief, field.name)) for field in fields(Brief)}
    return ContactSoFar(**told_before, turns=tuple(turns))


class FunctionAgentRunner:
    """A Python function as the agent under test."""

    def __init__(self, config: FunctionAgent, *, root: Path) -> None:
        self._code = Code(config.function, root)
        self.concurrency = config.concurrency

    @property
    def id(self) -> str:
        """``function:MODULE:FUNCTION``."""
        return f"function:{self._code.name}"

    @property
    def sha256(self) -> str:
        """The digest of the source; nothing is imported for it."""
        return self._code.source.sha256

    def ready(self) -> None:
        """Import the function; raises BadConfig where that cannot be done."""
        call = self._code.loaded.call
        if inspect.isclass(call) and not callable(getattr(call, "reply", None)):
            problem = f"the class {call.__name__!r} has no method 'reply'"
            raise BadConfig(problem, file=self._code.loaded.place, remedy="add: def reply(self, contact)")

    def contact(self, brief: Brief) -> Contact:
        """Open a contact; an instance of a class is made with its first turn."""
        return _FunctionContact(self._code, brief)

    async def aclose(self) -> None:
        """There is nothing to let go of."""


class Code:
    """A function of the user's, found and loaded when it is needed, whose errors become the agent's."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self._root = root
        self._source: Source | None = None
        self._loaded: Loaded | None = None

    @property
    def source(self) -> Source:
        """Where it is; raises BadConfig where its module is not there."""
        if self._source is None:
            self._source = source_of(self.name, self._root)
        return self._source

    @property
    def loaded(self) -> Loaded:
        """The function; raises BadConfig where it cannot be imported."""
        if self._loaded is None:
            self._loaded = function_at(self.name, self._root)
        return self._loaded

    async def called(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What `call` returns, awaited where it can be. What it raises, SystemExit too, is raised as AgentFailed."""
        try:
            return await returned(call, *arguments)
        except Raised as raised:
            if isinstance(raised.error, Stopped | AgentFailed):
                raise raised.error from None
            self._raised(raised.error)

    def _raised(self, error: BaseException) -> NoReturn:
        place = f" ({at})" if (at := last_place(error, self.source.base)) else ""
        failed("raised", told(error) + place)


class _FunctionContact:
    """One conversation with a function, or with an instance of a class."""

    def __init__(self, code: Code, brief: Brief) -> None:
        self._code = code
        self._brief = brief
        self._call: Callable[..., Any] | None = None

    async def reply(self, turns: Sequence[Turn]) -> AgentReply:
        """Ask for the next turn. Raises AgentFailed with `raised`, or with `schema` for what is no turn."""
        contact = contact_so_far(self._brief, turns)
        if self._call is None:
            call = self._code.loaded.call
            self._call = (await self._code.called(call, contact)).reply if inspect.isclass(call) else call
        return reply_of(await self._code.called(self._call, contact))

    async def aclose(self) -> None:
        """The instance, if there is one, is forgotten."""
        self._call = None
