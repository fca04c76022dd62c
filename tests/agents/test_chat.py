from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.agents.contacts import HELLO, brief, chat, failure, held, said, turns

from evalh.agents.chat import JOINS, SILENCE, spoken
from evalh.errors import Stopped, UserError
from evalh.llm import Budget
from evalh.llm.retry import Clock
from evalh.models import FailureClass, ToolCall, Turn
from evalh.testing import Fault, Reply, StubEndpoint, tool_call

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CANARY = "sk-canary-0123456789abcdef"
FIND: dict[str, Any] = {"name": "find", "description": "Finds an account.", "result": {"plan": "UNL"}}
WORDS_OF_JUDGES = {
    Fault.NOT_JSON, Fault.UNFINISHED, Fault.TWO_OBJECTS, Fault.DUPLICATE_KEYS, Fault.PROSE_AROUND, Fault.CODE_FENCE,
    Fault.WRONG_NONCE, Fault.NO_NONCE, Fault.MISSING_KEY, Fault.EXTRA_KEY, Fault.NOT_AN_OBJECT, Fault.NAN,
    Fault.INFINITY, Fault.OVERFLOWING, Fault.OUT_OF_RANGE, Fault.NUMBER_AS_TEXT, Fault.NUMBER_AS_BOOL,
    Fault.DEEP_CONTENT,
}  # fmt: skip
"""They spoil what a verdict says; an agent may say anything."""
SLOW = {Fault.DRIP, Fault.HANG, Fault.RATE_LIMITED_RETRY_AFTER}


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts are no longer than a moment."""
    monkeypatch.setattr("evalh.llm.client.Clock", lambda: Clock(random=lambda: 0.0))


def saying(*replies: Reply | str) -> Callable[[dict[str, Any]], Reply | str]:
    """The replies, one a request."""
    left: Iterator[Reply | str] = iter(replies)
    return lambda _: next(left)


def calls(*called: dict[str, Any], content: str | None = None) -> Reply:
    return Reply(content, finish_reason="tool_calls", tool_calls=list(called))


def sent(stub: StubEndpoint, at: int = -1) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = stub.requests[at].body["messages"]
    return messages


# --- a turn ---


def test_the_prompt_is_the_system_message_and_the_conversation_follows() -> None:
    with StubEndpoint(saying("  Let me help.\n")) as stub:
        reply = held(chat(stub.base_url, temperature=0.3), (HELLO, Turn(role="agent", text="Oh?"), HELLO))

    assert reply.text == "Let me help."
    assert (reply.calls, reply.ended, reply.tool_calls) == (1, False, ())
    assert reply.input_tokens > 0
    assert reply.output_tokens > 0
    assert sent(stub) == [
        {"role": "system", "content": "You are Nora."},
        {"role": "user", "content": "My card is declined."},
        {"role": "assistant", "content": "Oh?"},
        {"role": "user", "content": "My card is declined."},
    ]
    body = stub.requests[0].body
    assert (body["seed"], body["temperature"], body["max_tokens"]) == (7, 0.3, 1024)
    assert body.keys().isdisjoint({"tools", "tool_choice", "response_format"})


def test_without_a_prompt_there_is_no_system_message() -> None:
    with StubEndpoint(saying("Hi.")) as stub:
        held(chat(stub.base_url), to=brief(system_prompt=" "))

    assert [message["role"] for message in sent(stub)] == ["user"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), [("user", JOINS)]),
        ((Turn(role="agent", text="Nora here."),), [("user", JOINS), ("assistant", "Nora here."), ("user", SILENCE)]),
        (
            (Turn(role="agent", text="Nora here."), HELLO),
            [("user", JOINS), ("assistant", "Nora here."), ("user", "My card is declined.")],
        ),
        (
            (HELLO, Turn(role="agent", text="Yes?"), Turn(role="customer", text=" ")),
            [("user", "My card is declined."), ("assistant", "Yes?"), ("user", SILENCE)],
        ),
        ((HELLO, HELLO), [("user", "My card is declined.\nMy card is declined.")]),
        (
            (HELLO, Turn(role="agent", text="One."), Turn(role="human_agent", text="Two."), HELLO),
            [("user", "My card is declined."), ("assistant", "One.\nTwo."), ("user", "My card is declined.")],
        ),
    ],
)
def test_the_user_begins_and_ends_and_both_sides_alternate(
    given: tuple[Turn, ...], expected: list[tuple[str, str]]
) -> None:
    with StubEndpoint(saying("Hi.")) as stub:
        held(chat(stub.base_url), given)

    assert [(message["role"], message["content"]) for message in sent(stub)[1:]] == expected


def test_words_with_placeholders_are_never_filled() -> None:
    sly = "{{customer.plan}} {0} %s ${x} \\{{offers}}"
    agent = Turn(role="agent", text=sly, tool_calls=(ToolCall(name="find", result=sly),))
    with StubEndpoint(saying(calls(tool_call("find")), sly)) as stub:
        tools = [{"name": "find", "result": sly}]
        reply = held(
            chat(stub.base_url, tools=tools),
            (Turn(role="customer", text=sly), agent, Turn(role="customer", text=sly)),
            brief(customer={"plan": "SECRET"}),
        )

    assert reply.text == sly
    assert [message["content"] for message in sent(stub)[1:] if message["content"] is not None] == [sly] * 5


# --- tools ---


def test_tools_are_called_and_their_results_told() -> None:
    script = saying(calls(tool_call("find", {"last4": "42"}, "abc"), content="Let me look."), "You have UNL.")
    with StubEndpoint(script) as stub:
        reply = held(chat(stub.base_url, tools=[FIND]))

    assert reply.text == "Let me look.\nYou have UNL."
    assert reply.calls == 2
    assert reply.tool_calls == (ToolCall(name="find", arguments={"last4": "42"}, result={"plan": "UNL"}, error=False),)
    assert stub.requests[0].body["tools"][0]["function"]["name"] == "find"
    assert "tool_choice" not in stub.requests[1].body
    called, result = sent(stub)[-2:]
    assert called["content"] == "Let me look."
    assert called["tool_calls"][0]["function"] == {"name": "find", "arguments": '{"last4": "42"}'}
    assert result == {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": '{"plan": "UNL"}'}


def test_a_recorded_turn_gives_the_same_request_as_the_one_that_was_held() -> None:
    """All but the place of the words between calls, which a turn does not tell."""
    script = saying(calls(tool_call("find", {"a": 1}, "random-1"), tool_call("find", {}, "random-2")), "Done.", "Bye.")
    with StubEndpoint(script) as stub:
        reply = held(chat(stub.base_url, tools=[FIND]))
        held(chat(stub.base_url, tools=[FIND]), (HELLO, said(reply), HELLO))

    live, replayed = sent(stub, 1), sent(stub, 2)
    assert replayed[: len(live)] == live
    assert "random" not in json.dumps(replayed)


def test_results_of_the_case_are_counted_over_the_whole_contact() -> None:
    before = Turn(role="agent", text="x", tool_calls=(ToolCall(name="find"), ToolCall(name="other")))
    script = saying(calls(tool_call("find"), tool_call("find")), calls(tool_call("find")), "Done.")
    with StubEndpoint(script) as stub:
        reply = held(chat(stub.base_url, tools=[FIND]), (HELLO, before, HELLO), brief(tools={"find": [1, 2, 3]}))

    assert [call.result for call in reply.tool_calls] == [2, 3, 3]


@pytest.mark.parametrize(("name", "arguments"), [("fnid", "{}"), ("find", '{"last4": ')])
def test_a_mistake_of_the_model_is_told_to_it_and_kept(name: str, arguments: str) -> None:
    with StubEndpoint(saying(calls(tool_call(name, arguments)), "Sorry.")) as stub:
        reply = held(chat(stub.base_url, tools=[FIND]))

    assert reply.text == "Sorry."
    assert reply.tool_calls[0].error is True
    assert json.loads(sent(stub)[-1]["content"]).keys() == {"error"}
    json.loads(sent(stub)[-2]["tool_calls"][0]["function"]["arguments"])


def test_a_functions_error_is_told_and_never_speech(tmp_path: Path) -> None:
    (tmp_path / "desk.py").write_text("def find():\n    raise RuntimeError('the desk burns')\n")
    with StubEndpoint(saying(calls(tool_call("find")), "I cannot look now.")) as stub:
        reply = held(chat(stub.base_url, tmp_path, tools=[{"name": "find", "function": "desk:find"}]))

    assert reply.text == "I cannot look now."
    assert reply.tool_calls[0].result == {"error": "RuntimeError: the desk burns"}


def test_after_so_many_steps_the_model_has_to_speak() -> None:
    script = saying(*[calls(tool_call("find"))] * 3, "At last.")
    with StubEndpoint(script) as stub:
        reply = held(chat(stub.base_url, tools=[FIND], max_tool_steps=3))

    assert reply.text == "At last."
    assert len(reply.tool_calls) == 3
    assert [request.body.get("tool_choice") for request in stub.requests] == [None, None, None, "none"]
    assert "tools" in stub.requests[-1].body


def test_a_model_that_only_calls_tools_fails() -> None:
    with StubEndpoint(lambda _: calls(tool_call("find"))) as stub:
        found = failure(chat(stub.base_url, tools=[FIND], max_tool_steps=2))

    assert (found.class_, found.attempts) == ("schema", 5)
    assert "raise max_tool_steps" in found.message


def test_calls_beside_the_last_words_are_left_out() -> None:
    script = saying(calls(tool_call("find")), calls(tool_call("find"), content="Done."))
    with StubEndpoint(script) as stub:
        reply = held(chat(stub.base_url, tools=[FIND], max_tool_steps=1))

    assert (reply.text, len(reply.tool_calls)) == ("Done.", 1)


@pytest.mark.parametrize(
    "broken",
    [
        [{"id": "x", "type": "function", "function": {"arguments": "{}"}}],
        [{"id": "x", "type": "function", "function": {"name": "", "arguments": "{}"}}],
        [{"id": "x", "type": "function", "function": {"name": "rm -rf /", "arguments": "{}"}}],
        [{"id": "x", "type": "function", "function": {"name": "find", "arguments": [1]}}],
        [{"id": "x"}],
        ["find"],
        "find",
        {"name": "find"},
        [tool_call("find")] * 65,
    ],
)
def test_calls_that_cannot_be_read_are_asked_for_again(broken: Any) -> None:
    with StubEndpoint(saying(Reply("text", tool_calls=broken), "Fine.")) as stub:
        assert held(chat(stub.base_url, tools=[FIND])).text == "Fine."
    with StubEndpoint(lambda _: Reply("text", tool_calls=broken)) as stub:
        assert failure(chat(stub.base_url, tools=[FIND])).class_ == "schema"


@pytest.mark.parametrize("arguments", [None, "", {}])
def test_arguments_that_are_left_out_are_none(arguments: Any) -> None:
    bare = [{"function": {"name": "find", "arguments": arguments}}]
    with StubEndpoint(saying(Reply(None, tool_calls=bare, finish_reason="odd"), "Fine.")) as stub:
        reply = held(chat(stub.base_url, tools=[FIND]))

    assert reply.tool_calls[0].arguments == {}
    assert reply.tool_calls[0].error is False


def test_arguments_that_come_as_an_object_are_read() -> None:
    bare = [{"id": None, "function": {"name": "find", "arguments": {"b": 1, "a": 2}}}]
    with StubEndpoint(saying(Reply("", tool_calls=bare), "Fine.")) as stub:
        assert held(chat(stub.base_url, tools=[FIND])).tool_calls[0].arguments == {"a": 2, "b": 1}


def test_an_empty_list_of_calls_is_none() -> None:
    with StubEndpoint(saying(Reply("Hi.", tool_calls=[]))) as stub:
        assert held(chat(stub.base_url, tools=[FIND])).text == "Hi."


# --- the end ---


def test_a_tool_that_hangs_up_ends_the_contact_with_the_words_beside_it() -> None:
    with StubEndpoint(saying(calls(tool_call("hang_up"), content="Goodbye!"))) as stub:
        reply = held(chat(stub.base_url, tools=[{"name": "hang_up"}]))

    assert (reply.text, reply.ended, len(stub.requests)) == ("Goodbye!", True, 1)
    assert [call.name for call in reply.tool_calls] == ["hang_up"]


def test_without_words_the_model_is_asked_for_its_last_ones() -> None:
    with StubEndpoint(saying(calls(tool_call("end_call")), "Goodbye!")) as stub:
        reply = held(chat(stub.base_url, tools=[{"name": "end_call"}]))

    assert (reply.text, reply.ended) == ("Goodbye!", True)
    assert stub.requests[1].body["tool_choice"] == "none"


def test_a_tool_of_that_name_that_is_not_declared_ends_nothing() -> None:
    with StubEndpoint(saying(calls(tool_call("end_call"), content="Bye."), "Still here.")) as stub:
        reply = held(chat(stub.base_url, tools=[FIND]))

    assert (reply.ended, reply.text) == (False, "Bye.\nStill here.")


# --- thoughts ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>\nThe user wants ...\n</think>\n\nHello.", "Hello."),
        ("<thinking>a</thinking>b", "b"),
        ("the user wants ...</think>Hello.", "Hello."),
        ("<think>never ends", ""),
        ("<think></think>", ""),
        ("Use the <think> tag, then </think>.", "Use the <think> tag, then </think>."),
        ("Hello <b>you</b>.", "Hello <b>you</b>."),
        ("  plain \n", "plain"),
    ],
)
def test_thoughts_before_the_words_are_no_speech(text: str, expected: str) -> None:
    assert spoken(text) == expected


def test_a_reply_of_thoughts_alone_is_asked_for_again_with_another_seed_and_then_fails() -> None:
    with StubEndpoint(lambda _: "<think>hm</think>") as stub:
        found = failure(chat(stub.base_url))

    assert (found.class_, found.attempts) == ("empty", 3)
    assert [request.body["seed"] for request in stub.requests] == [7, 8, 9]


def test_thoughts_beside_calls_are_left_out() -> None:
    script = saying(calls(tool_call("find"), content="<think>hm</think>"), "Done.")
    with StubEndpoint(script) as stub:
        assert held(chat(stub.base_url, tools=[FIND])).text == "Done."
    assert sent(stub)[-2]["content"] is None


def test_strange_thoughts_take_no_time() -> None:
    assert spoken("<think>" * 100_000) == ""
    assert spoken("</think" * 100_000)


# --- what goes wrong ---


def expected_class(fault: Fault) -> FailureClass | None:
    """The class of a fault; None where an agent's turn comes all the same."""
    if fault in WORDS_OF_JUDGES:
        return None
    if fault in (Fault.NO_FORMAT_400, Fault.NO_FORMAT_500):
        return "bad_request" if fault == Fault.NO_FORMAT_400 else "server"
    return fault.failure_class


@pytest.mark.parametrize("tools", [[], [FIND]], ids=["words", "tools"])
@pytest.mark.parametrize("fault", sorted(set(Fault)))
def test_every_fault_fails_the_turn_with_its_class(fault: Fault, tools: list[Any]) -> None:
    expected = expected_class(fault)
    seconds = 0.5 if fault in SLOW else 20.0
    with StubEndpoint(lambda _: "Hello.", faults=fault) as stub:
        agent = chat(stub.base_url, tools=tools, timeout=seconds)
        if expected is None:
            assert held(agent).text
            return
        found = failure(agent)

    assert found.class_ == expected
    assert found.message
    assert "\n" not in found.message


def test_a_fault_after_a_call_fails_the_turn_and_counts_all_requests() -> None:
    script = saying(calls(tool_call("find")), "never")
    with StubEndpoint(script, faults=[None, Fault.UNAUTHORIZED]) as stub:
        found = failure(chat(stub.base_url, tools=[FIND]))

    assert (found.class_, found.attempts) == ("auth", 2)


def test_a_turn_is_given_no_longer_than_configured() -> None:
    with StubEndpoint(faults=Fault.HANG) as stub:
        found = failure(chat(stub.base_url, timeout=60.0, reply_timeout=0.3))

    assert (found.class_, found.message) == ("timeout", "no whole answer within 0.3 s")


def test_a_limit_stops_the_run_and_is_no_failure_of_the_agent() -> None:
    with StubEndpoint(lambda _: "Hi.") as stub, pytest.raises(Stopped, match="--max-calls"):
        held(chat(stub.base_url, budget=Budget(max_calls=0)))


def test_a_key_that_is_not_set_is_told_before_anything_is_asked() -> None:
    with pytest.raises(UserError, match="EVALH_NO_KEY, which should hold the key, is not set"):
        chat("http://127.0.0.1:9/v1", api_key_env="EVALH_NO_KEY").ready()


def test_the_key_is_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALH_CANARY", CANARY)
    (tmp_path / "desk.py").write_text(f"def find(**_):\n    raise RuntimeError('refused {CANARY}')\n")
    find = {"name": "find", "function": "desk:find"}
    echo = calls(tool_call("find", {"key": CANARY}, CANARY), content=f"my key is {CANARY}")
    with StubEndpoint(saying(echo, f"again {CANARY}")) as stub:
        reply = held(chat(stub.base_url, tmp_path, api_key_env="EVALH_CANARY", tools=[find]))
    assert stub.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in repr(reply)
    assert all(CANARY not in json.dumps(request.body) for request in stub.requests)

    with StubEndpoint(lambda _: Reply(CANARY, tool_calls="odd")) as stub:
        found = failure(chat(stub.base_url, api_key_env="EVALH_CANARY", tools=[find], root=tmp_path))
    assert CANARY not in found.model_dump_json()


# --- what the digest is of ---


def test_the_digest_is_of_all_that_a_turn_depends_on_and_of_nothing_else(tmp_path: Path) -> None:
    base = chat("http://127.0.0.1:9/v1", tools=[FIND]).sha256

    for same in ({"concurrency": 3}, {"timeout": 9.0}, {"reply_timeout": 9.0}, {"max_chars": 9}, {"greeting": "Hi"}):
        assert chat("http://127.0.0.1:9/v1", tools=[FIND], **same).sha256 == base
    others: list[dict[str, Any]] = [
        {"model": "other"}, {"temperature": 0.1}, {"seed": 1}, {"max_tokens": 99}, {"extra_body": {"top_k": 1}},
        {"tools": []}, {"tools": [{**FIND, "result": None}]}, {"tools": [{**FIND, "description": ""}]},
        {"max_tool_steps": 2},
    ]  # fmt: skip
    digests = {chat("http://127.0.0.1:9/v1", **{"tools": [FIND], **other}).sha256 for other in others}
    assert len(digests | {base, chat("http://127.0.0.1:8/v1", tools=[FIND]).sha256}) == len(others) + 2


def test_the_name_is_of_the_model() -> None:
    assert chat("http://127.0.0.1:9/v1", model="gpt-x").id == "chat:gpt-x"
    assert chat("http://127.0.0.1:9/v1", concurrency=3).concurrency == 3


def test_many_contacts_go_on_side_by_side() -> None:
    async def hold(base_url: str) -> list[str]:
        agent = chat(base_url, concurrency=10)
        contacts = [agent.contact(brief(seed=number)) for number in range(30)]
        random.Random(1).shuffle(contacts)
        try:
            replies = await asyncio.gather(*(contact.reply(turns(HELLO)) for contact in contacts))
        finally:
            await agent.aclose()
        return [reply.text for reply in replies]

    with StubEndpoint(lambda body: str(body["seed"]), latency=0.05) as stub:
        found = asyncio.run(hold(stub.base_url))

    assert sorted(found, key=int) == [str(number) for number in range(30)]
    assert stub.in_flight_peak == 10
