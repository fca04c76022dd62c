"""Persona files: what each says, and whether a simulated customer can play it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from evalh.errors import UserError
from evalh.models import Persona
from evalh.simulator.check import Problem, problems
from evalh.workspace.files import Found, read_yaml


def read_persona(path: Path) -> Found[Persona]:
    """The persona in the file at `path`, with what would keep it from being played."""
    found = read_yaml(path, Persona)
    if found.value is None:
        return found
    return found.with_problems([_error(found, problem) for problem in problems(found.value)])


def offer_problems(found: Found[Persona], offers: Collection[str]) -> Iterator[UserError]:
    """Offers that the persona accepts and no policy has; `offers`: the ids of all that there are."""
    if found.value is not None:
        own = set(problems(found.value))
        yield from (_error(found, one) for one in problems(found.value, offers) if one not in own)


def _error(found: Found[Persona], problem: Problem) -> UserError:
    return found.bad(problem.problem, problem.at, problem.remedy)
