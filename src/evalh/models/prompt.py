"""A system prompt, with what it states checkably in its front matter."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalh.models.base import Id, Json, Model, Unit, Words, digest


class AgentIdentity(Model):
    """Who the prompt says the agent is."""

    name: str
    company: str | None = None
    ai: bool = True


class RequiredPhrase(Model):
    """One of `any` must be said, where `where` says."""

    id: Id
    any: Annotated[Words, Field(min_length=1)]
    where: Literal["first_turn", "last_turn", "any_turn", "with_offer", "before_add"] = "any_turn"
    reason: str = ""


class ForbiddenPhrase(Model):
    """None of `any` may be said."""

    id: Id
    any: Annotated[Words, Field(min_length=1)]
    reason: str = ""


class ApprovedCopy(Model):
    """How an offer is to be worded; a pitch of it must be at least `min_similarity` close to one of its copies."""

    id: Id
    offer: str
    text: str = Field(min_length=1)
    min_similarity: Unit = 0.6


class Step(Model):
    """One step; steps that occur must occur in the order they are listed."""

    id: Id
    any: Annotated[Words, Field(min_length=1)]
    optional: bool = True


class AskBefore(Model):
    """Before using one of `tools` the agent must have asked in one of the words of `any`, and heard a yes."""

    id: Id
    tools: Annotated[Words, Field(min_length=1)]
    any: Words = ()
    reason: str = ""


class Prompt(Model):
    """One version of an agent's system prompt: `text` is what the model is told."""

    schema_: Literal["evalh.prompt/1"] = Field(default="evalh.prompt/1", alias="schema")
    agent: Id
    version: Id
    identity: AgentIdentity | None = None
    required: tuple[RequiredPhrase, ...] = ()
    forbidden: tuple[ForbiddenPhrase, ...] = ()
    approved_copy: tuple[ApprovedCopy, ...] = ()
    steps: tuple[Step, ...] = ()
    ask_before: tuple[AskBefore, ...] = ()
    parameters: dict[str, Json] = Field(default_factory=dict, exclude_if=lambda value: not value)
    """Settings for an agent of your own, which is handed them; evalh itself reads nothing out of them."""
    text: str = ""

    @model_validator(mode="after")
    def _ids_once(self) -> Prompt:
        seen: set[str] = set()
        for name in self.check_ids():
            if name in seen:
                raise ValueError(f"the check {name!r} is defined twice")
            seen.add(name)
        return self

    def check_ids(self) -> tuple[str, ...]:
        """The ids of all checks, in the order of the file's sections."""
        return (
            *(check.id for check in self.required),
            *(check.id for check in self.forbidden),
            *(check.id for check in self.approved_copy),
            *(check.id for check in self.steps),
            *(check.id for check in self.ask_before),
        )

    @property
    def checkable(self) -> bool:
        """Whether the front matter states anything to check."""
        return bool(
            self.identity or self.required or self.forbidden or self.approved_copy or self.steps or self.ask_before
        )

    @cached_property
    def sha256(self) -> str:
        """The digest of the prompt with its checks."""
        return digest(self)
