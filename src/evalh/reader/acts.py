"""What an agent turn does with the offers it speaks of: pitch, answer, read back, withdraw, or only mention.

The words decide, with what is on the table: a price given to a customer who asked is an answer; a name after
acceptance is a read-back; the sale is asked for in a sentence of its own ("shall I add it?").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import re2

from evalh.models import Candidate, OfferAct
from evalh.models.vocabulary import Act, OfferStatus
from evalh.reader.rules import Hit, RuleSet, load_rules
from evalh.reader.tokens import words
from evalh.reader.view import Named, TurnView

RANK: dict[Act, int] = {"pitch": 4, "withdraw": 3, "read_back": 2, "answer": 1, "mention": 0}
"""Which act counts where a turn does several things with an offer."""
_SALE_CUE = ("ask", "ask_reference", "ask_hear", "category")
_LATER_ASK = ("ask_reference", "ask_hear", "ask")
_PRODUCT = (
    "plan|package|pass|bundle|add-on|addon|tier|membership|insurance|protection|warranty|subscription|suite|cover|"
    "coverage|upgrade|guard|shield|program|programme"
)
_UNKNOWN = re2.compile(
    r"\b(?:[Oo]ur|[Tt]he|[Aa]|[Aa]n|[Nn]ew) (?:new )?((?:[A-Z0-9][A-Za-z0-9'+-]*\s){1,4}(?i:" + _PRODUCT + r"))\b"
)
_UNKNOWN_SPOKEN = re2.compile(r"\b(?:our|the) (?:new |brand new )?((?:[a-z0-9-]+ ){1,2}(?:" + _PRODUCT + r"))\b")
_GENERIC = frozenset(
    [
        "a",
        "an",
        "the",
        "our",
        "new",
        "faster",
        "better",
        "bigger",
        "higher",
        "larger",
        "premium",
        "unlimited",
        "cheaper",
        "different",
        "monthly",
        "annual",
        "next",
        "other",
        "same",
        "right",
        "best",
        "great",
        "special",
        "current",
        "existing",
        "full",
        "extra",
        "basic",
        "that",
        "this",
        "which",
        "any",
        "some",
        "first",
        "second",
        "original",
        "customer",
        "phone",
        "internet",
        "mobile",
        "data",
        "travel",
        "service",
        "credit",
        "account",
        "bank",
        "debit",
        "boarding",
        "gift",
        "of",
        "for",
        "to",
        "your",
        "my",
        "standard",
        "additional",
        "technical",
        "priority",
        "on",
        "in",
        "and",
        "home",
        "bill",
        "payment",
    ]
)

_NOUNS = frozenset(_PRODUCT.split("|"))


@dataclass(frozen=True)
class Floor:
    """What is on the table when an agent turn begins."""

    current: str | None = None
    """The offer last talked about, while it still is."""
    asked: frozenset[str] = frozenset()
    """The offers the customer's last turn asks about."""
    status: Mapping[str, OfferStatus] = field(default_factory=dict)
    heads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The offers whose name ends in a word ("credit", "pass")."""
    interested: bool = False
    """Whether the customer wants to hear of an offer that was pitched without its name."""
    recent: str | None = None
    """The offer last pitched, however long ago: what "shall I add it?" means when nothing else is talked about."""
    owned: frozenset[str] = frozenset()
    """The offers the customer already has, by their record."""
    turned_down: bool = False
    """Whether the customer's last turn put the current offer off or objected to it."""
    described: bool = False
    """Whether the policy describes its offers."""
    selling_points: tuple[frozenset[str], ...] = ()
    """The words of each benefit and feature of the current offer."""
    closed: bool = False
    """Whether the customer has closed the topic of offers."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """An act, with its place in the normalised text and whether it ends in a question to the customer."""

    act: OfferAct
    start: int
    end: int
    asks: bool


@dataclass(frozen=True, slots=True)
class _Found:
    named: Named
    act: Act
    confidence: float
    start: int
    end: int
    asks: bool
    barred: bool = False
    """Whether the sentence says that it cannot be had."""


def read_acts(view: TurnView, named: Sequence[Named], floor: Floor) -> list[Spoken]:
    """The acts of an agent turn, one for each offer it speaks of, in order."""
    rules = load_rules("acts")
    found = [_judge(view, item, named, floor, rules) for item in named]
    found = _with_later_question(view, found, named, floor, rules)
    if not found:
        found = _unnamed(view, floor, rules)
    return [_spoken(view, item) for item in _strongest(found)]


def _judge(view: TurnView, item: Named, named: Sequence[Named], floor: Floor, rules: RuleSet) -> _Found:
    start, end = view.sentence_at(item.start)
    hits = {hit.label: hit for hit in reversed(list(rules.hits(_masked(view.text, start, end, item, named))))}
    act, confidence, asks = _act(hits, view.text[start:end], floor, item)
    barred = "negated" in hits
    return _Found(item, act, min(confidence, _cap(item)), min(start, item.start), max(end, item.end), asks, barred)


def _cap(item: Named) -> float:
    return item.confidence if item.offer is not None or not item.known else max(item.confidence, 0.6)


def _masked(text: str, start: int, end: int, item: Named, named: Sequence[Named]) -> str:
    pieces: list[str] = []
    cursor = start
    for other in sorted(named, key=lambda other: other.start):
        if other.start < cursor or other.end > end:
            continue
        same = other.start == item.start or (item.offer is not None and other.offer == item.offer)
        pieces += [text[cursor : other.start], "xoffer" if same else "xother"]
        cursor = other.end
    return "".join([*pieces, text[cursor:end]])


def _act(hits: dict[str, Hit], sentence: str, floor: Floor, item: Named) -> tuple[Act, float, bool]:
    asks = "?" in sentence or "ask" in hits or "ask_named" in hits
    act, confidence = (
        _settled(hits, floor, item, sentence) or _only_named(hits, floor, item) or _put_forward(hits, floor, item)
    )
    return act, confidence, asks


def _asking(hits: dict[str, Hit]) -> Hit | None:
    return hits.get("ask_named") or hits.get("ask")


_SELLS_ON = re2.compile(
    r"\b(?:are you sure|(?:sure|certain) you (?:don't|do not|wouldn't)|don't you want|really is|worth"
    r"|you could lose|miss(?:ing)? out|everyone|everybody|most (?:people|customers|families)"
    r"|love it|think about|imagine|without it|reconsider)\b"
)
"""Words that go on selling, so that a name is no read-back though its offer was taken."""


def _settled(hits: dict[str, Hit], floor: Floor, item: Named, sentence: str) -> tuple[Act, float] | None:
    """Taken off the table, or read back."""
    accepted = item.offer is not None and floor.status.get(item.offer) == "accepted"
    if "withdraw" in hits and not _asking(hits):
        return "withdraw", hits["withdraw"].rule.confidence
    if "read_back" in hits and (accepted or not _asking(hits)):
        return "read_back", hits["read_back"].rule.confidence
    return ("read_back", 0.7) if accepted and not _SELLS_ON.search(sentence) else None


def _only_named(hits: dict[str, Hit], floor: Floor, item: Named) -> tuple[Act, float] | None:
    """Named as what the customer has, or as what cannot be had."""
    against = hits.get("negated") or hits.get("held")
    if against is None or ("ask_named" in hits and "held" not in hits):
        return None
    if item.offer in floor.asked:
        return "answer", 0.75
    return ("mention", against.rule.confidence) if not _asking(hits) or "negated" in hits else ("pitch", 0.6)


def _put_forward(hits: dict[str, Hit], floor: Floor, item: Named) -> tuple[Act, float]:
    asking, stating = _asking(hits), hits.get("state") or hits.get("weak")
    requested = item.offer is not None and floor.status.get(item.offer) == "not_pitched"
    if item.offer in floor.asked or requested:
        return "answer", 0.8 if asking or stating else 0.7
    if asking:
        return "pitch", asking.rule.confidence
    if stating and item.offer in floor.owned and "state" not in hits:
        return "mention", 0.7
    if stating:
        return "pitch", stating.rule.confidence
    return ("pitch", 0.7) if floor.interested else ("mention", 0.6)


def _with_later_question(
    view: TurnView, found: list[_Found], named: Sequence[Named], floor: Floor, rules: RuleSet
) -> list[_Found]:
    """A bare statement followed by "shall I add it?" is a pitch of the offer last named before the question."""
    if not found:
        return found
    for start, end in view.sentences:
        before = [item for item in found if item.named.start < start and _can_be_asked_for(item, floor)]
        if not before or any(start <= item.start < end for item in named):
            continue
        hit = next((hit for hit in rules.hits(view.text, start, end) if hit.label in _LATER_ASK), None)
        target = before[-1]
        if hit is None:
            continue
        act: Act = "answer" if target.named.offer in floor.asked else "pitch"
        asked = _Found(target.named, act, max(target.confidence, hit.rule.confidence), target.start, end, True)
        found = [asked if item is target else item for item in found]
    return found


def _can_be_asked_for(target: _Found, floor: Floor) -> bool:
    if target.act == "read_back":
        return target.named.offer is not None and floor.status.get(target.named.offer) not in (None, "accepted")
    if target.act == "mention":
        return not target.barred
    return target.act in ("answer", "pitch")


def _unnamed(view: TurnView, floor: Floor, rules: RuleSet) -> list[_Found]:
    for start, end in view.sentences:
        unknown = _pitched_unknown(view, start, end, floor, rules)
        if unknown is not None:
            return [unknown]
        hits = {hit.label: hit for hit in reversed(list(rules.hits(view.text, start, end)))}
        cue = next((hits[label] for label in _SALE_CUE if label in hits), None)
        target = _target(view, start, end, floor, hits) if cue is not None else None
        if cue is None or target is None:
            continue
        settled = target.offer is not None and floor.status.get(target.offer) == "accepted"
        act: Act = "read_back" if settled else "answer" if target.offer in floor.asked else "pitch"
        return [_Found(target, act, min(cue.rule.confidence, target.confidence), start, end, True)]
    again = _benefit_again(view, floor)
    if again is not None:
        return [again]
    if floor.turned_down and floor.current is not None and _lets_go(view, rules):
        named = Named(0, len(view.text), floor.current, (), "reference", "", 0.6)
        return [_Found(named, "withdraw", 0.6, 0, len(view.text), False)]
    if floor.asked and floor.current is not None and floor.current in floor.asked and not _OTHER_HELP.search(view.text):
        named = Named(0, len(view.text), floor.current, (), "reference", "", 0.6)
        return [_Found(named, "answer", 0.6, 0, len(view.text), "?" in view.text)]
    return []


_OTHER_HELP = re2.compile(
    r"\b(?:i can|i could|i'll|i will|let me|i've|i have) (?:just |also |now )?(?:turn|turned|switch|switched|send|sent"
    r"|reset|block|blocked|restart|unlock|resend|refund|credit|waive)\b.*"
    r"\b(?:free|no charge|doesn't cost|costs nothing)\b"
)
"""Help with the matter that costs nothing, of which no offer is an answer."""


def _benefit_again(view: TurnView, floor: Floor) -> _Found | None:
    """Restating what an offer would do, after the customer turned it down, pitches it again without its name."""
    if floor.current is None or floor.status.get(floor.current) == "accepted":
        return None
    if not floor.turned_down and floor.status.get(floor.current) not in ("refused", "deferred", "deflected"):
        return None
    for start, end in view.sentences:
        if _restates(view.text, start, end, floor):
            named = Named(start, end, floor.current, (), "reference", "", 0.65)
            return _Found(named, "pitch", 0.65, start, end, "?" in view.text[start:end])
    return None


def _lets_go(view: TurnView, rules: RuleSet) -> bool:
    start, end = view.sentences[0]
    return any(hit.label == "let_go" for hit in rules.hits(view.text, start, end))


def _restates(text: str, start: int, end: int, floor: Floor) -> bool:
    if floor.turned_down and any(hit.label == "again" for hit in load_rules("acts").hits(text, start, end)):
        return True
    said = frozenset(words(text[start:end]))
    return any(len(point & said) >= max(2, 0.6 * len(point)) for point in floor.selling_points)


def _target(view: TurnView, start: int, end: int, floor: Floor, hits: Mapping[str, Hit]) -> Named | None:
    """What a sentence that sells without naming an offer of the policy is about."""
    if "category" in hits:
        return _nameless(view, start, end, floor)
    meant = floor.current or (floor.recent if "ask_reference" in hits else None)
    if ("ask_reference" in hits or "ask_hear" in hits) and meant is not None:
        return Named(start, end, meant, (), "reference", "", 0.75 if floor.current else 0.6)
    return None


def _nameless(view: TurnView, start: int, end: int, floor: Floor) -> Named:
    """An offer without its name; the last word of a name may still tell which ("a credit for loyal customers")."""
    said = view.norm.quote(start, end)
    meant = {offer for word, offers in floor.heads.items() if word in words(view.text[start:end]) for offer in offers}
    if len(meant) == 1:
        offer = next(iter(meant))
        return Named(start, end, offer, (Candidate(offer=offer, score=0.6),), "category", said, 0.6)
    candidates = tuple(Candidate(offer=offer, score=0.5) for offer in sorted(meant))
    return Named(start, end, None, candidates, "category", said, 0.62)


def _pitched_unknown(view: TurnView, start: int, end: int, floor: Floor, rules: RuleSet) -> _Found | None:
    """A product of no policy that is put before the customer as an offer of the policy would be."""
    item = _unknown(view, start, end)
    if item is None:
        return None
    found = _judge(view, item, [item], floor, rules)
    return found if found.act == "pitch" else None


def _unknown(view: TurnView, start: int, end: int) -> Named | None:
    raw_start, raw_end = view.norm.span(start, end)
    match = _UNKNOWN.search(view.norm.raw, raw_start, raw_end)
    if match and not set(match.group(1).lower().split()) <= _GENERIC | _NOUNS:
        first, last = view.norm.locate(match.start(1)), view.norm.locate(match.end(1) - 1) + 1
        return Named(first, last, None, (), "name", match.group(1).strip(), 0.7, known=False)
    spoken = _UNKNOWN_SPOKEN.search(view.text, start, end)
    if spoken and not set(spoken.group(1).split()) <= _GENERIC | _NOUNS:
        return Named(spoken.start(1), spoken.end(1), None, (), "name", spoken.group(1), 0.45, known=False)
    return None


def _strongest(found: list[_Found]) -> list[_Found]:
    best: dict[object, _Found] = {}
    for item in found:
        key = item.named.offer or (item.named.said.lower(), item.named.known)
        if key not in best or (RANK[item.act], item.confidence) > (RANK[best[key].act], best[key].confidence):
            best[key] = item
    return sorted(best.values(), key=lambda item: item.start)


def _spoken(view: TurnView, item: _Found) -> Spoken:
    candidates = item.named.candidates
    if not candidates and item.named.offer is not None:
        candidates = (Candidate(offer=item.named.offer, score=round(item.named.confidence, 4)),)
    act = OfferAct(
        **view.place(item.start, item.end).fields(),
        confidence=round(item.confidence, 4),
        offer=item.named.offer,
        act=item.act,
        candidates=candidates,
        said=item.named.said,
        known=item.named.known,
    )
    return Spoken(act, item.start, item.end, item.asks)
