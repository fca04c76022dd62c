"""Hand-made readings and contexts, so that the tests of evaluators do not depend on any reader."""

from __future__ import annotations

from typing import Any

from evalh.evaluator import EvalContext
from evalh.evaluator.run import evaluate_one
from evalh.models import (
    Booking,
    Claim,
    Consent,
    Conversation,
    CourtesyFact,
    DisclosureFact,
    Fact,
    Identity,
    IntentFact,
    Issue,
    LedgerEntry,
    Mood,
    OfferAct,
    OfferMention,
    OfferReply,
    PolicyInForce,
    PolicySet,
    Pressure,
    ProhibitedFact,
    Reading,
    Register,
)
from evalh.testing import make_conversation, make_policy

KINDS: dict[str, type[Fact]] = {
    "mentions": OfferMention,
    "acts": OfferAct,
    "claims": Claim,
    "replies": OfferReply,
    "ledger": LedgerEntry,
    "intents": IntentFact,
    "issues": Issue,
    "moods": Mood,
    "registers": Register,
    "courtesies": CourtesyFact,
    "pressures": Pressure,
    "disclosures": DisclosureFact,
    "prohibited": ProhibitedFact,
    "consents": Consent,
    "identities": Identity,
    "bookings": Booking,
}


def facts(conversation: Conversation, **found: Any) -> Reading:
    """A reading of `conversation`; each keyword is a field of Reading, facts given as dicts.

    A fact without `quote` quotes its whole turn; with a `quote` it stands where the quote is found.
    """
    built = {
        field: tuple(KINDS[field].model_validate(_placed(conversation, fact)) for fact in value)
        for field, value in found.items()
        if field in KINDS
    }
    header: dict[str, Any] = {
        "conversation": conversation.id,
        "conversation_sha256": conversation.sha256,
        "reader": "by-hand",
        "lexicon_sha256": "0" * 64,
    }
    rest = {field: value for field, value in found.items() if field not in KINDS}
    return Reading(**{**header, **built, **rest})


def context(
    conversation: Conversation | str,
    policy: PolicySet | None = None,
    *,
    customer: dict[str, Any] | None = None,
    no_policy: bool = False,
    fields: dict[str, Any] | None = None,
    **found: Any,
) -> EvalContext:
    """A context with hand-made facts; `conversation` may be a script, `fields` are EvalContext's own."""
    if isinstance(conversation, str):
        conversation = make_conversation(conversation, customer=customer)
    policies = None if no_policy else policy or make_policy()
    return EvalContext(
        conversation=conversation,
        facts=facts(conversation, **found),
        policies=policies,
        in_force=PolicyInForce(policy=policies.newest) if policies else None,
        **(fields or {}),
    )


def labels(evaluator: Any, ctx: EvalContext) -> list[str | None]:
    """The labels of the evaluator's verdicts, in order, without the roll-up; the state where there is no label."""
    return [score.label or score.state for score in evaluate_one(evaluator, ctx) if not score.rollup]


def _placed(conversation: Conversation, fact: dict[str, Any]) -> dict[str, Any]:
    text = conversation.turns[fact["turn"]].text
    quote = fact.get("quote", text)
    start = max(text.find(quote), 0)
    return {"start": start, "end": start + len(quote), **fact, "quote": quote}
