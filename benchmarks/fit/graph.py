"""The encoder as an onnx graph for the processor: matrix products with weights in 8 bits, everything else in floats.

It is written node by node, as exporting and quantising in two tools leaves products that run twice as long: what comes
out of a product is a float at once, and the attention, which is small, never leaves floats. Scales are fixed when the
file is made, so that a row depends on nothing that runs with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from benchmarks.fit.bert import HEADS, WIDTH, Bert, Layer
from benchmarks.fit.corpora import Example
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from evalh.encoder.turns import FIRST, LAST

OPSET = 17
CONTRIB = "com.microsoft"
"""Where onnxruntime's own operators are named."""
MOST = FIRST + LAST + 2
"""Tokens of the longest turn: the first, the last, and two that mark the ends."""
SMALL = 64
"""Weights are whole numbers up to this size: processors without VNNI add products of 7 bits without overflow."""
LEAST = 0.5
"""A channel of the inner layer that never rises above this is scaled as if it did."""
EPSILON = 1e-12
PRODUCTS = ("attend", "gather", "widen", "narrow")
Numbers = NDArray[Any]


@dataclass
class Seen:
    """What goes into a product: the least and the greatest number, and the greatest of each channel, shape (width,)."""

    least: float
    greatest: float
    channels: Numbers


@torch.no_grad()
def seen_by(encoder: Bert, turns: Sequence[Example]) -> list[dict[str, Seen]]:
    """For each layer, what goes into each of PRODUCTS while the encoder reads `turns`."""
    found: list[dict[str, Seen]] = [{} for _ in encoder.layers]
    hooks = [
        getattr(layer, name).register_forward_pre_hook(_watch(found[place], name))
        for place, layer in enumerate(encoder.layers)
        for name in PRODUCTS
    ]
    for turn in turns:
        speakers = torch.full((1, len(turn.ids)), int(turn.speaker == "agent"))
        encoder(torch.tensor([turn.ids]), speakers)
    for hook in hooks:
        hook.remove()
    return found


def _watch(found: dict[str, Seen], name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def watch(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        values = given[0].reshape(-1, given[0].shape[-1]).numpy()
        known = found.get(name)
        least, greatest, channels = float(values.min()), float(values.max()), values.max(axis=0)
        if known is not None:
            least, greatest = min(least, known.least), max(greatest, known.greatest)
            channels = np.maximum(channels, known.channels)
        found[name] = Seen(least, greatest, channels)

    return watch


def model_of(encoder: Bert, seen: Sequence[dict[str, Seen]]) -> Any:
    """The model: `ids` and `speakers` of shape (turns, tokens) to `vectors` of shape (turns, 384)."""
    graph = _Graph()
    hidden = graph.norm("norm", encoder.norm, _embedded(graph, encoder))
    graph.constant("parts", np.array([0, 0, 3, HEADS, WIDTH // HEADS]))
    graph.constant("whole", np.array([0, 0, WIDTH]))
    for place in range(3):
        graph.constant(f"part.{place}", np.array(place))
    for place, (layer, ranges) in enumerate(zip(encoder.layers, seen, strict=True)):
        hidden = _layer(graph, f"layers.{place}", layer, ranges, hidden)
    graph.node("ReduceMean", [hidden], "vectors", axes=[1], keepdims=0)
    return graph.model()


def _embedded(graph: _Graph, encoder: Bert) -> str:
    """Words, places and speakers; words are kept as bytes with a scale for each."""
    words = _numbers(encoder.words.weight)
    scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-8) / 127
    graph.node("Gather", [graph.constant("words", np.round(words / scale).astype(np.int8)), "ids"], "words.rows")
    graph.node("Gather", [graph.constant("words.scale", scale.astype(np.float32)), "ids"], "words.scales")
    graph.node("Cast", ["words.rows"], "words.floats", to=TensorProto.FLOAT)
    graph.node("Mul", ["words.floats", "words.scales"], "words.found")
    graph.node("Shape", ["ids"], "tokens", start=1, end=2)
    zero = graph.constant("zero", np.array([0]))
    places = graph.constant("places", _numbers(encoder.places.weight)[:MOST])
    graph.node("Slice", [places, zero, "tokens", zero], "places.found")
    graph.node("Gather", [graph.constant("speakers.each", _numbers(encoder.speakers.weight)), "speakers"], "who")
    graph.node("Add", ["words.found", "places.found"], "placed")
    return graph.node("Add", ["placed", "who"], "embedded")


def _layer(graph: _Graph, name: str, layer: Layer, seen: dict[str, Seen], hidden: str) -> str:
    parts = graph.product(f"{name}.attend", layer.attend, seen["attend"], hidden)
    graph.node("Reshape", [parts, "parts"], f"{name}.parts")
    graph.node("Transpose", [f"{name}.parts"], f"{name}.heads", perm=[2, 0, 3, 1, 4])
    query, key, value = (
        graph.node("Gather", [f"{name}.heads", f"part.{place}"], f"{name}.{part}", axis=0)
        for place, part in enumerate(("query", "key", "value"))
    )
    root = float((WIDTH // HEADS) ** -0.5)
    graph.node("FusedMatMul", [query, key], f"{name}.looks", CONTRIB, transB=1, alpha=root)
    graph.node("Softmax", [f"{name}.looks"], f"{name}.shares", axis=-1)
    graph.node("MatMul", [f"{name}.shares", value], f"{name}.mixed")
    graph.node("Transpose", [f"{name}.mixed"], f"{name}.turned", perm=[0, 2, 1, 3])
    graph.node("Reshape", [f"{name}.turned", "whole"], f"{name}.seen")
    gathered = graph.product(f"{name}.gather", layer.gather, seen["gather"], f"{name}.seen")
    graph.node("Add", [hidden, gathered], f"{name}.attended")
    middle = graph.norm(f"{name}.first", layer.first, f"{name}.attended")
    wide = graph.product(f"{name}.widen", layer.widen, seen["widen"], middle, bias=False)
    bias = graph.constant(f"{name}.widen.bias", _numbers(layer.widen.bias))
    inner = graph.node("BiasGelu", [wide, bias], f"{name}.inner", CONTRIB)
    narrow = graph.product(f"{name}.narrow", layer.narrow, seen["narrow"], inner, level=True)
    graph.node("Add", [middle, narrow], f"{name}.both")
    return graph.norm(f"{name}.second", layer.second, f"{name}.both")


class _Graph:
    """Nodes and constants, in the order in which they are added; each method gives the name of what it makes."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **settings: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **settings))
        return output

    def norm(self, name: str, norm: nn.LayerNorm, given: str) -> str:
        weight = self.constant(f"{name}.weight", _numbers(norm.weight))
        bias = self.constant(f"{name}.bias", _numbers(norm.bias))
        return self.node("LayerNormalization", [given, weight, bias], f"{name}.found", axis=-1, epsilon=EPSILON)

    def product(
        self, name: str, linear: nn.Linear, seen: Seen, given: str, *, bias: bool = True, level: bool = False
    ) -> str:
        """`given` times the weights, in 8 bits; with `level` each channel is first scaled to the same range.

        The inner layer needs that: a few of its channels rise ten times above the others.
        """
        weights, least, greatest = _numbers(linear.weight).T, min(seen.least, 0.0), max(seen.greatest, 0.0)
        if level:
            rises = np.maximum(seen.channels, LEAST)
            given = self.node("Mul", [given, self.constant(f"{name}.level", (1 / rises).astype(np.float32))], name)
            weights, least, greatest = weights * rises[:, None], float((least / rises).min()), 1.0
        scale = np.float32((greatest - least) / 255)
        scales = np.maximum(np.abs(weights).max(axis=0), 1e-8) / SMALL
        small = np.clip(np.round(weights / scales), -SMALL, SMALL).astype(np.int8)
        steps, zero = (
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", np.uint8(round(-least / scale))),
        )
        self.node("QuantizeLinear", [given, steps, zero], f"{name}.bytes")
        inputs = [
            f"{name}.bytes", self.constant(f"{name}.weights", small),
            steps, self.constant(f"{name}.scales", scales.astype(np.float32)),
            zero, self.constant(f"{name}.zeros", np.zeros(small.shape[1], np.int8)),
        ]  # fmt: skip
        if bias:
            inputs.append(self.constant(f"{name}.bias", _numbers(linear.bias)))
        return self.node("MatMulIntegerToFloat", inputs, f"{name}.found", CONTRIB)

    def model(self) -> Any:
        shape = ["turns", "tokens"]
        read = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("ids", "speakers")]
        given = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["turns", WIDTH])]
        graph = helper.make_graph(self._nodes, "turns", read, given, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.checker.check_model(model)
        return model


def _numbers(weights: Tensor) -> Numbers:
    found: Numbers = weights.detach().numpy().astype(np.float32)
    return found
