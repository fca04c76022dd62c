"""The turn encoder that ships with evalh: what one turn says, by whom, as a vector, on onnxruntime and without torch.

Five layers of all-MiniLM-L6-v2, trained further on labelled service conversations (docs/reader.md). Matrix products
are in 8 bits, with scales that were fixed when the file was made, and turns run in batches of equal length without
padding, so that a vector does not depend on what else is read with it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.resources import files
from itertools import groupby, islice
from typing import Any, Literal

import numpy as np

from evalh.encoder.base import Vectors
from evalh.encoder.tokenizer import CLS, SEP, load_tokenizer
from evalh.errors import InternalError

SHA256 = "a659961786d781fab9d7c0ea8fc3dc7e94d528321e39b59eae8f4a0fcad72652"
"""The digest of the weights."""
FIRST, LAST = 28, 36
"""A longer turn is read by its first 28 and its last 36 tokens: greetings and reasons stand first, questions last."""
DIMENSION = 384
BATCH = 32
MOST_THREADS = 8
LINUX = sys.platform == "linux"
Speaker = Literal["customer", "agent"]


class TurnEncoder:
    """Vectors of 384 dimensions, not scaled; the weights are loaded at the first call.

    `threads` batches run at a time, each on one core: on few cores that is faster than one batch on all of them.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or min(MOST_THREADS, len(os.sched_getaffinity(0)) if LINUX else os.cpu_count() or 1)

    @property
    def id(self) -> str:
        """The pinned weights."""
        return f"turns-l5-int8@{SHA256[:12]}"

    def encode(self, turns: Sequence[tuple[Speaker, str]]) -> Vectors:
        """An array of shape (len(turns), 384), float32."""
        vectors = np.zeros((len(turns), DIMENSION), dtype=np.float32)
        ids = self._ids([text for _, text in turns])
        order = sorted(range(len(turns)), key=lambda index: -len(ids[index]))
        rows = [list(same) for _, same in groupby(order, key=lambda index: len(ids[index]))]
        batches = [row[start : start + BATCH] for row in rows for start in range(0, len(row), BATCH)]

        def run(batch: list[int]) -> Vectors:
            speakers = np.array([[int(turns[index][0] == "agent")] for index in batch], dtype=np.int64)
            return self._run(np.array([ids[index] for index in batch], dtype=np.int64), speakers)

        self._session  # noqa: B018 - loaded once, before threads ask for it
        several = len(batches) > 1 and self.threads > 1
        for batch, found in zip(batches, self._pool.map(run, batches) if several else map(run, batches), strict=True):
            vectors[batch] = found
        return vectors

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        return token_ids(self._tokenizer, texts)

    def _run(self, ids: Any, speakers: Any) -> Vectors:
        if len(ids) == 1:
            return self._run(np.repeat(ids, 2, axis=0), np.repeat(speakers, 2, axis=0))[:1]
        vectors: Vectors = self._session.run(
            ["vectors"], {"ids": ids, "speakers": np.broadcast_to(speakers, ids.shape)}
        )[0]
        return vectors

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads, thread_name_prefix="evalh-turns")

    @cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer()

    @cached_property
    def _session(self) -> Any:
        data = files("evalh.encoder").joinpath("data", "turns.onnx").read_bytes()
        if hashlib.sha256(data).hexdigest() != SHA256:
            raise InternalError("the turn encoder's weights are not those this version of evalh was made with")
        return session_of(data)


class RememberingEncoder(TurnEncoder):
    """A turn encoder for turns that come one by one and again: it encodes none of the last `most` distinct ones twice.

    The vectors are those of TurnEncoder, to the bit. Usable from several threads.
    """

    def __init__(self, most: int = 4096, threads: int | None = None) -> None:
        super().__init__(threads)
        self._most = most
        self._kept: dict[tuple[Speaker, str], Vectors] = {}
        self._lock = threading.Lock()

    def encode(self, turns: Sequence[tuple[Speaker, str]]) -> Vectors:
        """As TurnEncoder does."""
        with self._lock:
            known = {turn: self._kept[turn] for turn in turns if turn in self._kept}
        new = [turn for turn in dict.fromkeys(turns) if turn not in known]
        if new:
            found = {turn: vector.copy() for turn, vector in zip(new, super().encode(new), strict=True)}
            known |= found
            self._keep(found)
        return np.array([known[turn] for turn in turns], dtype=np.float32).reshape(-1, DIMENSION)

    def _keep(self, found: dict[tuple[Speaker, str], Vectors]) -> None:
        with self._lock:
            self._kept |= found
            for oldest in list(islice(self._kept, max(0, len(self._kept) - self._most))):
                del self._kept[oldest]


def token_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The token ids of each text as the encoder reads it, cut in the middle where it is long."""
    found: list[list[int]] = []
    for item in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        ids = item.ids if len(item.ids) <= FIRST + LAST else [*item.ids[:FIRST], *item.ids[-LAST:]]
        found.append([CLS, *ids, SEP])
    return found


def session_of(model: bytes) -> Any:
    """An onnxruntime session on one core.

    Of two rows or more none depends on the others, to the bit; a single row takes another path and may differ.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC  # more makes it slower
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
