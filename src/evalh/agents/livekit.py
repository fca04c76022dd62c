"""A LiveKit agent in text mode: no room, no audio, no network but what the agent's own model needs.

The function makes the agent of a contact; a session of LiveKit's runs it, and what was said before the session began
goes in as chat history. A tool's result is kept with its call; a handoff shows in the tool call that made it. What it
leaves to others: time limits, the length of a turn, and what is recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from evalh.agents.call import returned
from evalh.agents.function import Code, contact_so_far
from evalh.agents.messages import messages
from evalh.agents.protocol import AgentReply, Brief, Contact
from evalh.agents.returned import failed
from evalh.errors import UserError
from evalh.importers.openai_chat import arguments
from evalh.models import FailureClass, LiveKitAgent, ToolCall, Turn

if TYPE_CHECKING:
    from livekit.agents import Agent, AgentSession
    from livekit.agents.llm import ChatItem

_CLOSE_SECONDS = 5.0
_BY_STATUS: dict[int, FailureClass] = {
    401: "auth", 402: "quota", 403: "auth", 404: "not_found", 408: "timeout", 429: "rate_limited",
}  # fmt: skip


class LiveKitAgentRunner:
    """A LiveKit agent as the agent under test."""

    def __init__(self, config: LiveKitAgent, *, root: Path) -> None:
        self._code = Code(config.function, root)
        self.concurrency = config.concurrency

    @property
    def id(self) -> str:
        """``livekit:MODULE:FUNCTION``."""
        return f"livekit:{self._code.name}"

    @property
    def sha256(self) -> str:
        """The digest of the function's source; nothing is imported for it."""
        return self._code.source.sha256

    def ready(self) -> None:
        """Import the function; raises UserError without LiveKit, BadConfig where that cannot be done."""
        if not _is_installed():
            raise UserError("agents of kind 'livekit' need the package livekit-agents: pip install 'evalh[livekit]'")
        _ = self._code.loaded

    def contact(self, brief: Brief) -> Contact:
        """Open a contact; its session starts with its first turn."""
        return _LiveKitContact(self._code, brief)

    async def aclose(self) -> None:
        """Sessions are closed with their contacts."""


def _is_installed() -> bool:
    return find_spec("livekit") is not None and find_spec("livekit.agents") is not None


class _Used(NamedTuple):
    """Tokens of models; cached ones are among the input."""

    input: int = 0
    cached: int = 0
    output: int = 0


class _LiveKitContact:
    """One conversation with a LiveKit agent, in one session."""

    def __init__(self, code: Code, brief: Brief) -> None:
        self._code = code
        self._brief = brief
        self._session: AgentSession[Any] | None = None
        self._heard = 0
        """Turns that the session knows."""
        self._used = _Used()
        self._calls = 0
        self._ended = False

    async def reply(self, turns: Sequence[Turn]) -> AgentReply:
        """Run the agent on the customer's last words. Raises AgentFailed with the class of its error, or `raised`."""
        reply: AgentReply = await self._code.called(self._replied, turns)
        return reply

    async def aclose(self) -> None:
        """Close the session, within seconds."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await returned(session.aclose)

    async def _replied(self, turns: Sequence[Turn]) -> AgentReply:
        from livekit.agents import APIError

        asked = turns[-1].text if turns and turns[-1].role == "customer" else None
        before = turns[:-1] if asked is not None else turns
        try:
            session, items = await self._begun(turns, before)
            if asked is not None:
                items += _items(await session.run(user_input=asked))
        except APIError as error:
            _api_failed(error)
        self._heard = len(turns) + 1
        return self._turn(session, items)

    async def _begun(self, turns: Sequence[Turn], before: Sequence[Turn]) -> tuple[AgentSession[Any], list[ChatItem]]:
        """A session that knows the turns `before`, and what its agent says by itself where they are the beginning."""
        if self._session is not None:
            if missed := before[self._heard :]:
                agent = self._session.current_agent
                await agent.update_chat_ctx(_with_history(agent, missed))
            return self._session, []
        agent, settings = await self._made(turns)
        whole = _with_history(agent, before)
        await agent.update_chat_ctx(whole)
        self._session = session = self._opened(settings)
        said = _items(await (await session.start(agent, record=False, capture_run=True)))
        if not any(turn.role == "agent" for turn in before):
            return session, said
        await session.current_agent.update_chat_ctx(whole)
        return session, []

    def _opened(self, settings: Mapping[str, Any]) -> AgentSession[Any]:
        """A session without ears, which notes when its agent ends the contact."""
        from livekit.agents import AgentSession

        log = logging.getLogger("livekit")
        if not log.handlers:  # Python would print LiveKit's warnings, and what was said with them
            log.addHandler(logging.NullHandler())
        quiet = {"vad": None, "turn_handling": {"turn_detection": "manual"}, "user_away_timeout": None}
        session: Any = AgentSession(**{**quiet, **settings})
        shutdown = session.shutdown

        def noted(**options: Any) -> None:
            self._ended = True
            shutdown(**options)

        session.shutdown = noted
        session.on("session_usage_updated", self._counted)
        opened: AgentSession[Any] = session
        return opened

    def _counted(self, _: Any) -> None:
        """In text mode nothing but the model is used."""
        self._calls += 1

    async def _made(self, turns: Sequence[Turn]) -> tuple[Agent, dict[str, Any]]:
        from livekit.agents import Agent

        made = self._code.loaded.call(contact_so_far(self._brief, turns))
        if isinstance(made, Awaitable):
            made = await made
        agent, settings = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
        if not isinstance(agent, Agent) or not isinstance(settings, Mapping):
            kind = type(made).__name__
            failed(
                "schema", f"the function returned a {kind}; return the Agent, or the Agent and a dict for the session"
            )
        return agent, dict(settings)

    def _turn(self, session: AgentSession[Any], items: Sequence[ChatItem]) -> AgentReply:
        said = [item.text_content or "" for item in items if item.type == "message" and item.role == "assistant"]
        usages = [usage for usage in session.usage.model_usage if usage.type == "llm_usage"]
        total = _Used(
            sum(usage.input_tokens for usage in usages),
            sum(usage.input_cached_tokens for usage in usages),
            sum(usage.output_tokens for usage in usages),
        )
        new = _Used(*(now - then for now, then in zip(total, self._used, strict=True)))
        self._used = total
        calls, self._calls = self._calls, 0
        return AgentReply(
            "\n".join(filter(None, said)),
            tuple(_tool_calls(items)),
            ended=self._ended,
            calls=calls,
            input_tokens=new.input,
            cached_tokens=new.cached,
            output_tokens=new.output,
        )


def _items(result: Any) -> list[ChatItem]:
    return [event.item for event in result.events]


def _with_history(agent: Agent, turns: Sequence[Turn]) -> Any:
    """The agent's chat context with `turns` after what is in it."""
    from livekit.agents.llm import FunctionCall, FunctionCallOutput

    context = agent.chat_ctx.copy()
    names: dict[str, str] = {}
    for message in messages(turns):
        for call in message.get("tool_calls", ()):
            names[call["id"]] = call["function"]["name"]
            context.items.append(FunctionCall(call_id=call["id"], **call["function"]))
        if message["role"] == "tool":
            id_ = message["tool_call_id"]
            output = FunctionCallOutput(call_id=id_, name=names[id_], output=message["content"], is_error=False)
            context.items.append(output)
        elif message["content"]:
            context.add_message(role=message["role"], content=message["content"])
    return context


def _tool_calls(items: Iterable[ChatItem]) -> list[ToolCall]:
    results = {item.call_id: item for item in items if item.type == "function_call_output"}
    calls = []
    for item in items:
        if item.type == "function_call":
            result = results.get(item.call_id)
            calls.append(
                ToolCall(
                    name=item.name,
                    arguments=arguments(item.arguments),
                    result=None if result is None else result.output,
                    error=None if result is None else result.is_error,
                )
            )
    return calls


def _api_failed(error: Any) -> NoReturn:
    """Raise AgentFailed with the class that the error of a model's endpoint is of."""
    from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        failed("timeout", f"the model of the LiveKit agent took too long: {error.message}")
    if isinstance(error, APIConnectionError):
        failed("connection", f"no connection to the model of the LiveKit agent: {error.message}")
    if isinstance(error, APIStatusError):
        usual: FailureClass = "server" if error.status_code >= 500 else "bad_request"
        failed(_BY_STATUS.get(error.status_code, usual), f"the model of the LiveKit agent: {error.message}")
    failed("raised", f"{type(error).__name__}: {error.message}")
