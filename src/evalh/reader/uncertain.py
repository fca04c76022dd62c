"""Which facts of a local reading a judge is asked about: the doubtful ones that a verdict may rest on, and near misses.

A near miss is an act or a reply that the turn model almost found. What becomes of the answers is left to the merging.
Reasons for the contact and what a turn says of the matter are not asked about: no verdict rests on one of them alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from evalh.judge.picks import Query
from evalh.models import Claim, Conversation, Fact, OfferAct, OfferMention, Reading, Turn
from evalh.models.vocabulary import Act, Courtesy, MoodLabel, RegisterLabel, Reply
from evalh.reader.heads import LABELS, TurnScores

MOST = 24
"""Questions about one conversation, the most useful ones; what is left out stays as the local reader has it."""
NEAR_PITCH = 0.3
"""The probability of a pitch from which a turn without an act is asked about."""
NEAR_UNNAMED = 0.5
"""As NEAR_PITCH, where no offer has been named so far."""
NEAR_REPLY = 0.3
"""The probability of any answer to an offer from which a turn without a reply is asked about."""
NONE = "none"
_ENDINGS = ("resolved", "promised", "unresolved")
_AGENT_IDENTITY = ("ai_disclosed", "human_claimed", "ai_denied", NONE)
_ANSWERS = tuple(label for label in LABELS["reply"] if label not in ("ignore", NONE))
_USEFUL = ("acts", "replies", "claims", "issues", "identities", "pressures", "courtesies", "moods", "registers")
"""Fields by how much hangs on a fact of theirs: a ledger hangs on acts and replies."""


@dataclass(frozen=True)
class Doubt:
    """A question, and what of the reading it is about."""

    query: Query
    field: str
    facts: tuple[int, ...] = ()
    """The places of the facts in that field; none for a near miss."""
    confidence: float = 0.0
    """The local reader's."""
    to_turn: int | None = None
    """For a reply that was nearly found: the agent turn it answers."""


def doubts(
    conversation: Conversation, reading: Reading, scores: Mapping[int, TurnScores], ask_below: float
) -> tuple[Doubt, ...]:
    """What to ask about, in the order of turns: facts of less confidence than `ask_below`, and near misses.

    With `ask_below` 0 there is nothing to ask, and so it is for a conversation that was not read.
    """
    if ask_below <= 0 or not reading.read:
        return ()
    missed = [*_missed_acts(conversation, reading, scores), *_missed_replies(conversation, reading, scores)]
    found = [*_standing(conversation, reading, ask_below, {doubt.query.turn for doubt in missed}), *missed]
    found.sort(key=lambda doubt: (_USEFUL.index(doubt.field), not doubt.facts, doubt.confidence, doubt.query.turn))
    return tuple(sorted(found[:MOST], key=lambda doubt: (doubt.query.turn, doubt.query.id)))


def _doubt(field: str, fact: Fact, places: tuple[int, ...], about: str, choices: Sequence[str], **more: Any) -> Doubt:
    query = Query(id=f"{field}-{places[0]}", turn=fact.turn, about=about, choices=tuple(choices), **more)
    return Doubt(query, field, places, fact.confidence)


# --- facts that stand ---


def _standing(conversation: Conversation, reading: Reading, ask_below: float, missed: set[int]) -> Iterator[Doubt]:
    for place, act in _below(reading.acts, ask_below):
        yield _doubt("acts", act, (place,), "act", (*get_args(Act), NONE), offer=act.offer, said=act.said)
    for place, reply in _below(reading.replies, ask_below):
        yield _doubt("replies", reply, (place,), "reply", (*get_args(Reply), NONE), offer=reply.offer)
    yield from _claims(reading, ask_below)
    for place, issue in enumerate(reading.issues):
        if issue.status in ("unsure", "open") or issue.confidence < ask_below:
            yield _doubt("issues", issue, (place,), "issue", _ENDINGS, kind=issue.intent)
    for place, identity in _below(reading.identities, ask_below):
        asks = conversation.turns[identity.turn].role == "customer"
        choices = ("asked_if_ai", NONE) if asks else _AGENT_IDENTITY
        yield _doubt("identities", identity, (place,), "identity", choices)
    yield from _manner(reading, ask_below, missed)


def _manner(reading: Reading, ask_below: float, missed: set[int]) -> Iterator[Doubt]:
    for place, pressure in _below(reading.pressures, ask_below):
        yield _doubt("pressures", pressure, (place,), "pressure", (pressure.kind, NONE))
    for place, courtesy in _below(reading.courtesies, ask_below):
        yield _doubt("courtesies", courtesy, (place,), "courtesy", get_args(Courtesy))
    counts = _moods_that_count(reading, missed)
    for place, mood in _below(reading.moods, ask_below):
        if place in counts:
            yield _doubt("moods", mood, (place,), "mood", get_args(MoodLabel))
    for place, register in _below(reading.registers, ask_below):
        yield _doubt("registers", register, (place,), "register", get_args(RegisterLabel))


def _below(facts: Sequence[Any], ask_below: float) -> Iterator[tuple[int, Any]]:
    return ((place, fact) for place, fact in enumerate(facts) if fact.confidence < ask_below)


def _claims(reading: Reading, ask_below: float) -> Iterator[Doubt]:
    """Turns whose doubtful claims all go to one offer: it is which offer is meant that makes a claim doubtful."""
    by_turn: dict[int, list[tuple[int, Claim]]] = {}
    for place, claim in _below(reading.claims, ask_below):
        by_turn.setdefault(claim.turn, []).append((place, claim))
    for turn, claims in by_turn.items():
        offers = {claim.offer for claim in reading.claims if claim.turn == turn}
        first = min((claim for _, claim in claims), key=lambda claim: claim.confidence)
        if len(offers) == 1 and first.offer is not None:
            rivals = dict.fromkeys((first.offer, *(offer for *_, offer in _named(reading, turn))))
            places = tuple(place for place, _ in claims)
            yield _doubt("claims", first, places, "claim", (*rivals, NONE), offer=first.offer, said=first.value)


def _moods_that_count(reading: Reading, missed: set[int]) -> set[int]:
    """The places of the moods before a pitch or a pressure, and of the last: verdicts rest on those only."""
    selling = {act.turn for act in reading.acts if act.act == "pitch"} | {fact.turn for fact in reading.pressures}
    before = (_last_before(reading, turn) for turn in selling | missed)
    last = len(reading.moods) - 1
    return {place for place in (*before, last) if place >= 0}


def _last_before(reading: Reading, turn: int) -> int:
    return max((place for place, mood in enumerate(reading.moods) if mood.turn < turn), default=-1)


# --- near misses ---


def _missed_acts(conversation: Conversation, reading: Reading, scores: Mapping[int, TurnScores]) -> Iterator[Doubt]:
    acting = {act.turn for act in reading.acts}
    for turn in _scored_turns(conversation, scores, "agent"):
        chance = scores[turn.index].of("act", "pitch")
        if chance < NEAR_PITCH or turn.index in acting:
            continue
        offer = _spoken_of(reading, turn.index)
        if offer is not None or chance >= NEAR_UNNAMED:
            choices = (*get_args(Act), NONE)
            query = Query(id=f"pitch-{turn.index}", turn=turn.index, about="act", offer=offer, choices=choices)
            yield Doubt(query, "acts", confidence=1 - chance)


def _missed_replies(conversation: Conversation, reading: Reading, scores: Mapping[int, TurnScores]) -> Iterator[Doubt]:
    replying = {reply.turn for reply in reading.replies}
    pitches = reading.pitches()
    for turn in _scored_turns(conversation, scores, "customer"):
        pitched = next((act for act in reversed(pitches) if act.turn < turn.index), None)
        if pitched is None or turn.index in replying:
            continue
        chance = sum(scores[turn.index].of("reply", label) for label in _ANSWERS)
        if chance >= NEAR_REPLY:
            choices = (*get_args(Reply), NONE)
            query = Query(
                id=f"reply-{turn.index}", turn=turn.index, about="reply", offer=pitched.offer, choices=choices
            )
            yield Doubt(query, "replies", confidence=1 - chance, to_turn=pitched.turn)


def _scored_turns(conversation: Conversation, scores: Mapping[int, TurnScores], role: str) -> Iterator[Turn]:
    return (turn for turn in conversation.turns if turn.role == role and turn.index in scores)


def _spoken_of(reading: Reading, turn: int) -> str | None:
    """The offer that was last named, up to the turn itself."""
    return max(_named(reading, turn), default=(0, 0, None))[-1]


def _named(reading: Reading, turn: int) -> list[tuple[int, int, str]]:
    """Where offers were named up to `turn`: turn, place and offer."""
    facts: tuple[OfferMention | OfferAct, ...] = (*reading.mentions, *reading.acts)
    return [(fact.turn, fact.start, fact.offer) for fact in facts if fact.turn <= turn and fact.offer is not None]
