from __future__ import annotations

import pytest
from tests.llm.asking import Hurried, answer, answers, endpoint, failure

from evalh.llm import Answer
from evalh.models import FailureClass
from evalh.testing.endpoint import StubEndpoint
from evalh.testing.faults import Fault

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

EXPECTED: dict[Fault, tuple[FailureClass, int]] = {
    Fault.RATE_LIMITED: ("rate_limited", 5), Fault.QUOTA: ("quota", 1), Fault.UNAUTHORIZED: ("auth", 1),
    Fault.FORBIDDEN: ("auth", 1), Fault.NO_MODEL: ("not_found", 1), Fault.REQUEST_TIMEOUT: ("timeout", 5),
    Fault.BAD_REQUEST: ("bad_request", 1), Fault.CONTEXT_OVERFLOW: ("context_overflow", 1),
    Fault.SERVER_500: ("server", 5), Fault.SERVER_502: ("server", 5), Fault.SERVER_503: ("server", 5),
    Fault.HTML: ("server", 5), Fault.ERROR_JSON: ("server", 5), Fault.EMPTY_BODY: ("empty", 3),
    Fault.NO_CHOICES: ("empty", 3), Fault.TWO_CHOICES: ("schema", 3), Fault.NULL_CONTENT: ("empty", 3),
    Fault.EMPTY_CONTENT: ("empty", 3), Fault.REFUSAL: ("refusal", 2), Fault.CONTENT_FILTER: ("refusal", 2),
    Fault.LENGTH: ("truncated", 2), Fault.CUT_BODY: ("connection", 5), Fault.NOT_JSON: ("invalid_json", 3),
    Fault.UNFINISHED: ("invalid_json", 3), Fault.TWO_OBJECTS: ("invalid_json", 3),
    Fault.DUPLICATE_KEYS: ("invalid_json", 3), Fault.PROSE_AROUND: ("invalid_json", 3),
    Fault.CODE_FENCE: ("invalid_json", 3), Fault.WRONG_NONCE: ("schema", 3), Fault.NO_NONCE: ("schema", 3),
    Fault.MISSING_KEY: ("schema", 3), Fault.EXTRA_KEY: ("schema", 3), Fault.NOT_AN_OBJECT: ("schema", 3),
    Fault.NAN: ("out_of_range", 2), Fault.INFINITY: ("out_of_range", 2), Fault.OVERFLOWING: ("out_of_range", 2),
    Fault.OUT_OF_RANGE: ("out_of_range", 2), Fault.NUMBER_AS_TEXT: ("out_of_range", 2),
    Fault.NUMBER_AS_BOOL: ("out_of_range", 2), Fault.DEEP_CONTENT: ("invalid_json", 3),
    Fault.DEEP_BODY: ("invalid_json", 3), Fault.BAD_BYTES: ("invalid_json", 3), Fault.RESET: ("connection", 5),
    Fault.REFUSED: ("connection", 5), Fault.REDIRECT: ("redirect", 1), Fault.GZIP_BOMB: ("too_large", 1),
    Fault.OVERSIZED: ("too_large", 1),
}  # fmt: skip
"""The class of one call that meets nothing but the fault, and its HTTP requests."""
PASSING = sorted(fault for fault, (_, attempts) in EXPECTED.items() if attempts > 1 and fault != Fault.REFUSED)
SLOW = {Fault.DRIP, Fault.HANG}
IN_THE_END_FINE = {Fault.NO_FORMAT_400, Fault.NO_FORMAT_500}


def test_every_fault_is_tested() -> None:
    assert EXPECTED.keys() | SLOW | {Fault.RATE_LIMITED_RETRY_AFTER} | IN_THE_END_FINE == set(Fault)


@pytest.mark.parametrize("fault", sorted(EXPECTED))
def test_a_fault_that_stays_has_its_class_after_as_many_attempts_as_it_allows(fault: Fault) -> None:
    with StubEndpoint(faults=fault) as stub:
        found = failure(endpoint(stub))

    assert (found.class_, found.attempts) == EXPECTED[fault]
    assert fault == Fault.REFUSED or len(stub.requests) == found.attempts
    assert found.message
    assert "\n" not in found.message


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_survived(fault: Fault) -> None:
    with StubEndpoint(faults=[fault, None]) as stub:
        found = answer(endpoint(stub))

    assert (found.value, found.attempts) == (1, 2)


@pytest.mark.parametrize("fault", sorted(SLOW))
def test_a_slow_endpoint_ends_at_the_deadline(fault: Fault) -> None:
    with StubEndpoint(faults=fault) as stub:
        found = failure(endpoint(stub, timeout=0.5))

    assert (found.class_, found.attempts, found.retryable) == ("timeout", 1, True)


def test_a_failure_says_what_is_known() -> None:
    with StubEndpoint(faults=Fault.LENGTH) as stub:
        found = failure(endpoint(stub))

    assert found.http == 200
    assert found.finish_reason == "length"
    assert found.raw_sha256 is not None
    assert '"score": 1' in found.raw_excerpt
    assert not found.retryable


def test_a_reply_that_was_cut_may_be_twice_as_long_once() -> None:
    with StubEndpoint(faults=Fault.LENGTH) as stub:
        failure(endpoint(stub, max_tokens=100))

    assert [request.body["max_tokens"] for request in stub.requests] == [100, 200]


def test_a_reply_that_cannot_be_read_is_asked_for_with_another_nonce_and_not_shown_again() -> None:
    with StubEndpoint(faults=Fault.NOT_JSON) as stub:
        failure(endpoint(stub))

    said = [request.body["messages"][1]["content"] for request in stub.requests]
    assert len(set(said)) == 3
    assert all(len(request.body["messages"]) == 2 for request in stub.requests)


def test_a_request_that_was_not_answered_is_sent_again_as_it_is() -> None:
    with StubEndpoint(faults=[Fault.SERVER_500, None]) as stub:
        answer(endpoint(stub))

    assert stub.requests[0].body == stub.requests[1].body


def test_waits_grow_by_chance_and_have_a_limit() -> None:
    clock = Hurried(chance=1.0)
    with StubEndpoint(faults=Fault.SERVER_503) as stub:
        failure(endpoint(stub, clock=clock))

    assert clock.waited == [0.5, 1.0, 2.0, 4.0]


def test_one_fault_in_three_of_every_kind_is_survived_by_many_calls() -> None:
    faults = [fault for kind in PASSING * 3 for fault in (kind, None, None)]
    with StubEndpoint(faults=faults) as stub:
        found = answers(endpoint(stub, concurrency=16), 200)

    lost = [one for one in found if not isinstance(one, Answer)]
    assert len(lost) < 20
    assert all(one.class_ != "circuit_open" for one in lost)
