from __future__ import annotations

from evalh.llm.tokens import estimate_tokens


def test_an_estimate_is_near_what_models_count() -> None:
    text = "Thanks for calling. I can move you to the Family plan for $49.99 a month, would you like that?"
    assert 18 <= estimate_tokens(text) <= 32
    assert estimate_tokens(text * 50) == 50 * estimate_tokens(text)


def test_nothing_is_nothing() -> None:
    assert estimate_tokens("") == 0


def test_long_strange_words_count_too() -> None:
    assert estimate_tokens("a8Xk" * 100) > 100
    assert estimate_tokens("\ud800 lone") > 0
