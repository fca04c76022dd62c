"""A reading for a person: each turn, and below it the facts found there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from evalh.models import Conversation, Fact, Reading

LABEL_WIDTH = 12

_WORDS: dict[str, Callable[[Any], str]] = {
    "mentions": lambda fact: f"names {fact.offer or _either(fact)}",
    "acts": lambda fact: f"{fact.act} {fact.offer or fact.said or _either(fact)}",
    "claims": lambda fact: f"claims {fact.kind} {fact.value}{_unit(fact)} of {fact.offer or 'an offer'}",
    "replies": lambda fact: f"{fact.reply} {fact.offer or 'the offer'}",
    "ledger": lambda fact: f"ledger: {fact.offer or 'an offer'} {fact.event}, now {fact.status}",
    "intents": lambda fact: f"intent {fact.intent}",
    "issues": lambda fact: f"problem {fact.id} ({fact.intent}): {fact.status}{_resolved(fact)}",
    "moods": lambda fact: f"mood {fact.mood}",
    "registers": lambda fact: f"register {fact.register_}",
    "courtesies": lambda fact: f"courtesy {fact.courtesy}",
    "pressures": lambda fact: f"pressure {fact.kind}",
    "disclosures": lambda fact: f"discloses {fact.disclosure}{' (cut off)' if fact.cut_off else ''}",
    "prohibited": lambda fact: f"prohibited claim {fact.claim}",
    "consents": lambda fact: f"consent ({fact.kind}) {fact.offer or ''}: {fact.answer}",
    "identities": lambda fact: f"identity {fact.claim}",
    "bookings": lambda fact: f"books {fact.offer or fact.sku or '?'} with {fact.tool}{_price(fact)}",
}


def reading_text(conversation: Conversation, reading: Reading) -> str:
    """The conversation with its facts, one a line."""
    head = f"{conversation.id} ({conversation.channel}, {conversation.language}, {len(conversation.turns)} turns)"
    if not reading.read:
        return f"{head}\n  not read: {reading.why_unread}"
    by_turn = defaultdict(list)
    for turn, line in _facts(reading):
        by_turn[turn].append(line)
    lines = [head]
    for one in conversation.turns:
        lines += [_turn(one.index, one.role, one.text), *by_turn[one.index]]
    return "\n".join(lines)


def _turn(index: int, role: str, text: str) -> str:
    return f"{index:>4} {role:<{LABEL_WIDTH}}{' '.join(text.split())}"


def _facts(reading: Reading) -> Iterator[tuple[int, str]]:
    for kind, words in _WORDS.items():
        for fact in getattr(reading, kind):
            yield fact.turn, _line(fact, words(fact))


def _line(fact: Fact, words: str) -> str:
    quote = " ".join(fact.quote.split())
    said = f" {quote!r}" if quote else ""
    return f"{'':>{5 + LABEL_WIDTH}}- {words}{said} ({fact.source} {fact.confidence:.2f})"


def _either(fact: Any) -> str:
    return " or ".join(candidate.offer for candidate in fact.candidates) or "an offer"


def _unit(fact: Any) -> str:
    unit = f" {fact.unit}" if fact.unit else ""
    return f"{unit} a {fact.period}" if fact.period else unit


def _resolved(fact: Any) -> str:
    return f" at turn {fact.resolved_turn}" if fact.resolved_turn is not None else ""


def _price(fact: Any) -> str:
    return f" at {fact.price}" if fact.price else ""
