"""A conversation as a customer's mind hears it: what the agent says, with the facts that a reader would find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from evalh.models import (
    Case,
    Claim,
    CourtesyFact,
    LedgerEntry,
    Lexicon,
    OfferAct,
    Persona,
    Pressure,
    ProgressFact,
    Reading,
    Register,
    Turn,
)
from evalh.models.vocabulary import Progress
from evalh.simulator.decide import Decision, Mind
from evalh.testing import make_policy

POLICIES = make_policy()
POLICY = POLICIES.newest
LEXICON = Lexicon.of(POLICIES.versions)
OFFER = POLICY.offers[0].id
CASE = {"id": "c-1", "goal": "get the wrong charge off the bill", "facets": {"intent": "billing_dispute"}}


def persona(**settings: Any) -> Persona:
    return Persona.model_validate({"id": "p", "name": "P", **settings})


def case(**settings: Any) -> Case:
    return Case.model_validate({**CASE, **settings})


@dataclass
class Talk:
    """One conversation with a mind; the agent's turns come with their facts, and lead to a decision each."""

    who: Persona = field(default_factory=persona)
    about: Case = field(default_factory=case)
    seed: int = 7
    turns: list[Turn] = field(default_factory=list)
    facts: dict[str, list[Any]] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    closed: bool = False
    pitched: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mind = Mind(self.who, self.about, LEXICON, POLICY, self.seed)

    def open(self) -> Decision:
        return self._decide()

    def agent(
        self,
        text: str,
        *,
        pitches: Sequence[str] = (),
        asks: bool = True,
        progress: Progress | None = None,
        told: Sequence[str] = (),
        answers: str | None = None,
        reads_back: str | None = None,
        pressed: bool = False,
        register: str | None = None,
        impolite: bool = False,
    ) -> Decision:
        """The agent says `text`; the customer decides."""
        at = len(self.turns)
        for offer in pitches:
            self._pitch(at, text, offer, asks=asks)
        if answers is not None:
            self._add("acts", OfferAct(turn=at, end=len(text), quote=text, offer=answers, act="answer"))
        if reads_back is not None:
            self._add("acts", OfferAct(turn=at, end=len(text), quote=text, offer=reads_back, act="read_back"))
        for kind in told:
            self._add("claims", Claim.model_validate({"turn": at, "offer": OFFER, "kind": kind, "value": "9"}))
        if progress is not None:
            self._add("progress", ProgressFact(turn=at, says=progress))
        if pressed:
            self._add("pressures", Pressure(turn=at, kind="insistence"))
        if register is not None:
            self._add("registers", Register.model_validate({"turn": at, "register": register}))
        if impolite:
            self._add("courtesies", CourtesyFact(turn=at, courtesy="impolite"))
        self.turns.append(Turn(index=at, role="agent", text=text))
        return self._decide()

    def pitch(self, *, told: Sequence[str] = ("price", "term"), offer: str = OFFER) -> Decision:
        return self.agent("Have a look at this plan. Shall I add it?", pitches=[offer], told=told)

    def done(self) -> Decision:
        return self.agent("That's done.", progress="done")

    def reading(self) -> Reading:
        return Reading(
            conversation="c", conversation_sha256="", reader="fake", lexicon_sha256="",
            **{name: tuple(found) for name, found in self.facts.items()},
        )  # fmt: skip

    def _pitch(self, at: int, text: str, offer: str, *, asks: bool) -> None:
        self.pitched[offer] = self.pitched.get(offer, 0) + 1
        self._add("acts", OfferAct(turn=at, end=len(text), quote=text, offer=offer, act="pitch", asks=asks))
        entry = {
            "turn": at, "offer": offer, "event": "pitched", "status": "pitched", "topic_closed": self.closed,
            "pitches": self.pitched[offer], "repeat_of": "same" if self.closed else None,
        }  # fmt: skip
        self._add("ledger", LedgerEntry.model_validate(entry))

    def _add(self, name: str, fact: Any) -> None:
        self.facts.setdefault(name, []).append(fact)

    def _decide(self) -> Decision:
        decision = self.mind.next(self.turns, self.reading())
        self.decisions.append(decision)
        self.closed = self.closed or bool({"refuse", "defer", "deflect"} & set(acts(decision)))
        self.turns.append(Turn(index=len(self.turns), role="customer", text=" ".join(acts(decision))))
        return decision


def acts(decision: Decision) -> list[str]:
    return [line.act for line in decision.lines]
