"""Acts as rules and model read them together: the numbers, and what they do to the label."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evalh.models import OfferAct, Turn
from evalh.reader.acts import Floor, Spoken
from evalh.reader.heads import BINARY, LABELS, Numbers, TurnHeads, TurnScores
from evalh.reader.joined import as_the_model_says
from evalh.reader.moves import COUNT, SURE, Heard, numbers
from evalh.reader.view import TurnView

ACTS = LABELS["act"]
TALKED = Floor(current="SAUNA", status={"SAUNA": "pitched"})


def scores(label: str, chance: float, asks: float = 0.1) -> TurnScores:
    rest = (1 - chance) / (len(ACTS) - 1)
    shares = np.array([chance if name == label else rest for name in ACTS])
    return TurnScores({"act": shares}, np.array([asks if name == "asks" else 0.1 for name in BINARY]))


def spoken(act: str, confidence: float, offer: str | None = "SAUNA", *, asks: bool = False) -> Spoken:
    place = TurnView(Turn(index=1, role="agent", text="The sauna is twelve.")).whole().fields()
    fact = OfferAct.model_validate({**place, "offer": offer, "act": act, "confidence": confidence})
    return Spoken(fact, 0, 20, asks)


def of(text: str = "the sauna then", *acts: Spoken, floor: Floor = TALKED, **said: Any) -> Numbers:
    view = TurnView(Turn(index=1, role="agent", text=text))
    return numbers(view, said.get("scores", scores("answer", 0.6)), Heard(acts, said.get("sure", 0.0)), floor)


def test_without_a_rule_the_act_is_what_the_model_says() -> None:
    shares = np.exp(of() @ as_the_model_says("act", COUNT))
    assert len(of()) == COUNT
    assert shares / shares.sum() == pytest.approx(scores("answer", 0.6).heads["act"], abs=1e-6)


def test_what_a_rule_hears_and_how_sure_it_is_counts() -> None:
    weights = as_the_model_says("act", COUNT)
    weights[SURE, ACTS.index("pitch")] = 4.0
    fusion = {"act": {"weights": weights, "bias": np.zeros(len(ACTS)), "stands": 0.95, "alone": {"pitch": 0.7}}}
    heads = TurnHeads(fusion=fusion | {"binary": {}})
    pitch = spoken("pitch", 0.9)
    assert heads.join("act", of(), None)[:3] == ("answer", 0.6, "model")
    sure = heads.join("act", of("the sauna then", pitch, sure=0.9), "pitch", 0.9)
    assert (sure.label, sure.source) == ("pitch", "rule")
    doubtful = heads.join("act", of("the sauna then", pitch, sure=0.1), "pitch", 0.1)
    assert (doubtful.label, doubtful.source) == ("answer", "model")
    stands = heads.join("act", of("the sauna then", scores=scores("answer", 0.99)), "pitch", 0.96)
    assert (stands.label, stands.confidence) == ("pitch", 0.96)
    alone = heads.join("act", of("the sauna then", scores=scores("pitch", 0.6)), None)
    assert (alone.label, alone.source) == ("none", "model")


def test_of_several_acts_the_first_in_rank_counts() -> None:
    both = of("the sauna then", spoken("mention", 0.6), spoken("pitch", 0.6), sure=0.6)
    assert Heard((spoken("mention", 0.6), spoken("pitch", 0.6))).top == spoken("pitch", 0.6)
    assert (both != of("the sauna then", spoken("pitch", 0.6), sure=0.6)).any()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("current", None), ("asked", frozenset({"SAUNA"})), ("status", {"SAUNA": "accepted"}), ("interested", True),
        ("turned_down", True), ("closed", True),
    ],
)  # fmt: skip
def test_everything_on_the_table_counts(field: str, value: Any) -> None:
    assert (of() != of(floor=replace(TALKED, **{field: value}))).any()


def test_what_the_rules_heard_counts() -> None:
    named = of("the sauna then", spoken("pitch", 0.6), sure=0.6)
    assert (named != of("the sauna then", spoken("pitch", 0.6, None), sure=0.6)).any()
    assert (named != of("the sauna then", spoken("pitch", 0.6, asks=True), sure=0.6)).any()
    assert (of() != of(scores=scores("answer", 0.6, asks=0.9))).any()


def test_the_words_of_the_turn_count() -> None:
    assert (of("the sauna then?") != of("the sauna then")).any()
    assert (of("it then") != of("sauna then")).any()
    assert (of("$12 then") != of("x12 then")).any()
