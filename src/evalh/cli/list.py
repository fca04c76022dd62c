"""`evalh list`: what there is to name."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """What can be listed."""

    evaluators = "evaluators"
    policies = "policies"
    prompts = "prompts"
    personas = "personas"
    golden = "golden"
    configs = "configs"


def list_(
    kind: Annotated[Kind | None, typer.Argument(help="What to list; default: all.", show_default=False)] = None,
) -> None:
    """List evaluators, policies, prompts and so on."""
    from evalh.cli.show import say, table
    from evalh.workspace import Workspace
    from evalh.workspace.listing import listing

    space = Workspace.find()
    for one in [kind] if kind is not None else list(Kind):
        rows = listing(space, one.value)
        if kind is None:
            say(f"{one.value}:")
        say(table(rows) if rows else "none")
        if kind is None:
            say()
