"""`evalh judge`: whether the judge of a configuration can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalh.cli.gated import Full
from evalh.cli.limits import MaxCalls, MaxCost

if TYPE_CHECKING:
    from evalh.judge.asking import Form
    from evalh.models import JudgeCheck
    from evalh.workspace import Workspace

REFUSED = 1
"""The exit status of a judge that did not pass."""

app = typer.Typer(
    name="judge", help="The language model that reads and judges.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _judge() -> None:
    """The language model that reads and judges."""


@app.command("check")
def check(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]", help="A name in configs/ or a path; default: the only one.", show_default=False
        ),
    ] = None,
    max_calls: MaxCalls = None,
    max_cost: MaxCost = None,
    quick: Annotated[bool, typer.Option("--quick", help="Ask only until it cannot pass any more.")] = False,
    full: Full = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Try the judge of a configuration on conversations whose answers are known.

    Asks what a run would ask: facts, single facts, rubrics and their negations, texts that try to talk it into another
    answer, empty answers. Ends with 0 when it passed and with 1 when it did not, with 3 when it could not be asked. The
    result is kept in calibration/judges, to be committed: a run gates only by a judge that passed.
    """
    from evalh.cli.gated import leave
    from evalh.cli.show import console, say, say_raw
    from evalh.report.judge import render_judge_check
    from evalh.store.atomic import line
    from evalh.workspace import Workspace
    from evalh.workspace.find import shown
    from evalh.workspace.judge_checks import write_judge_check

    space = Workspace.of_config(config)
    found = _checked(space, config, max_calls, max_cost, quick)
    path = write_judge_check(space, found)
    if as_json:
        say_raw(line(found).decode("ascii"))
    else:
        render_judge_check(found, console(), full=full)
        say(f"kept in {shown(path)}")
    leave(0 if found.passed else REFUSED)


def _checked(
    space: Workspace, config: str | None, max_calls: int | None, max_cost: float | None, quick: bool
) -> JudgeCheck:
    """Ask; what was answered is kept until the check is done, so that one that was stopped goes on."""
    from contextlib import closing
    from shutil import rmtree

    from evalh.cli.progress import share_bar
    from evalh.errors import BadConfig
    from evalh.judge.check import check_judge
    from evalh.judge.judge import Judge
    from evalh.llm.budget import Budget
    from evalh.store.cache import default_cache_dir
    from evalh.store.replies import ReplyStore
    from evalh.workspace.find import shown

    loaded = space.config(config)
    asked = loaded.config.judge
    if asked is None:
        remedy = "add 'judge: {model: NAME}' to it, or name another configuration"
        raise BadConfig("has no judge", file=shown(loaded.path), remedy=remedy)
    budget = Budget(max_calls, max_cost, asked.prices)
    folder = default_cache_dir() / "judge-checks" / Judge(asked).sha256[:12]
    with closing(ReplyStore(folder)) as replies, closing(Judge(asked, replies=replies, budget=budget)) as judge:
        forms = _forms(space, loaded.config.reader.kind, asked.ask_below, judge.sha256)
        with share_bar("asking the judge") as told:
            found = check_judge(judge, forms, told, quick=quick)
    rmtree(folder, ignore_errors=True)
    return found


def _forms(space: Workspace, kind: str, ask_below: float, sha256: str) -> tuple[Form, ...]:
    """What the configuration asks, and what the judge was checked on for another, which would be forgotten else."""
    from evalh.judge.check import forms_of
    from evalh.workspace.judge_checks import judge_check_of

    before = judge_check_of(space, sha256)
    return (*forms_of(kind, ask_below), *(before.forms if before is not None else ()))
