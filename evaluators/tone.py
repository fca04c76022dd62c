"""Tone: how each agent turn speaks, and whether it uses a customer's distress."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Mood, Pressure, Register, Score
from evalh.models.vocabulary import PressureKind, RegisterLabel, Rollup


class Tone(Evaluator):
    """Is each agent turn empathetic or at least neutral, and never pushy, robotic or exploitative?

    Pressing a customer who is frustrated is exploitative, whatever the rest of the turn sounds like.
    """

    rollup: Rollup = "mean"
    threshold: float = Field(default=0.7, allow_inf_nan=False)
    empathetic: float = Field(default=1.0, ge=0, le=1)
    neutral: float = Field(default=0.8, ge=0, le=1)
    robotic: float = Field(default=0.3, ge=0, le=1)
    pushy: float = Field(default=0.0, ge=0, le=1)
    exploits: tuple[PressureKind, ...] = ("false_urgency", "scarcity", "fear", "guilt")
    """The kinds of pressure that exploit a frustrated customer."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """One verdict for each agent turn whose register was read or that presses a frustrated customer."""
        pressed = self._pressed(ctx)
        registers = {fact.turn: fact for fact in ctx.reading.registers}
        for turn in sorted({*registers, *pressed}):
            yield _exploitative(ctx, *pressed[turn]) if turn in pressed else self._spoken(ctx, registers[turn])

    def _pressed(self, ctx: EvalContext) -> dict[int, tuple[Pressure, Mood]]:
        """By turn, the surest pressure on a customer whose last mood was frustrated."""
        found: dict[int, tuple[Pressure, Mood]] = {}
        for fact in sorted(ctx.reading.pressures, key=lambda fact: fact.confidence):
            mood = ctx.reading.mood_before(fact.turn)
            if fact.kind in self.exploits and mood is not None and _may_frustrate(ctx, mood):
                found[fact.turn] = (fact, mood)
        return found

    def _spoken(self, ctx: EvalContext, fact: Register) -> Score:
        label = fact.register_
        if not ctx.sure(fact):
            return Score(turn=fact.turn, state="unsure", reason=f"may be {label}")
        passed = label in ("empathetic", "neutral")
        return Score(
            turn=fact.turn,
            value=self._value(label),
            passed=passed,
            label=label,
            severity=None if passed else "major" if label == "pushy" else "minor",
            reason=fact.reason or label,
            evidence=ctx.cite(fact),
            expected=None if passed else "empathetic or neutral",
            found=None if passed else label,
            source=fact.source,
            confidence=fact.confidence,
        )

    def _value(self, label: RegisterLabel) -> float:
        values = {"empathetic": self.empathetic, "neutral": self.neutral, "robotic": self.robotic, "pushy": self.pushy}
        return values[label]


def _may_frustrate(ctx: EvalContext, mood: Mood) -> bool:
    """Whether the mood is frustrated, or another of which a judge says that it is in doubt."""
    return mood.mood == "frustrated" or (mood.source == "judge" and not ctx.sure(mood))


def _exploitative(ctx: EvalContext, fact: Pressure, mood: Mood) -> Score:
    if not ctx.sure(fact, mood):
        return Score(turn=fact.turn, state="unsure", reason=f"may be {fact.kind} to a frustrated customer")
    return Score(
        turn=fact.turn,
        value=0.0,
        passed=False,
        label="exploitative",
        severity="critical",
        reason=f"{fact.kind} to a customer who was frustrated at turn {mood.turn}",
        evidence=ctx.cite(mood, fact),
        expected="no pressure on a frustrated customer",
        found=fact.kind,
        source=fact.source,
        confidence=min(fact.confidence, mood.confidence),
    )
