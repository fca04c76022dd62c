"""The network that is fitted: an encoder of turns, a window over the turns before, and a head for each construct."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from benchmarks.fit.bert import WIDTH, pretrained
from benchmarks.fit.corpora import Example, Talk, texts
from torch import Tensor, nn
from torch.nn import functional

from evalh.encoder.tokenizer import load_tokenizer
from evalh.encoder.turns import token_ids
from evalh.reader.heads import BINARY, LABELS

HIDDEN = 256
READ = 4
"""Vectors that are read of a turn: itself, the last turn of the other side, of its own, the one before of the other."""
KEEP = (0, 1, 2, 4, 5)
"""The layers of MiniLM that are kept."""
TURNS = 96
"""Turns of a step."""
CHUNK = 16
"""Turns that are encoded at once, longest with longest."""
RATE, HEAD_RATE = 2e-4, 1e-3
FURTHER = 0.5
"""How large the steps are of a network that was fitted before."""
SETTLED = 2
"""Layers of such a network that stay as they are."""
WEIGHTS = {"reply": 1.5, "act": 1.2}
BINARY_WEIGHT = 1.0
ANNOYED_WEIGHT = 0.1


class Network(nn.Module):
    """Turns to logits, by head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = pretrained(KEEP)
        self.window = nn.ModuleDict(
            {
                side: nn.Sequential(nn.Linear(READ * WIDTH, HIDDEN), nn.ReLU(), nn.Dropout(0.2))
                for side in ("customer", "agent")
            }
        )
        self.heads = nn.ModuleDict({head: nn.Linear(HIDDEN, len(labels)) for head, labels in LABELS.items()})
        self.binary = nn.Linear(HIDDEN, len(BINARY))

    def forward(self, talks: Sequence[Talk]) -> tuple[dict[str, Tensor], Tensor]:
        """Logits of all turns of the conversations, in order."""
        turns = list(texts(talks))
        windows = self.windows(self.vectors(turns), talks)
        agent = torch.tensor([turn.speaker == "agent" for turn in turns])
        hidden = torch.where(agent[:, None], self.window["agent"](windows), self.window["customer"](windows))
        return {head: self.heads[head](hidden) for head in LABELS}, self.binary(hidden)

    def vectors(self, turns: Sequence[Example]) -> Tensor:
        """One vector a turn; a turn that occurs twice is encoded once."""
        places: dict[tuple[str, str], int] = {}
        rows = [places.setdefault((turn.speaker, turn.text), len(places)) for turn in turns]
        distinct = {place: turn for turn, place in zip(turns, rows, strict=True)}
        order = sorted(distinct, key=lambda place: len(distinct[place].ids))
        parts = [
            self._encode([distinct[place] for place in order[start : start + CHUNK]])
            for start in range(0, len(order), CHUNK)
        ]
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(parts)[back[torch.tensor(rows)]]

    def _encode(self, turns: Sequence[Example]) -> Tensor:
        longest = max(len(turn.ids) for turn in turns)
        ids = torch.zeros(len(turns), longest, dtype=torch.long)
        mask = torch.zeros(len(turns), longest)
        for row, turn in enumerate(turns):
            ids[row, : len(turn.ids)] = torch.tensor(turn.ids)
            mask[row, : len(turn.ids)] = 1
        speakers = torch.tensor([[int(turn.speaker == "agent")] for turn in turns]).expand(-1, longest)
        vectors: Tensor = self.encoder(ids, speakers, mask)
        return vectors

    def windows(self, vectors: Tensor, talks: Sequence[Talk]) -> Tensor:
        """Each turn beside the last turn of the other side, of its own, and the one before of the other; else zeros."""
        rows: list[tuple[int, int, int]] = []
        place = 0
        for talk in talks:
            said: dict[str, tuple[int, int]] = {"customer": (-1, -1), "agent": (-1, -1)}
            for turn in talk.turns:
                (last, before), (own, _) = (
                    said["agent" if turn.speaker == "customer" else "customer"],
                    said[turn.speaker],
                )
                rows.append((last, own, before))
                said[turn.speaker] = (place, own)
                place += 1
        padded = torch.cat([vectors, torch.zeros(1, vectors.shape[1])])
        return torch.cat([vectors, *(padded[torch.tensor(column)] for column in zip(*rows, strict=True))], 1)


def tokenize(talks: Sequence[Talk]) -> None:
    """Fill in the token ids, cut as the encoder cuts them."""
    turns = list(texts(talks))
    for turn, ids in zip(turns, token_ids(load_tokenizer(), [turn.text for turn in turns]), strict=True):
        turn.ids = ids


def fit(
    talks: Sequence[Talk],
    epochs: int,
    seed: int,
    begun: Network | None = None,
    known: Sequence[Talk] = (),
    share: float = 0.5,
) -> Network:
    """A network fitted on the conversations; the word embeddings stay as they were.

    One that has `begun` is fitted further, in smaller steps and without its first layers; of what it has `known` before
    it reads a share an epoch.
    """
    torch.manual_seed(seed)
    rng = random.Random(seed)
    network = Network() if begun is None else begun
    pace = 1.0 if begun is None else FURTHER
    network.encoder.words.weight.requires_grad_(False)
    if begun is not None:
        _settle(network)
    slow = [weight for weight in network.encoder.parameters() if weight.requires_grad]
    fast = [weight for name, weight in network.named_parameters() if not name.startswith("encoder.")]
    groups = [{"params": slow, "lr": pace * RATE}, {"params": fast, "lr": pace * HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = sum(1 for _ in batches([*talks, *_some(known, share, random.Random(0))], random.Random(0))) * epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.06 * steps)) * max(0.02, 1 - step / steps)
    )
    rare = class_weights([*talks, *known])
    began = time.monotonic()
    halves = torch.cpu._is_avx512_bf16_supported()
    network.train()
    for epoch in range(epochs):
        losses = []
        for batch in batches([*talks, *_some(known, share, rng)], rng):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=halves):
                logits, binary = network(batch)
            floats = {head: values.float() for head, values in logits.items()}
            loss = loss_of(floats, binary.float(), batch, rare)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return network.eval()


def _settle(network: Network) -> None:
    encoder = network.encoder
    for part in (encoder.places, encoder.speakers, encoder.norm, *encoder.layers[:SETTLED]):
        part.requires_grad_(False)


def _some(talks: Sequence[Talk], share: float, rng: random.Random) -> list[Talk]:
    return rng.sample(list(talks), int(len(talks) * share))


def batches(talks: Sequence[Talk], rng: random.Random) -> Iterator[list[Talk]]:
    """All conversations once, in any order, about 96 turns at a time."""
    order = list(talks)
    rng.shuffle(order)
    batch: list[Talk] = []
    for talk in order:
        batch.append(talk)
        if sum(len(held.turns) for held in batch) >= TURNS:
            yield batch
            batch = []
    if batch:
        yield batch


def class_weights(talks: Sequence[Talk]) -> dict[str, list[float]]:
    """What a label counts in the loss: rare ones more, by the 0.4th power of their rarity, 0.3 to 3."""
    found: dict[str, list[float]] = {}
    for head, labels in LABELS.items():
        counts = Counter(next(iter(turn.labels[head])) for turn in texts(talks) if len(turn.labels.get(head, ())) == 1)
        total = sum(counts.values())
        found[head] = [min(3.0, max(0.3, (total / max(1, counts[label]) / len(labels)) ** 0.4)) for label in labels]
    return found


def loss_of(logits: dict[str, Tensor], binary: Tensor, talks: Sequence[Talk], rare: dict[str, list[float]]) -> Tensor:
    """The mean over turns of -log of the probability that one of the labels that may be right is given."""
    turns = [(turn, talk.weight) for talk in talks for turn in talk.turns]
    total = torch.zeros(())
    for head, labels in LABELS.items():
        rows = [row for row, (turn, _) in enumerate(turns) if head in turn.labels]
        if not rows:
            continue
        wrong = torch.tensor([[label not in turns[row][0].labels[head] for label in labels] for row in rows])
        right = logits[head][rows].log_softmax(-1).masked_fill(wrong, -1e9).logsumexp(-1)
        counts = torch.tensor([turns[row][1] * _rarity(turns[row][0].labels[head], labels, rare[head]) for row in rows])
        total = total - (right * counts).sum() / len(turns) * WEIGHTS.get(head, 1.0)
    places = [(row, name, yes, weight) for row, (turn, weight) in enumerate(turns) for name, yes in turn.binary.items()]
    if places:
        said = binary[[row for row, *_ in places], [BINARY.index(name) for _, name, *_ in places]]
        truth = torch.tensor([float(yes) for _, _, yes, _ in places])
        each = functional.binary_cross_entropy_with_logits(said, truth, reduction="none", pos_weight=torch.tensor(3.0))
        total = total + (each * torch.tensor([weight for *_, weight in places])).sum() / len(turns) * BINARY_WEIGHT
    return total + ANNOYED_WEIGHT * _annoyed(logits["mood"], talks)


def _annoyed(mood: Tensor, talks: Sequence[Talk]) -> Tensor:
    """Of conversations whose customer was annoyed, or was not: -log that some turn is frustrated, or none."""
    total, row = torch.zeros(()), 0
    for talk in talks:
        rows = [row + place for place, turn in enumerate(talk.turns) if turn.speaker == "customer"]
        row += len(talk.turns)
        if talk.annoyed is None or not rows:
            continue
        calm = (1 - mood[rows].softmax(-1)[:, 0]).clamp_min(1e-4).log().sum().clamp_max(-1e-4)
        total = total - ((1 - calm.exp()).log() if talk.annoyed else calm)
    return total / max(1, len(talks))


def _rarity(allowed: frozenset[str], labels: Sequence[str], weights: Sequence[float]) -> float:
    return weights[labels.index(next(iter(allowed)))] if len(allowed) == 1 else 1.0
