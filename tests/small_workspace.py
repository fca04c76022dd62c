"""A small workspace on disk, for tests of what reads and checks it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evalh.models import digest
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


PERSONAS = ("calm", "hurried")
GATED_CONFIG = f"""\
{CONFIG.replace("versions: [v1]", "versions: [v1, v2]").replace("scorecard: card", "scorecard: null")}\
reader: {{encoder: {{kind: none}}}}
"""
SHORT = "I have reset the line. Is it faster now?"
LONG = "I have reset the line, and " + "now we wait until it comes back up, " * 5 + "is it faster?"


def gated_workspace(root: Path, *, cases: int = 12, trials: int = 1, worse: int | None = None) -> Workspace:
    """A good workspace whose prompts v1 and v2 are compared by `brevity`, cohorts by persona.

    `cases` cases, c-00 and so on, of the personas calm and hurried in turn; of each `trials` recordings by each
    version, though the configuration asks for one. v1 is always short; v2 is too long in the first `worse` cases (all
    of them by default, 0: it says what v1 says).
    """
    names = [f"c-{number:02}" for number in range(cases)]
    people = {name: PERSONAS[number % 2] for number, name in enumerate(names)}
    kept = [{"id": name, "persona": persona, "started_at": "2026-11-05T10:00:00Z"} for name, persona in people.items()]
    files = {
        **FILES,
        "configs/small.yaml": GATED_CONFIG,
        "configs/prompts/care/v2.md": PROMPT.replace("v1", "v2").replace("Nora.", "Nora. Explain everything."),
        "personas/hurried.yaml": "schema: evalh.persona/1\nid: hurried\nname: Hurried\n",
        "golden_sets/few/cases.jsonl": "".join(json.dumps(case) + "\n" for case in kept),
    }
    for name, text in files.items():
        write(root, name, text)
    record(root, "v1", dict.fromkeys(names, SHORT), range(trials))
    long = names[:worse]
    record(root, "v2", {name: LONG if name in long else SHORT for name in names}, range(trials))
    return Workspace(root)


def record(root: Path, version: str, said: Mapping[str, str], trials: Sequence[int] = (0,)) -> None:
    """Recordings of a prompt version in place of those it had: what the agent says in each case, in every trial."""
    first, customer, answer, last = RECORDING["turns"]
    prompt_sha256 = Workspace(root).prompt("care", version).sha256
    held = [
        {
            "id": f"{case}-{trial}",
            "case": case,
            "trial": trial,
            "prompt_sha256": prompt_sha256,
            "turns": [first, {**customer, "text": f"my wifi is slow, {case}"}, {**answer, "text": text}, last],
        }
        for trial in trials
        for case, text in said.items()
    ]
    write(root, f"golden_sets/few/recordings/{version}.jsonl", "".join(json.dumps(one) + "\n" for one in held))


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


def sign(manifest: Path) -> None:
    """Make a manifest that was edited pass for one that a run wrote."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content.pop("sha256")
    manifest.write_text(json.dumps({**content, "sha256": digest(content)}), encoding="utf-8")
