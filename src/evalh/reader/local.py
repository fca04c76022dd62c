"""The local reader: rules, lexicons and rapidfuzz, weighed against a small model of turns that ships with evalh.

It needs no network and no key. Each fact carries its confidence and says whether a rule or the model found it. A
sentence encoder, if there is one, answers questions of similarity. English only.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from evalh.encoder import Encoder
from evalh.encoder.turns import Speaker
from evalh.models import (
    Answered,
    Booking,
    Claim,
    Consent,
    Conversation,
    IntentFact,
    LedgerEntry,
    Lexicon,
    OfferAct,
    OfferMention,
    OfferReply,
    Pressure,
    Question,
    Reading,
    Register,
    Turn,
    digest,
)
from evalh.reader.acts import Floor, Spoken, read_acts
from evalh.reader.ahead import look_ahead
from evalh.reader.answers import SILENT, QuestionAbout
from evalh.reader.bookings import BookingReader
from evalh.reader.claims import read_claims
from evalh.reader.heads import TurnHeads, TurnScores, Window
from evalh.reader.identity import read_identity
from evalh.reader.intents import asks_for_reason, read_intents
from evalh.reader.issues import IssueTracker, is_belied, said_of_matter
from evalh.reader.language import reads
from evalh.reader.ledger import Ledger
from evalh.reader.mood import read_mood
from evalh.reader.offers import OfferFinder
from evalh.reader.outcome import Heard, settle
from evalh.reader.pressure import read_pressure
from evalh.reader.questions import question_about
from evalh.reader.register import read_courtesy, read_register
from evalh.reader.replies import AGAINST, OnTable, Table, read_replies
from evalh.reader.rules import load_rules
from evalh.reader.similar import answer_similar
from evalh.reader.tokens import words
from evalh.reader.view import Named, TurnView
from evalh.reader.weigh import Trace, Weigher
from evalh.reader.wordings import WordingFinder
from evalh.text.normalise import normalise

VERSION = "2"
_UNNAMED = "?"
"""Stands for an offer that was pitched without its name, while claims are read."""
AGAIN = "again: pitches after the customer turned it down"
"""The reason of a register that follows from the ledger."""
AHEAD = 16
"""Conversations that are scored, and looked at by each rule set, at a time."""
ANSWERABLE = ("pitch", "read_back", "answer")
"""What an agent does with an offer that the customer then may answer."""
TOPIC_LASTS = 2
"""Agent turns for which an offer stays the one being talked about after it was last spoken of."""


@dataclass(frozen=True)
class Tools:
    """What is built once per lexicon."""

    lexicon: Lexicon
    finder: OfferFinder
    wordings: WordingFinder
    bookings: BookingReader
    selling_points: dict[str, tuple[frozenset[str], ...]]
    heads: dict[str, frozenset[str]]
    described: bool
    """Whether the policy describes its offers, by price, benefits or features."""

    @staticmethod
    def of(lexicon: Lexicon) -> Tools:
        """The tools for `lexicon`."""
        points = {offer.id: _selling_points((*offer.benefits, *offer.features)) for offer in lexicon.offers}
        finder = OfferFinder(lexicon)
        described = any(offer.pricing or offer.benefits or offer.features for offer in lexicon.offers)
        wordings, bookings = WordingFinder(lexicon), BookingReader(lexicon)
        return Tools(lexicon, finder, wordings, bookings, points, finder.heads(), described)


class LocalReader:
    """Reads with rules and the turn model; `encoder` answers questions of similarity, without one rapidfuzz does.

    `rules_only` leaves the turn model out: faster, and blind to what is said in other words. `heads` is another turn
    model than the one that ships.
    """

    def __init__(
        self, encoder: Encoder | None = None, *, rules_only: bool = False, heads: TurnHeads | None = None
    ) -> None:
        self.encoder = encoder
        self.heads = heads or (None if rules_only else TurnHeads())
        self._tools: OrderedDict[str, Tools] = OrderedDict()

    @cached_property
    def id(self) -> str:
        """The reader's version with a digest of its code and rules, so that a cached reading is never another's."""
        return f"local-{VERSION}@{_source_digest()[:12]}" + (f"+{self.heads.id}" if self.heads else "+rules-only")

    @property
    def encoder_id(self) -> str | None:
        """The encoder's id, if there is one."""
        return self.encoder.id if self.encoder is not None else None

    def read(
        self, conversations: Sequence[Conversation], lexicon: Lexicon, questions: Sequence[Sequence[Question]] = ()
    ) -> list[Reading]:
        """One reading per conversation, in order."""
        readings = [reading for reading, _ in self.scored(conversations, lexicon)]
        return self.answered(conversations, readings, questions)

    def scored(
        self, conversations: Sequence[Conversation], lexicon: Lexicon
    ) -> Iterator[tuple[Reading, dict[int, TurnScores]]]:
        """Each conversation's reading as soon as it is made, without answers, and what the turn model says by turn."""
        for conversation, scores in zip(conversations, self._scored(conversations), strict=True):
            yield self._read_one(conversation, lexicon, scores), scores

    def answered(
        self,
        conversations: Sequence[Conversation],
        readings: Sequence[Reading],
        questions: Sequence[Sequence[Question]],
    ) -> list[Reading]:
        """The readings with answers to those of `questions` that are of similarity; others stay unanswered."""
        if not any(questions):
            return list(readings)
        answers = answer_similar(conversations, readings, questions, self.encoder)
        return [_with_answers(reading, found) for reading, found in zip(readings, answers, strict=True)]

    def session(self, conversation: Conversation, lexicon: Lexicon) -> LocalSession:
        """A session that is fed turn by turn."""
        return LocalSession(conversation, self._tools_for(lexicon), self.id, self.encoder_id, self.heads)

    def _scored(self, conversations: Sequence[Conversation]) -> Iterator[dict[int, TurnScores]]:
        """The scores of each conversation, in order; the model scores the next few while the rules read these."""
        chunks = [conversations[start : start + AHEAD] for start in range(0, len(conversations), AHEAD)]
        with ThreadPoolExecutor(1, thread_name_prefix="evalh-scores") as ahead:
            coming = [ahead.submit(self.scores, chunk) for chunk in chunks]
            for chunk, scores in zip(chunks, coming, strict=True):
                look_ahead(chunk)
                yield from scores.result()

    def scores(self, conversations: Sequence[Conversation]) -> list[dict[int, TurnScores]]:
        """What the turn model says of each turn that somebody speaks, by turn index."""
        if self.heads is None:
            return [{} for _ in conversations]
        spoken = [[(turn, said(turn)) for turn in conversation.turns] for conversation in conversations]
        heard = [[(turn, pair) for turn, pair in turns if pair is not None] for turns in spoken]
        scored = self.heads.read([[pair for _, pair in turns] for turns in heard])
        return [
            {turn.index: score for (turn, _), score in zip(turns, scores, strict=True)}
            for turns, scores in zip(heard, scored, strict=True)
        ]

    def _read_one(self, conversation: Conversation, lexicon: Lexicon, scores: dict[int, TurnScores]) -> Reading:
        session = self.session(conversation, lexicon)
        session.scores = scores
        for turn in conversation.turns:
            session.add(turn)
        return session.reading(ended=True)

    def _tools_for(self, lexicon: Lexicon) -> Tools:
        key = lexicon.sha256
        if key not in self._tools:
            self._tools[key] = Tools.of(lexicon)
            if len(self._tools) > 8:
                self._tools.popitem(last=False)
        return self._tools[key]


@dataclass
class _Block:
    """What the agent has said since the customer last spoke."""

    acts: list[Spoken] = field(default_factory=list)
    question: QuestionAbout = "none"
    marketing: TurnView | None = None
    acts_heard: tuple[float, ...] = SILENT
    """The model's highest probability of each act in it, and that it asks."""
    offer_heard: float = 0.0
    """The model's highest probability of words in it that an answer about an offer may follow."""


@dataclass
class _Facts:
    """Lists of facts, by the name they have in a Reading."""

    found: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, name: str, facts: Sequence[Any]) -> None:
        if facts:
            self.found.setdefault(name, []).extend(facts)


class LocalSession:
    """An incremental reading of one conversation."""

    def __init__(
        self,
        conversation: Conversation,
        tools: Tools,
        reader_id: str,
        encoder_id: str | None,
        heads: TurnHeads | None = None,
    ) -> None:
        self.heads = heads
        self.scores: dict[int, TurnScores] = {}
        self.trace: Trace | None = None
        self.window = Window()
        self.heard: list[Heard] = []
        self.header = conversation
        self.tools = tools
        self.reader_id = reader_id
        self.encoder_id = encoder_id
        self.turns: list[Turn] = []
        self.ledger = Ledger()
        self.issues = IssueTracker()
        self.facts = _Facts()
        self.block = _Block()
        self.asked: frozenset[str] = frozenset()
        self.interested = False
        self.engaged: frozenset[str | None] = frozenset()
        self.turned_down: frozenset[str | None] = frozenset()
        self.current: str | None = None
        self.current_age = 0
        self.said_by_agent: list[str] = []
        self.obfuscated: list[int] = []
        self.wants_reason = True
        self.customer_said = ""

    def add(self, turn: Turn) -> None:
        """Take the next turn."""
        self.turns.append(turn)
        view = TurnView(turn)
        scores = self._score(turn)
        self.weigher = Weigher(view, scores, self.heads, self.trace)
        if scores is not None:
            self.heard.append(("customer" if turn.role == "customer" else "agent", scores, view))
        if view.norm.obfuscated:
            self.obfuscated.append(turn.index)
        if turn.role == "customer" and turn.text.strip() and not turn.backchannel:
            self._customer(view)
        elif turn.role == "agent":
            self._agent(view)
        elif turn.role in ("human_agent", "tool"):
            self._matter(view, ())

    def _score(self, turn: Turn) -> TurnScores | None:
        pair = said(turn) if self.heads is not None else None
        if pair is None or self.heads is None:
            return None
        if turn.index in self.scores:
            return self.scores[turn.index]
        window = self.window.take(pair[0], self.heads.vector(*pair))
        return self.heads.score([pair[0]], window[None])[0]

    def _matter(self, view: TurnView, intents: Sequence[IntentFact]) -> None:
        """What the turn says of the customer's matter, for the issues and as a fact of its own."""
        if view.turn.role == "tool" or not view.text.strip():
            self.issues.add(view, intents)
            return
        customer = view.turn.role == "customer"
        rule, confidence = said_of_matter(
            "customer" if customer else "agent", view.text, checked=customer and self.issues.checked
        )
        says = self.weigher.progress("word" if customer else "issue", rule, confidence)
        if says is not None and rule is None and is_belied(view.turn.role, view.text, says):
            says = None
        self.facts.add("progress", [says] if says is not None else [])
        self.issues.add(view, intents, says, weighed=self.weigher.scores is not None)

    def reading(self, *, ended: bool = False) -> Reading:
        """The facts of the turns so far; `ended` says that no turn will follow."""
        spoken = [turn.heard for turn in self.turns if turn.role in ("customer", "agent")]
        read, why = reads(self.header.language, spoken)
        base: dict[str, Any] = {
            "conversation": self.header.id,
            "conversation_sha256": self._digest(),
            "reader": self.reader_id,
            "encoder": self.encoder_id,
            "lexicon_sha256": self.tools.lexicon.sha256,
            "read": read,
            "why_unread": why,
            "obfuscated": tuple(self.obfuscated),
        }
        if not read:
            return Reading(**base)
        facts = {name: tuple(found) for name, found in self.facts.found.items()}
        issues = self.issues.issues(ended)
        if ended and self.heads is not None:
            issues = settle(self.heard, issues)
        return Reading.model_construct(
            **{**_EMPTY, **base, **facts, "ledger": tuple(self.ledger.entries), "issues": issues}
        )

    def _digest(self) -> str:
        turns = tuple(self.turns)
        return self.header.sha256 if turns == self.header.turns else digest(_with_turns(self.header, turns))

    def _customer(self, view: TurnView) -> None:
        named = [self._in_context(item) for item in self.tools.finder.find(view)] or self._by_head(view)
        replies = read_replies(view, named, self._table(), self.weigher.answer)
        for reply in replies:
            self.ledger.customer(reply)
        self.facts.add("replies", replies)
        self.facts.add("mentions", [_mention(view, item) for item in named])
        self._consents(view, replies)
        intents = read_intents(view, self.wants_reason)
        self.wants_reason = self.wants_reason and not intents
        self.facts.add("intents", intents)
        moods = self.facts.found.get("moods", [])
        mood = self.weigher.mood(read_mood(view, moods[-1] if moods else None))
        self.facts.add("moods", [mood] if mood is not None else [])
        self.facts.add("identities", read_identity(view, "customer", asked=False))
        self._matter(view, intents)
        self.asked = frozenset(reply.offer for reply in replies if reply.reply in ("ask", "reopen") and reply.offer)
        self.engaged = frozenset(reply.offer for reply in replies if reply.reply in ("ask", "object", "reopen"))
        self.turned_down = frozenset(reply.offer for reply in replies if reply.reply in AGAINST)
        self.interested = any(reply.offer is None and reply.reply in ("ask", "accept") for reply in replies)
        owned = self.header.owned
        answered = [reply.offer for reply in replies if reply.reply != "ignore"]
        self._touch(answered or [item.offer for item in named if item.offer not in owned])
        self.customer_said = view.text
        self.block = _Block()

    def _in_context(self, item: Named) -> Named:
        """A customer who says "that protect thing" after Protect Plus was pitched means the one that was pitched."""
        if item.offer in self.ledger.status:
            return item
        said = words(normalise(item.said).text)
        pitched = [offer for offer in self.ledger.pitched_at if offer is not None]
        meant = [offer for offer in pitched if self.tools.finder.may_be_called(offer, said)]
        return replace(item, offer=meant[-1], confidence=min(item.confidence, 0.75)) if meant else item

    def _by_head(self, view: TurnView) -> list[Named]:
        """ "The credit", "that pass": the last word of an offer that was pitched, with an article."""
        for offer in reversed([offer for offer in self.ledger.pitched_at if offer is not None]):
            place = self.tools.finder.head_of(offer, view.text)
            if place is not None:
                return [Named(*place, offer, (), "reference", view.norm.quote(*place), 0.7)]
        return []

    def _agent(self, view: TurnView) -> None:
        bookings = self.tools.bookings.read(view.turn)
        if view.turn.text.strip():
            self.wants_reason = self.wants_reason or asks_for_reason(view.text)
            self._agent_words(view)
        self._matter(view, ())
        self._book(bookings)

    def _agent_words(self, view: TurnView) -> None:
        named = self.tools.finder.find(view)
        floor = self._floor()
        acts = self.weigher.acts(read_acts(view, named, floor), floor)
        self.block.acts_heard = tuple(map(max, self.block.acts_heard, self.weigher.takes_for()))
        self.block.offer_heard = max(self.block.offer_heard, self.weigher.says("act", *ANSWERABLE))
        claims = self._claims(view, named, acts)
        acts = acts or self._answering(view, claims)
        for spoken in acts:
            if spoken.act.act in ("pitch", "answer") or spoken.act.offer is not None or None in self.ledger.status:
                self.ledger.agent(spoken.act)
        self.facts.add("acts", [spoken.act for spoken in acts])
        self.facts.add("mentions", [_mention(view, item) for item in named])
        self.facts.add("claims", claims)
        self.facts.add("disclosures", self.tools.wordings.disclosures(view))
        self.facts.add("prohibited", self.tools.wordings.prohibited(view))
        self._manner(view, acts)
        self._floor_given(view, acts)
        self._touch([spoken.act.offer for spoken in acts if spoken.act.act != "mention"])

    def _claims(self, view: TurnView, named: Sequence[Named], acts: Sequence[Spoken]) -> list[Claim]:
        """What is stated of offers; terms of what the customer already has are no claims about an offer."""
        current = self._talked_about(acts)
        unnamed = current is None and self.ledger.status.get(None) == "pitched" and None in self.engaged
        before = self._talked_about(())
        found = read_claims(view, named, self.tools.lexicon, _UNNAMED if unnamed else current, before)
        held = self.header.owned - {offer for offer in self.ledger.pitches if offer is not None}
        return [
            claim.model_copy(update={"offer": None}) if claim.offer == _UNNAMED else claim
            for claim in found
            if claim.offer not in held
        ]

    def _floor(self) -> Floor:
        status = {offer: state for offer, state in self.ledger.status.items() if offer is not None}
        points = self.tools.selling_points.get(self.current, ()) if self.current is not None else ()
        pitched = [offer for offer in self.ledger.pitched_at if offer is not None]
        return Floor(
            current=self.current,
            asked=self.asked,
            status=status,
            heads=self.tools.heads,
            interested=self.interested,
            recent=pitched[-1] if pitched else None,
            owned=self.header.owned,
            turned_down=self.current in self.turned_down,
            described=self.tools.described,
            selling_points=points,
            closed=self.ledger.topic_closed,
        )

    def _answering(self, view: TurnView, claims: Sequence[Claim]) -> list[Spoken]:
        """An offer under discussion goes on being talked about without its name: terms stated, a question answered."""
        if self.ledger.status.get(self.current) not in ("pitched", "not_pitched") or asks_for_reason(view.text):
            return []
        if self.current not in self.engaged and not any(claim.offer == self.current for claim in claims):
            return []
        if not self.weigher.talks_of_offer():
            return []
        act = OfferAct(**view.whole().fields(), confidence=0.6, offer=self.current, act="answer")
        return [Spoken(act, 0, len(view.text), asks="?" in view.text)]

    def _manner(self, view: TurnView, acts: Sequence[Spoken]) -> None:
        moods = self.facts.found.get("moods", [])
        selling = self._selling(acts)
        mood = moods[-1] if moods else None
        register = read_register(view, mood, self.said_by_agent, selling=selling)
        self.facts.add("registers", [self._pushes(view) or self.weigher.register(register)])
        self.facts.add("courtesies", [self.weigher.courtesy(read_courtesy(view))])
        offer = next((spoken.act.offer for spoken in acts if spoken.act.act == "pitch"), self.current)
        agreed = self.ledger.status.get(offer) == "accepted"
        pressures = self.weigher.pressures(read_pressure(view, offer, selling=selling), offer)
        self.facts.add("pressures", [fact for fact in pressures if self._presses(fact, selling, agreed)])
        asked = any(item.claim == "asked_if_ai" for item in self.facts.found.get("identities", [])[-1:])
        self.facts.add("identities", read_identity(view, "agent", asked=asked, question=self.customer_said))
        self.said_by_agent.append(view.text)

    def _presses(self, fact: Pressure, selling: bool, agreed: bool) -> bool:
        """What was agreed to is not presumed. Outside a sale words press where they keep a customer from leaving.

        And where the model, which has read what is going on, hears it too.
        """
        if agreed and fact.kind == "presumption":
            return False
        return selling or fact.kind == "obstruction" or self.weigher.hears(fact.kind)

    def _pushes(self, view: TurnView) -> Register | None:
        """A pitch after a no is pushy, however kindly it is worded."""
        again = next((entry for entry in self.ledger.entries if entry.turn == view.index and entry.repeat_of), None)
        return pushes(again) if again is not None else None

    def _selling(self, acts: Sequence[Spoken]) -> bool:
        return any(spoken.act.act == "pitch" for spoken in acts) or self.current in self.ledger.pitches

    def _floor_given(self, view: TurnView, acts: Sequence[Spoken]) -> None:
        about = question_about(view, acts)
        self.block.acts += acts
        if about != "none":
            self.block.question = about
        elif any(spoken.act.act == "pitch" for spoken in acts):
            self.block.question = "none"
        if any(hit.label == "marketing" for hit in load_rules("consent").hits(view.text)):
            self.block.marketing = view

    def _talked_about(self, acts: Sequence[Spoken]) -> str | None:
        pitched = [spoken.act.offer for spoken in acts if spoken.act.offer is not None]
        if pitched:
            return pitched[-1]
        still_open = self.ledger.status.get(self.current) in ("pitched", "accepted") or self.current in self.asked
        return self.current if still_open and self.current_age <= 1 else None

    def _touch(self, offers: Sequence[str | None]) -> None:
        named = [offer for offer in offers if offer is not None]
        if named:
            self.current, self.current_age = named[-1], 0
            return
        self.current_age += 1
        if self.current_age > 2 * TOPIC_LASTS:
            self.current = None

    def _book(self, bookings: Sequence[Booking]) -> None:
        for booking in bookings:
            self.ledger.booking(booking)
        self.facts.add("bookings", bookings)

    def _table(self) -> Table:
        focus = {spoken.act.offer: spoken for spoken in self.block.acts if self._answerable(spoken)}
        lately = [self.current] if self.current_age <= TOPIC_LASTS else []
        offers = list(dict.fromkeys([*focus, *self.ledger.status]))
        return Table(
            tuple(
                OnTable(
                    offer,
                    self.ledger.pitched_at.get(offer),
                    self.ledger.status.get(offer, "not_pitched"),
                    offer in focus,
                    offer in lately,
                    offer not in focus or focus[offer].act.source == "rule",
                    focus[offer].act.act if offer in focus else "mention",
                )
                for offer in offers
            ),
            self.block.question,
            self.ledger.closed_offer,
            self.ledger.topic_closed,
            self.block.acts_heard,
            self.block.offer_heard,
            any(act.offer is not None for act in self.facts.found.get("acts", ())),
            self._mentioned(),
        )

    def _mentioned(self) -> str | None:
        """The one offer that the agent's last words only named, of those that the customer does not have."""
        named = {spoken.act.offer for spoken in self.block.acts if spoken.act.act == "mention"} - self.header.owned
        return next(iter(named)) if len(named) == 1 else None

    def _answerable(self, spoken: Spoken) -> bool:
        status = self.ledger.status.get(spoken.act.offer, "not_pitched")
        if spoken.act.act == "pitch":
            return True
        if spoken.act.act == "read_back":
            return self.block.question == "offer" and status in ("accepted", "pitched", "not_pitched")
        return spoken.act.act == "answer" and status in ("pitched", "not_pitched")

    def _consents(self, view: TurnView, replies: Sequence[OfferReply]) -> None:
        self.facts.add("consents", [consent_of(reply) for reply in replies if reply.reply == "accept"])
        if self.block.marketing is not None:
            self.facts.add("consents", [_marketing(view, self.block.marketing)])


_MOST = 4_000
"""Characters of a turn that the turn model is given; of a longer one the two ends."""


def said(turn: Turn) -> tuple[Speaker, str] | None:
    """Who speaks in a turn and what is heard, as the turn model reads it; None where nobody does."""
    if turn.role not in ("customer", "agent", "human_agent") or turn.backchannel:
        return None
    text = normalise(turn.heard).text.strip()
    if not text:
        return None
    short = text if len(text) <= _MOST else f"{text[: _MOST // 2]} {text[-_MOST // 2 :]}"
    return ("customer" if turn.role == "customer" else "agent"), short


_EMPTY: dict[str, Any] = {
    name: info.get_default(call_default_factory=True)
    for name, info in Reading.model_fields.items()
    if not info.is_required()
}


def _with_turns(header: Conversation, turns: tuple[Turn, ...]) -> Conversation:
    return Conversation.model_construct(
        **{**{name: getattr(header, name) for name in type(header).model_fields}, "turns": turns}
    )


def pushes(again: LedgerEntry) -> Register:
    """The register of a turn that pitches after the topic was closed."""
    where = {"turn": again.turn, "start": again.start, "end": again.end, "quote": again.quote}
    return Register.model_validate({**where, "confidence": again.confidence, "register": "pushy", "reason": AGAIN})


@cache
def _source_digest() -> str:
    reader = files("evalh.reader")
    packages = (reader, reader.joinpath("lexicons"), reader.joinpath("weights"), files("evalh.text"))
    kinds = (".py", ".yaml", ".json", ".txt")
    found = [item for package in packages for item in package.iterdir() if item.name.endswith(kinds)]
    content = hashlib.sha256()
    for item in sorted(found, key=lambda item: item.name):
        content.update(item.name.encode() + b"\0" + item.read_bytes().replace(b"\r\n", b"\n"))
    return content.hexdigest()


def _selling_points(texts: Sequence[str]) -> tuple[frozenset[str], ...]:
    points = [frozenset(word for word in words(normalise(text).text) if len(word) >= 4) for text in texts]
    return tuple(point for point in points if len(point) >= 2)


def _with_answers(reading: Reading, answers: dict[str, Answered]) -> Reading:
    return reading.model_copy(update={"answers": {**reading.answers, **answers}}) if answers else reading


def _mention(view: TurnView, item: Named) -> Any:

    return OfferMention(
        **view.place(item.start, item.end).fields(),
        confidence=round(item.confidence, 4),
        offer=item.offer,
        candidates=item.candidates,
        form=item.form,
        said=item.said,
    )


def consent_of(reply: OfferReply) -> Consent:
    """The consent that an acceptance gives; a doubtful one is ambiguous."""
    return Consent(
        turn=reply.turn,
        start=reply.start,
        end=reply.end,
        quote=reply.quote,
        confidence=reply.confidence,
        kind="offer",
        offer=reply.offer,
        answer="yes" if reply.confidence >= 0.7 else "ambiguous",
        asked_turn=reply.to_turn,
        answer_turn=reply.turn,
    )


def _marketing(view: TurnView, asked: TurnView) -> Consent:
    labels = {hit.label for hit in load_rules("replies").hits(view.text)}
    no = labels & {"bare_no", "refuse", "defer"}
    yes = labels & {"bare_yes", "accept"}
    answer: Any = "no" if no else "yes" if yes else "ambiguous"
    return Consent(
        **view.whole().fields(),
        confidence=0.8 if no or yes else 0.5,
        kind="marketing",
        answer=answer,
        asked_turn=asked.index,
        answer_turn=view.index,
    )
