"""A model behind an OpenAI-compatible endpoint as the agent: the filled prompt as its system message, tools in a loop.

Every request is made from the turns alone, so that a contact that was recorded goes on as if it had been held now. What
it leaves to others: deadlines, retries and limits (`llm`), what tools return, and whether a turn is too long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from evalh.agents.messages import called, messages
from evalh.agents.protocol import AgentFailed, AgentReply, Brief
from evalh.agents.tools import Toolbox
from evalh.llm import Answer, Budget, Called, CallFailed, Endpoint, Message, Request, Spoken, Unreadable
from evalh.models import ChatAgent, ToolCall, Turn, digest

JOINS = "(The customer is on the line.)"
"""Said as the user where the agent's greeting comes first, since many servers refuse a list that begins otherwise."""
SILENCE = "(The customer says nothing.)"
"""Said as the user where nobody else spoke last: some servers would let the model go on with its own words."""
_ROUND = 1
"""Changes with the way requests are made."""
_SEEDS = 2**31
_THOUGHTS = ("think", "thinking", "reasoning")


class ChatAgentRunner:
    """The model of a configuration. `root` is the workspace, `budget` is shared with the run's other endpoints."""

    def __init__(self, config: ChatAgent, *, root: Path, budget: Budget | None = None) -> None:
        self.config = config
        within = config.model_copy(update={"timeout": min(config.timeout, config.reply_timeout)})
        self._endpoint = Endpoint(within, budget=budget)
        self.tools = Toolbox(config.tools, root, self._endpoint.hide)

    @property
    def id(self) -> str:
        """``chat:MODEL``."""
        return f"chat:{self.config.model}"

    @cached_property
    def sha256(self) -> str:
        """The digest of model, address, what is sent with each request, and tools with their functions' source."""
        config = self.config
        sent = (config.base_url, config.model, config.temperature, config.seed, config.max_tokens, config.extra_body)
        tools = [tool.model_dump(mode="json") for tool in config.tools]
        return digest(["chat", _ROUND, *sent, tools, self.tools.sha256s, config.max_tool_steps])

    @property
    def concurrency(self) -> int:
        """As configured."""
        return self.config.concurrency

    def ready(self) -> None:
        """Raises UserError where the key is not set, or a tool's function is not there."""
        self._endpoint.ready()
        self.tools.ready()

    def contact(self, brief: Brief) -> ChatContact:
        """A contact with the model."""
        return ChatContact(self._endpoint, self.tools, brief, self.config.max_tool_steps)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._endpoint.aclose()


class ChatContact:
    """One conversation with a model. In a turn it may call tools `steps` times before it has to speak."""

    def __init__(self, endpoint: Endpoint, tools: Toolbox, brief: Brief, steps: int) -> None:
        self._endpoint = endpoint
        self._tools = tools
        self._brief = brief
        self._steps = steps

    async def reply(self, turns: Sequence[Turn]) -> AgentReply:
        """The model's next turn: all that it says between its calls of tools, and after them.

        A tool that ends the contact ends the turn too; where nothing was said yet the model is asked for last words.
        Raises AgentFailed, Stopped.
        """
        steps: list[_Step] = []
        ended = False
        while not steps or (steps[-1].calls and not (ended and _words(steps))):
            answer = await self._ask(turns, steps, may_call=len(steps) < self._steps and not ended)
            calls: list[ToolCall] = []
            for call in answer.value.calls:
                before = _before(call.name, turns, (*_calls(steps), *calls))
                calls.append(await self._tools.call(call, self._brief.tools, before))
            steps.append(_Step(answer, tuple(calls)))
            ended = ended or any(self._tools.ends(call.name) for call in calls)
        return AgentReply(
            text="\n".join(_words(steps)),
            tool_calls=_calls(steps),
            ended=ended,
            calls=sum(step.answer.attempts for step in steps),
            input_tokens=sum(step.answer.input_tokens for step in steps),
            cached_tokens=sum(step.answer.cached_tokens for step in steps),
            output_tokens=sum(step.answer.output_tokens for step in steps),
        )

    async def aclose(self) -> None:
        """Nothing is held."""

    async def _ask(self, turns: Sequence[Turn], steps: Sequence[_Step], *, may_call: bool) -> Answer[Spoken]:
        """What the model says after the `steps` of this turn."""
        sent = self._messages(turns, steps)

        def make(attempt: int) -> tuple[Request, Any]:
            seed = (self._brief.seed + attempt) % _SEEDS
            request = Request(sent, seed=seed, tools=self._tools.told, may_call=may_call)
            return request, lambda said: _read(said, may_call=may_call)

        try:
            return await self._endpoint.ask(make)
        except CallFailed as failed:
            attempts = failed.failure.attempts + sum(step.answer.attempts for step in steps)
            raise AgentFailed(failed.failure.model_copy(update={"attempts": attempts})) from None

    def _messages(self, turns: Sequence[Turn], steps: Sequence[_Step]) -> tuple[Message, ...]:
        """The system message, the conversation, and this turn's steps, in an order that every server takes."""
        talk = _alternating(messages(turns))
        if not talk or talk[-1]["role"] == "assistant":
            talk.append({"role": "user", "content": SILENCE if turns else JOINS})
        if talk[0]["role"] != "user":
            talk.insert(0, {"role": "user", "content": JOINS})
        prompt = [Message("system", self._brief.system_prompt)] if self._brief.system_prompt.strip() else []
        doing = called(_calls(steps), turns[-1].index + 1 if turns else 0)
        at = 0
        for step in steps:
            doing[at]["content"] = step.answer.value.text or None
            at += 2 * len(step.calls)
        return (*prompt, *(_message(one) for one in (*talk, *doing)))


@dataclass(frozen=True)
class _Step:
    """A reply of the model that calls tools, or the last one; `calls` with what they returned."""

    answer: Answer[Spoken]
    calls: tuple[ToolCall, ...]


def _words(steps: Sequence[_Step]) -> list[str]:
    return [step.answer.value.text for step in steps if step.answer.value.text]


def _calls(steps: Sequence[_Step]) -> tuple[ToolCall, ...]:
    return tuple(call for step in steps for call in step.calls)


def spoken(text: str) -> str:
    """The words of a reply without the thoughts that some models put before them, ``<think>...</think>``.

    Thoughts without an end leave nothing; where only the end is there, as when the server put the beginning into its
    own prompt, what stands before it is left out. Elsewhere in a reply such marks stay.
    """
    text = text.strip()
    for mark in _THOUGHTS:
        start, end = f"<{mark}>", f"</{mark}>"
        before, found, after = text.partition(end)
        if text.startswith(start):
            return after.strip() if found else ""
        if found and start not in before:
            return after.strip()
    return text


def _read(said: str | Spoken, *, may_call: bool) -> Spoken:
    """The reply as it counts. Raises Unreadable where the model says nothing, or calls where it has to speak."""
    if isinstance(said, str):
        said = Spoken(said)
    text = spoken(said.text)
    if not may_call and said.calls and not text:
        raise Unreadable("schema", "the model calls tools where it has to speak; raise max_tool_steps")
    calls = said.calls if may_call else ()
    if not text and not calls:
        raise Unreadable("empty", "the reply holds thoughts and no words")
    return Spoken(text, calls)


def _before(name: str, turns: Sequence[Turn], calls: Sequence[ToolCall]) -> int:
    """How often the tool was called in the contact until now."""
    earlier = [call for turn in turns for call in turn.tool_calls]
    return sum(call.name == name for call in (*earlier, *calls))


def _alternating(talk: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with words of the same side one after the other as one, since many servers refuse them else."""
    joined: list[dict[str, Any]] = []
    for one in talk:
        last = joined[-1] if joined else {}
        words = "tool_calls" not in one and "tool_calls" not in last and one["role"] != "tool"
        if words and last.get("role") == one["role"]:
            last["content"] += f"\n{one['content']}"
        else:
            joined.append(dict(one))
    return joined


def _message(plain: Mapping[str, Any]) -> Message:
    calls = tuple(
        Called(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in plain.get("tool_calls", ())
    )
    return Message(plain["role"], plain["content"] or "", calls, plain.get("tool_call_id"))
