import os
from pathlib import Path

import pytest
from tests.cli.conftest import Evalh

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
COMMANDS = (
    "init", "validate", "run", "simulate", "plan", "compare", "bless", "power", "calibrate", "score", "facts", "list",
    "schema", "judge check", "golden add", "golden confirm", "golden check",
)  # fmt: skip
HEAD = """\
# The command line

Generated from `--help`; `EVALH_WRITE_DOCS=1 pytest tests/cli/test_docs.py` writes it again.

Exit codes: 0 done or passed, 1 the gate failed, 2 a mistake in what was given (one sentence, no traceback),
3 too little could be judged to tell, 130 interrupted.
"""


def generated(evalh: Evalh) -> str:
    parts = [
        ("evalh", evalh("--help").out),
        *((f"evalh {name}", evalh(*name.split(), "--help").out) for name in COMMANDS),
    ]
    return "\n".join([HEAD, *(f"## {name}\n\n```text\n{text.rstrip()}\n```\n" for name, text in parts)])


def test_the_help_in_the_docs_is_current(evalh: Evalh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    found = generated(evalh)
    if os.environ.get("EVALH_WRITE_DOCS"):
        DOCS.write_text(found, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == found
