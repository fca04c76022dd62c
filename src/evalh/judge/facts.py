"""The full form: one entry for every turn that is shown, so that what is left out is an error and never "nothing".

Answers come back as facts by the names of a Reading's fields, each with its place, or with no confidence where the
words it quotes are not in the turn. Keys of turns are their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from evalh.judge import shape, votes
from evalh.judge.definitions import ABSENT, DEFINITIONS, QUOTING
from evalh.judge.tasks import Transcript
from evalh.llm import Unreadable
from evalh.models import (
    Claim,
    Consent,
    Conversation,
    CourtesyFact,
    Evidence,
    Fact,
    Identity,
    IntentFact,
    Issue,
    Lexicon,
    Mood,
    OfferAct,
    OfferReply,
    Pressure,
    ProgressFact,
    Register,
)
from evalh.models.vocabulary import (
    Act,
    ClaimKind,
    ConsentAnswer,
    ConsentKind,
    Courtesy,
    Intent,
    IssueStatus,
    MoodLabel,
    PressureKind,
    RegisterLabel,
    Reply,
    Word,
)
from evalh.text.amounts import amounts
from evalh.text.normalise import normalise

Facts = dict[str, tuple[Fact, ...]]
UNNAMED, UNKNOWN = "unnamed", "not_in_policy"
NONE = "none"
PERIODS = (NONE, "once", "day", "week", "month", "year", "trip", "use")
PROGRESS = {"agent": (NONE, "done", "promised", "cannot"), "customer": (NONE, "solved", "unsolved")}
_NUMBERS = ("price", "then_price", "promo_months", "discount", "term", "early_termination_fee", "fee")
"""Kinds of claim whose value is a number."""
_RANK: tuple[Act, ...] = ("pitch", "read_back", "answer", "withdraw", "mention")
_WEIGHT: dict[Reply, int] = {"ignore": 0, "ask": 1, "object": 2}
"""Replies that a heavier one in the same turn outweighs; the others are decisions."""
_NO_TURN = -1
_LAST_TURN = 1_999
_ORDER = (
    "act", "claim", "register", "courtesy", "progress", "pressure", "identity",
    "reply", "intent", "mood", "consent", "issue",
)  # fmt: skip

INSTRUCTIONS = "\n".join(
    (
        """\
"facts" holds what was said. "turns" has an entry for every agent turn and every customer turn, by its number: none \
left out, empty lists and "none" where there is nothing. Turns marked "context", tools and human agents have no entry.
agent turn: {"acts": [{"offer", "said", "quote", "act", "asks", "sure"}], "claims": [{"offer", "quote", "kind", \
"value", "unit", "period", "sure"}], "pressures": [{"quote", "kind", "sure"}], "register", "courtesy", "progress", \
"identity", "proof": [{"of", "quote"}], "sure"}
customer turn: {"replies": [{"offer", "quote", "reply", "to", "sure"}], "intents": [{"quote", "intent", "sure"}], \
"consents": [{"kind", "offer", "quote", "answer", "asked", "sure"}], "mood", "progress", "asked_if_ai", \
"proof": [{"of", "quote"}], "sure"}
"issues": [{"intent", "raised", "quote", "status", "word", "resolved", "proof", "sure"}]
offer: an id from the list of offers; "unnamed": one that is not named or could be several; "not_in_policy": a named \
product that is not in the list. said: for these two the words that name it, else "". Of one offer one entry a turn.
asks: the turn asks for a decision on it. to, asked: the agent turn that is answered, -1 if none. \
proof: of each register, courtesy, progress, identity, mood and asked_if_ai of the turn that is not neutral, polite, \
none, calm or false, the words that show it. The turn's "sure" is about these labels.
issues: raised: the customer turn; quote: its words. word: whose word says so. resolved: the turn it was resolved or \
promised at, else -1; proof: the words there.""",
        QUOTING,
        *(DEFINITIONS[name] for name in _ORDER),
    )
)


class FactsSection:
    """All standing facts of a conversation, for the evaluators to share."""

    name = "facts"
    part = "facts"
    instructions = INSTRUCTIONS

    def __init__(self, lexicon: Lexicon, conversation: Conversation) -> None:
        self.lexicon = lexicon
        self.conversation = conversation

    def material(self) -> str:
        """The offers, as the policy calls them."""
        return offers_text(self.lexicon)

    def schema(self, transcript: Transcript) -> Mapping[str, Any]:
        """An entry for each turn, by its number."""
        kinds = {"agent": "facts_agent", "customer": "facts_customer"}
        turns = {str(turn): {"$ref": f"#/$defs/{kinds[transcript.role(turn)]}"} for turn in spoken_turns(transcript)}
        defs = {"facts_agent": _agent(self.lexicon), "facts_customer": _customer(self.lexicon)}
        return {"$defs": defs, **shape.closed(turns=shape.keyed(turns), issues=shape.some(_issue(), 8))}

    def read(self, value: Any, transcript: Transcript) -> Facts:
        """The facts by field of a Reading. Raises Unreadable when a turn, a key or a label is not as asked."""
        shape.conform(value, self.schema(transcript), "facts")
        found: dict[str, list[Any]] = {name: [] for name in votes.FIELDS}
        reader = _Reader(transcript)
        for key, entry in value["turns"].items():
            turn = int(key)
            read = reader.agent(turn, entry) if transcript.role(turn) == "agent" else reader.customer(turn, entry)
            for name, fact in read:
                found[name].append(fact)
        found["issues"] = list(reader.issues(value["issues"]))
        return {name: tuple(facts) for name, facts in found.items()}

    def merge(self, windows: Sequence[Sequence[Facts]]) -> Facts:
        """The facts that most votes have, of all windows."""
        return votes.joined([votes.settled(of_window) for of_window in windows])


def spoken_turns(transcript: Transcript) -> tuple[int, ...]:
    """The agent's and the customer's turns that may be spoken of and say something."""
    said = (turn for turn in transcript.turns if transcript.role(turn) in ("agent", "customer"))
    return tuple(turn for turn in said if transcript.whole(turn).quote.strip())


def offers_text(lexicon: Lexicon) -> str:
    """The offers of a policy by id, with their names, codes and fees; prices are for the evaluators to compare."""
    lines = [f"Offers (currency {lexicon.currency}):"]
    for offer in lexicon.offers:
        codes = [code for code in offer.codes if code != offer.id]
        told = [f"; {what}: {', '.join(of)}" for what, of in (("codes", codes), ("fees", offer.fees)) if of]
        lines.append(f"- {offer.id}: {', '.join(offer.names)}{''.join(told)}")
    return "\n".join(lines)


def _offers(lexicon: Lexicon) -> dict[str, Any]:
    return shape.label((*(offer.id for offer in lexicon.offers), UNNAMED, UNKNOWN))


def _agent(lexicon: Lexicon) -> dict[str, Any]:
    offer, quote, sure = _offers(lexicon), shape.words(), shape.flag()
    act = shape.closed(
        offer=offer, said=shape.words(80), quote=quote, act=shape.label(_RANK), asks=shape.flag(), sure=sure
    )
    claim = shape.closed(
        offer=offer,
        quote=quote,
        kind=shape.label(get_args(ClaimKind)),
        value=shape.words(120),
        unit=shape.words(20),
        period=shape.label(PERIODS),
        sure=sure,
    )
    pressure = shape.closed(quote=quote, kind=shape.label(get_args(PressureKind)), sure=sure)
    return shape.closed(
        acts=shape.some(act, 8),
        claims=shape.some(claim, 20),
        pressures=shape.some(pressure, 6),
        register=shape.label(_first("neutral", get_args(RegisterLabel))),
        courtesy=shape.label(get_args(Courtesy)),
        progress=shape.label(PROGRESS["agent"]),
        identity=shape.label((NONE, "ai_disclosed", "human_claimed", "ai_denied")),
        proof=_proof("register", "courtesy", "progress", "identity"),
        sure=sure,
    )


def _customer(lexicon: Lexicon) -> dict[str, Any]:
    offer, quote, sure = _offers(lexicon), shape.words(), shape.flag()
    pointer = shape.whole(_NO_TURN, _LAST_TURN)
    reply = shape.closed(offer=offer, quote=quote, reply=shape.label(get_args(Reply)), to=pointer, sure=sure)
    intent = shape.closed(quote=quote, intent=shape.label(get_args(Intent)), sure=sure)
    consent = shape.closed(
        kind=shape.label(get_args(ConsentKind)),
        offer=offer,
        quote=quote,
        answer=shape.label(get_args(ConsentAnswer)),
        asked=pointer,
        sure=sure,
    )
    return shape.closed(
        replies=shape.some(reply, 8),
        intents=shape.some(intent, 6),
        consents=shape.some(consent, 6),
        mood=shape.label(_first("calm", get_args(MoodLabel))),
        progress=shape.label(PROGRESS["customer"]),
        asked_if_ai=shape.flag(),
        proof=_proof("mood", "progress", "asked_if_ai"),
        sure=sure,
    )


def _proof(*of: str) -> dict[str, Any]:
    return shape.some(shape.closed(of=shape.label(of), quote=shape.words()), len(of))


def _issue() -> dict[str, Any]:
    return shape.closed(
        intent=shape.label(get_args(Intent)),
        raised=shape.whole(0, _LAST_TURN),
        quote=shape.words(),
        status=shape.label(_first("unsure", get_args(IssueStatus))),
        word=shape.label((NONE, *get_args(Word))),
        resolved=shape.whole(_NO_TURN, _LAST_TURN),
        proof=shape.words(),
        sure=shape.flag(),
    )


def _first(label: str, labels: Sequence[str]) -> tuple[str, ...]:
    return (label, *(other for other in labels if other != label))


class _Reader:
    """Turns entries of a reply, whose shape is right, into facts."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript

    def agent(self, turn: int, entry: Mapping[str, Any]) -> Iterator[tuple[str, Fact]]:
        """The facts of an agent turn, with the names of their fields."""
        acts = self._acts(turn, entry["acts"])
        yield from (("acts", act) for act in acts)
        yield from (("claims", self._claim(turn, item)) for item in entry["claims"])
        pitched = {act.offer for act in acts if act.act == "pitch"}
        about = pitched.pop() if len(pitched) == 1 else None
        for kind, item in _one_each(entry["pressures"], "kind"):
            yield "pressures", Pressure(**self._placed(turn, item), kind=kind, offer=about)
        yield "registers", Register(**self._labelled(turn, entry, "register"), register_=entry["register"])
        yield "courtesies", CourtesyFact(**self._labelled(turn, entry, "courtesy"), courtesy=entry["courtesy"])
        yield from self._progress(turn, entry)
        if entry["identity"] != NONE:
            yield "identities", Identity(**self._labelled(turn, entry, "identity"), claim=entry["identity"])

    def customer(self, turn: int, entry: Mapping[str, Any]) -> Iterator[tuple[str, Fact]]:
        """The facts of a customer turn, with the names of their fields."""
        replies = self._replies(turn, entry["replies"])
        yield from (("replies", reply) for reply in replies)
        for intent, item in _one_each(entry["intents"], "intent"):
            yield "intents", IntentFact(**self._placed(turn, item), intent=intent)
        yield from (("consents", fact) for fact in self._consents(turn, entry["consents"], replies))
        yield "moods", Mood(**self._labelled(turn, entry, "mood"), mood=entry["mood"])
        yield from self._progress(turn, entry)
        if entry["asked_if_ai"]:
            yield "identities", Identity(**self._labelled(turn, entry, "asked_if_ai"), claim="asked_if_ai")

    def issues(self, items: Sequence[Mapping[str, Any]]) -> Iterator[Issue]:
        """The issues, in order, numbered from 1."""
        ordered = sorted(items, key=lambda item: item["raised"])
        for index, item in enumerate(ordered, start=1):
            raised = item["raised"]
            self._must_be_shown(raised, "an issue's turn")
            if raised not in self.transcript.turns:
                continue
            placed = self._placed(raised, item)
            if self.transcript.role(raised) != "customer":
                placed["confidence"] = votes.NOT_FOUND
            ending = self._ending(item, placed)
            yield Issue(**placed, **ending, id=f"issue-{index}")

    def _ending(self, item: Mapping[str, Any], placed: dict[str, Any]) -> dict[str, Any]:
        """What became of an issue; a resolution whose words are not there is believed only of a tool.

        Nor is one from before the issue was raised, by the very words that raise it, or by somebody who is not heard
        there.
        """
        status, word, resolved = item["status"], item["word"], item["resolved"]
        settles = status in ("resolved", "promised")
        evidence: Evidence | None = None
        if resolved != _NO_TURN:
            self._must_be_shown(resolved, "an issue's resolution")
            evidence = self.transcript.locate(resolved, item["proof"])
            found = evidence is not None or (word == "tool" and self.transcript.has_tools(resolved))
            early = resolved < item["raised"] or _overlaps(evidence, placed)
            if not found or early or not self._may_say(resolved, word):
                placed["confidence"] = votes.NOT_FOUND
        elif settles:
            placed["confidence"] = votes.NOT_FOUND
        return {
            "intent": item["intent"],
            "status": status,
            "word": None if word == NONE else word,
            "resolved_turn": resolved if settles and resolved != _NO_TURN else None,
            "resolution": evidence,
        }

    def _may_say(self, turn: int, word: str) -> bool:
        """Whether that word can be heard in the turn."""
        return word == NONE or (word == "customer") == (self.transcript.role(turn) == "customer")

    def _acts(self, turn: int, items: Sequence[Mapping[str, Any]]) -> list[OfferAct]:
        """One act an offer; where a reply has two, the one that the codebook puts first."""
        kept: dict[tuple[str, str], OfferAct] = {}
        for item in sorted(items, key=lambda item: _RANK.index(item["act"])):
            placed = self._placed(turn, item)
            offer, said = _offer(item["offer"]), self.transcript.locate(turn, item["said"])
            act = OfferAct(
                **placed,
                offer=offer,
                act=item["act"],
                asks=item["asks"],
                known=item["offer"] != UNKNOWN,
                said=said.quote if said is not None and offer is None else "",
            )
            kept.setdefault((item["offer"], act.said.lower()), act)
        return sorted(kept.values(), key=lambda act: act.start)

    def _claim(self, turn: int, item: Mapping[str, Any]) -> Claim:
        placed = self._placed(turn, item)
        value, kind = item["value"].strip(), item["kind"]
        if kind in _NUMBERS:
            value, held = _stated(value, placed.get("quote", ""))
            if not held:
                placed["confidence"] = votes.NOT_FOUND
        return Claim(
            **placed,
            offer=_offer(item["offer"]),
            kind=kind,
            value=value,
            unit=item["unit"].strip() or None,
            period=None if item["period"] == NONE else item["period"],
        )

    def _replies(self, turn: int, items: Sequence[Mapping[str, Any]]) -> list[OfferReply]:
        """One reply an offer: of two, the heavier, or the later of two decisions."""
        kept: dict[str, OfferReply] = {}
        for item in items:
            placed = self._placed(turn, item, item["reply"])
            to = self._pointed(item["to"], turn, placed)
            fact = OfferReply(**placed, offer=_offer(item["offer"]), reply=item["reply"], to_turn=to)
            before = kept.get(item["offer"])
            if before is None or _outweighs(fact, before):
                kept[item["offer"]] = fact
        return list(kept.values())

    def _consents(
        self, turn: int, items: Sequence[Mapping[str, Any]], replies: Sequence[OfferReply]
    ) -> Iterator[Consent]:
        """What was asked for and answered; to accept an offer is to consent to it, asked for or not."""
        answered: set[tuple[str, str | None]] = set()
        for item in items:
            placed = self._placed(turn, item, item["answer"])
            offer = _offer(item["offer"]) if item["kind"] == "offer" else None
            asked = self._pointed(item["asked"], turn, placed)
            if (item["kind"], offer) in answered:
                continue
            answered.add((item["kind"], offer))
            yield Consent(
                **placed, kind=item["kind"], offer=offer, answer=item["answer"], asked_turn=asked, answer_turn=turn
            )
        for reply in replies:
            if reply.reply == "accept" and ("offer", reply.offer) not in answered:
                where = reply.model_dump(include={"turn", "start", "end", "quote", "confidence", "source"})
                yield Consent(
                    **where, kind="offer", offer=reply.offer, answer="yes", asked_turn=reply.to_turn, answer_turn=turn
                )

    def _progress(self, turn: int, entry: Mapping[str, Any]) -> Iterator[tuple[str, Fact]]:
        if entry["progress"] != NONE:
            yield "progress", ProgressFact(**self._labelled(turn, entry, "progress"), says=entry["progress"])

    def _placed(self, turn: int, item: Mapping[str, Any], label: str = "") -> dict[str, Any]:
        """The place of the quote; no confidence where it is not there, unless the label needs none."""
        place = self.transcript.locate(turn, item["quote"])
        if place is None and label in ABSENT and not item["quote"].strip():
            place = self.transcript.whole(turn)
        return _fields(turn, place, item["sure"])

    def _labelled(self, turn: int, entry: Mapping[str, Any], of: str) -> dict[str, Any]:
        """The place of a label of the whole turn: its proof, or the turn where the label rests on nothing."""
        if entry[of] in ABSENT:
            return _fields(turn, self.transcript.whole(turn), entry["sure"])
        quotes = (item["quote"] for item in entry["proof"] if item["of"] == of)
        place = next(filter(None, (self.transcript.locate(turn, quote) for quote in quotes)), None)
        return _fields(turn, place, entry["sure"])

    def _pointed(self, to: int, turn: int, placed: dict[str, Any]) -> int | None:
        """The agent turn that a customer turn answers; what points elsewhere is not believed."""
        if to == _NO_TURN:
            return None
        self._must_be_shown(to, "a turn that is answered")
        if to < turn and self.transcript.role(to) in ("agent", "human_agent"):
            return to
        placed["confidence"] = votes.NOT_FOUND
        return None

    def _must_be_shown(self, turn: int, what: str) -> None:
        if turn not in self.transcript.shown:
            raise Unreadable("schema", f"{what} is none of those shown")


def _overlaps(place: Evidence | None, other: Mapping[str, Any]) -> bool:
    """Whether two quotes share words."""
    same_turn = place is not None and "start" in other and place.turn == other["turn"]
    return same_turn and place is not None and place.start < other["end"] and other["start"] < place.end


def _fields(turn: int, place: Evidence | None, sure: bool) -> dict[str, Any]:
    if place is None:
        return {"turn": turn, "confidence": votes.NOT_FOUND, "source": "judge"}
    where = {"turn": turn, "start": place.start, "end": place.end, "quote": place.quote}
    return {**where, "confidence": votes.confidence(sure), "source": "judge"}


def _offer(said: str) -> str | None:
    return None if said in (UNNAMED, UNKNOWN) else said


def _outweighs(reply: OfferReply, before: OfferReply) -> bool:
    return _WEIGHT.get(reply.reply, 3) >= _WEIGHT.get(before.reply, 3)


def _one_each(items: Sequence[Mapping[str, Any]], key: str) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The first item of each label."""
    yield from {item[key]: item for item in reversed(items)}.items()


def _stated(value: str, quote: str) -> tuple[str, bool]:
    """The number as it is written elsewhere, and whether the quote does not speak of other numbers only."""
    try:
        number = Decimal(value.lstrip("$£€ ").rstrip("% ").replace(",", ""))
    except InvalidOperation:
        return value, False
    if not number.is_finite() or number < 0:
        return value, False
    said = [item.value for item in amounts(normalise(quote).text)]
    return format(number.normalize() if number == number.to_integral() else number, "f"), not said or number in said
