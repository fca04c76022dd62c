"""Conversations to add, and a workspace to add them to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.small_workspace import gated_workspace, write

from evalh.workspace import Workspace

SET = "golden_sets/few"
PHONE = "(415) 555-2671"
TURNS: list[dict[str, Any]] = [
    {"role": "agent", "text": "Hi, this is Nora, an AI assistant."},
    {"role": "customer", "text": f"My bill is wrong, you charged me twice! Call me on {PHONE}."},
    {
        "role": "agent",
        "text": "I am sorry. I refunded it. It is fixed now.",
        "tool_calls": [{"name": "refund", "arguments": {"phone": "4155552671"}, "result": "done"}],
    },
    {"role": "customer", "text": "Great, thanks, that solves it."},
    {"role": "agent", "text": "Would you like Fiber 500 for $49.99 a month?"},
    {"role": "customer", "text": "No thank you."},
]


def conversation(name: str = "call-1", **fields: Any) -> dict[str, Any]:
    """One that was held by v1 with the persona calm."""
    return {
        "id": name,
        "channel": "voice",
        "started_at": "2026-11-06T10:00:00Z",
        "persona": "calm",
        "agent": {"prompt_version": "v1"},
        "customer": {"region": "US-NY", "phone": PHONE},
        "turns": TURNS,
        **fields,
    }


def growing_workspace(root: Path, *more: dict[str, Any], cases: int = 3) -> Workspace:
    """As `gated_workspace`, with these conversations in calls.jsonl."""
    space = gated_workspace(root, cases=cases)
    calls(root, *more)
    return space


def calls(root: Path, *held: dict[str, Any]) -> str:
    """Put the conversations in calls.jsonl."""
    write(root, "calls.jsonl", "".join(json.dumps(one) + "\n" for one in held))
    return str(root / "calls.jsonl")


def rows(root: Path, name: str) -> list[dict[str, Any]]:
    """The records of a file of the set."""
    path = root / SET / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def files(root: Path) -> dict[str, bytes]:
    """Every file of the set."""
    folder = root / SET
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
