"""Puts what was found beside what was labelled, place by place: faults of evaluators, labels of the reader's facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from evalh.agreement.labels import GOOD, PER_OFFER, PER_PITCH, USUAL, Labels, Recording, contradict
from evalh.models import CONSTRUCTS, Conversation, Evidence, Fact, GoldenLabel, Reading, Score
from evalh.models.agreement import FAULT
from evalh.models.vocabulary import Level
from evalh.redact import RedactedConversation, Redactor
from evalh.workspace.sides import AGENT, is_said, roles_of, said_by

At = tuple[int | None, str | None]
"""A turn and an offer; no turn is the whole conversation."""
UNSURE = "unsure"
"""A label of issues: that the reader found it is an answer like any other."""
TOLD = frozenset({"unsure", "errored"})
"""States in which an evaluator could not tell."""


class Found(NamedTuple):
    """A label that was found, how sure, and where it stands."""

    label: str
    confidence: float | None = None
    evidence: Evidence | None = None
    reason: str = ""
    unsure: bool = False
    words: str = ""
    """What is told of it, where that is not the label."""


@dataclass(frozen=True)
class Compared:
    """One place. What it is labelled and what was found there is of `events`; nobody knows of those in `unknown`."""

    kind: Literal["evaluator", "reader"]
    recording: Recording
    construct: str
    level: Level
    turn: int | None
    offer: str | None
    labelled: frozenset[str]
    found: tuple[Found, ...] = ()
    unknown: frozenset[str] = frozenset()
    words: str | None = None
    """The labels as they were given."""

    @property
    def events(self) -> set[str]:
        """What is labelled or found here and counts."""
        return ({*self.labelled} | {one.label for one in self.found}) - self.unknown

    def answer(self, event: str) -> Found | None:
        """What was found of `event`, the surest."""
        own = [one for one in self.found if one.label == event]
        return min(own, key=lambda one: (one.unsure, -(one.confidence or 0.0)), default=None)

    def outcome(self, event: str) -> tuple[bool, bool]:
        """Whether the place is labelled `event`, and whether it counts as found: an unsure answer is the wrong one."""
        wanted, given = event in self.labelled, self.answer(event)
        return wanted, (not wanted if given is not None and given.unsure else given is not None)


@dataclass(frozen=True)
class Judged:
    """A recording with what was read and judged, and the labels of it."""

    recording: Recording
    conversation: Conversation
    reading: Reading
    scores: Sequence[Score]
    labels: Labels
    unsure_below: float = 0.5

    def given(self, construct: str) -> list[GoldenLabel]:
        """The labels that count."""
        return [one for one in self.labels.counting.get(self.recording, ()) if one.construct_ == construct]

    def unsettled(self, construct: str) -> list[GoldenLabel]:
        """The labels that leave their place open."""
        return [one for one in self.labels.unsettled.get(self.recording, ()) if one.construct_ == construct]

    def turns_of(self, construct: str) -> list[int]:
        """The turns at which the construct is labelled; verdicts at the agent's."""
        roles = roles_of(construct, CONSTRUCTS[construct]) if is_said(construct) else AGENT
        return [turn.index for turn in self.conversation.turns if turn.role in roles]

    def of_others(self, construct: str, turn: int | None) -> frozenset[str]:
        """The labels of the construct that cannot stand at a turn, because they are of what the other side says."""
        if turn is None:
            return frozenset()
        role = self.conversation.turns[turn].role
        return frozenset(label for label in CONSTRUCTS[construct] if role not in said_by(construct, label))


def compared(judged: Judged, constructs: Iterable[str]) -> Iterator[Compared]:
    """All places of one recording, of these constructs. Where the labels do not cover a construct, there is none."""
    for construct in constructs:
        if construct in GOOD:
            yield from _verdicts(judged, construct)
        if construct in FACTS and judged.labels.covers(judged.recording, construct):
            yield from _facts(judged, construct)


# --- evaluators ---


def _verdicts(judged: Judged, evaluator: str) -> Iterator[Compared]:
    of = _Faults(judged, evaluator)
    if not of.covered:
        return
    rollup = next((one for one in judged.scores if one.rollup and one.evaluator == evaluator), None)
    if rollup is None or rollup.state == "skipped":
        return
    if of.labelled or not of.open:
        yield of.place("conversation", None, of.labelled, _of_scores([rollup]))
    placed = all(turn is not None for turn, _ in of.labelled) and None not in of.open
    if placed and judged.labels.covers(judged.recording, evaluator):
        yield from of.turns()


@dataclass(frozen=True)
class _Faults:
    """An evaluator's faults in one recording, labelled and found."""

    judged: Judged
    evaluator: str

    @property
    def covered(self) -> bool:
        """Whether a fault that is not labelled is none; an issue's end is labelled for `resolution` too."""
        covers = self.judged.labels.covers
        also = self.evaluator == "resolution" and covers(self.judged.recording, "issue")
        return covers(self.judged.recording, self.evaluator) or also

    @property
    def labelled(self) -> list[tuple[int | None, str]]:
        """The faults that are labelled, with their turns."""
        return [(one.turn, one.label) for one in self._bad(self.judged.given)]

    @property
    def open(self) -> set[int | None]:
        """Where labels that do not count say that there is a fault."""
        return {one.turn for one in self._bad(self.judged.unsettled)}

    def _bad(self, of: Callable[[str], list[GoldenLabel]]) -> Iterator[GoldenLabel]:
        for one in of(self.evaluator):
            if one.label not in GOOD[self.evaluator] and not self._overruled(one):
                yield one
        if self.evaluator == "resolution":
            yield from (one for one in of("issue") if one.label == "unresolved")

    def _overruled(self, fault: GoldenLabel) -> bool:
        """Whether people settled that there is none, wherever in the conversation that is labelled."""
        good = [one for one in self.judged.given(self.evaluator) if one.confirmed and one.label in GOOD[self.evaluator]]
        return not fault.confirmed and any(
            one.offer in (None, fault.offer)
            and (one.turn is None or self.evaluator not in PER_PITCH)
            and contradict(self.evaluator, one.label, fault.label)
            for one in good
        )

    def turns(self) -> Iterator[Compared]:
        """The agent's turns and all with a fault, but for those that labellers differ on."""
        verdicts: dict[int, list[Score]] = defaultdict(list)
        for score in self.judged.scores:
            if score.evaluator == self.evaluator and not score.rollup and score.turn is not None:
                verdicts[score.turn].append(score)
        labelled: dict[int, list[tuple[int | None, str]]] = defaultdict(list)
        for one in self._bad(self.judged.given):
            if one.construct_ == self.evaluator and one.turn is not None:
                labelled[one.turn].append((one.turn, one.label))
        turns = {*self.judged.turns_of(self.evaluator), *verdicts, *labelled} - self.open
        for turn in sorted(one for one in turns if one is not None):
            yield self.place("turn", turn, labelled.get(turn, []), _of_scores(verdicts.get(turn, [])))

    def place(
        self, level: Level, turn: int | None, labelled: Sequence[tuple[int | None, str]], found: tuple[Found, ...]
    ) -> Compared:
        """The faults labelled at a place beside what was found there."""
        said = [label if turn is not None or at is None else f"{label} (turn {at})" for at, label in labelled]
        first = min((at for at, _ in labelled if at is not None), default=None)
        return Compared(
            "evaluator",
            self.judged.recording,
            self.evaluator,
            level,
            turn if level == "turn" else first,
            None,
            frozenset({FAULT} if labelled else ()),
            found,
            words=", ".join(dict.fromkeys(said)) or None,
        )


def _of_scores(scores: Sequence[Score]) -> tuple[Found, ...]:
    """The fault that an evaluator found, the surest; an answer that could not be given where none was."""
    failed = [score for score in scores if score.passed is False]
    if failed:
        one = max(failed, key=lambda score: score.confidence or 0.0)
        evidence = one.evidence[0] if one.evidence else None
        return (Found(FAULT, one.confidence, evidence, one.reason, words=one.label or FAULT),)
    told = next((score for score in scores if score.state in TOLD), None)
    if told is None:
        return ()
    evidence = told.evidence[0] if told.evidence else None
    return (Found(FAULT, told.confidence, evidence, told.reason, unsure=True, words=told.state),)


# --- the reader's facts ---


@dataclass(frozen=True)
class _FactsOf:
    """Where the facts of a construct are in a reading."""

    take: Callable[[Reading], Iterable[tuple[Fact, int | None, str | None, str]]]
    once: bool = False
    """Whether it is compared over the whole conversation, wherever it is said."""


FACTS: dict[str, _FactsOf] = {
    "act": _FactsOf(lambda read: ((one, one.turn, one.offer, one.act) for one in read.acts)),
    "reply": _FactsOf(lambda read: ((one, one.turn, one.offer, one.reply) for one in read.replies)),
    "intent": _FactsOf(lambda read: ((one, None, None, one.intent) for one in read.intents), once=True),
    "issue": _FactsOf(lambda read: ((one, one.turn, None, one.status) for one in read.issues)),
    "progress": _FactsOf(lambda read: ((one, one.turn, None, one.says) for one in read.progress)),
    "mood": _FactsOf(lambda read: ((one, one.turn, None, one.mood) for one in read.moods)),
    "register": _FactsOf(lambda read: ((one, one.turn, None, one.register_) for one in read.registers)),
    "courtesy": _FactsOf(lambda read: ((one, one.turn, None, one.courtesy) for one in read.courtesies)),
    "pressure": _FactsOf(lambda read: ((one, one.turn, None, one.kind) for one in read.pressures)),
    "consent": _FactsOf(
        lambda read: (
            (one, one.answer_turn if one.answer_turn is not None else one.turn, one.offer, one.answer)
            for one in read.consents
        )
    ),
    "identity": _FactsOf(lambda read: ((one, one.turn, None, one.claim) for one in read.identities)),
}
"""The constructs of the reader's facts."""


@dataclass
class _Spot:
    labelled: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    found: list[Found] = field(default_factory=list)


def _facts(judged: Judged, construct: str) -> Iterator[Compared]:
    """The places with a label or a fact, and each turn that could have had one."""
    source, usual = FACTS[construct], USUAL.get(construct)
    spots: dict[At, _Spot] = defaultdict(_Spot)
    for one in judged.given(construct):
        spots[_at(one, construct, source)].labelled.add(one.label)
    for one in judged.unsettled(construct):
        spots[_at(one, construct, source)].unknown.add(one.label)
    for fact, turn, offer, label in source.take(judged.reading):
        unsure = fact.confidence < judged.unsure_below and label != UNSURE
        evidence = fact.evidence if fact.quote else None
        spots[turn, offer].found.append(Found(label, fact.confidence, evidence, unsure=unsure))
    taken = {turn for turn, _ in spots}
    for turn in [None] if source.once else judged.turns_of(construct):
        if turn not in taken:
            spots[turn, None] = _Spot()
    for (turn, offer), spot in sorted(spots.items(), key=lambda item: tuple(map(str, item[0]))):
        yield _compared(judged, construct, (turn, offer), spot, usual)


def _at(label: GoldenLabel, construct: str, source: _FactsOf) -> At:
    return None if source.once else label.turn, label.offer if construct in PER_OFFER else None


def _compared(judged: Judged, construct: str, at: At, spot: _Spot, usual: str | None) -> Compared:
    elsewhere = judged.of_others(construct, at[0]) - {one.label for one in spot.found}
    return Compared(
        "reader",
        judged.recording,
        construct,
        "conversation" if FACTS[construct].once else "turn",
        *at,
        frozenset(spot.labelled - {usual}),
        tuple(one for one in spot.found if one.label != usual),
        _open(spot, construct) | elsewhere,
        words=", ".join(sorted(spot.labelled)) or None,
    )


def _open(spot: _Spot, construct: str) -> frozenset[str]:
    """The labels of which nobody knows whether they hold, since labellers differ."""
    if construct in ("intent", "pressure"):
        return frozenset(spot.unknown - spot.labelled)
    return frozenset(CONSTRUCTS[construct] if spot.unknown and not spot.labelled else ())


def quoted(place: Compared, conversation: Conversation, found: Found | None) -> Evidence | None:
    """What is quoted of a place: what was found, else the turn that is labelled, without personal data."""
    if found is not None and found.evidence is not None:
        return found.evidence
    if place.turn is None or place.turn >= len(conversation.turns):
        return None
    redacted = RedactedConversation(conversation, Redactor()).turns[place.turn]
    return Evidence(turn=place.turn, start=0, end=len(redacted.raw), quote=redacted.text)


def by_construct(places: Iterable[Compared]) -> Mapping[tuple[str, str, Level], list[Compared]]:
    """The places by kind, construct and level."""
    found: dict[tuple[str, str, Level], list[Compared]] = defaultdict(list)
    for place in places:
        found[place.kind, place.construct, place.level].append(place)
    return found
