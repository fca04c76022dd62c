"""Where a workspace is: the nearest folder with configurations, or the reference that comes with evalh."""

from __future__ import annotations

from pathlib import Path

_CONFIGS = ("policies", "prompts", "scorecards")
_PACKAGE = Path(__file__).resolve().parent.parent


def is_workspace(folder: Path) -> bool:
    """Whether `folder` has `configs/`, with policies, prompts or scorecards in it or `golden_sets/` beside it."""
    configs = folder / "configs"
    inside = any((configs / name).is_dir() for name in _CONFIGS)
    return configs.is_dir() and (inside or (folder / "golden_sets").is_dir())


def find_root(start: Path | None = None) -> Path:
    """The nearest workspace at or above `start` (default: the current folder), else the reference."""
    here = (start or Path()).resolve()
    return next((folder for folder in (here, *here.parents) if is_workspace(folder)), reference_root())


def reference_root() -> Path:
    """The workspace that comes with evalh: inside the package, or the root of a source checkout."""
    packaged = _PACKAGE / "reference"
    return packaged if packaged.is_dir() else _PACKAGE.parent.parent


def shown(path: Path) -> str:
    """`path` as it is printed: relative to the current folder when it lies inside."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
