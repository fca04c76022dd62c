"""A golden set: cases with a customer each, and what people say about their recordings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalh.models.base import Id, Json, Model
from evalh.models.conversation import Moment
from evalh.models.vocabulary import CONSTRUCTS, Channel


class Case(Model):
    """One situation: a customer who wants something. Every prompt version meets the same cases."""

    id: Id
    persona: Id | None = None
    title: str = ""
    template: str | None = None
    """The family of cases it was made from; cases of a family are not independent."""
    channel: Channel = "chat"
    language: str = "en"
    started_at: Moment | None = None
    facets: dict[str, str] = Field(default_factory=dict)
    customer: dict[str, Json] | None = None
    goal: str = ""
    metadata: dict[str, Json] = Field(default_factory=dict)


class GoldenSetInfo(Model):
    """`set.yaml`: what the set is, and which policy and agent it is about."""

    schema_: Literal["evalh.golden_set/1"] = Field(default="evalh.golden_set/1", alias="schema")
    id: Id
    version: Id
    name: str = ""
    description: str = ""
    policy: Id
    agent: Id
    metadata: dict[str, Json] = Field(default_factory=dict)


class GoldenLabel(Model):
    """What a labeller says about a conversation, a turn or an offer of a recording.

    `confirmed` is true only where people settled the label; language models agreeing with each other do not make it so.
    """

    case: Id
    prompt_version: Id
    trial: Annotated[int, Field(ge=0)] = 0
    turn: Annotated[int, Field(ge=0)] | None = None
    offer: str | None = None
    construct_: str = Field(alias="construct")
    label: str
    labeller: str = ""
    confirmed: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _closed_vocabulary(self) -> GoldenLabel:
        labels = CONSTRUCTS.get(self.construct_)
        if labels is None:
            raise ValueError(f"unknown construct {self.construct_!r}; one of {', '.join(sorted(CONSTRUCTS))}")
        if self.label not in labels:
            raise ValueError(f"{self.label!r} is no label of {self.construct_!r}; one of {', '.join(labels)}")
        return self


class GoldenSet(Model):
    """A whole set, without its recordings, which are read as they are needed."""

    info: GoldenSetInfo
    cases: tuple[Case, ...]
    labels: tuple[GoldenLabel, ...] = ()

    @model_validator(mode="after")
    def _ids_once(self) -> GoldenSet:
        seen: set[str] = set()
        for case in self.cases:
            if case.id in seen:
                raise ValueError(f"the case {case.id!r} is defined twice")
            seen.add(case.id)
        return self
