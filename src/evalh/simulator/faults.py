"""Whose fault: what the customer of a simulated conversation did wrong, so that it says nothing of the agent.

A scripted customer is judged by what it meant. What a model said is judged by what the reader finds in it, and by a
few signs in its words. When in doubt there is no fault. Playing the trial again is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import re2
from rapidfuzz import fuzz

from evalh.models import Case, CustomerFault, Fault, Move, OfferReply, Persona, Reading, Turn
from evalh.models.simulated import Ending
from evalh.reader.tokens import words
from evalh.simulator.conditions import holds
from evalh.simulator.words import DENIALS
from evalh.text.normalise import normalise

Decides: TypeAlias = Literal["script", "words", "both"]
"""Who plays the customer: the agenda alone, the agenda in a model's words, or a model."""

LOOP = 3
"""So often the same again is a loop."""
SAME = 92.0
"""How alike two turns are, of 100, that say the same."""
_FEW_WORDS = 4
"""Shorter turns may be the same as often as they like: "No, thanks."."""
SURE = 0.8
"""Confidence from which on the reader's "accept" counts, where the turn denies nothing."""
STATED_BY = 3
"""By this turn of theirs customers have said what the contact is about."""
_STEM = 5
_PLAIN_WORD = 4
_OF_AGENDA = ("tell", "chat", "complain")
_MOODS = {"frustrated": -2, "calm": 0, "satisfied": 2}

AS_AGENT = tuple(
    re2.compile(pattern)
    for pattern in (
        r"\bhow (?:can|may) i (?:help|assist)\b",
        r"\banything else i can (?:help|assist|do for you)\b",
        r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|virtual assistant|assistant)\b",
        r"\bi(?:'m| am) (?:an? |your )(?:ai|(?:large )?language model|virtual assistant|chat ?bot)\b",
        r"\bthank(?:s| you) for (?:calling|contacting|choosing) (?:us|our|[a-z]+ (?:support|care|service))\b",
        r"\b(?:can|could|may) i (?:please )?(?:have|get) your (?:account|order|phone|e-?mail|last four)\b",
        r"\bi can offer you\b",
        r"\bi(?:'m| am) here to (?:help|assist)\b",
        r"\bwould you like (?:me to|to (?:hear|add|upgrade))\b",
        r"\bi(?:'ve| have) (?:gone ahead and )?(?:added|applied|credited|updated) (?:it to )?your\b",
        r"\bi apologi[sz]e for (?:the|any|your) (?:inconvenience|trouble|delay|frustration)\b",
        r"\byour (?:request|ticket|refund|claim) has been\b",
        r"(?m)^\W{0,3}(?:agent|assistant|representative|ai|bot|system|customer service)\s*:",
    )
)
"""Words that only the one who serves says."""


@dataclass(frozen=True)
class Held:
    """A conversation so far. `reading` need not have the last turn; `ended`: who ended it, None: it goes on."""

    case: Case
    persona: Persona
    turns: Sequence[Turn]
    moves: Sequence[Move]
    reading: Reading
    decides: Decides
    ended: Ending | None

    @cached_property
    def said(self) -> list[Turn]:
        """The customer's turns."""
        return [turn for turn in self.turns if turn.role == "customer"]

    def meant(self, turn: int) -> list[Move]:
        """The customer's moves in that turn."""
        return [move for move in self.customers_moves if move.turn == turn]

    @cached_property
    def customers_moves(self) -> list[Move]:
        """What the customer meant, in order."""
        spoken = {turn.index for turn in self.said}
        return [move for move in self.moves if move.turn in spoken]

    @property
    def late(self) -> bool:
        """Whether the matter should have been stated by now."""
        return len(self.said) >= STATED_BY or (self.ended is not None and len(self.said) > 1)

    def before(self, turn: int) -> Turn | None:
        """The agent's turn that the turn answers."""
        return next((one for one in reversed(self.turns[:turn]) if one.role == "agent"), None)


def faults_of(held: Held) -> tuple[Fault, ...]:
    """The customer's mistakes, in order of turns; the first of each kind."""
    checks = (_said_nothing, *(_BY_MOVES if held.decides == "script" else _BY_WORDS))
    found = (next(check(held), None) for check in checks)
    return tuple(sorted((fault for fault in found if fault is not None), key=lambda fault: fault.turn or 0))


def _said_nothing(held: Held) -> Iterator[Fault]:
    for turn in held.said:
        if not normalise(turn.text).text.strip():
            yield _fault("said_nothing", turn.index, "the customer had nothing to say")


# --- by what was meant ---


def _never_stated(held: Held) -> Iterator[Fault]:
    known = {item.id for item in held.persona.agenda}
    for move in held.customers_moves:
        if move.act in _OF_AGENDA and move.item is not None and move.item not in known:
            yield _fault("off_agenda", move.turn, f"{move.item!r} is not on the persona's agenda")
    if held.late and not any(move.act == "state" for move in held.customers_moves):
        yield _fault("off_agenda", held.said[0].index, "the matter was never stated")


def _meant_yes(held: Held) -> Iterator[Fault]:
    for move in held.customers_moves:
        if move.act == "accept":
            why = _must_refuse(held.persona, move.offer)
            if why:
                yield _fault("accepted_unasked", move.turn, why)


def _said_item_again(held: Held) -> Iterator[Fault]:
    times: dict[tuple[str, str], int] = {}
    for move in held.customers_moves:
        if move.act in _OF_AGENDA and move.item is not None:
            times[move.act, move.item] = times.get((move.act, move.item), 0) + 1
            if times[move.act, move.item] >= LOOP:
                yield _fault("looped", move.turn, f"{move.item!r} was said {LOOP} times")


def _left_early(held: Held) -> Iterator[Fault]:
    """Gone before a word of the agent. What else has to be said first, the agenda itself sees to."""
    if held.ended == "customer" and held.said and len(held.said) == 1 and held.before(held.said[0].index) is None:
        yield _fault("ended_early", held.said[0].index, "the customer left before the agent said a word")


# --- by what was said ---


def _spoke_as_agent(held: Held) -> Iterator[Fault]:
    for turn in held.said:
        text = normalise(turn.text).text
        for pattern in AS_AGENT:
            match = pattern.search(text)
            if match is not None:
                yield _fault("spoke_as_agent", turn.index, f"the customer said {match.group(0).strip()!r}")


def _said_again(held: Held) -> Iterator[Fault]:
    """The same words to agent's turns that differ; a no to every pitch may be said in the same words."""
    pitched = {act.turn for act in held.reading.acts if act.act == "pitch"}
    for at, turn in enumerate(held.said):
        heard = held.before(turn.index)
        if heard is None or heard.index in pitched or len(turn.text.split()) < _FEW_WORDS:
            continue
        same = [one for one in held.said[:at] if _alike(one, turn) and not _alike(held.before(one.index), heard)]
        if len(same) >= LOOP - 1:
            yield _fault("looped", turn.index, f"the same was said in turn {same[0].index} and {len(same)} times since")


def _read_as_yes(held: Held) -> Iterator[Fault]:
    for reply in held.reading.replies:
        if reply.reply != "accept" or reply.confidence < SURE or _denies(held.turns[reply.turn]):
            continue
        why = _not_decided(held, reply) if held.decides == "words" else _against_persona(held, reply)
        if why:
            yield _fault("accepted_unasked", reply.turn, why)


def _not_decided(held: Held, reply: OfferReply) -> str:
    """A yes where the agenda had none."""
    meant = [move.act for move in held.meant(reply.turn)]
    if not meant or {"accept", "reopen", "ask"} & set(meant):
        return ""
    return f"the words accept {reply.offer or 'an offer'}, and meant was {', '.join(meant)}"


def _against_persona(held: Held, reply: OfferReply) -> str:
    why = _must_refuse(held.persona, reply.offer)
    accepts = held.persona.accepts
    if why or accepts is None or held.persona.refusal.then == "give_in":
        return why
    known = _known(held, reply)
    return "" if holds(accepts.when, **known) else f"the persona accepts only when {accepts.when}"


def _known(held: Held, reply: OfferReply) -> dict[str, Any]:
    """What the customer knows before the turn of `reply`, for the persona's condition."""
    reading, before = held.reading, reply.turn
    told = {claim.kind for claim in reading.claims if claim.turn < before and claim.offer == reply.offer}
    asked = [one for one in reading.replies if one.turn < before and one.reply == "ask" and one.offer == reply.offer]
    mood = reading.mood_before(before)
    return {
        "solved": any(fact.says in ("done", "solved") for fact in reading.progress if fact.turn <= before),
        "pressed": any(fact.turn < before for fact in reading.pressures),
        "told_price": bool(told & {"price", "then_price"}),
        "told_term": bool(told & {"term", "promo_months"}),
        "asked": bool(asked),
        "questions": len(asked),
        "mood": _MOODS[mood.mood] if mood is not None else held.persona.mood.level,
        "pitches": sum(act.offer == reply.offer for act in reading.pitches() if act.turn < before),
        "offer": {"id": reply.offer or ""},
        "customer": held.case.customer or {},
        "intents": list(reading.intents_before(before)),
    }


def _about_another(held: Held) -> Iterator[Fault]:
    """Not one word of the matter, and no intent of the case."""
    if not held.late:
        return
    matter = _stems(_matter(held.case))
    intents = {fact.intent for fact in held.reading.intents}
    if not matter or held.case.facets.get("intent") in intents:
        return
    if not any(matter & _stems([turn.text]) for turn in held.said):
        yield _fault("off_agenda", held.said[0].index, "the customer never spoke of the matter")


def _hung_up(held: Held) -> Iterator[Fault]:
    """A model that decides itself leaves while nothing was done about the matter and patience is left."""
    yield from _left_early(held)
    if held.decides != "both" or held.ended != "customer" or not held.said:
        return
    answers = sum(turn.role == "agent" for turn in held.turns[held.said[0].index :])
    moved = any(fact.says != "unsolved" for fact in held.reading.progress)
    if not moved and answers < held.persona.patience:
        yield _fault("ended_early", held.said[-1].index, f"the customer left after {answers} answers with nothing done")


Check: TypeAlias = Callable[[Held], Iterator[Fault]]
_BY_MOVES: tuple[Check, ...] = (_never_stated, _meant_yes, _said_item_again, _left_early)
_BY_WORDS: tuple[Check, ...] = (_spoke_as_agent, _said_again, _read_as_yes, _about_another, _hung_up)


def _must_refuse(persona: Persona, offer: str | None) -> str:
    """Why the persona may not accept the offer, whatever was said; nothing where it may."""
    if persona.refusal.then == "give_in":
        return ""
    if persona.accepts is None:
        return "the persona accepts no offer"
    if offer is not None and persona.accepts.offers and offer not in persona.accepts.offers:
        return f"the persona accepts only {', '.join(persona.accepts.offers)}"
    return ""


def _matter(case: Case) -> list[str]:
    matter = case.matter
    more = [*matter.opening, *matter.details, *matter.questions] if matter is not None else []
    return [case.goal, case.title, case.facets.get("intent", "").replace("_", " "), *more]


def _stems(texts: Sequence[str]) -> set[str]:
    spoken = (word for text in texts for word in words(normalise(text).text))
    return {word[:_STEM] for word in spoken if len(word) >= _PLAIN_WORD}


def _denies(turn: Turn) -> bool:
    return any(word.strip(".,;:!?") in DENIALS for word in normalise(turn.text).text.split())


def _alike(one: Turn | None, other: Turn | None) -> bool:
    if one is None or other is None:
        return one is other
    return fuzz.ratio(normalise(one.text).text, normalise(other.text).text) >= SAME


def _fault(fault: CustomerFault, turn: int, why: str) -> Fault:
    return Fault(fault=fault, turn=turn, why=why)
