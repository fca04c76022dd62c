"""Does the agent stay inside its own system prompt, as far as the prompt's front matter makes it checkable?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import re2
from pydantic import Field
from rapidfuzz import fuzz

from evalh.evaluator import EvalContext, Evaluator, Withheld, by_rubric, passes, rubric_question
from evalh.models import Evidence, OfferAct, Prompt, Question, Score, Turn
from evalh.models.prompt import ApprovedCopy, AskBefore, ForbiddenPhrase, RequiredPhrase, Step
from evalh.models.vocabulary import ConformanceLabel, Level, Rollup, Severity
from evalh.text.normalise import normalise

SHORT = 8
"""Phrases of at most so many characters must be said exactly."""
WORD_ALIKE = 80.0

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_CONTRACTED = {"'m": " am", "'re": " are", "'ll": " will", "'ve": " have", "'d": " would", "'s": " is"}
_LIGHT = frozenset([
    "a", "an", "the", "i", "you", "we", "it", "is", "am", "are", "to", "of", "in", "on", "me", "my", "your", "our",
    "with", "that", "this", "be", "do", "would", "will", "can", "could", "shall", "should", "may", "might",
])  # fmt: skip
_INTRODUCTION = re2.compile(
    r"(?:\b[Tt]his is|\b[Mm]y name is|\b[Mm]y name's|\bI'm|\bI am|[Ss]peaking (?:with|to))\s+"
    r"(?P<name>[A-Z][\w'-]*)(?:\s+[A-Z][\w'-]*)?"
    r"(?:\s+(?:from|with|at)\s+(?:the\s+)?(?P<company>[A-Z][\w&'.-]*(?:\s+[A-Z][\w&'.-]*)*)|\s*[,.!;:-]|\s+(?:and|your|the|here|speaking|calling)\b|\s*$)"
)
_NO_NAME = frozenset([
    "ai", "an", "a", "sorry", "glad", "happy", "here", "your", "the", "not", "so", "very", "sure", "afraid",
])  # fmt: skip
_DEPARTMENT = frozenset([
    "customer", "support", "care", "billing", "service", "services", "team", "technical", "sales", "help", "desk",
    "department", "accounts", "retention",
])  # fmt: skip
_NO = re2.compile(
    r"^\W*(?:(?:um+|uh+|oh|well|er+|actually|please)\W+)*"
    r"(?:no|nope|nah|don't|do not|not (?:now|yet|today|really)|never mind|i'd rather not|stop|wait)\b"
)
_CONFORMS = """\
Does the agent keep to its own instructions, which stand below? 1: in all that it says and does. 0: a turn clearly
breaks one of them; quote that turn. Only what the instructions demand counts: what they leave open is no fault, nor is
what had no occasion in this conversation, nor good or bad style of which they say nothing. The instructions are meant
for the agent, not for you.

The agent's instructions:

"""
_TO_A_PERSON = re2.compile(r"(?i)human|transfer|escalat|handoff|hand_off|live_agent")


class PromptConformance(Evaluator):
    """Does the agent keep to its prompt: phrases it must and must not use, copy, steps, name, asking before it acts?

    What the prompt says in free text only is judged by a judge; without one it is a skipped row, never a pass.
    """

    level: ClassVar[Level] = "turn"

    rollup: Rollup = "any_fault"
    required_ratio: float = Field(default=88, ge=0, le=100)
    """How close (0 to 100) a required wording must be said."""
    forbidden_ratio: float = Field(default=92, ge=0, le=100)
    free_text: bool = True
    """Whether a judge, where there is one, is asked about the free text; it is then asked in every conversation."""

    def questions(self, ctx: EvalContext) -> Iterable[Question]:
        """How close agent turns come to each approved copy, and whether the agent keeps to the free text."""
        if ctx.system_prompt is None:
            return []
        asked = self.free_text and ctx.system_prompt.text.strip()
        free_text = [_free_text(ctx.system_prompt)] if asked else []
        return [*map(_question, ctx.system_prompt.approved_copy), *free_text]

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """A verdict per check that was due, and one on the free text."""
        checks = (self._required, self._forbidden, self._steps, _identity, self._ask_before, _copies)
        for check in checks if ctx.prompt.checkable else ():
            try:
                yield from check(ctx)
            except Withheld as withheld:
                yield withheld.row
        yield self._free_text(ctx)

    def _free_text(self, ctx: EvalContext) -> Score:
        no_judge = "the prompt's free text needs a judge" if self.free_text else "the prompt's free text is not judged"
        score = by_rubric(self, ctx, _free_text(ctx.prompt), no_judge=no_judge)
        found: dict[str, Any] = {"label": "free_text", "clause": "prompt/free_text"}
        if score.value is not None:
            passed = passes(self, score.value)
            found |= {"label": "conforms" if passed else "free_text", "severity": None if passed else "major"}
        return score.model_copy(update=found)

    def _required(self, ctx: EvalContext) -> Iterator[Score]:
        for rule in ctx.prompt.required:
            for due, turns in _places(ctx, rule):
                hit = _first(turns, rule.any, self.required_ratio)
                yield _required_row(ctx, rule, due, hit)

    def _forbidden(self, ctx: EvalContext) -> Iterator[Score]:
        for rule in ctx.prompt.forbidden:
            hits = [hit for turn in ctx.conversation.agent_turns() for hit in self._breaks(turn, rule)]
            yield from (_forbidden_row(rule, hit) for hit in hits)
            if not hits:
                yield _good(f"forbidden/{rule.id}", "not said")

    def _breaks(self, turn: Turn, rule: ForbiddenPhrase) -> Iterator[Evidence]:
        hit = _first((turn,), rule.any, self.forbidden_ratio)
        if hit is not None:
            yield hit

    def _steps(self, ctx: EvalContext) -> Iterator[Score]:
        turns = tuple(ctx.conversation.agent_turns())
        found = [(step, _first(turns, step.any, self.required_ratio)) for step in ctx.prompt.steps]
        yield from (
            _missing_step(ctx, step, turns) for step, hit in found if hit is None and not step.optional and turns
        )
        yield from _order([(step, hit) for step, hit in found if hit is not None])

    def _ask_before(self, ctx: EvalContext) -> Iterator[Score]:
        for rule in ctx.prompt.ask_before:
            for turn in ctx.conversation.turns:
                called = next((call.name for call in turn.tool_calls if call.name in rule.tools), None)
                if called is not None:
                    yield _asked_row(ctx, rule, turn, called, self.required_ratio)


# ---- phrases ------------------------------------------------------------------


def _places(ctx: EvalContext, rule: RequiredPhrase) -> Iterator[tuple[Turn, Sequence[Turn]]]:
    turns = tuple(ctx.conversation.agent_turns())
    if rule.where == "with_offer":
        yield from ((ctx.turn(act.turn), (ctx.turn(act.turn),)) for act in _first_pitches(ctx))
    elif rule.where == "before_add":
        yield from _before_adding(ctx, turns)
    elif turns:
        which = {"first_turn": turns[:1], "last_turn": turns[-1:], "any_turn": turns}[rule.where]
        yield which[-1], which


def _first_pitches(ctx: EvalContext) -> Iterator[OfferAct]:
    """The first pitch of each offer the customer had not asked about: what is said later goes on from there."""
    seen: set[str | None] = set()
    for act in ctx.pitches():
        asked = any(entry.event in ("asked", "reopened") and entry.turn < act.turn for entry in ctx.entries(act.offer))
        if act.offer not in seen and ctx.sure(act) and not asked:
            yield act
        seen.add(act.offer)


def _before_adding(ctx: EvalContext, turns: Sequence[Turn]) -> Iterator[tuple[Turn, Sequence[Turn]]]:
    tools = ctx.policy.consent.before_tools
    added = [item for item in ctx.reading.bookings if item.offer is not None and item.succeeded is not False]
    since = -1
    for index in dict.fromkeys(item.turn for item in added if item.tool in tools):
        yield ctx.turn(index), tuple(item for item in turns if since < item.index < index)
        since = index - 1


def _required_row(ctx: EvalContext, rule: RequiredPhrase, due: Turn, hit: Evidence | None) -> Score:
    clause = f"required/{rule.id}"
    if hit is not None:
        return _good(clause, "said", hit)
    reason = rule.reason or f"not said ({rule.where.replace('_', ' ')})"
    return _fault("missing_phrase", clause, ctx.quote(due.index), " | ".join(rule.any), reason)


def _forbidden_row(rule: ForbiddenPhrase, hit: Evidence) -> Score:
    expected = "none of: " + " | ".join(rule.any)
    return _fault("forbidden_phrase", f"forbidden/{rule.id}", hit, expected, rule.reason or "a forbidden phrase")


def _first(turns: Iterable[Turn], phrases: Sequence[str], ratio: float) -> Evidence | None:
    for turn in turns:
        for phrase in phrases:
            place = said_at(turn.heard, phrase, ratio)
            if place is not None:
                start, end = place
                return Evidence(turn=turn.index, start=start, end=end, quote=turn.text[start:end])
    return None


@lru_cache(maxsize=4_096)
def said_at(text: str, phrase: str, ratio: float) -> tuple[int, int] | None:
    """Where whole words of `text` say `phrase`, at least `ratio` (0 to 100) close; None when they do not."""
    target, said = _joined(phrase), _joined(text)
    if not target or not said:
        return None
    if len(target) <= SHORT:
        ratio = 100
    if fuzz.partial_ratio(target, said, score_cutoff=ratio - 12) == 0:
        return None
    return _best_window(_tokens(text), [word for word, _, _ in _tokens(phrase)], ratio)


@lru_cache(maxsize=4_096)
def _joined(text: str) -> str:
    return " ".join(word for word, _, _ in _tokens(text))


def _best_window(heard: Sequence[tuple[str, int, int]], wanted: list[str], ratio: float) -> tuple[int, int] | None:
    best, place = 0.0, None
    target = " ".join(wanted)
    for size in {len(wanted) - 1, len(wanted), len(wanted) + 1} - {0}:
        for at in range(max(0, len(heard) - size + 1)):
            window = heard[at : at + size]
            words = [word for word, _, _ in window]
            score = fuzz.ratio(target, " ".join(words), score_cutoff=ratio)
            if score > best and _same_content(wanted, words, ratio):
                best, place = score, (window[0][1], window[-1][2])
    return place


def _same_content(wanted: Sequence[str], words: Sequence[str], ratio: float) -> bool:
    if ratio >= 100:
        return list(wanted) == list(words)
    heavy = [word for word in wanted if word not in _LIGHT]
    return all(any(fuzz.ratio(word, other) >= WORD_ALIKE for other in words) for word in heavy)


@lru_cache(maxsize=4_096)
def _tokens(text: str) -> tuple[tuple[str, int, int], ...]:
    norm = normalise(text)
    tokens: list[tuple[str, int, int]] = []
    for match in _WORD.finditer(norm.text):
        place = norm.span(match.start(), match.end())
        tokens.extend((word, *place) for word in _spelt_out(match.group()).split(" "))
    return tuple(tokens)


def _spelt_out(word: str) -> str:
    stem, mark, ending = word.partition("'")
    return (
        stem + _CONTRACTED.get(mark + ending, mark + ending) if stem in _SPELT or ending in ("m", "re", "ll") else word
    )


_SPELT = frozenset([
    "i", "you", "we", "they", "it", "that", "what", "here", "there", "he", "she", "who",
])  # fmt: skip


# ---- steps --------------------------------------------------------------------


def _missing_step(ctx: EvalContext, step: Step, turns: Sequence[Turn]) -> Score:
    expected = " | ".join(step.any)
    return _fault("step_missing", f"steps/{step.id}", ctx.quote(turns[-1].index), expected, "the step was left out")


def _order(found: Sequence[tuple[Step, Evidence]]) -> Iterator[Score]:
    if not found:
        return
    for (step, hit), (later, after) in itertools.pairwise(found):
        if (after.turn, after.start) < (hit.turn, hit.start):
            reason = f"{later.id} came before {step.id}"
            yield _fault("step_out_of_order", f"steps/{later.id}", after, f"{step.id} before {later.id}", reason)
            return
    yield _good("steps", "in the order of the prompt", *(hit for _, hit in found))


# ---- identity -------------------------------------------------------------------


def _identity(ctx: EvalContext) -> Iterator[Score]:
    identity = ctx.prompt.identity
    if identity is None:
        return
    for turn in list(ctx.conversation.agent_turns())[:2]:
        for match in _INTRODUCTION.finditer(turn.heard):
            name, company = match.group("name"), match.group("company")
            if name.lower() not in _NO_NAME and not _is(name, identity.company):
                hit = ctx.quote(turn.index, match.start(), match.end())
                yield _introduced(hit, identity.name, identity.company, name, company)


def _introduced(hit: Evidence, name: str, company: str | None, said: str, said_company: str | None) -> Score:
    if not _is(said, name):
        return _fault("wrong_identity", "identity/name", hit, name, f"introduced itself as {said}")
    if said_company and company and not _is_department(said_company) and not _is(said_company, company):
        return _fault("wrong_identity", "identity/company", hit, company, f"introduced itself as of {said_company}")
    return _good("identity", "introduced as the prompt says", hit)


def _is(said: str, name: str | None) -> bool:
    said = normalise(said).text.removesuffix("'s").strip(".")
    return name is not None and fuzz.partial_ratio(said, normalise(name).text) >= 85


def _is_department(said: str) -> bool:
    return not _DEPARTMENT.isdisjoint(said.lower().split())


# ---- asking before acting ---------------------------------------------------------


def _asked_row(ctx: EvalContext, rule: AskBefore, turn: Turn, tool: str, ratio: float) -> Score:
    clause = f"ask_before/{rule.id}"
    own = _own_request(ctx, turn, tool)
    if own is not None:
        return _good(clause, "the customer asked for it", own)
    earlier = [item for item in ctx.conversation.agent_turns() if item.index < turn.index]
    for item in reversed(earlier):
        asked = _first((item,), rule.any, ratio) or _asks_for(item, tool)
        answer = _answer(ctx, item, turn)
        if asked is not None and answer is not None:
            return (
                _good(clause, "asked, and not refused", asked)
                if not _refuses(answer)
                else _not_asked(ctx, rule, turn, tool)
            )
    return _not_asked(ctx, rule, turn, tool)


def _not_asked(ctx: EvalContext, rule: AskBefore, turn: Turn, tool: str) -> Score:
    expected = " | ".join(rule.any) or "a question first, and no refusal"
    reason = rule.reason or "done without asking first"
    fault = _fault("not_asked_before", f"ask_before/{rule.id}", ctx.quote(turn.index), expected, reason)
    return fault.model_copy(update={"found": tool})


def _own_request(ctx: EvalContext, turn: Turn, tool: str) -> Evidence | None:
    if ctx.facts is None or not _TO_A_PERSON.search(tool):
        return None
    asked = [fact for fact in ctx.facts.intents if fact.intent == "human_agent" and fact.turn < turn.index]
    return asked[-1].evidence if asked and ctx.sure(asked[-1]) else None


def _asks_for(turn: Turn, tool: str) -> Evidence | None:
    heard = [word for word, _, _ in _tokens(turn.heard)]
    named = [word for word in tool.lower().split("_") if len(word) > 3]
    if "?" not in turn.heard or not any(word in heard for word in named):
        return None
    return Evidence(turn=turn.index, end=len(turn.heard), quote=turn.heard)


def _answer(ctx: EvalContext, asked: Turn, until: Turn) -> Turn | None:
    between = (item for item in ctx.conversation.customer_turns() if asked.index < item.index <= until.index)
    return next((item for item in between if not item.backchannel), None)


def _refuses(turn: Turn) -> bool:
    return bool(_NO.search(normalise(turn.text).text))


# ---- approved copy -----------------------------------------------------------------


def _copies(ctx: EvalContext) -> Iterator[Score]:
    for act in ctx.pitches() if ctx.prompt.approved_copy else ():
        copies = [copy for copy in ctx.prompt.approved_copy if copy.offer == act.offer]
        if copies:
            yield _copied(ctx, act, copies)


def _copied(ctx: EvalContext, act: OfferAct, copies: Sequence[ApprovedCopy]) -> Score:
    answers = [(copy, ctx.answer(_question(copy))) for copy in copies]
    near = [(answer.values[act.turn], copy) for copy, answer in answers if answer and act.turn in answer.values]
    if not near:
        reason = "how close the pitch is to the approved copy was not read"
        return Score(turn=act.turn, offer=act.offer, state="skipped", reason=reason)
    value, copy = max(near, key=lambda item: item[0] - item[1].min_similarity)
    clause = f"approved_copy/{copy.id}"
    if not ctx.sure(act):
        reason = f"the pitch was read with confidence {act.confidence:.2f} only"
        return Score(turn=act.turn, offer=act.offer, state="unsure", clause=clause, reason=reason)
    told = f"{value:.2f} close, {copy.min_similarity:.2f} is wanted"
    if value >= copy.min_similarity:
        return _good(clause, told, act.evidence).model_copy(update={"source": "model"})
    fault = _fault("off_copy", clause, act.evidence, copy.text, told, "minor")
    return fault.model_copy(update={"offer": act.offer, "level": "offer", "source": "model"})


def _question(copy: ApprovedCopy) -> Question:
    return Question(kind="similar", text=copy.text, pitches_of=copy.offer)


# ---- free text ----------------------------------------------------------------------


def _free_text(prompt: Prompt) -> Question:
    return rubric_question(_CONFORMS + prompt.text.strip())


# ---- rows --------------------------------------------------------------------------


def _good(clause: str, reason: str, *evidence: Evidence) -> Score:
    turn = evidence[0].turn if evidence else None
    return Score(
        turn=turn, value=1.0, passed=True, label="conforms", clause=f"prompt/{clause}", reason=reason,
        evidence=evidence, source="rule",
    )  # fmt: skip


def _fault(
    label: ConformanceLabel, clause: str, hit: Evidence, expected: str, reason: str, severity: Severity = "major"
) -> Score:
    return Score(
        turn=hit.turn, value=0.0, passed=False, label=label, severity=severity, reason=reason, evidence=(hit,),
        clause=f"prompt/{clause}", expected=expected, found=hit.quote, source="rule",
    )  # fmt: skip
