"""Missed opportunity: the error of not offering what the policy wants offered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalh.evaluator import EvalContext, Evaluator, Finding, matches, signals_for, suppressed
from evalh.models import Evidence, Offer, Score
from evalh.models.vocabulary import Rollup


class MissedOpportunity(Evaluator):
    """Was the customer eligible, calm, solved and with a signal for an offer, and the agent offered nothing?

    Only offers for which a concrete signal of the customer speaks count. Holding back because the policy, the
    customer's mood or an open problem forbids it is right.
    """

    level = "conversation"

    rollup: Rollup = "any_fault"
    gating: bool = False

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """One verdict on the conversation; none when nothing speaks for any offer."""
        if ctx.pitches():
            yield _offered(ctx)
            return
        chances = [_chance(ctx, offer) for offer in _open_to(ctx)]
        signalled = [chance for chance in chances if chance.signals]
        blocks = _blocks(ctx)
        certain = next((block for block in blocks if block.certain), None)
        if certain is not None:
            yield from [_held_back(signalled[0], certain)] if signalled else []
            return
        yield from _without_block(ctx, chances, blocks)


@dataclass(frozen=True, slots=True)
class _Chance:
    """An offer that could have been made, with what speaks for it and what the policy says of it."""

    offer: Offer
    signals: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def truth(self) -> bool | None:
        truths = [finding.truth for finding in self.findings]
        return False if False in truths else None if None in truths else True


@dataclass(frozen=True, slots=True)
class _Block:
    """A reason to offer nothing; when it is not certain, a person has to tell."""

    reason: str
    certain: bool
    evidence: tuple[Evidence, ...] = ()
    clause: str | None = None


def _without_block(ctx: EvalContext, chances: Sequence[_Chance], doubts: Sequence[_Block]) -> Iterator[Score]:
    due = [chance for chance in chances if chance.truth]
    unclear = [chance for chance in chances if chance.truth is None]
    signalled = [chance for chance in chances if chance.signals]
    if due and not doubts:
        yield _missed(ctx, max(due, key=lambda chance: len(chance.signals)))
    elif due or unclear:
        yield _unclear(doubts[0].reason if due else _first_gap(unclear[0]))
    elif signalled:
        failed = next(finding for finding in signalled[0].findings if finding.truth is False)
        block = _Block(f"{signalled[0].offer.name} may not be offered: {failed.found}", True, (), failed.clause)
        yield _held_back(signalled[0], block)


def _open_to(ctx: EvalContext) -> list[Offer]:
    """The active offers that want a signal and that the customer neither has nor has talked about."""
    has = {str(item).casefold() for item in _products(ctx)}
    discussed = {entry.offer for entry in ctx.reading.ledger}
    return [
        offer
        for offer in ctx.policy.offers
        if offer.status == "active"
        and offer.needs_signal
        and offer.id not in discussed
        and has.isdisjoint(word.casefold() for word in (offer.id, *offer.names, *offer.codes))
    ]


def _products(ctx: EvalContext) -> list[object]:
    products = ctx.customer.get("products")
    plan = ctx.customer.get("plan")
    return [*(products if isinstance(products, list | tuple) else ()), *((plan,) if plan is not None else ())]


def _chance(ctx: EvalContext, offer: Offer) -> _Chance:
    return _Chance(offer, signals_for(offer, ctx), tuple(matches(offer, ctx)))


def _blocks(ctx: EvalContext) -> list[_Block]:
    return [*_policy_blocks(ctx), *_issue_blocks(ctx), *_mood_block(ctx), *_closed(ctx)]


def _policy_blocks(ctx: EvalContext) -> Iterator[_Block]:
    for finding in suppressed(ctx):
        yield _Block(f"{finding.expected}: {finding.found}", finding.truth is True, (), finding.clause)


def _issue_blocks(ctx: EvalContext) -> Iterator[_Block]:
    for issue in ctx.reading.issues:
        if issue.status != "resolved" or not ctx.sure(issue):
            certain = issue.status != "unsure" and ctx.sure(issue)
            reason = f"the problem {issue.id!r} was {issue.status}"
            yield _Block(reason, certain, ctx.cite(issue), "conduct/resolution_first")


def _mood_block(ctx: EvalContext) -> Iterator[_Block]:
    mood = ctx.reading.mood_before(len(ctx.conversation.turns))
    if mood is not None and mood.mood == "frustrated":
        yield _Block(f"the customer was frustrated at turn {mood.turn}", ctx.sure(mood), ctx.cite(mood))


def _closed(ctx: EvalContext) -> Iterator[_Block]:
    last = ctx.reading.ledger[-1] if ctx.reading.ledger else None
    if last is not None and last.topic_closed:
        yield _Block(f"the customer closed the topic at turn {last.turn}", ctx.sure(last), ctx.cite(last))


def _offered(ctx: EvalContext) -> Score:
    pitch = max(ctx.pitches(), key=lambda act: act.confidence)
    if not ctx.sure(pitch):
        return _unclear(f"turn {pitch.turn} may be an offer")
    return Score(
        level="conversation",
        value=1.0,
        passed=True,
        label="offered",
        reason=f"an offer was made at turn {pitch.turn}",
        evidence=(pitch.evidence,),
        source=pitch.source,
        confidence=pitch.confidence,
    )


def _missed(ctx: EvalContext, chance: _Chance) -> Score:
    offer = chance.offer
    return Score(
        level="conversation",
        turn=_due(ctx),
        offer=offer.id,
        value=0.0,
        passed=False,
        label="missed",
        severity="minor",
        reason=f"{offer.name} fits the customer ({', '.join(chance.signals)}) and was not offered",
        evidence=(ctx.quote(_due(ctx)),),
        clause=f"offers/{offer.id}/eligibility",
        expected=f"an offer of {offer.name}",
        found="no offer",
        source="rule",
        confidence=min((issue.confidence for issue in ctx.reading.issues), default=1.0),
    )


def _held_back(chance: _Chance, block: _Block) -> Score:
    return Score(
        level="conversation",
        value=1.0,
        passed=True,
        label="rightly_held_back",
        reason=f"{chance.offer.name} has a signal, but {block.reason}",
        evidence=block.evidence,
        clause=block.clause,
        source="rule",
    )


def _unclear(reason: str) -> Score:
    return Score(level="conversation", state="unsure", reason=reason)


def _first_gap(chance: _Chance) -> str:
    gap = next(finding for finding in chance.findings if finding.truth is None)
    return f"whether {chance.offer.name} was due cannot be told: {gap.found}"


def _due(ctx: EvalContext) -> int:
    """The turn in which the offer was due: the agent's first from the last resolution on, or else its last."""
    solved = max((issue.resolved_turn or 0 for issue in ctx.reading.issues), default=None)
    spoken = [turn.index for turn in ctx.conversation.agent_turns()]
    last = spoken[-1] if spoken else len(ctx.conversation.turns) - 1
    return last if solved is None else next((index for index in spoken if index >= solved), last)
