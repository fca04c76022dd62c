"""One user file: its value as a model, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from evalh.errors import BadConfig, ManyErrors, NotFound, UserError
from evalh.text.untrusted import nearest
from evalh.text.yaml import Document, KeyPath, load_yaml, problems, read_text, validate
from evalh.workspace.find import shown

Value = TypeVar("Value")
AnyModel = TypeVar("AnyModel", bound=BaseModel)
_LISTED = 30
"""So many names are listed where none is close."""


@dataclass(frozen=True)
class Found(Generic[Value]):
    """What a file holds; `value` is None exactly when the file itself cannot be used."""

    path: Path
    value: Value | None
    problems: tuple[UserError, ...] = ()
    document: Document = field(default_factory=lambda: Document(None))

    def get(self) -> Value:
        """The value. Raises what is wrong, all of it."""
        raise_all(self.problems)
        if self.value is None:
            raise BadConfig("cannot be used", file=shown(self.path))
        return self.value

    def bad(self, problem: str, at: KeyPath, remedy: str) -> BadConfig:
        """The error of the value at `at`."""
        where = ".".join(str(part) for part in at if isinstance(part, str)) or None
        return BadConfig(problem, file=shown(self.path), line=self.document.line_of(at), field=where, remedy=remedy)

    def with_problems(self, more: Sequence[UserError]) -> Found[Value]:
        """The same with more that is wrong."""
        return Found(self.path, self.value, (*self.problems, *more), self.document)


def raise_all(errors: Sequence[UserError]) -> None:
    """Raise the errors, if there are any, as one."""
    if len(errors) > 1:
        raise ManyErrors(list(errors))
    if errors:
        raise errors[0]


def read_yaml(path: Path, model: type[AnyModel]) -> Found[AnyModel]:
    """The YAML file at `path` as a `model`."""
    try:
        document = load_yaml(read_text(path), file=shown(path))
    except UserError as error:
        return Found(path, None, (error,))
    return checked(path, document, model)


def checked(path: Path, document: Document, model: type[AnyModel]) -> Found[AnyModel]:
    """The document of `path` as a `model`."""
    wrong = problems(document, model)
    if wrong:
        return Found(path, None, tuple(wrong), document)
    return Found(path, validate(document, model), (), document)


def files(folder: Path, suffix: str) -> list[Path]:
    """The files of `folder` with that suffix, by name; hidden and underscored ones are left out."""
    return [path for path in inside(folder) if path.suffix == suffix and path.name[0] not in "._"]


def inside(folder: Path) -> list[Path]:
    """What stands in `folder`, by name; nothing when there is no such folder. Raises BadConfig when it is closed."""
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise BadConfig(problem, file=shown(folder), remedy="check the folder's permissions") from None


def did_you_mean(word: str, known: Sequence[str], none: str) -> str:
    """What to do about an unknown `word`; `none` is said where nothing is known at all."""
    close = nearest(word, known) if known else None
    if close:
        return f"did you mean {close!r}?"
    if not known:
        return none
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"there {'is' if len(known) == 1 else 'are'} {', '.join(known[:_LISTED])}{more}"


def unknown(what: str, name: str, known: Sequence[str], none: str) -> NotFound:
    """The error of a name that nothing has."""
    return NotFound(f"there is no {what} {name!r}; {did_you_mean(name, known, none)}")
