"""`evalh validate`: everything that is wrong, at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.errors import UserError
    from evalh.workspace import Workspace

_JUDGES = "judges"


def validate(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]", help="A workspace or one file; default: the workspace around the current folder."
        ),
    ] = None,
) -> None:
    """Say everything that is wrong in a workspace or a file.

    A file may be a policy, prompt, persona, scorecard, run configuration, evaluator, transcripts, a calibration or the
    check of a judge.
    """
    from evalh.agreement.store import problems
    from evalh.cli.show import say
    from evalh.workspace.files import raise_all

    if path is not None and not path.is_dir():
        say(f"ok: {_file(path)}")
        return
    space = _workspace(path)
    raise_all([*space.problems(), *problems(space), *_of_judges(space)])
    for notice in space.notices():
        say(notice)
    say("ok: " + ", ".join(f"{count} {name if count == 1 else plural}" for count, name, plural in space.counts()))


def _of_judges(space: Workspace) -> list[UserError]:
    """What is wrong with the checks of judges; without any, nothing of a judge is imported."""
    if not (space.root / "calibration" / _JUDGES).is_dir():
        return []
    from evalh.workspace.judge_checks import problems

    return list(problems(space))


def _file(path: Path) -> str:
    from evalh.agreement.store import FOLDER, read_agreement
    from evalh.workspace.one_file import check_file

    if path.suffix == ".json" and path.resolve().parent.name == FOLDER:
        return f"calibration with {read_agreement(path).golden_set.id!r}"
    if path.suffix == ".json" and path.resolve().parent.name == _JUDGES:
        from evalh.workspace.judge_checks import read_judge_check

        return f"check of the judge {read_judge_check(path).judge!r}"
    return check_file(path)


def _workspace(path: Path | None) -> Workspace:
    from evalh.errors import NotFound
    from evalh.workspace import Workspace
    from evalh.workspace.find import is_workspace

    if path is None:
        return Workspace.find()
    if not is_workspace(path):
        raise NotFound(
            f"{path}: is no workspace, it has no configs folder with policies; make one with: evalh init {path}"
        )
    return Workspace(path)
