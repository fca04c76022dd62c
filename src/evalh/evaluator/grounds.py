"""Whether a policy says what an agent claims of an offer; pure, in decimals; verdicts are left to evaluators."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import re2
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from evalh.models import Claim, Offer, OfferPolicy
from evalh.models.vocabulary import GroundednessLabel
from evalh.text.amounts import amounts
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences

CENT = Decimal("0.01")
TYPO_DISTANCE = 2
PROSE_SUPPORT = 0.75
"""The share of a claim's content words that one text of the policy must have to support it."""

_NUMBER_WORDS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen",
]  # fmt: skip
_NAME_AT = 72.0
_NEGATIONS = frozenset([
    "no", "not", "never", "without", "cannot", "can't", "don't", "doesn't", "isn't", "won't", "none", "nothing",
    "excluded",
])  # fmt: skip
_STOP = frozenset([
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "for", "from", "get", "gets", "has", "have", "i", "in",
    "is", "it", "its", "of", "on", "or", "our", "so", "that", "the", "their", "them", "there", "this", "to", "up",
    "us", "we", "will", "with", "you", "you'll", "your", "also", "all", "just", "very", "really", "plus", "any",
    "when", "while", "which", "includes", "include", "included", "including", "comes", "come", "gives", "give",
])  # fmt: skip
_HEDGE = re2.compile(
    r"\b(?:about|around|roughly|approximately|almost|nearly|just (?:under|over)|less than|under|or so)\b"
)
_TOTAL = re2.compile(r"\b(?:total|altogether|all together|in all|both|combined|comes? to|sum)\b")
_DISCOUNTED = re2.compile(r"\b(?:discount|off|credit|saving|savings|save|reduced)\b")
_REDACTED = re2.compile(r"[\[<{*_]|\bx{2,}\b")
_LEAVING = re2.compile(r"\b(?:early|leav\w*|cancel\w*|terminat\w*|break\w*)\b")
_PAIR = re2.compile(r"(\d[\d,]*(?:\.\d+)?)\s*((?:[a-z%][a-z%'-]*\s*){0,4})")
_WORD = re2.compile(r"[a-z0-9%][a-z0-9'%-]*")
_ORDINAL = re2.compile(r"(?:st|nd|rd|th)$")
_A_PERIOD = re2.compile(r"\b(?:a|per|each|every)\s+(day|week|month|year|trip|night)\b")

_UNITS = {
    "mbps": ("bps", 1), "meg": ("bps", 1), "megs": ("bps", 1), "megabit": ("bps", 1), "mbit": ("bps", 1),
    "gbps": ("bps", 1000), "gigabit": ("bps", 1000), "gbit": ("bps", 1000),
    "mb": ("byte", 1), "megabyte": ("byte", 1), "gb": ("byte", 1000), "gig": ("byte", 1000),
    "gigabyte": ("byte", 1000), "tb": ("byte", 1_000_000), "terabyte": ("byte", 1_000_000),
    "percent": ("%", 1), "%": ("%", 1), "minute": ("minute", 1), "min": ("minute", 1), "hour": ("minute", 60),
    "country": ("country", 1), "countrie": ("country", 1), "foot": ("foot", 1), "feet": ("foot", 1),
}  # fmt: skip
_SAME = (
    {"passenger", "person", "traveller", "traveler", "guest", "adult", "head", "ticket"},
    {"line", "phone", "number", "sim", "handset", "device", "tablet", "gadget"},
    {"bag", "suitcase", "luggage", "piece", "case"},
    {"user", "member", "person", "seat", "employee"},
)
_LOOSE_PERIODS = ({"once", "trip"}, {"once", "use"}, {"day", "use"}, {"trip", "use"})
_STALE: dict[GroundednessLabel, GroundednessLabel] = {
    "wrong_price": "stale_price", "wrong_term": "stale_term", "wrong_fee": "stale_fee", "invented_fee": "stale_fee",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ground:
    """What the policy says to a claim: `truth` None when it cannot be told, with the `reason`."""

    truth: bool | None
    label: GroundednessLabel
    clause: str | None = None
    expected: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount that the policy states or that follows from it, and per what it is paid."""

    amount: Decimal
    period: str
    clause: str
    why: str = ""
    needs_period: bool = False


def ground(
    claim: Claim,
    policy: OfferPolicy,
    older: Sequence[OfferPolicy],
    text: str,
    day: date | None = None,
    *,
    beside: frozenset[str] | None = None,
) -> Ground:
    """What `policy` says to `claim`, made in a turn of that `text` on that `day`; `older` versions newest first.

    A value that only an older version has is stale; a value of a sibling offer is named in the reason. `beside` are
    the other offers that a claim may mean whose turn does not name its offer: what is true of one of them cannot be
    told. None where the turn names it.
    """
    if is_redacted(claim.value):
        return Ground(None, "grounded", reason="the value is redacted")
    said = around(text, claim.start, claim.end)
    if claim.kind == "code":
        return _code(claim, policy)
    if claim.kind == "deadline":
        return _deadline(claim, policy, day)
    offer = policy.offer(claim.offer)
    if offer is None:
        return _gone(claim, older, said)
    found = compare(claim, offer, policy, said)
    if found.truth is False:
        found = _explained(found, claim, policy, older, said)
        stale = found.label in _STALE.values()
        found = found if stale or beside is None else _of_another(found, claim, policy, said, beside)
    return found


def compare(claim: Claim, offer: Offer, policy: OfferPolicy, said: str) -> Ground:
    """What one version says to a claim about `offer`; `said` is the normalised sentence around the claim."""
    if claim.kind == "feature":
        return _feature(claim, offer, policy, said)
    value = amount(claim.value)
    if value is None:
        return Ground(None, "grounded", reason=f"{claim.value!r} is no amount that can be compared")
    checks = {
        "price": _price, "then_price": _then_price, "promo_months": _promo_months, "term": _term,
        "early_termination_fee": _leaving_fee, "fee": _fee, "discount": _discount,
    }  # fmt: skip
    check = checks.get(claim.kind)
    if check is None:
        return Ground(None, "grounded", reason=f"a claim of {claim.kind} is not compared with the policy's texts")
    return check(claim, value, offer, said)


def amount(text: str | None) -> Decimal | None:
    """The number in `text`, such as "$1,049.99" or "15 %"; None when it is not one number."""
    try:
        number = Decimal((text or "").strip().strip("$€£% ").replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_redacted(value: str) -> bool:
    """Whether `value` is a placeholder such as ``[AMOUNT]``, which compares with nothing."""
    return bool(_REDACTED.search(value.lower()))


def around(text: str, start: int, end: int) -> str:
    """The normalised sentence around characters `start` to `end` of `text`; all of it without a place."""
    norm = normalise(text)
    if start >= end:
        return norm.text
    at, last = norm.locate(start), norm.locate(max(start, end - 1))
    spans = [(a, b) for a, b in sentences(norm.text) if a <= last and at < b]
    return norm.text[spans[0][0] : spans[-1][1]] if spans else norm.text


# ---- staleness and siblings ------------------------------------------------


def _gone(claim: Claim, older: Sequence[OfferPolicy], said: str) -> Ground:
    past = next((policy for policy in older if policy.offer(claim.offer)), None)
    offer = past.offer(claim.offer) if past else None
    if past is None or offer is None:
        return Ground(None, "grounded", reason="which offer is meant is not clear")
    found = compare(claim, offer, past, said)
    reason = f"the offer is only in version {past.version}"
    if found.truth:
        return replace(found, reason=reason)
    return Ground(None, "grounded", found.clause, found.expected, f"{reason}, which does not say so")


def _explained(found: Ground, claim: Claim, policy: OfferPolicy, older: Sequence[OfferPolicy], said: str) -> Ground:
    for past in older:
        offer = past.offer(claim.offer)
        if offer is not None and compare(claim, offer, past, said).truth:
            label = _STALE.get(found.label, found.label)
            versions = f"right in version {past.version}, not in {policy.version}, which is in force"
            return replace(found, label=label, reason=versions)
    return _of_a_sibling(found, claim, policy, said)


def _of_a_sibling(found: Ground, claim: Claim, policy: OfferPolicy, said: str) -> Ground:
    own = policy.offer(claim.offer)
    if own is None or own.category is None or claim.kind not in ("price", "then_price"):
        return found
    for offer in policy.offers:
        if offer.id != own.id and offer.category == own.category and compare(claim, offer, policy, said).truth:
            return replace(found, reason=f"{found.reason}; it is that of {offer.name} ({offer.id})")
    return found


def _of_another(found: Ground, claim: Claim, policy: OfferPolicy, said: str, beside: Collection[str]) -> Ground:
    for offer in policy.offers:
        if offer.id not in beside or not _is_plainly(claim, offer):
            continue
        if compare(claim, offer, policy, said).truth:
            reason = f"which offer is meant is not clear: {claim.offer}, or {offer.id}, of which it is true"
            return replace(found, truth=None, reason=reason)
    return found


def _is_plainly(claim: Claim, offer: Offer) -> bool:
    """Whether a price is one that the policy states for an offer, not one that can be worked out from it."""
    if claim.kind not in ("price", "then_price"):
        return True
    price, value = offer.price, amount(claim.value)
    return price is not None and value in (Decimal(price.amount), Decimal(price.then or price.amount))


def beside_of(
    claim: Claim, policy: OfferPolicy, text: str, asked: str, *, named: Collection[str], owned: Collection[str]
) -> frozenset[str]:
    """The other offers that a claim may mean, in a turn of that `text` that names none, after what the customer asked.

    They are those that a word of either points at ("the daily one", "is the 300 cheaper"), those `named` lately unless
    a word points at the claim's own, and for a price what the customer has (`owned`) of the same kind.
    """
    own = policy.offer(claim.offer)
    if own is None:
        return frozenset()
    heard = set(_content(normalise(asked).text)) | set(_content(around(text, claim.start, claim.end)))
    mine = _name_words((*own.names, own.name))
    found: set[str] = set()
    for offer in policy.offers:
        if offer.id == own.id:
            continue
        theirs, alike = (
            _name_words((*offer.names, offer.name)),
            own.category is not None and offer.category == own.category,
        )
        pointed = heard & (theirs - mine) or (alike and heard & _OTHER_ONE)
        lately = offer.id in named and not heard & (mine - theirs)
        theirs_now = offer.id in owned and alike and claim.kind in ("price", "then_price")
        if pointed or lately or theirs_now:
            found.add(offer.id)
    return frozenset(found)


_OTHER_ONE = frozenset([
    "daily", "weekly", "monthly", "yearly", "annual", "smaller", "bigger", "cheaper", "another", "other",
])  # fmt: skip
"""Words that point from one offer to another of its kind."""


@lru_cache(maxsize=1_024)
def _name_words(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for name in names for word in _content(name)) - _PLAIN_NAMES


_PLAIN_NAMES = frozenset(["plan", "line", "pass", "package", "bundle", "kit", "plus", "extra", "offer", "full", "data"])


# ---- price -----------------------------------------------------------------


def _price(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:
    if offer.price is None:
        return _without_price(claim, value, offer, said)
    hits = [item for item in _sums(offer, said) if _equal(value, item.amount, said)]
    fitting = [item for item in hits if _period_fits(claim.period, item)]
    if fitting:
        return _priced(claim, offer, fitting[0])
    if _is_a_charge(value, offer, said) or _is_one_off(claim, value, offer, said):
        return Ground(True, "grounded", f"offers/{offer.id}/fees", None, "a fee of the offer")
    if claim.period is None and _is_a_cut(value, offer, said):
        return Ground(True, "grounded", f"offers/{offer.id}/discounts", None, "a discount of the offer")
    clause = f"offers/{offer.id}/price.{'period' if hits else 'amount'}"
    reason = f"paid per {offer.price.period}, not per {claim.period}" if hits else "not the price in the policy"
    return Ground(False, "wrong_price", clause, price_text(offer), reason)


def _without_price(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:
    """An amount said of an offer that only takes something off: what it takes off, or a charge."""
    if any(item.amount is not None and Decimal(item.amount) == value for item in offer.discounts):
        return _discount(claim, value, offer, said)
    if _is_a_charge(value, offer, said):
        return Ground(True, "grounded", f"offers/{offer.id}", None, "a charge of the offer")
    return Ground(None, "grounded", f"offers/{offer.id}", None, "the policy states no price for it")


def is_of_the_plan(claim: Claim, policy: OfferPolicy, plans: Collection[str]) -> bool:
    """Whether an amount said of an offer without a price, a credit, is a price of the plan that it goes with.

    It is where it is the price of one of the `plans` that the customer has, or that less what the credit takes off.
    """
    offer, value = policy.offer(claim.offer), amount(claim.value)
    if offer is None or offer.price is not None or value is None or claim.kind not in ("price", "then_price"):
        return False
    cuts = [Decimal(0), *(Decimal(item.amount) for item in offer.discounts if item.amount)]
    held = [item.price for item in policy.offers if item.price is not None and item.id in plans]
    prices = [Decimal(stated) for price in held for stated in (price.amount, price.then or 0)]
    return any(value == price - cut for price in prices if price for cut in cuts)


def _priced(claim: Claim, offer: Offer, item: Sum) -> Ground:
    price = offer.price
    if price is None or not _same_per(claim.per, price.per):
        expected = price_text(offer)
        return Ground(False, "wrong_price", f"offers/{offer.id}/price.per", expected, f"not charged per {claim.per}")
    months = amount(claim.months)
    if item.clause == "price.then" and months is not None and price.promo_months == months:
        clause = f"offers/{offer.id}/price.amount"
        return Ground(False, "wrong_price", clause, price_text(offer), f"not the price of the first {months} months")
    if item.clause == "price.amount" and months is not None and not _months_fit(months, offer):
        clause = f"offers/{offer.id}/price.promo_months"
        return Ground(False, "wrong_price", clause, price_text(offer), f"not for {claim.months} months")
    return Ground(True, "grounded", f"offers/{offer.id}/{item.clause}", reason=item.why)


def _then_price(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:
    if offer.price is None:
        return Ground(None, "grounded", f"offers/{offer.id}", None, "the policy states no price for it")
    clause = "price.then" if offer.price.then else "price.amount"
    base = Sum(Decimal(offer.price.then or offer.price.amount), offer.price.period, clause)
    for item in _variants(base, offer, said):
        if _equal(value, item.amount, said) and _period_fits(claim.period, item):
            return Ground(True, "grounded", f"offers/{offer.id}/{clause}", reason=item.why)
    reason = "not the price after the introductory months"
    return Ground(False, "wrong_price", f"offers/{offer.id}/{clause}", price_text(offer), reason)


def _promo_months(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:
    months = _in_months(claim, value)
    lasting = [item.months for item in offer.discounts if item.months]
    if offer.price is None and months not in lasting and not (lasting and _DISCOUNTED.search(said)):
        months = None
    if months is None:
        return Ground(None, "grounded", f"offers/{offer.id}", None, "no introductory months to compare with")
    clause = f"offers/{offer.id}/{'price.promo_months' if offer.price else 'discounts'}"
    if _months_fit(months, offer):
        return Ground(True, "grounded", clause)
    if offer.price is None:
        lasts = ", ".join(f"for {item} months" for item in lasting)
        return Ground(False, "wrong_term", clause, lasts, "not as long as the policy says")
    reason = "not the introductory months" if offer.price.promo_months else "the price has no introductory months"
    return Ground(False, "wrong_price", clause, price_text(offer), reason)


def _months_fit(months: Decimal, offer: Offer) -> bool:
    stated = [item.months for item in offer.discounts]
    if offer.price is not None:
        stated.append(offer.price.promo_months)
    if all(item is None for item in stated) and offer.term is not None:
        stated.append(offer.term.months)
    return any(item is not None and months == item for item in stated)


def _sums(offer: Offer, said: str) -> Iterator[Sum]:
    price = offer.price
    if price is None:
        return
    yield from _variants(Sum(Decimal(price.amount), price.period, "price.amount"), offer, said)
    if price.then is not None:
        yield from _variants(Sum(Decimal(price.then), price.period, "price.then", "the price after that"), offer, said)


def _variants(base: Sum, offer: Offer, said: str) -> Iterator[Sum]:
    yield base
    for item in (base, *_discounted(base, offer, said)):
        if item is not base:
            yield item
        yield from _converted(item)
        yield from _multiplied(item, said)


def _discounted(base: Sum, offer: Offer, said: str) -> Iterator[Sum]:
    for discount in offer.discounts:
        if not (_DISCOUNTED.search(said) or _mentions(f"{discount.name} {discount.condition or ''}", said)):
            continue
        cut = Decimal(discount.amount) if discount.amount else base.amount * Decimal(discount.percent or 0) / 100
        why = f"with the discount {discount.id}"
        yield replace(base, amount=(base.amount - cut).quantize(CENT), clause=f"discounts/{discount.id}", why=why)


_RATES = {
    ("month", "year"): Decimal(12), ("day", "week"): Decimal(7), ("week", "year"): Decimal(52),
    ("year", "month"): 1 / Decimal(12), ("month", "day"): 1 / Decimal(30), ("year", "day"): 1 / Decimal(365),
    ("month", "week"): Decimal(12) / 52, ("year", "week"): 1 / Decimal(52), ("week", "day"): 1 / Decimal(7),
}  # fmt: skip


def _converted(item: Sum) -> Iterator[Sum]:
    for (period, other), rate in _RATES.items():
        if period == item.period:
            why = f"worked out per {other}"
            yield replace(item, amount=(item.amount * rate).quantize(CENT), period=other, why=why, needs_period=True)


def _multiplied(item: Sum, said: str) -> Iterator[Sum]:
    words = set(_words(said))
    total = bool(_TOTAL.search(said))
    for times in range(2, 17):
        if total or str(times) in words or _NUMBER_WORDS[times] in words:
            yield replace(item, amount=item.amount * times, why=f"{times} times the price")


def _period_fits(said: str | None, item: Sum) -> bool:
    if said is None:
        return not item.needs_period
    if said == item.period or item.why.endswith("times the price"):
        return True
    return {said, item.period} in _LOOSE_PERIODS


def _same_per(said: str | None, stated: str | None) -> bool:
    if said is None or stated is None:
        return True
    one, other = _singular(said.lower()), _singular(stated.lower())
    return fuzz.ratio(one, other) >= 80 or any(one in same and other in same for same in _SAME)


def _equal(value: Decimal, stated: Decimal, said: str) -> bool:
    gap = abs(value - stated)
    if gap < CENT:
        return True
    return bool(_HEDGE.search(said)) and gap <= max(stated * Decimal("0.05"), CENT * 5)


def _is_a_charge(value: Decimal, offer: Offer, said: str) -> bool:
    right = _said_of(value, said)
    meant = [fee for fee in offer.fees if _mentions(fee.name, right)] or offer.fees
    if any(Decimal(fee.amount) == value and _mentions(fee.name, said) for fee in meant):
        return True
    leaving = offer.term.early_termination_fee if offer.term else None
    return leaving is not None and Decimal(leaving) == value and bool(_LEAVING.search(said))


def _is_a_cut(value: Decimal, offer: Offer, said: str) -> bool:
    """ "39.99, five dollars autopay" states the discount by its name alone."""
    cuts = [item for item in offer.discounts if item.amount is not None and Decimal(item.amount) == value]
    right = _said_of(value, said).lstrip()
    return not right.startswith("with") and any(_mentions(item.name, right[:32]) for item in cuts)


def _is_one_off(claim: Claim, value: Decimal, offer: Offer, said: str) -> bool:
    """ "Nine a month and nineteen once" states the fee without its name."""
    fees = [Decimal(fee.amount) for fee in offer.fees if fee.when == "once"]
    paid_once = claim.period == "once" or (claim.period is None and "once" in _words(said))
    return paid_once and value in fees


def price_text(offer: Offer) -> str | None:
    """The price as one reads it: ``49.99 a month per line for 12 months, then 64.99``."""
    price = offer.price
    if price is None:
        return None
    period = {"once": "once", "use": "per use"}.get(price.period, f"a {price.period}")
    text = f"{price.amount} {period}" + (f" per {price.per}" if price.per else "")
    return text + (f" for {price.promo_months} months, then {price.then}" if price.then else "")


# ---- discounts, fees, terms, deadlines --------------------------------------


def _discount(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:  # noqa: ARG001 - one shape
    percent = (claim.unit or "") in ("percent", "%")
    for item in offer.discounts:
        stated = item.percent if percent else item.amount
        if stated is not None and Decimal(stated) == value:
            return _discount_months(claim, offer, item.id, item.months)
    if _is_promo_saving(value, percent, offer):
        return Ground(True, "grounded", f"offers/{offer.id}/price.then", reason="the saving of the introductory months")
    known = ", ".join(f"{item.name or item.id} {item.percent + ' percent' if item.percent else item.amount}"
                      for item in offer.discounts)  # fmt: skip
    clause = f"offers/{offer.id}/discounts"
    return Ground(False, "invented_discount", clause, known or "no discount", "no such discount in the policy")


def _discount_months(claim: Claim, offer: Offer, discount: str, stated: int | None) -> Ground:
    clause = f"offers/{offer.id}/discounts/{discount}"
    months = amount(claim.months)
    if months is not None and stated is not None and months != stated:
        return Ground(False, "invented_discount", clause, f"for {stated} months", f"not for {claim.months} months")
    return Ground(True, "grounded", clause)


def _is_promo_saving(value: Decimal, percent: bool, offer: Offer) -> bool:
    price = offer.price
    if price is None or price.then is None:
        return False
    then = Decimal(price.then)
    saved = then - Decimal(price.amount)
    if not percent:
        return value in (saved, saved * (price.promo_months or 0))
    return then > 0 and abs(saved / then * 100 - value) <= Decimal("0.5")


def _fee(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:
    if _is_a_charge(value, offer, said) or _is_one_off(claim, value, offer, said):
        return Ground(True, "grounded", f"offers/{offer.id}/fees")
    if claim.period is not None and offer.price is not None and _price(claim, value, offer, said).truth:
        return Ground(True, "grounded", f"offers/{offer.id}/price.amount", reason="the price, called a charge")
    if not offer.fees:
        return _fee_of_none(value, offer)
    return _named_fee(value, offer, said)


def _named_fee(value: Decimal, offer: Offer, said: str) -> Ground:
    named = max(offer.fees, key=lambda fee: _likeness(fee.name, said))
    unnamed = _likeness(named.name, said) < _NAME_AT
    alike = next((fee for fee in offer.fees if Decimal(fee.amount) == value), None)
    fee = alike if unnamed and alike is not None else named
    if Decimal(fee.amount) == value:
        return Ground(True, "grounded", f"offers/{offer.id}/fees/{fee.id}")
    if unnamed and value > 0 and _names_another_fee(said):
        known = ", ".join(f"{fee.name} {fee.amount}" for fee in offer.fees)
        return Ground(False, "invented_fee", f"offers/{offer.id}/fees", known, "no such fee in the policy")
    clause = f"offers/{offer.id}/fees/{named.id}"
    return Ground(False, "wrong_fee", clause, f"{named.name} {named.amount}", "not the fee in the policy")


def _fee_of_none(value: Decimal, offer: Offer) -> Ground:
    clause = f"offers/{offer.id}/fees"
    if value == 0:
        return Ground(True, "grounded", clause, reason="the policy has no fee for it")
    return Ground(False, "invented_fee", clause, "no fee", "the policy has no fee for it")


_FEE_NAME = re2.compile(r"\b([a-z]+)[ -](?:fee|charge|surcharge|deposit|cost)s?\b")
_PLAIN_FEE = frozenset([
    "a", "an", "the", "one", "no", "any", "time", "extra", "additional", "small", "single", "this", "that", "usual",
    "normal", "of",
])  # fmt: skip


def _names_another_fee(said: str) -> bool:
    return any(match.group(1) not in _PLAIN_FEE for match in _FEE_NAME.finditer(said))


def _likeness(name: str, said: str) -> float:
    words = [word for word in _words(name) if word not in ("fee", "charge", "and", "the")] or _words(name)
    heard = _words(said)
    best = [max((fuzz.ratio(word, other) for other in heard), default=0.0) for word in words]
    return max(best, default=0.0)


def _leaving_fee(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:  # noqa: ARG001 - one shape
    if offer.term is None:
        return Ground(None, "grounded", f"offers/{offer.id}", None, "the policy states no contract term")
    clause = f"offers/{offer.id}/term.early_termination_fee"
    if value and any(Decimal(fee.amount) == value and _mentions(fee.name, said) for fee in offer.fees):
        return Ground(True, "grounded", f"offers/{offer.id}/fees", reason="another fee of the offer")
    stated = Decimal(offer.term.early_termination_fee or 0)
    if stated == value:
        return Ground(True, "grounded", clause)
    if stated == 0:
        return Ground(False, "invented_fee", clause, "no fee for leaving", "leaving early costs nothing")
    return Ground(False, "wrong_fee", clause, str(offer.term.early_termination_fee), "not the fee for leaving early")


def _term(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:  # noqa: ARG001 - one shape
    months = _in_months(claim, value)
    clause = f"offers/{offer.id}/term.months"
    if months is None or (offer.term is None and months == 0):
        return Ground(None, "grounded", clause, None, "the policy states no contract term to compare with")
    if offer.term is None:
        return Ground(False, "wrong_term", clause, "no contract term", "the policy binds the customer to nothing")
    if months == offer.term.months:
        return Ground(True, "grounded", clause)
    return Ground(False, "wrong_term", clause, _months_text(offer.term.months), "not the contract term in the policy")


def _months_text(months: int) -> str:
    return f"{months} months" if months else "no contract"


def _in_months(claim: Claim, value: Decimal) -> Decimal | None:
    unit = _singular((claim.unit or "month").lower())
    return {"month": value, "year": value * 12}.get(unit)


def _deadline(claim: Claim, policy: OfferPolicy, day: date | None) -> Ground:
    last = policy.effective.to
    when = _day(claim.value, day)
    if last is not None and (when in (last, _month_end(last)) or _names_day(claim.value, last)):
        return Ground(True, "grounded", "effective.to")
    expected = f"until {last}" if last else "no deadline"
    return Ground(False, "invented_deadline", "effective.to", expected, "the policy has no such deadline")


def _day(value: str, today: date | None) -> date | None:
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        pass
    words = value.lower().replace("_", " ")
    if today is None:
        return None
    if "month" in words:
        return _month_end(today)
    if "tomorrow" in words:
        return today + timedelta(days=1)
    return today if "today" in words or "tonight" in words else None


def _names_day(value: str, day: date) -> bool:
    words = _words(value)
    named = f"{day:%B}".lower() in words or f"{day:%b}".lower() in words
    return named and any(word in (str(day.day), f"{day.day:02}") for word in (_ORDINAL.sub("", word) for word in words))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


# ---- codes -------------------------------------------------------------------


def _code(claim: Claim, policy: OfferPolicy) -> Ground:
    own = policy.offer(claim.offer)
    owner = owner_of(claim.value, policy)
    expected = ", ".join(_codes(own)) if own else None
    if owner is not None and (own is None or owner.id == own.id):
        return Ground(True, "grounded", f"offers/{owner.id}")
    if owner is not None and own is not None:
        return Ground(False, "sku_mismatch", f"offers/{own.id}", expected, f"the code of {owner.name} ({owner.id})")
    near = nearest_code(claim.value, (own,) if own else policy.offers) or nearest_code(claim.value, policy.offers)
    if near is not None:
        reason = f"no such code; {near[1]} of {near[0].name} is close"
        return Ground(False, "code_typo", f"offers/{near[0].id}", near[1], reason)
    clause = f"offers/{own.id}" if own else "offers"
    return Ground(False, "not_in_policy", clause, expected, "no offer of the policy has this code")


def owner_of(code: str, policy: OfferPolicy) -> Offer | None:
    """The offer that has exactly this code or SKU, but for case, spaces and hyphens."""
    plain = _plain_code(code)
    return next((offer for offer in policy.offers if plain in {_plain_code(item) for item in _codes(offer)}), None)


def nearest_code(code: str, offers: Sequence[Offer]) -> tuple[Offer, str] | None:
    """The offer with a code one or two slips away from `code`, and that code; one slip in short codes."""
    plain = _plain_code(code)
    allowed = TYPO_DISTANCE if len(plain) > 5 else 1
    near = [
        (Levenshtein.distance(plain, _plain_code(item), score_cutoff=allowed), number, item)
        for number, offer in enumerate(offers)
        for item in _codes(offer)
    ]
    close = [item for item in near if 0 < item[0] <= allowed]
    return (offers[min(close)[1]], min(close)[2]) if close else None


def _codes(offer: Offer) -> tuple[str, ...]:
    return (offer.id, *offer.codes)


def _plain_code(code: str) -> str:
    return "".join(char for char in code.upper() if char.isalnum())


# ---- features ------------------------------------------------------------------


def _feature(claim: Claim, offer: Offer, policy: OfferPolicy, said: str) -> Ground:
    value = amount(claim.value)
    if value is not None:
        return _measured(claim, value, offer, said)
    return _told(claim.value, offer, policy)


_INCIDENTAL = frozenset({"day", "hour", "minute", "week", "month", "year", "line", "trip", "person", "usd", "$"})
"""Units in which people also speak of other things than what an offer does."""


def _measured(claim: Claim, value: Decimal, offer: Offer, said: str) -> Ground:
    unit = _claimed_unit(claim, said)
    clause = f"offers/{offer.id}/features"
    if unit is None:
        return Ground(None, "grounded", clause, None, "the number has no unit to compare it by")
    kind, size = unit
    same = [(stated, text) for stated, units, text in _numbers(offer) for stated in _as(stated, units, kind)]
    if not same:
        if kind in _INCIDENTAL:
            return Ground(None, "grounded", clause, None, "the policy states no such length or number of lines")
        return Ground(False, "invented_feature", clause, None, "the policy states nothing in that unit")
    wanted = value * size
    about = _about(same, said, kind)
    if not any(stated == wanted for stated, _ in about):
        about = _about_alone(same, value, said, kind, about)
    if any(stated == wanted for stated, text in about):
        return _same_rhythm(claim, [text for stated, text in about if stated == wanted], clause)
    expected = "; ".join(dict.fromkeys(text for _, text in about))
    if any(stated == wanted for stated, _ in same):
        return Ground(None, "grounded", clause, expected, "the number belongs to another feature of the offer")
    return Ground(False, "wrong_feature", clause, expected, "not the number in the policy")


def _about_alone(
    same: Sequence[tuple[Decimal, str]], value: Decimal, said: str, kind: str, about: Sequence[tuple[Decimal, str]]
) -> Sequence[tuple[Decimal, str]]:
    """The features that a number alone can be of, where the rest of the sentence speaks of another number."""
    right = _said_of(value, said)
    near = _about(same, right, kind)
    if len(near) < len(same):
        return near
    rest = said.partition(right)[2] if right else ""
    elsewhere = {word for _, text in about for word in _content(text)}
    named = elsewhere & set(_content(said.removesuffix(rest)))
    unique = named - {word for item in same if item not in about for word in _content(item[1])}
    return about if not amounts(rest) or unique else same


def _said_of(value: Decimal, said: str) -> str:
    """What is said right after the number, up to the next one: "20 gb, and 5 of hotspot" says "gb" of 20."""
    found = amounts(said)
    ends = [*(item.start for item in found[1:]), len(said)][: len(found)]
    near = [said[item.end : until] for item, until in zip(found, ends, strict=True) if item.value == value]
    return near[0] if len(near) == 1 else said


def _same_rhythm(claim: Claim, texts: Sequence[str], clause: str) -> Ground:
    periods = [match.group(1) for match in map(_A_PERIOD.search, texts) if match]
    if claim.period and periods and claim.period not in periods:
        return Ground(False, "wrong_feature", clause, "; ".join(texts), f"not a {claim.period}")
    return Ground(True, "grounded", clause, reason=texts[0])


def _about(same: Sequence[tuple[Decimal, str]], said: str, kind: str) -> Sequence[tuple[Decimal, str]]:
    spoken = {word for word in _content(said) if not word.isdigit() and _unit(word)[0] != kind}
    shared = [len(spoken & set(_content(text))) for _, text in same]
    best = max(shared)
    if best == 0:
        return same
    return [item for item, number in zip(same, shared, strict=True) if number == best]


def _claimed_unit(claim: Claim, said: str) -> tuple[str, int] | None:
    words = _words((claim.unit or "").lower())
    if not words:
        pairs = _pairs(normalise(claim.quote).text) or _pairs(said)
        words = next((list(units) for number, units in pairs if number == amount(claim.value)), [])
    for word in words:
        if word not in _STOP:
            return _unit(word)
    return None


def _unit(word: str) -> tuple[str, int]:
    return _UNITS.get(word) or _UNITS.get(_singular(word), (_singular(word), 1))


def _as(value: Decimal, units: Sequence[str], kind: str) -> Iterator[Decimal]:
    for word in units:
        name, size = _unit(word)
        if name == kind:
            yield value * size
            return


def _numbers(offer: Offer) -> Iterator[tuple[Decimal, tuple[str, ...], str]]:
    for text in (*(item.text for item in offer.features), *offer.benefits, *offer.fits):
        for number, units in _pairs(normalise(text).text):
            yield number, units, text


@lru_cache(maxsize=4_096)
def _pairs(text: str) -> tuple[tuple[Decimal, tuple[str, ...]], ...]:
    found = ((amount(match.group(1)), tuple(_words(match.group(2)))) for match in _PAIR.finditer(text))
    return tuple((number, units) for number, units in found if number is not None)


def says_nothing(claim: Claim, policy: OfferPolicy) -> bool:
    """Whether a feature told in words has none that could be held against a policy: "that too", "our Fiber 500"."""
    if claim.kind != "feature" or amount(claim.value) is not None:
        return False
    offer = policy.offer(claim.offer)
    names = {word for name in (*offer.names, offer.name) for word in _content(name)} if offer else set()
    return not set(_content(normalise(claim.value).text)) - names - _POINTERS


_POINTERS = frozenset([
    "too", "there", "here", "then", "one", "them", "these", "those", "either", "well", "as", "even", "now", "again",
    "what", "something", "anything", "everything", "thing", "isn't", "doesn't", "won't", "use", "using",
])  # fmt: skip
"""Words that point at what was said elsewhere, or at nothing."""


def _told(value: str, offer: Offer, policy: OfferPolicy) -> Ground:
    """All that is told, joined by "and", must stand in one text, or each part in one."""
    whole = _told_once(value, offer, policy)
    parts = [part for part in _JOINED.split(normalise(value).text) if set(_content(part)) - _POINTERS]
    if whole.truth or len(parts) < 2:
        return whole
    each = [_told_once(part, offer, policy) for part in parts]
    return each[0] if all(one.truth for one in each) else whole


_JOINED = re2.compile(r",? (?:and|or) |, ")


def _told_once(value: str, offer: Offer, policy: OfferPolicy) -> Ground:
    claimed = normalise(value).text
    texts = [(f"offers/{offer.id}/features/{item.id}", item.text) for item in offer.features]
    texts += [(f"offers/{offer.id}/benefits", text) for text in offer.benefits]
    texts += [(f"offers/{offer.id}/fits", text) for text in offer.fits]
    texts += [(f"sections/{name}", text) for name, text in policy.sections.items()]
    scored = [(support(claimed, normalise(text).text), clause, text) for clause, text in texts]
    best, clause, text = max(scored, default=(0.0, None, None), key=lambda item: item[0])
    if best < PROSE_SUPPORT:
        return Ground(
            None, "grounded", f"offers/{offer.id}/features", None, "the policy's texts neither say nor deny it"
        )
    if _negative(claimed) != _negative(normalise(text or "").text):
        return Ground(None, "grounded", clause, text, "the policy seems to say the opposite")
    return Ground(True, "grounded", clause, reason=f"supported by {text!r}")


def support(claim: str, text: str) -> float:
    """The share (0 to 1) of the content words of `claim` that `text` has, give or take endings and slips."""
    wanted, stated = [word for word in _content(claim) if word not in _POINTERS], _content(text)
    if not wanted or not stated:
        return 0.0
    hits = sum(any(_alike(word, other) for other in stated) for word in wanted)
    return hits / len(wanted)


def _alike(word: str, other: str) -> bool:
    if word.isdigit() or other.isdigit():
        return word == other
    return word == other or (len(word) > 3 and fuzz.ratio(word, other) >= 80)


def _negative(text: str) -> bool:
    return not _NEGATIONS.isdisjoint(_WORD.findall(text))


def _mentions(name: str, said: str) -> bool:
    heard = set(_content(said))
    return any(word in heard for word in _content(name) if word not in ("fee", "discount", "charge"))


@lru_cache(maxsize=4_096)
def _content(text: str) -> tuple[str, ...]:
    words = (_singular(word) for word in _WORD.findall(text.lower()) if word not in _STOP)
    return tuple(dict.fromkeys(word for word in words if word not in _NEGATIONS))


def _words(text: str) -> list[str]:
    return list(_WORD.findall(text.lower()))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
