"""What the turn model says of a turn: probabilities for each construct, in the light of the turns before it.

A turn is one vector (evalh.encoder.turns). A small network reads it together with the last two turns of the other side
and the last turn of the same side, and a head for each construct gives a probability for each label. `fuse` joins them
with what a rule says, weighted by how often each was right on conversations that neither was made from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from evalh.encoder.turns import DIMENSION, Speaker, TurnEncoder, session_of
from evalh.errors import InternalError
from evalh.models.vocabulary import PressureKind, Reply, Source
from evalh.reader.ledger import CUSTOMER

HEADS_SHA256 = "64497553037024316b781493442f042f57c81a59903f08d51476388847fb50bf"
FUSION_SHA256 = "61b58670f59fa5cc78bccb1c636a337681f7001acb7d70a73b7b1ff3d5956a19"
"""The digests of the heads, and of the numbers that weigh them against the rules."""
BINARY_HEAD = "binary"
NONE = "none"
LABELS: dict[str, tuple[str, ...]] = {
    "reply": ("accept", "refuse", "defer", "deflect", "object", "ask", "reopen", "ignore", NONE),
    "mood": ("frustrated", "calm", "satisfied"),
    "word": ("solved", "unsolved", NONE),
    "act": ("pitch", "answer", "read_back", "withdraw", "mention", "next_step", "question", NONE),
    "register": ("empathetic", "neutral", "pushy", "robotic"),
    "issue": ("done", "promised", "cannot", NONE),
}
"""The labels of each head with one answer; a customer turn has the first three, an agent turn the others."""
PRESSES = "presses"
KINDS: tuple[PressureKind, ...] = get_args(PressureKind)
BINARY = ("impolite", "asks", *KINDS, PRESSES)
"""What an agent turn does or does not, several at once; `presses` is pressure of any kind."""
STANDS = 0.85
"""A rule of a yes-or-no head that is this sure stands whatever the model says."""
_NEVER = 2.0
"""More than a confidence can be."""
TURNS_DOWN: tuple[Reply, ...] = tuple(reply for reply, move in CUSTOMER.items() if move.closes)
"""Replies that close the topic: which of them one is, is often open where it is clear that it is one of them."""
SIDES: dict[Speaker, tuple[str, ...]] = {
    "customer": ("reply", "mood", "word"),
    "agent": ("act", "register", "issue"),
}
Numbers = NDArray[Any]


class Judged(NamedTuple):
    """A label with its probability, and whether a rule had said the same."""

    label: str
    confidence: float
    source: Source
    heard: float = 0.0
    """Of answers the probability of what the rule said."""


@dataclass(frozen=True, slots=True)
class TurnScores:
    """For one turn: probabilities by head, in the order of LABELS, and those of BINARY (none for a customer's)."""

    heads: Mapping[str, Numbers]
    binary: Numbers | None = None

    def of(self, head: str, label: str) -> float:
        """The probability of a label, 0 to 1."""
        return float(self.heads[head][LABELS[head].index(label)])


class Window:
    """The last vectors of each side, as turns come in."""

    def __init__(self) -> None:
        nothing = np.zeros(DIMENSION, dtype=np.float32)
        self._last: dict[Speaker, tuple[Numbers, Numbers]] = {
            "customer": (nothing, nothing), "agent": (nothing, nothing)
        }  # fmt: skip

    def take(self, speaker: Speaker, vector: Numbers) -> Numbers:
        """What the network reads of this turn, shape (4 * 384,); the turn becomes the last of its side."""
        other: Speaker = "agent" if speaker == "customer" else "customer"
        (last, before), (own, _) = self._last[other], self._last[speaker]
        self._last[speaker] = vector, own
        return np.concatenate([vector, last, own, before])


class TurnHeads:
    """The turn model. Without an encoder of its own it makes one; weights are loaded when the first turn is read."""

    def __init__(self, encoder: TurnEncoder | None = None, fusion: Mapping[str, Any] | None = None) -> None:
        self.encoder = encoder or TurnEncoder()
        self._given = fusion

    @property
    def id(self) -> str:
        """The digests of encoder and heads."""
        return f"{self.encoder.id}+heads@{HEADS_SHA256[:12]}+{FUSION_SHA256[:12]}"

    def read(self, conversations: Sequence[Sequence[tuple[Speaker, str]]]) -> list[list[TurnScores]]:
        """Scores for each turn of each conversation, in order; each distinct turn is encoded once."""
        distinct = list(dict.fromkeys(turn for turns in conversations for turn in turns))
        vectors = dict(zip(distinct, self.encoder.encode(distinct), strict=True)) if distinct else {}
        windows: list[Numbers] = []
        for turns in conversations:
            window = Window()
            windows += [window.take(turn[0], vectors[turn]) for turn in turns]
        speakers = [turn[0] for turns in conversations for turn in turns]
        scores = iter(self.score(speakers, np.array(windows)) if windows else ())
        return [[next(scores) for _ in turns] for turns in conversations]

    def vector(self, speaker: Speaker, text: str) -> Numbers:
        """The vector of one turn."""
        vector: Numbers = self.encoder.encode([(speaker, text)])[0]
        return vector

    def score(self, speakers: Sequence[Speaker], windows: Numbers) -> list[TurnScores]:
        """Scores of turns whose windows, shape (n, 4 * 384), are given."""
        if len(windows) == 1:
            return self.score([*speakers, *speakers], np.repeat(windows, 2, axis=0))[:1]
        names = [*LABELS, BINARY_HEAD]
        values = dict(zip(names, self._session.run(names, {"windows": windows}), strict=True))
        found: list[TurnScores] = []
        for row, speaker in enumerate(speakers):
            scores = {head: values[head][row] for head in SIDES[speaker]}
            found.append(TurnScores(scores, values[BINARY_HEAD][row] if speaker == "agent" else None))
        return found

    def fuse(self, head: str, scores: TurnScores, rule: str | None, confidence: float) -> Judged:
        """The label that the model's probabilities and a rule's label (None: no rule spoke) make likeliest.

        A rule that is sure enough stands whatever the model says (`stands`); a label that the rule does not speak for
        needs a model that is sure (`alone`). Answers and acts have their own way, `join`.
        """
        labels = LABELS[head]
        held = self._fusion[head]
        if rule is not None and confidence >= held["stands"]:
            return Judged(rule, round(confidence, 4), "rule")
        spoken = labels.index(rule) if rule is not None else len(labels)
        logits = held["model"] * np.log(scores.heads[head].astype(np.float64) + 1e-6)
        logits = logits + held["said"][spoken] + held["sure"][spoken] * confidence
        powers = np.exp(logits - logits.max())
        shares = powers / powers.sum()
        best = int(shares.argmax())
        chance = round(float(shares[best]), 4)
        if labels[best] != rule and scores.of(head, labels[best]) < held["alone"].get(labels[best], 0.0):
            return Judged(NONE, round(1 - chance, 4), "model") if rule is None else Judged(rule, confidence, "rule")
        return Judged(labels[best], chance, "rule" if labels[best] == rule else "model")

    def join(self, head: str, read: Numbers, rule: str | None, confidence: float = 0.0) -> Judged:
        """The label that the numbers of answers.py or moves.py, shape (n,), make likeliest.

        `rule` is what the rules heard, and `confidence` how sure they are; `stands` and `alone` are as in `fuse`. The
        probability of one of TURNS_DOWN is that of all of them, as they do the same.
        """
        held, labels = self._fusion[head], LABELS[head]
        if rule is not None and confidence >= held.get("stands", _NEVER):
            return Judged(rule, round(confidence, 4), "rule", round(confidence, 4))
        logits = read @ held["weights"] + held["bias"]
        powers = np.exp(logits - logits.max())
        shares = powers / powers.sum()
        heard = round(float(shares[labels.index(rule or NONE)]), 4)
        place, chance = _likeliest(shares) if head == "reply" else (int(shares.argmax()), float(shares.max()))
        label = labels[place]
        if label != rule and chance < held.get("alone", {}).get(label, 0.0):
            return Judged(NONE, round(1 - chance, 4), "model") if rule is None else Judged(rule, confidence, "rule")
        return Judged(label, round(chance, 4), "rule" if label == rule else "model", heard)

    def fuse_binary(self, name: str, scores: TurnScores, confidence: float) -> float:
        """The probability that an agent turn does `name`, from the model's and a rule's (0: no rule spoke)."""
        if scores.binary is None:
            return 0.0
        model, sure, said, base = self._fusion["binary"][name]
        chance = float(np.clip(scores.binary[BINARY.index(name)], 1e-6, 1 - 1e-6))
        logit = model * np.log(chance / (1 - chance)) + sure * confidence + said * (confidence > 0) + base
        fused = round(float(1 / (1 + np.exp(-logit))), 4)
        return max(fused, confidence) if confidence >= STANDS else fused

    @cached_property
    def _fusion(self) -> Mapping[str, Any]:
        return _fusion() if self._given is None else fusion_of(self._given)

    @cached_property
    def _session(self) -> Any:
        return session_of(_pinned("heads.onnx", HEADS_SHA256))


def _likeliest(shares: Numbers) -> tuple[int, float]:
    """The place of the likeliest answer and its probability; of one of TURNS_DOWN that of all."""
    best = int(shares.argmax())
    alike = [LABELS["reply"].index(label) for label in TURNS_DOWN]
    together = float(shares[alike].sum())
    if best in alike or together > shares[best]:
        return max(alike, key=lambda place: shares[place]), together
    return best, float(shares[best])


def fusion_of(held: Mapping[str, Any]) -> dict[str, Any]:
    """The weights of the fusion as they are in the file, as arrays."""
    arrays = ("said", "sure", "weights", "bias")
    return {
        head: parts
        if head == "binary"
        else {name: np.array(part) if name in arrays else part for name, part in parts.items()}
        for head, parts in held.items()
    }


@cache
def _fusion() -> dict[str, Any]:
    return fusion_of(json.loads(_pinned("fusion.json", FUSION_SHA256)))


def _pinned(name: str, sha256: str) -> bytes:
    data = files("evalh.reader").joinpath("weights", name).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InternalError(f"{name} of the turn model is not the one this version of evalh was made with")
    return data
