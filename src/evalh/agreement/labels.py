"""Which labels of a golden set count, and what is wrong with them; what is compared with them is left to others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from evalh.errors import BadInput
from evalh.models import CONSTRUCTS, GoldenLabel
from evalh.workspace.golden import Line

GOOD: dict[str, frozenset[str]] = {
    "objection_handling": frozenset({"graceful", "answered_objection", "reopened"}),
    "eligibility": frozenset({"eligible"}),
    "groundedness": frozenset({"grounded"}),
    "disclosure": frozenset({"disclosed", "consented", "identity_disclosed"}),
    "resolution": frozenset({"resolved", "promised", "resolved_before_offer", "outcome_kept"}),
    "tone": frozenset({"empathetic", "neutral"}),
    "politeness": frozenset({"polite"}),
    "prompt_conformance": frozenset({"conforms"}),
    "missed_opportunity": frozenset({"offered", "rightly_held_back"}),
    "offer_quality": frozenset({"good"}),
    "conversation_quality": frozenset({"pass"}),
}
"""The verdicts, and of each the labels that are no fault."""
USUAL = {"mood": "calm", "register": "neutral", "courtesy": "polite", "pressure": "none"}
"""What a turn is that nobody labelled, in a conversation in which the construct was labelled."""
EVERYWHERE = frozenset({"act", "reply", "issue", "progress", "mood", *GOOD} - {"politeness", "conversation_quality"})
"""What the codebook has labelled in every conversation; the rest only where there is a label of it."""
PER_OFFER = frozenset({"act", "reply", "consent", "claim", *GOOD})
"""What is labelled of an offer; of other constructs the offer does not count."""
PER_PITCH = frozenset({"eligibility", "offer_quality"})
"""Verdicts of which each pitch has one of its own; of others the conversation has one, or one for each offer."""
_MISSING = frozenset({label for label in CONSTRUCTS["disclosure"] if label.startswith(("missing_", "late_", "cut_"))})
_CONSENT = frozenset({"consented", "added_without_consent", "ambiguous_consent", "added_other_offer"})
_SEVERAL: dict[str, tuple[frozenset[str], ...]] = {
    "intent": (),
    "claim": (),
    "pressure": (),
    "prompt_conformance": (),
    "resolution": (
        frozenset({"resolved", "promised", "unresolved"}),
        frozenset({"resolved_before_offer", "offer_before_resolution", "offer_while_frustrated"}),
        frozenset({"outcome_lost", "outcome_kept"}),
    ),
    "disclosure": (_CONSENT, frozenset({"identity_disclosed", "identity_not_disclosed", "identity_denied"})),
}
"""Constructs that may have several labels at one place, and of which labels it may have only one."""
_ALONE = {
    "pressure": ("none", frozenset(CONSTRUCTS["pressure"])),
    "prompt_conformance": ("conforms", frozenset(CONSTRUCTS["prompt_conformance"])),
    "claim": ("grounded", frozenset(CONSTRUCTS["claim"])),
    "disclosure": ("disclosed", _MISSING),
}
"""Labels that say nothing else holds, and what they exclude."""
PROPOSED = "reader:"
"""How the labeller begins of a label that a reader proposed; its id follows."""


class Recording(NamedTuple):
    """What tells a recording from the others of its golden set."""

    case: str
    prompt_version: str
    trial: int


class Place(NamedTuple):
    """Where a construct is labelled; no turn is the whole conversation."""

    recording: Recording
    construct: str
    turn: int | None
    offer: str | None


@dataclass(frozen=True)
class Labels:
    """The labels that count, each once, and those at places that are not settled, which say nothing either way."""

    counting: Mapping[Recording, tuple[GoldenLabel, ...]]
    unsettled: Mapping[Recording, tuple[GoldenLabel, ...]]
    disputed: tuple[str, ...] = ()
    """The places on which labellers differ, a sentence each."""
    problems: tuple[BadInput, ...] = ()
    """Labels that contradict each other."""
    proposed: frozenset[tuple[Recording, str]] = frozenset()
    """The constructs of which a reader's proposals still wait for a person, by recording."""

    @property
    def count(self) -> int:
        """How many count."""
        return sum(map(len, self.counting.values()))

    @property
    def labellers(self) -> tuple[str, ...]:
        """Whose labels count."""
        return tuple(sorted({one.labeller for held in self.counting.values() for one in held if one.labeller}))

    def covers(self, recording: Recording, construct: str) -> bool:
        """Whether what is not labelled there as `construct` is known not to be so.

        It is where labels of the construct count. Where there is none, it is if the construct is one that is labelled
        in every conversation, and one of those who labelled this one has labelled it anywhere. It is not while a
        person has still to go through what a reader proposed.
        """
        held = self.counting.get(recording, ())
        if (recording, construct) in self.proposed:
            return False
        if any(one.construct_ == construct for one in held):
            return True
        if construct not in EVERYWHERE or any(one.construct_ == construct for one in self.unsettled.get(recording, ())):
            return False
        return any((one.labeller, construct) in self._given for one in held)

    @property
    def constructs(self) -> list[str]:
        """The constructs of which labels count, facts first."""
        there = {one.construct_ for held in self.counting.values() for one in held}
        return [name for name in CONSTRUCTS if name in there]

    @cached_property
    def _given(self) -> frozenset[tuple[str, str]]:
        """Who labelled which construct."""
        return frozenset((one.labeller, one.construct_) for held in self.counting.values() for one in held)


def recording_of(label: GoldenLabel) -> Recording:
    """The recording that a label is about."""
    return Recording(label.case, label.prompt_version, label.trial)


def place_of(label: GoldenLabel) -> Place:
    """The place that a label is about."""
    offer = label.offer if label.construct_ in PER_OFFER else None
    return Place(recording_of(label), label.construct_, label.turn, offer)


def is_proposal(label: GoldenLabel) -> bool:
    """Whether a reader proposed the label and no person has confirmed it.

    It says nothing: a reader that is measured by its own words is always right.
    """
    return not label.confirmed and label.labeller.startswith(PROPOSED)


def settle(lines: Sequence[Line[GoldenLabel]], *, unconfirmed: bool, file: str) -> Labels:
    """Which of the labels count: the confirmed ones, or with `unconfirmed` all that labellers do not differ on.

    Proposals of a reader never do. Several that say the same are one. A confirmed label wins over others at its place;
    two that contradict each other are a problem, and so are two of one labeller. Where labellers differ and nothing is
    confirmed, none counts.
    """
    places: dict[Place, list[Line[GoldenLabel]]] = defaultdict(list)
    for line in lines:
        if not is_proposal(line.value):
            places[place_of(line.value)].append(line)
    counting: dict[Recording, list[GoldenLabel]] = defaultdict(list)
    unsettled: dict[Recording, list[GoldenLabel]] = defaultdict(list)
    disputed: list[str] = []
    problems: list[BadInput] = []
    for place, given in places.items():
        one = _Given(place, given, file)
        problems += one.problems()
        disputed += filter(None, [one.disputed()])
        held, open_ = one.kept(unconfirmed)
        counting[place.recording] += held
        unsettled[place.recording] += open_
    return Labels(
        {key: tuple(held) for key, held in counting.items() if held},
        {key: tuple(held) for key, held in unsettled.items() if held},
        tuple(disputed),
        tuple(problems),
        frozenset((recording_of(line.value), line.value.construct_) for line in lines if is_proposal(line.value)),
    )


@dataclass(frozen=True)
class _Given:
    """All that was said of one place."""

    place: Place
    lines: Sequence[Line[GoldenLabel]]
    file: str

    def problems(self) -> Iterator[BadInput]:
        """What cannot both be meant: two confirmed labels, or two of one labeller where none is confirmed."""
        confirmed = [line for line in self.lines if line.value.confirmed]
        for first, second in self._contradictions(confirmed or self.lines):
            if confirmed or first.value.labeller == second.value.labeller:
                why, remedy = "both are confirmed", "keep one of them"
                if not confirmed and first.value.labeller:
                    why = f"both are of {first.value.labeller}"
                elif not confirmed:
                    why, remedy = "neither names its labeller", "keep one of them, or name both labellers"
                said = f"{second.value.label!r} contradicts {first.value.label!r} on line {first.number}"
                problem = f"{said} ({self._where}), and {why}"
                yield BadInput(problem, file=self.file, line=second.number, field="label", remedy=remedy)

    def disputed(self) -> str | None:
        """A sentence with all lines in which labellers differ; None where they do not, or one is confirmed."""
        if any(line.value.confirmed for line in self.lines):
            return None
        pairs = [
            (first, second)
            for first, second in self._contradictions(self.lines)
            if first.value.labeller != second.value.labeller
        ]
        if not pairs:
            return None
        *others, last = sorted({line.number: line for pair in pairs for line in pair}.items())
        also = ", ".join(f"{_who(line)} on line {number} says {line.value.label!r}" for number, line in others)
        return f"{self.file}:{last[0]}: {_who(last[1])} says {last[1].value.label!r}, and {also} ({self._where})"

    def kept(self, unconfirmed: bool) -> tuple[list[GoldenLabel], list[GoldenLabel]]:
        """The labels that count, and those that leave the place open."""
        confirmed = {line.value.label: line.value for line in self.lines if line.value.confirmed}
        others = {line.value.label: line.value for line in self.lines if not line.value.confirmed}
        construct = self.place.construct
        left = {
            name: label
            for name, label in others.items()
            if name not in confirmed and not any(contradict(construct, name, sure) for sure in confirmed)
        }
        fought = {name for name in left for other in left if contradict(construct, name, other)}
        agreed = {name: label for name, label in left.items() if name not in fought and unconfirmed}
        open_ = [label for name, label in left.items() if name not in agreed]
        return [*confirmed.values(), *agreed.values()], open_

    def _contradictions(
        self, lines: Sequence[Line[GoldenLabel]]
    ) -> Iterator[tuple[Line[GoldenLabel], Line[GoldenLabel]]]:
        for first, second in combinations(lines, 2):
            if contradict(self.place.construct, first.value.label, second.value.label):
                yield first, second

    @property
    def _where(self) -> str:
        _, construct, turn, offer = self.place
        where = [f"turn {turn}" if turn is not None else "whole conversation", offer]
        return f"{construct}, {', '.join(filter(None, where))}"


def _who(line: Line[GoldenLabel]) -> str:
    return line.value.labeller or "somebody"


def contradict(construct: str, one: str, other: str) -> bool:
    """Whether two labels cannot both hold at one place."""
    if one == other:
        return False
    alone, excluded = _ALONE.get(construct, ("", frozenset()))
    if alone in (one, other) and {one, other} - {alone} <= excluded:
        return True
    groups = _SEVERAL.get(construct)
    return groups is None or any({one, other} <= group for group in groups)
