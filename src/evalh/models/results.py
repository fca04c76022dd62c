"""What a run leaves on disk: score rows, the manifest, aggregates, differences; read by dashboards."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import Json, OpenModel
from evalh.models.conversation import Outcome
from evalh.models.failure import FailureClass
from evalh.models.score import Score
from evalh.models.simulated import Excluded
from evalh.models.vocabulary import Direction, Rollup, Severity, State


class ScoreRow(Score):
    """One line of `scores.jsonl`: a score, with the run, case and customer it belongs to."""

    model_config = OpenModel.model_config

    schema_: Literal["evalh.score/1"] = Field(default="evalh.score/1", alias="schema")
    run_id: str
    prompt_version: str | None = None
    case: str | None = None
    trial: int = 0
    conversation_id: str
    persona: str | None = None
    facets: dict[str, str] = Field(default_factory=dict)
    policy_version: str | None = None
    policy_assumed: bool = False


class Rolled(OpenModel):
    """An evaluator's summary of one conversation."""

    state: State
    value: float | None = None
    passed: bool | None = None
    label: str | None = None
    severity: Severity | None = None
    error: FailureClass | None = None
    """The class of the failure, where it errored."""


class ConversationRow(OpenModel):
    """One line of `conversations.jsonl`: what was offered, what became of it, and each evaluator's summary.

    What was read is null where the conversation was not read.
    """

    schema_: Literal["evalh.conversation_row/1"] = Field(default="evalh.conversation_row/1", alias="schema")
    run_id: str
    prompt_version: str | None = None
    case: str | None = None
    trial: int = 0
    conversation_id: str
    conversation_sha256: str
    persona: str | None = None
    facets: dict[str, str] = Field(default_factory=dict)
    channel: str = "chat"
    language: str = "en"
    started_at: str | None = None
    policy_version: str | None = None
    policy_assumed: bool = False
    template: str | None = None
    """The family of cases that its case was made from."""
    turns: int = 0
    pitches: int | None = None
    offered: tuple[str, ...] | None = None
    """The offers that were pitched, each once, in order; one that no policy has by the words that name it."""
    accepted: tuple[str, ...] | None = None
    resolved: bool | None = None
    """Whether every problem the customer came with was solved; null without a problem, or when it cannot be told."""
    quality: float | None = None
    """The scorecard's weighted value."""
    quality_label: str | None = None
    auto_failed: bool | None = None
    outcome: Outcome | None = None
    critical: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By evaluator, the labels of its failed verdicts that are critical and rest on rules alone."""
    rollups: dict[str, Rolled] = Field(default_factory=dict)


class EvaluatorInfo(OpenModel):
    """An evaluator as it was used."""

    name: str
    version: str
    sha256: str
    kind: Literal["rule", "judge"] = "rule"
    settings: dict[str, Json] = Field(default_factory=dict)
    rollup: Rollup
    direction: Direction = "higher_is_better"
    scale: tuple[float, float] | None = (0.0, 1.0)
    """The least and the greatest value; null where there is no end."""
    threshold: float
    gating: bool = True
    critical: bool = False
    acts: bool = False
    """Whether its faults are acts: a conversation without the act has no fault when versions are compared."""
    origin: Literal["shipped", "user"] = "shipped"


class FileInfo(OpenModel):
    """A file that went into the run."""

    id: str
    version: str | None = None
    sha256: str
    path: str | None = None


class JudgeInfo(FileInfo):
    """The judge: `id` is its model, `sha256` digests model, address, parameters and prompts."""

    base_url: str = ""
    check: Literal["passed", "failed", "none"] = "none"
    """What `evalh judge check` found of this very judge."""
    windowed: int = 0
    """Conversations that it saw in pieces only."""
    disagreements: int = 0
    """Hard facts that the rules and the judge read differently."""
    currency: str | None = None
    """Of all costs in the manifest; None without a price table."""


class UsageRow(OpenModel):
    """What an evaluator took in a cohort; `evaluator` "reading" is for the facts that all evaluators share.

    A call that serves several evaluators counts for each of them; tokens and cost are shared out.
    """

    evaluator: str
    cohort: str
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


class GitInfo(OpenModel):
    """The commit the run was made at."""

    commit: str | None = None
    dirty: bool | None = None


class StateCounts(OpenModel):
    """How many rows ended in each state."""

    scored: int = 0
    not_applicable: int = 0
    unsure: int = 0
    errored: int = 0
    skipped: int = 0

    @property
    def coverage(self) -> float | None:
        """scored / (scored + unsure + errored); None when nothing applied."""
        asked = self.scored + self.unsure + self.errored
        return self.scored / asked if asked else None


class RejectedInput(OpenModel):
    """An input that was skipped on request, and why."""

    place: str
    problem: str


class SimulatedCounts(OpenModel):
    """Trials with a live agent, by how they came about and how they ended."""

    trials: int = 0
    recorded: int = 0
    """Of these, those that were recorded before, whole."""
    failed: int = 0
    """Those in which the agent, or a model that plays the customer, failed; they are errored."""
    excluded: int = 0
    again: int = 0
    """Attempts that were thrown away because of the customer."""
    calls: int = 0
    """How often a model or an address was asked now, for what is not recorded."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


class Manifest(OpenModel):
    """`manifest.json`: everything the rows depend on."""

    schema_: Literal["evalh.manifest/1"] = Field(default="evalh.manifest/1", alias="schema")
    run_id: str
    status: Literal["running", "complete", "interrupted"]
    evalh_version: str
    config: FileInfo | None = None
    prompts: tuple[FileInfo, ...] = ()
    baseline: str | None = None
    policies: tuple[FileInfo, ...] = ()
    golden_set: FileInfo | None = None
    personas: tuple[FileInfo, ...] = ()
    simulator: FileInfo | None = None
    scorecard: FileInfo | None = None
    source: FileInfo | None = None
    evaluators: tuple[EvaluatorInfo, ...] = ()
    reader: str
    encoder: str | None = None
    judge: JudgeInfo | None = None
    agent: FileInfo | None = None
    """The agent that was talked to; null where recordings of the golden set were replayed."""
    redacted: bool = True
    """Whether personal data was replaced in the rows."""
    git: GitInfo = GitInfo()
    seed: int = 0
    trials: int = 1
    cohort: str = "persona"
    as_of: str | None = None
    unsure_below: float = 0.5
    cases: int = 0
    """The golden cases that were to be run."""
    conversations: int = 0
    turns: int = 0
    counts: StateCounts = StateCounts()
    coverage: float | None = None
    calls: int = 0
    """How often a judge was asked for what is in the rows, retries and votes counted; earlier runs' answers too."""
    calls_saved: int = 0
    """Of these, the calls whose answers were kept from before."""
    tokens: int = 0
    cost: float | None = None
    """In the currency of the judge's price table; null without one."""
    usage: tuple[UsageRow, ...] = ()
    rejected: tuple[RejectedInput, ...] = ()
    simulated: SimulatedCounts | None = None
    """How the conversations came about; null where nobody was talked to."""
    excluded: tuple[Excluded, ...] = ()
    """Trials that were left out because the simulated customer made mistakes; they count for neither side."""
    gate: dict[str, Json] = Field(default_factory=dict)
    """The gate's settings in the run configuration."""
    files: dict[str, str] = Field(default_factory=dict)
    """The sha256 of each file of rows, so that one that was changed or cut off is told from one that was not."""
    sha256: str = ""
    """Of everything else in the manifest, once the run is complete."""


class Aggregate(OpenModel):
    """One cell of `aggregates.json`: an evaluator over a cohort, for one prompt version.

    `mean` is over conversations in which the evaluator applied and was scored; `fault_rate` counts conversations
    with a fault over all that were scored or had nothing to score, which is what is compared between versions.
    """

    prompt_version: str | None
    cohort_key: str
    cohort: str
    """The cohort's value; "*" for all conversations."""
    evaluator: str
    conversations: int
    counts: StateCounts
    mean: float | None = None
    pass_rate: float | None = None
    compared_mean: float | None = None
    """The mean with "nothing done, nothing wrong" as 1 for evaluators of acts; equal to `mean` for others."""
    compared_n: int = 0
    fault_rate: float | None = None
    fault_low: float | None = None
    """Lower end of the 95 % Wilson interval of `fault_rate`."""
    fault_high: float | None = None
    coverage: float | None = None
