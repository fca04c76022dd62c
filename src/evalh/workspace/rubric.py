"""Evaluators written as Markdown rubrics; a judge applies them, and where there is none they say that it is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, create_model, model_validator

from evalh.errors import BadConfig, UserError
from evalh.evaluator import EvalContext, Evaluator, by_rubric, passes, rubric_question
from evalh.models import Id, Model, Question, Score
from evalh.text.yaml import load_yaml, read_text, split_front_matter
from evalh.workspace.files import Found, checked
from evalh.workspace.find import shown


class RubricInfo(Model):
    """The front matter of a rubric: how its values are read."""

    name: Annotated[Id, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    scale: tuple[float, float] = (0.0, 1.0)
    threshold: float | None = None
    """A value passes from here; default: the middle of the scale."""
    weight: float = Field(default=1.0, gt=0)
    critical: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> RubricInfo:
        low, high = self.scale
        if low >= high:
            raise ValueError(f"the scale must rise, found [{low:g}, {high:g}]")
        if self.threshold is not None and not low <= self.threshold <= high:
            raise ValueError(f"the threshold {self.threshold:g} is outside the scale [{low:g}, {high:g}]")
        return self

    @property
    def passes_at(self) -> float:
        """The threshold, given or not."""
        return sum(self.scale) / 2 if self.threshold is None else self.threshold


class RubricEvaluator(Evaluator):
    """A rubric that a judge applies to a whole conversation."""

    level = "conversation"
    rubric: ClassVar[str] = ""
    rubric_name: ClassVar[str] = "rubric_evaluator"

    weight: float = Field(default=1.0, gt=0)

    @classmethod
    def name(cls) -> str:
        """The name its front matter gives."""
        return cls.rubric_name

    def questions(self, ctx: EvalContext) -> Iterable[Question]:  # noqa: ARG002 - the same of every conversation
        """The rubric."""
        return [rubric_question(self.rubric, self.scale)]

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        """The judge's verdict on the conversation; skipped without a judge."""
        score = by_rubric(self, ctx, rubric_question(self.rubric, self.scale))
        failed = score.value is not None and not passes(self, score.value)
        severity = ("critical" if self.critical else "major") if failed else None
        yield score.model_copy(update={"severity": severity, "label": "below_threshold" if failed else None})


def read_rubric(path: Path) -> Found[type[Evaluator]]:
    """The evaluator in a Markdown file."""
    try:
        front, body, line = split_front_matter(read_text(path), file=shown(path))
        if not front:
            remedy = "begin it with a line of ---, name: NAME and another ---, or move it away"
            raise BadConfig("has no front matter, so it is no rubric", file=shown(path), remedy=remedy)
        document = load_yaml(front, file=shown(path), first_line=2)
    except UserError as error:
        return Found(path, None, (error,))
    found = checked(path, document, RubricInfo)
    if found.value is None:
        return Found(path, None, found.problems, document)
    if not body.strip():
        empty = BadConfig("has no rubric", file=shown(path), line=line, remedy="write it below the front matter")
        return Found(path, None, (empty,), document)
    return Found(path, _rubric_class(found.value, body.strip()), (), document)


def _rubric_class(info: RubricInfo, body: str) -> type[RubricEvaluator]:
    title = re.sub(r"(?:^|_)([a-z0-9])", lambda match: match.group(1).upper(), info.name)
    settings = {"threshold": (float, info.passes_at), "critical": (bool, info.critical), "weight": (float, info.weight)}
    made = create_model(title, __base__=RubricEvaluator, __doc__=_first_line(body), **settings)  # type: ignore[call-overload]  # settings made from data
    made.rubric, made.rubric_name, made.scale = body, info.name, info.scale
    return made


def _first_line(body: str) -> str:
    return body.splitlines()[0].lstrip("# ")
