"""How a persona answers offers: passes them over, asks, turns down, gives in, accepts, comes back.

It goes by what the persona's file says, whatever became of the customer's matter; when an offer is answered beside
other things, and in which words, is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evalh.models import Case, Lexicon, Offer, OfferPolicy, Persona
from evalh.models.persona import RefusalStyle
from evalh.models.simulated import CustomerAct
from evalh.simulator.conditions import holds
from evalh.simulator.heard import Heard, Pitched
from evalh.simulator.lines import About, Line
from evalh.simulator.seeds import chance

TURNED_DOWN = frozenset({"refuse", "defer", "deflect", "object"})
_ACTS: dict[RefusalStyle, CustomerAct] = {
    "hard": "refuse", "polite": "refuse", "defer": "defer", "deflect": "deflect", "object": "object",
}  # fmt: skip
_ASKED: tuple[About, ...] = ("price", "term", "fee", "fit", "catch", "how")
_FAULTS: tuple[About, ...] = ("price", "term", "fit", "catch")
_PRICE = re.compile(r"\b(?:price|costs?|how much)\b")
_TOLD: dict[str, tuple[str, ...]] = {
    "price": ("price",), "term": ("term", "early_termination_fee"), "fee": ("fee",),
}  # fmt: skip
"""The claims that make a question needless."""
ASKS_FROM = -1
"""The mood from which on a customer asks about an offer; a worse one does not."""
_ASKS = ("add_it", "go_ahead", "yes_no")
"""The questions that a yes answers."""
READ_BACKS = 2
"""How often a read-back is confirmed, or denied."""


@dataclass(frozen=True)
class Scene:
    """What beside the offer bears on the answer."""

    solved: bool = False
    mood: int = 0
    intents: tuple[str, ...] = ()
    pressed: bool = False
    """Whether the agent has pressed at any time."""


@dataclass(frozen=True)
class Answer:
    """What is said to an offer. `new`: whether the offer, or what was asked of it, brought anything new."""

    lines: tuple[Line, ...]
    new: bool = False
    leaves: bool = False

    @property
    def serves_matter(self) -> bool:
        """Whether its words go on with the customer's matter by themselves."""
        return any(line.act in ("ignore", "deflect") for line in self.lines)


@dataclass
class _Offer:
    """One offer in the customer's eyes."""

    pitches: int = 0
    questions: int = 0
    turned_down: bool = False
    accepted: bool = False
    booked: bool = False
    """Whether it was read back, unasked, after it was accepted."""
    confirmed: int = 0


@dataclass
class Answers:
    """The answers of one customer, in order; asked once for each turn of the agent."""

    persona: Persona
    case: Case
    lexicon: Lexicon
    policy: OfferPolicy | None
    seed: int
    offers: dict[str | None, _Offer] = field(default_factory=dict)
    ignored: int = 0
    protests: int = 0
    rounds: int = 0
    """How often an offer was turned down."""
    pending: list[str | None] = field(default_factory=list)
    """The offer, at most one, that the customer has asked about or found fault with last."""
    last: list[str | None] = field(default_factory=list)
    """The offer, at most one, that was spoken of last."""
    closed: tuple[str | None, int] | None = None
    """The offer that was turned down last, and in which of the customer's turns."""
    reopened: bool = False

    @property
    def accepted(self) -> bool:
        """Whether an offer was accepted."""
        return any(one.accepted for one in self.offers.values())

    def answer(self, heard: Heard, scene: Scene, turn: int) -> Answer | None:
        """What is said of offers after the agent's turn; None: nothing. `turn` counts the customer's turns."""
        for pitched in heard.pitches:
            self._offer(pitched.offer).pitches = max(self._offer(pitched.offer).pitches + 1, pitched.count)
        waiting, self.pending = self.pending, []
        if heard.question not in ("add_it", "may_mention") and (protest := self._to_unasked(heard, turn)):
            return protest
        if heard.question == "may_mention":
            return self._to_mention(heard, scene, turn)
        if heard.pitches:
            return self._to_pitch(_addressed(heard.pitches), heard, scene, turn)
        return self._confirmed(heard) or self._to_more(waiting, heard, scene, turn)

    def _to_more(self, waiting: list[str | None], heard: Heard, scene: Scene, turn: int) -> Answer | None:
        """What is said where the agent goes on about an offer, or asks for a yes to it."""
        if waiting and self._goes_on(waiting[0], heard):
            return self._decide(waiting[0], heard, scene, turn, new=True)
        spoken_of = heard.spoken_of or tuple(self.last)
        if heard.question == "add_it" and spoken_of:
            return self._to_pitch(self._again(spoken_of[-1]), heard, scene, turn)
        return None

    def _to_unasked(self, heard: Heard, turn: int) -> Answer | None:
        """A protest where the agent takes an offer as agreed to that was not; one who gives in lets it be."""
        asked = heard.question in ("yes_no", "go_ahead") and not heard.pitches
        named = {*heard.taken, *(offer for offer in heard.spoken_of if asked and self._offer(offer).turned_down)}
        unasked = [offer for offer, one in self.offers.items() if offer in named and not one.accepted]
        if not unasked or self.protests >= READ_BACKS:
            return None
        if self._gives_in():
            return self._accept(unasked[-1], new=False)
        self.protests += 1
        self.last, self.closed = [unasked[-1]], (unasked[-1], turn)
        line = replace(self._line("refuse", unasked[-1], style="hard"), slot="unasked")
        return Answer((line,), new=True)

    def _again(self, offer: str | None) -> Pitched:
        """The offer as pitched, where the agent asks for a yes to it without saying anew what it is."""
        self._offer(offer).pitches += 1
        return Pitched(offer, self._offer(offer).pitches, asks=True)

    def comes_back(self, heard: Heard, scene: Scene, turn: int) -> Line | None:
        """The line that opens again what was turned down, when it is time for that."""
        reopens = self.persona.reopens
        if reopens is None or self.reopened or self.closed is None or self.accepted:
            return None
        offer, closed_at = self.closed
        if turn - closed_at < reopens.after or not self._holds(reopens.when, offer, heard, scene):
            return None
        self.reopened = True
        self.pending = [offer]
        self.last = [offer]
        return self._line("reopen", offer)

    def _offer(self, offer: str | None) -> _Offer:
        return self.offers.setdefault(offer, _Offer())

    def _goes_on(self, offer: str | None, heard: Heard) -> bool:
        """Whether the agent went on about an offer that the customer had spoken of."""
        if not heard.spoken_of:
            return heard.question == "add_it"
        return offer is None or bool({offer, None} & set(heard.spoken_of))

    def _confirmed(self, heard: Heard) -> Answer | None:
        """A yes to what is read back after it was accepted."""
        taken = [offer for offer, one in self.offers.items() if one.accepted]
        asked = heard.question in _ASKS
        if not taken or not asked or not set(heard.spoken_of or taken) & set(taken):
            self._note_booked(heard)
            return None
        if not heard.spoken_of and heard.question != "add_it":
            return None
        answer = self._confirm(taken[-1], heard)
        self._note_booked(heard)
        return answer

    def _note_booked(self, heard: Heard) -> None:
        for offer in heard.taken:
            self._offer(offer).booked |= self._offer(offer).accepted

    def _confirm(self, offer: str | None, heard: Heard) -> Answer | None:
        """A yes where one is asked for and the offer is not booked yet, thanks where it is; not for ever."""
        one = self._offer(offer)
        if heard.question not in _ASKS:
            return None
        one.confirmed += 1
        yes = replace(self._line("accept", offer), slot="confirm")
        return Answer((Line("thank") if one.booked else yes,)) if one.confirmed <= READ_BACKS else None

    def _to_mention(self, heard: Heard, scene: Scene, turn: int) -> Answer | None:
        """A yes to "may I mention something?" is a question, no purchase."""
        named = [pitched.offer for pitched in heard.pitches] or list(heard.spoken_of) or self.last
        offer = named[-1] if named else None
        one = self._offer(offer)
        if self._curious(scene) and not one.turned_down and one.questions <= self.persona.refusal.asks_first:
            return self._hear_more(offer, heard)
        self.last = [offer]
        if self._ignores():
            return Answer((self._line("ignore", offer),))
        if one.accepted or self._gives_in():
            return self._hear_more(offer, heard)
        return self._turn_down(offer, heard, turn, new=False)

    def _hear_more(self, offer: str | None, heard: Heard) -> Answer:
        self._offer(offer).questions += 1
        self.pending, self.last = [offer], [offer]
        about: About = "price" if _PRICE.search(heard.asked) else "more"
        return Answer((self._line("ask", offer, about=about),), new=True)

    def _curious(self, scene: Scene) -> bool:
        """Whether the persona lets itself be told of an offer."""
        willing = self.persona.accepts is not None and scene.solved and scene.mood >= 0
        return (willing or self._gives_in()) and not self.accepted

    def _gives_in(self) -> bool:
        """Whether the next answer is a yes of one who is worn down."""
        refusal = self.persona.refusal
        return refusal.then == "give_in" and self.rounds >= refusal.times and not self.accepted

    def _ignores(self) -> bool:
        """Whether this offer is passed over; if so, that is counted."""
        passes = self.ignored < self.persona.refusal.ignores and not self.accepted
        self.ignored += passes
        return passes

    def _to_pitch(self, pitched: Pitched, heard: Heard, scene: Scene, turn: int) -> Answer | None:
        offer = pitched.offer
        self.last = [offer]
        one = self._offer(offer)
        if one.accepted:
            return self._confirm(offer, heard)
        if self._ignores():
            return Answer((self._line("ignore", offer),))
        return self._decide(offer, heard, scene, turn, new=one.pitches <= 1)

    def _decide(self, offer: str | None, heard: Heard, scene: Scene, turn: int, *, new: bool) -> Answer:
        """The answer to an offer that cannot be put off."""
        one = self._offer(offer)
        open_to_it = scene.mood >= ASKS_FROM and not self.accepted and not one.turned_down
        if open_to_it and one.questions < self.persona.refusal.asks_first:
            self.pending = [offer]
            line = self._line("ask", offer, about=self._about(offer, one.questions, heard))
            one.questions += 1
            return Answer((line,), new=new)
        if self._accepts(offer, heard, scene):
            return self._accept(offer, new)
        return self._accept(offer, new) if self._gives_in() else self._turn_down(offer, heard, turn, new=new)

    def _accept(self, offer: str | None, new: bool) -> Answer:
        self._offer(offer).accepted = True
        self.closed = None
        return Answer((self._line("accept", offer),), new=new)

    def _turn_down(self, offer: str | None, heard: Heard, turn: int, *, new: bool) -> Answer:
        refusal = self.persona.refusal
        how = refusal.style if self.rounds < refusal.times else refusal.then
        self.rounds += 1
        if how == "give_in":
            how = "polite"
        self._offer(offer).turned_down = True
        self.closed = (offer, turn)
        if how == "leave":
            return Answer((self._line("refuse", offer, style="hard"), Line("leave")), leaves=True)
        if how == "object":
            self.pending = [offer]
        about = self._fault(offer, heard) if how == "object" else None
        return Answer((self._line(_ACTS[how], offer, style=how, about=about),), new=new)

    def _accepts(self, offer: str | None, heard: Heard, scene: Scene) -> bool:
        accepts = self.persona.accepts
        if accepts is None or (accepts.offers and offer not in accepts.offers):
            return False
        if self.accepted and not accepts.offers:
            return False
        return self._holds(accepts.when, offer, heard, scene)

    def _holds(self, when: str, offer: str | None, heard: Heard, scene: Scene) -> bool:
        one = self._offer(offer)
        told = {kind for of, kind in heard.told if of in (offer, None)}
        return holds(
            when,
            solved=scene.solved,
            pressed=scene.pressed or heard.pressed,
            told_price="price" in told,
            told_term=bool(told & set(_TOLD["term"])),
            asked=heard.question in ("add_it", "go_ahead", "yes_no"),
            mood=scene.mood,
            pitches=one.pitches,
            questions=one.questions,
            offer=self._described(offer),
            customer=dict(self.case.customer or {}),
            intents=list(scene.intents),
        )

    def _described(self, offer: str | None) -> Mapping[str, Any]:
        known = self._known(offer)
        if known is None:
            return {"id": offer} if offer is not None else {}
        price = {"price": float(known.price.amount)} if known.price is not None else {}
        return {"id": known.id, "kind": known.kind, **price}

    def _known(self, offer: str | None) -> Offer | None:
        return self.policy.offer(offer) if self.policy is not None else None

    def _about(self, offer: str | None, asked: int, heard: Heard) -> About:
        """What is asked next: price and contract first where they were not told, then by chance."""
        told = {kind for of, kind in heard.told if of in (offer, None)}
        rest = list(_ASKED[2:])
        chance(self.seed, "about", offer or "").shuffle(rest)
        order = [*_ASKED[:2], *rest]
        open_ = [about for about in order if not told & set(_TOLD.get(about, ()))]
        return open_[asked % len(open_)] if asked else open_[0]

    def _fault(self, offer: str | None, heard: Heard) -> About:
        """What is found fault with: only price and contract that were told, or what needs no telling."""
        told = {kind for of, kind in heard.told if of in (offer, None)}
        open_ = [about for about in _FAULTS if about not in _TOLD or told & set(_TOLD[about])]
        return open_[chance(self.seed, "fault", offer or "", self.rounds).randrange(len(open_))]

    def _line(
        self, act: CustomerAct, offer: str | None, *, style: RefusalStyle | None = None, about: About | None = None
    ) -> Line:
        return Line(act, offer=offer, offer_name=self._name(act, offer), style=style, about=about)

    def _name(self, act: str, offer: str | None) -> str | None:
        """What the customer calls the offer: "it" mostly, its name where several are about or the talk has moved on."""
        one = next((one for one in self.lexicon.offers if one.id == offer), None)
        if one is None:
            return None
        several = len([known for known in self.offers if known is not None]) > 1
        by_chance = chance(self.seed, "name", offer or "", act)
        named = several or act == "reopen" or by_chance.random() < 0.35
        return by_chance.choice(one.names[:3]) if named else None


def _addressed(pitches: tuple[Pitched, ...]) -> Pitched:
    """The pitch that is answered: the last that asks for an answer, else the last."""
    return next((one for one in reversed(pitches) if one.asks), pitches[-1])
