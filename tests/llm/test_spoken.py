"""Words and calls of tools through the client; what an agent makes of them is tested with the agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.llm.asking import ask, endpoint, run

from evalh.llm import Answer, Budget, Called, Message, Request, Spoken
from evalh.models import EndpointConfig, Failure
from evalh.models.endpoint import Prices
from evalh.testing import Reply, StubEndpoint, tool_call

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
CANARY = "sk-canary-0123456789abcdef"


def asked(
    stub: StubEndpoint, *messages: Message, tools: Sequence[Any] = (TOOL,), may_call: bool = True, **changes: Any
) -> Answer[Any] | Failure:
    sent = messages or (Message("user", "Hi."),)
    request = Request(sent, tools=tuple(tools), may_call=may_call)
    found: list[Answer[Any] | Failure] = run(ask(endpoint(stub, **changes), 1, lambda _: (request, lambda said: said)))
    return found[0]


def test_words_and_calls_are_given_to_the_reader() -> None:
    with StubEndpoint(lambda _: Reply("Wait.", tool_calls=[tool_call("find", '{"a": 1}', "x")])) as stub:
        found = asked(stub)

    assert isinstance(found, Answer)
    assert found.value == Spoken("Wait.", (Called("x", "find", '{"a": 1}'),))
    assert found.text == "Wait."
    assert (stub.requests[0].body["tools"], "tool_choice" in stub.requests[0].body) == ([TOOL], False)


def test_calls_without_words_are_no_empty_reply() -> None:
    with StubEndpoint(lambda _: Reply(None, tool_calls=[tool_call("find")])) as stub:
        found = asked(stub)

    assert isinstance(found, Answer)
    assert found.value == Spoken("", (Called("call_1", "find", "{}"),))


def test_where_no_tools_were_given_calls_are_nothing() -> None:
    with StubEndpoint(lambda _: Reply(None, tool_calls=[tool_call("find")])) as stub:
        found = asked(stub, tools=())

    assert isinstance(found, Failure)
    assert found.class_ == "empty"


@pytest.mark.parametrize(("reason", "class_"), [("length", "truncated"), ("content_filter", "refusal")])
def test_calls_that_were_cut_off_are_not_believed(reason: str, class_: str) -> None:
    with StubEndpoint(lambda _: Reply(None, tool_calls=[tool_call("find")], finish_reason=reason)) as stub:
        found = asked(stub)

    assert isinstance(found, Failure)
    assert (found.class_, found.finish_reason) == (class_, reason)


def test_messages_with_calls_and_results_have_the_shape_of_the_api() -> None:
    with StubEndpoint(lambda _: "Done.") as stub:
        asked(
            stub,
            Message("user", "Hi."),
            Message("assistant", "", (Called("x", "find", '{"a": "\ud800"}'),)),
            Message("tool", "42", answers="x"),
            may_call=False,
        )

    body = stub.requests[0].body
    assert body["tool_choice"] == "none"
    assert body["messages"][1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [tool_call("find", '{"a": "?"}', "x")],
    }
    assert body["messages"][2] == {"role": "tool", "content": "42", "tool_call_id": "x"}


def test_a_key_that_is_sent_back_in_a_call_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALH_CANARY", CANARY)
    with StubEndpoint(lambda _: Reply(CANARY, tool_calls=[tool_call("find", {"key": CANARY}, CANARY)])) as stub:
        found = asked(stub, api_key_env="EVALH_CANARY")

    assert isinstance(found, Answer)
    assert CANARY not in repr(found)


def test_tools_and_calls_count_as_tokens_where_the_server_counts_none() -> None:
    long = {"type": "function", "function": {"name": "find", "description": "word " * 200}}
    calls = (Called("x", "find", '{"note": "' + "word " * 200 + '"}'),)
    read = []
    with StubEndpoint(lambda _: Reply("Done.", usage={})) as stub:
        for tools, sent in (((TOOL,), ()), ((long,), ()), ((TOOL,), calls)):
            found = asked(stub, Message("user", "Hi."), Message("assistant", "", sent), tools=tools)
            assert isinstance(found, Answer)
            read.append(found.input_tokens)

    assert read[1] > read[0] + 150
    assert read[2] > read[0] + 150


def test_two_endpoints_share_a_budget_at_their_own_prices() -> None:
    budget = Budget()
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    with StubEndpoint(lambda _: Reply("Done.", usage=usage)) as stub:
        for price in (3.0, 0.5):
            priced = endpoint(stub, budget, prices=Prices(input=price, output=price))
            run(ask(priced, 1, lambda _: (Request((Message("user", "Hi."),)), str)))

    assert budget.calls == 2
    assert budget.cost == pytest.approx(3.5)


@pytest.mark.parametrize("name", ["tools", "tool_choice"])
def test_tools_are_not_set_past_the_client(name: str) -> None:
    with pytest.raises(ValueError, match="which evalh sets itself"):
        EndpointConfig(model="m", extra_body={name: "auto"})
