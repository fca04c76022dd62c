"""The vectors of the single tokens of a text, by the encoder that ships; for aligning texts word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalh.encoder.base import Vectors, unit
from evalh.encoder.minilm import BATCH, MiniLM


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as tokens: `spans` (start, end) in the text and `vectors`, one row of length 1 for each.

    `sentence` is the vector of the whole text, the one `MiniLM.encode` gives.
    """

    spans: tuple[tuple[int, int], ...]
    vectors: Vectors
    sentence: Vectors


class TokenEncoder(MiniLM):
    """MiniLM before the tokens are averaged."""

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, without the two that every text begins and ends with."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found: dict[int, Tokens] = {}
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            found.update(zip(batch, self._split([texts[place] for place in batch]), strict=True))
        return [found[place] for place in range(len(texts))]

    def rank(self, word: str) -> int | None:
        """The place of `word` among the words of the vocabulary, frequent ones first; None where it is none."""
        found = self._tokenizer.token_to_id(word)
        return None if found is None else int(found)

    def _split(self, texts: list[str]) -> list[Tokens]:
        encoded, hidden, mask = self._hidden(texts)
        return [
            _tokens(item.offsets[:size], rows[:size])
            for item, rows, size in zip(encoded, hidden, mask.sum(axis=1).tolist(), strict=True)
        ]


def _tokens(spans: Sequence[tuple[int, int]], hidden: Vectors) -> Tokens:
    whole = unit(hidden.mean(axis=0, keepdims=True))[0]
    inner = slice(1, -1) if len(spans) > 2 else slice(None)
    return Tokens(tuple(spans[inner]), unit(hidden[inner]), whole)
