"""Fits how the model and the rules are weighed: a temperature for the model, and what each rule's label adds.

Answers and acts have a logistic model each, over more numbers (evalh.reader.answers, evalh.reader.moves), held near
what the turn model says.

The reader is run over own and public conversations with the scores of the cross-fit and notes each time it weighs;
those notes with the labels are what the weights are fitted on. As they change what the reader does next (an offer
found or not), this is done twice. Where rules stand alone and where the model must be sure of itself (`STANDS`,
`ALONE`) was chosen by hand on these conversations and on the reference golden sets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from benchmarks.fit.corpora import NAMES, Example, Talk
from benchmarks.validity import p4g

from evalh.models import Conversation, Lexicon
from evalh.models.policy import LexiconOffer
from evalh.reader import answers, moves
from evalh.reader.heads import BINARY, LABELS, Numbers, TurnHeads, TurnScores
from evalh.reader.joined import as_the_model_says
from evalh.reader.local import LocalReader
from evalh.reader.weigh import Trace

CORPORA = ("p4g", "multidogo", "nlupp", "sgd")
"""The public corpora whose labels, turn by turn, the weights are fitted on too."""
ROUNDS = 2
STANDS = {"act": 0.9, "mood": 0.85, "register": 0.85, "word": 0.8, "issue": 0.8}
ALONE = {"act": {"pitch": 0.7}}
JOINED = {"reply": answers.COUNT, "act": moves.COUNT}
"""The heads with a logistic model over many numbers, and how many."""
HELD = 300.0
"""What a squared step away from the turn model's own answer costs."""
Row = tuple[TurnScores, str | None, float, Example, float]
Joined = tuple[Numbers, Example, float]


def start() -> dict[str, Any]:
    """Weights to begin with: the model as it is, a little more for what a rule says."""
    weights: dict[str, Any] = {}
    for head, labels in LABELS.items():
        if head in JOINED:
            begun = as_the_model_says(head, JOINED[head])
            weights[head] = {"weights": begun.tolist(), "bias": [0.0] * len(labels), **_limits(head)}
            continue
        said = np.vstack([np.eye(len(labels)), np.zeros((1, len(labels)))])
        weights[head] = {"model": 1.0, "said": said.tolist(), "sure": np.zeros_like(said).tolist(), **_limits(head)}
    weights["binary"] = {name: [1.0, 1.0, 0.0, 0.0] for name in BINARY}
    return weights


@dataclass(frozen=True)
class Read:
    """A conversation with what the network says of its turns and what is labelled there."""

    conversation: Conversation
    lexicon: Lexicon
    scores: Sequence[TurnScores | None]
    turns: Sequence[Example]
    weight: float = 1.0


def reads_of(talks: Sequence[Talk], scores: Sequence[Sequence[TurnScores]]) -> list[Read]:
    """The conversations, read by a network that had not seen them nor, of the own ones, their domains."""
    return [
        Read(conversation_of(talk), lexicon_of(talk), row, talk.turns, talk.weight)
        for talk, row in zip(talks, scores, strict=True)
    ]


def fit(reads: Sequence[Read]) -> dict[str, Any]:
    """The fusion, fitted on what the reader weighs in these conversations."""
    weights = start()
    for number in range(ROUNDS):
        rows, joined = traced(reads, weights)
        others = [head for head in LABELS if head not in JOINED]
        weights = {head: _fit_head(head, [row for row in rows[head] if head in row[3].labels]) for head in others}
        for head in JOINED:
            weights[head] = _fit_joined(head, [row for row in joined[head] if head in row[1].labels])
        weights["binary"] = {
            name: _fit_binary(name, [row for row in rows[name] if name in row[3].binary]) for name in BINARY
        }
        print(f"fusion, round {number + 1}: {', '.join(f'{head} {len(rows[head])}' for head in rows)}", flush=True)
    return weights


def traced(reads: Sequence[Read], weights: dict[str, Any]) -> tuple[dict[str, list[Row]], dict[str, list[Joined]]]:
    """What the reader weighs, by head, and the numbers that it joins."""
    reader = LocalReader(heads=TurnHeads(fusion=weights))
    rows: dict[str, list[Row]] = defaultdict(list)
    joined: dict[str, list[Joined]] = defaultdict(list)
    for read in reads:
        session = reader.session(read.conversation, read.lexicon)
        session.scores = {
            turn.index: found for turn, found in zip(read.conversation.turns, read.scores, strict=True) if found
        }
        session.trace = Trace()
        for turn in read.conversation.turns:
            session.add(turn)
        for head, turn_index, found, rule, confidence in session.trace.rows:
            rows[head].append((found, rule, confidence, read.turns[turn_index], read.weight))
        for head, found_in in session.trace.joined.items():
            joined[head] += [(numbers, read.turns[index], read.weight) for index, numbers in found_in]
    return rows, joined


def conversation_of(talk: Talk) -> Conversation:
    """The talk as a conversation."""
    turns = [{"role": turn.speaker, "text": turn.text} for turn in talk.turns]
    return Conversation.model_validate({"id": talk.id, "language": "en", "turns": turns})


def lexicon_of(talk: Talk) -> Lexicon:
    """A policy with the one offer of the talk, called as its header calls it, or with those that a corpus speaks of."""
    own = str(talk.line.get("offer") or "").split(",")[0].strip()
    names = _CALLED.get(talk.source, [(own,)] if own else [])
    offers = tuple(
        LexiconOffer(id=f"OFFER-{place}", names=each, codes=(), category=None) for place, each in enumerate(names)
    )
    return Lexicon(currency="USD", offers=offers, disclosures=(), prohibited=(), consent_tools=())


_EACH: list[tuple[str, ...]] = [(name,) for name in NAMES]
_CALLED: dict[str, list[tuple[str, ...]]] = {"p4g": [p4g.NAMES], "multidogo": _EACH, "nlupp": _EACH, "sgd": _EACH}


def _fit_head(head: str, rows: Sequence[Row]) -> dict[str, Any]:
    labels = LABELS[head]
    logs = torch.tensor(np.array([np.log(found.heads[head] + 1e-6) for found, *_ in rows]), dtype=torch.float32)
    spoken = torch.tensor([labels.index(rule) if rule is not None else len(labels) for _, rule, *_ in rows])
    sure = torch.tensor([confidence for _, _, confidence, *_ in rows])[:, None]
    wrong = torch.tensor([[label not in turn.labels[head] for label in labels] for *_, turn, _ in rows])
    counts = torch.tensor([weight for *_, weight in rows])
    model = torch.ones(1, requires_grad=True)
    said = torch.zeros(len(labels) + 1, len(labels), requires_grad=True)
    slope = torch.zeros(len(labels) + 1, len(labels), requires_grad=True)

    def loss() -> Any:
        logits = model * logs + said[spoken] + slope[spoken] * sure
        penalty = ((model - 1) ** 2).sum() + (said**2).sum() + (slope**2).sum()
        right = logits.log_softmax(-1).masked_fill(wrong, -1e9).logsumexp(-1)
        return -(right * counts).sum() + 0.5 * penalty

    _minimise(loss, [model, said, slope])
    return {"model": round(model.item(), 4), "said": _rounded(said), "sure": _rounded(slope), **_limits(head)}


def _fit_joined(head: str, rows: Sequence[Joined]) -> dict[str, Any]:
    read = torch.tensor(np.array([numbers for numbers, *_ in rows]), dtype=torch.float32)
    wrong = torch.tensor([[label not in turn.labels[head] for label in LABELS[head]] for _, turn, _ in rows])
    counts = torch.tensor([weight for *_, weight in rows])
    begun = torch.tensor(as_the_model_says(head, JOINED[head]), dtype=torch.float32)
    weights = begun.clone().requires_grad_()
    bias = torch.zeros(begun.shape[1], requires_grad=True)

    def loss() -> Any:
        right = (read @ weights + bias).log_softmax(-1).masked_fill(wrong, -1e9).logsumexp(-1)
        return -(right * counts).sum() + HELD * ((weights - begun) ** 2).sum()

    _minimise(loss, [weights, bias])
    return {"weights": _rounded(weights), "bias": _rounded(bias[None])[0], **_limits(head)}


def _limits(head: str) -> dict[str, Any]:
    """What is set by hand; nothing of it for a head that STANDS has not."""
    return {"stands": STANDS[head], "alone": ALONE.get(head, {})} if head in STANDS else {}


def _fit_binary(name: str, rows: Sequence[Row]) -> list[float]:
    place = BINARY.index(name)
    chances = np.clip([float(found.binary[place]) for found, *_ in rows if found.binary is not None], 1e-6, 1 - 1e-6)
    logits = torch.tensor(np.log(chances / (1 - chances)), dtype=torch.float32)
    sure = torch.tensor([confidence for _, _, confidence, *_ in rows])
    gold = torch.tensor([float(turn.binary[name]) for *_, turn, _ in rows])
    counts = torch.tensor([weight for *_, weight in rows])
    weights = torch.tensor([1.0, 1.0, 0.0, 0.0], requires_grad=True)

    def loss() -> Any:
        joined = weights[0] * logits + weights[1] * sure + weights[2] * (sure > 0) + weights[3]
        penalty = ((weights - torch.tensor([1.0, 1.0, 0.0, 0.0])) ** 2).sum()
        each = torch.nn.functional.binary_cross_entropy_with_logits(joined, gold, reduction="none")
        return (each * counts).sum() + 0.5 * penalty

    _minimise(loss, [weights])
    return [round(float(weight), 4) for weight in weights.detach()]


def _minimise(loss: Any, weights: list[Any]) -> None:
    optimizer = torch.optim.LBFGS(weights, max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)


def _rounded(values: Any) -> list[list[float]]:
    return [[round(float(value), 4) for value in row] for row in values.detach()]
