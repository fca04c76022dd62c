from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from tests.llm.asking import Hurried, resident_bytes, run

from evalh.errors import UserError
from evalh.llm import CallFailed, Unreadable
from evalh.llm.post import Post
from evalh.models import Failure, FailureClass, WebhookAgent
from evalh.testing import Fault, Reply, StubEndpoint

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CANARY = "sk-canary-0123456789abcdef"
EXPECTED: dict[Fault, FailureClass] = {
    Fault.RATE_LIMITED: "rate_limited", Fault.RATE_LIMITED_RETRY_AFTER: "rate_limited", Fault.QUOTA: "quota",
    Fault.UNAUTHORIZED: "auth", Fault.FORBIDDEN: "auth", Fault.NO_MODEL: "not_found",
    Fault.REQUEST_TIMEOUT: "timeout", Fault.BAD_REQUEST: "bad_request", Fault.SERVER_500: "server",
    Fault.SERVER_502: "server", Fault.SERVER_503: "server", Fault.HTML: "server", Fault.EMPTY_BODY: "empty",
    Fault.CUT_BODY: "connection", Fault.DEEP_BODY: "invalid_json", Fault.BAD_BYTES: "invalid_json",
    Fault.RESET: "connection", Fault.REDIRECT: "redirect", Fault.GZIP_BOMB: "too_large",
    Fault.OVERSIZED: "too_large",
}  # fmt: skip


def post(stub: StubEndpoint, clock: Hurried | None = None, **changes: Any) -> Post:
    url = changes.pop("url", f"{stub.base_url}/chat/completions")
    return Post(WebhookAgent(kind="webhook", url=url, **changes), clock or Hurried())


def reply(value: Any) -> Reply:
    return Reply(body=json.dumps(value).encode())


def value_of(asked: Post, read: Any = lambda value: value, body: Any = None) -> Any:
    async def ask() -> Any:
        try:
            return await asked.ask(body or {"text": "Hi."}, read)
        finally:
            await asked.aclose()

    return run(ask())


def failure(asked: Post, read: Any = lambda value: value) -> Failure:
    with pytest.raises(CallFailed) as failed:
        value_of(asked, read)
    return failed.value.failure


def test_json_is_posted_and_json_comes_back() -> None:
    with StubEndpoint(lambda _: reply({"text": "Hello."})) as stub:
        assert value_of(post(stub), body={"text": "Zoë"}) == {"text": "Hello."}

    (received,) = stub.requests
    assert (received.method, received.body) == ("POST", {"text": "Zoë"})
    assert received.headers["content-type"] == "application/json"
    assert received.headers["accept-encoding"] == "identity"
    assert "authorization" not in received.headers


def test_the_query_of_the_address_is_sent() -> None:
    with StubEndpoint(lambda _: reply(1)) as stub:
        found = failure(post(stub, url=f"{stub.base_url}/elsewhere?tenant=7"))

    assert (found.class_, found.http) == ("not_found", 404)


@pytest.mark.parametrize("fault", sorted(EXPECTED))
def test_a_fault_has_its_class_and_what_was_sent_is_never_sent_again(fault: Fault) -> None:
    with StubEndpoint(lambda _: "text", faults=fault) as stub:
        found = failure(post(stub))

    assert (found.class_, found.attempts, len(stub.requests)) == (EXPECTED[fault], 1, 1)
    assert found.message
    assert "\n" not in found.message
    assert stub.strayed == []


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
def test_a_slow_address_ends_at_the_deadline(fault: Fault) -> None:
    with StubEndpoint(lambda _: "text", faults=fault) as stub:
        began = time.monotonic()
        found = failure(post(stub, reply_timeout=0.4))

    assert (found.class_, found.attempts) == ("timeout", 1)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("retries", [0, 2])
def test_a_connection_that_cannot_be_made_is_tried_again(retries: int) -> None:
    clock = Hurried()
    with StubEndpoint(faults=Fault.REFUSED) as stub:
        found = failure(post(stub, clock, connect_retries=retries))

    assert (found.class_, found.attempts) == ("connection", retries + 1)
    assert clock.waited == [0.5, 1.0][:retries]


def test_an_address_that_is_down_is_soon_asked_no_more() -> None:
    clock = Hurried()
    with StubEndpoint(faults=Fault.REFUSED) as stub:
        asked = post(stub, clock, concurrency=1)

        async def many() -> list[Failure]:
            found = []
            for _ in range(30):
                try:
                    await asked.ask({}, lambda value: value)
                except CallFailed as failed:
                    found.append(failed.failure)
            return found

        found = run(many())

    assert found[-1].class_ == "circuit_open"
    assert sum(one.attempts for one in found) <= 12
    assert "not asked, because calls to the endpoint were stopped: connection" in found[-1].message


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "http://example.com/hook", "ftp://localhost/x"])
def test_it_never_goes_where_transcripts_must_not_go(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        WebhookAgent(kind="webhook", url=url)


def test_a_large_reply_is_refused_unread() -> None:
    with StubEndpoint(lambda _: "text", faults=Fault.OVERSIZED) as stub:
        before = resident_bytes()
        assert failure(post(stub)).class_ == "too_large"
    assert resident_bytes() - before < 60e6


def test_what_the_reader_refuses_is_a_failure_with_its_class() -> None:
    def read(value: Any) -> Any:
        raise Unreadable("schema", "the agent says\nnothing")

    with StubEndpoint(lambda _: reply({"odd": 1})) as stub:
        found = failure(post(stub), read)

    assert (found.class_, found.message, len(stub.requests)) == ("schema", "the agent says nothing", 1)
    assert '"odd"' in found.raw_excerpt


def test_requests_run_together_but_no_more_than_allowed_and_waiting_takes_no_time_of_theirs() -> None:
    with StubEndpoint(lambda _: reply(1), latency=0.2) as stub:
        asked = post(stub, concurrency=2, reply_timeout=0.5)

        async def many() -> list[Any]:
            try:
                return await asyncio.gather(*(asked.ask({}, lambda value: value) for _ in range(10)))
            finally:
                await asked.aclose()

        assert run(many()) == [1] * 10
    assert stub.in_flight_peak == 2


def test_the_key_is_sent_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALH_CANARY", CANARY)
    with StubEndpoint(lambda _: reply({"text": [f"it is {CANARY}"], CANARY: 1})) as stub:
        value = value_of(post(stub, api_key_env="EVALH_CANARY"))
    assert stub.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in repr(value)

    with StubEndpoint(lambda _: Reply(status=500, body=json.dumps({"error": CANARY}).encode())) as stub:
        assert CANARY not in failure(post(stub, api_key_env="EVALH_CANARY")).model_dump_json()


def test_a_key_that_is_not_set_is_told_before_anything_is_asked() -> None:
    with StubEndpoint() as stub, pytest.raises(UserError, match="EVALH_NO_KEY, which should hold the key, is not set"):
        post(stub, api_key_env="EVALH_NO_KEY").ready()
