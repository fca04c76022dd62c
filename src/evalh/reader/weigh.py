"""Joins what the rules found in a turn with what the turn model says of it; each fact keeps where it came from.

Rules find places, offers and reasons, and are often right where they speak; the model has read the turn in its context
and speaks always. A fact that a rule found and the model agrees with stays the rule's. Without a model (`heads` None)
everything stays as the rules have it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import re2

from evalh.models import CourtesyFact, Mood, OfferAct, Pressure, ProgressFact, Register
from evalh.models.vocabulary import Act, Source
from evalh.reader import moves
from evalh.reader.acts import RANK, Floor, Spoken
from evalh.reader.answers import SILENT, ByRule, Situation, numbers
from evalh.reader.heads import BINARY, KINDS, NONE, PRESSES, Judged, Numbers, TurnHeads, TurnScores
from evalh.reader.mood import CARRIED, UNMARKED
from evalh.reader.questions import ELSE
from evalh.reader.register import NO_REGISTER
from evalh.reader.view import TurnView
from evalh.text.amounts import amounts

MODEL = "reads so in its context"
"""The reason of a fact that no rule found."""
UNNAMED, UNNAMED_ASKS = 0.998, 0.95
"""How sure the model must be that an agent whose offers are described pitches one unnamed, and asks for it: few do."""
ASKS = 0.8
"""From this probability of asking the customer to take something a turn pitches, whatever else it seems to do."""
_UNHEARD = 0.5
"""How sure the model must be of an act without an offer's name that no rule hears, other than a pitch."""
_READ_BACK = 0.85
"""How sure the model must be that terms are read back where no yes was heard."""
_FRUSTRATED = 0.5
"""How sure the model must be that a customer is frustrated who does not say so in words that a rule knows."""
_PLAIN = 0.85
"""How sure a rule must be of what stands against the model."""
_GUESSES = 0.6
"""How sure a rule is that a question whether the customer has heard of something offers it, or of an answer without a
name."""
_SHORT = 3
"""Words of a turn that may be a mere "sure, okay"."""
_HAS = re2.compile(
    r"\b(?:do|did|have) you (?:already |currently |also |still )?(?:have|got|own|use)\b"
    r"|\bare you (?:already |currently |still )?(?:a member|with us|on (?:the|our|a))\b"
)
_HEARD = re2.compile(
    r"\bhave you (?:ever |already )?heard (?:of|about|anything)\b|\bare you (?:at all )?familiar with\b"
)
"""Asking what the customer knows, which may lead to an offer and makes none yet."""
_OWN_MATTER = re2.compile(
    r"\b(?:payment plans?|(?:in|by|of|monthly) instal?lments?|hardship|partner garages?"
    r"|(?:your|the|this|a) (?:claim|dispute)|(?:replacement|new) card"
    r"|(?:cancel|close) (?:it|your account|the account) (?:now|today|for you))\b"
)
"""Ways to settle what the customer came with, which sound like offers."""
_CARRIED = 0.95
"""How sure the model must be that a turn pitches what was talked about before, without a word for it."""
_PRESSES = 0.5
_TALKS = 0.5
"""From this probability a turn in which no rule hears an offer says more of the one under discussion."""
_TURNED_DOWN = ("refused", "deferred", "deflected")
"""What a rule takes for a pitch of an offer in such a state stays one: it knows what the model has not heard."""
_OFFER_ACTS = ("answer", "read_back", "withdraw", "mention")


@dataclass
class Trace:
    """What was weighed, for fitting the weights: head, turn, the model's scores, the rule's label and confidence."""

    rows: list[tuple[str, int, TurnScores, str | None, float]] = field(default_factory=list)
    joined: dict[str, list[tuple[int, Numbers]]] = field(default_factory=lambda: defaultdict(list))
    """By head, of answers and acts: the turn, and the numbers of answers.py or moves.py."""


@dataclass(frozen=True)
class Weigher:
    """Weighs the rules against the model for one turn."""

    view: TurnView
    scores: TurnScores | None
    heads: TurnHeads | None
    trace: Trace | None = None

    def judge(self, head: str, rule: str | None, confidence: float) -> Judged | None:
        """The label of `head` for this turn; None without a model."""
        if self.heads is None or self.scores is None:
            return None
        if self.trace is not None:
            self.trace.rows.append((head, self.view.index, self.scores, rule, confidence))
        return self.heads.fuse(head, self.scores, rule, confidence)

    def answer(self, rule: ByRule, at: Situation) -> Judged | None:
        """What the customer turn answers; None without a model."""
        if self.heads is None or self.scores is None:
            return None
        read = numbers(self.view, self.scores, rule, at)
        if self.trace is not None:
            self.trace.joined["reply"].append((self.view.index, read))
        return self.heads.join("reply", read, rule.reply)

    def takes_for(self) -> tuple[float, ...]:
        """The model's own probability of each act of the agent turn, and that it asks; none without a model."""
        if self.scores is None:
            return SILENT
        return (*map(float, self.scores.heads["act"]), self._does("asks"))

    def chance(self, name: str, confidence: float) -> float:
        """The probability that the agent turn does `name` (see heads.BINARY); the rule's without a model."""
        if self.heads is None or self.scores is None:
            return confidence
        if self.trace is not None:
            self.trace.rows.append((name, self.view.index, self.scores, None, confidence))
        return self.heads.fuse_binary(name, self.scores, confidence)

    def hears(self, name: str) -> bool:
        """Whether the model by itself thinks that the agent turn rather does `name` than not."""
        return self._does(name) >= _PRESSES

    def _does(self, name: str) -> float:
        """The model's own probability that the agent turn does `name`, 0 without a model."""
        binary = None if self.scores is None else self.scores.binary
        return 0.0 if binary is None else float(binary[BINARY.index(name)])

    def talks_of_offer(self) -> bool:
        """Whether the agent turn may say something of an offer: without a model it always may."""
        return self.scores is None or self.says("act", "pitch", "answer", "mention") >= _TALKS

    def says(self, head: str, *labels: str) -> float:
        """The model's own probability of one of the labels, 0 without a model."""
        return 0.0 if self.scores is None else sum(self.scores.of(head, label) for label in labels)

    # --- customer turns ---

    def mood(self, found: Mood | None) -> Mood | None:
        """The mood of the turn."""
        if found is None:
            return None
        unsaid = found.reason in (CARRIED, UNMARKED)
        judged = self.judge("mood", None if unsaid else found.mood, found.confidence)
        if judged is None or (judged.label == "frustrated" != found.mood and judged.confidence < _FRUSTRATED):
            return found
        if judged.label == found.mood:
            return found.model_copy(update={"confidence": judged.confidence, "source": _source(unsaid)})
        return Mood.model_validate({**self._whole(judged), "mood": judged.label, "reason": f"model: {MODEL}"})

    def progress(self, head: str, rule: str | None, confidence: float) -> ProgressFact | None:
        """What the turn says of the customer's matter; None if nothing."""
        judged = self.judge(head, rule, confidence)
        if judged is None:
            judged = Judged(rule or NONE, confidence, "rule")
        if judged.label == NONE:
            return None
        return ProgressFact.model_validate({**self._whole(judged), "says": judged.label})

    # --- agent turns ---

    def acts(self, found: Sequence[Spoken], floor: Floor) -> list[Spoken]:
        """The acts of the turn: pitches that only the model sees are added, those that it does not see go."""
        top = max(found, key=lambda spoken: RANK[spoken.act.act], default=None)
        judged = self._act(found, top, floor)
        if judged is None:
            return [_asking(spoken, spoken.asks) for spoken in found]
        chance = self.chance("asks", 0.8 if any(spoken.asks for spoken in found) else 0.0)
        asks = chance >= 0.5
        if judged.label != "pitch" and (judged.source == "model" or judged.label == "mention") and chance >= ASKS:
            judged = Judged("pitch", chance, "model")
        if judged.label == "pitch" and self._is_no_pitch(found, floor, chance):
            return list(found)
        return [_asking(spoken, asks) for spoken in self._settled(list(found), judged, floor)]

    def _act(self, found: Sequence[Spoken], top: Spoken | None, floor: Floor) -> Judged | None:
        """What the turn does with an offer; None without a model."""
        if self.heads is None or self.scores is None:
            return None
        sure = self._sure_of(top) if top is not None else 0.0
        read = moves.numbers(self.view, self.scores, moves.Heard(found, sure), floor)
        if self.trace is not None:
            self.trace.joined["act"].append((self.view.index, read))
        return self.heads.join("act", read, top.act.act if top is not None else None, sure)

    def _sure_of(self, top: Spoken) -> float:
        """How sure the rule is; of a question whether the customer has heard of something it only guesses."""
        guesses = top.act.act == "pitch" and self._asks_what_they_know()
        return min(top.act.confidence, _GUESSES) if guesses else top.act.confidence

    def _asks_what_they_know(self) -> bool:
        return bool(_HEARD.search(self.view.text))

    def _settled(self, found: list[Spoken], judged: Judged, floor: Floor) -> list[Spoken]:
        pitched = [spoken for spoken in found if spoken.act.act == "pitch"]
        if judged.label == "pitch":
            return self._with_pitch(found, pitched, judged, floor)
        if pitched:
            if _stands(pitched, judged, floor) and not self._asks_what_they_know():
                return found
            found = _without_pitch(found, pitched, judged)
            if found:
                return found
        return found if judged.source == "rule" else self._otherwise(found, judged, floor)

    def _otherwise(self, found: list[Spoken], judged: Judged, floor: Floor) -> list[Spoken]:
        """The acts where the model hears none that pitches, or another than the rules."""
        if judged.label not in _OFFER_ACTS:
            return [spoken for spoken in found if not _is_guessed(spoken)]
        if not found:
            return [self._whole_turn(floor.current, judged)] if self._is_heard(judged, floor) else []
        return found if _contradicts(found[-1], judged, floor) else [*found[:-1], _as(found[-1], judged.label, judged)]

    def _is_heard(self, judged: Judged, floor: Floor) -> bool:
        """Whether an act without an offer's name that no rule hears is one."""
        if judged.label == "withdraw":
            text = self.view.text
            priced = all(amounts(text[start:end]) for start, end in self.view.sentences)
            if priced or (len(text.split()) <= _SHORT and not floor.closed):
                return False
        return judged.confidence >= _UNHEARD

    def _is_no_pitch(self, found: Sequence[Spoken], floor: Floor, asks: float) -> bool:
        """Neither a read-back of what was agreed to, nor a way to settle the matter, nor what the customer is asked."""
        if any(spoken.act.act == "pitch" for spoken in found):
            return False
        if found and all(spoken.act.act == "read_back" for spoken in found):
            agreed = all(floor.status.get(spoken.act.offer or "") == "accepted" for spoken in found)
            return agreed and (asks < ASKS or all(spoken.act.confidence >= _PLAIN for spoken in found))
        if not found and _OWN_MATTER.search(self.view.text):
            return True
        last = self.view.text[slice(*self.view.sentences[-1])] if self.view.sentences else ""
        return bool(_HAS.search(last)) and not amounts(last)

    def _with_pitch(self, found: list[Spoken], pitched: list[Spoken], judged: Judged, floor: Floor) -> list[Spoken]:
        if pitched:
            return [_surer(spoken, judged) if spoken in pitched else spoken for spoken in found]
        if found:
            return [*found[:-1], _as(found[-1], "pitch", judged)]
        talked_about = floor.current if floor.current in floor.status else None
        unnamed = talked_about is None and floor.described
        if unnamed and not self._offers_unnamed():
            return []
        if talked_about is not None and judged.confidence < _CARRIED and not self._refers():
            return []
        return [self._whole_turn(talked_about, judged)]

    def _offers_unnamed(self) -> bool:
        """Whether the turn surely pitches, and ends in the question for it: prices of the matter sound like pitches."""
        ends = bool(self.view.sentences) and "?" in self.view.text[slice(*self.view.sentences[-1])]
        return ends and self.says("act", "pitch") >= UNNAMED and self._does("asks") >= UNNAMED_ASKS

    def _refers(self) -> bool:
        """Whether the turn itself speaks of what was talked about: by a pronoun, a price, a question."""
        text = self.view.text
        return "?" in text or bool(moves.PRONOUN.search(text)) or bool(amounts(text))

    def _whole_turn(self, offer: str | None, judged: Judged) -> Spoken:
        """An act without a place of its own: the turn, or of a pitch the question that it ends in."""
        asked = [(start, end) for start, end in self.view.sentences if self._asks_for_it(start, end)]
        start = asked[-1][0] if judged.label == "pitch" and asked else 0
        place = self.view.place(start, len(self.view.text)).fields()
        fields = {**place, "confidence": judged.confidence, "source": judged.source}
        act = OfferAct.model_validate({**fields, "offer": offer, "act": judged.label})
        return Spoken(act, start, len(self.view.text), "?" in self.view.text)

    def _asks_for_it(self, start: int, end: int) -> bool:
        sentence = self.view.text[start:end]
        return "?" in sentence and not ELSE.search(sentence)

    def register(self, found: Register) -> Register:
        """The register of the turn."""
        unsaid = found.reason == NO_REGISTER
        judged = self.judge("register", None if unsaid else found.register_, found.confidence)
        if judged is None:
            return found
        if judged.label == "robotic" and len(self.view.sentences) == 1 and ELSE.search(self.view.text):
            return found
        if judged.label == found.register_:
            return found.model_copy(update={"confidence": judged.confidence, "source": _source(unsaid)})
        fields = {**self._whole(judged), "register": judged.label, "reason": f"model: {MODEL}"}
        return Register.model_validate(fields)

    def courtesy(self, found: CourtesyFact) -> CourtesyFact:
        """Whether the turn stays above the floor of politeness."""
        said = found.confidence if found.courtesy == "impolite" else 0.0
        chance = self.chance("impolite", said)
        if self.heads is None or self.scores is None:
            return found
        label = "impolite" if chance >= 0.5 else "polite"
        sure = max(chance, 1 - chance)
        if label == found.courtesy:
            return found.model_copy(update={"confidence": sure})
        judged = Judged(label, sure, "model")
        return CourtesyFact.model_validate({**self._whole(judged), "courtesy": label, "reason": f"model: {MODEL}"})

    def pressures(self, found: Sequence[Pressure], offer: str | None) -> list[Pressure]:
        """The kinds of pressure in the turn, those of the rules at their places.

        A turn that surely presses, though no kind is likelier than not, has the likeliest kind.
        """
        if self.heads is None or self.scores is None:
            return list(found)
        said = {kind: [fact for fact in found if fact.kind == kind] for kind in KINDS}
        sure = {kind: max((fact.confidence for fact in facts), default=0.0) for kind, facts in said.items()}
        chances = {kind: self.chance(kind, sure[kind]) for kind in KINDS}
        presses = self.chance(PRESSES, max(sure.values()))
        heard = [kind for kind in KINDS if chances[kind] >= _PRESSES]
        if not heard and presses >= _PRESSES:
            heard = [max(KINDS, key=chances.__getitem__)]
            chances[heard[0]] = presses
        kept: list[Pressure] = []
        for kind in heard:
            kept += [fact.model_copy(update={"confidence": chances[kind]}) for fact in said[kind]] or [
                self._pressure(kind, offer, chances[kind])
            ]
        return sorted(kept, key=lambda fact: fact.start)

    def _pressure(self, kind: str, offer: str | None, chance: float) -> Pressure:
        fields = self._whole(Judged(kind, chance, "model"))
        return Pressure.model_validate({**fields, "kind": kind, "offer": offer})

    def _whole(self, judged: Judged) -> dict[str, Any]:
        return {**self.view.whole().fields(), "confidence": judged.confidence, "source": judged.source}


def _stands(pitched: Sequence[Spoken], judged: Judged, floor: Floor) -> bool:
    """Whether pitches that a rule hears stay, though the model hears none.

    Those of what was turned down do, as the rule knows what the model has not heard; and so does a plain question
    whether the customer wants an offer that it names.
    """
    if judged.label in (NONE, "next_step"):
        for spoken in pitched:
            if spoken.asks and spoken.act.offer is not None and spoken.act.confidence >= _PLAIN:
                return True
    return any(floor.status.get(spoken.act.offer or "") in _TURNED_DOWN for spoken in pitched)


def _is_guessed(spoken: Spoken) -> bool:
    """An answer that a rule takes a turn for because something was asked."""
    return spoken.act.act == "answer" and spoken.act.confidence <= _GUESSES


def _contradicts(spoken: Spoken, judged: Judged, floor: Floor) -> bool:
    """Nothing is read back that was turned down, nor taken off the table once it was accepted.

    A yes that nobody heard may have come before a read-back of which the model is sure.
    """
    status = floor.status.get(spoken.act.offer or "")
    if status == "accepted":
        return judged.label == "withdraw"
    return judged.label == "read_back" and (status in _TURNED_DOWN or judged.confidence < _READ_BACK)


def _source(unsaid: bool) -> Source:
    return "model" if unsaid else "rule"


def _asking(spoken: Spoken, asks: bool) -> Spoken:
    asking = asks and spoken.act.act == "pitch"
    return replace(spoken, act=spoken.act.model_copy(update={"asks": asking})) if asking else spoken


def _surer(spoken: Spoken, judged: Judged) -> Spoken:
    return replace(spoken, act=spoken.act.model_copy(update={"confidence": judged.confidence}))


def _as(spoken: Spoken, act: str, judged: Judged) -> Spoken:
    update = {"act": act, "confidence": judged.confidence, "source": judged.source}
    return replace(spoken, act=spoken.act.model_copy(update=update))


def _without_pitch(found: list[Spoken], pitched: list[Spoken], judged: Judged) -> list[Spoken]:
    """A pitch that the model does not see becomes what it sees; without a name there is then nothing to speak of."""
    act: Act = judged.label if judged.label in _OFFER_ACTS else "mention"  # type: ignore[assignment]
    kept = [spoken for spoken in found if spoken not in pitched or spoken.act.offer is not None]
    return [_as(spoken, act, judged) if spoken in pitched else spoken for spoken in kept]
