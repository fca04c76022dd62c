"""`evalh schema`: JSON Schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Such as policy, score or evaluator:groundedness; default: list the names.", show_default=False
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write files instead of printing.")] = None,
) -> None:
    """Print the JSON Schema of a kind of file.

    Or of an evaluator's settings; with --out and no name, write them all.
    """
    import json

    from evalh.cli.show import say, say_raw
    from evalh.workspace import Workspace, schemas

    evaluators = Workspace.find().evaluators()
    names = sorted([*schemas.SCHEMAS, *(schemas.SETTINGS + key for key in evaluators)])
    if name is None and out is None:
        say("\n".join(names))
        return
    chosen = [name] if name is not None else names
    texts = {one: json.dumps(schemas.schema(one, evaluators), indent=2) + "\n" for one in chosen}
    if out is None:
        say_raw("".join(texts.values()))
        return
    _write(out, texts)


def _write(out: Path, texts: dict[str, str]) -> None:
    from evalh.cli.paths import made_folder
    from evalh.cli.show import say
    from evalh.store.atomic import write_atomic

    folder = made_folder(out)
    for name, text in texts.items():
        path = folder / f"{name.replace(':', '.')}.schema.json"
        write_atomic(path, text)
        say(f"wrote {path}")
