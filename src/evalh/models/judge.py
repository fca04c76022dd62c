"""What `evalh judge check` found of a judge: answers to built-in conversations whose answers are known."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import OpenModel

ProbeKind = Literal["fact", "question", "rubric", "twin", "injection", "canary"]


class ProbeResult(OpenModel):
    """One probe: what was asked, what is known to be right, what the judge said."""

    id: str
    kind: ProbeKind
    expected: str
    found: str | None = None
    """None when the judge failed to answer."""
    passed: bool
    problem: str = ""


class ProbeRate(OpenModel):
    """How many probes of a kind were passed, and how many must be."""

    kind: ProbeKind
    passed: int
    of: int
    needed: float
    """The least share that is enough."""
    enough: bool


class JudgeCheck(OpenModel):
    """A check of one judge: model, address, parameters and prompts; another digest needs another check."""

    schema_: Literal["evalh.judge_check/1"] = Field(default="evalh.judge_check/1", alias="schema")
    evalh_version: str
    judge: str
    judge_sha256: str
    model: str
    base_url: str
    forms: tuple[Literal["facts", "picks", "rubrics"], ...] = ()
    """How it was asked: all facts of a conversation, single uncertain ones, rubrics."""
    probes_sha256: str = ""
    """The digest of the conversations it was asked about."""
    passed: bool
    stopped: bool = False
    """Whether it ended when the judge could not pass any more, with probes left."""
    rates: tuple[ProbeRate, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    """By the judge's price table; None without one."""
    currency: str | None = None
    """Of `cost`."""
