"""A small workspace on disk, for tests of what reads and checks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evalh.workspace import Workspace

POLICY = """\
schema: evalh.policy/1
id: home
version: "2"
effective: {from: 2026-11-01}
offers:
  - id: FIBER-500
    names: [Fiber 500]
    kind: upsell
    price: {amount: "49.99", period: month}
    eligibility:
      condition: "customer.tenure_months >= 3"
suppression:
  - {id: dispute, when: "'billing_dispute' in customer.open_cases"}
"""
OLDER = POLICY.replace('version: "2"', 'version: "1"').replace(
    "{from: 2026-11-01}", "{from: 2026-10-01, to: 2026-10-31}"
)
PROMPT = """\
---
schema: evalh.prompt/1
agent: care
version: v1
approved_copy:
  - {id: copy, offer: FIBER-500, text: "Fiber 500 would be faster."}
---
You are Nora.
"""
CONFIG = """\
schema: evalh.run/1
name: small
golden_set: few
prompts: {agent: care, versions: [v1]}
evaluators:
  brevity: {max_words: 30}
scorecard: card
"""
CARD = """\
schema: evalh.scorecard/1
id: card
sections:
  - id: manner
    items:
      - {id: short, evaluator: brevity}
"""
BREVITY = '''\
from collections.abc import Iterator

from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Score


class Brevity(Evaluator):
    """Agent turns are short."""

    max_words: int = 40

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        for turn in ctx.conversation.agent_turns():
            yield Score(turn=turn.index, value=len(turn.text.split()) <= self.max_words)
'''
RUBRIC_FILE = "---\nname: warmth\n---\nGive 1 when the agent is warm.\n"
FILES = {
    "configs/small.yaml": CONFIG,
    "configs/policies/home@1.yaml": OLDER,
    "configs/policies/home@2.yaml": POLICY,
    "configs/prompts/care/v1.md": PROMPT,
    "configs/scorecards/card.yaml": CARD,
    "evaluators/brevity.py": BREVITY,
    "personas/calm.yaml": "schema: evalh.persona/1\nid: calm\nname: Calm\n",
    "golden_sets/few/set.yaml": 'schema: evalh.golden_set/1\nid: few\nversion: "1"\npolicy: home\nagent: care\n',
    "golden_sets/few/cases.jsonl": '{"id": "c-1", "persona": "calm", "started_at": "2026-11-05T10:00:00Z"}\n',
}
RECORDING: dict[str, Any] = {
    "id": "r-1",
    "case": "c-1",
    "turns": [
        {"role": "agent", "text": "Hi, this is Nora, an AI assistant."},
        {"role": "customer", "text": "my wifi is slow"},
        {"role": "agent", "text": "I have reset the line. Is it faster now?"},
        {"role": "customer", "text": "yes thanks that's all"},
    ],
}


def small_workspace(root: Path, **recording: Any) -> Workspace:
    """A good workspace under `root`; `recording` changes its one recording."""
    for name, text in FILES.items():
        write(root, name, text)
    space = Workspace(root)
    held = {**RECORDING, "prompt_sha256": space.prompt("care", "v1").sha256, **recording}
    write(root, "golden_sets/few/recordings/v1.jsonl", json.dumps(held) + "\n")
    return space


def write(root: Path, name: str, text: str) -> None:
    """Put `text` in a file below `root`."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def change(root: Path, name: str, old: str, new: str) -> None:
    """Replace `old`, which must be there, by `new` in a file below `root`."""
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    write(root, name, text.replace(old, new))
