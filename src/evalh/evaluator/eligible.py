"""Whom the policy lets an offer be made to: its eligibility lines and its blocks, each held against the customer.

What it leaves to others: whether an offer was made, and the verdict about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from evalh.evaluator.base import EvalContext, Withheld
from evalh.evaluator.condition import Verdict
from evalh.models import Offer
from evalh.models.vocabulary import EligibilityLabel


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the policy held against the customer.

    `truth` says whether the rule holds: for a line of eligibility True lets the offer be made, for a block True
    forbids it. None: it cannot be told, and `missing` names the customer's field that is lacking, if one is.
    """

    label: EligibilityLabel
    clause: str
    expected: str
    found: str
    truth: bool | None
    missing: str | None = None
    critical: bool = False


def matches(offer: Offer, ctx: EvalContext, turn: int | None = None) -> list[Finding]:
    """Every line of the offer's eligibility, with whether it holds, by the intents said up to `turn` (None: all).

    Raises Withheld when the conversation has no customer record.
    """
    return [*_listed(offer, ctx), *_condition(offer, ctx, turn)]


def suppressed(ctx: EvalContext, turn: int | None = None) -> list[Finding]:
    """The policy's blocks that hold (truth True) or of which it cannot be told (None); those that do not are left out.

    Without a customer record only the blocks that the intents alone decide can hold; the others are left out.
    """
    return [*_suppression(ctx, turn), *_no_offer_intents(ctx, turn)]


def covers(rule: str, region: str) -> bool:
    """Whether a region of the policy covers the customer's: "US" covers "US-TX"."""
    rule, region = rule.casefold(), region.casefold()
    return region == rule or region.startswith(f"{rule}-")


def speaks_for(wanted: str, signal: str) -> bool:
    """Whether a customer's signal is the one wanted: "roaming" is met by "roaming:TR"."""
    wanted, signal = wanted.casefold(), signal.casefold()
    return signal == wanted or signal.startswith(f"{wanted}:")


def signals_for(offer: Offer, ctx: EvalContext) -> tuple[str, ...]:
    """The customer's signals that speak for the offer; any signal does where the policy wants one but lists none."""
    wanted = offer.eligibility.signals
    has = words(ctx.customer.get("signals"))
    return tuple(signal for signal in has if not wanted or any(speaks_for(rule, signal) for rule in wanted))


def words(value: Any) -> tuple[str, ...]:
    """A field of the customer's record as words, whether it holds one, several or none."""
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)


def _listed(offer: Offer, ctx: EvalContext) -> Iterator[Finding]:
    line = _Line(f"offers/{offer.id}/eligibility", ctx.customer)
    rules = offer.eligibility
    yield from line.listed("regions", "region", "region_blocked", rules.regions, covers)
    blocked = rules.regions_blocked
    yield from line.listed("regions_blocked", "region", "region_blocked", blocked, covers, blocks=True)
    yield from line.listed("segments", "segment", "segment_blocked", rules.segments, _same)
    yield from line.listed("lifecycle", "lifecycle", "lifecycle_blocked", rules.lifecycle, _same)
    if offer.needs_signal:
        yield line.signal(rules.signals, signals_for(offer, ctx))


def _condition(offer: Offer, ctx: EvalContext, turn: int | None) -> Iterator[Finding]:
    condition = offer.eligibility.condition
    if condition is None:
        return
    verdict = ctx.holds(condition, turn)
    clause = f"offers/{offer.id}/eligibility.condition"
    yield Finding("condition_failed", clause, condition, _outcome(verdict), verdict.truth, verdict.missing)


def _suppression(ctx: EvalContext, turn: int | None) -> Iterator[Finding]:
    for rule in ctx.policy.suppression:
        try:
            verdict = ctx.holds(rule.when, turn)
        except Withheld as withheld:
            if withheld.state == "errored":
                raise
            continue
        if verdict.truth is False:
            continue
        found = _outcome(verdict) if verdict.truth is None else rule.reason or rule.when
        clause = f"suppression/{rule.id}"
        yield Finding(
            "suppressed", clause, f"no offer while {rule.when}", found, verdict.truth, verdict.missing, rule.critical
        )


def _no_offer_intents(ctx: EvalContext, turn: int | None) -> Iterator[Finding]:
    until = turn if turn is not None else len(ctx.conversation.turns)
    said = ctx.reading.intents_before(until)
    for intent in ctx.policy.conduct.no_offer_intents:
        if intent in said:
            facts = [fact for fact in ctx.reading.intents if fact.intent == intent and fact.turn <= until]
            sure = any(ctx.sure(fact) for fact in facts)
            expected = f"no offer in a contact about {intent}"
            yield Finding("no_offer_intent", "conduct/no_offer_intents", expected, intent, True if sure else None)


def _outcome(verdict: Verdict) -> str:
    if verdict.missing is not None:
        return f"the customer record has no {verdict.missing!r}"
    if verdict.problem is not None:
        return verdict.problem
    return "true" if verdict.truth else "false"


def _same(rule: str, value: str) -> bool:
    return rule.casefold() == value.casefold()


@dataclass(frozen=True, slots=True)
class _Line:
    """Builds the findings of one offer's eligibility lines."""

    clause: str
    customer: dict[str, Any]

    def listed(
        self,
        line: str,
        field: str,
        label: EligibilityLabel,
        rules: tuple[str, ...],
        fits: Callable[[str, str], bool],
        *,
        blocks: bool = False,
    ) -> Iterator[Finding]:
        """What a list of the policy says of the customer: one of it has to fit, or none where the list `blocks`."""
        if rules:
            has = words(self.customer.get(field))
            truth = any(fits(rule, value) for rule in rules for value in has) is not blocks if has else None
            expected = f"{'none' if blocks else 'one'} of {', '.join(rules)}"
            yield self._finding(line, field, label, expected, truth)

    def signal(self, wanted: tuple[str, ...], met: tuple[str, ...]) -> Finding:
        truth = bool(met) if "signals" in self.customer else None
        return self._finding("signals", "signals", "no_signal", f"one of {', '.join(wanted) or 'any signal'}", truth)

    def _finding(self, line: str, field: str, label: EligibilityLabel, expected: str, truth: bool | None) -> Finding:
        missing = f"customer.{field}" if truth is None else None
        found = ", ".join(words(self.customer.get(field))) or "none"
        return Finding(
            label,
            f"{self.clause}.{line}",
            expected,
            found if truth is not None else f"the customer record has no {field!r}",
            truth,
            missing,
        )
