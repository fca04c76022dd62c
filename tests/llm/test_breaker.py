from __future__ import annotations

import pytest

from evalh.llm import CallFailed
from evalh.llm.breaker import Breaker
from evalh.llm.failures import Failed
from evalh.models import FailureClass


def opened(breaker: Breaker) -> bool:
    assert breaker.opened.is_set() == (breaker.cause is not None)
    return breaker.cause is not None


def test_a_closed_one_lets_everything_pass() -> None:
    Breaker().check()


@pytest.mark.parametrize("class_", ["quota", "auth", "not_found"])
def test_what_no_other_call_can_mend_opens_it_at_once(class_: FailureClass) -> None:
    breaker = Breaker()
    breaker.unanswered(Failed(class_, "no"), 0.0, 0.1)
    assert opened(breaker)


def test_it_says_why_with_what_is_secret_hidden() -> None:
    breaker = Breaker(lambda said: said.replace("secret", "<KEY>"))
    breaker.unanswered(Failed("auth", "wrong key secret"), 0.0, 0.1)
    breaker.unanswered(Failed("quota", "later"), 0.0, 0.2)
    with pytest.raises(CallFailed) as caught:
        breaker.check()

    failure = caught.value.failure
    assert failure.message == "not asked, because calls to the endpoint were stopped: auth: wrong key <KEY>"
    assert (failure.class_, failure.attempts, failure.retryable) == ("circuit_open", 0, True)


def test_ten_failed_calls_in_a_row_open_it() -> None:
    breaker = Breaker()
    for _ in range(9):
        breaker.failed(Failed("schema", "no"))
    assert not opened(breaker)
    breaker.failed(Failed("schema", "no"))
    assert opened(breaker)


def test_an_answer_between_begins_the_row_anew() -> None:
    breaker = Breaker()
    for _ in range(9):
        breaker.failed(Failed("empty", "no"))
    breaker.succeeded()
    for _ in range(9):
        breaker.failed(Failed("empty", "no"))
    assert not opened(breaker)


@pytest.mark.parametrize(("failing", "expected"), [(10, False), (11, True)])
def test_more_than_half_of_the_last_twenty_open_it(failing: int, expected: bool) -> None:
    breaker = Breaker()
    rounds = [False] * 5 + [True, False] * 5 + [True] * (20 - failing - 5) + [False] * (failing - 10)
    assert len(rounds) == 20
    for well in rounds:
        if well:
            breaker.succeeded()
        else:
            breaker.failed(Failed("empty", "no"))
    assert opened(breaker) is expected


@pytest.mark.parametrize("class_", ["context_overflow", "refusal", "internal"])
def test_what_lies_in_the_conversation_does_not_count(class_: FailureClass) -> None:
    breaker = Breaker()
    for _ in range(50):
        breaker.failed(Failed(class_, "no"))
    assert not opened(breaker)


def silent(breaker: Breaker, attempts: int, seconds: float, class_: FailureClass = "connection") -> bool:
    for index in range(attempts):
        at = seconds * (index + 1) / attempts
        breaker.unanswered(Failed(class_, "no"), 0.0, at)
    return opened(breaker)


@pytest.mark.parametrize(
    ("attempts", "seconds", "expected"),
    [(10, 5.0, True), (9, 5.0, False), (50, 4.9, False), (3, 15.0, True), (2, 100.0, False), (5, 14.0, False)],
)
def test_silence_opens_it_sooner(attempts: int, seconds: float, expected: bool) -> None:
    assert silent(Breaker(), attempts, seconds) is expected


def test_any_answer_ends_the_silence() -> None:
    breaker = Breaker()
    assert not silent(breaker, 9, 5.0)
    breaker.answered()
    assert not silent(breaker, 9, 5.0)


def test_an_answer_that_is_no_use_is_no_silence() -> None:
    assert not silent(Breaker(), 50, 100.0, "rate_limited")
