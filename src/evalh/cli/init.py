"""`evalh init`: writes a small workspace that runs at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder to write into.", show_default=False)
    ] = Path(),
) -> None:
    """Write a small workspace that runs at once.

    It has a run configuration, a policy, two prompts, personas, a golden set and an evaluator of your own.
    Files that are there already stay as they are.
    """
    from evalh.cli.show import say
    from evalh.workspace import Workspace
    from evalh.workspace.start import start_files

    written = [path for path, content in start_files(Workspace.reference()) if _written(directory / path, content)]
    say("\n".join(f"wrote {directory / path}" for path in written) or "nothing to write, every file is there")
    say(f"next: {'' if directory == Path() else f'cd {directory} && '}evalh validate && evalh run")


def _written(path: Path, content: bytes) -> bool:
    """Whether the file was written; one that is there is left alone."""
    from evalh.errors import BadInput

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        if path.parent.is_dir():
            return False
        raise BadInput("is a file, not a folder", file=path.parent, remedy="name another folder") from None
    except OSError as error:
        raise BadInput(f"cannot be written ({error.strerror})", file=path, remedy="name another folder") from None
    return True
