"""Where the rules and a judge read a hard fact differently: a figure of an offer. Neither wins; the fact is unsure.

What a judge merely leaves out is no disagreement, and neither is a feature told in other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from evalh.models import Claim, Conversation, Disagreement, Fact
from evalh.text.amounts import amounts
from evalh.text.normalise import normalise

KINDS = (
    "price", "then_price", "promo_months", "discount", "term", "early_termination_fee", "fee", "deadline", "code",
)  # fmt: skip
"""Kinds of claim whose values can be compared."""
_MONEY = ("price", "then_price", "discount", "early_termination_fee", "fee")
_PERIODS = ("day", "week", "month", "year")
_AROUND = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Compared:
    """The claims after a comparison, and where it found another value."""

    claims: tuple[Claim, ...]
    disagreements: tuple[Disagreement, ...]


def compare(conversation: Conversation, rules: Sequence[Claim], judged: Sequence[Claim]) -> Compared:
    """The claims of the rules, without confidence where the judge has another value for the same thing.

    A sum that the judge found for an offer, that really stands where it says, and that no rule saw, is added without
    confidence.
    """
    left = [claim for claim in judged if claim.kind in KINDS and not any(_same(rule, claim) for rule in rules)]
    claims, disagreements = list(rules), []
    for place, claim in enumerate(rules):
        if claim.kind not in KINDS or any(_same(claim, other) for other in judged):
            continue
        rival = next((other for other in left if _rivals(claim, other)), None)
        if rival is not None:
            left.remove(rival)
            claims[place], disagreement = denied(claim, _told(rival))
            disagreements.append(disagreement)
    for claim in left:
        if _is_news(conversation, claim, rules):
            disagreements.append(_disagreement(claim, None, claim.value))
            claims.append(claim.model_copy(update={"confidence": 0.0}))
    return Compared(
        tuple(sorted(claims, key=lambda claim: claim.turn)), tuple(sorted(disagreements, key=lambda item: item.turn))
    )


def denied(claim: Claim, judge: str | None) -> tuple[Claim, Disagreement]:
    """A claim of the rules that a judge, asked about it, gives to another offer or to none (`judge` None)."""
    return claim.model_copy(update={"confidence": 0.0}), _disagreement(claim, claim.value, judge)


def _same(claim: Claim, other: Claim) -> bool:
    return _about_one_thing(claim, other) and _one_offer(claim, other) and _one_value(claim, other)


def _rivals(claim: Claim, other: Claim) -> bool:
    """Whether both cannot be right: another value for one offer, or one value given to another offer."""
    return _about_one_thing(claim, other) and (_one_offer(claim, other) or _one_value(claim, other))


def _about_one_thing(claim: Claim, other: Claim) -> bool:
    return (claim.turn, claim.kind) == (other.turn, other.kind)


def _one_offer(claim: Claim, other: Claim) -> bool:
    return claim.offer is None or other.offer is None or claim.offer == other.offer


def _one_value(claim: Claim, other: Claim) -> bool:
    if claim.period != other.period and claim.period in _PERIODS and other.period in _PERIODS:
        return False
    units = (claim.unit, other.unit)
    if claim.kind == "discount" and None not in units and (units[0] == "percent") != (units[1] == "percent"):
        return False
    return _value(claim) == _value(other)


def _value(claim: Claim) -> Decimal | str:
    """A number (of months, for a length of time), the day and month of a date, or bare words."""
    number = _number(claim.value) if claim.kind not in ("deadline", "code") else None
    if number is not None:
        years = claim.kind in ("term", "promo_months") and (claim.unit or "").lower().startswith("year")
        return number * 12 if years else number
    bare = _AROUND.sub("", normalise(claim.value).text)
    return bare[-4:] if claim.kind == "deadline" and bare.isdigit() else bare


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip().strip("$€£% ").replace(",", ""))
    except InvalidOperation:
        found = amounts(normalise(text).text)
        return found[0].value if len(found) == 1 and found[0].kind != "date" else None
    return number if number.is_finite() else None


def _is_news(conversation: Conversation, claim: Claim, rules: Sequence[Claim]) -> bool:
    """Whether the judge read a sum of an offer that is really there and that no rule saw as anything."""
    if claim.kind not in _MONEY or claim.offer is None or claim.confidence == 0:
        return False
    said = conversation.turns[claim.turn].heard[claim.start : claim.end]
    value = _number(claim.value)
    seen = (_number(rule.value) for rule in rules if rule.turn == claim.turn)
    return value is not None and value in _sums(said) and value not in seen


def _sums(text: str) -> Iterator[Decimal]:
    return (item.value for item in amounts(normalise(text).text) if item.kind in ("money", "percent", "count"))


def _told(claim: Claim) -> str:
    period = f" per {claim.period}" if claim.period else ""
    return f"{claim.value}{period}{f' ({claim.offer})' if claim.offer else ''}"


def differ(fact: Fact, kind: str, rule: str | None, judge: str | None, offer: str | None = None) -> Disagreement:
    """That the rules read `rule` at the place of `fact`, and the judge `judge`; None: nothing."""
    return Disagreement(
        turn=fact.turn, start=fact.start, end=fact.end, quote=fact.quote, confidence=0.0, source=fact.source,
        offer=offer, kind=kind, rule=rule, judge=judge,
    )  # fmt: skip


def _disagreement(claim: Claim, rule: str | None, judge: str | None) -> Disagreement:
    return differ(claim, claim.kind, rule, judge, claim.offer)
