import shutil
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.repository import plain_git
from tests.small_workspace import gated_workspace, small_workspace

from evalh.cli.main import main


@dataclass(frozen=True)
class Ended:
    """What a person saw, and the exit code."""

    code: int
    out: str
    err: str


Evalh = Callable[..., Ended]


@pytest.fixture
def evalh(capsys: pytest.CaptureFixture[str]) -> Evalh:
    def call(*arguments: str) -> Ended:
        code = main(arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, a small workspace."""
    small_workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / ".cache"))
    return tmp_path


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, a workspace whose prompt v2 is worse than v1; see `gated_workspace`."""
    root = tmp_path / "space"
    gated_workspace(root)
    _inside(root, monkeypatch)
    return root


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("finished") / "space"
    gated_workspace(root)
    with chdir(root):
        assert main(["run", "--no-cache", "--out", "results/done"]) == 1
    return root


@pytest.fixture
def finished(_finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `gated`, with the run of its configuration in results/done."""
    root = tmp_path / "space"
    shutil.copytree(_finished, root)
    _inside(root, monkeypatch)
    return root


def _inside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("EVALH_CACHE", str(root.parent / ".cache"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    plain_git(monkeypatch)
