"""Run configurations, and evaluators made with the settings they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from evalh.errors import BadConfig, UserError
from evalh.evaluator import Evaluator
from evalh.models import Json, RunConfig, Scorecard
from evalh.text.untrusted import explain_each
from evalh.text.yaml import KeyPath
from evalh.workspace.files import Found, did_you_mean
from evalh.workspace.find import shown

_WEIGHABLE = (0.0, 1.0)


@dataclass(frozen=True)
class LoadedConfig:
    """A run configuration, and the file it was read from."""

    config: RunConfig
    path: Path
    found: Found[RunConfig]


def made(found: Found[RunConfig], available: Mapping[str, type[Evaluator]]) -> tuple[list[Evaluator], list[UserError]]:
    """The evaluators a config asks for, in its order, and what is wrong with their settings."""
    chosen = found.get().evaluators
    if chosen is None:
        return defaults(available), []
    ready: list[Evaluator] = []
    wrong: list[UserError] = []
    for name, settings in chosen.items():
        built = _made_one(found, name, settings, available)
        if isinstance(built, Evaluator):
            ready.append(built)
        else:
            wrong += built
    return ready, wrong


def defaults(available: Mapping[str, type[Evaluator]]) -> list[Evaluator]:
    """Every evaluator with its default settings, by name."""
    return [available[name]() for name in sorted(available)]


def _made_one(
    found: Found[RunConfig], name: str, settings: Mapping[str, Json], available: Mapping[str, type[Evaluator]]
) -> Evaluator | list[UserError]:
    at: KeyPath = ("evaluators", name)
    cls = available.get(name)
    if cls is None:
        return [found.bad(f"there is no evaluator {name!r}", at, did_you_mean(name, sorted(available), "write it"))]
    try:
        return cls.model_validate(settings)
    except ValidationError as error:
        return list(_setting_problems(found, at, error, cls))


def _setting_problems(
    found: Found[RunConfig], at: KeyPath, error: ValidationError, cls: type[Evaluator]
) -> Iterator[BadConfig]:
    for one in explain_each(error, cls):
        line = found.document.line_of((*at, *one.path))
        where = ".".join(filter(None, (*map(str, at), one.field)))
        yield BadConfig(one.problem, file=shown(found.path), line=line, field=where, remedy=one.remedy)


def card_problems(found: Found[Scorecard], available: Mapping[str, type[Evaluator]]) -> Iterator[UserError]:
    """Items of a scorecard whose evaluators do not exist, or give values that cannot be weighed as 0 to 1."""
    for row, section in enumerate(found.value.sections if found.value is not None else ()):
        for column, item in enumerate(section.items):
            at: KeyPath = ("sections", row, "items", column, "evaluator")
            cls = available.get(item.evaluator)
            if cls is None:
                remedy = did_you_mean(item.evaluator, sorted(available), "write it")
                yield found.bad(f"there is no evaluator {item.evaluator!r}", at, remedy)
            elif tuple(cls.scale) != _WEIGHABLE or cls.direction != "higher_is_better":
                problem = f"the values of {item.evaluator!r} cannot be weighed"
                yield found.bad(problem, at, "let it score 0 to 1, higher is better, or leave it out")
