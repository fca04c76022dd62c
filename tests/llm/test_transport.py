from __future__ import annotations

import socket
import time
from ipaddress import ip_address
from typing import Any

import pytest
from tests.llm.asking import answer, answers, config, endpoint, failure, resident_bytes, run

from evalh.llm.failures import Failed
from evalh.llm.transport import Backend, Guarded
from evalh.testing.endpoint import StubEndpoint
from evalh.testing.faults import Fault, Reply
from evalh.testing.replies import reply_for

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_a_redirect_is_not_followed_and_nothing_reaches_the_other_host() -> None:
    with StubEndpoint(faults=Fault.REDIRECT) as stub:
        found = failure(endpoint(stub))

    assert (found.class_, found.http, len(stub.requests)) == ("redirect", 307, 1)
    assert stub.strayed == []


@pytest.mark.parametrize("status", [301, 302, 303, 308, 304])
def test_no_kind_of_redirect_is_followed(status: int) -> None:
    with (
        StubEndpoint() as other,
        StubEndpoint(answer=lambda _: Reply(status=status, body=b"", headers={"Location": other.base_url})) as stub,
    ):
        assert failure(endpoint(stub)).class_ == "redirect"
    assert other.requests == []


def test_a_compressed_bomb_is_refused_unread() -> None:
    with StubEndpoint(faults=Fault.GZIP_BOMB) as stub:
        asked = endpoint(stub)
        before = resident_bytes()
        found = failure(asked)

    assert found.class_ == "too_large"
    assert resident_bytes() - before < 60e6


def test_a_body_without_end_is_cut_off() -> None:
    with StubEndpoint(faults=Fault.OVERSIZED) as stub:
        before = resident_bytes()
        assert failure(endpoint(stub)).message == "the reply has more than 2.0 MiB"
    assert resident_bytes() - before < 60e6


def test_an_error_page_without_end_is_cut_off_too() -> None:
    with StubEndpoint(answer=lambda _: Reply(status=500, body=b"x" * 5_000_000, manner="chunked")) as stub:
        assert failure(endpoint(stub)).class_ == "too_large"


def test_a_reply_that_drips_ends_within_a_second_of_the_deadline() -> None:
    with StubEndpoint(faults=Fault.DRIP) as stub:
        began = time.monotonic()
        found = failure(endpoint(stub, timeout=1.0))

    assert found.class_ == "timeout"
    assert time.monotonic() - began < 2.0


def test_cookies_are_not_kept() -> None:
    with StubEndpoint(answer=lambda body: Reply(reply_for(body), headers={"Set-Cookie": "id=1"})) as stub:
        answers(endpoint(stub, concurrency=1), 2)

    assert "cookie" not in stub.requests[1].headers


def test_connections_are_used_again() -> None:
    with StubEndpoint() as stub:
        found = answers(endpoint(stub, concurrency=2), 20)
    assert len(found) == len(stub.requests) == 20


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::", "::ffff:169.254.169.254",
     "168.63.129.16", "224.0.0.1", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1"],
)  # fmt: skip
def test_a_name_that_stands_for_such_an_address_is_not_asked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, 443))])
    with pytest.raises(Failed, match="transcripts never go there") as caught:
        run(Backend(loopback_only=False).connect_tcp("api.example.com", 443, 5.0))
    assert caught.value.fatal


def test_a_name_without_https_must_stand_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Failed, match=r"localhost stands for 93\.184\.216\.34"):
        run(Backend(loopback_only=True).connect_tcp("localhost", 80, 5.0))


def test_a_name_that_nobody_knows_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    with StubEndpoint() as stub:
        asked = endpoint(stub)
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        found = failure(asked)

    assert (found.class_, found.retryable) == ("connection", True)
    assert "Name or service not known" in found.message


def test_certificates_are_checked() -> None:
    pool: Any = Guarded(config("https://api.example.com/v1"), None)._pool
    assert pool._ssl_context.check_hostname
    assert pool._ssl_context.verify_mode.name == "CERT_REQUIRED"


def test_an_answer_over_localhost_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with StubEndpoint() as stub:
        port = int(stub.base_url.split(":")[2].split("/")[0])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        stub.base_url = stub.base_url.replace("127.0.0.1", "localhost")
        assert answer(endpoint(stub)).value == 1
