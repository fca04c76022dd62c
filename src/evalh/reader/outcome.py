"""How a contact ended, where nobody said so in words that a rule knows: a logistic model over what the turns said.

It looks at the whole conversation, at its last turns most. It decides about issues that the rules leave open, and
against those that rest on the agent's word alone where the rest speaks against it; the customer's word and a tool's
stand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import re2

from evalh.encoder.turns import Speaker
from evalh.models import Evidence, Issue
from evalh.reader.heads import LABELS, TurnScores
from evalh.reader.issues import says_no
from evalh.reader.view import TurnView

FADES = 0.7
"""What a turn counts for each turn of its side that follows it."""
FEATURES = (
    "done", "promised", "cannot", "asks", "solved", "unsolved", "frustrated", "satisfied", "last_done", "last_promised",
    "last_cannot", "last_solved", "last_unsolved", "last_frustrated", "last_satisfied", "most_done", "most_cannot",
    "by_agent", "promised_end", "refused_end", "open_end", "long", "last_cue", "went_well", "went_ill", "thanked",
)  # fmt: skip
"""Sums over turns that fade, the last turn of each side, the surest turn, how the rules left the issues, and words.

`last_cue` is 1 where the last word of success or failure from the agent was one of success, -1 where it was not.
"""
_WELL = re2.compile(
    r"\b(?:success\w*|done|confirmed|booked|completed?|all set|submitted|reserved|scheduled|approved|sent|processed"
    r"|updated|cancell?ed|resolved|restored|activated|unlocked|refunded|transferred|correct|found)\b"
)
_ILL = re2.compile(
    r"\b(?:unfortunately|i(?:'m| am) (?:very |so |really |terribly )?afraid"
    r"|sorry(?:,? but|,? i (?:can't|cannot|couldn't|could not|don't)|, (?:we|there|that))|cannot|can't|unable|not able"
    r"|fail(?:ed|s)?|(?:not|isn't|aren't|un) ?available|no (?:room|availability|record|results?|match\w*)|couldn't"
    r"|could not|wasn't able|declined|rejected|denied|don't understand|do not understand)\b"
)
_NEGATES = re2.compile(r"(?:\b(?:not|never|no|cannot|unable to|fail(?:s|ed)? to)|n't)(?: \w+){0,3} $")
_THANKS = re2.compile(r"\b(?:thank\w*|thx|cheers|perfect|great|awesome|wonderful|appreciate)\b")
SETTLED, UNSETTLED = 0.5, 0.4
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
        *_words(heard),
    ]  # fmt: skip


def _words(heard: Sequence[Heard]) -> list[float]:
    """The last four numbers of FEATURES."""
    agent = [view.text.lower() for speaker, _, view in heard if speaker == "agent"]
    customer = [view.text.lower() for speaker, _, view in heard if speaker == "customer"]
    cues = [_cue(text) for text in agent]
    said = [cue for cue in cues if cue]
    thanked = any(_THANKS.search(text) for text in customer[-2:])
    return [said[-1] if said else 0.0, float(1.0 in said), float(-1.0 in said), float(thanked)]


def _cue(text: str) -> float:
    """1 for a turn whose last word of success or failure is one of success, -1 for failure, 0 without either."""
    well = [match.start() for match in _WELL.finditer(text) if not _NEGATES.search(text[: match.start()])]
    ill = [match.start() for match in _ILL.finditer(text)]
    if not well and not ill:
        return 0.0
    return 1.0 if max(well, default=-1) > max(ill, default=-1) else -1.0


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
        doubted = {"status": "unresolved", "confidence": round(1 - chance, 4), "source": "model"}
        return issue.model_copy(update={**doubted, "word": None, "resolved_turn": None, "resolution": None})
    left_open = issue.status in ("unsure", "unresolved") and issue.word is None
    if not left_open or not _after(issue, heard):
        return issue
    if chance >= SETTLED:
        return _resolved(issue, chance, heard)
    status = "unresolved" if chance <= UNSETTLED else "unsure"
    return issue.model_copy(
        update={"status": status, "confidence": round(max(chance, 1 - chance), 4), "source": "model"}
    )


def _resolved(issue: Issue, chance: float, heard: Sequence[Heard]) -> Issue:
    """Resolved by the turn that says so most clearly, after the one that raised the issue; unsure if that says no."""
    _, _, view = max(_after(issue, heard), key=lambda item: (item[1].of("issue", "done"), item[2].index))
    if says_no(view.text):
        return issue.model_copy(update={"status": "unsure", "confidence": 0.5, "source": "model"})
    place = view.whole()
    evidence = Evidence(turn=place.turn, start=place.start, end=place.end, quote=place.quote)
    changes = {"status": "resolved", "word": "agent", "confidence": chance, "source": "model"}
    return issue.model_copy(update={**changes, "resolved_turn": view.index, "resolution": evidence})


def _after(issue: Issue, heard: Sequence[Heard]) -> list[Heard]:
    """What the agent said after the turn that raised the issue."""
    return [item for item in heard if item[0] == "agent" and item[2].index > issue.turn and item[2].text.strip()]


def _faded(values: Sequence[float]) -> float:
    return sum(value * FADES**back for back, value in enumerate(reversed(values)))


def _last(values: Sequence[float]) -> float:
    return values[-1] if values else 0.0


@cache
def _weights() -> tuple[float, ...]:
    held = json.loads(files("evalh.reader").joinpath("weights", "outcome.json").read_text(encoding="utf-8"))
    return (held["bias"], *(held["weights"][name] for name in FEATURES))
