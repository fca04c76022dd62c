"""Why the customer is in contact, in the customer's words; what became of it is left to the issues."""

from __future__ import annotations

import re
from functools import lru_cache

import re2

from evalh.models import IntentFact
from evalh.models.vocabulary import Intent
from evalh.reader.rules import Hit, load_rules
from evalh.reader.view import TurnView
from evalh.text.sentences import sentences

_STRONG = 0.6
_OTHER = 0.4
_SUBSTANTIVE_WORDS = 3
_COVERED_BY: dict[str, frozenset[str]] = {
    "billing_question": frozenset({"billing_dispute", "fraud", "refund"}),
    "service_fault": frozenset({"outage", "access", "identity_verification"}),
    "information": frozenset({"billing_question"}),
    "booking": frozenset({"cancel", "change"}),
    "order": frozenset({"cancel", "change"}),
}
_COURTESY = re.compile(
    r"\b(?:hi|hello|hey|there|good (?:morning|afternoon|evening|day)|thanks?|thank you|please|ok|okay|yes|yeah|yep|"
    r"no|nope|sure|uh|um|well|so|(?:my name is|this is|i'?m) \w+(?: \w+)?|how are you(?: doing)?(?: today)?)\b"
    r"|[^a-z' ]",
    re.ASCII,
)
_NEEDS_HELP = re2.compile(r"\b(?:help|problem|issue|trouble|assistance|emergency)\b")
_ASKS = re2.compile(
    r"\b(?:(?:how|what) (?:can|may|could) (?:i|we) (?:\w+ ){0,3}(?:help|assist|do)|"
    r"(?:anything|something|what) else|(?:help|assist) you (?:\w+ )?(?:with )?(?:today|further|with)|"
    r"(?:reason|purpose) (?:for|of) (?:your|the|this)|what(?:'s going on| brings you| seems to be))\b"
)


def read_intents(view: TurnView, asked: bool) -> list[IntentFact]:
    """The intents a customer turn states, each once, in the order they are said.

    `asked` tells whether the customer is being asked for the reason for the contact (`asks_for_reason` of the last
    agent turn, or nothing said yet): only then do weak signs and plain questions count, and a turn that says
    something but nothing known is "other".
    """
    if view.turn.role != "customer":
        return []
    return [
        IntentFact(intent=intent, confidence=confidence, **view.place(start, end).fields())
        for intent, confidence, start, end in _intents(view.text, asked)
    ]


@lru_cache(maxsize=4_096)
def asks_for_reason(text: str) -> bool:
    """Whether an agent's normalised turn asks what the customer wants, or whether there is anything else."""
    return _ASKS.search(text) is not None


@lru_cache(maxsize=4_096)
def _intents(text: str, asked: bool) -> tuple[tuple[Intent, float, int, int], ...]:
    best: dict[str, Hit] = {}
    for hit in _hits(text):
        if (asked or hit.rule.confidence >= _STRONG) and _beats(hit, best.get(hit.label)):
            best[hit.label] = hit
    strong = {label for label, hit in best.items() if hit.rule.confidence >= _STRONG}
    kept = [hit for hit in best.values() if not _is_covered(hit, strong)]
    if not kept and asked and is_substantive(text):
        return (("other", _OTHER, 0, len(text)),)
    kept.sort(key=lambda hit: hit.start)
    return tuple((_intent(hit.label), hit.rule.confidence, hit.start, hit.end) for hit in kept)


def _hits(text: str) -> list[Hit]:
    rules = load_rules("intents")
    return [hit for start, end in sentences(text) for hit in rules.hits(text, start, end)]


def _beats(hit: Hit, other: Hit | None) -> bool:
    return other is None or hit.rule.confidence > other.rule.confidence


def _is_covered(hit: Hit, strong: set[str]) -> bool:
    if hit.rule.confidence < _STRONG and strong - {hit.label}:
        return True
    return bool(_COVERED_BY.get(hit.label, frozenset()) & strong)


def is_substantive(text: str) -> bool:
    """Whether a normalised customer turn says more than a greeting, a name or an acknowledgement."""
    return len(_COURTESY.sub(" ", text).split()) >= _SUBSTANTIVE_WORDS or _NEEDS_HELP.search(text) is not None


def _intent(label: str) -> Intent:
    return label  # type: ignore[return-value]  # the rule files hold intents only
