"""A run configuration: what is run on what, read by whom, judged by what."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalh.models.agent import AgentConfig, ReplayAgent, SimulationConfig
from evalh.models.base import Id, Json, Model, Words
from evalh.models.comparison import GateConfig
from evalh.models.endpoint import JudgeConfig


class EncoderConfig(Model):
    """Which sentence encoder: the built-in `minilm`, `sentence-transformers` with any model name or path, or none."""

    kind: Literal["minilm", "sentence-transformers", "none"] = "minilm"
    model: str | None = None
    """For sentence-transformers: a model name or a local folder."""


class ReaderConfig(Model):
    """Who reads the conversations.

    `local`: rules and small models on this machine; a judge, if there is one, only applies rubrics. `cascade`: local
    first, the judge where that is unsure. `judge`: the judge reads all but what rules can read for certain.
    """

    kind: Literal["local", "cascade", "judge"] = "local"
    encoder: EncoderConfig = EncoderConfig()
    unsure_below: float = Field(default=0.5, ge=0, le=1)
    """Facts of lower confidence make a verdict unsure."""


class PromptsConfig(Model):
    """Which prompt versions of which agent are compared; the first is the baseline unless one is named."""

    agent: Id
    versions: Annotated[Words, Field(min_length=1)]
    baseline: Id | None = None

    @model_validator(mode="after")
    def _baseline_is_one_of_them(self) -> PromptsConfig:
        if self.baseline is not None and self.baseline not in self.versions:
            raise ValueError(f"the baseline {self.baseline!r} is not among the versions {', '.join(self.versions)}")
        if len(set(self.versions)) != len(self.versions):
            raise ValueError("a prompt version is listed twice")
        return self


class RunConfig(Model):
    """A config file. Names are looked up in the workspace; paths are relative to the config's folder."""

    schema_: Literal["evalh.run/1"] = Field(default="evalh.run/1", alias="schema")
    name: Id
    golden_set: Id
    prompts: PromptsConfig
    policy: str | None = None
    """A policy id; default: the golden set's."""
    personas: Words = ()
    """Only these; default: all that the golden set uses."""
    cohort: str = "persona"
    """What conversations are grouped by: "persona" or the name of a facet."""
    agent: AgentConfig = ReplayAgent()
    simulation: SimulationConfig = SimulationConfig()
    """How conversations are held with an agent that is not replayed."""
    reader: ReaderConfig = ReaderConfig()
    judge: JudgeConfig | None = None
    redact: bool = True
    """Whether personal data is replaced in what the run writes; verdicts rest on the original."""
    evaluators: dict[Id, dict[str, Json]] | None = None
    """Settings by evaluator name; default: all that are found, with their defaults."""
    scorecard: str | None = "care"
    as_of: date | None = None
    """The day whose policy version applies to conversations without a date."""
    trials: int = Field(default=1, ge=1)
    seed: int = 0
    gate: GateConfig = GateConfig()
    """When a candidate is refused."""

    @model_validator(mode="after")
    def _has_the_judge_it_needs(self) -> RunConfig:
        if self.reader.kind != "local" and self.judge is None:
            raise ValueError(f"the reader {self.reader.kind!r} needs a judge; add 'judge: {{model: NAME}}'")
        return self
