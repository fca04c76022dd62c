"""What is said of two sides of a comparison: cells, findings, a verdict; written as `comparison.json`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalh.models.base import Id, Json, Model, OpenModel, Unit, Words
from evalh.models.results import StateCounts
from evalh.models.score import Evidence
from evalh.models.vocabulary import Severity

Verdict = Literal["PASS", "REGRESSION", "INCOMPLETE", "INCONCLUSIVE"]
WORST_FIRST: tuple[Verdict, ...] = ("REGRESSION", "INCOMPLETE", "INCONCLUSIVE", "PASS")
"""Of several verdicts the first of these decides."""
ReasonKind = Literal[
    "regression", "critical", "no_baseline", "no_pairs", "nothing_testable", "quorum", "coverage", "bounds",
    "asymmetry", "noninferiority", "earlier_look", "judge",
]  # fmt: skip
CellState = Literal["tested", "not_testable"]

ALL = "*"
"""The cohort of all conversations."""
NO_COHORT = "(none)"
"""The cohort of conversations that do not say theirs."""
COMPOSITE = "conversation_quality"
"""The evaluator whose verdict is the scorecard's: the composite of the others."""
BYPASSING: dict[str, tuple[str, ...]] = {
    "eligibility": ("suppressed", "region_blocked"),
    "disclosure": ("added_without_consent", "added_other_offer"),
}
"""The critical labels that by default need no statistics, by evaluator."""


class CriticalConfig(Model):
    """`gate.critical`: findings of rules that may block by themselves."""

    labels: dict[Id, Words] = Field(default_factory=lambda: dict(BYPASSING))
    """By evaluator; an empty mapping switches it off."""
    chance: float = Field(default=0.005, gt=0, le=0.5)
    """What they may spend of `alpha`, all labels together; see `docs/gate.md`."""
    zero_tolerance: bool = False
    """Whether a single one blocks, even where an unchanged agent is known to do it now and then."""


class GateConfig(Model):
    """`gate` in a run configuration: when a candidate is refused. Everything has a measured default."""

    alpha: float = Field(default=0.05, gt=0, le=0.5)
    """How often an unchanged prompt may be blocked, for the whole run."""
    min_drop: Unit = 0.02
    """Smaller drops of a cell's mean never block."""
    min_pairs: int = Field(default=6, ge=2)
    """A cell with fewer paired cases is not testable."""
    first: Words = ()
    """Evaluators tested in a family of their own with `first_alpha`, the others with the rest of `alpha`."""
    first_alpha: float | None = Field(default=None, gt=0, lt=0.5)
    quorum: Unit = 0.95
    """Of the conversations of a cell and side that applied, at least this share was evaluated without an error."""
    quorum_overall: Unit = 0.98
    min_coverage: Unit = 0.5
    """scored / (scored + unsure + errored) below which a cell is not testable."""
    min_coverage_overall: Unit = 0.8
    """... and below which the whole comparison is INCOMPLETE."""
    critical: CriticalConfig = CriticalConfig()
    noninferiority: Annotated[float, Field(gt=0, lt=1)] | None = None
    """A margin: the candidate must be shown to lose less than this on every evaluator over all conversations."""
    flips: int = Field(default=9999, ge=999, le=1_000_000)

    @model_validator(mode="after")
    def _alpha_is_split(self) -> GateConfig:
        if bool(self.first) != (self.first_alpha is not None):
            raise ValueError("first and first_alpha are given together")
        spent = (self.first_alpha or 0.0) + (self.critical.chance if self.critical.labels else 0.0)
        if spent >= self.alpha:
            raise ValueError(f"first_alpha and critical.chance spend {spent:g} of an alpha of {self.alpha:g}")
        return self


class SideInfo(OpenModel):
    """One side of a comparison."""

    name: str
    """As it is printed: a prompt version, with its run where it is another one."""
    run_id: str
    prompt_version: str | None = None
    prompt_sha256: str | None = None
    kind: Literal["run", "blessed", "git"] = "run"
    cases: int = 0
    planned: int = 0
    """The cases it was to have; 0 where that is not known."""
    planned_trials: int = 0
    """... and the trials of each."""
    excluded: int = 0
    """Trials that were left out because their simulated customer made mistakes."""
    failures: tuple[str, ...] = ()
    """Why conversations could not be evaluated: how many, the class and the first message, the most frequent first."""
    conversations: int = 0
    trials: int = 0
    """The most trials a case has."""
    judge_check: Literal["passed", "failed", "none"] | None = None
    """What the check of its judge had found; None where no judge was asked."""


class SideCell(OpenModel):
    """What one side brings to a cell."""

    counts: StateCounts = StateCounts()
    """Of its conversations, by state."""
    missing: int = 0
    """Cases of the other side that this one has no conversation of."""
    pitch_rate: float | None = None
    """The share of its conversations in which something was pitched."""
    pass_rate: float | None = None
    """passed / (passed + failed) over scored conversations."""
    pass_low: float | None = None
    """Lower end of the 95 % Wilson interval of `pass_rate`."""
    pass_high: float | None = None
    pass_all: float | None = None
    """pass^k: the share of cases all of whose trials passed (of cases with at least two scored trials)."""
    stable: float | None = None
    """The share of those cases whose trials agree: all passed or all failed."""


class Cell(OpenModel):
    """One evaluator over one cohort, on both sides. Negative is worse, whatever the evaluator's direction."""

    cohort_key: str
    cohort: str
    """The cohort's value; "*" for all conversations, weighed so that each cohort counts as in the set of cases."""
    evaluator: str
    state: CellState = "tested"
    why: str = ""
    """Why it is not testable."""
    pairs: int = 0
    """Cases that count on both sides."""
    baseline: float | None = None
    candidate: float | None = None
    """Means over the pairs, trials of a case averaged first."""
    delta: float | None = None
    t: float | None = None
    p: float | None = None
    """Of this cell alone: how often sign flips give a drop as clear."""
    p_adjusted: float | None = None
    """... a drop as clear in any cell of the family that is not clearer."""
    low: float | None = None
    high: float | None = None
    """Bounds of `delta`: the drop is at least `-high`, at most `-low`, each 1 - alpha sure for all cells at once."""
    regressed: bool = False
    detectable: float | None = None
    """The smallest drop that would have been found 4 times in 5."""
    before: SideCell = SideCell()
    after: SideCell = SideCell()


class Quoted(OpenModel):
    """A conversation of a flipped case: its verdict, and the turns it cites."""

    conversation_id: str
    trial: int = 0
    label: str | None = None
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    """What the verdict cites; for a side without the fault, its turn at the same point of the conversation."""


class Flipped(OpenModel):
    """A case that has a fault in the candidate that no trial of it has in the baseline."""

    case: str
    cohort: str
    evaluator: str
    label: str | None = None
    clause: str | None = None
    severity: Severity | None = None
    expected: str | None = None
    found: str | None = None
    trials: int = 1
    """Trials of the candidate with the fault."""
    of_trials: int = 1
    candidate: Quoted
    baseline: Quoted | None = None
    """None where the baseline's conversations are not kept."""


class Group(OpenModel):
    """The flipped cases of one evaluator with the same label and clause."""

    evaluator: str
    label: str | None = None
    clause: str | None = None
    cases: int
    gone: int = 0
    """Cases with this fault in the baseline and not in the candidate."""
    flipped: tuple[Flipped, ...] = ()
    hunk: int | None = None
    """The prompt change (from 1) whose wording the failing turns are nearest to; an aid, no finding."""


class CriticalFinding(OpenModel):
    """A critical verdict of a rule in a case of which no baseline trial has it."""

    case: str
    cohort: str
    evaluator: str
    label: str
    trials: int
    of_trials: int
    baseline_trials: int
    blocks: bool = False


class Reason(OpenModel):
    """Why the verdict is what it is, a sentence each."""

    kind: ReasonKind
    text: str
    cohort: str | None = None
    evaluator: str | None = None


class Comparison(OpenModel):
    """`comparison.json`: two sides, cell by cell, and the verdict."""

    schema_: Literal["evalh.comparison/1"] = Field(default="evalh.comparison/1", alias="schema")
    run_id: str
    baseline: SideInfo | None
    candidate: SideInfo
    verdict: Verdict | None = None
    """None where no gate was asked for."""
    reasons: tuple[Reason, ...] = ()
    settings: dict[str, Json] = Field(default_factory=dict)
    """The gate's settings, as in a run configuration."""
    settings_from: str = ""
    """Where the settings were read: a config file, a git ref, or the defaults."""
    cohort_key: str = "persona"
    alpha: float | None = None
    """What this comparison may spend of the run's alpha."""
    look: int = 1
    flips: int = 0
    """Sign flips drawn; 0 where nothing could be tested."""
    exact: bool = False
    """Whether all sign flips were gone through."""
    cells: tuple[Cell, ...] = ()
    """The tested family: all conversations first, then the cohorts."""
    exploratory: tuple[Cell, ...] = ()
    """Other cohort keys and evaluators that do not gate: shown, never tested."""
    critical: tuple[CriticalFinding, ...] = ()
    groups: tuple[Group, ...] = ()
    prompt_diff: tuple[str, ...] = ()
    """The hunks of the prompt's unified diff."""
    allowed: tuple[str, ...] = ()
    """Inputs that differ between the sides, which were allowed to by name."""

    @property
    def regressed(self) -> tuple[Cell, ...]:
        """The cells that got worse, clearest first."""
        found = [cell for cell in self.cells if cell.regressed]
        return tuple(sorted(found, key=lambda cell: (cell.p_adjusted or 0.0, cell.t or 0.0)))
