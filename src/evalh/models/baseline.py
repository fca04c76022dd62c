"""One side of a comparison, case by case; and such a side kept as the baseline of a run configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import Json, OpenModel, digest
from evalh.models.comparison import SideInfo
from evalh.models.results import EvaluatorInfo, StateCounts


class CaseTrials(OpenModel):
    """What one evaluator said of the trials of a case."""

    mean: float | None = None
    """Over the trials that count, on the evaluator's own scale."""
    n: int = 0
    """Trials that count: scored, or without the act that the evaluator judges."""
    passed: int = 0
    failed: int = 0
    counts: StateCounts = StateCounts()
    errors: dict[str, int] = Field(default_factory=dict)
    """Of the trials that errored, how many for each class of failure."""


class CaseSide(OpenModel):
    """One case on one side: its customer's cohorts and what its trials came to."""

    case: str
    persona: str | None = None
    facets: dict[str, str] = Field(default_factory=dict)
    template: str | None = None
    trials: int = 0
    read: int = 0
    """Trials that the reader could read."""
    pitched: int = 0
    """... in which something was pitched."""
    critical: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Trials with a critical verdict that rests on rules, by evaluator and label."""
    evaluators: dict[str, CaseTrials] = Field(default_factory=dict)
    conversations: tuple[str, ...] = ()
    """The sha256 of each trial's conversation, in order of trials."""


class BaselineEntry(OpenModel):
    """A side that was the baseline of a configuration, now or before."""

    run_id: str
    prompt_version: str | None = None
    prompt_sha256: str | None = None
    cases_sha256: str
    """The digest of its cases."""
    blessed_at: str
    """UTC, as 2026-10-31T12:00:00Z."""
    commit: str | None = None
    note: str = ""
    verdict: str | None = None
    """What the gate said of it in its run; None where it was compared with nothing."""


class BlessedBaseline(OpenModel):
    """`configs/baselines/NAME.json`: the side that the configuration NAME is compared with."""

    schema_: Literal["evalh.baseline/1"] = Field(default="evalh.baseline/1", alias="schema")
    config: str
    side: SideInfo
    inputs: dict[str, Json]
    """What its rows depend on, by name: digests, versions, settings."""
    evaluators: tuple[EvaluatorInfo, ...]
    prompt: str | None = None
    """The prompt's text, for the diff."""
    cases: tuple[CaseSide, ...]
    history: tuple[BaselineEntry, ...]
    """Newest first; the first is this one."""
    sha256: str = ""
    """Of everything else in the file."""

    def content(self) -> dict[str, Json]:
        """What stands in the file beside `sha256`; fields with their defaults do not, so that new ones can be added."""
        plain = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"sha256"})
        return {"schema": self.schema_, **plain}

    def content_sha256(self) -> str:
        """The digest that `sha256` must have."""
        return digest(self.content())
