"""Whether a judge may gate: only when this very judge passed its check, in the forms in which it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalh.errors import UserError
from evalh.reader.protocol import Reader
from evalh.regression.sides import Side
from evalh.runner.readers import judge_of
from evalh.text.safe import safe_text
from evalh.workspace import Workspace

if TYPE_CHECKING:
    from evalh.judge.asking import Form
    from evalh.workspace.judge_checks import Admission

PASSED = "passed"


def admission(space: Workspace, reader: Reader) -> Admission | None:
    """What is known of the reader's judge; None where it asks none."""
    judge = judge_of(reader)
    if judge is None:
        return None
    from evalh.workspace.judge_checks import admission_of

    return admission_of(space, judge.sha256, _forms(reader))


def _forms(reader: Reader) -> tuple[Form, ...]:
    """How the reader asks its judge."""
    from evalh.judge.check import forms_of
    from evalh.reader.judged import JudgeReader

    if isinstance(reader, JudgeReader):
        return forms_of("judge")
    return forms_of("cascade", getattr(reader, "ask_below", 1.0))


def refuse_unadmitted(space: Workspace, reader: Reader, config: str) -> None:
    """Raise UserError where the reader's judge may not gate. `config`: the configuration to check it by."""
    found = admission(space, reader)
    if found is None or found.state == PASSED:
        return
    judge = safe_text(judge_of(reader).id)
    remedy = "choose another judge" if found.state == "failed" else f"check it once: evalh judge check {config}"
    raise UserError(f"the judge {judge} {found.why}, so its verdicts may not gate; {remedy}, or give --no-gate")


def untrusted(*sides: Side) -> str:
    """Why the verdicts of these sides may not gate, a sentence; empty where they may."""
    for side in sides:
        state = side.info.judge_check
        if state not in (None, PASSED):
            what = "did not pass its check" if state == "failed" else "was not checked"
            remedy = "see evalh judge check, then run it again"
            return f"the judge of {side.info.name} {what}, so its verdicts may not gate; {remedy}"
    return ""
