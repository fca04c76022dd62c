"""`evalh validate`: everything that is wrong, at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.workspace import Workspace


def validate(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]", help="A workspace or one file; default: the workspace around the current folder."
        ),
    ] = None,
) -> None:
    """Say everything that is wrong in a workspace or a file.

    A file may be a policy, prompt, persona, scorecard, run configuration, evaluator, transcripts or a calibration.
    """
    from evalh.agreement.store import problems
    from evalh.cli.show import say
    from evalh.workspace.files import raise_all

    if path is not None and not path.is_dir():
        say(f"ok: {_file(path)}")
        return
    space = _workspace(path)
    raise_all([*space.problems(), *problems(space)])
    for notice in space.notices():
        say(notice)
    say("ok: " + ", ".join(f"{count} {name if count == 1 else plural}" for count, name, plural in space.counts()))


def _file(path: Path) -> str:
    from evalh.agreement.store import FOLDER, read_agreement
    from evalh.workspace.one_file import check_file

    if path.suffix == ".json" and path.resolve().parent.name == FOLDER:
        return f"calibration with {read_agreement(path).golden_set.id!r}"
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
