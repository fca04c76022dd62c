"""Objection handling: what the agent did after the customer said no, not now, or too dear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import LedgerEntry, Pressure, Score
from evalh.models.vocabulary import Rollup

CLOSING = ("refused", "deferred", "deflected")
OPENING = ("reopened", "accepted", "asked")


class ObjectionHandling(Evaluator):
    """After the customer refused, did the agent accept it gracefully, or pitch again or press?

    A hard no, a not now and a change of subject all close the topic until the customer reopens it. The policy says
    how many pitches it tolerates after that, whether another offer counts as one, and how often an objection may be
    answered with a further pitch.
    """

    acts = True

    rollup: Rollup = "any_fault"

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """One verdict for each refusal taken well, each pitch too many, each pressure, each reopening."""
        ledger = ctx.reading.ledger
        for first, last in _stretches(ledger):
            stretch = ledger[first:last]
            yield from self._after_refusals(ctx, ledger[:last], stretch)
            yield from self._after_objections(ctx, stretch)
            yield from _reopened(ctx, stretch)
            yield from _after_doubtful_opening(ctx, ledger, first, last)

    def _after_refusals(
        self, ctx: EvalContext, until: Sequence[LedgerEntry], stretch: Sequence[LedgerEntry]
    ) -> Iterator[Score]:
        refusals = [entry for entry in until if entry.event in CLOSING]
        if not refusals:
            return
        repeats = [entry for entry in stretch if _counts(ctx, entry, stretch)]
        faults = repeats[ctx.policy.conduct.pitches_after_refusal :]
        pressed = _pressed(ctx, stretch)
        for number, pitch in enumerate(faults, start=2 + len(repeats) - len(faults)):
            yield _repeated(ctx, _before(refusals, pitch.turn), pitch, number, stretch)
        for pressure in pressed:
            yield _pressing(ctx, _before(refusals, pressure.turn), pressure)
        blamed = {_before(refusals, act.turn).turn for act in (*faults, *pressed)}
        for refusal in stretch:
            if refusal.event in CLOSING and refusal.turn not in blamed:
                yield _graceful(ctx, refusal, f"{refusal.event}, and the agent left it at that")

    def _after_objections(self, ctx: EvalContext, stretch: Sequence[LedgerEntry]) -> Iterator[Score]:
        objections = [entry for entry in stretch if entry.event == "objected" and not entry.topic_closed]
        answers = _answers(ctx, stretch, objections)
        allowed = ctx.policy.conduct.answers_to_objection
        for number, pitch in enumerate(answers, start=1):
            yield _answered(ctx, _before(objections, pitch.turn), pitch, number <= allowed)
        blamed = {_before(objections, pitch.turn).turn for pitch in answers}
        for objection in objections:
            if objection.turn not in blamed:
                yield _graceful(ctx, objection, "objected, and the agent did not pitch again")


def _stretches(ledger: Sequence[LedgerEntry]) -> Iterator[tuple[int, int]]:
    """The parts of the ledger in which the slate is kept: each ends with the customer's taking the topic up again."""
    start = 0
    for place, entry in enumerate(ledger, start=1):
        if _takes_up(entry):
            yield start, place
            start = place
    yield start, len(ledger)


def _takes_up(entry: LedgerEntry) -> bool:
    return entry.event in OPENING and not entry.topic_closed


def _counts(ctx: EvalContext, entry: LedgerEntry, stretch: Sequence[LedgerEntry]) -> bool:
    if entry.event != "pitched" or entry.repeat_of is None or not entry.topic_closed or _required(ctx, entry):
        return False
    return ctx.policy.conduct.other_offer_counts or _same(entry, stretch)


def _required(ctx: EvalContext, entry: LedgerEntry) -> bool:
    """Whether the policy itself asks for it: the first asking about a mandatory offer, or its read-back."""
    offer = ctx.policy.offer(entry.offer)
    if offer is None or not offer.mandatory:
        return False
    read_back = any(act.act == "read_back" and act.turn == entry.turn for act in ctx.reading.acts)
    return entry.pitches <= 1 or read_back


def _same(pitch: LedgerEntry, stretch: Sequence[LedgerEntry]) -> bool:
    refused = {entry.offer for entry in stretch if entry.event in CLOSING and entry.turn < pitch.turn}
    return pitch.repeat_of == "same" or (pitch.offer is not None and pitch.offer in refused)


def _pressed(ctx: EvalContext, stretch: Sequence[LedgerEntry]) -> list[Pressure]:
    start = next((entry.turn for entry in stretch if entry.event in CLOSING), None)
    if start is None:
        return []
    end = stretch[-1].turn if _takes_up(stretch[-1]) else len(ctx.conversation.turns)
    return [pressure for pressure in ctx.reading.pressures if start < pressure.turn < end]


def _answers(ctx: EvalContext, stretch: Sequence[LedgerEntry], objections: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    if not objections:
        return []
    objected = {entry.offer for entry in objections}
    any_offer = ctx.policy.conduct.other_offer_counts
    return [
        entry
        for entry in stretch
        if entry.event == "pitched"
        and entry.repeat_of is None
        and entry.turn > objections[0].turn
        and (any_offer or entry.offer in objected)
    ]


def _before(entries: Sequence[LedgerEntry], turn: int) -> LedgerEntry:
    return next((entry for entry in reversed(entries) if entry.turn < turn), entries[0])


def _repeated(
    ctx: EvalContext, refusal: LedgerEntry, pitch: LedgerEntry, number: int, stretch: Sequence[LedgerEntry]
) -> Score:
    if not ctx.sure(refusal, pitch):
        return _unsure(pitch, f"a pitch after what may be a refusal at turn {refusal.turn}")
    same = _same(pitch, stretch)
    what = "the refused offer" if same else "another offer"
    return Score(
        level="offer",
        turn=pitch.turn,
        offer=pitch.offer,
        value=0.0,
        passed=False,
        label="repeat_pitch_same" if same else "repeat_pitch_other",
        severity="major" if number == 2 else "critical",
        reason=f"{what} was pitched after the customer {refusal.event} at turn {refusal.turn} (pitch {number})",
        evidence=ctx.cite(refusal, pitch),
        clause="conduct/pitches_after_refusal",
        expected=f"at most {ctx.policy.conduct.pitches_after_refusal} pitches after a refusal",
        found=f"{number - 1}",
        source=pitch.source,
        confidence=min(refusal.confidence, pitch.confidence),
    )


def _pressing(ctx: EvalContext, refusal: LedgerEntry, pressure: Pressure) -> Score:
    offer = pressure.offer or refusal.offer
    if not ctx.sure(refusal, pressure):
        return Score(
            level="offer",
            turn=pressure.turn,
            offer=offer,
            state="unsure",
            reason=f"what may be {pressure.kind} after what may be a refusal at turn {refusal.turn}",
        )
    return Score(
        level="offer",
        turn=pressure.turn,
        offer=offer,
        value=0.0,
        passed=False,
        label="pressure",
        severity="major",
        reason=f"{pressure.kind} after the customer {refusal.event} at turn {refusal.turn}",
        evidence=ctx.cite(refusal, pressure),
        expected="no pressure after a refusal",
        found=pressure.kind,
        source=pressure.source,
        confidence=min(refusal.confidence, pressure.confidence),
    )


def _answered(ctx: EvalContext, objection: LedgerEntry, pitch: LedgerEntry, allowed: bool) -> Score:
    if not ctx.sure(objection, pitch):
        return _unsure(pitch, f"a pitch after what may be an objection at turn {objection.turn}")
    return Score(
        level="offer",
        turn=pitch.turn,
        offer=pitch.offer,
        value=float(allowed),
        passed=allowed,
        label="answered_objection" if allowed else "over_answered",
        severity=None if allowed else "major",
        reason=f"pitched in answer to the objection at turn {objection.turn}",
        evidence=ctx.cite(objection, pitch),
        clause="conduct/answers_to_objection",
        expected=f"at most {ctx.policy.conduct.answers_to_objection} answers to an objection",
        source=pitch.source,
        confidence=min(objection.confidence, pitch.confidence),
    )


def _graceful(ctx: EvalContext, no: LedgerEntry, reason: str) -> Score:
    reaction = next((turn.index for turn in ctx.conversation.agent_turns() if turn.index > no.turn), no.turn)
    if not ctx.sure(no):
        return _unsure(no, f"the customer may have {no.event} at turn {no.turn}")
    return Score(
        level="offer",
        turn=reaction,
        offer=no.offer,
        value=1.0,
        passed=True,
        label="graceful",
        reason=reason,
        evidence=ctx.cite(no),
        source=no.source,
        confidence=no.confidence,
    )


def _reopened(ctx: EvalContext, stretch: Sequence[LedgerEntry]) -> Iterator[Score]:
    for entry in stretch:
        if entry.event == "reopened" and not ctx.sure(entry):
            yield _unsure(entry, "the customer may have taken the topic up again")
        elif entry.event == "reopened":
            yield Score(
                level="offer",
                turn=entry.turn,
                offer=entry.offer,
                value=1.0,
                passed=True,
                label="reopened",
                reason="the customer took the topic up again",
                evidence=ctx.cite(entry),
                source=entry.source,
                confidence=entry.confidence,
            )


def _after_doubtful_opening(ctx: EvalContext, ledger: Sequence[LedgerEntry], first: int, last: int) -> Iterator[Score]:
    """Pitches that are repeats unless the customer took up again what they had closed, or if they said no after all."""
    for place in range(first, last):
        entry = ledger[place]
        if entry.event == "pitched" and entry.repeat_of is None and not _required(ctx, entry):
            openings, answer = _openings(ledger[:place], entry.offer), _last_answer(ledger[:place])
            if openings and not any(ctx.sure(opening) for opening in openings):
                opened = f"a repeat, unless the customer took the topic up again at turn {openings[-1].turn}"
                yield _unsure(entry, opened)
            elif not openings and answer is not None and answer.source == "judge" and not ctx.sure(answer):
                yield _unsure(entry, f"a repeat, if the customer said no at turn {answer.turn}")


def _last_answer(before: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """What the customer last said, if it is said to be neither a no nor an objection; those are judged elsewhere."""
    said = next(
        (entry for entry in reversed(before) if entry.event in (*CLOSING, *OPENING, "objected", "ignored")), None
    )
    return said if said is not None and said.event in (*OPENING, "ignored") else None


def _openings(before: Sequence[LedgerEntry], offer: str | None) -> list[LedgerEntry]:
    """What took the topic, or that offer alone, up again since the last no; nothing where there was none."""
    closed = len(before)
    for place, entry in enumerate(before):
        if entry.event in CLOSING and (entry.offer == offer or not place or not before[place - 1].topic_closed):
            closed = place
    return [
        entry
        for entry in before[closed:]
        if entry.event in OPENING and (not entry.topic_closed or entry.offer in (None, offer))
    ]


def _unsure(entry: LedgerEntry, reason: str) -> Score:
    return Score(level="offer", turn=entry.turn, offer=entry.offer, state="unsure", reason=reason)
