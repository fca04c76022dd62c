"""How far verdicts and facts agree with what people labelled; written by `evalh calibrate`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import OpenModel
from evalh.models.comparison import ALL
from evalh.models.results import EvaluatorInfo, FileInfo
from evalh.models.score import Evidence
from evalh.models.vocabulary import Level

FAULT = "fault"
"""What is labelled or found of an evaluator: that the place has a fault."""


class Estimate(OpenModel):
    """A number and its 95 % interval, drawn by conversation."""

    value: float
    low: float
    high: float


class AgreementRow(OpenModel):
    """One construct over a cohort: an evaluator's faults, or one label of the reader's facts.

    An `unsure` answer counts as wrong, whichever way the label goes, and is among `fp` and `fn`.
    """

    kind: Literal["evaluator", "reader"]
    construct_: str = Field(alias="construct")
    label: str = FAULT
    level: Level = "conversation"
    """Whether conversations were compared, or turns (by offer, where the construct is about an offer)."""
    cohort_key: str | None = None
    """Null for all conversations."""
    cohort: str = ALL
    labels: int = 0
    """The labels of the construct in these conversations, those of good conduct too."""
    conversations: int = 0
    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    unsure: int = 0
    precision: Estimate | None = None
    """Null where it is not defined, as all rates are: here, where nothing was found."""
    recall: Estimate | None = None
    f1: Estimate | None = None
    balanced_accuracy: Estimate | None = None
    kappa: Estimate | None = None
    ece: float | None = None
    """The expected calibration error of what was found with a confidence."""

    @property
    def places(self) -> int:
        """How many conversations, or turns, were compared."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def labelled(self) -> int:
        """How many of them are labelled so."""
        return self.tp + self.fn


class Disagreement(OpenModel):
    """A place where label and finding differ."""

    kind: Literal["evaluator", "reader"]
    construct_: str = Field(alias="construct")
    label: str = FAULT
    level: Level = "conversation"
    case: str
    prompt_version: str
    trial: int = 0
    turn: int | None = None
    offer: str | None = None
    labelled: str | None = None
    """The labels, null for none."""
    found: str | None = None
    """What was found instead, null for nothing."""
    unsure: bool = False
    confidence: float | None = None
    reason: str = ""
    evidence: Evidence | None = None


class Agreement(OpenModel):
    """`calibration/NAME.json`: agreement with the labels of a golden set, and everything that it holds for."""

    schema_: Literal["evalh.agreement/1"] = Field(default="evalh.agreement/1", alias="schema")
    golden_set: FileInfo
    """Its `sha256` is of cases, labels and recordings."""
    prompts: tuple[FileInfo, ...]
    policies: tuple[FileInfo, ...]
    evaluators: tuple[EvaluatorInfo, ...]
    reader: str
    encoder: str | None = None
    scorecard: FileInfo | None = None
    unsure_below: float = 0.5
    confirmed: bool
    """Whether people confirmed all labels that count."""
    labels: int
    """The labels that count, each once however many say the same."""
    labellers: tuple[str, ...] = ()
    conversations: int
    left_out: tuple[str, ...] = ()
    """The places that do not count because labellers differ on them, a sentence each."""
    not_compared: tuple[str, ...] = ()
    """The constructs that are labelled and that nothing is compared with: no evaluator of that name, no such fact."""
    rows: tuple[AgreementRow, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    """Of each construct and label at most 25, those found with the most confidence first."""
