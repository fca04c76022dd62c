"""The customer's issues and what became of each: by whose word, at which turn, and whether it came back.

Politeness resolves nothing: only what was done, promised, answered or refused counts, and what the customer says of it.
Why the customer is in contact is left to the intents; whether an offer came too early is left to the evaluators.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

import re2

from evalh.models import Evidence, IntentFact, Issue, ProgressFact, ToolCall
from evalh.models.vocabulary import Intent, IssueStatus, Source, Word
from evalh.reader.rules import RuleSet, load_rules
from evalh.reader.view import Place, TurnView
from evalh.text.sentences import sentences

_AGENT_LABELS = frozenset({"done", "added", "promised", "cannot", "transfer", "proposal", "routine", "answer", "pitch"})
_CUSTOMER_LABELS = frozenset({"fixed", "understood", "still_broken", "gave_up", "more", "denies", "confirms"})
_STATEMENTS = frozenset({"done", "added", "promised", "cannot", "transfer", "answer"})

_PROGRESS = {
    "still_broken": "unsolved", "fixed": "solved", "transfer": "cannot", "done": "done", "added": "done",
    "promised": "promised", "cannot": "cannot",
}  # fmt: skip
"""What a cue says of the matter, the first of these that is found."""
_ANSWERS = {"confirms": "solved", "denies": "unsolved"}
"""What further cues say after the question whether that solved it."""

_GROUPS: dict[str, frozenset[str]] = {
    "billing_question": frozenset({"bill"}),
    "billing_dispute": frozenset({"bill", "fraud"}),
    "payment": frozenset({"bill", "trade"}),
    "refund": frozenset({"bill", "trade", "leave", "service"}),
    "hardship": frozenset({"bill", "leave"}),
    "service_fault": frozenset({"service"}),
    "outage": frozenset({"service"}),
    "access": frozenset({"access"}),
    "identity_verification": frozenset({"access"}),
    "fraud": frozenset({"fraud", "bill"}),
    "bereavement": frozenset({"leave", "trade"}),
    "cancel": frozenset({"leave", "trade"}),
    "move": frozenset({"leave", "trade"}),
    "change": frozenset({"trade"}),
    "travel": frozenset({"trade"}),
    "order": frozenset({"trade"}),
    "booking": frozenset({"trade"}),
    "purchase": frozenset({"trade"}),
}
_PRIORITY: tuple[Intent, ...] = (
    "bereavement", "fraud", "billing_dispute", "outage", "service_fault", "access", "identity_verification", "cancel",
    "refund", "move", "payment", "change", "booking", "order", "purchase", "billing_question", "hardship", "complaint",
    "travel", "information", "vulnerability", "human_agent", "other",
)  # fmt: skip
_RANK = {intent: rank for rank, intent in enumerate(_PRIORITY)}
_CONTEXT = frozenset({"human_agent", "vulnerability", "complaint", "hardship", "travel", "other"})
_VAGUE = frozenset({"other", "information", "human_agent", "travel", "complaint"})
_PROBLEMS = frozenset(
    {"bereavement", "fraud", "billing_dispute", "outage", "service_fault", "access", "identity_verification", "cancel",
     "refund", "hardship", "complaint"}
)  # fmt: skip
_QUESTIONS = frozenset({"information", "billing_question"})
_ASKABLE = frozenset({"other", "order", "travel", "payment", "refund", "booking", "purchase"})
_STRONG = 0.6
_INVESTIGATED = frozenset({"fraud", "billing_dispute", "service_fault", "outage", "identity_verification", "complaint"})
_SETTLED = frozenset({"resolved", "promised"})

_ASKS_WHAT = re2.compile(
    r"\b(?:what|when|where|which|why|how (?:much|many|long|do|does|can|often)|"
    r"find|check|know|tell me|look(?:ing)? for|look up|search|show me|see if)\b"
)
_INVESTIGATION = re2.compile(
    r"\b(?:opened|raised|filed|submitted|logged|created|started|escalated|lodged)\b(?: \w+){0,4} "
    r"(?:dispute|ticket|case|claim|report|investigation|work order|complaint|fraud team|engineer(?:s|ing)?)\b"
)
_REMEDY = re2.compile(r"\b(?:exchang|replac|return|refund|money back|compensat)")
_ASKS_ELSE = re2.compile(
    r"\b(?:any|some)thing (?:else|more)\b|\bwhat else\b|\b(?:help|assist) (?:you )?further\b|\bother questions?\b"
)
_HELPLESS = re2.compile(r"^(?:i|we)\b.*\b(?:unable|able|can'?t|cannot|can not|could|couldn'?t|have)\b")
_DIRECT = re2.compile(r"^(?:yes|no|correct|absolutely|because|that'?s right)\b|\b(?:because|due to|reason)\b")
_ALL_OF_THEM = re2.compile(r"\b(?:both|all (?:of )?(?:them|your|the|three|four)|everything)\b")
_READS_ONLY = re2.compile(
    r"^(?:get|find|search|list|look|check|calculate|think|fetch|read|retrieve|query|verify|auth|identify|log_)"
)
_HANDS_OVER = re2.compile(r"transfer.*(?:human|agent|person|support|queue)|escalate|hand_?off|handover")
_FAILED = re2.compile(r"^\W*(?:error|failed|failure|exception|not found|denied)\b")
_WORD = re.compile(r"[a-z]{4,}")
_COMMON_WORDS = """
about after also another back been before call came come could does done dont doing from getting give going good
have hello help here into just know like look made make maybe more much need needs okay only please really right
said same some sure take tell than thank thanks that their them then there they thing this time today trying under
very want wanted were what when where which will with would your yours account customer service
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class _Cue:
    label: str
    confidence: float
    start: int
    end: int
    said: str
    sentence: str
    source: Source = "rule"


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: IssueStatus
    word: Word
    confidence: float
    evidence: Evidence
    source: Source = "rule"


Check = Literal["", "solved", "trouble"]
"""What the agent's last words asked: nothing of the sort, whether that solved it, or whether the trouble goes on."""

_CHECK = re2.compile(
    r"\b(?:does|did|do|is|are|was|has|have|so|can you|are you|will|would|everything|all)\b[^?]*\b(?:solve[sd]?"
    r"|help(?:s|ed)? with|"
    r"answer(?:s|ed)?|sort(?:s|ed)?|fix(?:es|ed)?|work(?:s|ing|ed)?|take[ns]? care|cover(?:s|ed)?|clear(?:s|ed"
    r"|er)?(?: (?:it|that|"
    r"things) up)?|what you (?:needed|wanted|were (?:after|looking for)|called (?:for|about)|came for)"
    r"|resolved?|settle[sd]?|"
    r"all set|back (?:up|on|online)|seeing (?:it|your|the|them)|make[s]? sense|up and running|in now|you in"
    r"|get in|got in|"
    r"better now|good now|okay now|ok now|the trick|put it right|put that right)\b[^?]*\?\W*$"
)
_CHECK_GONE = re2.compile(
    r"\b(?:it|that|this|they|everything|things|(?:the|your|those|these) \w+(?: \w+){0,4})\b[^?]*"
    r"\b(?:gone(?: away| through)?|cleared|stopped|stable|come through|through now)"
    r"(?: now| yet| for you| since| again| on your (?:end|side)| at your end)*\W*\?\W*$"
)
_CHECK_TROUBLE = re2.compile(
    r"\b(?:are|is|do|does|did|have|has|any|were)\b[^?]*\b(?:"
    r"still(?: \w+){0,3} (?:not|trouble|problems?|issues?|errors?|down|slow|out|off|stuck|red|locked|blank|cold|leaking"
    r"|happen(?:ing)?|show(?:ing)?|drop(?:ping)?|crash(?:ing)?|fail(?:ing)?|freez(?:e|ing)|cutting out)"
    r"|(?:dropped|cut out|crashed|failed|happened|frozen|disconnected|come back|gone (?:off|down|out))"
    r"(?: \w+){0,3} (?:since|again)"
    r"|any (?:more |further |other )?(?:trouble|problems?|issues?|errors?|drops?|drop-?outs?|crashes)"
    r"(?: \w+){0,3} (?:since|now|still)"
    r")\b[^?]*\?\W*$"
)
_CONTENT = re2.compile(
    r"\b(?:thanks|thank you|thx|ty|perfect|great|awesome|lovely|wonderful|good|nice|cheers|appreciate"
    r"|that's all|thats all|"
    r"nothing else|no that's it|all set)\b"
)
_CHECK_YES = re2.compile(
    r"^(?:um |uh |oh |ok |okay |yeah |well |i think |i guess |so |and |hm |hmm |mhm )*(?:yes|yeah|yep|yup|yea"
    r"|ya|yess|it is|it does|"
    r"it did|that does|that did|it sure does|sure does|sure is|sure did|perfect|great|all good|we're good"
    r"|we're straight|"
    r"sorted|looks right|looks good|correct|right|that's clear|thats clear|absolutely|definitely|indeed|it has"
    r"|i am|i'm in|"
    r"it works|works|that's it|thats it|exactly|si|oui|acceptable|fine|good)\b"
)
_CHECK_NO = re2.compile(
    r"^(?:um |uh |oh |well |actually |sorry )*(?:no|nope|nah|not really|not yet|not quite|it isn't|it doesn't"
    r"|it didn't|"
    r"that doesn't|negative|hardly)\b"
)
_NO_TROUBLE = re2.compile(r"^no (?:more|longer|further|other|problems?|issues?|errors?|worries|complaints?|trouble)\b")
_PLAIN_YES = re2.compile(r"^(?:um |uh |oh |ok |okay |well )*(?:yes|yeah|yep|yup|it is|it does|it did|it has)\b")
_YES_BUT = re2.compile(r"^(?:\w+ ){0,2}(?:yes|yeah|yep|yup|it is|it does|it did|it has)\W+(?:no|not|but|only)\b")
_FILLERS = r"^(?:(?:um|uh|oh|ok|okay|well|actually|hm|mm|luckily|thankfully),? )*"
_TROUBLE_GONE = re2.compile(
    _FILLERS + r"(?:no|nope|nah|none|never|not (?:since|once|any ?more|at all|so far|that i|now|a single|one|really)"
    r"|(?:it|they|that) (?:hasn't|has not|haven't|isn't|is not|doesn't|didn't)|(?:i'm|i am) not|i (?:haven't|don't))\b"
)
_TROUBLE_STAYS = re2.compile(
    _FILLERS
    + r"(?:yes|yeah|yep|yup|yea|ya|afraid so|i'm afraid so|unfortunately|sadly|(?:it|they|that) (?:has|does|is|did"
    r"|have|do|are)|i (?:am|do|have)|a (?:few|couple)|once|twice|constantly|every)\b"
)
_NOT_GONE = re2.compile(r"\b(?:but|still|worse|same|can't|cannot|idea|clue|sure|know)\b")
_NOT_STAYS = re2.compile(r"\b(?:fine|works?|working|gone|sorted|good|not|no|(?:has|is|does|did)n't|fixed|stopped)\b")
_UNTRIED = re2.compile(
    r"\b(?:haven't|have not|not|didn't)(?: \w+){0,2} (?:tried|tested|checked|had (?:a |the )?chance)\b"
    r"|\b(?:can't|cannot|couldn't|can not) (?:try|test|check|tell|say)\b.*"
    r"\b(?:until|till|yet|now|from here|moment|home)\b"
    r"|\b(?:let me|i'll|i will|going to|have to) (?:\w+ )?(?:see|check|try|test)(?: it| that)?"
    r"(?:\W*$| (?:if|whether|when|later|first|tonight|tomorrow)\b)"
)
"""Of what nobody has looked at yet nothing is known."""
REOPENS = 0.75
"""A model that alone hears trouble after the matter was settled must be this sure ("nope, my bus is here"), but where
the agent asked whether it is settled."""
_SURE_OF_DONE = 0.8
"""A model that alone hears that something was done must be this sure: a polite no sounds much the same."""
_SENDS = re2.compile(
    r"\b(?:sent|sending|emailed|texted|forwarded|messaged)\b"
    r"|\b(?:email|text|link|confirmation|reference)\b.*\b(?:sent|on its way)\b"
)
_BUT = re2.compile(r"\bbut\b")
_DENIED = re2.compile(
    r"\b(?:stays?|all taken|sold out|fully booked|(?:we're|we are"
    r"|(?:window|period|office|branch|shop|store|desk|deadline|offer|sale)(?: is| are| has| was)?)"
    r"(?: now| already)? closed)\b"
)
_FIRST_PERSON = re2.compile(r"^(?:i|we|glad|great|happy|good)\b")
_COMMITS = re2.compile(
    r"^(?:i|we)\b.*\b(?:send|sending|sent|dispatch\w*|open(?:ed|ing)|rais(?:ed|ing)|fil(?:ed|ing)|submitted|logged"
    r"|escalat\w*|lodged|reported|forwarded|call|contact|ring|email|mail|text|ship|deliver|refund|credit|replace|repair"
    r"|let (?:you|the|our) \w+|get back|be in touch|follow up|pass)\b"
)
_WORKS_ON = re2.compile(
    r"\b(?:let me|i'll|i will|i'm (?:just )?going to) (?:just |quickly |now |go and |have a )*"
    r"(?:check|look|run|see|pull|find|test|try|start|open|restart|reset|take a look)\b"
    r"|\bwhile i (?:check|look|run|pull|find|test|try|see|speak|ask)\b"
    r"|\b(?:one|just a|a) (?:moment|second|minute|sec)\b|\b(?:bear with|hold on|hang on)\b"
    r"|\bi(?:'m| am) (?:just |now |still )*(?:checking|running|looking|testing|pulling|trying|restarting|resetting)\b"
)
_SAYS_BYE = re2.compile(r"\b(?:bye|goodbye|have a (?:\w+ )?(?:day|evening|night|weekend|one)|take care)\b")


class IssueTracker:
    """Takes every turn of every role in order and keeps what became of the customer's issues."""

    def __init__(self) -> None:
        self._issues: list[Issue] = []
        self._words: dict[str, frozenset[str]] = {}
        self._answerable: set[str] = set()
        self._asked_else = False
        self._checked: Check = ""
        self._spoke = -1
        self._works_on = False
        self._content = False
        self._pitched = False
        self._replied_to_pitch = False
        self._asks_about_offer = False
        self._tool: bool | None = None
        self._says: ProgressFact | None = None
        self._weighed = False

    def add(
        self, view: TurnView, intents: Sequence[IntentFact], says: ProgressFact | None = None, *, weighed: bool = False
    ) -> None:
        """Take the next turn, with the intents read in it (none for a turn that is not the customer's).

        With `weighed`, `says` has the last word on what the turn says of the matter, whatever the rules found.
        """
        self._says, self._weighed = says, weighed
        role = view.turn.role
        if role == "customer":
            self._hear_customer(view, intents)
        elif role in ("agent", "human_agent"):
            self._hear_agent(view)
        elif role == "tool" and _FAILED.search(view.text):
            self._tool = False

    @property
    def checked(self) -> Check:
        """What the agent's last words asked of how it stands; empty, and so false, if nothing."""
        return self._checked

    def issues(self, ended: bool = False) -> tuple[Issue, ...]:
        """The issues so far, in the order they were raised.

        With `ended` nothing more will come: an issue still open is unresolved, or unsure where it was never clear; it
        stays open where the record stops while the agent is at work.
        """
        if not ended or self._works_on:
            return tuple(self._issues)
        return tuple(_left_open(issue, self._content, issue.turn < self._spoke) for issue in self._issues)

    def _hear_customer(self, view: TurnView, intents: Sequence[IntentFact]) -> None:
        if not view.text.strip():
            return
        self._replied_to_pitch, self._tool, self._works_on = self._pitched, None, False
        self._content = _CONTENT.search(view.text) is not None
        cues = _first_of_each(self._heard("customer", view))
        came_back = bool(self._issues) and self._take_word(view, cues)
        raised = [fact for fact in intents if not self._pitched or fact.intent in _PROBLEMS]
        if raised and not came_back:
            self._raise(view, raised, cues)
        self._asks_about_offer = self._pitched and bool(intents) and not raised

    def _heard(self, speaker: str, view: TurnView) -> Sequence[_Cue]:
        """The cues of the rules, without those that were weighed and found wanting, with the one that was missing."""
        cues = _cues(speaker, view.text)
        if not self._weighed or not self._is_trusted(speaker, view.text, cues):
            return cues
        says = self._says.says if self._says is not None else None
        if says != "done" and any(cue.label == "transfer" for cue in cues):
            says = "cannot"
        kept = [cue for cue in cues if _PROGRESS.get(cue.label) in (None, says) or (says is None and self._stands(cue))]
        if self._says is None or any(_PROGRESS.get(cue.label) == says for cue in kept):
            return kept
        label = next(label for label, meant in _PROGRESS.items() if meant == says and label != "transfer")
        return [
            _Cue(label, self._says.confidence, 0, len(view.text), view.text, view.text, self._says.source),
            *kept,
        ]

    def _is_trusted(self, speaker: str, text: str, cues: Sequence[_Cue]) -> bool:
        """Whether what was weighed counts, where no rule says the same."""
        says = self._says
        if says is None or any(_PROGRESS.get(cue.label) == says.says for cue in cues):
            return True
        sure = speaker == "customer" or says.says != "done" or says.confidence >= _SURE_OF_DONE
        return sure and not is_belied(speaker, text, says) and (says.says != "done" or not _BUT.search(text))

    def _stands(self, cue: _Cue) -> bool:
        """Whether a rule counts although the model hears nothing: who speaks says in so many words what they did."""
        if cue.label in ("fixed", "still_broken"):
            return not self._pitched
        says = {"done": _FIRST_PERSON, "promised": _COMMITS}.get(cue.label)
        return says is not None and says.search(cue.said) is not None

    def _take_word(self, view: TurnView, cues: dict[str, _Cue]) -> bool:
        """What the customer says of how it stands; whether it came back."""
        answer = _answer_to_trouble(view.text) if self._checked == "trouble" else None
        if answer is not None:
            cues = {answer.label: answer}
        return self._judge(view, cues) or self._answer_check(view, cues)

    def _judge(self, view: TurnView, cues: dict[str, _Cue]) -> bool:
        issue, settled = self._issues[-1], self._last(_SETTLED)
        if (cue := cues.get("still_broken")) and (settled is None or self._checked or not _is_faint(cue)):
            self._put(_reopened(settled or issue, view, cue))
            return True
        if cue := cues.get("fixed"):
            self._put(_confirmed(self._last({"open", "promised", "unresolved"}) or issue, _said(view, cue), cue.source))
        elif (cue := cues.get("understood")) and not self._pitched:
            self._put(_surer(self._last(_SETTLED) or issue, cue))
        elif (cue := cues.get("gave_up")) and issue.status in ("open", "unresolved") and not self._pitched:
            outcome = _Outcome("unresolved", "customer", cue.confidence, _said(view, cue), cue.source)
            self._put(_with_outcome(issue, outcome))
        return False

    def _answer_check(self, view: TurnView, cues: dict[str, _Cue]) -> bool:
        """A yes or no to "does that solve it?", in whatever words, is the customer's word on the issue."""
        if not self._checked or "still_broken" in cues or "fixed" in cues or _UNTRIED.search(view.text):
            return False
        issue = self._last({"open", "promised", "unresolved"}) or self._issues[-1]
        if cue := cues.get("confirms"):
            self._put(_confirmed(issue, _said(view, cue), cue.source))
        elif self._checked == "trouble":
            return False
        elif denial := _denial(view.text, cues):
            self._put(_reopened(issue, view, denial))
            return True
        elif match := _CHECK_YES.search(view.text):
            place = view.place(match.start(), match.end())
            self._put(_confirmed(issue, _evidence(place)))
        return False

    def _raise(self, view: TurnView, facts: Sequence[IntentFact], cues: dict[str, _Cue]) -> None:
        fact = min(facts, key=lambda fact: _RANK[fact.intent])
        current = self._issues[-1] if self._issues else None
        if current is None or self._is_new(current, fact, view.text, cues):
            self._open(view, fact)
        elif current.intent in _VAGUE and current.status == "open" and fact.intent not in _VAGUE:
            self._put(current.model_copy(update={"intent": fact.intent}))
            self._describe(current.id, fact.intent, view.text)

    def _is_new(self, current: Issue, fact: IntentFact, text: str, cues: dict[str, _Cue]) -> bool:
        same, settled, more = fact.intent == current.intent, current.status in _SETTLED, "more" in cues
        if fact.intent in ("human_agent", "other") or (same and "understood" in cues):
            return False
        if settled and (more or self._asked_else):
            return True
        if more and not same:
            return True
        if same or fact.intent in _CONTEXT or fact.intent == "information" or fact.confidence < _STRONG:
            return False
        return settled or not (_related(current.intent, fact.intent) or _REMEDY.search(text))

    def _open(self, view: TurnView, fact: IntentFact) -> None:
        issue = Issue(
            id=f"issue-{len(self._issues) + 1}",
            intent=fact.intent,
            status="open",
            turn=fact.turn,
            start=fact.start,
            end=fact.end,
            quote=fact.quote,
            confidence=fact.confidence,
        )
        self._issues.append(issue)
        self._describe(issue.id, fact.intent, view.text)

    def _describe(self, issue: str, intent: Intent, text: str) -> None:
        self._words[issue] = _content(text)
        if intent in _QUESTIONS or (intent in _ASKABLE and _ASKS_WHAT.search(text)):
            self._answerable.add(issue)
        else:
            self._answerable.discard(issue)

    def _hear_agent(self, view: TurnView) -> None:
        calls = view.turn.tool_calls
        self._tool = _tool_verdict(calls, self._tool)
        if not view.text.strip():
            self._hand_over(view, calls)
            return
        cues = self._heard("agent", view)
        for issue in self._targets(view.text):
            if outcome := self._outcome(issue, view, cues):
                self._put(_with_outcome(issue, outcome))
        self._hand_over(view, calls)
        self._pitched = self._asks_about_offer or any(cue.label == "pitch" for cue in cues)
        self._asked_else = _ASKS_ELSE.search(view.text) is not None
        self._checked = "" if self._asked_else else _asks_how_it_stands(view)
        self._spoke, self._works_on = view.index, _is_at_work(view)

    def _hand_over(self, view: TurnView, calls: Iterable[ToolCall]) -> None:
        if not any(_HANDS_OVER.search(call.name.lower()) for call in calls):
            return
        outcome = _Outcome("unresolved", "tool", 0.75, _evidence(view.whole()))
        for issue in [issue for issue in self._issues if issue.status in ("open", "unresolved")]:
            self._put(_with_outcome(issue, outcome))

    def _targets(self, text: str) -> list[Issue]:
        waiting = [issue for issue in self._issues if issue.status != "resolved"]
        if self._replied_to_pitch:
            waiting = [issue for issue in waiting if self._is_about(issue, text)]
        if len(waiting) < 2 or _ALL_OF_THEM.search(text):
            return waiting
        words = _content(text)
        return [
            max(waiting, key=lambda issue: (len(self._words[issue.id] & words), issue.status == "open", issue.turn))
        ]

    def _is_about(self, issue: Issue, text: str) -> bool:
        return "trade" in _groups(issue.intent) or len(self._words[issue.id] & _content(text)) >= 2

    def _outcome(self, issue: Issue, view: TurnView, cues: Sequence[_Cue]) -> _Outcome | None:
        said = _first_of_each(cues)
        unsettled = issue.status in ("open", "unresolved")
        if unsettled and "transfer" in said:
            return _by_agent(view, said["transfer"], "unresolved")
        if settled := self._settled(issue, view, cues, said):
            return None if self._only_sends(issue, settled, view.text) else settled
        if unsettled and "cannot" in said:
            return _by_agent(view, said["cannot"], "unresolved", 0.55 if "proposal" in said else None)
        return None

    def _only_sends(self, issue: Issue, settled: _Outcome, text: str) -> bool:
        """Whether what was done is no more than a note about what was promised: "I've just sent it to you"."""
        if issue.status != "promised" or settled.status != "resolved":
            return False
        return bool(_SENDS.search(text)) and not self._words[issue.id] & _content(text)

    def _settled(self, issue: Issue, view: TurnView, cues: Sequence[_Cue], said: dict[str, _Cue]) -> _Outcome | None:
        if issue.intent in _INVESTIGATED and (match := _INVESTIGATION.search(view.text)):
            place = view.place(match.start(), match.end())
            return _Outcome("promised", "agent", 0.7, _evidence(place))
        if cue := said.get("done") or (said.get("added") if issue.intent not in _QUESTIONS else None):
            return self._done(view, cue, "cannot" in said)
        if issue.id in self._answerable and (cue := self._answer(issue, cues)):
            return _by_agent(view, cue, "resolved", 0.6)
        if "promised" in said and "proposal" not in said:
            return _by_agent(view, said["promised"], "promised")
        return None

    def _done(self, view: TurnView, cue: _Cue, partly: bool) -> _Outcome:
        confidence = {True: 0.85, False: 0.5, None: cue.confidence}[self._tool] - (0.1 if partly else 0.0)
        return _Outcome("resolved", "tool" if self._tool else "agent", confidence, _said(view, cue), cue.source)

    def _answer(self, issue: Issue, cues: Sequence[_Cue]) -> _Cue | None:
        routine = {cue.sentence for cue in cues if cue.label == "routine"}
        if any(cue.label == "cannot" and _HELPLESS.search(cue.said) for cue in cues):
            return None
        words = self._words[issue.id]
        spoken = (cue for cue in cues if cue.label in ("answer", "cannot") and cue.sentence not in routine)
        return next((cue for cue in spoken if _answers(cue.sentence, words)), None)

    def _last(self, statuses: Iterable[str]) -> Issue | None:
        return next((issue for issue in reversed(self._issues) if issue.status in statuses), None)

    def _put(self, issue: Issue) -> None:
        index = next(index for index, old in enumerate(self._issues) if old.id == issue.id)
        self._issues[index] = issue


def said_of_matter(speaker: str, text: str, *, checked: Check | bool = False) -> tuple[str | None, float]:
    """What the rules hear a turn say of the customer's matter (a label of Progress, or None), and how sure they are.

    With `checked` the turn answers how the matter stands: whether something solved it, or whether the trouble goes on.
    """
    cues = _first_of_each(_cues(speaker, text))
    if checked == "trouble":
        answer = _answer_to_trouble(text)
        cues.pop("denies", None)
        cues = cues if answer is None else {answer.label: answer}
    elif checked and _UNTRIED.search(text):
        checked = False
    meant = {**_PROGRESS, **_ANSWERS} if checked else _PROGRESS
    label = next((label for label in meant if label in cues), None)
    return (None, 0.0) if label is None else (meant[label], cues[label].confidence)


def is_belied(speaker: str, text: str, says: ProgressFact) -> bool:
    """Whether a turn's own words speak against what the model alone hears: not tried yet, not to be had."""
    return bool(_UNTRIED.search(text)) if speaker == "customer" else says.says == "done" and says_no(text)


def says_no(text: str) -> bool:
    """Whether a turn says of something that it is not to be had: a no that sounds like a thing done."""
    return _DENIED.search(text) is not None


def _answer_to_trouble(text: str) -> _Cue | None:
    """A plain yes or no to the question whether the trouble goes on: the yes is bad news."""
    for label, wanted, unless in (("fixed", _TROUBLE_GONE, _NOT_GONE), ("still_broken", _TROUBLE_STAYS, _NOT_STAYS)):
        match = wanted.search(text)
        if match and not unless.search(text):
            return _Cue(label, 0.86, match.start(), match.end(), match.group(), text)
    return None


def _denial(text: str, cues: dict[str, _Cue]) -> _Cue | None:
    """The no in an answer to the question whether that solved it; none in a yes that has a "not" in it."""
    match = None if _NO_TROUBLE.search(text) else _CHECK_NO.search(text)
    if match:
        return _Cue("still_broken", 0.7, match.start(), match.end(), match.group(), text)
    agrees = _PLAIN_YES.search(text) and not _YES_BUT.search(text)
    return None if agrees else cues.get("denies")


def _asks_how_it_stands(view: TurnView) -> Check:
    if not view.sentences or "?" not in view.text:
        return ""
    start, end = next(((first, last) for first, last in reversed(view.sentences) if "?" in view.text[first:last]))
    asked = view.text[start:end]
    solved = _CHECK.search(asked) is not None or _CHECK_GONE.search(asked) is not None
    if _CHECK_TROUBLE.search(asked):
        return "solved" if solved and " or " in asked else "trouble"
    return "solved" if solved else ""


def _is_at_work(view: TurnView) -> bool:
    """Whether the agent ends the turn on what they are about to do at once."""
    if not view.sentences or _SAYS_BYE.search(view.text):
        return False
    start, end = view.sentences[-1]
    return _WORKS_ON.search(view.text[start:end]) is not None


def _with_outcome(issue: Issue, outcome: _Outcome) -> Issue:
    settles = outcome.status in _SETTLED
    changes: dict[str, Any] = {
        "status": outcome.status,
        "word": outcome.word,
        "confidence": outcome.confidence,
        "resolution": outcome.evidence,
        "source": outcome.source,
        "resolved_turn": outcome.evidence.turn if settles else None,
    }
    if settles and issue.status in _SETTLED and issue.resolved_turn is not None:
        changes["resolved_turn"] = issue.resolved_turn
    return issue.model_copy(update=changes)


def _is_faint(cue: _Cue) -> bool:
    return cue.source == "model" and cue.confidence < REOPENS


def _reopened(issue: Issue, view: TurnView, cue: _Cue) -> Issue:
    came_back = issue.status in _SETTLED
    outcome = _Outcome("unresolved", "customer", 0.8 if came_back else 0.65, _said(view, cue), cue.source)
    changed = _with_outcome(issue, outcome)
    if not came_back:
        return changed
    return changed.model_copy(update={"reopened_turn": view.index, "resolved_turn": issue.resolved_turn})


def _confirmed(issue: Issue, evidence: Evidence, source: Source = "rule") -> Issue:
    turn = issue.resolved_turn if issue.status == "resolved" else evidence.turn
    outcome = _Outcome("resolved", "customer", 0.9, evidence, source)
    return _with_outcome(issue, outcome).model_copy(update={"resolved_turn": turn})


def _surer(issue: Issue, cue: _Cue) -> Issue:
    if issue.status not in _SETTLED:
        return issue
    return issue.model_copy(update={"confidence": max(issue.confidence, cue.confidence)})


def _left_open(issue: Issue, content: bool, heard: bool) -> Issue:
    """What nobody called done: unresolved, but for a customer who left content, which proves nothing either way.

    Where no agent spoke after it (not `heard`) nothing can have come of it.
    """
    if issue.status != "open":
        return issue
    vague = heard and (content or issue.intent == "other")
    return issue.model_copy(update={"status": "unsure" if vague else "unresolved", "confidence": 0.4 if vague else 0.6})


def _by_agent(view: TurnView, cue: _Cue, status: IssueStatus, confidence: float | None = None) -> _Outcome:
    sure = cue.confidence if confidence is None else confidence
    return _Outcome(status, "agent", sure, _said(view, cue), cue.source)


def _said(view: TurnView, cue: _Cue) -> Evidence:
    return _evidence(view.place(cue.start, cue.end))


def _evidence(place: Place) -> Evidence:
    return Evidence(turn=place.turn, start=place.start, end=place.end, quote=place.quote)


def _groups(intent: str) -> frozenset[str]:
    return _GROUPS.get(intent, frozenset())


def _related(one: str, other: str) -> bool:
    return not _groups(one) or not _groups(other) or bool(_groups(one) & _groups(other))


def _tool_verdict(calls: Iterable[ToolCall], before: bool | None) -> bool | None:
    verdict = before
    for call in calls:
        if _READS_ONLY.search(call.name.lower()) or _HANDS_OVER.search(call.name.lower()):
            continue
        verdict = not (call.error or (isinstance(call.result, str) and _FAILED.search(call.result.lower())))
    return verdict


def _first_of_each(cues: Iterable[_Cue]) -> dict[str, _Cue]:
    found: dict[str, _Cue] = {}
    for cue in cues:
        found.setdefault(cue.label, cue)
    return found


def _answers(sentence: str, words: frozenset[str]) -> bool:
    if len(sentence.split()) < 3:
        return False
    return bool(words & _content(sentence)) or any(map(str.isdigit, sentence)) or bool(_DIRECT.search(sentence))


@lru_cache(maxsize=4_096)
def _content(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in _WORD.findall(text) if word not in _COMMON)


@lru_cache(maxsize=4_096)
def _cues(speaker: str, text: str) -> tuple[_Cue, ...]:
    rules = resolution_rules(speaker)
    return tuple(cue for start, end in sentences(text) for cue in _sentence_cues(rules, text, start, end))


def _sentence_cues(rules: RuleSet, text: str, start: int, end: int) -> list[_Cue]:
    sentence = text[start:end]
    asks = sentence.endswith("?")
    hits = (hit for hit in rules.hits(text, start, end) if not (asks and hit.label in _STATEMENTS))
    return [
        _Cue(hit.label, hit.rule.confidence, hit.start, hit.end, text[hit.start : hit.end], sentence) for hit in hits
    ]


@cache
def resolution_rules(speaker: str) -> RuleSet:
    """The rules of what a customer or an agent says of the matter."""
    labels = _CUSTOMER_LABELS if speaker == "customer" else _AGENT_LABELS
    loaded = load_rules("resolution")
    return RuleSet(loaded.construct, tuple(rule for rule in loaded.rules if rule.label in labels))
