from __future__ import annotations

import gzip
import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest

from evalh.models import FailureClass
from evalh.testing import Fault, Reply, StubEndpoint, reply_for, tool_call

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SCHEMA = {
    "type": "object",
    "properties": {"nonce": {"type": "string"}, "score": {"type": "number", "minimum": 0, "maximum": 1}},
    "required": ["nonce", "score"],
}
NONCE = "0123456789abcdef" * 2
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": f"fence {NONCE}"}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}},
}
GOOD = {"nonce": NONCE, "score": 0.0}


def connect(stub: StubEndpoint, timeout: float = 5) -> http.client.HTTPConnection:
    parts = urlsplit(stub.base_url)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout)


def ask(stub: StubEndpoint, timeout: float = 5) -> tuple[int, dict[str, str], bytes]:
    connection = connect(stub, timeout)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(BODY), {"Authorization": "Bearer k"})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def content(body: bytes) -> Any:
    return json.loads(body)["choices"][0]["message"]["content"]


def test_answers_with_the_least_valid_reply_and_keeps_what_it_was_sent() -> None:
    with StubEndpoint() as stub:
        status, headers, body = ask(stub)

    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert json.loads(content(body)) == GOOD
    assert json.loads(body)["usage"]["prompt_tokens"] > 1
    (received,) = stub.requests
    assert received.body == BODY
    assert received.headers["authorization"] == "Bearer k"


def test_answers_what_the_test_says() -> None:
    replies: Iterator[str | Reply] = iter(
        ["first", Reply("second", finish_reason="length", usage={"prompt_tokens": 7})]
    )
    with StubEndpoint(lambda _: next(replies)) as stub:
        first, second = ask(stub)[2], json.loads(ask(stub)[2])

    assert content(first) == "first"
    assert second["choices"][0]["finish_reason"] == "length"
    assert second["usage"] == {"prompt_tokens": 7}


def test_a_connection_takes_many_requests() -> None:
    with StubEndpoint() as stub:
        connection = connect(stub)
        start = time.monotonic()
        for _ in range(30):
            connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
            assert connection.getresponse().read()
        took = time.monotonic() - start
        connection.close()

    assert len(stub.requests) == 30
    assert took < 1  # no delayed acknowledgement of 40 ms each


def test_latency_passes_for_many_requests_at_a_time() -> None:
    with StubEndpoint(latency=0.3) as stub:
        threads = [threading.Thread(target=ask, args=(stub,)) for _ in range(8)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - start

    assert 0.3 <= took < 1.5
    assert stub.in_flight_peak == 8
    assert stub.in_flight == 0


def test_faults_come_in_their_order_and_then_no_more() -> None:
    with StubEndpoint(faults=[Fault.SERVER_503, None, Fault.UNAUTHORIZED]) as stub:
        assert [ask(stub)[0] for _ in range(4)] == [503, 200, 401, 200]


def test_a_fault_can_be_the_answer() -> None:
    with StubEndpoint(lambda _: Fault.TWO_OBJECTS) as stub:
        assert content(ask(stub)[2]) == f"{json.dumps(GOOD)}\n{json.dumps(GOOD)}"


def test_a_fault_damages_the_answer_of_the_test() -> None:
    with StubEndpoint(lambda _: '{"nonce": "n", "score": 0.7}', faults=Fault.NAN) as stub:
        assert content(ask(stub)[2]) == '{"nonce": "n", "score": NaN}'


def test_what_an_answer_raises_is_raised_at_the_end() -> None:
    def broken(_: dict[str, Any]) -> str:
        raise KeyError("forgotten")

    with pytest.raises(KeyError, match="forgotten"), StubEndpoint(broken) as stub:
        assert ask(stub)[0] == 500


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (Fault.RATE_LIMITED, 429, b"rate_limit_exceeded"),
        (Fault.QUOTA, 429, b"insufficient_quota"),
        (Fault.UNAUTHORIZED, 401, b"invalid_api_key"),
        (Fault.FORBIDDEN, 403, b"error"),
        (Fault.NO_MODEL, 404, b"model_not_found"),
        (Fault.REQUEST_TIMEOUT, 408, b"timeout"),
        (Fault.BAD_REQUEST, 400, b"seed"),
        (Fault.CONTEXT_OVERFLOW, 400, b"context_length_exceeded"),
        (Fault.NO_FORMAT_400, 400, b"response_format"),
        (Fault.NO_FORMAT_500, 500, b"response_format"),
        (Fault.SERVER_500, 500, b"server_error"),
        (Fault.SERVER_502, 502, b"Bad Gateway"),
        (Fault.SERVER_503, 503, b"overloaded"),
        (Fault.HTML, 200, b"<!DOCTYPE html>"),
        (Fault.ERROR_JSON, 200, b'{"error"'),
        (Fault.EMPTY_BODY, 200, b""),
        (Fault.NO_CHOICES, 200, b'"choices": []'),
        (Fault.NULL_CONTENT, 200, b'"content": null'),
        (Fault.REFUSAL, 200, b'"refusal": "I\'m sorry'),
        (Fault.CONTENT_FILTER, 200, b'"content_filter"'),
        (Fault.LENGTH, 200, b'"length"'),
        (Fault.BAD_BYTES, 200, b"\xff\xfe\x80"),
        (Fault.DEEP_BODY, 200, b"[[[["),
    ],
)
def test_faults_of_the_whole_answer(fault: Fault, status: int, said: bytes) -> None:
    with StubEndpoint(faults=fault) as stub:
        found, _, body = ask(stub)

    assert found == status
    assert said in body


def test_only_one_of_the_two_rate_limits_says_how_long() -> None:
    with StubEndpoint(faults=[Fault.RATE_LIMITED, Fault.RATE_LIMITED_RETRY_AFTER]) as stub:
        assert [ask(stub)[1].get("Retry-After") for _ in range(2)] == [None, "1"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.NOT_JSON, "I would say that the agent did well: 1/1."),
        (Fault.UNFINISHED, json.dumps(GOOD)[:-1]),
        (Fault.DUPLICATE_KEYS, f'{{"score": null, {json.dumps(GOOD)[1:]}'),
        (Fault.PROSE_AROUND, f"Here is my verdict:\n{json.dumps(GOOD)}\nI hope this helps!"),
        (Fault.CODE_FENCE, f"```json\n{json.dumps(GOOD)}\n```"),
        (Fault.WRONG_NONCE, json.dumps({**GOOD, "nonce": "0" * 32})),
        (Fault.NO_NONCE, '{"score": 0.0}'),
        (Fault.MISSING_KEY, json.dumps({"nonce": NONCE})),
        (Fault.EXTRA_KEY, json.dumps({**GOOD, "verdict": 1})),
        (Fault.NOT_AN_OBJECT, f"[{json.dumps(GOOD)}]"),
        (Fault.NAN, f'{{"nonce": "{NONCE}", "score": NaN}}'),
        (Fault.INFINITY, f'{{"nonce": "{NONCE}", "score": Infinity}}'),
        (Fault.OVERFLOWING, f'{{"nonce": "{NONCE}", "score": 1e999}}'),
        (Fault.OUT_OF_RANGE, f'{{"nonce": "{NONCE}", "score": 1000000000000000}}'),
        (Fault.NUMBER_AS_TEXT, f'{{"nonce": "{NONCE}", "score": "1"}}'),
        (Fault.NUMBER_AS_BOOL, f'{{"nonce": "{NONCE}", "score": true}}'),
        (Fault.EMPTY_CONTENT, " \n"),
    ],
)
def test_faults_of_what_is_said(fault: Fault, expected: str) -> None:
    with StubEndpoint(faults=fault) as stub:
        assert content(ask(stub)[2]) == expected


def test_a_spoilt_number_is_found_in_a_list_that_would_be_empty() -> None:
    items = {"type": "object", "properties": {"turn": {"type": "integer", "minimum": 3}}, "required": ["turn"]}
    schema = {"type": "object", "properties": {"acts": {"type": "array", "items": items}}, "required": ["acts"]}
    request = {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}

    assert reply_for(request) == '{"acts": []}'
    assert reply_for(request, full=True) == '{"acts": [{"turn": 3}]}'


def test_two_choices_are_both_right() -> None:
    with StubEndpoint(faults=Fault.TWO_CHOICES) as stub:
        assert len(json.loads(ask(stub)[2])["choices"]) == 2


def test_a_cut_body_is_shorter_than_was_declared() -> None:
    with StubEndpoint(faults=Fault.CUT_BODY) as stub, pytest.raises(http.client.IncompleteRead) as cut:
        ask(stub)

    assert 0 < len(cut.value.partial) < len(cut.value.partial) + (cut.value.expected or 0)


def test_a_drip_takes_longer_than_any_single_read() -> None:
    with StubEndpoint(faults=Fault.DRIP) as stub:
        connection = connect(stub, timeout=1)
        connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
        answer = connection.getresponse()
        start = time.monotonic()
        assert len(answer.read(10)) == 10
        took = time.monotonic() - start
        connection.close()

    assert 0.3 < took < 5


def test_a_hanging_endpoint_says_nothing_and_still_stops() -> None:
    with StubEndpoint(faults=Fault.HANG) as stub, pytest.raises(TimeoutError):
        ask(stub, timeout=0.2)


def test_a_stub_stops_while_an_answer_is_under_way() -> None:
    stub = StubEndpoint(latency=60)
    start = time.monotonic()
    with stub:
        connection = connect(stub)
        connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
        while not stub.in_flight:
            time.sleep(0.01)
    connection.close()

    assert time.monotonic() - start < 5


def test_a_reset_connection() -> None:
    with StubEndpoint(faults=Fault.RESET) as stub:
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                ask(stub)


def test_an_endpoint_that_refuses_from_the_start() -> None:
    with StubEndpoint(faults=Fault.REFUSED) as stub, pytest.raises(ConnectionRefusedError):
        ask(stub)


def test_an_endpoint_that_dies() -> None:
    with StubEndpoint(faults=[None, Fault.REFUSED]) as stub:
        assert ask(stub)[0] == 200
        with pytest.raises(ConnectionResetError):
            ask(stub)
        with pytest.raises(ConnectionRefusedError):
            ask(stub)


def test_many_redirects_at_a_time_point_to_one_server() -> None:
    with StubEndpoint(faults=Fault.REDIRECT, latency=0.1) as stub:
        with ThreadPoolExecutor(8) as pool:
            places = {headers["Location"] for _, headers, _ in pool.map(lambda _: ask(stub), range(8))}
        assert len(places) == 1


def test_a_redirect_points_to_a_server_that_keeps_what_strays_there() -> None:
    with StubEndpoint(faults=Fault.REDIRECT) as stub:
        status, headers, _ = ask(stub)
        assert status == 307
        assert stub.strayed == []
        host, port = urlsplit(headers["Location"]).netloc.split(":")
        assert f":{port}/" not in stub.base_url

        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request("POST", "/v1/chat/completions", json.dumps(BODY))
        assert connection.getresponse().status == 200
        connection.close()

    assert [one.body for one in stub.strayed] == [BODY]


def test_a_gzip_bomb_holds_a_right_answer_and_much_more() -> None:
    with StubEndpoint(faults=Fault.GZIP_BOMB) as stub:
        _, headers, body = ask(stub)

    assert headers["Content-Encoding"] == "gzip"
    assert len(body) < 500_000
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as unpacked:
        assert json.loads(content(unpacked.read(2000))) == GOOD
        rest = 0
        while piece := unpacked.read(2**24):
            rest += len(piece)
    assert rest > 400_000_000


def test_an_oversized_body_does_not_say_how_long_it_is() -> None:
    with StubEndpoint(faults=Fault.OVERSIZED) as stub:
        _, headers, body = ask(stub)

    assert "Content-Length" not in headers
    assert len(body) > 10_000_000
    assert json.loads(content(body)) == GOOD


def test_every_fault_can_be_served_and_has_a_class() -> None:
    cheap = set(Fault) - {Fault.DRIP, Fault.HANG, Fault.GZIP_BOMB, Fault.OVERSIZED}
    for fault in sorted(cheap):
        assert fault.failure_class in get_args(FailureClass)
        with StubEndpoint(faults=fault) as stub:
            try:
                status, _, body = ask(stub)
            except (ConnectionError, http.client.IncompleteRead):
                continue
        assert (status, body) != (200, json.dumps(GOOD).encode())


def test_another_path_is_not_found() -> None:
    with StubEndpoint() as stub:
        connection = connect(stub)
        connection.request("GET", "/v1/models")
        assert connection.getresponse().status == 404
        connection.close()

    assert stub.requests == []


def test_a_client_that_goes_away_does_no_harm() -> None:
    with StubEndpoint(latency=0.1) as stub:
        port = urlsplit(stub.base_url).port
        with socket.create_connection(("127.0.0.1", port or 0)) as gone:
            gone.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 500\r\n\r\n{")
        assert ask(stub)[0] == 200


def test_a_reply_may_call_tools() -> None:
    called = tool_call("find", {"last4": "42"})
    with StubEndpoint(lambda _: Reply(None, tool_calls=[called])) as stub:
        _, _, body = ask(stub)

    message = json.loads(body)["choices"][0]["message"]
    assert (message["content"], message["tool_calls"]) == (None, [called])
    assert called["function"] == {"name": "find", "arguments": '{"last4": "42"}'}


def test_a_reply_that_calls_none_has_no_calls() -> None:
    with StubEndpoint() as stub:
        assert "tool_calls" not in json.loads(ask(stub)[2])["choices"][0]["message"]
