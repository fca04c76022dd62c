"""Every fenced block of the README and the docs does what it says."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML

from evalh.cli.main import main
from evalh.models import GoldenLabel, ReaderConfig

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


class Block(NamedTuple):
    page: str
    line: int
    language: str
    text: str


def blocks() -> list[Block]:
    found: list[Block] = []
    for page in PAGES:
        language, start, lines = None, 0, []
        for number, line in enumerate(page.read_text("utf-8").split("\n"), 1):
            if not line.startswith("```"):
                lines.append(line)
            elif language is None:
                language, start, lines = line[3:].strip(), number, []
            else:
                found.append(Block(page.name, start, language, "\n".join(lines)))
                language = None
    return found


BLOCKS = blocks()
NAMES = [f"{block.page}:{block.line}" for block in BLOCKS]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader of the README would stand in: the reference workspace, with a file of calls."""
    for name in ("configs", "personas", "golden_sets"):
        shutil.copytree(ROOT / name, tmp_path / name)
    recordings = ROOT / "golden_sets/brightwater_care/recordings/v1.jsonl"
    calls = recordings.read_text("utf-8").split("\n")[:2]
    (tmp_path / "calls.jsonl").write_text("\n".join(calls) + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_each_block_says_its_language(block: Block) -> None:
    assert block.language in ("bash", "python", "yaml", "json", "jsonl", "text", "markdown")


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "python"], ids=lambda b: f"{b.page}:{b.line}")
def test_python_blocks_run(block: Block, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block.text, f"{block.page}:{block.line}", "exec"), {"__name__": "block"})
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "bash"], ids=lambda b: f"{b.page}:{b.line}")
def test_evalh_commands_run(block: Block, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [line for line in block.text.split("\n") if line.startswith("evalh ")]
    if not commands:
        assert ".venv/bin/" in block.text, "a block of commands that CI runs in a fresh clone"
    for command in commands:
        assert main(command.split()[1:]) == 0, f"{command}: {capsys.readouterr().err}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "jsonl"], ids=lambda b: f"{b.page}:{b.line}")
def test_label_rows_are_valid(block: Block) -> None:
    for line in filter(None, block.text.split("\n")):
        GoldenLabel.model_validate(json.loads(line))


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "yaml"], ids=lambda b: f"{b.page}:{b.line}")
def test_yaml_blocks_are_valid(block: Block, folder: Path) -> None:
    data = YAML(typ="safe", pure=True).load(block.text)
    if "schema" in data:
        file = folder / f"block{os.getpid()}.yaml"
        file.write_text(block.text, "utf-8")
        assert main(["validate", str(file)]) == 0
    else:
        assert list(data) == ["reader"]
        ReaderConfig.model_validate(data["reader"])
