"""What `evalh facts` and `evalh score` print of personal data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Evalh
from tests.small_workspace import write

CARD = "4111 1111 1111 1111"
TURNS = [
    {"role": "customer", "text": f"my card is {CARD}, jane.doe@example.com, how much is my bill"},
    {"role": "agent", "text": f"It is $40. Would you like Fiber 500 for $5 a month, paid by {CARD}?"},
    {"role": "customer", "text": "no thanks"},
]
SCORE = ("score", "t.jsonl", "--policy", "home", "--encoder", "none")
FACTS = ("facts", "t.jsonl", "--policy", "home", "--encoder", "none")


@pytest.fixture
def transcripts(root: Path) -> Path:
    write(root, "t.jsonl", json.dumps({"id": "a", "turns": TURNS}) + "\n")
    return root


@pytest.mark.parametrize("command", [SCORE, FACTS])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_personal_data_is_not_printed(
    evalh: Evalh, transcripts: Path, command: tuple[str, ...], form: tuple[str, ...]
) -> None:
    done = evalh(*command, *form)
    assert done.code == 0
    assert "1111" not in done.out
    assert "jane" not in done.out
    assert "<CARD_1>" in done.out


@pytest.mark.parametrize("command", [SCORE, FACTS])
def test_it_is_printed_when_asked_for(evalh: Evalh, transcripts: Path, command: tuple[str, ...]) -> None:
    done = evalh(*command, "--json", "--no-redact")
    assert done.code == 0
    assert CARD in done.out


def test_facts_show_the_transcript_without_it(evalh: Evalh, transcripts: Path) -> None:
    done = evalh(*FACTS)
    assert "my card is <CARD_1>, <EMAIL_1>, how much is my bill" in done.out.replace("\n", " ")
    assert "my card is 4111" in evalh(*FACTS, "--no-redact").out.replace("\n", " ")


def test_kept_results_say_whether_they_are_redacted(evalh: Evalh, transcripts: Path) -> None:
    assert evalh(*SCORE, "--out", "kept").code == 0
    assert json.loads((transcripts / "kept" / "manifest.json").read_text())["redacted"] is True
    assert evalh(*SCORE, "--out", "open", "--no-redact").code == 0
    assert json.loads((transcripts / "open" / "manifest.json").read_text())["redacted"] is False
    assert evalh(*SCORE, "--out", "kept", "--no-redact").code == 2
