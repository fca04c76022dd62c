"""How a contact ended, where nobody said so in words that a rule knows: a logistic model over what the turns said.

It looks at the whole conversation, at its last turns most. It decides about issues that the rules leave open, and
doubts those that rest on the agent's word alone; the customer's word and a tool's stand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from evalh.encoder.turns import Speaker
from evalh.models import Evidence, Issue
from evalh.reader.heads import LABELS, TurnScores
from evalh.reader.view import TurnView

FADES = 0.7
"""What a turn counts for each turn of its side that follows it."""
FEATURES = (
    "done", "promised", "cannot", "asks", "solved", "unsolved", "frustrated", "satisfied", "last_done", "last_promised",
    "last_cannot", "last_solved", "last_unsolved", "last_frustrated", "last_satisfied", "most_done", "most_cannot",
    "by_agent", "promised_end", "refused_end", "open_end", "long",
)  # fmt: skip
"""Sums over turns that fade, the last turn of each side, the surest turn, and how the rules left the issues."""
SETTLED, UNSETTLED = 0.55, 0.45
"""From here on a contact ended well, or did not; between them nobody can tell."""
Heard = tuple[Speaker, TurnScores, TurnView]


def features(heard: Sequence[Heard], issues: Sequence[Issue]) -> list[float]:
    """The numbers of FEATURES for a conversation."""
    agent = [scores for speaker, scores, _ in heard if speaker == "agent"]
    customer = [scores for speaker, scores, _ in heard if speaker == "customer"]
    says = {label: [scores.of("issue", label) for scores in agent] for label in LABELS["issue"]}
    acts = [scores.of("act", "question") + scores.of("act", "next_step") for scores in agent]
    words = {label: [scores.of("word", label) for scores in customer] for label in LABELS["word"]}
    moods = {label: [scores.of("mood", label) for scores in customer] for label in LABELS["mood"]}
    ends = {(issue.status, issue.word) for issue in issues}
    return [
        _faded(says["done"]), _faded(says["promised"]), _faded(says["cannot"]), _faded(acts), _faded(words["solved"]),
        _faded(words["unsolved"]), _faded(moods["frustrated"]), _faded(moods["satisfied"]), _last(says["done"]),
        _last(says["promised"]), _last(says["cannot"]), _last(words["solved"]), _last(words["unsolved"]),
        _last(moods["frustrated"]), _last(moods["satisfied"]), max(says["done"], default=0.0),
        max(says["cannot"], default=0.0), float(("resolved", "agent") in ends), float(("promised", "agent") in ends),
        float(("unresolved", "agent") in ends),
        float(not ends or any(status in ("open", "unsure") for status, _ in ends)), float(np.log(len(heard) + 1.0)),
    ]  # fmt: skip


def settle(heard: Sequence[Heard], issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
    """The issues as they ended; those nobody spoke of by the model, where it is sure enough."""
    if not heard or not issues:
        return issues
    chance = chance_of(features(heard, issues))
    return tuple(_settled(issue, chance, heard) for issue in issues)


def chance_of(numbers: Sequence[float]) -> float:
    """The probability that the contact ended well."""
    weights = _weights()
    logit = sum(weight * number for weight, number in zip(weights[1:], numbers, strict=True)) + weights[0]
    return round(float(1 / (1 + np.exp(-logit))), 4)


def _settled(issue: Issue, chance: float, heard: Sequence[Heard]) -> Issue:
    if issue.status == "resolved" and issue.word == "agent" and chance <= UNSETTLED:
        return issue.model_copy(update={"status": "unsure", "confidence": round(1 - chance, 4)})
    left_open = issue.status in ("unsure", "unresolved") and issue.word is None
    if not left_open:
        return issue
    if chance >= SETTLED:
        return _resolved(issue, chance, heard)
    status = "unresolved" if chance <= UNSETTLED else "unsure"
    return issue.model_copy(
        update={"status": status, "confidence": round(max(chance, 1 - chance), 4), "source": "model"}
    )


def _resolved(issue: Issue, chance: float, heard: Sequence[Heard]) -> Issue:
    """Resolved by the turn that says so most clearly, after the one that raised the issue."""
    after = [item for item in heard if item[0] == "agent" and item[2].index > issue.turn]
    if not after:
        return issue
    _, _, view = max(after, key=lambda item: (item[1].of("issue", "done"), item[2].index))
    place = view.whole()
    evidence = Evidence(turn=place.turn, start=place.start, end=place.end, quote=place.quote)
    changes = {"status": "resolved", "word": "agent", "confidence": chance, "source": "model"}
    return issue.model_copy(update={**changes, "resolved_turn": view.index, "resolution": evidence})


def _faded(values: Sequence[float]) -> float:
    return sum(value * FADES**back for back, value in enumerate(reversed(values)))


def _last(values: Sequence[float]) -> float:
    return values[-1] if values else 0.0


@cache
def _weights() -> tuple[float, ...]:
    held = json.loads(files("evalh.reader").joinpath("weights", "outcome.json").read_text(encoding="utf-8"))
    return (held["bias"], *(held["weights"][name] for name in FEATURES))
