from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from evalh.evaluator import EvalContext, Evaluator, Withheld, evaluate_one
from evalh.models import Answered, Failure, Question, Reading, Score, Unread
from evalh.testing import make_conversation, make_policy

HELD = make_conversation("C: my bill is wrong\nA: let me look", customer={"tenure": 1})
TIMEOUT = Failure(class_="timeout", message="no answer within 120 s", attempts=4, retryable=True)
POLICIES = make_policy(suppression=[{"id": "dispute", "when": "'billing' in intents"}])
ASKED, OTHER = (Question(kind="rubric", text=text, scale=(0, 1)) for text in ("kind?", "brief?"))


def context(*fields: str, **given: Any) -> EvalContext:
    """A conversation of which a judge failed to give `fields`."""
    reading = Reading(
        conversation=HELD.id,
        conversation_sha256=HELD.sha256,
        reader="fake",
        lexicon_sha256="0" * 64,
        unread=Unread(fields=fields, failure=TIMEOUT) if fields else None,
        **given,
    )
    return EvalContext(conversation=HELD, facts=reading, policies=POLICIES, in_force=None)


@pytest.mark.parametrize(
    ("field", "look"),
    [
        ("acts", lambda ctx: ctx.reading.acts),
        ("acts", lambda ctx: ctx.pitches()),
        ("acts", lambda ctx: ctx.facts.acts),
        ("ledger", lambda ctx: ctx.entries("FIBER-500")),
        ("moods", lambda ctx: ctx.reading.mood_before(1)),
        ("intents", lambda ctx: ctx.reading.intents_before(1)),
        ("intents", lambda ctx: ctx.holds("'billing' in intents")),
        ("answers", lambda ctx: ctx.reading.answers),
        ("answers", lambda ctx: ctx.answer(ASKED)),
    ],
)
def test_what_a_judge_failed_to_give_cannot_be_looked_at(field: str, look: Callable[[EvalContext], Any]) -> None:
    with pytest.raises(Withheld) as raised:
        look(context(field))

    assert raised.value.state == "errored"
    assert str(raised.value) == "the judge failed (timeout): no answer within 120 s"
    assert raised.value.failure == TIMEOUT
    assert look(context("consents")) is not Ellipsis, "what it did give can be looked at"


def test_a_copy_of_the_context_is_guarded_too() -> None:
    copied = replace(context("acts"), unsure_below=0.1)

    with pytest.raises(Withheld):
        copied.pitches()


def test_a_whole_reading_is_not_copied() -> None:
    whole = context()

    assert whole.facts is not None
    assert type(whole.facts) is Reading


def test_an_answer_that_is_there_is_given_though_others_failed() -> None:
    given = Answered(value=1.0, source="judge")
    ctx = context("answers", answers={ASKED.sha256: given})

    assert ctx.answer(ASKED) == given
    with pytest.raises(Withheld):
        ctx.answer(OTHER)


def test_a_question_that_nobody_was_asked_has_no_answer() -> None:
    assert context().answer(ASKED) is None
    assert EvalContext(conversation=HELD).answer(ASKED) is None


class Pitches(Evaluator):
    """Every pitch is fine; an earlier check needs no reading."""

    first: bool = False

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        if self.first:
            yield Score(turn=1, value=0.0)
        for pitch in ctx.pitches():
            yield Score(turn=pitch.turn, value=1.0)


def test_the_evaluator_that_needs_it_is_errored_with_the_failure_and_no_other_is() -> None:
    row, summary = evaluate_one(Pitches(), context("acts"))

    assert (row.state, row.value, row.error) == ("errored", None, TIMEOUT)
    assert (summary.rollup, summary.state, summary.error) == (True, "errored", TIMEOUT)
    assert evaluate_one(Pitches(), context("moods"))[-1].state == "not_applicable"


def test_a_fault_that_was_found_stays_beside_what_failed() -> None:
    rows = evaluate_one(Pitches(first=True, rollup="any_fault"), context("acts"))

    assert [row.state for row in rows] == ["scored", "errored", "scored"]
    assert rows[-1].passed is False


def test_a_suppression_that_depends_on_what_failed_is_errored_not_left_out() -> None:
    from evalh.evaluator import suppressed
    from evalh.models import PolicyInForce

    policy = POLICIES.versions[-1]
    ctx = replace(context("intents"), in_force=PolicyInForce(policy=policy, assumed=False))
    with pytest.raises(Withheld, match="the judge failed"):
        suppressed(ctx)


class Raising(Evaluator):
    """Breaks."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        raise KeyError("signals")
        yield


def test_an_evaluator_that_breaks_is_an_internal_failure() -> None:
    row, summary = evaluate_one(Raising(), context())

    assert row.error == Failure(class_="internal", message="KeyError: 'signals'")
    assert summary.error == row.error
