"""Writes a fitted network as onnx files: the encoder with its matrix products in 8 bits, the heads as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from benchmarks.fit import graph
from benchmarks.fit.bert import WIDTH
from benchmarks.fit.corpora import Example
from benchmarks.fit.network import READ, Network
from torch import Tensor, nn

from evalh.reader.heads import BINARY_HEAD, LABELS

CALIBRATED = 600
"""Turns on which the scales of activations are set."""


class _Heads(nn.Module):
    """Windows to probabilities of every head; those of the other side mean nothing for a turn."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, windows: Tensor) -> tuple[Tensor, ...]:
        sides = {side: self.network.window[side](windows) for side in ("customer", "agent")}
        of = {"reply": "customer", "mood": "customer", "word": "customer"}
        heads = [self.network.heads[head](sides[of.get(head, "agent")]).softmax(-1) for head in LABELS]
        return (*heads, self.network.binary(sides["agent"]).sigmoid())


def write(network: Network, folder: Path, turns: Sequence[Example]) -> None:
    """Write turns.onnx, whose activations are scaled as on the first `turns`, and heads.onnx."""
    network.eval()
    seen = graph.seen_by(network.encoder, turns[:CALIBRATED])
    onnx.save(graph.model_of(network.encoder, seen), folder / "turns.onnx")
    names = [*LABELS, BINARY_HEAD]
    rows = {name: {0: "turns"} for name in ("windows", *names)}
    torch.onnx.export(
        _Heads(network), (torch.zeros(2, READ * WIDTH),), folder / "heads.onnx", input_names=["windows"],
        output_names=names, dynamic_axes=rows, opset_version=graph.OPSET, dynamo=False,
    )  # fmt: skip
