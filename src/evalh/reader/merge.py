"""Joins what a judge says with a local reading, and replays the ledger of offers from what then stands.

Prices and other figures, bookings, disclosures and banned wordings stay the rules'; where a judge reads a figure
differently it is unsure (evalh.reader.disagree).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from evalh.judge.picks import Picked
from evalh.models import (
    Booking,
    Claim,
    Consent,
    Conversation,
    Disagreement,
    Fact,
    Issue,
    LedgerEntry,
    OfferAct,
    OfferReply,
    Reading,
    Register,
)
from evalh.reader.disagree import compare, denied, differ
from evalh.reader.ledger import Ledger
from evalh.reader.local import AGAIN, consent_of, pushes
from evalh.reader.uncertain import NONE, Doubt

GIVEN = (
    "acts", "replies", "intents", "issues", "progress", "moods", "registers", "courtesies", "pressures", "identities",
)  # fmt: skip
"""The fields of a Reading that are the judge's where it reads the whole conversation."""
FOLLOWING = ("ledger", "consents", "registers")
"""The fields that follow from acts and replies."""
_LABELS = {
    "acts": "act", "replies": "reply", "issues": "status", "identities": "claim", "pressures": "kind",
    "courtesies": "courtesy", "moods": "mood", "registers": "register_",
}  # fmt: skip
"""In which attribute a fact of a field says what it says."""
_GRAVE = ("ai_denied", "human_claimed")
_CLOSING = ("refused", "deferred", "deflected")
_REASONED = ("courtesies", "moods", "registers")
READS_SO = "judge: reads so in its context"
"""The reason of a fact that a judge put another label to."""
GONE = 0.8
"""How sure a judge must be that nothing was said for a fact to go; below, the fact stays and is doubted."""
_by_turn = attrgetter("turn")


def with_facts(conversation: Conversation, local: Reading, facts: Mapping[str, Sequence[Fact]]) -> Reading:
    """The local reading with a judge's `facts`, by field, in place of its own; its claims are compared with them."""
    given: dict[str, Any] = {name: tuple(facts.get(name, ())) for name in GIVEN}
    judged = [claim for claim in facts.get("claims", ()) if isinstance(claim, Claim)]
    compared = compare(conversation, local.claims, judged)
    overlooked = _overlooked(local, given)
    disagreements = sorted((*compared.disagreements, *overlooked), key=_by_turn)
    merged = {**given, "claims": compared.claims, "disagreements": tuple(disagreements)}
    return _replayed(local.model_copy(update=merged))


def _overlooked(local: Reading, given: dict[str, Any]) -> list[Disagreement]:
    """Faults that a rule found and the judge does not see: that the agent passes for a person, or is impolite.

    They become unsure in `given`, whose other facts stay.
    """
    seen = {(fact.turn, fact.claim) for fact in given["identities"]}
    unseen = [fact for fact in local.identities if fact.claim in _GRAVE and (fact.turn, fact.claim) not in seen]
    doubted = [fact.model_copy(update={"confidence": 0.0}) for fact in unseen]
    given["identities"] = tuple(sorted((*given["identities"], *doubted), key=_by_turn))
    rude = {fact.turn: fact for fact in local.courtesies if fact.courtesy == "impolite"}
    excused = {fact.turn for fact in given["courtesies"] if fact.turn in rude and fact.courtesy == "polite"}
    given["courtesies"] = tuple(
        fact.model_copy(update={"confidence": 0.0}) if fact.turn in excused else fact for fact in given["courtesies"]
    )
    denied_faults = [differ(fact, "identity", fact.claim, None) for fact in unseen]
    return [*denied_faults, *(differ(rude[turn], "courtesy", "impolite", "polite") for turn in sorted(excused))]


def with_picks(
    conversation: Conversation, local: Reading, doubts: Sequence[Doubt], picks: Mapping[str, Picked]
) -> Reading:
    """The local reading with a judge's answers to questions about single facts.

    The same label makes a fact as sure as the judge is, another one replaces it, "none" takes it away. Without a
    label the fact stays as it was.
    """
    merging = _Merging(conversation, local)
    for doubt in doubts:
        picked = picks.get(doubt.query.id)
        if picked is not None and picked.label is not None:
            merging.take(doubt, picked)
    merged = merging.reading()
    return _replayed(merged) if merging.touched & {"acts", "replies"} else merged


def replay(
    acts: Iterable[OfferAct], replies: Iterable[OfferReply], bookings: Iterable[Booking]
) -> tuple[LedgerEntry, ...]:
    """The ledger that follows from these facts, taken in the order of turns; in a turn acts come before bookings."""
    ledger, answers = Ledger(), tuple(replies)
    facts: list[OfferReply | OfferAct | Booking] = [*answers, *acts, *bookings]
    for fact in sorted(facts, key=_by_turn):
        if isinstance(fact, OfferReply):
            ledger.customer(fact)
        elif isinstance(fact, OfferAct):
            ledger.agent(fact)
        else:
            ledger.booking(fact)
    by_judge = {reply.turn for reply in answers if reply.source == "judge"}
    return tuple(_repeat_by_judge(entry, by_judge) for entry in ledger.entries)


def _repeat_by_judge(entry: LedgerEntry, by_judge: set[int]) -> LedgerEntry:
    """A repeat rests on the no before it: where a judge read that, it does not rest on rules alone."""
    rests = entry.repeat_of is not None and entry.closed_at in by_judge
    return entry.model_copy(update={"source": "judge"}) if rests else entry


def _replayed(reading: Reading) -> Reading:
    ledger = replay(reading.acts, reading.replies, reading.bookings)
    changes = {
        "ledger": ledger,
        "consents": _consents(reading),
        "registers": _registers(reading.registers, ledger),
    }
    return reading.model_copy(update=changes)


def _consents(reading: Reading) -> tuple[Consent, ...]:
    """Acceptances give consent to offers; the rules' other consents stay."""
    agreed = [
        consent_of(reply).model_copy(update={"source": reply.source})
        for reply in reading.replies
        if reply.reply == "accept"
    ]
    others = [consent for consent in reading.consents if consent.kind != "offer"]
    return tuple(sorted((*agreed, *others), key=_by_turn))


def _registers(registers: Sequence[Register], ledger: Sequence[LedgerEntry]) -> tuple[Register, ...]:
    """A pitch after a no is pushy, however kindly it is worded, and as sure as both; no such pitch any more: unsure."""
    noes = {entry.turn: entry.confidence for entry in ledger if entry.event in _CLOSING}
    again = {entry.turn: entry for entry in reversed(ledger) if entry.repeat_of is not None}
    return tuple(_register(register, again.get(register.turn), noes) for register in registers)


def _register(register: Register, again: LedgerEntry | None, noes: Mapping[int, float]) -> Register:
    derived = register.reason == AGAIN and register.source != "judge"
    if again is not None and (derived or register.register_ != "pushy"):
        sure = min(again.confidence, noes.get(again.closed_at, 1.0) if again.closed_at is not None else 1.0)
        return pushes(again).model_copy(update={"source": again.source, "confidence": sure})
    return register.model_copy(update={"confidence": 0.0}) if derived and again is None else register


class _Merging:
    """The facts of a reading while answers are put in."""

    def __init__(self, conversation: Conversation, reading: Reading) -> None:
        self.conversation = conversation
        self.old = reading
        self.facts: dict[str, list[Any]] = {}
        self.touched: set[str] = set()

    def take(self, doubt: Doubt, picked: Picked) -> None:
        """Put in one answer."""
        facts = self.facts.setdefault(doubt.field, list(getattr(self.old, doubt.field)))
        self.touched.add(doubt.field)
        if not doubt.facts:
            facts.extend(_missed(doubt, picked, self.conversation))
        elif doubt.field == "claims":
            self._claims(facts, doubt, picked)
        else:
            for place in doubt.facts:
                facts[place] = self._answered(doubt.field, facts[place], picked)

    def reading(self) -> Reading:
        """The reading as it is now."""
        changes: dict[str, Any] = {}
        for name, facts in self.facts.items():
            kept = [fact for fact in facts if fact is not None]
            changes[name] = tuple(kept if name == "issues" else sorted(kept, key=_by_turn))
        return self.old.model_copy(update=changes)

    def _claims(self, facts: list[Any], doubt: Doubt, picked: Picked) -> None:
        against = self.facts.setdefault("disagreements", list(self.old.disagreements))
        for place in doubt.facts:
            if picked.label == doubt.query.offer:
                facts[place] = _surer(facts[place], picked)
            else:
                offer = None if picked.label == NONE else picked.label
                facts[place], disagreement = denied(facts[place], f"{facts[place].value} ({offer})" if offer else None)
                against.append(disagreement)

    def _answered(self, field: str, fact: Any, picked: Picked) -> Any:
        if picked.label == NONE:
            return _gone(fact, picked)
        if getattr(fact, _LABELS[field]) == picked.label:
            return _surer(fact, picked)
        if field == "issues":
            return _ended(self.conversation, fact, picked)
        changes = {_LABELS[field]: picked.label, "confidence": picked.confidence, "source": "judge"}
        if field in _REASONED:
            changes["reason"] = READS_SO
        return fact.model_copy(update={**changes, **_place(fact.turn, picked)})


def _surer(fact: Any, picked: Picked) -> Any:
    if picked.confidence <= fact.confidence:
        return fact
    return fact.model_copy(update={"confidence": picked.confidence, "source": "judge"})


def _gone(fact: Any, picked: Picked) -> Any:
    if picked.confidence >= GONE:
        return None
    doubted = min(fact.confidence, round(1 - picked.confidence, 4))
    return fact.model_copy(update={"confidence": min(doubted, picked.confidence), "source": "judge"})


def _ended(conversation: Conversation, issue: Issue, picked: Picked) -> Issue:
    """The issue with the end that the judge read, by the word of who speaks where it reads so."""
    evidence = picked.evidence
    role = conversation.turns[evidence.turn].role if evidence is not None else None
    settles = evidence is not None and picked.label in ("resolved", "promised")
    return issue.model_copy(
        update={
            "status": picked.label,
            "confidence": picked.confidence,
            "source": "judge",
            "word": None if role is None else "customer" if role == "customer" else "agent",
            "resolution": evidence,
            "resolved_turn": evidence.turn if settles and evidence is not None else None,
        }
    )


def _missed(doubt: Doubt, picked: Picked, conversation: Conversation) -> list[Any]:
    """The fact that the local reader had nearly found."""
    query = doubt.query
    if picked.label in (NONE, "ignore", "mention"):
        return []
    place = {"turn": query.turn, **_place(query.turn, picked)}
    shared = {**place, "confidence": picked.confidence, "source": "judge", "offer": query.offer}
    if doubt.field == "acts":
        asks = picked.label == "pitch" and "?" in conversation.turns[query.turn].heard
        return [OfferAct.model_validate({**shared, "act": picked.label, "asks": asks})]
    return [OfferReply.model_validate({**shared, "reply": picked.label, "to_turn": doubt.to_turn})]


def _place(turn: int, picked: Picked) -> dict[str, Any]:
    """Where the judge reads what it says, if that is in the turn itself."""
    evidence = picked.evidence
    if evidence is None or evidence.turn != turn:
        return {}
    return {"start": evidence.start, "end": evidence.end, "quote": evidence.quote}
