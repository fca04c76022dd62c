"""A scorecard: sections of weighted items over the evaluators, some of which fail the contact outright."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalh.models.base import Id, Model, Unit, Words


class Item(Model):
    """One line of the form, answered by an evaluator's summary of the conversation."""

    id: Id
    evaluator: Id
    weight: float = Field(default=1.0, gt=0)
    question: str = ""
    critical: bool = False
    """Whether failing it fails the whole contact."""
    critical_labels: Words = ()
    """Labels of its findings that fail the whole contact, where not every failure does."""


class Section(Model):
    """A group of items with a weight of its own."""

    id: Id
    name: str = ""
    weight: float = Field(default=1.0, gt=0)
    items: Annotated[tuple[Item, ...], Field(min_length=1)]


class Scorecard(Model):
    """A form. Items that do not apply leave numerator and denominator; so does a section without any."""

    schema_: Literal["evalh.scorecard/1"] = Field(default="evalh.scorecard/1", alias="schema")
    id: Id
    name: str = ""
    pass_at: Unit = 0.8
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_once(self) -> Scorecard:
        seen: set[str] = set()
        for name in [section.id for section in self.sections] + [item.id for item in self.items()]:
            if name in seen:
                raise ValueError(f"the id {name!r} is used twice")
            seen.add(name)
        return self

    def items(self) -> tuple[Item, ...]:
        """The items of all sections."""
        return tuple(item for section in self.sections for item in section.items)
