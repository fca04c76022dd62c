"""The network that ships, read back from its onnx files, to be fitted further on more conversations.

Its matrix products come back as they were rounded to 8 bits; what is fitted further is therefore not quite what was
fitted before, and reads alike (tests/benchmarks/test_graph.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from benchmarks.fit.graph import PRODUCTS
from benchmarks.fit.network import Network
from numpy.typing import NDArray
from onnx import numpy_helper

SOURCE = Path(__file__).parents[2] / "src" / "evalh"
Weights = dict[str, NDArray[Any]]


def shipped(
    turns: Path = SOURCE / "encoder" / "data" / "turns.onnx",
    heads: Path = SOURCE / "reader" / "weights" / "heads.onnx",
) -> Network:
    """The network of these files, ready to be fitted or read with."""
    network = Network()
    state = {name: value.clone() for name, value in network.state_dict().items()}
    found = _encoder(_weights(turns)) | {
        name.removeprefix("network."): value for name, value in _weights(heads).items() if name.startswith("network.")
    }
    for name, value in found.items():
        state[name][: len(value)] = torch.tensor(value, dtype=torch.float32)
    network.load_state_dict(state)
    return network


def _weights(path: Path) -> Weights:
    return {held.name: numpy_helper.to_array(held) for held in onnx.load(path).graph.initializer}


def _encoder(held: Weights) -> Weights:
    """The encoder's weights by their names in the network; of places, those that a turn has."""
    found = {
        "encoder.words.weight": held["words"] * held["words.scale"],
        "encoder.places.weight": held["places"],
        "encoder.speakers.weight": held["speakers.each"],
    }
    for name, value in held.items():
        layer, _, part = name.rpartition(".")
        if part in ("weight", "bias") and layer not in ("norm", ""):
            found[f"encoder.{name}"] = value
    found |= {f"encoder.norm.{part}": held[f"norm.{part}"] for part in ("weight", "bias")}
    layers = sorted({name.rsplit(".", 2)[0] for name in held if name.endswith(".attend.weights")})
    for layer in layers:
        for product in PRODUCTS:
            name = f"{layer}.{product}"
            weights = held[f"{name}.weights"].astype(np.float32) * held[f"{name}.scales"]
            if f"{name}.level" in held:
                weights = weights * held[f"{name}.level"][:, None]
            found[f"encoder.{name}.weight"] = weights.T
    return found
