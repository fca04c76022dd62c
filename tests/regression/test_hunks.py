from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from evalh.encoder import Vectors
from evalh.encoder.base import unit
from evalh.models import Flipped, Group, Quoted
from evalh.models.score import Evidence
from evalh.regression.hunks import nearest_hunk, prompt_diff

BEFORE = """Be kind.
Quote the price of the policy.
One line between.
Another line between.
A last line between.
A no from the customer closes the topic.
End."""
AFTER = """Be kind.
Quote the best price.
One line between.
Another line between.
A last line between.
If the customer hesitates, repeat the benefit once.
End."""


def group(*reasons: str, quotes: Sequence[str] = ()) -> Group:
    evidence = tuple(Evidence(turn=1, quote=quote) for quote in quotes)
    flipped = tuple(
        Flipped(
            case=f"c{place}", cohort="calm", evaluator="e",
            candidate=Quoted(conversation_id="x", reason=reason, evidence=evidence),
        )
        for place, reason in enumerate(reasons)
    )  # fmt: skip
    return Group(evaluator="e", label="l", cases=len(flipped), flipped=flipped)


class Letters:
    """Vectors that count letters: alike texts have alike vectors."""

    id = "letters"

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        return unit(np.array([[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]))


class Fixed:
    """Vectors given by hand, in two dimensions."""

    id = "fixed"

    def __init__(self, **vectors: tuple[float, float]) -> None:
        self.vectors = vectors

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.array([self.vectors.get(text.split()[0], (0.0, 0.0)) for text in texts], dtype=np.float32)


def hunks_of(*changed: str) -> tuple[str, ...]:
    return tuple(f"@@ -{n},1 +{n},1 @@\n-{text}" for n, text in enumerate(changed))


# --- the diff ---


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


class Words:
    """Texts with the same words have the same direction."""

    id = "words"

    def encode(self, texts: Sequence[str]) -> Vectors:
        known = sorted({word for text in texts for word in _words(text)} | {""})
        rows = [[float(word in _words(text)) for word in known] for text in texts]
        return unit(np.array(rows))


def test_each_change_is_a_hunk_with_its_place_and_one_line_around_it() -> None:
    first, second = prompt_diff(BEFORE, AFTER)

    assert first.splitlines()[0] == "@@ -1,3 +1,3 @@"
    assert "-Quote the price of the policy.\n+Quote the best price." in first
    assert second.splitlines()[1:3] == [" A last line between.", "-A no from the customer closes the topic."]


def test_equal_prompts_differ_in_nothing_and_line_ends_are_no_difference() -> None:
    assert prompt_diff(BEFORE, BEFORE) == ()
    assert prompt_diff(BEFORE, BEFORE.replace("\n", "\r\n")) == ()
    assert prompt_diff("", "") == ()


def test_lines_that_look_like_a_diff_are_text() -> None:
    (hunk,) = prompt_diff("a\n@@ -1 +1 @@\n--- x\n", "a\n@@ -1 +1 @@\n+++ y\n")

    assert hunk.splitlines()[1:] == [" @@ -1 +1 @@", "---- x", "++++ y"]


def test_a_new_prompt_is_one_hunk() -> None:
    assert prompt_diff("", "Be kind.") == ("@@ -0,0 +1 @@\n+Be kind.",)


# --- the nearest hunk ---


def test_the_change_with_the_nearest_wording_is_told() -> None:
    hunks = prompt_diff(BEFORE, AFTER)
    groups = [group("the customer said no and the topic was not closed"), group("not the price of the policy")]

    assert [item.hunk for item in nearest_hunk(groups, hunks, Words())] == [2, 1]


def test_with_an_encoder_its_vectors_decide_and_all_texts_go_in_one_batch() -> None:
    encoder = Letters()
    (found,) = nearest_hunk([group("aaab", quotes=["aab"])], hunks_of("zzz yy xx zz", "aaa bb aa ab"), encoder)

    assert found.hunk == 2
    assert encoder.batches == [["aaab", "aab", "zzz yy xx zz", "aaa bb aa ab"]]


def test_the_quote_that_is_most_like_a_change_counts_not_their_mean() -> None:
    encoder = Fixed(reason=(0.6, 0.6), like=(0.0, 1.0), first=(1.0, 0.0), other=(0.7, 0.0), second=(0.0, 1.0))
    given = group("reason", quotes=["like", "other", "other too"])

    assert nearest_hunk([given], hunks_of("first of them is", "second of them is"), encoder)[0].hunk == 2


def test_none_is_nearest_where_all_are_about_as_far() -> None:
    hunks = hunks_of("first of them is", "second of them is")
    alike = Fixed(reason=(0.7, 0.69), first=(1.0, 0.0), second=(0.0, 1.0))
    far = Fixed(reason=(0.2, 0.0), first=(1.0, 0.0), second=(0.0, 1.0))

    assert nearest_hunk([group("reason")], hunks, alike)[0].hunk is None
    assert nearest_hunk([group("reason")], hunks, far)[0].hunk is None


def test_unchanged_lines_around_a_change_do_not_count() -> None:
    hunks = ("@@ -1 +1 @@\n never press the customer\n-be kind to them", "@@ -9 +9 @@\n-press on and on")

    assert nearest_hunk([group("press on the customer")], hunks, Words())[0].hunk == 2


def test_a_change_of_two_words_has_no_wording_to_go_by() -> None:
    hunks = ("@@ -1 +1 @@\n-version: v1\n+version: v2", "@@ -9 +9 @@\n-quote the policy price\n+quote any price")

    assert nearest_hunk([group("version v1")], hunks, Words())[0].hunk != 1


def test_the_marks_of_a_list_are_no_wording() -> None:
    encoder = Fixed(reason=(0.0, 1.0), first=(1.0, 0.0), second=(0.0, 1.0))

    assert (
        nearest_hunk([group("reason")], hunks_of("1. first of them is", " - second of them is"), encoder)[0].hunk == 2
    )


def test_sentences_that_are_wrapped_are_compared_whole() -> None:
    hunks = ("@@ -1 +1 @@\n-- Do not repeat\n-  the benefit.", "@@ -9 +9 @@\n-Do not repeat the price.")
    (found,) = nearest_hunk([group("do not repeat the benefit")], hunks, Words())

    assert found.hunk == 1


def test_one_hunk_no_words_or_nothing_said_needs_no_choice() -> None:
    quiet = group("", quotes=[""])

    assert nearest_hunk([group("a b c")], hunks_of("a b c"), Words())[0].hunk is None
    assert nearest_hunk([group("a b c")], (), Words())[0].hunk is None
    assert nearest_hunk([group("v1 v2")], hunks_of("v1", "v2"), Words())[0].hunk is None
    assert nearest_hunk([quiet, group()], hunks_of("a b c", "d e f"), Words()) == (quiet, group())


def test_without_an_encoder_no_change_is_said_to_be_nearest() -> None:
    found = nearest_hunk([group("repeat the benefit")], hunks_of("repeat the benefit", "say the price first"), None)

    assert [item.hunk for item in found] == [None]
