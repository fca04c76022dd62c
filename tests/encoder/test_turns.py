from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from evalh.encoder import turns as module
from evalh.encoder.turns import DIMENSION, FIRST, LAST, RememberingEncoder, TurnEncoder
from evalh.errors import InternalError

ENCODER = TurnEncoder()
TURNS = [
    ("customer", "no thanks, i'm all set"),
    ("agent", "would you like to add the sauna for twelve pounds a month?"),
    ("customer", "ok"),
    (
        "customer",
        "my wife looks after that, send me an email and she'll read it when she's back from her shift on sunday",
    ),
    ("agent", "i can see both payments here"),
    ("customer", "well it's letting me in now"),
]


def test_a_turn_has_one_vector_of_the_dimension() -> None:
    vectors = ENCODER.encode(TURNS)  # type: ignore[arg-type]
    assert vectors.shape == (len(TURNS), DIMENSION)
    assert vectors.dtype == np.float32


def test_a_vector_does_not_depend_on_its_batch_to_the_bit() -> None:
    together = ENCODER.encode([*TURNS, *[("customer", f"that is number {n} of many") for n in range(40)]])  # type: ignore[list-item]
    for place, turn in enumerate(TURNS):
        assert np.array_equal(ENCODER.encode([turn])[0], together[place])  # type: ignore[list-item]


def test_what_was_encoded_is_not_encoded_again_and_is_the_same_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    run, encoded = TurnEncoder.encode, list[tuple[str, str]]()

    def counted(self: TurnEncoder, turns: Any) -> Any:
        encoded.extend(turns)
        return run(self, turns)

    monkeypatch.setattr(TurnEncoder, "encode", counted)
    remembering = RememberingEncoder(most=4)
    one_by_one = [remembering.encode([turn])[0] for turn in TURNS[:4]]  # type: ignore[list-item]
    together = remembering.encode([*TURNS, TURNS[0]])  # type: ignore[list-item]

    assert encoded == TURNS, "each once"
    assert np.array_equal(np.array(one_by_one), together[:4])
    assert np.array_equal(together, run(ENCODER, [*TURNS, TURNS[0]]))  # type: ignore[list-item]
    remembering.encode([TURNS[0]])  # type: ignore[list-item]
    assert encoded == [*TURNS, TURNS[0]], "only the last few are kept"
    assert remembering.encode([]).shape == (0, DIMENSION)


def test_who_speaks_changes_the_vector() -> None:
    said = "no problem, go ahead"
    customer, agent = ENCODER.encode([("customer", said), ("agent", said)])
    assert not np.allclose(customer, agent)


def test_of_a_long_turn_the_two_ends_are_read() -> None:
    words = [f"word{n}" for n in range(400)]
    changed = words.copy()
    changed[200] = "zebra"
    last = [*words[:-1], "zebra"]
    one, middle, end = ENCODER.encode([("agent", " ".join(text)) for text in (words, changed, last)])
    assert np.array_equal(one, middle)
    assert not np.array_equal(one, end)
    assert FIRST + LAST == 64


def test_nothing_to_encode_is_no_vectors() -> None:
    assert ENCODER.encode([]).shape == (0, DIMENSION)


def test_the_weights_are_pinned_and_small() -> None:
    data = files("evalh.encoder").joinpath("data", "turns.onnx").read_bytes()
    assert hashlib.sha256(data).hexdigest() == module.SHA256
    heads = files("evalh.reader").joinpath("weights", "heads.onnx").read_bytes()
    assert len(data) + len(heads) <= 25_000_000


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHA256", "0" * 64)
    with pytest.raises(InternalError, match="weights are not those"):
        TurnEncoder().encode([("customer", "hi")])
