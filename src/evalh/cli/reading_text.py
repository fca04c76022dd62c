"""A reading for a person: each turn, and below it the facts found there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from evalh.models import Conversation, Fact, Reading, Turn

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
    by_turn: defaultdict[int, list[tuple[Fact, str]]] = defaultdict(list)
    for fact, words in _facts(reading):
        by_turn[fact.turn].append((fact, words))
    lines = [head]
    for one in conversation.turns:
        lines += [_turn(one), *(_line(fact, words, one) for fact, words in by_turn[one.index])]
    return "\n".join(lines)


def _turn(turn: Turn) -> str:
    calls = [f"[{call.name} {call.arguments} -> {call.result}]" for call in turn.tool_calls]
    return f"{turn.index:>4} {turn.role:<{LABEL_WIDTH}}{_one_line(' '.join([turn.text, *calls]))}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _facts(reading: Reading) -> Iterator[tuple[Fact, str]]:
    for kind, words in _WORDS.items():
        for fact in getattr(reading, kind):
            yield fact, words(fact)


def _line(fact: Fact, words: str, turn: Turn) -> str:
    quote = _one_line(fact.quote)
    said = f" {quote!r}" if quote and quote != _one_line(turn.text) else ""
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
