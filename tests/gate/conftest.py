from __future__ import annotations

import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from tests.repository import plain_git
from tests.small_workspace import gated_workspace

from evalh.gate.run import GateOptions, gated_run
from evalh.workspace import Workspace


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("finished") / "space"
    space = gated_workspace(root)
    with chdir(root):
        gated_run(space, None, root / "results" / "done", GateOptions(no_cache=True))
    return root


@pytest.fixture
def space(_finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The current folder, a workspace with the run of its configuration in results/done; see `gated_workspace`."""
    root = tmp_path / "space"
    shutil.copytree(_finished, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    plain_git(monkeypatch)
    return Workspace(root)
