from __future__ import annotations

import numpy as np
import pytest

from evalh.errors import InternalError
from evalh.reader import heads as module
from evalh.reader.heads import BINARY, LABELS, SIDES, TurnHeads, TurnScores, Window

HEADS = TurnHeads()
OFFER = ("agent", "while you're on, members can add the sauna for twelve pounds a month. would that be of interest?")
OTHER = ("agent", "is there anything else i can help you with today?")
PLUG = ("agent", "is the router plugged in at the wall?")


def reply(*turns: tuple[str, str]) -> TurnScores:
    return HEADS.read([list(turns)])[0][-1]  # type: ignore[arg-type]


def test_each_head_gives_probabilities_that_add_up() -> None:
    scores = HEADS.read([[OFFER, ("customer", "not for me, thanks")]])[0]  # type: ignore[list-item]
    for speaker, found in zip(("agent", "customer"), scores, strict=True):
        assert set(found.heads) == set(SIDES[speaker])  # type: ignore[index]
        for head, values in found.heads.items():
            assert values.shape == (len(LABELS[head]),)
            assert float(values.sum()) == pytest.approx(1, abs=1e-5)
    assert scores[1].binary is None
    assert scores[0].binary is not None
    assert scores[0].binary.shape == (len(BINARY),)


def test_a_no_answers_the_question_it_follows() -> None:
    no = ("customer", "no")
    refusal = reply(OFFER, no).of("reply", "refuse")
    assert refusal > 0.35
    assert reply(PLUG, no).of("reply", "refuse") < refusal / 2
    assert reply(OTHER, ("customer", "no that's all")).of("reply", "refuse") < refusal / 2


def test_scores_do_not_depend_on_what_else_is_read() -> None:
    short = [OFFER, ("customer", "my wife looks after that")]
    alone = HEADS.read([short])  # type: ignore[list-item]
    among = HEADS.read([[PLUG, ("customer", f"yes, number {n}")] for n in range(9)] + [short])[-1]  # type: ignore[arg-type]
    for one, other in zip(alone[0], among, strict=True):
        assert all(np.array_equal(one.heads[head], other.heads[head]) for head in one.heads)


def test_turn_by_turn_is_the_same_as_all_at_once() -> None:
    turns = [OFFER, ("customer", "go on then"), OTHER, ("customer", "no that's it")]
    at_once = HEADS.read([turns])[0]  # type: ignore[list-item]
    window = Window()
    for (speaker, text), expected in zip(turns, at_once, strict=True):
        read = window.take(speaker, HEADS.vector(speaker, text))  # type: ignore[arg-type]
        found = HEADS.score([speaker], read[None])[0]  # type: ignore[list-item]
        assert all(np.array_equal(found.heads[head], expected.heads[head]) for head in found.heads)


def test_nothing_read_is_nothing_scored() -> None:
    assert HEADS.read([]) == []
    assert HEADS.read([[], []]) == [[], []]


def test_what_a_rule_says_counts() -> None:
    scores = TurnScores({"mood": np.array([0.5, 0.45, 0.05], dtype=np.float32)})
    unsure = HEADS.fuse("mood", scores, None, 0.0)
    said = HEADS.fuse("mood", scores, "frustrated", 0.9)
    assert said.label == "frustrated"
    assert said.source == "rule"
    assert unsure.source == "model"
    assert said.confidence > (unsure.confidence if unsure.label == "frustrated" else 1 - unsure.confidence)


def test_a_rule_raises_the_chance_of_a_yes_or_no_head() -> None:
    binary = np.full(len(BINARY), 0.4, dtype=np.float32)
    scores = TurnScores({}, binary)
    assert HEADS.fuse_binary("scarcity", scores, 0.9) > HEADS.fuse_binary("scarcity", scores, 0.0)
    assert HEADS.fuse_binary("scarcity", TurnScores({}), 0.9) == 0.0


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEADS_SHA256", "0" * 64)
    with pytest.raises(InternalError, match=r"heads\.onnx"):
        TurnHeads().score(["customer"], np.zeros((1, 1152), dtype=np.float32))
