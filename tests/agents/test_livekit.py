"""A LiveKit agent in text mode, with a language model of LiveKit's own kind that is scripted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from evalh.agents import AgentFailed, AgentReply, Brief
from evalh.agents import livekit as module
from evalh.agents.livekit import LiveKitAgentRunner
from evalh.errors import UserError
from evalh.models import LiveKitAgent, ToolCall, Turn

needs_livekit = pytest.mark.skipif(find_spec("livekit") is None, reason="needs LiveKit: pip install 'evalh[livekit]'")
pytestmark = pytest.mark.extra
BRIEF = Brief("case-1.v1", "case-1", 0, 7, "v1", "Be kind.", customer={"due": 12})

BOT = '''
import asyncio

from livekit.agents import Agent, APIConnectionError, APIStatusError, APITimeoutError, RunContext, function_tool, llm
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents.voice.agent_session import SessionConnectOptions

ONCE = SessionConnectOptions(llm_conn_options=APIConnectOptions(max_retry=0))
SEEN = []


def call(name, arguments="{}"):
    return llm.FunctionToolCall(name=name, arguments=arguments, call_id="c1")


class Scripted(llm.LLM):
    def __init__(self, say):
        super().__init__()
        self.say = say

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_):
        return Stream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Stream(llm.LLMStream):
    async def _run(self):
        items = [item for item in self._chat_ctx.items if item.type != "agent_config_update"]
        SEEN.append([getattr(i, "text_content", None) or getattr(i, "output", None) or i.name for i in items])
        said = self._llm.say(items[-1])
        if isinstance(said, Exception):
            raise said
        if isinstance(said, float):
            await asyncio.sleep(said)
        delta = {"content": said} if isinstance(said, str) else {"tool_calls": [said]}
        self._event_ch.send_nowait(llm.ChatChunk(id="x", delta=llm.ChoiceDelta(role="assistant", **delta)))
        used = llm.CompletionUsage(completion_tokens=5, prompt_tokens=10, prompt_cached_tokens=4, total_tokens=15)
        self._event_ch.send_nowait(llm.ChatChunk(id="x", usage=used))


def heard(item):
    return item.text_content if item.type == "message" else ""


class Care(Agent):
    def __init__(self, contact, **more):
        super().__init__(instructions=contact.system_prompt, **more)
        self.due = contact.customer["due"]

    @function_tool
    async def bill(self, month: str) -> dict:
        """The bill of a month."""
        if month == "none":
            raise ValueError("canary of the tool")
        return {"due": self.due}

    @function_tool
    async def hang_up(self, ctx: RunContext) -> str:
        """End the call."""
        ctx.session.shutdown()
        return "said goodbye"


def tools(item):
    if item.type == "function_call_output":
        return f"It says: {item.output}."
    return call("bill", '{"month": "May"}') if "bill" in heard(item) else "Hello."
'''


def runner(root: Path, code: str) -> LiveKitAgentRunner:
    (root / "bot.py").write_text(f"{BOT}\n\n{code}", "utf-8")
    config = LiveKitAgent.model_validate({"kind": "livekit", "function": "bot:agent"})
    return LiveKitAgentRunner(config, root=root)


def talk(root: Path, code: str, *said: str, before: Sequence[Turn] = ()) -> tuple[list[AgentReply], list[list[str]]]:
    """The agent's turns after each of the customer's, and what the model was given each time."""
    made = runner(root, code)

    async def held() -> list[AgentReply]:
        contact, turns, replies = made.contact(BRIEF), list(before), []
        try:
            for text in said:
                turns.append(Turn(index=len(turns), role="customer", text=text))
                replies.append(await contact.reply(turns))
                turns.append(Turn(index=len(turns), role="agent", text=replies[-1].text))
        finally:
            await contact.aclose()
        return replies

    replies = asyncio.run(held())
    seen: list[list[str]] = made._code.loaded.call.__globals__["SEEN"]
    return replies, seen


def failure(root: Path, code: str) -> tuple[str, str]:
    with pytest.raises(AgentFailed) as failed:
        talk(root, code, "Hi.")
    return failed.value.failure.class_, failed.value.failure.message


SIMPLE = "def agent(contact):\n    return Care(contact, llm=Scripted(lambda item: f'Heard: {heard(item)}'))\n"


@needs_livekit
def test_the_agent_answers_with_the_prompt_and_all_that_was_said(tmp_path: Path) -> None:
    replies, seen = talk(tmp_path, SIMPLE, "Hi.", "Bye.")

    assert replies == [
        AgentReply("Heard: Hi.", calls=1, input_tokens=10, cached_tokens=4, output_tokens=5),
        AgentReply("Heard: Bye.", calls=1, input_tokens=10, cached_tokens=4, output_tokens=5),
    ]
    assert seen == [["Be kind.", "Hi."], ["Be kind.", "Hi.", "Heard: Hi.", "Bye."]]


@needs_livekit
@pytest.mark.parametrize("define", ["def", "async def"])
def test_a_function_may_give_settings_of_the_session(tmp_path: Path, define: str) -> None:
    code = f"{define} agent(contact):\n    return Care(contact), {{'llm': Scripted(lambda item: 'Hello.')}}\n"

    assert talk(tmp_path, code, "Hi.")[0][0].text == "Hello."


@needs_livekit
def test_tool_calls_are_kept_with_their_results(tmp_path: Path) -> None:
    (reply,), _ = talk(tmp_path, "def agent(contact):\n    return Care(contact, llm=Scripted(tools))\n", "My bill?")

    assert reply.text == "It says: {'due': 12}."
    assert reply.tool_calls == (ToolCall(name="bill", arguments={"month": "May"}, result="{'due': 12}", error=False),)
    assert (reply.calls, reply.input_tokens) == (2, 20)


@needs_livekit
def test_a_tool_that_fails_is_told_to_the_agent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = """
def say(item):
    return "Sorry." if item.type == "function_call_output" else call("bill", '{"month": "none"}')

def agent(contact):
    return Care(contact, llm=Scripted(say))
"""
    with caplog.at_level(logging.CRITICAL, "livekit"):
        (reply,), _ = talk(tmp_path, code, "My bill?")

    assert reply.text == "Sorry."
    assert [call.error for call in reply.tool_calls] == [True]


@needs_livekit
def test_a_handoff_goes_on_with_the_other_agent(tmp_path: Path) -> None:
    code = """
class First(Care):
    @function_tool
    async def move(self) -> Agent:
        '''Hand over.'''
        return Second()

class Second(Agent):
    def __init__(self):
        super().__init__(instructions="Second.", llm=Scripted(lambda item: "Second: " + heard(item)))

def say(item):
    return call("move") if item.type == "message" else ""

def agent(contact):
    return First(contact, llm=Scripted(say))
"""
    replies, _ = talk(tmp_path, code, "Hi.", "And now?")

    assert [call.name for call in replies[0].tool_calls] == ["move"]
    assert replies[1].text == "Second: And now?"


@needs_livekit
def test_an_agent_may_end_the_contact(tmp_path: Path) -> None:
    code = """
def say(item):
    return "Bye." if item.type == "function_call_output" else call("hang_up")

def agent(contact):
    return Care(contact, llm=Scripted(say))
"""
    (reply,), _ = talk(tmp_path, code, "Bye.")

    assert (reply.text, reply.ended) == ("Bye.", True)


GREETS = """
class Greeter(Care):
    async def on_enter(self):
        await self.session.say("Welcome.")

def agent(contact):
    return Greeter(contact, llm=Scripted(lambda item: f"Heard: {heard(item)}"))
"""


@needs_livekit
def test_a_greeting_of_its_own_opens_the_first_turn(tmp_path: Path) -> None:
    replies, _ = talk(tmp_path, GREETS, "Hi.", "Bye.")

    assert [reply.text for reply in replies] == ["Welcome.\nHeard: Hi.", "Heard: Bye."]


BEFORE = (
    Turn(index=0, role="customer", text="My bill?"),
    Turn(
        index=1,
        role="agent",
        text="It is 12.",
        tool_calls=(
            ToolCall(name="bill", arguments={"month": "May"}, result={"due": 12}),
            ToolCall(name="gone", result="of a tool that is no more"),
        ),
    ),
)


@needs_livekit
def test_what_was_recorded_before_is_history(tmp_path: Path) -> None:
    replies, seen = talk(tmp_path, GREETS, "Thanks.", before=BEFORE)

    assert [reply.text for reply in replies] == ["Heard: Thanks."]
    assert seen == [["Be kind.", "My bill?", "bill", '{"due": 12}', "It is 12.", "Thanks."]]


@needs_livekit
def test_turns_that_were_recorded_in_between_are_history_too(tmp_path: Path) -> None:
    made = runner(tmp_path, SIMPLE)
    said = ("Hi.", "Heard: Hi.", "More.", "Recorded.", "Bye.")
    turns = [Turn(index=at, role=("customer", "agent")[at % 2], text=text) for at, text in enumerate(said)]

    async def held() -> None:
        contact = made.contact(BRIEF)
        await contact.reply(turns[:1])
        await contact.reply(turns)
        await contact.aclose()

    asyncio.run(held())
    assert made._code.loaded.call.__globals__["SEEN"][-1] == ["Be kind.", *said]


@needs_livekit
def test_contacts_go_on_side_by_side(tmp_path: Path) -> None:
    made = runner(tmp_path, SIMPLE)

    async def one(text: str) -> str:
        contact = made.contact(BRIEF)
        reply = await contact.reply([Turn(index=0, role="customer", text=text)])
        await contact.aclose()
        return reply.text

    async def all_() -> list[str]:
        return await asyncio.gather(*(one(f"{number}") for number in range(20)))

    assert asyncio.run(all_()) == [f"Heard: {number}" for number in range(20)]


@needs_livekit
@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        ("APIConnectionError('down')", ("connection", "no connection to the model of the LiveKit agent: down")),
        ("APITimeoutError('slow')", ("timeout", "the model of the LiveKit agent took too long: slow")),
        ("APIStatusError('no', status_code=401)", ("auth", "the model of the LiveKit agent: no")),
        ("APIStatusError('no', status_code=429)", ("rate_limited", "the model of the LiveKit agent: no")),
        ("APIStatusError('no', status_code=503)", ("server", "the model of the LiveKit agent: no")),
        ("APIStatusError('no', status_code=422)", ("bad_request", "the model of the LiveKit agent: no")),
        ("ValueError('odd')", ("raised", "ValueError: odd (bot.py:")),
    ],
)
def test_an_error_of_the_model(tmp_path: Path, raised: str, expected: tuple[str, str]) -> None:
    code = (
        f"def agent(contact):\n    return Care(contact, llm=Scripted(lambda _: {raised})), {{'conn_options': ONCE}}\n"
    )

    class_, message = failure(tmp_path, code)

    assert (class_, message[: len(expected[1])]) == expected


@needs_livekit
@pytest.mark.parametrize(
    ("code", "class_", "said"),
    [
        ("def agent(contact):\n    return 'Hello.'\n", "schema", "the function returned a str; return the Agent"),
        ("def agent(contact):\n    return Care(contact), 5\n", "schema", "the function returned a tuple; return"),
        ("def agent(contact):\n    raise ValueError('no plan')\n", "raised", "ValueError: no plan (bot.py:"),
        ("def agent(contact):\n    return Care(contact), {'nope': 1}\n", "raised", "TypeError: "),
        ("def agent(contact):\n    return Care(contact)\n", "raised", "RuntimeError: "),
    ],
)
def test_a_function_that_makes_no_agent(tmp_path: Path, code: str, class_: str, said: str) -> None:
    found = failure(tmp_path, code)

    assert found[0] == class_
    assert found[1].startswith(said)


@needs_livekit
def test_an_agent_that_says_nothing_gives_no_text(tmp_path: Path) -> None:
    (reply,), _ = talk(tmp_path, "def agent(contact):\n    return Care(contact, llm=Scripted(lambda _: ''))\n", "Hi.")

    assert reply.text == ""


@needs_livekit
def test_an_agent_that_is_out_of_time_is_closed_within_seconds(tmp_path: Path) -> None:
    made = runner(tmp_path, "def agent(contact):\n    return Care(contact, llm=Scripted(lambda _: 60.0))\n")

    async def held() -> None:
        contact = made.contact(BRIEF)
        try:
            async with asyncio.timeout(0.2):
                await contact.reply([Turn(index=0, role="customer", text="Hi.")])
        finally:
            await contact.aclose()

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(held())
    assert time.monotonic() - began < 8


@needs_livekit
def test_the_log_of_livekit_is_not_printed_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = logging.getLogger("livekit")
    monkeypatch.setattr(log, "handlers", [])
    for _ in range(2):
        talk(tmp_path, SIMPLE, "Hi.")

    assert [type(handler) for handler in log.handlers] == [logging.NullHandler]


@needs_livekit
def test_ready_and_id(tmp_path: Path) -> None:
    made = runner(tmp_path, SIMPLE)
    made.ready()

    assert (made.id, made.concurrency, len(made.sha256)) == ("livekit:bot:agent", 8, 64)


def test_without_livekit_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_installed", lambda: False)
    config: Any = {"kind": "livekit", "function": "bot:agent"}

    with pytest.raises(UserError, match=r"need the package livekit-agents: pip install 'evalh\[livekit\]'"):
        LiveKitAgentRunner(LiveKitAgent.model_validate(config), root=tmp_path).ready()
