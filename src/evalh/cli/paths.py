"""Folders that commands write into."""

from __future__ import annotations

from pathlib import Path


def made_folder(path: Path) -> Path:
    """`path`, made when it was not there. Raises BadInput when it cannot be a folder."""
    from evalh.errors import BadInput

    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise BadInput("is a file, not a folder", file=path, remedy="name another folder") from None
    except OSError as error:
        raise BadInput(f"cannot be made ({error.strerror})", file=path, remedy="name another folder") from None
    return path
