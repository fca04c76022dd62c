"""Conversations written as lines, and a small policy to judge them by."""

from __future__ import annotations

from typing import Any

from evalh.models import Conversation, OfferPolicy, PolicySet

_SPEAKERS = {"C": "customer", "A": "agent", "H": "human_agent", "S": "system", "T": "tool"}


def make_conversation(script: str, **fields: Any) -> Conversation:
    """A conversation from lines such as ``C: my bill is wrong`` and ``A: let me look`` (also H, S, T).

    A line that starts with ``>`` adds a tool call to the turn before it: ``> add_offer offer_id=FIBER-500``.
    """
    turns: list[dict[str, Any]] = []
    for line in filter(None, (raw.strip() for raw in script.strip().split("\n"))):
        if line.startswith(">"):
            name, *pairs = line[1:].split()
            arguments = dict(pair.split("=", 1) for pair in pairs)
            turns[-1].setdefault("tool_calls", []).append({"name": name, "arguments": arguments, "result": "ok"})
            continue
        speaker, text = line.split(":", 1)
        turns.append({"role": _SPEAKERS[speaker], "text": text.strip()})
    return Conversation.model_validate({"turns": turns, **fields})


def make_policy(*older: dict[str, Any], **fields: Any) -> PolicySet:
    """A policy with Fiber 500 and a Travel Pass; `fields` replace whole top-level fields, `older` come first."""
    base: dict[str, Any] = {
        "id": "test-policy",
        "version": "2",
        "effective": {"from": "2026-11-01"},
        "offers": [
            {
                "id": "FIBER-500",
                "names": ["Fiber 500", "five hundred meg fiber"],
                "category": "home_internet",
                "kind": "upsell",
                "price": {"amount": "49.99", "period": "month", "promo_months": 12, "then": "64.99"},
                "fees": [{"id": "activation", "name": "activation fee", "amount": "25.00"}],
                "term": {"months": 24, "early_termination_fee": "120.00"},
                "features": [{"id": "speed", "text": "download speeds up to 500 Mbps"}],
                "benefits": ["smoother video calls"],
                "fits": ["works from home"],
            },
            {
                "id": "TRAVEL-PASS",
                "names": ["Travel Pass"],
                "category": "roaming",
                "kind": "cross_sell",
                "price": {"amount": "10.00", "period": "day"},
                "term": {"months": 0},
                "features": [{"id": "data", "text": "2 GB of data a day abroad"}],
            },
        ],
    }
    newest = OfferPolicy.model_validate({**base, **fields})
    versions = [OfferPolicy.model_validate({**base, **change}) for change in older]
    return PolicySet(versions=(*versions, newest))
