"""Every fenced block of the README and the docs does what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from evalh.cli.main import main
from evalh.importers import Rejected, SourceMapping, open_source
from evalh.models import (
    AgentRequest,
    Aggregate,
    Case,
    Comparison,
    Conversation,
    ConversationRow,
    GoldenLabel,
    JudgeCheck,
    JudgeConfig,
    Manifest,
    ReaderConfig,
    Reading,
    RunConfig,
    ScoreRow,
)
from evalh.models.agreement import Agreement
from evalh.models.endpoint import Prices

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

ROWS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("construct", GoldenLabel),
    ("evaluator", ScoreRow),
    ("rollups", ConversationRow),
    ("lexicon_sha256", Reading),
    ("turns", Conversation),
    ("goal", Case),
)
"""What a row is, by the first key that it has."""
CI = {"jobs", "repos", "prompt-gate"}
"""What only files of CI have, which test_ci_files.py checks."""
FILES: dict[str, type[BaseModel]] = {
    "evalh.agent_request/1": AgentRequest,
    "evalh.manifest/1": Manifest,
    "evalh.comparison/1": Comparison,
    "evalh.agreement/1": Agreement,
    "evalh.judge_check/1": JudgeCheck,
}


ENDS = re.compile(r"# exit status (\d+)")
"""What a command ends with, where it is not 0."""


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
    for name in ("agents", "configs", "personas", "golden_sets"):
        shutil.copytree(ROOT / name, tmp_path / name)
    recordings = ROOT / "golden_sets/brightwater_care/recordings/v1.jsonl"
    calls = recordings.read_text("utf-8").split("\n")[:2]
    (tmp_path / "calls.jsonl").write_text("\n".join(calls) + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALH_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=NAMES)
def test_each_block_says_its_language(block: Block) -> None:
    assert block.language in ("bash", "python", "yaml", "json", "jsonl", "csv", "text", "markdown")


PYTHON = [b for b in BLOCKS if b.language == "python" and not b.text.startswith("# agents/")]
"""Files of agents are checked by test_recipes.py."""


@pytest.mark.parametrize("block", PYTHON, ids=lambda b: f"{b.page}:{b.line}")
def test_python_blocks_run(block: Block, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block.text, f"{block.page}:{block.line}", "exec"), {"__name__": "block"})
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "bash"], ids=lambda b: f"{b.page}:{b.line}")
def test_evalh_commands_run(block: Block, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [line for line in block.text.split("\n") if line.startswith("evalh ")]
    if not commands:
        assert ".venv/bin/" in block.text, "a block of commands that CI runs in a fresh clone"
    for command in commands:
        found = ENDS.search(command)
        expected = int(found[1]) if found else 0
        assert main(shlex.split(command, comments=True)[1:]) == expected, f"{command}: {capsys.readouterr().err}"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "jsonl"], ids=lambda b: f"{b.page}:{b.line}")
def test_rows_are_valid(block: Block) -> None:
    for line in filter(None, block.text.split("\n")):
        row = json.loads(line)
        _check(row, next(model for key, model in ROWS if key in row))


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "json"], ids=lambda b: f"{b.page}:{b.line}")
def test_json_files_are_valid(block: Block) -> None:
    data = json.loads(block.text)
    for value in data if isinstance(data, list) else [data]:
        _check(value, FILES[value["schema"]] if isinstance(data, dict) else Aggregate)


def _check(value: dict[str, Any], model: type[BaseModel]) -> None:
    """Validate `value`, and that it has no field the model does not know: results are read without minding those."""
    model.model_validate(value)
    known = {info.alias or name for name, info in model.model_fields.items()}
    assert set(value) <= known


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "yaml"], ids=lambda b: f"{b.page}:{b.line}")
def test_yaml_blocks_are_valid(block: Block, folder: Path) -> None:
    data = YAML(typ="safe", pure=True).load(block.text)
    if "schema" in data:
        assert main(["validate", str(_saved(block, folder, "yaml"))]) == 0
    elif CI & set(data):
        assert block.page == "ci.md"
    elif "reader" in data:
        assert set(data) <= {"reader", "judge"}
        ReaderConfig.model_validate(data["reader"])
        JudgeConfig.model_validate(data.get("judge", {"model": "m"}))
    elif set(data) <= {"agent", "simulation"}:
        whole = {"name": "x", "golden_set": "x", "prompts": {"agent": "x", "versions": ["v1"]}}
        RunConfig.model_validate({**whole, **data})
    else:
        SourceMapping.model_validate(data)


def test_every_setting_of_a_run_and_its_judge_is_in_its_table() -> None:
    text = (ROOT / "docs" / "files.md").read_text("utf-8")
    judge = text.split("### The judge\n")[1].split("\n### ")[0]
    named = set(re.findall(r"`([a-z_]+)`", "".join(line for line in judge.split("\n") if line.startswith("|"))))
    assert set(JudgeConfig.model_fields) <= named
    assert set(Prices.model_fields) <= named
    run = text.split("## Run configuration\n")[1].split("\n## ")[0]
    assert [name for name in ("reader.kind", "judge", "redact") if f"| `{name}` |" not in run] == []


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "markdown"], ids=lambda b: f"{b.page}:{b.line}")
def test_markdown_files_are_valid(block: Block, folder: Path) -> None:
    assert block.text.startswith("---\n"), "a prompt or a rubric, with its front matter"
    if "schema: evalh.prompt/1" in block.text:
        assert main(["validate", str(_saved(block, folder, "md"))]) == 0
    else:
        evaluators = folder / "evaluators"
        evaluators.mkdir()
        assert main(["validate", str(_saved(block, evaluators, "md"))]) == 0


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "csv"], ids=lambda b: f"{b.page}:{b.line}")
def test_tables_are_read_with_the_mapping_above_them(block: Block, folder: Path) -> None:
    above = [b for b in BLOCKS if b.page == block.page and b.language == "yaml" and b.line < block.line]
    mapping = YAML(typ="safe", pure=True).load(above[-1].text)
    found = list(open_source(_saved(block, folder, "csv"), mapping=mapping))
    assert found
    assert not [item for item in found if isinstance(item, Rejected)]


def _saved(block: Block, folder: Path, suffix: str) -> Path:
    file = folder / f"block{os.getpid()}.{suffix}"
    file.write_text(block.text + "\n", "utf-8")
    return file
