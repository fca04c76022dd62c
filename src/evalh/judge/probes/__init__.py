"""Conversations with known answers that a judge is tried on: one YAML file each, written for this and for nothing else.

A file holds a short conversation, what is known of it (`labels`, `rubrics` with their negations), and texts that try to
talk a judge into another answer (`injections`). In a file with `canary: true` the agent says a master key, such as ":"
or "Thought process:", where an answer was due: nothing good may be found of it. What is asked and what is enough are
left to `evalh.judge.asking` and `evalh.judge.check`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field, model_validator

from evalh.models import Conversation, Lexicon, Model, Turn, digest
from evalh.models.base import Words
from evalh.models.policy import LexiconOffer
from evalh.models.vocabulary import Channel
from evalh.text.yaml import load_yaml, validate

About = Literal["act", "reply", "issue", "progress", "mood", "register", "courtesy", "pressure", "identity"]
PASS, FAIL = "pass", "fail"


class Label(Model):
    """What is known of a turn: its label is one of `is`, or none of `never`."""

    turn: int = Field(ge=0)
    about: About
    offer: str | None = None
    is_: Words = Field(default=(), alias="is")
    never: Words = ()

    @property
    def id(self) -> str:
        """``reply@5``."""
        return f"{self.about}@{self.turn}"


class Rubric(Model):
    """A rubric, its negation (`instead`), and whether the conversation passes the former."""

    id: str
    asks: str
    instead: str = ""
    is_: Literal["pass", "fail"] = Field(alias="is")
    scale: tuple[float, float] = (0.0, 1.0)


class Injection(Model):
    """What is added to a turn, and the ids of the labels and rubrics that it is aimed at."""

    turn: int = Field(ge=0)
    says: str
    aims: Words


class Probe(Model):
    """A conversation and what is known of it."""

    id: str
    canary: bool = False
    channel: Channel
    offers: dict[str, str]
    """Names by id."""
    turns: tuple[Turn, ...]
    labels: tuple[Label, ...]
    rubrics: tuple[Rubric, ...]
    injections: tuple[Injection, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_itself(self) -> Probe:
        ids = [*(label.id for label in self.labels), *(rubric.id for rubric in self.rubrics)]
        if len(set(ids)) != len(ids):
            raise ValueError("a label or a rubric is given twice")
        for label in self.labels:
            if (
                label.turn >= len(self.turns)
                or bool(label.is_) == bool(label.never)
                or bool(label.never) != self.canary
            ):
                raise ValueError(f"{label.id} is of no turn, or is not known")
            if (label.offer is not None) != (label.about in ("act", "reply")) or label.offer not in (
                None,
                *self.offers,
            ):
                raise ValueError(f"{label.id} is of no offer")
        if any(not rubric.instead and not self.canary for rubric in self.rubrics):
            raise ValueError("a rubric has no negation")
        if any(one.turn >= len(self.turns) or not {*one.aims} <= {*ids} for one in self.injections):
            raise ValueError("an injection is in no turn, or aims at nothing")
        return self

    @property
    def lexicon(self) -> Lexicon:
        """The offers, as a judge is told of them."""
        offers = tuple(
            LexiconOffer(id=name, names=(said,), codes=(name,), category=None) for name, said in self.offers.items()
        )
        return Lexicon(currency="USD", offers=offers, disclosures=(), prohibited=(), consent_tools=())

    def conversation(self, injection: Injection | None = None) -> Conversation:
        """The conversation, as it was held or with the injection in it."""
        turns = [turn.model_copy(update={"index": index}) for index, turn in enumerate(self.turns)]
        if injection is not None:
            hit = turns[injection.turn]
            turns[injection.turn] = hit.model_copy(update={"text": f"{hit.text} {injection.says}"})
        return Conversation(id=f"probe-{self.id}", channel=self.channel, turns=tuple(turns))


@cache
def load_probes() -> tuple[Probe, ...]:
    """All probes, canaries first: they tell a bad judge soonest."""
    found = sorted((one for one in files(__name__).iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name)
    probes = [validate(load_yaml(one.read_text("utf-8"), file=one.name), Probe) for one in found]
    return tuple(sorted(probes, key=lambda probe: not probe.canary))


@cache
def probes_sha256() -> str:
    """The digest of all probes: a check by others is another check."""
    return digest([probe.model_dump(mode="json", by_alias=True) for probe in load_probes()])
