"""An offer policy: what may be offered to whom, at what terms, said how; one file a version."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from evalh.models.base import Id, Model, Words, digest
from evalh.models.vocabulary import Intent

Period = Literal["once", "day", "week", "month", "year", "trip", "use"]
Statement = Literal["price", "then", "promo_months", "term", "early_termination_fee", "fees"]


def _money(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        raise ValueError('write money as a quoted decimal such as "49.99"')
    return value


def _decimal(value: str) -> str:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f'{value!r} is not a decimal such as "49.99"') from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{value!r} must be a finite amount of at least 0")
    return value


Money = Annotated[str, BeforeValidator(_money), AfterValidator(_decimal)]
"""A decimal string, in the policy's currency."""


class Effective(Model):
    """The days on which a version is in force, both inclusive."""

    from_: date = Field(alias="from")
    to: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Effective:
        if self.to is not None and self.to < self.from_:
            raise ValueError(f"'to' ({self.to}) is before 'from' ({self.from_})")
        return self

    def covers(self, day: date) -> bool:
        """Whether `day` is inside."""
        return self.from_ <= day and (self.to is None or day <= self.to)


class Price(Model):
    """What an offer costs: `amount` a `period`, for `promo_months` if given, `then` after that."""

    amount: Money
    period: Period = "month"
    per: str | None = None
    """What the amount is charged for each of: passenger, line, bag ..."""
    promo_months: int | None = Field(default=None, ge=1)
    then: Money | None = None

    @model_validator(mode="after")
    def _promo_has_both(self) -> Price:
        if (self.then is None) != (self.promo_months is None):
            raise ValueError("'promo_months' and 'then' go together")
        return self


class Discount(Model):
    """A discount that exists: a percentage or an amount."""

    id: Id
    name: str = ""
    percent: Money | None = None
    amount: Money | None = None
    months: int | None = Field(default=None, ge=1)
    condition: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Discount:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("give exactly one of 'percent' and 'amount'")
        return self


class Fee(Model):
    """A fee beside the price."""

    id: Id
    name: str
    amount: Money
    when: Literal["once", "month", "year", "use"] = "once"


class Term(Model):
    """How long the customer is bound; 0 months: not at all."""

    months: int = Field(ge=0)
    early_termination_fee: Money | None = None


class Feature(Model):
    """Something the offer is said to do."""

    id: Id
    text: str = Field(min_length=1)


class Eligibility(Model):
    """Who may be offered it; every line given must hold."""

    segments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    regions_blocked: tuple[str, ...] = ()
    lifecycle: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    """At least one must be among the customer's signals; the part before a colon counts."""
    condition: str | None = None
    """A CEL expression over customer, intents, channel and language."""


class Offer(Model):
    """One offer; `id` is its SKU and `names[0]` its display name."""

    id: Id
    names: Annotated[Words, Field(min_length=1)]
    codes: Words = ()
    category: str | None = None
    kind: Literal["upsell", "cross_sell", "retention"]
    status: Literal["active", "discontinued", "upcoming"] = "active"
    replaced_by: str | None = None
    price: Price | None = None
    discounts: tuple[Discount, ...] = ()
    fees: tuple[Fee, ...] = ()
    term: Term | None = None
    features: tuple[Feature, ...] = ()
    fits: Words = ()
    benefits: Words = ()
    eligibility: Eligibility = Eligibility()
    requires_signal: bool | None = None
    """Whether a concrete signal must speak for it; default: when signals are listed."""
    timing: Literal["after_resolution", "during_task"] = "after_resolution"
    mandatory: bool = False
    disclosures: Words = ()

    @property
    def name(self) -> str:
        """The display name."""
        return self.names[0]

    @property
    def needs_signal(self) -> bool:
        """Whether the policy wants a concrete signal before it is offered."""
        return bool(self.eligibility.signals) if self.requires_signal is None else self.requires_signal


class Disclosure(Model):
    """Something that must be said, by content (`must_state`), by wording (`phrases`), or both."""

    id: Id
    text: str = ""
    must_state: tuple[Statement, ...] = ()
    phrases: Words = ()
    when: Literal["with_offer", "before_consent", "any_time"] = "before_consent"
    critical: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Disclosure:
        if not (self.must_state or self.phrases or self.text):
            raise ValueError("give 'must_state', 'phrases' or 'text'")
        return self


class ProhibitedClaim(Model):
    """Wordings that may never be used."""

    id: Id
    phrases: Annotated[Words, Field(min_length=1)]
    reason: str = ""


class Suppression(Model):
    """An absolute block: nothing is offered while `when` (CEL) is true."""

    id: Id
    when: str = Field(min_length=1)
    reason: str = ""
    critical: bool = True


class Conduct(Model):
    """How the agent may go about offering."""

    pitches_after_refusal: int = Field(default=0, ge=0)
    other_offer_counts: bool = True
    answers_to_objection: int = Field(default=1, ge=0)
    resolution_first: bool = True
    no_offer_intents: tuple[Intent, ...] = ()
    max_offers: int | None = Field(default=None, ge=0)


class ConsentRule(Model):
    """What counts as the customer's yes, and what it is needed for."""

    offer: Literal["explicit", "any"] = "explicit"
    before_tools: Words = ()
    readback: tuple[Statement, ...] = ()
    marketing_required: bool = False


class AIIdentityRule(Model):
    """Where the agent must say that it is an AI, and by which of its turns (1 = its first)."""

    required_in: Words = ()
    by_agent_turn: int = Field(default=1, ge=1)


class OfferPolicy(Model):
    """One version of an offer policy. Clauses are cited as ``offers/FIBER-500/price.then``."""

    schema_: Literal["evalh.policy/1"] = Field(default="evalh.policy/1", alias="schema")
    id: Id
    version: Id
    name: str = ""
    effective: Effective
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    jurisdictions: Words = ()
    offers: tuple[Offer, ...]
    disclosures: tuple[Disclosure, ...] = ()
    claims_prohibited: tuple[ProhibitedClaim, ...] = ()
    suppression: tuple[Suppression, ...] = ()
    conduct: Conduct = Conduct()
    consent: ConsentRule = ConsentRule()
    ai_identity: AIIdentityRule = AIIdentityRule()
    sections: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> OfferPolicy:
        for what, ids in (
            ("offer", [offer.id for offer in self.offers]),
            ("disclosure", [item.id for item in self.disclosures]),
            ("suppression rule", [item.id for item in self.suppression]),
            ("prohibited claim", [item.id for item in self.claims_prohibited]),
        ):
            _refuse_duplicates(what, ids)
        known = {item.id for item in self.disclosures}
        for offer in self.offers:
            for name in offer.disclosures:
                if name not in known:
                    raise ValueError(f"offer {offer.id!r} names the disclosure {name!r}, which is not defined")
        return self

    def offer(self, offer_id: str | None) -> Offer | None:
        """The offer of that id, or None."""
        return self.by_id.get(offer_id) if offer_id is not None else None

    def disclosure(self, disclosure_id: str) -> Disclosure | None:
        """The disclosure of that id, or None."""
        return next((item for item in self.disclosures if item.id == disclosure_id), None)

    @cached_property
    def by_id(self) -> dict[str, Offer]:
        """Offers by id."""
        return {offer.id: offer for offer in self.offers}

    @cached_property
    def sha256(self) -> str:
        """The digest of the whole version."""
        return digest(self)


def _refuse_duplicates(what: str, ids: list[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise ValueError(f"the {what} {name!r} is defined twice")
        seen.add(name)


class PolicyInForce(Model):
    """The version that applies to a conversation, and how it was chosen."""

    policy: OfferPolicy
    assumed: bool = False
    """True when the conversation has no date and no `as_of` was given, so the newest was taken."""


class PolicySet(Model):
    """All known versions of one policy, oldest first."""

    versions: tuple[OfferPolicy, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_policy_in_order(self) -> PolicySet:
        if len({policy.id for policy in self.versions}) > 1:
            raise ValueError("the versions belong to different policies")
        _refuse_duplicates("version", [policy.version for policy in self.versions])
        starts = [policy.effective.from_ for policy in self.versions]
        if starts != sorted(starts):
            raise ValueError("versions must be ordered by their 'effective.from'")
        for older, newer in zip(self.versions, self.versions[1:], strict=False):
            if older.effective.to is not None and older.effective.covers(newer.effective.from_):
                raise ValueError(
                    f"versions {older.version!r} and {newer.version!r} are both in force on {newer.effective.from_}"
                )
        return self

    @property
    def id(self) -> str:
        """The policy's id."""
        return self.versions[0].id

    @property
    def newest(self) -> OfferPolicy:
        """The version that came into force last."""
        return self.versions[-1]

    def in_force(self, day: date | None) -> PolicyInForce | None:
        """The version for `day`; the newest, marked assumed, without a day; None when no version covers it."""
        if day is None:
            return PolicyInForce(policy=self.newest, assumed=True)
        covering = [policy for policy in self.versions if policy.effective.covers(day)]
        return PolicyInForce(policy=covering[-1]) if covering else None

    def before(self, policy: OfferPolicy) -> tuple[OfferPolicy, ...]:
        """The versions older than `policy`, newest first."""
        index = [item.version for item in self.versions].index(policy.version)
        return tuple(reversed(self.versions[:index]))

    @cached_property
    def sha256(self) -> str:
        """The digest of all versions."""
        return digest([policy.sha256 for policy in self.versions])

    @cached_property
    def lexicon(self) -> Lexicon:
        """What a reader needs of the policy: names, codes and disclosure wording of all versions."""
        return Lexicon.of(self.versions)


class LexiconOffer(Model):
    """One offer as a reader knows it: how it is called, in any version."""

    id: str
    names: tuple[str, ...]
    codes: tuple[str, ...]
    category: str | None
    fees: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    benefits: tuple[str, ...] = ()
    timing: str = "after_resolution"
    pricing: tuple[str, ...] = ()
    """How it is charged: the periods and the 'per' words its prices use in any version; never amounts."""


class LexiconDisclosure(Model):
    """One disclosure as a reader knows it: its wordings, in any version."""

    id: str
    wordings: tuple[str, ...]


class Lexicon(Model):
    """The part of a policy that reading depends on; prices and rules may change without reading again."""

    currency: str
    offers: tuple[LexiconOffer, ...]
    disclosures: tuple[LexiconDisclosure, ...]
    prohibited: tuple[LexiconDisclosure, ...]
    consent_tools: tuple[str, ...]

    @staticmethod
    def of(versions: tuple[OfferPolicy, ...]) -> Lexicon:
        """The union over `versions`, newest wording first."""
        newest_first = tuple(reversed(versions))
        offers = [offer for policy in newest_first for offer in policy.offers]
        spoken = [
            (item.id, (*item.phrases, *((item.text,) if item.text else ())))
            for policy in newest_first
            for item in policy.disclosures
        ]
        banned = [(item.id, item.phrases) for policy in newest_first for item in policy.claims_prohibited]
        tools = dict.fromkeys(tool for policy in newest_first for tool in policy.consent.before_tools)
        return Lexicon(
            currency=versions[-1].currency,
            offers=tuple(_merged([offer for offer in offers if offer.id == name]) for name in _unique(offers)),
            disclosures=_wordings(spoken),
            prohibited=_wordings(banned),
            consent_tools=tuple(tools),
        )

    @cached_property
    def sha256(self) -> str:
        """The digest of the lexicon; part of a reading's cache key."""
        return digest(self)


def _unique(offers: list[Offer]) -> list[str]:
    return list(dict.fromkeys(offer.id for offer in offers))


def _merged(same: list[Offer]) -> LexiconOffer:
    def union(parts: list[tuple[str, ...]]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for part in parts for word in part))

    return LexiconOffer(
        id=same[0].id,
        names=union([offer.names for offer in same]),
        codes=union([(offer.id, *offer.codes) for offer in same]),
        category=same[0].category,
        fees=union([tuple(fee.name for fee in offer.fees) for offer in same]),
        features=union([tuple(feature.text for feature in offer.features) for offer in same]),
        benefits=union([(*offer.benefits, *offer.fits) for offer in same]),
        timing=same[0].timing,
        pricing=union(
            [
                (offer.price.period, *((offer.price.per,) if offer.price.per else ()))
                for offer in same
                if offer.price is not None
            ]
        ),
    )


def _wordings(items: list[tuple[str, tuple[str, ...]]]) -> tuple[LexiconDisclosure, ...]:
    merged: dict[str, dict[str, None]] = {}
    for name, phrases in items:
        merged.setdefault(name, {}).update(dict.fromkeys(phrases))
    return tuple(LexiconDisclosure(id=name, wordings=tuple(words)) for name, words in merged.items())
