"""Writes a fitted network as onnx files: the encoder in 8 bits where that costs nothing, the heads as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from benchmarks.fit.bert import WIDTH
from benchmarks.fit.corpora import Example
from benchmarks.fit.network import Network
from onnx import helper, numpy_helper
from torch import Tensor, nn

from evalh.reader.heads import BINARY_HEAD, LABELS

OPSET = 17
CALIBRATED = 600
"""Turns on which the scales of activations are set."""
LEAST = 4_096
"""Weights of fewer numbers stay floats."""


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
    """Write turns.onnx, whose activations are scaled as on `turns`, and heads.onnx."""
    network.eval()
    ids = torch.randint(1_000, 20_000, (2, 9))
    axes = {"ids": {0: "turns", 1: "tokens"}, "speakers": {0: "turns", 1: "tokens"}, "vectors": {0: "turns"}}
    plain = folder / "turns.float.onnx"
    _export(network.encoder, (ids, torch.zeros_like(ids)), plain, ["ids", "speakers"], ["vectors"], axes)
    in_eight_bits(plain, folder / "turns.onnx", turns)
    plain.unlink()
    names = [*LABELS, BINARY_HEAD]
    rows = {name: {0: "turns"} for name in ("windows", *names)}
    _export(_Heads(network), (torch.zeros(2, 3 * WIDTH),), folder / "heads.onnx", ["windows"], names, rows)


def _export(model: nn.Module, inputs: Any, path: Path, read: list[str], given: list[str], axes: Any) -> None:
    torch.onnx.export(
        model, inputs, path, input_names=read, output_names=given, dynamic_axes=axes, opset_version=OPSET, dynamo=False
    )


def in_eight_bits(plain: Path, path: Path, turns: Sequence[Example]) -> None:
    """Write the encoder with 8-bit matrix products, their scales fixed on `turns`, so that nothing depends on a batch.

    The second product of each feed-forward, whose inputs have long tails, stays in floats; its weights and the word
    embeddings are kept as bytes with a scale for each row.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Turns(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(turns[:CALIBRATED])

        def get_next(self) -> dict[str, Any] | None:
            turn = next(self.left, None)
            if turn is None:
                return None
            speakers = np.full((1, len(turn.ids)), int(turn.speaker == "agent"))
            return {"ids": np.array([turn.ids]), "speakers": speakers}

    products = [node for node in onnx.load(plain).graph.node if node.op_type in ("MatMul", "Gemm")]
    quantize_static(
        plain, path, Turns(), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        nodes_to_quantize=[node.name for node in products if "narrow" not in node.name],
        extra_options={"MatMulConstBOnly": True},
    )  # fmt: skip
    onnx.save(_packed(onnx.load(path)), path)


def _packed(model: Any) -> Any:
    """The model with its large float tables as bytes; what is looked up in them is scaled after the look-up."""
    graph = model.graph
    looked_up = {node.input[0] for node in graph.node if node.op_type == "Gather"}
    kept: list[Any] = []
    nodes: list[Any] = []
    for held in graph.initializer:
        weights = numpy_helper.to_array(held)
        if weights.ndim != 2 or weights.size < LEAST or weights.dtype != np.float32:
            kept.append(held)
            continue
        scale = np.maximum(np.abs(weights).max(axis=1, keepdims=True), 1e-8) / 127
        small = np.clip(np.round(weights / scale), -127, 127).astype(np.int8)
        name = held.name
        kept += [numpy_helper.from_array(small, f"{name}.bytes"), numpy_helper.from_array(scale, f"{name}.scale")]
        if name not in looked_up:
            nodes += _as_floats(name)
    packed = {item.name.removesuffix(".bytes") for item in kept if item.name.endswith(".bytes")}
    for node in graph.node:
        is_packed = node.op_type == "Gather" and node.input[0] in packed
        nodes += _looked_up(node.input[0], node) if is_packed else [node]
    del graph.initializer[:]
    del graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _as_floats(name: str) -> list[Any]:
    cast = helper.make_node("Cast", [f"{name}.bytes"], [f"{name}.cast"], to=onnx.TensorProto.FLOAT)
    return [cast, helper.make_node("Mul", [f"{name}.cast", f"{name}.scale"], [name])]


def _looked_up(name: str, node: Any) -> list[Any]:
    rows, scales = f"{name}.rows", f"{name}.scales"
    return [
        helper.make_node("Gather", [f"{name}.bytes", node.input[1]], [rows], axis=0),
        helper.make_node("Gather", [f"{name}.scale", node.input[1]], [scales], axis=0),
        helper.make_node("Cast", [rows], [f"{rows}.cast"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{rows}.cast", scales], [node.output[0]]),
    ]
