from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs evalh[fit]")
pytest.importorskip("onnx", reason="needs evalh[fit]")
pytest.importorskip("safetensors", reason="needs evalh[fit]")

from benchmarks.fit import graph  # noqa: E402
from benchmarks.fit.bert import Bert  # noqa: E402
from benchmarks.fit.corpora import Example  # noqa: E402

from evalh.encoder.turns import session_of  # noqa: E402

pytestmark = pytest.mark.extra


@pytest.fixture(scope="module")
def encoder() -> Any:
    torch.manual_seed(3)
    return Bert(2).eval()


def turns(count: int) -> list[Example]:
    draw = np.random.default_rng(5)
    return [
        Example(("agent", "customer")[n % 2], "", ids=draw.integers(0, 30_000, 3 + n % 40).tolist())
        for n in range(count)
    ]


def test_the_graph_computes_what_the_network_does(encoder: Any) -> None:
    """In 8 bits: the directions of its vectors are those of the network's to a hundredth."""
    given = turns(40)
    session = session_of(graph.model_of(encoder, graph.seen_by(encoder, given)).SerializeToString())
    for turn in given:
        speakers = np.full((2, len(turn.ids)), int(turn.speaker == "agent"))
        found = session.run(["vectors"], {"ids": np.array([turn.ids] * 2), "speakers": speakers})[0]
        with torch.no_grad():
            meant = encoder(torch.tensor([turn.ids]), torch.tensor(speakers[:1]))[0].numpy()
        assert found.shape == (2, 384)
        assert np.array_equal(found[0], found[1])
        assert found[0] @ meant / np.linalg.norm(found[0]) / np.linalg.norm(meant) > 0.99


def test_a_row_depends_on_nothing_beside_it(encoder: Any) -> None:
    given = turns(12)
    session = session_of(graph.model_of(encoder, graph.seen_by(encoder, given)).SerializeToString())
    ids = np.random.default_rng(1).integers(0, 30_000, (33, 21))
    speakers = np.zeros_like(ids)
    together = session.run(["vectors"], {"ids": ids, "speakers": speakers})[0]
    for size in (2, 5, 16):
        apart = session.run(["vectors"], {"ids": ids[:size], "speakers": speakers[:size]})[0]
        assert np.array_equal(apart, together[:size])
