"""The default encoder, on its real weights."""

from __future__ import annotations

import numpy as np
import pytest

from evalh.encoder import load_encoder
from evalh.encoder.minilm import MiniLM
from evalh.models import EncoderConfig

SENTENCES = ["I want to upgrade my plan.", "Please move me to a better plan.", "The router light is red.", ""]


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM()


def test_vectors_are_unit_rows_of_384(encoder: MiniLM) -> None:
    vectors = encoder.encode(SENTENCES)
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_same_topic_is_closer_than_another(encoder: MiniLM) -> None:
    first, second, third, _ = encoder.encode(SENTENCES)
    assert first @ second > 0.5 > first @ third


def test_a_vector_does_not_depend_on_its_batch(encoder: MiniLM) -> None:
    long = "word " * 200
    together = encoder.encode([*SENTENCES, long])[0]
    assert np.array_equal(together, encoder.encode(SENTENCES[:1])[0])


def test_no_texts_give_no_rows(encoder: MiniLM) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_the_config_chooses_the_encoder() -> None:
    assert load_encoder(EncoderConfig(kind="none")) is None
    assert isinstance(load_encoder(EncoderConfig()), MiniLM)
