"""A Python function as the agent under test: what it is given, what it may return, and how it may fail."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalh.agents import AgentFailed, AgentReply, Brief, Declared
from evalh.agents.function import FunctionAgentRunner
from evalh.errors import BadConfig, Stopped
from evalh.models import FunctionAgent, ToolCall, Turn

BRIEF = Brief("case-1.v1", "case-1", 0, 7, "v1", "Be kind.", parameters={"pitch": "once"}, customer={"plan": ["Basic"]})
HELLO = (Turn(index=0, role="customer", text="My bill is wrong."),)


def agent(root: Path, code: str, name: str = "reply", **config: Any) -> FunctionAgentRunner:
    (root / "bot.py").write_text(code, "utf-8")
    config = {"kind": "function", "function": f"bot:{name}", **config}
    return FunctionAgentRunner(FunctionAgent.model_validate(config), root=root)


def ask(root: Path, code: str, turns: Sequence[Turn] = HELLO) -> AgentReply:
    return asyncio.run(agent(root, code).contact(BRIEF).reply(turns))


def failure(root: Path, code: str) -> tuple[str, str]:
    with pytest.raises(AgentFailed) as failed:
        ask(root, code)
    assert failed.value.__cause__ is None
    return failed.value.failure.class_, failed.value.failure.message


def test_a_text_is_the_turn(tmp_path: Path) -> None:
    assert ask(tmp_path, "def reply(contact):\n    return 'Hello.'\n") == AgentReply("Hello.")


def test_an_async_function_is_awaited(tmp_path: Path) -> None:
    code = "import asyncio\n\nasync def reply(contact):\n    await asyncio.sleep(0)\n    return 'Hello.'\n"

    assert ask(tmp_path, code).text == "Hello."


@pytest.mark.parametrize(
    "code",
    [
        "import functools\nasync def say(word, _):\n    return word\nreply = functools.partial(say, 'Hello.')\n",
        "async def said(contact):\n    return 'Hello.'\ndef reply(contact):\n    return said(contact)\n",
        "class R:\n    async def __call__(self, contact):\n        return 'Hello.'\nreply = R()\n",
        "class R:\n    def __call__(self, contact):\n        return 'Hello.'\nreply = R()\n",
        "reply = lambda contact: 'Hello.'\n",
    ],
)
def test_anything_that_can_be_called(tmp_path: Path, code: str) -> None:
    assert ask(tmp_path, code).text == "Hello."


def test_what_a_function_is_given(tmp_path: Path) -> None:
    code = """
def reply(contact):
    return "|".join(map(str, [
        contact.case, contact.seed, contact.prompt_version, contact.system_prompt, contact.parameters["pitch"],
        contact.customer["plan"], contact.heard, len(contact.turns), contact.messages[-1],
    ]))
"""
    assert ask(tmp_path, code).text == (
        "case-1|7|v1|Be kind.|once|['Basic']|My bill is wrong.|1|{'role': 'user', 'content': 'My bill is wrong.'}"
    )


def test_nothing_was_heard_where_the_agent_speaks_first(tmp_path: Path) -> None:
    assert ask(tmp_path, "def reply(contact):\n    return repr(contact.heard)\n", ()).text == "''"


def test_what_a_function_changes_is_seen_by_no_other(tmp_path: Path) -> None:
    code = "def reply(contact):\n    contact.customer['plan'].append('x')\n    return str(contact.customer)\n"
    runner = agent(tmp_path, code)

    said = [asyncio.run(runner.contact(BRIEF).reply(HELLO)).text for _ in range(2)]

    assert said == ["{'plan': ['Basic', 'x']}"] * 2
    assert BRIEF.customer == {"plan": ["Basic"]}


def test_a_dict_with_everything(tmp_path: Path) -> None:
    code = """
from evalh.agents import Declared

def reply(contact):
    return {
        "text": "Done.",
        "tool_calls": [{"name": "bill", "arguments": {"month": 5}, "result": {"due": 12}}],
        "ended": True,
        "declares": [{"act": "pitch", "offer": "extra"}, Declared("answer")],
    }
"""
    assert ask(tmp_path, code) == AgentReply(
        "Done.",
        (ToolCall(name="bill", arguments={"month": 5}, result={"due": 12}),),
        ended=True,
        declares=(Declared("pitch", "extra"), Declared("answer")),
    )


def test_arguments_may_be_text(tmp_path: Path) -> None:
    calls = """[{"name": "a", "arguments": '{"x": 1}'}, {"name": "b", "arguments": "{x"}]"""
    reply = ask(tmp_path, f"def reply(contact):\n    return {{'text': 'Hi.', 'tool_calls': {calls}}}\n")

    assert [call.arguments for call in reply.tool_calls] == [{"x": 1}, "{x"]


def test_a_reply_with_its_tokens(tmp_path: Path) -> None:
    code = """
from evalh.agents import AgentReply, Declared

def reply(contact):
    return AgentReply("Hi.", declares=(Declared("pitch", "extra"),), calls=3, input_tokens=5, output_tokens=2)
"""
    expected = AgentReply("Hi.", declares=(Declared("pitch", "extra"),), calls=3, input_tokens=5, output_tokens=2)
    assert ask(tmp_path, code) == expected


def test_messages_that_the_agent_added(tmp_path: Path) -> None:
    code = """
def reply(contact):
    call = {"id": "call_x", "type": "function", "function": {"name": "bill", "arguments": '{"month": 5}'}}
    return [
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_x", "content": "12"},
        {"role": "assistant", "content": [{"type": "text", "text": "It is 12."}]},
    ]
"""
    assert ask(tmp_path, code) == AgentReply(
        "Let me see.\nIt is 12.", (ToolCall(name="bill", arguments={"month": 5}, result="12"),)
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("None", "the function returned nothing; return text, a dict, a list of messages or an AgentReply"),
        ("['Hello.']", "the function returned messages[0]: should be an object, found 'Hello.'"),
        ("[{'role': 'robot', 'content': ''}]", "the function returned messages[0].role: unknown speaker 'robot'"),
        ("[{'role': 'user', 'content': 'x'}]", "the function returned messages[0]: a message of the customer; return"),
        ("[{'role': 'tool', 'content': {1}}]", "the function returned messages[0].content: "),
        ("b'Hello.'", "the function returned a value of type bytes"),
        ("{'txt': 'Hello.'}", "the function returned unknown key 'txt'; did you mean 'text'?"),
        ("{'text': 5}", "the function returned text: should be text, found 5"),
        ("{'text': None}", "the function returned text: "),
        ("{1: 'Hello.'}", "the function returned a dict with the key 1; keys are text"),
        ("{'text': '', 'ended': 'perhaps'}", "the function returned ended: "),
        ("{'text': '', 'tool_calls': [{}]}", "the function returned tool_calls[0].name: is missing"),
        ("{'text': '', 'tool_calls': [{'name': 'x', 'result': {1, 2}}]}", "the function returned tool_calls[0].result"),
        ("{'text': '', 'declares': [{'act': 'sell'}]}", "the function returned declares[0].act: "),
        ("{'text': '', 'declares': 'pitch'}", "the function returned declares: should be a list, found 'pitch'"),
        ("__import__('evalh.agents').agents.AgentReply(7)", "the function returned text: "),
    ],
)
def test_what_is_no_turn(tmp_path: Path, value: str, said: str) -> None:
    class_, message = failure(tmp_path, f"def reply(contact):\n    return {value}\n")

    assert class_ == "schema"
    assert message.startswith(said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise ValueError('no plan')", "ValueError: no plan (bot.py:2)"),
        ("raise ValueError", "ValueError (bot.py:2)"),
        ("raise KeyError('a')", "KeyError: 'a' (bot.py:2)"),
        ("raise ValueError('one\\ntwo')", "ValueError: one (bot.py:2)"),
        ("raise SystemExit(1)", "SystemExit: 1 (bot.py:2)"),
        ("import asyncio; raise asyncio.CancelledError", "CancelledError (bot.py:2)"),
        ("raise BaseException('x')", "BaseException: x (bot.py:2)"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (bot.py:2)"),
        ("return 1 / 0", "ZeroDivisionError: division by zero (bot.py:2)"),
        ("from .nope import x", "ModuleNotFoundError: No module named 'nope' (bot.py:2)"),
    ],
)
@pytest.mark.parametrize("define", ["def", "async def"])
def test_a_function_that_raises(tmp_path: Path, define: str, line: str, said: str) -> None:
    assert failure(tmp_path, f"{define} reply(contact):\n    {line}\n") == ("raised", said)


@pytest.mark.parametrize(
    ("define", "said"),
    [("def", "StopIteration (bot.py:2)"), ("async def", "RuntimeError: coroutine raised StopIteration")],
)
def test_a_function_that_is_out_of_answers(tmp_path: Path, define: str, said: str) -> None:
    """StopIteration means something else to the loop that waits for the answer."""
    code = f"{define} reply(contact):\n    return next(iter(()))\n"
    assert failure(tmp_path, code) == ("raised", said)


def test_an_error_that_cannot_be_printed(tmp_path: Path) -> None:
    code = """
class Odd(Exception):
    def __str__(self):
        raise ValueError("twice")

def reply(contact):
    raise Odd
"""
    assert failure(tmp_path, code) == ("raised", "Odd (bot.py:7)")


def test_a_message_holds_no_key_and_no_personal_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_API_KEY", "canary-8817")
    said = "'401 for canary-8817, sk-abcdef12345, jo@example.com ' + 'x' * 999"
    code = f"def reply(contact):\n    raise ValueError({said})\n"

    class_, message = failure(tmp_path, code)

    assert class_ == "raised"
    assert len(message) <= 400
    for secret in ("canary-8817", "abcdef12345", "jo@example.com"):
        assert secret not in message


def test_a_limit_that_is_reached_is_no_error_of_the_agent(tmp_path: Path) -> None:
    code = "from evalh.errors import Stopped\n\ndef reply(contact):\n    raise Stopped('enough')\n"
    with pytest.raises(Stopped, match="enough"):
        ask(tmp_path, code)


def test_a_function_may_say_itself_why_it_failed(tmp_path: Path) -> None:
    code = """
from evalh.agents import AgentFailed
from evalh.models import Failure

def reply(contact):
    raise AgentFailed(Failure(class_="quota", message="no credit"))
"""
    assert failure(tmp_path, code) == ("quota", "no credit")


def test_a_function_that_never_ends_is_told_to(tmp_path: Path) -> None:
    runner = agent(tmp_path, "def reply(contact):\n    while True:\n        pass\n")

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runner.contact(BRIEF).reply(HELLO), 0.05)

    asyncio.run(run())
    until = time.monotonic() + 5
    while any(thread.name == "evalh-agent" for thread in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)

    assert not any(thread.name == "evalh-agent" for thread in threading.enumerate())


def test_an_async_function_that_blocks_holds_up_nothing_else(tmp_path: Path) -> None:
    """What is waited for elsewhere can run out of time."""
    runner = agent(tmp_path, "import time\n\nasync def reply(contact):\n    time.sleep(0.5)\n    return 'late'\n")

    async def run() -> float:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runner.contact(BRIEF).reply(HELLO), 0.05)
        return time.monotonic() - began

    assert asyncio.run(run()) < 0.4


def test_what_a_module_keeps_serves_the_next_run_too(tmp_path: Path) -> None:
    """A client that is made with the first turn belongs to the loop that it was made in."""
    runner = agent(
        tmp_path,
        "import asyncio\nloops = set()\n\nasync def reply(contact):\n"
        "    loops.add(asyncio.get_running_loop())\n    return f'{len(loops)}'\n",
    )

    assert [asyncio.run(runner.contact(BRIEF).reply(HELLO)).text for _ in range(2)] == ["1", "1"]


SLEEPS = "import time\n\ndef reply(contact):\n    time.sleep(0.3)\n    return 'late'\n"


def test_a_plain_function_holds_nobody_up(tmp_path: Path) -> None:
    runner = agent(tmp_path, SLEEPS)
    ticks = 0

    async def run() -> list[AgentReply]:
        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        said = await asyncio.gather(*(runner.contact(BRIEF).reply(HELLO) for _ in range(40)))
        ticking.cancel()
        return said

    began = time.monotonic()
    assert len(asyncio.run(run())) == 40
    assert time.monotonic() - began < 3
    assert ticks > 5


def test_a_function_that_is_out_of_time_is_not_waited_for(tmp_path: Path) -> None:
    runner = agent(tmp_path, "import time\n\ndef reply(contact):\n    time.sleep(3)\n    return 'late'\n")

    async def run() -> None:
        async with asyncio.timeout(0.1):
            await runner.contact(BRIEF).reply(HELLO)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert time.monotonic() - began < 2
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "evalh-agent")


def test_an_answer_that_nobody_waits_for_is_dropped(tmp_path: Path) -> None:
    runner = agent(tmp_path, SLEEPS)

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await runner.contact(BRIEF).reply(HELLO)
        await asyncio.sleep(0.4)

    asyncio.run(run())


def test_a_class_is_made_once_a_contact(tmp_path: Path) -> None:
    code = """
class Reply:
    def __init__(self, contact):
        self.words = [contact.case]

    async def reply(self, contact):
        self.words.append(contact.heard)
        return " ".join(self.words)
"""
    runner = agent(tmp_path, code, "Reply")
    runner.ready()
    second = (*HELLO, Turn(index=1, role="agent", text="Yes?"), Turn(index=2, role="customer", text="Well."))

    async def run() -> list[str]:
        one, other = runner.contact(BRIEF), runner.contact(BRIEF)
        asked = ((one, HELLO), (one, second), (other, HELLO))
        return [(await contact.reply(turns)).text for contact, turns in asked]

    assert asyncio.run(run()) == [
        "case-1 My bill is wrong.",
        "case-1 My bill is wrong. Well.",
        "case-1 My bill is wrong.",
    ]


def test_a_class_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    runner = agent(tmp_path, "class Reply:\n    def reply(self, contact): ...\n", "Reply")

    with pytest.raises(AgentFailed, match=r"TypeError: Reply\(\) takes no arguments"):
        asyncio.run(runner.contact(BRIEF).reply(HELLO))


def test_ready_refuses_what_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"bot\.py: the class 'Reply' has no method 'reply'; add: def reply"):
        agent(tmp_path, "class Reply: ...\n", "Reply").ready()
    with pytest.raises(BadConfig, match="has no function 'answer'"):
        agent(tmp_path, "", "answer").ready()


def test_id_digest_and_concurrency_import_nothing(tmp_path: Path) -> None:
    runner = agent(tmp_path, "raise RuntimeError\n", concurrency=3)

    assert (runner.id, runner.concurrency, len(runner.sha256)) == ("function:bot:reply", 3, 64)
