"""The exceptions of evalh, each one sentence a user can act on.

EvalhError
├── UserError            the user's mistake: exit code 2, no traceback
│   ├── BadInput         a file, line or field that cannot be read
│   ├── BadConfig        a config, policy, prompt or evaluator that cannot be used
│   └── NotFound         a named thing that does not exist
├── TooLittle            more data is needed than there is: exit code 3
│   └── Stopped          a hard stop was reached; what was done until then is kept
└── InternalError        ours: reported with a traceback
"""

from __future__ import annotations

from pathlib import Path


class EvalhError(Exception):
    """Base of everything evalh raises on purpose."""


class UserError(EvalhError):
    """A mistake in what the user gave; the message is one sentence with a remedy."""


class BadInput(UserError):
    """A place in a file that cannot be read.

    `where` is rendered as ``file:line: field``; parts that are unknown are left out.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = str(file) if file is not None else None
        self.line = line
        self.field = field
        self.remedy = remedy
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        parts = [part for part in (place, self.field) if part]
        head = ": ".join(parts)
        body = f"{head}: {self.problem}" if head else self.problem
        return f"{body}; {self.remedy}" if self.remedy else body


class BadConfig(BadInput):
    """A user's config, policy, prompt, persona, scorecard or evaluator that cannot be used."""


class NotFound(UserError):
    """A file, id or name that does not exist."""


class ManyErrors(UserError):
    """Several mistakes found at once, one sentence each."""

    def __init__(self, errors: list[UserError]) -> None:
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))


class TooLittle(EvalhError):
    """What was asked needs more data than there is: exit code 3."""


class Stopped(TooLittle):
    """A limit of calls, cost or time was reached; what was done until then is kept, and the same command goes on."""


class InternalError(EvalhError):
    """A promise of evalh that evalh itself broke."""
