"""A small workspace whose agent is a Python function, for tests of what talks to it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.small_workspace import GATED_CONFIG, PERSONAS, gated_workspace, write

from evalh.workspace import Workspace

LIVE = 'agent: {kind: function, function: "agents.helper:reply"%s}\n'
HELPER = '''\
"""Solves everything; by prompt v2 it explains too much. Every call is a line in `asked`."""

import os
import time

LONG = "I have reset the line, and " + "now we wait until it comes back up, " * 5 + "it is fixed now."


def reply(contact):
    with open(os.environ["ASKED"], "a", encoding="utf-8") as file:
        file.write(f"{contact.conversation_id} {len(contact.turns)}\\n")
    time.sleep(float(os.environ.get("SLOW", "0")))
    if contact.case in os.environ.get("RAISES", "-").split(","):
        raise RuntimeError("the line is dead")
    said = sum(turn.role == "agent" for turn in contact.turns)
    if said == 0:
        return "Let me look. May I have the last four digits of your account number?"
    if said > 1:
        return "You're welcome. Goodbye."
    return LONG if "Explain" in contact.system_prompt else "I have reset the line. It is fixed now."
'''


def live_workspace(root: Path, *, cases: int = 4, more: str = "", agent: str = "") -> Workspace:
    """As `gated_workspace`, without recordings, with an agent that is talked to. `more`: lines of its configuration."""
    gated_workspace(root, cases=cases)
    shutil.rmtree(root / "golden_sets/few/recordings")
    names = [f"c-{number:02}" for number in range(cases)]
    kept = [
        {
            "id": name,
            "persona": PERSONAS[number % 2],
            "started_at": "2026-11-05T10:00:00Z",
            "facets": {"intent": "outage"},
            "customer": {"region": "US-TX", "tenure_months": 12, "open_cases": [], "plan": "BASIC"},
            "goal": f"get the slow wifi in room {number} fixed",
        }
        for number, name in enumerate(names)
    ]
    write(root, "golden_sets/few/cases.jsonl", "".join(json.dumps(case) + "\n" for case in kept))
    write(root, "agents/helper.py", HELPER)
    configure(root, more, agent)
    return Workspace(root)


def configure(root: Path, more: str = "", agent: str = "") -> None:
    """Write the configuration. `agent`: more of its agent, such as ``, greeting: Hi``."""
    write(root, "configs/small.yaml", GATED_CONFIG.replace("evaluators:", LIVE % agent + more + "evaluators:"))


def asked(path: Path) -> list[str]:
    """The turns that the agent was asked for: conversation and number of turns before."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
