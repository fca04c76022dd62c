"""A score: one verdict about a turn, an offer or a conversation, with its evidence."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from evalh.models.base import Model, Unit
from evalh.models.failure import Failure
from evalh.models.vocabulary import Level, Severity, Source, State


class Evidence(Model):
    """A quoted piece of a turn: characters `start` to `end` (exclusive) of its original text."""

    turn: int = Field(ge=0)
    start: int = Field(default=0, ge=0)
    end: int = Field(default=0, ge=0)
    quote: str = ""


class Score(Model):
    """One verdict. `value` is on the evaluator's scale, by default [0, 1] with 1 free of fault; null unless scored.

    `level` follows from what is given: an offer makes it "offer", a turn "turn", neither "conversation".
    `passed` is left to the evaluator's threshold when it is not given.
    """

    evaluator: str = ""
    level: Level = "conversation"
    turn: int | None = Field(default=None, ge=0)
    offer: str | None = None
    state: State = "scored"
    value: float | None = None
    label: str | None = None
    passed: bool | None = None
    severity: Severity | None = None
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    clause: str | None = None
    expected: str | None = None
    found: str | None = None
    source: Source | None = None
    confidence: Unit | None = None
    error: Failure | None = None
    """For a score that is errored: why, where more is known than `reason`."""
    rollup: bool = False
    """Whether this is the evaluator's one summary row for the conversation."""

    @model_validator(mode="before")
    @classmethod
    def _infer_level(cls, data: Any) -> Any:
        if isinstance(data, dict) and "level" not in data:
            level = "offer" if data.get("offer") else "turn" if data.get("turn") is not None else "conversation"
            return {**data, "level": level}
        return data

    @field_validator("value", mode="before")
    @classmethod
    def _yes_is_one(cls, value: Any) -> Any:
        return float(value) if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _value_only_when_scored(self) -> Score:
        if (self.state == "scored") != (self.value is not None):
            raise ValueError("a value is given exactly when the state is 'scored'")
        if self.state != "scored" and self.passed is not None:
            raise ValueError(f"a score that is {self.state!r} neither passes nor fails")
        if self.error is not None and self.state != "errored":
            raise ValueError("an error is given only when the state is 'errored'")
        if self.level == "turn" and self.turn is None:
            raise ValueError("a score of level 'turn' needs its turn")
        return self
