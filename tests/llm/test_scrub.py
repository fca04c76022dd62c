from __future__ import annotations

import pytest

from evalh.llm.scrub import scrubbed


def test_a_key_is_hidden_by_its_value_wherever_it_stands() -> None:
    assert scrubbed("Incorrect key canary-7f3, canary-7f3!", ["canary-7f3"]) == "Incorrect key <KEY>, <KEY>!"


@pytest.mark.parametrize(
    "secret",
    ["Bearer abcdef123456", "bearer  eyJhbGciOi.J9", "sk-test********9999", "sk-proj-Ab_12", "gsk_abcd1234",
     "hf_abcdEFG", "AIzaSyA1234567890", "user:password"],
)  # fmt: skip
def test_a_key_is_hidden_by_its_shape(secret: str) -> None:
    said = f"refused https://{secret}@host" if secret == "user:password" else f"refused {secret} here"
    assert "<KEY>" in scrubbed(said)
    assert secret[-4:] not in scrubbed(said)


def test_a_key_at_the_cut_does_not_survive_in_part() -> None:
    text = "x" * 496 + " canary-7f3-canary" + "y" * 5000
    assert scrubbed(text, ["canary-7f3-canary"]).endswith("x <KE")


def test_personal_data_is_replaced() -> None:
    assert "4111" not in scrubbed("the card 4111 1111 1111 1111 of jane@example.com")
    assert "jane" not in scrubbed("the card 4111 1111 1111 1111 of jane@example.com")


def test_prose_stays() -> None:
    said = "The basic plan is risk-free; ask key-account managers for a task-list."
    assert scrubbed(said) == said


def test_no_more_is_kept_than_wanted() -> None:
    assert len(scrubbed("word " * 100_000)) == 500
    assert scrubbed("", ["", "k"]) == ""
