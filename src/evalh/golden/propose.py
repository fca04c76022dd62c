"""What can be known of a new case before a person has seen it: its goal, its customer's words, labels.

All of it is a proposal: a case names in its metadata what was proposed, and a label of a reader counts for nothing
until a person has confirmed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from evalh.agreement.labels import PER_OFFER, PROPOSED, USUAL, contradict
from evalh.agreement.match import FACTS
from evalh.golden.clean import TOKEN
from evalh.models import Case, Conversation, GoldenLabel, IntentFact, Issue, Json, Matter, Reading
from evalh.models.vocabulary import Intent
from evalh.workspace.sides import said_by

LEAST = 0.5
"""Facts that are less sure are not proposed."""
MAX_OPENING = 240
ONE_USUAL = frozenset({"mood"})
"""Constructs of which one usual label is given too, as the codebook wants it."""
_GOALS: dict[Intent, str] = {
    "billing_question": "understand a bill",
    "billing_dispute": "have a wrong charge corrected",
    "payment": "arrange a payment",
    "refund": "get money back",
    "service_fault": "get a fault fixed",
    "outage": "get the service back",
    "complaint": "have a complaint heard",
    "cancel": "cancel a service",
    "access": "get back into the account",
    "identity_verification": "prove who they are",
    "fraud": "report fraud",
    "bereavement": "settle the account of somebody who died",
    "hardship": "find a way to pay in a hard time",
    "vulnerability": "get help that fits their situation",
    "change": "change something on the account",
    "move": "take the service to another address",
    "travel": "use the service abroad",
    "order": "know about an order",
    "booking": "make or change a booking",
    "purchase": "buy something",
    "information": "get information",
    "human_agent": "speak to a person",
}
"""Words that follow "to"."""


# --- the case ---


def proposed(case: Case, recording: Conversation, reading: Reading, used: Mapping[str, frozenset[str]]) -> Case:
    """The case with what it lacks, as far as the recording tells; `used`: the facets of the set, and their values."""
    intent = _intent(reading)
    found: dict[str, Any] = {
        "goal": case.goal or (_GOALS.get(intent, "") if intent is not None else ""),
        "matter": case.matter or _matter(recording, reading),
        "facets": {**_facets(case, intent, used), **case.facets},
        "tools": case.tools or _tools(recording),
    }
    new = [name for name, value in found.items() if value and value != getattr(case, name)]
    metadata = {**case.metadata, **({"proposed": new} if new else {})}
    return case.model_copy(update={**found, "metadata": metadata})


def _intent(reading: Reading) -> Intent | None:
    """Of the first problem, else the first that is said."""
    said: list[Issue | IntentFact] = [*reading.issues, *reading.intents]
    return next((one.intent for one in said if one.intent != "other"), None)


def _matter(recording: Conversation, reading: Reading) -> Matter | None:
    """The customer's own words about it; none where they hold personal data."""
    found: list[Issue | IntentFact] = [*reading.issues, *reading.intents]
    said = next(iter(found), None)
    if said is None:
        return None
    whole = recording.turns[said.turn].text.strip()
    words = whole if len(whole) <= MAX_OPENING else said.quote.strip()
    if not words or len(words) > MAX_OPENING or TOKEN.search(words) or "{" in words:
        return None
    return Matter(opening=(words,))


def _facets(case: Case, intent: Intent | None, used: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Facets that the set has, out of the customer's record; the intent where the set has that value."""
    record = case.customer or {}
    found = {name: value for name in used if isinstance(value := record.get(name), str)}
    if intent is not None and intent in used.get("intent", ()):
        found.setdefault("intent", intent)
    return found


def _tools(recording: Conversation) -> dict[str, Json]:
    """What each tool returned, call by call."""
    returned: dict[str, list[Json]] = {}
    for turn in recording.turns:
        for call in turn.tool_calls:
            returned.setdefault(call.name, []).append(call.result)
    return {name: list(results) for name, results in returned.items() if any(one is not None for one in results)}


# --- labels ---


class _Said(NamedTuple):
    """A fact as a label."""

    turn: int
    construct: str
    offer: str | None
    label: str
    confidence: float
    named: str
    """What the turn calls an offer that the policy does not have."""

    @property
    def order(self) -> tuple[int, int, str, str]:
        return self.turn, _ORDER[self.construct], self.offer or "", self.label


_ORDER = {construct: number for number, construct in enumerate(FACTS)}


def proposed_labels(recording: Conversation, reading: Reading) -> list[GoldenLabel]:
    """A label for each fact of the reading, in order of turns; where two exclude each other the surer one."""
    kept: dict[tuple[int, str, str | None], list[str]] = {}
    chosen: list[_Said] = []
    for said in sorted(_facts(recording, reading), key=lambda one: (-one.confidence, one.order)):
        held = kept.setdefault((said.turn, said.construct, said.offer), [])
        if said.label not in held and not any(contradict(said.construct, said.label, other) for other in held):
            held.append(said.label)
            chosen.append(said)
    return [_row(recording, reading, said) for said in _without_usual(sorted(chosen, key=lambda one: one.order))]


def _facts(recording: Conversation, reading: Reading) -> Iterator[_Said]:
    for construct, source in FACTS.items():
        for fact, place, offer, label in source.take(reading):
            turn = fact.turn if place is None else place
            known = getattr(fact, "known", True)
            tied = construct == "act" and offer is None and known
            if tied or fact.confidence < LEAST or recording.turns[turn].role not in said_by(construct, label):
                continue
            own = offer if construct in PER_OFFER else None
            yield _Said(turn, construct, own, label, fact.confidence, "" if known else getattr(fact, "said", ""))


def _without_usual(chosen: Iterable[_Said]) -> Iterator[_Said]:
    """A turn without a label is what turns usually are; of moods one such label is given."""
    told: set[str] = set()
    for said in chosen:
        usual = said.label == USUAL.get(said.construct)
        if not usual or said.construct in ONE_USUAL - told:
            yield said
        if usual:
            told.add(said.construct)


def _row(recording: Conversation, reading: Reading, said: _Said) -> GoldenLabel:
    note = f"proposed with confidence {said.confidence:.2f}"
    return GoldenLabel(
        case=recording.case or "",
        prompt_version=recording.agent.prompt_version or "",
        trial=recording.trial,
        turn=said.turn,
        offer=said.offer,
        construct_=said.construct,
        label=said.label,
        labeller=PROPOSED + reading.reader.partition("+")[0],
        note=f"{said.named}; {note}" if said.named else note,
    )
