"""The commit a workspace is at, when it is in git, and the one that changed a line last."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from evalh.models import GitInfo

TIMEOUT_SECONDS = 10.0


def git_info(folder: Path) -> GitInfo:
    """The commit of the working tree around `folder` and whether it has changes; empty without git."""
    git = shutil.which("git")
    commit = _asked(git, folder, "rev-parse", "HEAD") if git is not None else None
    if git is None or commit is None:
        return GitInfo()
    changed = _asked(git, folder, "status", "--porcelain", "--untracked-files=no")
    return GitInfo(commit=commit.strip(), dirty=None if changed is None else bool(changed.strip()))


def last_change(path: Path, pattern: str) -> str | None:
    """The last commit that changed a line of the file that matches `pattern`; None without git or such a commit."""
    git = shutil.which("git")
    if git is None:
        return None
    wanted = ("log", "-1", "--format=%H", "--no-textconv", "--no-ext-diff", "-G", pattern, "--", path.name)
    return (_asked(git, path.parent, *wanted) or "").strip() or None


def _asked(git: str, folder: Path, *arguments: str) -> str | None:
    command = [git, "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
