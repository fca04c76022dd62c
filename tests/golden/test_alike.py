import random
from time import process_time

from evalh.golden.alike import Alike, alike, pairs_of, similarity

WORDS = [f"w{number}" for number in range(400)]


def text(seed: int, length: int = 60) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def noisy(said: str, share: float, seed: int) -> str:
    dice = random.Random(seed)
    return " ".join("x" if dice.random() < share else word for word in said.split())


def test_pairs_of_words_whatever_their_case_and_marks() -> None:
    assert pairs_of("Yes, it's FINE.") == {"yes it's", "it's fine"}
    assert pairs_of("hello!") == {"hello"}
    assert pairs_of(" ?! ") == frozenset()
    assert similarity(pairs_of("a b c"), pairs_of("a b d")) == 1 / 3
    assert similarity(frozenset(), frozenset()) == 0.0


def test_copies_and_near_copies_are_found_and_nothing_else() -> None:
    first, other = text(1), text(2)
    found = list(alike([first, other, first.upper(), noisy(first, 0.05, 3), ""]))

    assert found[0] == Alike(0, 2, 1.0)
    assert [(one.first, one.other) for one in found] == [(0, 2), (0, 3)]
    assert 0.5 <= found[1].similarity < 1


def test_nothing_that_is_similar_enough_is_missed() -> None:
    texts = [noisy(text(number % 7), 0.02 * (number % 9), number) for number in range(80)]
    pairs = list(map(pairs_of, texts))
    found = {one.other for one in alike(texts)}
    leaders = [number for number in range(len(texts)) if number not in found]

    for number in range(len(texts)):
        earlier = [one for one in leaders if one < number]
        is_like = any(similarity(pairs[number], pairs[one]) >= 0.5 for one in earlier)
        assert is_like == (number in found)


def test_thousands_of_texts_are_compared_in_seconds() -> None:
    texts = [text(number) for number in range(1500)] + [noisy(text(number), 0.04, number) for number in range(1500)]
    began = process_time()
    found = list(alike(texts))

    assert [(one.first, one.other) for one in found] == [(number, number + 1500) for number in range(1500)]
    assert process_time() - began < 20
