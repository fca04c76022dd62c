"""The `evalh` command: its commands, and what an error looks like.

Exit codes: 0 done or passed, 1 the gate failed, 2 the user's mistake, 3 too little to tell, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer

from evalh.cli.bless import bless
from evalh.cli.calibrate import calibrate
from evalh.cli.compare import compare
from evalh.cli.facts import facts
from evalh.cli.golden import app as golden
from evalh.cli.init import init
from evalh.cli.judge import app as judge
from evalh.cli.list import list_
from evalh.cli.plan import plan
from evalh.cli.power import power
from evalh.cli.run import run
from evalh.cli.schema import schema
from evalh.cli.score import score
from evalh.cli.show import tolerate_any_character, warn
from evalh.cli.simulate import simulate
from evalh.cli.validate import validate
from evalh.errors import ManyErrors, TooLittle, UserError

USER_MISTAKE = 2
TOO_LITTLE = 3
INTERRUPTED = 130

app = typer.Typer(
    name="evalh",
    help="Evaluate AI voice and chat agents that make offers in customer-service conversations.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from evalh import __version__

        typer.echo(f"evalh {__version__}")
        raise typer.Exit


@app.callback()
def _app(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Evaluate AI voice and chat agents that make offers in customer-service conversations."""


for _name, _command in (
    ("init", init),
    ("validate", validate),
    ("run", run),
    ("simulate", simulate),
    ("plan", plan),
    ("compare", compare),
    ("bless", bless),
    ("power", power),
    ("calibrate", calibrate),
    ("score", score),
    ("facts", facts),
    ("list", list_),
    ("schema", schema),
):
    app.command(_name)(_command)
app.add_typer(judge)
app.add_typer(golden)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; our own mistakes are raised."""
    tolerate_any_character()
    return outcome(lambda: app(None if arguments is None else list(arguments), prog_name="evalh"))


def outcome(call: Callable[[], object]) -> int:
    """Make the call and return the exit code of how it ended; a user's mistakes are told, ours are raised."""
    try:
        call()
    except ManyErrors as many:
        for error in many.errors:
            warn(str(error))
        return USER_MISTAKE
    except UserError as error:
        warn(str(error))
        return USER_MISTAKE
    except TooLittle as error:
        warn(str(error))
        return TOO_LITTLE
    except KeyboardInterrupt:
        return _interrupted()
    except SystemExit as end:
        return _interrupted() if end.code == INTERRUPTED else _code(end)
    return 0


def _interrupted() -> int:
    warn("interrupted; give the same command again to go on where it stopped")
    return INTERRUPTED


def _code(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
