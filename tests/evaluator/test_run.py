from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evalh.evaluator import EvalContext, Evaluator, Withheld, ask, evaluate_all, evaluate_one
from evalh.models import Evidence, Question, Score
from evalh.testing import make_conversation

CTX = EvalContext(conversation=make_conversation("C: my bill is wrong\nA: let me look"))


class Given(Evaluator):
    """Gives the scores a test hands it, then does what the test asks."""

    scores: tuple[Any, ...] = ()
    then: Callable[[], None] | None = None

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        yield from self.scores
        if self.then is not None:
            self.then()


class FewerIsBetter(Given):
    """A count of words, where few are good."""

    scale = (0.0, 50.0)
    direction = "lower_is_better"
    threshold: float = 10


def raising(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


def only(evaluator: Evaluator) -> Score:
    (score,) = [score for score in evaluate_one(evaluator, CTX) if not score.rollup]
    return score


def test_every_row_names_its_evaluator_and_the_last_is_the_only_roll_up() -> None:
    rows = evaluate_one(Given(scores=(Score(turn=1, value=1.0),)), CTX)

    assert [row.evaluator for row in rows] == ["given", "given"]
    assert [row.rollup for row in rows] == [False, True]
    assert rows[-1].level == "conversation"


def test_an_evaluator_cannot_pass_its_own_row_off_as_the_roll_up() -> None:
    assert only(Given(scores=(Score(turn=1, value=1.0, rollup=True),))).rollup is False


def test_what_is_withheld_becomes_one_row_of_its_state() -> None:
    row = only(Given(then=raising(Withheld("skipped", "no offer policy was given"))))

    assert (row.state, row.level, row.reason) == ("skipped", "conversation", "no offer policy was given")


def test_an_exception_becomes_an_errored_row_that_names_it() -> None:
    row = only(Given(then=raising(KeyError("signals"))))

    assert (row.state, row.value, row.reason) == ("errored", None, "KeyError: 'signals'")


def test_a_long_message_is_cut() -> None:
    assert len(only(Given(then=raising(ValueError("x" * 5_000)))).reason) == len("ValueError: ") + 300


def test_an_interrupt_is_not_caught() -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate_one(Given(then=raising(KeyboardInterrupt())), CTX)


def test_verdicts_given_before_an_exception_are_kept() -> None:
    fault = Score(turn=1, value=0.0)
    rows = evaluate_one(Given(scores=(fault,), then=raising(ValueError("no"))), CTX)

    assert [row.state for row in rows] == ["scored", "errored", "errored"]


def test_something_that_is_no_score_is_errored() -> None:
    assert only(Given(scores=("fine",))).reason == "TypeError: evaluate() must give Score objects, not str"


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_value_outside_the_scale_is_errored(value: float) -> None:
    row = only(Given(scores=(Score(turn=1, value=value),)))

    assert (row.state, row.value) == ("errored", None)
    assert "outside the scale 0 to 1" in row.reason


@pytest.mark.parametrize("score", [Score(turn=9, value=1.0), Score(turn=1, value=0.0, evidence=(Evidence(turn=9),))])
def test_a_turn_that_does_not_exist_is_errored(score: Score) -> None:
    assert only(Given(scores=(score,))).reason == "the conversation has no turn 9"


@pytest.mark.parametrize(("value", "passed"), [(0.5, True), (0.49, False)])
def test_passed_follows_the_threshold(value: float, passed: bool) -> None:
    assert only(Given(scores=(Score(turn=1, value=value),))).passed is passed


@pytest.mark.parametrize(("value", "passed"), [(10, True), (11, False)])
def test_passed_follows_the_direction(value: float, passed: bool) -> None:
    assert only(FewerIsBetter(scores=(Score(turn=1, value=value),))).passed is passed


def test_a_verdict_given_by_the_evaluator_stands() -> None:
    assert only(Given(scores=(Score(turn=1, value=0.9, passed=False),))).passed is False


def test_a_failed_turn_without_evidence_gets_the_whole_turn_quoted() -> None:
    row = only(Given(scores=(Score(turn=1, value=0.0),)))

    assert row.evidence == (Evidence(turn=1, start=0, end=11, quote="let me look"),)


def test_a_failed_conversation_without_evidence_is_errored() -> None:
    row = only(Given(scores=(Score(value=0.0),)))

    assert (row.state, row.reason) == ("errored", "a failed score needs evidence")


def test_all_evaluators_are_run_in_order() -> None:
    rows = evaluate_all([Given(), FewerIsBetter()], CTX)

    assert [row.evaluator for row in rows] == ["given", "fewer_is_better"]


@pytest.mark.parametrize("code", [0, 1])
def test_an_evaluator_cannot_end_the_run_with_an_exit(code: int) -> None:
    row = only(Given(then=raising(SystemExit(code))))

    assert (row.state, row.reason) == ("errored", f"SystemExit: {code}")


class Asking(Given):
    """Asks what a test hands it."""

    asks: Callable[[], Any] = list

    def questions(self, ctx: EvalContext) -> Any:
        return self.asks()


def test_questions_are_passed_on() -> None:
    question = Question(kind="similar", text="anything else")

    assert ask(Asking(asks=lambda: [question]), CTX) == ([question], [])


def test_what_is_withheld_while_asking_is_told_by_the_verdicts() -> None:
    assert ask(Asking(asks=raising(Withheld("skipped", "no prompt was given"))), CTX) == ([], [])


@pytest.mark.parametrize(
    ("asks", "reason"),
    [
        (raising(KeyError("signals")), "questions: KeyError: 'signals'"),
        (lambda: ["why?"], "questions: TypeError: questions() must give Question objects, not str"),
    ],
)
def test_questions_that_cannot_be_asked_are_an_errored_row_and_its_roll_up(
    asks: Callable[[], Any], reason: str
) -> None:
    questions, rows = ask(Asking(asks=asks), CTX)

    assert questions == []
    assert [(row.state, row.reason, row.rollup) for row in rows] == [
        ("errored", reason, False),
        ("errored", reason, True),
    ]
