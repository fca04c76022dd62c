"""How a customer turn answers the offers on the table: accept, refuse, defer, deflect, object, ask, reopen, ignore.

A "no" answers the question it follows: after "anything else?" it says nothing about the offer. Polarity comes from
words and from that question, never from the similarity of sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import re2

from evalh.models import OfferReply
from evalh.models.vocabulary import Reply, Source
from evalh.reader.heads import NONE, TURNS_DOWN, Judged
from evalh.reader.rules import Hit, load_rules
from evalh.reader.view import Named, TurnView
from evalh.text.amounts import amounts
from evalh.text.sentences import sentences

QuestionAbout = Literal["offer", "hear", "other", "none"]
"""Whether to buy an offer, whether to hear of it, something else, or no question."""
_CLAUSE = re2.compile(r"[.!?;\n]+\s*|,\s+|\s+(?:but|and|though|however|just)\s+")
_BUYS = re2.compile(
    r"\b(?:add it|add that|add the|sign me|i'll take|i will take|i'll have|switch me|upgrade me|put me"
    r"|set it up|set me|"
    r"do it|let's do|lets do|go ahead and|buy|book it|order it|get it|let's get|i want it|give me)\b"
)
_NUMBERING = re2.compile(r"^(?:\s*(?:[0-9]+[.)]|[-*])\s*)?")
_TURN = re2.compile(r"[.;!?,]|\b(?:but|actually|wait|ok|okay|yes|then|fine|well|so)\b")
_REPORTED = re2.compile(
    r"\b(?:told|informed|advised|recommended|thought|understood|said|assumed|heard|was supposed|last time|back then)\b"
)
_NOT_A_NO = re2.compile(r"^(?:uh |um |oh |well )*no (?:problem|problems|worries|doubt|rush|wonder|prob|kidding|way)\b")
_ABOUT_IT = re2.compile(
    r"\b(?:it|that|this|one|price|cost|costs|pay|month|monthly|contract|fee|fees|free|cover|covers|include|included|"
    r"discount|deal|offer|cheaper|expensive|cancel|term|speed|catch|charge|much)\b"
)
_WANTS = re2.compile(
    r"\?|\b(?:how much|tell me|can i|could i|may i|can you|could you|do you (?:have|offer|sell|do)|is there|are there|"
    r"what(?:'s| is| are| about| does)|i(?:'d| would) (?:like|love)|i want|i wanna|want to|interested"
    r"|looking (?:for|at|to|"
    r"into)|i need|i'm after|get me|add|sign me up|switch me|upgrade me|thinking (?:of|about)|wondering)\b"
)
_UNMISTAKABLE = (
    "refuse.dont_want", "refuse.keep", "refuse.moot", "refuse.cannot", "refuse.not_buying", "defer.time", "defer.said",
    "defer.not_mine", "object.price", "object.faults", "ask.price",
)  # fmt: skip
"""Rules whose words speak of an offer even where another question was asked."""
_CLEAR_YES = ("yes", "yeah", "please", "sure", "absolutely", "definitely", "yep", "yup")
_WEAK_YES = re2.compile(
    r"^\W*(?:(?:uh|um|er|well|oh|so|and|right|alright|all right|ok|okay|k|fine|please|go|go on)\W*)+$"
)
"""What opens any sentence as well as it says yes."""
_NOD = re2.compile(
    r"^\W*(?:(?:uh|um|oh|ah|well|so|and|right|alright|all right|ok|okay|k|kk|fine|good|great|cool|nice|perfect|thanks"
    r"|thank you|thx|got it|gotcha|understood|i see|i understand|noted|good to know|makes sense)\W*)+$"
)
"""What takes note of anything."""
_SENTENCE = 4
"""Words that may be a sentence of their own."""
_OPEN: tuple[str, ...] = ("pitched", "not_pitched")
"""The states of an offer that was spoken of and is not decided; of what was only asked about nobody knows more."""
AGAINST: tuple[Reply, ...] = (*TURNS_DOWN, "object")
"""What speaks against an offer, whether or not it closes the topic."""


Judge = Callable[[str | None, float], Judged | None]
"""Weighs a rule's reply (None: no rule spoke) and its confidence against the turn model; None without a model."""
_OVERRULES = 0.6
"""How sure the model must be to overrule rules that knew which offer was asked about and heard an answer."""
_HEARD_NOTHING = 0.5
"""How sure it must be of an answer where those rules heard none."""
_GUESSED = 0.6
"""A rule that is no surer only guesses: a figure in an answer may be a question about the price."""
_LEAST = {"accept": 0.7}
"""How sure of those that do harm where they are wrong."""
_DOUBTS_YES = 0.75
"""How sure it must be that a yes of which the rules are not sure is a no: a yes that nobody gave is the worst error."""
_PLAIN = 0.85
"""How sure a rule must be of an answer so that the model cannot say that there is none."""
_DOUBTS_OBJECTION = 0.97
"""How sure it must be that what a rule takes for an objection is more than that: an objection leaves the topic open."""
_AFTER_ANSWER = 0.85
"""How sure it must be of a no that only it hears, right after the agent answered a question about the offer."""
_UNASKED = 0.6
"""How sure the model must be of an answer to an offer that the agent's last words were not about."""
_ABOUT_NOTHING = 0.9
"""How sure it must be of an answer where only the model took the agent's words for one about an offer, unnamed."""
_UNOPENED = {"refuse": 0.75, "defer": 0.75, "deflect": 0.75, "object": 0.6, "ask": 0.8, "accept": 0.8}
"""How sure it must be of an answer where neither rule nor model is sure that anything was pitched."""
_OFFER_HEARD = 0.3
"""From this probability of an offer in the agent's last words such an answer may be one; a "no" answers much else."""
_AFTER_TALK = 0.8
"""How sure it must be of a no to an offer that was spoken of, though not in the agent's last words."""
_COMES_BACK = 0.7
"""How sure it must be that the customer comes back to what they closed."""


@dataclass(frozen=True, slots=True)
class OnTable:
    """An offer the customer can answer now."""

    offer: str | None
    pitched_at: int | None
    status: str
    """The ledger's status of the offer."""
    in_focus: bool
    """Whether the agent's last words were about it."""
    lately: bool = True
    """Whether it was spoken of in the last few turns."""
    by_rule: bool = True
    """Whether a rule found what the agent's last words did with it."""
    pitched_now: bool = True
    """Whether the agent's last words pitched it, or read it back; else they answered a question."""


@dataclass(frozen=True)
class Table:
    """What the customer's turn can be an answer to."""

    offers: tuple[OnTable, ...] = ()
    question: QuestionAbout = "none"
    closed_offer: str | None = None
    """The offer whose refusal closed the topic, while it is closed."""
    topic_closed: bool = False
    offer_heard: float = 0.0
    """The model's probability that the agent's last words did with some offer what can be answered, 0 to 1."""
    spoken_of: bool = False
    """Whether the agent has spoken of an offer by name before."""


@dataclass(frozen=True, slots=True)
class _Decision:
    reply: Reply
    confidence: float
    start: int
    end: int
    source: Source = "rule"
    beside: bool = False
    """Whether it answers another question, so that its yes or no says nothing of the offer."""
    goes_on: bool = False
    """Whether the customer goes on about their own matter, which takes no offer."""
    unrelated: bool = False
    """Whether the model hears no answer to any offer: what was no pitch is then not ignored either."""


def read_replies(view: TurnView, named: Sequence[Named], table: Table, judge: Judge | None = None) -> list[OfferReply]:
    """The customer turn's answers, at most one for each offer; `judge` weighs them against the turn model."""
    if view.turn.backchannel:
        return []
    focused = [item for item in table.offers if item.in_focus]
    replies: list[OfferReply] = []
    for item in focused:
        decision = _decide_for(view, item, named, table)
        if judge is not None and len(focused) == 1 and _may_be_weighed(item):
            decision = _weighed(view, decision, judge, item)
            if not item.pitched_now and (decision.unrelated or _is_doubtful(item, decision)):
                continue
        if item.status == "not_pitched" and decision.reply == "ignore":
            continue
        replies.append(_reply(view, item.offer, item.pitched_at, decision))
    answered = {item.offer for item in focused}
    replies += _unprompted(view, named, table, answered, bool(focused))
    return replies or (_unasked(view, table, judge) if judge is not None else [])


def _may_be_weighed(item: OnTable) -> bool:
    """Of what the customer asked about by name, and nobody pitched, only the rules know."""
    return item.status != "not_pitched" or item.offer is None or item.pitched_now


def _is_doubtful(item: OnTable, decision: _Decision) -> bool:
    """Whether the model alone took what was said before for an answer about some offer, and is not sure of this one."""
    unheard = item.offer is None and item.status == "not_pitched" and not item.by_rule
    return unheard and decision.source == "model" and decision.confidence < _ABOUT_NOTHING


def _weighed(view: TurnView, decision: _Decision, judge: Judge, item: OnTable) -> _Decision:
    judged = judge(decision.reply, decision.confidence)
    if judged is None or not _may_overrule(view, decision, judged, item):
        return decision
    if judged.label == decision.reply:
        return replace(decision, confidence=judged.confidence)
    return _judged(view, judged)


def _may_overrule(view: TurnView, decision: _Decision, judged: Judged, item: OnTable) -> bool:
    """Whether what rules and model say together stands against what the rules say of this turn."""
    least = _needed(decision, judged) if item.by_rule else _LEAST.get(judged.label, 0.0)
    if judged.source == "model" and _sure(judged) < least:
        return False
    if _doubts_a_no(decision, judged, item) or _says_what_was_heard(view, decision, judged):
        return False
    if _is_only_a_nod(view, judged) or (decision.goes_on and judged.label == "accept"):
        return False
    return not (decision.beside and judged.label in ("accept", "refuse"))


def _judged(view: TurnView, judged: Judged) -> _Decision:
    reply: Reply = "ignore" if judged.label == NONE else judged.label  # type: ignore[assignment]
    unrelated = judged.label == NONE
    return _Decision(reply, judged.confidence, 0, len(view.text), judged.source, unrelated=unrelated)


def _says_what_was_heard(view: TurnView, decision: _Decision, judged: Judged) -> bool:
    """Whether a rule heard a plain answer where the model hears none; "ok, thanks" is none by itself."""
    plain = decision.reply not in ("ignore", "ask") and decision.confidence >= _PLAIN
    plain = plain and judged.label in (NONE, "ignore")
    return plain and not (decision.reply == "accept" and _NOD.search(view.text))


def _is_only_a_nod(view: TurnView, judged: Judged) -> bool:
    """Whether "got it", which never says no, is all that the customer says."""
    return judged.label in AGAINST and bool(_NOD.search(view.text))


def _doubts_a_no(decision: _Decision, judged: Judged, item: OnTable) -> bool:
    """Whether the model hears a no to what the customer had asked about: who asks is interested, and thinks aloud."""
    turns_down = judged.label in TURNS_DOWN and judged.label != decision.reply
    return turns_down and not item.pitched_now and judged.confidence < _AFTER_ANSWER


def _sure(judged: Judged) -> float:
    """How sure the model is of what the label does to the offer."""
    return max(judged.confidence, judged.alike)


def _needed(decision: _Decision, judged: Judged) -> float:
    """How sure the model must be of another answer than the rules heard."""
    if decision.reply == "ignore" or decision.confidence <= _GUESSED:
        return _LEAST.get(judged.label, _HEARD_NOTHING)
    if decision.reply == "object" and decision.confidence >= _PLAIN:
        return _DOUBTS_OBJECTION
    return _DOUBTS_YES if decision.reply == "accept" and judged.label in AGAINST else _OVERRULES


def _unasked(view: TurnView, table: Table, judge: Judge) -> list[OfferReply]:
    """What the model hears though no rule does: of an offer that is open or was closed, or of one no rule heard."""
    judged = judge(None, 0.0)
    if judged is None or judged.label in (NONE, "ignore") or _is_only_a_nod(view, judged):
        return []
    decision = _judged(view, judged)
    if table.topic_closed:
        return _once_closed(view, table, decision, judged.alike)
    open_ones = [item for item in table.offers if item.status in _OPEN and item.lately]
    if len(open_ones) == 1:
        if _sure(judged) < _UNASKED:
            return []
        said = replace(decision, reply="ask") if decision.reply == "reopen" else decision
        return [_reply(view, open_ones[0].offer, open_ones[0].pitched_at, said)]
    pitched = any(item.status == "pitched" for item in table.offers)
    if pitched or _sure(judged) < _needed_unopened(table, decision.reply):
        return []
    return [_reply(view, None, None, decision)]


def _needed_unopened(table: Table, reply: Reply) -> float:
    """How sure the model must be of an answer while nothing is open; above 1 where none is believed."""
    of_their_own_accord = reply == "ask"
    if table.offer_heard >= _OFFER_HEARD or of_their_own_accord:
        return _UNOPENED.get(reply, 1.1)
    return _AFTER_TALK if table.spoken_of and reply in TURNS_DOWN else 1.1


def _once_closed(view: TurnView, table: Table, decision: _Decision, alike: float) -> list[OfferReply]:
    """Another no to another try, or the customer's own coming back to it."""
    if max(decision.confidence, alike) < _UNASKED:
        return []
    if decision.reply in ("reopen", "ask") and decision.confidence >= _COMES_BACK:
        return [_reply(view, table.closed_offer, None, replace(decision, reply="reopen"))]
    if decision.reply == "accept" or (
        decision.reply in TURNS_DOWN and (table.offer_heard >= _OFFER_HEARD or alike >= _AFTER_TALK)
    ):
        return [_reply(view, table.closed_offer, None, decision)]
    return []


def _decide_for(view: TurnView, item: OnTable, named: Sequence[Named], table: Table) -> _Decision:
    mine = [name for name in named if name.offer is not None and name.offer == item.offer]
    rivals = {other.offer for other in table.offers if other.in_focus or other.status == "pitched"} - {item.offer}
    if rivals and any(name.offer in rivals for name in named):
        if not mine:
            return _Decision("ignore", 0.5, 0, len(view.text))
        start, end = _clause(view.text, mine[0])
        decided = _decide(view.text, start, end, table.question, True)
        return decided or _Decision("ignore", 0.5, start, end)
    start, end = view.sentence_at(mine[0].start) if mine and len(view.sentences) > 1 else (0, len(view.text))
    start += len(_NUMBERING.search(view.text[start:end]).group())
    decided = _decide(view.text, start, end, table.question, bool(mine))
    if decided is None and mine:
        decided = _decide(view.text, 0, len(view.text), table.question, False)
    if decided is None and table.question != "other" and ("?" in view.text or amounts(view.text)):
        decided = _Decision("ask", 0.5, 0, len(view.text))
    if decided is not None and item.status == "not_pitched" and not _answers_a_request(decided, bool(mine)):
        decided = None
    return decided or _Decision("ignore", 0.6, 0, len(view.text))


def _answers_a_request(decided: _Decision, named: bool) -> bool:
    """What can be said of an offer the customer asked about themselves, before anybody pitched it."""
    if decided.reply == "accept":
        return decided.confidence >= 0.9
    return decided.reply == "ask" or (
        decided.reply in ("refuse", "defer", "object") and (named or decided.confidence >= 0.8)
    )


def _unprompted(
    view: TurnView, named: Sequence[Named], table: Table, answered: set[str | None], focused: bool
) -> list[OfferReply]:
    """What the customer says of an offer that the agent's last words were not about."""
    status = {item.offer: item for item in table.offers}
    found: list[OfferReply] = []
    for offer in dict.fromkeys(name.offer for name in named if name.offer is not None):
        if offer in answered:
            continue
        name = next(name for name in named if name.offer == offer)
        reply = _about_named(view, name, status.get(offer))
        if reply is not None:
            pitched_at = status[offer].pitched_at if offer in status else None
            found.append(_reply(view, offer, pitched_at, reply))
    if found or focused:
        return found
    return _by_reference(view, table)


def _about_named(view: TurnView, name: Named, item: OnTable | None) -> _Decision | None:
    start, end = view.sentence_at(name.start)
    hits = _by_label(load_rules("replies").hits(view.text, start, end))
    status = item.status if item is not None else "not_pitched"
    if "refuse" in hits and "ask" not in hits and not _REPORTED.search(view.text[start:end]):
        return _Decision("refuse", 0.75, start, end)
    if not ("accept" in hits or "ask" in hits or "reopen" in hits or "?" in view.text[start:end]):
        return None
    if status == "not_pitched" and not _WANTS.search(view.text[start:end]):
        return None
    if status in ("refused", "deferred", "deflected"):
        return _Decision("reopen", 0.85, start, end)
    if status == "pitched" and "accept" in hits:
        return _Decision("accept", 0.75, start, end)
    return _Decision("ask", 0.75, start, end)


def _by_reference(view: TurnView, table: Table) -> list[OfferReply]:
    """Coming back to an offer without its name ("actually, what was that thing you mentioned?")."""
    hits = _by_label(load_rules("replies").hits(view.text))
    open_ones = [item for item in table.offers if item.status in _OPEN and item.lately]
    if table.topic_closed and "reopen" in hits and table.question != "other":
        return [_reply(view, table.closed_offer, None, _of(hits["reopen"], "reopen", 0.65))]
    if len(open_ones) != 1 or table.question == "other":
        return []
    decided = _decide(view.text, 0, len(view.text), table.question, False)
    if decided is None or decided.reply in ("ignore", "reopen"):
        return []
    if decided.reply == "accept" and table.question == "none":
        return []
    weaker = replace(decided, confidence=decided.confidence - 0.2)
    return [_reply(view, open_ones[0].offer, open_ones[0].pitched_at, weaker)]


def _decide(text: str, start: int, end: int, question: QuestionAbout, named: bool) -> _Decision | None:
    hits = list(load_rules("replies").hits(text, start, end))
    if _NOT_A_NO.search(text[start:end]):
        hits = [hit for hit in hits if hit.label != "bare_no"]
    if question == "other" and not named:
        return _beside_the_point(hits, text, start, end)
    if not named:
        hits = _without_matter(hits, text)
    best = _by_label([*hits, *_later_yes_or_no(text, start, end, hits)])
    decided = _by_label_and_question(best, text, start, end, question)
    if "matter" in best and (decided is None or decided.reply == "ignore"):
        return _Decision("ignore", 0.6, start, end, goes_on=True)
    return decided


def _by_label_and_question(
    best: dict[str, Hit], text: str, start: int, end: int, question: QuestionAbout
) -> _Decision | None:
    if "bare_no" in best:
        return _after_no(best, text, start, end, question)
    if "bare_yes" in best:
        return _after_yes(best, text, start, end, question)
    return _by_words(best, text, start, end, question)


def _without_matter(hits: list[Hit], text: str) -> list[Hit]:
    """The hits without a yes that is of the customer's matter ("I want to get the second charge taken off")."""
    matters = [hit for hit in hits if hit.label == "matter"]
    return [hit for hit in hits if not any(_is_of(hit, matter, text) for matter in matters)]


def _is_of(hit: Hit, matter: Hit, text: str) -> bool:
    if hit.label == "accept":
        return hit.start < matter.end and matter.start < hit.end
    return hit.label == "bare_yes" and matter.start <= hit.end + 1 and bool(_WEAK_YES.search(text[hit.start : hit.end]))


def _later_yes_or_no(text: str, start: int, end: int, hits: Sequence[Hit]) -> list[Hit]:
    """A yes or no that opens a later sentence ("Oh, the albums! Yes, for both of us")."""
    if any(hit.label in ("bare_yes", "bare_no") for hit in hits):
        return []
    for first, last in sentences(text):
        if start < first and last <= end:
            found = [
                hit for hit in load_rules("replies").hits(text, first, last) if hit.label in ("bare_yes", "bare_no")
            ]
            if found and not _NOT_A_NO.search(text[first:last]):
                return found
    return []


def _beside_the_point(hits: list[Hit], text: str, start: int, end: int) -> _Decision | None:
    """An answer to another question: only words that cannot mean that question speak of the offer."""
    strong = [hit for hit in hits if hit.rule.id in _UNMISTAKABLE]
    if any(hit.label in ("closing", "bare_no") for hit in hits) or not strong:
        short = any(hit.label in ("closing", "bare_no", "bare_yes") for hit in hits)
        return _Decision("ignore", 0.6, start, end, beside=True) if short else None
    decided = _by_words(_by_label(strong), text, start, end)
    return None if decided is None else _Decision(decided.reply, decided.confidence - 0.3, decided.start, decided.end)


def _after_no(best: dict[str, Hit], text: str, start: int, end: int, question: QuestionAbout) -> _Decision | None:
    hit = best["bare_no"]
    turned = best.get("accept")
    if turned is not None and turned.start > hit.start and "refuse" not in best and "defer" not in best:
        return _of(turned, "accept", 0.55)
    if "ask" in best and "refuse" not in best and _after_but(text, best["ask"]):
        return _of(best["ask"], "ask", 0.7)
    if "defer" in best and "refuse" not in best:
        return _of(best["defer"], "defer", 0.85)
    if "closing" in best and question not in ("offer", "hear") and "refuse" not in best:
        return _Decision("ignore", 0.5, start, end)
    return _Decision("refuse", 0.95 if question in ("offer", "hear") or "refuse" in best else 0.75, hit.start, end)


def _after_yes(best: dict[str, Hit], text: str, start: int, end: int, question: QuestionAbout) -> _Decision | None:
    against = _by_words({key: hit for key, hit in best.items() if key in AGAINST}, text, start, end)
    if against is not None:
        return against
    if "ask" in best and text[start:end].rstrip().endswith("?") and "accept" not in best:
        return _of(best["ask"], "ask", 0.75)
    return _plain_yes(best, text, start, end, question)


def _plain_yes(best: dict[str, Hit], text: str, start: int, end: int, question: QuestionAbout) -> _Decision | None:
    hit = best["bare_yes"]
    if question == "hear" and not _BUYS.search(text[start:end]):
        return _of(hit, "ask", 0.85)
    if "accept" not in best and _only_opens(text[start:end], text[hit.start : hit.end]):
        return _by_words(best, text, start, end)
    if "accept" in best or question == "offer":
        return _Decision("accept", 0.95 if "accept" in best else 0.9, start, end)
    said = text[hit.start : hit.end].strip(" ,.!")
    if said.endswith(_CLEAR_YES) and len(text[start:end].split()) <= 6:
        return _Decision("accept", 0.7, start, end)
    return _by_words(best, text, start, end) if "ask" in best else _Decision("ignore", 0.5, start, end)


def _only_opens(text: str, said: str) -> bool:
    """Whether the yes is a word that opens any sentence, and one follows: "ok I'll use wifi then"."""
    return bool(_WEAK_YES.search(said)) and len(text.split()) >= len(said.split()) + _SENTENCE


def _by_words(
    best: dict[str, Hit], text: str, start: int, end: int, question: QuestionAbout = "none"
) -> _Decision | None:
    refuse, accept = best.get("refuse"), best.get("accept")
    if refuse is not None and accept is not None and "defer" not in best and _turns(text, refuse, accept):
        return _of(accept, "accept", 0.55)
    against = next((reply for reply in AGAINST if reply in best), None)
    if against is not None:
        return _of(best[against], against, best[against].rule.confidence)
    return _open_to_it(best, text, start, end, question)


def _open_to_it(best: dict[str, Hit], text: str, start: int, end: int, question: QuestionAbout) -> _Decision | None:
    accept, ask = best.get("accept"), best.get("ask")
    if accept is not None and question == "hear" and not _BUYS.search(text[start:end]):
        return _of(accept, "ask", 0.75)
    if accept is not None and (ask is None or accept.start < ask.start):
        return _of(accept, "accept", accept.rule.confidence)
    if ask is None:
        return None
    return _of(ask, "ask", 0.85 if _ABOUT_IT.search(text[start:end]) else 0.6)


def _turns(text: str, refuse: Hit, accept: Hit) -> bool:
    """Whether the yes comes after the no, in a clause of its own: a change of mind, not "I don't want to add it"."""
    return accept.start > refuse.end and bool(_TURN.search(text[refuse.end : accept.start]))


def _after_but(text: str, hit: Hit) -> bool:
    return "but" in text[: hit.start].split()


def _of(hit: Hit, reply: Reply, confidence: float) -> _Decision:
    return _Decision(reply, confidence, hit.start, hit.end)


def _by_label(hits: Iterable[Hit]) -> dict[str, Hit]:
    """The surest hit of each label; the first of equals."""
    best: dict[str, Hit] = {}
    for hit in hits:
        known = best.get(hit.label)
        if known is None or hit.rule.confidence > known.rule.confidence:
            best[hit.label] = hit
    return best


def _clause(text: str, name: Named) -> tuple[int, int]:
    start, end = 0, len(text)
    for match in _CLAUSE.finditer(text):
        if match.end() <= name.start:
            start = match.end()
        elif match.start() >= name.end:
            end = match.start()
            break
    return start, end


def _reply(view: TurnView, offer: str | None, to_turn: int | None, decision: _Decision) -> OfferReply:
    return OfferReply(
        **view.place(decision.start, decision.end).fields(),
        confidence=round(decision.confidence, 4),
        offer=offer,
        source=decision.source,
        reply=decision.reply,
        to_turn=to_turn,
    )
