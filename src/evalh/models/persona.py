"""A persona: a kind of customer, who is also a cohort."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evalh.models.base import Id, Model, Words

Degree = Literal["none", "low", "medium", "high"]


class Refusal(Model):
    """How, and how often, the persona turns an offer down."""

    style: Literal["hard", "polite", "defer", "deflect", "object"] = "polite"
    times: int = Field(default=1, ge=0)


class Speech(Model):
    """How the persona speaks."""

    style: str = "plain"
    variety: str = "en-US"
    disfluency: Degree = "low"
    asr_noise: Degree = "none"


class MoodCourse(Model):
    """How the persona's mood starts and moves."""

    start: str = "calm"
    improves_with: Words = ()
    worsens_with: Words = ()


class Persona(Model):
    """A persona file. `patience` runs from 1 (none) to 5 (endless)."""

    schema_: Literal["evalh.persona/1"] = Field(default="evalh.persona/1", alias="schema")
    id: Id
    version: Id = "1"
    name: str
    description: str = ""
    traits: Words = ()
    facets: dict[str, str] = Field(default_factory=dict)
    goal: str = ""
    agenda: Words = ()
    patience: int = Field(default=3, ge=1, le=5)
    refusal: Refusal = Refusal()
    accepts_when: Words = ()
    reopens_when: Words = ()
    speech: Speech = Speech()
    mood: MoodCourse = MoodCourse()
