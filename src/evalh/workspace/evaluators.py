"""Finds evaluators: one class per Python file, or one rubric per Markdown file, shipped or the user's."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from math import isfinite
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import ValidationError

from evalh.errors import BadConfig, UserError
from evalh.evaluator import Evaluator
from evalh.evaluator.scorecard import EVALUATOR as SCORECARD_NAME
from evalh.models.vocabulary import Level, Rollup
from evalh.text.untrusted import Problem, explain_each, shorten
from evalh.workspace.files import Found, files
from evalh.workspace.find import shown
from evalh.workspace.rubric import RubricEvaluator, read_rubric

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

EvaluatorOrigin = Literal["shipped", "user"]


@dataclass(frozen=True)
class FoundEvaluator:
    """An evaluator class, the file it came from, and whether it replaces a shipped one."""

    cls: type[Evaluator]
    path: Path
    origin: EvaluatorOrigin
    sha256: str
    overrides: bool = False

    @property
    def name(self) -> str:
        """The name rows and configs use."""
        return self.cls.name()

    @property
    def kind(self) -> Literal["rule", "judge"]:
        """Whether a rubric needs a judge."""
        return "judge" if issubclass(self.cls, RubricEvaluator) else "rule"

    @property
    def summary(self) -> str:
        """Its first line of documentation."""
        return (inspect.getdoc(self.cls) or "").split("\n")[0]


@dataclass(frozen=True)
class Discovery:
    """Everything that was found, by name, and what could not be used."""

    found: dict[str, FoundEvaluator]
    problems: tuple[UserError, ...] = ()


def discover(shipped: Path, own: Path | None) -> Discovery:
    """The evaluators of both folders; one of `own` replaces a shipped one of the same name."""
    base = _folder(shipped, "shipped")
    if own is None or own.resolve() == shipped.resolve():
        return base
    more = _folder(own, "user")
    replaced = {name: _overriding(one, name in base.found) for name, one in more.found.items()}
    return Discovery({**base.found, **replaced}, (*base.problems, *more.problems))


def _overriding(one: FoundEvaluator, overrides: bool) -> FoundEvaluator:
    return FoundEvaluator(one.cls, one.path, one.origin, one.sha256, overrides)


def _folder(folder: Path, origin: EvaluatorOrigin) -> Discovery:
    read = [*map(read_python, files(folder, ".py")), *map(read_rubric, files(folder, ".md"))]
    wrong = [error for one in read for error in one.problems]
    usable = [_found(one.path, one.value, origin) for one in read if one.value is not None]
    return Discovery(_first_of_each(usable), (*wrong, *_name_problems(usable)))


def _found(path: Path, cls: type[Evaluator], origin: EvaluatorOrigin) -> FoundEvaluator:
    return FoundEvaluator(cls, path, origin, hashlib.sha256(path.read_bytes()).hexdigest())


def _first_of_each(found: Iterable[FoundEvaluator]) -> dict[str, FoundEvaluator]:
    by_name: dict[str, FoundEvaluator] = {}
    for one in found:
        by_name.setdefault(one.name, one)
    return by_name


def _name_problems(found: Sequence[FoundEvaluator]) -> list[UserError]:
    by_name = _first_of_each(found)
    problems: list[UserError] = []
    for one in found:
        if one.name == SCORECARD_NAME:
            problems.append(_bad(one.path, f"the name {one.name!r} belongs to the scorecard", "rename the class"))
        elif by_name[one.name] is not one:
            other = shown(by_name[one.name].path)
            problems.append(_bad(one.path, f"{other} defines the evaluator {one.name!r} too", "rename one of them"))
    return problems


def _bad(path: Path, problem: str, remedy: str, line: int | None = None) -> BadConfig:
    return BadConfig(problem, file=shown(path), line=line, remedy=remedy)


def read_python(path: Path) -> Found[type[Evaluator]]:
    """The evaluator class of a Python file, which is run."""
    try:
        module = _imported(path)
    except BadConfig as error:
        return Found(path, None, (error,))
    own = [value for value in vars(module).values() if _defines(module, value)]
    if len(own) != 1:
        return Found(path, None, (_not_one(path, [cls.__name__ for cls in own]),))
    wrong = tuple(_class_problems(path, own[0]))
    return Found(path, None if wrong else own[0], wrong)


def _defines(module: ModuleType, value: object) -> bool:
    own = isinstance(value, type) and issubclass(value, Evaluator) and value.__module__ == module.__name__
    return own and not inspect.isabstract(value) and not getattr(value, "__name__", "_").startswith("_")


def _not_one(path: Path, names: list[str]) -> BadConfig:
    if names:
        return _bad(path, f"defines {len(names)} evaluators, {', '.join(names)}", "keep one in each file")
    return _bad(path, "defines no evaluator", "add a class of Evaluator with an evaluate method, or move it away")


def _class_problems(path: Path, cls: type[Evaluator]) -> Iterator[BadConfig]:
    """What would end a run later: a name, scale or level that is none, a setting without a usable default."""
    name = _name_of(cls)
    if re.fullmatch("[a-z][a-z0-9_]*", name) is None:
        yield _bad(path, f"the name {shorten(name)} is no word in snake_case", "rename the class")
    if cls.level not in get_args(Level):
        yield _bad(path, f"the level {shorten(cls.level)} is unknown", f"use one of {', '.join(get_args(Level))}")
    rollup = cls.model_fields["rollup"].get_default(call_default_factory=False)
    if rollup not in get_args(Rollup):
        yield _bad(path, f"the rollup {shorten(rollup)} is unknown", f"use one of {', '.join(get_args(Rollup))}")
    if not _is_scale(cls.scale):
        yield _bad(path, f"the scale {cls.scale!r:.60} is not two rising numbers", "write it as (0.0, 1.0)")
    for one in _setting_problems(cls):
        yield _bad(path, f"the default of setting {one.field!r} {one.problem}", "correct the default")


def _is_scale(scale: object) -> bool:
    if not isinstance(scale, tuple | list) or not all(isinstance(end, int | float) for end in scale):
        return False
    return len(scale) == 2 and isfinite(sum(scale)) and scale[0] < scale[1]


def _name_of(cls: type[Evaluator]) -> str:
    try:
        return str(cls.name())
    except Exception as error:  # a user's class may raise anything
        return f"{type(error).__name__}: {error}"


def _setting_problems(cls: type[Evaluator]) -> list[Problem]:
    required = [name for name, info in cls.model_fields.items() if info.is_required()]
    if required:
        return [Problem((name,), name, "is missing", "give it one") for name in required]
    try:
        cls.model_validate(dict(cls.model_construct()))
    except ValidationError as error:
        return explain_each(error, cls)
    return []


class _Loader(SourceFileLoader):
    """Loads a file and leaves no bytecode beside it."""

    def set_data(self, path: str, data: ReadableBuffer, *, _mode: int = 0o666) -> None:
        """Keep nothing."""


def _imported(path: Path) -> ModuleType:
    place = hashlib.sha256(str(path.resolve().parent).encode()).hexdigest()[:8]
    name = f"evalh_evaluators_{place}_{path.stem}"
    loader = _Loader(name, str(path.resolve()))
    spec = importlib.util.spec_from_file_location(name, path.resolve(), loader=loader)
    if spec is None:
        raise _bad(path, "cannot be imported", "fix it or move it away")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's file may raise anything, such as SystemExit or what pytest.skip raises
        del sys.modules[name]
        problem = f"cannot be imported: {type(error).__name__}: {_said(error)}"
        raise _bad(path, problem, "fix it or move it away", _line(path, error)) from None
    return module


def _said(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return next(iter(text.splitlines()), "")[:300]


def _line(path: Path, error: BaseException) -> int | None:
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(path.resolve())), None)
