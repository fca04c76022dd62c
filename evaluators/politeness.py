"""Politeness: the floor below which no agent turn may fall."""

from __future__ import annotations

from collections.abc import Iterator

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import CourtesyFact, Score
from evalh.models.vocabulary import Rollup


class Politeness(Evaluator):
    """Does each agent turn stay above the floor of politeness?"""

    rollup: Rollup = "any_fault"

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """One verdict for each agent turn whose courtesy was read."""
        for fact in ctx.reading.courtesies:
            yield _verdict(ctx, fact)


def _verdict(ctx: EvalContext, fact: CourtesyFact) -> Score:
    if not ctx.sure(fact):
        return Score(turn=fact.turn, state="unsure", reason=f"may be {fact.courtesy}")
    polite = fact.courtesy == "polite"
    return Score(
        turn=fact.turn,
        value=float(polite),
        passed=polite,
        label=fact.courtesy,
        severity=None if polite else "major",
        reason=fact.reason or fact.courtesy,
        evidence=ctx.cite(fact),
        expected=None if polite else "polite",
        found=None if polite else fact.quote,
        source=fact.source,
        confidence=fact.confidence,
    )
