"""One answer of several: what most votes say, with the share that says so; and of several windows, one after another.

A judge says of each answer whether it is sure. That becomes SURE or UNSURE: a convention, not a probability.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from evalh.models import Fact

SURE, UNSURE = 0.9, 0.4
NOT_FOUND = 0.0
"""The confidence of what rests on a quote that is not there, and of a tie."""
Facts = dict[str, tuple[Fact, ...]]


@dataclass(frozen=True)
class Kind:
    """Which facts of a field are about the same thing, and what they say of it."""

    slot: tuple[str, ...]
    says: tuple[str, ...] = ()

    def key(self, fact: Fact) -> Hashable:
        """What the fact is about; equal for facts of several votes that are about the same."""
        return tuple(getattr(fact, name) for name in self.slot)

    def label(self, fact: Fact) -> Hashable:
        """What it says."""
        return tuple(getattr(fact, name) for name in self.says)


FIELDS: dict[str, Kind] = {
    "acts": Kind(("turn", "offer", "known"), ("act",)),
    "claims": Kind(("turn", "offer", "kind", "value"), ("unit", "period")),
    "replies": Kind(("turn", "offer"), ("reply",)),
    "intents": Kind(("turn", "intent")),
    "issues": Kind(("turn", "intent"), ("status",)),
    "progress": Kind(("turn",), ("says",)),
    "moods": Kind(("turn",), ("mood",)),
    "registers": Kind(("turn",), ("register_",)),
    "courtesies": Kind(("turn",), ("courtesy",)),
    "pressures": Kind(("turn", "kind")),
    "consents": Kind(("turn", "kind", "offer"), ("answer",)),
    "identities": Kind(("turn", "claim")),
}
"""The fields of a Reading that a judge fills."""


def confidence(sure: bool) -> float:
    """Of an answer whose quote was found."""
    return SURE if sure else UNSURE


@dataclass(frozen=True)
class Elected:
    """What most votes say; `item` is the surest of those that do, None when most say nothing."""

    item: Any
    confidence: float


def elect(ballots: Sequence[tuple[Hashable, Any, float]], of: int) -> Elected:
    """The majority of ballots (label, item, confidence); those missing to `of` votes say nothing.

    The confidence is the share of the votes that agree times their mean confidence; a tie has none.
    """
    counts = Counter(label for label, _, _ in ballots)
    label, most = counts.most_common(1)[0]
    silent = of - len(ballots)
    if silent > most:
        return Elected(None, 0.0)
    agreeing = [(item, sure) for said, item, sure in ballots if said == label]
    item = max(agreeing, key=lambda pair: pair[1])[0]
    tied = silent == most or sum(count == most for count in counts.values()) > 1
    return Elected(item, NOT_FOUND if tied else round(most / of * fmean(sure for _, sure in agreeing), 4))


def settled(votes: Sequence[Facts]) -> Facts:
    """The facts of one window as most votes have them."""
    if len(votes) == 1:
        return votes[0]
    facts = {name: _elected([vote[name] for vote in votes], kind) for name, kind in FIELDS.items()}
    return {**facts, "issues": _numbered(facts["issues"])}


def _elected(votes: Sequence[Sequence[Fact]], kind: Kind) -> tuple[Fact, ...]:
    ballots: dict[Hashable, list[tuple[Hashable, Fact, float]]] = {}
    for vote in votes:
        of_vote: dict[Hashable, Fact] = {}
        for fact in vote:
            of_vote.setdefault(kind.key(fact), fact)
        for key, fact in of_vote.items():
            ballots.setdefault(key, []).append((kind.label(fact), fact, fact.confidence))
    won = (elect(cast, len(votes)) for cast in ballots.values())
    kept = [one.item.model_copy(update={"confidence": one.confidence}) for one in won if one.item is not None]
    kept += _torn(votes, {fact.turn for fact in kept})
    return tuple(sorted(kept, key=lambda fact: (fact.turn, fact.start)))


def _torn(votes: Sequence[Sequence[Fact]], settled: set[int]) -> Iterator[Fact]:
    """Of each turn in which most votes read something, but no two of them enough alike, the surest fact, unsure."""
    of_turn: dict[int, list[Fact]] = {}
    readers = Counter(turn for vote in votes for turn in {fact.turn for fact in vote} - settled)
    for fact in (fact for vote in votes for fact in vote if fact.turn in readers):
        of_turn.setdefault(fact.turn, []).append(fact)
    for turn, facts in of_turn.items():
        if 2 * readers[turn] >= len(votes):
            yield max(facts, key=lambda fact: fact.confidence).model_copy(update={"confidence": NOT_FOUND})


def joined(windows: Sequence[Facts]) -> Facts:
    """The facts of all windows. How an issue of an earlier window ended only a later one could tell: it is unsure."""
    if len(windows) == 1:
        return windows[0]
    facts: dict[str, list[Fact]] = {name: [] for name in FIELDS}
    for index, window in enumerate(windows):
        for name, found in window.items():
            last = index == len(windows) - 1
            facts[name] += found if name != "issues" or last else [_unended(fact) for fact in found]
    return {**{name: tuple(found) for name, found in facts.items()}, "issues": _numbered(facts["issues"])}


def _numbered(issues: Sequence[Fact]) -> tuple[Fact, ...]:
    return tuple(fact.model_copy(update={"id": f"issue-{number}"}) for number, fact in enumerate(issues, start=1))


def _unended(issue: Fact) -> Fact:
    return issue.model_copy(update={"confidence": NOT_FOUND})
