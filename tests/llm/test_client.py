from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.llm.asking import SCHEMA, answer, answers, ask, config, endpoint, failure, make, run

from evalh.errors import Stopped, UserError
from evalh.llm import Answer, Budget, CallFailed, Endpoint, Loop, Message, Request
from evalh.llm.budget import Spent
from evalh.llm.retry import Clock
from evalh.models import Failure
from evalh.models.endpoint import Prices
from evalh.testing.endpoint import StubEndpoint
from evalh.testing.faults import Fault, Reply
from evalh.testing.replies import reply_for

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CANARY = "sk-canary-0123456789abcdef"


def formats(stub: StubEndpoint) -> list[str]:
    return [request.body.get("response_format", {}).get("type", "text") for request in stub.requests]


def refusing(*refused: str, message: str = "'response_format.type' must be 'text'", status: int = 400) -> Any:
    """An endpoint that takes only other formats."""

    def reply(body: dict[str, Any]) -> str | Reply:
        if body.get("response_format", {}).get("type", "text") in refused:
            return Reply(status=status, body=json.dumps({"error": {"message": message}}).encode())
        return reply_for(body)

    return reply


# --- a call ---


def test_an_answer_holds_what_was_read_and_what_it_used() -> None:
    usage = {"prompt_tokens": 700, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 600}}
    with StubEndpoint(answer=lambda body: Reply(reply_for(body), usage=usage), latency=0.05) as stub:
        found = answer(endpoint(stub))

    assert (found.value, found.attempts) == (1, 1)
    assert (found.input_tokens, found.cached_tokens, found.output_tokens) == (700, 600, 30)
    assert json.loads(found.text)["score"] == 1
    assert 0.04 < found.seconds < 5


def test_tokens_are_those_of_all_attempts() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    replies = iter(["no json", None])

    def reply(body: dict[str, Any]) -> Reply:
        return Reply(next(replies) or reply_for(body), usage=usage)

    with StubEndpoint(answer=reply) as stub:
        found = answer(endpoint(stub))

    assert (found.attempts, found.input_tokens, found.output_tokens) == (2, 200, 20)


@pytest.mark.parametrize(
    "usage", [{}, {"prompt_tokens": -5, "completion_tokens": 1}, {"prompt_tokens": "9", "completion_tokens": True}]
)
def test_tokens_that_are_not_told_are_estimated(usage: Mapping[str, Any]) -> None:
    with StubEndpoint(answer=lambda body: Reply(reply_for(body), usage=usage)) as stub:
        found = answer(endpoint(stub))

    assert 100 < found.input_tokens < 600
    assert 10 < found.output_tokens < 100


def test_the_request_is_as_configured() -> None:
    changes: dict[str, Any] = {"temperature": 0.5, "seed": 7, "max_tokens": 99, "extra_body": {"top_k": 1}}
    with StubEndpoint() as stub:
        answer(endpoint(stub, **changes))

    body = stub.requests[0].body
    assert {key: body[key] for key in ("model", "temperature", "seed", "max_tokens", "top_k")} == {
        "model": "stub", "temperature": 0.5, "seed": 7, "max_tokens": 99, "top_k": 1,
    }  # fmt: skip
    assert body["response_format"]["json_schema"] == {"name": "reply", "schema": SCHEMA, "strict": True}


def test_what_is_not_set_is_not_sent() -> None:
    with StubEndpoint() as stub:
        answer(endpoint(stub, temperature=None))

    assert stub.requests[0].body.keys() == {"model", "messages", "max_tokens", "response_format"}


def test_a_request_may_have_limits_of_its_own() -> None:
    def short(attempt: int) -> tuple[Request, Callable[[str], Any]]:
        return Request((Message("user", "lone \ud800"),), max_tokens=20, seed=3), str

    with StubEndpoint(answer=lambda _: "yes") as stub:
        (found,) = run(ask(endpoint(stub), 1, short))

    assert isinstance(found, Answer)
    assert found.value == "yes"
    body = stub.requests[0].body
    assert (body["max_tokens"], body["seed"], body["messages"][0]["content"]) == (20, 3, "lone ?")
    assert "response_format" not in body


def test_a_reader_that_breaks_fails_the_call_and_not_the_run() -> None:
    def broken(attempt: int) -> tuple[Request, Callable[[str], Any]]:
        def read(text: str) -> Any:
            raise KeyError("customer said 4111")

        return make(attempt)[0], read

    with StubEndpoint() as stub:
        (found,) = run(ask(endpoint(stub), 1, broken))

    assert isinstance(found, Failure)
    assert (found.class_, len(stub.requests)) == ("internal", 1)
    assert found.message == "reading the reply raised KeyError"


def test_calls_run_together_but_no_more_than_allowed() -> None:
    with StubEndpoint(latency=0.1) as stub:
        began = time.monotonic()
        found = answers(endpoint(stub, concurrency=6), 24)

    assert all(isinstance(one, Answer) for one in found)
    assert stub.in_flight_peak == 6
    assert time.monotonic() - began < 2


def test_waiting_for_a_slot_does_not_count_for_the_deadline() -> None:
    with StubEndpoint(latency=0.3) as stub:
        found = answers(endpoint(stub, concurrency=1, timeout=0.6), 5)

    assert all(isinstance(one, Answer) for one in found)


def test_the_deadline_is_of_all_attempts_and_keeps_the_class() -> None:
    with StubEndpoint(faults=Fault.SERVER_503, latency=0.15) as stub:
        began = time.monotonic()
        found = failure(endpoint(stub, clock=Clock(random=lambda: 0.3), timeout=0.7))

    assert found.class_ in ("server", "timeout")
    assert found.attempts < 5
    assert time.monotonic() - began < 1.5


# --- reply formats ---


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(
    ("refused", "taken"),
    [(("json_schema",), "json_object"), (("json_schema", "json_object"), "text")],
)
def test_a_weaker_format_is_found_once_and_remembered(refused: tuple[str, ...], taken: str, status: int) -> None:
    with StubEndpoint(answer=refusing(*refused, status=status)) as stub:
        asked = endpoint(stub)

        async def thrice() -> list[Answer[Any]]:
            try:
                return [await asked.ask(make) for _ in range(3)]
            finally:
                await asked.aclose()

        found = run(thrice())

    assert formats(stub) == [*refused, taken, taken, taken]
    assert [one.attempts for one in found] == [len(refused) + 1, 1, 1]


def test_a_weaker_format_has_the_schema_in_its_prompt_after_the_transcript() -> None:
    with StubEndpoint(answer=refusing("json_schema")) as stub:
        answer(endpoint(stub))

    said = stub.requests[-1].body["messages"][-1]["content"]
    assert json.loads(said.rsplit("\n", 1)[1]) == SCHEMA
    assert stub.requests[0].body["messages"][-1]["content"] == said.rsplit("\n\n", 1)[0]


def test_a_weaker_format_that_does_not_work_either_is_not_remembered() -> None:
    refused = [Fault.NO_FORMAT_400, Fault.NO_FORMAT_400, Fault.NO_FORMAT_400, None]
    with StubEndpoint(faults=refused) as stub:
        found = answers(endpoint(stub, concurrency=1), 2)

    assert isinstance(found[0], Failure)
    assert found[0].class_ == "bad_request"
    assert formats(stub) == ["json_schema", "json_object", "text", "json_schema"]


def test_a_schema_whose_bounds_are_not_taken_goes_without_them() -> None:
    def reply(body: dict[str, Any]) -> str | Reply:
        if "maxLength" in json.dumps(body["response_format"]):
            said = "Invalid schema for response_format 'reply': 'maxLength' is not permitted."
            return Reply(status=400, body=json.dumps({"error": {"message": said}}).encode())
        return reply_for(body)

    with StubEndpoint(answer=reply) as stub:
        answer(endpoint(stub))

    sent = stub.requests[1].body
    assert sent["response_format"]["json_schema"]["schema"]["properties"]["score"] == {"type": "integer"}
    assert json.dumps(SCHEMA["required"]) in json.dumps(sent["response_format"])
    assert '"maxLength":40' in sent["messages"][-1]["content"]


@pytest.mark.parametrize("output", ["json_schema", "json_object", "text"])
def test_a_format_that_is_configured_is_the_only_one(output: str) -> None:
    with StubEndpoint(answer=refusing("json_schema", "json_object", "text")) as stub:
        found = failure(endpoint(stub, output=output))

    assert found.class_ == "bad_request"
    assert formats(stub) == [output]


def test_an_error_of_the_server_about_something_else_changes_no_format() -> None:
    with StubEndpoint(answer=refusing("json_schema", message="out of memory", status=500)) as stub:
        assert failure(endpoint(stub)).class_ == "server"

    assert set(formats(stub)) == {"json_schema"}


def test_the_other_name_of_the_limit_of_tokens_is_found_once_and_remembered() -> None:
    def reply(body: dict[str, Any]) -> str | Reply:
        if "max_tokens" in body:
            said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return Reply(status=400, body=json.dumps({"error": {"message": said}}).encode())
        return reply_for(body)

    with StubEndpoint(answer=reply) as stub:
        found = answers(endpoint(stub, concurrency=1, max_tokens=77), 2)

    assert all(isinstance(one, Answer) for one in found)
    assert [request.body.get("max_completion_tokens") for request in stub.requests] == [None, 77, 77]


# --- errors as endpoints tell them ---


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"},
         "context_overflow"),
        (400, {"message": "prompt is too long: 9000 tokens > 8192 maximum"}, "context_overflow"),
        (413, "too large", "context_overflow"),
        (402, {"message": "Insufficient Balance"}, "quota"),
        (429, {"message": "x", "type": "insufficient_quota"}, "quota"),
        (400, {"message": "filtered", "code": "content_filter"}, "refusal"),
        (403, {"message": "your input was flagged"}, "refusal"),
        (404, None, "not_found"),
        (507, {"message": "overloaded"}, "server"),
        (200, {"message": "Provider returned error", "code": 502}, "server"),
        (200, {"message": "no such key", "code": 401}, "auth"),
        (200, "plain words", "server"),
        (200, {"message": "x", "code": True}, "server"),
        (400, {"message": "the customer said insufficient_quota"}, "bad_request"),
    ],
)  # fmt: skip
def test_an_error_is_known_by_its_status_and_code(status: int, error: Any, expected: str) -> None:
    body = b"" if error is None else json.dumps({"error": error}).encode()
    with StubEndpoint(answer=lambda _: Reply(status=status, body=body)) as stub:
        assert failure(endpoint(stub)).class_ == expected


def test_an_error_as_detail_is_read_too() -> None:
    with StubEndpoint(answer=lambda _: Reply(status=400, body=b'{"detail": "no such field"}')) as stub:
        assert failure(endpoint(stub)).message == "the endpoint does not take the request (HTTP 400): no such field"


# --- patience ---


def test_a_wait_that_the_endpoint_asks_for_uses_up_no_attempt() -> None:
    faults = [Fault.RATE_LIMITED_RETRY_AFTER] * 12
    with StubEndpoint(faults=[*faults, None]) as stub:
        found = answer(endpoint(stub, timeout=60))

    assert found.attempts == 13


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    with StubEndpoint(faults=Fault.RATE_LIMITED_RETRY_AFTER) as stub:
        began = time.monotonic()
        found = failure(endpoint(stub, clock=Clock(), timeout=0.5))

    assert (found.class_, found.attempts) == ("rate_limited", 1)
    assert time.monotonic() - began < 0.4


@pytest.mark.parametrize("asked", ["61", "3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_wait_of_more_than_a_minute_is_not_begun(asked: str) -> None:
    reply = Reply(status=429, headers={"Retry-After": asked}, body=b"{}")
    with StubEndpoint(answer=lambda _: reply) as stub:
        assert failure(endpoint(stub, timeout=3600)).attempts == 1


def test_all_calls_wait_while_one_is_told_to() -> None:
    faults = [Fault.RATE_LIMITED_RETRY_AFTER, *[None] * 20]
    with StubEndpoint(faults=faults) as stub:
        found = answers(endpoint(stub, clock=Clock(), concurrency=1), 3)

    assert all(isinstance(one, Answer) for one in found)
    first, second = stub.requests[0].at, stub.requests[1].at
    assert 0.9 < second - first < 2


def test_a_storm_of_429_is_weathered_at_about_the_rate_that_is_allowed() -> None:
    rate, burst = 40.0, 5.0
    state = {"at": time.monotonic(), "left": burst}

    def reply(body: dict[str, Any]) -> str | Reply:
        now = time.monotonic()
        state["left"] = min(burst, state["left"] + (now - state["at"]) * rate)
        state["at"] = now
        if state["left"] < 1:
            return Reply(status=429, body=b'{"error": {"message": "slow down"}}')
        state["left"] -= 1
        return reply_for(body)

    with StubEndpoint(answer=reply, latency=0.02) as stub:
        found = answers(endpoint(stub, clock=Clock(), concurrency=16), 80)

    assert all(isinstance(one, Answer) for one in found)
    assert len(stub.requests) < 1.5 * 80


# --- an endpoint that is no use ---


def test_no_credit_ends_every_call_at_once() -> None:
    with StubEndpoint(faults=Fault.QUOTA, latency=0.05) as stub:
        began = time.monotonic()
        found = answers(endpoint(stub, clock=Clock()), 500)

    counts = Counter(one.class_ for one in found if isinstance(one, Failure))
    assert 1 <= counts["quota"] <= 8
    assert counts.total() == counts["quota"] + counts["circuit_open"] == 500
    assert len(stub.requests) == counts["quota"]
    assert time.monotonic() - began < 5
    later = found[-1]
    assert isinstance(later, Failure)
    assert later.message.startswith("not asked, because calls to the endpoint were stopped: quota: the account has no")
    assert (later.attempts, later.retryable) == (0, True)


def test_a_dead_endpoint_ends_every_call_in_seconds() -> None:
    with StubEndpoint(faults=Fault.REFUSED) as stub:
        began = time.monotonic()
        found = answers(endpoint(stub, clock=Clock()), 1000)

    assert all(isinstance(one, Failure) for one in found)
    assert 4 < time.monotonic() - began < 20


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.SERVER_503, Fault.REDIRECT, Fault.NOT_JSON])
def test_an_endpoint_that_never_answers_well_is_asked_a_few_times_only(fault: Fault) -> None:
    with StubEndpoint(faults=fault) as stub:
        found = answers(endpoint(stub), 300)

    assert all(isinstance(one, Failure) for one in found)
    assert len(stub.requests) < 100


def test_an_endpoint_that_takes_connections_and_never_answers_ends_every_call_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evalh.llm.client.KNOCK_SECONDS", 0.2)
    began = time.monotonic()
    with StubEndpoint(faults=Fault.HANG) as stub:
        found = answers(endpoint(stub, timeout=120.0, concurrency=4), 30)

    assert time.monotonic() - began < 5
    assert stub.requests == []
    classes = Counter(one.class_ for one in found if isinstance(one, Failure))
    assert classes["timeout"] + classes["circuit_open"] == 30
    assert classes["timeout"] >= 1


def test_an_endpoint_that_is_slow_but_there_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalh.llm.client.KNOCK_SECONDS", 0.2)
    with StubEndpoint(latency=1.0) as stub:
        found = answers(endpoint(stub, timeout=120.0), 3)

    assert all(isinstance(one, Answer) for one in found), found
    assert len(stub.requests) == 3


def test_an_endpoint_that_comes_back_within_seconds_loses_nothing() -> None:
    back = time.monotonic() + 1.0

    def reply(body: dict[str, Any]) -> str | Fault:
        return Fault.SERVER_503 if time.monotonic() < back else reply_for(body)

    with StubEndpoint(answer=reply) as stub:
        found = answers(endpoint(stub, clock=Clock(random=lambda: 0.9)), 40)

    assert all(isinstance(one, Answer) for one in found)


def test_long_conversations_do_not_stop_the_others() -> None:
    with StubEndpoint(faults=[*[Fault.CONTEXT_OVERFLOW] * 30, None]) as stub:
        found = answers(endpoint(stub, concurrency=1), 31)

    assert isinstance(found[-1], Answer)


# --- keys ---


def test_the_key_is_sent_and_nothing_else_that_the_environment_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", CANARY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Spy: 1\nAuthorization: Bearer other")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    with StubEndpoint() as stub:
        answer(endpoint(stub, api_key_env="JUDGE_KEY"))

    headers = stub.requests[0].headers
    assert headers["authorization"] == f"Bearer {CANARY}"
    assert headers.keys() <= {
        "host", "accept", "accept-encoding", "content-type", "content-length", "user-agent", "authorization",
    }  # fmt: skip


def test_no_key_is_sent_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with StubEndpoint() as stub:
        answer(endpoint(stub))

    assert "authorization" not in stub.requests[0].headers


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_key_that_is_not_there_is_the_users_mistake(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("JUDGE_KEY", value)
    asked = Endpoint(config("http://127.0.0.1:1/v1", api_key_env="JUDGE_KEY"))
    expected = "variable JUDGE_KEY, which should hold the key, is not set; set it, or write 'api_key_env: null' where"
    with pytest.raises(UserError, match=expected):
        asked.ready()
    with pytest.raises(UserError, match=expected):
        run(asked.ask(make))


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "schl\u00fcssel"])
def test_a_key_that_cannot_be_sent_is_not_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("JUDGE_KEY", value)
    with pytest.raises(UserError, match="JUDGE_KEY holds spaces or strange characters") as caught:
        Endpoint(config("http://127.0.0.1:1/v1", api_key_env="JUDGE_KEY")).ready()
    assert value not in str(caught.value)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in (Fault.DRIP, Fault.HANG)])
def test_no_fault_brings_the_key_to_light(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], fault: Fault
) -> None:
    monkeypatch.setenv("JUDGE_KEY", CANARY)
    caplog.set_level(logging.DEBUG)

    def echo(body: dict[str, Any]) -> str:
        return json.dumps({"nonce": CANARY, "score": 9, "said": f"Bearer {CANARY}"})

    with StubEndpoint(answer=echo, faults=fault) as stub:
        found = answers(endpoint(stub, api_key_env="JUDGE_KEY"), 3)

    said = " ".join(one.model_dump_json() for one in found if isinstance(one, Failure))
    assert said
    assert "sk-canary" not in said
    assert "sk-canary" not in caplog.text
    assert "sk-canary" not in "".join(capfd.readouterr())


def test_a_customers_card_in_a_reply_is_not_kept() -> None:
    with StubEndpoint(answer=lambda _: "the card is 4111 1111 1111 1111") as stub:
        assert "4111" not in failure(endpoint(stub)).raw_excerpt


# --- budget ---


def test_a_limit_of_calls_stops_the_run_and_counts_every_attempt() -> None:
    budget = Budget(max_calls=3)
    with StubEndpoint(faults=[Fault.SERVER_500, None, None]) as stub:
        asked = endpoint(stub, budget=budget, concurrency=1)
        with pytest.raises(Stopped, match="--max-calls"):
            run(ask(asked, 5))

    assert len(stub.requests) == budget.calls == 3


def test_cost_never_passes_its_limit_whatever_runs_at_the_same_time() -> None:
    prices = Prices(input=1000.0, output=2000.0)
    budget = Budget(max_cost=6.0, prices=prices)
    usage = {"prompt_tokens": 200, "completion_tokens": 50}

    async def spend(asked: Endpoint) -> list[Any]:
        try:
            return list(await asyncio.gather(*(asked.ask(make) for _ in range(60)), return_exceptions=True))
        finally:
            await asked.aclose()

    with StubEndpoint(answer=lambda body: Reply(reply_for(body), usage=usage), latency=0.01) as stub:
        found = run(spend(endpoint(stub, budget=budget, max_tokens=100, concurrency=8)))

    assert any(isinstance(one, Stopped) for one in found)
    assert budget.cost <= 6.0
    assert budget.cost == pytest.approx(budget.calls * 0.3)
    assert budget.calls > 10


def test_waiting_for_the_budget_does_not_count_for_the_deadline() -> None:
    budget = Budget(max_cost=1.0, prices=Prices(input=600.0, output=0.0))
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    with StubEndpoint(answer=lambda body: Reply(reply_for(body), usage=usage), latency=0.3) as stub:
        found = answers(endpoint(stub, budget=budget, timeout=0.8, concurrency=5), 5)

    assert stub.in_flight_peak == 1, "only one fits into the budget at a time"
    assert all(isinstance(one, Answer) for one in found), found


def test_a_deadline_holds_again_after_the_budget_was_waited_for() -> None:
    budget = Budget(max_cost=1.0, prices=Prices(input=600.0, output=0.0))
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    with StubEndpoint(
        answer=lambda body: Reply(reply_for(body), usage=usage), latency=0.3, faults=[None, Fault.HANG]
    ) as stub:
        first, second = answers(endpoint(stub, budget=budget, timeout=0.8, concurrency=2), 2)

    assert isinstance(first, Answer)
    assert isinstance(second, Failure)
    assert second.class_ == "timeout"


def test_a_call_that_failed_tells_what_it_used() -> None:
    budget = Budget()
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}

    async def spend(asked: Endpoint) -> CallFailed:
        try:
            with pytest.raises(CallFailed) as raised:
                await asked.ask(make)
        finally:
            await asked.aclose()
        return raised.value

    with StubEndpoint(answer=lambda _: Reply("no", usage=usage)) as stub:
        failed = run(spend(endpoint(stub, budget=budget)))

    assert failed.failure.attempts == 3
    assert failed.spent == Spent(30, 12, 9) == Spent(budget.input_tokens, budget.cached_tokens, budget.output_tokens)


def test_a_budget_counts_without_limits() -> None:
    budget = Budget(prices=Prices(input=1.0, output=1.0))
    with StubEndpoint() as stub:
        found = answer(endpoint(stub, budget=budget))

    assert (budget.calls, budget.input_tokens, budget.output_tokens) == (1, found.input_tokens, found.output_tokens)
    assert budget.cost == pytest.approx((found.input_tokens + found.output_tokens) / 1e6)


# --- opening and closing ---


def test_nothing_is_opened_or_imported_before_the_first_call() -> None:
    program = (
        "import sys; from evalh.llm import Endpoint, Loop, Budget; from evalh.models.endpoint import EndpointConfig;"
        "Endpoint(EndpointConfig(model='m'), budget=Budget()); Loop();"
        "sys.exit(bool({'openai', 'httpx2'} & set(sys.modules)) + 2 * ('tokenizers' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_endpoint_works_in_the_background_and_is_closed_under_way() -> None:
    loop = Loop()
    with StubEndpoint(latency=0.05) as stub:
        asked = endpoint(stub)
        assert loop.submit(asked.ask(make)).result(10).value == 1
        waiting = [loop.submit(asked.ask(make)) for _ in range(20)]
        loop.submit(asked.aclose()).result(10)
        loop.close()

    assert all(future.done() for future in waiting)
