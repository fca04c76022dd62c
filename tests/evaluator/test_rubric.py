from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalh.evaluator import EvalContext, Evaluator, Withheld, by_rubric, evaluate_one, rubric_question
from evalh.models import Answered, Evidence, Failure, Reading, Score, Unread
from evalh.testing import make_conversation
from evalh.workspace.rubric import read_rubric

HELD = make_conversation("C: my bill is wrong\nA: let me look", language="de")
QUOTE = Evidence(turn=1, start=0, end=3, quote="let")
RUBRIC = """\
---
name: warmth
scale: [1, 5]
threshold: 4
critical: true
---
# Warmth

5: warm. 1: cold.
"""


@pytest.fixture
def warmth(tmp_path: Path) -> Evaluator:
    (tmp_path / "warmth.md").write_text(RUBRIC)
    return read_rubric(tmp_path / "warmth.md").get()()


def context(answer: Answered | None, evaluator: Evaluator, **fields: Any) -> EvalContext:
    (question,) = evaluator.questions(EvalContext(conversation=HELD))
    reading = Reading(
        conversation=HELD.id,
        conversation_sha256=HELD.sha256,
        reader="fake",
        lexicon_sha256="0" * 64,
        answers={question.sha256: answer} if answer is not None else {},
        **fields,
    )
    return EvalContext(conversation=HELD, facts=reading)


def judged(value: Any, confidence: float = 0.9, *evidence: Evidence, reason: str = "because") -> Answered:
    return Answered(value=value, confidence=confidence, source="judge", evidence=evidence, reason=reason)


def test_a_rubric_asks_with_its_text_and_its_scale(warmth: Evaluator) -> None:
    (question,) = warmth.questions(EvalContext(conversation=HELD))

    assert (question.kind, question.text, question.scale) == ("rubric", "# Warmth\n\n5: warm. 1: cold.", (1.0, 5.0))


def test_an_answer_is_the_value_with_all_that_was_said_of_it(warmth: Evaluator) -> None:
    row, summary = evaluate_one(warmth, context(judged(4, 0.9, QUOTE), warmth))

    assert (row.level, row.state, row.value, row.passed, row.severity) == ("conversation", "scored", 4.0, True, None)
    assert (row.reason, row.evidence, row.source, row.confidence) == ("because", (QUOTE,), "judge", 0.9)
    assert (summary.value, summary.passed) == (4.0, True)


def test_below_the_threshold_it_fails_with_its_quote(warmth: Evaluator) -> None:
    row, summary = evaluate_one(warmth, context(judged(3.9, 0.9, QUOTE), warmth))

    assert (row.passed, row.label, row.severity, row.evidence) == (False, "below_threshold", "critical", (QUOTE,))
    assert (summary.passed, summary.evidence) == (False, (QUOTE,))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (judged(5, 0.4, QUOTE), "the judge's answer has confidence 0.40 only; because"),
        (judged(1, 0.9), "the judge found a fault and quoted nothing; because"),
        (
            judged(1, 0.0, reason=""),
            "the judge's answer has confidence 0.00 only: its quote is not in the turn it cites, or its votes differ",
        ),
    ],
)
def test_a_doubtful_answer_is_unsure(warmth: Evaluator, answer: Answered, said: str) -> None:
    row, summary = evaluate_one(warmth, context(answer, warmth))

    assert (row.state, row.value, row.reason, summary.state) == ("unsure", None, said, "unsure")


def test_a_pass_needs_no_quote(warmth: Evaluator) -> None:
    assert evaluate_one(warmth, context(judged(5), warmth))[0].passed is True


@pytest.mark.parametrize("value", [None, True, "5", [5]])
def test_an_answer_that_is_no_number_is_errored(warmth: Evaluator, value: Any) -> None:
    assert evaluate_one(warmth, context(judged(value), warmth))[-1].state == "errored"


def test_an_answer_outside_the_scale_is_errored(warmth: Evaluator) -> None:
    row = evaluate_one(warmth, context(judged(6, 0.9, QUOTE), warmth))[0]

    assert (row.state, row.reason) == ("errored", "the value 6 is outside the scale 1 to 5")


def test_without_a_judge_it_is_skipped_and_after_one_failed_it_is_errored(warmth: Evaluator) -> None:
    failure = Failure(class_="quota", message="no money is left")
    skipped = evaluate_one(warmth, context(None, warmth))
    errored = evaluate_one(warmth, context(None, warmth, unread=Unread(fields=("answers",), failure=failure)))

    assert {(row.state, row.reason) for row in skipped} == {("skipped", "needs a judge, and none is configured")}
    assert [(row.state, row.error) for row in errored] == [("errored", failure)] * 2


def test_a_rubric_is_judged_though_the_local_reader_does_not_read_the_language(warmth: Evaluator) -> None:
    ctx = context(judged(5), warmth, read=False, why_unread="German is not read")

    assert evaluate_one(warmth, ctx)[0].value == 5.0


class Own(Evaluator):
    """A user's evaluator with a rubric of its own."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        yield by_rubric(self, ctx, rubric_question("Is it brief?"), no_judge="brevity needs a judge")


def test_a_users_evaluator_can_ask_too() -> None:
    assert evaluate_one(Own(), EvalContext(conversation=HELD))[0].reason == "brevity needs a judge"


def test_withheld_is_the_row_it_becomes() -> None:
    failure = Failure(class_="auth", message="no")

    assert Withheld("errored", "why", failure).row == Score(state="errored", reason="why", error=failure)


def test_in_pieces_the_lowest_value_is_none_where_lower_is_better(warmth: Evaluator) -> None:
    class Coldness(type(warmth)):  # type: ignore[misc]
        direction = "lower_is_better"

    answer = judged(1, 0.9, QUOTE)
    assert evaluate_one(Coldness(), context(answer, warmth))[0].passed is True
    row, summary = evaluate_one(Coldness(), context(answer, warmth, windowed=True))
    assert (row.state, summary.passed) == ("unsure", None)
    assert "in pieces" in row.reason
    assert evaluate_one(warmth, context(judged(5, 0.9, QUOTE), warmth, windowed=True))[0].passed is True
