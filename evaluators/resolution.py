"""Resolution: whether the customer's problem was solved, and whether an offer waited for that."""

from __future__ import annotations

from collections.abc import Iterator

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Evidence, Fact, Issue, Mood, Offer, OfferAct, Score
from evalh.models.vocabulary import Intent, ResolutionLabel, Rollup

SETTLED = ("resolved", "promised")

EXPECTED: dict[ResolutionLabel, str] = {
    "unresolved": "resolved",
    "outcome_lost": "the outcome is kept",
    "offer_before_resolution": "an offer after the problem is solved",
    "offer_while_frustrated": "no offer to a frustrated customer",
}


class Resolution(Evaluator):
    """Was the problem the customer came with solved, before any offer, and did it stay solved after it?

    Rows of level "conversation" are about the problems, rows of level "offer" about the timing of offers. Offers that
    the policy makes part of the task, mandatory ones, and those the customer asks for may come earlier.
    """

    level = "conversation"

    rollup: Rollup = "any_fault"
    wanted_intents: tuple[Intent, ...] = ("purchase",)
    """What a customer wants to buy is no problem that an offer must wait for."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """A verdict for each problem, for what became of it after an offer, and for the timing of each offer."""
        for issue in ctx.reading.issues:
            yield _outcome(ctx, issue)
            yield from _after_offer(ctx, issue)
        for pitch in _first_pitches(ctx):
            if _must_wait(ctx, pitch):
                yield from self._timing(ctx, pitch)

    def _timing(self, ctx: EvalContext, pitch: OfferAct) -> Iterator[Score]:
        found = [row for row in (self._too_early(ctx, pitch), _while_frustrated(ctx, pitch)) if row is not None]
        yield from found or [_well_timed(ctx, pitch)]

    def _too_early(self, ctx: EvalContext, pitch: OfferAct) -> Score | None:
        wanted = _wanted(ctx, pitch, self.wanted_intents)
        if wanted:
            return None
        open_issues = [
            issue
            for issue in ctx.reading.issues
            if issue.intent not in self.wanted_intents and _raised(ctx, issue, pitch) and not _settled(issue, pitch)
        ]
        sure = [issue for issue in open_issues if _surely_open(issue, pitch) and ctx.sure(issue, pitch)]
        if sure and wanted is None:
            return _unsure(pitch, "the customer may have asked for it")
        if sure:
            return _before_resolution(ctx, sure[0], pitch)
        return _unsure(pitch, "what may be a problem was open when it was offered") if open_issues else None


def _outcome(ctx: EvalContext, issue: Issue) -> Score:
    if issue.status in ("unsure", "open") or not ctx.sure(issue):
        return Score(level="conversation", state="unsure", reason=f"whether {_name(issue)} was solved cannot be told")
    if issue.status in SETTLED:
        word = f" by the {issue.word}'s word" if issue.word else ""
        label: ResolutionLabel = "promised" if issue.status == "promised" else "resolved"
        return _issue_row(issue, label, 1.0, f"{_name(issue)} was {issue.status}{word}", _resolution(ctx, issue))
    reason = f"{_name(issue)} was not solved"
    return _issue_row(issue, "unresolved", 0.0, reason, _never_solved(ctx, issue))


def _after_offer(ctx: EvalContext, issue: Issue) -> Iterator[Score]:
    """What an offer did to a problem that was settled before it; nothing when all stayed as it was."""
    pitch = next((act for act in ctx.pitches() if _settled(issue, act)), None)
    back = issue.reopened_turn
    reopened = back is not None and any(act.turn < back for act in ctx.pitches())
    lost = issue.status == "unresolved" and pitch is not None
    if not (reopened or lost) or issue.status in ("unsure", "open") or not ctx.sure(issue):
        return
    evidence = (*_resolution(ctx, issue), *((ctx.quote(back),) if back is not None else ()))
    if issue.status in SETTLED:
        yield _issue_row(issue, "outcome_kept", 1.0, f"{_name(issue)} came back and was settled again", evidence)
        return
    reason = f"{_name(issue)} was settled, and no longer was after the offer"
    yield _issue_row(issue, "outcome_lost", 0.0, reason, evidence)


def _issue_row(
    issue: Issue,
    label: ResolutionLabel,
    value: float,
    reason: str,
    evidence: tuple[Evidence, ...],
) -> Score:
    return Score(
        level="conversation",
        value=value,
        passed=value > 0,
        label=label,
        severity=None if value else "major",
        reason=reason,
        evidence=evidence,
        expected=EXPECTED.get(label),
        found=None if value else issue.status,
        source=issue.source,
        confidence=issue.confidence,
    )


def _first_pitches(ctx: EvalContext) -> Iterator[OfferAct]:
    seen: set[str] = set()
    for act in ctx.pitches():
        key = act.offer or act.said.casefold()
        if act.known and key not in seen:
            seen.add(key)
            yield act


def _must_wait(ctx: EvalContext, pitch: OfferAct) -> bool:
    """Whether the policy wants the problem solved first; for a name that may mean several offers, for any of them."""
    ids = (pitch.offer, *(candidate.offer for candidate in pitch.candidates if pitch.offer is None))
    offers = [offer for offer in map(ctx.policy.offer, ids) if offer is not None]
    return ctx.policy.conduct.resolution_first and (not offers or any(map(_waits, offers)))


def _waits(offer: Offer) -> bool:
    return offer.timing == "after_resolution" and not offer.mandatory


def _wanted(ctx: EvalContext, pitch: OfferAct, intents: tuple[Intent, ...]) -> bool | None:
    """Whether the customer brought the offer up: asked about it, or came to buy and named it; None: perhaps."""
    if pitch.offer is None:
        return False
    asked = [entry for entry in ctx.entries(pitch.offer) if entry.event in ("asked", "reopened")]
    because: list[Fact] = [entry for entry in asked if entry.turn < pitch.turn]
    if _named_by_customer(ctx, pitch):
        because += [fact for fact in ctx.reading.intents if fact.intent in intents and fact.turn <= pitch.turn]
    return any(map(ctx.sure, because)) or (None if because else False)


def _named_by_customer(ctx: EvalContext, pitch: OfferAct) -> bool:
    return any(
        mention.offer == pitch.offer and mention.turn < pitch.turn and ctx.turn(mention.turn).role == "customer"
        for mention in ctx.reading.mentions
    )


def _raised(ctx: EvalContext, issue: Issue, pitch: OfferAct) -> bool:
    """Whether the problem was on the table; an offer before the customer's first word comes before any problem."""
    spoken = any(turn.index < pitch.turn for turn in ctx.conversation.customer_turns())
    return issue.turn < pitch.turn or not spoken


def _surely_open(issue: Issue, pitch: OfferAct) -> bool:
    """Whether it can be told; a problem that came back after the offer had been settled once, who knows when."""
    done, back = issue.resolved_turn, issue.reopened_turn
    came_back_later = back is not None and pitch.turn < back and (done is None or back < done)
    return issue.status != "unsure" and not came_back_later


def _settled(issue: Issue, pitch: OfferAct) -> bool:
    """Whether it was solved or promised when the offer was made, and had not come back by then."""
    done, back = issue.resolved_turn, issue.reopened_turn
    if done is None or done > pitch.turn or (back is not None and done < back < pitch.turn):
        return False
    same_turn = issue.resolution is not None and issue.resolution.turn == done == pitch.turn
    return not same_turn or (issue.resolution is not None and issue.resolution.start < pitch.start)


def _before_resolution(ctx: EvalContext, issue: Issue, pitch: OfferAct) -> Score:
    reason = f"offered before {_name(issue)}, raised at turn {issue.turn}, was solved"
    return _timing_row(ctx, pitch, "offer_before_resolution", reason, issue)


def _while_frustrated(ctx: EvalContext, pitch: OfferAct) -> Score | None:
    mood = ctx.reading.mood_before(pitch.turn)
    if mood is None or not _may_frustrate(ctx, mood):
        return None
    if not ctx.sure(mood, pitch):
        return _unsure(pitch, f"the customer may have been frustrated at turn {mood.turn}")
    reason = f"offered to a customer who was frustrated at turn {mood.turn}"
    return _timing_row(ctx, pitch, "offer_while_frustrated", reason, mood)


def _may_frustrate(ctx: EvalContext, mood: Mood) -> bool:
    """Whether the mood is frustrated, or another of which a judge says that it is in doubt."""
    return mood.mood == "frustrated" or (mood.source == "judge" and not ctx.sure(mood))


def _well_timed(ctx: EvalContext, pitch: OfferAct) -> Score:
    if not ctx.sure(pitch):
        return _unsure(pitch, "this may not be an offer")
    return _timing_row(ctx, pitch, "resolved_before_offer", "no problem was open when it was offered")


def _timing_row(ctx: EvalContext, pitch: OfferAct, label: ResolutionLabel, reason: str, *because: Fact) -> Score:
    """A verdict on when an offer was made; a fault when there are facts `because` of which it was too early."""
    return Score(
        level="offer",
        turn=pitch.turn,
        offer=pitch.offer,
        value=0.0 if because else 1.0,
        passed=not because,
        label=label,
        severity="major" if because else None,
        reason=reason,
        evidence=ctx.cite(*because, pitch),
        clause="conduct/resolution_first" if label == "offer_before_resolution" else None,
        expected=EXPECTED.get(label),
        source=pitch.source,
        confidence=min(fact.confidence for fact in (pitch, *because)),
    )


def _unsure(pitch: OfferAct, reason: str) -> Score:
    return Score(level="offer", turn=pitch.turn, offer=pitch.offer, state="unsure", reason=reason)


def _name(issue: Issue) -> str:
    return f"the problem {issue.id!r} ({issue.intent})"


def _resolution(ctx: EvalContext, issue: Issue) -> tuple[Evidence, ...]:
    if issue.resolution is not None:
        return (issue.resolution,)
    return (ctx.quote(issue.resolved_turn),) if issue.resolved_turn is not None else ctx.cite(issue)


def _never_solved(ctx: EvalContext, issue: Issue) -> tuple[Evidence, ...]:
    last = max((turn.index for turn in ctx.conversation.agent_turns()), default=None)
    return (*ctx.cite(issue), *((ctx.quote(last),) if last is not None else ()))
