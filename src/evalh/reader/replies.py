"""How a customer turn answers the offers on the table: accept, refuse, defer, deflect, object, ask, reopen, ignore.

A "no" answers the question it follows: after "anything else?" it says nothing about the offer. The rules take polarity
from words and from that question, never from the similarity of sentences; where one offer is meant, the turn model is
heard too, and the two are weighed in the light of what is on the table (`answers.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import re2

from evalh.models import OfferReply
from evalh.models.vocabulary import Act, OfferStatus, Reply, Source
from evalh.reader.answers import SILENT, ByRule, Focus, QuestionAbout, Situation, is_nod
from evalh.reader.heads import NONE, TURNS_DOWN, Judged
from evalh.reader.rules import Hit, load_rules
from evalh.reader.view import Named, TurnView
from evalh.text.amounts import amounts
from evalh.text.sentences import sentences

_CLAUSE = re2.compile(r"[.!?;\n]+\s*|,\s+|\s+(?:but|and|though|however|just)\s+")
_BUYS = re2.compile(
    r"\b(?:add it|add that|add the|sign me|i'll take|i will take|i'll have|switch me|upgrade me|put me"
    r"|set it up|set me|"
    r"do it|let's do|lets do|go ahead and|buy|book it|order it|get it|let's get|i want it|give me)\b"
)
_APPROVES = re2.compile(r"\b(?:sounds|works|looks|seems|would be)\W*$")
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
_SENTENCE = 4
"""Words that may be a sentence of their own."""
_OPEN: tuple[OfferStatus, ...] = ("pitched", "not_pitched")
"""The states of an offer that was spoken of and is not decided; of what was only asked about nobody knows more."""
AGAINST: tuple[Reply, ...] = (*TURNS_DOWN, "object")
"""What speaks against an offer, whether or not it closes the topic."""


Judge = Callable[[ByRule, Situation], Judged | None]
"""Weighs what the rules heard of the offer in this situation against the turn model; None without a model."""
_PLAIN = 0.85
"""How sure a rule must be of an answer so that the model cannot say that there is none."""
_OVERRULES = 0.75
"""How sure the model must be of another answer than such a rule's."""
_SURELY = 0.97
"""How sure it must be that an objection is more than that, that a yes with the offer's name is none, or that talk of
the customer's own matter decides about the offer."""
_YES = 0.6
"""How sure the model must be of a yes that no rule hears: a yes that nobody gave is the worst error."""
_AFTER_ANSWER = 0.85
"""How sure it must be of a no, unheard by a rule, right after the agent answered a question: who asks thinks aloud."""
_UNASKED = 0.6
"""How sure the model must be of an answer to an offer that the agent's last words were not about."""
_UNOPENED = {"refuse": 0.75, "defer": 0.75, "deflect": 0.75, "object": 0.6, "ask": 0.8, "accept": 0.8, "reopen": 0.85}
"""How sure it must be of an answer where neither rule nor model is sure that anything was pitched."""
_OFFER_HEARD = 0.3
"""From this probability of an offer in the agent's last words such an answer may be one; a "no" answers much else."""
_AFTER_TALK = 0.65
"""How sure it must be of a no to an offer that was spoken of, though not in the agent's last words."""
_COMES_BACK = 0.85
"""How sure it must be that the customer comes back to what they closed."""
_NEVER = 1.1
"""More than it can be."""


@dataclass(frozen=True, slots=True)
class OnTable:
    """An offer the customer can answer now."""

    offer: str | None
    pitched_at: int | None
    status: OfferStatus
    """The ledger's status of the offer."""
    in_focus: bool
    """Whether the agent's last words were about it."""
    lately: bool = True
    """Whether it was spoken of in the last few turns."""
    by_rule: bool = True
    """Whether a rule found what the agent's last words did with it, if they were about it."""
    act: Act = "pitch"
    """What they did with it, if they were about it."""


@dataclass(frozen=True)
class Table:
    """What the customer's turn can be an answer to."""

    offers: tuple[OnTable, ...] = ()
    question: QuestionAbout = "none"
    closed_offer: str | None = None
    """The offer whose refusal closed the topic, while it is closed."""
    topic_closed: bool = False
    acts: tuple[float, ...] = SILENT
    """What the model takes the agent's last words for (see Situation)."""
    offer_heard: float = 0.0
    """The model's probability that they did with some offer what can be answered, 0 to 1."""
    spoken_of: bool = False
    """Whether the agent has spoken of an offer by name before."""
    mentioned: str | None = None
    """The one offer that the agent's last words named, though they did nothing else with it."""


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


def read_replies(view: TurnView, named: Sequence[Named], table: Table, judge: Judge | None = None) -> list[OfferReply]:
    """The customer turn's answers, at most one for each offer.

    Where one offer is meant, `judge` weighs the rules against the turn model; of several only the rules know which.
    """
    if view.turn.backchannel:
        return []
    found = _by_rules(view, named, table)
    answered = {each.item.offer for each in found if each.decision.reply != "ignore"}
    if judge is not None and len(answered) <= 1 and sum(item.in_focus for item in table.offers) <= 1:
        return _weighed(view, named, table, found, judge)
    return [_reply(view, each.item, each.decision) for each in found if not each.is_nothing]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What the rules hear of one offer."""

    item: OnTable
    decision: _Decision

    @property
    def is_nothing(self) -> bool:
        """Whether nobody offered what the customer does not answer."""
        return self.item.status == "not_pitched" and self.decision.reply == "ignore"


def _by_rules(view: TurnView, named: Sequence[Named], table: Table) -> list[_Candidate]:
    focused = [item for item in table.offers if item.in_focus]
    found = [_Candidate(item, _decide_for(view, item, named, table)) for item in focused]
    return found + _unprompted(view, named, table, {item.offer for item in focused}, bool(focused))


def _weighed(
    view: TurnView, named: Sequence[Named], table: Table, found: Sequence[_Candidate], judge: Judge
) -> list[OfferReply]:
    """What rules and model together make of the one offer that the turn can be about."""
    heard = next((each for each in found if each.decision.reply != "ignore"), found[0] if found else None)
    item = heard.item if heard is not None else _meant(table)
    decision = heard.decision if heard is not None else None
    judged = judge(_said(decision), _situation(item, named, table))
    names_it = any(name.offer is not None and name.offer == item.offer for name in named)
    if judged is None or not _is_believed(view, judged, decision, item, table, named=names_it):
        return [
            _reply(view, each.item, _doubted(each.decision, judged) if each is heard else each.decision)
            for each in found
            if not each.is_nothing
        ]
    reply = _in_place(judged, item, table)
    if reply is None:
        return []
    if reply == "ask" and item.offer is None and not item.in_focus and table.mentioned is not None:
        item = OnTable(table.mentioned, None, "not_pitched", in_focus=False)
    if decision is not None and decision.reply == judged.label:
        return [_reply(view, item, replace(decision, reply=reply, confidence=judged.confidence))]
    return [_reply(view, item, _Decision(reply, judged.confidence, 0, len(view.text), "model"))]


def _is_believed(
    view: TurnView, judged: Judged, decision: _Decision | None, item: OnTable, table: Table, *, named: bool
) -> bool:
    """Whether what rules and model say together stands against what the rules say by themselves."""
    if judged.source == "rule":
        return True
    if judged.label in AGAINST and is_nod(view.text):
        return False
    if decision is not None and not _overrules(view, judged, decision, named):
        return False
    if judged.label in (NONE, "ignore"):
        return True
    return judged.confidence >= (_needed_at_once(judged, item) if item.in_focus else _needed(judged, item, table))


def _overrules(view: TurnView, judged: Judged, decision: _Decision, named: bool) -> bool:
    """Whether the model may say something else than a rule that heard a plain answer, or one to another question."""
    if decision.beside:
        return judged.label not in ("accept", "refuse")
    if decision.goes_on and judged.label in ("accept", "refuse", "defer"):
        return judged.label != "accept" and judged.confidence >= _SURELY
    if not _is_plain(decision):
        return True
    if judged.label in (NONE, "ignore"):
        return decision.reply == "accept" and is_nod(view.text)
    doubted = decision.reply == "object" or (decision.reply == "accept" and named)
    return judged.confidence >= (_SURELY if doubted else _OVERRULES)


def _is_plain(decision: _Decision) -> bool:
    return decision.reply not in ("ignore", "ask") and decision.confidence >= _PLAIN


def _doubted(decision: _Decision, judged: Judged | None) -> _Decision:
    """What the rules guess is no surer than rules and model together are."""
    if judged is None or _is_plain(decision) or decision.reply == "ignore":
        return decision
    return replace(decision, confidence=min(decision.confidence, judged.heard))


def _needed_at_once(judged: Judged, item: OnTable) -> float:
    """How sure the model must be of what no rule hears, right after the agent spoke of the offer."""
    if judged.label == "accept":
        return _YES
    return _AFTER_ANSWER if item.act == "answer" and judged.label in TURNS_DOWN else 0.0


def _needed(judged: Judged, item: OnTable, table: Table) -> float:
    """How sure it must be where the agent's last words were about no offer that anybody heard."""
    maybe = table.offer_heard >= _OFFER_HEARD
    if table.topic_closed:
        if judged.label in TURNS_DOWN:
            return _UNASKED if maybe else _AFTER_TALK
        return {"accept": _UNASKED, "ask": _COMES_BACK, "reopen": _COMES_BACK}.get(judged.label, _NEVER)
    if item.lately and item.status in _OPEN:
        return _UNASKED
    if any(each.status == "pitched" for each in table.offers):
        return _NEVER
    if maybe or judged.label in ("ask", "reopen"):
        return _UNOPENED.get(judged.label, _NEVER)
    return _AFTER_TALK if table.spoken_of and judged.label in TURNS_DOWN else _NEVER


def _meant(table: Table) -> OnTable:
    """What a turn is about of which no rule says so: the one offer that is open, the one that was closed, or any."""
    open_ones = [item for item in table.offers if item.status in _OPEN and item.lately]
    if len(open_ones) == 1 and not table.topic_closed:
        return open_ones[0]
    if table.topic_closed:
        closed = [item for item in table.offers if item.offer == table.closed_offer]
        return closed[0] if closed else OnTable(table.closed_offer, None, "refused", in_focus=False)
    return OnTable(None, None, "not_pitched", in_focus=False, lately=False)


def _said(decision: _Decision | None) -> ByRule:
    return ByRule() if decision is None else ByRule(decision.reply, decision.confidence, decision.beside)


def _situation(item: OnTable, named: Sequence[Named], table: Table) -> Situation:
    focus: Focus = "spoken" if table.spoken_of else "none"
    if item.in_focus:
        focus = item.act if item.act in ("pitch", "read_back") else "answer"
    elif item.lately and item.status in _OPEN:
        focus = "talked"
    return Situation(
        focus=focus,
        by_rule=item.by_rule,
        named=item.offer is not None,
        status=item.status,
        question=table.question,
        topic_closed=table.topic_closed,
        names_offer=any(name.offer is not None for name in named),
        acts=table.acts,
    )


def _in_place(judged: Judged, item: OnTable, table: Table) -> Reply | None:
    """What the label is called here: only what was pitched is ignored, and who comes back to it does so unasked."""
    if judged.label in (NONE, "ignore"):
        return "ignore" if item.in_focus and item.status != "not_pitched" and item.act != "answer" else None
    if judged.label in ("ask", "reopen") and not item.in_focus:
        closed = table.topic_closed and item.offer == table.closed_offer
        return "reopen" if closed or (judged.label == "reopen" and judged.confidence >= _COMES_BACK) else "ask"
    return judged.label  # type: ignore[return-value]


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
) -> list[_Candidate]:
    """What the customer says of an offer that the agent's last words were not about."""
    status = {item.offer: item for item in table.offers}
    found: list[_Candidate] = []
    for offer in dict.fromkeys(name.offer for name in named if name.offer is not None):
        if offer in answered:
            continue
        name = next(name for name in named if name.offer == offer)
        item = status.get(offer, OnTable(offer, None, "not_pitched", in_focus=False, lately=False))
        decision = _about_named(view, name, item)
        if decision is not None:
            found.append(_Candidate(item, decision))
    if found or focused:
        return found
    return _by_reference(view, table)


def _about_named(view: TurnView, name: Named, item: OnTable) -> _Decision | None:
    start, end = view.sentence_at(name.start)
    hits = _by_label(load_rules("replies").hits(view.text, start, end))
    status = item.status
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


def _by_reference(view: TurnView, table: Table) -> list[_Candidate]:
    """Coming back to an offer without its name ("actually, what was that thing you mentioned?")."""
    hits = _by_label(load_rules("replies").hits(view.text))
    open_ones = [item for item in table.offers if item.status in _OPEN and item.lately]
    if table.topic_closed and "reopen" in hits and table.question != "other":
        return [_Candidate(_meant(table), _of(hits["reopen"], "reopen", 0.65))]
    if len(open_ones) != 1 or table.question == "other":
        return []
    decided = _decide(view.text, 0, len(view.text), table.question, False)
    if decided is None or decided.reply in ("ignore", "reopen"):
        return []
    if decided.reply == "accept" and table.question == "none":
        return []
    return [_Candidate(open_ones[0], replace(decided, confidence=decided.confidence - 0.2))]


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
    if "ask" in best and (_asks_on(best, text) or ("accept" not in best and text[start:end].rstrip().endswith("?"))):
        return _of(best["ask"], "ask", 0.75)
    return _plain_yes(best, text, start, end, question)


def _asks_on(best: dict[str, Hit], text: str) -> bool:
    """Whether a question follows mere approval: "that sounds more like it, what's the fee if i leave"."""
    accept = best.get("accept")
    if accept is None or best["ask"].start < accept.end:
        return False
    return accept.rule.id == "accept.soft" or bool(_APPROVES.search(text[accept.start : accept.end]))


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


def _reply(view: TurnView, item: OnTable, decision: _Decision) -> OfferReply:
    return OfferReply(
        **view.place(decision.start, decision.end).fields(),
        confidence=round(decision.confidence, 4),
        offer=item.offer,
        source=decision.source,
        reply=decision.reply,
        to_turn=item.pitched_at,
    )
