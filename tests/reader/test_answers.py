"""Answers as rules and model read them together: the numbers, and what the shipped reader makes of plain talk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evalh.models import Conversation, Lexicon, OfferPolicy, Turn
from evalh.reader.answers import COUNT, SURE, ByRule, Situation, numbers
from evalh.reader.heads import LABELS, Numbers, TurnHeads, TurnScores
from evalh.reader.joined import as_the_model_says
from evalh.reader.local import LocalReader
from evalh.reader.view import TurnView

REPLIES = LABELS["reply"]
OPEN = Situation("pitch", True, True, "pitched", "offer", False, False, (0.9, *(0.0,) * 8))
OFFER = {"id": "SAUNA", "names": ["sauna add-on", "sauna"], "kind": "cross_sell", "timing": "during_task"}
LEXICON = Lexicon.of(
    (OfferPolicy.model_validate({"id": "gym", "version": "1", "effective": {"from": "2000-01-01"}, "offers": [OFFER]}),)
)
READER = LocalReader()


def scores(label: str, chance: float) -> TurnScores:
    rest = (1 - chance) / (len(REPLIES) - 1)
    return TurnScores({"reply": np.array([chance if name == label else rest for name in REPLIES])})


def of(text: str = "that one, then", rule: ByRule | None = None, at: Situation = OPEN) -> Numbers:
    return numbers(TurnView(Turn(index=1, role="customer", text=text)), scores("accept", 0.6), rule or ByRule(), at)


def test_without_a_rule_the_answer_is_what_the_model_says() -> None:
    shares = np.exp(of() @ as_the_model_says("reply", COUNT))
    assert len(of()) == COUNT
    assert shares / shares.sum() == pytest.approx(scores("accept", 0.6).heads["reply"], abs=1e-6)


def test_what_a_rule_hears_and_how_sure_it_is_counts() -> None:
    weights = as_the_model_says("reply", COUNT)
    weights[SURE + REPLIES.index("refuse"), REPLIES.index("refuse")] = 4.0
    heads = TurnHeads(fusion={"reply": {"weights": weights, "bias": np.zeros(len(REPLIES))}, "binary": {}})
    assert heads.join("reply", of(), None)[:3] == ("accept", 0.6, "model")
    sure = heads.join("reply", of(rule=ByRule("refuse", 0.95)), "refuse")
    assert (sure.label, sure.source) == ("refuse", "rule")
    doubtful = heads.join("reply", of(rule=ByRule("refuse", 0.2)), "refuse")
    assert (doubtful.label, doubtful.source) == ("accept", "model")
    assert 0 < doubtful.heard < doubtful.confidence


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("focus", "answer"), ("by_rule", False), ("named", False), ("status", "refused"), ("question", "other"),
        ("topic_closed", True), ("names_offer", True), ("acts", (0.1, *(0.0,) * 8)),
    ],
)  # fmt: skip
def test_everything_on_the_table_counts(field: str, value: Any) -> None:
    assert (of() != of(at=replace(OPEN, **{field: value}))).any()


def test_the_words_of_the_turn_count() -> None:
    assert (of("ok thanks") != of("that then")).any()
    assert (of("what is it?") != of("what is it")).any()
    assert (of("$12 then") != of("x12 then")).any()


def read(*turns: tuple[str, str]) -> list[str]:
    rows = [{"role": role, "text": text} for role, text in turns]
    held = Conversation.model_validate({"id": "c", "language": "en", "turns": rows})
    last = len(turns) - 1
    found = READER.read([held], LEXICON)[0].replies
    return [fact.reply for fact in found if fact.turn == last and fact.confidence >= 0.5]


ADD = "The sauna add-on is twelve pounds a month. Would you like it?"
MATTER = ("customer", "The card reader at the gate won't let me in.")
PLAIN = [
    ("yes", "accept"), ("yes please", "accept"), ("of course", "accept"), ("go on then", "accept"),
    ("I'd like to add that", "accept"), ("no", "refuse"), ("no thanks", "refuse"), ("I don't want it", "refuse"),
    ("not for me", "refuse"), ("maybe next month", "defer"), ("let me think about it", "defer"),
    ("how hot is it?", "ask"), ("that's a lot of money for a hot room", "object"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "reply"), PLAIN)
def test_a_plain_answer_is_read(said: str, reply: str) -> None:
    assert read(("agent", ADD), ("customer", said)) == [reply]


@pytest.mark.parametrize(("said", "reply"), PLAIN)
def test_a_plain_answer_is_read_while_the_matter_is_open(said: str, reply: str) -> None:
    assert read(MATTER, ("agent", f"I can see the reader is offline. {ADD}"), ("customer", said)) == [reply]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Anything else I can help with?", "no that's all"),
        ("Have you been to the front desk?", "no, not since march"),
        ("Would Monday at nine work for the repair?", "yes monday"),
    ],
)
def test_a_yes_or_no_to_another_question_decides_nothing(question: str, answer: str) -> None:
    pitch = "You could use the sauna as well, members like it. Your locker is free now."
    assert not {"accept", "refuse"} & set(read(("agent", f"{pitch} {question}"), ("customer", answer)))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Is there anything else?", "no"),
        ("Can you confirm your postcode?", "yes it's LS1 4DY"),
        ("Have you tried turning it off and on?", "no not yet"),
        ("I've sent the receipt.", "ok thanks"),
    ],
)
def test_without_an_offer_nothing_is_answered(asked: str, said: str) -> None:
    assert read(("customer", "My locker won't open."), ("agent", asked), ("customer", said)) == []
