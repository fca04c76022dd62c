"""Is everything the agent said about an offer in the policy version in force on the day of the conversation?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import re2

from evalh.evaluator import EvalContext, Evaluator
from evalh.evaluator.eligible import matches
from evalh.evaluator.grounds import (
    Ground,
    amount,
    around,
    beside_of,
    compare,
    ground,
    is_of_the_plan,
    nearest_code,
    owner_of,
    says_nothing,
)
from evalh.models import Booking, Claim, Offer, OfferAct, ProhibitedFact, Score
from evalh.models.vocabulary import GroundednessLabel, Level, Rollup, Severity
from evalh.text.normalise import normalise

MINOR: frozenset[GroundednessLabel] = frozenset({"invented_feature", "wrong_feature"})
LATELY = 4
"""Turns back in which another offer was named that a claim may mean."""
OPENING = 4
"""Words that may stand before a bare "it's free" without being what is free: "Good news!"."""
_FREE = re2.compile(
    r"(?:it|that|this)?(?:'s| is| comes| would be| will be)? ?(?:completely |totally |absolutely |also )?"
    r"(?:free|complimentary)(?: of charge| for you)*\W*"
)
_DENIED = re2.compile(r"(?i)\b(?:no|not|never|false|ineligible|not_eligible|unable|cannot|can't)\b|n't\b|_not_|^not_")


class Groundedness(Evaluator):
    """Is everything the agent said about an offer in the policy in force: that it exists, its SKU, price and terms?

    Each claim, pitch, booking and prohibited wording is one verdict, with the clause it contradicts. A value that
    only an older version has is stale. What the policy neither says nor denies is unsure, never grounded.
    """

    level: ClassVar[Level] = "offer"
    acts: ClassVar[bool] = True

    rollup: Rollup = "any_fault"
    check_features: bool = True
    """Whether features told in words and numbers are compared, not only prices and terms."""
    prohibited_severity: Severity = "critical"

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """A verdict per pitch, claim, booking and prohibited wording; the state is unsure where facts are."""
        for act in (*ctx.pitches(), *_told_after_all(ctx)):
            yield _exists(ctx, act)
        for claim in ctx.reading.claims:
            yield from self._claimed(ctx, claim)
        for booking in ctx.reading.bookings:
            yield from _booked(ctx, booking)
        for fact in ctx.reading.prohibited:
            yield self._prohibited(ctx, fact)

    def _claimed(self, ctx: EvalContext, claim: Claim) -> Iterator[Score]:
        if claim.kind == "feature" and not self.check_features:
            return
        if claim.offer is None and _speaks_of_the_unknown(ctx, claim.turn):
            return
        if says_nothing(claim, ctx.policy):
            return
        if claim.kind in ("eligibility", "availability"):
            yield from _qualifies(ctx, claim)
            return
        started = ctx.conversation.started_at
        day, text = started.date() if started else None, ctx.turn(claim.turn).text
        if is_of_the_plan(claim, ctx.policy, ctx.conversation.owned):
            return
        unnamed = not _names(ctx, claim)
        beside = _beside(ctx, claim) if unnamed else None
        found = ground(claim, ctx.policy, ctx.older_policies, text, day, beside=beside)
        if unnamed and found.truth is False and _is_something_free(claim, text):
            found = replace(found, truth=None, reason="what costs nothing is not clear")
        yield _claim_score(ctx, claim, found)

    def _prohibited(self, ctx: EvalContext, fact: ProhibitedFact) -> Score:
        rule = next((item for item in ctx.policy.claims_prohibited if item.id == fact.claim), None)
        if rule is None:
            return _score(ctx, fact, None, "grounded", reason="prohibited in another version of the policy only")
        clause = f"claims_prohibited/{rule.id}"
        reason = rule.reason or "a prohibited claim"
        score = _score(ctx, fact, None, "prohibited_claim", clause=clause, expected="not said", reason=reason)
        return score if score.state != "scored" else score.model_copy(update={"severity": self.prohibited_severity})


def _names(ctx: EvalContext, claim: Claim) -> bool:
    """Whether the turn of a claim names the offer that the claim is given to."""
    return any(item.turn == claim.turn and item.offer == claim.offer for item in ctx.reading.mentions)


def _beside(ctx: EvalContext, claim: Claim) -> frozenset[str]:
    """The other offers that a claim may mean whose turn names none."""
    before = [turn for turn in ctx.conversation.customer_turns() if turn.index < claim.turn]
    asked = before[-1].text if before else ""
    since = claim.turn - LATELY
    named = {item.offer for item in ctx.reading.mentions if since <= item.turn < claim.turn and item.offer is not None}
    text = ctx.turn(claim.turn).text
    return beside_of(claim, ctx.policy, text, asked, named=named, owned=ctx.conversation.owned)


def _is_something_free(claim: Claim, text: str) -> bool:
    """A "free" that is not the first thing a turn says may be of what was said before it."""
    if claim.kind != "price" or amount(claim.value) != 0 or claim.start >= claim.end:
        return False
    said = around(text, claim.start, claim.end)
    before = normalise(text).text.partition(said)[0]
    return bool(before.strip()) and (len(before.split()) > OPENING or not _FREE.fullmatch(said.strip()))


def _told_after_all(ctx: EvalContext) -> Iterator[OfferAct]:
    """The first answer about each offer that cannot be had and was pitched without its name: "a plan with more data".

    What the customer has may be explained though nobody can take it any more.
    """
    unnamed = [act.turn for act in ctx.pitches() if act.offer is None and act.known]
    done = {act.offer for act in ctx.pitches()} | ctx.conversation.owned
    for act in ctx.reading.acts:
        if (
            act.act == "answer"
            and act.offer is not None
            and act.offer not in done
            and min(unnamed, default=act.turn) < act.turn
        ):
            done.add(act.offer)
            offer = ctx.policy.offer(act.offer)
            if offer is None or offer.status != "active":
                yield act


def _exists(ctx: EvalContext, act: OfferAct) -> Score:
    if act.offer is None:
        return _unnamed(ctx, act)
    offer = ctx.policy.offer(act.offer)
    clause = f"offers/{act.offer}"
    if offer is None:
        return _no_longer(ctx, act, clause)
    if offer.status == "active":
        return _score(ctx, act, act.offer, "grounded", clause=clause)
    label: GroundednessLabel = "discontinued_offer" if offer.status == "discontinued" else "upcoming_offer"
    expected = _replacement(ctx, offer)
    return _score(
        ctx, act, act.offer, label, clause=f"{clause}/status", expected=expected, reason=f"it is {offer.status}"
    )


def _unnamed(ctx: EvalContext, act: OfferAct) -> Score:
    if not act.known:
        reason = "no version of the policy has this offer"
        return _score(
            ctx, act, None, "not_in_policy", clause="offers", expected="an offer of the policy", reason=reason
        )
    if not act.candidates:
        return Score(
            turn=act.turn, state="not_applicable", reason="an offer without a name: what is said of it is judged"
        )
    names = ", ".join(item.offer for item in act.candidates)
    return _unsure(ctx, act, None, f"which offer is meant is not clear: {names}")


def _no_longer(ctx: EvalContext, act: OfferAct, clause: str) -> Score:
    past = next((policy.version for policy in ctx.older_policies if policy.offer(act.offer)), None)
    label: GroundednessLabel = "discontinued_offer" if past else "not_in_policy"
    reason = f"only in version {past}" if past else f"not in version {ctx.policy.version}"
    return _score(ctx, act, act.offer, label, clause=clause, expected="an offer of the version in force", reason=reason)


def _replacement(ctx: EvalContext, offer: Offer) -> str:
    new = ctx.policy.offer(offer.replaced_by)
    return f"{new.name} ({new.id})" if new else offer.replaced_by or "an offer that can be had"


def _speaks_of_the_unknown(ctx: EvalContext, turn: int) -> bool:
    return any(act.turn == turn and not act.known for act in ctx.reading.acts)


def _claim_score(ctx: EvalContext, claim: Claim, found: Ground) -> Score:
    if found.truth is None:
        return _unsure(ctx, claim, claim.offer, found.reason, found.clause, found.expected)
    label = "grounded" if found.truth else found.label
    return _score(ctx, claim, claim.offer, label, clause=found.clause, expected=found.expected, reason=found.reason)


def _qualifies(ctx: EvalContext, claim: Claim) -> Iterator[Score]:
    offer = ctx.policy.offer(claim.offer)
    if offer is None:
        return
    if ctx.conversation.customer is None:
        yield Score(turn=claim.turn, offer=offer.id, state="skipped", reason="the conversation has no customer record")
        return
    findings = matches(offer, ctx, claim.turn)
    rules = [item for item in findings if item.label != "no_signal"]
    if claim.kind == "availability":
        rules = [item for item in rules if item.label == "region_blocked"]
    broken = next((item for item in rules if item.truth is False), None)
    unknown = next((item for item in rules if item.truth is None), None)
    denied = bool(_DENIED.search(claim.value))
    if unknown and not broken:
        yield _unsure(ctx, claim, offer.id, unknown.found, unknown.clause, unknown.expected)
    elif denied == bool(broken):
        yield _score(ctx, claim, offer.id, "grounded", clause=f"offers/{offer.id}/eligibility")
    else:
        clause = broken.clause if broken else f"offers/{offer.id}/eligibility"
        expected = f"{broken.expected}, the customer has {broken.found}" if broken else "the customer qualifies"
        yield _score(
            ctx, claim, offer.id, "wrong_eligibility", clause=clause, expected=expected, reason="not what the rules say"
        )


def _booked(ctx: EvalContext, booking: Booking) -> Iterator[Score]:
    if booking.succeeded is False:
        return
    offer = ctx.policy.offer(booking.offer) or (owner_of(booking.sku, ctx.policy) if booking.sku else None)
    meant = _meant(ctx, booking)
    if offer is None:
        yield from _booked_unknown(ctx, booking, meant)
        return
    if meant and offer.id not in meant:
        yield _booking_score(ctx, booking, "sku_mismatch", f"offers/{meant[0]}", meant[0], "not the offer agreed on")
        return
    yield _booking_score(ctx, booking, "grounded", f"offers/{offer.id}", None, "")
    yield from _booked_price(ctx, booking, offer)


def _booked_unknown(ctx: EvalContext, booking: Booking, meant: tuple[str, ...]) -> Iterator[Score]:
    if booking.sku is None:
        return
    near = nearest_code(booking.sku, ctx.policy.offers)
    if near is not None:
        yield _booking_score(ctx, booking, "code_typo", f"offers/{near[0].id}", near[1], "no such SKU")
    elif meant:
        yield _booking_score(ctx, booking, "sku_mismatch", f"offers/{meant[0]}", meant[0], "no such SKU in the policy")


def _meant(ctx: EvalContext, booking: Booking) -> tuple[str, ...]:
    before = [entry for entry in ctx.reading.ledger if entry.offer is not None and entry.turn <= booking.turn]
    accepted = [entry.offer for entry in before if entry.event == "accepted" and entry.offer]
    spoken = [entry.offer for entry in before if entry.event in ("pitched", "asked", "answered") and entry.offer]
    return tuple(dict.fromkeys(reversed(accepted or spoken)))


def _booked_price(ctx: EvalContext, booking: Booking, offer: Offer) -> Iterator[Score]:
    if booking.price is None or offer.price is None:
        return
    claim = Claim(
        turn=booking.turn, start=booking.start, end=booking.end, quote=booking.quote, offer=offer.id, kind="price",
        value=booking.price, confidence=booking.confidence, source=booking.source,
    )  # fmt: skip
    said = f"total of {booking.quantity} discount" if booking.quantity else "discount"
    found = compare(claim, offer, ctx.policy, said)
    if found.truth is False:
        found = ground(claim, ctx.policy, ctx.older_policies, "")
    yield _claim_score(ctx, claim, found)


def _booking_score(
    ctx: EvalContext, booking: Booking, label: GroundednessLabel, clause: str, expected: str | None, reason: str
) -> Score:
    score = _score(ctx, booking, booking.offer, label, clause=clause, expected=expected, reason=reason)
    return score.model_copy(update={"found": booking.sku or booking.offer})


def _score(
    ctx: EvalContext,
    fact: OfferAct | Claim | Booking | ProhibitedFact,
    offer: str | None,
    label: GroundednessLabel,
    *,
    clause: str | None = None,
    expected: str | None = None,
    reason: str = "",
) -> Score:
    if not ctx.sure(fact):
        return _unsure(ctx, fact, offer, f"read with confidence {fact.confidence:.2f} only: {reason or label}", clause)
    good = label == "grounded"
    severity: Severity | None = None if good else "minor" if label in MINOR else "major"
    return Score(
        turn=fact.turn, offer=offer, value=good, passed=good, label=label, severity=severity, reason=reason or label,
        evidence=ctx.cite(fact), clause=clause, expected=None if good else expected,
        found=None if good else _found(fact), source=fact.source, confidence=fact.confidence,
    )  # fmt: skip


def _unsure(
    ctx: EvalContext,
    fact: OfferAct | Claim | Booking | ProhibitedFact,
    offer: str | None,
    reason: str,
    clause: str | None = None,
    expected: str | None = None,
) -> Score:
    return Score(
        turn=fact.turn, offer=offer, state="unsure", reason=reason, evidence=ctx.cite(fact), clause=clause,
        expected=expected, found=_found(fact), source=fact.source, confidence=fact.confidence,
    )  # fmt: skip


def _found(fact: OfferAct | Claim | Booking | ProhibitedFact) -> str:
    if isinstance(fact, Claim):
        period = f" per {fact.period}" if fact.period else ""
        return f"{fact.value}{' ' + fact.unit if fact.unit else ''}{period}"
    return (fact.said or fact.quote) if isinstance(fact, OfferAct) else fact.quote
