"""Wordings that press a customer to buy, in agent turns and in bare texts; what the policy allows is left to others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import cast

from evalh.models import Pressure
from evalh.models.vocabulary import PressureKind
from evalh.reader.rules import Hit, load_rules
from evalh.reader.view import TurnView
from evalh.text.normalise import normalise
from evalh.text.sentences import sentences

_STRONG = 0.8
"""The confidence from which a rule is taken to press even where nothing is being sold."""
_SHOP = "shop_"
"""How the ids of the rules begin that are for bare shop texts only."""

_HINT = 0.5
"""A rule of this confidence ("Hurry!") counts only where nothing surer says what presses."""


def read_pressure(view: TurnView, offer: str | None, selling: bool) -> list[Pressure]:
    """The pressing wordings of an agent turn, at most one of each kind a sentence, in the order they are said.

    `selling` says that the turn pitches or that an offer is open to the customer; without it only wordings that
    press whatever they are about are reported. `offer` is what they are reported for. Whether the customer had
    already accepted, so that "I'll go ahead and add it" presumes nothing, is for the caller to know.
    """
    floor = 0.0 if selling else _STRONG
    return [_fact(view, hit, offer) for hit in _spoken(view.text) if hit.rule.confidence >= floor]


def pressure_kinds(text: str) -> list[tuple[PressureKind, float]]:
    """The kinds of pressure in a bare text such as a shop banner, each once with its confidence, surest first."""
    plain = normalise(text).text
    hits = (hit for span in sentences(plain) for hit in load_rules("pressure").hits(plain, *span))
    found = [(cast("PressureKind", hit.label), hit.rule.confidence) for hit in _surest(hits)]
    return [pair for pair in found if pair[1] > _HINT] or found


@lru_cache(maxsize=4_096)
def _spoken(text: str) -> tuple[Hit, ...]:
    found: list[Hit] = []
    for start, end in sentences(text):
        hits = load_rules("pressure").hits(text, start, end)
        found += _surest(hit for hit in hits if not hit.rule.id.startswith(_SHOP))
    return tuple(sorted(found, key=lambda hit: hit.start))


def _surest(hits: Iterable[Hit]) -> list[Hit]:
    best: dict[str, Hit] = {}
    for hit in sorted(hits, key=lambda hit: -hit.rule.confidence):
        best.setdefault(hit.label, hit)
    return list(best.values())


def _fact(view: TurnView, hit: Hit, offer: str | None) -> Pressure:
    return Pressure.model_validate(
        {
            **view.place(hit.start, hit.end).fields(),
            "kind": hit.label,
            "offer": offer,
            "confidence": hit.rule.confidence,
        }
    )
