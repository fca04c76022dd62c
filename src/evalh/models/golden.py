"""A golden set: cases with a customer each, and what people say about their recordings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalh.models.base import Id, Json, Model, Words
from evalh.models.conversation import Moment
from evalh.models.vocabulary import CONSTRUCTS, Channel


class Matter(Model):
    """What the customer of a case can say about it, for the scripted customer and for a model that plays it.

    What is left out comes from the case's goal and facets and from the phrases that come with evalh.
    """

    opening: Words = ()
    """Ways to say what the contact is about."""
    details: Words = ()
    """What more there is to tell, one at a time, when the agent asks."""
    questions: Words = ()
    """What the customer wants to have answered before the matter is settled."""
    facts: dict[str, str] = Field(default_factory=dict)
    """What the customer says when asked for it: `last4`, `name`, `date_of_birth`, `email`, `phone`, `address`,
    `postcode`, `device`, `since`, `amount`, `order`, or a word of the agent's question."""
    persists: int = Field(default=0, ge=0, le=5)
    """How often the customer says that it is not solved yet, though the agent says that it is."""


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
    matter: Matter | None = Field(default=None, exclude_if=lambda value: value is None)
    """What a simulated customer says of it."""
    tools: dict[str, Json] = Field(default_factory=dict, exclude_if=lambda value: not value)
    """What a tool of the agent under test returns in this case, by the tool's name; a list: call by call."""
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
