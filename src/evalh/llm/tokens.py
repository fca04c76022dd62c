"""How many tokens a text is, about: for estimates before a call and for servers that count nothing.

Every model cuts text in its own way; this counts with the tokenizer that ships with evalh.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_UNKNOWN = "[UNK]"
_LONG_RUN = 3
"""Characters a token where a word is too strange for the vocabulary."""


def estimate_tokens(text: str) -> int:
    """The number of tokens of `text`, about.

    Against the tokenizer of SmolLM2 it gave 0.86 to 1.07 of the truth on prose, 1.05 to 1.22 on transcripts in JSON.
    """
    if not text:
        return 0
    encoding = _tokenizer().encode(text.encode("utf-8", "replace").decode("utf-8"), add_special_tokens=False)
    tokens: int = len(encoding.ids)
    if _UNKNOWN not in encoding.tokens:
        return tokens
    runs = (end - start for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True)
            if token == _UNKNOWN)  # fmt: skip
    return tokens + sum(int(run) // _LONG_RUN for run in runs)


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    from evalh.encoder.tokenizer import load_tokenizer

    return load_tokenizer()
