"""Checks one file by itself, whatever kind it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from evalh.errors import BadConfig, NotFound, UserError
from evalh.importers import Rejected, open_source
from evalh.models import GoldenSetInfo, RunConfig, Scorecard
from evalh.text.untrusted import shorten
from evalh.text.yaml import load_yaml
from evalh.workspace.evaluators import read_python
from evalh.workspace.files import Found, did_you_mean, raise_all, read_yaml
from evalh.workspace.find import shown
from evalh.workspace.personas import read_persona
from evalh.workspace.policies import read_policy
from evalh.workspace.prompts import read_prompt
from evalh.workspace.rubric import read_rubric

MAX_ERRORS = 100

_KINDS: dict[str, Callable[[Path], Found[Any]]] = {
    "evalh.policy/1": read_policy,
    "evalh.persona/1": read_persona,
    "evalh.scorecard/1": lambda path: read_yaml(path, Scorecard),
    "evalh.run/1": lambda path: read_yaml(path, RunConfig),
    "evalh.golden_set/1": lambda path: read_yaml(path, GoldenSetInfo),
}


def check_file(path: Path) -> str:
    """What the file is, such as ``1 policy``. Raises everything that is wrong with it."""
    if not path.exists():
        raise NotFound(f"{path}: no such file or folder; check the path")
    if path.suffix == ".yaml":
        return _checked_yaml(path)
    if path.suffix == ".py":
        return f"evaluator {read_python(path).get().name()!r}"
    if path.suffix == ".md":
        return _checked_markdown(path)
    return _checked_transcripts(path)


def _checked_yaml(path: Path) -> str:
    document = load_yaml(path)
    kind = document.data.get("schema") if isinstance(document.data, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        remedy = did_you_mean(str(kind), list(_KINDS), "add it") if kind else f"add one of {', '.join(_KINDS)}"
        problem = f"unknown schema {shorten(kind)}" if kind else "is missing"
        raise BadConfig(problem, file=shown(path), line=document.line_of(("schema",)), field="schema", remedy=remedy)
    _KINDS[kind](path).get()
    return kind.removeprefix("evalh.").removesuffix("/1").replace("_", " ")


def _checked_markdown(path: Path) -> str:
    if path.resolve().parent.name == "evaluators":
        return f"rubric {read_rubric(path).get().name()!r}"
    prompt = read_prompt(path).get()
    return f"prompt {prompt.agent!r}, version {prompt.version!r}"


def _checked_transcripts(path: Path) -> str:
    good, wrong = 0, []
    for error in _outcomes(path):
        good += error is None
        wrong += [error] if error is not None else []
        if len(wrong) == MAX_ERRORS:
            wrong.append(UserError(f"{shown(path)}: there may be more; these are the first {MAX_ERRORS} problems"))
            break
    raise_all(wrong)
    return f"{good} conversation{'' if good == 1 else 's'}"


def _outcomes(path: Path) -> Iterator[UserError | None]:
    for item in open_source(path):
        yield item.error if isinstance(item, Rejected) else None
