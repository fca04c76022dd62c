from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.small_workspace import small_workspace

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
