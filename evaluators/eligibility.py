"""May this customer be offered this at all, by the rules and the absolute blocks of the policy?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from evalh.evaluator import EvalContext, Evaluator
from evalh.evaluator.eligible import Finding, matches, suppressed
from evalh.models import LedgerEntry, Offer, OfferAct, Score
from evalh.models.vocabulary import Level, Rollup, Severity

OPENED_BY_CUSTOMER = frozenset({"asked", "reopened"})


class Eligibility(Evaluator):
    """May this customer be offered this at all: blocks, region, segment, lifecycle, conditions, a signal that it fits?

    One verdict per offer pitched for each rule that is broken or cannot be told, or one that it is eligible. Later
    pitches of the same offer are judged again only by blocks that have come up since.
    """

    level: ClassVar[Level] = "offer"
    acts: ClassVar[bool] = True

    rollup: Rollup = "any_fault"
    asking_is_a_signal: bool = True
    """Whether a customer who asks for the offer has given the signal that it needs."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """Verdicts on every pitch; of an offer that the policy does not have, only on the blocks it breaks."""
        judged: dict[str, set[str]] = {}
        for act in ctx.pitches():
            offer = ctx.policy.offer(act.offer)
            first = _name(act) not in judged
            blocks = _blocks(ctx, act.turn)
            seen = judged.setdefault(_name(act), set())
            new = [item for item in blocks if item.clause not in seen]
            seen.update(item.clause for item in blocks)
            yield from self._pitch(ctx, act, offer, new) if first and offer else _broken(ctx, act, new)
        yield from _too_many(ctx)

    def _pitch(self, ctx: EvalContext, act: OfferAct, offer: Offer, blocks: list[Finding]) -> Iterator[Score]:
        rows = list(_broken(ctx, act, [*blocks, *self._rules(ctx, act, offer)]))
        yield from rows
        if ctx.conversation.customer is None:
            yield _row(ctx, act, state="skipped", reason="the conversation has no customer record")
        elif not rows:
            yield _eligible(ctx, act)

    def _rules(self, ctx: EvalContext, act: OfferAct, offer: Offer) -> list[Finding]:
        if ctx.conversation.customer is None:
            return []
        found = [item for item in matches(offer, ctx, act.turn) if item.truth is not True]
        asked = _asked_for(ctx, act) if self.asking_is_a_signal else []
        if offer.mandatory or any(map(ctx.sure, asked)):
            return [item for item in found if item.label != "no_signal"]
        return [_perhaps_asked(item) if asked and item.label == "no_signal" else item for item in found]


def _name(act: OfferAct) -> str:
    return act.offer or act.said.casefold()


def _blocks(ctx: EvalContext, turn: int) -> list[Finding]:
    found = suppressed(ctx, turn)
    certain = {item.clause for item in suppressed(_sure_intents(ctx), turn)}
    return [item if item.clause in certain or item.truth is None else _doubted(item) for item in found]


def _sure_intents(ctx: EvalContext) -> EvalContext:
    sure = tuple(fact for fact in ctx.reading.intents if ctx.sure(fact))
    return replace(ctx, facts=ctx.reading.model_copy(update={"intents": sure}))


def _doubted(item: Finding) -> Finding:
    return replace(item, truth=None, found=f"only by an intent that was read with little confidence: {item.found}")


def _perhaps_asked(item: Finding) -> Finding:
    return replace(item, truth=None, found=f"the customer may have asked for it; {item.found}")


def _asked_for(ctx: EvalContext, act: OfferAct) -> list[LedgerEntry]:
    entries = ctx.entries(act.offer)
    return [entry for entry in entries if entry.event in OPENED_BY_CUSTOMER and entry.turn < act.turn]


def _broken(ctx: EvalContext, act: OfferAct, findings: list[Finding]) -> Iterator[Score]:
    for item in findings:
        yield _row(
            ctx,
            act,
            state="scored" if item.truth is not None and ctx.sure(act) else "unsure",
            reason=_reason(ctx, act, item),
            finding=item,
        )


def _reason(ctx: EvalContext, act: OfferAct, item: Finding) -> str:
    if item.truth is None:
        return f"cannot be told: {item.found}"
    if not ctx.sure(act):
        return f"the pitch was read with confidence {act.confidence:.2f} only: {item.found}"
    return item.found if item.label == "suppressed" else f"{item.expected}; the customer: {item.found}"


def _eligible(ctx: EvalContext, act: OfferAct) -> Score:
    reason = "every rule of the policy holds"
    return _row(ctx, act, state="scored" if ctx.sure(act) else "unsure", reason=reason)


def _row(ctx: EvalContext, act: OfferAct, *, state: str, reason: str, finding: Finding | None = None) -> Score:
    good = finding is None
    severity: Severity | None = None if finding is None else "critical" if finding.critical else "major"
    scored = state == "scored"
    return Score.model_validate(
        {
            "turn": act.turn,
            "offer": act.offer,
            "state": state,
            "value": good if scored else None,
            "passed": good if scored else None,
            "label": finding.label if finding else "eligible" if scored else None,
            "severity": severity if scored else None,
            "reason": reason,
            "evidence": _evidence(ctx, act, finding),
            "clause": finding.clause if finding else f"offers/{act.offer}/eligibility",
            "expected": finding.expected if finding else None,
            "found": finding.found if finding else None,
            "source": act.source,
            "confidence": act.confidence,
        }
    )


def _evidence(ctx: EvalContext, act: OfferAct, finding: Finding | None) -> tuple[object, ...]:
    said = finding.found if finding and finding.label == "no_offer_intent" else None
    return ctx.cite(act, *(fact for fact in ctx.reading.intents if fact.intent == said and fact.turn <= act.turn))


def _too_many(ctx: EvalContext) -> Iterator[Score]:
    most = ctx.policy.conduct.max_offers
    pitches = [act for act in ctx.pitches() if ctx.policy.offer(act.offer)]
    offers = list(dict.fromkeys(act.offer for act in pitches))
    if most is None or len(offers) <= most:
        return
    over = next(act for act in pitches if act.offer == offers[most])
    expected, found = f"at most {most} different offers", ", ".join(str(name) for name in offers)
    yield from _broken(ctx, over, [Finding("too_many_offers", "conduct/max_offers", expected, found, True)])
